"""An account of tokens: fetched from a provider, kept, and taken by the relay in the place of a password."""
import os
import stat

import pytest

TEXT = b"From: me@example.net\nTo: bob@example.org\nSubject: s\n\nbody\n"


def state_of(tmp_path):
    return tmp_path / "oauth" / "default"


def send(mysend, one, config, *words, **more):
    return mysend(*words, "bob@example.org", stdin=TEXT, relay=one, config=config, **more)


@pytest.mark.parametrize("offer", ["xoauth2", "oauthbearer", "plain,login,xoauth2", "plain,login,oauthbearer,xoauth2"])
def test_a_client_fetches_its_token_and_logs_in_with_it_by_what_the_relay_offers(mysend, relay, provider, offer, tmp_path):
    given = provider("app my-id s3cret")
    one = relay("ehlo auth=" + offer, who=given.who)
    result = send(mysend, one, given.account("client"))
    assert result.status == 0 and not result.err
    assert len(one.transactions) == 1
    assert len(given.asked("client")) == 1
    state = state_of(tmp_path)
    assert stat.S_IMODE(os.stat(str(state)).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(str(state.parent)).st_mode) == 0o700


def test_the_next_run_takes_the_token_out_of_its_file(mysend, relay, provider):
    given = provider("app my-id s3cret")
    one = relay("ehlo auth=xoauth2", who=given.who)
    for _ in range(3):
        assert send(mysend, one, given.account("client")).status == 0
    assert len(given.asked("client")) == 1
