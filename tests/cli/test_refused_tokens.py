"""A token that the relay refuses, in all the forms of real relays: what is told, which status, and what is said on the way."""
import base64
import json

import pytest

from given import PLAIN as TEXT, trusting
from refusals import DOVECOT, GMAIL, OFFICE, RFC

ENDS = "the token is too near its end: have password_command fetch a fresh one, or let mysend do it (contrib/oauth.md)"
OLD = "the secret is a token, which ends after an hour or so: have password_command print a fresh one, or mysend fetch it (contrib/oauth.md); if it is fresh: is it for this relay, and for joe?"
MAILBOX = "the token may be good, but joe's mailbox is not opened to it: give the service principal (object id of Enterprise applications) permission on it, and wait 30 minutes"
OFF = 'SMTP AUTH is switched off: the tenant\'s administrator has to allow it for the mailbox joe ("Authenticated SMTP"); until then no other password helps, and no token'


def scope(name):
    return "has the token expired? the relay wants one for the scope " + name


# Why the token is refused (JSON behind 334, or "" for no 334), the answer to AUTH, the status, what is told of it, the hint of an account
# whose token comes from a command.

ROWS = [
    ("gmail", GMAIL, "535 5.7.8 Username and Password not accepted. For more information, go to https://support.google.com/mail/?p=BadCredentials x - gsmtp", 77, scope("https://mail.google.com/")),
    ("rfc7628", RFC, "535 5.7.8 Error: authentication failed", 77, scope("mail.send")),
    ("dovecot", DOVECOT, "535 5.7.8 Authentication failed", 77, OLD),
    ("exchange at once", "", "535 5.7.3 Authentication unsuccessful " + OFFICE, 77, MAILBOX),
    ("5.7.8 at once", "", "535 5.7.8 Error: authentication failed: Invalid authentication mechanism", 77, OLD),
    ("tenant", "", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information. " + OFFICE, 77, OFF),
    ("hve", "", "501 5.5.127 Invalid XOAUTH2 auth data - Token will expire soon", 77, ENDS),
    ("hve user", "", "501 5.5.124 Invalid XOAUTH2 auth data - User address provided is not valid.", 77, "the relay does not know joe as a mailbox: set user to its whole address"),
    ("passwords ended", "", "550 5.7.30 Basic authentication is not supported for Client Submission.", 77, "this provider takes passwords no more, but tokens: set oauth client or oauth login, as contrib/oauth.md says"),
    ("later", "", "454 4.7.0 Temporary authentication failure", 75, None),
    ("exchange is busy", "", "451 4.7.0 Temporary server error. Please try again later. PRX4 " + OFFICE, 75, None),
    ("closed behind 334", GMAIL, "drop", 77, scope("https://mail.google.com/")),
    ("silent behind 334", RFC, "hang", 77, scope("mail.send")),
    ("its own fault", '{"status":"503","schemes":"Bearer"}', "drop", 75, None),
]


def told(row, mechanism):
    """libcurl ends XOAUTH2 at 334; of OAUTHBEARER it hears the answer (RFC 7628 3.2.3)."""
    why, answer = row[1:3]
    at_334 = why and (mechanism == "xoauth2" or answer in ("drop", "hang"))
    words = "the relay cannot check the login just now: 334 " if '"503"' in why else "the relay does not take the login: 334 "
    return words + why if at_334 else answer


@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_why_a_token_is_refused_is_told_whatever_the_form(mysend, relay, certs, row, mechanism, tls):
    name, why, answer, status, hint = row
    one = relay("ehlo pipelining auth=%s%s" % (mechanism, " starttls" if tls else ""), "user joe good", ("why", why), ("auth", answer), "lax")
    config = trusting(one, certs, "timeout 2\n") if tls else "account default\nhost 127.0.0.1\nport %d\nfrom me@example.net\ntls off\ntimeout 2\n" % one.port
    done = mysend("-v", "bob@example.org", stdin=TEXT, config=config + "queue off\nuser joe\npassword hunter2token\nauth %s\n" % mechanism)
    assert done.status == status and not one.transactions and len(one.sessions) == 1 and not one.messages, done
    assert done.errors[-1] == "mysend: login to 127.0.0.1:%d: %s" % (one.port, told(row, mechanism)), done
    assert done.hints == (["mysend: hint: " + hint] if hint else []), done
    assert "hunter2" not in done.err and base64.b64encode(b"hunter2token").decode()[4:-4] not in done.err
    if why:
        assert "<<< 334 " + why in done.err, done


@pytest.mark.parametrize("where, answer, status, hint", [
    ("mail", "550 5.7.60 SMTP; Client does not have permissions to send as this sender", 77, "joe has no right to send as that address: set force_from to joe's own address, or have the administrator grant Send As on that mailbox"),
    ("end", "554 5.2.252 SendAsDenied; joe@example.net not allowed to send as me@example.net; STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied", 77,
     "joe has no right to send as that address: set force_from to joe's own address, or have the administrator grant Send As on that mailbox"),
    ("mail", "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP.", 77, "Exchange takes no mail of this tenant, new or on trial as a rule, from here, whatever the settings: its administrator has to ask Microsoft's support"),
    ("end", "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP.", 69, "Exchange takes no mail of this tenant, new or on trial as a rule, from here, whatever the settings: its administrator has to ask Microsoft's support"),
    ("mail", "530 5.7.57 Client not authenticated to send mail. " + OFFICE, 77, "the login as joe went well, but may not send: have its administrator look whether the mailbox has a licence, and whether SMTP AUTH is allowed for it"),
], ids=["5.7.60 at MAIL", "SendAsDenied at DATA", "5.7.708 at MAIL", "5.7.708 at DATA", "5.7.57 at MAIL"])
def test_what_the_relay_refuses_behind_the_login_is_no_fault_of_the_token(mysend, relay, where, answer, status, hint):
    one = relay("ehlo pipelining auth=xoauth2", (where, answer))
    done = mysend("bob@example.org", stdin=TEXT, relay=one, config="queue off\nuser joe\npassword hunter2token\nauth xoauth2\n")
    assert (done.status, done.hints, len(one.sessions)) == (status, ["mysend: hint: " + hint], 1), done
    assert answer in done.errors[0], done


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_a_long_token_goes_behind_the_relays_question(mysend, relay, mechanism):
    """A line of SMTP has 512 octets, and tokens of Microsoft have 2,500 (RFC 4954 4, "initial response")."""
    token = "eyJ0eXAiOiJKV1Qi." + "x" * 2500
    one = relay("ehlo pipelining auth=" + mechanism, ("user", "joe", token))
    mysend("bob@example.org", stdin=TEXT, relay=one, config="user joe\npassword %s\nauth %s\n" % (token, mechanism)).ok()
    assert one.logins[0].ok and [line.text for line in one.session.lines if line.text.startswith("AUTH")] == ["AUTH " + mechanism.upper()]


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_a_long_token_that_is_refused_is_told_as_a_short_one_is(mysend, relay, mechanism):
    one = relay("ehlo pipelining auth=" + mechanism, "user joe good", ("why", GMAIL))
    done = mysend("-v", "bob@example.org", stdin=TEXT, relay=one, config="queue off\nuser joe\npassword %s\nauth %s\n" % ("x" * 3000, mechanism))
    assert done.status == 77 and done.hints == ["mysend: hint: " + scope("https://mail.google.com/")] and "xxxx" not in done.err, done


@pytest.mark.parametrize("why", ['{"scope":7,"status":"401"}', '{"scope"', '{"x":"scope","scope":"mail"}', '{ "scope" : "mail" }\n', '{"scope":""}', "{}", "no JSON", '{"scope":"a\\u001bb"}'])
def test_json_of_any_kind_is_read_or_left(mysend, relay, why):
    one = relay("ehlo pipelining auth=xoauth2", "user joe good", ("why", why))
    done = mysend("bob@example.org", stdin=TEXT, relay=one, config="queue off\nuser joe\npassword hunter2token\nauth xoauth2\n")
    hint = done.hints[0].replace("mysend: hint: ", "")
    try:
        wanted = json.loads(why).get("scope")
    except ValueError:
        wanted = None
    assert done.status == 77 and done.errors[0].isprintable() and hint.isprintable(), done
    assert hint == (scope("mail") if wanted == "mail" else OLD) or wanted == "a\x1bb", done


@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_what_is_no_token_is_not_called_one(mysend, relay, mechanism):
    """A relay that answers a password with 2yz or with one more question lets nobody in."""
    one = relay("ehlo pipelining auth=" + mechanism, "auth 250", "lax")
    done = mysend("bob@example.org", stdin=TEXT, relay=one, config="queue off\nuser joe\npassword secret\nauth %s\n" % mechanism)
    assert done.status == 77 and not done.hints and "the relay does not take the login: 250" in done.errors[0], done
