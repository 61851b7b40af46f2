"""Whose mail was refused or given up is told so, once, by a report that other programs can read."""
import email
import email.policy
import re

import pytest

from given import SIGNED, WHOLE as TEXT


def bounce_of(mail):
    """(text, [status block], what came back) of a bounce, read by another's parser, without a defect."""
    parsed = email.message_from_bytes(mail.body, policy=email.policy.default)
    assert not parsed.defects and parsed.get_content_type() == "multipart/report" and parsed.get_param("report-type") == "delivery-status"
    text, status, back = parsed.iter_parts()
    assert not any(part.defects for part in (text, status, back)) and status.get_content_type() == "message/delivery-status"
    return text.get_content(), list(status.iter_parts()) if status.is_multipart() else status.get_payload(), back


@pytest.mark.parametrize("ret, kind", [([], "message/rfc822"), (["-R", "hdrs"], "text/rfc822-headers")])
def test_sender_is_told_who_did_not_get_it_and_why(spool, relay, ret, kind):
    spool.run("-odq", "-i", "-f", "ann@example.net", "-V", "id7", *ret, "bob@example.org", "carl@example.org", stdin=SIGNED).ok()
    there = relay("ehlo pipelining", 'rcpt-to bob@example.org "550 5.1.1 nobody here"')
    done = spool.run("-q", relay=there)
    assert "its sender is told" in done.err and there.message.recipients == ["carl@example.org"]
    again = relay("ehlo pipelining 8bitmime")
    spool.run("-q", relay=again).ok()
    mail = again.message
    assert mail.sender == "" and mail.recipients == ["ann@example.net"] and mail.field("Auto-Submitted") == "auto-replied"
    text, status, back = bounce_of(mail)
    assert "<bob@example.org>:\n    550 5.1.1 nobody here" in text.replace("\r\n", "\n") and "carl" not in text
    assert status[0]["Original-Envelope-Id"] == "id7" and status[0]["Reporting-MTA"] == "dns; mail.example"
    assert len(status) == 2 and status[1]["Final-Recipient"] == "rfc822; bob@example.org" and status[1]["Status"] == "5.1.1" and status[1]["Action"] == "failed"
    assert back.get_content_type() == kind and spool.names() == [] and len(spool.names("failed")) == 1
    if kind == "message/rfc822":
        assert mail.body.split(b"message/rfc822\r\n", 1)[1].split(b"\r\n\r\n", 1)[1].startswith(TEXT[:10])
        assert "caf\u00e9\r\n.\r\nend\r\n".encode() in mail.body


@pytest.mark.parametrize("order", [["bob@example.org", "carl@example.org"], ["carl@example.org", "bob@example.org"]])
def test_warning_says_why_some_are_given_up_and_not_why_others_wait(spool, relay, order):
    spool.run("-odq", *order, stdin=TEXT).ok()
    done = spool.run("-q", relay=relay("ehlo pipelining", 'rcpt-to bob@example.org "550 5.1.1 nobody here"', 'rcpt-to carl@example.org "450 4.2.0 later"'))
    line, = [line for line in done.err.splitlines() if "is given up for some of its recipients" in line]
    assert line.endswith(": 550 5.1.1 nobody here")
    assert ": 450 4.2.0 later)" in spool.run(name="mailq").out


@pytest.mark.parametrize("args", [["-f", ""], ["-f", "ann@example.net", "-N", "never"], ["-f", "ann@example.net", "-N", "success"]])
def test_who_wants_no_bounce_gets_none(spool, relay, args):
    spool.run("-odq", *args, "bob@example.org", stdin=TEXT).ok()
    there = relay("ehlo pipelining dsn", "rcpt 550")
    assert "nobody is told" in spool.run("-q", relay=there).err
    assert spool.names() == [] and len(spool.names("failed")) == 1


def test_bounce_is_never_bounced(spool, relay):
    spool.run("-odq", "-f", "ann@example.net", "bob@example.org", stdin=TEXT).ok()
    there = relay("ehlo pipelining", "rcpt 550")
    spool.run("-q", relay=there)
    assert [name[26:] for name in spool.names()] == [".b1"]
    assert "nobody is told" in spool.run("-q", relay=there).err
    assert spool.names() == [] and len(spool.names("failed")) == 2


def test_expired_mail_comes_back_with_what_was_said_last(spool, relay):
    spool.run("-f", "ann@example.net", "bob@example.org", stdin=TEXT).ok()
    spool.make_older(7200)
    spool.run("-qf", more="queue_lifetime 1h\n")
    there = relay("ehlo pipelining 8bitmime")
    spool.run("-q", relay=there).ok()
    text, status, _ = bounce_of(there.message)
    assert "it could not be handed over in time: connect to 127.0.0.1:1: Connection refused" in text and status[1]["Status"] == "4.4.7"


