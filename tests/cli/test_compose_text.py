"""The text of a message made of options: charset, encoding, HTML."""
import email
import email.header
import email.policy
import os
import shutil
import subprocess

import pytest

from given import BASE
from composed import file, read, tree

# --- charset and encoding -------------------------------------------------------------------------

@pytest.mark.parametrize("stdin, charset, encoding", [
    (b"plain\n", "us-ascii", "7bit"), ("gr\u00fc\u00dfe f\u00fcr alle, die da sind\n".encode(), "utf-8", "quoted-printable"), ("\u6f22\u5b57\u6f22\u5b57\n".encode(), "utf-8", "base64"),
    ("gr\u00fc\u00dfe und viel Text dazu, damit es sich lohnt\n".encode("latin-1"), "iso-8859-1", "quoted-printable"), (b"x" * 2000 + b"\n", "us-ascii", "quoted-printable"),
])
def test_text_is_encoded_as_it_needs_and_comes_back(make, stdin, charset, encoding):
    mail = make("--subject", "x", stdin=stdin)
    assert mail.get_content_charset() == charset and mail["Content-Transfer-Encoding"] == encoding
    assert mail.get_payload(decode=True).replace(b"\r\n", b"\n") == stdin


@pytest.mark.parametrize("ehlo, encoding", [("ehlo pipelining 8bitmime", "8bit"), ("ehlo pipelining chunking 8bitmime", "8bit"), ("ehlo pipelining", "quoted-printable"), ("ehlo chunking", "quoted-printable"), ("helo", "quoted-printable")])
@pytest.mark.parametrize("args, stdin", [([], "Subject: x\n\ngr\u00fc\u00dfe an alle, die da sind\n.\n"), (["-s", "x"], "gr\u00fc\u00dfe an alle, die da sind\n.\n"), (["--attach", "/etc/passwd"], "gr\u00fc\u00dfe an alle, die da sind\n.\n")])
def test_text_travels_in_8_bits_where_the_relay_takes_them_and_encoded_where_not(mysend, relay, ehlo, encoding, args, stdin):
    there = relay(ehlo) if ehlo != "helo" else relay("ehlo 502", "helo 250")
    mysend(*args, "bob@example.org", stdin=stdin.encode(), relay=there).ok()
    parsed = email.message_from_bytes(there.message.body, policy=email.policy.default)
    text = next(part for part in parsed.walk() if not part.is_multipart())
    assert text["Content-Transfer-Encoding"] == encoding and read(text) == "gr\u00fc\u00dfe an alle, die da sind\n.\n"
    assert (there.message.parameters.get("BODY") == "8BITMIME") == (encoding == "8bit") == (not there.message.body.isascii())
    if parsed.is_multipart():
        assert parsed["Content-Transfer-Encoding"] == ("8bit" if encoding == "8bit" else "7bit")


def test_text_that_waited_is_encoded_so_that_any_relay_can_have_it(mysend, spool, relay):
    spool.run("-s", "x", "bob@example.org", stdin="gr\u00fc\u00dfe an alle\n".encode(), relay=relay("ehlo 8bitmime", "end 451")).ok()
    there = relay("ehlo pipelining")
    spool.run("-qf", relay=there).ok()
    assert there.message.body.isascii() and read(email.message_from_bytes(there.message.body, policy=email.policy.default)) == "gr\u00fc\u00dfe an alle\n"


def test_size_that_is_said_is_that_of_the_form_that_is_sent(mysend, relay):
    for ehlo in ("ehlo pipelining 8bitmime size=10000", "ehlo pipelining size=10000"):
        there = relay(ehlo)
        mysend("bob@example.org", stdin=("gr\u00fc\u00dfe\n" * 100).encode(), relay=there).ok()
        assert int(there.message.parameters["SIZE"]) == len(there.message.body)


@pytest.mark.parametrize("charset, text, fits", [("us-ascii", b"gr\xfc\xdfe\n", False), ("utf-8", b"gr\xfc\xdfe\n", False), ("UTF-8", b"plain\n", True), ("us-ascii", b"plain\n", True), ("iso-8859-15", b"gr\xfc\xdfe\n", True)])
def test_charset_that_the_text_cannot_be_in_is_refused(mysend, charset, text, fits):
    done = mysend("--dry-run", "--charset", charset, "bob@example.org", stdin=text, config=BASE)
    assert done.status == 0 if fits else "which --charset says it is" in done.failed(65)


