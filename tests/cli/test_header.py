"""The header is completed where it lacks something and left alone where it doesn't (mysend-compat(7), DECISIONS, HEADER AND SENDER)."""
import email
import email.header
import email.policy
import email.utils
import re
import time

import pytest

from given import BASE as CONFIG

FULL = (b"Received: from a by b; Mon, 23 Nov 2026 13:00:00 +0000\nDKIM-Signature: v=1; a=rsa-sha256;\n\tb=abc\n  def==\n"
        b"From:  Alice   <alice@example.net>\nto:bob@example.org\nSubject:  two  blanks \t\nX-Foo: 1\nx-foo: 2\n"
        b"Date: Mon, 23 Nov 2026 14:00:00 +0000\nMessage-Id: <1@example.net>\nX-Empty:\nX-Fold:\n one\n\ttwo\n\n")


def fold_out(value):
    return re.sub(r"\r\n(?=[ \t])", "", value)


def decoded(value):
    return str(email.header.make_header(email.header.decode_header(fold_out(value))))


def one_address(value):
    """(display name decoded, address) of a From value that names one mailbox."""
    pairs = email.utils.getaddresses([fold_out(value)])
    assert len(pairs) == 1, value
    return decoded(pairs[0][0]) if "=?" in pairs[0][0] else pairs[0][0], pairs[0][1]


# --- what passes ----------------------------------------------------------------------------------

def test_complete_header_passes_byte_for_byte(mysend):
    want = FULL.replace(b"\n", b"\r\n")
    assert mysend.dry("-t", stdin=FULL + b"body\n", to=()).message == want + b"body\r\n"


def test_complete_header_passes_byte_for_byte_without_t_and_with_F(mysend):
    result = mysend.dry("-F", "Somebody Else", "-f", "other@example.net", stdin=FULL + b"body\n", env={"NAME": "Third Name"})
    assert result.message == FULL.replace(b"\n", b"\r\n") + b"body\r\n"


def test_added_fields_leave_the_others_in_their_order(mysend):
    text = b"X-1: a\nSubject: s\nX-2: b\nX-1: c\nX-3: d\n\nbody\n"
    kept = [pair for pair in mysend.dry(stdin=text).fields if pair[0].startswith("X-") or pair[0] == "Subject"]
    assert kept == [("X-1", "a"), ("Subject", "s"), ("X-2", "b"), ("X-1", "c"), ("X-3", "d")]


@pytest.mark.parametrize("name", ["From", "FROM", "from", "Date", "DATE", "Message-ID", "Message-Id", "message-id", "To", "TO"])
def test_field_that_is_there_is_never_added_twice(mysend, name):
    value = {"from": "a@example.net", "date": "Mon, 23 Nov 2026 14:00:00 +0000", "message-id": "<1@example.net>",
             "to": "bob@example.org"}[name.lower()]
    result = mysend.dry(stdin="%s: %s\nSubject: x\n\nbody\n" % (name, value))
    assert (name, value) in result.fields and result.get(name) == value


def test_field_with_a_blank_before_the_colon_is_never_added_twice(mysend):
    result = mysend.dry(stdin=b"From : a@example.net\nDate : Mon, 23 Nov 2026 14:00:00 +0000\nMessage-ID : <1@x>\nTo : b@x.org\n\nb\n")
    for name in ("From", "Date", "Message-ID", "To"):
        assert len(result.all(name)) == 1, result


def test_received_is_kept_and_none_is_added(mysend):
    assert len(mysend.dry(stdin=FULL + b"b\n").all("Received")) == 1
    assert mysend.dry(stdin=b"Subject: x\n\nb\n").all("Received") == []


def test_no_sender_field_is_added(mysend):
    assert mysend.dry("-f", "other@example.net", stdin=b"From: a@example.net\nSubject: x\n\nb\n").all("Sender") == []


