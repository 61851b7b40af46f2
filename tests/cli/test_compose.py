"""A message made of options, text, HTML and files, as three independent readers see it."""
import email
import email.policy
import os
import random
import re
import shutil
import socket
import string
import subprocess

import pytest

BASE = "account default\nhost 127.0.0.1\nport 1\ntls off\nfrom me@example.net\nmaildomain mail.example\naliases off\nqueue off\n"


@pytest.fixture
def make(mysend):
    """make(args..., stdin=): the message that --dry-run prints, read by Python's email package without a defect. It is the
    form that any relay takes, in 7 bits; that for relays with 8BITMIME is read too, and must say the same."""
    def form(*args, stdin=b"", to=("bob@example.org",), config="", **more):
        result = mysend("--dry-run", *args, *to, stdin=stdin, config=BASE + config, **more)
        assert result.status == 0 and result.err == "", result
        parsed = email.message_from_bytes(result.message, policy=email.policy.default)
        for part in parsed.walk():
            assert not part.defects, (part.defects, result.message[:3000])
        assert not [line for line in result.message.split(b"\r\n") if len(line) > 998 or b"\n" in line or b"\r" in line]
        parsed.result = result
        return parsed

    def run(*args, once=False, **more):
        parsed = form("-B7BIT", *args, **more)
        assert parsed.result.message.isascii(), "nothing of eight bits is needed"
        if not once:
            eight = form(*args, **more)
            assert leaves(eight) == leaves(parsed)
            assert "base64" not in [part["Content-Transfer-Encoding"] for part in eight.walk() if is_short_text(part)]
            outer = [part["Content-Transfer-Encoding"] for part in eight.walk() if part.is_multipart()]
            assert outer == [] or ("8bit" in outer) == (not eight.result.message.isascii())
        return parsed
    return run


def leaves(mail):
    return [(part.get_content_type(), part.get_content_charset(), part.get_filename(), part.get_payload(decode=True)) for part in mail.walk() if not part.is_multipart()]


def is_short_text(part):
    text = part.get_payload(decode=True) if part.get_content_maintype() == "text" and not part.get_content_disposition() else None
    return text is not None and max(map(len, text.split(b"\r\n"))) <= 998


def tree(part):
    if part.is_multipart():
        return [part.get_content_subtype()] + [tree(one) for one in part.iter_parts()]
    return part.get_content_type()


def read(part):
    return part.get_content().replace("\r\n", "\n")


def file(mysend, name, data):
    return mysend.file(data, name=name)


# --- structure ------------------------------------------------------------------------------------

def test_report_of_the_manual_arrives_with_its_file(mysend, make):
    log = file(mysend, "syslog", "Nov 23 host kernel: x\n" * 50)
    mail = make("--subject", "disk on host", "--attach", log, stdin=b"Filesystem Size\n/dev/vda 252G\n", to=["root"])
    assert mail["Subject"] == "disk on host" and mail["To"] == "root@mail.example" and tree(mail) == ["mixed", "text/plain", "text/plain"]
    text, attached = mail.iter_parts()
    assert read(text) == "Filesystem Size\n/dev/vda 252G\n" and attached.get_filename() == "syslog"
    assert attached.get_payload(decode=True) == b"Nov 23 host kernel: x\n" * 50 and attached.get_content_disposition() == "attachment"


def test_text_html_picture_and_file_nest_as_they_should(mysend, make):
    html = file(mysend, "m.html", '<p>Gr\u00fc\u00dfe <img src="cid:logo.png"></p>\n')
    png = file(mysend, "logo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\6\0\0\0")
    pdf = file(mysend, "M\u00e4rz.pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    mail = make("--to", "J\u00fcrgen <a@example.com>", "--cc", "b@example.com", "--subject", "Report f\u00fcr M\u00e4rz", "--html", html, "--inline", png,
                "--attach", pdf, stdin="Gr\u00fc\u00dfe\n".encode(), to=[])
    assert tree(mail) == ["mixed", ["alternative", "text/plain", ["related", "text/html", "image/png"]], "application/pdf"]
    assert mail.result.rcpts == ["a@example.com", "b@example.com"] and mail["Subject"] == "Report f\u00fcr M\u00e4rz"
    assert mail["To"].addresses[0].display_name == "J\u00fcrgen" and mail["Cc"] == "b@example.com"
    alternative, attached = mail.iter_parts()
    plain, related = alternative.iter_parts()
    page, picture = related.iter_parts()
    assert read(plain) == "Gr\u00fc\u00dfe\n" and "Gr\u00fc\u00dfe" in read(page) and page.get_content_charset() == "utf-8"
    assert picture["Content-ID"] == "<logo.png>" and picture.get_content_disposition() == "inline" and related.get_param("type") == "text/html"
    assert attached.get_filename() == "M\u00e4rz.pdf"