def test_charset_that_is_said_is_believed(make):
    assert make("--charset", "koi8-r", stdin=b"\xf0\xf2\xe9\xf7\xe5\xf4\n").get_content().replace("\r", "") == "\u041f\u0420\u0418\u0412\u0415\u0422\n"


@pytest.mark.parametrize("how", ["-s", "--html", "plain"])
@pytest.mark.parametrize("stdin, locale, config, charset", [
    ("\u041f\u0440\u0438\u0432\u0435\u0442 \u201c\u0432\u0441\u0435\u043c\u201d\n".encode("cp1251"), "C.UTF-8", "", "unknown-8bit"), ("\u041f\u0440\u0438\u0432\u0435\u0442 \u201c\u0432\u0441\u0435\u043c\u201d\n".encode("cp1251"), "C.UTF-8", "charset windows-1251\n", "windows-1251"),
    (b"plain\n" * 20000 + b"gr\xfc\xdfe\n", "C.UTF-8", "", "iso-8859-1"), ("\u00fc".encode() + b" plain\n" * 20000 + b"gr\xfc\xdfe\n", "C.UTF-8", "", "iso-8859-1"), ("\u00fc".encode() + b" plain\n" * 20000 + b"gr\xfc\xdfe\n", "C.UTF-8", "charset iso-8859-15\n", "iso-8859-15"),
])
def test_charset_is_found_in_the_same_way_wherever_text_stands(mysend, how, stdin, locale, config, charset):
    args = {"-s": ["-s", "x"], "--html": ["--html", file(mysend, "h.html", stdin)], "plain": []}[how]
    done = mysend("--dry-run", *args, "bob@example.org", stdin=b"" if how == "--html" else stdin, config=BASE + config, env={"LC_ALL": locale})
    assert done.status == 0 and email.message_from_bytes(done.message).get_content_charset() == charset


def test_charset_of_the_locale_counts_where_libmagic_has_none(mysend, tmp_path):
    """A locale of its own, made here: libmagic calls windows-1251 text of no charset that it knows."""
    if shutil.which("localedef") is None:
        pytest.skip("localedef is missing")
    made = subprocess.run(["localedef", "-c", "-i", "ru_RU", "-f", "CP1251", str(tmp_path / "ru_RU.CP1251")], capture_output=True, check=False)
    if not os.path.isdir(tmp_path / "ru_RU.CP1251"):
        pytest.skip("no locale could be made: %s" % made.stderr[-200:])
    env = {"LOCPATH": str(tmp_path), "LC_ALL": "ru_RU.CP1251", "ASAN_OPTIONS": "detect_leaks=0"}      # glibc's own, of LOCPATH
    for args in (["-s", "x"], []):
        done = mysend("--dry-run", *args, "bob@example.org", stdin="\u201c\u041f\u0440\u0438\u0432\u0435\u0442\u201d\n".encode("cp1251"), config=BASE, env=env)
        assert email.message_from_bytes(done.message).get_content_charset() == "cp1251"


# --- one order for all texts ----------------------------------------------------------------------

HELLO = "\u041f\u0440\u0438\u0432\u0435\u0442, \u0410\u043d\u043d\u0430"
KOI = HELLO.encode("koi8-r")


@pytest.fixture
def koi_locale(tmp_path):
    if shutil.which("localedef") is None:
        pytest.skip("localedef is missing")
    made = subprocess.run(["localedef", "-c", "-i", "ru_RU", "-f", "KOI8-R", str(tmp_path / "ru_RU.KOI8-R")], capture_output=True, check=False)
    if not os.path.isdir(tmp_path / "ru_RU.KOI8-R"):
        pytest.skip("no locale could be made: %s" % made.stderr[-200:])
    return {"LOCPATH": str(tmp_path), "LC_ALL": "ru_RU.KOI8-R", "ASAN_OPTIONS": "detect_leaks=0"}


