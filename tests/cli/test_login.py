"""What libcurl does with the relay's offers on the way to the login, and what of it is ours to mend."""

import pytest
from given import login, PLAIN as TEXT, trusting


@pytest.mark.parametrize("spelled", ["lower", "indented"])
@pytest.mark.parametrize("tls", ["on", "try"])
def test_starttls_is_used_however_it_is_spelled(mysend, relay, certs, tls, spelled):
    one = relay("ehlo pipelining starttls", "spelled " + spelled)
    mysend("bob@example.org", stdin=TEXT, config=trusting(one, certs, "tls " + tls)).ok()
    assert one.message.tls


@pytest.mark.parametrize("spelled", ["lower", "indented", "old"])
@pytest.mark.parametrize("auth", ["plain", "login", "cram-md5", "auto"])
def test_login_is_used_however_it_is_offered(mysend, relay, auth, spelled):
    one = relay("ehlo auth=login,plain,cram-md5", "spelled " + spelled, "user joe secret", "require-auth")
    mysend("bob@example.org", stdin=TEXT, relay=one, config=login(auth)).ok()
    assert one.logins[0].ok


@pytest.mark.parametrize("tls", ["on", "try"])
@pytest.mark.parametrize("config", ["", login("plain")], ids=["nobody", "user"])
def test_offer_of_tls_that_libcurl_does_not_see_is_an_error_and_never_clear_text(mysend, relay, certs, libcurl_with, tls, config):
    one = relay("ehlo pipelining starttls auth=plain", "spelled lower")
    result = mysend("bob@example.org", stdin=TEXT, config=trusting(one, certs, "tls " + tls) + config, env=libcurl_with("copied"))
    if result.status == 0:
        pytest.skip("this libcurl reads keywords in any case")
    assert "offers STARTTLS, but libcurl" in result.failed(69) and not one.transactions and not one.logins
    assert "465" in result.hints[0] and len(result.hints) == 1


def test_relay_that_refuses_starttls_is_not_said_to_be_misread(mysend, relay, certs):
    one = relay("ehlo starttls", "starttls 454")
    mysend("bob@example.org", stdin=TEXT, config=trusting(one, certs, "tls try")).ok()
    assert not one.message.tls


@pytest.mark.parametrize("auth", ["login", "auto", "on"])
def test_auth_login_says_nothing_that_it_was_not_asked_for(mysend, relay, auth):
    one = relay("ehlo auth=login,x-strange", "user joe secret")
    mysend("bob@example.org", stdin=TEXT, relay=one, config=login(auth)).ok()
    assert [text for text in one.commands if text.startswith("AUTH")] == ["AUTH LOGIN"]
    assert one.logins[0].ok


@pytest.mark.parametrize("auth, mechanism, offer", [("plain", "PLAIN", "login,plain"), ("auto", "PLAIN", "login,plain"), ("xoauth2", "XOAUTH2", "xoauth2"), ("oauthbearer", "OAUTHBEARER", "oauthbearer")])
def test_method_with_an_initial_response_saves_a_round_trip(mysend, relay, auth, mechanism, offer):
    one = relay("ehlo auth=" + offer, "user joe secret")
    mysend("bob@example.org", stdin=TEXT, relay=one, config=login(auth)).ok()
    at = next(i for i, text in enumerate(one.commands) if text.startswith("AUTH"))
    assert one.commands[at].startswith("AUTH " + mechanism + " ") and one.commands[at + 1].startswith("MAIL")


def test_inside_tls_the_second_ehlo_decides_about_the_initial_response(mysend, relay, certs):
    one = relay("ehlo starttls auth=plain", "ehlo-tls auth=login", "user joe secret")
    mysend("bob@example.org", stdin=TEXT, config=trusting(one, certs) + login("auto")).ok()
    assert "AUTH LOGIN" in one.commands
