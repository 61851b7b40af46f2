"""--merge: tables in every dialect, templates, values by their place, files, ready messages, List-Unsubscribe."""
import email
import email.policy
import os
import re

import pytest

from merged import merge, text_of  # noqa: F401

LETTER = "To: {{name}} <{{email}}>\nSubject: To {{name}}\n\nDear {{name}},\n{{text}}.\n"
ROWS = [("Ann", "ann@x.example", "one, two; three\tfour"), ("Müller, Jörg", "joerg@x.example", 'she said "so"\nand left'), ("", "eve@x.example", "")]


def csv(rows, separator=",", end="\n"):
    def cell(text):
        return '"%s"' % text.replace('"', '""').replace("\n", end) if any(c in text for c in '",;\t\n') else text
    return "".join(separator.join(cell(one) for one in row) + end for row in [("name", "email", "text"), *rows])


DIALECTS = [
    # name, octets, further options
    ("RFC 4180", csv(ROWS, end="\r\n").encode(), ()),
    ("LF", csv(ROWS).encode(), ()),
    ("CR alone, as of an old Mac", csv(ROWS[:1] + ROWS[2:], end="\r").encode(), ()),
    ("no line end at the end", csv(ROWS).encode()[:-1], ()),
    ("semicolons", csv(ROWS, ";").encode(), ()),
    ("tabs", csv(ROWS, "\t").encode(), ()),
    ("a mark of UTF-8", b"\xef\xbb\xbf" + csv(ROWS).encode(), ()),
    ("a mark and semicolons, as Excel writes", b"\xef\xbb\xbf" + csv(ROWS, ";", "\r\n").encode(), ()),
    ("sep=;", b"sep=;\r\n" + csv(ROWS, ";", "\r\n").encode(), ()),
    ("sep=, and a mark", b"\xef\xbb\xbfsep=,\n" + csv(ROWS).encode(), ()),
    ("sep=|", b"sep=|\n" + csv(ROWS, "|").encode(), ()),
    ("UTF-16 with tabs, as Excel's Unicode text", b"\xff\xfe" + csv(ROWS, "\t", "\r\n").encode("utf-16-le"), ()),
    ("UTF-16, big end first", b"\xfe\xff" + csv(ROWS, ";").encode("utf-16-be"), ()),
    ("UTF-16 that is said", csv(ROWS).encode("utf-16-le"), ("--charset", "UTF-16LE")),
    ("Latin-1", csv(ROWS).encode("latin1"), ("--charset", "latin1")),
    ("windows-1252", csv(ROWS, ";", "\r\n").encode("cp1252"), ("--charset", "windows-1252")),
    ("all cells quoted", "".join(",".join('"%s"' % c.replace('"', '""') for c in row) + "\r\n" for row in [("name", "email", "text"), *ROWS]).encode(), ()),
    ("blanks around names, and empty rows", csv(ROWS).replace("name,email,text", " name , email,text ").replace("\nMü", "\n\n,,\nMü").encode() + b",,\n\n", ()),
]


@pytest.mark.parametrize("name, table, options", DIALECTS, ids=[row[0] for row in DIALECTS])
def test_a_table_may_be_in_any_of_these_dialects(merge, name, table, options):  # noqa: F811
    got = merge(table, LETTER, *options, status=0)
    assert got.told == [], got
    for name, to, text in ROWS:
        if to not in got.recipients and "CR alone" in name:
            continue
        if (name, to) == (ROWS[1][0], ROWS[1][1]) and b"\r" in table and b"\n" not in table:
            continue        # a line end in a cell cannot be told from one of a row without quotes; that row is not in that table
        mail = got.mail(to)
        assert mail["To"].addresses[0].display_name == name and mail["To"].addresses[0].addr_spec == to, got
        assert mail["Subject"] == ("To " + name).strip(), got
        assert got.text(to) == "Dear %s,\n%s.\n" % (name, text), got


