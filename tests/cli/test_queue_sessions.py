"""Several sessions at a time in a run of the queue: each mail goes once, whatever becomes of one of them."""
import collections
import re
import signal

import pytest

from given import FROM_ANN as TEXT
from waiting import wait_for

OFFERS = ["ehlo", "ehlo pipelining", "ehlo pipelining chunking"]
FOUR = "window 1\nsessions 4\n"     # a session may hold two mails: one whose answer it awaits, and with its end the next one's commands


def put(spool, *names):
    for name in names:
        spool.run("-odq", "-i", name + "@example.org", stdin=TEXT).ok()


def numbered(count):
    return ["u%d" % i for i in range(count)]


def got(*relays):
    return collections.Counter(address.split("@")[0] for there in relays for mail in there.messages for address in mail.recipients)


def holding(relay, offers, *parts):
    """A relay that answers no message before go()."""
    return relay(offers, ("bdat-last" if "chunking" in offers else "end") + " 'hold && ok'", *parts, "lax")


def tries(spool):
    return spool.run(name="mailq").out.count("(1 try, ")


def in_hand(there):
    return sum(1 for one in there.transactions if one.complete)


@pytest.mark.parametrize("offers", OFFERS)
def test_mail_goes_over_so_many_sessions_at_a_time(spool, relay, offers):
    put(spool, *numbered(12))
    there = holding(relay, offers)
    run = spool.mysend.start("-q", config=spool.config(there, FOUR))
    wait_for(lambda: in_hand(there) == 4)
    assert len(there.sessions) == 4
    there.go()
    run.finish(b"").ok()
    assert got(there) == {name: 1 for name in numbered(12)} and spool.files() == []


@pytest.mark.parametrize("mails, wanted", [(16, 1), (17, 2)])
def test_there_are_no_more_sessions_than_windows_full_of_mail(spool, relay, mails, wanted):
    put(spool, *numbered(mails))
    there = holding(relay, "ehlo pipelining")
    run = spool.mysend.start("-q", config=spool.config(there))
    wait_for(lambda: in_hand(there) == wanted)
    there.go()
    run.finish(b"").ok()
    assert len(there.sessions) == wanted and got(there) == {name: 1 for name in numbered(mails)}


def test_who_watches_sees_one_conversation(spool, relay):
    put(spool, *numbered(6))
    there = relay("ehlo pipelining")
    done = spool.run("-q", "-v", relay=there, more=FOUR)
    assert done.status == 0 and len(there.sessions) == 1 and len(got(there)) == 6


def test_relay_that_takes_two_sessions_keeps_those_and_no_mail_has_had_a_try(spool, relay):
    put(spool, *numbered(12))
    there = holding(relay, "ehlo pipelining", "greet ok ok \"421 4.3.2 too many connections\"")
    run = spool.mysend.start("-q", config=spool.config(there, FOUR))
    wait_for(lambda: in_hand(there) == 2 and there.counts.get("greet", 0) >= 3)
    there.go()
    run.finish(b"").ok()
    assert got(there) == {name: 1 for name in numbered(12)} and spool.files() == []
    assert there.counts["greet"] in (3, 4), "one sits down, and where the relay is full the next does not ask"


def test_relay_that_lets_nobody_in_is_asked_by_one_session_alone(spool, relay):
    put(spool, *numbered(8))
    there = relay("greet 421")
    spool.run("-q", relay=there, more=FOUR).ok()
    assert len(there.sessions) == 1 and tries(spool) == 8 and len(spool.names()) == 8


@pytest.mark.parametrize("offers", OFFERS)
def test_line_that_is_lost_costs_one_mail_a_try_and_no_other(spool, relay, offers):
    put(spool, *numbered(5), "bad", *["v%d" % i for i in range(6)])
    there = relay(offers, "rcpt-to bad@example.org drop", "lax")
    spool.run("-q", relay=there, more=FOUR).ok()
    assert got(there) == {name: 1 for name in numbered(5) + ["v%d" % i for i in range(6)]}
    assert tries(spool) == 1 and len(spool.names()) == 1


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("offers", OFFERS)
def test_run_that_is_told_to_end_has_each_session_wait_for_its_answer(spool, relay, offers, told):
    put(spool, *numbered(12))
    there = holding(relay, offers)
    run = spool.mysend.start("-q", config=spool.config(there, FOUR))
    wait_for(lambda: in_hand(there) == 4)
    run.process.send_signal(told)
    there.go()
    assert "told to end" in run.finish(b"").failed(75)
    assert len(there.messages) == 4 and len(spool.names()) == 8 and tries(spool) == 0
    again = relay("ehlo pipelining")
    spool.run("-q", relay=again).ok()
    assert got(there, again) == {name: 1 for name in numbered(12)} and spool.files() == []


def test_run_that_is_killed_sends_only_what_was_in_hand_again(spool, relay):
    put(spool, *numbered(12))
    there = holding(relay, "ehlo pipelining")
    run = spool.mysend.start("-q", config=spool.config(there, FOUR))
    wait_for(lambda: in_hand(there) == 4)
    run.kill()
    run.process.communicate()
    there.go()
    again = relay("ehlo pipelining")
    spool.run("-qf", relay=again).ok()
    assert got(again) == {name: 1 for name in numbered(12)}, "of none was an answer read"
    assert spool.files() == []


