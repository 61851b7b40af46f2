"""What goes along after a mail is looked for among a few of those that wait, and none is passed over for ever."""
import os
import re
import shutil

import pytest

from spooled import fill

TEXT = b"Subject: x\nFrom: a@b.example\n\nbody\n"


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
