"""A run over many mails is killed at each write and each sync of its ledger, and at random times; or these fail. Then the same command again.

Nobody is lost. Twice at the most gets it who was under way, sessions x window, and the ledger named him in doubt when the run was
dead. The relay's own record is compared with the ledger and the rows. SWEEP=all tries each call, and not a few of them."""
import itertools
import os
import random
import re

import pytest

from ledgers import OFFERS, Batch, Ledger, addresses, copies, fault, judge, judge_copies, judge_crash, most_named, settings
from waiting import wait_for

ALL = os.environ.get("SWEEP") == "all"
WINDOW, ROWS = 4, 40
SESSIONS = [1, 4, 8]
EVERY_WAY = pytest.mark.parametrize("sessions, offers", list(itertools.product(SESSIONS, OFFERS)))
CALLS = [(call, do) for call, dos in (("write", ("before", "after", "half")), ("sync", ("before", "after"))) for do in dos]
ERRORS = {"EIO": "5", "ENOSPC": "28"}


def points(sessions, offers, call, do, most):
    """Each call, or the first ones and a few of the others: which ones depends on the test alone."""
    if ALL:
        return range(1, most)
    chance = random.Random("%s %s %s %s" % (sessions, offers, call, do))
    return [chance.randint(1, 3), chance.randint(4, ROWS)]


def held(done, crash):
    """Of a run with --unsure hold that left those in doubt alone."""
    assert done.status == (75 if crash.doubt else 0), done
    if crash.doubt:
        assert re.search(r"\b%d in doubt" % len(crash.doubt), done.err), done


@EVERY_WAY
@pytest.mark.parametrize("call, do", CALLS)
def test_run_that_is_killed_at_any_call_of_its_ledger_is_gone_on_with(mysend, relay, library, tmp_path, sessions, offers, call, do):
    tried = 0
    for at in points(sessions, offers, call, do, 20 * ROWS):
        there = relay(OFFERS[offers], "lax")
        batch = Batch(mysend, tmp_path / ("at%d" % at), addresses(ROWS))
        log, env = fault(batch, tmp_path, library, call, at, do)
        status, said = batch.run_to_death(relay=there, more=settings(sessions, WINDOW), env=env)
        crash = batch.ledger()
        judge_crash(there, crash)
        if not os.path.exists(log):
            assert status == 0 and crash.those("+") == set(batch.to), said
            break
        assert status == -9, said
        tried += 1
        if at % 3 == 0:
            before = copies(there)
            held(batch.run("--unsure", "hold", relay=there, more=settings(sessions, WINDOW)), crash)
            assert batch.ledger().doubt == crash.doubt and max(copies(there).values(), default=1) == 1
            assert all(copies(there)[to] == before[to] for to in crash.doubt)
        done = batch.run(relay=there, more=settings(sessions, WINDOW))
        assert done.status == 0, done
        judge(there, batch, crash, sessions * WINDOW, most_named(sessions, WINDOW))
    print("%d points" % tried)
    assert tried


@EVERY_WAY
def test_run_that_is_killed_at_any_time_is_gone_on_with(mysend, relay, tmp_path, sessions, offers):
    """At its own pace, and with the usual window."""
    rows, window, chance = 200, 16, random.Random("%d %s" % (sessions, offers))
    for number in range(30 if ALL else 2):
        there = relay(OFFERS[offers], "lax")
        batch = Batch(mysend, tmp_path / str(number), addresses(rows))
        at = chance.randint(0, rows - 1)
        run = batch.start(relay=there, more=settings(sessions, window))
        wait_for(lambda at=at, there=there, run=run: len(there.messages) >= at or run.process.poll() is not None, every=0.0005)
        run.kill()
        run.process.communicate()
        there.settle()
        crash = batch.ledger()
        judge_crash(there, crash)
        if number % 2:
            held(batch.run("--unsure", "hold", relay=there, more=settings(sessions, window)), crash)
            assert max(copies(there).values()) == 1
        done = batch.run(relay=there, more=settings(sessions, window))
        assert done.status == 0, done
        judge(there, batch, crash, sessions * window, most_named(sessions, window))


@pytest.mark.parametrize("sessions", SESSIONS)
def test_run_that_is_killed_again_and_again_comes_to_its_end(mysend, relay, library, tmp_path, sessions):
    """Also at what it does about those in doubt."""
    there, chance, most = relay(OFFERS["chunking"], "lax"), random.Random(sessions), 0
    batch = Batch(mysend, tmp_path / "batch", addresses(ROWS), kind="mbox")
    for _ in range(100):
        _, env = fault(batch, tmp_path, library, *chance.choice([("write", chance.randint(1, 30), "after"), ("sync", chance.randint(1, 12), "before")]))
        status, said = batch.run_to_death(relay=there, more=settings(sessions, WINDOW), env=env)
        judge_copies(there, batch.ledger())
        if status == 0:
            break
        most += 1
        assert status == -9, said
    assert status == 0 and most and batch.ledger().those("+") == set(batch.to) == set(copies(there))