@pytest.mark.parametrize("known", ["--charset", "charset", "locale", "nobody"])
def test_all_texts_of_a_message_are_read_in_one_order(mysend, make, tmp_path, koi_locale, known):
    """Subject, further fields, names of people and of files, text, HTML and a file, all in KOI8-R: read as what is said, set, or the locale's."""
    args = ["--charset", "koi8-r"] if known == "--charset" else []
    path = os.fsencode(tmp_path) + b"/" + KOI.replace(b", ", b"-") + b".txt"
    with open(path, "wb") as text:
        text.write(KOI + b"\n")
    mail = make(*args, b"-s", KOI, b"-F", KOI.replace(b", ", b" "), "--header", b"X-Text: " + KOI, "--header", b"Other: " + KOI, "--reply-to", KOI.split(b", ")[1] + b" <anna@example.org>", "--attach", path,
                "--attach", b"/etc/passwd;name=" + KOI.split(b", ")[1], stdin=KOI + b"\n", config="charset koi8-r\n" if known == "charset" else "", env=koi_locale if known == "locale" else {"LC_ALL": "C.UTF-8"})
    body, one, two = mail.iter_parts()
    said = {"subject": mail["Subject"], "x": mail["X-Text"], "other": str(email.header.make_header(email.header.decode_header(str(mail["Other"])))), "from": mail["From"].addresses[0].display_name.replace(" ", ", "),
            "reply": "\u041f\u0440\u0438\u0432\u0435\u0442, " + mail["Reply-To"].addresses[0].display_name, "file": one.get_filename()[:-4].replace("-", ", "),
            "name": "\u041f\u0440\u0438\u0432\u0435\u0442, " + two.get_filename(), "text": read(body).strip(), "attached": read(one).strip()}
    if known == "nobody":
        assert said["subject"] == said["x"] == KOI.decode("latin-1") == said["text"] and body.get_content_charset() == "iso-8859-1"
    else:
        assert set(said.values()) == {HELLO}, said
        assert body.get_content_charset() == one.get_content_charset() == "koi8-r"


@pytest.mark.parametrize("head, config, body, locale, wanted", [
    (b"", "charset koi8-r\n", b"x\n", False, HELLO), (b"", "", b"x\n", True, HELLO), (b"Content-Type: text/plain; charset=koi8-r\n", "charset iso-8859-1\n", b"x\n", False, HELLO),
    (b"", "", "gr\u00fc\u00dfe\n".encode("latin-1"), False, KOI.decode("latin-1")), (b"DKIM-Signature: v=1; h=subject\n", "charset koi8-r\n", b"x\n", False, None), (b"", "", b"x\n", False, None),
    (b"", "", b"\x93x\x94\n", False, None), (b"Content-Type: text/plain; charset=x-unheard-of\n", "", b"x\n", False, None),
])
def test_raw_subject_is_what_is_known_or_found_for_the_body(mysend, koi_locale, head, config, body, locale, wanted):
    done = mysend.dry(stdin=b"Subject: " + KOI + b"\nCc: " + KOI.split(b", ")[1] + b" <anna@example.org>\n" + head + b"\n" + body, config=config, env=koi_locale if locale else {"LC_ALL": "C.UTF-8"})
    if wanted is None:
        assert b"Subject: " + KOI + b"\r\n" in done.message
    else:
        mail = email.message_from_bytes(done.message, policy=email.policy.default)
        assert mail["Subject"] == wanted and mail["Cc"].addresses[0].display_name == wanted.split(", ")[1] and done.message.split(b"\r\n\r\n")[0].isascii()


@pytest.mark.parametrize("how", ["-s", "plain"])
def test_charset_that_is_set_counts_before_what_the_text_looks_like(mysend, how):
    """Two letters of KOI8-R that are one of UTF-8."""
    done = mysend("--dry-run", *(["-s", b"\xd0\xb0"] if how == "-s" else []), "bob@example.org", stdin=b"\xd0\xb0\n", config=BASE + "charset koi8-r\n")
    mail = email.message_from_bytes(done.message, policy=email.policy.default)
    assert read(mail) == b"\xd0\xb0\n".decode("koi8-r") and mail["Subject"] == (b"\xd0\xb0".decode("koi8-r") if how == "-s" else None)


# --- UTF-16 and UTF-32 ----------------------------------------------------------------------------

