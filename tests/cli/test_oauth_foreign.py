"""Tokens of a provider that nobody here wrote (tests/oauth/oidc.py), whose every rule is its own."""
import pytest

import tokens
from given import PLAIN
from logins import Person

BOB = "bob@example.org"


def sent(mysend, far, config, **more):
    return mysend(BOB, stdin=PLAIN, relay=far, config=config, **more).ok()


def test_client_credentials(mysend, relay, oidc, tmp_path):
    one = oidc()
    far = relay(tokens.OFFER, "require-auth", who=one.who)
    for _ in range(2):
        sent(mysend, far, one.account("client", "unattended", tmp_path / "oauth", scope="mail"))
    assert [line for line in one.said if line.startswith("grant")] == ["grant.success: client_credentials"]
    assert len(far.messages) == 2


def test_a_wrong_secret_or_client_is_77_and_told(mysend, relay, oidc, tmp_path):
    one = oidc()
    far = relay(tokens.OFFER, "require-auth", who=one.who)
    config = one.account("client", "unattended", tmp_path / "oauth", scope="mail")
    for before, after in (("unattended", "nobody"), ("s3cret", "secret")):
        line = mysend(BOB, stdin=PLAIN, relay=far, config=config.replace(before, after)).failed(77)
        assert "invalid_client" in line, line
    assert not far.sessions


def test_a_login_that_is_renewed_is_good_though_each_refresh_token_is_good_once(mysend, relay, oidc, tmp_path):
    one = oidc()
    far = relay(tokens.OFFER, "require-auth", who=one.who)
    first = one.log_in("public")
    path = tmp_path / "oauth"
    config = one.account("login", "public", path)
    purpose = {"client": "public", "scope": "openid offline_access mail", "user": "me@example.net", "token_url": one.url + "/token"}
    tokens.write(None, refresh=first["refresh_token"], folder=str(path), **purpose)
    seen = {first["refresh_token"]}
    for _ in range(3):
        sent(mysend, far, config)
        state = tokens.read(None, folder=str(path))
        assert state["Refresh"] not in seen, "a new one each time"
        seen.add(state["Refresh"])
        tokens.pass_time(None, folder=str(path))
    assert len(far.messages) == 3 and one.said.count("grant.success: refresh_token") == 3
    tokens.write(None, refresh=first["refresh_token"], folder=str(path), **purpose)
    assert "invalid_grant" in mysend(BOB, stdin=PLAIN, relay=far, config=config).failed(77)


def test_a_token_that_was_revoked_is_fetched_anew(mysend, relay, oidc, tmp_path):
    one = oidc()
    far = relay(tokens.OFFER, "require-auth", who=one.who)
    config = one.account("client", "unattended", tmp_path / "oauth", scope="mail")
    sent(mysend, far, config)
    state = tokens.read(None, folder=str(tmp_path / "oauth"))
    one.post("/token/revocation", token=state["Access"], client_id="unattended", client_secret=one.secret("unattended"))
    tokens.pass_time(None, 600, folder=str(tmp_path / "oauth"))
    sent(mysend, far, config)
    assert one.said.count("grant.success: client_credentials") == 2 and len(far.messages) == 2
    assert [who.ok for who in far.logins] == [True, False, True]


# --- a person's login ---------------------------------------------------------------------------------

def person_at(mysend, far, config, library):
    """Somebody who logs in to that account; time passes ten times as fast for the program."""
    return Person(mysend, None, far, account=config, env={"LD_PRELOAD": library("clock"), "TEST_OF_SPEED": "10"})


def device(one, person):
    page, code = person.line_after(b"Open    "), person.line_after(b"and type the code   ")
    assert code in person.line_after(b"or open ")
    assert "success" in one.approve(page, code)[1].lower(), "the provider's page says so"


def browser(one, person):
    assert "mysend has got the answer." in one.browse(person.url())[1]


def pasted(one, person):
    person.type(one.browse(person.url(), follow=False)[0].encode() + b"\n")


@pytest.mark.parametrize("client", ["public", "desktop"])
@pytest.mark.parametrize("way", [device, browser, pasted])
def test_a_login_is_made_renewed_and_given_back(mysend, relay, oidc, library, tmp_path, way, client):
    one, path = oidc(), str(tmp_path / "oauth")
    far = relay(tokens.OFFER, "require-auth", who=one.who)
    config = one.account("login", client, path)
    if way is not device:
        config = "".join(line for line in config.splitlines(True) if not line.startswith("oauth_device_url"))
    person = person_at(mysend, far, config, library)
    way(one, person)
    status, shown = person.finish()
    assert status == 0 and person.out.startswith("Logged in as me@example.net. The relay takes it: 235 "), (shown, one.said)
    sent(mysend, far, config)
    tokens.pass_time(None, folder=path)
    sent(mysend, far, config)
    state = tokens.read(None, folder=path)
    assert one.said.count("grant.success: refresh_token") == 1 and len(far.messages) == 2 and one.who("me@example.net", state["Access"])
    done = mysend("--logout", relay=far, config=config)
    assert done.status == 0 and done.err == "" and "127.0.0.1 has ended the login." in done.out and tokens.read(None, folder=path) == {}, (done, one.said)
    assert not one.who("me@example.net", state["Access"]) and not [line for line in one.said if "revocation.error" in line]
    again = mysend(BOB, stdin=PLAIN, relay=far, config=config)
    assert again.status == 77 and "--login" in again.err, again


def test_a_login_whose_scope_gives_no_refresh_token_is_none(mysend, relay, oidc, library, tmp_path):
    one, path = oidc(), str(tmp_path / "oauth")
    config = one.account("login", "public", path, scope="openid mail")
    person = person_at(mysend, relay(tokens.OFFER, who=one.who), config, library)
    device(one, person)
    status, shown = person.finish()
    assert status in (76, 77) and "offline_access" in shown and tokens.read(None, folder=path) == {}, (status, shown)
