"""Many users, one account with the password: mysend -bs --service behind a local socket, as systemd starts it."""
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading

import pytest

from given import PLAIN as TEXT
from waiting import PATIENCE

SERVICE = "nobody"
USERS = ["daemon", "bin", "games"]


@pytest.fixture
def public():
    """A folder that every user can look into."""
    path = tempfile.mkdtemp(prefix="mysend-service.")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def become(user):
    entry = pwd.getpwnam(user)

    def change():
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    return change


class Service:
    """What mysend.socket with Accept=yes does: a process for each connection, which is its standard input and output."""

    def __init__(self, program, top, relay, more="", args=("-bs", "--service"), env=None):
        self.program, self.top, self.path = program, top, os.path.join(top, "socket")
        self.spool, self.log = os.path.join(top, "service-spool"), os.path.join(top, "log")
        os.mkdir(self.spool, 0o700)
        with open(self.log, "wb"):
            pass
        entry = pwd.getpwnam(SERVICE)
        for path in (self.spool, self.log):
            os.chown(path, entry.pw_uid, entry.pw_gid)
        where = "host %s\nport %d\n" % (relay.host, relay.port) if relay else "host 127.0.0.1\nport 1\n"
        self.config = os.path.join(top, "service.conf")
        with open(self.config, "w", encoding="ascii") as out:
            out.write("account default\n%stls off\naliases off\nmaildomain mail.example\nqueue on\nspool %s\nlogfile %s\n%s"
                      % (where, self.spool, self.log, more))
        os.chmod(self.config, 0o640)
        os.chown(self.config, 0, entry.pw_gid)
        self.args, self.env, self.processes, self.done = args, env or {}, [], False
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self.listener.listen(64)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            env = self.program.environment({"MYSEND_CONFIG": self.config, "HOME": "/nonexistent", **self.env})
            self.processes.append(subprocess.Popen(["mysend", *self.args], executable=self.program.path, stdin=client, stdout=client,
                                                   stderr=subprocess.PIPE, env=env, cwd="/", preexec_fn=become(SERVICE)))
            client.close()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(PATIENCE)
        said = b"".join(process.communicate(timeout=PATIENCE)[1] for process in self.processes)
        os.unlink(self.path)
        assert b"Sanitizer" not in said and b"runtime error" not in said, said
        return said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if os.path.exists(self.path):
            self.stop()

    def waiting(self):
        folder = os.path.join(self.spool, "queue")
        return os.listdir(folder) if os.path.isdir(folder) else []


def client(mysend, service, user, *args, more="", name="sendmail"):
    """That user's mysend, configured as everybody's: the socket, and no secret."""
    home = os.path.join(service.top, "home-" + user)
    if not os.path.isdir(home):
        os.mkdir(home, 0o700)
        entry = pwd.getpwnam(user)
        os.chown(home, entry.pw_uid, entry.pw_gid)
    config = os.path.join(service.top, "everybody.conf")
    with open(config, "w", encoding="ascii") as out:
        out.write("account default\nsocket %s\ntls off\naliases off\nmaildomain mail.example\nqueue on\n%s" % (service.path, more))
    os.chmod(config, 0o644)
    return mysend(*args, stdin=TEXT, name=name, cwd="/", before=become(user), settle=False,
                  env={"HOME": home, "MYSEND_CONFIG": config, "USER": user, "LOGNAME": user})


needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can be three users")


@needs_root
def test_three_users_send_through_the_account_that_has_the_password(mysend, relay, public):
    there = relay("ehlo pipelining 8bitmime auth=plain", "auth ok")
    with Service(mysend, public, there, "user joe\npassword hunter2\nauth plain\n") as service:
        for user in USERS:
            client(mysend, service, user, "bob@example.org").ok()
        service.stop()
    assert [mail.sender for mail in there.messages] == ["%s@mail.example" % user for user in USERS]
    for user, mail in zip(USERS, there.messages):
        first = mail.body.split(b"\r\n", 1)[0].decode()
        assert first.startswith("Received: by ") and "(mysend, from userid %d) with ESMTP;" % pwd.getpwnam(user).pw_uid in mail.body.decode()
        assert mail.body.count(b"Received:") == 1
    with open(service.log, encoding="utf-8") as log:
        assert [line.split(" peer=")[1].split()[0] for line in log] == USERS


