"""Every caller of sendmail that CALLERS.md knows: its arguments, descriptors, environment and input as that program makes
them, and what is at the relay afterwards: envelope, header and body, octet by octet."""
import base64
import datetime
import email.utils
import os
import quopri
import re
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from callers import DOMAIN, GECOS, USER, Caller, people, services, system  # noqa: E402
from callers.dialogues import ADMINISTRATION, DIALOGUES  # noqa: E402
from waiting import PATIENCE, wait_for

ALL = system.CALLERS + people.CALLERS + services.CALLERS
MODERN = "ehlo pipelining chunking 8bitmime dsn size=10000000"
OWN_ENVIRONMENT = ("cron", "sudo-root")
NOWHERE_TO_SAY_IT = ("sudo", "sudo-root", "no-output", "mailutils")


@pytest.fixture
def host(binary, tmp_path):
    """A folder with mysend under sendmail's names, and where it finds its configuration."""
    names = tmp_path / "bin"
    names.mkdir()
    for name in ("sendmail", "send-mail", "mailq", "newaliases", "bsmtp"):
        os.symlink(binary, names / name)
    (tmp_path / "home").mkdir(exist_ok=True)
    return tmp_path


def configure(host, relay, more):
    text = ("account default\nhost %s\nport %d\ntls off\nmaildomain %s\naliases off\nspool %s\n%s"
            % (relay.host, relay.port, DOMAIN, host / "spool", more))
    (host / "home" / ".mysendrc").write_text(text)
    (host / "home" / ".mysendrc").chmod(0o600)
    return str(host / "home" / ".mysendrc")


def environment(host, caller):
    """What the caller's child sees. ~/.mysendrc is found by HOME; where the caller gives its own environment, MYSEND_CONFIG
    stands for mysend.conf of the system, which a test cannot write (but see the test with a folder of its own for it)."""
    env = {name: value for name, value in os.environ.items() if name.startswith(("ASAN_", "UBSAN_", "LSAN_"))}
    if caller.how in OWN_ENVIRONMENT:
        env.update(caller.env, MYSEND_CONFIG=str(host / "home" / ".mysendrc"))
    else:
        env.update({"PATH": "/usr/bin:/bin", "HOME": str(host / "home"), "LANG": "C.UTF-8"}, **caller.env)
    env["PATH"] = "%s:%s" % (host / "bin", env["PATH"])
    return env