@pytest.mark.parametrize("field", ["Bcc: eve@example.org", "bcc: eve@example.org", "Bcc : eve@example.org",
                                   "Resent-Bcc: eve@example.org", "Return-Path: <eve@example.org>", "Content-Length: 12345",
                                   "BCC: Eve <eve@example.org>,\n mallory@example.org", "Bcc: \"a\n b\" <eve@example.org>",
                                   "Bcc:\n eve@example.org", "Bcc:", "content-length: 5"])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize("with_t", [True, False])
def test_bcc_return_path_and_content_length_never_leave(mysend, field, place, with_t):
    rows = ["From: a@example.net", "To: bob@example.org", "Subject: x"]
    rows.insert({"first": 0, "middle": 2, "last": 3}[place], field)
    result = mysend.dry(*(["-t"] if with_t else []), stdin="\n".join(rows) + "\n\nbody\n", to=() if with_t else ("bob@example.org",))
    assert result.all(field.split(":")[0].strip()) == []
    assert b"eve@" not in result.message and b"mallory" not in result.message and b": 12345" not in result.message
    assert (result.get("To"), result.get("Subject"), result.body) == ("bob@example.org", "x", b"body\r\n")
    if with_t and "eve" in field and field.lower().startswith("bcc"):
        assert "eve@example.org" in result.rcpts
    if not with_t:
        assert result.rcpts == ["bob@example.org"]


def test_bcc_never_reaches_the_wire_when_folded(mysend, relay):
    one = relay()
    mysend("-t", stdin=b"To: bob@example.org\nBcc: eve@example.org,\n\tmallory@example.org ,\n  trudy@example.org\nSubject: x\n\nb\n",
           relay=one).ok()
    assert one.message.recipients == ["bob@example.org", "eve@example.org", "mallory@example.org", "trudy@example.org"]
    for secret in (b"eve@", b"mallory", b"trudy"):
        assert secret not in one.message.body


def test_bcc_stays_with_remove_bcc_headers_off(mysend):
    result = mysend.dry("-t", stdin=b"To: bob@example.org\nBcc: eve@example.org\n\nb\n", config="remove_bcc_headers off\n", to=())
    assert result.get("Bcc") == "eve@example.org" and "eve@example.org" in result.rcpts


# --- From -----------------------------------------------------------------------------------------

def test_missing_from_is_the_default_identity(mysend):
    result = mysend.dry(stdin=b"Subject: x\n\nb\n")
    assert one_address(result.get("From"))[1] == "me@example.net"


@pytest.mark.parametrize("text", [b"From:\nSubject: x\n\nb\n", b"From: \nSubject: x\n\nb\n", b"From:  \n \nSubject: x\n\nb\n"])
def test_empty_from_is_replaced(mysend, text):
    result = mysend.dry(stdin=text)
    assert one_address(result.get("From"))[1] == "me@example.net"


# --- fields that are there and say nothing -------------------------------------------------------

@pytest.mark.parametrize("value", ["", " ", "  \n \t", "<>", " <> "])
@pytest.mark.parametrize("name", ["Message-ID", "Date", "From", "Sender", "Reply-To", "Content-Type", "Content-Transfer-Encoding", "MIME-Version", "In-Reply-To", "References"])
def test_field_that_says_nothing_is_as_if_it_were_missing(mysend, name, value):
    result = mysend.dry("-t", stdin="To: b@x.org\n%s:%s\nSubject: x\n\ngr\u00fc\u00dfe\n" % (name, value), to=())
    without = mysend.dry("-t", stdin="To: b@x.org\nSubject: x\n\ngr\u00fc\u00dfe\n", to=())
    assert sorted(name for name, _ in result.fields) == sorted(name for name, _ in without.fields) and result.err == ""
    assert all(value.strip() not in ("", "<>") for _, value in result.fields)
    assert result.get("Content-Type") == "text/plain; charset=utf-8" and re.fullmatch("<[^<>@]+@[^<>@]+>", result.get("Message-ID"))


