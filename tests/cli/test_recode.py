"""Messages that came with MIME fields: encoded where they could not travel otherwise, untouched where they can (RFC 6152 3)."""
import base64
import email
import email.message
import email.policy
import random

import pytest

from given import BASE
from composed import leaves

SEVEN, EIGHT = "ehlo pipelining", "ehlo pipelining chunking 8bitmime"

CRON = (b"From: root@h.example (Cron Daemon)\nTo: root@h.example\nSubject: Cron <root@h> /usr/local/bin/job\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
        b"Content-Transfer-Encoding: 8bit\nX-Cron-Env: <SHELL=/bin/sh>\n\n")
PATCH = """From: =?UTF-8?q?J=C3=BCrgen?= <j@example.net>
To: list@example.org
Cc: maintainer@example.org
Subject: [PATCH 1/2] po: update the German translation
Date: Mon, 23 Nov 2026 14:00:00 +0100
Message-Id: <20261123130000.1-1-j@example.net>
X-Mailer: git-send-email 2.43.0
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit

Signed-off-by: J\u00fcrgen <j@example.net>
---
 po/de.po | 2 +-
diff --git a/po/de.po b/po/de.po
@@ -1,3 +1,3 @@
 msgid "file not found"
-msgstr "Datei nicht gefunden"
+msgstr "Die Datei gibt es nicht: \u00bb%s\u00ab" \t
 .
.dot = at the beginning; a blank at the end 
-- 
2.43.0
""".encode()
PGP = (b"Content-Type: multipart/signed; micalg=pgp-sha512;\n protocol=\"application/pgp-signature\"; boundary=\"sig\"\n\n--sig\nContent-Type: text/plain; charset=utf-8\n"
       b"Content-Transfer-Encoding: 8bit\n\nGr\xc3\xbc\xc3\x9fe \n" + b"x" * 2000 + b"\n\n--sig\nContent-Type: application/pgp-signature\n\n-----BEGIN PGP SIGNATURE-----\nabc\n\n--sig--\n")


def crlf(text):
    return text.replace(b"\n", b"\r\n")


def parsed(octets):
    return email.message_from_bytes(octets, policy=email.policy.default)


def sent(mysend, there, text, *args):
    mysend(*args, "bob@example.org", stdin=text, relay=there).ok()
    return there.message.body


def body_of(octets):
    return octets.split(b"\r\n\r\n", 1)[1]


def travels(octets, eightbit):
    return max(map(len, octets.split(b"\r\n"))) <= 998 and (eightbit or octets.isascii())


# --- one text -------------------------------------------------------------------------------------

@pytest.mark.parametrize("ehlo", [SEVEN, EIGHT])
def test_long_line_of_a_cron_job_is_encoded_and_comes_back(mysend, relay, ehlo):
    text = b'{"a":"' + b"x" * 3000 + b'"}\nand ' + "\u00fc".encode() + b"\n"
    got = sent(mysend, relay(ehlo), CRON + text)
    mail = parsed(got)
    assert travels(got, False) and mail["Content-Transfer-Encoding"] == "quoted-printable" and b"\r\nContent-Type: text/plain; charset=UTF-8\r\n" in got
    assert mail.get_payload(decode=True) == crlf(text) and mail["X-Cron-Env"] == "<SHELL=/bin/sh>"


def test_patch_goes_in_8_bits_where_it_can_and_encoded_where_not(mysend, relay):
    assert sent(mysend, relay(EIGHT), PATCH) == crlf(PATCH)
    there = relay(SEVEN)
    got = sent(mysend, there, PATCH)
    assert travels(got, False) and "BODY" not in there.message.parameters and parsed(got).get_payload(decode=True) == crlf(PATCH).split(b"\r\n\r\n", 1)[1]
    assert [pair for pair in parsed(got).items() if pair[0] != "Content-Transfer-Encoding"] == [pair for pair in parsed(PATCH).items() if pair[0] != "Content-Transfer-Encoding"]


def test_text_with_mime_fields_waits_in_the_form_that_any_relay_takes(spool, relay):
    spool.run("bob@example.org", stdin=PATCH, relay=relay("ehlo 8bitmime", "end 451")).ok()
    there = relay(SEVEN)
    spool.run("-qf", relay=there).ok()
    assert there.message.body.isascii() and parsed(there.message.body).get_payload(decode=True) == crlf(PATCH).split(b"\r\n\r\n", 1)[1]


def test_b7bit_has_it_encoded_for_any_relay(mysend, relay):
    there = relay(EIGHT)
    assert travels(sent(mysend, there, PATCH, "-B7BIT"), False) and there.message.parameters["BODY"] == "7BIT"