WORDS = "\u041e\u0442\u0447\u0451\u0442 gr\u00fc\u00dfe \U0001f4e7\n"
WIDE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("coding", WIDE)
@pytest.mark.parametrize("how", ["-s", "plain", "-t", "behind a header", "--html", "large"])
def test_text_in_utf_16_arrives_as_what_it_says(mysend, make, coding, how):
    words = WORDS * (30000 if how == "large" else 1)
    text, head = ("\ufeff" + words).encode(coding), "To: bob@example.org\nSubject: gr\u00fc\u00dfe\n\n"
    if how == "--html":
        mail = make("--html", file(mysend, "h.html", text), stdin=b"")
    elif how == "-t":
        mail = make("-t", stdin=("\ufeff" + head + words).encode(coding), to=[])
    elif how == "behind a header":
        mail = make("-t", stdin=b"To: bob@example.org\nSubject: x\n\n" + text, to=[])
    else:
        mail = make(*([] if how == "plain" else ["-s", "x"]), stdin=text)
    assert mail.get_content_charset() == "utf-8" and read(mail) == words and mail["Subject"] == {"-t": "gr\u00fc\u00dfe", "plain": None, "--html": None}.get(how, "x")


@pytest.mark.parametrize("coding", WIDE)
@pytest.mark.parametrize("said", ["", ";type=text/csv", ";type=application/x-mine", ';type="text/plain; charset=utf-16"'])
def test_file_in_utf_16_is_utf_8_unless_something_else_is_said(mysend, make, coding, said):
    text = ("\ufeff" + WORDS * 20000).encode(coding)
    part, = make("--attach", file(mysend, "a.txt", text) + said, once=True).iter_parts()
    if "utf-16" in said or "mine" in said:
        assert part.get_payload(decode=True) == text and part.get_content_charset() == ("utf-16" if "utf-16" in said else None)
    else:
        assert (part.get_content_charset(), part.get_content_type()) == ("utf-8", "text/csv" if said else "text/plain") and part.get_payload(decode=True).decode("utf-8-sig") == WORDS * 20000


@pytest.mark.parametrize("text", ["\ufeffcut".encode("utf-16-le")[:-1], b"\xff\xfea\0\x3d\xd8b\0", b"\xff\xfe\0\0a\0\0\0\0\0\x11\0", ("\ufeff" + "x" * 100000).encode("utf-16-be")[:-1]])
@pytest.mark.parametrize("how", ["-s", "plain", "--html", "--attach"])
def test_what_is_no_utf_16_though_it_begins_as_such_is_refused(mysend, text, how):
    args = {"-s": ["-s", "x"], "plain": []}.get(how) if how[:2] != "--" else [how, file(mysend, "t", text) + (";type=text/plain" if how == "--attach" else "")]
    done = mysend("--dry-run", *args, "bob@example.org", stdin=text if how in ("-s", "plain") else b"", config=BASE)
    assert "that it begins as" in done.failed(65) and "hint" in done.err and not done.raw_out


def test_text_without_a_mark_is_of_the_charset_that_is_said(make):
    for coding in WIDE:
        assert read(make("-s", "x", "--charset", coding.replace("-le", "le").replace("-be", "be"), stdin=WORDS.encode(coding))) == WORDS


def test_body_that_says_what_it_is_is_taken_for_no_utf_16(mysend):
    """Behind MIME fields the first octets are no byte order mark: they may be those of any file."""
    head = b"To: bob@example.org\nMIME-Version: 1.0\nContent-Type: %s\nContent-Transfer-Encoding: binary\n\n"
    for kind in (b"application/octet-stream", b"text/plain; charset=koi8-r"):
        done = mysend.dry("-B8BITMIME", stdin=head % kind + b"\xff\xfea\xfeb\n")
        assert done.status == 0 and done.message.endswith(b"\r\n\r\n\xff\xfea\xfeb\r\n"), done


def test_text_in_8_bits_with_a_nul_in_it_stays_as_it_is(mysend):
    done = mysend("--dry-run", "-s", "x", "bob@example.org", stdin=b"a\0b\n" + b"c\n" * 50000, config=BASE)
    assert done.status == 0 and "1 NUL" in done.err and done.message.endswith(b"\r\n\r\nab\r\n" + b"c\r\n" * 50000)


