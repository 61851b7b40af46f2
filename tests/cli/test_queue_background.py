"""Who submits in the background need not wait for the relay."""
import os
import select

import pytest

from given import WHOLE as TEXT
from waiting import PATIENCE, wait_for


@pytest.mark.parametrize("mode", ["-bs", "-bS"])
def test_smtp_client_need_not_wait_either(spool, relay, mode):
    there = relay("ehlo pipelining", 'greet "hold && ok"')
    script = b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nb\r\n.\r\nQUIT\r\n"
    done = spool.run(mode, "-odb", name="sendmail", stdin=script, relay=there, settle=False)
    assert done.status == 0 and not there.messages
    there.go()
    assert there.wait_for_message()
    wait_for(lambda: not spool.files())


def test_caller_need_not_wait_for_a_slow_relay(spool, relay):
    there = relay("ehlo pipelining", 'greet "hold && ok"')
    spool.run("-odb", "bob@example.org", stdin=TEXT, relay=there, settle=False).ok()
    assert not there.messages
    there.go()
    assert there.wait_for_message()
    wait_for(lambda: not spool.files())     # the child takes it out after the answer


def test_child_that_tries_keeps_nothing_of_the_caller_open(spool, relay):
    there = relay("ehlo pipelining", 'greet "hold && ok"')
    ours, theirs = os.pipe()
    spool.run("-odb", "bob@example.org", stdin=TEXT, relay=there, settle=False, pass_fds=(theirs,)).ok()
    os.close(theirs)
    assert select.select([ours], [], [], PATIENCE)[0] and os.read(ours, 1) == b"" and not there.messages
    os.close(ours)
    there.go()
    assert there.wait_for_message()