@pytest.mark.parametrize("kind, encoding", [("text/csv; charset=latin1", "quoted-printable"), ("application/octet-stream", "base64"), ("IMAGE/PNG", "base64")])
def test_only_text_is_quoted_printable(mysend, kind, encoding):
    text = b"caf\xe9, and much plain text that follows it;" + b"x" * 1200
    result = mysend.dry(stdin=b"MIME-Version: 1.0\nContent-Type: " + kind.encode() + b"\nContent-Transfer-Encoding: binary\n\n" + text + b"\n")
    mail = parsed(result.message)
    assert mail["Content-Transfer-Encoding"] == encoding and mail.get_payload(decode=True) == text + b"\r\n" and result.get("Content-Type") == kind


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
@pytest.mark.parametrize("where", ["alone", "part"])
def test_encoded_text_on_one_long_line_gets_shorter_ones_and_decodes_to_the_same(mysend, relay, encoding, where):
    """Of programs that encode and never break a line."""
    text = "gr\u00fc\u00dfe = \u6f22\u5b57 --b-- ".encode() * 300
    octets = base64.b64encode(text) if encoding == "base64" else "".join("%c" % c if 32 <= c < 127 and c != ord("=") else "=%02X" % c for c in text).encode()
    one = b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: %s\n\n%s\n" % (encoding.encode(), octets)
    whole = b"MIME-Version: 1.0\n" + (one if where == "alone" else b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + one + b"--b--\n")
    got = sent(mysend, relay(EIGHT), whole)
    assert max(map(len, got.split(b"\r\n"))) <= 78 and content(got) == content(crlf(whole))


# --- what stays -----------------------------------------------------------------------------------

@pytest.mark.parametrize("head", [
    PGP[:PGP.index(b"\n\n") + 2], b"DKIM-Signature: v=1; b=abc\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n",
    b"Content-Type: application/pkcs7-mime; smime-type=signed-data\n\n", b"Content-Type: text/plain\nContent-Transfer-Encoding: x-nonsense\n\n",
    b"Content-Type: multipart/mixed\n\n", b"Content-Type: multipart/mixed; boundary=never\n\n", b"Content-Type: multipart/mixed; boundary=sig\nContent-Transfer-Encoding: base64\n\n",
    b"Content-Type: text/plain\nContent-Transfer-Encoding: 8bit\nContent-Transfer-Encoding: 7bit\n\n",
])
@pytest.mark.parametrize("ehlo", [SEVEN, EIGHT])
def test_what_is_signed_or_makes_no_sense_goes_as_it_is_with_a_warning(mysend, relay, head, ehlo):
    there = relay(ehlo)
    text = head + PGP[PGP.index(b"\n\n") + 2:]
    done = mysend("bob@example.org", stdin=b"MIME-Version: 1.0\n" + text, relay=there)
    warnings = done.err.splitlines()
    assert done.status == 0 and len(warnings) == (2 if ehlo == SEVEN else 1) and "2000 octets" in warnings[0], done
    assert ehlo == EIGHT or "octets above 127 and cannot be encoded, and the relay offers no 8BITMIME" in warnings[1], done
    assert body_of(there.message.body) == body_of(crlf(text))


@pytest.mark.parametrize("leaf", ["plain", "gr\u00fcn"])
@pytest.mark.parametrize("where", ["filename", "subject", "preamble", "epilogue"])
def test_8_bits_around_the_parts_stay_with_a_warning(mysend, relay, leaf, where):
    """Only leaves can be encoded: not the fields of a part, nor what stands before the first and behind the last."""
    here = {name: "\u00fc" if name == where else "u" for name in ("filename", "subject", "preamble", "epilogue")}
    text = ('MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n{preamble}\n--b\nContent-Type: text/plain; charset=utf-8\n'
            'Content-Disposition: attachment; filename="{filename}"\n\n{leaf}\n--b\nContent-Type: message/rfc822\n\nSubject: {subject}\n\nx\n--b--\n{epilogue}\n')
    there = relay(SEVEN)
    done = mysend("bob@example.org", stdin=text.format(leaf=leaf, **here), relay=there)
    assert done.status == 0 and len(done.err.splitlines()) == 1 and "octets above 127 and cannot be encoded" in done.err, done
    assert there.message.body.count("\u00fc".encode()) == 1


def test_run_of_the_queue_warns_of_8_bits_that_its_relay_does_not_take(spool, relay):
    text = b"DKIM-Signature: v=1; b=abc\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\ngr\xc3\xbc\xc3\x9fe\n"
    for ehlo, warned in ((SEVEN, True), (EIGHT, False)):
        spool.run("-odq", "bob@example.org", stdin=text).ok()
        done = spool.run("-q", relay=relay(ehlo))
        assert done.status == 0 and ("offers no 8BITMIME" in done.err) == warned, done


def test_signed_part_stays_and_its_neighbours_travel(mysend, relay):
    text = b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=list\n\n--list\n" + PGP + b"\n--list\nContent-Type: text/plain; charset=utf-8\n\nfooter \xc3\xbc\n--list--\n"
    there = relay(SEVEN)
    done = mysend("bob@example.org", stdin=text, relay=there)
    assert done.status == 0 and crlf(PGP) in there.message.body and b"footer =C3=BC\r\n--list--\r\n" in there.message.body, done


# --- multiparts -----------------------------------------------------------------------------------

