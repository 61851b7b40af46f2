"""Many users, one account with the password: mysend -bs --service behind a local socket, as systemd starts it."""
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import pytest

from preload import library

TEXT = b"Subject: x\n\nbody\n"
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
        self.thread.join(10)
        said = b"".join(process.communicate(timeout=20)[1] for process in self.processes)
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
    """That user's own SMTP; all answers."""
    code = ("import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(%r)\nf=s.makefile('rwb')\nf.write(%r)\nf.flush()\n"
            "sys.stdout.write(f.read().decode())" % (service.path, text))
    done = subprocess.run(["/usr/bin/python3", "-c", code], preexec_fn=become(user), stdout=subprocess.PIPE, check=True, timeout=20)
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


@needs_root
@pytest.mark.parametrize("said", [b"", b"EHLO x\r\nMAIL FROM:<bin@mail.example>\r\nRC",
                                  b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nhalf\r\n",
                                  b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nBDAT 100 LAST\r\nSubject: x\r\n\r\nhalf\r\n"])
def test_client_that_says_nothing_for_five_minutes_is_told_and_left(mysend, relay, public, said):
    quick = shutil.copy(library(mysend, "patience"), public)
    os.chmod(quick, 0o755)
    there = relay("lax")
    with Service(mysend, public, there, env={"LD_PRELOAD": quick}) as service:
        answers = speak(service, "bin", said)
        told = service.stop()
    assert answers.splitlines()[-1].startswith("421 4.4.2 ") and not there.messages
    assert [process.returncode for process in service.processes] == [0] and told == b""


def test_program_that_has_mysend_for_itself_may_take_its_time(mysend, relay):
    there = relay("lax")
    run = mysend.start("-bs", name="sendmail", relay=there, config="maildomain mail.example\n", env={"LD_PRELOAD": library(mysend, "patience")})
    time.sleep(1)
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
