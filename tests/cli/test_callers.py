"""Every caller of sendmail that CALLERS.md knows: its arguments, descriptors, environment and input as that program makes
them, and what is at the relay afterwards: envelope, header and body, octet by octet."""
import datetime
import email.utils
import os
import re
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from callers import DOMAIN, GECOS, USER, people, services, system  # noqa: E402

ALL = system.CALLERS + people.CALLERS + services.CALLERS
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
    text = "account default\nhost %s\nport %d\ntls off\nmaildomain %s\naliases off\n%s" % (relay.host, relay.port, DOMAIN, more)
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
        said = process.communicate(text, timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError("%s hung" % caller.name) from None
    if caller.how == "request-tracker":
        os.close(out)
        said = (os.read(reader, 1), said[1])
        os.close(reader)
    return process.returncode, said[0] or b"", said[1] or b""


def check_header(caller, head):
    """The caller's own fields first, as they were but for what CALLERS says; then what was missing, once, and nothing else."""
    lines = head.decode().split("\r\n")
    kept = caller.wire_header
    assert lines[:len(kept)] == kept, "the caller's own fields do not pass as they are: %r" % lines
    had = {line.split(":")[0].strip().lower() for line in kept if line[:1] not in " \t"}
    added = [line.split(": ", 1) for line in "\n".join(lines[len(kept):]).replace("\n ", " ").split("\n") if line]
    wanted = sorted([name for name in ("Date", "Message-ID") if name.lower() not in had] + list(caller.adds))
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


def check_arrival(caller, there, modern=True):
    assert len(there.messages) == 1 and len(there.sessions) == 1
    mail = there.messages[0]
    assert mail.sender == caller.sender and mail.recipients == caller.to
    assert [address for address, _, _ in mail.rcpts] == caller.to
    check_parameters(caller, mail, modern)
    head, _, body = mail.body.partition(b"\r\n\r\n")
    check_header(caller, head)
    assert body == caller.wire_body


@pytest.mark.parametrize("ehlo", ["ehlo pipelining chunking 8bitmime dsn size=10000000", "ehlo"], ids=["modern", "plain"])
@pytest.mark.parametrize("caller", ALL, ids=[caller.name for caller in ALL])
def test_caller_gets_its_mail_through(host, relay, caller, ehlo):
    there = relay(ehlo)
    configure(host, there, caller.config)
    status, out, err = run(host, caller)
    there.settle()
    assert status == 0, err
    assert out == b"" and (caller.loud or err == b""), (out, err)
    assert caller.loud == (b">>> MAIL FROM" in err)
    check_arrival(caller, there, modern=ehlo != "ehlo")


@pytest.mark.parametrize("caller", ALL, ids=[caller.name for caller in ALL])
def test_caller_hears_of_a_refusal(host, relay, caller):
    """By status: 67, whatever the caller makes of it. And by words, where it has left somewhere for them to go."""
    there = relay("rcpt \"550 5.1.1 nobody here\"")
    configure(host, there, caller.config)
    status, out, err = run(host, caller)
    assert status == 67 and out == b"" and not there.messages
    if caller.how not in NOWHERE_TO_SAY_IT:
        assert b"550 5.1.1 nobody here" in err


# --- SMTP on standard input -----------------------------------------------------------------------

def transaction(sender, to, subject):
    return ([("MAIL FROM:<%s>" % sender, "250")] + [("RCPT TO:<%s>" % one, "250") for one in to] +
            [("DATA", "354"), ("From: %s\r\nTo: %s\r\nSubject: %s\r\n\r\n..dot\r\nbody\r\n." % (sender, to[0], subject), "250")])


DIALOGUES = {
    "symfony-mailer-bs": (["/usr/sbin/sendmail", "-bs"], [("HELO [127.0.0.1]", "250")] + transaction("ann@example.net", ["bob@example.org", "d@example.org"], "one") +
                          [("QUIT", "221")], [("ann@example.net", ["bob@example.org", "d@example.org"], "one")]),
    "symfony-mailer-bs-ehlo": (["/usr/sbin/sendmail", "-bs"], [("EHLO [127.0.0.1]", "250")] + transaction("ann@example.net", ["bob@example.org"], "one") +
                               transaction("ann@example.net", ["carl@example.org"], "two") + [("NOOP", "250"), ("QUIT", "221")],
                               [("ann@example.net", ["bob@example.org"], "one"), ("ann@example.net", ["carl@example.org"], "two")]),
    "laravel-sendmail-bs-i": (["/usr/sbin/sendmail", "-bs", "-i"], [("EHLO localhost", "250")] + transaction("ann@example.net", ["bob@example.org"], "one") +
                              [("QUIT", "221")], [("ann@example.net", ["bob@example.org"], "one")]),
    "nmh-sendmail-smtp": (["/usr/sbin/sendmail", "-bs", "-odb", "-oem", "-om"],
                          [("EHLO host", "250"), ("MAIL FROM:<ann@example.net>", "250"), ("RCPT TO:<bob@example.org>", "250"),
                           ("RCPT TO:<d@example.org>", "250"), ("RSET", "250")] + transaction("ann@example.net", ["bob@example.org"], "one") +
                          transaction("ann@example.net", ["d@example.org"], "two") + [("QUIT", "221")],
                          [("ann@example.net", ["bob@example.org"], "one"), ("ann@example.net", ["d@example.org"], "two")]),
    "alpine-bs": (["/usr/sbin/sendmail", "-bs", "-odb", "-oem"], [("EHLO host.example", "250")] + transaction("ann@example.net", ["bob@example.org"], "one") +
                  [("QUIT", "221")], [("ann@example.net", ["bob@example.org"], "one")]),
    "cyrus-null-sender": (["/usr/sbin/sendmail", "-bs"], [("EHLO host", "250")] + [("MAIL FROM:<>", "250"), ("RCPT TO:<bob@example.org>", "250"), ("DATA", "354"),
                          ("From: sieve@example.net\r\nTo: bob@example.org\r\nSubject: one\r\n\r\n..dot\r\nbody\r\n.", "250"), ("QUIT", "221")],
                          [("", ["bob@example.org"], "one")]),
}


@pytest.mark.parametrize("name", DIALOGUES)
def test_caller_speaks_smtp_in_lock_step(host, relay, name):
    argv, script, mails = DIALOGUES[name]
    there = relay()
    configure(host, there, "")
    env = {"PATH": "/usr/bin:/bin", "HOME": str(host / "home")}
    env.update({key: value for key, value in os.environ.items() if key.startswith(("ASAN_", "UBSAN_", "LSAN_"))})
    process = subprocess.Popen(argv, executable=str(host / "bin" / "sendmail"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=env)
    answers = []

    def answer():
        line = process.stdout.readline().decode()
        while line[3:4] == "-":
            line = process.stdout.readline().decode()
        answers.append(line)
        return line[:3]
    try:
        assert answer() == "220"
        for said, code in script:
            process.stdin.write(said.encode() + b"\r\n")
            process.stdin.flush()
            assert answer() == code, "%r got %r" % (said, answers[-1])
        rest, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    there.settle()
    assert process.returncode == 0 and rest == b"" and err == b""
    assert [(mail.sender, mail.recipients, mail.field("Subject")) for mail in there.messages] == mails
    assert all(mail.content == b".dot\r\nbody\r\n" for mail in there.messages) and len(there.sessions) == 1


# --- administration -------------------------------------------------------------------------------

@pytest.mark.parametrize("argv, out", [
    (["/usr/bin/mailq"], b"Mail queue is empty\n"), (["/usr/sbin/sendmail", "-bp"], b"Mail queue is empty\n"), (["newaliases"], b""),
    (["/usr/sbin/sendmail", "-bi"], b""), (["sendmail", "-q"], b""),
], ids=["name-mailq", "check-mailq-bp", "name-newaliases", "nis-makefile-bi", "ppp-ip-up-q"])
def test_caller_administers_and_gives_no_message(host, relay, argv, out):
    there = relay()
    configure(host, there, "to admin@example.org\n")
    reader, writer = os.pipe()      # a standard input that nobody writes to or closes
    done = subprocess.run(argv, executable=str(host / "bin" / os.path.basename(argv[0])), stdin=reader, capture_output=True, timeout=20,
                          env={"PATH": "/usr/bin:/bin", "HOME": str(host / "home")}, check=False)
    os.close(reader)
    os.close(writer)
    assert (done.returncode, done.stdout, done.stderr) == (0, out, b"") and not there.sessions