@pytest.mark.parametrize("sessions, offers", [(1, "pipelining"), (4, "chunking"), (8, "neither")])
@pytest.mark.parametrize("stays", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("call", ["write", "sync"])
def test_run_whose_ledger_cannot_be_written_stops_before_the_next_mail(mysend, relay, library, tmp_path, call, error, stays, sessions, offers):
    """Once it fails no lease is had any more: so no mail leaves that has none. What was not noted is in doubt, by name."""
    for at in range(1, 20 * ROWS) if ALL else points(sessions, offers, call, error + str(stays), 0):
        there = relay(OFFERS[offers], "lax")
        batch = Batch(mysend, tmp_path / ("at%d" % at), addresses(ROWS))
        log, env = fault(batch, tmp_path, library, call, at, ERRORS[error], stays)
        done = batch.run(relay=there, more=settings(sessions, WINDOW), env=env)
        crash = batch.ledger()
        judge_crash(there, crash)
        if not os.path.exists(log):
            assert done.status == 0, done
            break
        assert done.status in (73, 75) and len(done.errors) >= 1 and "ledger" in done.err, done
        assert {"EIO": "Input/output error", "ENOSPC": "No space left"}[error] in done.err, done
        again = batch.run(relay=there, more=settings(sessions, WINDOW))
        assert again.status == 0, again
        judge(there, batch, crash, sessions * WINDOW, most_named(sessions, WINDOW))


def test_write_that_is_done_by_half_is_taken_back(mysend, relay, library, tmp_path):
    for at in range(1, 20 * ROWS) if ALL else (1, 2, 3, 9, 30):
        there = relay(OFFERS["chunking"], "lax")
        batch = Batch(mysend, tmp_path / ("at%d" % at), addresses(ROWS))
        log, env = fault(batch, tmp_path, library, "write", at, "short")
        done = batch.run(relay=there, more=settings(4, WINDOW), env=env)
        crash = batch.ledger()
        judge_crash(there, crash)
        assert done.status == (75 if os.path.exists(log) else 0), done
        assert os.path.getsize(batch.ledger_file) == 0 or batch.read("people.csv.ledger").endswith(b"\n")
        assert batch.run(relay=there, more=settings(4, WINDOW)).status == 0
        judge(there, batch, crash, 4 * WINDOW)
        if not os.path.exists(log):
            break


# --- the judge --------------------------------------------------------------------------------------

HEAD = b"mysend-ledger 1\tpeople.csv\t-\trecipients\tabc\n"


def lines(*said):
    return Ledger(HEAD + b"".join(b"\t".join([sign, b"1.000", to, to] + ([] if sign == b">" else [b"", b""])) + b"\n" for sign, to in said))


class Taken:
    def __init__(self, *to):
        self.transactions = [type("Mail", (), {"accepted": True, "recipients": [one], "body": b"Message-ID: <%s>\r\n" % one.encode()}) for one in to]
        self.script = type("Script", (), {"sink": False})


@pytest.mark.parametrize("said, got, wrong", [
    ([(b">", b"a@b")], ["a@b"], None), ([(b">", b"a@b"), (b"+", b"a@b")], ["a@b"], None),
    ([], ["a@b"], "no line says so"), ([(b">", b"a@b"), (b"+", b"a@b")], [], "accepted, and not"),
    ([(b">", b"a@b"), (b"~", b"a@b")], ["a@b"], "says that it has not"), ([(b">", b"a@b"), (b"-", b"a@b")], ["a@b"], "says that it has not"),
])
def test_judge_finds_a_ledger_that_lies(said, got, wrong):
    if wrong is None:
        judge_crash(Taken(*got), lines(*said))
        return
    with pytest.raises(AssertionError, match=wrong):
        judge_crash(Taken(*got), lines(*said))


def test_judge_finds_whom_nobody_named_and_who_is_lost():
    batch = type("Batch", (), {"to": ["a@b"], "ledger": lambda self: lines((b">", b"a@b"), (b">", b"a@b"), (b"+", b"a@b"))})()
    judge(Taken("a@b", "a@b"), batch, lines((b">", b"a@b")), 1)
    for there, crash, most, wrong in ((Taken("a@b", "a@b"), lines((b">", b"a@b"), (b"~", b"a@b")), 1, "not named"),
                                      (Taken("a@b", "a@b"), lines((b">", b"a@b")), 0, "at the most"),
                                      (Taken(), lines((b">", b"a@b")), 1, "lost"),
                                      (Taken("a@b", "a@b", "a@b"), lines((b">", b"a@b")), 1, "3 times")):
        with pytest.raises(AssertionError, match=wrong):
            judge(there, batch, crash, most)
