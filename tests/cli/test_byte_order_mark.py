"""A byte order mark at the beginning, as some editors write it, is no part of any file that people edit."""
import os

import pytest

from given import PLAIN as TEXT

MARK = b"\xef\xbb\xbf"


def test_mark_in_the_aliases_sends_roots_mail_nowhere_else(mysend, relay):
    one = relay()
    config = "maildomain mail.example\naliases %s\n" % mysend.file(MARK + b"root: admin@example.net\ndefault: other@example.net\n")
    mysend("root", stdin=TEXT, relay=one, config=config).ok()
    assert one.message.recipients == ["admin@example.net"]
    assert mysend("-bi", config=config + "host h.example\n").status == 0


@pytest.mark.parametrize("keyword, text", [("password_file", b"secret\n"), ("netrc", b"machine 127.0.0.1 login joe password secret\n"), ("password_command", b"")])
def test_mark_is_no_part_of_a_password(mysend, relay, keyword, text):
    one = relay("ehlo auth=plain", "user joe secret")
    value = "printf '\\357\\273\\277secret\\n'" if keyword == "password_command" else mysend.file(MARK + text)
    mysend("bob@example.org", stdin=TEXT, relay=one, config="user joe\nauth plain\n%s %s\n" % (keyword, value)).ok()
    assert one.logins[0].password == "secret"


def test_mark_in_the_configuration_is_passed_over(mysend, relay):
    one = relay()
    path = mysend.file(MARK + ("account default\n%sfrom me@example.net\n" % mysend.where(one)).encode())
    mysend("bob@example.org", stdin=TEXT, env={"MYSEND_CONFIG": path}).ok()
    assert one.message


@pytest.mark.parametrize("more", [b"", b"x" * 70 + b"\n"], ids=["small", "spilled"])
@pytest.mark.parametrize("front", [b"", b"From x Thu Jan  1 00:00:00 1970\n"], ids=["header", "mbox"])
def test_mark_in_front_of_a_message_leaves_its_header_one(mysend, front, more):
    result = mysend.dry("-t", to=(), stdin=MARK + front + b"To: ann@example.org\nSubject: x\n\nbody\n" + more * 20000)
    assert result.rcpts == ["ann@example.org"] and result.get("Subject") == "x" and result.body.startswith(b"body\r\n"), result.head
    assert MARK not in result.message


def test_mark_over_smtp_on_stdin_is_no_part_of_a_field(mysend, relay):
    one = relay()
    said = mysend("-bs", stdin=b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n" + MARK + b"Subject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n", relay=one)
    assert said.status == 0 and b"\r\nSubject: x\r\n" in b"\r\n" + one.message.body and MARK not in one.message.body


def test_mark_in_front_of_a_batch_is_no_part_of_its_first_command(mysend, relay):
    one = relay()
    mysend("-bS", stdin=MARK + b"MAIL FROM:<a@b.example>\nRCPT TO:<bob@example.org>\nDATA\nSubject: x\n\nbody\n.\n", relay=one).ok()
    assert one.message.recipients == ["bob@example.org"]


def test_mark_in_front_of_an_html_file_is_no_part_of_it(mysend):
    result = mysend.dry("-s", "x", "--html", mysend.file(MARK + b"<p>plain</p>\n"), stdin=b"text\n")
    assert b"<p>plain</p>" in result.message and MARK not in result.message and b"=EF=BB" not in result.message


def test_mark_in_front_of_a_text_is_no_part_of_the_text(mysend):
    result = mysend.dry("-s", "x", stdin=MARK + b"plain\n")
    assert result.body == b"plain\r\n" and "utf-8" not in result.head.decode().lower()


def test_mark_inside_a_text_stays(mysend):
    result = mysend.dry(stdin=b"Subject: x\n\nbody " + MARK + b"\n")
    assert result.status == 0 and os.linesep.encode() in result.message
    assert b"=EF=BB=BF" in result.body or MARK in result.body