def test_field_that_says_nothing_does_not_hide_one_that_does(mysend):
    text = "To: b@x.org\nDate:\nDate: Mon, 23 Nov 2026 14:00:00 +0000\nMessage-ID: <>\nMessage-ID: <1@x.org>\nFrom:\nFrom: a@example.net\nReply-To:\n\nb\n"
    result = mysend.dry("-t", stdin=text, to=(), config="reply_to list@example.net\n")
    assert (result.get("Date"), result.get("Message-ID"), result.get("From")) == ("Mon, 23 Nov 2026 14:00:00 +0000", "<1@x.org>", "a@example.net")
    assert result.get("Reply-To") == "list@example.net" and result.err == ""


@pytest.mark.parametrize("options", ["set_date_header off\nset_msgid_header off\nset_from_header off\n"])
def test_field_that_says_nothing_is_left_out_where_none_is_to_be_added(mysend, options):
    result = mysend.dry(stdin=b"Subject: x\nDate:\nMessage-ID: <>\nFrom: \n\nb\n", config=options)
    assert [name for name, _ in result.fields] == ["Subject", "To"]


def test_resent_field_that_says_nothing_is_as_if_it_were_missing(mysend):
    result = mysend.dry("-t", stdin=b"Resent-To: r@x.org\nResent-From:\nResent-Message-ID: <>\nFrom: a@example.net\nTo: b@x.org\n\nb\n", to=())
    assert one_address(result.get("Resent-From"))[1] == "me@example.net" and "@" in result.get("Resent-Message-ID")


# --- what a header has once -----------------------------------------------------------------------

@pytest.mark.parametrize("name", ["From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To", "Sender"])
def test_field_that_comes_twice_is_told_with_its_lines(mysend, name):
    value = {"Subject": "s", "Date": "Mon, 23 Nov 2026 14:00:00 +0000", "Message-ID": "<1@example.net>"}.get(name, "a@example.net")
    text = "X-1: a\n b\n%s: %s\nBcc: b@x.org\n%s : %s\n%s: %s\n\nb\n" % (name, value, name.upper(), value, name, value)
    result = mysend("--dry-run", "-t", stdin=text.encode(), config=CONFIG)
    assert result.status == 0 and len(result.err.splitlines()) == 1
    assert "the header has %s twice, in lines 3 and 5" % name in result.err


def test_bcc_that_comes_twice_is_told_where_it_stays(mysend):
    text = b"To: b@x.org\nBcc: c@x.org\nBcc: d@x.org\n\nb\n"
    result = mysend("--dry-run", "-t", stdin=text, config=CONFIG + "remove_bcc_headers off\n")
    assert "the header has Bcc twice, in lines 2 and 3" in result.err and len(result.rcpts) == 3
    result = mysend("--dry-run", "-t", stdin=text, config=CONFIG)
    assert result.err == "" and len(result.rcpts) == 3 and "Bcc" not in result.out


def test_field_that_may_come_more_than_once_is_not_told(mysend):
    text = b"From x Thu Jan  1 00:00:00 1970\nTo: b@x.org\nComments: a\nComments: b\nKeywords: a\nKeywords: b\nReceived: a\nReceived: b\nResent-To: c@x.org\nResent-To: d@x.org\nX: 1\nX: 1\n\nb\n"
    assert mysend.dry("-t", stdin=text, to=()).err == ""


def test_lines_are_counted_from_the_mailbox_line(mysend):
    result = mysend("--dry-run", "-t", stdin=b"From x Thu Jan  1 00:00:00 1970\nTo: b@x.org\nTo: c@x.org\n\nb\n", config=CONFIG)
    assert "To twice, in lines 2 and 3" in result.err and len(result.rcpts) == 2


@pytest.mark.parametrize("sender", ["Sender: other@example.net\n", "Sender: me@example.net\nsender: other@example.net\n", ""])
def test_sender_goes_where_the_from_field_is_forced(mysend, sender):
    result = mysend.dry(stdin="From: a@example.net\n%sSubject: x\n\nb\n" % sender, config="force_from only@example.net\n")
    assert result.get("From") == "only@example.net" and result.all("Sender") == []
    assert mysend.dry(stdin="From: a@example.net\nSender: s@example.net\n\nb\n").get("Sender") == "s@example.net"


