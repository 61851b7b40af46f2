"""Tokens that mysend fetches itself, seen from the provider, the relay and the state: oauth client and oauth login."""
import base64
import os
import re
import time
import urllib.parse

import pytest

import grants
import leaks
import tokens
from given import PLAIN
from waiting import SOON

BOB = "bob@example.org"
MECHANISMS = pytest.mark.parametrize("offer, used", [("xoauth2", "XOAUTH2"), ("oauthbearer", "OAUTHBEARER")])
# A secret that is hard on a form: what a form gives a meaning to, the blank, and letters of no ASCII (RFC 6749 appendix B).
SECRET = "aB~+c%41&d=e f;g?#h/\\'i\u00e9\u20ac\U0001f511\"j"


def send(mysend, relay, one, flow="client", more="", **rest):
    return mysend(BOB, stdin=PLAIN, relay=relay, config=one.account(flow) + more, **rest)


# --- client credentials -----------------------------------------------------------------------------

@MECHANISMS
def test_client_credentials_send_a_mail_and_the_token_is_kept_for_the_next(mysend, relay, provider, offer, used):
    one = provider("app my-id s3cret", "scope https://mail.example/.default")
    far = relay("ehlo auth=" + offer, "require-auth", who=one.who)
    for _ in range(3):
        send(mysend, far, one).ok()
    asked, = one.asked()
    assert asked.form == {"grant_type": "client_credentials", "client_id": "my-id", "client_secret": "s3cret", "scope": "https://mail.example/.default"}
    assert asked.headers["accept"] == "application/json" and "authorization" not in asked.headers
    assert [(who.mechanism, who.user, who.ok) for who in far.logins] == [(used, "me@example.net", True)] * 3
    state = tokens.read(one)
    assert state["Access"] == one.given()[0] and state["Refresh"] == "" and state["Logged-In"] == "0"
    assert os.stat(os.path.join(one.state, "default")).st_mode & 0o777 == 0o600 and os.stat(one.state).st_mode & 0o777 == 0o700


def test_a_refresh_token_that_a_client_is_given_is_no_login_to_be_kept(mysend, relay, provider):
    one = provider("app my-id s3cret", ("member", "refresh_token", '"of-a-client"'))
    there = tokens.relay_of(relay, one)
    for scope in ("first", "second"):       # what the first one left does not keep the second one's token from being kept
        for _ in range(2):
            mysend("bob@example.org", stdin=PLAIN, relay=there, config=one.account() + "oauth_scope %s\n" % scope).ok()
        state = tokens.read(one)
        assert (state["Refresh"], state["Scope"]) == ("", scope)
    assert len(one.asked("client")) == 2 and len(there.messages) == 4


def test_oauthbearer_is_taken_where_a_relay_offers_both(mysend, relay, provider):
    one = provider()
    far = relay("ehlo auth=plain,login,oauthbearer,xoauth2", "require-auth", who=one.who)
    send(mysend, far, one).ok()
    assert [who.mechanism for who in far.logins] in (["OAUTHBEARER"], ["XOAUTH2"])


def test_a_relay_that_wants_passwords_only_does_not_get_the_client_secret(mysend, relay, provider):
    one = provider("app my-id s3cret")
    far = relay("ehlo auth=plain,login,cram-md5", "require-auth", "lax")
    done = send(mysend, far, one)
    assert done.status == 77 and not far.logins and b"s3cret" not in far.wire and not far.messages, done


@pytest.mark.parametrize("how", ["password", "password_file", "password_command", "assertion"])
def test_the_clients_proof_arrives_unharmed(mysend, relay, provider, how):
    jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln-bmF_dHVyZQ"
    one = provider(("app", "my id+%2B", SECRET), *(["assertion client"] if how == "assertion" else []))
    lines = "oauth_assertion_command printf '%s'\n" % jwt
    if how != "assertion":
        value = {"password": SECRET, "password_file": mysend.file(SECRET + "\n"), "password_command": "cat " + mysend.file(SECRET + "\n")}[how]
        lines = "%s %s\n" % (how, value)
    far = tokens.relay_of(relay, one)
    mysend(BOB, stdin=PLAIN, relay=far, config=one.account(secret="", client="my id+%2B") + lines).ok()
    form = one.asked("client")[0].form
    assert form["client_id"] == "my id+%2B"
    if how == "assertion":
        assert form["client_assertion"] == jwt and "client_secret" not in form
    else:
        assert form["client_secret"] == SECRET


def test_an_assertion_command_that_fails_asks_nobody(mysend, relay, provider):
    one = provider("assertion client")
    done = mysend(BOB, stdin=PLAIN, relay=tokens.relay_of(relay, one), config=one.account(secret="") + "oauth_assertion_command exit 3\n")
    assert "oauth_assertion_command" in done.failed(78) and not one.requests


