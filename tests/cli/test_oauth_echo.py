"""A provider that repeats in its answers what it was shown: secrets do not go into what is said, logged, kept and sent because of it."""
import os

import pytest

import tokens
from given import PLAIN
from logins import BROWSER, TAKES, Person

BOB = "bob@example.org"
SECRET = "a-l0ng-s3cret~of.the_app"


def shows_nothing(mysend, done, *secrets):
    """Neither the run nor any file that mysend has written, but the state, has one of them."""
    for secret in secrets:
        assert secret not in done.out + done.err, done
        for top, _, names in os.walk(mysend.tmp):
            for name in names:
                path = os.path.join(top, name)
                if path in mysend.written or (os.sep + "oauth" + os.sep in path and not name.endswith(".lock")):
                    continue
                with open(path, "rb") as data:
                    assert secret.encode() not in data.read(), path


@pytest.mark.parametrize("name, words", [("invalid_client", "secret %s is wrong"), ("invalid_client", "secret:%s"), ("x%s", "no"), ("server_error", "boom %s"), ("slow_down", "%s")])
@pytest.mark.parametrize("flow", ["client", "login"])
def test_a_secret_that_an_error_repeats_is_masked(mysend, relay, provider, spool, flow, name, words):
    one = provider("app my-id " + SECRET, "lax")
    refresh = tokens.logged_in(one) if flow == "login" else ""
    for said in [SECRET] + ([refresh] if refresh else []):
        one.mend(("token", "error %s %s" % (name.replace("%s", said), words.replace("%s", said))))
        log = os.path.join(mysend.tmp, "log")
        done = spool.run(BOB, "-v", relay=relay("ehlo auth=xoauth2", "lax"), stdin=PLAIN, more=one.account(flow) + "logfile %s\n" % log)
        shows_nothing(mysend, done, SECRET, refresh or SECRET)


def test_an_assertion_that_an_error_repeats_is_masked(mysend, relay, provider):
    one = provider("assertion client", ("token", "error invalid_client assertion eyJhbGciOi.eyJpc3M.c2lnbmVk expired"), "lax")
    command = "oauth_assertion_command echo eyJhbGciOi.eyJpc3M.c2lnbmVk\n"
    done = mysend(BOB, "-v", stdin=PLAIN, relay=relay(TAKES, "lax"), config=one.account(secret="") + command)
    assert done.status == 77 and "assertion **** expired" in done.err and "c2lnbmVk" not in done.err, done


def test_a_code_that_an_error_repeats_is_masked(mysend, relay, provider):
    one = provider(("code", "error invalid_grant no such code: a-code-of-mine-12345"), "lax")
    who = Person(mysend, one, relay(TAKES), "-v", only=BROWSER)
    state = who.url().split("state=")[1].split("&")[0]
    who.type(b"code=a-code-of-mine-12345&state=%s\n" % state.encode())
    status, shown = who.finish()
    assert status == 77 and "no such code: ****" in shown and "of-mine" not in shown, shown


def test_a_piece_of_a_long_one_is_masked_and_a_word_that_a_secret_has_by_chance_is_not(mysend, relay, provider):
    one = provider("app my-id the-secret-of-host7", "lax")
    refresh = "".join("%04x-" % number for number in range(400))
    tokens.write(one, "", refresh, obtained=7200)
    one.mend(("token", "error invalid_grant the client secret is fine, the token is not: %s" % refresh))
    done = mysend(BOB, stdin=PLAIN, relay=relay(TAKES, "lax"), config=one.account("login"))
    assert done.status == 77 and "invalid_grant: the client secret is fine, the token is not: ****" in done.err and "0007-" not in done.err, done
