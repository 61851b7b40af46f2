"""--probe of an account of tokens: a line for the token, before the relay is asked, as a mail meets it."""
import json
import os

import pytest

import tokens
from given import needs_root
from probes import UNTRIED, fails, probe, sent_nothing

DAY = 86400
MICROSOFT = "oauth_provider microsoft:example.org\n"      # which knows when its logins end; the URLs are the test's


def account(one, flow="client", more="", **how):
    return one.account(flow, **how) + "aliases off\n" + more


@pytest.mark.parametrize("shape, line", [
    (["skew none", "lasts 3570"], "fetched now from 127.0.0.1, 59 minutes left"), (["skew 40", "lasts 3570"], "fetched now from 127.0.0.1, 59 minutes left; their clock is 40 s ahead"),
    (["skew -200", "lasts 3570"], "fetched now from 127.0.0.1, 59 minutes left; their clock is 200 s behind"),
    (["skew none", "lasts 259000"], "fetched now from 127.0.0.1, 2 days left"), (["skew none", "lasts 50"], "fetched now from 127.0.0.1, less than a minute left"),
])
def test_token_that_is_fetched_has_its_line_before_the_relay_s(mysend, relay, provider, shape, line):
    one = provider(*shape)
    there = tokens.relay_of(relay, one)
    result = probe(mysend, "bob@example.org", relay=there, config=account(one))
    stage, text, hint = result.stages["token"]
    if "clock" in line:     # a second may pass on the way
        text = text.replace("39 s", "40 s").replace("199 s", "200 s").replace("201 s", "200 s").replace("41 s", "40 s")
    assert result.status == 0 and (stage, text, hint) == ("ok", line, ""), result
    names = list(result.stages)
    assert names.index("spool") < names.index("token") < names.index("name") and "as " + one.script.login in result.stages["login"][1], result
    assert result.stages["secret"][1].endswith("6 octets; it is the client's, for the provider of tokens"), result
    sent_nothing(there)


def test_token_of_the_file_is_told_as_such_and_nobody_is_asked(mysend, relay, provider):
    one = provider("lasts 3570")
    there = tokens.relay_of(relay, one)
    first = probe(mysend, "bob@example.org", relay=there, config=account(one))
    assert "fetched now" in first.stages["token"][1], first
    again = probe(mysend, "bob@example.org", relay=there, config=account(one))
    assert again.status == 0 and again.stages["token"] == ("ok", "from its file, 59 minutes left", "") and len(one.asked()) == 1, again


def test_account_without_tokens_has_no_such_line(mysend, relay):
    assert "token" not in probe(mysend, "bob@example.org", relay=relay()).stages


@pytest.mark.parametrize("ago, result, words", [(0, "ok", "90 days"), (75 * DAY, "ok", "90 days")])
def test_login_that_was_used_tells_its_days(mysend, relay, provider, ago, result, words):
    one = provider("refresh rotate", "scope mail")
    access, refresh = one.user_token(scope="mail")
    tokens.write(one, access, refresh, obtained=ago + 7200)
    there = tokens.relay_of(relay, one)
    done = probe(mysend, "bob@example.org", relay=there, config=account(one, "login", MICROSOFT, secret=""))
    assert done.stages["token"][0] == result and done.stages["token"][1].endswith("; the login lasts %s" % words), done
    assert "fetched now" in done.stages["token"][1] and len(one.asked("refresh")) == 1, done


def test_login_that_is_near_its_end_is_a_warning_that_names_what_keeps_it(mysend, relay, provider):
    one = provider("scope mail")
    access, refresh = one.user_token(scope="mail")
    tokens.write(one, access, refresh, obtained=80 * DAY + 3600, lasts=82 * DAY)     # a token that lasts, so that the login is not used
    done = probe(mysend, "bob@example.org", relay=tokens.relay_of(relay, one), config=account(one, "login", MICROSOFT))
    stage, text, hint = done.stages["token"]
    assert done.status == 0 and stage == "warn" and "the login lasts 9 days" in text and "mysend -q" in hint and "mysend --login" in hint, done


def test_clocks_that_are_far_apart_are_a_warning(mysend, relay, provider):
    one = provider("skew 3600")
    done = probe(mysend, "bob@example.org", relay=tokens.relay_of(relay, one), config=account(one))
    stage, text, hint = done.stages["token"]
    assert done.status == 0 and stage == "warn" and ("their clock is 3600 s ahead" in text or "3599 s" in text) and "clock of this host" in hint, done


@pytest.mark.parametrize("action, status, words", [
    ("error invalid_client", 77, "invalid_client"), ("503", 75, "503"), ("error AADSTS7000215", 77, "AADSTS7000215"),
])
def test_refusal_of_the_provider_is_the_stage_s_and_the_relay_is_not_asked(mysend, relay, provider, action, status, words):
    one = provider('token "%s"' % action)
    there = tokens.relay_of(relay, one)
    done = probe(mysend, "bob@example.org", relay=there, config=account(one))
    stage = fails(done, "token", status)
    assert words in stage[1] and (stage[2] or status == 75) and there.sessions == [], done


def test_nobody_has_logged_in_is_the_stage_s_failure(mysend, relay, provider):
    one = provider()
    done = probe(mysend, "bob@example.org", relay=tokens.relay_of(relay, one), config=account(one, "login", secret=""))
    stage = fails(done, "token", 77)
    assert "nobody has logged in" in stage[1] and "mysend --login" in stage[2], done
    assert done.stages["secret"] == ("ok", "none: the client is a public one", ""), done


def test_secret_that_is_missing_is_found_before_the_provider_is_asked(mysend, relay, provider):
    one = provider()
    done = probe(mysend, "bob@example.org", relay=tokens.relay_of(relay, one), config=account(one, secret=""))
    fails(done, "secret", 78)
    assert done.stages["token"] == UNTRIED and one.asked() == [], done


def test_json_has_the_stage_with_its_milliseconds(mysend, relay, provider):
    one = provider()
    done = probe(mysend, "--json", "bob@example.org", relay=tokens.relay_of(relay, one), config=account(one))
    stages = {stage["stage"]: stage for stage in json.loads(done.out)["stages"]}
    assert stages["token"]["result"] == "ok" and stages["token"]["detail"].startswith("fetched now from") and stages["token"]["ms"] >= 0, done


def test_v_shows_the_exchange_without_token_or_secret(mysend, relay, provider):
    one = provider()
    done = probe(mysend, "-v", "bob@example.org", relay=tokens.relay_of(relay, one), config=account(one))
    assert "POST" in done.err and "grant_type=client_credentials" in done.err and done.stages["token"][0] == "ok", done


@needs_root
def test_as_another_user_has_the_state_of_that_user(mysend, relay, provider, open_folder):
    one = provider()
    there = tokens.relay_of(relay, one)
    os.chmod(open_folder, 0o777)
    config = os.path.join(open_folder, "config")
    lines = account(one, state=os.path.join(open_folder, "of-nobody")) + "from me@example.net\nhost 127.0.0.1\nport %d\ntls off\nqueue off\n" % there.port
    with open(config, "w", encoding="utf-8") as out:
        out.write("account default\n" + lines)
    os.chmod(config, 0o600)
    import pwd
    import shutil
    shutil.chown(config, "nobody", pwd.getpwnam("nobody").pw_gid)
    done = probe(mysend, "--as", "nobody", "-C", config, "bob@example.org")
    assert done.stages["token"][0] == "ok" and "fetched now" in done.stages["token"][1], done
    assert os.stat(os.path.join(open_folder, "of-nobody", "default")).st_uid == pwd.getpwnam("nobody").pw_uid
