"""Whoever runs the queue, or submits, is killed or told to end: nobody whose answer was read gets a second copy, and nobody is forgotten."""
import collections
import signal
import socket
import time

import pytest

from given import FROM_ANN as TEXT
from waiting import PATIENCE, SOON, wait_for

OFFERS = ["ehlo", "ehlo pipelining", "ehlo pipelining chunking"]
TOLD = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
SIX = ["u%d@example.org" % i for i in range(6)]


def slow(relay, offers, nth):
    """A relay that waits for go() with the nth answer (from 1) to a message, and is quick with the others."""
    stage = "bdat-last" if "chunking" in offers else "end"
    return relay(offers, "%s %s 'hold && ok' ok" % (stage, " ".join(["ok"] * (nth - 1))), "lax")


def bodies(there):
    """How many messages have come whole."""
    return sum(1 for one in there.transactions if one.complete)


def copies(*relays):
    """Of each recipient: how many copies came whole, answered or not."""
    return collections.Counter(address for there in relays for one in there.transactions if one.complete for address in one.recipients)


def attempts(spool):
    return spool.run(name="mailq").out


@pytest.mark.parametrize("offers", OFFERS)
def test_run_that_is_killed_midway_has_written_down_who_has_it(spool, relay, offers):
    spool.run("-odq", "-i", *SIX, stdin=TEXT).ok()
    there, more = slow(relay, offers, 3), "max_recipients 1\n"
    run = spool.mysend.start("-qf", config=spool.config(there, more))
    wait_for(lambda: bodies(there) == 3)
    run.kill()
    run.process.communicate()
    assert bodies(there) == 3, "the next one's message does not go before the answer"
    there.go()
    again = relay("ehlo pipelining", "lax")
    spool.run("-qf", relay=again, more=more).ok()
    assert copies(again) == {address: 1 for address in SIX[2:]}, "the third had no answer; the first two had"
    assert spool.files() == []


@pytest.mark.parametrize("offers", OFFERS[1:])
def test_thousand_recipients_and_three_runs_that_are_killed(spool, relay, offers):
    thousand = ["u%d@example.org" % i for i in range(1000)]
    spool.run("-odq", "-i", *thousand, stdin=TEXT).ok()
    relays, doubt = [], 0
    for nth in (3, 1, 4):
        there = slow(relay, offers, nth)
        relays.append(there)
        run = spool.mysend.start("-qf", config=spool.config(there))
        wait_for(lambda: bodies(there) == nth)
        run.kill()
        run.process.communicate()
        there.go()
        doubt += 100
    relays.append(relay("ehlo pipelining", "lax"))
    spool.run("-qf", relay=relays[-1]).ok()
    came = copies(*relays)
    assert set(came) == set(thousand) and sum(came.values()) == 1000 + doubt and spool.files() == []


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("offers", OFFERS)
def test_run_that_is_told_to_end_waits_for_the_answer_in_hand(spool, relay, offers, told):
    spool.run("-odq", "-i", *SIX, stdin=TEXT).ok()
    there, more = slow(relay, offers, 3), "max_recipients 1\n"
    run = spool.mysend.start("-q", config=spool.config(there, more))
    wait_for(lambda: bodies(there) == 3)
    run.process.send_signal(told)
    there.go()
    assert "told to end" in run.finish(b"").failed(75)
    assert len(there.messages) == 3 and "(1 try" not in attempts(spool), "it keeps its turn"
    again = relay("ehlo pipelining", "lax")
    spool.run("-q", relay=again, more=more).ok()
    assert copies(there, again) == {address: 1 for address in SIX} and spool.files() == []


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("offers", OFFERS)
def test_run_of_many_mails_that_is_told_to_end_leaves_the_rest(spool, relay, offers, told):
    for address in SIX:
        spool.run("-odq", "-i", address, stdin=TEXT).ok()
    there = slow(relay, offers, 2)
    run = spool.mysend.start("-q", config=spool.config(there, "window 1\nsessions 1\n"))
    wait_for(lambda: bodies(there) == 2)
    run.process.send_signal(told)
    there.go()
    assert "told to end" in run.finish(b"").failed(75)
    again = relay("ehlo pipelining", "lax")
    spool.run("-q", relay=again).ok()
    assert copies(there, again) == {address: 1 for address in SIX} and len(again.messages) >= 3 and spool.files() == []


def test_run_that_was_through_all_the_same_is_0(spool, relay):
    spool.run("-odq", "-i", "bob@example.org", stdin=TEXT).ok()
    there = slow(relay, "ehlo pipelining", 1)
    run = spool.mysend.start("-q", config=spool.config(there))
    wait_for(lambda: bodies(there) == 1)
    run.process.send_signal(signal.SIGTERM)
    there.go()
    run.finish(b"").ok()
    assert spool.files() == []


