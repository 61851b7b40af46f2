"""What happens with a token of oauth at the relay: one that it refuses is fetched anew, once; what it then says is told."""
import json

import pytest

import tokens
from first_hour import WAYS, Caller, Fault
from given import PLAIN as TEXT
from refusals import GMAIL, OFFICE, RFC

FLOWS = pytest.mark.parametrize("flow", ["client", "login"])
BOTH = pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
# How a relay refuses a token: why, behind 334; the answer.
FORMS = {"gmail": (GMAIL, "535 5.7.8 Username and Password not accepted."), "rfc7628": (RFC, "535 5.7.8 Error: authentication failed"), "at once": ("", "535 5.7.3 Authentication unsuccessful " + OFFICE),
         "5.7.8 at once": ("", "535 5.7.8 Error: authentication failed"), "hve": ("", "501 5.5.127 Invalid XOAUTH2 auth data - Token will expire soon"),
         "closed behind 334": (GMAIL, "drop")}


def stale(one, flow, obtained=1000):
    """A state whose token seems good here, and is not for the relay."""
    access, refresh = one.user_token()
    one.expire()
    tokens.write(one, access, refresh if flow == "login" else "", obtained=obtained)
    return access


def config_of(one, flow, more=""):
    return one.account(flow) + "queue off\n" + more


def refusing(relay, one, mechanism, form="at once", *parts, takes=True, tls=""):
    why, answer = FORMS[form]
    return relay("ehlo pipelining auth=" + mechanism + tls, ("why", why), ("auth", answer, "ok") if takes else ("auth", answer), *parts, "lax", who=one.who)


@BOTH
@FLOWS
@pytest.mark.parametrize("form", FORMS)
def test_stale_token_in_the_file_is_healed_by_one_exchange(mysend, relay, provider, flow, mechanism, form):
    one = provider("refresh rotate")
    old = stale(one, flow)
    post = refusing(relay, one, mechanism, form)
    mysend("bob@example.org", stdin=TEXT, relay=post, config=config_of(one, flow)).ok()
    assert len(post.messages) == 1 and len(post.sessions) == 2 and [who.ok for who in post.logins] == [False, True]
    assert len(one.asked()) == 1 and post.logins[0].password == old != post.logins[1].password == tokens.read(one)["Access"]
    mysend("bob@example.org", stdin=TEXT, relay=post, config=config_of(one, flow)).ok()
    assert len(post.sessions) == 3 and len(one.asked()) == 1


@BOTH
@FLOWS
def test_fresh_token_that_is_refused_is_final_and_the_relay_is_not_asked_again(mysend, relay, provider, flow, mechanism):
    """One that was fetched for this very login costs one connection; one out of the file two, and one exchange."""
    one = provider()
    if flow == "login":
        tokens.logged_in(one)
    post = relay("ehlo pipelining auth=" + mechanism, ("why", ""), "auth '535 5.7.8 no'", "lax", who=one.who)
    done = mysend("bob@example.org", stdin=TEXT, relay=post, config=config_of(one, flow))
    assert done.status == 77 and (len(post.sessions), len(one.asked())) == (1, 1), done
    tokens.write(one, *(one.user_token() if flow == "login" else (one.user_token()[0], "")), obtained=1000)
    done = mysend("bob@example.org", stdin=TEXT, relay=post, config=config_of(one, flow))
    assert done.status == 77 and (len(post.sessions), len(one.asked())) == (3, 2) and not post.transactions, done


