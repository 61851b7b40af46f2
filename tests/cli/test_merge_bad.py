"""--merge: what is wrong with a table, a template, an option or a row is told with its place, and whether anything is sent."""
import os

import pytest

from merged import merge  # noqa: F401

LETTER = b"To: {{e}}\n\nx\n"
FILES = {"column.html": b"<p>\n<b>{{g}}</b>\n", "latin1.html": b"<p>\n<b>\xfc</b>\n"}

BAD = [
    # name, table, template, options, status, who gets a mail all the same, what is told
    ("an empty table", b'', LETTER, [], 78, '',
     ['t.csv: there is no line with the names of the columns']),
    ("blank lines alone", b'\n\n  \n', LETTER, [], 78, '',
     ['t.csv: there is no line with the names of the columns']),
    ("two columns of one name", b'e,e\na@x,b@x\n', LETTER, [], 78, '',
     ['t.csv: line 1: columns 1 and 2 are both called "e"']),
    ("column unnamed", b'e,,f\na@x,1,2\n', LETTER, [], 78, '',
     ['t.csv: line 1: column 2 of the table has no name']),
    ("short row", b'e,f\na@x\nb@x,1\n', LETTER, [], 78, '',
     ['t.csv: line 2: the row has 1 cell, where the header has 2']),
    ("long row", b'e,f\na@x,1,2\nb@x,1\n', LETTER, [], 78, '',
     ['t.csv: line 2: the row has 3 cells, where the header has 2']),
    ("open quote", b'e,f\nb@x,1\na@x,"2\n', LETTER, [], 78, '',
     ['t.csv: line 3, column 5: the quote that begins there is not closed']),
    ("text behind quote", b'e,f\nb@x,1\na@x,"2"3\n', LETTER, [], 78, '',
     ['t.csv: line 3, column 8: text behind the quote that ends a cell; one within a cell is written twice']),
    ("blank before quote", b'e,f\nb@x,1\na@x, "2"\n', LETTER, [], 78, '',
     ['t.csv: line 3, column 5: a blank before the quote that begins a cell']),
    ("Latin-1 that nobody said", b'e,f\nb@x,1\na@x,caf\xe9\n', LETTER, [], 78, '',
     ['t.csv: line 3, column 8: octets that are not UTF-8; --charset says what they are, as in --charset latin1']),
    ("not what --charset says", b'e,f\na@x,caf\x81\n', LETTER, ['--charset', 'windows-1252'], 78, '',
     ['t.csv: line 2, column 8: octets that are not windows-1252']),
    ("unknown charset", b'e,f\na@x,caf\n', LETTER, ['--charset', 'klingon'], 78, '',
     ['t.csv: --charset klingon: this system does not know that charset']),
    ("a NUL octet", b'e,f\nb@x,1\na@x,a\x00b\n', LETTER, [], 78, '',
     ['t.csv: line 3, column 6: a NUL octet; --charset UTF-16LE is what some programs write']),
    ("UTF-16 without a mark", b'e\x00,\x00f\x00\n\x00a\x00@\x00x\x00,\x001\x00\n\x00', LETTER, [], 78, '',
     ['t.csv: line 1, column 2: a NUL octet; --charset UTF-16LE is what some programs write']),
    ("unknown column", b'email,f\na@x,1\n', LETTER, [], 78, '',
     ['t.eml: line 1, column 5: there is no column "e" ("f"?); there are: email, f']),
    ("unknown column body", b'e,f\na@x,1\n', b'To: {{e}}\n\nDear {{nam}},\n{{f}} {{g h}}\n', [], 78, '',
     ['t.eml: line 3, column 6: there is no column "nam"; there are: e, f']),
    ("unknown column in section", b'e,f\na@x,1\n', b'To: {{e}}\n\n{{#g}}x{{/g}}\n', [], 78, '',
     ['t.eml: line 3, column 1: there is no column "g" ("e"?); there are: e, f']),
    ("unknown column that is compared", b'e,plan\na@x,1\n', b'To: {{e}}\n\n{{#plann=pro}}x{{/plann=pro}}\n', [], 78, '',
     ['t.eml: line 3, column 1: there is no column "plann" ("plan"?); there are: e, plan']),
    ("section open", b'e,f\na@x,1\n', b'To: {{e}}\n\n{{#f}}x\n', [], 78, '',
     ['t.eml: line 3, column 1: the section that begins there is not closed']),
    ("section header", b'e,f\na@x,1\n', b'To: {{e}}\n{{#f}}Cc: b@x\n\n{{/f}}x\n', [], 78, '',
     ['t.eml: line 2, column 1: the section that begins there is not closed before the header ends']),
    ("section other", b'e,f\na@x,1\n', b'To: {{e}}\n\n{{#f}}{{#e}}x{{/f}}{{/e}}\n', [], 78, '',
     ['t.eml: line 3, column 14: {{/f}} closes another section than the one that begins in line 3, column 7']),
    ("section not open", b'e,f\na@x,1\n', b'To: {{e}}\n\n{{/f}}\n', [], 78, '',
     ['t.eml: line 3, column 1: {{/f}} closes a section, and none is open']),
    ("braces open", b'e,f\na@x,1\n', b'To: {{e}}\n\n{{f}\n', [], 78, '',
     ['t.eml: line 3, column 1: {{ without }}; \\{{ stands for two braces']),
    ("3 braces open", b'e,f\na@x,1\n', b'To: {{e}}\n\n{{{f}}\n', [], 78, '',
     ['t.eml: line 3, column 1: {{{ without }}}']),
    ("empty braces", b'e,f\na@x,1\n', b'To: {{e}}\n\n{{ }}\n', [], 78, '',
     ['t.eml: line 3, column 1: the braces hold no name of a column']),
    ("partial", b'e,f\na@x,1\n', b'To: {{e}}\n\n{{> footer}}\n', [], 78, '',
     ['t.eml: line 3, column 1: {{> and {{= are not known here']),
    ("other braces", b'e,f\na@x,1\n', b'To: {{e}}\n\n{{=<% %>=}}\n', [], 78, '',
     ['t.eml: line 3, column 1: {{> and {{= are not known here']),
    ("no header", b'e,f\na@x,1\n', b'Dear {{e}}\n\nhello\n', [], 78, '',
     ["t.eml: nobody is named who gets the mail: To: {{COLUMN}} in the header of the template does, or --to '{{COLUMN}}'"]),
    ("template latin1", b'e,f\na@x,1\n', b'To: {{e}}\n\ncaf\xe9\n', [], 78, '',
     ['t.eml: line 3, column 4: octets that are not UTF-8; --charset says what they are, as in --charset latin1']),
    ("type of a column", b'e,f\na@x,text/html\n', b'To: {{e}}\nContent-Type: {{f}}\n\n{{e}}\n', [], 78, '',
     ['t.eml: line 2, column 15: a Content-Type is written out, since values are escaped in HTML alone; for both, take two templates']),
    ("html unknown", b'e,f\na@x,1\n', LETTER, ['--html', 'column.html'], 78, '',
     ['column.html: line 2, column 4: there is no column "g" ("e"?); there are: e, f']),
    ("unknown column in an option", b'e,f\na@x,1\n', b'x\n', ['--to', '{{g}}'], 78, '',
     ['--to: line 1, column 1: there is no column "g" ("e"?); there are: e, f']),
    ("unknown column in --header", b'e,f\na@x,1\n', b'x\n', ['--to', '{{e}}', '--header', 'X-Bill: {{g}}'], 78, '',
     ['--header: line 1, column 1: there is no column "g" ("e"?); there are: e, f']),
    ("no field in --header", b'e,f\na@x,1\n', b'x\n', ['--to', '{{e}}', '--header', 'X Bill {{f}}'], 64, '',
     ['--header takes \'Name: value\', not "X Bill {{f}}"']),
    ("attach missing", b'e,f\na@x,1\n', LETTER, ['--attach', 'none.pdf'], 66, '',
     ['--attach: none.pdf: No such file or directory']),
    ("attach folder", b'e,f\na@x,1\n', LETTER, ['--attach', '/tmp'], 66, '',
     ['--attach: /tmp: it is a folder, and no file']),
    ("attach bad type", b'e,f\na@x,1\n', LETTER, ['--attach', 't.csv;type=pdf'], 64, '',
     ['--attach: t.csv: type is TYPE/SUBTYPE, with ; NAME=VALUE behind it perhaps, not "pdf"']),
    ("attach unknown col", b'e,f\na@x,1\n', LETTER, ['--attach', '{{g}}.pdf'], 78, '',
     ['--attach: line 1, column 1: there is no column "g" ("e"?); there are: e, f']),
    ("a URL without TLS", b'e,f\na@x,1\n', LETTER, ['--unsubscribe', 'http://x'], 64, '',
     ['--unsubscribe takes a URL that begins with https://, not "http://x"']),
    ("unknown column in the URL", b'e,f\na@x,1\n', LETTER, ['--unsubscribe', 'https://x/{{g}}'], 78, '',
     ['--unsubscribe: line 1, column 11: there is no column "g" ("e"?); there are: e, f']),
    ("key", b'e,f\na@x,1\n', LETTER, ['--key', 'g'], 64, '',
     ['--key g: t.csv has no such column ("e"?)']),
    ("multipart broken", b'e,f\na@x,1\n', b'To: {{e}}\nContent-Type: multipart/mixed; boundary=b\n\nno\n', [], 78, '',
     ['t.eml: its parts cannot be told apart']),
    ("bad address", b'e,f\na@x,1\nb b,2\nc@x,3\n', LETTER, [], 65, 'a@x c@x',
     ['t.csv: line 3: t.eml: To: "b b" is no address: it is several words without <>']),
    ("empty address", b'e,f\na@x,1\n,2\nc@x,3\n', LETTER, [], 65, 'a@x c@x',
     ['t.csv: line 3: To, Cc and Bcc name nobody']),
    ("no domain", b'e,f\na@x,1\nb@,2\n', LETTER, [], 65, 'a@x',
     ['t.csv: line 3: t.eml: To: "b@" is no address: no domain stands behind the @']),
    ("two addresses in <>", b'e,f\n"a@x, b@x",1\n', b'To: A <{{e}}>\n\nx\n', [], 65, '',
     ['t.csv: line 2: t.eml: To: "a@x, b@x" is no address: it is more than one']),
    ("a line end in the subject", b'e,f\na@x,"Bob\nBcc: evil@x"\n', b'To: {{e}}\nSubject: {{f}}\n\nx\n', [], 65, '',
     ['t.csv: line 2: t.eml: f: a line end or control character, which cannot stand in a header: Bob\\x0aBcc: evil@x']),
    ("a line end in an address", b'e,f\n"a@x\nBcc: evil@x",1\n', LETTER, [], 65, '',
     ['t.csv: line 2: t.eml: e: a line end or control character, which cannot stand in a header: a@x\\x0aBcc: evil@x']),
    ("a line end in a name", b'e,f\na@x,"Bob\r\nBcc: evil@x"\n', b'To: {{f}} <{{e}}>\n\nx\n', [], 65, '',
     ['t.csv: line 2: t.eml: f: a line end or control character, which cannot stand in a header: Bob\\x0d\\x0aBcc: evil@x']),
    ("tab in subject", b'e;f\na@x;a\tb\n', b'To: {{e}}\nSubject: {{f}}\n\nx\n', [], 65, '',
     ['t.csv: line 2: t.eml: f: a line end or control character, which cannot stand in a header: a\\x09b']),
    ("row file missing", b'e,f\na@x,t.csv\nb@x,none.pdf\nc@x,\n', LETTER, ['--attach', '{{f}}'], 65, 'a@x',
     ['t.csv: line 3: none.pdf: No such file or directory', 't.csv: line 4: --attach: f is empty, and is to name a file']),
    ("row file stdin", b'e,f\na@x,-\n', LETTER, ['--attach', '{{f}}'], 65, '',
     ['t.csv: line 2: --attach: "-" is no file']),
    ("row file out of its folder", b'e,f\na@x,t.csv\nb@x,../../../../../../../etc/passwd\n', LETTER, ['--attach', './{{f}}'], 65, 'a@x',
     ['t.csv: line 3: --attach: f leads out of the folder with its ".."']),
    ("row url control", b'e,f\na@x,"a\nb"\n', LETTER, ['--unsubscribe', 'https://x/{{f}}'], 65, '',
     ['t.csv: line 2: --unsubscribe: f: a line end or control character, which cannot stand in a URL: a\\x0ab']),
    ("same rows", b'e,f\na@x,1\na@x,1\n', LETTER, [], 65, 'a@x',
     ['t.csv: line 3: the row is the same as line 2, and is not sent twice']),
    ("key twice", b'e,f\na@x,1\nb@x,1\n', LETTER, ['--key', 'f'], 65, 'a@x',
     ['t.csv: line 3: f is 1 in line 2 already, and --key wants another value in each row']),
    ("key empty", b'e,f\na@x,\n', LETTER, ['--key', 'f'], 65, '',
     ['t.csv: line 2: f is empty, and --key wants a value in each row']),
    ("stop on error", b'e,f\na@x,1\nb b,2\nc@x,3\n', LETTER, ['--stop-on-error'], 65, '',
     ['t.csv: line 3: t.eml: To: "b b" is no address: it is several words without <>']),
    ("value in header name", b'e,f\na@x,X-Y: 1\n', b'To: {{e}}\n{{f}}\n\nx\n', [], 65, '',
     ['t.csv: line 2: t.eml: a line of the header begins with no name of a field that the template has: X-Y: 1']),
    ("encoded word beside", b'e,f\na@x,1\n', b'To: {{e}}\nSubject: =?utf-8?q?a?= {{f}}\n\nx\n', [], 78, '',
     ['t.eml: line 2, column 10: a column beside an encoded word; write all of it in UTF-8']),
    ("no recipients field", b'e,f\na@x,1\n', b'Subject: x\n\nx\n', [], 78, '',
     ["t.eml: nobody is named who gets the mail: To: {{COLUMN}} in the header of the template does, or --to '{{COLUMN}}'"]),
    ("rfc2047 in phrase", b'e,f\na@x,1\n', b'To: =?utf-8?q?a?= {{f}} <{{e}}>\n\nx\n', [], 65, '',
     ['t.csv: line 2: t.eml: To: a column beside an encoded word; write all of it in UTF-8: "=?utf-8?q?a?= 1"']),
    ("mark of UTF-16, odd octet", b'\xff\xfee\x00\n\x00a\x00@\x00x', LETTER, [], 78, '',
     ['t.csv: line 2, column 3: octets that are not UTF-16LE; --charset says what they are, as in --charset latin1']),
    ("html not utf8", b'e,f\na@x,1\n', LETTER, ['--html', 'latin1.html'], 78, '',
     ['latin1.html: line 2, column 4: octets that are not UTF-8; --charset says what they are, as in --charset latin1']),
    ("attach disposition", b'e,f\na@x,1\n', LETTER, ['--attach', 't.csv;disposition=show'], 64, '',
     ['--attach: t.csv: disposition is inline or attachment, not "show"']),
    ("attach type of the row", b'e,f\na@x,text/plain\nb@x,pdf\n', LETTER, ['--attach', 't.eml;type={{f}}'], 65, 'a@x',
     ['t.csv: line 3: t.eml: type is TYPE/SUBTYPE, with ; NAME=VALUE behind it perhaps, not "pdf"']),
    ("list-unsub value", b'e,u\na@x,no url\nb@x,https://u.example/1\n', b'To: {{e}}\nList-Unsubscribe: <{{u}}>\n\nx\n', [], 65, 'b@x',
     ['t.csv: line 2: t.eml: List-Unsubscribe: a URL is to stand within the <>: "no url"']),
    ("subject twice", b'e,f\na@x,1\n', b'To: {{e}}\nSubject: a\nSubject: {{f}}\n\nx\n', ['--header', 'X: y'], 65, '',
     ['t.csv: line 2: the message has two Subject fields, in line 2 and line 3']),
    ("bcc name without address", b'n,e\nAnn,\n', b'To: a@x\nBcc: {{n}} <{{e}}>\n\nx\n', [], 65, '',
     ['t.csv: line 2: t.eml: Bcc: a name without an address: "Ann"']),
    ("behind the >", b'n,e\nAnn,a@x\n', b'To: <{{e}}> {{n}}\n\nx\n', [], 65, '',
     ['t.csv: line 2: t.eml: To: a column cannot stand behind the >: "<a@x> Ann"']),
    ("alone text", b'e\na@x\n', b'To: Ann {{e}}\n\nx\n', [], 65, '',
     ['t.csv: line 2: t.eml: To: "Ann a@x" is no address: several words stand before the @']),
    ("rtl name", b'n,e\n\xe2\x80\xaeAnn,b b\n', b'To: {{n}} <{{e}}>\n\nx\n', [], 65, '',
     ['t.csv: line 2: t.eml: To: "b b" is no address: it is several words without <>']),
    ("sep only", b'sep=;\n', LETTER, [], 78, '',
     ['t.csv: there is no line with the names of the columns']),
]


