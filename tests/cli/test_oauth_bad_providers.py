"""A provider that answers badly, wrongly, late or not at all: one line that says so, and the mail goes once it is mended."""
import os
import time

import pytest

import tokens
from given import PLAIN
from provider import Provider
from waiting import PATIENCE

BOB = "bob@example.org"

# What the provider does, what of it is told, and the status without a queue: 75 for what may go better later, else the provider's word.
LATER, REFUSED, NONSENSE = 75, 77, 76
ANSWERS = [
    ("error AADSTS7000215", "AADSTS7000215", REFUSED),
    ("error AADSTS7000222", "expired", REFUSED),
    ("error AADSTS700016", "AADSTS700016", REFUSED),
    ("error AADSTS90002", "AADSTS90002", REFUSED),
    ("error AADSTS65001", "AADSTS65001", REFUSED),
    ("error AADSTS90033", "temporarily_unavailable", LATER),
    ("error google-client", "invalid_client", REFUSED),
    ("error google-secret", "invalid_client", REFUSED),
    ("error invalid_scope", "invalid_scope", REFUSED),
    ("error unheard_of Words of its own", "Words of its own", REFUSED),
    ("error temporarily_unavailable", "temporarily_unavailable", LATER),
    ("as 500 && error server_error", "500", LATER),
    ("503 busy", "503", LATER),
    ("502", "502", LATER),
    ("retry 429 30", "429", LATER),
    ("retry 503 9999999999", "503", LATER),
    ("html 503", "503", LATER),
    ("html 500 && pad 200000", "500", LATER),
    ("html", "200", NONSENSE),
    ("html 404", "404", NONSENSE),
    ("404", "404", NONSENSE),
    ("text grant_type", "200", NONSENSE),
    ("nothing", "200", NONSENSE),
    ("junk 1000", "200", NONSENSE),
    ("junk 65536", "200", NONSENSE),
    ("json {", "200", NONSENSE),
    ("json []", "200", NONSENSE),
    ("json null", "200", NONSENSE),
    ("json {}", "200", NONSENSE),
    ('json {"access_token":""}', "200", NONSENSE),
    ('json {"access_token":5}', "200", NONSENSE),
    ('json {"access_token":["a"]}', "200", NONSENSE),
    ('json {"access_token":"a b"}', "200", NONSENSE),
    ('json {"access_token":"a\\r\\nMAIL FROM:<x@y>"}', "200", NONSENSE),
    ('json {"access_token":"a\\u0001b"}', "200", NONSENSE),
    ('json {"access_token":"a\\u0000b"}', "200", NONSENSE),
    ('json {"access_token":"caf\\u00e9"}', "200", NONSENSE),
    ('json {"access_token":"abcdefg","token_type":"mac"}', "200", NONSENSE),
    ('json {"error":5}', "200", NONSENSE),
    ('json {"error":"\\u001b[31mred"}', None, None),
    ('as 400 && json {"error":"invalid_client","error_description":"two\\r\\nlines \\u001b[31m and more"}', "invalid_client", REFUSED),
    ('as 400 && json {"error":"invalid_client","error_description":"\\u0000"}', "400", NONSENSE),
    ('json {"access_token":"abcdefg"} trailing', "200", NONSENSE),
    ("duplicate", "200", NONSENSE),
    ("deep 10000", "200", NONSENSE),
    ("deep 30000", "200", NONSENSE),
    ("huge 65000", "200", NONSENSE),
    ("huge 65537", "65536", NONSENSE),
    ("huge 5000000", "65536", NONSENSE),
    ("pad 70000", "65536", NONSENSE),
    ("endless", "65536", NONSENSE),
    ("endless-chunks", "65536", NONSENSE),
    ("endless-header", "", None),
    ("gzip", "200", NONSENSE),
    ("half", "", LATER),
    ("lose", "", LATER),
    ("drop", "", LATER),
    ("reset", "", LATER),
    ("raw \x00\x01\x02 no HTTP", "", None),
    ("raw HTTP/1.1 200", "", None),
    ("header Content-Length: 99999", "", None),
]


