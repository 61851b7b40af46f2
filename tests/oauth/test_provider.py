"""The scripted provider itself: it must object to a careless client, or the tests that trust it prove nothing."""
import http.client
import json
import os
import socket
import sys
import urllib.parse

import pytest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "relay"))

from grants import ASSERTION, BEARER, DEVICE, challenge_of  # noqa: E402
from oidc import SECRETS, Oidc, OidcMissing  # noqa: E402
from provider import FORM, Provider  # noqa: E402
from waiting import PATIENCE  # noqa: E402

APP = {"client_id": "app", "client_secret": "s3cret"}
VERIFIER = "v" * 43


def post(provider, path, form, kind=FORM):
    """(status, JSON or octets, header) of the answer."""
    line = http.client.HTTPConnection(provider.host, provider.port, timeout=PATIENCE)
    body = form if isinstance(form, (bytes, str)) else urllib.parse.urlencode(form)
    line.request("POST", path, body, {"Content-Type": kind, "Connection": "close"})
    got = line.getresponse()
    data = got.read()
    line.close()
    try:
        return got.status, json.loads(data), got
    except ValueError:
        return got.status, data, got


def token(provider, grant, **more):
    return post(provider, "/token", {"grant_type": grant, **APP, **more})


def login(provider, **more):
    """A login by authorize; the query that it was asked with."""
    with socket.create_server(("127.0.0.1", 0)) as back:
        query = {"response_type": "code", "client_id": "app", "redirect_uri": "http://127.0.0.1:%d" % back.getsockname()[1], "scope": "mail",
                 "state": "0123456789abcdef", "code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256", **more}
        query = {name: value for name, value in query.items() if value is not None}
        page = provider.browse(provider.url + "/authorize?" + urllib.parse.urlencode(query), follow=False)
    return query, dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page.location).query))


def test_client_credentials_give_a_token_and_no_refresh_token():
    with Provider("app app s3cret", "lasts 100") as provider:
        status, said, _ = token(provider, "client_credentials")
        assert status == 200 and said["expires_in"] == 100 and "refresh_token" not in said
        assert provider.is_good(said["access_token"]) and provider.is_good(said["access_token"], "me@example.net")
        assert not provider.is_good(said["access_token"], "you@example.net") and not provider.is_good("x")
        assert token(provider, "client_credentials", client_secret="wrong")[0] == 401
        provider.expire()
        assert not provider.is_good(said["access_token"]) and not provider.violations
        assert len(provider.asked("client")) == 2


@pytest.mark.parametrize("kind, new, old_again, new_again", [
    ("keep", False, 200, None), ("rotate", True, 200, 200), ("until-used", True, 200, 200), ("single", True, 400, 400)])
def test_a_refresh_token_is_replaced_as_the_kind_says(kind, new, old_again, new_again):
    with Provider("refresh " + kind) as provider:
        _, first = provider.user_token()
        said = token(provider, "refresh_token", refresh_token=first)[1]
        assert ("refresh_token" in said) is new
        assert token(provider, "refresh_token", refresh_token=first)[0] == old_again
        if new:
            assert token(provider, "refresh_token", refresh_token=said["refresh_token"])[0] == new_again, "a reuse kills the whole family"


def test_until_used_kills_the_old_one_when_the_new_one_is_used():
    with Provider("refresh until-used") as provider:
        _, first = provider.user_token()
        second = token(provider, "refresh_token", refresh_token=first)[1]["refresh_token"]
        assert token(provider, "refresh_token", refresh_token=second)[0] == 200
        assert token(provider, "refresh_token", refresh_token=first)[1]["error"] == "invalid_grant"


def test_a_code_is_given_once_for_the_right_verifier():
    with Provider() as provider:
        query, back = login(provider)
        assert back["state"] == query["state"]
        more = {"code": back["code"], "redirect_uri": query["redirect_uri"]}
        assert token(provider, "authorization_code", code_verifier="w" * 43, **more)[0] == 400
        assert len(provider.violations) == 1
        said = token(provider, "authorization_code", code_verifier=VERIFIER, **more)[1]
        assert provider.is_good(said["access_token"]) and said["refresh_token"]
        assert token(provider, "authorization_code", code_verifier=VERIFIER, **more)[0] == 400
        assert not provider.is_good(said["access_token"]), "a code used twice ends what it gave"