HINTS = {
    ("", "535 5.7.8 no", "client"): "the token was fetched just now, and is not good for me@example.net: has user the mailbox's name, may the application send for it, and is oauth_scope this relay's? (contrib/oauth.md)",
    ("", "535 5.7.8 no", "login"): "the token was fetched just now, and is not good for me@example.net: is oauth_scope this relay's, and has that very user logged in? mysend --login",
    (GMAIL, "535 5.7.8 no", "client"): "the token was fetched just now: the relay wants one for https://mail.google.com/ that may open the mailbox me@example.net; compare oauth_scope and user, and what contrib/oauth.md has",
    (GMAIL, "535 5.7.8 no", "login"): "the token was fetched just now: the relay wants one for https://mail.google.com/, of me@example.net; compare oauth_scope, and log in as that user: mysend --login",
    ("", "535 5.7.3 Authentication unsuccessful " + OFFICE, "client"): "me@example.net's mailbox is not opened to the application: it needs SMTP.SendAsApp, a service principal (object id of Enterprise applications), permission on the mailbox, and 30 minutes (contrib/oauth.md)",
    ("", "535 5.7.3 Authentication unsuccessful " + OFFICE, "login"): "the token is not me@example.net's, or not for sending: has that very user logged in (mysend --login), and has oauth_scope SMTP.Send in it?",
    ("", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. " + OFFICE, "client"): 'SMTP AUTH is switched off: the tenant\'s administrator has to allow it for the mailbox me@example.net ("Authenticated SMTP"); until then no other password helps, and no token',
    ("", "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. Contact your administrator. " + OFFICE, "client"): "the token may be good, but a policy of the tenant forbids this login of me@example.net: its administrator has to exempt the account, or the application, from it",
    ("", "501 5.5.127 Invalid XOAUTH2 auth data - Token will expire soon", "client"): "the provider's tokens last too short for this relay: its operator has to let them last longer (Microsoft: a token lifetime policy)",
    ("", "501 5.5.124 Invalid XOAUTH2 auth data - User address provided is not valid.", "client"): "the relay does not know me@example.net as a mailbox: set user to its whole address",
}


@pytest.mark.parametrize("row", HINTS, ids=lambda row: "%s %.12s %s" % (row[2], row[1], "334" if row[0] else "at once"))
def test_hint_of_a_fresh_token_that_is_refused_says_who_can_mend_it(mysend, relay, provider, row):
    why, answer, flow = row
    one = provider()
    tokens.logged_in(one)
    post = relay("ehlo pipelining auth=oauthbearer", ("why", why), ("auth", answer), "lax", who=(lambda user, token: False) if why else one.who)
    done = mysend("bob@example.org", stdin=TEXT, relay=post, config=config_of(one, flow))
    assert (done.status, done.hints, len(post.sessions)) == (77, ["mysend: hint: " + HINTS[row]], 1) and done.errors[0].endswith(answer), done


@pytest.mark.parametrize("answer", ["454 4.7.0 Temporary authentication failure", "421 4.3.2 closing", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.", "550 5.7.30 no", "534 5.7.9 no", "hang", "drop"])
def test_only_what_is_about_the_token_costs_another(mysend, relay, provider, answer):
    one = provider()
    tokens.write(one, one.user_token()[0], obtained=1000)
    before = tokens.read(one)
    post = relay("ehlo pipelining auth=xoauth2", ("auth", answer), "lax", who=one.who)
    done = mysend("bob@example.org", stdin=TEXT, relay=post, config=config_of(one, "client", "timeout 2\n"))
    assert done.status in (75, 77) and len(post.sessions) == 1 and not one.asked() and tokens.read(one) == before, done


@FLOWS
@pytest.mark.parametrize("offer, auth, told", [
    ("plain,login", "", ("PLAIN LOGIN", "OAUTHBEARER XOAUTH2", "this relay takes no tokens: is it that of the provider who gives them? else leave the oauth settings out, and set a password")),
    ("oauthbearer,plain", "auth xoauth2\n", ("OAUTHBEARER PLAIN", "XOAUTH2", "leave the setting auth out, and what the relay offers is used")),
    ("xoauth2", "auth oauthbearer\n", ("XOAUTH2", "OAUTHBEARER", "leave the setting auth out, and what the relay offers is used")),
])
def test_relay_that_offers_no_way_for_a_token_is_told_as_that(mysend, relay, provider, flow, offer, auth, told):
    one = provider()
    tokens.logged_in(one)
    post = relay("ehlo pipelining auth=" + offer, who=one.who)
    done = mysend("bob@example.org", stdin=TEXT, relay=post, config=config_of(one, flow, auth))
    line = "mysend: login to 127.0.0.1:%d: no way to log in that both sides know: the relay offers AUTH %s, and we %s" % ((post.port,) + told[:2])
    assert (done.status, done.errors, done.hints) == (77, [line], ["mysend: hint: " + told[2]]) and not post.logins, done


@pytest.mark.parametrize("offer, auth, used", [("xoauth2,oauthbearer", "", "OAUTHBEARER"), ("xoauth2,oauthbearer", "auth on\n", "OAUTHBEARER"), ("xoauth2,oauthbearer,plain", "auth xoauth2\n", "XOAUTH2"),
                                               ("plain,login,xoauth2", "", "XOAUTH2"), ("plain,oauthbearer", "", "OAUTHBEARER"), ("xoauth2,oauthbearer", "auth oauthbearer\n", "OAUTHBEARER")])
def test_mechanism_is_one_that_the_relay_offers_and_the_account_allows(mysend, relay, provider, offer, auth, used):
    one = provider()
    post = relay("ehlo pipelining auth=" + offer, "require-auth", who=one.who)
    mysend("bob@example.org", stdin=TEXT, relay=post, config=config_of(one, "client", auth)).ok()
    assert [(who.mechanism, who.user, who.ok) for who in post.logins] == [(used, "me@example.net", True)]


@FLOWS
def test_the_retry_over_tls_is_as_the_one_without(mysend, relay, provider, certs, flow):
    one = provider("refresh rotate")
    stale(one, flow)
    post = refusing(relay, one, "xoauth2", "gmail", tls=" starttls")
    done = mysend("-v", "bob@example.org", stdin=TEXT, config="account default\nhost 127.0.0.1\nport %d\nfrom me@example.net\ntls_trust_file %s/ca.pem\n" % (post.port, certs) + config_of(one, flow))
    assert done.status == 0 and len(post.sessions) == 2 and len(one.asked()) == 1 and post.message.tls, done
    assert done.err.count(">>> AUTH XOAUTH2 ****") == 2 and done.err.count("<<< 334 " + GMAIL) == 1 and done.err.count(">>> QUIT") == 2, done


@FLOWS
def test_a_mail_that_waits_for_its_login_goes_with_the_queue_once_that_is_mended(spool, relay, provider, flow):
    """A fresh token that is refused is final for one try of the mail, not for the mail."""
    one = provider()
    tokens.logged_in(one)
    post = relay("ehlo pipelining auth=xoauth2", ("why", ""), ("auth", "535 5.7.3 no", "535 5.7.3 no", "ok"), "lax", who=one.who)
    config = spool.config(post, one.account(flow))
    done = spool.mysend("bob@example.org", stdin=TEXT, config=config)
    assert done.status == 0 and "535 5.7.3 no" in done.err and len(post.sessions) == 1 and len(spool.names()) == 1, done
    spool.mysend("-qf", config=config)
    assert len(post.sessions) == 2 and len(one.asked()) <= 2 and len(spool.names()) == 1
    spool.mysend("-qf", config=config).ok()
    assert len(post.messages) == 1 and not spool.names() and len(post.sessions) == 3 and len(one.asked()) <= 3


@pytest.mark.parametrize("name", ["mysend", "sendmail"])
def test_mailbox_that_is_closed_to_the_login_needs_an_administrator_though_the_relay_says_later(spool, relay, provider, tmp_path, name):
    one = provider()
    post = relay("ehlo pipelining auth=xoauth2", "end '430 4.2.0 STOREDRV; mailbox logon failure; MapiExceptionLogonFailed' ok", who=one.who)
    config = spool.config(post, one.account("client"))
    done = spool.mysend("bob@example.org", stdin=TEXT, config=config, name=name)
    assert done.status == 0 and "430 4.2.0" in done.err and "Add-MailboxPermission" in done.err and "waits as" in done.err, done
    watched = spool.mysend("--queue-check", config=config)
    assert watched.status == 1 and "1 waits until a person mends it" in watched.out, watched
    spool.mysend("-qf", config=config).ok()
    assert len(post.messages) == 1 and not spool.names()


@FLOWS
def test_the_fallbacks_token_is_healed_as_the_accounts_own_is(mysend, relay, provider, flow):
    one = provider("refresh rotate")
    access, refresh = one.user_token()
    one.expire()
    tokens.write(one, access, refresh if flow == "login" else "", account="second", obtained=1000)
    post = refusing(relay, one, "oauthbearer", "rfc7628")
    config = "account default\nhost 127.0.0.1\nport 1\ntls off\nfrom me@example.net\nqueue off\nfallback second\naccount second\nhost 127.0.0.1\nport %d\ntls off\nfrom me@example.net\nqueue off\n" % post.port
    mysend("bob@example.org", stdin=TEXT, config=config + one.account(flow)).ok()
    assert len(post.messages) == 1 and len(post.sessions) == 2 and len(one.asked()) == 1


def test_log_line_and_json_say_that_a_token_has_logged_in_or_why_not(mysend, relay, provider):
    one = provider()
    tokens.write(one, one.user_token()[0], obtained=1000)
    log = mysend.file("")
    for post, word, exit_ in (relay("ehlo pipelining auth=xoauth2", who=one.who), "on", "exitcode=EX_OK"), (relay("ehlo pipelining auth=xoauth2", ("why", ""), "auth '535 5.7.3 no'", "lax"), "off", "exitcode=EX_NOPERM"):
        done = mysend("--json", "bob@example.org", stdin=TEXT, relay=post, config=config_of(one, "client", "logfile %s\n" % log))
        said = json.loads(done.out)
        with open(log, encoding="utf-8") as text:
            line = text.read().splitlines()[-1]
        assert " auth=%s " % word in line and exit_ in line and said["auth"] == (word == "on"), (line, said)
        assert word == "on" or ("535 5.7.3" in line and "SMTP.SendAsApp" in line and "SMTP.SendAsApp" in said["hint"] and said["recipients"][0]["stage"] == "login"), (line, said)


@FLOWS
def test_probe_heals_a_stale_token_as_a_mail_does(mysend, relay, provider, flow):
    one = provider("refresh rotate")
    stale(one, flow)
    post = refusing(relay, one, "xoauth2", "gmail")
    done = mysend("--probe", "bob@example.org", relay=post, config=config_of(one, flow))
    assert "FAIL" not in done.out and "login" in done.out and len(post.sessions) == 2 and len(one.asked()) == 1, done


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_refused_token_is_told_with_its_hint_however_mysend_is_called(mysend, relay, provider, way):
    """From a pipe, a terminal, cron, -bs, -bS, out of the queue, in the log, by --probe."""
    one = provider()
    way(Caller(Fault("5f", "token refused", ["ehlo auth=xoauth2", ("why", ""), 'auth "535 5.7.3 Authentication unsuccessful"'], one.account("client"), 77, "login to HOST: 535 5.7.3 Authentication unsuccessful",
                     HINTS[("", "535 5.7.3 Authentication unsuccessful " + OFFICE, "client")]), mysend, relay))
    assert len(one.asked()) == 1
