"""--batch: files that hold mail, in every form that other programs write; who gets what, and what is said of what cannot be sent."""
import os
import re

import pytest

from waiting import wait_for

FROM = b"From a@b.example Mon Jan  1 00:00:00 2024\n"
FAST = "ehlo pipelining chunking"
NOBODY = "no recipients: add addresses, a To: line, or the setting to"


def mail(to, text=b"text\n", fields=b""):
    """A message to to@example.org."""
    to = to.encode()
    return b"Message-ID: <" + to + b"@x.example>\nFrom: a@b.example\nTo: " + to + b"@example.org\n" + fields + b"\n" + text


def mbox(*mails, front=FROM):
    return b"\n".join(front + one for one in mails)


def crlf(octets):
    return octets.replace(b"\n", b"\r\n")


def got(relay):
    """(recipients, text) of each mail that arrived, in the order of the recipients."""
    return sorted((" ".join(sorted(one.replace("@example.org", "") for one in each.recipients)), each.body.split(b"\r\n\r\n", 1)[1].replace(b"\r\n", b"\n"))
                  for each in relay.messages)


def fields(body):
    return re.findall(rb"(?m)^([^ \t:\r\n]+):", body.split(b"\r\n\r\n", 1)[0])


@pytest.fixture
def batch(mysend, relay):
    """batch(path, ..., option, ...) -> (the result, what it told of bad mails, the relay)."""
    def run(*args, config="", parts=(FAST,), **more):
        there = relay(*parts)
        done = mysend("--batch", *args, "--retries", "0", relay=there, config="sessions 1\n" + config if "sessions" not in config else config, **more)
        told = [line[8:] for line in done.errors if not re.match(r"mysend: [\d,]+ (of [\d,]+ )?sent", line)]
        return done, told, there
    return run


def put(path, octets):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(octets)
    return str(path)


# --- mailbox files ------------------------------------------------------------------------------------

DATES = [
    b"From a@b.example Mon Jan  1 00:00:00 2024\n",
    b"From 1f3e5d7c9b1f3e5d7c9b1f3e5d7c9b1f3e5d7c9b Mon Sep 17 00:00:00 2001\n",      # git format-patch
    b"From - Sun Nov 29 09:05:00 2026\n",                                             # Thunderbird
    b"From ???@??? Sun Nov 29 09:05:00 2026\n",                                       # Eudora
    b"From a@b.example Mon Jan  1 00:00:00 CET 2024\n",
    b"From a@b.example Mon Jan  1 00:00:00 2024 +0100\n",
    b"From a@b.example Mon Jan  1 00:00:00 +0100 2024\n",
    b"From a@b.example Mon Jan  1 00:00 2024\n",
    b"From a@b.example Mon Jan  1 00:00:00 94\n",                                     # two digits, and a header behind
    b"From a@b.example Mon Jan  1 00:00:00 2024 remote from host\n",
    b"From a@b.example\n",                                                            # no date, and a header behind
    b"From \n",
    b"From \"a b\"@c.example Mon Jan  1 00:00:00 2024\n",
    b"From MAILER-DAEMON Mon Jan  1 00:00:00 2024\r\n",
    b"From a@b.example Mon Jan  1 00:00:00 2024\n>From a@b.example Mon Jan  1 00:00:00 2024 remote from c\n",
]


@pytest.mark.parametrize("front", DATES, ids=range(len(DATES)))
def test_lines_with_any_date_begin_a_message(batch, tmp_path, front):
    done, told, relay = batch(put(tmp_path / "m", mbox(mail("ann"), mail("bob"), mail("eve"), front=front)))
    assert (done.status, told, got(relay)) == (0, [], [("ann", b"text\n"), ("bob", b"text\n"), ("eve", b"text\n")]), done


