"""What cannot be sent now waits on disk and is tried again; who watches is told so."""
import os
import re
import select

import pytest

from given import SIGNED, WHOLE as TEXT


def test_mail_waits_in_silence_when_the_relay_is_down_and_arrives_when_it_is_up(spool, relay):
    spool.run("-i", "bob@example.org", "carl@example.org", stdin=TEXT).ok()
    assert len(spool.names()) == 1 and oct(os.stat(spool.top).st_mode)[-3:] == "700"
    there = relay()
    spool.run("-q", relay=there).ok()
    assert not there.messages, "it is not due yet"
    spool.run("-qf", relay=there).ok()
    mail = there.message
    assert mail.sender == "me@example.net" and mail.recipients == ["bob@example.org", "carl@example.org"]
    assert spool.files() == []


def at_a_terminal(spool, *args, name="mysend"):
    """(status, what the terminal got)."""
    ours, theirs = os.openpty()
    done = spool.run(*args, stdin=TEXT, name=name, stderr=theirs)
    os.close(theirs)
    text = b""
    while select.select([ours], [], [], 0)[0]:
        try:
            more = os.read(ours, 65536)
        except OSError:
            break
        text += more
        if not more:
            break
    os.close(ours)
    return done.status, text.decode().replace("\r\n", "\n")


WAITS = r"mysend: connect to 127\.0\.0\.1:1: [^\n]*refused[^\n]*; the mail waits as %s\nmysend: hint: nothing listens there: [^\n]*\n"


def test_who_watches_is_told_in_a_line_that_the_relay_cannot_be_reached_and_the_mail_waits(spool):
    assert re.fullmatch(WAITS % "([0-9a-z]{26})", spool.run("-v", "bob@example.org", "carl@example.org", stdin=TEXT).err)
    status, said = at_a_terminal(spool, "bob@example.org")
    assert status == 0 and re.fullmatch(WAITS % spool.names()[1], said), said
    for args, name in ((["-oeq", "-v"], "mysend"), (["-v"], "sendmail"), (["-odq"], "mysend")):
        before = len(spool.names())
        assert at_a_terminal(spool, *args, "bob@example.org", name=name) == (0, "") and len(spool.names()) == before + 1


def test_who_watches_is_told_what_the_relay_puts_off(spool, relay):
    there = relay("ehlo pipelining 8bitmime", 'rcpt-to bob@example.org "450 4.2.0 later"')
    done = spool.run("-v", "bob@example.org", "carl@example.org", stdin=TEXT, relay=there)
    said, = [line for line in done.err.splitlines() if line.startswith("mysend: ")]
    assert done.status == 0 and said == "mysend: RCPT TO:<bob@example.org> to 127.0.0.1:%d: 450 4.2.0 later; the mail waits as %s" % (there.port, spool.names()[0])


def test_retry_sends_the_same_octets(spool, relay):
    wanted = spool.run("--dry-run", "-i", "bob@example.org", stdin=SIGNED).message
    spool.run("-i", "bob@example.org", stdin=SIGNED).ok()
    for _ in range(2):
        there = relay("ehlo pipelining 8bitmime", "end 451")
        spool.run("-qf", relay=there).ok()
        assert there.transactions[0].body == wanted
    there = relay("ehlo chunking pipelining 8bitmime")
    spool.run("-qf", relay=there).ok()
    assert there.message.body == wanted and "BODY=8BITMIME" in " ".join(there.commands)


def test_only_those_who_have_not_got_it_are_tried_again(spool, relay):
    there = relay("rcpt 250 450 250")
    spool.run("a@example.org", "b@example.org", "c@example.org", stdin=TEXT, relay=there).ok()
    assert there.message.recipients == ["a@example.org", "c@example.org"]
    again = relay()
    spool.run("-qf", relay=again).ok()
    assert again.message.recipients == ["b@example.org"] and spool.files() == []


def test_final_refusal_is_told_at_once_and_does_not_wait(spool, relay):
    there = relay('rcpt "550 5.1.1 nobody" 450')
    done = spool.run("a@example.org", "b@example.org", stdin=TEXT, relay=there)
    assert done.status == 67 and "nobody" in done.err and done.hints == ["mysend: hint: it waits for 1 of the 2 recipients, and is tried again"]
    listed = spool.run(name="mailq").out
    assert "b@example.org: waits" in listed and "a@example.org" not in listed


