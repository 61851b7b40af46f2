"""The envelope sender: -f, the account's from, force_from (mysend-compat(7), OPTIONS, HEADER AND SENDER)."""
import email.utils
import os
import socket

import pytest

from given import PLAIN as TEXT

HOST = "account default\nhost 127.0.0.1\nport 1\ntls off\n"


@pytest.mark.parametrize("args, sender", [
    (["-f", "s@example.net"], "s@example.net"),
    (["-fs@example.net"], "s@example.net"),
    (["-r", "s@example.net"], "s@example.net"),
    (["-rs@example.net"], "s@example.net"),
    (["-f", ""], ""),
    (["-f", "<>"], ""),
    (["-f<>"], ""),
    (["-r", ""], ""),
    (["-f", "<s@example.net>"], "s@example.net"),
    (["-f", "Name X <s@example.net>"], "s@example.net"),
    (["-f", "s@example.net (Comment)"], "s@example.net"),
    (["-f", '"q l"@example.net'], '"q l"@example.net'),
    (["-f", "bob"], "bob@host.example"),
    (["-f", "s@example.net", "-f", "u@example.net"], "u@example.net"),
    (["-f", "s@example.net", "-r", "u@example.net"], "u@example.net"),
    (["-r", "s@example.net", "-f", "u@example.net"], "u@example.net"),
    (["-f", "s@example.net", "-f", ""], ""),
    (["-i", "-fs@example.net", "-i"], "s@example.net"),
    ([], "me@example.net"),
])
def test_sender_is_the_last_f_or_r_in_any_form(mysend, args, sender):
    assert mysend.dry(*args, stdin=TEXT, config="maildomain host.example\n").sender == sender


@pytest.mark.parametrize("sender", ["", "<>"])
def test_null_sender_goes_out_as_two_brackets(mysend, relay, sender):
    one = relay()
    mysend("-f", sender, "bob@example.org", stdin=TEXT, relay=one).ok()
    assert one.message.sender == ""
    assert any(text.upper().startswith("MAIL FROM:<>") for text in one.commands)


@pytest.mark.parametrize("bad", ["a@x.org>\nRCPT TO:<evil@x.org", "a@x.org\r\nDATA", "a\n", "a\r@x.org", "a\x01@x.org", "a@x.org\n"])
def test_injection_in_f_is_refused_before_connecting(mysend, relay, bad):
    one = relay()
    result = mysend("-f", bad, "bob@example.org", stdin=TEXT, relay=one)
    assert result.status in (64, 65), result
    assert len(result.err.splitlines()) == 1 and not one.sessions


@pytest.mark.parametrize("bad", ["a@", "@x.org", "a@@x.org", "<a@x.org", "a@x..org", "a@x.org, b@x.org"])
def test_bad_sender_is_refused_before_connecting(mysend, relay, bad):
    one = relay()
    result = mysend("-f", bad, "bob@example.org", stdin=TEXT, relay=one)
    assert result.status in (64, 65) and not one.sessions, result


def test_from_of_the_account_is_the_sender(mysend, relay):
    one = relay()
    mysend("bob@example.org", stdin=TEXT, relay=one).ok()
    assert one.message.sender == "me@example.net"


def test_sender_is_not_taken_from_the_from_field(mysend):
    result = mysend.dry(stdin=b"From: other@example.org\nSender: third@example.org\nReturn-Path: <fourth@example.org>\n\nb\n")
    assert result.sender == "me@example.net"


def test_without_from_and_without_a_domain_the_error_names_from(mysend):
    if "." in socket.getfqdn() or os.path.exists("/etc/mailname"):
        pytest.skip("this host has a domain")
    result = mysend("--dry-run", "bob@example.org", stdin=TEXT, config=HOST)
    line = result.failed(78)
    assert "from" in line.split() or "from" in result.err.replace("'", " ").replace('"', " ").replace(",", " ").split()


def test_without_from_maildomain_makes_the_sender(mysend):
    import pwd
    result = mysend("--dry-run", "bob@example.org", stdin=TEXT, config=HOST + "maildomain host.example\n")
    assert result.sender == pwd.getpwuid(os.getuid()).pw_name + "@host.example"


