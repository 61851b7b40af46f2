"""The setting rate: no more goes in any time of that length, whoever sends it; what has to wait is queued or told of."""
import os
import re
import threading
import time

import pytest

from given import FROM_ANN as TEXT
from program import as_user
from waiting import SOON, wait_for


@pytest.fixture
def send(mysend, spool, tmp_path):
    """Runs mysend with its state in the test's own folder."""
    home = {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}

    def run(*args, relay, more, name="mysend", queue="on", stdin=TEXT, env=None):
        config = spool.config(relay, more).replace("queue on\n", "queue %s\n" % queue)
        return mysend(*args, stdin=stdin, config=config, env={**home, **(env or {})}, prefix=as_user(), name=name)
    return run


def state(tmp_path):
    return tmp_path / "state" / "mysend" / "rate"


def state_file(tmp_path):
    file, = state(tmp_path).iterdir()
    return file


def mails_in(session):
    """When each mail began, by the relay's clock."""
    return [line.time for line in session.lines if line.data.upper().startswith(b"MAIL")]


def starts(there):
    return sorted(began for session in there.sessions for began in mails_in(session))


def most_in(times, span):
    return max(sum(1 for other in times if time <= other < time + span) for time in times)


def test_mail_beyond_the_rate_is_not_sent_and_is_told_of(send, relay, tmp_path):
    there = relay("ehlo pipelining")
    for _ in range(2):
        send("bob@example.org", relay=there, more="rate 2/h\ntimeout 1\n", queue="off").ok()
    line = send("bob@example.org", relay=there, more="rate 2/h\ntimeout 1\n", queue="off").failed(75)
    assert re.match(r"the rate is used up, 2/h: next at (\w+ \w+ +\d+ )?\d\d:\d\d$", line)
    assert len(there.messages) == 2
    file = state_file(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600 and state(tmp_path).stat().st_mode & 0o777 == 0o700


def test_mail_beyond_the_rate_waits_in_the_spool_and_a_run_of_the_queue_leaves_it(send, spool, relay):
    there = relay("ehlo pipelining")
    for _ in range(3):
        send("bob@example.org", relay=there, more="rate 2/h\n").ok()
    assert len(there.messages) == 2 and len(spool.names()) == 1
    send("-odq", "ann@example.org", relay=there, more="rate 2/h\n").ok()
    send("-q", relay=there, more="rate 2/h\n")
    assert len(there.messages) == 2 and len(spool.names()) == 2
    listed = send("-bp", relay=there, more="rate 2/h\n").out
    assert re.search(r"\(1 try, the next at .*: the rate is used up, 2/h: next at .*\)", listed), listed
    send("-q", relay=there, more="rate 3/h\n").ok()
    assert [mail.recipients for mail in there.messages[2:]] == [["ann@example.org"]], "it had not been tried, and was due"
    assert len(spool.names()) == 1


@pytest.mark.parametrize("offers", ["ehlo", "ehlo pipelining", "ehlo pipelining chunking"])
def test_sessions_at_a_time_share_the_rate(send, spool, relay, offers):
    for i in range(18):
        send("-odq", "u%d@example.org" % i, relay=None, more="").ok()
    there = relay(offers)
    send("-q", relay=there, more="rate 6/s\nwindow 2\nsessions 4\n").ok()
    assert len(there.messages) == 18 and spool.names() == []
    times = starts(there)
    assert most_in(times, 1.0) <= 6 and times[-1] - times[0] >= 2


def test_more_recipients_than_the_rate_has_are_refused_before_anything_is_sent(send, spool, relay):
    there = relay("ehlo pipelining")
    done = send("a@example.org", "b@example.org", "c@example.org", relay=there, more="rate 2 recipients/day, 9/s\n")
    assert done.status == 69 and "3 recipients are more than the rate 2 recipients/day ever lets go" in done.err
    assert there.messages == [] and there.transactions == [] and spool.names() == []
    send("a@example.org", "b@example.org", relay=there, more="rate 2 recipients/day, 9/s\n").ok()
    assert len(there.messages) == 1


def test_a_state_is_an_accounts_and_a_relays_whichever_way_they_are_named(send, relay, tmp_path):
    """Two configurations call their account "default", and --host and --port put another relay in its place."""
    one, other = relay("ehlo pipelining"), relay("ehlo pipelining")
    rate = "rate 1/h\ntimeout 1\n"
    send("bob@example.org", relay=one, more=rate, queue="off").ok()
    send("bob@example.org", relay=other, more=rate, queue="off").ok()
    assert len(one.messages) == len(other.messages) == 1 and len(list(state(tmp_path).iterdir())) == 2
    send("bob@example.org", "--port", str(other.port), relay=one, more=rate, queue="off").failed(75)
    send("bob@example.org", "--relay", "%s:%d" % (one.host, one.port), relay=other, more=rate, queue="off").failed(75)
    send("bob@example.org", "--host", "LOCALHOST", relay=one, more=rate, queue="off").ok()
    send("bob@example.org", "--host", "localhost", relay=one, more=rate, queue="off").failed(75)
    assert len(one.messages) == 2 and len(other.messages) == 1 and len(list(state(tmp_path).iterdir())) == 3


def test_where_the_state_cannot_be_trusted_nothing_goes(send, relay, tmp_path):
    there = relay("ehlo pipelining")
    send("bob@example.org", relay=there, more="rate 9/h\n").ok()
    os.chmod(state_file(tmp_path), 0o666)
    line = send("bob@example.org", relay=there, more="rate 9/h\n").failed(73)
    assert "others than we may write there" in line and str(state(tmp_path)) in line
    assert len(there.messages) == 1


def test_a_damaged_state_counts_as_used_up(send, spool, relay, tmp_path):
    there = relay("ehlo pipelining")
    send("bob@example.org", relay=there, more="rate 9/h\n").ok()
    os.truncate(state_file(tmp_path), 1000)
    done = send("bob@example.org", relay=there, more="rate 9/h\n")
    assert done.status == 0 and "is damaged, and begun anew as if it had just been used up" in done.err
    assert len(there.messages) == 1 and len(spool.names()) == 1


def test_mail_that_the_relay_never_saw_does_not_count(send, relay):
    for _ in range(3):
        send("bob@example.org", relay=None, more="rate 1/h\n", queue="off").failed(75)
    there = relay("ehlo pipelining")
    send("bob@example.org", relay=there, more="rate 1/h\n", queue="off").ok()
    assert len(there.messages) == 1


@pytest.mark.parametrize("value, why", [("30", '"30" names no time, as 30/min does'), ("30/fortnight", '"fortnight" is no time'), ("0/min", "has no number"),
                                        ("1/s,", "a limit is missing")])
def test_a_rate_that_makes_no_sense_is_named(mysend, value, why):
    line = mysend("bob@example.org", config="account default\nhost 127.0.0.1\nfrom me@example.net\nrate %s\n" % value, stdin=TEXT).failed(78)
    assert ":4: rate: " in line and why in line
    line = mysend("--rate", value, "bob@example.org", config="account default\nhost 127.0.0.1\nfrom me@example.net\n", stdin=TEXT).failed(64)
    assert line.startswith("--rate: ") and why in line


def test_an_answer_is_read_while_the_next_mail_waits(send, spool, relay):
    """A session that has mail under way, and may not begin the next, is not deaf meanwhile."""
    for i in range(3):
        send("-odq", "u%d@example.org" % i, relay=None, more="").ok()
    there = relay("ehlo pipelining chunking")
    send("-q", relay=there, more="rate 1/s\nsessions 1\n").ok()
    wait_for(lambda: len(there.messages) == 3)
    assert len(there.sessions) == 1 and most_in(starts(there), 1.0) == 1


MANY = ["u%d@example.org" % i for i in range(5)]


def test_each_transaction_of_a_mail_counts_and_what_is_left_of_it_waits(send, spool, relay):
    there = relay("ehlo pipelining")
    send(*MANY, relay=there, more="rate 2/h\nmax_recipients 2\n").ok()
    assert [mail.recipients for mail in there.messages] == [MANY[:2], MANY[2:4]] and there.sessions[0].quit
    assert len(spool.names()) == 1
    done = send(*MANY, relay=there, more="rate 3/h\nmax_recipients 2\ntimeout 1\n", queue="off")
    assert done.status == 75 and "the rate is used up, 3/h: next at " in done.err, done
    assert "accepted it for 2 of the 5 recipients" in done.err, "who has it is told"
    assert len(there.messages) == 3
    send("-q", relay=there, more="rate 4/h\nmax_recipients 2\n").ok()
    assert len(there.messages) == 3, "it is due when the rate was to let it go"
    send("-qf", relay=there, more="rate 4/h\nmax_recipients 2\n").ok()
    assert there.messages[3].recipients == MANY[4:] and spool.names() == []


def test_a_second_transaction_that_the_relay_wants_counts_too(send, spool, relay):
    there = relay("ehlo pipelining enhancedstatuscodes", 'rcpt ok ok "452 4.5.3 Too many recipients"')
    send(*MANY, relay=there, more="rate 2/h\n").ok()
    assert [mail.recipients for mail in there.messages] == [MANY[:2], MANY[2:4]] and len(spool.names()) == 1


@pytest.mark.parametrize("offers", ["ehlo", "ehlo pipelining", "ehlo pipelining chunking"])
def test_transactions_of_the_queues_mails_keep_to_the_rate(send, spool, relay, offers):
    for _ in range(3):
        send("-odq", *MANY, relay=None, more="").ok()
    there = relay(offers)
    send("-q", relay=there, more="rate 4/s, 5 recipients/s\nmax_recipients 2\nwindow 2\nsessions 2\n").ok()
    assert len(there.messages) == 9 and spool.names() == []
    assert most_in(starts(there), 1.0) <= 4
    named = sorted(line.time for session in there.sessions for line in session.lines if line.data.upper().startswith(b"RCPT"))
    assert most_in(named, 1.0) <= 5


def test_each_mail_of_a_client_counts_and_the_client_is_told(send, relay):
    there = relay("ehlo pipelining")
    mail = "MAIL FROM:<me@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n%s.\r\n" % TEXT.decode().replace("\n", "\r\n")
    for queue, answer in (("off", "4"), ("on", "250 ")):
        done = send("-bs", stdin="EHLO here\r\n" + 3 * mail + "QUIT\r\n", relay=there, more="rate 2/h\ntimeout 1\n", queue=queue)
        last = [line for line in done.out.splitlines() if not line.startswith(("354", "220", "221", "250-"))][-1]
        assert last.startswith(answer), done
    assert len(there.messages) == 2


def test_the_queue_that_goes_along_keeps_nobody_waiting_for_its_rate(send, spool, relay):
    """Its mail has to wait for 50 s, while the mail of the caller has gone."""
    for _ in range(3):
        send("-odq", "u@example.org", relay=None, more="").ok()
    there = relay("ehlo pipelining")
    began = time.monotonic()
    send("bob@example.org", relay=there, more="rate 1/50s\n").ok()
    assert time.monotonic() - began < SOON and len(there.messages) == 1
    assert len(spool.names()) == 3


def mailbox(tmp_path, mails):
    path = tmp_path / "mails.mbox"
    path.write_text("".join("From me@example.net Mon Nov 30 00:00:00 2026\nFrom: me@example.net\nTo: u%d@example.org\nSubject: %d\n\nbody\n\n" % (i, i) for i in range(mails)))
    return str(path)


def test_a_batch_that_waits_for_long_ends_its_session_and_opens_another(send, relay, library, tmp_path):
    """A clock that goes 60 times as fast: 2 minutes are 2 seconds."""
    there = relay("ehlo pipelining chunking")
    done = send("--batch", mailbox(tmp_path, 5), relay=there, more="rate 2/2min\nsessions 1\n", env={"LD_PRELOAD": library("clock"), "TEST_OF_SPEED": "60"})
    assert done.status == 0, done
    there.settle()
    assert [len(mails_in(session)) for session in there.sessions] == [2, 2, 1]
    assert all(session.quit for session in there.sessions)
    assert most_in(starts(there), 120 / 60 - 0.1) <= 2


def test_a_batch_that_waits_for_less_than_a_minute_keeps_its_session(send, relay, library, tmp_path):
    there = relay("ehlo pipelining chunking")
    done = send("--batch", mailbox(tmp_path, 3), relay=there, more="rate 1/50s\nsessions 1\n", env={"LD_PRELOAD": library("clock"), "TEST_OF_SPEED": "60"})
    assert done.status == 0, done
    there.settle()
    assert [len(mails_in(session)) for session in there.sessions] == [3]


def test_processes_of_all_kinds_and_a_batch_at_once_keep_to_one_rate(send, relay, tmp_path):
    """Six processes that send one mail after the other, and a batch over four sessions."""
    there = relay("ehlo pipelining chunking", "sink")
    rate = "rate 40/s, 60/2s\n"
    told = []

    def one_after_the_other():
        for _ in range(10):
            told.append(send("bob@example.org", relay=there, more=rate, queue="off"))

    def batch():
        told.append(send("--batch", mailbox(tmp_path, 120), relay=there, more=rate + "sessions 4\nwindow 4\n"))
    threads = [threading.Thread(target=one_after_the_other) for _ in range(6)] + [threading.Thread(target=batch)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [done for done in told if done.status] == []
    times = starts(there)
    assert len(times) == 180
    assert most_in(times, 1.0) <= 40 and most_in(times, 2.0) <= 60