@needs_root
def test_mail_waits_in_the_services_spool_when_its_relay_is_down(mysend, relay, public):
    with Service(mysend, public, None) as service:
        client(mysend, service, "bin", "bob@example.org").ok()
        service.stop()
        assert len([name for name in service.waiting() if "." not in name]) == 1
        assert not os.path.exists(os.path.join(service.top, "home-bin", ".local"))
        there = relay()
        config = open(service.config, encoding="ascii").read().replace("port 1\n", "port %d\n" % there.port)
        with open(service.config, "w", encoding="ascii") as out:
            out.write(config)
        mysend("-qf", before=become(SERVICE), cwd="/", env={"MYSEND_CONFIG": service.config}).ok()
        assert there.message.sender == "bin@mail.example" and service.waiting() == []


@needs_root
def test_mail_waits_in_the_users_own_spool_when_the_service_is_not_there(mysend, relay, public):
    there = relay()
    service = Service(mysend, public, there)
    service.stop()
    client(mysend, service, "games", "bob@example.org").ok()
    queue = os.path.join(service.top, "home-games", ".local/state/mysend/spool/queue")
    assert len([name for name in os.listdir(queue) if "." not in name]) == 1
    shutil.rmtree(service.spool)
    os.unlink(service.log)
    with Service(mysend, public, there) as again:
        client(mysend, again, "games", "-qf", name="mysend").ok()
        again.stop()
    assert there.message.sender == "games@mail.example" and os.listdir(queue) == []


@needs_root
@pytest.mark.parametrize("user, args, fine", [
    ("bin", [], True), ("bin", ["-f", "bin@mail.example"], True), ("bin", ["-f", "bin+cron@mail.example"], True), ("bin", ["-f", ""], True),
    ("bin", ["-f", "games@mail.example"], False), ("bin", ["-f", "ceo@corp.example"], False), ("bin", ["-f", "bin@corp.example"], False),
    ("bin", ["-f", "binary@mail.example"], False), ("root", ["-f", "ceo@corp.example"], True),
])
def test_who_may_send_only_as_himself_is_refused_as_anybody_else(mysend, relay, public, user, args, fine):
    there = relay()
    with Service(mysend, public, there, "service_from own\n") as service:
        done = client(mysend, service, user, *args, "bob@example.org")
        service.stop()
    assert len(there.messages) == fine and (done.status == 0) == fine, done
    if not fine:
        assert done.status == 77 and "550 5.7.1" in done.err and "is not for bin to send as (service_from)" in done.err, done


def speak(service, user, text):
    """That user's own SMTP; all answers. What is not read any more is no fault."""
    code = ("import socket,sys,threading\ns=socket.socket(socket.AF_UNIX)\ns.connect(%r)\ntext=sys.stdin.buffer.read()\n"
            "def say():\n try:\n  s.sendall(text)\n except OSError:\n  pass\n"
            "threading.Thread(target=say, daemon=True).start()\nout=b''\n"
            "while True:\n try:\n  got=s.recv(65536)\n except ConnectionResetError:\n  break\n out+=got\n if not got:\n  break\n"
            "sys.stdout.buffer.write(out)\nsys.stdout.flush()\n" % service.path)
    done = subprocess.run(["/usr/bin/python3", "-c", code], input=text, preexec_fn=become(user), stdout=subprocess.PIPE, check=True, timeout=PATIENCE)
    return done.stdout.decode()


def mail(sender, header):
    return ("EHLO x\r\nMAIL FROM:<%s>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n%s\r\n\r\nx\r\n.\r\nQUIT\r\n" % (sender, header)).encode()


