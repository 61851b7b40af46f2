"""A run of the queue over several sessions at once: one password for all, each mail once. contrib/check runs it with ThreadSanitizer, too."""
import os

import pytest

from given import WHOLE as TEXT
from spooled import fill
from waiting import wait_for


def config_of(spool, there, certs, more):
    tls = "tls on\ntls_starttls on\ntls_trust_file %s\n" % os.path.join(certs, "ca.pem") if certs else "tls off\n"
    return ("account default\nhost 127.0.0.1\nport %d\n%sfrom me@example.net\nmaildomain mail.example\naliases off\nqueue on\nspool %s\n"
            "auth plain\nuser joe\n%s" % (there.port, tls, spool.top, more))


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("sessions", [4, 8])
def test_password_command_runs_once_for_all_sessions_of_a_run(spool, mysend, relay, certs, tmp_path, sessions, tls):
    fill(spool.top, 40)
    ran = tmp_path / "ran"
    there = relay("ehlo pipelining auth=plain" + (" starttls" if tls else ""), "user joe hunter2", 'end "hold && ok"')
    run = mysend.start("-q", config=config_of(spool, there, certs if tls else None, "window 2\nsessions %d\npassword_command printf x >>%s; echo hunter2\n" % (sessions, ran)))
    wait_for(lambda: len(there.logins) == sessions, "the others, while the first waits for an answer")
    there.go()
    run.finish().ok()
    assert ran.read_text() == "x" and all(login.ok for login in there.logins)
    assert sorted(mail.recipients[0] for mail in there.messages) == sorted("u%d@example.org" % i for i in range(40)) and spool.files() == []


def test_sessions_that_end_all_the_time_send_each_mail_once_and_say_whole_lines(spool, mysend, relay, tmp_path):
    fill(spool.top, 60)
    ran = tmp_path / "ran"
    there = relay("ehlo pipelining auth=plain", "user joe hunter2", "mail " + "ok ok ok 421 " * 15 + "ok")
    config = config_of(spool, there, None, "window 2\nsessions 4\npassword_command printf x >>%s; echo hunter2\n" % ran)
    said = []
    for _ in range(30):
        done = mysend("-d", "-qf", config=config)
        assert done.status == 0
        said += done.err.splitlines()
        if not spool.names():
            break
    assert sorted(mail.recipients[0] for mail in there.messages) == sorted("u%d@example.org" % i for i in range(60)) and spool.files() == []
    # Where other sessions take over all that a lost one had in hand, nobody has anything to say.
    assert all(line.startswith("mysend: ") and line.count("mysend: ") == 1 for line in said), said
    assert len(there.sessions) > 4


def test_fallback_of_several_sessions_has_its_own_password(spool, mysend, relay):
    for i in range(20):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay("ehlo pipelining auth=plain", "user jane other", 'end "hold && ok"')
    config = ("account second\nhost 127.0.0.1\nport %d\ntls off\nauth plain\nuser jane\npassword_command echo other\n"
              "account default\nhost 127.0.0.1\nport 1\ntls off\nauth plain\nuser joe\npassword_command echo hunter2\nfallback second\n"
              "from me@example.net\nmaildomain mail.example\naliases off\nqueue on\nwindow 2\nsessions 4\nspool %s\n" % (there.port, spool.top))
    run = mysend.start("-q", config=config)
    wait_for(lambda: len(there.logins) == 4)
    there.go()
    run.finish().ok()
    assert {login.password for login in there.logins} == {"other"} and len(there.messages) == 20 and spool.files() == []
