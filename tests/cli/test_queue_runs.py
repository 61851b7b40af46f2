"""A run of the queue: which mails it tries, over how many sessions, to which relay, and what is logged of it."""
import os

import pytest

from given import WHOLE as TEXT
from waiting import wait_for


def test_many_go_over_one_session_pipelined(spool, relay):
    for i in range(40):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay("ehlo pipelining chunking")
    spool.run("-q", relay=there, more="sessions 1\n").ok()
    assert [mail.recipients for mail in there.messages] == [["u%d@example.org" % i] for i in range(40)], "oldest first"
    assert len(there.sessions) == 1 and len(there.session.reads) < 40 and spool.files() == []


@pytest.mark.parametrize("parts", [["greet 421"], ["greet 554"], ["ehlo pipelining auth=plain", "user joe other"], ["greet drop"]])
def test_relay_that_lets_nobody_in_is_asked_once_a_run_and_that_is_a_try_of_all(spool, relay, parts):
    for i in range(5):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay(*parts, "lax")
    spool.run("-q", relay=there, more="auth plain\nuser joe\npassword secret\n" if "user joe other" in parts else "").ok()
    listed = spool.run(name="mailq").out
    assert len(there.sessions) == 1 and listed.count("(1 try, ") == 5 and len(spool.names()) == 5, listed
    spool.run("-q", relay=there).ok()
    assert len(there.sessions) == 1, "none is due"


def test_relay_that_ends_the_session_midway_keeps_the_others_time(spool, relay):
    for i in range(5):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay("ehlo", "mail ok ok 421")
    spool.run("-q", relay=there).ok()
    assert len(there.sessions) == 3 and len(there.messages) == 2 and spool.run(name="mailq").out.count("1 try,") == 2 and len(spool.names()) == 3


@pytest.mark.parametrize("option, sent", [("-qIID", [1]), ("-qRu2@", [2]), ("-qSs3@", [3]), ("-qRnobody", []), ("-qf", [0, 1, 2, 3])])
def test_only_what_was_asked_for_is_tried(spool, relay, option, sent):
    for i in range(4):
        spool.run("-f", "s%d@example.net" % i, "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay()
    spool.run(option.replace("ID", spool.names()[1]), relay=there).ok()
    assert [mail.recipients for mail in there.messages] == [["u%d@example.org" % i] for i in sent]
    assert len(spool.names()) == 4 - len(sent)


def test_mail_goes_to_the_account_that_it_was_given_to(spool, mysend, relay):
    one, two = relay(), relay()
    down = "account work\nhost 127.0.0.1\nport 1\ntls off\nfrom w@example.net\nqueue on\nspool %s\n" % spool.top
    mysend("-a", "work", "bob@example.org", stdin=TEXT, config=spool.config() + down).ok()
    mysend("carl@example.org", stdin=TEXT, config=spool.config() + down).ok()
    up = down.replace("host 127.0.0.1\nport 1\n", "host 127.0.0.1\nport %d\n" % two.port)
    mysend("-qf", config=spool.config(one) + up).ok()
    assert one.message.recipients == ["carl@example.org"] and two.message.recipients == ["bob@example.org"]


def test_what_is_too_old_is_given_up_and_kept(spool, relay):
    spool.run("bob@example.org", stdin=TEXT).ok()
    spool.make_older(7200)
    done = spool.run("-qf", more="queue_lifetime 1h\n")
    assert "is given up" in done.err and [name[26:] for name in spool.names()] == [".b2"] and len(spool.names("failed")) == 1
    assert done.status == 0


@pytest.mark.parametrize("parts, more, code", [(['rcpt-to bob@example.org "550 5.1.1 nobody"'], "", "EX_NOUSER"), (["mail 554"], "", "EX_UNAVAILABLE"), (["rcpt 450"], "", "EX_TEMPFAIL"),
                                               (["rcpt 450"], "queue_lifetime 1h\n", "EX_UNAVAILABLE"), (["rcpt ok"], "", "EX_OK"), (["rcpt 450 550"], "", "EX_TEMPFAIL")])
def test_log_line_of_a_try_has_the_status_that_it_ends_with(spool, relay, parts, more, code):
    spool.run("-odq", "-f", "", "bob@example.org", *(["carl@example.org"] if "450 550" in parts[0] else []), stdin=TEXT).ok()
    if more:
        spool.make_older(7200)
    log = os.path.join(spool.mysend.tmp, "log")
    spool.run("-q", relay=relay("ehlo pipelining 8bitmime", *parts), more=more + "logfile %s\n" % log)
    with open(log, encoding="ascii") as lines:
        line, = lines
    assert " exitcode=%s " % code in line, line


def test_runners_at_the_same_time_send_nothing_twice(spool, relay):
    for i in range(60):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay("ehlo pipelining chunking", "lax")
    runs = [spool.mysend.start("-q", config=spool.config(there)) for _ in range(6)]
    for run in runs:
        assert run.finish(b"").status == 0
    spool.run("-q", relay=there).ok()       # what one had listed while another held it
    assert sorted(mail.recipients[0] for mail in there.messages) == sorted("u%d@example.org" % i for i in range(60))
    assert spool.files() == []


def test_runner_that_stays_takes_what_comes(spool, relay):
    there = relay()
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    run = spool.mysend.start("-q1s", config=spool.config(there))
    assert there.wait_for_message()
    spool.run("-odq", "carl@example.org", stdin=TEXT).ok()
    wait_for(lambda: len(there.messages) == 2 or run.process.poll() is not None)
    run.process.terminate()
    assert run.finish(b"").status == 0
    assert [mail.recipients for mail in there.messages] == [["bob@example.org"], ["carl@example.org"]]