def test_USER_and_LOGNAME_and_EMAIL_do_not_change_the_sender(mysend):
    import pwd
    env = {"USER": "mallory", "LOGNAME": "mallory", "EMAIL": "mallory@evil.example", "MAILUSER": "mallory"}
    result = mysend("--dry-run", "bob@example.org", stdin=TEXT, config=HOST + "maildomain host.example\n", env=env)
    assert result.sender == pwd.getpwuid(os.getuid()).pw_name + "@host.example" and b"mallory" not in result.raw_out


@pytest.mark.parametrize("args, text", [
    ([], TEXT),
    (["-f", "caller@example.org"], TEXT),
    (["-f", ""], TEXT),
    (["-f", "caller@example.org"], b"From: Caller Name <caller@example.org>\nSubject: x\n\nb\n"),
    (["-F", "Some Name"], b"From: caller@example.org\nSubject: x\n\nb\n"),
    ([], b"From: caller@example.org (Old Style)\nSubject: x\n\nb\n"),
    ([], b"From: a@example.org,\n b@example.org\nSubject: x\n\nb\n"),
    ([], b"from : caller@example.org\nSubject: x\n\nb\n"),
])
def test_force_from_is_envelope_sender_and_from_field_whatever_the_caller_says(mysend, args, text):
    result = mysend.dry(*args, stdin=text, config="force_from only@example.net\n")
    assert result.sender == "only@example.net"
    fields = result.all("From")
    assert len(fields) == 1
    assert [address for _, address in email.utils.getaddresses(fields)] == ["only@example.net"]
    assert b"caller@" not in result.message and b"a@example.org" not in result.message


def test_force_from_and_from_field_already_right_passes_byte_for_byte(mysend):
    result = mysend.dry(stdin=b"From:  The  Boss <only@example.net>\nSubject: x\n\nb\n", config="force_from only@example.net\n")
    assert result.get("From").strip() == "The  Boss <only@example.net>" or "only@example.net" in result.get("From")


@pytest.mark.parametrize("sender, account", [("work@corp.example", "a.test"), ("any@home.example", "b.test"), ("x@nowhere.example", "c.test"),
                                             ("WORK@CORP.EXAMPLE", "a.test")])
def test_account_is_chosen_by_the_sender(mysend, relay, sender, account):
    one = relay()
    config = "".join("account %s\nhost 127.0.0.1\nport %d\ntls off\nfrom %s\ndomain %s\n" % (name, one.port, pattern, name)
                     for name, pattern in (("a.test", "work@corp.example"), ("b.test", "*@home.example"), ("c.test", "me@example.net")))
    mysend("-f", sender, "bob@example.org", stdin=TEXT, config=config + "account default : c.test\n").ok()
    assert one.session.ehlo == account and one.message.sender.lower() == sender.lower()


def test_option_a_beats_the_choice_by_sender(mysend, relay):
    one = relay()
    config = "".join("account %s\nhost 127.0.0.1\nport %d\ntls off\nfrom %s\ndomain %s.test\n" % (name, one.port, pattern, name)
                     for name, pattern in (("a", "work@corp.example"), ("b", "me@example.net")))
    mysend("-a", "b", "-f", "work@corp.example", "bob@example.org", stdin=TEXT, config=config).ok()
    assert one.session.ehlo == "b.test" and one.message.sender == "work@corp.example"


def test_allow_from_override_off_ignores_f(mysend):
    assert mysend.dry("-f", "caller@example.org", stdin=TEXT, config="allow_from_override off\n").sender == "me@example.net"


@pytest.mark.parametrize("pattern, want", [("%U@example.net", "{user}@example.net"), ("me@%H.example", "me@{host}.example")])
def test_from_has_msmtps_patterns(mysend, pattern, want):
    import pwd
    names = {"user": pwd.getpwuid(os.getuid()).pw_name, "host": socket.gethostname()}
    result = mysend("--dry-run", "bob@example.org", stdin=TEXT, config=HOST + "from %s\n" % pattern)
    assert result.sender == want.format(**names), result


