"""What a process still holds of its login while it waits for the relay's last answer."""
import base64
import os
import re
import shutil
import tempfile

import pytest
from given import PLAIN as TEXT
from held import memory, waiting
from waiting import wait_for

PASSWORD = "hunter2secret"
SECRETS = [secret.encode() for secret in (PASSWORD, base64.b64encode(PASSWORD.encode()).decode(), base64.b64encode(b"\0joe\0hunter2secret").decode())]


def secrets_in(pid):
    return ["%s in %s" % (secret, place) for place, octets in memory(pid) for secret in SECRETS for _ in re.finditer(re.escape(secret), octets)]


def source(mysend, name):
    """Configuration by which the password comes from there."""
    if name == "password":
        return "password %s\n" % PASSWORD
    if name == "password_file":
        return "password_file %s\n" % mysend.file(PASSWORD + "\n")
    if name == "password_command":
        return "password_command cat %s\n" % mysend.file(PASSWORD + "\n")
    if name == "environment":
        return ""
    return "netrc %s\n" % mysend.file("machine 127.0.0.1 login joe password %s\n" % PASSWORD)


def config_of(one, certs, tls):
    return "account default\nhost 127.0.0.1\nport %d\nfrom me@example.net\nuser joe\n%s\n" % (one.port, "tls_trust_file %s/ca.pem" % certs if tls else "tls off")


@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
@pytest.mark.parametrize("auth, where", [(auth, "password") for auth in ("plain", "login", "cram-md5", "digest-md5", "xoauth2", "oauthbearer")] +
                         [("plain", where) for where in ("password_file", "password_command", "netrc", "environment")])
def test_nothing_of_the_login_stays_in_memory(mysend, relay, certs, auth, where, tls):
    one = relay("ehlo auth=%s%s" % (auth, " starttls" if tls else ""), "user joe " + PASSWORD, "end hang")
    process = waiting(mysend, one, config_of(one, certs, tls) + "auth %s\n" % auth + source(mysend, where), env={"MYSEND_PASSWORD": PASSWORD} if where == "environment" else None)
    left = secrets_in(process.pid)
    with open("/proc/%d/environ" % process.pid, encoding="utf-8") as environment:
        assert PASSWORD not in environment.read()
    process.kill()
    process.wait()
    assert left == []


def test_nothing_of_the_login_to_a_mailbox_stays_in_memory(mysend, relay, certs, pop3):
    one, post = relay("end hang"), pop3(password=PASSWORD)
    process = waiting(mysend, one, config_of(one, certs, False) + "auth off\npassword %s\npop_before_smtp pop3://127.0.0.1:%d\n" % (PASSWORD, post.port))
    left = secrets_in(process.pid)
    process.kill()
    process.wait()
    assert left == [] and post.logins


@pytest.mark.parametrize("mode", ["-bs", "-q"])
def test_what_one_login_took_is_gone_while_the_next_may_still_come(mysend, spool, relay, mode):
    """The one place of ours is conf/vault, until no login is to come; libcurl has none of it."""
    if mysend.sanitized or os.geteuid() != 0:
        pytest.skip("a sanitizer keeps what is freed, and only root may look into it")
    one = relay("ehlo auth=plain", "user joe " + PASSWORD, "end hang")
    config = spool.config(one, "user joe\npassword %s\n" % PASSWORD)
    if mode == "-q":
        spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    running = mysend.start(mode, config=config)
    if mode == "-bs":
        running.process.stdin.write(b"EHLO me\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n")
        running.process.stdin.flush()
    wait_for(lambda: one.transactions and one.transactions[0].complete, "the message")
    left = secrets_in(running.process.pid)
    running.process.kill()
    running.process.wait()
    assert len(left) <= 1 and all(repr(SECRETS[0]) in line for line in left), left


def test_what_is_looked_for_would_be_found(mysend, relay, certs):
    """The same look finds what is meant to be there."""
    one = relay("end hang")
    process = waiting(mysend, one, config_of(one, certs, False) + "auth off\n", env={"SOME_VARIABLE": PASSWORD})
    left = secrets_in(process.pid)
    process.kill()
    process.wait()
    assert any("[stack]" in line for line in left)


@pytest.mark.parametrize("login", [True, False])
def test_who_has_a_password_cannot_be_looked_into(mysend, relay, certs, login):
    """The owner of /proc/PID/mem tells whether other processes of the user may."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is missing")
    one = relay("ehlo auth=plain", "user joe " + PASSWORD, "end hang")
    with tempfile.TemporaryDirectory() as top:
        program = shutil.copy(mysend.path, top)
        path = os.path.join(top, "config")
        with open(path, "w", encoding="ascii") as out:
            out.write(config_of(one, certs, False) + ("password %s\n" % PASSWORD if login else "auth off\n"))
        os.chmod(path, 0o600)
        os.chown(path, 65534, 65534)
        os.chmod(top, 0o755)
        there, mysend.path = mysend.path, program
        process = waiting(mysend, one, None, env={"MYSEND_CONFIG": path, "HOME": "/nowhere"}, prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
        mysend.path = there
        owner = os.stat("/proc/%d/mem" % process.pid).st_uid
        limit = open("/proc/%d/limits" % process.pid, encoding="ascii").read()
        process.kill()
        process.wait()
    assert owner == (0 if login else 65534)
    if login:
        assert re.search(r"Max core file size +0 +0 ", limit)