@pytest.mark.parametrize("action, told, status", ANSWERS, ids=[action[:40].encode("ascii", "backslashreplace").decode() for action, _, _ in ANSWERS])
def test_a_bad_answer_is_one_line_and_the_mail_waits_until_the_provider_is_mended(mysend, relay, provider, spool, action, told, status):
    one = provider(("token", action))
    far = tokens.relay_of(relay, one)
    done = mysend(BOB, stdin=PLAIN, relay=far, config=one.account())
    assert done.status in ((status,) if status else (LATER, REFUSED, NONSENSE)), done
    line = done.failed(done.status)
    assert "127.0.0.1" in line and (told or "") in line and "Trace ID" not in done.err and len(line) < 600, done
    assert line.isprintable(), done
    assert not far.sessions, "the token comes before the connection"

    waits = spool.run(BOB, relay=far, stdin=PLAIN, more=one.account())
    assert waits.status == 0 and len(spool.names()) == 1 and not far.sessions, waits
    assert tokens.read(one) == {}, "nothing of a bad answer is kept"
    one.mend("token ok")
    spool.run("-qf", relay=far, more=one.account())
    assert not spool.names() and len(far.messages) == 1


GOOD = ["type text/html", "type application/x-unheard-of", "chunked", "unsized", "http10", "drip 0.001", "drip-all 0.001", "chunked && drip 0.001", "pad 1000",
        "member foci \"1\"", "member id_token \"%s\"" % ("x" * 4000), "member token_type \"bearer\"", "member token_type \"BEARER\"", "member ext {\"a\":[1,{}]}",
        "member scope \"other\"", "no-date", "header Date: yesterday", "as 201", "header X-Long: %s" % ("x" * 8000), "header Set-Cookie: a=b; Secure"]


@pytest.mark.parametrize("action", GOOD, ids=[action[:30] for action in GOOD])
def test_an_answer_may_be_odd_and_good(mysend, relay, provider, action):
    one = provider(("token", action))
    far = tokens.relay_of(relay, one)
    for _ in range(2):
        mysend(BOB, stdin=PLAIN, relay=far, config=one.account()).ok()
    assert len(one.asked()) == 1 and "cookie" not in one.asked()[0].headers and len(far.messages) == 2


@pytest.mark.parametrize("code", ["301", "302", "303", "307", "308"])
@pytest.mark.parametrize("flow", ["client", "login"])
def test_a_redirect_is_not_followed_and_the_other_host_gets_nothing(mysend, relay, provider, spool, code, flow):
    other = provider()
    one = provider(("token", "redirect %s %s/token" % (code, other.url)))
    far = tokens.relay_of(relay, one, other)
    if flow == "login":
        tokens.logged_in(one)
    done = spool.run(BOB, relay=far, stdin=PLAIN, more=one.account(flow))
    assert done.status == 0 and len(spool.names()) == 1, done
    assert not other.requests and not other.connections and not far.sessions
    one.mend("token ok")
    spool.run("-qf", relay=far, more=one.account(flow))
    assert not spool.names() and len(far.messages) == 1 and not other.connections


def test_a_refresh_token_survives_every_bad_answer(mysend, relay, provider):
    """What the provider may have done all the same is not told by a broken answer: the old one is kept, and sent again."""
    one = provider("refresh until-used", ("token", "half", "lose", "503", "html", "junk 100", "duplicate", "endless", "drop", "raw x", "huge 100000", "error server_error", "ok"))
    first = tokens.logged_in(one)
    far = tokens.relay_of(relay, one)
    for _ in range(11):
        done = mysend(BOB, stdin=PLAIN, relay=far, config=one.account("login"))
        assert done.status in (LATER, NONSENSE, REFUSED) and tokens.read(one)["Refresh"] == first, done
    mysend(BOB, stdin=PLAIN, relay=far, config=one.account("login")).ok()
    assert tokens.read(one)["Refresh"] == one.given("refresh")[-1] != first


def fast(library, speed=20):
    """Half a minute is over in a second and a half."""
    return {"LD_PRELOAD": library("clock"), "TEST_OF_SPEED": str(speed)}


@pytest.mark.parametrize("parts", [("connect hang",), (("token", "hang"),), (("token", "drip 0.2 && pad 60000"),), (("token", "drip-all 0.2 && pad 60000"),),
                                   ("tls", "connect hang")], ids=["silent", "silent behind the request", "octet by octet", "header octet by octet", "no TLS"])
def test_half_a_minute_is_the_most_that_is_waited(mysend, relay, provider, spool, library, parts):
    one = provider(*parts)
    far = tokens.relay_of(relay, one)
    began = time.monotonic()
    done = mysend(BOB, stdin=PLAIN, relay=far, config=one.account(), env=fast(library))
    line = done.failed(LATER)
    assert "127.0.0.1" in line and not far.sessions and time.monotonic() - began < PATIENCE, done