@pytest.mark.parametrize("args, env, name", [
    (["-F", "Full Name"], {}, "Full Name"),
    (["-FFull Name"], {}, "Full Name"),
    ([], {"NAME": "From Env"}, "From Env"),
    (["-F", "Full Name"], {"NAME": "From Env"}, "Full Name"),
    (["-F", "Two"], {}, "Two"),
    (["-F", "One", "-F", "Two"], {}, "Two"),
    (["-F", "", "-f", "a@example.net"], {}, ""),
    (["-f", "a@example.net"], {}, ""),
    (["-f", "a@example.net", "-F", "Al"], {}, "Al"),
    (["-f", "a@example.net"], {"NAME": "From Env"}, "From Env"),
])
def test_name_in_from_comes_from_F_then_NAME_and_never_gecos_with_f(mysend, args, env, name):
    result = mysend.dry(*args, stdin=b"Subject: x\n\nb\n", env=env)
    assert one_address(result.get("From")) == (name, "a@example.net" if "-f" in args else "me@example.net")


def test_name_in_from_falls_back_to_gecos(mysend):
    import os
    import pwd
    entry = pwd.getpwuid(os.getuid())
    name = entry.pw_gecos.split(",")[0].replace("&", entry.pw_name.capitalize())
    assert one_address(mysend.dry(stdin=b"Subject: x\n\nb\n").get("From"))[0] == name


def test_from_full_name_names_the_default_identity(mysend):
    result = mysend.dry(stdin=b"Subject: x\n\nb\n", config="from_full_name Conf Name\n")
    assert one_address(result.get("From")) == ("Conf Name", "me@example.net")


@pytest.mark.parametrize("sender", ["", "<>"])
def test_null_sender_still_gets_a_from_field(mysend, sender):
    result = mysend.dry("-f", sender, stdin=b"Subject: x\n\nb\n")
    assert result.sender == "" and one_address(result.get("From"))[1] == "me@example.net"


@pytest.mark.parametrize("name", ['Dr. "X", (y) <z>', "a@b", "Smith, John", 'back\\slash', "semi;colon", "colon: no", "dot.ted", "(comment)",
                                  '"', "'single'", "[brackets]", "=?utf-8?q?fake?=", "a  b", "Joe Q. Public"])
def test_name_with_specials_is_quoted(mysend, name):
    value = mysend.dry("-F", name, stdin=b"Subject: x\n\nb\n").get("From")
    parsed = email.message_from_string("From: %s\n\n" % value, policy=email.policy.default)["From"].addresses
    assert len(parsed) == 1 and parsed[0].addr_spec == "me@example.net"
    if name.startswith("=?"):
        assert parsed[0].display_name in (name, "fake") and one_address(value)[1] == "me@example.net"
    else:
        assert parsed[0].display_name == name, value


@pytest.mark.parametrize("name", ["Jürgen Groß", "山田太郎", "Zoë \"Q\" <x>", "é" * 60, "漢" * 80, "a é " * 30, "🎉" * 30, "Ü, V"])
def test_name_that_is_not_ascii_is_rfc2047_and_leaves_the_address_alone(mysend, name):
    value = mysend.dry("-F", name, stdin=b"Subject: x\n\nb\n").get("From")
    assert value.isascii()
    assert decoded(fold_out(value).rsplit("<", 1)[0]).strip() == name.strip()
    assert fold_out(value).rstrip().endswith("<me@example.net>")
    words = re.findall(r"=\?[^?]+\?[QqBb]\?[^?]*\?=", value)
    assert words and all(len(word) <= 75 for word in words)
    for word in words:
        email.header.decode_header(word)[0][0].decode("utf-8")     # no character is cut in two
        assert "me" not in word.split("?")[3] or "@" not in word
    assert max(len(line) for line in ("From: " + value).split("\r\n")) <= 78