@pytest.mark.parametrize("parts, said", [(['greet "421 4.3.2 not now" 220'], "greeting to {}: 421 4.3.2 not now"), (["mail drop ok"], "MAIL FROM to {}: the relay closed the connection")])
def test_mail_that_never_got_through_comes_back_with_what_was_in_its_way_and_where(spool, relay, parts, said):
    spool.run("-odq", "-f", "ann@example.net", "bob@example.org", stdin=TEXT).ok()
    spool.make_older(7200)
    there = relay("ehlo pipelining 8bitmime", *parts)
    spool.run("-qf", relay=there, more="queue_lifetime 1h\n")
    spool.run("-q", relay=there).ok()
    text, status, _ = bounce_of(there.message)
    assert "it could not be handed over in time: " + said.format("127.0.0.1:%d" % there.port) in text.replace("\r\n", "\n") and status[1]["Status"] == "4.4.7"
    assert "Diagnostic-Code" not in status[1]      # which is for an answer to the mail, octet by octet


def test_warning_that_mail_waits_says_what_is_in_its_way_and_where(spool, relay):
    spool.run("-odq", "-f", "ann@example.net", "bob@example.org", stdin=TEXT).ok()
    spool.make_older(7200)
    there = relay("ehlo pipelining 8bitmime", 'greet "421 4.3.2 not now" 220')
    spool.run("-qf", relay=there, more="queue_warning 1h\n")
    spool.run("-q", relay=there).ok()
    warned, = [mail for mail in there.messages if mail.sender == ""]
    assert "greeting to 127.0.0.1:%d: 421 4.3.2 not now" % there.port in bounce_of(warned)[0]


def test_expired_mail_comes_back_with_the_answer_as_the_relay_gave_it(spool, relay):
    spool.run("-odq", "-f", "ann@example.net", "bob@example.org", stdin=TEXT).ok()
    spool.make_older(7200)
    there = relay("ehlo pipelining 8bitmime", 'rcpt-to bob@example.org "450 4.2.0 later"')
    spool.run("-qf", relay=there, more="queue_lifetime 1h\n")
    spool.run("-q", relay=there).ok()
    text, status, _ = bounce_of(there.message)
    assert "450 4.2.0 later" in text and (status[1]["Status"], status[1]["Diagnostic-Code"]) == ("4.4.7", "smtp; 450 4.2.0 later")


def test_who_is_refused_is_told_of_at_once_and_once_though_others_still_wait(spool, relay):
    spool.run("-odq", "-f", "ann@example.net", "bob@example.org", "carl@example.org", "dan@example.org", stdin=TEXT).ok()
    first = relay("ehlo pipelining 8bitmime", 'rcpt-to bob@example.org "550 5.1.1 nobody here"', "rcpt-to carl@example.org 450")
    assert "for some of its recipients" in spool.run("-q", relay=first).err
    assert sorted(name[26:] for name in spool.names()) == ["", ".b1"] and spool.names("failed") == []
    assert "bob@example.org: refused" in spool.run(name="mailq").out
    second = relay("ehlo pipelining 8bitmime", 'rcpt-to carl@example.org "550 5.7.1 go away"')
    spool.run("-qf", relay=second)
    spool.run("-qf", relay=second)
    told = {tuple(part["Final-Recipient"] for part in bounce_of(mail)[1][1:]) for mail in second.messages}
    assert told == {("rfc822; bob@example.org",), ("rfc822; carl@example.org",)} and len(second.messages) == 2
    assert spool.names() == [] and len(spool.names("failed")) == 1


@pytest.mark.parametrize("mode, bounced", [([], False), (["-oep"], False), (["-oeq"], False), (["-oem"], True), (["-oew"], True),
                                           (["-oee"], True), (["-em"], True), (["-O", "ErrorMode=m"], True)])
def test_refusal_at_the_first_try_comes_back_by_mail_where_that_was_asked_for(spool, relay, mode, bounced):
    there = relay("ehlo pipelining 8bitmime", 'rcpt-to bob@example.org "550 5.1.1 nobody here"')
    done = spool.run(*mode, "-i", "-f", "ann@example.net", "bob@example.org", "carl@example.org", stdin=TEXT, relay=there)
    assert done.status == 67 and ("nobody here" in done.err) == (mode != ["-oeq"]) and there.messages[0].recipients == ["carl@example.org"]
    spool.run("-q", relay=there).ok()
    assert len(there.messages) == 1 + bounced and spool.files() == []
    if bounced:
        text, status, back = bounce_of(there.messages[1])
        assert "550 5.1.1 nobody here" in text and status[1]["Status"] == "5.1.1" and back.get_content_type() == "message/rfc822"
        assert there.messages[1].recipients == ["ann@example.net"] and there.messages[1].sender == ""


