"""Time passes, stands still or jumps: mail is tried when it should be, and given up when its time is over and not before."""
import time

import pytest

from given import FROM_ANN as TEXT
from waiting import SOON

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.fixture
def at(mysend, spool, library):
    """at(seconds, args...): a run at that time from now."""
    shim = library("clock")

    def run(seconds, *args, relay=None, stdin=b"", more=""):
        env = {"LD_PRELOAD": shim, "TEST_OF_OFFSET": str(int(seconds)), "MYSEND_CONFIG": None}
        env["MYSEND_CONFIG"] = mysend.file(spool.config(relay, more), name="clock.conf")
        return mysend(*args, stdin=stdin, env=env, settle=False)
    return run


@pytest.fixture
def tries(relay):
    """A relay that puts everything off, and what it was asked."""
    return relay("ehlo pipelining", "rcpt 450", "lax")


def rcpts(relay):
    return sum(line.data.upper().startswith(b"RCPT") for session in relay.sessions for line in session.lines)


def test_relay_that_puts_off_for_two_hours_is_asked_after_1_2_5_10_20_40_minutes(at, tries, spool):
    at(0, "bob@example.org", relay=tries, stdin=TEXT).ok()
    when = [0]
    for minute in range(1, 145):
        before = rcpts(tries)
        at(minute * MINUTE, "-q", relay=tries).ok()
        if rcpts(tries) > before:
            when.append(minute)
    gaps = [b - a for a, b in zip(when, when[1:])]
    assert len(gaps) >= 6 and len(spool.names()) == 1
    for gap, wanted in zip(gaps, (1, 2, 5, 10, 20, 40, 60)):
        assert wanted * 0.9 - 1 <= gap <= wanted * 1.1 + 1, gaps


def test_mail_of_five_days_comes_back_once_and_not_before(at, tries, relay, spool):
    at(0, "-f", "ann@example.net", "bob@example.org", relay=tries, stdin=TEXT).ok()
    for hour in range(1, 5 * 24):
        at(hour * HOUR * 1.2 if hour < 2 else hour * HOUR, "-q", relay=tries).ok()
        assert len(spool.names()) == 1, hour
    said = [at(5 * DAY + hour * HOUR * 1.2, "-q", relay=tries, more="").err for hour in range(1, 4)]
    assert sum("is given up" in line for line in said) == 1 and len(spool.names("failed")) >= 1
    takes = relay("ehlo pipelining 8bitmime")
    at(6 * DAY, "-qf", relay=takes).ok()
    assert [mail.recipients for mail in takes.messages] in ([["ann@example.net"]], [])
    bounced = len(takes.messages) + sum(mail.recipients == ["ann@example.net"] for mail in tries.messages)
    assert bounced == 1 and spool.names() == []


def test_each_of_many_is_warned_of_and_given_up_in_its_time_when_the_relay_is_down(at, spool):
    more = "queue_lifetime 1d\nqueue_warning 4h\n"
    for i in range(8):
        at(0, "-odq", "-f", "ann@example.net", "u%d@example.org" % i, stdin=TEXT, more=more).ok()
    wait = spool.names()
    for half in range(1, 2 * 27):
        said = at(half * HOUR / 2, "-q", more=more).err
        if half == 2 * 7:
            assert sorted(name[:26] for name in spool.names() if ".d" in name) == wait
        assert half >= 2 * 24 or said == "", half
    assert sorted(name for name in spool.names("failed") if name in wait) == wait
    assert sorted(name[:26] for name in spool.names() if ".b" in name) == wait


def test_mail_of_an_account_that_is_gone_ages_and_comes_back_by_the_default_account(at, tries, relay, spool):
    work = "account work\nhost 127.0.0.1\nport 1\ntls off\nfrom w@example.net\nqueue on\nspool %s\n" % spool.top
    at(0, "-a", "work", "-odq", "-f", "ann@example.net", "bob@example.org", stdin=TEXT, more=work).ok()
    name, = spool.names()
    said = [at(hour * HOUR, "-q", relay=tries, more="queue_lifetime 1d\n").err for hour in range(24)]
    assert 'there is no account "work"' in said[0] and "given up" not in "".join(said) and spool.names() == [name]
    assert "tries, the next at" in at(0, "-bp").out
    assert "is given up" in "".join(at(hour * HOUR + 2, "-q", relay=tries, more="queue_lifetime 1d\n").err for hour in (25, 27))
    assert spool.names("failed") == [name] and "bob@example.org" not in str([session.lines for session in tries.sessions])
    takes = relay("ehlo pipelining 8bitmime")
    at(29 * HOUR, "-qf", relay=takes).ok()
    assert [mail.recipients for mail in takes.messages] == [["ann@example.net"]] and spool.names() == []
    assert b'there is no account "work"' in takes.message.body