@pytest.mark.parametrize("name", ["a\nBcc: eve@example.org", "a\r\nX: y", "a\rb", "a\tb\x01", "bell\x07", "esc\x1b[31m", "del\x7f", "\n"])
def test_control_characters_in_F_are_refused_before_connecting(mysend, relay, name):
    one = relay()
    result = mysend("-F", name, "bob@example.org", stdin=b"Subject: x\n\nb\n", relay=one)
    assert result.status in (64, 65), result
    assert not one.sessions and result.err.startswith("mysend: ") and len(result.errors) == 1


@pytest.mark.parametrize("name", ["a\nBcc: eve@example.org", "a\r\nX: y", "a\x01b"])
def test_control_characters_in_NAME_never_reach_the_header(mysend, name):
    config = "account default\nhost 127.0.0.1\ntls off\nfrom me@example.net\n"
    result = mysend("--dry-run", "bob@example.org", stdin=b"Subject: x\n\nb\n", env={"NAME": name}, config=config)
    if result.status == 0:
        assert result.get("Bcc") is None and result.get("X") is None and b"\x01" not in result.head
        assert all(line.split(b":")[0] in (b"From", b"To", b"Subject", b"Date", b"Message-ID") for line in result.head.splitlines())
    else:
        assert result.status in (64, 65)


def test_set_from_header_off_adds_none(mysend):
    assert mysend.dry(stdin=b"Subject: x\n\nb\n", config="set_from_header off\n").get("From") is None


def test_set_from_header_on_replaces_the_field(mysend):
    result = mysend.dry(stdin=b"From: other@example.org\nSubject: x\n\nb\n", config="set_from_header on\n")
    assert one_address(result.get("From"))[1] == "me@example.net" and b"other" not in result.head


# --- Date and Message-ID --------------------------------------------------------------------------

@pytest.mark.parametrize("zone, offset", [("UTC", "+0000"), ("Asia/Kolkata", "+0530"), ("XYZ3:30", "-0330"), ("ABC-14", "+1400")])
def test_date_is_now_in_local_time_and_english(mysend, zone, offset):
    result = mysend.dry(stdin=b"Subject: x\n\nb\n", env={"TZ": zone, "LANG": "de_DE.UTF-8", "LC_ALL": "de_DE.UTF-8"})
    value = result.get("Date")
    assert re.match(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d ", value)
    assert value.split()[5] == offset
    assert abs(email.utils.parsedate_to_datetime(value).timestamp() - time.time()) < 60


def test_set_date_header_off_adds_none(mysend):
    assert mysend.dry(stdin=b"Subject: x\n\nb\n", config="set_date_header off\n").get("Date") is None


def test_set_msgid_header_off_adds_none(mysend):
    assert mysend.dry(stdin=b"Subject: x\n\nb\n", config="set_msgid_header off\n").get("Message-ID") is None


def test_message_id_is_well_formed_and_never_the_same(mysend):
    runs = [mysend.start("--dry-run", "bob@example.org", config="account default\nhost 127.0.0.1\ntls off\nfrom me@example.net\n")
            for _ in range(8)]
    seen = [run.finish(b"Subject: x\n\nb\n").get("Message-ID") for run in runs]
    assert len(set(seen)) == len(runs)
    for value in seen:
        assert re.fullmatch(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.\[\]-]+>", value), value


# --- To -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("text, to, value", [
    (b"Subject: x\n\nb\n", ["bob@example.org"], "bob@example.org"),
    (b"Subject: x\n\nb\n", ["bob@example.org", "eve@example.org"], "undisclosed-recipients:;"),
    (b"Subject: x\n\nb\n", ["bob@example.org,eve@example.org"], "undisclosed-recipients:;"),
    (b"Cc: carol@example.org\nSubject: x\n\nb\n", ["bob@example.org"], None),
    (b"Bcc: carol@example.org\nSubject: x\n\nb\n", ["bob@example.org", "eve@example.org"], None),
    (b"To: friends: ;\n\nb\n", ["bob@example.org"], "friends: ;"),
])
def test_missing_to_is_the_one_argument_or_nobody(mysend, text, to, value):
    result = mysend.dry(stdin=text, to=to)
    if value is None:
        assert result.get("To") in (None, "undisclosed-recipients:;"), result
        assert b"bob@" not in result.message
    else:
        assert result.get("To") == value
    if len(to) > 1 or "," in to[0]:
        assert b"eve@" not in result.message and b"bob@" not in result.message


