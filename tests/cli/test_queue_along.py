"""A few of the mails that wait go along after a mail, over its session: which, how long the caller waits for them, and that none is passed over for ever."""
import os
import re
import shutil
import time

import pytest

from given import WHOLE as TEXT
from waiting import SOON
from spooled import fill


FAST = 5


@pytest.fixture
def fast(library):
    """Variables with which a second is over in a fifth of one."""
    return {"LD_PRELOAD": library("clock"), "TEST_OF_SPEED": str(FAST)}


def hold_all(spool):
    for name in spool.names():
        with open(os.path.join(spool.top, "queue", name + ".state"), "w", encoding="ascii") as out:
            out.write("mysend-state 1\nAttempts: 0\nNext: 0\nHeld: 1\nWarned: 0\nIdle: 0\nLast: \nVerdicts: -\n")


def test_of_a_long_queue_a_few_mails_are_opened(spool, relay, tmp_path):
    if shutil.which("strace") is None or spool.mysend.sanitized:
        pytest.skip("strace is missing, or does not go with sanitizers")
    fill(spool.top, 2000)
    hold_all(spool)
    log = str(tmp_path / "strace.log")
    spool.run("bob@example.org", stdin=TEXT, relay=relay(), prefix=["strace", "-o", log, "-e", "trace=openat,faccessat,faccessat2,newfstatat,statx"]).ok()
    with open(log, encoding="utf-8", errors="replace") as calls:
        opened = set(re.findall(r'"([0-9a-z]{26})(?:\.state)?"', calls.read()))
    assert 0 < len(opened) <= 110


def test_one_that_is_due_among_many_that_are_not_has_its_turn(spool, relay):
    fill(spool.top, 250)
    hold_all(spool)
    spool.run("-odq", "due@example.org", stdin=TEXT).ok()
    there = relay()
    for i in range(60):
        spool.run("new%d@example.org" % i, stdin=TEXT, relay=there).ok()
        if any(mail.recipients == ["due@example.org"] for mail in there.messages):
            return
    pytest.fail("60 times it was not among 100 of 251")


def test_those_that_go_along_are_not_always_the_same(spool, relay):
    fill(spool.top, 400)
    there = relay()
    for i in range(10):
        spool.run("new%d@example.org" % i, stdin=TEXT, relay=there).ok()
    went = sorted(int(mail.recipients[0][1:].split("@")[0]) for mail in there.messages if mail.recipients[0].startswith("u"))
    assert len(set(went)) == len(went) == 30 and went != list(range(30)), "none of the oldest hundred only"


def test_run_of_the_queue_sees_all(spool, relay):
    fill(spool.top, 400)
    there = relay("ehlo pipelining chunking")
    spool.run("-q", relay=there).ok()
    assert len(there.messages) == 400 and spool.files() == []


@pytest.mark.parametrize("more, along", [("", 3), ("queue_along 1\n", 1), ("queue_along 0\n", 0)])
def test_some_of_what_waits_goes_along_over_the_same_session(spool, relay, more, along):
    for i in range(5):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay()
    spool.run("new@example.org", stdin=TEXT, relay=there, more=more).ok()
    assert [mail.recipients[0] for mail in there.messages] == ["new@example.org"] + ["u%d@example.org" % i for i in range(along)]
    assert len(there.sessions) == 1 and len(spool.names()) == 5 - along


def test_what_goes_along_does_not_change_the_outcome(spool, relay):
    spool.run("-odq", "bad@example.org", stdin=TEXT).ok()
    there = relay("ehlo pipelining", "rcpt-to bad@example.org 450")
    spool.run("new@example.org", stdin=TEXT, relay=there).ok()
    assert there.message.recipients == ["new@example.org"] and len(spool.names()) == 1


@pytest.mark.parametrize("offers, stage", [("", "mail"), ("chunking", "rcpt"), ("", "data")])
def test_what_goes_along_does_not_hold_the_caller_for_long_and_is_in_no_doubt(spool, relay, fast, offers, stage):
    for i in range(2):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    hangs = "rcpt-to u0@example.org hang" if stage == "rcpt" else "%s ok hang" % stage
    there = relay("ehlo pipelining " + offers, hangs, "lax")
    began = time.monotonic()
    spool.run("new@example.org", stdin=TEXT, relay=there, env=fast, settle=False).ok()
    assert 10 < FAST * (time.monotonic() - began) < FAST * SOON and there.messages[0].recipients == ["new@example.org"]
    assert "u0@example.org: waits" in spool.run(name="mailq").out


@pytest.mark.parametrize("offers, stage", [("", "end"), ("chunking", "bdat-last")])
def test_what_went_along_is_not_sent_again_since_the_relay_took_its_time_to_look_at_it(spool, relay, fast, offers, stage):
    for i in range(2):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay("ehlo pipelining " + offers, '%s ok "sleep %d && ok"' % (stage, 20 / FAST))
    spool.run("new@example.org", stdin=TEXT, relay=there, env=fast).ok()
    assert [mail.recipients for mail in there.messages] == [["new@example.org"], ["u0@example.org"]]
    assert len(spool.names()) == 1 and "u1@example.org: waits" in spool.run(name="mailq").out


def test_what_takes_long_to_send_does_not_go_along(spool, relay):
    spool.run("-odq", "large@example.org", stdin=TEXT + b"0123456789abcde\n" * 65536).ok()
    spool.run("-odq", "small@example.org", stdin=TEXT).ok()
    there = relay("ehlo pipelining")
    spool.run("new@example.org", stdin=TEXT, relay=there).ok()
    assert [mail.recipients for mail in there.messages] == [["new@example.org"], ["small@example.org"]]
    spool.run("-q", relay=there).ok()
    assert len(there.messages) == 3 and spool.names() == []


def test_mail_of_another_account_does_not_go_along(spool, mysend, relay):
    there = relay()
    other = "account work\nhost 127.0.0.1\nport 1\ntls off\nfrom w@example.net\nqueue on\nspool %s\n" % spool.top
    mysend("-a", "work", "-odq", "bob@example.org", stdin=TEXT, config=spool.config() + other).ok()
    mysend("new@example.org", stdin=TEXT, config=spool.config(there) + other).ok()
    assert there.message.recipients == ["new@example.org"] and len(spool.names()) == 1


@pytest.mark.parametrize("by", ["relay", "host", "port", "socket", "user"])
def test_nothing_goes_along_to_a_relay_that_an_option_chose(spool, mysend, relay, unix_path, by):
    spool.run("-odq", "waits@example.org", stdin=TEXT).ok()
    there = relay("unix " + unix_path) if by == "socket" else relay("ehlo pipelining auth=plain", "user joe secret") if by == "user" else relay()
    config = spool.config() if by != "port" else spool.config().replace("port 1\n", "port 2\n")
    if by == "user":
        config = spool.config(there) + "password secret\nauth plain\n"
    args = {"relay": ["--relay=smtp://127.0.0.1:%s" % there.port], "host": ["--host=127.0.0.1", "--port=%s" % there.port], "port": ["--port=%s" % there.port],
            "socket": ["--socket=" + unix_path], "user": ["--user=joe"]}[by]
    mysend(*args, "--tls=off", "new@example.org", stdin=TEXT, config=config).ok()
    assert [mail.recipients for mail in there.messages] == [["new@example.org"]] and len(spool.names()) == 1
