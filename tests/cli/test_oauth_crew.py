"""One token for all sessions of a run: fetched once at the beginning, and once when it ends on the way; nothing is lost, or sent twice."""
import collections
import os
import threading

import pytest

import tokens
from given import PLAIN as TEXT
from spooled import fill

FLOWS = pytest.mark.parametrize("flow", ["client", "login"])
HOWS = pytest.mark.parametrize("how", ["queue", "batch"])
MAILS = 96


class Turning:
    """A relay's rule: the old token lets in so many sessions, and no more; any other is the provider's affair."""

    def __init__(self, one, old, times):
        self.one, self.old, self.left, self.refused, self.lock = one, old, times, 0, threading.Lock()

    def __call__(self, user, token):
        if token != self.old:
            return self.one.who(user, token)
        with self.lock:
            self.left -= 1
            self.refused += self.left < 0
            return self.left >= 0


def again(spool, how, post, lines, sessions=8):
    """A run of the queue, or of a batch, over eight sessions."""
    what = ["-qf"] if how == "queue" else ["--batch", os.path.join(os.path.dirname(spool.top), "letters.mbox"), "--yes"]
    return spool.run(*what, relay=post, more="sessions %d\n" % sessions + lines)


def send(spool, how, post, lines, mails=MAILS, sessions=8):
    if how == "queue":
        fill(spool.top, mails)
    else:
        os.makedirs(os.path.dirname(spool.top), exist_ok=True)
        with open(os.path.join(os.path.dirname(spool.top), "letters.mbox"), "w", encoding="ascii") as out:
            out.writelines("From me@example.net Mon Nov 23 10:00:00 2026\nFrom: me@example.net\nTo: u%d@example.org\nSubject: x\nMessage-ID: <%d@h>\n\nbody\n\n" % (i, i) for i in range(mails))
    return again(spool, how, post, lines, sessions)


def each_once(post, mails=MAILS):
    got = collections.Counter(to for mail in post.messages for to in mail.recipients)
    return got == {"u%d@example.org" % i: 1 for i in range(mails)}


@HOWS
@FLOWS
def test_eight_sessions_share_what_one_exchange_brings(spool, relay, provider, flow, how):
    one = provider("refresh single", "token 'hold'")
    tokens.logged_in(one)
    post = relay("ehlo pipelining auth=xoauth2", "delay 0.005", who=one.who)
    threading.Thread(target=lambda: (one.wait_for({"client": "client", "login": "refresh"}[flow]), one.go()), daemon=True).start()
    done = send(spool, how, post, one.account(flow))
    assert done.status == 0 and each_once(post) and len(one.asked()) == 1, (done, one.asked())
    assert len(post.sessions) > 1 and all(who.ok for who in post.logins) and {who.password for who in post.logins} == {tokens.read(one)["Access"]}


@HOWS
@FLOWS
@pytest.mark.parametrize("times", [1, 8, 12])
def test_token_that_ends_on_the_way_costs_one_exchange_for_all(spool, relay, provider, flow, how, times):
    """The relay ends each session behind six mails, and lets nobody in any more by the old token: it is not asked in vain for long."""
    one = provider("refresh single", "token 'sleep 0.2'")
    access, refresh = one.user_token()
    tokens.write(one, access, refresh if flow == "login" else "", obtained=1000)
    rule = Turning(one, access, times)
    post = relay("ehlo pipelining auth=xoauth2,oauthbearer", "mails 6", "lax", who=rule)
    done = send(spool, how, post, one.account(flow))
    assert done.status == 0 and each_once(post) and len(one.asked()) == 1, (done, one.asked())
    assert 1 <= rule.refused <= 8 and len([who for who in post.logins if not who.ok]) == rule.refused
    assert spool.files() == [] or how == "batch"
    last = [who.password for who in post.logins if who.ok][-1]
    assert last == tokens.read(one)["Access"] != access


@HOWS
def test_relay_that_refuses_each_token_from_then_on_keeps_what_is_left(spool, relay, provider, how):
    """A fresh one refused is final for this run: each session has tried the old one and the new one, and that is all."""
    one = provider()
    access, _ = one.user_token()
    tokens.write(one, access, obtained=1000)
    rule = Turning(one, access, 4)
    post = relay("ehlo pipelining auth=xoauth2", "mails 6", "lax", who=lambda user, token: token == access and rule(user, token))
    done = send(spool, how, post, one.account("client"))
    got = collections.Counter(to for mail in post.messages for to in mail.recipients)
    assert 0 < len(got) < MAILS and set(got.values()) == {1} and len(one.asked()) == 1, (done, one.asked())
    assert len([who for who in post.logins if not who.ok]) <= 2 * 8 + 2, done
    assert how == "queue" or (done.status == 77 and "fetched just now" in done.err), done
    assert len(spool.names()) == (MAILS - len(got) if how == "queue" else 0)
    post.who = one.who
    assert again(spool, how, post, one.account("client")).status == 0
    assert each_once(post) and not spool.names()