@needs_root
@pytest.mark.parametrize("header, answer", [
    ("From: CEO <ceo@corp.example>", "550 5.7.1 ceo@corp.example is not for bin"),
    ("From: bin@mail.example, ceo@corp.example", "550 5.7.1 From has to name one sender"),
    ("From: bin@mail.example\r\nFrom: CEO <ceo@corp.example>", "550 5.7.1 there is more than one From field"),
    ("From: bin@mail.example\r\nSubject: x\r\nfrom : bin@mail.example", "550 5.7.1 there is more than one From field"),
    ("From: bin@mail.example\r\nSender: ceo@corp.example", "550 5.7.1 ceo@corp.example is not for bin"),
    ("From: bin@mail.example\r\nSender: bin@mail.example\r\nSender: ceo@corp.example", "550 5.7.1 ceo@corp.example is not for bin"),
    ("From: bin@mail.example\r\nResent-From: bin, ceo@corp.example\r\nResent-To: q@example.org", "550 5.7.1 Resent-From has to name one sender"),
    ("From: bin@mail.example\r\nResent-From: bin\r\nResent-Sender: ceo@corp.example", "550 5.7.1 ceo@corp.example is not for bin"),
    ("From: Bin <bin@mail.example>\r\nSender: bin+cron@mail.example\r\nResent-From: bin@mail.example\r\nResent-Sender: bin@localhost", None),
])
def test_every_field_that_says_who_sends_is_held_to_the_rule(mysend, relay, public, header, answer):
    there = relay()
    with Service(mysend, public, there, "service_from own\n") as service:
        said = speak(service, "bin", mail("bin@mail.example", header))
        service.stop()
    assert len(there.messages) == (answer is None) and (answer or "250 2.0.0") in said, said


@needs_root
@pytest.mark.parametrize("sender, header, fine", [
    ("", "From: ceo@mail.example", False), ("ceo@mail.example", "From: ceo@mail.example", False), ("", "From: bin@mail.example", True),
    ("", "Subject: x", True), ("zz@mail.example", "From: ceo@mail.example", True),
])
def test_rule_is_that_of_the_account_that_the_mail_goes_by(mysend, relay, public, sender, header, fine):
    there = relay()
    ceo = "service_from any\naccount ceo : default\nfrom ceo@mail.example\nservice_from own\n"
    with Service(mysend, public, there, ceo) as service:
        said = speak(service, "bin", mail(sender, header))
        service.stop()
    assert len(there.messages) == fine and (fine or "550 5.7.1 ceo@mail.example is not for bin" in said), said


@needs_root
def test_message_that_says_nothing_of_its_sender_is_from_its_user(mysend, relay, public):
    there = relay("lax")
    with Service(mysend, public, there, "from host@example.com\nservice_from own\n") as service:
        speak(service, "bin", mail("", "Subject: x"))
        speak(service, "bin", mail("bin+a@mail.example", "Subject: x"))
        service.stop()
    assert [[line for line in one.body.decode().split("\r\n") if line.startswith("From:")] for one in there.messages] == [
        ["From: bin@mail.example"], ["From: bin+a@mail.example"]], there.messages


@needs_root
def test_any_is_the_rule_where_none_is_set(mysend, relay, public):
    there = relay()
    with Service(mysend, public, there) as service:
        client(mysend, service, "bin", "-f", "ceo@corp.example", "bob@example.org").ok()
        service.stop()
    assert there.message.sender == "ceo@corp.example"


@needs_root
def test_service_that_is_its_own_relay_ends_the_circle(mysend, public):
    service = Service(mysend, public, None, "refuse_empty off\n")
    config = open(service.config, encoding="ascii").read().replace("host 127.0.0.1\nport 1\n", "socket %s\n" % service.path)
    with open(service.config, "w", encoding="ascii") as out:
        out.write(config.replace("queue on", "queue off"))
    with service:
        done = client(mysend, service, "bin", "bob@example.org")
        service.stop()
    assert done.status == 69 and "554 5.4.6" in done.err and len(service.processes) == 51, done


def queue_one(service, user, count=1):
    return speak(service, user, mail(user + "@mail.example", "Subject: x").replace(b"QUIT\r\n", b"") * count + b"QUIT\r\n")


@needs_root
@pytest.mark.parametrize("limit, fits", [("spool_max_mails 8\n", {2}), ("spool_max_mails 3\n", {1}), ("service_max_mails 2\n", {2}),
                                         ("service_max 1k\n", {1, 2, 3}), ("spool_max 10k\nservice_share 10\n", {1, 2, 3})])
def test_one_user_fills_no_more_than_a_share_of_the_spool(mysend, public, limit, fits):
    with Service(mysend, public, None, limit) as service:
        said = queue_one(service, "bin", 5)
        others = queue_one(service, "games")
        told = service.stop().decode()
    taken = said.count("250 2.0.0 Ok: it waits as ")
    assert taken in fits and said.count("\r\n451 ") == 5 - taken, said
    assert "250 2.0.0 Ok: it waits as " in others and "bin has filled a share of spool " in told, (others, told)