@pytest.mark.parametrize("stage", ["connect", "greet", "ehlo", "mail", "rcpt", "data"])
def test_run_with_nothing_in_hand_ends_at_once_and_was_no_try(spool, relay, stage):
    spool.run("-odq", "-i", *SIX, stdin=TEXT).ok()
    there = relay("ehlo pipelining", stage + " hang", "lax")
    run = spool.mysend.start("-q", config=spool.config(there))
    wait_for(lambda: there.counts.get(stage) or (stage == "rcpt" and there.transactions and there.transactions[0].rcpts))
    began = time.monotonic()
    run.process.send_signal(signal.SIGTERM)
    assert "told to end" in run.finish(b"").failed(75)
    assert time.monotonic() - began < SOON and "(1 try" not in attempts(spool) and len(spool.names()) == 1


def test_message_that_is_half_sent_is_left(spool, relay):
    """The relay reads no more of it, and the rest will not be waited for."""
    spool.run("-odq", "-i", "bob@example.org", stdin=TEXT + b"line\n" * 2000000).ok()
    there = relay("ehlo pipelining", "buffers 4096", "body 100000 hold", "lax", "sink")
    run = spool.mysend.start("-q", config=spool.config(there))
    wait_for(lambda: there.sessions and there.sessions[0].body_seen >= 100000)
    run.process.send_signal(signal.SIGTERM)
    assert "told to end" in run.finish(b"", settle=False).failed(75)
    again = relay("ehlo pipelining", "sink")
    spool.run("-q", relay=again, settle=False).ok()
    assert len(again.messages) == 1 and spool.files() == []


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("offers", OFFERS)
def test_submission_that_is_told_to_end_leaves_the_rest_in_the_queue(spool, relay, offers, told):
    there, more = slow(relay, offers, 3), "max_recipients 1\nwindow 1\n"
    run = spool.mysend.start("-i", *SIX, config=spool.config(there, more))
    run.process.stdin.write(TEXT)
    run.process.stdin.close()
    run.process.stdin = None
    wait_for(lambda: bodies(there) == 3)
    run.process.send_signal(told)
    there.go()
    assert run.finish().status == 0
    again = relay("ehlo pipelining", "lax")
    assert len(spool.names()) == 1
    spool.run("-qf", relay=again, more=more).ok()
    assert copies(there, again) == {address: 1 for address in SIX} and again.messages and spool.files() == []


def test_submission_without_a_queue_says_who_has_not_got_it(spool, relay):
    there = slow(relay, "ehlo pipelining", 3)
    run = spool.mysend.start("-i", *SIX, config=spool.config(there, "max_recipients 1\n").replace("queue on", "queue off"))
    run.process.stdin.write(TEXT)
    run.process.stdin.close()
    run.process.stdin = None
    wait_for(lambda: bodies(there) == 3)
    run.process.send_signal(signal.SIGTERM)
    there.go()
    done = run.finish()
    assert "told to end" in done.failed(75) and "3 of the 6" in done.err and spool.files() == []


@pytest.mark.parametrize("told, kept", [(signal.SIGINT, False), (signal.SIGTERM, True), (signal.SIGHUP, True)])
def test_submission_before_anything_was_sent_is_taken_back_by_a_person_and_kept_otherwise(spool, relay, told, kept):
    there = relay("greet hang", "lax")
    run = spool.mysend.start("-i", "bob@example.org", config=spool.config(there))
    run.process.stdin.write(TEXT)
    run.process.stdin.close()
    run.process.stdin = None
    wait_for(lambda: there.counts.get("greet"))
    run.process.send_signal(told)
    done = run.finish()
    if kept:
        assert done.status == 0 and len(spool.names()) == 1
    else:
        assert "told to end" in done.failed(75) and spool.files() == []


def test_what_goes_along_ends_behind_the_answer_in_hand(spool, relay):
    for address in SIX:
        spool.run("-odq", "-i", address, stdin=TEXT).ok()
    there = slow(relay, "ehlo pipelining", 3)
    run = spool.mysend.start("-i", "me@example.org", config=spool.config(there, "queue_along 6\n"))
    run.process.stdin.write(TEXT)
    run.process.stdin.close()
    run.process.stdin = None
    wait_for(lambda: bodies(there) == 3)
    run.process.send_signal(signal.SIGTERM)
    there.go()
    assert run.finish().status == 0
    assert len(there.messages) == 3 and len(spool.names()) == 4


def talk(run, *lines):
    for line in lines:
        run.process.stdin.write(line)
    run.process.stdin.flush()