@pytest.mark.parametrize("args, stdin, wanted", [
    (["--subject", "x"], b"text\n", "text/plain"), (["--subject", "x"], b"", "text/plain"), (["--html", "H"], b"text\n", ["alternative", "text/plain", "text/html"]),
    (["--html", "H"], b"", "text/html"), (["--attach", "F"], b"", ["mixed", "image/gif"]), (["--attach", "F", "--attach", "F"], b"t\n", ["mixed", "text/plain", "image/gif", "image/gif"]),
    (["--html", "H", "--attach", "F"], b"", ["mixed", "text/html", "image/gif"]), (["--inline", "F"], b"t\n", ["mixed", "text/plain", "image/gif"]),
    (["--html", "H", "--inline", "F"], b"", ["related", "text/html", "image/gif"]),
])
def test_message_has_the_parts_it_needs_and_no_other(mysend, make, args, stdin, wanted):
    paths = {"H": file(mysend, "h.html", "<b>x</b>\n"), "F": file(mysend, "f.gif", b"GIF89a\1\0\1\0\0\0\0;")}
    assert tree(make(*[paths.get(arg, arg) for arg in args], stdin=stdin)) == wanted


def test_whole_mime_message_is_not_touched(mysend):
    text = b"From: a@b.example\nSubject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\ngr\xfc\xdfe\n"
    done = mysend("--dry-run", "--cc", "c@example.org", "bob@example.org", stdin=text, config=BASE)
    assert done.status == 0 and done.message.endswith(b"\r\n\r\ngr\xfc\xdfe\r\n") and done.get("Content-Type") == "text/plain; charset=iso-8859-1"


def test_whole_mime_message_becomes_the_first_part_when_a_file_comes_along(mysend, make):
    inner = email.message.EmailMessage()
    inner.set_content("text")
    inner.add_alternative("<b>text</b>", subtype="html")
    whole = b"From: a@b.example\nSubject: kept\nX-Kept: yes\n" + inner.as_bytes()
    mail = make("--attach", file(mysend, "f.gif", b"GIF89a\1\0\1\0\0\0\0;"), stdin=whole)
    assert tree(mail) == ["mixed", ["alternative", "text/plain", "text/html"], "image/gif"] and mail["X-Kept"] == "yes" and mail["Subject"] == "kept"
    assert next(mail.iter_parts()).get_body(("html",)).get_payload(decode=True).replace(b"\r\n", b"\n").decode() == "<b>text</b>\n"


def test_eight_bit_part_that_came_whole_makes_its_message_eight_bit(mysend):
    whole = "Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\ngr\u00fc\u00dfe\n".encode()
    done = mysend("--dry-run", "--attach", file(mysend, "f", b"x\n"), "bob@example.org", stdin=whole, config=BASE)
    parsed = email.message_from_bytes(done.message, policy=email.policy.default)
    assert parsed["Content-Transfer-Encoding"] == "8bit" and read(next(parsed.iter_parts())) == "gr\u00fc\u00dfe\n"


def test_html_beside_a_mime_message_is_an_error(mysend):
    whole = b"Subject: x\nMIME-Version: 1.0\n\nx\n"
    assert "no --html" in mysend("--dry-run", "--html", file(mysend, "h", "x"), "bob@example.org", stdin=whole, config=BASE).failed(65)


# --- header ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("args, name, value", [
    (["-s", "plain"], "Subject", "plain"), (["--subject=caf\u00e9 au lait"], "Subject", "caf\u00e9 au lait"), (["--reply-to", "X <x@y.example>"], "Reply-To", "X <x@y.example>"),
    (["--header", "X-Tag: one"], "X-Tag", "one"), (["--header", "X-Tag:caf\u00e9"], "X-Tag", "caf\u00e9"), (["--priority", "high"], "Importance", "high"),
    (["--priority", "HIGH"], "X-Priority", "1 (Highest)"), (["--message-id", "a.b@c.example"], "Message-ID", "<a.b@c.example>"),
    (["--in-reply-to", "<p@c.example>"], "In-Reply-To", "<p@c.example>"), (["--references", "<p@c.example> q@c.example"], "References", "<p@c.example> <q@c.example>"),
    (["--date", "2026-12-24T18:00Z"], "Date", "Thu, 24 Dec 2026 18:00:00 +0000"), (["--date", "24 Dec 2026 18:00"], "Date", "Thu, 24 Dec 2026 18:00:00 +0000"),
    (["--date", "Mon,23 Nov 2026 10:00 +0100 (CET)"], "Date", "Mon, 23 Nov 2026 10:00:00 +0100"), (["--header", "Date: 2026-12-24"], "Date", "Thu, 24 Dec 2026 00:00:00 +0000"),
    (["--date", "@0"], "Date", "Thu, 01 Jan 1970 00:00:00 +0000"), (["--date", "2026-11-23 10:00"], "Date", "Mon, 23 Nov 2026 10:00:00 +0000"),
    (["--date", "Mon, 23 Nov 2026 10:00:00 +0100"], "Date", "Mon, 23 Nov 2026 10:00:00 +0100"), (["--template-free", "-s", "{{x}} %s"], "Subject", "{{x}} %s"),
])
def test_option_is_a_field(make, args, name, value):
    mail = make(*args, stdin=b"x\n", env={"TZ": "UTC"})
    assert str(mail[name]).replace("\r\n", "") == value and len(mail.get_all(name)) == 1


