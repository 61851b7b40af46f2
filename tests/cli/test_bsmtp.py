"""-bS: messages go ahead of the answers to those before them, and what is told of them is what it was when they went one by one."""
import os
import re
import signal

import pytest

import bsmtp
from waiting import wait_for


def waiting(top):
    """Who waits in the queue, by mail."""
    folder, found = os.path.join(top, "queue"), []
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if not name.endswith(".state"):
            with open(os.path.join(folder, name), "rb") as file:
                words = file.read().split(b"\n\n")[0].decode().split()
            found.append(",".join(word.strip("<>").split("@")[0] for word in words if word.endswith("@example.org>")))
    return " ".join(sorted(found))


def short(recipients):
    return ",".join(one.replace("@example.org", "").replace("@mail.example", "@local") for one in recipients)


@pytest.mark.parametrize("name, parts, config, args, text", bsmtp.ROWS, ids=[one[0] for one in bsmtp.ROWS])
def test_what_becomes_of_each_message_is_told_as_ever(mysend, relay, tmp_path, name, parts, config, args, text):
    there = relay(*parts) if parts else None
    aliases, spool = mysend.file("bad: |cat\n", name="aliases"), str(tmp_path / "spool")
    where = mysend.where(there) if there else "host 127.0.0.1\nport 1\ntls off\n"
    done = mysend("-bS", *args, stdin=text, config="account default\n" + where + "from me@example.net\nmaildomain mail.example\n" +
                  config % {"spool": spool, "aliases": aliases})
    told = re.sub("it waits as [0-9a-z]+", "it waits as ID", done.err).replace("127.0.0.1:%d" % (there.port if there else 1), "RELAY").replace(str(tmp_path), "TMP").splitlines()
    got = " ".join(short(mail.recipients) for mail in there.messages) if there else ""
    assert (done.status, got, waiting(spool), told) == (
        bsmtp.ANSWERS[name][0], bsmtp.ANSWERS[name][1], bsmtp.ANSWERS[name][2], ["mysend: " + line for line in bsmtp.ANSWERS[name][3]]), done
    assert ("MAIL FROM" in done.out) == ("--dry-run" in args)


CHUNKING = "ehlo pipelining chunking"


def some(count):
    return b"".join(bsmtp.m("u%d" % i) for i in range(count))


def names(there):
    return [one.split("@")[0] for mail in there.messages for one in mail.recipients]


def start(spool, there, text, more=""):
    run = spool.mysend.start("-bS", config=spool.config(there, more))
    run.process.stdin.write(text)
    run.process.stdin.flush()
    return run


def test_messages_go_over_one_session_ahead_of_the_answers_to_those_before_them(mysend, relay):
    there = relay(CHUNKING, "sink")
    mysend("-bS", stdin=some(300), relay=there).ok()
    assert names(there) == ["u%d" % i for i in range(300)] and len(there.sessions) == 1 and there.session.quit
    assert any(data.count(b"MAIL FROM") > 2 for data in there.session.reads), "each waited for its answer"
    assert len(there.session.reads) < 200


def test_message_is_sent_when_it_has_come_though_the_next_one_has_not(spool, relay):
    there = relay(CHUNKING)
    run = start(spool, there, bsmtp.A + bsmtp.B[:20])
    wait_for(lambda: names(there) == ["alice"])
    run.process.stdin.write(bsmtp.B[20:-5])
    run.process.stdin.flush()
    run.finish(bsmtp.B[-5:] + bsmtp.C).ok()
    assert names(there) == ["alice", "bob", "carl"] and len(there.sessions) == 1


@pytest.mark.parametrize("end", ["drop", "fin", "421 4.3.2 going"])
@pytest.mark.parametrize("place", ["mail", "bdat-last"])
def test_lost_line_loses_no_message_and_leaves_no_more_in_doubt_than_were_under_way(spool, relay, place, end):
    there = relay(CHUNKING, "%s %s '%s' ok" % (place, "ok " * 29, end), "lax")
    done = spool.mysend("-bS", stdin=some(60), config=spool.config(there))
    waits, everybody = waiting(spool.top).split(), {"u%d" % i for i in range(60)}
    assert done.status == 0 and set(names(there)) | set(waits) == everybody and len(waits) <= 16
    assert len(names(there)) == len(set(names(there))), "twice in one run"
    # Where the line is cut, answers that were on their way are lost with it: the relay has what waits, and nobody knows.
    assert end == "drop" or not set(names(there)) & set(waits)
    again = relay(CHUNKING)
    spool.run("-qf", relay=again).ok()
    assert sorted(names(again)) == sorted(waits)


def test_relay_that_asks_to_go_after_some_messages_gets_the_others_in_other_sessions(mysend, relay):
    there = relay("ehlo pipelining", "mail ok ok ok '421 4.7.0 enough' ok ok ok '421 4.7.0 enough' ok", "lax")
    mysend("-bS", stdin=some(10), relay=there).ok()
    assert names(there) == ["u%d" % i for i in range(10)] and len(there.sessions) >= 3