@pytest.mark.parametrize("name, table, letter, options, status, sent, told", BAD, ids=[row[0] for row in BAD])
def test_what_is_wrong_is_told_once_with_its_place(merge, name, table, letter, options, status, sent, told):  # noqa: F811
    got = merge(table, letter, *options, files=FILES)
    assert (got.status, " ".join(got.recipients), got.told) == (status, sent, told), got



def test_a_row_beyond_the_bounds_is_told(merge):  # noqa: F811
    """Messages have message_size_limit, rows a megabyte: a quote that is missing makes the rest of the table one row."""
    got = merge(b"n,e\n" + b"y" * 3000 + b",a@x\nz,b@x\n", b"To: {{e}}\n\n{{n}}\n", config="message_size_limit 2000\n", status=65)
    assert got.recipients == ["b@x"] and len(got.told) == 1, got
    assert got.told[0].startswith("t.csv: line 2: the message has 33") and got.told[0].endswith(" octets, message_size_limit is 2000"), got
    got = merge(b"n,e\nx,b@x\n\"" + b"y" * 1100000 + b",a@x\n", LETTER, status=78)
    assert (got.recipients, got.told) == ([], ["t.csv: line 3: the row has more than 1048576 octets; is a quote missing?"]), got


def test_files_that_are_not_there_are_told_before_anything_is_sent(merge, mysend, tmp_path):  # noqa: F811
    for args, told in [(("none.csv", "--template", "t.eml"), "none.csv: No such file or directory"),
                       ((str(tmp_path), "--template", "t.eml"), "%s: it is a folder, and no file" % tmp_path),
                       (("t.csv", "--template", "none.eml"), "none.eml: No such file or directory")]:
        got = merge(b"e\na@x\n", LETTER)
        done = mysend("--merge", *args, relay=got.relay, cwd=tmp_path / "merge")
        assert (done.status, done.errors) == (66, ["mysend: " + told]), done
        assert len(got.relay.messages) == 1, got


