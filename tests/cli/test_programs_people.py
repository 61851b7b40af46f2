"""What people send mail with, run for real: git, mail user agents, Emacs, nmh."""
import pytest

from programs import BODY, Host, need
from waiting import wait_for

TO = ["bob@example.org", "dora@example.org"]        # dora is a blind copy


@pytest.fixture
def host(binary, tmp_path, relay):
    return Host(binary, tmp_path, relay("ehlo pipelining chunking 8bitmime dsn"))


@pytest.fixture
def refusing(binary, tmp_path, relay):
    return Host(binary, tmp_path, relay("ehlo pipelining", 'rcpt "550 5.1.1 nobody here"'))


PATCH = """From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: Ann Dev <ann@example.net>
Date: Mon, 23 Nov 2026 10:00:00 +0000
Subject: [PATCH] x: caf\u00e9
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit

caf\u00e9
.
---
 x | 2 +-

-- 
2.39.5
"""


def git_email():
    need("/usr/lib/git-core/git-send-email")


@pytest.mark.parametrize("more, sender", [([], None), (["--envelope-sender=ann@example.net"], "ann@example.net")])
def test_git_send_email_sends_a_patch(host, more, sender):
    git_email()
    send(host, *more)
    mail = host.arrived(TO, sender=sender, body="caf\u00e9\n.\n---\n x | 2 +-\n\n-- \n2.39.5\n")
    assert mail.field("From") == "Ann Dev <ann@example.net>" and mail.field("To") == "bob@example.org"


def send(host, *more, status=0):
    patch = host.write("x.patch", PATCH)
    return host.run("git", "send-email", "--sendmail-cmd=" + host.sendmail, "--from=Ann Dev <ann@example.net>", "--to=bob@example.org", "--bcc=dora@example.org",
                    "--confirm=never", "--suppress-cc=all", "--quiet", *more, patch, env={"GIT_CONFIG_NOSYSTEM": "1", "EMAIL": "ann@example.net"}, status=status)


def test_git_send_email_hears_of_a_refusal(refusing):
    git_email()
    assert "550 5.1.1 nobody here" in send(refusing, status=None).said


def mutt(host, program, status=0, **settings):
    need(program)
    rc = host.write("muttrc", "set sendmail='%s -oem -oi'\nset from=ann@example.net\nset copy=no\nset charset=utf-8\nset send_charset=utf-8\nset realname='Ann'\n" % host.sendmail +
                    "".join("set %s=%s\n" % item for item in settings.items()))
    return host.run(program, "-n", "-F", rc, "-s", "hello", "-b", "dora@example.org", "bob@example.org", stdin="caf\u00e9\n.\nend\n", status=status)


@pytest.mark.parametrize("program", ["mutt", "neomutt"])
def test_mutt_sends(host, program):
    mutt(host, program, use_envelope_from="yes", use_8bitmime="yes", dsn_notify="failure,delay", dsn_return="hdrs", allow_8bit="yes")
    mail = host.arrived(TO, sender="ann@example.net", subject="hello")
    assert "caf\u00e9\r\n.\r\nend" in mail.text and any("NOTIFY=FAILURE,DELAY" in line for line in host.relay.commands)


def test_mutt_hears_of_a_refusal(refusing):
    assert "67" in mutt(refusing, "mutt", status=None).said


def test_s_nail_sends(host):
    need("s-nail")
    host.run("s-nail", "-:/", "-S", "v15-compat", "-S", "mta=" + host.sendmail, "-S", "from=ann@example.net", "-S", "sendwait", "-s", "hello",
             "-b", "dora@example.org", "bob@example.org", stdin=BODY)
    host.arrived(TO, subject="hello", body=BODY)


def test_s_nail_hears_of_a_refusal(refusing):
    need("s-nail")
    assert "nobody here" in refusing.run("s-nail", "-:/", "-S", "v15-compat", "-S", "mta=" + refusing.sendmail, "-S", "sendwait", "-s", "hello",
                                         "bob@example.org", stdin=BODY, status=None).said


