"""Every caller of sendmail that CALLERS.md knows: its arguments, descriptors, environment and input as that program makes
them, and what is at the relay afterwards: envelope, header and body, octet by octet."""
import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from callers import DOMAIN, people, services, system  # noqa: E402

ALL = system.CALLERS + people.CALLERS + services.CALLERS
MADE_BY_US = ("From", "To", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")


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
    """What the caller's child sees: ~/.mysendrc is found by HOME, or, where the caller gives another one, MYSEND_CONFIG
    stands for /etc/mysend.conf."""
    env = {"PATH": "%s:/usr/bin:/bin" % (host / "bin"), "HOME": str(host / "home"), "LANG": "C.UTF-8"}
    for name, value in os.environ.items():
        if name.startswith(("ASAN_", "UBSAN_", "LSAN_")):
            env[name] = value
    env.update(caller.env)
    if caller.env.get("PATH"):
        env["PATH"] = "%s:%s" % (host / "bin", caller.env["PATH"])
    if caller.how == "sudo-root":
        env.update({"HOME": "/", "MYSEND_CONFIG": str(host / "home" / ".mysendrc")})
    return {name: value for name, value in env.items() if value is not None}


def run(host, caller):
    """(status, standard output, standard error), with the caller's descriptors."""
    argv = list(caller.argv)
    executable = "/bin/sh" if argv[0] == "sh" else str(host / "bin" / os.path.basename(argv[0]))
    more = {"cwd": "/" if caller.how in ("sudo", "sudo-root") else str(host), "env": environment(host, caller)}
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
    lines = head.decode().split("\r\n")
    kept = caller.wire_header
    assert lines[:len(kept)] == kept, "the caller's own fields do not pass as they are: %r" % lines
    had = {line.split(":")[0].strip().lower() for line in kept if line[:1] not in " \t"}
    added = [tuple(line.split(": ", 1)) for line in "\n".join(lines[len(kept):]).replace("\n ", " ").split("\n") if line]
    names = [name for name, _ in added]
    assert len(names) == len(set(names)) and all(name in MADE_BY_US and name.lower() not in had for name in names), added
    for name in ("From", "Date", "Message-ID"):
        assert (name.lower() in had) != (name in names), "%s is to be there once: %r" % (name, lines)
    for name, value in caller.adds.items():
        assert name in names, "%s is missing: %r" % (name, lines)
        if value is not True:
            assert dict(added)[name] == value
    addresses = [line for line in lines if line.lower().startswith(("from:", "sender:", "reply-to:"))]
    assert all("@" in line for line in addresses), "a name without a domain: %r" % addresses
    assert not any(line.lower().startswith("bcc") for line in lines)


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
    assert len(there.messages) == 1
    mail = there.messages[0]
    assert mail.sender == caller.sender and mail.recipients == caller.to
    head, _, body = mail.body.partition(b"\r\n\r\n")
    check_header(caller, head)
    assert body == caller.wire_body


@pytest.mark.parametrize("caller", ALL, ids=[caller.name for caller in ALL])
def test_caller_hears_of_a_refusal(host, relay, caller):
    """By status: 67, whatever the caller makes of it. And by words, where it has left somewhere for them to go."""
    there = relay("rcpt \"550 5.1.1 nobody here\"")
    configure(host, there, caller.config)
    status, out, err = run(host, caller)
    assert status == 67 and out == b"" and not there.messages
    if caller.how not in ("sudo", "sudo-root", "no-output", "mailutils"):
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