# What a template writes for the row below; the body of the mail.
COLUMNS = "email,name,html,plan,blank,zero\r\nann@x.example,Ann,<b>&\"',pro, ,0\r\n"
LANGUAGE = [
    ("Dear {{name}}", "Dear Ann"),
    ("{{ name }}{{\tname\t}}", "AnnAnn"),
    ("{{html}} {{{html}}} {{&html}}", "<b>&\"' <b>&\"' <b>&\"'"),        # text is not escaped
    ("{{#name}}yes{{/name}}{{^name}}no{{/name}}", "yes"),
    ("{{#blank}}yes{{/blank}}{{^blank}}no{{/blank}}", "no"),
    ("{{#zero}}yes{{/zero}}", "yes"),                                      # a value that is there
    ("{{#plan=pro}}yes{{/plan=pro}}{{^plan=pro}}no{{/plan}}", "yes"),
    ("{{#plan=Pro}}yes{{/plan}}{{^plan=Pro}}no{{/plan}}", "no"),           # letter by letter
    ("{{#plan=pro}}{{#name=Bob}}Bob{{/name}}{{^name=Bob}}{{name}}{{/name}}{{/plan}}", "Ann"),
    ("a{{! a comment, {{ with braces }}b", "ab"),
    ("\\{{name}} {{name}}", "{{name}} Ann"),
    ("a\n{{#name}}\nb\n{{/name}}\n{{! a line of its own }}\nc", "a\nb\nc"),
    ("{ {{name}} } }} {name}", "{ Ann } }} {name}"),
]


@pytest.mark.parametrize("template, text", LANGUAGE, ids=[row[0] for row in LANGUAGE])
def test_the_language_of_templates(merge, template, text):  # noqa: F811
    got = merge(COLUMNS, "To: {{email}}\n\n%s\n" % template, status=0)
    assert got.text("ann@x.example") == text + "\n", got


def test_html_is_escaped_and_text_is_not(merge):  # noqa: F811
    got = merge(COLUMNS, "To: {{email}}\n\n{{html}}\n", "--html", "p.html", files={"p.html": b"<p title=\"{{html}}\">{{html}} {{{html}}}</p>\n"}, status=0)
    mail = got.mail("ann@x.example")
    assert mail.get_content_type() == "multipart/alternative"
    assert text_of(mail) == "<b>&\"'\n"
    assert text_of(mail, "html") == "<p title=\"&lt;b&gt;&amp;&quot;&#39;\">&lt;b&gt;&amp;&quot;&#39; <b>&\"'</p>\n"


PLACES = [
    # template's header, cells, what Python's email reads of the field, and who gets the mail
    ("To: {{a}} <{{b}}>", ["Roe, Bob", "b@x.example"], "To", '"Roe, Bob" <b@x.example>', ["b@x.example"]),
    ("To: {{a}} <{{b}}>", ["Bob <eve@x.example>", "b@x.example"], "To", '"Bob <eve@x.example>" <b@x.example>', ["b@x.example"]),
    ("To: {{a}} <{{b}}>", ['Bob "B" \\', "b@x.example"], "To", '"Bob \\"B\\" \\\\" <b@x.example>', ["b@x.example"]),
    ("To: {{a}} <{{b}}>", ["=?utf-8?q?a?=", "b@x.example"], "To", '=?utf-8?q?a?= <b@x.example>', ["b@x.example"]),
    ("To: {{a}} <{{b}}>", ["", "b@x.example"], "To", "b@x.example", ["b@x.example"]),
    ("To: {{a}}, {{b}}", ["a@x.example", "b@x.example"], "To", "a@x.example, b@x.example", ["a@x.example", "b@x.example"]),
    ("To: {{a}}, {{b}}", ["", "b@x.example"], "To", "b@x.example", ["b@x.example"]),
    ("To: {{a}}\nCc: {{b}}", ["a@x.example", ""], "Cc", None, ["a@x.example"]),
    ("To: {{a}}\nBcc: {{b}}", ["a@x.example", "c@x.example"], "Bcc", None, ["a@x.example", "c@x.example"]),
    ("To: {{a}}\nCc: {{b}}", ["a@x.example", "C <c@x.example>, d@x.example"], "Cc", "C <c@x.example>, d@x.example",
     ["a@x.example", "c@x.example", "d@x.example"]),
    ("To: {{a}}\nReply-To: {{b}}", ["a@x.example", ""], "Reply-To", None, ["a@x.example"]),
    ("To: {{a}}\nX-Bill: no. {{b}}", ["a@x.example", "7 & 8"], "X-Bill", "no. 7 & 8", ["a@x.example"]),
    ("To: {{a}}\nSubject: Re: {{b}}", ["a@x.example", "=?utf-8?q?a?= ü"], "Subject", "Re: =?utf-8?q?a?= ü", ["a@x.example"]),
    ("To: {{a}}\nSubject: {{{b}}}", ["a@x.example", "<&>"], "Subject", "<&>", ["a@x.example"]),
    ("To: {{a}}\n{{#b}}\nX-More: {{b}}\n{{/b}}", ["a@x.example", ""], "X-More", None, ["a@x.example"]),
    ("From: {{b}} <bills@b.example>\nTo: {{a}}", ["a@x.example", "Büro"], "From", "Büro <bills@b.example>", ["a@x.example"]),
]