def test_option_takes_the_place_of_the_field_and_the_others_stay(make):
    mail = make("--subject", "new", "--header", "X-A: 2", "--header", "X-A: 3", stdin=b"Subject: old\nX-A: 1\nX-B: b\nFrom: Ann <ann@example.net>\n\nbody\n")
    assert mail.get_all("Subject") == ["new"] and mail.get_all("X-A") == ["2", "3"] and mail["X-B"] == "b" and mail["From"] == "Ann <ann@example.net>"
    assert read(mail) == "body\n"


def test_several_to_are_one_list_and_bcc_gets_it_unseen(make):
    mail = make("--to", "a@example.org, B <b@example.org>", "--to", "c@example.org", "--bcc", "eve@example.org", stdin=b"x\n", to=["dora@example.org"])
    assert [one.addr_spec for one in mail["To"].addresses] == ["a@example.org", "b@example.org", "c@example.org"] and len(mail.get_all("To")) == 1
    assert mail["Bcc"] is None and mail.result.rcpts == ["a@example.org", "b@example.org", "c@example.org", "eve@example.org", "dora@example.org"]
    assert b"eve@" not in mail.result.message and b"dora@" not in mail.result.message


@pytest.mark.parametrize("stdin, body", [
    (b"Error: disk full\nmore\n", "Error: disk full\nmore\n"), (b"Error: disk full\n\nmore\n", "Error: disk full\n\nmore\n"), (b"Subject: no header\nfor no empty line\n", None),
    (b"\n\ntext\n", "\n\ntext\n"), (b"", ""), (b"From: x\n", None),
])
def test_text_that_only_looks_like_a_header_is_text(make, stdin, body):
    mail = make("--subject", "given", stdin=stdin)
    assert mail["Subject"] == "given" and mail["Error"] is None
    assert read(mail).lstrip("\n") == (stdin.decode() if body is None else body).lstrip("\n")


def test_header_is_read_with_t_whatever_it_looks_like(make):
    mail = make("-t", "--subject", "given", stdin=b"X-Odd: 1\nTo: ann@example.org\n\ntext\n", to=[])
    assert mail["X-Odd"] == "1" and mail.result.rcpts == ["ann@example.org"] and read(mail) == "text\n"


@pytest.mark.parametrize("stdin", [
    b"From 10:30 on, the backup fails.\n", b"From cron job\nError: disk full\n\nbody\n", b"From today on\n\nall is well\n", b"Date: 2026-11-01\n\nthe report\n", b"From: the disk\n\nfull\n",
    b"From: 10\nTo: 20\nSum: 30\n\nrest\n", b"Subject: CN=foo\nIssuer: CN=bar\n\nchain\n", b"Content-Hash: 12\nFiles: 3\n\nx\n", b"To: root\n\nhello\n",
    b"From bob Mon Jan  1 00:00:00 2026\n\nhello\n", b"References: see the wiki\n\ntext\n", b">From here on\nX: y\n\nz\n", b"./src/a.c:12: text\n" * 70000,
])
def test_report_keeps_its_first_lines_whatever_they_look_like(make, stdin):
    assert read(make("-s", "report", stdin=stdin)) == stdin.decode()


@pytest.mark.parametrize("args", [[], ["-t"], ["-s", "x"]])
def test_line_of_a_mailbox_in_front_of_a_header_goes(make, args):
    mail = make(*args, stdin=b"From ann@example.net Mon Nov 23 10:00:00 2026\nSubject: x\nTo: bob@example.org\n\ntext\n")
    assert mail["Subject"] == "x" and read(mail) == "text\n" and "Nov 23" not in mail.result.message.decode()


def test_line_that_begins_with_from_is_text_to_sendmail_too(mysend, relay):
    there = relay("ehlo pipelining")
    mysend("bob@example.org", name="sendmail", stdin=b"From 10:30 on, the backup fails.\n", relay=there).ok()
    assert there.message.content == b"From 10:30 on, the backup fails.\r\n"


@pytest.mark.parametrize("header, name", [
    ("From: J\u00fcrgen M\u00fcller <j@example.net>", "J\u00fcrgen M\u00fcller"), ('From: "M\u00fcller, J\u00fcrgen" <j@example.net>', "M\u00fcller, J\u00fcrgen"),
    ("From: J\u00fcrgen <j@b\u00fccher.example>", "J\u00fcrgen"), ("From: =?utf-8?Q?J=C3=BCrgen?= <j@example.net>", "J\u00fcrgen"), ("Sender: plain <j@example.net>", "plain"),
    ("Resent-To: J\u00fcrgen <j@example.net>", "J\u00fcrgen"),
])
def test_name_in_a_header_of_an_option_is_encoded_and_its_address_is_not(make, header, name):
    field = make("--header", header, stdin=b"x\n")[header.partition(":")[0]]
    assert field.addresses[0].display_name == name and field.addresses[0].addr_spec in ("j@example.net", "j@xn--bcher-kva.example")