def run(host, caller, executable=None, argv=None, env=None):
    """(status, standard output, standard error), with the caller's descriptors."""
    argv = argv or list(caller.argv)
    executable = executable or ("/bin/sh" if argv[0] == "sh" else str(host / "bin" / os.path.basename(argv[0])))
    cwd = {"sudo": "/", "sudo-root": "/", "cron": str(host / "home")}.get(caller.how, str(host))
    more = {"cwd": cwd, "env": env or environment(host, caller)}
    stdin, text = subprocess.PIPE, caller.stdin
    if caller.how in ("file", "unlinked-file"):
        path = host / "message"
        path.write_bytes(text)
        stdin, text = open(path, "rb"), None
        if caller.how == "unlinked-file":
            path.unlink()
    out = err = subprocess.PIPE
    if caller.how in ("sudo", "sudo-root", "no-output"):
        out = err = subprocess.DEVNULL
    if caller.how == "mailutils":       # 1 and 2 are closed, and the pipe is on 3 too
        out = err = None

        def odd():
            os.dup2(0, 3)
            os.close(1)
            os.close(2)
        more.update(preexec_fn=odd, pass_fds=(3,))
    if caller.how == "request-tracker":     # standard output is a pipe that nobody reads
        reader, out = os.pipe()
    process = subprocess.Popen(argv, executable=executable, stdin=stdin, stdout=out, stderr=err, **more)
    try:
        said = process.communicate(text, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError("%s hung" % caller.name) from None
    if caller.how == "request-tracker":
        os.close(out)
        said = (os.read(reader, 1), said[1])
        os.close(reader)
    return process.returncode, said[0] or b"", said[1] or b""


def check_header(caller, head, encoded=False):
    """The caller's own fields first, as they were but for what CALLERS says; then what was missing, once, and nothing else."""
    lines = head.decode().split("\r\n")
    kept = caller.wire_header
    assert lines[:len(kept)] == kept, "the caller's own fields do not pass as they are: %r" % lines
    had = {line.split(":")[0].strip().lower() for line in kept if line[:1] not in " \t"}
    added = [line.split(": ", 1) for line in "\n".join(lines[len(kept):]).replace("\n ", " ").split("\n") if line]
    always = ("Date", "Message-ID") + (("MIME-Version", "Content-Transfer-Encoding") if encoded else ())
    wanted = sorted({name for name in always if name.lower() not in had} | set(caller.adds))
    assert sorted(name for name, _ in added) == wanted, "the fields that were added: %r" % lines
    check_added(caller, dict(added))
    assert "from" in had or "From" in wanted
    addresses = [line for line in lines if line.lower().startswith(("from:", "sender:", "reply-to:"))]
    assert all("@" in line for line in addresses), "a name without a domain: %r" % addresses
    assert not any(line.lower().startswith("bcc") for line in lines)


def check_added(caller, added):
    for name, value in caller.adds.items():
        if value is not True:
            assert added[name] == value
        elif re.fullmatch("[A-Za-z0-9 ]+", GECOS):      # a name that needs quotes has tests of its own, in test_header.py
            assert added[name] == "%s <%s>" % (GECOS, USER)
        else:
            assert USER in added[name]
    if "Date" in added:
        then, now = email.utils.parsedate_to_datetime(added["Date"]), datetime.datetime.now(datetime.timezone.utc)
        assert abs((now - then).total_seconds()) < 120, added["Date"]
    if "Message-ID" in added:
        assert re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+\.[^<>@\s]+>", added["Message-ID"])


def check_parameters(caller, mail, modern):
    """Where the relay offers it, what was asked for; elsewhere not a word of it, and the mail goes all the same."""
    wanted = dict(caller.asks) if modern else {}
    if modern and caller.wants_8bit:
        wanted["BODY"] = "8BITMIME"
    notify = set(filter(None, wanted.pop("NOTIFY", "").split(",")))       # RFC 3461 gives its order no meaning
    said = dict(mail.parameters)
    size = said.pop("SIZE", None)
    assert said == wanted and (size == str(len(mail.body))) == modern
    for _, parameters, _ in mail.rcpts:
        assert set(filter(None, parameters.get("NOTIFY", "").split(","))) == notify
    assert modern or not any(parameters for _, parameters, _ in mail.rcpts)


def decoded(head, body):
    """A relay that does not offer 8 bits got none."""
    assert (head + body).isascii()
    decode = {b"quoted-printable": quopri.decodestring, b"base64": base64.b64decode}
    how = re.search(b"Content-Transfer-Encoding: (.*)", head.replace(b"\r", b"")).group(1)
    return head.replace(b"Content-Transfer-Encoding: " + how, b"Content-Transfer-Encoding: 8bit"), decode[how](body)


def check_arrival(caller, there, modern=True):
    assert len(there.messages) == 1 and len(there.sessions) == 1
    mail = there.messages[0]
    assert mail.sender == caller.sender and mail.recipients == caller.to
    assert [address for address, _, _ in mail.rcpts] == caller.to
    check_parameters(caller, mail, modern)
    head, _, body = mail.body.partition(b"\r\n\r\n")
    encoded = not modern and not caller.wire_body.isascii()
    if encoded:
        head, body = decoded(head, body)
    check_header(caller, head, encoded)
    assert body == caller.wire_body


@pytest.mark.parametrize("ehlo", [MODERN, "ehlo"], ids=["modern", "plain"])
@pytest.mark.parametrize("caller", ALL, ids=[caller.name for caller in ALL])
def test_caller_gets_its_mail_through(host, relay, caller, ehlo):
    there = relay(ehlo)
    configure(host, there, caller.config)
    status, out, err = run(host, caller)
    if any("odb" in word or "DeliveryMode=b" in word for word in caller.argv):
        there.wait_for_message()      # from a process behind
    if "-odq" in caller.argv:               # until the queue is run
        assert not there.sessions
        run(host, caller, argv=["sendmail", "-q"])
    there.settle()
    assert status == 0, err
    assert out == b"" and (caller.loud or err == b""), (out, err)
    assert caller.loud == (b">>> MAIL FROM" in err)
    check_arrival(caller, there, modern=ehlo != "ehlo")


@pytest.mark.parametrize("caller", ALL, ids=[caller.name for caller in ALL])
def test_caller_hears_of_a_refusal(host, relay, caller):
    """By status: 67, whatever the caller makes of it. And by words, where it has left somewhere for them to go."""
    there = relay("rcpt \"550 5.1.1 nobody here\"")
    configure(host, there, caller.config + "queue off\n")
    status, out, err = run(host, caller)
    assert status == 67 and out == b"" and not there.messages
    if caller.how not in NOWHERE_TO_SAY_IT:
        assert b"550 5.1.1 nobody here" in err


# --- who hears what, and from where it is configured ----------------------------------------------

@pytest.mark.parametrize("argv, parts, config, status", [
    (["-oi", "-t"], ['rcpt "550 5.1.1 nobody here"'], "", 67), (["-oi", "-t"], ['mail "451 4.3.0 later"'], "queue off\n", 75), (["-oi", "-t", "-T"], [], "", 64),
    (["-oi", "-t", "a@b@c"], [], "", 65), (["-oi"], [], "", 64), (["-oi", "-t"], [], "frobnicate on\n", 78),
], ids=["refused", "later", "unknown-option", "bad-address", "no-recipient", "bad-configuration"])
def test_caller_that_writes_unprotected_gets_no_epipe(host, relay, argv, parts, config, status):
    """unattended-upgrade's stdin.write() has no try around it: all is read before an exit, whatever is wrong."""
    there = relay(*parts)
    configure(host, there, config)
    row = Caller("unattended-upgrades", ["/usr/sbin/sendmail"] + argv, ["Subject: x", "From: root", "To: root"], [], body="line\n" * 100000)
    process = subprocess.Popen(row.argv, executable=str(host / "bin" / "sendmail"), stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=environment(host, row))
    try:
        process.stdin.write(row.stdin)
        process.stdin.close()
        said = process.stderr.read()
        assert process.wait(PATIENCE) == status and said.startswith(b"mysend: ") and not there.messages
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="/proc is missing")
def test_descriptors_that_the_caller_closed_are_open_on_dev_null(host, relay):
    """mailutils closes 1 and 2. What is opened next would get these numbers, and be written to."""
    there = relay(MODERN)
    configure(host, there, "")
    row = next(caller for caller in ALL if caller.name == "mailutils")
    process = subprocess.Popen(row.argv, executable=str(host / "bin" / "sendmail"), stdin=subprocess.PIPE, env=environment(host, row),
                               preexec_fn=lambda: (os.close(1), os.close(2)))

    def links():
        try:
            return [os.readlink("/proc/%d/fd/%d" % (process.pid, number)) for number in (1, 2)]
        except FileNotFoundError:       # not yet, or the loader has just closed a library there
            return []
    wait_for(lambda: links() == ["/dev/null"] * 2)     # it waits for its input meanwhile
    process.communicate(row.stdin, timeout=PATIENCE)
    assert process.returncode == 0
    there.settle()
    check_arrival(row, there)


