"""On a terminal, whatever takes longer than two seconds says so, and wipes it away; elsewhere nothing is said."""
import os
import pty
import select

from given import PLAIN as TEXT
from waiting import PATIENCE

SLOW = 'mail "sleep 3 && ok"'


def on_a_terminal(mysend, relay, *args, until=b""):
    """What a terminal on standard error got to see; where that is waited for, the relay goes on then."""
    ours, theirs = pty.openpty()
    run = mysend.start(*args, "bob@example.org", relay=relay, stderr=theirs)
    os.close(theirs)
    run.process.stdin.write(TEXT)
    run.process.stdin.close()
    run.process.stdin = None
    seen = b""
    while select.select([ours], [], [], PATIENCE)[0]:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        seen += piece
        if until in seen:
            relay.go()
    relay.go()
    result = run.finish(None)
    os.close(ours)
    return result.status, seen


def test_a_terminal_is_told_of_a_wait_over_two_seconds(mysend, relay):
    one = relay('mail "hold && ok"')
    wanted = b"%s:%d: waiting, 2 s" % (one.host.encode(), one.port)
    status, seen = on_a_terminal(mysend, one, until=wanted)
    assert status == 0 and len(one.messages) == 1
    assert wanted in seen and seen.endswith(b"\r\x1b[K"), seen  # nothing stays


def test_a_terminal_is_told_of_no_wait_where_it_is_to_be_quiet(mysend, relay):
    one = relay(SLOW)
    assert on_a_terminal(mysend, one, "-oeq") == (0, b"") and len(one.messages) == 1


def test_a_terminal_sees_nothing_of_a_message_that_goes_out_at_once(mysend, relay):
    assert on_a_terminal(mysend, relay()) == (0, b"")


def test_standard_error_that_is_no_terminal_sees_no_progress(mysend, relay):
    mysend("bob@example.org", stdin=TEXT, relay=relay(SLOW)).ok()
