"""A login that is hardly used: a run of the queue uses it once a week, so that it does not end with the silence of the host."""
import os
import threading

import pytest

import tokens
from waiting import wait_for

HOUR, DAY = 3600, 86400


def ahead(library, seconds):
    return {"LD_PRELOAD": library("clock"), "TEST_OF_OFFSET": str(int(seconds))}


def run(spool, one, *args, more="", env=None):
    return spool.run(*(args or ("-q",)), more=one.account("login") + more, env=env)


@pytest.mark.parametrize("ago, asked", [(HOUR * 2, 0), (6 * DAY + 23 * HOUR, 0), (7 * DAY + 60, 1), (89 * DAY, 1), (200 * DAY, 1)])
def test_login_whose_last_exchange_is_a_week_old_is_renewed_and_nothing_is_said(spool, provider, ago, asked):
    one = provider("refresh rotate")
    refresh = tokens.logged_in(one, obtained=ago)
    result = run(spool, one)
    assert result.status == 0 and result.out == "" and result.err == "", result
    assert len(one.asked("refresh")) == asked and (tokens.read(one)["Refresh"] != refresh) == bool(asked)
    run(spool, one).ok()
    assert len(one.asked()) == asked            # and not again


def test_clock_that_has_moved_on_a_week_at_a_time_keeps_a_login_for_a_year(spool, provider, library):
    one = provider("refresh single")
    tokens.logged_in(one)
    for days in range(0, 365, 3):
        if days % 30 == 0:
            one.expire()                        # the provider's clock is not moved; its tokens are over
        result = run(spool, one, env=ahead(library, days * DAY))
        assert (result.status, result.out, result.err) == (0, "", ""), result
    times = len(one.asked("refresh"))
    assert 365 // 9 - 1 <= times <= 365 // 7 + 1, times


def test_queue_goes_first_and_mail_s_exchange_is_the_renewal(spool, relay, provider):
    one = provider("refresh rotate")
    tokens.logged_in(one, obtained=30 * DAY)
    there = tokens.relay_of(relay, one)
    spool.run("-odq", "bob@example.org", stdin=b"Subject: x\n\nx\n", relay=there, more=one.account("login")).ok()
    spool.run("-q", relay=there, more=one.account("login")).ok()
    assert len(there.messages) == 1 and len(one.asked()) == 1


@pytest.mark.parametrize("args", [("-qI", "nosuch"), ("-qR", "bob"), ("-qS", "me")])
def test_run_for_some_mails_by_hand_renews_nothing(spool, provider, args):
    one = provider()
    tokens.logged_in(one, obtained=30 * DAY)
    run(spool, one, args[0] + args[1])
    assert one.asked() == []


def test_provider_that_is_down_is_asked_again_an_hour_later_and_nothing_is_said(spool, provider, library):
    one = provider("token 503 503 503 503 ok", "refresh rotate")
    tokens.logged_in(one, obtained=30 * DAY)
    asked = []
    for minutes in (0, 1, 30, 59, 62, 100, 125):
        result = run(spool, one, env=ahead(library, minutes * 60))
        assert (result.status, result.out, result.err) == (0, "", ""), result
        asked.append(len(one.asked()))
    assert asked[0] == asked[3] < asked[4] == asked[5] <= asked[6], asked


def test_login_that_is_refused_is_told_once_a_day_with_what_a_person_does(spool, provider, library):
    one = provider('token "error invalid_grant"')
    tokens.logged_in(one, obtained=30 * DAY)
    first = run(spool, one)
    assert first.status == 0 and "the login of account default cannot be renewed: " in first.err and "mysend --login" in first.err, first
    times = len(one.asked())
    for hours in (1, 12, 23):
        assert run(spool, one, env=ahead(library, hours * HOUR)).err == ""
    assert len(one.asked()) == times
    assert "cannot be renewed" in run(spool, one, env=ahead(library, 25 * HOUR)).err and len(one.asked()) == 2 * times


def test_renewal_never_keeps_mail_of_another_account_from_going(spool, relay, provider):
    one = provider("token hang", "lax")
    tokens.logged_in(one, account="other", obtained=30 * DAY)
    there = relay()
    other = "account other\nhost 127.0.0.1\nport 9\ntls off\nfrom other@example.net\n" + one.account("login")
    spool.run("-odq", "bob@example.org", stdin=b"Subject: x\n\nx\n", relay=there, more=other).ok()
    done = threading.Thread(target=lambda: spool.run("-q", relay=there, more=other))
    done.start()
    wait_for(lambda: there.messages, "the mail, while the provider of another account hangs")
    one.wait_for("refresh")
    one.stop()
    done.join()


def test_two_runs_at_once_ask_once(spool, provider):
    one = provider("refresh single")
    tokens.logged_in(one, obtained=30 * DAY)
    runs = [threading.Thread(target=lambda: run(spool, one)) for _ in range(4)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    assert len(one.asked("refresh")) == 1


def test_each_login_of_the_configuration_is_renewed_and_a_broken_account_is_passed_over(spool, provider):
    one = provider("refresh rotate")
    for name in ("default", "second"):
        tokens.write(one, *one.user_token(), account=name, obtained=30 * DAY)
    more = "account broken : default\noauth client\npop_before_smtp pop3://127.0.0.1\naccount second : default\naccount third : default\noauth client\n"
    result = run(spool, one, more=more)
    assert (result.status, result.err) == (0, "") and len(one.asked("refresh")) == 2, result


def test_without_a_spool_or_a_mail_it_is_renewed_all_the_same(mysend, provider, tmp_path):
    one = provider("refresh rotate")
    tokens.logged_in(one, obtained=30 * DAY)
    result = mysend("-q", config="host 127.0.0.1\nfrom me@example.net\n" + one.account("login"), env={"MYSEND_SPOOL": str(tmp_path / "none")})
    assert (result.status, result.err) == (0, "") and len(one.asked("refresh")) == 1 and not os.path.exists(str(tmp_path / "none")), result
