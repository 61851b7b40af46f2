"""On a terminal, whatever takes longer than two seconds says so, and wipes it away; elsewhere nothing is said."""
import os
import pty

import pytest

from given import PLAIN as TEXT

SLOW = 'mail "sleep 3 && ok"'


def on_a_terminal(mysend, relay, *args):
    """What a terminal on standard error got to see."""
    ours, theirs = pty.openpty()
    run = mysend.start(*args, "bob@example.org", relay=relay, stderr=theirs)
    os.close(theirs)
    result = run.finish(TEXT)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        seen += piece
    os.close(ours)
    return result.status, seen


@pytest.mark.parametrize("args", [(), ("-oeq",)])
def test_a_terminal_is_told_of_a_wait_over_two_seconds_unless_quiet(mysend, relay, args):
    one = relay(SLOW)
    status, seen = on_a_terminal(mysend, one, *args)
    assert status == 0 and len(one.messages) == 1
    if args:
        assert seen == b""
    else:
        assert b"%s:%d: waiting, 2 s" % (one.host.encode(), one.port) in seen
        assert seen.endswith(b"\r\x1b[K")  # nothing stays


def test_a_terminal_sees_nothing_of_a_message_that_goes_out_at_once(mysend, relay):
    assert on_a_terminal(mysend, relay()) == (0, b"")


def test_standard_error_that_is_no_terminal_sees_no_progress(mysend, relay):
    mysend("bob@example.org", stdin=TEXT, relay=relay(SLOW)).ok()