FORMS = [
    # name, octets, what arrives
    ("one", mbox(mail("ann")), [("ann", b"text\n")]),
    ("mboxrd", mbox(mail("ann", b">From x\n>>From y\n> From z\n"), mail("bob")), [("ann", b"From x\n>From y\n> From z\n"), ("bob", b"text\n")]),
    ("a text that begins a paragraph with From", mbox(mail("ann", b"x\n\nFrom today on it is\nso.\n\nFrom: them\n"), mail("bob")),
     [("ann", b"x\n\nFrom today on it is\nso.\n\nFrom: them\n"), ("bob", b"text\n")]),
    ("From in a text without an empty line", mbox(mail("ann", b"x\n" + FROM + b"To: y\n"), mail("bob")), [("ann", b"x\n" + FROM + b"To: y\n"), ("bob", b"text\n")]),
    ("length that fits", mbox(mail("ann", b">From x\n\n" + FROM + b"To: x@y\n\nz\n", b"Content-Length: 61\n"), mail("bob")),
     [("ann", b">From x\n\n" + FROM + b"To: x@y\n\nz\n"), ("bob", b"text\n")]),
    ("length too small", mbox(mail("ann", b">From x\ntext\n", b"Content-Length: 4\n"), mail("bob")), [("ann", b"From x\ntext\n"), ("bob", b"text\n")]),
    ("length into the next", mbox(mail("ann", b"text\n", b"Content-Length: 50\n"), mail("bob")), [("ann", b"text\n"), ("bob", b"text\n")]),
    ("length beyond the end", mbox(mail("ann", b"text\n", b"Content-Length: 99999999999\n"), mail("bob")), [("ann", b"text\n"), ("bob", b"text\n")]),
    ("length of the last", mbox(mail("ann"), mail("bob", b">From x\n", b"Content-Length: 8\n")), [("ann", b"text\n"), ("bob", b">From x\n")]),
    ("crlf", crlf(mbox(mail("ann", b">From x\n"), mail("bob"))), [("ann", b"From x\n"), ("bob", b"text\n")]),
    ("no line end at the end", mbox(mail("ann"), mail("bob"))[:-1], [("ann", b"text\n"), ("bob", b"text\n")]),
    ("empty lines at the end", mbox(mail("ann"), mail("bob", b"text\n\n\n")), [("ann", b"text\n"), ("bob", b"text\n\n")]),
    ("empty lines in front", b"\n\n" + mbox(mail("ann")), [("ann", b"text\n")]),
    ("mark in front", b"\xef\xbb\xbf" + mbox(mail("ann")), [("ann", b"text\n")]),
    ("empty", b"", []),
    ("dots", mbox(mail("ann", b".\n..\n.x\n")), [("ann", b".\n..\n.x\n")]),
    ("no text", mbox(mail("ann", b""), mail("bob", b"")), [("ann", b""), ("bob", b"")]),
]


@pytest.mark.parametrize("name, octets, arrives", FORMS, ids=[one[0] for one in FORMS])
def test_a_mailbox_file_is_sent_mail_by_mail(batch, tmp_path, name, octets, arrives):
    path = put(tmp_path / "m", octets)
    done, told, relay = batch(path)
    assert (done.status, told, got(relay)) == (0, [] if arrives else ["%s: there is no mail in it" % path], arrives), done


LARGE = b"X-Y: " + b"z" * 70 + b"\n"
BAD = [
    # name, octets, what arrives, what is told
    ("a line From alone", FROM, [], ["m, message 1, line 1: the message is empty"]),
    ("a line From without a line end", FROM[:-1], [], ["m, message 1, line 1: the message is empty"]),
    ("a message of nothing in the middle", FROM + b"\n" + mbox(mail("bob")), [("bob", b"text\n")], ["m, message 1, line 1: the message is empty"]),
    ("nobody", mbox(mail("ann"), b"Subject: x\n\nx\n", mail("eve")), [("ann", b"text\n"), ("eve", b"text\n")], ["m, message 2, line 8: " + NOBODY]),
    ("no header", mbox(mail("ann"), b"\nDear Eve,\n", mail("eve")), [("ann", b"text\n"), ("eve", b"text\n")], ["m, message 2, line 8: " + NOBODY]),
    ("no address", mbox(mail("ann"), b"To: a@@b\n\nx\n", mail("eve")), [("ann", b"text\n"), ("eve", b"text\n")],
     ["m, message 2, line 8: To: \"a@@b\" is no address: no domain stands behind the @"]),
    ("header too large", mbox(mail("ann"), mail("bob", fields=LARGE * 15000), mail("eve")), [("ann", b"text\n"), ("eve", b"text\n")],
     ["m, message 2, line 8: the header is larger than 1048576 octets"]),
    ("twice", mbox(mail("ann"), mail("bob"), mail("ann", b"other\n")), [("ann", b"text\n"), ("bob", b"text\n")],
     ["m, message 3, line 15: it is mail 1 once more, also to ann@example.org: not sent twice"]),
    ("all of them", mbox(b"Subject: x\n\n", b"Subject: y\n\n"), [], ["m, message 1, line 1: " + NOBODY, "m, message 2, line 5: " + NOBODY]),
]