def test_text_without_any_header_names_all_arguments_in_to(mysend):
    result = mysend.dry(stdin=b"just text\n", to=["bob@example.org", "eve@example.org"])
    pairs = email.utils.getaddresses([fold_out(result.get("To"))])
    assert [address for _, address in pairs] == ["bob@example.org", "eve@example.org"]


def test_to_of_many_arguments_is_folded(mysend):
    to = ["someone-%d@subdomain.example.org" % i for i in range(90)]
    value = mysend.dry(stdin=b"just text\n", to=to).get("To")
    assert max(len(line) for line in value.split("\r\n")) <= 998
    assert [address for _, address in email.utils.getaddresses([fold_out(value)])] == to


def test_set_to_header_off_adds_none(mysend):
    assert mysend.dry(stdin=b"Subject: x\n\nb\n", config="set_to_header off\n").get("To") is None


def test_recipients_in_arguments_are_not_revealed_by_t(mysend):
    result = mysend.dry("-t", stdin=b"To: bob@example.org\nSubject: x\n\nb\n", to=["hidden@example.org"])
    assert "hidden@example.org" in result.rcpts and b"hidden" not in result.message


def test_undisclosed_recipients_hides_everybody(mysend):
    result = mysend.dry("-t", stdin=b"To: bob@example.org\nCc: carol@example.org\nBcc: eve@example.org\nSubject: x\n\nb\n", to=(),
                        config="undisclosed_recipients on\n")
    assert result.rcpts == ["bob@example.org", "carol@example.org", "eve@example.org"]
    assert result.get("To") == "undisclosed-recipients:;" and not result.all("Cc") and not result.all("Bcc")
    assert b"@example.org" not in result.message


# --- Resent ---------------------------------------------------------------------------------------

def test_resent_block_is_completed_and_the_old_header_left_alone(mysend):
    old = b"From: a@example.net\nTo: b@example.org\nDate: Mon, 23 Nov 2026 14:00:00 +0000\nMessage-ID: <1@example.net>\nSubject: s\n"
    result = mysend.dry("-t", stdin=b"Resent-To: bob@example.org\n" + old + b"\nb\n", to=())
    assert result.rcpts == ["bob@example.org"]
    assert one_address(result.get("Resent-From"))[1] == "me@example.net"
    assert result.get("Resent-Date") and re.fullmatch("<.*@.*>", result.get("Resent-Message-ID"))
    assert old.replace(b"\n", b"\r\n") in result.head
    assert len(result.all("From")) == len(result.all("Date")) == len(result.all("Message-ID")) == 1


def test_resent_fields_that_are_there_are_not_added_again(mysend):
    head = (b"Resent-From: r@example.net\nResent-Date: Mon, 23 Nov 2026 15:00:00 +0000\nResent-Message-ID: <2@example.net>\n"
            b"Resent-To: bob@example.org\n") + FULL
    assert mysend.dry("-t", stdin=head + b"b\n", to=()).message == head.replace(b"\n", b"\r\n") + b"b\r\n"


# --- bare names -----------------------------------------------------------------------------------

@pytest.mark.parametrize("field, value, want", [
    ("From", "root (Cron Daemon)", "root@host.example (Cron Daemon)"),
    ("To", "root", "root@host.example"),
    ("To", "Op Erator <root>, bob@example.org", "Op Erator <root@host.example>, bob@example.org"),
    ("Cc", '"root, not" <bob@example.org>, adm', '"root, not" <bob@example.org>, adm@host.example'),
    ("Reply-To", "root", "root@host.example"),
    ("Sender", "cron", "cron@host.example"),
    ("To", "staff: root, adm;", "staff: root@host.example, adm@host.example;"),
    ("Subject", "root", "root"),
])
def test_bare_names_in_address_fields_are_qualified(mysend, field, value, want):
    result = mysend.dry(stdin="%s: %s\n\nb\n" % (field, value), config="maildomain host.example\n")
    assert result.get(field) == want


