"""Relays that hang, drop, drip, lie and shout: the program always ends, and 0 always means accepted."""
import concurrent.futures
import socket
import threading
import time

import pytest
from relay import Relay
from waiting import PATIENCE, SOON

TEXT = b"Subject: x\nTo: b@example.org\nFrom: a@example.net\nDate: Mon, 23 Nov 2026 14:00:00 +0000\nMessage-ID: <1@x>\n\nbody\n"
ALL = "account default\nhost 127.0.0.1\ntls off\nfrom a@example.net\ndomain me.test\ntimeout 10\n"
STYLES = {"lockstep": "ehlo", "pipelining": "ehlo pipelining", "bdat": "ehlo chunking", "pipelined-bdat": "ehlo pipelining chunking"}


def sweep(mysend, ehlo, part, points):
    """For each N of the points: (N, result, whether the relay had accepted)."""
    config = mysend.file(ALL)

    def one(n):
        with Relay(ehlo, "%s %d" % (part, n)) as relay:
            result = mysend("--port=%d" % relay.port, "b@example.org", stdin=TEXT, env={"MYSEND_CONFIG": config}, settle=False)
            relay.settle()
            return n, result, bool(relay.messages), relay.violations
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, points))


def whole(mysend, ehlo):
    """Octets either way in a conversation that goes well, and those the relay has sent when it has accepted."""
    with Relay(ehlo) as relay:
        result = mysend("--port=%d" % relay.port, "b@example.org", stdin=TEXT, config=ALL, settle=False)
        relay.settle()
        assert result.status == 0, result
        return relay.session.received, relay.session.sent_count, relay.session.sent_count - len(b"221 2.0.0 bye\r\n")


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("style", STYLES)
def test_connection_dropped_at_any_octet_we_sent_is_75_unless_accepted(mysend, style, part):
    received, _, _ = whole(mysend, STYLES[style])
    for n, result, accepted, violations in sweep(mysend, STYLES[style], "drop-received", range(part, received + 1, 4)):
        assert result.status in (0, 75), "at octet %d: %r" % (n, result)
        assert accepted or result.status == 75, "at octet %d: success, but the relay never had it" % n
        assert result.status == 0 or len(result.errors) == 1, "at octet %d: %r" % (n, result)
        assert not violations, violations


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("style", STYLES)
def test_connection_dropped_at_any_octet_we_got_is_75_unless_accepted(mysend, style, part):
    _, sent, accepted_at = whole(mysend, STYLES[style])
    for n, result, accepted, violations in sweep(mysend, STYLES[style], "drop-sent", range(part, sent + 1, 4)):
        assert result.status in (0, 75), "at octet %d: %r" % (n, result)
        assert accepted or result.status == 75, "at octet %d: success, but the relay never had it" % n
        assert n < accepted_at or result.status == 0, "at octet %d: accepted and said so, yet %r" % (n, result)
        assert not violations, violations


@pytest.mark.parametrize("part", ["connect drop", "greet drop", "greet reset", "ehlo drop", "mail drop", "mail reset", "rcpt drop", "data drop",
                                  "data reset", "end drop", "end reset", "bdat drop", "bdat reset", "body 1 drop", "body 500000 drop", "body 500000 reset"])
def test_connection_lost_at_any_stage_is_75_and_one_line(mysend, relay, part):
    one = relay("ehlo pipelining " + ("chunking" if "bdat" in part else ""), part)
    mysend("bob@example.org", stdin=TEXT + b"more and more text\n" * 50000, relay=one).failed(75)


@pytest.mark.parametrize("action, status", [("552 5.3.4 too big for us && fin", (65, 75)), ("421 4.3.2 going down now", (75,)), ("554 5.7.1 that smells && drop", (69, 75))])
@pytest.mark.parametrize("ehlo", ["ehlo pipelining", "ehlo pipelining chunking"])
def test_refusal_in_the_middle_of_the_message_is_heard(mysend, relay, ehlo, action, status):
    one = relay(ehlo, '%s "%s"' % ("body 200000", action))
    result = mysend("bob@example.org", stdin=TEXT + b"more and more text\n" * 500000, relay=one)
    assert result.status in status and len(result.errors) == 1 and not one.messages, result
    if not action.endswith("drop"):
        assert action.split(" && ")[0] in result.err, result


