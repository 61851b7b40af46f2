"""What is read on stdin leaves as the message it was meant to be (mysend-compat(7), DECISIONS, MESSAGE)."""
import email
import fcntl
import hashlib
import os
import pty
import random
import re
import termios

import pytest
from waiting import wait_for

BOTH_WAYS = pytest.mark.parametrize("ehlo", ["ehlo pipelining 8bitmime", "ehlo 8bitmime", "ehlo pipelining chunking 8bitmime",
                                             "ehlo chunking 8bitmime"],
                                    ids=["DATA", "DATA-lockstep", "BDAT", "BDAT-lockstep"])


def lines(size, final=True):
    """Text of so many octets, with or without a final newline."""
    text = (b"%063d\n" % 7) * (size // 64 + 1)
    text = text[:size]
    return text[:-1] + (b"\n" if final else b"x")


def crlf(text):
    text = re.sub(rb"\r\n|\r|\n", b"\r\n", text)
    return text if not text or text.endswith(b"\r\n") else text + b"\r\n"


# --- where the header ends ------------------------------------------------------------------------

@pytest.mark.parametrize("text, fields, body", [
    (b"hello world\n", {}, b"hello world\r\n"),
    (b"hello world", {}, b"hello world\r\n"),
    (b"Warning: disk full\n", {"Warning": "disk full"}, b""),
    (b"Subject: x\ntext here\nmore\n", {"Subject": "x"}, b"text here\r\nmore\r\n"),
    (b"Subject: x\nhttp://example.org/ is down\n", {"Subject": "x"}, None),
    (b"\nbody\n", {}, b"body\r\n"),
    (b"\n\nbody\n", {}, b"\r\nbody\r\n"),
    (b"\nSubject: not a field\n\nbody\n", {"Subject": None}, b"Subject: not a field\r\n\r\nbody\r\n"),
    (b"Subject: x", {"Subject": "x"}, b""),
    (b"Subject: x\n", {"Subject": "x"}, b""),
    (b"Subject: x\n\n", {"Subject": "x"}, b""),
    (b"Subject: x\nBad Name: y\n\nz\n", {"Subject": "x"}, b"Bad Name: y\r\n\r\nz\r\n"),
    (b"--boundary\ntext\n", {}, b"--boundary\r\ntext\r\n"),
    (b"Subject: x\n--not: y\nrest\n", {"Subject": "x"}, b"--not: y\r\nrest\r\n"),
    (b" indented\ntext\n", {}, b" indented\r\ntext\r\n"),
    (b"\tindented: no\ntext\n", {}, b"\tindented: no\r\ntext\r\n"),
    (b"Subject: x\n \nX-Foo: y\n\nbody\n", {"X-Foo": "y"}, b"body\r\n"),
    (b"Subject: x\n folded\nX-Foo: y\n\nbody\n", {"Subject": "x\r\n folded", "X-Foo": "y"}, b"body\r\n"),
    (b"Subject:\n\nbody\n", {"Subject": ""}, b"body\r\n"),
    (b"Subject:x\n\nbody\n", {"Subject": "x"}, b"body\r\n"),
    (b": no name\n\nbody\n", {}, b": no name\r\n\r\nbody\r\n"),
])
def test_header_ends_where_sendmail_ends_it(mysend, text, fields, body):
    result = mysend.dry(stdin=text)
    for name, value in fields.items():
        assert result.get(name) == value, result
    if body is not None:
        assert result.body == body
    for name in ("From", "Date", "Message-ID", "To"):
        assert result.get(name), "%s is missing: %r" % (name, result.head)


@pytest.mark.parametrize("text", [
    b"From bob Thu Jan  1 00:00:00 1970\nSubject: x\n\nb\n",
    b"From bob@example.org  Thu Jan  1 00:00:00 1970\r\nSubject: x\r\n\r\nb\r\n",
    b">From bob Thu Jan  1 00:00:00 1970\nSubject: x\n\nb\n",
    b"From a Thu Jan  1 00:00:00 1970\n>From b Thu Jan  1 00:00:00 1970\n>From c Thu Jan  1 00:00:00 1970\nSubject: x\n\nb\n",
])
def test_mbox_line_is_stripped_and_is_no_sender(mysend, text):
    result = mysend.dry(stdin=text)
    assert result.get("Subject") == "x" and result.body == b"b\r\n"
    assert b"1970" not in result.message
    assert result.sender == "me@example.net"


def test_from_line_later_in_header_or_body_is_text(mysend):
    assert mysend.dry(stdin=b"Subject: x\n\nFrom bob with love\n>From too\n").body == b"From bob with love\r\n>From too\r\n"


# --- line ends and octets -------------------------------------------------------------------------

@pytest.mark.parametrize("text, body", [
    (b"a\r\nb\r\n", b"a\r\nb\r\n"),
    (b"a\r\nb\nc\r\n", b"a\r\nb\r\nc\r\n"),
    (b"a\rb\n", b"a\r\nb\r\n"),
    (b"a\r", b"a\r\n"),
    (b"a\r\n", b"a\r\n"),
    (b"a", b"a\r\n"),
    (b"a\n\n\nb\n\n", b"a\r\n\r\n\r\nb\r\n\r\n"),
    (b"\ttab\x0bvt\x0cff\x1besc\x7f\n", b"\ttab\x0bvt\x0cff\x1besc\x7f\r\n"),
    (b"trailing blanks  \n \n", b"trailing blanks  \r\n \r\n"),
])
@pytest.mark.parametrize("head", [b"Subject: x\n\n", b"Subject: x\r\n\r\n", b"Subject: x\r\r"], ids=["LF", "CRLF", "CR"])
def test_every_line_end_becomes_crlf(mysend, head, text, body):
    result = mysend.dry(stdin=head + text)
    assert (result.get("Subject"), result.body) == ("x", body)


def test_line_ends_split_over_two_reads_stay_one(mysend):
    reader, writer = os.pipe()
    run = mysend.start("--dry-run", "bob@example.org", config="account default\nhost 127.0.0.1\ntls off\nfrom me@example.net\n",
                       stdin=reader)
    os.close(reader)
    for piece in (b"Subject: x\r", b"\n\r", b"\na\r", b"\nb\r", b"c\n", b"d\r"):
        os.write(writer, piece)
        wait_for(lambda: fcntl.ioctl(writer, termios.FIONREAD, b"\0\0\0\0") == b"\0\0\0\0", "the pipe to be read")
    os.close(writer)
    assert run.finish(stdin=reader).body == b"a\r\nb\r\nc\r\nd\r\n"


@pytest.mark.parametrize("text, subject, body", [
    (b"Subject: x\n\na\0b\n", "x", b"ab\r\n"),
    (b"Subject: a\0b\n\nbody\n", "ab", b"body\r\n"),
    (b"Subject: x\n\n\0\0\0a\n\0", "x", b"a\r\n"),
])
def test_nul_is_dropped_with_one_warning(mysend, text, subject, body):
    result = mysend.dry(stdin=text)
    assert (result.get("Subject"), result.body) == (subject, body)
    assert len(result.err.splitlines()) == 1 and "NUL" in result.err, result
    assert str(text.count(b"\0")) in result.err, "the warning counts them: %s" % result.err


@BOTH_WAYS
def test_no_bare_cr_lf_or_nul_reaches_the_wire(mysend, relay, ehlo):
    data = b"Subject: x\r\n\n" + bytes(random.Random(5).choices([0, 10, 13, 46, 97], k=300000))
    one = relay(ehlo)
    assert mysend("bob@example.org", stdin=data, relay=one).status == 0
    want = crlf(data.split(b"\n\n", 1)[1].replace(b"\0", b""))
    assert re.sub(rb"(\r\n)+", b"\n", one.message.content) == re.sub(rb"(\r\n)+", b"\n", want)


def test_empty_stdin_is_sent_as_an_empty_message(mysend, relay):
    one = relay()
    mysend("bob@example.org", stdin=b"", relay=one).ok()
    assert one.message.content == b"" and one.message.field("To") == "bob@example.org"


@pytest.mark.parametrize("text, status", [(b"", 65), (b"\n", 0), (b"x", 0)])
def test_refuse_empty_refuses_a_message_without_an_octet(mysend, relay, text, status):
    one = relay()
    assert mysend("bob@example.org", stdin=text, relay=one, config="refuse_empty on\n").status == status
    assert bool(one.messages) == (status == 0)


def test_stdin_on_dev_null_is_sent_as_an_empty_message(mysend, relay):
    one = relay()
    with open("/dev/null", "rb") as null:
        mysend("bob@example.org", stdin=null, relay=one).ok()
    assert one.message.content == b""


# --- the dot --------------------------------------------------------------------------------------

@pytest.mark.parametrize("args", [[], ["-i"], ["-oi"], ["-oiTrue"], ["-oitrue"], ["-OIgnoreDots"], ["-O", "IgnoreDots=True"], ["-OIgnoreDots=true"]],
                         ids=" ".join)
@pytest.mark.parametrize("text", [b"a\n.\nb\n", b"a\r\n.\r\nb\r\n", b".\n", b"a\n."])
def test_dot_line_in_a_pipe_is_text(mysend, args, text):
    assert mysend.dry(*args, stdin=b"Subject: x\n\n" + text).body == crlf(text)


@pytest.mark.parametrize("args", [["-O", "IgnoreDots=False"], ["-OIgnoreDots=False"], ["-OIgnoreDots=false"]], ids=" ".join)
@pytest.mark.parametrize("text, body", [(b"a\n.\nb\n", b"a\r\n"), (b"a\r\n.\r\nb\r\n", b"a\r\n"), (b".\nb\n", b""),
                                        (b"a\n..\nb\n.\nc\n", b"a\r\n..\r\nb\r\n"), (b"a\n.b\n . \n", b"a\r\n.b\r\n . \r\n")])
def test_dot_line_ends_the_message_with_ignoredots_false(mysend, args, text, body):
    assert mysend.dry(*args, stdin=b"Subject: x\n\n" + text).body == body


def test_two_dots_stay_two_dots(mysend, relay):
    one = relay()
    mysend("bob@example.org", stdin=b"Subject: x\n\n..\n.\n...\n.a\n", relay=one).ok()
    assert one.message.content == b"..\r\n.\r\n...\r\n.a\r\n"


def test_dot_line_on_a_terminal_ends_the_message(mysend, relay):
    one, (master, slave) = relay(), pty.openpty()
    run = mysend.start("bob@example.org", relay=one, stdin=slave)
    os.close(slave)
    os.write(master, b"Subject: x\n\nhello\n.\n")
    assert run.finish(stdin=slave).status == 0
    os.close(master)
    assert one.message.content == b"hello\r\n"


def test_dot_line_on_a_terminal_is_text_with_i(mysend, relay):
    one, (master, slave) = relay(), pty.openpty()
    run = mysend.start("-i", "bob@example.org", relay=one, stdin=slave)
    os.close(slave)
    os.write(master, b"Subject: x\n\nhello\n.\nmore\n\x04")
    assert run.finish(stdin=slave).status == 0
    os.close(master)
    assert one.message.content == b"hello\r\n.\r\nmore\r\n"


# --- bodies of 8 bits and long lines --------------------------------------------------------------

@pytest.mark.parametrize("text, charset", [
    ("Grüße\n".encode(), "utf-8"),
    ("漢字 and 🎉\n".encode(), "utf-8"),
    ("Grüße\n".encode("latin-1"), "iso-8859-1"),
    (b"overlong \xc0\xaf\n", "iso-8859-1"),
    (b"surrogate \xed\xa0\x80\n", "unknown-8bit"),
    (b"cut off \xe2\x82\n", "unknown-8bit"),
])
def test_8bit_body_without_mime_fields_gets_them(mysend, text, charset):
    result = mysend.dry(stdin=b"Subject: x\n\n" + text)
    assert result.get("MIME-Version") == "1.0"
    assert re.fullmatch(r'text/plain;\s+charset="?%s"?' % charset, result.get("Content-Type"), re.I)
    parsed = email.message_from_bytes(result.message)
    assert parsed.get_payload(decode=True).replace(b"\r\n", b"\n") == text
    assert result.get("Content-Transfer-Encoding").lower() in ("8bit", "quoted-printable", "base64")


def test_8bit_beyond_the_memory_limit_is_seen_too(mysend):
    result = mysend.dry(stdin=b"Subject: x\n\n" + b"plain text\n" * 200000 + "spät\n".encode())
    assert result.get("MIME-Version") == "1.0" and "utf-8" in result.get("Content-Type").lower()


@pytest.mark.parametrize("at", [65535, 65534, 131071, 1048575, 1048574, 1048573])
def test_utf8_character_across_a_buffer_edge_is_still_utf8(mysend, at):
    head = b"Subject: x\n\n"
    body = lines(at - len(head)) + "€".encode() + b"\n"
    assert "utf-8" in mysend.dry(stdin=head + body).get("Content-Type").lower()


@pytest.mark.parametrize("head", [
    b"MIME-Version: 1.0\nContent-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: 8bit\n\n",
    b"MIME-Version: 1.0\n\n",
    b"Content-Type: text/plain; charset=iso-8859-15\n\n",
    b"Content-Type: application/octet-stream\nContent-Transfer-Encoding: 8bit\nMIME-Version: 1.0\n\n",
])
@pytest.mark.parametrize("body", ["Grüße\n".encode(), b"Gr\xfc\xdfe\n", b"plain\n", b"x" * 998 + b"\n"])
def test_message_with_mime_fields_passes_as_it_is_where_it_can_travel(mysend, head, body):
    result = mysend.dry(stdin=head + body)
    assert result.body == crlf(body)
    for line in head.decode().splitlines()[:-1]:
        name, value = line.split(": ", 1)
        assert result.get(name) == value


def test_ascii_body_stays_as_it_is(mysend):
    body = b"plain = text, 7 bits =20\nof it\n"
    assert mysend.dry(stdin=b"Subject: x\n\n" + body).body == crlf(body)


@pytest.mark.parametrize("length", [1010, 2000, 5000, 200000])
@pytest.mark.parametrize("text", [b"x", b"word ", "ü".encode(), b"=."])
def test_long_body_line_without_mime_fields_is_encoded_the_shorter_way(mysend, length, text):
    body = (text * length)[:length // len(text) * len(text)].rstrip() + b"\nshort\n"
    result = mysend.dry(stdin=b"Subject: x\n\n" + body)
    much = sum(octet > 126 or octet == ord("=") for octet in body) > len(body) / 5
    assert result.get("Content-Transfer-Encoding").lower() == ("base64" if much else "quoted-printable")
    assert max(len(line) for line in result.body.split(b"\r\n")) <= 76
    assert email.message_from_bytes(result.message).get_payload(decode=True).replace(b"\r\n", b"\n") == body


def test_body_line_of_998_octets_passes_as_it_is(mysend):
    body = b"x" * 998 + b"\n"
    result = mysend.dry(stdin=b"Subject: x\n\n" + body)
    assert result.body == crlf(body) and result.get("Content-Transfer-Encoding") is None


def test_long_line_in_what_is_signed_passes_with_a_warning(mysend):
    head = b'MIME-Version: 1.0\nContent-Type: multipart/signed; boundary="b"\n\n'
    body = b"--b\n\n" + b"x" * 2000 + b"\n--b--\n"
    result = mysend.dry(stdin=head + body)
    assert result.body == crlf(body)
    assert len(result.err.splitlines()) == 1 and "line" in result.err, result


# --- sizes and buffers ----------------------------------------------------------------------------

@BOTH_WAYS
@pytest.mark.parametrize("final", [True, False], ids=["newline", "no-newline"])
@pytest.mark.parametrize("size", [1, 2, 4095, 4096, 65534, 65535, 65536, 65537, 131072, 1048575, 1048576, 1048577])
def test_body_of_every_size_arrives_whole(mysend, relay, ehlo, size, final):
    one, body = relay(ehlo), lines(size, final)
    mysend("bob@example.org", stdin=b"Subject: x\n\n" + body, relay=one).ok()
    assert hashlib.sha256(one.message.content).digest() == hashlib.sha256(crlf(body)).digest()
    assert one.message.how == ("BDAT" if "chunking" in ehlo else "DATA")


@pytest.mark.parametrize("size", [4096, 65535, 65536, 65537, 131072, 1048576])
def test_whole_input_of_every_size_arrives_whole(mysend, relay, size):
    one, head = relay(), b"Subject: x\n\n"
    body = lines(size - len(head))
    mysend("bob@example.org", stdin=head + body, relay=one).ok()
    assert one.message.content == crlf(body)


@BOTH_WAYS
@pytest.mark.parametrize("shift", [0, 1, 2])
def test_dot_at_every_buffer_boundary_is_stuffed_once(mysend, relay, ehlo, shift):
    """Lines of one dot: in CRLF form every third octet starts CRLF-dot, so each edge cuts one, whatever its size."""
    one, body = relay(ehlo), b"x" * shift + b"\n" + b".\n" * 800000
    mysend("bob@example.org", stdin=b"Subject: x\n\n" + body, relay=one).ok()
    assert one.message.content == crlf(body)


@BOTH_WAYS
@pytest.mark.parametrize("seed", [1, 2])
def test_lines_of_dots_of_any_length_arrive_unchanged(mysend, relay, ehlo, seed):
    chance = random.Random(seed)
    body = b"".join(b"." * chance.randrange(6) + (b"x" if chance.random() < 0.3 else b"") + chance.choice([b"\n", b"\r\n"])
                    for _ in range(100000))
    one = relay(ehlo)
    mysend("bob@example.org", stdin=b"Subject: x\n\n" + body, relay=one).ok()
    assert one.message.content == crlf(body)


@pytest.mark.parametrize("text", [b".", b"\n.", b"a\n.", b"a\n..", b"a\n.\n", b".\n.\n"])
def test_dot_at_the_end_is_not_the_end_of_data(mysend, relay, text):
    one = relay("ehlo")
    mysend("bob@example.org", stdin=b"Subject: x\n\n" + text, relay=one).ok()
    assert one.message.content == crlf(text)


@pytest.mark.parametrize("edge", [4096, 8192, 16384, 32768, 65536, 131072, 1048576])
@pytest.mark.parametrize("off", range(-3, 4))
def test_dot_line_around_a_power_of_two_is_stuffed(mysend, relay, edge, off):
    head = b"Subject: x\n\n"
    body = lines(edge + off - len(head)) + b".\n.x\n" + lines(200)
    one = relay("ehlo")
    mysend("bob@example.org", stdin=head + body, relay=one).ok()
    assert one.message.content == crlf(body)


def held_files(pid):
    out = []
    for name in os.listdir("/proc/%d/fd" % pid):
        try:
            out.append(os.readlink("/proc/%d/fd/%s" % (pid, name)))
        except OSError:
            pass
    return [path for path in out if "(deleted)" in path or path.startswith("/memfd")]


@pytest.mark.parametrize("size, spills", [(500000, False), (3000000, True)])
def test_only_more_than_a_mebibyte_goes_to_an_unlinked_file(mysend, relay, tmp_path, size, spills):
    one, folder = relay("end hang"), tmp_path / "tmp"
    folder.mkdir()
    reader, writer = os.pipe()
    run = mysend.start("bob@example.org", relay=one, stdin=reader, env={"TMPDIR": str(folder)}, config="timeout 60\n")
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(b"Subject: x\n\n" + lines(size))
    wait_for(lambda: one.transactions and one.transactions[0].complete, "the message")
    held, visible = held_files(run.process.pid), list(folder.iterdir())
    run.kill()
    run.process.communicate()
    assert bool(held) == spills, held
    assert not visible, "the temporary file can be seen"
    assert not any(path.startswith("/memfd") for path in held), "memory is no disk"


def test_100_mb_need_no_more_memory_than_1_mb(mysend, relay, tmp_path):
    if mysend.sanitized:
        pytest.skip("memory is not measured with sanitizers")
    used = {}
    for size in (1000000, 100000000):
        path, one = tmp_path / "big", relay("sink", "ehlo pipelining 8bitmime")
        with open(path, "wb") as out:
            out.write(b"Subject: x\n\n")
            for _ in range(size // 64000):
                out.write(lines(64000))
        with open(path, "rb") as data:
            result = mysend("bob@example.org", stdin=data, relay=one, measure=True)
        assert result.status == 0 and one.message.size > 0.97 * size, result
        used[size] = result.maxrss
        path.unlink()
    assert used[100000000] < 24 * 1024, used
    assert used[100000000] < used[1000000] + 4096, used


def test_dry_run_shows_exactly_what_goes_over_the_wire(mysend, relay):
    text = b"Subject: x\nDate: Mon, 23 Nov 2026 14:00:00 +0000\nMessage-ID: <a@b>\nTo: bob@example.org\n\nbody\n.dot\nlast"
    one = relay()
    mysend("-t", stdin=text, relay=one).ok()
    result = mysend.dry("-t", stdin=text, to=())
    assert result.message == one.message.body
    assert (result.sender, result.rcpts) == (one.message.sender, one.message.recipients)


@pytest.mark.parametrize("text", [b"From today on the backup fails\nsecond\n", b">From the manual: quoted\nsecond\n"])
def test_text_that_begins_like_an_mbox_is_not_lost(mysend, text):
    assert mysend.dry(stdin=text).body == text.replace(b"\n", b"\r\n")


def test_folder_for_temporary_files_that_is_not_there_does_not_stop_a_large_message(mysend, relay):
    one = relay()
    mysend("bob@example.org", stdin=b"Subject: x\n\n" + b"x" * 70 + b"\n" + b"line\n" * 400000, relay=one, env={"TMPDIR": "/nonexistent"}).ok()
    assert len(one.messages) == 1


def test_message_over_the_limit_is_refused_before_anything_is_sent(mysend, relay):
    one = relay()
    said = mysend("bob@example.org", stdin=b"Subject: x\n\n" + b"line\n" * 1000, relay=one, config="message_size_limit 2k\n").failed(65)
    assert "message_size_limit is 2048" in said and "MAIL" not in one.verbs