@pytest.mark.parametrize("header, cells, field, value, to", PLACES, ids=range(len(PLACES)))
def test_a_value_is_written_as_its_place_wants_it(merge, header, cells, field, value, to):  # noqa: F811
    table = "a,b\n" + ",".join('"%s"' % cell.replace('"', '""') for cell in cells) + "\n"
    got = merge(table, header + "\n\nx\n", status=0)
    assert got.recipients == to, got
    assert got.mail(to[0])[field] == value, got


def test_options_make_fields_of_columns_and_take_the_place_of_the_template_s(merge):  # noqa: F811
    got = merge("email,n,cc\nann@x.example,7,\nbob@x.example,8,c@x.example\n", "Subject: old\nX-Kept: {{n}}\n\nBill {{n}}\n",
                "--to", "{{email}}", "--cc", "{{cc}}", "--bcc", "all@x.example", "--subject", "Bill {{n}} ü", "--header", "X-Bill: {{n}}", status=0)
    ann, bob = got.mail("ann@x.example"), got.mail("bob@x.example")
    assert (ann["Subject"], ann["X-Kept"], ann["X-Bill"], ann["Cc"], ann["Bcc"]) == ("Bill 7 ü", "7", "7", None, None), got
    assert (bob["Subject"], bob["Cc"]) == ("Bill 8 ü", "c@x.example"), got
    assert got.recipients == ["all@x.example", "all@x.example", "ann@x.example", "bob@x.example", "c@x.example"]


def test_a_text_without_a_header_is_a_template_where_options_name_who_gets_it(merge):  # noqa: F811
    got = merge("email,n\nann@x.example,7\n", "Dear {{n}}: it is so.\n", "--to", "{{email}}", status=0)
    assert got.text("ann@x.example") == "Dear 7: it is so.\n"


def test_each_row_has_its_files_and_all_have_the_same_ones(merge):  # noqa: F811
    got = merge("email,bill,name\nann@x.example,a.pdf,für Ann\nbob@x.example,b.pdf,Bob\neve@x.example,,-\n", "To: {{email}}\n\nx\n",
                "--attach", "{{#bill}}{{bill}}{{/bill}};type=application/pdf;name=Bill {{name}}.pdf", "--attach", "terms.pdf;type=application/pdf",
                files={"a.pdf": b"%PDF a", "b.pdf": b"%PDF b", "terms.pdf": b"%PDF " + os.urandom(200000)}, status=0)
    terms = None
    for to, names, first in [("ann@x.example", ["Bill für Ann.pdf", "terms.pdf"], b"%PDF a"), ("bob@x.example", ["Bill Bob.pdf", "terms.pdf"], b"%PDF b"),
                             ("eve@x.example", ["terms.pdf"], None)]:
        files = list(got.mail(to).iter_attachments())
        assert [one.get_filename() for one in files] == names, got
        assert first is None or files[0].get_content() == first
        terms = terms or files[-1].get_content()
        assert files[-1].get_content() == terms and len(terms) == 200005


def test_several_sessions_read_the_same_files_at_a_time(mysend, relay, tmp_path):
    large, small = os.urandom(1500000), b"terms\n"
    (tmp_path / "large").write_bytes(large)
    (tmp_path / "small").write_bytes(small)
    (tmp_path / "t.csv").write_text("e\n" + "".join("r%d@x.example\n" % number for number in range(24)))
    (tmp_path / "t.eml").write_text("To: {{e}}\n\n{{e}}\n")
    there = relay(*["ehlo pipelining chunking 8bitmime"] * 4)
    done = mysend("--merge", "t.csv", "--template", "t.eml", "--attach", "large", "--attach", "small", relay=there, config="sessions 4\n", cwd=tmp_path)
    assert done.status == 0, done
    mails = {one.recipients[0]: email.message_from_bytes(one.body, policy=email.policy.default) for one in there.messages}
    assert len(mails) == len(there.messages) == 24
    for to, mail in mails.items():
        assert text_of(mail) == to + "\n"
        found = [one.get_payload(decode=True) for one in mail.iter_attachments()]
        assert found[0] == large and found[1].replace(b"\r\n", b"\n") == small, (to, [len(one) for one in found])


