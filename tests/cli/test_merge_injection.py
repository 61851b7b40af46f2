"""--merge: whatever stands in a row, it can begin no field, no part and no recipient; and it arrives as it was."""
import csv
import email
import email.policy
import random
import re

import pytest

from merged import merge, text_of  # noqa: F401

ROUNDS, ROWS = 20, 100
OURS = {"mime-version", "content-type", "content-transfer-encoding", "from", "date", "message-id"}
NASTY = ["\n", "\r", "\r\n", "\t", "\x01", "\x1b[31m", "\x7f", "\r\nBcc: evil@evil.example", "\nTo: evil@evil.example\n\nnew body", "\r\n\r\n--b\r\n", "\r\n.\r\n",
         "\nFrom evil", "\n.", '"', '""', "\\", '\\"', "'", "<", ">", "<evil@evil.example>", ", evil@evil.example", ";", ":", ": ", "(", ")", "(a", "[", "@", "@evil.example",
         "=?utf-8?q?a?=", "=?", "?=", "=?utf-8?B?", "=?utf-8?q?=0D=0ABcc:_evil@evil.example?=", "{{e}}", "{{name}}", "{{", "}}", "{{{v}}}", "{{#v}}", "{{/v}}", "\\{{v}}",
         "<b>", "&amp;", "&", "\u202e", "\u200f", "\u2066", "\u2028", "\x85", "\U0001f600", "\U00020000", "é", "ß", "日本", "e\u0301", "%0d%0aBcc:", "%", "?", "#", "/", " ", "  ",
         "Ann", "Bob Roe", "x" * 100, "word " * 30, "ü" * 400, "\U0001f600" * 200, "-- ", "=20", "=", "_"]
TO = ["To: {{name}} <{{e}}>", 'To: "{{name}}" <{{e}}>', "To: Dear {{name}} of {{v}} <{{e}}>", "To: {{name}}: {{w}} <{{e}}>;", "To: <{{e}}>"]
FIELDS = ["Subject: {{v}} and {{w}}", "Subject: {{w}}{{v}}", "X-A: <{{v}}>", "Comments: ({{w}}) \"{{name}}\"", "Cc: {{name}} <cc@x.example>", "From: {{name}} {{v}} <from@b.example>",
          "Reply-To: {{w}} <r@b.example>", "List-Unsubscribe: <https://u.example/{{v}}?{{w}}>", "Keywords: {{v}}, {{w}}", "X-B: {{{v}}}{{&w}}",
          "{{#v}}\nX-C: {{v}}\n{{/v}}", "X-D: a\n {{w}}\n\tb"]
TEXT = ["{{v}}", "Dear {{name}},", "{{w}}{{v}}", "\\{{v}} is {{v}}", "{{#v}}[{{v}}]{{/v}}{{^v}}none{{/v}}", "--b", ".", "From {{name}}", "{{#w=Ann}}Ann{{/w}}", "ü {{w}}"]


def value(rng):
    return "".join(rng.choice(NASTY) for _ in range(rng.choice([0, 1, 1, 2, 3, 5]))) if rng.random() < 0.7 else rng.choice(["Ann", "Müller", "Bob O'Roe", ""])


def address(rng, number):
    good = "r%d@x.example" % number
    return good if rng.random() < 0.9 else rng.choice([good + "\nBcc: evil@evil.example", good + ", evil@evil.example", "<" + good + ">", good + "> <evil@evil.example",
                                                      "evil (" + good + ") x", good + " evil@evil.example", "", good + "\r", "\"" + good, good + "\x00"[:0] + "\x07"])


def rendered(template, row, html=False):
    """What a template of a text without sections over several lines writes."""
    escape = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}

    def section(found):
        name, equals, inner = found.group(2), found.group(3), found.group(4)
        blank = not row[name].strip(" \t\r\n")
        shown = (row[name].strip(" \t\r\n") == equals[1:]) if equals else not blank
        return inner if shown == (found.group(1) == "#") else ""

    def one(found):
        if found.group(0).startswith("\\"):
            return "{{"
        text = row[found.group(1)]
        return "".join(escape.get(c, c) for c in text) if html else text
    template = re.sub(r"(?<!\\)\{\{([#^])(\w+)(=\w+)?\}\}(.*?)\{\{/\w+\}\}", section, template)
    return re.sub(r"\\\{\{|\{\{(\w+)\}\}", one, template)