@needs_root
def test_user_may_have_the_whole_spool_if_the_service_says_so(mysend, public):
    with Service(mysend, public, None, "spool_max_mails 5\nservice_share 100\n") as service:
        assert queue_one(service, "bin", 6).count("250 2.0.0 Ok: it waits as ") == 5
        service.stop()


@needs_root
def test_root_has_no_share_but_the_whole(mysend, public):
    with Service(mysend, public, None, "spool_max_mails 3\n") as service:
        assert queue_one(service, "root", 4).count("250 2.0.0 Ok: it waits as ") == 3
        service.stop()


@needs_root
def test_mail_of_a_service_says_whose_it_is_and_is_sent_later(mysend, relay, public):
    with Service(mysend, public, None) as service:
        queue_one(service, "bin")
        service.stop()
        name, = [name for name in service.waiting() if "." not in name]
        with open(os.path.join(service.spool, "queue", name), encoding="ascii") as text:
            assert text.read().startswith("mysend-mail 3\nUser: %d\nArrived: " % pwd.getpwnam("bin").pw_uid)
        there = relay()
        config = open(service.config, encoding="ascii").read().replace("port 1\n", "port %d\n" % there.port)
        with open(service.config, "w", encoding="ascii") as out:
            out.write(config)
        mysend("-qf", before=become(SERVICE), cwd="/", env={"MYSEND_CONFIG": service.config}).ok()
        assert there.message.sender == "bin@mail.example" and service.waiting() == []


@needs_root
@pytest.mark.parametrize("line, code", [("NOOP", "250"), ("RSET", "250"), ("VRFY bob", "252"), ("HELP", "214"), ("EHLO x", "250"), ("HELO x", "250"),
                                        ("FOO", "500"), ("MAIL FROM:<ceo@corp.example>", "550"), ("EXPN x", "502"), ("RCPT TO:<a@b.example>", "503")])
def test_service_listens_to_a_hundred_commands_that_lead_to_nothing(mysend, relay, public, line, code):
    with Service(mysend, public, relay("lax"), "service_from own\n") as service:
        said = speak(service, "bin", (line + "\r\n").encode() * 2000 + b"QUIT\r\n")
        service.stop()
    answers = [answer[:3] for answer in said.splitlines()[1:] if answer[3:4] == " "]
    assert answers == [code] * 100 + ["421"], answers


@needs_root
@pytest.mark.parametrize("begin, line, end, code", [
    ("EHLO x\r\nMAIL FROM:<bin@mail.example>\r\nRCPT TO:<b@c.example>\r\n", "BDAT 0\r\n", "", "250"),
    ("EHLO x\r\n", "MAIL FROM:<>\r\nRCPT TO:<b@c.example>\r\nDATA\r\nFrom: ceo@corp.example\r\n\r\nx\r\n.\r\n", "", "550"),
    ("EHLO x\r\n", "MAIL FROM:<bin@mail.example>\r\nRCPT TO:<b@c.example>\r\nDATA\r\n\r\nx\r\n.\r\n", "", "554"),
])
def test_messages_that_nobody_gets_and_chunks_of_nothing_count_too(mysend, relay, public, begin, line, end, code):
    with Service(mysend, public, relay("lax", "end 554"), "service_from own\n") as service:
        said = speak(service, "bin", (begin + line * 300 + end).encode())
        service.stop()
    answers = [answer[:3] for answer in said.splitlines() if answer[3:4] == " " and answer[:3] in (code, "421")]
    assert answers[-1] == "421" and 99 <= answers.count(code) <= 104, (len(answers), said[-500:])


@needs_root
def test_mail_that_is_taken_gives_a_client_of_the_service_another_hundred(mysend, relay, public):
    there = relay("lax")
    one = b"NOOP\r\n" * 60 + b"RSET\r\n" * 20 + mail("bin@mail.example", "Subject: x").replace(b"QUIT\r\n", b"")
    with Service(mysend, public, there) as service:
        assert speak(service, "bin", one * 3 + b"QUIT\r\n").splitlines()[-1].startswith("221 ")
        service.stop()
    assert len(there.messages) == 3


