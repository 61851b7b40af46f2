"""mysend --logout: the provider is told where it can be, and what was kept is gone."""
import os

import pytest

from logins import TAKES, Person, kept, send

ALL_BUT = ("token", "login", "device")


@pytest.fixture
def logged_in(mysend, provider, relay):
    """logged_in(part, ...) -> provider and relay of somebody who has logged in."""
    def make(*parts):
        one = provider("device 900 1", *parts)
        there = relay(TAKES, who=one.who)
        person = Person(mysend, one, there)
        person.wait_for(b"left;")
        one.approve()
        assert person.finish()[0] == 0 and len(kept(mysend)) == 1
        return one, there
    return make


def logout(mysend, one, there, *args, **more):
    return mysend("--logout", *args, relay=there, config=one.account("login", **more))


def test_the_provider_ends_the_login_and_the_file_is_gone(mysend, logged_in):
    one, there = logged_in()
    done = logout(mysend, one, there)
    assert done.status == 0 and done.err == "" and done.out == "%s is removed.\n127.0.0.1 has ended the login.\n" % os.path.join(mysend.tmp, "oauth", "default")
    tokens = [request.form["token"] for request in one.asked("revoke")]
    assert not any("token_type_hint" in request.form for request in one.asked("revoke"))
    assert tokens[0] in one.given("refresh") and tokens[1] in one.given("access") and not kept(mysend)
    assert not one.is_good(tokens[1])
    failed = send(mysend, one, there)
    assert failed.status == 77 and "--login" in failed.err, failed


def test_a_provider_without_a_url_for_it_is_told_of(mysend, logged_in):
    one, there = logged_in()
    done = logout(mysend, one, there, only=ALL_BUT)
    assert done.status == 0 and "has no URL to be told at, and the login is good until it ends." in done.out and not kept(mysend) and not one.asked("revoke"), done


@pytest.mark.parametrize("answer", ["503", "'error invalid_client'", "drop"])
def test_a_provider_that_refuses_keeps_nothing_here(mysend, logged_in, answer):
    one, there = logged_in("revoke %s" % answer)
    done = logout(mysend, one, there)
    assert done.status == 0 and "The login was not given back, and may still be good: " in done.out and done.out.endswith(". The provider's own pages may end it.\n") and not kept(mysend), done


def test_who_has_no_login_is_told_so(mysend, provider, relay):
    one, there = provider(), relay(TAKES)
    for _ in range(2):
        done = logout(mysend, one, there)
        assert (done.status, done.out, done.err) == (0, "Account default has no login: nothing is kept of it.\n", "")
        os.makedirs(os.path.join(mysend.tmp, "oauth"), mode=0o700, exist_ok=True)


def test_a_login_of_another_configuration_goes_too(mysend, logged_in):
    one, there = logged_in()
    done = mysend("--logout", relay=there, config=one.account("login") + "oauth_scope another\n")
    assert done.status == 0 and "It was of another configuration (oauth_scope): its provider was not told." in done.out and not kept(mysend), done
    assert not one.asked("revoke")


def test_a_provider_that_takes_no_access_tokens_back_has_ended_the_login_all_the_same(mysend, logged_in):
    one, there = logged_in("revoke ok 'error unsupported_token_type'")
    done = logout(mysend, one, there)
    assert done.status == 0 and done.out.endswith("127.0.0.1 has ended the login.\n") and not kept(mysend) and len(one.asked("revoke")) == 2, done