@pytest.mark.parametrize("options", [("--attach", "{{f}}"), ("--attach", "./{{f}}"), ("--attach", "pipe;type={{g}}"), ("--inline", "{{f}}")])
def test_a_pipe_that_nobody_writes_to_is_no_file_of_a_row(merge, tmp_path, options):  # noqa: F811
    os.mkfifo(tmp_path / "merge" / "pipe")
    done = merge("e,f,g\na@x,pipe,text/plain\n", LETTER, *options, status=65)
    assert done.told == ['t.csv: line 2: %s: "%s" is no file' % (options[0], "./pipe" if "./" in options[1] else "pipe")] and not done.sent


def test_standard_input_is_only_one_of_them(mysend, relay, tmp_path):
    there = relay("ehlo")
    (tmp_path / "t.csv").write_bytes(b"e\na@x\n")
    (tmp_path / "t.eml").write_bytes(LETTER)
    for args, told in [(("-", "--template", "-"), "standard input can be the table or a template, not both"),
                       (("-", "--template", "t.eml", "--attach", "-"), "--attach: standard input can be one of table, template and files, not two"),
                       (("t.csv", "--template", "t.eml", "--attach", "-", "--inline", "-"),
                        "--inline: standard input can be one of table, template and files, not two")]:
        done = mysend("--merge", *args, stdin=b"e\na@x\n", relay=there, cwd=tmp_path)
        assert (done.status, done.errors) == (64, ["mysend: " + told]), done
    assert not there.sessions