@HOWS
def test_run_that_is_longer_than_its_tokens_has_new_ones_as_it_goes(spool, relay, provider, how):
    """Seconds for hours. A session that was let in goes on with its token, whatever becomes of it."""
    one = provider("lasts 4")
    post = relay("ehlo pipelining auth=xoauth2", "delay 0.02", who=one.who)
    done = send(spool, how, post, "max_per_connection 3\n" + one.account("client"), mails=90, sessions=2)
    assert done.status == 0 and each_once(post, 90), done
    asked = one.asked()
    assert 2 <= len(asked) < len(post.sessions) - 10 and all(who.ok for who in post.logins), asked


def test_provider_that_is_away_while_the_token_ends_makes_the_rest_wait(spool, relay, provider):
    one = provider("token 503")
    access, _ = one.user_token()
    tokens.write(one, access, obtained=1000)
    rule = Turning(one, access, 2)
    post = relay("ehlo pipelining auth=xoauth2", "mails 6", "lax", who=rule)
    done = send(spool, "queue", post, one.account("client"))
    got = collections.Counter(to for mail in post.messages for to in mail.recipients)
    assert 0 < len(got) < MAILS and set(got.values()) == {1} and len(spool.names()) == MAILS - len(got), done
    one.mend("token ok")
    again(spool, "queue", post, one.account("client")).ok()
    assert each_once(post) and not spool.names()


@pytest.mark.parametrize("stale", [False, True])
def test_dialogue_of_several_messages_logs_in_once_or_by_the_relays_will_again(mysend, relay, provider, stale):
    """-bs: the token is fetched with the first message; a session that the relay ends is opened anew, also with a new token."""
    one = provider()
    access, _ = one.user_token()
    if stale:
        tokens.write(one, access, obtained=1000)
    rule = Turning(one, access, 1)
    post = relay("ehlo pipelining auth=xoauth2", "mails 2", "lax", who=rule if stale else one.who)
    said = b"EHLO me\r\n" + b"MAIL FROM:<me@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n" * 4 + b"QUIT\r\n"
    done = mysend("-bs", stdin=said, relay=post, config="queue off\n" + one.account("client"))
    assert done.out.count("250 2.0.0 ") >= 4 and len(post.messages) == 4, done
    assert [who.ok for who in post.logins] == ([True, False, True] if stale else [True, True]) and len(one.asked()) == 1


def test_each_account_of_a_queue_has_its_own_token(spool, relay, provider):
    first, second = provider(), provider("login other@example.net")
    tokens.logged_in(second, account="work", obtained=7200)
    post = [relay("ehlo pipelining auth=xoauth2", who=one.who) for one in (first, second)]
    config = spool.config(post[0], "sessions 4\n" + first.account("client")) + \
        "account work\nhost 127.0.0.1\nport %d\ntls off\nfrom me@example.net\nmaildomain mail.example\naliases off\nqueue on\nspool %s\nsessions 4\n" % (post[1].port, spool.top) + second.account("login")
    for i in range(20):
        spool.mysend("-odq", "-a", "work" if i % 2 else "default", "u%d@example.org" % i, stdin=TEXT, config=config).ok()
    assert not first.asked() and not second.asked()
    spool.mysend("-qf", config=config).ok()
    assert [len(one.messages) for one in post] == [10, 10] and [len(one.asked()) for one in (first, second)] == [1, 1] and not spool.names()
    assert {who.user for who in post[1].logins} == {"other@example.net"}


@FLOWS
def test_session_that_takes_the_place_of_another_logs_in_by_the_same_token(mysend, relay, provider, flow):
    """What the relay offered does not hold: one more session, behind the wiping of the passwords; the token is in its file."""
    one = provider("refresh single")
    tokens.logged_in(one)
    post = relay("ehlo pipelining chunking auth=xoauth2", "no-bdat '502 5.5.1 no such command'", "lax", who=one.who)
    path = mysend.file("s3cret\n")
    lines = "".join(line + "\n" for line in one.account(flow).splitlines() if not line.startswith("password")) + "password_file %s\n" % path
    mysend("bob@example.org", stdin=TEXT, relay=post, config="queue off\n" + lines).ok()
    assert len(post.messages) == 1 and len(post.sessions) == 2 and len(one.asked()) == 1 and all(who.ok for who in post.logins)
