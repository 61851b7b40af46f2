"""SMTP on standard input: -bs for a client that listens, -bS and the name bsmtp for a file (mysend-compat(7), MODES)."""
import signal
import socket
import time

import pytest

from waiting import PATIENCE, SOON

HELLO = ["EHLO client"]


class Client:
    """A lock-step SMTP client of `mysend -bs`."""

    def __init__(self, run):
        self.run, self.process = run, run.process
        self.greeting = self.answer()

    def answer(self):
        lines = []
        while True:
            line = self.process.stdout.readline().decode("utf-8")
            assert line.endswith("\r\n"), "no whole answer: %r, stderr %r" % (line, self.process.stderr.read() if not line else "")
            lines.append(line[:-2])
            if line[3:4] != "-":
                return lines

    def say(self, line):
        self.process.stdin.write(line if isinstance(line, bytes) else line.encode() + b"\r\n")
        self.process.stdin.flush()
        return self.answer()

    def code(self, line):
        return self.say(line)[-1][:3]

    def send(self, text, sender="a@b.example", to=("bob@example.org",)):
        """A whole transaction; the answer to its dot."""
        assert self.code("MAIL FROM:<%s>" % sender) == "250"
        for one in to:
            assert self.code("RCPT TO:<%s>" % one) == "250"
        assert self.code("DATA") == "354"
        return self.say(text + b"\r\n.\r\n")

    def end(self):
        assert self.code("QUIT") == "221"
        return self.run.finish(b"")


@pytest.fixture
def client(mysend):
    started = []

    def make(relay=None, args=("-bs",), name="sendmail", config="maildomain mail.example\n", **more):
        run = mysend.start(*args, name=name, relay=relay, config=config, **more)
        started.append(run)
        return Client(run)
    yield make
    for run in started:
        if run.process.poll() is None:
            run.kill()
            run.process.communicate()


def batch(mysend, relay, text, **more):
    return mysend("-bS", name="sendmail", stdin=text, relay=relay, config="maildomain mail.example\n", **more)


# --- a dialogue -----------------------------------------------------------------------------------