@pytest.mark.parametrize("fallback", [False, True])
def test_a_provider_that_is_not_there(mysend, relay, provider, spool, fallback):
    one = provider()
    gone = Provider()
    lines = one.account().replace(one.url, gone.url)
    gone.stop()
    far, other = tokens.relay_of(relay, one), relay()
    more = lines
    if fallback:
        more += "fallback other\naccount other\nhost %s\nport %d\ntls off\nfrom me@example.net\n" % (other.host, other.port)
    done = spool.run(BOB, relay=far, stdin=PLAIN, more=more)
    assert done.status == 0 and len(spool.names()) == (0 if fallback else 1) and len(other.messages) == fallback, done


def test_a_name_that_is_not_known_is_temporary(mysend, relay, provider):
    one = provider("tls")
    far = tokens.relay_of(relay, one)
    lines = one.account().replace("https://127.0.0.1", "https://login.invalid")
    line = mysend(BOB, stdin=PLAIN, relay=far, config=lines).failed(LATER)
    assert "login.invalid" in line


def test_a_secret_never_goes_to_another_host_in_the_clear(mysend, relay, provider):
    one = provider()
    far = tokens.relay_of(relay, one)
    for url in ("http://login.example.com/token", "http://localhost:%d/token" % one.port, "http://127.0.0.1@evil.example/token", "ftp://127.0.0.1/token",
                "http://127.0.0.1.evil.example/token", "file:///etc/passwd", "http://0x7f.1:%d/token" % one.port, "http://[::ffff:127.0.0.1]:%d/token" % one.port):
        lines = one.account(only=("revoke",)) + "oauth_token_url %s\n" % url
        line = mysend(BOB, stdin=PLAIN, relay=far, config=lines).failed(78)
        assert "oauth_token_url" in line and "s3cret" not in line
    assert not one.requests and not far.sessions


@pytest.mark.parametrize("answer, told", [("503", "503"), ("error AADSTS7000222", "AADSTS7000222")])
def test_why_a_mail_waits_is_in_the_log_and_the_list(mysend, relay, provider, spool, answer, told):
    one = provider(("token", answer))
    far = tokens.relay_of(relay, one)
    log = os.path.join(mysend.tmp, "log")
    spool.run(BOB, relay=far, stdin=PLAIN, more=one.account() + "logfile %s\n" % log)
    with open(log, encoding="utf-8") as text:
        lines = text.read().splitlines()
    assert len(lines) == 1 and "token from 127.0.0.1" in lines[0] and told in lines[0] and "Trace ID" not in lines[0], lines
    listed = spool.run(name="mailq", relay=far, more=one.account())
    assert listed.status == 0 and "token from 127.0.0.1" in listed.out and told in listed.out, listed


def test_many_mails_ask_a_provider_in_trouble_once_a_run(mysend, relay, provider, spool):
    one = provider("token 503")
    far = tokens.relay_of(relay, one)
    for _ in range(5):
        spool.run(BOB, relay=far, stdin=PLAIN, more=one.account())
    assert len(spool.names()) == 5
    before = len(one.asked())
    spool.run("-qf", relay=far, more=one.account() + "sessions 4\n")
    assert len(one.asked()) - before <= 1 and len(spool.names()) == 5
    one.mend("token ok")
    before = len(one.asked())
    spool.run("-qf", relay=far, more=one.account() + "sessions 4\n")
    assert len(one.asked()) - before == 1 and not spool.names() and len(far.messages) == 5


@pytest.mark.parametrize("value", ['""', "null", "5", '["a"]', '"a\\nAccess: b"', '"a\\u0000b"', '"caf\\u00e9"', '"%s"' % ("x" * 20000)],
                         ids=["empty", "null", "number", "list", "two lines", "NUL", "not ASCII", "long"])
def test_an_odd_refresh_token_does_not_replace_the_good_one(mysend, relay, provider, value):
    one = provider("refresh keep", ("refresh", "member refresh_token " + value, "ok"))
    first = tokens.logged_in(one)
    far = tokens.relay_of(relay, one)
    done = mysend(BOB, stdin=PLAIN, relay=far, config=one.account("login"))
    assert done.status == (0 if far.messages else NONSENSE) and len(done.errors) <= 1, done
    assert tokens.read(one)["Refresh"] == first, done
    tokens.pass_time(one)
    mysend(BOB, stdin=PLAIN, relay=far, config=one.account("login")).ok()
    assert tokens.read(one)["Refresh"] == first and len(one.asked("refresh")) == 2


def test_tokens_that_last_a_second_are_enough(mysend, relay, provider, spool):
    one = provider("expires-in 1", "token 503")
    far = tokens.relay_of(relay, one)
    for _ in range(4):
        spool.run(BOB, relay=far, stdin=PLAIN, more=one.account())
    one.mend("token ok")
    spool.run("-qf", relay=far, more=one.account())
    assert not spool.names() and len(far.messages) == 4 and len(one.given()) <= 4