def test_an_assertion_is_the_grant_where_google_gives_the_token(mysend, relay, provider):
    one = provider("assertion bearer")
    lines = "oauth_provider google\noauth_assertion_command echo aaa.bbb.ccc\n"
    far = tokens.relay_of(relay, one)
    for _ in range(2):
        mysend(BOB, stdin=PLAIN, relay=far, config=one.account(secret="") + lines).ok()
    asked, = one.asked()
    assert asked.form["grant_type"] == grants.BEARER and asked.form["assertion"] == "aaa.bbb.ccc" and "client_secret" not in asked.form


@pytest.mark.parametrize("octets", [3000, 9000])
def test_a_token_may_be_long(mysend, relay, provider, octets):
    token = "x" * octets
    one = provider(("member", "access_token", '"%s"' % token))
    far = relay("ehlo auth=xoauth2", "require-auth", who=lambda user, given: given == token)
    for _ in range(2):
        send(mysend, far, one).ok()
    assert len(one.asked()) == 1 and len(far.messages) == 2


def test_a_provider_at_ipv6_is_asked(mysend, relay, provider):
    one = provider(host="::1")
    send(mysend, tokens.relay_of(relay, one), one).ok()
    assert one.asked()[0].headers["host"] == "[::1]:%d" % one.port


# --- refresh ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind, kept", [("keep", "the old"), ("same", "the old"), ("rotate", "the new"), ("until-used", "the new"), ("single", "the new")])
def test_a_login_is_renewed_whatever_the_provider_does_with_refresh_tokens(mysend, relay, provider, kind, kept):
    one = provider("app my-id s3cret", "refresh " + kind)
    first = tokens.logged_in(one)
    far = tokens.relay_of(relay, one)
    for turn in range(3):
        send(mysend, far, one, "login").ok()
        state = tokens.read(one)
        assert state["Refresh"] == (first if kept == "the old" else one.given("refresh")[-1]), "turn %d" % turn
        assert state["Access"] == one.given()[-1] and int(state["Logged-In"]) < time.time() - 7000
        tokens.pass_time(one)
    assert [request.stage for request in one.asked()] == ["refresh"] * 3
    assert one.asked()[0].form == {"grant_type": "refresh_token", "client_id": "my-id", "client_secret": "s3cret", "refresh_token": first}
    assert len(far.messages) == 3


def test_a_public_client_shows_no_secret(mysend, relay, provider):
    one = provider("app my-id", "refresh single")
    tokens.logged_in(one)
    mysend(BOB, stdin=PLAIN, relay=tokens.relay_of(relay, one), config=one.account("login")).ok()
    assert "client_secret" not in one.asked("refresh")[0].form


def test_a_refresh_token_that_is_good_no_more_asks_for_a_login_and_the_mail_waits(mysend, relay, provider, spool):
    one = provider("app my-id s3cret", "refresh single")
    first = tokens.logged_in(one)
    far = tokens.relay_of(relay, one)
    one.expire("refresh")
    done = spool.run(BOB, relay=far, stdin=PLAIN, more=one.account("login"))
    assert done.status == 0 and spool.names() and not far.messages, done
    assert tokens.read(one)["Refresh"] == first, "what was there is not thrown away"
    _, better = one.user_token()
    tokens.write(one, refresh=better)
    spool.run("-qf", relay=far, more=one.account("login"))
    assert not spool.names() and len(far.messages) == 1


def test_login_without_a_login_says_what_to_type(mysend, relay, provider):
    one = provider()
    done = send(mysend, tokens.relay_of(relay, one), one, "login")
    assert done.status == 77 and "mysend --login" in done.err and not one.requests, done
    assert len(done.errors) == 1, done


# --- how long ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("says, kept", [
    ('"3600"', 3600), ("3600.7", None), ("none", None), ("0", None), ("-5", None), ("null", None), ("99999999999999999999", None), ("1e300", None),
    ('"soon"', None), ("true", None), ("[3600]", None), ("86400", 86400)])
def test_expires_in_may_be_anything(mysend, relay, provider, says, kept):
    one = provider("expires-in '%s'" % says)
    far = tokens.relay_of(relay, one)
    began = time.time()
    send(mysend, far, one).ok()
    state = tokens.read(one)
    lasts = int(state["Expires"]) - int(state["Obtained"])
    assert began - 1 <= int(state["Obtained"]) <= time.time() + 1
    assert 0 < lasts <= 366 * 86400 and kept in (None, lasts), state
    send(mysend, far, one).ok()
    assert len(far.messages) == 2


@pytest.mark.parametrize("left, again", [(0, True), (590, True), (700, False)])
def test_a_token_near_its_end_is_fetched_anew(mysend, relay, provider, left, again):
    one = provider("expires-in 3600")
    far = tokens.relay_of(relay, one)
    access, _ = one.user_token()
    tokens.write(one, access, obtained=86400, lasts=86400 + left)
    send(mysend, far, one).ok()
    assert len(one.asked("client")) == again