@pytest.mark.parametrize("parts, waits", [
    (["greet 421"], True), (["greet 554"], True), (["greet drop"], True), (["ehlo pipelining", "mail 451"], True),
    (["ehlo pipelining", 'mail "530 5.7.0 log in first"'], True), (["ehlo pipelining", "mail 550"], False), (["ehlo pipelining", "rcpt 450"], True),
    (["ehlo pipelining", "rcpt 550"], False), (["ehlo pipelining", "data 451"], True), (["ehlo pipelining", "data 554"], False),
    (["ehlo pipelining", "end 452"], True), (["ehlo pipelining", "end 554"], False), (["ehlo pipelining", "end drop"], True),
    (["ehlo pipelining", "mail 421"], True),
])
def test_what_waits_and_what_is_final(spool, relay, parts, waits):
    there = relay(*parts)
    done = spool.run("bob@example.org", stdin=TEXT, relay=there)
    assert (done.status == 0) == waits and len(spool.names()) == (1 if waits else 0), done
    shouted = parts == ["greet 554"] or "530" in parts[-1]
    assert bool(done.err) == (shouted or not waits), done
    assert not shouted or ("it is tried again" in done.err or "is tried again" in done.err)


def test_mail_that_waits_has_one_log_line_that_says_why_and_as_what(spool, tmp_path):
    spool.run("bob@example.org", stdin=TEXT, more="logfile %s\n" % (tmp_path / "log")).ok()
    line, = (tmp_path / "log").read_text().splitlines()
    assert "exitcode=EX_TEMPFAIL" in line and "spooled=" + spool.names()[0] in line and "errormsg='Connection refused'" in line


def test_message_without_an_answer_is_marked_as_unsure(spool, relay):
    spool.run("bob@example.org", stdin=TEXT, relay=relay("ehlo pipelining", "end drop")).ok()
    assert "bob@example.org: unsure" in spool.run(name="mailq").out
    there = relay()
    log = os.path.join(spool.mysend.tmp, "log")
    assert "may arrive twice" in spool.run("-d", "-qf", relay=there, more="logfile %s\n" % log).err
    with open(log, encoding="ascii") as text:
        assert "note='may arrive twice'" in text.read()
    assert there.message and spool.files() == []


def test_queue_off_is_75_and_leaves_nothing(spool, mysend):
    done = mysend("bob@example.org", stdin=TEXT, config=spool.config().replace("queue on", "queue off"))
    assert done.status == 75 and spool.files() == []


@pytest.mark.parametrize("args, more", [(["-odq"], ""), (["-odd"], ""), (["-ODeliveryMode=q"], ""), ([], "queue always\n")])
def test_mail_that_is_to_wait_is_not_tried(spool, mysend, relay, args, more):
    there = relay()
    config = spool.config(there).replace("queue on\n", more or "queue on\n")
    mysend(*args, "bob@example.org", stdin=TEXT, config=config).ok()
    assert not there.sessions and len(spool.names()) == 1
    spool.run("-q", relay=there).ok()
    assert there.message.recipients == ["bob@example.org"]


def test_mail_waits_by_default(spool, mysend):
    config = spool.config().replace("queue on\n", "")
    mysend("bob@example.org", stdin=TEXT, config=config).ok()
    assert len(spool.names()) == 1


def test_relay_of_an_option_is_not_remembered(spool, relay):
    there = relay()
    done = spool.run("--relay", "127.0.0.1:1", "bob@example.org", stdin=TEXT, relay=there)
    assert done.status == 75 and spool.files() == []


def test_mailq_says_what_waits_for_whom_since_when_and_why(spool):
    spool.run("-f", "", "bob@example.org", stdin=TEXT).ok()
    out = spool.run(name="mailq").out
    assert re.match(r"[0-9a-z]{26} +\d+ \w{3} \w{3} [ \d]\d [\d:]{8}  <>\n\t\(1 try, the next at .*: connect to 127.0.0.1:1: .*\)\n\t\(hint: nothing listens there.*\)\n\tbob@example.org: waits\n"
                    r"-- 1 Kbytes in 1 Request\.\n$", out), out


def test_smtp_client_is_told_that_it_waits(spool):
    done = spool.run("-bs", name="sendmail", stdin=b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nb\r\n.\r\nQUIT\r\n")
    assert done.status == 0 and "250 2.0.0 Ok: it waits as " + spool.names()[0] in done.out