def test_program_that_has_mysend_for_itself_may_say_noop_as_often_as_it_likes(mysend, relay):
    done = mysend("-bs", name="sendmail", relay=relay("lax"), config="maildomain mail.example\n", stdin=b"NOOP\r\n" * 2000 + b"QUIT\r\n")
    assert done.out.count("250 2.0.0 Ok") == 2000 and done.out.splitlines()[-1].startswith("221 ")


@needs_root
def test_recipients_that_are_too_many_are_counted_in_the_end(mysend, relay, public):
    rcpt = b"".join(b"RCPT TO:<r%d@example.org>\r\n" % n for n in range(20100))
    with Service(mysend, public, relay("lax")) as service:
        said = speak(service, "bin", b"EHLO x\r\nMAIL FROM:<bin@mail.example>\r\n" + rcpt)
        service.stop()
    assert said.count("\r\n452 4.5.3 ") == 10000 and said.splitlines()[-1].startswith("421 "), said[-300:]


@needs_root
@pytest.mark.parametrize("more, said", [("", "SIZE 67108864"), ("message_size_limit 20k\n", "SIZE 20480"), ("message_size_limit off\n", "SIZE")])
def test_service_says_how_large_a_message_may_be(mysend, relay, public, more, said):
    with Service(mysend, public, relay("lax"), more) as service:
        answers = speak(service, "bin", b"EHLO x\r\nMAIL FROM:<bin@mail.example> SIZE=67108865\r\nQUIT\r\n")
        service.stop()
    assert "250-%s\r\n" % said in answers, answers
    assert ("\r\n552 5.3.4 " in answers) == (said != "SIZE"), answers


@needs_root
@pytest.mark.parametrize("begin", [b"DATA\r\n", b"BDAT 30000 LAST\r\n"])
def test_message_over_the_limit_of_a_service_is_552_and_the_session_goes_on(mysend, relay, public, begin):
    there = relay("lax")
    dot = b".\r\n" if begin.startswith(b"DATA") else b""
    text = b"EHLO x\r\nMAIL FROM:<bin@mail.example>\r\nRCPT TO:<bob@example.org>\r\n" + begin + (b"x" * 98 + b"\r\n") * 300 + dot
    with Service(mysend, public, there, "message_size_limit 20k\n") as service:
        said = speak(service, "bin", text + mail("bin@mail.example", "Subject: x"))
        told = service.stop().decode()
    assert "\r\n552 5.3.4 " in said and said.splitlines()[-1].startswith("221 ") and len(there.messages) == 1, said
    assert "mysend: mail of bin" in told and "larger than message_size_limit" in told, told


@needs_root
@pytest.mark.parametrize("begin", [b"DATA\r\n", b"BDAT 100000000000 LAST\r\n"])
def test_message_without_an_end_is_read_no_further_than_twice_the_limit(mysend, relay, public, begin):
    there = relay("lax")
    with Service(mysend, public, there, "message_size_limit 20k\n") as service:
        text = b"EHLO x\r\nMAIL FROM:<bin@mail.example>\r\nRCPT TO:<bob@example.org>\r\n"
        said = speak(service, "bin", text + begin + (b"x" * 98 + b"\r\n") * 500)
        service.stop()
    assert [line[:4] for line in said.splitlines()][-1] in ("552 ", "503 ") and not there.messages, said
    assert [process.returncode for process in service.processes] == [0]


