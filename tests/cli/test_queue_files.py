"""What lies in the spool: whose files are taken for mail, what is moved aside, what a crash or a full disk leaves."""
import os
import re
import resource
import time

import pytest

from given import WHOLE as TEXT
from spools import Spool


@pytest.mark.parametrize("name", ["", ".state"])
def test_mail_of_another_version_stays_where_it_is_and_is_named(spool, relay, name):
    spool.run("bob@example.org", stdin=TEXT).ok()
    path = os.path.join(spool.top, "queue", spool.names()[0] + name)
    with open(path, "rb") as text:
        data = re.sub(rb"^(mysend-\w+) 1\n", rb"\1 4\n", text.read())
    with open(path, "wb") as out:
        out.write(data)
    there = relay()
    done = spool.run("-qf", relay=there)
    assert done.status == 0 and "another version" in done.err and not there.messages and len(spool.names()) == 1 and spool.names("failed") == []


@pytest.mark.parametrize("change", [lambda text: text.replace(b"mysend-mail 1", b"mysend-note 1"), lambda text: text[:-3], lambda text: b"", lambda text: text + b"more",
                                    lambda text: text.replace(b"Recipient", b"Rezipient")])
def test_file_that_was_changed_is_moved_aside_and_named_and_never_sent(spool, relay, change):
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    name = spool.names()[0]
    path = os.path.join(spool.top, "queue", name)
    with open(path, "rb") as text:
        old = text.read()
    with open(path, "wb") as out:
        out.write(change(old))
    there = relay()
    done = spool.run("-qf", relay=there)
    assert name in done.err and not there.sessions and spool.names() == [] and spool.names("failed") == [name]


@pytest.mark.parametrize("folder", ["", "tmp", "queue", "failed"])
def test_spool_that_others_may_write_is_refused(spool, folder):
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    os.chmod(os.path.join(spool.top, folder), 0o777)
    done = spool.run("bob@example.org", stdin=TEXT)
    assert done.status == 75 and "spool %s is refused: others than we may write there" % os.path.join(spool.top, folder).rstrip("/") in done.err and len(spool.names()) == 1
    assert spool.run("-q").status != 0


def test_state_of_what_was_given_up_is_not_swept_away_from_it(spool, relay):
    """A crash between the two, or another runner that comes between."""
    spool.run("-odq", "-f", "", "bob@example.org", stdin=TEXT).ok()
    spool.run("-q", relay=relay("ehlo pipelining 8bitmime", "rcpt 550"))
    name, = spool.names("failed")
    os.rename(os.path.join(spool.top, "failed", name + ".state"), os.path.join(spool.top, "queue", name + ".state"))
    spool.run("-q").ok()
    assert "(given up after 1 try: RCPT TO to 127.0.0.1:" in spool.run("-bp").out and os.listdir(os.path.join(spool.top, "queue")) == []


def test_state_of_what_was_given_up_goes_when_its_mail_has_gone_and_not_before(spool, relay):
    for i in range(3):
        spool.run("-odq", "-f", "", "u%d@example.org" % i, stdin=TEXT).ok()
    spool.run("-q", relay=relay("ehlo pipelining 8bitmime", "rcpt 550"))
    gone, stays, back = spool.names("failed")
    os.unlink(os.path.join(spool.top, "failed", gone))      # killed between the mail and its state
    os.rename(os.path.join(spool.top, "failed", back), os.path.join(spool.top, "queue", back))      # by hand; the rest is to follow
    spool.run("--queue-hold", back).ok()
    spool.run("-q").ok()
    assert sorted(os.listdir(os.path.join(spool.top, "failed"))) == [stays, stays + ".state", back + ".state"]


def test_disk_without_room_is_75_and_leaves_nothing_half_written(mysend, relay, tmp_path):
    """RLIMIT_FSIZE stands for it: a write that comes back short, then EFBIG."""
    spool = Spool(mysend, tmp_path / "spool")
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    done = spool.run("bob@example.org", stdin=TEXT + b"x" * 70 * 2000 + b"\n", before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000)))
    assert done.status == 75 and "it cannot wait" in done.err, done
    assert len(spool.names()) == 1 and os.listdir(os.path.join(spool.top, "tmp")) == []


def test_what_a_crash_has_left_is_swept_when_it_is_old(spool):
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    for name, age in (("0123456789abcdefghjkmnpqrs", 7200), ("0123456789abcdefghjkmnpqrt", 10)):
        path = os.path.join(spool.top, "tmp", name)
        with open(path, "w", encoding="ascii") as out:
            out.write("half")
        os.utime(path, (time.time() - age, time.time() - age))
    with open(os.path.join(spool.top, "queue", "0123456789abcdefghjkmnpqrs.state"), "w", encoding="ascii") as out:
        out.write("x")
    spool.run("-q").ok()
    assert os.listdir(os.path.join(spool.top, "tmp")) == ["0123456789abcdefghjkmnpqrt"]
    assert sorted(os.listdir(os.path.join(spool.top, "queue"))) == sorted(spool.names() + [spool.names()[0] + ".state"])
