"""Tokens at a relay that nobody here wrote: Dovecot's submission service asks the provider about each of them (RFC 7662)."""
import pytest

import tokens
from given import PLAIN as TEXT

FLOWS = pytest.mark.parametrize("flow", ["client", "login"])
BOTH = pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])


def config_of(server, lines):
    return "account default\nhost 127.0.0.1\nport %d\ntls off\nfrom me@example.net\n%s" % (server.port, lines)


@BOTH
def test_token_of_a_command_is_taken_while_it_lasts(mysend, relay, provider, submission, mechanism):
    one, post = provider(), relay("ehlo pipelining chunking 8bitmime")
    server = submission(one, post)
    token, _ = one.user_token()
    config = config_of(server, "user me@example.net\npassword %s\nauth %s\nqueue off\n" % (token, mechanism))
    mysend("bob@example.org", stdin=TEXT, config=config).ok()
    assert post.message.recipients == ["bob@example.org"] and post.message.body.endswith(b"body\r\n"), post.message.body
    one.expire()
    done = mysend("-v", "bob@example.org", stdin=TEXT, config=config)
    assert done.status == 77 and len(post.messages) == 1 and ("user=<me@example.net>" in server.log()), done
    assert done.errors[-1].startswith("mysend: login to 127.0.0.1:%d: %s" % (server.port, {"xoauth2": "the relay does not take the login: 334 {", "oauthbearer": "535 5.7.8 "}[mechanism])), done
    assert "<<< 334 {" in done.err and len(done.hints) == 1 and token not in done.err, done


@BOTH
@FLOWS
def test_token_is_fetched_kept_and_healed_once_it_is_refused(mysend, relay, provider, submission, flow, mechanism):
    one, post = provider("refresh rotate"), relay("ehlo pipelining chunking 8bitmime")
    server = submission(one, post)
    config = config_of(server, "auth %s\nqueue off\n" % mechanism + one.account(flow))
    tokens.logged_in(one)
    for _ in range(2):
        mysend("bob@example.org", stdin=TEXT, config=config).ok()
    assert len(one.asked()) == 1 and len(post.messages) == 2 and server.log().count("submission-login: Info: Login: user=<me@example.net>, method=%s" % mechanism.upper()) == 2
    # The provider takes it back, and the file knows nothing of that.
    state = tokens.read(one)
    tokens.write(one, state["Access"], state["Refresh"], obtained=1000)
    one.expire()
    done = mysend("-v", "bob@example.org", stdin=TEXT, config=config)
    assert done.status == 0 and len(one.asked()) == 2 and len(post.messages) == 3 and tokens.read(one)["Access"] not in (state["Access"], ""), done
    assert done.err.count(">>> AUTH %s ****" % mechanism.upper()) == 2 and done.err.count("<<< 334 {") == 1, done


@FLOWS
def test_nobody_gets_in_whose_tokens_the_relay_does_not_know(mysend, relay, provider, submission, flow):
    """Another provider's tokens: final, with one exchange, and one connection more where the first was out of the file."""
    one, other, post = provider(), provider(), relay("ehlo pipelining")
    server = submission(other, post)
    tokens.write(one, *one.user_token(), obtained=1000)
    done = mysend("bob@example.org", stdin=TEXT, config=config_of(server, "queue off\n" + one.account(flow)))
    assert done.status == 77 and len(done.hints) == 1 and "fetched just now" in done.hints[0] and not post.messages and len(one.asked()) == 1, done
    assert len([request for request in other.requests if request.stage == "introspect"]) == 2