def test_fields_of_the_text_are_encoded_with_those_of_the_options(make):
    mail = make("-t", "--cc", "c@example.org", "--charset", "koi8-r", stdin="From: J\u00fcrgen <j@example.net>\nTo: \u00c5sa <a@example.org>\nSubject: gr\u00fc\u00dfe\n\nx\n".encode(), to=[])
    assert mail["From"].addresses[0].display_name == "J\u00fcrgen" and mail["To"].addresses[0].display_name == "\u00c5sa" and mail["Subject"] == "gr\u00fc\u00dfe"


def test_header_of_an_option_that_names_recipients_reaches_them(make):
    mail = make("--header", "Cc: carl@example.org", "--header", "Bcc: eve@example.org", stdin=b"x\n")
    assert mail.result.rcpts == ["carl@example.org", "eve@example.org", "bob@example.org"] and mail["Cc"] == "carl@example.org" and b"eve" not in mail.result.message


@pytest.mark.parametrize("args, to, wanted", [
    (["-s", "x", "--bcc", "eve@example.org"], ["bob@example.org"], "bob@example.org"), (["-s", "x"], ["bob@example.org", "Carl <c@example.org>"], "bob@example.org, Carl <c@example.org>"),
    (["-s", "x", "--cc", "carl@example.org"], ["bob@example.org"], None), (["-s", "x", "--cc", "", "--bcc", " "], ["bob@example.org"], "bob@example.org"),
    (["--to", "undisclosed-recipients:;"], ["bob@example.org"], "undisclosed-recipients:;"),
])
def test_arguments_are_named_in_to_unless_options_say_who_is(make, args, to, wanted):
    mail = make(*args, stdin=b"x\n", to=to)
    assert (mail["To"] and " ".join(str(mail["To"]).split())) == wanted and "" not in [str(value) for value in mail.values()]


def test_many_addresses_need_little_memory(mysend):
    if mysend.sanitized:
        pytest.skip("memory is not measured with sanitizers")
    to = ", ".join("r%d@example.org" % i for i in range(4000))
    ids = " ".join("<%d@example.org>" % i for i in range(4000))
    done = mysend("--dry-run", "--to", to, "--references", ids, stdin=b"x\n", config=BASE, measure=True)
    assert done.status == 0 and len(done.rcpts) == 4000 and done.maxrss < 24 * 1024, done.maxrss


def test_many_options_and_many_fields_need_little_memory(mysend):
    if mysend.sanitized:
        pytest.skip("memory is not measured with sanitizers")
    many = [word for i in range(3000) for word in ("--to", "r%d@example.org" % i)]
    done = mysend("--dry-run", *many, stdin=b"x\n", config=BASE, measure=True)
    assert done.status == 0 and len(done.rcpts) == 3000 and done.maxrss < 24 * 1024, done.maxrss
    whole = b"MIME-Version: 1.0\n" + b"Content-Description: y\n" * 10000 + b"\nx\n"
    done = mysend("--dry-run", "--attach", "/etc/passwd", "bob@example.org", stdin=whole, config=BASE, measure=True)
    assert done.status == 0 and done.message.count(b"Content-Description: y") == 10000 and done.maxrss < 24 * 1024, done.maxrss


def test_limit_of_size_is_of_what_is_sent_and_not_of_its_encoded_form(mysend, relay):
    there = relay("ehlo pipelining 8bitmime")
    mysend("bob@example.org", stdin=("\u6f22\u5b57" * 20 + "\n").encode() * 700, relay=there, config="message_size_limit 100000\n").ok()
    assert len(there.message.body) < 100000


def test_last_priority_counts(make):
    mail = make("--priority", "high", "--priority", "low", stdin=b"x\n")
    assert mail.get_all("Importance") == ["low"] and mail.get_all("X-Priority") == ["5 (Lowest)"]


@pytest.mark.parametrize("config, name, value", [("subject mail from a script\n", "Subject", "mail from a script"), ("subject gr\u00fc\u00dfe\n", "Subject", "gr\u00fc\u00dfe"), ("reply_to help@example.org\n", "Reply-To", "help@example.org")])
@pytest.mark.parametrize("args, head", [([], b""), (["--date", "@0"], b""), (["-t"], b"To: bob@example.org\nX: y\n\n")])
def test_setting_is_the_field_of_a_message_without_one(make, config, name, value, args, head):
    assert make(*args, stdin=head + b"x\n", config=config, once=True)[name] == value
    own = make(*args, stdin=name.encode() + b": own@example.org\nTo: bob@example.org\n\nx\n", config=config, once=True)
    assert own.get_all(name) == ["own@example.org"]