@pytest.mark.parametrize("jump", [-DAY, DAY, -30 * DAY, 30 * DAY, 3650 * DAY])
def test_clock_that_jumps_loses_nothing_and_gives_nothing_up(at, tries, relay, spool, jump):
    at(0, "bob@example.org", relay=tries, stdin=TEXT).ok()
    at(2 * MINUTE, "-q", relay=tries).ok()
    at(jump, "-q", relay=tries).ok()
    assert rcpts(tries) == 3, "it is tried at once, wherever the clock is"
    assert len(spool.names()) == 1
    at(jump + 3 * HOUR, "-q", relay=tries).ok()
    assert len(spool.names()) == 1 and rcpts(tries) == 4
    at(6 * HOUR, "-q", relay=tries).ok()            # and back
    assert len(spool.names()) == 1 and rcpts(tries) == 5
    there = relay()
    at(12 * HOUR, "-q", relay=there).ok()
    assert there.message and spool.files() == []


@pytest.mark.parametrize("ahead", [DAY, 365 * DAY])
def test_mail_that_came_while_the_clock_was_ahead_is_given_up_in_its_time(at, tries, spool, ahead):
    at(ahead, "-odq", "-f", "", "bob@example.org", stdin=TEXT).ok()
    for hour in range(0, 24):
        at(hour * HOUR + 1, "-q", relay=tries, more="queue_lifetime 1d\n").ok()
        assert len(spool.names()) == 1, hour
    assert "is given up" in "".join(at(hour * HOUR + 1, "-q", relay=tries, more="queue_lifetime 1d\n").err for hour in (25, 26))
    assert len(spool.names("failed")) == 1 and spool.names() == []


@pytest.mark.parametrize("ahead", [2 * DAY, 365 * DAY])
def test_run_while_the_clock_was_ahead_does_not_keep_mail_for_ever(at, tries, spool, ahead):
    at(0, "-odq", "-f", "", "bob@example.org", stdin=TEXT).ok()
    at(ahead, "-q", relay=tries, more="queue_lifetime 1d\n").ok()
    for hour in range(1, 24):
        at(hour * HOUR + 1, "-q", relay=tries, more="queue_lifetime 1d\n").ok()
        assert len(spool.names()) == 1, hour
    assert "is given up" in "".join(at(hour * HOUR + 1, "-q", relay=tries, more="queue_lifetime 1d\n").err for hour in (25, 26, 27))
    assert len(spool.names("failed")) == 1 and spool.names() == []


def test_host_that_was_off_for_a_week_does_not_give_up_at_its_first_try(at, tries, spool):
    at(0, "bob@example.org", relay=tries, stdin=TEXT).ok()
    at(-10, "-odq", "carl@example.org", relay=tries, stdin=TEXT).ok()
    at(7 * DAY, "-q", relay=tries).ok()
    assert len(spool.names()) == 2 and spool.names("failed") == []


def test_mail_that_was_held_for_a_week_has_its_time_still(at, tries, spool):
    at(0, "bob@example.org", relay=tries, stdin=TEXT).ok()
    at(1, "--queue-hold", spool.names()[0]).ok()
    for day in range(1, 8):
        at(day * DAY, "-q", relay=tries).ok()
    at(8 * DAY, "--queue-release", spool.names()[0]).ok()
    at(8 * DAY + 1, "-q", relay=tries).ok()
    assert len(spool.names()) == 1 and spool.names("failed") == [] and rcpts(tries) == 2


@pytest.mark.parametrize("stage", ["greet", "ehlo", "mail", "rcpt", "data", "end", "quit"])
def test_relay_that_hangs_in_a_queue_run_keeps_the_mail_and_not_the_runner(spool, relay, stage):
    for i in range(2):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay("ehlo pipelining", "%s hang" % stage, "lax")
    began = time.monotonic()
    done = spool.run("-q", relay=there, more="timeout 1\nconnect_timeout 1\nwindow 1\n", settle=False)
    assert done.status == 0 and time.monotonic() - began < SOON
    assert len(spool.names()) == (0 if stage == "quit" else 2)
    takes = relay()
    spool.run("-qf", relay=takes, settle=False).ok()
    assert spool.names() == [] and len(takes.messages) == (0 if stage == "quit" else 2)


@pytest.mark.parametrize("when", ["1969", "1900", "1970"])
def test_clock_before_1970_writes_mail_that_is_sent_once_it_is_set(at, tries, relay, spool, when):
    """A host without a battery for its clock: what it took before the clock was set is tried, and not given up for its age."""
    back = {"1969": -30 * DAY, "1900": -70 * 365 * DAY, "1970": HOUR}[when] - int(time.time())
    at(back, "-odq", "bob@example.org", stdin=TEXT).ok()
    at(back + 1, "carl@example.org", relay=tries, stdin=TEXT).ok()
    assert "bob@example.org" in spool.run("-bp").out and "carl@example.org" in spool.run("-bp").out
    for minute in (0, 10):
        at(minute * MINUTE, "-q", relay=tries).ok()
    assert len(spool.names()) == 2 and spool.names("failed") == []
    there = relay()
    at(HOUR, "-q", relay=there).ok()
    assert sorted(mail.recipients for mail in there.messages) == [["bob@example.org"], ["carl@example.org"]] and spool.files() == []