def test_cron_mail_goes_out(mysend):
    text = (b"From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@vm> true\nMIME-Version: 1.0\n"
            b"Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\nX-Cron-Env: <SHELL=/bin/sh>\n\nhello\n")
    result = mysend.dry("-i", "-FCronDaemon", "-B8BITMIME", "-oem", stdin=text, to=["root"],
                        config="maildomain host.example\n")
    assert result.rcpts == ["root@host.example"]
    assert result.get("From") == "root@host.example (Cron Daemon)" and result.get("To") == "root@host.example"


# --- long and 8-bit header lines ------------------------------------------------------------------

def test_long_header_line_is_folded_at_white_space(mysend):
    value = " ".join("word%d" % i for i in range(500))
    got = mysend.dry(stdin="X-Long: %s\n\nb\n" % value).get("X-Long")
    assert fold_out(got) == value
    assert max(len(line) for line in ("X-Long: " + got).split("\r\n")) <= 998


def test_long_header_line_without_white_space_is_split(mysend):
    got = mysend.dry(stdin="X-Long: %s\n\nb\n" % ("x" * 3000)).get("X-Long")
    assert max(len(line) for line in ("X-Long: " + got).split("\r\n")) <= 998
    assert re.sub(r"\r\n[ \t]", "", got).strip() == "x" * 3000


def test_header_line_of_998_octets_is_not_folded(mysend):
    value = ("y" * 98 + " ") * 10
    value = (value + "z" * 998)[:998 - len("X-Long: ")]
    assert mysend.dry(stdin="X-Long: %s\n\nb\n" % value).get("X-Long") == value


@pytest.mark.parametrize("value", ["Grüße", "Grüße aus Köln, wo es regnet und nicht aufhört zu regnen, seit Tagen schon " * 3,
                                   "漢字" * 60, "mixed ascii und ünïcode  two blanks", "🎉" * 20, "tab\there é"])
def test_8bit_subject_is_rfc2047_and_never_smtputf8(mysend, relay, value):
    one = relay("ehlo pipelining 8bitmime smtputf8")
    mysend("bob@example.org", stdin="Subject: %s\n\nb\n" % value, relay=one).ok()
    got = one.message.field("Subject")
    assert got.isascii() and decoded(got) == value.strip()
    words = re.findall(r"=\?[^?]+\?[QqBb]\?[^?]*\?=", got)
    assert all(len(word) <= 75 for word in words)
    for word in words:
        email.header.decode_header(word)[0][0].decode("utf-8")
    assert "SMTPUTF8" not in one.message.parameters


def test_8bit_subject_that_is_not_utf8_passes_as_it_is(mysend, relay):
    one = relay("ehlo pipelining 8bitmime smtputf8")
    mysend("bob@example.org", stdin=b"Subject: Gr\xfc\xdfe\n\nb\n", relay=one).ok()
    assert b"Subject: Gr\xfc\xdfe\r\n" in one.message.body and "SMTPUTF8" not in one.message.parameters


def test_subject_that_is_encoded_already_passes_as_it_is(mysend):
    assert mysend.dry(stdin=b"Subject: =?UTF-8?B?R3LDvMOfZQ==?=\n\nb\n").get("Subject") == "=?UTF-8?B?R3LDvMOfZQ==?="


def test_8bit_name_in_a_from_field_keeps_its_address(mysend):
    result = mysend.dry(stdin="From: Jürgen <juergen@example.net>\nSubject: x\n\nb\n")
    assert fold_out(result.get("From")).endswith("<juergen@example.net>")


