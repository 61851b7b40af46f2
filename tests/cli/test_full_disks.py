"""Disks that are full, read-only, out of inodes, or take half of what is written: who is told yes was told the truth.

Who is told no gets 75 or 73 and a sentence, and nothing of his mail stays; what was accepted before stays whole, and goes out once."""
import errno
import os
import re

import pytest
from given import WHOLE as TEXT
from disks import Disk, OnDisk
from spools import Spool


def check(spool, promised, relay, again=1):
    """Each mail in the queue is as long as it says, nothing is half-written, and all that was promised goes out as it was, once."""
    top = spool.mounts.seen(spool.top) if hasattr(spool, "mounts") else spool.top
    for name in spool.names():
        with open(os.path.join(top, "queue", name), "rb") as text:
            head, _, message = text.read().partition(b"\n\n")
        assert int(re.search(rb"(?m)^Size: (\d+)$", head).group(1)) == len(message), name
    assert os.listdir(os.path.join(top, "tmp")) == []
    there = relay("ehlo pipelining chunking 8bitmime")
    for _ in range(again):
        assert spool.run("-qf", relay=there).status == 0
    assert sorted((mail.recipients[0], mail.body) for mail in there.messages) == sorted(promised.items())
    assert spool.names() == [] and spool.names("failed") == []


def message_of(spool, to, text):
    return spool.mysend("--dry-run", "-i", to, stdin=text, config=spool.config()).message