def made(seed):
    """A multipart of anything, and what stands before and behind its parts."""
    rng = random.Random(seed)

    def text():
        words = ["gr\u00fc\u00dfe", "plain", "=20", ".", "-- ", "x" * rng.choice([1, 70, 1200]), "--b0", "From me", "\u6f22\u5b57", "a\tb "]
        return "".join(rng.choice(words) + rng.choice(["\n", " ", "\n\n", ""]) for _ in range(rng.randrange(12)))

    def part(depth, message):
        kind = rng.randrange(8 if depth < 4 else 4)
        fields = ["Subject: part"] if message else []
        if kind < 4:
            fields += ["Content-Type: " + rng.choice(["text/plain; charset=utf-8", "text/html; charset=\"UTF-8\"", "application/octet-stream"]), rng.choice(["Content-Transfer-Encoding: 8bit", "content-transfer-encoding:BINARY", "X-None: 1"]),
                       "Content-Disposition: attachment;\n filename=x"]
            rng.shuffle(fields)
            return "\n".join(fields) + "\n\n" + text()
        if kind == 4:
            return "\n".join(fields + ["Content-Type: message/rfc822"]) + "\n\n" + part(depth + 1, True)
        name = "b%d" % rng.randrange(10 ** 9)
        inner = "".join("\n--%s%s\n%s" % (name, rng.choice(["", " "]), part(depth + 1, False)) for _ in range(1 + rng.randrange(4)))
        return "\n".join(fields + ["Content-Type: multipart/%s; boundary=\"%s\"" % (rng.choice(["mixed", "alternative", "related"]), name)]) + "\n\n" + rng.choice(["", "preamble"]) + inner + "\n--%s--\n%s" % (name, rng.choice(["", "epilogue\n"]))
    return ("MIME-Version: 1.0\n" + part(0, True)).encode() + b"\n"


def content(octets):
    """All leaves as octets, with what Python says of their types; and the shape around them."""
    mail = email.message_from_bytes(octets)         # the old policy: no folding, no repair
    shape = [(part.get_content_type(), part.preamble, part.epilogue) for part in mail.walk()]
    return shape, [(part.get_content_type(), part.get_content_charset(), part.get_filename(), part.get_payload(decode=True)) for part in mail.walk() if not part.is_multipart()]


@pytest.mark.parametrize("seed", range(40))
def test_every_leaf_of_any_message_comes_back_octet_by_octet(mysend, seed):
    text = made(seed)
    want = content(crlf(text))
    for flag in ("-B7BIT", "-B8BITMIME"):
        got = mysend.dry(flag, stdin=text)
        assert got.status == 0 and got.err == "" and content(got.message) == want
        assert travels(got.message, flag == "-B8BITMIME")
        if travels(crlf(text), flag == "-B8BITMIME"):
            assert got.body == crlf(body_of(crlf(text)).replace(b"\r\n", b"\n"))


def test_mail_with_a_text_and_a_large_file_needs_no_more_memory_than_a_small_one(mysend, relay, tmp_path):
    if mysend.sanitized:
        pytest.skip("memory is not measured with sanitizers")
    head = (b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\ngr\xc3\xbc\xc3\x9fe an alle\n"
            b"--b\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: %s\n\n")
    for encoding, line in ((b"base64", b"QUJD" * 19 + b"\n"), (b"8bit", b"\xff" * 77 + b"\n"), (b"binary", b"\xfe" * 7700 + b"\n")):
        path, there = tmp_path / "big", relay("sink", SEVEN)
        with open(path, "wb") as out:
            out.write(head % encoding)
            for _ in range(50000000 // len(line) // 1000):
                out.write(line * 1000)
            out.write(b"--b--\n")
        with open(path, "rb") as data:
            result = mysend("bob@example.org", stdin=data, relay=there, measure=True)
        assert result.status == 0 and result.err == "" and there.message.size > 45000000, result
        assert result.maxrss < 24 * 1024, (encoding, result.maxrss)


@pytest.mark.parametrize("many", [300, 3000])
def test_thousand_parts_cost_no_more_memory_than_their_text(mysend, many):
    if mysend.sanitized:
        pytest.skip("memory is not measured with sanitizers")
    text = b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n" + b"\n--b\nContent-Type: text/plain; charset=utf-8\n\ngr\xc3\xbc\xc3\x9fe an alle\n" * many + b"\n--b--\n"
    done = mysend("--dry-run", "-B7BIT", "bob@example.org", stdin=text, config=BASE, measure=True)
    assert done.status == 0 and done.message.isascii() and done.message.count(b"gr=C3=BC=C3=9Fe an alle") == many and done.maxrss < 24 * 1024, done.maxrss


def test_message_that_is_attached_to_travels_too(make):
    mail = make("--attach", "/etc/passwd", stdin=CRON + "gr\u00fc\u00dfe an alle, ".encode() + b"x" * 1200 + b"\n", once=True)
    assert leaves(mail)[0][3] == "gr\u00fc\u00dfe an alle, ".encode() + b"x" * 1200 + b"\r\n"
