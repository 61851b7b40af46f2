"""Who submits in the background need not wait for the relay."""
import os
import time

import pytest

from spools import TEXT


@pytest.mark.parametrize("mode", ["-bs", "-bS"])
def test_smtp_client_need_not_wait_either(spool, relay, mode):
    there = relay("ehlo pipelining", 'greet "sleep 1 && ok"')
    script = b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nb\r\n.\r\nQUIT\r\n"
    began = time.monotonic()
    done = spool.run(mode, "-odb", name="sendmail", stdin=script, relay=there, settle=False)
    assert done.status == 0 and time.monotonic() - began < 1 and not there.messages
    assert there.wait_for_message(20)
    while spool.files():
        assert time.monotonic() - began < 20
        time.sleep(0.02)


def test_caller_need_not_wait_for_a_slow_relay(spool, relay):
    there = relay("ehlo pipelining", 'greet "sleep 1 && ok"')
    began = time.monotonic()
    spool.run("-odb", "bob@example.org", stdin=TEXT, relay=there, settle=False).ok()
    assert time.monotonic() - began < 1 and not there.messages
    assert there.wait_for_message(20)
    while spool.files():        # the child takes it out after the answer
        assert time.monotonic() - began < 20
        time.sleep(0.02)


def test_child_that_tries_keeps_nothing_of_the_caller_open(spool, relay):
    there = relay("ehlo pipelining", 'greet "sleep 3 && ok"')
    ours, theirs = os.pipe()
    began = time.monotonic()
    spool.run("-odb", "bob@example.org", stdin=TEXT, relay=there, settle=False, pass_fds=(theirs,)).ok()
    os.close(theirs)
    assert os.read(ours, 1) == b"" and time.monotonic() - began < 2
    os.close(ours)
    assert there.wait_for_message(20)