def test_indented_header_of_a_copied_unit_is_a_body_and_so_names_nobody(host, relay):
    """Copies of the ArchWiki's script that kept the here-document's indentation: 64 and a reason, never a mail to nobody."""
    there = relay()
    configure(host, there, "")
    row = Caller("archwiki-indented", "/usr/bin/sendmail|-t", [], [], body="  To: bob@example.org\n  Subject: x.service\n\n  text\n", no_blank=True)
    status, out, err = run(host, row)
    assert status == 64 and out == b"" and b"no recipients" in err and not there.sessions


@pytest.mark.parametrize("ehlo", ["ehlo pipelining chunking dsn", "ehlo"])
def test_list_of_many_recipients_goes_a_hundred_at_a_time_over_one_session(host, relay, ehlo):
    """sympa and mailman2 give as many as ARG_MAX lets them."""
    there = relay(ehlo)
    configure(host, there, "")
    people_there = ["u%d@example.org" % i for i in range(250)]
    row = Caller("sympa", ["/usr/sbin/sendmail", "-oi", "-odi", "-oem", "-f", "list-owner@example.net", "--"] + people_there,
                 ["From: Ann <ann@example.net>", "To: list@example.net", "Subject: hello"], people_there, sender="list-owner@example.net")
    assert run(host, row) == (0, b"", b"")
    there.settle()
    assert [mail.recipients for mail in there.messages] == [people_there[:100], people_there[100:200], people_there[200:]]
    assert len({mail.body for mail in there.messages}) == 1 and len(there.sessions) == 1
    assert there.messages[2].body.endswith(b"\r\n\r\n" + row.wire_body)


