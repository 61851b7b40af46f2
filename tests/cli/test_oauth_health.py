"""--queue-check of accounts of tokens: what it says for a plugin and for Prometheus, by the files alone."""
import os
import re
import subprocess

import pytest

import tokens
from metrics import CHECK, unpacked
from waiting import PATIENCE

DAY = 86400
MICROSOFT = "oauth_provider microsoft:example.org\n"


def check(spool, one, flow="login", more="", args=("--queue-check",), **how):
    before = len(one.requests)
    result = spool.run(*args, more=one.account(flow, **how) + more)
    assert len(one.requests) == before, "the network was asked"
    return result


def logged_in(one, ago=0, **more):
    access, refresh = one.user_token(scope="mail")
    tokens.write(one, access, refresh, obtained=ago, **more)


def samples(text):
    """{(metric, account): value} of the metrics of tokens."""
    return {(name, account): int(value) for name, account, value in re.findall(r'^(mysend_oauth_\w+)\{account="([^"]*)",spool="[^"]*"\} (\d+)$', text, re.M)}


@pytest.mark.parametrize("ago, status, words", [
    (0, 0, None), (75 * DAY, 0, None), (77 * DAY, 1, "the login of account default ends in 13 days, since nothing has used it: does a timer or cron run mysend -q? else mysend --login|"),
    (89 * DAY + 3600, 1, "ends in 23 hours"), (100 * DAY, 1, "the login of account default was not used for so long that it has ended: mysend --login|"),
])
def test_login_that_is_not_used_is_a_warning_two_weeks_before_it_ends(spool, provider, ago, status, words):
    one = provider("scope mail")
    logged_in(one, ago)
    result = check(spool, one, more=MICROSOFT)
    assert result.status == status and (words is None or words in result.out), result
    left = int(re.search(r"'login default'=(\d+)s;1209600:;;0$", result.out, re.M)[1])
    assert max(0, 90 * DAY - ago - 60) <= left <= max(0, 90 * DAY - ago), result


def test_fine_tokens_say_nothing_but_numbers(spool, provider):
    one = provider("scope mail")
    logged_in(one, 600)
    result = check(spool, one)          # whose logins end is not known of this provider
    said, numbers = result.out.split("|")
    assert result.status == 0 and "login" not in said and "token" not in said and "'login " not in numbers, result
    assert 2900 < int(re.search(r" 'token default'=(\d+)s;;;0$", numbers, re.M)[1]) <= 3000, result


def test_client_without_a_token_yet_is_fine(spool, provider):
    one = provider()
    result = check(spool, one, "client")
    assert result.status == 0 and "'token default'=0s;;;0" in result.out, result
    assert not os.path.exists(one.state)


def test_account_that_nobody_has_logged_in_for_is_a_warning(spool, provider):
    result = check(spool, provider())
    assert result.status == 1 and "nobody has logged in for account default: mysend --login|" in result.out, result


def test_state_that_cannot_be_read_is_said(spool, provider):
    one = provider("scope mail")
    logged_in(one)
    os.chmod(os.path.join(one.state, "default"), 0o644)
    result = check(spool, one)
    assert result.status == 1 and "the token of account default cannot be read: " in result.out and "others may read it" in result.out, result
    text = check(spool, one, args=CHECK).out
    assert samples(text) == {("mysend_oauth_readable", "default"): 0}, text


@pytest.mark.parametrize("flow", ["client", "login"])
def test_refusal_of_the_last_exchange_is_known_without_asking_until_one_goes_well(spool, relay, provider, flow):
    one = provider('token "error invalid_grant" ok', "scope mail")
    there = tokens.relay_of(relay, one)
    if flow == "login":
        logged_in(one, 7200)
    lines = one.account(flow)
    spool.run("bob@example.org", relay=there, more=lines, stdin=b"Subject: x\n\nx\n")
    assert not there.messages and len(one.asked()) == 1
    result = check(spool, one, flow)
    words = "account default got no token: "
    assert result.status == 1 and words in result.out and "invalid_grant" in result.out.split(words)[1], result
    assert ("; mysend --login|" in result.out) == (flow == "login"), result
    assert samples(check(spool, one, flow, args=CHECK).out)["mysend_oauth_refused", "default"] == 1
    spool.run("-qf", relay=there, more=lines).ok()
    assert len(there.messages) == 1
    result = check(spool, one, flow)
    assert result.status == 0 and words not in result.out, result