def test_two_runners_of_four_sessions_share_the_mail(spool, relay):
    put(spool, *numbered(24))
    there = holding(relay, "ehlo pipelining")
    runs = [spool.mysend.start("-q", config=spool.config(there, FOUR)) for _ in range(2)]
    wait_for(lambda: in_hand(there) == 8)
    there.go()
    for run in runs:
        run.finish(b"").ok()
    assert len(there.sessions) == 8 and got(there) == {name: 1 for name in numbered(24)} and spool.files() == []


def test_password_is_asked_for_once(spool, relay, tmp_path):
    put(spool, *numbered(12))
    asked = tmp_path / "asked"
    there = holding(relay, "ehlo pipelining auth=plain", "user joe secret")
    more = FOUR + "auth plain\nuser joe\npassword_command echo x >>%s; echo secret\n" % asked
    run = spool.mysend.start("-q", config=spool.config(there, more))
    wait_for(lambda: in_hand(there) == 4)
    there.go()
    run.finish(b"").ok()
    assert asked.read_text() == "x\n" and len(there.logins) == 4 and len(got(there)) == 12


def test_login_that_only_later_sessions_are_refused_keeps_the_first_one_at_work(spool, relay, tmp_path):
    """Some relays say so to whoever has too many sessions: nobody's mail has had a try by that."""
    put(spool, *numbered(20))
    asked = tmp_path / "asked"
    there = holding(relay, "ehlo pipelining auth=plain", "auth ok '535 5.7.8 authentication failed'")
    run = spool.mysend.start("-q", config=spool.config(there, FOUR + "auth plain\nuser joe\npassword_command echo x >>%s; echo secret\n" % asked))
    wait_for(lambda: len(there.logins) >= 4 and in_hand(there) == 1)
    there.go()
    run.finish(b"").ok()
    assert got(there) == {name: 1 for name in numbered(20)} and spool.files() == []
    assert asked.read_text() == "x\nx\n", "it may have changed: asked for once more, and no more"


def test_mail_of_sessions_that_are_refused_late_goes_over_one_that_is_not(spool, relay):
    """The first one had nothing left to do, and had said goodbye, when the relay told the others that they are too many."""
    put(spool, *numbered(12))
    there = relay("ehlo pipelining", "greet ok" + " 'hold && 421 4.3.2 too many connections'" * 3 + " ok", "end 'sleep 0.05 && ok'", "lax")
    run = spool.mysend.start("-q", config=spool.config(there, FOUR))
    wait_for(lambda: len(there.sessions) == 4 and len(there.messages) == 9 and there.sessions[0].quit)
    there.go()
    run.finish(b"").ok()
    assert got(there) == {name: 1 for name in numbered(12)} and spool.files() == []


@pytest.mark.parametrize("offers", ["ehlo pipelining chunking"])
def test_relay_that_knows_no_bdat_after_all_keeps_its_sessions(spool, relay, offers):
    put(spool, *numbered(12))
    there = relay(offers, "no-bdat '500 5.5.1 unknown command'", "end 'hold && ok'", "lax")
    run = spool.mysend.start("-q", config=spool.config(there, FOUR))
    wait_for(lambda: in_hand(there) == 4, "four sessions without BDAT")
    there.go()
    run.finish(b"").ok()
    assert got(there) == {name: 1 for name in numbered(12)} and spool.files() == []


def test_password_command_does_not_inherit_the_connections_of_other_sessions(spool, relay, tmp_path):
    put(spool, *numbered(12))
    seen = tmp_path / "seen"
    there = holding(relay, "ehlo pipelining auth=plain", "auth ok '535 5.7.8 authentication failed' ok")
    command = "password_command { ls -l /proc/self/fd; cat /proc/net/tcp; } >>%s; echo secret\n" % seen
    run = spool.mysend.start("-q", config=spool.config(there, FOUR + "auth plain\nuser joe\n" + command))
    wait_for(lambda: in_hand(there) == 4)
    there.go()
    run.finish(b"").ok()
    text = seen.read_text()
    inherited, connections = set(re.findall(r"socket:\[(\d+)\]", text)), {line.split()[9] for line in text.splitlines() if re.match(r" *\d+: ", line)}
    assert text.count("local_address") == 2 and not inherited & connections


def test_log_lines_of_several_sessions_are_whole(spool, relay, tmp_path):
    put(spool, *numbered(40))
    log, there = tmp_path / "log", holding(relay, "ehlo pipelining")
    run = spool.mysend.start("-q", config=spool.config(there, FOUR + "logfile %s\n" % log))
    wait_for(lambda: in_hand(there) == 4)
    there.go()
    run.finish(b"").ok()
    lines = log.read_text().splitlines()
    assert len(lines) == 40 and all(re.fullmatch(r".* host=127\.0\.0\.1 .*recipients=u\d+@example\.org .*exitcode=EX_OK.*", line) for line in lines)
    assert len({re.search("recipients=([^ ]*)", line)[1] for line in lines}) == 40


def test_each_account_has_its_sessions_after_the_other(spool, relay):
    put(spool, *numbered(12))
    one, two = holding(relay, "ehlo pipelining"), holding(relay, "ehlo pipelining")
    config = spool.config(one, FOUR) + spool.config(two, FOUR).replace("account default", "account two")
    for name in ["w%d" % i for i in range(12)]:
        spool.mysend("-odq", "-a", "two", "-i", name + "@example.org", stdin=TEXT, config=config).ok()
    run = spool.mysend.start("-q", config=config)
    wait_for(lambda: in_hand(one) == 4)
    assert not two.sessions
    one.go()
    wait_for(lambda: in_hand(two) == 4)
    two.go()
    run.finish(b"").ok()
    assert len(got(one)) == 12 and len(got(two)) == 12 and spool.files() == []