@pytest.fixture
def system_folder(binary, host):
    """A folder that run_with_it() lays over the one where this build looks for mysend.conf, in a namespace of its own."""
    with open(binary, "rb") as data:
        found = re.search(rb"(/[\w./-]+)/mysend\.conf\0", data.read())
    where = found and found.group(1).decode()
    if not where or not os.path.isdir(where):
        pytest.skip("the folder of the system's mysend.conf is missing: %s" % where)
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-current-user", "--keep-caps", "--mount"]
    if shutil.which("unshare") is None or subprocess.run(unshare + ["mount", "--bind", str(host), where], capture_output=True, check=False).returncode:
        pytest.skip("unshare(1) with a mount namespace is missing")
    mine = host / "system"
    mine.mkdir()
    for name in ("passwd", "group", "nsswitch.conf", "hosts", "ld.so.cache"):      # where it is /etc itself
        if os.path.exists(os.path.join(where, name)):
            shutil.copy(os.path.join(where, name), mine / name)
    return mine, unshare + ["sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', str(mine), where]


SCRUBBED = [caller for caller in ALL if caller.how in OWN_ENVIRONMENT]


@pytest.mark.parametrize("caller", SCRUBBED, ids=[caller.name for caller in SCRUBBED])
def test_configuration_of_the_system_is_found_in_the_callers_own_environment(host, relay, system_folder, caller):
    """As on a real host: no MYSEND_ variable, and of cron no HOME."""
    there = relay(MODERN)
    mine, over = system_folder
    os.rename(configure(host, there, caller.config), mine / "mysend.conf")
    env = environment(host, caller)
    del env["MYSEND_CONFIG"]
    name = shutil.which("unshare")
    argv = over + [str(host / "bin" / "sendmail")] + caller.argv[1:]
    assert run(host, caller, name, argv, env) == (0, b"", b"")
    there.settle()
    check_arrival(caller, there)


# --- SMTP on standard input, and no message at all ------------------------------------------------

class Client:
    """A program that says a line, waits for the answer, and says the next."""

    def __init__(self, host, argv):
        self.process = subprocess.Popen(argv, executable=str(host / "bin" / os.path.basename(argv[0])), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(host, Caller("", "", [], [])))

    def answer(self):
        line = self.process.stdout.readline().decode()
        while line[3:4] == "-":
            line = self.process.stdout.readline().decode()
        return line

    def say(self, line):
        self.process.stdin.write(line.encode() + b"\r\n")
        self.process.stdin.flush()
        return self.answer()

    def end(self):
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


@pytest.fixture
def client(host):
    running = []

    def make(argv):
        running.append(Client(host, argv))
        return running[-1]
    yield make
    for one in running:
        one.process.kill()
        one.process.communicate()


@pytest.mark.parametrize("name", DIALOGUES)
def test_caller_speaks_smtp_in_lock_step(host, relay, client, name):
    argv, script, mails = DIALOGUES[name]
    there = relay()
    configure(host, there, "")
    one = client(argv)
    assert one.answer().startswith("220 ")
    for said, code in script:
        got = one.say(said)
        assert got[:3] == code, "%r got %r" % (said, got)
    assert one.end() == (0, b"", b"")
    behind = "-odb" in argv
    wait_for(lambda: not behind or len(there.messages) >= len(mails))
    there.settle()
    assert (behind or len(there.sessions) == 1) and len(there.messages) == len(mails)
    came = sorted(there.messages, key=lambda mail: mail.recipients) if behind else there.messages
    for mail, (sender, to, head) in zip(came, sorted(mails, key=lambda mail: mail[1]) if behind else mails):
        assert (mail.sender, mail.recipients) == (sender, to)
        added = rb"\r\nDate: [^\r\n]+\r\nMessage-ID: <[^\r\n]+@[^\r\n]+>\r\n\r\n"
        assert re.fullmatch(re.escape(head.encode()) + added + rb"\.dot\r\nbody\r\n", mail.body)


def test_nmh_hears_of_a_bad_recipient_at_the_end_of_its_message_and_the_other_goes(host, relay, client):
    """Its first transaction only asks; the relay is not asked for it (as with sendmail's own), but has the last word later."""
    there = relay("rcpt-to d@example.org \"550 5.1.1 nobody here\"")
    configure(host, there, "queue off\n")       # with a queue, -odb answers before the relay, and a bounce tells
    one = client(DIALOGUES["nmh-sendmail-smtp"][0])
    one.answer()
    one.say("EHLO host")
    for to, code in (("bob@example.org", "250"), ("d@example.org", "550")):
        assert one.say("MAIL FROM:<ann@example.net>")[:3] == "250" and one.say("RCPT TO:<%s>" % to)[:3] == "250"
        assert one.say("RSET")[:3] == "250"
        assert one.say("MAIL FROM:<ann@example.net>")[:3] == "250" and one.say("RCPT TO:<%s>" % to)[:3] == "250"
        assert one.say("DATA")[:3] == "354"
        answer = one.say("Subject: x\r\n\r\nb\r\n.")
        assert answer[:3] == code and (code == "250" or "<d@example.org>: nobody here" in answer)
    assert one.say("QUIT")[:3] == "221"
    assert one.end() == (0, b"", b"") and [mail.recipients for mail in there.messages] == [["bob@example.org"]]


@pytest.mark.parametrize("stdin", ["never-written", "closed", "/dev/null"])
@pytest.mark.parametrize("name", ADMINISTRATION)
def test_caller_administers_and_gives_no_message(host, relay, name, stdin):
    argv, out = ADMINISTRATION[name]
    there = relay()
    configure(host, there, "to admin@example.org\n")
    reader, writer = os.pipe() if stdin == "never-written" else (os.open("/dev/null", os.O_RDONLY), None)
    done = subprocess.run(argv, executable=str(host / "bin" / os.path.basename(argv[0])), stdin=reader, capture_output=True, timeout=PATIENCE,
                          env=environment(host, Caller(name, argv, [], [])), check=False,
                          preexec_fn=(lambda: os.close(0)) if stdin == "closed" else None)
    os.close(reader)
    if writer is not None:
        os.close(writer)
    assert (done.returncode, done.stdout, done.stderr) == (0, out, b"") and not there.sessions