@pytest.mark.parametrize("after", ["--logout", "damage", "another user"])
def test_refusal_of_a_login_that_is_over_is_told_no_more(spool, relay, provider, after):
    one = provider('token "error invalid_grant"', "scope mail")
    logged_in(one, 7200)
    spool.run("bob@example.org", relay=tokens.relay_of(relay, one), more=one.account("login"), stdin=b"Subject: x\n\nx\n")
    assert "got no token" in check(spool, one).out
    if after == "--logout":
        assert spool.run("--logout", relay=relay(), more=one.account("login")).status == 0
    elif after == "damage":
        with open(os.path.join(one.state, "default"), "w", encoding="utf-8") as out:
            out.write("mysend-token 1\n")
    else:
        tokens.write(one, "", "of somebody else", user="you@example.net")
    result = check(spool, one)
    assert "got no token" not in result.out and "nobody has logged in for account default: mysend --login|" in result.out, result
    assert samples(check(spool, one, args=CHECK).out)["mysend_oauth_refused", "default"] == 0


def test_provider_that_is_down_is_no_refusal(spool, relay, provider):
    one = provider("token 503")
    spool.run("bob@example.org", relay=tokens.relay_of(relay, one), more=one.account(), stdin=b"Subject: x\n\nx\n")
    assert one.asked() and "got no token" not in check(spool, one, "client").out


def test_prometheus_gets_a_sample_for_each_account(spool, provider):
    one = provider("scope mail")
    logged_in(one, 600)
    tokens.write(one, *one.user_token(scope="mail"), account="other", obtained=86 * DAY)
    more = MICROSOFT + "account other : default\naccount third : default\noauth client\naccount plain\nhost 127.0.0.1\n"
    text = check(spool, one, more=more, args=CHECK).out
    found = samples(text)
    assert {key for key, value in found.items() if key[0] == "mysend_oauth_readable" and value == 1} == {("mysend_oauth_readable", name) for name in ("default", "other", "third")}
    assert 2900 < found["mysend_oauth_token_expiry_seconds", "default"] <= 3000 and found["mysend_oauth_token_expiry_seconds", "third"] == 0, text
    assert 4 * DAY - 60 < found["mysend_oauth_login_expiry_seconds", "other"] <= 4 * DAY and ("mysend_oauth_login_expiry_seconds", "third") not in found, text
    assert set(found.values()) >= {0, 1} and not [key for key in found if key[1] == "plain"], text
    names = re.findall(r"^# TYPE (mysend_oauth_\w+) gauge$", text, re.M)
    assert names == ["mysend_oauth_readable", "mysend_oauth_token_expiry_seconds", "mysend_oauth_login_expiry_seconds", "mysend_oauth_refused"], text


def test_promtool_finds_nothing_to_say_of_tokens(spool, provider):
    promtool = unpacked("promtool", "prometheus")
    one = provider("scope mail")
    logged_in(one, 600)
    text = check(spool, one, more=MICROSOFT + 'account say"x : default\n', args=CHECK).raw_out
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0 and done.stdout + done.stderr == b"", (text, done)


def test_bar_and_quotes_in_names_do_not_break_the_plugin_s_line(spool, provider):
    one = provider("scope mail")
    result = check(spool, one, more="account it's=a|b : default\n")
    assert result.out.count("|") == 1 and "'token it''s_a_b'=0s" in result.out and result.out.count("\n") == 1, result
