"""An account of tokens: fetched from a provider, kept, and taken by the relay in the place of a password."""
import json
import os
import stat

import pytest

import tokens
from given import PLAIN as TEXT
from waiting import SOON


def send(mysend, one, config, *words, **more):
    return mysend(*words, "bob@example.org", stdin=TEXT, relay=one, config=config, **more)


@pytest.mark.parametrize("offer", ["xoauth2", "oauthbearer", "plain,login,xoauth2", "plain,login,oauthbearer,xoauth2"])
@pytest.mark.parametrize("auth", ["", "auth on\n"])
def test_a_client_fetches_its_token_and_logs_in_by_what_the_relay_offers(mysend, relay, provider, offer, auth):
    given = provider("app my-id s3cret")
    one = relay("ehlo auth=" + offer, who=given.who)
    send(mysend, one, given.account() + auth).ok()
    assert len(one.transactions) == 1 and len(given.asked("client")) == 1
    assert stat.S_IMODE(os.stat(os.path.join(given.state, "default")).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(given.state).st_mode) == 0o700
    assert tokens.read(given)["Access"] == given.given()[0]


@pytest.mark.parametrize("auth, offer, works", [("xoauth2", "plain,xoauth2", True), ("oauthbearer", "plain,oauthbearer,xoauth2", True),
                                                ("oauthbearer", "plain,xoauth2", False), ("xoauth2", "plain,oauthbearer", False)])
def test_a_mechanism_that_is_named_is_the_one(mysend, relay, provider, auth, offer, works):
    given = provider("app my-id s3cret")
    one = relay("ehlo auth=" + offer, who=given.who)
    done = send(mysend, one, given.account() + "auth %s\n" % auth)
    assert done.status == (0 if works else 77) and len(one.transactions) == works


def test_a_relay_that_takes_no_tokens_gets_nothing_and_no_secret(mysend, relay, provider):
    given = provider("app my-id s3cret")
    one = relay("ehlo auth=plain,login")
    assert send(mysend, one, given.account()).status == 77
    assert not one.transactions and "AUTH" not in one.verbs


def test_the_next_runs_take_the_token_out_of_its_file(mysend, relay, provider):
    given = provider("app my-id s3cret")
    one = relay("ehlo auth=xoauth2", who=given.who)
    for _ in range(3):
        send(mysend, one, given.account()).ok()
    assert len(given.asked("client")) == 1


def test_a_login_is_renewed_and_its_new_refresh_token_is_kept(mysend, relay, provider):
    given = provider("app my-id s3cret", "refresh single")
    one = tokens.relay_of(relay, given)
    old = tokens.logged_in(given)
    send(mysend, one, given.account("login")).ok()
    assert [asked.form["refresh_token"] for asked in given.asked("refresh")] == [old]
    state = tokens.read(given)
    assert state["Refresh"] != old and state["Refresh"] == given.given("refresh")[-1] and given.is_good(state["Access"])
    send(mysend, one, given.account("login")).ok()
    assert len(given.asked()) == 1 and len(one.transactions) == 2


def test_nobody_has_logged_in_yet(mysend, relay, provider, spool):
    given = provider("app my-id s3cret")
    one = tokens.relay_of(relay, given)
    done = mysend("bob@example.org", stdin=TEXT, config=spool.config(one, given.account("login")))
    assert done.status == 0 and not given.asked() and not one.sessions
    assert "token from 127.0.0.1: nobody has logged in for the account default yet" in done.err
    assert done.hints[0].endswith(": mysend --login") and len(spool.names()) == 1
    # Once somebody has, it goes.
    tokens.logged_in(given)
    mysend("-qf", config=spool.config(one, given.account("login"))).ok()
    assert len(one.transactions) == 1 and not spool.names()


def test_a_login_of_another_configuration_is_told_and_stays(mysend, relay, provider):
    given = provider("app my-id s3cret")
    one = tokens.relay_of(relay, given)
    refresh = tokens.logged_in(given, client="another")
    done = send(mysend, one, given.account("login") + "queue off\n")
    assert "is of another configuration (another oauth_client_id)" in done.err and done.status == 77
    assert not given.asked() and tokens.read(given)["Refresh"] == refresh


# --- The secret -----------------------------------------------------------------------------------


def netrc(mysend, *entries):
    return mysend.file("".join("machine %s login %s password %s\n" % entry for entry in entries))


def test_netrc_is_looked_up_by_the_provider_and_the_client_never_by_the_relay(mysend, relay, provider):
    given = provider("app my-id s3cret")
    one = tokens.relay_of(relay, given)
    path = netrc(mysend, ("127.0.0.1", "me@example.net", "the-mailbox-password"), ("127.0.0.1", "my-id", "s3cret"))
    send(mysend, one, given.account(secret="") + "netrc %s\n" % path).ok()
    assert [asked.form["client_secret"] for asked in given.asked()] == ["s3cret"]