@pytest.mark.parametrize("lack", ["state", "code_challenge", "code_challenge_method", "redirect_uri", "response_type"])
def test_a_login_that_lacks_something_is_a_violation(lack):
    with Provider() as provider:
        with pytest.raises(AssertionError):
            login(provider, **{lack: None})
        assert lack in provider.violations[0]


def test_a_device_waits_until_somebody_has_typed_its_code():
    with Provider("device 900 0") as provider:
        said = post(provider, "/devicecode", {"client_id": "app", "scope": "mail"})[1]
        ask = {"device_code": said["device_code"]}
        assert token(provider, DEVICE, **ask)[1]["error"] == "authorization_pending"
        assert provider.type_code(said["verification_uri"], said["user_code"].lower()).status == 200
        given = token(provider, DEVICE, **ask)[1]
        assert provider.is_good(given["access_token"]) and given["refresh_token"]
        assert token(provider, DEVICE, **ask)[0] == 400
        said = post(provider, "/devicecode", {"client_id": "app", "scope": "mail"})[1]
        provider.deny()
        assert token(provider, DEVICE, device_code=said["device_code"])[1]["error"] == "access_denied"


def test_who_polls_too_fast_is_told_once_and_is_then_a_violation():
    with Provider("device 900 100", "interval-checked") as provider:
        ask = {"device_code": post(provider, "/devicecode", {"client_id": "app"})[1]["device_code"]}
        assert [token(provider, DEVICE, **ask)[1]["error"] for _ in range(3)] == ["authorization_pending", "slow_down", "slow_down"]
        assert len(provider.violations) == 1


def test_an_assertion_takes_the_place_of_the_secret():
    shown = {"client_id": "app", "client_assertion": "a.b.c", "client_assertion_type": ASSERTION, "grant_type": "client_credentials"}
    with Provider("assertion client") as provider:
        assert post(provider, "/token", shown)[0] == 200
        assert token(provider, "client_credentials")[0] == 401
    with Provider("assertion bearer") as provider:
        assert post(provider, "/token", {"grant_type": BEARER, "assertion": "a.b.c"})[0] == 200
        assert not provider.violations


def test_revoked_is_revoked():
    with Provider() as provider:
        access, refresh = provider.user_token()
        assert post(provider, "/introspect", {"token": access})[1]["username"] == "me@example.net"
        assert post(provider, "/revoke", {"token": refresh, "client_id": "app"})[0] == 200
        assert post(provider, "/introspect", {"token": access})[1] == {"active": False}
        assert token(provider, "refresh_token", refresh_token=refresh)[0] == 400


@pytest.mark.parametrize("form, kind, word", [
    ("grant_type=client_credentials&client_id=app&client_secret=a&client_secret=b", FORM, "twice"),
    ("grant_type=client_credentials&client_id=app&client_secret=a&scope=", FORM, "empty"),
    ("grant_type=client_credentials&client_id=app&client_secret=a", "text/plain", "type"),
    (b"grant_type=client_credentials&client_id=app&client_secret=\xc3\xa9", FORM, "form that is none"),
    ("grant_type=password&client_id=app&client_secret=a", FORM, "password")])
def test_a_careless_form_is_a_violation(form, kind, word):
    with Provider() as provider:
        post(provider, "/token", form, kind)
        assert [text for text in provider.violations if word in text], provider.violations


def test_a_secret_in_the_query_is_a_violation():
    with Provider() as provider:
        post(provider, "/token?client_secret=x", {"grant_type": "client_credentials", **APP})
        assert "query" in provider.violations[0]


