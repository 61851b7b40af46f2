"""Logging in: every mechanism, every refusal, and never going on without (CONTRIBUTING.md, "Transport")."""
import os

import pytest

from given import login, PLAIN as TEXT


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "digest-md5", "xoauth2", "oauthbearer"])
@pytest.mark.parametrize("others", [True, False], ids=["among-others", "alone"])
def test_mechanism_asked_for_is_the_one_used(mysend, relay, mechanism, others):
    offer = "plain,login,cram-md5,digest-md5,xoauth2,oauthbearer,external" if others else mechanism
    one = relay("ehlo pipelining auth=" + offer, "user joe secret", "require-auth")
    mysend("bob@example.org", stdin=TEXT, relay=one, config=login(mechanism)).ok()
    assert [(who.mechanism, who.user, who.ok) for who in one.logins] == [(mechanism.upper(), "joe", True)]
    assert one.message.recipients == ["bob@example.org"]


@pytest.mark.parametrize("word", ["PLAIN", "Plain", "plain"])
def test_mechanism_is_named_in_any_case(mysend, relay, word):
    one = relay("ehlo auth=plain", "user joe secret")
    mysend("bob@example.org", stdin=TEXT, relay=one, config=login(word)).ok()


@pytest.mark.parametrize("offer", ["plain", "login", "cram-md5", "digest-md5", "plain,login,cram-md5,digest-md5"])
def test_auth_on_chooses_among_what_is_offered(mysend, relay, certs, offer):
    one = relay("ehlo starttls auth=" + offer, "user joe secret", "require-auth")
    config = "account default\nhost 127.0.0.1\nport %d\nfrom me@example.net\ntls_trust_file %s\n" % (one.port, os.path.join(certs, "ca.pem"))
    mysend("bob@example.org", stdin=TEXT, config=config + login("on")).ok()
    assert one.logins[-1].ok


@pytest.mark.parametrize("queue", ["on", "off"])
def test_a_login_that_is_refused_over_tls_is_logged_as_that(spool, relay, certs, queue):
    one = relay("ehlo starttls auth=plain", 'auth "535 5.7.8 bad credentials"')
    log, ca = os.path.join(spool.mysend.home, "log"), os.path.join(certs, "ca.pem")
    config = "account default\nhost 127.0.0.1\nport %d\nfrom me@example.net\ntls_trust_file %s\nlogfile %s\nqueue %s\nspool %s\n" % (
        one.port, ca, log, queue, spool.top)
    spool.mysend("bob@example.org", stdin=TEXT, config=config + login("on"))
    if queue == "on":
        spool.mysend("-qf", config=config + login("on"))
    with open(log, encoding="utf-8") as lines:
        text = lines.read()
    assert text.count(" tls=on auth=off ") == (2 if queue == "on" else 1), text


def test_auth_on_prefers_not_to_show_the_password_in_clear_text(mysend, relay):
    one = relay("ehlo auth=plain,login,cram-md5", "user joe secret")
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config=login("on"))
    if result.status == 0:
        assert one.logins[0].mechanism == "CRAM-MD5"


@pytest.mark.parametrize("offer", ["ehlo pipelining", "ehlo auth=login,cram-md5", "ehlo auth=x-strange", "ehlo auth", "use old"])
def test_login_that_cannot_take_place_is_an_error_before_mail(mysend, relay, offer):
    """libcurl alone would go on without."""
    one = relay(offer, "user joe secret")
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config=login("plain"))
    assert result.status in (69, 76, 77, 78) and len(result.errors) == 1, result
    assert not one.transactions and not one.logins
    assert "AUTH" in result.err or "PLAIN" in result.err or "log" in result.err


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "digest-md5", "xoauth2", "oauthbearer"])
def test_wrong_password_is_77_with_the_relays_words(mysend, relay, mechanism):
    one = relay("ehlo pipelining auth=" + mechanism, "user joe other")
    line = mysend("bob@example.org", stdin=TEXT, relay=one, config=login(mechanism)).failed(77)
    assert not one.transactions and "secret" not in line
    if mechanism != "xoauth2":      # libcurl 7.88 breaks off before the 535 there
        assert "535 5.7.8 authentication failed" in line


@pytest.mark.parametrize("code, status", [("535 5.7.8 bad credentials", 77), ("534 5.7.9 too weak", 77), ("538 5.7.11 needs TLS", 77), ("454 4.7.0 try later", 75),
                                          ("421 4.3.2 closing", 75), ("530 5.7.0 first TLS", 77)])