@pytest.mark.parametrize("skew", ["-86400", "86400", "none"])
def test_the_providers_clock_is_not_ours(mysend, relay, provider, skew):
    one = provider("skew " + skew)
    far = tokens.relay_of(relay, one)
    for _ in range(2):
        send(mysend, far, one).ok()
    assert len(one.asked()) == 1
    assert abs(int(tokens.read(one)["Obtained"]) - time.time()) < 3600


@pytest.mark.parametrize("offset, again", [(-86400, True), (86400, True), (60, False)])
def test_our_own_clock_may_be_set_meanwhile(mysend, relay, provider, library, offset, again):
    one = provider()
    far = tokens.relay_of(relay, one)
    send(mysend, far, one).ok()
    moved = {"LD_PRELOAD": library("clock"), "TEST_OF_OFFSET": str(offset)}
    send(mysend, far, one, env=moved).ok()
    assert len(one.asked()) == 1 + again and len(far.messages) == 2
    send(mysend, far, one, env=moved).ok()
    assert len(one.asked()) == 1 + again, "with a clock that stays as it is, the token is kept as ever"


# --- whose ------------------------------------------------------------------------------------------

def two(first, second, far, flows=("client", "client")):
    """Two accounts at one relay, each with its own provider."""
    where = "host %s\nport %d\ntls off\nfrom me@example.net\n" % (far.host, far.port)
    return "account a\n%s%saccount b\n%s%s" % (where, first.account(flows[0]), where, second.account(flows[1]))


def test_two_accounts_have_tokens_of_their_own(mysend, relay, provider):
    first, second = provider("app one s1", "login a@example.net"), provider("app two s2", "login b@example.net")
    far = tokens.relay_of(relay, first, second)
    config = two(first, second, far)
    for name in ("a", "b", "a", "b"):
        mysend("-a", name, BOB, stdin=PLAIN, config=config).ok()
    assert len(first.asked()) == len(second.asked()) == 1
    assert [who.user for who in far.logins] == ["a@example.net", "b@example.net"] * 2
    assert tokens.read(first, "a")["Client"] == "one" and tokens.read(second, "b")["Client"] == "two"


def test_a_state_of_another_configuration_is_not_used_and_its_login_not_lost(mysend, relay, provider):
    """Two configurations with one folder, and accounts of the same name."""
    first, second = provider("app one s1", "refresh single"), provider("app two s2")
    kept = tokens.logged_in(first)
    far = tokens.relay_of(relay, first, second)
    done = send(mysend, far, second)
    assert done.status == 0 and not first.requests and len(second.asked("client")) == 1, done
    assert os.path.join(first.state, "default") in done.err and len(done.err.splitlines()) == 1, done
    assert tokens.read(first)["Refresh"] == kept and tokens.read(first)["Client"] == "one"
    send(mysend, far, first, "login").ok()
    assert len(first.asked("refresh")) == 1 and len(far.messages) == 2


def test_two_configurations_that_say_the_same_share_a_token(mysend, relay, provider):
    one = provider("refresh single")
    tokens.logged_in(one)
    far = tokens.relay_of(relay, one)
    for more in ("", "# another file\ntimeout 1m\n", "maildomain other.example\n"):
        send(mysend, far, one, "login", more).ok()
    assert len(one.asked()) == 1 and len(far.messages) == 3


@pytest.mark.parametrize("what", ["user", "scope", "client"])
def test_a_token_for_something_else_is_not_given_out(mysend, relay, provider, what):
    one = provider()
    far = tokens.relay_of(relay, one)
    access, _ = one.user_token()
    tokens.write(one, access, **{what: "other"})
    send(mysend, far, one).ok()
    assert len(one.asked("client")) == 1 and tokens.read(one)["Access"] == one.given()[-1] != access


# --- where it goes ------------------------------------------------------------------------------------

@pytest.mark.parametrize("option", ["-v", "-d"])
def test_what_is_shown_of_the_exchange_has_no_secret_and_says_what_happened(mysend, relay, provider, option):
    one = provider(("app", "my-id", SECRET), "refresh rotate")
    tokens.logged_in(one)
    log = os.path.join(mysend.tmp, "log")
    done = mysend(option, BOB, stdin=PLAIN, relay=tokens.relay_of(relay, one), config=one.account("login") + "logfile %s\n" % log)
    assert done.status == 0 and "3600 s" in done.err and os.path.getsize(log) > 0, done
    if option == "-v":
        assert re.search("POST %s/token .*grant_type=refresh_token" % re.escape(one.url), done.err) and "my-id" in done.err, done


