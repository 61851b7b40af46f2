"""The power goes while a batch runs: what the disk then has of the ledger names whoever may have got his mail.

The batch lies in an ext4 image, which is copied at that moment (disks.py): what was only in memory is not in the copy. There the same
command goes on. SWEEP=all cuts at each sync and each write. That a ledger which is not synced is found is tested, too."""
import os
import random

import pytest

from ledgers import OFFERS, Batch, addresses, copies, fault, judge, judge_crash, most_named, settings
from disks import Disk
from waiting import wait_for

ALL = os.environ.get("SWEEP") == "all"
WINDOW, ROWS = 4, 40


@pytest.fixture
def disk(mounts, tmp_path):
    return Disk(mounts, tmp_path)


def begin(mysend, disk, rows=ROWS):
    """A batch that is on the disk."""
    batch = Batch(mysend, os.path.join(disk.top, "batch"), addresses(rows), prefix=disk.mounts.prefix, seen=disk.mounts.seen)
    assert disk.mounts.run("sync", "-f", disk.top).returncode == 0
    return batch


def cut(disk, batch):
    """The batch as it is on the disk of after the power cut, and where that is mounted."""
    where = disk.start_again(disk.cut())
    return where, batch.moved(os.path.join(where, "batch"))


def go_on(there, disk, batch, sessions, window):
    where, after = cut(disk, batch)
    crash = after.ledger()
    judge_crash(there, crash)
    done = after.run(relay=there, more=settings(sessions, window))
    assert done.status == 0, done
    # What was answered since the last sync is in doubt again.
    judge(there, after, crash, most_named(sessions, window), most_named(sessions, window))
    disk.take_away(where)


def points(sessions, call):
    return range(1, 400) if ALL else [1, 2, 5, random.Random("%d %s" % (sessions, call)).randint(6, 9)]


@pytest.mark.parametrize("sessions, offers", [(1, "chunking"), (4, "pipelining"), (8, "chunking"), (4, "neither")])
@pytest.mark.parametrize("call, do", [("sync", "before"), ("sync", "after"), ("write", "after"), ("write", "half")])
def test_power_that_goes_at_any_call_of_the_ledger_loses_nobody(mysend, relay, library, tmp_path, disk, sessions, offers, call, do):
    batch, more = begin(mysend, disk), settings(sessions, WINDOW)
    for at in points(sessions, call):
        there = relay(OFFERS[offers], "lax")
        log, env = fault(batch, tmp_path, library, call, at, do)
        status, said = batch.run_to_death(relay=there, more=more, env=env)
        if not os.path.exists(log):
            assert status == 0, said
            break
        assert status == -9, said
        go_on(there, disk, batch, sessions, WINDOW)
        disk.mounts.run("sh", "-c", "rm -f %s/batch/people.csv.*" % disk.top)
        disk.mounts.run("sync", "-f", disk.top)
    assert at > 1


@pytest.mark.parametrize("sessions, offers", [(1, "chunking"), (8, "pipelining")])
def test_power_that_goes_at_any_time_loses_nobody(mysend, relay, disk, sessions, offers):
    """What was answered since the last sync is in doubt, too; that comes before a session waits for the relay."""
    rows, more, chance = 200, settings(sessions, 16), random.Random(sessions)
    batch = begin(mysend, disk, rows)
    for _ in range(12 if ALL else 2):
        at, there = chance.randint(1, rows - 1), relay(OFFERS[offers], "lax")
        run = batch.start(relay=there, more=more)
        wait_for(lambda at=at, there=there, run=run: len(there.messages) >= at or run.process.poll() is not None, every=0.0005)
        run.kill()
        run.process.communicate()
        there.settle()
        go_on(there, disk, batch, sessions, 16)
        disk.mounts.run("sh", "-c", "rm -f %s/batch/people.csv.*" % disk.top)
        disk.mounts.run("sync", "-f", disk.top)


def test_ledger_that_is_not_synced_is_found(mysend, relay, library, tmp_path, disk):
    """The control."""
    batch, there = begin(mysend, disk), relay(OFFERS["chunking"], "lax")
    log, env = fault(batch, tmp_path, library, "sync", 1, "skip")
    assert batch.run(relay=there, more=settings(1, WINDOW), env=env).status == 0 and os.path.exists(log)
    where, after = cut(disk, batch)
    with pytest.raises(AssertionError, match="no line says so"):
        judge_crash(there, after.ledger())
    assert len(copies(there)) == ROWS
    disk.take_away(where)
