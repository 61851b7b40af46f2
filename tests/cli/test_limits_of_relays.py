"""Answers that are about how much we send are no refusals of the mail: it waits, and a hint tells what to set."""
import pytest

from given import FROM_ANN as TEXT

TODAY = '"550 5.4.5 Daily user sending limit exceeded."'
CUSTOMER = '"550 5.7.1 Daily SMTP relay limit exceeded for customer."'


@pytest.mark.parametrize("part", ["end " + TODAY, "mail " + CUSTOMER, "rcpt " + TODAY])
def test_daily_limit_puts_mail_into_the_queue_and_no_bounce_is_made(spool, relay, part):
    there = relay("ehlo pipelining", part, "lax")
    spool.run("u@example.org", relay=there, stdin=TEXT).ok()
    assert len(spool.names()) == 1
    listed = spool.run(name="mailq").out
    assert "Daily" in listed and "limit exceeded" in listed


def test_daily_limit_in_a_run_of_the_queue_bounces_nothing(spool, relay):
    for i in range(3):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay("ehlo pipelining", "end " + TODAY, "lax")
    spool.run("-q", relay=there).ok()
    assert len(spool.names()) == 3 and not there.messages
    again = relay("ehlo pipelining")
    spool.run("-qf", relay=again).ok()
    assert sorted(mail.recipients[0] for mail in again.messages) == ["u0@example.org", "u1@example.org", "u2@example.org"] and spool.files() == []


def test_without_a_queue_another_try_is_worth_it_and_a_hint_names_the_setting(mysend, relay):
    there = relay("end " + TODAY)
    done = mysend("--queue=off", "u@example.org", relay=there, stdin=TEXT)
    assert "Daily user sending limit exceeded" in done.failed(75) and "rate 500/day" in done.err


def test_full_mailbox_is_still_a_refusal(spool, relay):
    there = relay("rcpt '552 5.2.2 quota exceeded, daily limit of this mailbox'", "lax")
    done = spool.run("u@example.org", relay=there, stdin=TEXT)
    assert done.status != 0 and done.status != 75 and spool.names() == []
