"""Whose turn it is with a mail: locks, where they work and where they fail, and runners that meet."""
import errno
import os
import re
import time

import pytest

from preload import library

LAST = 2        # the lock that a runner takes to send
TEXT = b"Subject: x\nFrom: a@b.example\nTo: bob@example.org\n\ntext\n"


@pytest.fixture
def locks(mysend):
    path = library(mysend, "locks")

    def env(**more):
        return {"LD_PRELOAD": path, **{"MYSEND_TEST_" + name.upper(): str(value) for name, value in more.items()}}
    return env


def test_locks_that_want_a_file_that_may_be_written_are_had_as_on_nfs(spool, relay, locks):
    spool.run("-odq", "bob@example.org", stdin=TEXT, env=locks(flock="nfs")).ok()
    there = relay()
    spool.run("-q", relay=there, env=locks(flock="nfs")).ok()
    assert there.message and spool.files() == []


def test_lock_that_fails_is_told_and_the_mail_waits(spool, relay, locks):
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    there, name = relay(), spool.names()[0]
    done = spool.run("-q", relay=there, env=locks(flock=errno.ENOLCK))
    assert not there.sessions and name in done.err and "No locks available" in done.err, done
    assert spool.names() == [name]
    said = spool.run("--queue-hold", name, env=locks(flock=errno.ENOLCK))
    assert said.status != 0 and "No locks available" in said.err


@pytest.mark.parametrize("error", ["EIO", "ESTALE", "ENOMEM"])
def test_mail_that_cannot_be_read_now_is_named_and_stays_in_the_queue(spool, relay, locks, error):
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    there, name = relay(), spool.names()[0]
    done = spool.run("-q", relay=there, env=locks(pread=getattr(errno, error)))
    assert name in done.err and not there.sessions and spool.names() == [name] and spool.names("failed") == [], done
    spool.run("-q", relay=there).ok()
    assert there.message and spool.files() == []


def test_runner_that_comes_late_to_the_lock_does_not_send_what_was_given_up(spool, relay, locks, tmp_path):
    """It has opened the file, another sends the mail to one, gives it up for the other and moves it, and then the lock is free."""
    spool.run("-odq", "-f", "", "good@example.org", "bad@example.org", stdin=TEXT).ok()
    there, go = relay("ehlo pipelining", 'rcpt-to bad@example.org "550 5.1.1 nobody"', "lax"), str(tmp_path / "go")
    late = spool.mysend.start("-q", config=spool.config(there), env=locks(pause=LAST, go=go))
    began = time.monotonic()
    while not os.path.exists(go + ".here"):
        assert time.monotonic() - began < 20 and late.process.poll() is None
        time.sleep(0.01)
    assert "is given up" in spool.run("-q", relay=there, settle=False).err and len(spool.names("failed")) == 1
    with open(go, "w", encoding="ascii"):
        pass
    done = late.finish()
    assert done.status == 0 and done.err == "" and [mail.recipients for mail in there.messages] == [["good@example.org"]], done
    assert len(spool.names("failed")) == 1 and spool.names() == []