def submit_until_no(spool, size, most=3000):
    """Submits until there is no more room; what was promised, and what the last was told."""
    promised = {}
    for i in range(most):
        to, text = "u%d@example.org" % i, TEXT + b"0123456789\n" * (size // 11)
        done = spool.run("-odq", "-i", to, stdin=text)
        if done.status:
            return promised, done
        assert not done.err, done
        promised[to] = message_of(spool, to, text)
    raise AssertionError("it is never full")


def assert_told(done, what):
    assert done.status in (73, 75) and "Traceback" not in done.err, done
    assert len(done.errors) == 1 and len(done.err.splitlines()) <= 3 and what in done.err, done


# --- half a write ---------------------------------------------------------------------------------

@pytest.mark.parametrize("then", [0, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_write_that_is_done_by_half_is_gone_on_with_or_told(mysend, relay, library, tmp_path, then):
    spool, points, text = Spool(mysend, tmp_path / "spool"), 0, TEXT + b"0123456789\n" * 14000
    env = {"LD_PRELOAD": library("short"), "SHORT_BELOW": str(tmp_path / "spool"), "SHORT_LOG": str(tmp_path / "log"), "SHORT_THEN": str(then)}
    said = []
    while True:
        promised = {}
        spool.run("-odq", "-i", "before@example.org", stdin=TEXT).ok()
        promised["before@example.org"] = message_of(spool, "before@example.org", TEXT)
        done = spool.run("-i", "bob@example.org", stdin=text, env=dict(env, SHORT_AT=str(points + 1)))
        if done.status == 0:
            assert not done.err
            promised["bob@example.org"] = message_of(spool, "bob@example.org", text)
        else:
            assert_told(done, "it cannot wait")
        said.append(done.status)
        check(spool, promised, relay)
        if not os.path.exists(tmp_path / "log"):
            break
        os.unlink(tmp_path / "log")
        points += 1
    print("%d points" % points)
    assert points > 3 and (not any(said) if then == 0 else 75 in said)


@pytest.mark.parametrize("then", [0, errno.ENOSPC])
def test_state_that_is_written_by_half_does_not_replace_the_whole_one(mysend, relay, library, tmp_path, then):
    spool = Spool(mysend, tmp_path / "spool")
    env = {"LD_PRELOAD": library("short"), "SHORT_BELOW": str(tmp_path / "spool"), "SHORT_LOG": str(tmp_path / "log"), "SHORT_THEN": str(then)}
    spool.run("-odq", "-i", "a@example.org", "b@example.org", stdin=TEXT).ok()
    spool.run("-qf", relay=relay("ehlo pipelining 8bitmime", "rcpt 250 450")).ok()
    for nth in (1, 2, 3):
        done = spool.run("-qf", relay=relay("ehlo pipelining 8bitmime", "rcpt 450"), env=dict(env, SHORT_AT=str(nth)))
        assert done.status == 0
    assert os.path.exists(tmp_path / "log") and os.listdir(os.path.join(spool.top, "tmp")) == []
    there = relay("ehlo pipelining 8bitmime")
    spool.run("-qf", relay=there).ok()
    assert there.message.recipients == ["b@example.org"] and spool.files() == []


# --- a real disk ----------------------------------------------------------------------------------

@pytest.fixture
def small(mysend, mounts, tmp_path):
    """small(options of tmpfs) -> a spool on one; kind "ext4": on a real file system of 32 MB."""
    def make(options):
        if options == "ext4":
            return OnDisk(mysend, mounts, Disk(mounts, tmp_path).top)
        top = str(tmp_path / "small")
        mounts.mount("tmpfs", top, "-o", "mode=755," + options, kind="tmpfs")
        return OnDisk(mysend, mounts, top)
    return make


@pytest.mark.parametrize("options, size, what", [("size=256k", 100, "No space left"), ("size=256k", 20000, "No space left"), ("size=1m", 70000, "No space left"),
                                                 ("size=1m,nr_inodes=30", 100, "No space left"), ("ext4", 3 << 20, "No space left")])
def test_full_disk_is_told_and_what_was_accepted_stays_whole(small, relay, options, size, what):
    spool = small(options)
    promised, done = submit_until_no(spool, size)
    assert len(promised) > 2
    assert_told(done, what)
    for _ in range(3):
        assert_told(spool.run("-i", "more@example.org", stdin=TEXT + b"0123456789\n" * (size // 11)), what)
    assert len(spool.names()) == len(promised)
    # To look needs no room, and neither does a relay that is down for all of them.
    assert spool.run("-bp").out.count("waits") == len(promised)
    assert spool.run("-qf").status == 0
    check(spool, promised, relay)


def test_first_mail_on_a_disk_without_room_leaves_nothing(small, relay):
    for number, options in enumerate(("size=4k", "nr_inodes=2,size=1m", "nr_inodes=4,size=1m")):
        spool = small(options)
        assert_told(spool.run("-i", "bob@example.org", stdin=TEXT + (b"x" * 69 + b"\n") * 100), "No space left")
        assert spool.names() == [] and spool.names("tmp") == [], number
        spool.mounts.unmount(os.path.dirname(spool.top))


def test_read_only_disk_is_told_and_what_is_there_is_neither_lost_nor_sent(small, relay):
    """Sent, it could not be taken out, and would be sent again by every run."""
    spool, promised, there = small("size=1m"), {}, relay("ehlo pipelining 8bitmime")
    for i in range(3):
        promised["u%d@example.org" % i] = message_of(spool, "u%d@example.org" % i, TEXT)
        spool.run("-odq", "-i", "u%d@example.org" % i, stdin=TEXT).ok()
    top = os.path.dirname(spool.top)
    assert spool.mounts.run("mount", "-o", "remount,ro", top).returncode == 0
    assert_told(spool.run("-i", "bob@example.org", stdin=TEXT), "Read-only file system")
    assert spool.run("-bp").out.count("waits") == 3
    done = spool.run("-qf", relay=there)
    assert not there.sessions and "Read-only file system" in done.err, done
    assert spool.mounts.run("mount", "-o", "remount,rw", top).returncode == 0
    check(spool, promised, relay)


def test_full_disk_sends_nobody_anything_twice(small, relay):
    """Who has it cannot be written down: so mail to several waits until there is room; mail to one makes some."""
    spool = small("size=256k")
    spool.run("-odq", "-i", "a@example.org", "b@example.org", stdin=TEXT).ok()
    promised, _ = submit_until_no(spool, 100)
    there = relay("ehlo pipelining 8bitmime", "rcpt-to b@example.org 450", *("rcpt-to %s 450" % to for to in promised))
    for _ in range(3):
        assert spool.run("-qf", relay=there).status == 0
    assert [mail.recipients for mail in there.messages] in ([], [["a@example.org"]])
    there = relay("ehlo pipelining 8bitmime", "rcpt-to b@example.org 450", "mail 451 250")
    for _ in range(4):
        assert spool.run("-qf", relay=there).status == 0
    got = [to for mail in there.messages for to in mail.recipients]
    assert sorted(got) == sorted([*promised, "a@example.org"])
