"""The scripted relay itself: it must object to a careless client, or the tests that trust it prove nothing."""
import os
import smtplib
import socket
import subprocess
import sys

import pytest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from relay import Relay  # noqa: E402
from waiting import PATIENCE  # noqa: E402


def talk(relay, *pieces, wait=True):
    """Sends the pieces, reading an answer between them; all that was heard."""
    heard = b""
    with socket.create_connection((relay.host, relay.port), PATIENCE) as sock:
        sock.settimeout(PATIENCE)
        heard += sock.recv(65536)
        for piece in pieces:
            try:
                sock.sendall(piece)
                data = sock.recv(65536) if wait else b""
            except OSError:
                break
            heard += data
            if wait and not data:
                break
            while data and piece.endswith(b"QUIT\r\n"):
                data = sock.recv(65536)
    relay.settle()
    return heard


HELLO = (b"EHLO me\r\n", b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<c@d>\r\n", b"DATA\r\n")


def test_clean_conversation_has_no_violations():
    with Relay("ehlo 8bitmime") as relay:
        talk(relay, *HELLO, b"Subject: x\r\n\r\n..dot\r\nbody\r\n.\r\n", b"QUIT\r\n")
        assert relay.violations == [] and relay.message.body == b"Subject: x\r\n\r\n.dot\r\nbody\r\n" and relay.session.quit
        assert relay.message.recipients == ["c@d"] and relay.message.field("subject") == "x"


@pytest.mark.parametrize("pieces, word", [
    ((b"EHLO me\r\n", b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"), "ahead"),
    ((b"EHLO me\n",), "bare LF"), ((b"EHLO m\re\r\n",), "bare CR"), ((b"EHLO m\0e\r\n",), "NUL"),
    ((*HELLO, b"x\ny\r\n.\r\n"), "in the message"), ((*HELLO, b"x\ry\r\n.\r\n"), "in the message"), ((*HELLO, b"x\0y\r\n.\r\n"), "in the message"),
    ((*HELLO, b".x\r\n.\r\n"), "lone dot"), ((b"EHLO me\r\n", b"MAIL FROM:<a@b> SIZE=3\r\n"), "not offered"),
    ((b"EHLO me\r\n", b"MAIL FROM:<a@b>\r\n", b"MAIL FROM:<a@b>\r\n"), "inside"), ((b"MAIL FROM:<a@b>\r\n",), "before EHLO"),
    ((b"EHLO me\r\n", b"MAIL FROM:a@b\r\n"), "malformed"), ((b"EHLO me\r\n", b"MAIL FROM:<a@b>\r\n", b"BDAT 1 LAST\r\nx"), "not offered"),
    ((b"XYZZY\r\n",), "unknown"),
])
def test_careless_client_is_noticed(pieces, word):
    with Relay("ehlo") as relay:
        talk(relay, *pieces)
        assert any(word in text for text in relay.violations), relay.violations


def test_pipelined_group_may_not_go_on_after_data():
    with Relay("ehlo pipelining") as relay:
        talk(relay, b"EHLO me\r\n", b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nbody\r\n.\r\n")
        assert any("ahead of the answer to DATA" in text for text in relay.violations)


def test_pipelined_bdat_is_fine():
    with Relay("ehlo pipelining chunking") as relay:
        talk(relay, b"EHLO me\r\n", b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 3\r\na\r\nBDAT 2 LAST\r\n\r\nQUIT\r\n")
        assert relay.violations == [] and relay.message.body == b"a\r\n\r\n" and relay.message.chunks == [3, 2]


def test_actions_do_what_they_say():
    with Relay("rcpt 250 '550 5.1.1 no\nreally'", "rcpt-to x@y 451", "mail 'lines 3 250'", "lax") as relay:
        heard = talk(relay, b"EHLO me\r\n", b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<c@d>\r\n", b"RCPT TO:<c@e>\r\n", b"RCPT TO:<x@y>\r\n")
        assert b"550-5.1.1 no\r\n550 really\r\n" in heard and b"250-line 1\r\n" in heard and b"451 " in heard
        assert [code for _, _, code in relay.transactions[0].rcpts] == [250, 550, 451]


@pytest.mark.parametrize("n", [0, 1, 5, 12])
def test_drop_received_is_to_the_octet(n):
    with Relay("drop-received %d" % n) as relay:
        talk(relay, b"EHLO me\r\nMAIL", wait=False)
        assert relay.session.received <= n


@pytest.mark.parametrize("n", [0, 1, 10, 25])
def test_drop_sent_is_to_the_octet(n):
    with Relay("drop-sent %d" % n) as relay:
        assert len(talk(relay, b"EHLO me\r\n", wait=True)) == n


def test_python_s_own_client_gets_through():
    with Relay("ehlo auth=cram-md5,plain", "user joe secret", "require-auth") as relay:
        with smtplib.SMTP(relay.host, relay.port) as client:
            client.login("joe", "secret")
            client.sendmail("a@b", ["c@d"], b"Subject: x\r\n\r\n.\r\n")
        relay.settle()
        assert relay.violations == [] and relay.message.content == b".\r\n" and relay.logins[0].ok


def test_relay_runs_by_hand(tmp_path):
    port_file = tmp_path / "port"
    run = subprocess.Popen([sys.executable, "-B", os.path.join(HERE, "relay.py"), "ehlo pipelining", "--show"], stdout=subprocess.PIPE, text=True)
    port = int(run.stdout.readline())
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("a@b", ["c@d"], b"Subject: hello\r\n\r\n")
    assert any("Subject: hello" in run.stdout.readline() for _ in range(20))
    run.terminate()
    run.wait()
    run.stdout.close()
    assert "part" in subprocess.run([sys.executable, "-B", os.path.join(HERE, "relay.py"), "--help"], capture_output=True, text=True, check=True).stdout
    assert not port_file.exists()


def deliver(relay, first, most):
    """Sends messages in one session until it ends; the codes of their ends, or of what refused them before."""
    codes = []
    with smtplib.SMTP(relay.host, relay.port) as client:
        for i in range(first, first + most):
            try:
                client.sendmail("a@b", ["u%d@c.example" % i], b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n")
                codes.append(250)
            except smtplib.SMTPRecipientsRefused as error:
                codes += [code for code, _ in error.recipients.values()]
            except smtplib.SMTPResponseException as error:
                codes.append(error.smtp_code)
                if error.smtp_code == 421:
                    break
            except smtplib.SMTPServerDisconnected:
                codes.append(None)
                break
    return codes


def test_one_recipient_in_ten_is_greylisted_once_and_one_refused():
    with Relay("greylist 10", "refuse 10") as relay:
        first, second = deliver(relay, 0, 200), deliver(relay, 0, 200)
    assert 5 <= first.count(450) <= 40 and 5 <= first.count(550) <= 40 and second.count(450) == 0
    assert [i for i, code in enumerate(first) if code == 550] == [i for i, code in enumerate(second) if code == 550]


def test_session_of_25_messages_is_enough():
    with Relay("mails 25") as relay:
        assert deliver(relay, 0, 30) == [250] * 25 + [421] and deliver(relay, 30, 3) == [250] * 3


def test_one_line_in_five_is_lost():
    with Relay("lose 5 2000") as relay:
        ends = [deliver(relay, 20 * i, 20) for i in range(15)]
    assert [i % 5 for i, codes in enumerate(ends) if None in codes] == [4, 4, 4] and len({len(codes) for codes in ends}) > 1


def test_relay_bears_its_rate_by_a_clock_of_its_own():
    now = [0.0]
    with Relay("throttle 20") as relay:
        relay.moods.clock = lambda: now[0]
        assert deliver(relay, 0, 4) == [250, 250, 450, 450]
        now[0] += 0.05
        assert deliver(relay, 4, 2) == [250, 450] and relay.moods.throttled == 3
        now[0] += 10
        assert deliver(relay, 6, 3) == [250, 250, 450]