def test_a_picture_stands_in_the_html_of_each_row(merge):  # noqa: F811
    got = merge("email,pic\nann@x.example,a.png\nbob@x.example,b.png\n", "To: {{email}}\n\nx\n", "--html", "p.html", "--inline", "{{pic}};id=pic@x;type=image/png",
                "--inline", "logo.png;type=image/png",
                files={"p.html": b"<img src=\"cid:pic@x\"><img src=\"cid:logo.png\"><img src=\"cid:none\">", "a.png": b"A", "b.png": b"B", "logo.png": b"L"}, status=0)
    assert got.warned == ["the HTML shows cid:none, and no --inline has that name"], got      # once, not for each row
    for to, octets in [("ann@x.example", b"A"), ("bob@x.example", b"B")]:
        shown = {part["Content-ID"]: part.get_content() for part in got.mail(to).walk() if part.get_content_type() == "image/png"}
        assert shown == {"<pic@x>": octets, "<logo.png>": b"L"}, got


READY = b"""From: News <news@b.example>
To: {{name}} <{{email}}>
Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="m"

--m
Content-Type: multipart/alternative; boundary="a"

--a
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe, {{na=
me}}! {{#vip}}*{{/vip}}
--a
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PHA+e3tuYW1lfX08L3A+
--a--
--m
Content-Type: application/pdf; name="x.pdf"
Content-Disposition: attachment; filename="{{name}}.pdf"
Content-Transfer-Encoding: base64

e3tuYW1lfX0=
--m--
"""


def test_a_message_of_a_mail_program_is_a_template(merge):  # noqa: F811
    """Its texts are decoded, filled in, and encoded anew; its files stay as they are."""
    got = merge("name,email,vip\n<J> Łuk,ann@x.example,\nBob,bob@x.example,1\n", READY, status=0)
    for name, to, text, html in [("<J> Łuk", "ann@x.example", "Grüße, <J> Łuk! ", "<p>&lt;J&gt; Łuk</p>"), ("Bob", "bob@x.example", "Grüße, Bob! *", "<p>Bob</p>")]:
        mail = got.mail(to)
        assert mail["To"].addresses[0].display_name == name and mail["Subject"] == "Grüße", got
        assert text_of(mail) == text and text_of(mail, "html") == html, got
        file, = mail.iter_attachments()
        assert (file.get_filename(), file.get_content()) == ("{{name}}.pdf", b"{{name}}"), got


def test_each_mail_says_how_to_leave_the_list_with_one_click(merge):  # noqa: F811
    """RFC 8058 3.1: both fields, and an https URL; what is in it belongs to the row."""
    got = merge("email\na+b@x.example\n", "To: {{email}}\n\nx\n", "--unsubscribe", "https://x.example/u?e={{email}}", status=0)
    mail = got.mail("a+b@x.example")
    assert mail["List-Unsubscribe"] == "<https://x.example/u?e=a%2Bb%40x.example>", got
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click", got


def test_a_value_in_the_template_s_own_list_unsubscribe_is_part_of_its_url(merge):  # noqa: F811
    got = merge("email,u\na+b@x.example,https://y.example/?a&b\n", "To: {{email}}\nList-Unsubscribe: <mailto:u@x.example?subject={{email}}>,\n <{{u}}>\n\nx\n", status=0)
    assert got.mail("a+b@x.example")["List-Unsubscribe"] == "<mailto:u@x.example?subject=a%2Bb%40x.example>, <https://y.example/?a&b>", got


def test_rows_are_not_sent_to_the_default_recipient(merge):  # noqa: F811
    got = merge("email,n\na@x.example,1\n,2\n\" \",3\n", "To: {{email}}\n\nx\n", config="to all@x.example\n", status=65)
    assert (got.recipients, got.told) == (["a@x.example"], ["t.csv: line 3: To, Cc and Bcc name nobody", "t.csv: line 4: To, Cc and Bcc name nobody"]), got


def test_a_key_tells_rows_with_the_same_recipients_apart_and_the_digest_those_without_one(merge):  # noqa: F811
    table = "email,n\na@x.example,1\na@x.example,2\na@x.example,1\n"
    got = merge(table, "To: {{email}}\n\n{{n}}\n", status=65)
    assert (len(got.sent), got.told) == (2, ["t.csv: line 4: the row is the same as line 2, and is not sent twice"]), got
    got = merge(table.replace(",2\n", ",02\n"), "To: {{email}}\n\n{{n}}\n", "--key", "n", status=65)
    assert (len(got.sent), got.told) == (2, ["t.csv: line 4: n is 1 in line 2 already, and --key wants another value in each row"]), got