def test_a_client_without_a_secret_is_told_so(mysend, relay, provider):
    given = provider("app my-id s3cret")
    one = tokens.relay_of(relay, given)
    path = netrc(mysend, ("127.0.0.1", "me@example.net", "the-mailbox-password"))
    done = send(mysend, one, given.account(secret="") + "queue off\nnetrc %s\n" % path)
    assert done.status == 78 and "there is no secret for the client my-id" in done.err and "add 127.0.0.1 to " + path in done.hints[0]
    assert not given.asked() and not one.sessions


@pytest.mark.parametrize("flow, text, status", [("login", "", 0), ("login", "\n", 78), ("client", "", 78)])
def test_an_empty_credential_is_a_client_without_a_secret_where_somebody_has_logged_in(mysend, relay, provider, tmp_path, flow, text, status):
    """mysend@.service names the credential always."""
    one = provider("app app")
    tokens.logged_in(one)
    (tmp_path / "mysend.password").write_text(text)
    done = send(mysend, tokens.relay_of(relay, one), one.account(flow, secret="") + "queue off\n", env={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert done.status == status and ("is empty" in done.err) == bool(status), done


def test_the_secret_is_looked_for_only_when_a_token_has_to_be_fetched(mysend, relay, provider, tmp_path):
    given = provider("app my-id s3cret")
    one = tokens.relay_of(relay, given)
    config = given.account(secret="") + "password_command echo x >>%s; echo s3cret\n" % (tmp_path / "asked")
    for _ in range(2):
        send(mysend, one, config).ok()
    assert (tmp_path / "asked").read_text() == "x\n"


# --- Contradictions -------------------------------------------------------------------------------


@pytest.mark.parametrize("more, said", [
    ("auth plain", "oauth contradicts auth ("), ("pop_before_smtp pop3://127.0.0.1", "oauth contradicts pop_before_smtp ("),
    ("oauth_device_url http://example.org/", "oauth_device_url takes https:// only"), ("oauth_provider github", "oauth_provider takes microsoft:TENANT or google, not github"),
])
def test_settings_that_contradict_are_named_with_their_line(mysend, provider, more, said):
    given = provider("app my-id s3cret")
    config = "host 127.0.0.1\nport 1\nfrom me@example.net\nqueue off\n" + given.account() + more + "\n"
    done = mysend("bob@example.org", stdin=TEXT, config=config)
    text = done.failed(78)
    number = [n for n, line in enumerate(config.splitlines(), 1) if line.startswith(said.split(" ")[0] + " ")]
    assert ":%d: %s" % (number[0], said) in text
    assert not given.asked()


def test_in_clear_text_to_another_host_no_token_goes_and_none_is_fetched(mysend, provider):
    given = provider("app my-id s3cret")
    config = given.account() + "host relay.invalid\ntls off\nfrom me@example.net\nqueue off\n"
    done = mysend("bob@example.org", stdin=TEXT, config=config)
    assert "tls is off, and the token would go in clear text" in done.failed(78) and done.hints == ["mysend: hint: set tls on"]
    assert not given.asked()


def test_a_variable_names_no_command_that_prints_an_assertion(mysend, relay, provider, tmp_path):
    given = provider("app my-id s3cret")
    one = tokens.relay_of(relay, given)
    done = send(mysend, one, given.account(), env={"MYSEND_OAUTH_ASSERTION_COMMAND": "touch %s" % (tmp_path / "ran")})
    assert "MYSEND_OAUTH_ASSERTION_COMMAND is refused" in done.err and "hint: put oauth_assertion_command into " in done.hints[0]
    assert not (tmp_path / "ran").exists() and not one.sessions


# --- The provider fails ---------------------------------------------------------------------------


@pytest.mark.parametrize("parts, told", [(["token 503"], False), (["token 429"], False), (["token drop"], False), (["token 'error invalid_client'"], True)])
def test_without_a_token_the_relay_is_not_asked_and_the_mail_waits(mysend, relay, provider, spool, parts, told):
    given = provider("app my-id s3cret", *parts)
    one = tokens.relay_of(relay, given)
    done = mysend("bob@example.org", stdin=TEXT, config=spool.config(one, given.account()))
    assert done.status == 0 and len(spool.names()) == 1 and not one.sessions and ("token from 127.0.0.1: 401 invalid_client" in done.err) == told
    given.mend("token ok")
    mysend("-qf", config=spool.config(one, given.account())).ok()
    assert len(one.transactions) == 1 and not spool.names()


@pytest.mark.parametrize("parts, status", [(["token 503"], 75), (["token 'error invalid_client'"], 77)])
def test_without_a_queue_the_status_tells(mysend, relay, provider, parts, status):
    given = provider("app my-id s3cret", *parts)
    one = tokens.relay_of(relay, given)
    done = send(mysend, one, given.account() + "queue off\n")
    assert "token from 127.0.0.1: " in done.failed(status) and not one.sessions


def test_log_and_object_tell_who_gave_no_token_and_which_relay_it_is(mysend, relay, provider, tmp_path):
    given = provider("app my-id s3cret", "token 'error invalid_client AADSTS7000215'")
    one = tokens.relay_of(relay, given)
    log, words = tmp_path / "log", "token from 127.0.0.1: 401 invalid_client: AADSTS7000215"
    done = send(mysend, one, given.account() + "queue off\nlogfile %s\n" % log, "--json")
    told = json.loads(done.out)
    assert (told["stage"], told["error"], told["relay"], told["status"]) == ("token", words, "127.0.0.1:%d" % one.port, 77)
    assert " port=%d tls=off auth=off user=me@example.net " % one.port in log.read_text() and " errormsg='%s' hint='" % words in log.read_text()


def two_accounts(given, first, second):
    return ("account default\nhost 127.0.0.1\nport %d\ntls off\nfrom me@example.net\naliases off\nqueue off\nfallback second\n%s"
            "account second\nhost 127.0.0.1\nport %d\ntls off\nauth off\nfrom other@example.net\n" % (first.port, given.account(), second.port))


@pytest.mark.parametrize("action, other", [("503", True), ("drop", True), ("'error invalid_client'", False), ("html", False)])
def test_a_fallback_takes_the_mail_when_the_provider_does_not_answer(mysend, relay, provider, action, other):
    given = provider("app my-id s3cret", "token " + action)
    first, second = tokens.relay_of(relay, given), relay()
    done = mysend("bob@example.org", stdin=TEXT, config=two_accounts(given, first, second))
    assert not first.sessions and len(second.transactions) == other and (done.status == 0) == other


# --- The file -------------------------------------------------------------------------------------


def test_a_client_whose_token_cannot_be_kept_sends_with_one_warning(mysend, relay, provider):
    given = provider("app my-id s3cret")
    one = tokens.relay_of(relay, given)
    path = mysend.file("x")
    for times in (1, 2):
        done = send(mysend, one, given.account(state=path))
        assert done.status == 0 and len(one.transactions) == times and len(given.asked()) == times
        assert done.err.count("warning: the token is not kept, and each run fetches another: " + path) == 1 and done.err.count("\n") == 1


def test_a_restored_login_is_taken_where_the_provider_refuses_the_old_one(mysend, relay, provider):
    given = provider("app my-id s3cret", "client hold")
    one = tokens.relay_of(relay, given)
    good = given.user_token(scope="")[1]
    tokens.write(given, refresh="over", obtained=7200)
    given.mend('refresh "hold && error invalid_grant" ok')
    run = mysend.start("bob@example.org", relay=one, config=given.account("login"))
    run.process.stdin.write(TEXT)
    run.process.stdin.close()
    given.wait_for("refresh")
    tokens.write(given, refresh=good, obtained=7200)    # by a backup, which knows no lock
    given.go()
    run.process.stdin = None
    run.finish().ok()
    assert [asked.form["refresh_token"] for asked in given.asked("refresh")] == ["over", good] and len(one.transactions) == 1


def test_a_login_that_is_over_is_told_once_it_was_asked_for_once(mysend, relay, provider):
    given = provider("app my-id s3cret")
    one = tokens.relay_of(relay, given)
    tokens.write(given, refresh="over", obtained=7200)
    done = send(mysend, one, given.account("login") + "queue off\n")
    assert "invalid_grant" in done.failed(77) and "mysend --login" in done.hints[0]
    assert len(given.asked("refresh")) == 1 and tokens.read(given)["Refresh"] == "over"


def test_a_run_that_is_told_to_end_while_a_login_is_renewed_keeps_the_new_one(mysend, relay, provider, spool):
    given = provider("app my-id s3cret", "refresh single", 'refresh "hold && ok" ok')
    one = tokens.relay_of(relay, given)
    old = tokens.logged_in(given)
    run = mysend.start("bob@example.org", config=spool.config(one, given.account("login")))
    run.process.stdin.write(TEXT)
    run.process.stdin.close()
    run.process.stdin = None
    given.wait_for("refresh")
    run.process.terminate()
    given.go()
    run.process.communicate(timeout=SOON)
    assert tokens.read(given)["Refresh"] == given.given("refresh")[-1] != old and len(spool.names()) == 1
    mysend("-qf", config=spool.config(one, given.account("login"))).ok()
    assert len(one.transactions) == 1 and len(given.asked()) == 1