@pytest.mark.parametrize("head", ["", "Subject: x\n\n", "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-16le\n\n"])
@pytest.mark.parametrize("charset", WIDE)
def test_wide_text_that_nothing_tells_of_is_refused_and_never_sent_unreadable(mysend, charset, head):
    done = mysend("--dry-run", "bob@example.org", stdin=head.encode() + "h\u00e9llo \u20ac und\n".encode(charset), config=BASE)
    assert done.status == 0 and "h\u00e9llo" in done.out or "NUL octets" in done.failed(65) and "iconv" in done.err, done
    assert head or done.status == 65 or "16" not in charset, done


@pytest.mark.parametrize("text", [b"line\n" + b"\0" * 4096 + b"more\n", b"Content-Type: application/x-mine\n\n" + b"a\0" * 50, b"one\0two\0three\0four\0"])
def test_other_nuls_are_a_warning(mysend, text):
    done = mysend("--dry-run", "bob@example.org", stdin=text, config=BASE)
    assert done.status == 0 and "NUL" in done.err, done


@pytest.mark.parametrize("text", ["<p>gr\u00fc\u00dfe</p>\n".encode("utf-16-le"), b"<p>a\0b</p>\n"])
def test_html_that_mail_cannot_carry_is_an_error_that_says_how(mysend, text):
    done = mysend("--dry-run", "--html", file(mysend, "h.html", text), "bob@example.org", stdin=b"", config=BASE)
    assert "NUL octets" in done.failed(65) and "iconv" in done.err


@pytest.mark.parametrize("how", ["-", "/dev/stdin", "/dev/fd/0"])
def test_html_on_standard_input(make, how):
    mail = make("--html", how, "-s", "x", stdin=b"<p>text</p>\n")
    assert mail.get_content_type() == "text/html" and read(mail) == "<p>text</p>\n"


def test_large_html_is_a_stream_too(mysend, relay, tmp_path):
    if mysend.sanitized:
        pytest.skip("memory is not measured with sanitizers")
    path = file(mysend, "h.html", "<p>gr\u00fc\u00dfe und mehr</p>\n".encode() * 3000000)
    there = relay("ehlo pipelining chunking 8bitmime", "sink")
    done = mysend("--html", path, "bob@example.org", stdin=b"", relay=there, measure=True)
    assert done.status == 0 and done.maxrss < 24 * 1024 and there.message.size > 75000000, done


def test_picture_that_does_not_come_along_is_told(mysend):
    html = file(mysend, "h.html", '<img src="cid:a.png"><img src=\'cid:b.png\'> cid:c.png')
    done = mysend("--dry-run", "--html", html, "--inline", file(mysend, "a.png", b"x"), "bob@example.org", stdin=b"", config=BASE)
    assert done.status == 0 and done.err == "mysend: warning: the HTML shows cid:b.png, and no --inline has that name\n"


def test_binary_text_is_no_text(make):
    mail = make("--subject", "x", stdin=bytes(range(128, 256)) * 20 + b"\x01\x02\x03\x04\n")
    assert mail.get_content_type() == "application/octet-stream" and mail["Content-Transfer-Encoding"] == "base64"


@pytest.mark.parametrize("args", [["--attach", "/etc/passwd"], ["--attach", "-"], ["--html", "/etc/passwd"]])
def test_message_of_files_is_not_empty(mysend, args):
    assert mysend("--dry-run", "--refuse-empty", *args, "bob@example.org", stdin=b"x\n" if "-" in args else b"", config=BASE).status == 0


@pytest.mark.parametrize("args, status", [(["-s", "x"], 66), ([], 66), (["--attach", "/etc/passwd"], 0), (["--html", "/etc/passwd"], 0)])
def test_closed_standard_input_is_no_message_unless_files_are(mysend, args, status):
    assert mysend("--dry-run", *args, "bob@example.org", config=BASE, closed=(0,)).status == status


def test_message_of_a_mailbox_with_its_length_is_not_whole(mysend, make):
    mail = make("--html", file(mysend, "h", "<b>x</b>"), stdin="Subject: x\nContent-Length: 5\n\ngr\u00fc\u00dfe\n".encode())
    assert tree(mail) == ["alternative", "text/plain", "text/html"] and mail["Content-Length"] is None
