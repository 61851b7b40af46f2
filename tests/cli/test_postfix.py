"""A real Postfix takes what mysend sends, whatever it offers, and hands it over unchanged."""
import os
import random
import re

import pytest

KINDS = pytest.mark.parametrize("kind", ["plain", "no-chunking", "no-pipelining"])
HEAD = b"From: a@example.net\nTo: list@example.org\nSubject: x\nDate: Mon, 23 Nov 2026 14:00:00 +0000\nMessage-ID: <1@example.net>\n"


def to(postfix, kind, more=""):
    return "account default\nhost 127.0.0.1\nport %d\nfrom me@example.net\n%s%s" % (postfix.ports[kind], "" if kind == "starttls" else "tls off\n", more)


@KINDS
@pytest.mark.parametrize("body", [b"hello\n", b"", b".\n", b".\n..\n.x\nlast line without end", b"x" * 65535 + b"\n", b"line\n" * 13108, b"\n\n\n"],
                         ids=["short", "empty", "dot", "dots", "longline", "64K", "blank"])
def test_message_arrives_at_postfix_unchanged(mysend, postfix, kind, body):
    user = postfix.user()
    # What is signed keeps its lines, however long they are.
    text = HEAD + (b"MIME-Version: 1.0\nDKIM-Signature: v=1\n" if len(body) > 1000 else b"") + b"\n" + body
    result = mysend("-i", user + "@example.org", stdin=text, config=to(postfix, kind))
    assert result.status == 0, result
    sender, got = postfix.mail(user)
    assert sender == "me@example.net"
    if b"x" * 2000 in body:
        got = re.sub(rb"\n ", b"", got) if b"x\n x" in got else got     # Postfix breaks lines over 2048 itself
    want = text if text.endswith(b"\n") else text + b"\n"
    assert got == want


@KINDS
def test_binary_looking_8bit_text_arrives_at_postfix_unchanged(mysend, postfix, kind):
    user, chance = postfix.user(), random.Random(3)
    lines = [bytes(chance.choice(b"\t !aZ~.\x80\xa0\xe4\xff\xc3\xbc") for _ in range(chance.randrange(200))) for _ in range(3000)]
    text = HEAD + b"MIME-Version: 1.0\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n" + b"\n".join(lines) + b"\n"
    mysend(user + "@example.org", stdin=text, config=to(postfix, kind)).ok()
    assert postfix.mail(user)[1] == text


@KINDS
def test_megabytes_arrive_at_postfix_unchanged(mysend, postfix, kind):
    user = postfix.user()
    text = HEAD + b"\n" + b"".join(b".%070d\n" % i for i in range(80000))
    mysend(user + "@example.org", stdin=text, config=to(postfix, kind)).ok()
    assert postfix.mail(user)[1] == text


def test_header_made_here_arrives_at_postfix_once(mysend, postfix):
    user = postfix.user()
    mysend("-t", "-F", "Jürgen Groß", stdin="To: %s@example.org\nSubject: Grüße\n\nGrüße\n" % user, config=to(postfix, "plain")).ok()
    _, got = postfix.mail(user)
    for name in (b"From:", b"Date:", b"Message-I", b"To:", b"Subject:", b"MIME-Version:"):
        assert len(re.findall(rb"(?im)^" + name, got.split(b"\n\n")[0])) == 1, got
    assert b"mx.example.org" not in got.split(b"\n\n")[0], "Postfix had to add something: %r" % got


@KINDS
def test_refused_recipient_is_67_and_the_good_one_gets_the_mail(mysend, postfix, kind):
    user = postfix.user()
    result = mysend("nosuch@example.org", user + "@example.org", stdin=HEAD + b"\nbody\n", config=to(postfix, kind))
    assert result.status == 67 and "nosuch@example.org" in result.err and "User unknown" in result.err, result
    assert postfix.mail(user)[1] == HEAD + b"\nbody\n"


def test_all_recipients_refused_by_postfix_is_67(mysend, postfix):
    result = mysend("nosuch@example.org", "nobody@example.org", stdin=HEAD + b"\nbody\n", config=to(postfix, "plain"))
    assert result.status == 67, result


def test_relaying_denied_by_postfix_is_a_refusal_with_its_words(mysend, postfix):
    result = mysend("bob@elsewhere.example", stdin=HEAD + b"\nbody\n", config=to(postfix, "plain"))
    assert result.status in (67, 69, 77) and "elsewhere.example" in result.err, result


def test_message_over_postfix_limit_is_65_before_it_is_sent(mysend, postfix):
    result = mysend("u99@example.org", stdin=HEAD + b"\n" + b"0123456789\n" * 2000000, config=to(postfix, "plain"))
    assert result.status == 65 and "the message is 24 MB encoded, 127.0.0.1 takes 20 MB" in result.err, result


def test_many_recipients_reach_postfix(mysend, postfix):
    users = ["u%d" % i for i in range(50, 95)]
    mysend(*[user + "@example.org" for user in users], stdin=HEAD + b"\nbody\n", config=to(postfix, "plain", "max_recipients 20\n")).ok()
    for user in users:
        assert postfix.mail(user)[1] == HEAD + b"\nbody\n"


def test_starttls_with_postfix(mysend, postfix, certs):
    user = postfix.user()
    mysend(user + "@example.org", stdin=HEAD + b"\nbody\n",
           config=to(postfix, "starttls", "tls_trust_file %s\n" % os.path.join(certs, "ca.pem"))).ok()
    assert postfix.mail(user)[1] == HEAD + b"\nbody\n"


def test_utf8_address_reaches_postfix_with_smtputf8(mysend, postfix):
    result = mysend("grüße@example.org", stdin=HEAD + b"\nbody\n", config=to(postfix, "plain"))
    assert result.status == 67 and "grüße@example.org" in result.err, result     # refused as unknown, not as malformed
