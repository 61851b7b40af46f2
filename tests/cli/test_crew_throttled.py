"""A relay that is sent too much: all sessions pause, go on slower, and no mail is refused or has had a try."""
import collections

import pytest

from spooled import fill

OFFERS = ["ehlo", "ehlo pipelining", "ehlo pipelining chunking"]


def got(there):
    return collections.Counter(address for mail in there.messages for address in mail.recipients)


@pytest.mark.parametrize("offers", OFFERS)
@pytest.mark.parametrize("stage", ["end", "mail", "rcpt"])
def test_mail_that_was_too_much_goes_in_the_same_run(spool, relay, offers, stage):
    fill(spool.top, 40)
    there = relay(offers, "throttle 20 " + stage, "lax")
    spool.run("-q", relay=there, more="sessions 4\nwindow 4\n").ok()
    assert len(got(there)) == 40 and set(got(there).values()) == {1} and spool.files() == []
    assert 0 < there.moods.throttled < 60


def test_421_that_speaks_of_the_rate_teaches_no_number_of_mails(spool, relay):
    fill(spool.top, 12)
    there = relay("ehlo pipelining", "mail ok ok ok '421 4.4.2 Message submission rate for this client has exceeded the configured limit' ok ok "
                  "'421 4.4.2 Message submission rate for this client has exceeded the configured limit' ok", "lax")
    spool.run("-q", relay=there, more="sessions 1\nwindow 1\n").ok()
    assert len(got(there)) == 12 and set(got(there).values()) == {1} and spool.files() == []
    assert len(there.sessions) == 3


@pytest.mark.parametrize("offers", OFFERS)
def test_session_that_is_one_too_many_leaves_and_its_mail_goes_over_the_others(spool, relay, offers):
    fill(spool.top, 12)
    there = relay(offers, "mail ok ok '452 4.3.2 too many connections from you' ok", "end 'sleep 0.05 && ok'", "bdat-last 'sleep 0.05 && ok'", "lax")
    spool.run("-q", relay=there, more="sessions 2\nwindow 1\n").ok()
    assert len(got(there)) == 12 and set(got(there).values()) == {1} and spool.files() == []
    assert len(there.sessions) == 2 and all(session.quit for session in there.sessions)


def test_words_of_one_session_teach_how_many_mails_go_in_one(spool, relay):
    fill(spool.top, 9)
    full = "'452 4.4.5 Maximum number of messages per session exceeded.'"
    there = relay("ehlo pipelining", "mail ok ok %s ok ok %s ok" % (full, full), "lax")
    spool.run("-q", relay=there, more="sessions 1\nwindow 1\n").ok()
    assert len(got(there)) == 9 and set(got(there).values()) == {1} and spool.files() == []
    assert [sum(1 for line in session.lines if line.text.startswith("MAIL")) for session in there.sessions] == [3, 3, 2, 2, 1]