@pytest.mark.parametrize("header", [
    b"From:\nTo: a@x.example\n", b"From: a@b.example\nTo: a@x.example\nResent-To: c@d.example\n",
])
def test_null_sender_with_a_from_to_be_made_gets_the_default_identity(mysend, header):
    result = mysend.dry("-t", "-f", "<>", stdin=header + b"\nb\n", to=())
    assert result.sender == "" and b"me@example.net" in result.head


def test_from_with_an_address_literal_is_no_pattern(mysend):
    assert mysend.dry("--from", "root@[127.0.0.1]", stdin=TEXT).sender == "root@[127.0.0.1]"


def test_empty_from_beside_another_does_not_leave(mysend):
    assert mysend.dry(stdin=b"From:\nFrom: a@b.example\n\nb\n").head.count(b"From:") == 1


no_domain = pytest.mark.skipif("." in socket.getfqdn() or os.path.exists("/etc/mailname"), reason="this host has a domain")


@no_domain
@pytest.mark.parametrize("args, field, wanted", [
    ([], "root", "server@example.com"), ([], "root (Cron Daemon)", "server@example.com (Cron Daemon)"),
    (["-f", "root"], "root (Cron Daemon)", "server@example.com (Cron Daemon)"), (["-froot"], '"Cron, Daemon" <root>', '"Cron, Daemon" <server@example.com>'),
    ([], "Cron <root@localhost>", "Cron <server@example.com>"), (["-FCronDaemon"], None, "CronDaemon <server@example.com>"),
    (["-f", "other@example.net"], "root", "server@example.com"),
])
def test_sender_without_a_domain_on_a_host_that_has_none_is_the_address_in_from(mysend, relay, args, field, wanted):
    one = relay()
    text = b"From: %s\nSubject: Cron\n\nx\n" % field.encode() if field else b"Subject: Cron\n\nx\n"
    done = mysend("-i", *args, "-t", "admin@example.org", name="sendmail", stdin=text,
                  config="account default\n%sfrom server@example.com\n" % mysend.where(one)).ok()
    assert done.err == "" and one.message.sender == ("other@example.net" if "other@example.net" in args else "server@example.com")
    assert ("From: %s\r\n" % wanted).encode() in one.message.body, one.message.body


@no_domain
@pytest.mark.parametrize("name", ["Sender", "Resent-From", "Resent-Sender", "Reply-To"])
def test_every_field_of_a_sender_is_mended_alike(mysend, name):
    done = mysend("--dry-run", "-t", stdin=b"From: a@b.example\nTo: c@d.example\nResent-To: c@d.example\nResent-From: a@b.example\n%s: Root <root>\n\nx\n"
                  .replace(b"Resent-From: a@b.example\n", b"" if name == "Resent-From" else b"Resent-From: a@b.example\n") % name.encode(),
                  config="host x\nfrom server@example.com\naliases off\n")
    assert done.status == 0 and name + ": Root <server@example.com>\n" in done.out.replace("\r\n", "\n"), done.out


@no_domain
@pytest.mark.parametrize("head", ["To: root", "Cc: bob", "Resent-To: root", "Bcc: root"])
def test_recipient_without_a_domain_never_gets_that_of_from_and_is_told_of_root_to(mysend, relay, head):
    one = relay()
    done = mysend("-t", stdin=("From: root\nTo: a@b.example\n%s\n\nx\n" % head).encode(), relay=one, config="aliases off\n")
    assert done.status == 78 and "has no domain" in done.err and "hint: set root_to " in done.err and not one.transactions, done


@no_domain
@pytest.mark.parametrize("more, wanted", [("force_from f@example.com\n", "f@example.com"), ("from *@example.com\n", None), ("", None), ("from root\n", None)])
def test_only_an_address_stands_for_a_sender_without_a_domain(mysend, more, wanted):
    done = mysend("--dry-run", "-f", "root", "bob@example.org", stdin=b"From: root\n\nx\n", config="host x\n" + more)
    if wanted:
        assert done.status == 0 and "MAIL FROM:<%s>\n" % wanted in done.out and "From: %s\r\n" % wanted in done.out.replace("\n", "\r\n").replace("\r\r", "\r")
    else:
        assert done.status == 78 and "hint: set from to the address" in done.err, done