def test_bsd_mailx_sends(host):
    need("bsd-mailx")
    host.write("home/.mailrc", "set sendmail=%s\nset sendwait\n" % host.sendmail)
    host.run("bsd-mailx", "-s", "hello", "-b", "dora@example.org", "bob@example.org", stdin=BODY)
    host.arrived(TO, subject="hello", body=BODY)


def test_mailutils_sends(host):
    need("mail.mailutils")
    host.run("mail.mailutils", "--exec", "set sendmail=\"sendmail:%s\"" % host.sendmail, "-s", "hello", "-a", "Bcc: dora@example.org", "-r", "ann@example.net",
             "bob@example.org", stdin="first line\n..\nlast line\n")      # it ends at a dot itself
    host.arrived(TO, sender="ann@example.net", subject="hello", body="first line\n..\nlast line\n")


EMACS = """(progn (require 'sendmail) (require 'message)
 (setq user-mail-address "ann@example.net" user-full-name "Ann" mail-specify-envelope-from t mail-envelope-from "ann@example.net" message-interactive %(interactive)s
       mail-interactive %(interactive)s sendmail-program "%(sendmail)s" send-mail-function 'sendmail-send-it message-send-mail-function 'message-send-mail-with-sendmail)
 %(do)s)"""
COMPOSE = {
    "mail": '(with-temp-buffer (insert "To: bob@example.org\\nBcc: dora@example.org\\nSubject: hello\\n" mail-header-separator "\\n%s") (mail-send))',
    "message": '(with-temp-buffer (message-mode) (insert "From: Ann <ann@example.net>\\nTo: bob@example.org\\nBcc: dora@example.org\\nSubject: hello\\n" '
               'mail-header-separator "\\n%s") (message-send))',
}


@pytest.mark.parametrize("interactive", ["t", "nil"])
@pytest.mark.parametrize("how", COMPOSE)
def test_emacs_sends(host, how, interactive):
    """It takes any word on standard output or error for a failure."""
    need("emacs")
    lisp = EMACS % {"interactive": interactive, "sendmail": host.sendmail, "do": COMPOSE[how] % BODY.replace("\n", "\\n")}
    host.run("emacs", "--batch", "-Q", "--eval", lisp)
    host.relay.wait_for_message()     # without interactive it does not wait
    host.arrived(TO, sender="ann@example.net", subject="hello", body=BODY)


def nmh(host, mts):
    need("/usr/bin/mh/send")
    host.write("home/.mh_profile", "Path: Mail\nLocal-Mailbox: Ann <ann@example.net>\n")
    host.write("home/Mail/draft", "From: Ann <ann@example.net>\nTo: bob@example.org\nBcc: dora@example.org\nSubject: hello\n--------\n" + BODY)
    conf = host.write("mts.conf", "mts: %s\nsendmail: %s\n" % (mts, host.sendmail))
    host.run("/usr/bin/mh/send", "-nomsgid", host.home + "/Mail/draft", env={"MHMTSCONF": conf, "MH": host.home + "/.mh_profile"})


@pytest.mark.parametrize("mts", ["sendmail/pipe", "sendmail/smtp"])
def test_nmh_sends_a_message_and_a_blind_copy(host, mts):
    """By a pipe, and with -bs -odb: a transaction that only asks, then two messages, each from a process behind."""
    nmh(host, mts)
    wait_for(lambda: len(host.relay.messages) == 2)
    host.relay.settle()
    mails = sorted(host.relay.messages, key=lambda mail: mail.recipients)
    assert [mail.recipients for mail in mails] == [["bob@example.org"], ["dora@example.org"]]
    assert b"first line\r\n.\r\nlast line\r\n" in mails[0].content
    assert all(mail.field("Bcc") is None and mail.field("Subject") == "hello" for mail in mails)
