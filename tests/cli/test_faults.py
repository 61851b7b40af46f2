"""Every system call that touches the spool dies, fails or is told to end once: what was promised is there all the same, as it was, and once.

strace injects the fault at the Nth call of a kind, for N = 1, 2, ... until there is no Nth. How many points were tried is
printed (pytest -s). SWEEP=all has more kinds of errors; that takes about three minutes."""
import os
import re
import shutil

import pytest

from given import WHOLE as TEXT
from faults import run_with_fault
from spools import Spool

CALLS = ["openat", "write", "fsync", "renameat", "renameat2", "unlinkat", "mkdir", "mkdirat", "flock", "close", "fstat", "newfstatat", "pread64", "read", "getdents64"]
KILL = ["signal=KILL"]
END = ["signal=TERM"]
ERRORS = ["error=EIO", "error=ENOSPC"] + (["error=EDQUOT", "error=EROFS", "error=EINTR"] if os.environ.get("SWEEP") == "all" else [])
MOST = 400      # calls of a kind; far more than there are


@pytest.fixture
def spool(mysend, tmp_path):
    if shutil.which("strace") is None:
        pytest.skip("strace is missing")
    if mysend.sanitized:
        pytest.skip("sanitizers and strace do not go together")
    return Spool(mysend, tmp_path / "spool")


def empty(spool):
    shutil.rmtree(spool.top, ignore_errors=True)


@pytest.mark.parametrize("fault", KILL + ERRORS)
@pytest.mark.parametrize("call", CALLS)
def test_submission_that_fails_anywhere_keeps_its_word(spool, relay, call, fault):
    wanted = spool.run("--dry-run", "-i", "bob@example.org", stdin=TEXT).message
    there, points = relay("ehlo pipelining chunking 8bitmime", "lax"), 0
    for nth in range(1, MOST):
        empty(spool)
        before = len(there.messages)
        status, injected = run_with_fault(spool, call, fault, nth, ["-i", "bob@example.org"], spool.config(), TEXT)
        if not injected:
            break
        points += 1
        done = spool.run("-qf", relay=there)
        assert done.status == 0, done
        bodies = [mail.body for mail in there.messages[before:]]
        if status == 0:
            assert bodies == [wanted], "%s %s %d: promised, and not there" % (call, fault, nth)
        elif status == -9:
            assert bodies in ([], [wanted]), "%s %s %d: something else is there" % (call, fault, nth)
        else:
            assert bodies == [], "%s %s %d: refused with %d, and sent" % (call, fault, nth, status)
        assert spool.names() == []
    assert nth < MOST - 1
    print("%s %s: %d points" % (call, fault, points))


@pytest.mark.parametrize("fault", KILL + ERRORS)
@pytest.mark.parametrize("call", CALLS)
def test_queue_run_that_fails_anywhere_loses_nothing(spool, relay, call, fault):
    """Sent twice is only what had been sent when it was killed."""
    there, points = relay("ehlo pipelining chunking 8bitmime", "lax"), 0
    for nth in range(1, MOST):
        empty(spool)
        before = len(there.messages)
        for i in range(2):
            spool.run("-odq", "-i", "u%d@example.org" % i, stdin=TEXT).ok()
        status, injected = run_with_fault(spool, call, fault, nth, ["-qf"], spool.config(there))
        there.settle()
        first = sorted(mail.recipients[0] for mail in there.messages[before:])
        spool.run("-qf", relay=there)
        spool.run("-qf", relay=there)
        to = sorted(mail.recipients[0] for mail in there.messages[before:])
        kept = len(spool.names("failed"))
        assert set(to) == {"u0@example.org", "u1@example.org"} or kept + len(set(to)) == 2, "%s %s %d: lost: %r %r" % (call, fault, nth, to, spool.files())
        assert status == -9 or len(to) == len(set(to)), "%s %s %d: sent twice: first %r, then %r" % (call, fault, nth, first, to)
        assert spool.names() == []
        if not injected:
            break
        points += 1
    assert nth < MOST - 1
    print("%s %s: %d points" % (call, fault, points))