def test_connection_lost_after_the_first_of_two_transactions_says_so_of_the_second_only(mysend, relay):
    one = relay("ehlo pipelining", "end ok drop")
    result = mysend("first@example.org", "second@example.org", stdin=TEXT, relay=one, config="max_recipients 1\n")
    assert result.status == 75 and one.message.recipients == ["first@example.org"], result
    assert "first@example.org" not in result.err


@pytest.mark.parametrize("part", ["end drop", "bdat drop"])
def test_lost_answer_to_a_whole_message_says_it_may_have_arrived(mysend, relay, part):
    one = relay("ehlo pipelining " + ("chunking" if "bdat" in part else ""), part)
    line = mysend("bob@example.org", stdin=TEXT, relay=one).failed(75)
    assert one.transactions[0].complete and line


@pytest.mark.parametrize("stage", ["greet", "ehlo", "mail", "rcpt", "data", "end", "bdat"])
def test_421_at_any_stage_is_75_with_its_words(mysend, relay, stage):
    one = relay("ehlo pipelining " + ("chunking" if stage == "bdat" else ""), '%s "421 4.3.2 going down now"' % stage)
    line = mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one).failed(75)
    assert "421 4.3.2 going down now" in line


def test_421_after_the_message_was_accepted_is_success(mysend, relay):
    one = relay('end "ok && raw 421 4.3.2 enough\r\n && fin"')
    mysend("bob@example.org", stdin=TEXT, relay=one).ok()


@pytest.mark.parametrize("stage", ["greet", "ehlo", "mail", "rcpt", "data", "end", "bdat"])
@pytest.mark.parametrize("how", ["hang", "raw 2 && hang", "raw 250-never && hang"])
def test_relay_that_hangs_is_left_in_time_with_75(mysend, relay, stage, how):
    how = how.replace("250", {"greet": "220", "data": "354"}.get(stage, "250"))
    one = relay("ehlo pipelining " + ("chunking" if stage == "bdat" else ""), '%s "%s"' % (stage, how))
    began = time.monotonic()
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config="timeout 1\n")
    result.failed(75)
    assert 0.9 < time.monotonic() - began < SOON


@pytest.mark.parametrize("stage", ["greet", "mail", "end"])
def test_reply_that_drips_forever_is_left_in_time(mysend, relay, stage):
    """Each octet comes soon enough; all of them don't. The deadline is for the message, not for the read."""
    code = "220" if stage == "greet" else "250"
    one = relay('%s "%s"' % (stage, " && ".join("raw %s-%d\r\n && sleep 0.2" % (code, i) for i in range(600))))
    began = time.monotonic()
    mysend("bob@example.org", stdin=TEXT, relay=one, config="timeout 1\n").failed(75)
    assert time.monotonic() - began < SOON


def test_relay_that_reads_nothing_is_left_in_time(mysend, relay):
    one, began = relay("ehlo pipelining chunking", 'mail hold', "buffers 4096"), time.monotonic()
    mysend("bob@example.org", stdin=TEXT + b"0123456789\n" * 800000, relay=one, config="timeout 1\n", settle=False).failed(75)
    assert time.monotonic() - began < SOON


def test_host_that_answers_nothing_is_left_after_connect_timeout(mysend):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = []
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
        began = time.monotonic()
        result = mysend("bob@example.org", stdin=TEXT, config=ALL.replace("timeout 10", "timeout 5m\nconnect_timeout 1\nport %d" % full.getsockname()[1]))
        result.failed(75)
        for filler in fillers:
            filler.close()
    assert time.monotonic() - began < SOON


@pytest.mark.parametrize("stage", ["greet", "ehlo", "mail", "rcpt", "data", "end"])
@pytest.mark.parametrize("how", ["endless", "endless-line"])
def test_reply_without_an_end_is_given_up_soon(mysend, relay, stage, how):
    code = "220" if stage == "greet" else "250"
    one, began = relay('%s "%s %s"' % (stage, how, code), "lax"), time.monotonic()
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config="timeout 3\n", measure=not mysend.sanitized)
    assert result.status in (69, 75, 76) and len(result.errors) == 1 and not one.messages, result
    assert time.monotonic() - began < SOON
    assert result.maxrss is None or result.maxrss < 32 * 1024, "memory: %d KiB" % result.maxrss