def test_a_mail_has_the_same_message_id_in_each_run(merge, mysend, tmp_path):  # noqa: F811
    """So that who gets it twice can tell: it is made of the run and the key. Message-IDs of different rows and runs differ."""
    got = merge("email\na@x.example\nb@x.example\n", "To: {{email}}\n\nx\n", parts=("ehlo", "end 451 451 ok ok"), status=75)
    again = mysend("--merge", "t.csv", "--template", "t.eml", "--retries", "0", relay=got.relay, config="sessions 1\n", cwd=tmp_path / "merge")
    assert again.status == 0, again
    ids = [re.search(rb"(?m)^Message-ID: (<.*>)\r$", one.body).group(1) for one in got.relay.transactions if one.body]
    assert len(ids) == 4 and ids[:2] == ids[2:] and ids[0] != ids[1], (ids, got)


def test_the_table_may_come_from_a_pipe(mysend, relay, tmp_path):
    there = relay("ehlo pipelining chunking")
    (tmp_path / "t.eml").write_bytes(b"To: {{e}}\n\n{{n}}\n")
    done = mysend("--merge", "-", "--template", "t.eml", "--ledger", "l", relay=there, stdin=b"e,n\na@x.example,1\nb b,2\n", cwd=tmp_path)
    assert done.status == 65 and done.errors[0] == 'mysend: standard input: line 3: t.eml: To: "b b" is no address: it is several words without <>', done
    assert [one.recipients for one in there.messages] == [["a@x.example"]]


@pytest.mark.parametrize("words", [["--merge", "TABLE", "--template", "t.eml"], ["--batch", "TABLE"]], ids=["merge", "batch"])
def test_what_another_program_writes_is_read_and_nothing_is_made_beside_it(mysend, relay, tmp_path, words):
    """In the shell: mysend --merge <(command)."""
    there = relay("ehlo pipelining chunking")
    (tmp_path / "t.eml").write_bytes(b"To: {{e}}\n\nx\n")
    table = b"e\na@x.example\n" if "--merge" in words else b"To: a@x.example\n\nx\n"
    reads, writes = os.pipe()
    os.write(writes, table)
    os.close(writes)
    try:
        done = mysend(*[one.replace("TABLE", "/dev/fd/%d" % reads) for one in words], relay=there, cwd=tmp_path, pass_fds=[reads])
    finally:
        os.close(reads)
    assert done.status == 0 and [one.recipients for one in there.messages] == [["a@x.example"]], done
    done = mysend(*[one.replace("TABLE", "/dev/stdin") for one in words], relay=there, cwd=tmp_path, stdin=table)
    assert done.status == 0 and len(there.messages) == 2, done
    assert not os.path.exists("/dev/stdin.ledger") and not [one for one in os.listdir(tmp_path) if "ledger" in one]


# What LibreOffice 7.4.7 (soffice --headless --convert-to csv:...) wrote of one sheet, with four of its filter's options: 44,34,76; 59,34,76;
# 9,34,76; 9,34,65535.
TABLES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "tables")


@pytest.mark.parametrize("name", sorted(os.listdir(TABLES)))
def test_a_table_of_libreoffice_is_read_as_it_was_on_the_sheet(merge, name):  # noqa: F811
    with open(os.path.join(TABLES, name), "rb") as table:
        got = merge(table.read(), "To: {{Name}} <{{E-Mail}}>\n\n{{Betrag}}|{{Datum}}|{{Notiz}}\n", status=0)
    assert got.told == [], got
    assert got.mail("joerg@x.example")["To"].addresses[0].display_name == "Müller, Jörg"
    assert got.mail("ann@x.example")["To"].addresses[0].display_name == 'Ann "A" Lee'
    assert got.text("joerg@x.example") == "1.234,50|2026-11-30|Zeile 1\nZeile 2\n"
    assert got.text("ann@x.example") == "5|2026-12-01|a; b, cd\n"
    assert got.text("eve@x.example") == "0||\n"


def test_a_table_of_many_rows_needs_the_memory_of_one(mysend, tmp_path):
    """Of a row, digests are kept. Half of what the whole program may have."""
    with open(tmp_path / "t.csv", "w") as table:
        table.write("name,email\n")
        for i in range(50000):
            table.write("Ann Lee of the %dth street,user%d@x.example\n" % (i, i))
    (tmp_path / "t.eml").write_bytes(b"To: {{name}} <{{email}}>\nSubject: {{name}}\n\nDear {{name}}\n")
    done = mysend("--merge", "t.csv", "--template", "t.eml", "--dry-run", cwd=tmp_path, measure=True,
                  config="account default\nhost 127.0.0.1\nport 1\ntls off\nfrom me@example.net\n")
    assert done.status == 0 and "50,000 mails" in done.err, done
    if not mysend.sanitized:
        assert done.maxrss < 16 * 1024, done
