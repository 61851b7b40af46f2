"""Tokens at a relay that nobody here wrote: Dovecot's submission service asks the provider about each of them (RFC 7662)."""
import pytest

from given import PLAIN as TEXT

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