def lines(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


def cell(text):
    return '"%s"' % text.replace('"', '""')


class Round:
    def __init__(self, number):
        rng = random.Random(number)
        self.header = [rng.choice(TO)] + rng.sample(FIELDS, rng.randint(1, 5)) + ["X-Row: {{id}}"]
        names = [re.search(r"(?m)^([\w-]+):", field).group(1).lower() for field in self.header]
        self.header = [field for i, field in enumerate(self.header) if names[i] not in names[:i]]
        self.names = {re.search(r"(?m)^([\w-]+):", field).group(1).lower() for field in self.header}
        self.text = "\n".join(rng.choice(TEXT) for _ in range(rng.randint(1, 6)))
        self.html = "<p>{{v}}</p><i title=\"{{w}}\">" if rng.random() < 0.4 else None
        self.file = rng.random() < 0.3
        self.rows = [{"id": str(i), "name": value(rng), "e": address(rng, i), "v": value(rng), "w": value(rng)} for i in range(ROWS)]
        self.begins, line = {}, 2
        for row in self.rows:
            self.begins[line] = row
            line += 1 + sum(text.count("\n") for text in row.values())

    def table(self):
        return "id,name,e,v,w\n" + "".join(",".join(cell(row[name]) for name in ("id", "name", "e", "v", "w")) + "\n" for row in self.rows)

    @staticmethod
    def failed(path):
        with open(path, newline="", encoding="utf-8") as rows:
            return [{name: text for name, text in row.items() if not name.startswith("mysend_")} for row in csv.DictReader(rows)]

    def letter(self):
        return "\n".join(self.header) + "\n\n" + self.text + "\n"

    def options(self):
        return (("--html", "p.html") if self.html else ()) + (("--attach", "a.txt;type=application/pdf;name=a{{w}}.pdf") if self.file else ())

    def has_to_arrive(self, row):
        """A row whose address is one, and none of whose values is a control character where a header or the name of a file is made."""
        used = set(re.findall(r"\{\{[{&#]?(\w+)", "\n".join(self.header))) | ({"w"} if self.file else set())
        if not re.fullmatch(r"r\d+@x\.example", row["e"]) or (self.header[0] == TO[3] and not row["name"].strip()) or (self.file and len(row["w"]) > 100):
            return False
        return not any(re.search("[\x00-\x1f\x7f]", row[name]) for name in used)


def check_header(raw, mail, this):
    head = raw.split(b"\r\n\r\n", 1)[0]
    assert all(len(line) <= 998 for line in head.split(b"\r\n")), raw
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]", head), raw
    names = [name.lower() for name in mail.keys()]
    assert len(names) == len(set(names)) and set(names) <= this.names | OURS, (names, raw)
    for number, line in enumerate(head.split(b"\r\n")):
        assert re.match(rb"[!-9;-~]+: ?|[ \t]+[^ \t]", line), (number, raw)


def check_fields(mail, row, this):
    for field in this.header:
        if field.startswith(("Subject", "X-A", "X-B", "Keywords", "Comments", "X-D")):
            name, template = field.split(": ", 1)
            template = template.replace("\n", "").replace("{{{v}}}{{&w}}", "{{v}}{{w}}")
            assert "".join(mail[name].split()) == "".join(rendered(template, row).split()), (name, row)
    for name in ("To", "Cc", "From", "Reply-To"):
        for one in mail[name].addresses if mail[name] else ():
            assert "evil" not in one.domain and one.addr_spec in (row["e"], "cc@x.example", "from@b.example", "r@b.example", "me@example.net"), (name, row)
    to = mail["To"].addresses if row["e"] else ()
    assert [one.addr_spec for one in to] == ([row["e"]] if row["e"] else []), row
    said = {TO[0]: "{{name}}", TO[1]: "{{name}}", TO[2]: "Dear {{name}} of {{v}}", TO[3]: "{{w}}", TO[4]: ""}[this.header[0]]
    assert not to or "".join(to[0].display_name.split()) == "".join(rendered(said, row).split()), (row, to)


def check_parts(mail, row, this):
    parts = list(mail.walk())
    assert not [part.defects for part in parts if part.defects], row
    kinds = [part.get_content_type() for part in parts]
    alternative = ["multipart/alternative", "text/plain", "text/html"] if this.html else ["text/plain"]
    assert kinds == (["multipart/mixed", *alternative, "application/pdf"] if this.file else alternative), row
    assert text_of(mail) == lines(rendered(this.text + "\n", row)), (row, this.text)
    if this.html:
        assert text_of(mail, "html") == lines(rendered(this.html, row, html=True)) + "\n", row
    if this.file:
        assert parts[-1].get_content() == b"%PDF" and "".join(parts[-1].get_filename().split()) == "".join(("a%s.pdf" % row["w"]).rsplit("/", 1)[-1].split()), row


@pytest.mark.parametrize("number", range(ROUNDS))
def test_values_are_values_whatever_they_are(merge, tmp_path, number):  # noqa: F811
    this = Round(number)
    got = merge(this.table(), this.letter(), *this.options(), files={"p.html": (this.html or "").encode(), "a.txt": b"%PDF"})
    assert got.status in (0, 65), got
    arrived = {}
    for recipients, raw in got.sent:
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        row = this.rows[int(mail["X-Row"])]
        assert mail["X-Row"] not in arrived and recipients == sorted([to for to in [row["e"]] if to] + (["cc@x.example"] if "cc" in this.names else [])), (row, recipients)
        arrived[str(mail["X-Row"])] = row
        check_header(raw, mail, this)
        check_fields(mail, row, this)
        check_parts(mail, row, this)
    assert len(arrived) >= ROWS // 20, got
    # What has not arrived is bad, is told with its line (the first of them), and stands in the table of what failed, as it was.
    bad = [line for line in got.told if not re.search(r"\d+ more ", line)]
    assert bad and all(this.begins[int(re.match(r"t\.csv: line (\d+): ", line).group(1))]["id"] not in arrived for line in bad), got.told
    assert all(c.isprintable() for line in got.told for c in line), got.told
    failed = this.failed(tmp_path / "merge" / "t.csv.failed.csv")
    assert failed == [row for row in this.rows if row["id"] not in arrived], got.told
    assert not [row for row in failed if this.has_to_arrive(row)], got.told


def test_octets_that_no_table_has_are_told(merge):  # noqa: F811
    """A NUL octet, octets that are not UTF-8, and half a character."""
    for octets in (b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\x8a"):
        got = merge(b"e,v\na@x.example,1\nb@x.example," + octets + b"\n", "To: {{e}}\nSubject: {{v}}\n\n{{v}}\n", status=78)
        assert not got.sent and got.told[0].startswith("t.csv: line 3, column 13: "), got