@pytest.mark.parametrize("more, args", [("queue off\n", []), ("", ["-f", ""]), ("", ["-N", "never"])])
def test_refusal_at_the_first_try_makes_no_mail_where_none_is_wanted(spool, mysend, relay, more, args):
    there = relay("ehlo pipelining dsn", "rcpt 550")
    config = spool.config(there).replace("queue on\n", more or "queue on\n")
    assert mysend("-oem", *args, "bob@example.org", stdin=TEXT, config=config).status == 67
    assert spool.files() == []


def test_recipient_beyond_ascii_is_told_of_as_rfc_6533_has_it(spool, relay):
    spool.run("-odq", "-f", "ann@example.net", "b\u00f6b@example.org", stdin=TEXT).ok()
    spool.run("-q", relay=relay("ehlo pipelining 8bitmime smtputf8", "rcpt 550"))
    there = relay("ehlo pipelining 8bitmime")
    spool.run("-q", relay=there).ok()
    text, status, _ = bounce_of(there.message)
    assert "b\u00f6b@example.org" in text and status[1]["Final-Recipient"] == "utf-8; b\\x{F6}b@example.org"
    assert there.message.field("Content-Transfer-Encoding") == "8bit"


@pytest.mark.parametrize("domain", ["mail.example", ".".join("department%d" % i for i in range(6)) + ".example"])
def test_relay_that_answers_in_utf_8_is_quoted_in_the_text_and_escaped_in_the_report(spool, relay, domain):
    spool.run("-odq", "-f", "ann@example.net", "-i", "bob@example.org", stdin=b"Subject: x\n\nbody\n").ok()
    spool.run("-q", relay=relay("ehlo pipelining 8bitmime", 'rcpt "550 5.1.1 Empf\u00e4nger unbekannt"'), env={"MYSEND_MAILDOMAIN": domain})
    there = relay("ehlo pipelining 8bitmime")
    spool.run("-q", relay=there).ok()
    text, status, _ = bounce_of(there.message)
    assert "550 5.1.1 Empf\u00e4nger unbekannt" in text and status[1]["Diagnostic-Code"] == "smtp; 550 5.1.1 Empf\\x{E4}nger unbekannt"
    assert there.message.field("Content-Transfer-Encoding") == "8bit" and "BODY=8BITMIME" in there.commands[1]
    assert there.message.body.split(b"message/delivery-status", 1)[1].split(b"\r\n--", 1)[0].isascii()
    assert len(re.search('boundary="(.*)"', there.message.field("Content-Type"))[1]) <= 70


def test_original_recipient_of_a_report_is_no_xtext(spool, relay):
    spool.run("-bs", "-odq", name="sendmail",
              stdin=b"EHLO x\r\nMAIL FROM:<ann@example.net> ENVID=a+2Bb\r\nRCPT TO:<bob@example.org> ORCPT=rfc822;bob+2Btag@example.org\r\n"
                    b"RCPT TO:<carl@example.org> ORCPT=utf-8;j+C3+BCrgen@example.org\r\nDATA\r\nSubject: x\r\n\r\nb\r\n.\r\nQUIT\r\n")
    spool.run("-q", relay=relay("ehlo pipelining", "rcpt 550 550"))
    there = relay("ehlo pipelining")
    spool.run("-q", relay=there).ok()
    _, status, _ = bounce_of(there.message)
    assert status[0]["Original-Envelope-Id"] == "a+b" and status[1]["Original-Recipient"] == "rfc822;bob+tag@example.org"
    assert status[2]["Original-Recipient"] == "utf-8;j\\x{FC}rgen@example.org"


def test_sender_of_a_mail_to_very_many_is_told_of_all(spool, relay):
    spool.run("-odq", "-f", "ann@example.net", *["u%d@example.org" % i for i in range(1100)], stdin=TEXT).ok()
    spool.run("-q", relay=relay("ehlo pipelining", 'rcpt "550 5.1.1 nobody here"'))
    there = relay("ehlo pipelining 8bitmime")
    spool.run("-q", relay=there).ok()
    text, status, _ = bounce_of(there.message)
    assert "and 100 more, named in the next part of this report." in text and text.count("550 5.1.1 nobody here") == 1000
    assert {part["Final-Recipient"] for part in status[1:]} == {"rfc822; u%d@example.org" % i for i in range(1100)}
