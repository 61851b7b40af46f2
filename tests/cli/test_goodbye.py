"""QUIT is owed to a relay that has greeted us, whatever becomes of the session (RFC 5321 4.1.1.10)."""

import pytest

from given import PLAIN as TEXT, trusting


def login(auth):
    return "user joe\npassword hunter2secret\nauth %s\n" % auth


def quits(one):
    return one.verbs.count("QUIT")


CLEAR = [
    ("greeting refused", ['greet "554 5.7.1 go away"'], "tls off\n"),
    ("greeting refused for now", ['greet "450 4.3.2 later"'], "tls off\n"),
    ("greeting refused, TLS wanted", ['greet "554 5.7.1 go away"'], ""),
    ("EHLO refused", ['ehlo "502 5.5.1 no"'], ""),
    ("EHLO and HELO refused", ['ehlo "502 5.5.1 no"', 'helo "550 5.7.1 no"'], "tls off\n"),
    ("no STARTTLS", ["ehlo pipelining"], ""),
    ("no STARTTLS, a login", ["ehlo auth=plain"], login("plain")),
    ("no STARTTLS, a login, tls try", ["ehlo auth=plain"], "tls try\n" + login("plain")),
    ("STARTTLS refused for now", ["ehlo starttls", 'starttls "454 4.7.0 not now"'], ""),
    ("STARTTLS refused", ["ehlo starttls", 'starttls "502 5.5.1 no"'], ""),
    ("STARTTLS refused, a login", ["ehlo starttls auth=plain", 'starttls "454 4.7.0 not now"'], "tls try\n" + login("plain")),
    ("no AUTH", ["ehlo pipelining"], "tls off\n" + login("plain")),
    ("no method in common", ["ehlo auth=x-strange"], "tls off\n" + login("plain")),
    ("login refused by plain", ["ehlo auth=plain", "user joe other"], "tls off\n" + login("plain")),
    ("login refused by login", ["ehlo auth=login", "user joe other"], "tls off\n" + login("login")),
    ("login refused at once", ["ehlo auth=login", 'auth-start "504 5.5.4 no"'], "tls off\n" + login("login")),
    ("login refused by cram-md5", ["ehlo auth=cram-md5", "user joe other"], "tls off\n" + login("cram-md5")),
    ("login refused by digest-md5", ["ehlo auth=digest-md5", "user joe other"], "tls off\n" + login("digest-md5")),
    ("login refused by xoauth2", ["ehlo auth=xoauth2", "user joe other"], "tls off\n" + login("xoauth2")),
    ("login refused by oauthbearer", ["ehlo auth=oauthbearer", "user joe other"], "tls off\n" + login("oauthbearer")),
    ("a challenge that is none", ["ehlo auth=cram-md5", 'auth-start "334 !!!!"', "lax"], "tls off\n" + login("cram-md5")),
]


@pytest.mark.parametrize("parts, config", [row[1:] for row in CLEAR], ids=[row[0] for row in CLEAR])
@pytest.mark.parametrize("watched", [[], ["-v"]], ids=["", "watched"])
def test_session_that_fails_ends_with_quit(mysend, relay, certs, parts, config, watched):
    one = relay(*parts)
    result = mysend(*watched, "bob@example.org", stdin=TEXT, config=trusting(one, certs) + config)
    assert result.status not in (0, 70) and not one.transactions, result
    assert quits(one) == 1 and one.session.quit, one.commands
    assert not watched or result.err.count(">>> QUIT\n") == 1


@pytest.mark.parametrize("auth", ["plain", "login", "cram-md5", "xoauth2", "oauthbearer"])
@pytest.mark.parametrize("how", ["starttls", "implicit"])
@pytest.mark.parametrize("watched", [[], ["-v"]], ids=["", "watched"])
def test_login_refused_inside_tls_ends_with_quit(mysend, relay, certs, auth, how, watched):
    one = relay("ehlo starttls auth=" + auth, "ehlo-tls auth=" + auth, "user joe other", *["implicit-tls"] * (how == "implicit"))
    result = mysend(*watched, "bob@example.org", stdin=TEXT, config=trusting(one, certs, *["tls_starttls off"] * (how == "implicit")) + login(auth))
    assert result.status == 77 and not one.transactions, result
    assert quits(one) == 1 and one.session.quit and one.session.lines[-1].tls, one.commands
    said = "the relay does not take the login: 334" if auth == "xoauth2" else "535 5.7.8 authentication failed"
    assert said in [line for line in result.err.splitlines() if line.startswith("mysend: ")][0], result


@pytest.mark.parametrize("code, status", [("535 5.7.8 no", 77), ("454 4.7.0 later", 75), ("530 5.7.0 no\nnot at all", 77)])
def test_refusal_inside_tls_means_what_it_meant(mysend, relay, certs, code, status):
    one = relay("ehlo starttls auth=plain", ("auth", code))
    result = mysend("bob@example.org", stdin=TEXT, config=trusting(one, certs) + login("plain"))
    line = result.failed(status)
    assert code[:3] in line and code.split("\n")[-1][-3:] in line and "hunter" not in result.err
    assert quits(one) == 1 and not one.transactions


def test_helo_refused_inside_tls_ends_with_quit(mysend, relay, certs):
    one = relay("ehlo starttls", 'ehlo ok "502 5.5.1 no"', 'helo "550 5.7.1 not you"')
    assert "550 5.7.1 not you" in mysend("bob@example.org", stdin=TEXT, config=trusting(one, certs)).failed(69)
    assert quits(one) == 1 and one.session.lines[-1].tls


@pytest.mark.parametrize("parts, config", [(["ehlo pipelining"], ["tls off"]), (["ehlo starttls"], []), (["ehlo starttls", "ehlo-tls auth=plain"], ["auth plain", "user joe", "password x1"])])
def test_session_with_nothing_wrong_says_quit_once(mysend, relay, certs, parts, config):
    one = relay(*parts)
    mysend("bob@example.org", stdin=TEXT, config=trusting(one, certs, *config)).ok()
    assert quits(one) == 1


@pytest.mark.parametrize("parts, config", [(['greet "421 4.3.2 closing"'], ["tls off"]), (["ehlo starttls", "cert self-signed"], []),
                                           (["connect drop"], ["tls off"]), (["greet raw nonsense\r\n && hang", "lax"], ["tls off", "timeout 1"]),
                                           (["ehlo hang", "lax"], ["tls off", "timeout 1"])])
def test_nothing_is_said_where_nobody_would_read_it(mysend, relay, certs, parts, config):
    """The relay said goodbye itself, or TLS failed, or an answer is awaited still."""
    one = relay(*parts)
    result = mysend("bob@example.org", stdin=TEXT, config=trusting(one, certs, *config))
    assert result.status != 0 and quits(one) == 0 and b"QUIT" not in one.wire, result


def test_quit_goes_through_a_proxy_too(mysend, relay, proxy, certs):
    one, way = relay('greet "554 5.7.1 go away"'), proxy("socks5")
    mysend("bob@example.org", stdin=TEXT, config=trusting(one, certs, "tls off", "proxy socks5h://127.0.0.1:%d" % way.port))
    assert quits(one) == 1