def test_ehlo_offers_what_is_honoured(client):
    one = client(config="host 127.0.0.1\nport 1\n")
    assert one.greeting[0].startswith("220 ")
    offered = {line[4:] for line in one.say("EHLO client")[1:]}
    assert offered == {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES", "DSN", "HELP"}
    assert one.end().status == 0


@pytest.mark.parametrize("ehlo", ["ehlo", "ehlo pipelining", "ehlo pipelining chunking"])
def test_messages_of_a_dialogue_go_over_one_session_and_get_the_relays_words(client, relay, ehlo):
    there = relay(ehlo)
    one = client(there)
    one.say("EHLO client")
    assert one.send(b"Subject: one\r\n\r\nfirst\r\n..dot\r\n.\x00")[0].startswith("250 2.0.0 Ok: queued as")
    assert one.send(b"Subject: two\r\n\r\nsecond", to=("bob@example.org", "root"))[0].startswith("250 2.0.0 Ok: queued as")
    one.end().ok
    assert [(mail.sender, mail.recipients) for mail in there.messages] == [
        ("a@b.example", ["bob@example.org"]), ("a@b.example", ["bob@example.org", "root@mail.example"])]
    assert there.messages[0].body.endswith(b"\r\n\r\nfirst\r\n.dot\r\n\r\n") and there.messages[1].body.endswith(b"\r\n\r\nsecond\r\n")
    assert len(there.sessions) == 1 and there.session.quit


@pytest.mark.parametrize("words, code", [
    ("550 5.1.1 nobody here", "550 5.1.1 <bob@example.org>: nobody here"), ("450 4.2.1 later", "450 4.2.1 <bob@example.org>: later"),
])
def test_what_the_relay_says_of_a_recipient_is_the_answer_to_the_dot_and_the_dialogue_goes_on(client, relay, words, code):
    there = relay("ehlo pipelining", 'rcpt-to bob@example.org "%s"' % words)
    one = client(there)
    one.say("EHLO client")
    assert one.send(b"Subject: x\r\n\r\nb") == [code]
    assert one.send(b"Subject: x\r\n\r\nb", to=("carl@example.org",))[0].startswith("250 ")
    assert one.end().status == 0
    assert len(there.messages) == 1


def test_who_got_it_all_the_same_is_told(client, relay):
    there = relay("ehlo pipelining", 'rcpt 250 "550 5.1.1 nobody"')
    one = client(there)
    one.say("EHLO client")
    assert one.send(b"Subject: x\r\n\r\nb", to=("bob@example.org", "carl@example.org")) == [
        "550-5.1.1 <carl@example.org>: nobody", "550 5.1.1 the relay has accepted it for 1 of the 2 recipients"]
    one.end()
    assert there.messages[0].recipients == ["bob@example.org"]


def test_mixed_verdicts_are_temporary_so_that_nothing_is_lost(client, relay):
    there = relay("ehlo pipelining", 'rcpt "550 5.1.1 nobody" "451 4.3.0 later"')
    one = client(there)
    one.say("EHLO client")
    answer = one.send(b"Subject: x\r\n\r\nb", to=("bob@example.org", "carl@example.org"))
    assert all(line[:3] == "451" for line in answer) and "nobody" in answer[0] and "later" in answer[1]
    one.end()


def test_who_gets_it_later_all_the_same_is_told(client, relay, tmp_path):
    there = relay("ehlo pipelining", 'rcpt "550 5.1.1 nobody" "450 4.2.0 later" 250')
    one = client(there, config="maildomain mail.example\nqueue on\nspool %s\n" % (tmp_path / "spool"))
    one.say("EHLO client")
    assert one.send(b"Subject: x\r\n\r\nb", to=("bob@example.org", "carl@example.org", "dora@example.org")) == [
        "550-5.1.1 <bob@example.org>: nobody", "550-5.1.1 it waits for 1 of the 3 recipients, and is tried again",
        "550 5.1.1 the relay has accepted it for 1 of the 3 recipients"]
    one.end()


@pytest.mark.parametrize("more, state", [("queue off\n", "off"), ("queue on\nspool /proc/none\n", "broken")])
def test_nobody_gets_it_twice_because_another_has_to_wait_and_there_is_no_queue(client, relay, more, state):
    there = relay("ehlo pipelining", 'rcpt 250 "450 4.2.0 later"')
    one = client(there, config="maildomain mail.example\n" + more)
    one.say("EHLO client")
    assert one.send(b"Subject: x\r\n\r\nb", to=("bob@example.org", "carl@example.org")) == [
        "554-5.0.0 <carl@example.org>: 450 4.2.0 later",
        "554 5.0.0 the relay has accepted it for 1 of the 2 recipients: send it again to the others only"], state
    one.end()
    assert there.messages[0].recipients == ["bob@example.org"]


def test_relay_that_is_down_is_a_temporary_answer(client):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        one = client(config="host 127.0.0.1\nport %d\ntls off\nfrom me@example.net\n" % port)
        one.say("EHLO client")
        answer = one.send(b"Subject: x\r\n\r\nb")
        assert answer[0].startswith("451-4.4.1 connect to 127.0.0.1:%d: " % port), answer
        assert one.end().status == 0


def test_session_that_the_relay_has_left_is_opened_again_for_the_next_message(client, relay):
    there = relay("ehlo pipelining", "lax")
    one = client(there)
    one.say("EHLO client")
    assert one.send(b"Subject: one\r\n\r\nb")[0].startswith("250 ")
    for session in list(there.sessions):
        session.sock.shutdown(socket.SHUT_RDWR)
    assert one.send(b"Subject: two\r\n\r\nb")[0].startswith("250 ")
    one.end()
    assert len(there.messages) == 2 and len(there.sessions) == 2


@pytest.mark.parametrize("last_words", [b"421 4.4.2 idle for too long\r\n", b"421-4.4.2 idle\r\n421 4.4.2 bye\r\n", b"250 nobody asked\r\n", b"451 4.3.0 restarting\r\n",
                                        b"* BYE\r\n", b"42"])
@pytest.mark.parametrize("gone", [True, False])
def test_what_the_relay_says_unasked_is_its_goodbye_and_no_answer_to_the_next_message(client, relay, last_words, gone):
    there = relay("ehlo pipelining", "lax")
    one = client(there)
    one.say("EHLO client")
    assert one.send(b"Subject: one\r\n\r\nb")[0].startswith("250 ")
    there.sessions[0].sock.sendall(last_words)
    if gone:
        there.sessions[0].sock.shutdown(socket.SHUT_RDWR)
    assert one.send(b"Subject: two\r\n\r\nb")[0].startswith("250 ")
    one.end()
    assert [mail.header[0] for mail in there.messages if mail.header] and len(there.messages) == 2 and len(there.sessions) == 2


@pytest.mark.parametrize("how", ["raw 421 4.4.2 idle\r\n && close-notify", "close-notify", "raw 421 4.4.2 idle\r\n && drop"])
def test_end_of_tls_between_two_messages_is_no_fault(client, relay, certs, how):
    there = relay("ehlo pipelining starttls", 'end "ok && %s" ok' % how, "lax")
    one = client(config="account default\nhost 127.0.0.1\nport %d\nfrom me@example.net\nmaildomain mail.example\ntls_trust_file %s/ca.pem\n" % (there.port, certs))
    one.say("EHLO client")
    assert one.send(b"Subject: one\r\n\r\nb")[0].startswith("250 ")
    with there.over:
        assert there.over.wait_for(lambda: there.sessions[0].ended, PATIENCE)
    assert one.send(b"Subject: two\r\n\r\nb")[0].startswith("250 ")
    one.end()
    assert len(there.messages) == 2 and len(there.sessions) == 2


def test_silence_after_a_pause_takes_no_longer_than_timeout(client, relay):
    there = relay("ehlo pipelining", "mail ok hang ok", "lax")
    one = client(there, config="maildomain mail.example\ntimeout 2\nqueue off\n")
    one.say("EHLO client")
    assert one.send(b"Subject: one\r\n\r\nb")[0].startswith("250 ")
    began = time.monotonic()
    assert one.send(b"Subject: two\r\n\r\nb")[0].startswith("451 4.4.1 MAIL FROM")
    assert 1 < time.monotonic() - began < SOON and len(there.sessions) == 1
    assert one.send(b"Subject: three\r\n\r\nb")[0].startswith("250 ")
    one.end()


def test_421_to_the_first_command_after_a_pause_is_a_goodbye_too(client, relay):
    """It was on its way when MAIL was said."""
    there = relay("ehlo pipelining", "mail ok 421 ok", "lax")
    one = client(there)
    one.say("EHLO client")
    assert one.send(b"Subject: one\r\n\r\nb")[0].startswith("250 ")
    assert one.send(b"Subject: two\r\n\r\nb")[0].startswith("250 ")
    one.end()
    assert len(there.messages) == 2 and len(there.sessions) == 2


@pytest.mark.parametrize("part", ['mail "502 5.5.1 no MAIL"', 'mail "555 5.5.4 no such parameter"', 'rcpt "500 what"', 'data "503 5.5.1 no DATA"', 'end "504 no"'])
def test_what_the_relay_says_of_our_commands_is_not_said_of_the_clients(client, relay, part):
    """A client that is told 502 or 503 at BDAT would think that we know no BDAT."""
    one = client(relay("ehlo pipelining", part))
    one.say("EHLO client")
    answer = one.send(b"Subject: x\r\n\r\nb")
    assert answer[0].startswith("554 5.") and part.split(" ", 2)[2].strip('"').split(" ")[-1] in answer[0], answer
    one.end()


def test_relay_that_answers_421_each_time_is_a_temporary_answer(client, relay):
    there = relay("ehlo pipelining", "mail ok 421", "lax")
    one = client(there)
    one.say("EHLO client")
    assert one.send(b"Subject: one\r\n\r\nb")[0].startswith("250 ")
    assert one.send(b"Subject: two\r\n\r\nb")[0].startswith("4")
    one.end()
    assert len(there.messages) == 1 and len(there.sessions) == 2


@pytest.mark.parametrize("line, code", [
    ("FOO", "500"), ("RCPT TO:<a@b>", "503"), ("DATA", "503"), ("BDAT 0 LAST", "503"), ("MAIL", "501"), ("MAIL FROM:<a@@b>", "501"),
    ("MAIL FROM:<a@b> FOO=1", "555"), ("EHLO", "501"), ("HELO", "501"), ("AUTH PLAIN", "502"), ("STARTTLS", "502"), ("EXPN x", "502"),
    ("VRFY x", "252"), ("NOOP x", "250"), ("HELP", "214"), ("RSET", "250"), ("N\x01OOP", "500"), ("x" * 5000, "500"), ("", "500"),
    ("MAIL FROM:<j\u00fcrgen@b>", "553"),
])
def test_bad_command_gets_its_code_and_the_dialogue_goes_on(client, relay, line, code):
    there = relay()
    one = client(there)
    one.say("EHLO client")
    assert one.code(line) == code
    assert one.send(b"Subject: x\r\n\r\nb")[0].startswith("250 ")
    one.end()


def test_commands_may_come_in_one_write_and_answers_come_in_order(mysend, relay):
    there = relay()
    text = (b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<>\r\nDATA\r\n"
            b"Subject: x\r\n\r\nb\r\n.\r\nMAIL FROM:<>\r\nRSET\r\nNOOP\r\nQUIT\r\n")
    done = mysend("-bs", name="sendmail", stdin=text, relay=there, config="maildomain mail.example\n")
    codes = [line[:3] for line in done.out.splitlines() if line[3:4] == " "]
    assert codes == ["220", "250", "250", "250", "501", "354", "250", "250", "250", "250", "221"] and done.status == 0 and done.err == ""
    assert len(there.messages) == 1


@pytest.mark.parametrize("text, bodies", [
    (b"a\n.\nMAIL FROM:<evil@x>\nRCPT TO:<z@x>\nDATA\nSubject: y\n\ne\r\n.\r\n", 1),
    (b"a\r\n.\nMAIL FROM:<evil@x>\r\nDATA\r\n.\r\n", 1),
    (b"a\n.\r\nMAIL FROM:<evil@x>\r\nDATA\r\n.\r\n", 1),
    (b"a\r.\rMAIL FROM:<evil@x>\r\n.\r\n", 1),
    (b"a\r\n\x00.\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<z@x>\r\n.\r\n", 1),
])
def test_no_second_mail_can_hide_in_the_first(mysend, relay, text, bodies):
    there = relay()
    dialogue = b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\n" + text + b"QUIT\r\n"
    done = mysend("-bs", name="sendmail", stdin=dialogue, relay=there, config="maildomain mail.example\n")
    assert done.status == 0 and done.out.endswith("221 2.0.0 Bye\r\n")
    assert len(there.messages) == bodies and there.messages[0].sender == "a@b"
    assert b"evil@x" in there.messages[0].body


@pytest.mark.parametrize("size", [1, 1000, 65535, 65536, 200000])
def test_bdat_takes_octets_as_they_are_counted(mysend, relay, size):
    there = relay()
    body = b"Subject: x\r\n\r\n" + (b"." * 60 + b"\r\n") * 3300
    chunks, rest = b"", body
    while rest:
        piece, rest = rest[:size], rest[size:]
        chunks += b"BDAT %d\r\n%s" % (len(piece), piece)
        if size == 1:
            chunks, rest = chunks + b"BDAT %d\r\n%s" % (len(rest), rest), b""
    done = mysend("-bs", name="sendmail", relay=there, config="maildomain mail.example\n",
                  stdin=b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob@example.org>\r\n" + chunks + b"BDAT 0 LAST\r\nQUIT\r\n")
    assert done.status == 0 and "\r\n5" not in done.out, done
    assert there.messages[0].body.endswith(body[len(b"Subject: x\r\n"):])


def test_bdat_without_a_recipient_is_skipped_by_its_length(mysend, relay):
    there = relay()
    done = mysend("-bs", name="sendmail", relay=there, config="maildomain mail.example\n",
                  stdin=b"EHLO x\r\nBDAT 20 LAST\r\nMAIL FROM:<evil@x>\r\nNOOP\r\nQUIT\r\n")
    assert [line[:3] for line in done.out.splitlines()[-3:]] == ["503", "250", "221"] and not there.messages


def test_dsn_is_passed_on_for_each_recipient(client, relay):
    there = relay("ehlo pipelining dsn")
    one = client(there)
    one.say("EHLO client")
    assert one.code("MAIL FROM:<a@b> RET=HDRS ENVID=id+2B1") == "250"
    assert one.code("RCPT TO:<bob@example.org> NOTIFY=NEVER") == "250"
    assert one.code("RCPT TO:<carl@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@d") == "250"
    one.code("DATA")
    one.say(b"Subject: x\r\n\r\nb\r\n.\r\n")
    one.end()
    lines = [line for line in there.commands if line.startswith(("MAIL", "RCPT"))]
    assert "RET=HDRS ENVID=id+2B1" in lines[0]
    assert lines[1].endswith("<bob@example.org> NOTIFY=NEVER ORCPT=rfc822;bob@example.org")
    assert lines[2].endswith("<carl@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@d")


def test_smtputf8_is_passed_on(client, relay):
    there = relay("ehlo pipelining smtputf8")
    one = client(there)
    one.say("EHLO client")
    assert one.code("MAIL FROM:<a@b> SMTPUTF8") == "250"
    assert one.code("RCPT TO:<j\u00fcrgen@example.org>") == "250"
    one.code("DATA")
    assert one.say(b"Subject: x\r\n\r\nb\r\n.\r\n")[0].startswith("250 ")
    one.end()
    assert there.messages[0].recipients == ["j\u00fcrgen@example.org"]


def test_message_over_the_limit_is_refused_at_mail_or_when_it_has_been_read(client, relay):
    there = relay()
    one = client(there, config="maildomain mail.example\nmessage_size_limit 1k\n")
    one.say("EHLO client")
    assert one.code("MAIL FROM:<a@b> SIZE=2000") == "552"
    assert one.send(b"Subject: x\r\n\r\n" + b"line\r\n" * 300)[0].startswith("552 5.3.4 ")
    assert one.send(b"Subject: x\r\n\r\nb")[0].startswith("250 ")
    one.end()
    assert len(there.messages) == 1


def test_configuration_that_is_wrong_is_told_in_the_greeting(client):
    one = client(config="no such keyword\n")
    assert one.greeting[0].startswith("554 mysend: ") and "unknown keyword" in one.greeting[0]
    assert one.code("EHLO x") == "503"
    assert one.code("QUIT") == "221"
    assert one.run.finish(b"").status == 78


def test_alias_that_leads_nowhere_is_an_answer(client, relay, tmp_path):
    (tmp_path / "aliases").write_text("bad: |cat\nroot: alice@example.org\n")
    there = relay()
    one = client(there, config="aliases %s\n" % (tmp_path / "aliases"))
    one.say("EHLO client")
    answer = one.send(b"Subject: x\r\n\r\nb", to=("bad",))
    assert answer[0].startswith("451 4.3.5 ") and "mail is not given to commands" in answer[0]
    assert one.send(b"Subject: x\r\n\r\nb", to=("root@localhost",))[0].startswith("250 ")
    one.end()
    assert [mail.recipients for mail in there.messages] == [["alice@example.org"]]


@pytest.mark.parametrize("text", [b"Subject: x\r\n\r\nhalf", b"Subject: x\r\n\r\nb\r\n.", b""])
def test_input_that_ends_in_a_message_sends_nothing(mysend, relay, text):
    there = relay()
    done = mysend("-bs", name="sendmail", relay=there, config="maildomain mail.example\n",
                  stdin=b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n" + text)
    assert done.status == 66 and "in the middle of a message" in done.err and not there.messages


def test_client_that_just_leaves_is_no_failure(mysend, relay):
    there = relay()
    done = mysend("-bs", name="sendmail", relay=there, stdin=b"EHLO x\r\nMAIL FROM:<a@b>\r\n", config="maildomain mail.example\n")
    assert done.status == 0 and not there.messages and not there.sessions


def test_endless_nonsense_ends(mysend, relay):
    done = mysend("-bs", name="sendmail", relay=relay(), stdin=b"FOO\r\n" * 1000)
    assert done.out.splitlines()[-1].startswith("421 ") and done.out.count("500 ") == 100 and done.status == 0


@pytest.mark.parametrize("line, code", [
    (b"MAIL FROM:<a@b.example> FOO=" + b"z" * 3500, "555"), (b"RCPT TO:<a@b.example> FOO=" + b"z" * 3500, "503"), (b"MAIL FROM:<" + b"x" * 3500, "501"),
    (b"x" * 5000, "500"), (b"DATA", "503"),
])
def test_commands_that_cannot_be_taken_come_to_an_end(mysend, relay, line, code):
    done = mysend("-bs", name="sendmail", relay=relay("lax"), stdin=(line + b"\r\n") * 1000, config="maildomain mail.example\n", settle=False)
    codes = [answer[:3] for answer in done.out.splitlines()]
    assert codes.count(code) == 100 and codes[-1] == "421" and done.status == 0, codes[-3:]


def test_recipient_that_cannot_be_taken_counts_too(mysend, relay):
    text = b"EHLO x\r\nMAIL FROM:<a@b.example>\r\n" + (b"RCPT TO:<b@c.example> FOO=" + b"z" * 3500 + b"\r\n") * 1000
    done = mysend("-bs", name="sendmail", relay=relay(), stdin=text, config="maildomain mail.example\n")
    assert done.out.count("\r\n555 ") == 100 and done.out.splitlines()[-1].startswith("421 ")


def test_errors_count_from_the_last_message_that_was_taken(mysend, relay):
    there = relay()
    message = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<b@c.example>\r\nDATA\r\nSubject: x\r\n\r\nb\r\n.\r\n"
    done = mysend("-bs", name="sendmail", relay=there, stdin=(b"FOO\r\n" * 60 + message) * 4 + b"QUIT\r\n", config="maildomain mail.example\n")
    assert len(there.messages) == 4 and done.out.endswith("221 2.0.0 Bye\r\n")


def test_recipients_beyond_the_limit_are_no_errors_and_come_in_the_next_transaction(mysend, relay):
    names = b"".join(b"RCPT TO:<u%d@c.example>\r\n" % i for i in range(10300))
    done = mysend("-bs", name="sendmail", relay=relay("lax"), stdin=b"EHLO x\r\nMAIL FROM:<a@b.example>\r\n" + names + b"RSET\r\nQUIT\r\n",
                  config="maildomain mail.example\n")
    assert done.out.count("\r\n452 ") == 300 and done.out.endswith("221 2.0.0 Bye\r\n")


# --- a batch --------------------------------------------------------------------------------------

MESSAGE = b"MAIL FROM:<a@b.example>\nRCPT TO:<%s>\nDATA\nSubject: %s\n\nbody\n..dot\n.\n"


@pytest.mark.parametrize("name, args", [("sendmail", ["-bS"]), ("bsmtp", []), ("mysend", ["-bS"])])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_all_messages_of_a_batch_go_over_one_session_in_silence(mysend, relay, name, args, end):
    there = relay()
    text = b"EHLO x\n" + b"".join(MESSAGE % (b"u%d@example.org" % i, b"m%d" % i) for i in range(20)) + b"QUIT\n"
    mysend(*args, name=name, stdin=text.replace(b"\n", end), relay=there).ok()
    assert [mail.recipients for mail in there.messages] == [["u%d@example.org" % i] for i in range(20)]
    assert all(mail.body.endswith(b"\r\n\r\nbody\r\n.dot\r\n") for mail in there.messages)
    assert len(there.sessions) == 1 and there.session.quit


@pytest.mark.parametrize("bad, status, sent", [([1], 1, 2), ([0, 1, 2], 2, 0)])
def test_batch_says_which_messages_were_refused_and_how_many(mysend, relay, bad, status, sent):
    there = relay("ehlo pipelining", *['rcpt-to u%d@example.org "550 5.1.1 nobody"' % i for i in bad])
    done = batch(mysend, there, b"".join(MESSAGE % (b"u%d@example.org" % i, b"x") for i in range(3)))
    assert done.status == status and len(there.messages) == sent
    assert done.err.splitlines() == ["mysend: message %d: 550 5.1.1 <u%d@example.org>: nobody" % (i + 1, i) for i in bad] + \
        ["mysend: %d of 3 messages have been handed over" % sent]


def test_message_of_a_batch_with_a_bad_line_is_not_sent_by_halves(mysend, relay):
    there = relay()
    done = batch(mysend, there, b"MAIL FROM:<a@b>\nRCPT TO:<x@@y>\nRCPT TO:<bob@example.org>\nDATA\nSubject: x\n\nb\n.\n" +
                 MESSAGE % (b"carl@example.org", b"y"))
    assert done.status == 1 and "message 1: 501 5.1.3 " in done.err
    assert [mail.recipients for mail in there.messages] == [["carl@example.org"]]


@pytest.mark.parametrize("text", [
    MESSAGE % (b"bob@example.org", b"x") + b"MAIL FROM:<a@b>\nRCPT TO:<c@d>\n", MESSAGE % (b"bob@example.org", b"x") + b"MAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\nx\n",
])
def test_batch_that_ends_in_a_message_says_so(mysend, relay, text):
    there = relay()
    done = batch(mysend, there, text)
    assert done.status == 66 and "in the middle of a message" in done.err and len(there.messages) == 1


def test_command_of_a_batch_that_is_none_is_told(mysend, relay):
    there = relay()
    done = batch(mysend, there, b"FOO\n" + MESSAGE % (b"bob@example.org", b"x") + b"\nFOO\n")
    assert done.status == 1 and done.err.count("500 5.5.1 no such command") == 2 and len(there.messages) == 1


def test_quiet_batch_has_only_a_status(mysend, relay):
    there = relay("ehlo pipelining", "rcpt 550")
    done = mysend("-oeq", "-bS", name="sendmail", stdin=MESSAGE % (b"bob@example.org", b"x"), relay=there)
    assert done.status == 2 and done.err == ""


# --- other modes ----------------------------------------------------------------------------------

@pytest.mark.parametrize("name, args, out", [
    ("mailq", [], "Mail queue is empty\n"), ("sendmail", ["-bp"], "Mail queue is empty\n"), ("mysend", ["-bp"], "Mail queue is empty\n"),
    ("mailq", ["-Ac"], "Mail queue is empty\n"), ("newaliases", [], ""), ("sendmail", ["-bi"], ""), ("sendmail", ["-I"], ""), ("sendmail", ["-q"], ""),
    ("sendmail", ["-qf"], ""), ("sendmail", ["-qIabc"], ""), ("sendmail", ["-qRx"], ""), ("sendmail", ["-qSx"], ""), ("sendmail", ["-bh"], ""),
    ("sendmail", ["-bH"], ""), ("sendmail", ["-b", "p"], "Mail queue is empty\n"),
])
def test_administration_is_silent_and_does_not_read_its_input(mysend, name, args, out):
    with socket.socket() as never:
        done = mysend(*args, name=name, stdin=never, config="host 127.0.0.1\nto x@y.example\nspool %s/spool\n" % mysend.tmp)
    assert (done.status, done.out, done.err) == (0, out, "")


@pytest.mark.parametrize("args", [
    ["-bt"], ["-bd"], ["-bD"], ["-bl"], ["-bP"], ["-ba"], ["-bz"], ["-be"], ["-bV"], ["-bq"], ["-brt"], ["-T"], ["-E"], ["-J"], ["-S"], ["-Q"], ["-qQ"], ["-qL"], ["-qp"],
    ["-q30m", "bob@example.org"], ["-q", "-t"], ["-qsoon"], ["-XV"], ["-XV+="], ["-z"], ["-s"], ["--frobnicate"],
])
def test_what_nobody_has_here_is_a_usage_error_and_sends_nothing(mysend, relay, args):
    there = relay()
    done = mysend(*args, name="sendmail", stdin=b"Subject: x\n\nb\n", relay=there)
    assert done.status == 64 and len(done.err.splitlines()) == 2 and done.out == "" and not there.messages


def test_queue_runner_stays_until_it_is_told_to_end(mysend, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        run = mysend.start("-q30m", name="sendmail", config="host 127.0.0.1\n", env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert manager.recv(100) == b"READY=1" and run.process.poll() is None
        run.process.send_signal(signal.SIGTERM)
        assert manager.recv(100) == b"STOPPING=1"
        assert run.finish(b"").status == 0


def test_verify_asks_and_sends_nothing(mysend, relay):
    there = relay("ehlo pipelining", 'rcpt "250 2.1.5 fine" "550 5.1.1 nobody"')
    done = mysend("-bv", "root", "bob@example.org", name="sendmail", relay=there, config="root_to alice@example.org\n", stdin=b"")
    assert done.status == 67 and done.out == "alice@example.org: the relay would take it: 250 2.1.5 fine\n"
    assert "bob@example.org" in done.err and "nobody" in done.err
    assert there.verbs == ["EHLO", "MAIL", "RCPT", "RCPT", "RSET", "QUIT"] and not there.messages


def test_verify_has_no_message_that_could_be_too_little(mysend, relay):
    there = relay('rcpt "250 2.1.5 fine"')
    done = mysend("-bv", "bob@example.org", name="sendmail", relay=there, config="refuse_empty on\n", stdin=b"")
    assert done.status == 0 and done.out == "bob@example.org: the relay would take it: 250 2.1.5 fine\n"
    shown = mysend("-bv", "--dry-run", "bob@example.org", relay=there, stdin=b"")
    assert shown.status == 0 and shown.out == "MAIL FROM:<me@example.net>\nRCPT TO:<bob@example.org>\n\n"


def test_verify_of_what_is_no_address_is_65(mysend, relay):
    there = relay()
    mysend("-bv", "a@@b", name="sendmail", relay=there, stdin=b"").failed(65)
    assert not there.sessions


@pytest.mark.parametrize("text, status, lines", [
    ("root: alice@example.org\n", 0, 0), ("bad line\nroot: x@y\n", 65, 1), ("bob: |cat\n", 0, 1), ("a: b\nb: a\n", 65, 2), ("", 0, 0),
])
def test_newaliases_checks_the_file(mysend, tmp_path, text, status, lines):
    path = tmp_path / "aliases"
    path.write_text(text)
    done = mysend(name="newaliases", config="aliases %s\n" % path, stdin=b"")
    assert done.status == status and len(done.err.splitlines()) == lines
    assert all(line.startswith("mysend: %s:" % path) for line in done.err.splitlines())