def test_answer_to_auth_gives_its_status(mysend, relay, code, status):
    one = relay("ehlo auth=plain", 'auth "%s"' % code)
    line = mysend("bob@example.org", stdin=TEXT, relay=one, config=login("plain")).failed(status)
    assert code in line


@pytest.mark.parametrize("action", ["hang", "drop", "raw 334\r\n && hang", "raw 334 !!!!\r\n && hang", "junk 100 && hang"])
def test_login_that_breaks_off_is_no_success(mysend, relay, action):
    one = relay("ehlo auth=plain", 'auth "%s"' % action, "lax")
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config=login("plain") + "timeout 1\n")
    assert result.status in (69, 75, 76, 77) and not one.transactions, result


@pytest.mark.parametrize("user, password", [("joe@example.net", "secret"), ("joe", "pass word"), ("jürgen", "geheim-ß"), ("joe", "x" * 200), ("joe", "a:b@c/d?e#f%20g"),
                                            ("joe", "in\"side"), ("joe", "back\\slash"), ("joe", "=")])
@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_name_and_password_reach_the_relay_exactly(mysend, relay, user, password, mechanism):
    one = relay("ehlo auth=" + mechanism, ("user", user, password))
    mysend("bob@example.org", stdin=TEXT, relay=one, config=login(mechanism, user, password)).ok()
    assert (one.logins[0].user, one.logins[0].password) == (user, password)


def test_value_in_double_quotes_may_have_blanks_at_its_ends(mysend, relay):
    one = relay("ehlo auth=plain", ("user", "joe", " pass word "))
    mysend("bob@example.org", stdin=TEXT, relay=one, config=login("plain", password='" pass word "')).ok()


def test_hint_about_a_refused_token_does_not_blame_the_mechanism(mysend, relay):
    one = relay("ehlo auth=xoauth2", "user joe other")
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config=login("xoauth2"))
    assert result.status == 77 and not any("is the setting auth one of them" in hint for hint in result.hints), result


@pytest.mark.parametrize("config", ["", "auth off\n", "auth off\nuser joe\npassword secret\n"])
def test_nobody_logs_in_without_a_user_or_with_auth_off(mysend, relay, config):
    one = relay("ehlo auth=plain,login")
    mysend("bob@example.org", stdin=TEXT, relay=one, config=config).ok()
    assert one.logins == [] and "AUTH" not in one.verbs


def test_relay_that_demands_a_login_is_77(mysend, relay):
    one = relay("ehlo auth=plain", "require-auth")
    line = mysend("bob@example.org", stdin=TEXT, relay=one).failed(77)
    assert "530 5.7.0 authentication required" in line


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "xoauth2", "oauthbearer", "digest-md5"])
def test_transcript_masks_every_secret(mysend, relay, mechanism):
    import base64
    one = relay("ehlo auth=" + mechanism, "user joe hunter2secret")
    result = mysend("-v", "bob@example.org", stdin=TEXT, relay=one, config=login(mechanism, password="hunter2secret"))
    assert result.status == 0, result
    assert ">>> AUTH" in result.err
    assert "hunter2" not in result.err
    for secret in (b"hunter2secret", b"\0joe\0hunter2secret"):
        assert base64.b64encode(secret).decode().rstrip("=") not in result.err
    sent = [line.text for line in one.session.lines]
    at = next(i for i, text in enumerate(sent) if text.upper().startswith("AUTH"))
    for text in [sent[at].split(" ", 2)[2]] if sent[at].count(" ") > 1 else [] + sent[at + 1:at + 3]:
        if len(text) > 12 and not text.upper().startswith(("MAIL", "RCPT", "EHLO")) and text != "=":
            assert text not in result.err, "an answer of the login is shown: " + text


@pytest.mark.parametrize("user", ["joe", "joe1", "joe22"])
def test_why_a_token_was_refused_is_told_whatever_we_said(mysend, relay, user):
    """In base64, what we said ("auth=Bearer") and the relay's reason have letters in common, for one length of the name in three."""
    one = relay("ehlo auth=xoauth2", 'auth "334 eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNvbS8ifQ=="', "lax")
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config=login("xoauth2", user, "hunter2token"))
    assert result.status == 77 and result.hints == ["mysend: hint: has the token expired? the relay wants one for the scope https://mail.google.com/"], result
    assert '334 {"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}' in result.err and "hunter2" not in result.err
