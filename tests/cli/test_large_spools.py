"""A spool of 100,000 mails: what waits is listed at once, and a runner stays small. MAILS=N: so many."""
import os
import re
import time

import pytest
from spooled import fill
from spools import Spool
from waiting import PATIENCE, SOON, wait_for

MAILS = int(os.environ.get("MAILS", "100000"))
MOST = 64 * 1024        # KiB that a runner may need

@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A spool that the tests of this file share; each leaves nearly all of it."""
    top = str(tmp_path_factory.mktemp("large") / "spool")
    fill(top, MAILS)
    return top


@pytest.fixture
def spool(mysend, large):
    return Spool(mysend, large)


def test_listing_begins_at_once(spool):
    began = time.monotonic()
    run = spool.mysend.start(name="mailq", config=spool.config())
    first = run.process.stdout.readline()
    to_first = time.monotonic() - began
    done = run.finish(b"")
    print("%d mails: the first line of mailq after %.2f s, the last after %.2f s" % (MAILS, to_first, time.monotonic() - began))
    assert re.match(rb"[0-9a-z]{26} +\d+ ", first) and to_first < SOON
    assert done.out.endswith(" in %d Requests.\n" % MAILS) and done.out.count("u777@example.org") == 1


def test_listing_that_nobody_reads_to_its_end_ends(spool):
    run = spool.mysend.start(name="mailq", config=spool.config())
    assert run.process.stdout.readline()
    run.process.stdout.close()
    said = run.process.stderr.read().decode()
    assert run.process.wait(PATIENCE) in (0, 74) and "No such file" not in said, said
    run.process.stdin.close()
    run.process.stderr.close()


def peak_of(run):
    with open("/proc/%d/status" % run.process.pid, encoding="ascii") as text:
        return int(re.search(r"VmHWM:\s+(\d+) kB", text.read()).group(1))


def test_runner_stays_small_when_the_relay_is_down(spool):
    """Until a twentieth has been tried, for each gets its state on the disk; what it needs for one must not stay."""
    run, share = spool.mysend.start("-qf", config=spool.config()), MAILS // 20
    began, peak, queue = time.monotonic(), [], os.path.join(spool.top, "queue")
    for part in (share // 4, share):
        wait_for(lambda: len(os.listdir(queue)) - MAILS >= part or run.process.poll() is not None, "a share", 4 * PATIENCE, 0.2)
        assert run.process.poll() is None
        peak.append(peak_of(run))
    run.process.terminate()
    run.process.communicate()
    print("%d mails, relay down, %d of them tried: %d KiB, before that %d; %.2f s" % (MAILS, share, peak[1], peak[0], time.monotonic() - began))
    assert len(spool.names()) == MAILS
    if not spool.mysend.sanitized:
        assert peak[1] < MOST and peak[1] - peak[0] < MOST / 20, peak


def test_runner_stays_small_while_it_sends(spool, relay):
    """Until a twentieth is sent: what it needs for one must not stay. The rest of it takes a while; tests/bench/run does it all."""
    there, share = relay("ehlo pipelining chunking 8bitmime", "sink"), MAILS // 20
    run = spool.mysend.start("-qf", config=spool.config(there))
    began, peak = time.monotonic(), []
    for part in (share // 4, share):
        wait_for(lambda: there.queued >= part or run.process.poll() is not None, patience=4 * PATIENCE)
        assert run.process.poll() is None
        peak.append(peak_of(run))
    took = time.monotonic() - began
    run.process.terminate()
    run.process.communicate()
    there.settle()
    print("%d mails, %d of them sent: %d KiB, before that %d; %.2f s" % (MAILS, there.queued, peak[1], peak[0], took))
    # What was under way when it was ended may be there still: nothing else may.
    left, sent = len(spool.names()), {mail.rcpts[0][0] for mail in there.messages}
    assert MAILS - len(sent) <= left <= MAILS - len(sent) + 100
    if not spool.mysend.sanitized:
        assert peak[1] < MOST and peak[1] - peak[0] < MOST / 20, peak