@pytest.mark.parametrize("name", ["From", "Subject", "To", "Date", "Message-ID", "Reply-To"])
def test_field_that_the_text_has_twice_is_an_error_that_names_both_lines(mysend, name):
    value = {"Date": "Mon, 23 Nov 2026 10:00:00 +0100", "Message-ID": "<a@b.example>"}.get(name, "a@b.example")
    text = "X-A: 1\n%s: %s\nX-B: 1\n 2\n%s: %s\n\nbody\n" % (name, value, name.lower(), value)
    for mbox in ("", "From ann Mon Nov 23 10:00:00 2026\n"):
        said = mysend("--cc", "c@example.org", stdin=(mbox + text).encode(), config=BASE).failed(65)
        assert said == "the message has two %s fields, in line %d and line %d" % (name, 2 + bool(mbox), 5 + bool(mbox))


@pytest.mark.parametrize("args, status", [
    (["--subject", "a\nBcc: eve@example.org"], 65), (["--header", "X: a\r\nY: b"], 65), (["--to", "a@b\n.example"], 65), (["--header", "no colon"], 64), (["--header", ": x"], 64),
    (["--header", "a b: x"], 64), (["--header", "Content-Type: x/y"], 64), (["--priority", "urgent"], 64), (["--date", "tomorrow"], 64), (["--message-id", "x"], 64),
    (["--message-id", "a@b c@d"], 64), (["--to", "a@b@c"], 65), (["--charset", "utf 8"], 64), (["--attach", "/nonexistent"], 66), (["--attach", "/tmp"], 66),
    (["--attach", "/dev/zero"], 66), (["--html", "/nonexistent"], 66), (["--inline", "/dev/null"], 66), (["--attach", "-", "--attach", "-"], 64),
    (["--attach", "/etc/hostname;type=x"], 64), (["--attach", "/etc/hostname;disposition=up"], 64), (["--subject"], 64), (["-bp", "--subject", "x"], 64), (["--attach", ""], 66),
    (["--attach", "/etc/hostname;type=message/rfc822"], 64), (["--attach", "/etc/hostname;type=a/b/c"], 64), (["--attach", "/etc/hostname;type=" + "x" * 200 + "/y"], 64),
    (["--attach", "/etc/hostname;name=" + '"' * 2000], 64), (["--attach", "/etc/hostname;id=a b"], 64), (["--html", "/etc/hostname", "--html", "/etc/hostname"], 64),
    (["--html", "-", "--attach", "-"], 64), (["--html", "/etc/hostname", "--inline", "/etc/hostname", "--inline", "/etc/hostname"], 64),
    (["--attach", "/dev/fd/5", "--attach", "/proc/self/fd/5"], 64), (["--charset", "utf-16"], 65), (["--header", "Date: garbage"], 64), (["--header", "Message-ID: x"], 64),
    (["--header", "x" * 100 + ": y"], 64), (["--date", "2026-02-31 10:00"], 64), (["--attach", "/dev/fd/77"], 66), (["--header", "Cc: a@b@c"], 65),
])
def test_what_cannot_be_is_told_in_a_line_and_nothing_is_sent(mysend, relay, args, status):
    there = relay()
    mysend("bob@example.org", *args, stdin=b"x\n", relay=there).failed(status)
    assert not there.sessions


@pytest.mark.parametrize("args, hint", [
    (["-s", "x", "-A", "r.bin"], "--attach"), (["-s", "x", "-M", "text/html"], "--html"), (["-s", "x", "-c", "carl@example.org"], "--cc"), (["-s", "x", "-b", "eve@example.org"], "--bcc"),
    (["-s", "x", "-a", "/etc/passwd"], "--attach"), (["--subjet", "x"], "--subject"), (["--atach", "x"], "--attach"), (["--dryrun"], "--dry-run"), (["--hots", "x"], "--host"),
])
def test_letter_of_mail_and_word_mistyped_get_the_one_that_is_meant(mysend, args, hint):
    done = mysend(*args, "bob@example.org", stdin=b"x\n", config=BASE)
    assert done.failed(64) and hint in done.hints[0]


def test_letters_of_sendmail_go_on_to_mean_nothing_to_it(mysend):
    assert mysend("--dry-run", "-A", "c", "-M", "rX", "-c", "bob@example.org", stdin=b"x\n", config=BASE).status == 0


def test_called_as_sendmail_there_are_no_such_options(mysend):
    assert "mail(1)" in mysend("-s", "x", "a@b.example", name="sendmail", stdin=b"x\n", config=BASE).err
    for option in ("--subject", "--attach", "--to"):
        mysend(option, "/etc/passwd", "a@b.example", name="sendmail", stdin=b"x\n", config=BASE).failed(64)


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


@pytest.mark.parametrize("text", ["<p>gr\u00fc\u00dfe</p>\n".encode("utf-16"), b"<p>a\0b</p>\n"])
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
    done = mysend("--html", path, "bob@example.org", stdin=b"", relay=there, measure=True, timeout=60)
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


# --- files ----------------------------------------------------------------------------------------

def test_overrides_stand_behind_the_path(mysend, make):
    path = file(mysend, "data;1.bin", b"abc")
    one, two, three = make("--attach", path + ";type=application/x-mine;name=other.dat;disposition=inline", "--attach", path, "--attach", path + ";name=/etc/p;x").iter_parts()
    assert (one.get_content_type(), one.get_filename(), one.get_content_disposition()) == ("application/x-mine", "other.dat", "inline")
    assert two.get_filename() == "data;1.bin" and three.get_filename() == "p;x"