MAIL = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<%s@example.org>\r\nDATA\r\nSubject: x\r\n\r\nbody\r\n.\r\n"


def test_client_hears_what_became_of_the_mail_in_hand_and_that_we_go(spool, relay):
    there = slow(relay, "ehlo pipelining", 1)
    run = spool.mysend.start("-bs", config=spool.config(there))
    talk(run, b"EHLO x\r\n", MAIL % b"u0")
    wait_for(lambda: bodies(there) == 1)
    run.process.send_signal(signal.SIGTERM)
    there.go()
    done = run.finish(MAIL % b"u1")
    assert done.status == 0 and "\n250 2.0.0" in done.out and done.out.rstrip().splitlines()[-1].startswith("421 ")
    assert copies(there) == {"u0@example.org": 1} and spool.files() == []


def test_batch_says_that_the_rest_was_not_read(spool, relay):
    there = slow(relay, "ehlo pipelining", 1)
    run = spool.mysend.start("-bS", config=spool.config(there))
    talk(run, MAIL.replace(b"\r\n", b"\n") % b"u0")
    wait_for(lambda: bodies(there) == 1)
    run.process.send_signal(signal.SIGTERM)
    talk(run, MAIL.replace(b"\r\n", b"\n") % b"u1")
    there.go()
    run.process.wait(PATIENCE)    # though its input has no end
    done = run.finish(b"")
    assert "1 of 1 messages" in done.failed(75) and copies(there) == {"u0@example.org": 1} and spool.names() == []


def test_runner_that_stays_ends_its_run_at_a_hangup_and_begins_the_next(spool, relay):
    spool.run("-odq", "-i", *SIX, stdin=TEXT).ok()
    there = slow(relay, "ehlo pipelining", 2)
    run = spool.mysend.start("-q1h", config=spool.config(there, "max_recipients 1\n"))
    wait_for(lambda: bodies(there) == 2)
    run.process.send_signal(signal.SIGHUP)
    there.go()
    wait_for(lambda: len(there.sessions) == 2 and len(there.messages) == 6)
    run.process.terminate()
    assert run.finish(b"").status == 0
    assert copies(there) == {address: 1 for address in SIX} and spool.files() == []


def test_signal_that_our_caller_has_us_ignore_is_ignored(spool, relay):
    """nohup mysend -q"""
    spool.run("-odq", "-i", *SIX, stdin=TEXT).ok()
    there = slow(relay, "ehlo pipelining", 2)
    run = spool.mysend.start("-q", config=spool.config(there, "max_recipients 1\n"), before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    wait_for(lambda: bodies(there) == 2)
    run.process.send_signal(signal.SIGHUP)
    there.go()
    run.finish(b"").ok()
    assert len(there.messages) == 6 and spool.files() == []


def test_look_up_without_an_answer_is_not_waited_for(spool, mounts, tmp_path):
    servers = tmp_path / "resolv.conf"
    servers.write_text("nameserver 127.0.0.1\noptions timeout:20 attempts:1\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        try:
            silent.bind(("127.0.0.1", 53))
        except OSError as why:
            pytest.skip("somebody is the name server here: %s" % why)
        silent.settimeout(PATIENCE)
        done = mounts.run("mount", "--bind", str(servers), "/etc/resolv.conf")
        if done.returncode:
            pytest.skip("a resolv.conf of our own is not permitted here: " + done.stderr)
        spool.run("-odq", "-i", *SIX, stdin=TEXT).ok()
        run = spool.mysend.start("-q", config=spool.config().replace("host 127.0.0.1", "host relay.example.org"), prefix=mounts.prefix)
        silent.recv(1000)
        began = time.monotonic()
        run.process.send_signal(signal.SIGTERM)
        assert "told to end" in run.finish(b"").failed(75) and time.monotonic() - began < SOON
    assert "(1 try" not in attempts(spool)


@pytest.mark.parametrize("command", ["exec sleep 300", "echo secret; exec >&-; exec sleep 300"], ids=["says nothing", "has said it, and goes on"])
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_command_for_the_password_is_ended_with_us(spool, relay, told, command, tmp_path):
    spool.run("-odq", "-i", *SIX, stdin=TEXT).ok()
    mark = tmp_path / "mark"
    run = spool.mysend.start("-q", config=spool.config(relay("ehlo auth=plain"), "user joe\nauth plain\npassword_command touch %s; %s\n" % (mark, command)))
    wait_for(mark.exists)
    began = time.monotonic()
    run.process.send_signal(told)
    assert "told to end" in run.finish(b"").failed(75) and "(1 try" not in attempts(spool)
    assert time.monotonic() - began < SOON
