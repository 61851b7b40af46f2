"""Whose turn it is with a mail: locks, where they work and where they fail, and runners that meet."""
import errno
import os

import pytest

from given import TO_BOB as TEXT
from waiting import wait_for


@pytest.fixture
def locks(library):
    path = library("locks")

    def env(**more):
        return {"LD_PRELOAD": path, **{"TEST_OF_" + name.upper(): str(value) for name, value in more.items()}}
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
    assert not there.messages and name in done.err and "No locks available" in done.err, done
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


@pytest.fixture
def late(spool, locks, tmp_path):
    """late(relay): a runner that has opened the first mail and comes to lock it when the function returned is called."""
    go = str(tmp_path / "go")

    def start(relay):
        run = spool.mysend.start("-q", config=spool.config(relay), env=locks(pause=1, go=go))
        wait_for(lambda: os.path.exists(go + ".here") or run.process.poll() is not None)
        assert run.process.poll() is None

        def goes_on():
            with open(go, "w", encoding="ascii"):
                pass
            return run.finish()
        return goes_on
    return start


def test_runner_that_comes_late_to_the_lock_does_not_send_what_is_gone(spool, relay, late):
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    there = relay()
    goes_on = late(there)
    spool.run("-q", relay=there, settle=False).ok()
    goes_on().ok()
    assert len(there.messages) == 1 and spool.files() == []


def test_runner_that_comes_late_to_the_lock_does_not_send_what_was_given_up(spool, relay, late):
    """Another has sent the mail to one, given it up for the other, and moved it."""
    spool.run("-odq", "-f", "", "good@example.org", "bad@example.org", stdin=TEXT).ok()
    there = relay("ehlo pipelining", 'rcpt-to bad@example.org "550 5.1.1 nobody"', "lax")
    goes_on = late(there)
    assert "is given up" in spool.run("-q", relay=there, settle=False).err and len(spool.names("failed")) == 1
    goes_on().ok()
    assert [mail.recipients for mail in there.messages] == [["good@example.org"]]
    assert len(spool.names("failed")) == 1 and spool.names() == []


@pytest.mark.parametrize("looks", [["mailq"], ["mysend", "-qRnobody"], ["mysend", "-q"], ["mysend", "-qI0123456789abcdefghjkmnpqrs"]])
def test_nobody_who_only_looks_keeps_a_mail_from_being_sent(spool, relay, locks, tmp_path, looks):
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    name, there, go = spool.names()[0], relay(), str(tmp_path / "go")
    spool.run("--queue-hold", name).ok()
    looker = spool.mysend.start(*looks[1:], name=looks[0], config=spool.config(there), env=locks(hold=400, go=go))
    wait_for(lambda: os.path.exists(go + ".here") or looker.process.poll() is not None)
    spool.run("--queue-release", name, relay=there, settle=False).ok()
    spool.run("-qI" + name, relay=there, settle=False).ok()
    assert looker.finish().status == 0 and there.message and spool.files() == []


def test_name_in_whole_is_gone_to_straight(spool, relay):
    for _ in range(2):
        spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    one, two = spool.names()
    with open(os.path.join(spool.top, "queue", two), "w", encoding="ascii") as out:
        out.write("garbage")
    there = relay()
    spool.run("-qI" + one, relay=there).ok()
    assert there.message and spool.names() == [two], "the other was looked at"