@needs_root
def test_what_is_over_the_limit_is_not_kept(mysend, relay, public):
    with Service(mysend, public, relay("lax"), "message_size_limit 4M\n") as service:
        there = socket.socket(socket.AF_UNIX)
        there.settimeout(PATIENCE)
        there.connect(service.path)
        there.sendall(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n" + (b"x" * 98 + b"\r\n") * 60000 + b".\r\nNOOP\r\n")
        answers = there.makefile("rb")
        while not answers.readline().startswith(b"552 "):
            pass
        held = [name for name in map(os.readlink, fds(service.processes[0].pid)) if "deleted" in name]
        there.close()
        answers.close()
        service.stop()
    assert held == [], held


def fds(pid):
    return ["/proc/%d/fd/%s" % (pid, name) for name in os.listdir("/proc/%d/fd" % pid)]


@needs_root
@pytest.mark.parametrize("more, most", [("", 8), ("service_connections 2\n", 2)])
def test_user_has_so_many_connections_at_a_time_and_others_have_theirs(mysend, relay, public, more, most):
    hold = ("import socket,sys\nall=[]\n"
            "for n in range(%d):\n s=socket.socket(socket.AF_UNIX)\n s.connect(%r)\n f=s.makefile('rwb')\n"
            " print(f.readline().decode().strip(), flush=True)\n all.append(f)\nsys.stdin.read()")
    with Service(mysend, public, relay("lax"), more) as service:
        run = subprocess.Popen(["/usr/bin/python3", "-c", hold % (most + 2, service.path)], preexec_fn=become("bin"), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
        greetings = [run.stdout.readline().decode() for _ in range(most + 2)]
        assert "250 2.0.0" in speak(service, "games", mail("games@mail.example", "Subject: x"))
        assert "250 2.0.0" in speak(service, "root", mail("root@mail.example", "Subject: x"))
        run.communicate(timeout=PATIENCE)
        for process in service.processes:
            process.wait(PATIENCE)
        assert "250 2.0.0" in speak(service, "bin", mail("bin@mail.example", "Subject: x"))
        told = service.stop().decode()
    assert [line[:4] for line in greetings] == ["220 "] * most + ["421 "] * 2, greetings
    assert told.count("bin has %d connections already" % most) == 2, told


@needs_root
def test_wrong_password_of_the_service_is_told_to_its_user_and_its_journal(mysend, relay, public):
    there = relay("lax", "ehlo auth=plain", 'auth "535 5.7.8 bad credentials"')
    with Service(mysend, public, there, "user joe\npassword hunter2\nauth plain\n") as service:
        said = queue_one(service, "bin")
        told = service.stop().decode()
    name, = [name for name in service.waiting() if "." not in name]
    answer, = [line for line in said.splitlines() if "it waits as" in line]
    assert answer.startswith("250 2.0.0 Ok: it waits as %s: login to " % name) and "535" in answer, said
    assert told.startswith("mysend: mail of bin from <bin@mail.example>: login to ") and "535" in told and "; it waits as " + name in told, told


@needs_root
@pytest.mark.parametrize("args, name, told", [(["-v"], "mysend", True), (["-v"], "sendmail", True), ([], "mysend", False), ([], "sendmail", False)])
def test_who_watches_hears_that_the_service_has_it_and_why_it_waits(mysend, relay, public, args, name, told):
    there = relay("lax", "ehlo auth=plain", 'auth "535 5.7.8 bad credentials"')
    with Service(mysend, public, there, "user joe\npassword hunter2\nauth plain\n") as service:
        done = client(mysend, service, "bin", *args, "bob@example.org", name=name)
        service.stop()
    lines = [line for line in done.err.splitlines() if line.startswith("mysend: %s has it, and it waits as " % service.path)]
    assert done.status == 0 and len(lines) == told and (not told or "login to " in lines[0] and "535" in lines[0]), done
    assert len([line for line in done.err.splitlines() if line.startswith("mysend: hint: check user ")]) == told, done


@needs_root
def test_refusal_by_the_relay_is_told_to_the_journal_of_the_service(mysend, relay, public):
    with Service(mysend, public, relay('rcpt "550 5.1.1 no such user"')) as service:
        client(mysend, service, "bin", "bob@example.org").failed(69)
        told = service.stop().decode()
    assert told.startswith("mysend: mail of bin from <bin@mail.example>: RCPT TO to ") and "550" in told and told.count("\n") == 1, told


@needs_root
def test_root_may_look_at_the_spool_of_the_service_and_not_send_from_it(mysend, relay, public):
    there = relay("lax")
    with Service(mysend, public, None) as service:
        queue_one(service, "bin")
        service.stop()
    env = {"MYSEND_SPOOL": service.spool}
    where = "host %s\nport %d\ntls off\nqueue on\nfrom me@example.net\n" % (there.host, there.port)
    assert "bin@mail.example" in mysend("-bp", config=where, env=env).out
    assert '"sender":"bin@mail.example"' in mysend("-bp", "--json", config=where, env=env).out
    assert mysend("--queue-check", config=where, env=env).out.startswith("MYSEND OK - 1 mail waits")
    assert "others than we may write there" in mysend("-qf", config=where, env=env).failed(73)
    name, = [name for name in service.waiting() if "." not in name]
    assert "others than we may write there" in mysend("--queue-remove", name, config=where, env=env).failed(73)
    assert "Permission denied" in mysend("-bp", config=where, env=env, before=become("games")).failed(73) and not there.messages


@needs_root
@pytest.mark.parametrize("unseen", ["\u061c", "\u200e", "\u202e", "\u2028", "\u2029", "\ufeff"])
def test_sender_makes_no_line_of_its_own_in_the_journal(mysend, relay, public, unseen):
    with Service(mysend, public, relay("lax")) as service:
        speak(service, "bin", ("EHLO x\r\nMAIL FROM:<a%sx@example.com> SMTPUTF8\r\nRCPT TO:<b@c.example>\r\nDATA\r\n\r\nx\r\n.\r\nQUIT\r\n"
                                % unseen).encode())
        told = service.stop().decode()
    assert unseen not in told and " from <a\\u{%x}x@example.com>: " % ord(unseen) in told, told


@needs_root
def test_client_that_goes_away_is_named(mysend, relay, public):
    with Service(mysend, public, relay("lax")) as service:
        speaker = socket.socket(socket.AF_UNIX)
        speaker.connect(service.path)
        speaker.makefile("rb").readline()
        speaker.sendall(b"NOOP\r\n" * 50)
        speaker.shutdown(socket.SHUT_RD)
        speaker.sendall(b"NOOP\r\n")
        speaker.close()
        told = service.stop().decode()
    assert told == "mysend: connection of root: answering: Broken pipe\n", told


@needs_root
@pytest.mark.parametrize("said", [b"", b"EHLO x\r\nMAIL FROM:<bin@mail.example>\r\nRC",
                                  b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nhalf\r\n",
                                  b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nBDAT 100 LAST\r\nSubject: x\r\n\r\nhalf\r\n"])
def test_client_that_says_nothing_for_five_minutes_is_told_and_left(mysend, relay, public, library, said):
    quick = shutil.copy(library("patience"), public)
    os.chmod(quick, 0o755)
    there = relay("lax")
    with Service(mysend, public, there, env={"LD_PRELOAD": quick}) as service:
        answers = speak(service, "bin", said)
        told = service.stop()
    assert answers.splitlines()[-1].startswith("421 4.4.2 ") and not there.messages
    assert [process.returncode for process in service.processes] == [0] and told == b""


def test_program_that_has_mysend_for_itself_may_take_its_time(mysend, relay, library):
    there = relay("lax")
    run = mysend.start("-bs", name="sendmail", relay=there, config="maildomain mail.example\n", env={"LD_PRELOAD": library("patience")})
    with pytest.raises(subprocess.TimeoutExpired):
        run.process.wait(1)     # three times what five minutes take
    done = run.finish(b"QUIT\r\n")
    assert done.status == 0 and done.out.splitlines()[-1].startswith("221 ")


def test_service_without_a_socket_is_64(mysend):
    assert "needs a local socket" in mysend("-bs", "--service", stdin=b"QUIT\r\n", config="host x\n").failed(64)


@pytest.mark.parametrize("args, name", [(["--service"], "mysend"), (["--service", "-bm"], "mysend"), (["-bs", "--service"], "sendmail")])
def test_service_is_of_bs_only_and_no_option_of_sendmail(mysend, args, name):
    mysend(*args, name=name, stdin=b"", config="host x\n").failed(64)


def test_internet_socket_tells_nobody_and_is_refused(mysend):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        with socket.create_connection(listener.getsockname()) as far:
            near, _ = listener.accept()
            with near:
                assert "needs a local socket" in mysend("-bs", "--service", stdin=near, config="host x\n").failed(64)
            assert far


@needs_root
def test_a_probe_reaches_the_service_and_gives_it_no_mail(mysend, relay, public):
    there = relay()
    with Service(mysend, public, there) as service:
        done = client(mysend, service, "bin", "--probe", "bob@example.org", name="mysend")
        service.stop()
        assert service.waiting() == [] and there.sessions == []
    assert done.status == 0 and "connect   ok    %s\n" % service.path in done.out, done
    assert "rset      ok    nothing was sent; the service asks its own relay only for a mail" in done.out, done
