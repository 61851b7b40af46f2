"""What a process still holds of tokens and of the client's secret while it waits for the relay's last answer."""
import base64
import os
import re
import urllib.parse

import pytest

import tokens
from held import memory, waiting
from waiting import wait_for

SECRET = "s3cret~hunter+2%secret"


def spellings(text):
    """As it is, in a form, and in base64 wherever it may begin; of a long one its first hundred letters and its last."""
    data = text.encode()
    for piece in {data[:100], data[-100:]}:
        yield piece
        yield urllib.parse.quote(piece, safe="").encode()
        for ahead in range(3):
            yield base64.b64encode(b"\0" * ahead + piece)[4:-4]


def left_of(pid, secrets):
    places = memory(pid)
    return ["%s: %s in %s" % (name, spelling, place) for name, text in secrets.items() for spelling in set(spellings(text)) if len(spelling) >= 10
            for place, octets in places for _ in re.finditer(re.escape(spelling), octets)]


def source(mysend, where, lines):
    """The configuration with the secret from there."""
    rest = "".join(line + "\n" for line in lines.splitlines() if not line.startswith("password"))
    path = mysend.file(SECRET + "\n")
    return rest + {"password": 'password "%s"\n' % SECRET, "password_file": "password_file %s\n" % path, "password_command": "password_command cat %s\n" % path}[where]


def look(mysend, one, post, config, secrets=()):
    process = waiting(mysend, post, config)
    secrets = dict(secrets, secret=SECRET, **{"%s %d" % (one.grants.tokens[text].kind, i): text for i, text in enumerate(one.grants.tokens)})
    left = left_of(process.pid, secrets)
    process.kill()
    process.wait()
    assert left == [] and len(post.transactions) == 1 and len(secrets) >= 2


def relay_config(post, certs, tls):
    return "account default\nhost 127.0.0.1\nport %d\nfrom me@example.net\n%s\n" % (post.port, "tls_trust_file %s/ca.pem" % certs if tls else "tls off")


@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
@pytest.mark.parametrize("flow, where", [("client", "password"), ("client", "password_file"), ("client", "password_command"), ("login", "password"), ("login", "password_file")])
def test_nothing_of_an_exchange_stays_in_memory(mysend, relay, provider, certs, flow, where, mechanism, tls):
    one = provider(("app", "app", SECRET), "refresh rotate", *(["tls"] if tls else []))
    tokens.logged_in(one)
    post = relay("ehlo auth=%s%s" % (mechanism, " starttls" if tls else ""), "end hang", who=one.who)
    lines = "".join(line + "\n" for line in one.account(flow).splitlines() if not line.startswith("tls_trust_file"))
    look(mysend, one, post, relay_config(post, certs, tls) + source(mysend, where, lines))
    assert len(one.asked()) == 1


@pytest.mark.parametrize("flow", ["client", "login"])
def test_nothing_of_a_token_out_of_its_file_stays_in_memory(mysend, relay, provider, certs, flow):
    one = provider(("app", "app", SECRET))
    tokens.write(one, *one.user_token(), obtained=1000)
    post = relay("ehlo auth=xoauth2", "end hang", who=one.who)
    look(mysend, one, post, relay_config(post, certs, False) + source(mysend, "password_file", one.account(flow)))
    assert not one.asked()


@pytest.mark.parametrize("flow", ["client", "login"])
def test_nothing_of_a_token_that_was_refused_stays_in_memory(mysend, relay, provider, certs, flow):
    one = provider(("app", "app", SECRET), "refresh rotate")
    access, refresh = one.user_token()
    tokens.write(one, access, refresh, obtained=1000)
    one.expire()
    post = relay("ehlo auth=oauthbearer", "end hang", who=one.who)
    look(mysend, one, post, relay_config(post, certs, False) + source(mysend, "password_file", one.account(flow)), {"old": access})
    assert len(one.asked()) == 1 and [who.ok for who in post.logins] == [False, True]


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_nothing_of_a_long_token_stays_in_memory(mysend, relay, provider, certs, mechanism):
    """Microsoft's have over two thousand octets, and go behind a question of the relay's."""
    one, token = provider(("app", "app", SECRET)), "eyJ0eXAiOiJKV1Qi." + base64.b64encode(os.urandom(2100)).decode().replace("=", "")
    tokens.write(one, token, obtained=1000)
    post = relay("ehlo auth=" + mechanism, "end hang", who=lambda user, text: text == token)
    look(mysend, one, post, relay_config(post, certs, False) + source(mysend, "password_file", one.account("client")), {"token": token})


@pytest.mark.parametrize("mode", ["-bs", "-q"])
def test_what_one_login_took_is_in_one_place_while_the_next_may_still_come(mysend, spool, relay, provider, mode):
    """conf/vault has the token and the secret, each once, until no login is to come; libcurl, jansson and the file's buffer have none."""
    if mysend.sanitized or os.geteuid() != 0:
        pytest.skip("a sanitizer keeps what is freed, and only root may look into it")
    one = provider(("app", "app", SECRET))
    post = relay("ehlo auth=xoauth2", "end hang", who=one.who)
    config = spool.config(post, source(mysend, "password_file", one.account("client")))
    if mode == "-q":
        spool.mysend("-odq", "bob@example.org", stdin=b"Subject: x\n\nx\n", config=config).ok()
    running = mysend.start(mode, config=config)
    if mode == "-bs":
        running.process.stdin.write(b"EHLO me\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n")
        running.process.stdin.flush()
    wait_for(lambda: post.transactions and post.transactions[0].complete, "the message")
    token = post.logins[0].password
    left = left_of(running.process.pid, {"token": token, "secret": SECRET})
    running.process.kill()
    running.process.wait()
    assert len([line for line in left if line.startswith("token")]) <= 1 and len([line for line in left if line.startswith("secret")]) <= 1, left