def test_message_that_waits_is_told_in_its_turn_and_those_behind_it_go(spool, relay):
    there = relay(CHUNKING, 'rcpt-to u3@example.org "450 4.2.0 later"', 'rcpt-to u5@example.org "550 5.1.1 nobody"', 'rcpt-to u6@example.org "450 4.2.0 later"')
    done = spool.mysend("-bS", stdin=some(9) + b"FOO\n", config=spool.config(there))
    assert done.err.splitlines() == ["mysend: message 6: 550 5.1.1 <u5@example.org>: nobody", "mysend: message 9: 500 5.5.1 no such command",
                                     "mysend: 8 of 9 messages have been handed over"]
    assert names(there) == ["u0", "u1", "u2", "u4", "u7", "u8"] and waiting(spool.top) == "u3 u6" and len(there.sessions) == 1


def test_what_is_wrong_behind_a_message_is_told_behind_what_became_of_it(spool, relay):
    there = relay(CHUNKING, "bdat-last 'hold && 550 5.7.1 never' ok")
    run = start(spool, there, bsmtp.A + b"FOO\n" + bsmtp.B.replace(b"a@b", b"a@@b"))
    wait_for(lambda: there.transactions and there.transactions[0].complete)
    there.go()
    told = run.finish(bsmtp.C).err.splitlines()
    assert [line.split(": ")[1] + " " + line.split(": ")[2][:3] for line in told[:-1]] == ["message 1 550", "message 1 500", "message 2 501"], told
    assert names(there) == ["carl"]


def test_thousands_of_wrong_messages_behind_one_that_waits_for_its_answer_take_no_memory(mysend, relay):
    bad = bsmtp.m("bob", "a@@b.example")
    few = mysend("-bS", stdin=bsmtp.A + bad * 10, relay=relay(CHUNKING, "bdat-last 'sleep 0.3 && ok'"), measure=True)
    many = mysend("-bS", stdin=bsmtp.A + bad * 30000, relay=relay(CHUNKING, "bdat-last 'sleep 0.3 && ok'"), measure=True)
    assert many.err.count("\n") == 30001 and many.status == few.status == 1
    assert mysend.sanitized or many.maxrss < few.maxrss + 2048, (few.maxrss, many.maxrss)


def test_session_carries_thousands_of_messages_in_the_memory_of_a_few(mysend, relay):
    few = mysend("-bS", stdin=some(100), relay=relay(CHUNKING, "sink"), measure=True)
    many = mysend("-bS", stdin=some(15000), relay=relay(CHUNKING, "sink"), measure=True)
    assert few.status == many.status == 0
    assert mysend.sanitized or many.maxrss < few.maxrss + 1536, (few.maxrss, many.maxrss)


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGHUP])
def test_file_whose_reader_is_told_to_end_is_sent_up_to_what_was_in_hand(spool, relay, told):
    there = relay(CHUNKING, "bdat-last ok ok 'hold && ok' ok", "lax")
    run = start(spool, there, some(200))
    wait_for(lambda: sum(1 for one in there.transactions if one.complete) >= 3)
    run.process.send_signal(told)
    there.go()
    line = run.finish(b"").failed(75)
    got, waits = names(there), waiting(spool.top).split()
    assert "told to end: %d of %d messages have been handed over" % (len(got) + len(waits), len(got) + len(waits)) in line
    assert sorted(got + waits) == sorted("u%d" % i for i in range(len(got) + len(waits))) and 3 <= len(got) < 40


def test_memory_does_not_depend_on_how_many_messages_there_are(mysend, relay):
    few, many = (mysend("-bS", stdin=some(count), relay=relay(CHUNKING, "sink"), measure=True) for count in (100, 2000))
    assert few.status == many.status == 0
    assert mysend.sanitized or many.maxrss < few.maxrss + 2048, (few.maxrss, many.maxrss)


def test_relay_that_never_answers_is_waited_for_once_a_file(spool, relay):
    there = relay("lax", "connect hang")
    done = spool.run("-bS", relay=there, stdin=some(4), more="connect_timeout 2\n")
    assert done.status == 0 and len(there.sessions) == 1 and waiting(spool.top) == "u0 u1 u2 u3", done
    listed = spool.run(name="mailq").out
    assert listed.count("(1 try, ") == 4 and listed.count("timed out") == 4, listed


def test_relay_that_never_answers_is_asked_for_each_message_that_cannot_wait(mysend, relay):
    there = relay("lax", "connect hang")
    done = mysend("-bS", relay=there, stdin=some(2), config="queue off\nconnect_timeout 1\n")
    assert done.status == 2 and len(there.sessions) == 2, done