@pytest.mark.parametrize("scheme", ["smtp", "pop3"])
def test_line_without_an_end_that_comes_without_a_pause_is_left_in_time(mysend, relay, scheme):
    """The reader always finds more to read, and looks at no clock between."""
    def flood(listener):
        with listener.accept()[0] as there:
            try:
                there.sendall(b"220 " if scheme == "smtp" else b"+OK ")
                while True:
                    there.sendall(b"x" * (1 << 20))
            except OSError:
                pass
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, one = listener.getsockname()[1], relay()
        thread = threading.Thread(target=flood, args=(listener,), daemon=True)
        thread.start()
        began = time.monotonic()
        config = "account default\nfrom me@example.net\ntls off\ntimeout 1\nhost 127.0.0.1\n"
        if scheme == "smtp":
            config += "port %d\n" % port
        else:
            config += "port %d\npop_before_smtp pop3://127.0.0.1:%d\nuser joe\npassword x\n" % (one.port, port)
        result = mysend("bob@example.org", stdin=TEXT, config=config)
        assert result.status in (69, 75, 76) and len(result.errors) == 1 and not one.sessions, result
        assert time.monotonic() - began < SOON
        thread.join(PATIENCE)


@pytest.mark.parametrize("stage", ["greet", "ehlo", "mail", "rcpt", "end"])
@pytest.mark.parametrize("size", [511, 513, 1000, 5000])
def test_over_long_reply_line_is_no_trouble_and_no_hang(mysend, relay, stage, size):
    code = "220" if stage == "greet" else "250"
    one = relay("ehlo pipelining", '%s "long %d %s"' % (stage, size, code))
    if stage == "ehlo":
        one.script.keywords = []
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config="timeout 3\n")
    assert result.status in ((0,) if size < 513 else (0, 69, 75, 76)), result
    assert (result.status == 0) == bool(one.messages) or stage == "end", result


@pytest.mark.parametrize("stage", ["greet", "ehlo", "mail", "rcpt", "data", "end"])
@pytest.mark.parametrize("what", ["junk 300 && hang", "raw hello\r\n && hang", "raw 25\r\n && hang", "raw 2500 x\r\n && hang", "raw \r\n && hang", "raw 25x y\r\n && hang",
                                  "raw -50 x\r\n && hang", "raw HTTP/1.1 200 OK\r\n\r\n && hang", "raw 250-a\r\n550 b\r\n && hang", "raw 999 x\r\n && hang", "raw 000 x\r\n && hang"])
def test_answer_that_is_no_smtp_is_never_success(mysend, relay, stage, what):
    one = relay('%s "%s"' % (stage, what), "lax")
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config="timeout 2\n")
    assert result.status in (69, 75, 76) and len(result.errors) == 1, result
    assert all(character.isprintable() for line in result.err.splitlines() for character in line), result


def test_nobody_listens_is_75(mysend):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        line = mysend("bob@example.org", stdin=TEXT, config=ALL + "port %d\n" % port).failed(75)
    assert "127.0.0.1:%d" % port in line and "refused" in line and line.startswith("connect to ")


def test_host_that_does_not_exist_is_68_or_75_and_named(mysend):
    result = mysend("bob@example.org", stdin=TEXT, config=ALL.replace("127.0.0.1", "no-such-host.invalid"))
    assert result.status in (68, 75) and "no-such-host.invalid" in result.err and len(result.errors) == 1, result


def test_greeting_before_it_is_asked_for_and_answers_ahead_are_not_taken_for_answers_to_come(mysend, relay):
    """A relay that answers before it was asked must not make a message look accepted."""
    one = relay("ehlo pipelining", 'greet "raw 220 hi\r\n250 x\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n && hang"', "lax")
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config="timeout 2\n")
    assert result.status in (69, 75, 76) or one.transactions == [], result


# --- lines that are no reply ----------------------------------------------------------------------

