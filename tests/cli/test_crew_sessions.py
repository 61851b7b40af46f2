"""How many mails go in one session: as many as the setting says, or as the relay has shown that it takes."""
import collections

import pytest

from spooled import fill

OFFERS = ["ehlo", "ehlo pipelining", "ehlo pipelining chunking"]


def got(there):
    return collections.Counter(address for mail in there.messages for address in mail.recipients)


def mails_of_sessions(there):
    return [sum(1 for line in session.lines if line.text.upper().startswith("MAIL ")) for session in there.sessions]


@pytest.mark.parametrize("offers", OFFERS)
@pytest.mark.parametrize("sessions", [1, 4])
def test_session_says_goodbye_after_as_many_mails_as_the_setting_has(spool, relay, offers, sessions):
    fill(spool.top, 22)
    there = relay(offers)
    spool.run("-q", relay=there, more="max_per_connection 5\nwindow 4\nsessions %d\n" % sessions).ok()
    assert len(got(there)) == 22 and set(got(there).values()) == {1} and spool.files() == []
    assert max(mails_of_sessions(there)) == 5 and all(session.quit for session in there.sessions)
    if sessions == 1:
        assert mails_of_sessions(there) == [5, 5, 5, 5, 2]


@pytest.mark.parametrize("offers", OFFERS)
def test_number_that_two_sessions_ended_after_is_not_tried_again(spool, relay, offers):
    fill(spool.top, 30)
    there = relay(offers, "mails 6", "lax")
    spool.run("-q", relay=there, more="sessions 1\n").ok()
    assert len(got(there)) == 30 and set(got(there).values()) == {1} and spool.files() == []
    assert [session.quit for session in there.sessions] == [False, False, True, True, True]
    assert mails_of_sessions(there)[2:] == [6, 6, 6]
