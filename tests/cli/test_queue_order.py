"""A session that is lost midway: whose mail it was lost at has had its try, and the others are not kept from theirs."""
import pytest

from given import FROM_ANN as TEXT


def put(spool, *names):
    for name in names:
        spool.run("-odq", name + "@example.org", stdin=TEXT).ok()


def got(relay):
    return [address.split("@")[0] for mail in relay.messages for address in mail.recipients]


@pytest.mark.parametrize("parts", [["ehlo"], ["ehlo pipelining"]])
def test_mail_at_which_the_relay_hangs_up_does_not_keep_the_others_waiting(spool, relay, parts):
    put(spool, "bad", "u0", "u1", "u2")
    there = relay(*parts, "rcpt-to bad@example.org drop")
    spool.run("-q", relay=there).ok()
    listed = spool.run(name="mailq").out
    assert got(there) == ["u0", "u1", "u2"] and len(there.sessions) == 2 and len(spool.names()) == 1
    assert "(1 try, " in listed and "the relay closed the connection" in listed


def test_several_at_which_the_relay_hangs_up_end_a_few_sessions(spool, relay):
    put(spool, "u0", "bad1", "u1", "bad2", "u2", "bad3", "u3")
    there = relay("ehlo pipelining", "rcpt-to bad1@example.org drop", "rcpt-to bad2@example.org drop", "rcpt-to bad3@example.org drop")
    spool.run("-q", relay=there).ok()
    assert got(there) == ["u0", "u1", "u2", "u3"] and len(there.sessions) == 4 and spool.run(name="mailq").out.count("(1 try, ") == 3


def test_relay_that_hangs_up_each_time_is_asked_twice_a_run_and_each_mail_has_its_turn(spool, relay):
    put(spool, "bad0", "bad1", "bad2", "bad3", "u0")
    there = relay("ehlo pipelining", *["rcpt-to bad%d@example.org drop" % i for i in range(4)])
    for sessions in (2, 4, 5):
        spool.run("-q", relay=there).ok()
        assert len(there.sessions) == sessions
    assert got(there) == ["u0"] and spool.run(name="mailq").out.count("(1 try, ") == 4


def test_those_in_doubt_with_it_go_alone_the_next_time(spool, relay):
    put(spool, "good", "bad", "u0", "u1", "u2")
    there = relay("ehlo pipelining chunking", "rcpt-to bad@example.org drop")
    spool.run("-q", relay=there).ok()
    assert got(there) == ["good"] and spool.run(name="mailq").out.count("unsure") == 4
    put(spool, "u3")
    spool.run("-qf", relay=there).ok()
    spool.run("-qf", relay=there).ok()
    assert got(there)[1] == "u3" and sorted(got(there)[1:]) == ["u0", "u1", "u2", "u3"] and len(spool.names()) == 1


def test_relay_that_asks_us_to_go_before_any_mail_is_come_back_to_once(spool, relay):
    put(spool, "u0", "u1", "u2", "u3", "u4")
    there = relay("ehlo", "mail 421")
    spool.run("-q", relay=there).ok()
    assert not there.messages and len(there.sessions) == 2
    assert spool.run(name="mailq").out.count("(1 try, ") == 2 and len(spool.names()) == 5


@pytest.mark.parametrize("offers", ["ehlo", "ehlo pipelining", "ehlo pipelining chunking"])
def test_relay_that_takes_so_many_mails_a_session_gets_all_and_no_mail_has_had_a_try(spool, relay, offers):
    """421 to each third MAIL; the third session ends by itself, before it is told to."""
    put(spool, "u0", "u1", "u2", "u3", "u4", "u5", "u6")
    there = relay(offers, "mail ok ok 421 ok ok 421 ok", "lax")
    spool.run("-q", relay=there, more="sessions 1\n").ok()
    assert got(there) == ["u0", "u1", "u2", "u3", "u4", "u5", "u6"] and not spool.files()
    assert [len(session.transactions) for session in there.sessions if session.transactions][2:] == [2, 1], "2 is what it takes"
    assert all(session.quit for session in there.sessions[2:])


def test_relay_that_lets_nobody_in_again_has_put_off_all(spool, relay):
    put(spool, "u0", "u1", "u2")
    there = relay("ehlo", "greet ok 421", "mail ok drop")
    spool.run("-q", relay=there).ok()
    assert got(there) == ["u0"] and len(there.sessions) == 2 and spool.run(name="mailq").out.count("(1 try, ") == 2


def test_session_of_somebody_else_that_is_lost_is_the_end_of_what_goes_along(spool, relay):
    put(spool, "bad", "u0")
    there = relay("ehlo pipelining", "rcpt-to bad@example.org drop")
    spool.run("new@example.org", stdin=TEXT, relay=there).ok()
    assert got(there) == ["new"] and len(there.sessions) == 1 and spool.run(name="mailq").out.count("(1 try, ") == 1
    spool.run("new@example.org", stdin=TEXT, relay=there).ok()
    assert got(there) == ["new", "new", "u0"]


def test_goodbye_after_each_mail_keeps_no_mail_from_going(spool, relay):
    put(spool, "u0", "u1", "u2", "u3", "u4")
    there = relay("ehlo", 'end "raw 250 2.0.0 queued\r\n421 4.7.0 one mail a session\r\n && fin"', "lax")
    spool.run("-q", relay=there).ok()
    assert got(there) == ["u0", "u1", "u2", "u3", "u4"] and len(there.sessions) == 5 and not spool.names()


def test_what_goes_along_behind_a_goodbye_goes_over_another_session(spool, relay):
    put(spool, "u0")
    there = relay("ehlo", 'end "raw 250 2.0.0 queued\r\n421 4.7.0 one mail a session\r\n && fin"', "lax")
    spool.run("new@example.org", stdin=TEXT, relay=there).ok()
    assert got(there) == ["new", "u0"] and not spool.names()


def test_goodbye_between_two_transactions_of_a_mail_keeps_nobody_waiting(spool, relay):
    to = ["u%d@example.org" % i for i in range(4)]
    spool.run("-odq", *to, stdin=TEXT, more="max_recipients 1\n").ok()
    there = relay("ehlo", 'end "raw 250 2.0.0 queued\r\n421 4.7.0 one mail a session\r\n && fin"', "lax")
    spool.run("-q", relay=there, more="max_recipients 1\n").ok()
    assert got(there) == ["u0", "u1", "u2", "u3"] and len(there.sessions) == 4 and not spool.names()
    spool.run(*to, stdin=TEXT, relay=there, more="max_recipients 1\n").ok()
    assert got(there)[4:] == ["u0", "u1", "u2", "u3"] and not spool.names()