@pytest.mark.parametrize("path", ["/proc/self/status", "/proc/cpuinfo", "/sys/kernel/mm/transparent_hugepage/enabled", "/proc/kallsyms"])
def test_file_that_does_not_say_how_long_it_is_comes_whole(make, path):
    if not os.access(path, os.R_OK):
        pytest.skip("%s is missing" % path)
    part, = make("--attach", path, once=True).iter_parts()
    with open(path, "rb") as text:
        now = text.read()
    assert part.get_content_type() == "text/plain" and len(part.get_payload(decode=True)) > len(now) * 0.9 > 0 and part.get_filename() == path.split("/")[-1]


def test_socket_that_is_a_descriptor_is_a_file(make):
    ours, theirs = socket.socketpair()
    theirs.sendall(b"data " * 1000)
    theirs.close()
    part, = make("--attach", "/dev/fd/%d" % ours.fileno(), pass_fds=(ours.fileno(),), once=True).iter_parts()
    ours.close()
    assert part.get_payload(decode=True) == b"data " * 1000 and part.get_filename() is None


def test_descriptor_of_mysend_itself_is_none_of_the_callers(mysend):
    big = file(mysend, "big", bytes(90000))
    for more in (["--attach", big], []):
        done = mysend("--dry-run", "-s", "x", *more, "--attach", "/dev/fd/3", "bob@example.org", stdin=b"text\n" * 300000, config=BASE, closed=(3,))
        assert "/dev/fd/3: Bad file descriptor" in done.failed(66)


def test_descriptor_in_the_middle_of_a_file_is_read_from_there(make, tmp_path):
    (tmp_path / "f").write_bytes(b"0123456789")
    with open(tmp_path / "f", "rb", buffering=0) as text:
        text.seek(5)
        part, = make("--attach", "/dev/fd/%d" % text.fileno(), pass_fds=(text.fileno(),), once=True).iter_parts()
    assert part.get_payload(decode=True) == b"56789"


def test_type_that_is_said_has_the_charset_that_is_found(mysend, make):
    one, two, three = make("--attach", file(mysend, "u.csv", "\u00fc,\u00df\n") + ";type=text/csv", "--attach", file(mysend, "late.log", b"plain\n" * 20000 + b"gr\xfc\xdfe\n"),
                           "--attach", file(mysend, "late.txt", b"plain\n" * 20000 + "gr\u00fc\u00dfe\n".encode())).iter_parts()
    assert (one.get_content_type(), one.get_content_charset()) == ("text/csv", "utf-8")
    assert two.get_content_charset() == "iso-8859-1" and three.get_content_charset() == "utf-8"


def test_id_that_is_said_is_the_one_that_links_say(mysend, make):
    html, png = file(mysend, "h.html", '<img src="cid:logo@example.org">'), file(mysend, "a.png", b"\x89PNG\r\n\x1a\n")
    _, picture = make("--html", html, "--inline", png + ";id=logo@example.org", stdin=b"").iter_parts()
    assert picture["Content-ID"] == "<logo@example.org>"