NAMED = "From: J\u00fcrgen M\u00fcller <juergen@example.net>\nTo: \"M\u00fcller, Ann\" <ann@x.org>, bob@x.org (B\u00f6b),\n\tcarl@x.org\nCc: friends: \u6f22\u5b57 <d@x.org>, e@x.org;\nReply-To: \u00dc <r@x.org>\nX-Tag: caf\u00e9 au lait\nSubject: x\n\nb\n"


@pytest.mark.parametrize("ehlo", ["ehlo pipelining", "ehlo pipelining 8bitmime smtputf8"])
@pytest.mark.parametrize("args", [["-t"], ["f@x.org"]])
def test_names_in_utf8_are_rfc2047_and_addresses_stay(mysend, relay, ehlo, args):
    one = relay(ehlo)
    mysend(*args, stdin=NAMED, relay=one).ok()
    field = one.message.field
    assert one.message.body.isascii() and not set(one.message.parameters) & {"SMTPUTF8", "BODY"}
    assert one_address(field("From")) == ("J\u00fcrgen M\u00fcller", "juergen@example.net")
    assert decoded(field("Reply-To")) == "\u00dc <r@x.org>" and decoded(field("X-Tag")) == "caf\u00e9 au lait"
    people = email.message_from_bytes(one.message.body, policy=email.policy.default)
    assert [(who.display_name, who.addr_spec) for who in people["To"].addresses] == [("M\u00fcller, Ann", "ann@x.org"), ("", "bob@x.org"), ("", "carl@x.org")]
    assert [(who.display_name, who.addr_spec) for who in people["Cc"].addresses] == [("\u6f22\u5b57", "d@x.org"), ("", "e@x.org")]
    assert " bob@x.org (=?utf-8?Q?B=C3=B6?=\r\n =?utf-8?Q?b?=),\r\n\tcarl@x.org" in field("To")


@pytest.mark.parametrize("text", ["To: Gr\u00fcppe: a@x.org;, \u00fcb <q@x.org>", "To: (c\u00f6mment) k@x.org, \u00fcb <q@x.org>",
                                  'From: "a" <j@x.org> (\u00e9)\nTo: q@x.org', "To: q@x.org\nKeywords: gr\u00fcn, two \u00fc words"])
def test_groups_comments_and_keywords_in_utf8_are_rfc2047(mysend, text):
    result = mysend.dry("-t", stdin=text + "\nSubject: x\n\nb\n", to=())
    assert result.message.isascii()
    people = email.message_from_bytes(result.message, policy=email.policy.default)
    assert people["To"].addresses[-1].addr_spec == "q@x.org"
    if text.startswith("To: Gr"):
        assert people["To"].groups[0].display_name.strip() == "Gr\u00fcppe" and people["To"].addresses[-1].display_name == "\u00fcb"


def test_names_stay_in_utf8_where_an_address_needs_it_anyway(mysend, relay):
    one = relay("ehlo pipelining 8bitmime smtputf8")
    text = "From: J\u00fcrgen <j@example.net>\nTo: B\u00f6b <b\u00f6b@x.org>\nSubject: gr\u00fc\u00dfe\n\nb\n"
    mysend("-t", stdin=text, relay=one).ok()
    assert one.message.body.startswith(text[:text.index("\n\n")].replace("\n", "\r\n").encode()) and "SMTPUTF8" in one.message.parameters


@pytest.mark.parametrize("name", ["DKIM-Signature", "ARC-Message-Signature"])
def test_names_and_subject_of_a_signed_message_stay_as_they_are(mysend, name):
    text = name + ": v=1; b=abc\nFrom: J\u00fcrgen <j@example.net>\nTo: b@x.org\nSubject: gr\u00fc\u00dfe\n\nb\n"
    assert mysend.dry("-t", stdin=text, to=()).message.startswith(text[:text.index("\n\n")].replace("\n", "\r\n").encode())


def test_header_of_thousands_of_fields_passes(mysend):
    head = b"".join(b"X-Field-%d: value %d\n" % (i, i) for i in range(5000))
    assert mysend.dry(stdin=head + b"\nb\n").get("X-Field-4999") == "value 4999"