def test_nothing_of_a_token_is_in_the_environment_of_commands(mysend, relay, provider):
    one = provider()
    out = os.path.join(mysend.tmp, "environment")
    done = mysend(BOB, stdin=PLAIN, relay=tokens.relay_of(relay, one), config=one.account(secret="") + "password_command env >%s; echo s3cret\n" % out)
    assert done.status == 0 and os.path.getsize(out), done


def test_a_secret_that_stands_where_it_must_not_fails_a_test(mysend, provider):
    one = provider()
    access, _ = one.user_token()
    for text in (access, "x" + access + "x", urllib.parse.quote(access, safe=""), base64.b64encode(b"user=a\1auth=Bearer " + access.encode() + b"\1\1").decode()):
        path = os.path.join(mysend.tmp, "left")
        with open(path, "w", encoding="ascii") as out:
            out.write("before %s behind" % text)
        with pytest.raises(AssertionError):
            leaks.look(one.secrets, mysend, mysend.tmp)
        os.unlink(path)
    leaks.look(one.secrets, mysend, mysend.tmp)


def test_a_run_of_the_queue_that_is_told_to_end_while_a_provider_is_silent_loses_nothing(mysend, relay, provider, spool):
    one = provider("token 503")
    far = tokens.relay_of(relay, one)
    spool.run(BOB, relay=far, stdin=PLAIN, more=one.account())
    one.mend("token hold")
    run = mysend.start("-qf", config=spool.config(far, one.account()))
    one.wait_for("client", 2)
    run.process.terminate()
    one.go()
    run.process.communicate(timeout=SOON)
    assert len(spool.names()) + len(far.messages) == 1
    spool.run("-qf", relay=far, more=one.account())
    assert not spool.names() and len(far.messages) == 1


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_the_proxy_of_the_environment_is_not_used(mysend, relay, provider, proxy, tls):
    one, way = provider(*(["tls"] if tls else [])), proxy("http")
    where = "http://%s:%d" % (way.host, way.port)
    send(mysend, tokens.relay_of(relay, one), one, env={name: where for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")}).ok()
    assert way.requests == [] and len(one.asked()) == 1


@pytest.mark.parametrize("kind", ["socks5", "http"])
def test_the_proxy_of_the_account_is_used_for_the_provider_too(mysend, relay, provider, proxy, kind):
    one, way = provider("tls"), proxy(kind)
    far = relay("ehlo starttls auth=xoauth2", "require-auth", who=one.who)
    config = "account default\nhost %s\nport %d\nfrom me@example.net\nproxy %s://%s:%d\n" % (far.host, far.port, kind, way.host, way.port)
    mysend(BOB, stdin=PLAIN, config=config + one.account()).ok()
    assert ("127.0.0.1", one.port) in way.requests and ("127.0.0.1", far.port) in way.requests


# --- TLS ----------------------------------------------------------------------------------------------

def test_a_provider_with_an_own_ca_is_trusted_by_tls_trust_file(mysend, relay, provider):
    one = provider("tls")
    send(mysend, tokens.relay_of(relay, one), one).ok()
    assert one.asked()[0].tls in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize("lines", ["", "tls_certcheck off\n", "tls_host_override localhost\n"], ids=["as it is", "certcheck off", "host override"])
@pytest.mark.parametrize("cert", ["wrong-name", "expired", "self-signed", "other-ca"])
def test_a_providers_certificate_is_checked_whatever_the_account_says_of_the_relays(mysend, relay, provider, spool, cert, lines):
    one = provider("tls " + cert)
    far = tokens.relay_of(relay, one)
    done = spool.run(BOB, relay=far, stdin=PLAIN, more=one.account() + lines)
    assert not one.requests, "the secret went to somebody else"
    assert done.status in (0, 69, 77) and (spool.names() or done.status), done
    assert not far.sessions


# --- one for many -------------------------------------------------------------------------------------

def test_processes_at_once_ask_once(mysend, relay, provider):
    one = provider("refresh single", "refresh hold")
    tokens.logged_in(one)
    far = tokens.relay_of(relay, one)
    runs = []
    for _ in range(8):
        with open(mysend.file(PLAIN), "rb") as text:
            runs.append(mysend.start(BOB, relay=far, config=one.account("login"), stdin=text))
    one.wait_for("refresh")
    one.go()
    for run in runs:
        run.finish(settle=False).ok()
    assert len(one.asked()) == 1
    far.settle()
    assert len(far.messages) == 8


def test_a_token_that_the_relay_refuses_is_fetched_anew_once(mysend, relay, provider):
    one = provider()
    far = tokens.relay_of(relay, one)
    access, _ = one.user_token()
    tokens.write(one, access, obtained=1800)
    one.expire()
    send(mysend, far, one).ok()
    assert len(one.asked("client")) == 1 and [who.ok for who in far.logins] == [False, True]