@pytest.mark.parametrize("fault", KILL + END + ERRORS)
@pytest.mark.parametrize("call", [*CALLS, "sendto", "poll"])
def test_queue_run_of_four_sessions_that_fails_anywhere_loses_nothing(spool, relay, call, fault):
    """strace counts the calls of each thread: in a run that is to fail, each thread's Nth call does. Killed, at most the mails in hand are sent twice,
    one a session; else none is."""
    there, points, more = relay("ehlo pipelining chunking 8bitmime", "lax"), 0, "window 1\nsessions 4\n"
    to = ["u%d@example.org" % i for i in range(8)]
    for address in to:
        spool.run("-odq", "-i", address, stdin=TEXT).ok()
    full = spool.top + ".full"
    shutil.copytree(spool.top, full)
    most = 0
    for nth in range(1, MOST):
        empty(spool)
        shutil.copytree(full, spool.top)
        before, sessions = len(there.messages), len(there.sessions)
        status, injected = run_with_fault(spool, call, fault, nth, ["-qf"], spool.config(there, more))
        there.settle()
        most = max(most, len(there.sessions) - sessions)
        first = sorted(mail.recipients[0] for mail in there.messages[before:])
        for _ in range(2):
            spool.run("-qf", relay=there, more=more)
        got = sorted(mail.recipients[0] for mail in there.messages[before:])
        where = "%s %s %d (%d): first %r, then %r, %r" % (call, fault, nth, status, first, got, spool.files())
        assert set(got) == set(to) or len(spool.names("failed")) + len(set(got)) == len(to), "lost: " + where
        assert len(got) - len(set(got)) <= (4 if status == -9 else 0), "sent twice: " + where
        assert spool.names() == [], where
        if not injected:
            break
        points += 1
    # In one run alone the first session may be through before the others have begun.
    assert nth < MOST - 1 and (most >= 3 or points < 5)
    print("four sessions, %s %s: %d points" % (call, fault, points))


@pytest.mark.parametrize("fault", KILL + ERRORS)
@pytest.mark.parametrize("call", CALLS)
def test_giving_up_that_fails_anywhere_tells_the_sender_once(spool, relay, call, fault):
    """And Carl, who had it before, does not get it again."""
    early, refuses = relay("ehlo pipelining 8bitmime", "rcpt-to bob@example.org 450"), relay("ehlo pipelining 8bitmime", "rcpt-to bob@example.org 550", "lax")
    takes = relay("ehlo pipelining chunking 8bitmime", "lax")
    points = 0
    for nth in range(1, MOST):
        empty(spool)
        before = len(takes.messages)
        spool.run("-odq", "-i", "-f", "ann@example.net", "bob@example.org", "carl@example.org", stdin=TEXT).ok()
        spool.run("-qf", relay=early).ok()
        name = spool.names()[0]
        _, injected = run_with_fault(spool, call, fault, nth, ["-qf"], spool.config(refuses))
        if name in spool.names():
            spool.run("-qRbob@", relay=refuses)        # it goes on where that ended
        spool.run("-qf", relay=takes)
        told = [mail for mail in takes.messages[before:] if mail.sender == "" and mail.recipients == ["ann@example.net"]]
        where = "%s %s %d: %r" % (call, fault, nth, spool.files())
        # What could not be read at all lies in failed/, unsent, and was named.
        assert len(told) == 1 or (fault != KILL[0] and not told and name in spool.names("failed")), where
        assert name in spool.names("failed") and spool.names() == [], where
        assert not refuses.messages, where
        if not injected:
            break
        points += 1
    assert nth < MOST - 1
    print("%s %s: %d points" % (call, fault, points))


THREE = ["u%d@example.org" % i for i in range(3)]


def count(mails):
    return {address: sum(address in mail.recipients for mail in mails) for address in THREE}


def noted(spool):
    """Who has it, as the disk knows."""
    path = os.path.join(spool.top, "queue", spool.names()[0] + ".state") if spool.names() else ""
    if not os.path.exists(path):
        return []
    with open(path, encoding="ascii") as state:
        letters = re.search("(?m)^Verdicts: (.*)$", state.read())[1]
    return [address for address, letter in zip(THREE, letters) if letter == "a"]


@pytest.mark.parametrize("fault, offers", [(fault, "ehlo pipelining 8bitmime") for fault in KILL + END + ERRORS] + [(KILL[0], "ehlo pipelining chunking 8bitmime")])
@pytest.mark.parametrize("call", [*CALLS, "sendto", "poll"])
def test_mail_of_several_transactions_that_fails_anywhere_reaches_each_once(spool, relay, call, fault, offers):
    """Killed, at most those of the one transaction whose answer was not yet written down get it twice; told to end, nobody does."""
    there, more, points = relay(offers, "lax"), "max_recipients 1\n", 0
    for nth in range(1, MOST):
        empty(spool)
        before = len(there.messages)
        spool.run("-odq", "-i", *THREE, stdin=TEXT).ok()
        status, injected = run_with_fault(spool, call, fault, nth, ["-qf"], spool.config(there, more))
        there.settle()
        first, known = count(there.messages[before:]), noted(spool)
        spool.run("-qf", relay=there, more=more)
        spool.run("-qf", relay=there, more=more)
        where = "%s %s %d (%d): first %r, known %r, then %r, %r" % (call, fault, nth, status, first, known, count(there.messages[before:]), spool.files())
        twice = [address for address, copies in count(there.messages[before:]).items() if copies > 1]
        assert all(count(there.messages[before:]).values()) or spool.names("failed"), "lost: " + where
        assert not set(twice) & set(known) and len(twice) <= (1 if status == -9 else 0), "sent twice: " + where
        assert sum(first.values()) - len(known) <= 1 or fault not in KILL or not spool.names(), where
        assert spool.names() == [], where
        if not injected:
            break
        points += 1
    assert nth < MOST - 1
    print("%s %s %s: %d points" % (offers, call, fault, points))