def test_hundred_files_need_little_memory_and_keep_their_types(mysend, tmp_path):
    if mysend.sanitized:
        pytest.skip("memory is not measured with sanitizers")
    args = []
    for i in range(100):
        args += ["--attach", file(mysend, "p%d.png" % i, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\6\0\0\0" + bytes(1100000))]
    done = mysend("--dry-run", *args, "bob@example.org", stdin=b"", config=BASE, measure=True, timeout=60)
    assert done.status == 0 and done.raw_out.count(b"Content-Type: image/png\r\n") == 100 and done.maxrss < 24 * 1024, done.maxrss


@pytest.mark.parametrize("how", ["-", "fifo", "/dev/stdin", "fd"])
def test_pipe_is_a_file_too(mysend, make, tmp_path, how):
    data, more = bytes(range(256)) * 3000, {}
    if how == "fifo":
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "data").write_bytes(data)
        writer = subprocess.Popen(["sh", "-c", "cat data > pipe"], cwd=tmp_path)
        mail = make("--attach", str(tmp_path / "pipe"), "--subject", "x", stdin=b"text\n", once=True)
        writer.wait()
    elif how == "fd":
        reader, writer = os.pipe()
        os.write(writer, data[:60000])
        os.close(writer)
        mail = make("--attach", "/dev/fd/%d" % reader, stdin=b"text\n", pass_fds=(reader,), once=True)
        data = data[:60000]
        os.close(reader)
    else:
        mail = make("--attach", how + ";name=in.bin" if how == "-" else how, stdin=data, **more)
    attached = [part for part in mail.walk() if part.get_content_disposition() == "attachment"]
    assert len(attached) == 1 and attached[0].get_payload(decode=True) == data


def test_message_of_a_file_that_is_mail_is_not_broken_by_encoding(mysend, make):
    part, = make("--attach", file(mysend, "x.eml", b"From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nx\r\n")).iter_parts()
    assert part.get_content_type() == "application/octet-stream" and part.get_payload(decode=True).endswith(b"\r\n\r\nx\r\n")


def test_file_that_shrinks_while_it_is_read_is_told_and_nothing_arrives(mysend, relay, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(b"x" * (64 << 20))
    there = relay("ehlo pipelining chunking", "body 100000 \"sleep 1.5 && ok\"", "buffers 65536", "lax", "sink")
    run = mysend.start("--attach", str(path), "bob@example.org", relay=there, config="queue off\n")
    run.process.stdin.close()
    run.process.stdin = None
    while not (there.sessions and any(line.data.upper().startswith((b"BDAT", b"DATA")) for line in there.session.lines)):
        assert run.process.poll() is None
    os.truncate(path, 1 << 20)
    done = run.finish(None)
    assert done.status == 74 and "has become shorter while it was read" in done.err and not there.messages, done


def test_large_file_needs_no_memory_and_its_size_is_known_before(mysend, relay, tmp_path):
    if mysend.sanitized:
        pytest.skip("memory is not measured with sanitizers")
    path = tmp_path / "large"
    with open(path, "wb") as out:
        out.truncate(200 << 20)
    there = relay("ehlo pipelining chunking size=1000000000", "sink")
    done = mysend("--attach", str(path), "bob@example.org", stdin=b"text\n", relay=there, measure=True, timeout=60)
    assert done.status == 0 and done.maxrss < 24 * 1024, done
    assert int(there.message.parameters["SIZE"]) == there.message.size > (200 << 20) * 4 / 3


def test_limit_of_the_relay_is_told_in_words_before_an_octet_goes_out(mysend, relay, tmp_path):
    with open(tmp_path / "large", "wb") as out:
        out.truncate(30 << 20)
    there = relay("ehlo pipelining size=35000000")
    said = mysend("--attach", str(tmp_path / "large"), "bob@example.org", stdin=b"", relay=there).failed(65)
    assert "the message is 43 MB encoded, 127.0.0.1 takes 35 MB" in said and not there.transactions


def test_libmagic_without_a_database_is_one_warning(mysend):
    done = mysend("--dry-run", "--attach", "/etc/passwd", "--attach", "/etc/group", "bob@example.org", stdin=b"", config=BASE, env={"MAGIC": "/nonexistent"})
    assert done.status == 0 and done.err.count("mysend: warning: libmagic: ") == 1 and done.raw_out.count(b"Content-Type: application/octet-stream") == 2, done


# --- names ----------------------------------------------------------------------------------------

NAMES = ["plain.txt", "with blank.txt", "M\u00e4rz.pdf", "\u6f22\u5b57.png", "quo\"te\\.txt", "a;b.txt", "100%.txt", "it's.txt", "\u00fc" * 80 + ".pdf", "x" * 200 + ".tar.gz",
         "\U0001f4e7 mail \u00e9.txt", "(c) <a@b>.txt", "=?utf-8?Q?x?=.txt"]


@pytest.mark.parametrize("name", NAMES)
def test_name_of_a_file_comes_back_whole_and_in_ascii_for_readers_of_old(mysend, make, name):
    part, = make("--attach", file(mysend, "f", b"x\n") + ";name=" + name).iter_parts()
    assert part.get_filename() == name
    raw = part.as_bytes(policy=email.policy.compat32).decode("ascii")
    assert re.search(r'filename="[ -~]+"', raw) and max(map(len, raw.split("\n"))) <= 78


@pytest.mark.parametrize("address, wanted", [
    ("joe@b\u00fccher.example", "joe@xn--bcher-kva.example"), ("joe@B\u00dcCHER.example", "joe@xn--bcher-kva.example"), ("joe@\u65e5\u672c\u8a9e.example", "joe@xn--wgv71a119e.example"),
    ("joe@a.\u043f\u0440\u0438\u043c\u0435\u0440.example", "joe@a.xn--e1afmkfd.example"),
])
def test_domain_beyond_ascii_is_said_in_a_labels_and_needs_no_smtputf8(mysend, relay, address, wanted):
    there, utf8 = relay("ehlo pipelining 8bitmime"), relay("ehlo pipelining 8bitmime smtputf8")
    mysend("--to", address, stdin=b"x\n", relay=there).ok()
    assert there.message.recipients == [wanted] and there.message.field("To") == wanted
    mysend("--to", address, stdin=b"x\n", relay=utf8).ok()
    assert utf8.message.recipients == [wanted] and "SMTPUTF8" not in utf8.message.parameters


def test_domain_beyond_ascii_in_the_header_needs_no_smtputf8_either(mysend, relay):
    there = relay("ehlo pipelining 8bitmime smtputf8")
    mysend("-t", stdin="From: a@b\u00fccher.example\nTo: J\u00f6rg <x@\u00e4.example>\nSubject: x\n\nt\n".encode(), relay=there).ok()
    assert there.message.recipients == ["x@xn--4ca.example"] and "SMTPUTF8" not in there.message.parameters
    assert there.message.field("From") == "a@xn--bcher-kva.example" and "<x@xn--4ca.example>" in there.message.field("To")


@pytest.mark.parametrize("address", ["a@\u00e4.org\uff1e", "a@\u00e4.org\uff20N.org", "a@\u00e4.org\uff0cN.org", "a@\u00e4.org\uff1b", "a@\u00e4.org\uff02"])
def test_what_looks_like_a_special_in_another_width_becomes_none(mysend, relay, address):
    there = relay("ehlo pipelining 8bitmime")
    done = mysend("-s", "x", address, stdin=b"x\n", relay=there)
    assert done.status == 65 and not there.messages and not [line for line in there.session.lines if b"xn--" in line.data]


def test_local_part_beyond_ascii_needs_smtputf8(mysend, relay):
    there = relay("ehlo pipelining 8bitmime")
    assert "does not offer SMTPUTF8" in mysend("--to", "j\u00fc@example.org", stdin=b"x\n", relay=there).failed(65) and not there.messages


# --- readers of others ----------------------------------------------------------------------------

def need(name):
    path = shutil.which(name)
    if path is None:
        pytest.skip("%s is missing" % name)
    return path


@pytest.fixture
def rich(mysend, make):
    """A message with everything in it, and the files it was made of."""
    files = {"data.bin": random.Random(3).randbytes(100001), "empty": b"", "page.txt": b"line\nline\r\nlast", "logo.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256))}
    args = []
    for name, data in files.items():
        args += ["--inline" if name == "logo.png" else "--attach", file(mysend, name, data)]
    mail = make("--subject", "all of it", "--html", file(mysend, "h.html", "<b>b</b> <img src=cid:logo.png>\n"), *args, stdin=b"text of it\n")
    return mail.result.message, files


@pytest.mark.parametrize("tool", ["munpack", "ripmime", "mshow"])
def test_every_file_comes_back_octet_by_octet_from_readers_of_others(rich, tmp_path, tool):
    message, files = rich
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "mail").write_bytes(message)
    if tool == "munpack":
        subprocess.run([need("munpack"), "-f", "-q", "-C", str(out), str(tmp_path / "mail")], check=True, capture_output=True)
    elif tool == "ripmime":
        subprocess.run([need("ripmime"), "-i", str(tmp_path / "mail"), "-d", str(out)], check=True, capture_output=True)
    else:
        subprocess.run([need("mshow"), "-x", str(tmp_path / "mail")], check=True, capture_output=True, cwd=out)
    for name, data in files.items():
        if not data and tool != "mshow":
            continue        # these two make no file of nothing
        if tool == "munpack":       # it makes line ends of a text those of this host
            data = data if name != "page.txt" else data.replace(b"\r\n", b"\n")
        assert (out / name).read_bytes() == data, name


# --- at random ------------------------------------------------------------------------------------

LETTERS = string.ascii_letters + string.digits + " .,;:!?()<>@\"'\\=_-+%/" + "\u00e4\u00f6\u00fc\u00df\u00e9\u0142\u0416\u6f22\u5b57\U0001f4e7\u2028\u00a0"


def some_text(chance, most):
    text = "".join(chance.choice(LETTERS) for _ in range(chance.randrange(1, most)))
    return text.strip(" \u00a0\u2028") or "x"


def test_random_octets_names_and_subjects_come_back(mysend, make, tmp_path):
    """2,000 cases: a hundred messages of twenty files each, every one with its own name and octets, and a subject."""
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    print("seed", seed)
    chance = random.Random(seed)
    for message in range(10 if mysend.sanitized else 100):
        args, wanted = [], []
        for i in range(20):
            path = tmp_path / ("f%d.%d" % (message, i))
            path.write_bytes(chance.randbytes(chance.choice([0, 1, 2, 3, 56, 57, 58, 113, 114, 115, chance.randrange(5000)])))
            name = some_text(chance, 60).replace("/", "_")
            name = re.sub(r'^[\s"<>]+|[\s"<>]+$', "", name) or "x"      # Python's reader takes quotes and blanks around a name away
            name = name if not re.search(r";(type|name|disposition|id)=", ";" + name) else "plain"
            args += ["--attach", "%s;type=application/x-%d;name=%s" % (path, i, name.replace(";", ","))]
            wanted.append((name.replace(";", ","), path.read_bytes()))
        subject, body = some_text(chance, 200), some_text(chance, 3000)
        mail = make("--subject", subject, *args, stdin=(body + "\n").encode())
        text, *parts = mail.iter_parts()
        assert " ".join(mail["Subject"].split()) == " ".join(subject.split()), (seed, subject)
        assert read(text).replace("\n", "") == body.replace("\n", ""), (seed, body)
        for part, (name, data) in zip(parts, wanted):
            assert (part.get_filename(), part.get_payload(decode=True)) == (name, data), (seed, part.as_string()[:400])
        assert len(parts) == len(wanted)