@pytest.mark.parametrize("action, status, said", [
    ("error AADSTS7000215", 401, "invalid_client"), ("error google-expired", 400, "invalid_grant"), ("error slow_down Too fast", 400, "slow_down"),
    ("503 busy", 503, b"busy"), ("retry 429 120", 429, b"later"), ("html", 200, b"Sign in"), ("nothing", 200, b""), ("junk 9", 200, b"\x0b0U"),
    ("json [1]", 200, [1]), ("deep 3", 200, [[[]]]), ("type text/html", 200, "access_token"), ("chunked && pad 9", 200, "access_token"),
    ("http10", 200, "access_token"), ("unsized", 200, "access_token"), ("drip 0.0001", 200, "access_token"), ("as 500", 500, "access_token"),
    ('member access_token 5', 200, "access_token"), ("redirect 307 http://127.0.0.1:9/", 307, b"elsewhere")])
def test_an_answer_is_what_the_script_says(action, status, said):
    with Provider(("token", action, "ok")) as provider:
        got, body, header = token(provider, "client_credentials")
        assert got == status, body
        assert body.get("error") == said or said in body if isinstance(body, dict) else body == said if isinstance(said, list) else body.startswith(said) or said in body
        if action.startswith("retry"):
            assert header.getheader("Retry-After") == "120"
        assert token(provider, "client_credentials")[0] == 200


@pytest.mark.parametrize("action", ["drop", "reset", "half", "lose", "raw no HTTP"])
def test_a_connection_may_break(action):
    with Provider(("token", action, "ok")) as provider:
        with pytest.raises((http.client.HTTPException, OSError)):
            token(provider, "client_credentials")
        assert token(provider, "client_credentials")[0] == 200
        assert len(provider.given()) == (2 if action in ("half", "lose") else 1)


@pytest.mark.parametrize("action", ["endless", "endless-chunks", "endless-header"])
def test_an_answer_may_have_no_end(action):
    with Provider(("token", action)) as provider, socket.create_connection((provider.host, provider.port), PATIENCE) as sock:
        form = urllib.parse.urlencode({"grant_type": "client_credentials", **APP}).encode()
        sock.sendall(b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (FORM.encode(), len(form), form))
        got = 0
        while got < 1 << 20:
            data = sock.recv(1 << 16)
            assert data
            got += len(data)


def test_the_clock_of_the_provider_may_be_wrong():
    with Provider("skew 7200") as provider:
        import email.utils
        import time
        header = token(provider, "client_credentials")[2]
        assert abs(email.utils.parsedate_to_datetime(header.getheader("Date")).timestamp() - time.time() - 7200) < 600


def test_the_lines_for_a_configuration_name_all_of_it():
    with Provider(("app", "a b", ' s"# x'), "scope mail") as provider:
        lines = provider.account("login", state="/s").splitlines()
        assert lines == ["oauth login", "oauth_client_id a b"] + ["oauth_%s_url %s/%s" % (kind, provider.url, path) for kind, path in (
            ("token", "token"), ("login", "authorize"), ("device", "devicecode"), ("revoke", "revoke"))] + [
            "user me@example.net", "oauth_scope mail", 'password " s"# x"', "oauth_state /s"]


def test_a_foreign_provider_gives_tokens_by_each_flow():
    try:
        provider = Oidc()
    except OidcMissing as missing:
        pytest.skip(str(missing))
    with provider:
        status, said = provider.post("/token", grant_type="client_credentials", client_id="unattended", client_secret=SECRETS["unattended"], scope="mail")
        assert status == 200 and provider.who("me@example.net", said["access_token"]), provider.said
        asked = provider.post("/device/auth", client_id="public", scope="openid offline_access mail")[1]
        ask = {"grant_type": DEVICE, "client_id": "public", "device_code": asked["device_code"]}
        assert provider.post("/token", **ask)[1]["error"] == "authorization_pending"
        provider.approve(asked["verification_uri"], asked["user_code"])
        said = provider.post("/token", **ask)[1]
        assert provider.who("me@example.net", said["access_token"]) and not provider.who("you@example.net", said["access_token"])
        again = {"grant_type": "refresh_token", "client_id": "public", "refresh_token": said["refresh_token"]}
        new = provider.post("/token", **again)[1]
        assert provider.who("me@example.net", new["access_token"]) and new["refresh_token"] != said["refresh_token"]
        assert provider.post("/token", **again)[1]["error"] == "invalid_grant", "a refresh token is good once"
        assert not provider.who("me@example.net", new["access_token"])
