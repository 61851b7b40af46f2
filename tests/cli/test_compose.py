"""A message made of options, text, HTML and files: its structure and its header."""
import email
import email.policy

import pytest

from given import BASE
from composed import file, read, tree

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


def test_thousands_of_header_options_take_each_the_place_of_the_texts_own(mysend):
    """Each was looked for among all the others: 20,000 took seconds."""
    options = ["--header=X-%d: %d" % (i // 2, i) for i in range(20000)]
    done = mysend("--dry-run", *options, "bob@example.org", stdin="Subject: x\nx-7: own\nX-7: again\nX-own: y\n\nb\n".encode(), config=BASE)
    assert done.status == 0 and done.err == "", done.err[:300]
    want = [("X-%d" % (i // 2), str(i)) for i in range(20000)]
    assert sorted(pair for pair in done.fields if pair[0].startswith("X-")) == sorted(want + [("X-own", "y")])
    assert done.all("X-7") == ["14", "15"]


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


@pytest.mark.parametrize("args, config, field, wanted", [
    (["-s", "a\tb"], "", "Subject", "a b"), (["--subject", "a\t\vb"], "", "Subject", "a  b"), (["--header", "X-Count:\t1\t2"], "", "X-Count", "1 2"), (["--cc", "Carl\tC <carl@example.org>"], "", "Cc", "Carl C <carl@example.org>"),
    (["-F", "A\tB", "-f", "me@example.net"], "", "From", "A B <me@example.net>"), ([], "subject a\tb\n", "Subject", "a b"), ([], "from_full_name A\tB\n", "From", "A B <me@example.net>"),
])
def test_tab_in_a_value_of_one_line_is_a_space(make, args, config, field, wanted):
    assert make(*args, "--to", "bob@example.org", stdin=b"x\n", config=config)[field] == wanted


def test_tab_in_a_recipient_and_in_the_name_of_a_file_is_a_space(make):
    mail = make("-s", "x", "--attach", "/etc/passwd;name=a\tb.txt", stdin=b"x\n", to=("Bob\tB <bob@example.org>",), env={"NAME": "Me\tI"})
    assert mail.result.rcpts == ["bob@example.org"] and mail["To"] == "Bob B <bob@example.org>" and mail["From"] == "Me I <me@example.net>"
    assert [part.get_filename() for part in mail.iter_parts()] == [None, "a b.txt"]


def test_header_of_an_option_that_names_recipients_reaches_them(make):
    mail = make("--header", "Cc: carl@example.org", "--header", "Bcc: eve@example.org", stdin=b"x\n")
    assert mail.result.rcpts == ["carl@example.org", "eve@example.org", "bob@example.org"] and mail["Cc"] == "carl@example.org" and b"eve" not in mail.result.message


@pytest.mark.parametrize("args, to, wanted", [
    (["-s", "x", "--bcc", "eve@example.org"], ["bob@example.org"], "bob@example.org"), (["-s", "x"], ["bob@example.org", "Carl <c@example.org>"], "bob@example.org, Carl <c@example.org>"),
    (["-s", "x", "--cc", "carl@example.org"], ["bob@example.org"], "bob@example.org"), (["-s", "x", "--to", "carl@example.org"], ["bob@example.org"], "carl@example.org"), (["-s", "x", "--cc", "", "--bcc", " "], ["bob@example.org"], "bob@example.org"),
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
    (["--message-id", "a@b c@d"], 64), (["--to", "a@b@c"], 65), (["--charset", "utf 8"], 64), (["--attach", "/nonexistent"], 66), (["--attach", "/"], 66),
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
    (["-s", "x", "-a", "/etc/passwd"], "--attach"), (["-a", "/etc/passwd"], "--attach"), (["-A", "r.bin"], "--attach"), (["-to", "carl@example.org"], "--to"), (["-help"], "--help"),
    (["-subject=x"], "--subject=x"), (["-attach", "/etc/passwd"], "--attach"), (["--replyto", "x"], "--reply-to"), (["--attach", "/etc/passwd", "/etc/group"], "its own --attach"), (["--subjet", "x"], "--subject"), (["--atach", "x"], "--attach"), (["--dryrun"], "--dry-run"), (["--hots", "x"], "--host"),
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