STRAYS = {"blank": "\r\n", "bare-lf": "\n", "words": "warning: disk is slow\r\n", "several": "\r\n\r\nTraceback:\r\n  x\r\n", "half": "25\r\n"}


@pytest.mark.parametrize("stray", STRAYS.values(), ids=STRAYS.keys())
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "end", "rset", "quit"])
def test_stray_line_before_an_answer_is_passed_over(mysend, relay, style, stage, stray):
    ehlo = STYLES[style]
    if "chunking" in ehlo:
        stage = {"data": "bdat-last", "end": "bdat-last"}.get(stage, stage)
    answer = {"mail": "250 2.1.0 ok", "rcpt": "250 2.1.5 ok", "data": "354 go", "end": "250 2.0.0 queued", "bdat-last": "250 2.0.0 queued", "rset": "250 ok", "quit": "221 bye"}[stage]
    one = relay(ehlo, '%s "raw %s && %s"' % (stage, stray, answer))
    mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one, config="max_recipients 1\n").ok()
    assert [mail.recipients for mail in one.messages] == [["a@example.org"], ["b@example.org"]]
    assert len(one.sessions) == 1 and one.session.quit


@pytest.mark.parametrize("stage, answer", [("greet", "220 hi"), ("ehlo", "250-x\r\n250-PIPELINING\r\n\r\n250 8BITMIME"), ("auth", "235 welcome")])
@pytest.mark.parametrize("stray", STRAYS.values(), ids=STRAYS.keys())
def test_stray_line_on_the_way_in_is_passed_over(mysend, relay, stage, answer, stray):
    one = relay("ehlo auth=plain pipelining 8bitmime", '%s "raw %s%s\r\n"' % (stage, stray, answer), "lax")
    more = "user bob\npassword hunter2\nauth plain\n" if stage == "auth" else ""
    done = mysend("bob@example.org", stdin=TEXT, relay=one, config=more + "timeout 5\n")
    assert done.status == 0 and len(one.messages) == 1, done


@pytest.mark.parametrize("stray", STRAYS.values(), ids=STRAYS.keys())
def test_stray_line_before_the_answer_to_starttls_is_passed_over(mysend, relay, certs, stray):
    one = relay("ehlo starttls pipelining", 'starttls "raw %s && 220 go"' % stray)
    config = "account default\nhost 127.0.0.1\nport %d\nfrom me@example.net\ntls_trust_file %s/ca.pem\n" % (one.port, certs)
    done = mysend("bob@example.org", stdin=TEXT, config=config)
    assert done.status == 0 and one.message.tls, done


def test_mail_whose_answer_has_a_blank_line_before_it_leaves_the_queue_at_once(mysend, relay, spool):
    one = relay("ehlo pipelining", 'end "raw \r\n && 250 2.0.0 queued"')
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    for _ in range(3):
        spool.run("-q", relay=one).ok()
    assert len(one.messages) == 1 and not spool.names()


def test_more_than_a_few_stray_lines_are_no_answer(mysend, relay):
    one = relay("ehlo pipelining", 'mail "raw %s && 250 ok"' % ("noise\r\n" * 6), "lax")
    assert "noise" in mysend("bob@example.org", stdin=TEXT, relay=one).failed(76)


def test_server_that_speaks_another_protocol_is_named_by_its_words(mysend, relay):
    one = relay('greet "raw HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n && drop"', "lax")
    done = mysend("bob@example.org", stdin=TEXT, relay=one, config="timeout 5\n")
    assert done.status == 76 and "HTTP/1.1 400 Bad Request" in done.err and "not SMTP" in done.err, done


@pytest.mark.parametrize("noise", ["hello there", "", "25 x"])
def test_stray_line_in_place_of_an_answer_takes_no_other_for_it(mysend, relay, noise):
    """The relay says a stray line and no answer to the second message; what it says of the third one counts for neither."""
    one = relay("ehlo pipelining chunking", 'bdat-last ok "raw %s\r\n" "554 5.7.1 not this one"' % noise, "lax")
    done = mysend("a@example.org", "b@example.org", "c@example.org", stdin=TEXT, relay=one, config="max_recipients 1\n")
    assert done.status in (75, 76) and "not this one" not in done.err, done
