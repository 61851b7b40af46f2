"""Configured --without-oauth: the settings are read, an account that wants a token says why there is none, and all else goes on."""
import pytest

from given import PLAIN as TEXT

CLIENT = "host 127.0.0.1\nuser alerts@example.org\nfrom alerts@example.org\noauth_provider microsoft:contoso.example\noauth_client_id app\n"
TOLD = "built without it (--without-oauth)"


@pytest.fixture(autouse=True)
def built_without(has_oauth):
    if has_oauth:
        pytest.skip("this mysend is built with oauth")


@pytest.mark.parametrize("how", ["client", "login"])
def test_an_account_that_wants_a_token_says_why_there_is_none(mysend, how):
    done = mysend("bob@example.org", stdin=TEXT, config="queue off\n%soauth %s\n" % (CLIENT, how))
    assert done.status == 78 and TOLD in done.err and ":7: oauth" in done.err, done


def test_with_oauth_off_its_settings_do_no_harm(mysend, relay):
    there = relay()
    done = mysend("bob@example.org", stdin=TEXT, config="host 127.0.0.1\nport %d\ntls off\nfrom alerts@example.org\noauth off\noauth_client_id app\n" % there.port)
    assert done.status == 0 and done.err == "" and len(there.messages) == 1, done


def test_a_token_that_a_command_prints_is_sent_all_the_same(mysend, relay):
    there = relay("ehlo auth=xoauth2")
    done = mysend("bob@example.org", stdin=TEXT, config="host 127.0.0.1\nport %d\ntls off\nfrom alerts@example.org\nuser alerts@example.org\nauth xoauth2\n"
                  "password_command echo token\n" % there.port)
    assert done.status == 0 and done.err == "" and len(there.messages) == 1, done


@pytest.mark.parametrize("mode", ["--login", "--logout"])
def test_nobody_logs_in(mysend, mode):
    done = mysend(mode, config=CLIENT + "oauth off\n")
    assert done.status == 78 and "there is no %s: mysend was built without OAuth2" % mode in done.err, done


def test_the_settings_are_shown(mysend):
    done = mysend("--show-config", config="relay smtp://relay.example\noauth off\noauth_client_id app\n")
    assert done.status == 0 and "\noauth_client_id app\t" in done.out, done


def test_configure_says_that_what_it_prints_is_for_another_build(mysend):
    made = mysend("--configure", "me@outlook.com", "--relay", "smtp://smtp-mail.outlook.com", "--oauth_client_id", "app")
    assert made.status == 0 and "\noauth login\n" in made.out and "next: a mysend that has oauth (this one was built --without-oauth), mysend --login" in made.err, made