@pytest.mark.parametrize("name, octets, arrives, tells", BAD, ids=[one[0] for one in BAD])
def test_a_bad_message_is_named_and_the_others_are_sent(batch, tmp_path, name, octets, arrives, tells):
    put(tmp_path / "m", octets)
    done, told, relay = batch("m", cwd=tmp_path)
    assert (done.status, told, got(relay)) == (65, tells, arrives), done


def test_a_run_may_stop_at_the_first_bad_message_and_later_go_on(batch, tmp_path):
    put(tmp_path / "m", mbox(mail("ann"), b"Subject: x\n\nx\n", mail("eve")))
    done, told, relay = batch("m", "--stop-on-error", cwd=tmp_path)
    assert done.status == 65 and told[0] == "m, message 2, line 8: " + NOBODY and [one for one, _ in got(relay)] == ["ann"], done
    done, told, relay = batch("m", cwd=tmp_path)
    assert done.status == 65 and told == ["m, message 2, line 8: " + NOBODY] and [one for one, _ in got(relay)] == ["eve"], done


def test_octets_arrive_as_they_were(batch, tmp_path):
    text = b"caf\xc3\xa9\n" + b"x" * 997 + b"\n"
    done, told, relay = batch(put(tmp_path / "m", mbox(mail("ann", text, b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"),
                                                       mail("bob", b"a\0b\n"))), parts=("ehlo pipelining chunking 8bitmime",))
    assert got(relay) == [("ann", text), ("bob", b"ab\n")]
    assert done.status == 0 and "NUL octets are left out" in done.err, done


def test_a_message_of_fifty_megabytes_among_small_ones_takes_no_memory(batch, mysend, tmp_path):
    line = b"0123456789" * 7 + b"\n"
    path = put(tmp_path / "m", mbox(mail("ann"), mail("bob", line * (50 * 1000 * 1000 // len(line))), mail("eve")))
    done, told, relay = batch(path, measure=not mysend.sanitized)
    assert (done.status, told) == (0, []), done
    assert [(one, len(text)) for one, text in got(relay)] == [("ann", 5), ("bob", 50 * 1000 * 1000 // len(line) * len(line)), ("eve", 5)]
    assert done.maxrss is None or done.maxrss < 32 * 1024


@pytest.mark.parametrize("form", ["mbox", "maildir"])
def test_ten_thousand_mails_take_hardly_more_memory_than_a_hundred(batch, mysend, tmp_path, form):
    """What grows is 24 octets for each recipient in the ledger's index, and in that of the keys. tests/bench/files has 100,000."""
    used = []
    for count in (100, 10000):
        top = tmp_path / str(count)
        if form == "mbox":
            put(top, mbox(*(mail("u%d" % i, b"x" * 70 + b"\n" * 12) for i in range(count))))
        else:
            maildir(top, **{"cur/%06d.M1.h:2,S" % i: mail("u%d" % i) for i in range(count)})
        done, told, relay = batch(str(top), config="sessions 4\n", parts=(FAST, "sink"), measure=not mysend.sanitized)
        assert (done.status, told) == (0, []), done
        used.append(done.maxrss)
    assert mysend.sanitized or used[1] < min(used[0] + 4096, 24 * 1024), used


# --- fields -------------------------------------------------------------------------------------------

NOTES = [b"Status: RO", b"X-Status: A", b"X-UID: 7", b"X-UIDL: x", b"X-Keywords: NonJunk", b"X-IMAPbase: 1 2", b"Lines: 1", b"Content-Length: 5",
         b"X-Mozilla-Status: 0001", b"X-Mozilla-Status2: 00000000", b"X-Mozilla-Keys: $label1", b"X-Account-Key: account1", b"X-Identity-Key: id1",
         b"FCC: imap://me@host/Sent", b"X-Evolution-Source: x", b"X-KMail-Fcc: x", b"X-Mutt-Fcc: ~/sent", b"X-Gmail-Labels: Inbox"]
STAY = [b"Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000", b"Delivered-To: joe@b.example", b"DKIM-Signature: v=1", b"X-Label: x", b"In-Reply-To: <1@x>",
        b"References: <1@x> <2@x>", b"Reply-To: c@d.example", b"X-Mailer: y", b"List-Id: <z.example>"]
GO = [b"Return-Path: <a@b.example>", b"Bcc: eve@example.org", b"BCC :\n eve@example.org"]


@pytest.mark.parametrize("form", ["mbox", "eml", "maildir", "input"])
def test_notes_of_mail_programs_stay_behind_and_the_mails_own_fields_travel(batch, tmp_path, form):
    octets = mail("ann", fields=b"".join(one + b"\n" for one in NOTES + STAY + GO))
    where = {"mbox": "m", "eml": "m.eml", "maildir": "m/new/1.x.y", "input": "m"}[form]
    if form == "maildir":
        os.makedirs(tmp_path / "m" / "cur")
    put(tmp_path / where, mbox(octets) if form == "mbox" else octets)
    with open(tmp_path / where, "rb") as text:
        done, told, relay = batch("-" if form == "input" else where.split("/")[0], cwd=tmp_path, **({"stdin": text} if form == "input" else {}))
    assert (done.status, told) == (0, []), done
    assert relay.message.recipients == ["ann@example.org", "eve@example.org"]
    named = [one.split(b":")[0] for one in STAY]
    assert [one for one in fields(relay.message.body) if one not in (b"Message-ID", b"From", b"To", b"Date")] == named
    for one in STAY:
        assert one + b"\r\n" in relay.message.body


def test_a_resent_mail_goes_to_whom_it_was_resent(batch, tmp_path):
    path = put(tmp_path / "m", mbox(b"Resent-From: me@example.net\nResent-To: ann@example.org\nResent-Bcc: eve@example.org\n" + mail("bob")))
    done, told, relay = batch(path)
    assert (done.status, told) == (0, []), done
    assert sorted(relay.message.recipients) == ["ann@example.org", "eve@example.org"]
    assert b"Resent-Bcc" not in relay.message.body and b"\r\nTo: bob@example.org\r\n" in relay.message.body


def test_of_bsmtp_every_field_travels_but_those_that_never_do(batch, tmp_path):
    octets = b"MAIL FROM:<a@b.example>\nRCPT TO:<ann@example.org>\nDATA\n" + mail("bob", fields=b"Status: RO\nX-UID: 7\nBcc: eve@example.org\n") + b".\n"
    done, told, relay = batch(put(tmp_path / "b", octets))
    assert (done.status, told) == (0, []), done
    assert relay.message.recipients == ["ann@example.org"] and b"\r\nStatus: RO\r\nX-UID: 7\r\n" in relay.message.body
    assert b"eve" not in relay.message.body


# --- folders ------------------------------------------------------------------------------------------

def maildir(top, **files):
    for name in ("new", "cur", "tmp"):
        os.makedirs(os.path.join(top, name))
    for name, octets in files.items():
        put(os.path.join(top, name), octets)
    return str(top)


def test_a_maildir_is_sent_in_the_order_of_delivery(batch, tmp_path):
    top = maildir(tmp_path / "d", **{"new/3.M1.h": mail("ann"), "cur/1.M1.h:2,S": mail("bob"), "cur/2.M1.h:2,FRS": mail("eve"), "cur/4.M1.h:2,ST": mail("trash"),
                                     "cur/.5": mail("dot"), "tmp/0.M1.h": mail("tmp"), "cur/6.M1.h": crlf(mail("joe")), ".Sent/cur/0.M1.h": mail("sent")})
    os.makedirs(os.path.join(top, ".Sent", "new"))
    done, told, relay = batch(top + "/")
    assert (done.status, told) == (0, []), done
    assert [one.recipients[0].split("@")[0] for one in relay.messages] == ["bob", "eve", "ann", "joe"]
    assert os.path.exists(top + ".ledger")
    done, told, relay = batch(os.path.join(top, ".Sent"))
    assert (done.status, told, got(relay)) == (0, [], [("sent", b"text\n")]), done


def test_a_bad_file_of_a_folder_is_named_and_the_others_are_sent(batch, tmp_path):
    top = maildir(tmp_path / "d", **{"new/1.M1.h": mail("ann"), "new/2.M1.h": b"", "new/3.M1.h": b"Subject: x\n\n", "cur/5.M1.h:2,S": mail("bob")})
    os.symlink("/etc/passwd", os.path.join(top, "new", "4.M1.h"))
    done, told, relay = batch("d", cwd=tmp_path)
    assert (done.status, told, got(relay)) == (65, ["d/new/2.M1.h: the message is empty", "d/new/3.M1.h: " + NOBODY,
                                                   "d/new/4.M1.h: it is a link, which is not followed out of a folder"],
                                               [("ann", b"text\n"), ("bob", b"text\n")]), done


def test_files_that_vanish_or_move_meanwhile_stop_nothing(batch, tmp_path, mysend, relay):
    """The relay holds the run in the middle, while a mail program reads one mail, and deletes another."""
    top = maildir(tmp_path / "d", **{"new/%03d.M1.h" % i: mail("u%03d" % i) for i in range(30)})
    there = relay(FAST, "bdat-last ok 'hold && ok' ok")
    run = mysend.start("--batch", "d", "--retries", "0", relay=there, config="sessions 1\nwindow 1\n", cwd=tmp_path)
    wait_for(lambda: len(there.transactions) > 1 and there.transactions[1].complete)
    os.rename(os.path.join(top, "new", "028.M1.h"), os.path.join(top, "cur", "028.M1.h:2,S"))
    os.unlink(os.path.join(top, "new", "029.M1.h"))
    there.go()
    done = run.finish()
    assert done.status == 65 and "d/new/029.M1.h: opening it: No such file or directory" in done.err, done
    assert sorted(one.recipients[0] for one in there.messages) == ["u%03d@example.org" % i for i in range(29)]


def test_a_folder_of_eml_files_is_sent_in_the_order_of_their_names(batch, tmp_path):
    for name, octets in {"b.eml": crlf(mail("bob")), "a.EML": mail("ann"), "c.eml": mail("eve"), ".d.eml": mail("dot"), "readme.txt": b"x\n", "z/e.eml": mail("below")}.items():
        put(tmp_path / "f" / name, octets)
    done, told, relay = batch("f", cwd=tmp_path)
    assert (done.status, told) == (0, []), done
    assert [one.recipients[0].split("@")[0] for one in relay.messages] == ["ann", "bob", "eve"]


def test_several_paths_are_sent_one_after_the_other_whatever_they_are(batch, tmp_path):
    put(tmp_path / "1.eml", mail("ann"))
    put(tmp_path / "2.mbox", mbox(mail("bob"), b"Subject: x\n\n", mail("eve")))
    put(tmp_path / "3.txt", b"Dear Eve,\n")
    maildir(tmp_path / "4", **{"new/1.x.y": mail("joe")})
    put(tmp_path / "5.eml", b"")
    put(tmp_path / "6.bsmtp", b"MAIL FROM:<a@b.example>\nRCPT TO:<kim@example.org>\nDATA\n" + mail("x") + b".\n")
    paths = ["1.eml", "2.mbox", "3.txt", "4", "5.eml", "6.bsmtp", "-"]
    done, told, relay = batch(*paths, cwd=tmp_path, stdin=mail("lee"))
    assert [one.recipients[0].split("@")[0] for one in relay.messages] == ["ann", "bob", "eve", "joe", "kim", "lee"], done
    assert (done.status, told) == (65, ["2.mbox, message 2, line 8: " + NOBODY, "3.txt: it begins as no mailbox, no message and no SMTP does",
                                        "5.eml: the message is empty"]), done
    assert os.path.exists(tmp_path / "mysend-batch.ledger")


@pytest.mark.parametrize("paths, status, why", [
    (["none"], 66, "none: opening it: No such file or directory"),
    (["1.eml", "none"], 66, "none: opening it: No such file or directory"),
    (["3.txt"], 65, "3.txt: it begins as no mailbox, no message and no SMTP does"),
    (["-", "1.eml", "-"], 64, "standard input (-) is named twice"),
])
def test_a_path_that_cannot_be_meant_is_told_before_anything_is_sent(batch, tmp_path, paths, status, why):
    put(tmp_path / "1.eml", mail("ann"))
    put(tmp_path / "3.txt", b"Dear Eve,\n")
    done, _, relay = batch(*paths, cwd=tmp_path, stdin=mail("lee"))
    assert done.failed(status) == why and not relay.messages
    assert not [one for one in os.listdir(tmp_path) if one.endswith(".ledger")]


# --- standard input -----------------------------------------------------------------------------------

INPUTS = [("mbox", mbox(mail("ann"), mail("bob"))), ("message", mail("ann")), ("crlf", crlf(mbox(mail("ann"), mail("bob")))),
          ("bsmtp", b"EHLO x\nMAIL FROM:<a@b.example>\nRCPT TO:<ann@example.org>\nDATA\n" + mail("x") + b".\nQUIT\n"), ("nothing", b"")]


@pytest.mark.parametrize("name, octets", INPUTS, ids=[one[0] for one in INPUTS])
@pytest.mark.parametrize("how", ["pipe", "file", "middle"])
def test_standard_input_is_any_of_these_files(batch, tmp_path, name, octets, how):
    expected = [one for one in ("ann", "bob") if b"\nTo: " + one.encode() in octets.replace(b"\r", b"") or b"TO:<" + one.encode() in octets]
    if how == "pipe":
        done, told, relay = batch("-", stdin=octets, cwd=tmp_path)
    else:
        with open(put(tmp_path / "in", (b"read before\n" if how == "middle" else b"") + octets), "rb") as text:
            os.lseek(text.fileno(), len(b"read before\n") if how == "middle" else 0, os.SEEK_SET)
            done, told, relay = batch("-", stdin=text, cwd=tmp_path)
    none = [] if expected else ["standard input: there is no mail in it"]
    assert (done.status, told, [one for one, _ in got(relay)]) == (0, none, expected), done


# --- BSMTP --------------------------------------------------------------------------------------------

def test_a_file_of_commands_has_its_envelopes_and_an_error_spoils_one_transaction(batch, tmp_path):
    def m(to, more=b""):
        return b"MAIL FROM:<a@b.example>\n" + more + b"RCPT TO:<" + to + b"@example.org>\nDATA\n" + mail("to-is-not-asked", b"..\n") + b".\n"
    octets = (b"HELO x\n" + m(b"ann") + b"MAIL FROM:<a@b.example>\nRCPT TO:<never@example.org>\nRSET\n" + m(b"bob", b"RCPT TO:<x@@y>\n") +
              m(b"eve", b"RCPT TO:<joe@example.org>\n") + b"FOO\n" + m(b"kim") + b"MAIL FROM:<a@b.example>\nRCPT TO:<half@example.org>\nDATA\nSubject: x\n")
    put(tmp_path / "b", octets)
    done, told, relay = batch("b", cwd=tmp_path)
    assert got(relay) == [("ann", b".\n"), ("eve joe", b".\n"), ("kim", b".\n")]
    assert {one.sender for one in relay.messages} == {"a@b.example"}
    assert done.status == 65 and len(told) == 3, done
    assert re.fullmatch(r'b, message 2, line 2\d: .*"<x@@y>".*', told[0]) and told[1] == "b, line 34: 5.5.1 no such command"
    assert re.fullmatch(r"b, message 5, line 4\d: the input ended in the middle of a message: it was not sent", told[2])


def test_the_same_message_to_others_in_another_transaction_is_another_mail(batch, tmp_path):
    one = b"MAIL FROM:<a@b.example>\nRCPT TO:<%s@example.org>\nDATA\n" + mail("x") + b".\n"
    done, told, relay = batch(put(tmp_path / "b", one % b"ann" + one % b"bob" + one % b"ann"))
    assert [to for to, _ in got(relay)] == ["ann", "bob"]
    assert done.status == 65 and len(told) == 1 and told[0].endswith("it is mail 1 once more, also to ann@example.org: not sent twice"), done


# --- the same command again ---------------------------------------------------------------------------

def test_the_same_command_again_sends_what_is_new_alone_whoever_read_the_mailbox_meanwhile(batch, tmp_path):
    path = str(tmp_path / "m")
    plain, other = b"To: ann@example.org\nFrom: a@b.example\n\nx\n", b"To: bob@example.org\nFrom: a@b.example\n\ny\n"      # no Message-ID
    put(path, mbox(plain))
    done, _, relay = batch(path)
    assert done.status == 0 and [to for to, _ in got(relay)] == ["ann"], done
    put(path, mbox(b"Status: RO\nX-UID: 1\n" + plain, other))
    done, _, relay = batch(path)
    assert done.status == 0 and [to for to, _ in got(relay)] == ["bob"], done
    done, _, relay = batch(path)
    assert done.status == 0 and not relay.sessions, done
