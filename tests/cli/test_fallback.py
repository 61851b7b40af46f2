"""Another relay is tried when the first cannot be had, and only then."""
import pytest

from given import WHOLE as TEXT


def two_accounts(first, second, more=""):
    return ("account default\nhost 127.0.0.1\nport %d\ntls off\nfrom me@example.net\nmaildomain mail.example\naliases off\nfallback second\n%s"
            "account second\nhost 127.0.0.1\nport %d\ntls off\nfrom other@example.net\n" % (first, more, second))


@pytest.mark.parametrize("parts", [None, ["greet 421"], ["greet \"450 busy\""]])
def test_other_relay_is_tried_when_this_one_cannot_be_had(mysend, relay, parts):
    first = relay("ehlo pipelining", *parts) if parts else None
    second = relay()
    mysend("bob@example.org", stdin=TEXT, config=two_accounts(first.port if first else 1, second.port)).ok()
    assert second.message.sender == "me@example.net" and second.message.recipients == ["bob@example.org"]


@pytest.mark.parametrize("parts, status", [(["greet 554"], 69), (["mail 451"], 75), (["rcpt 550"], 67), (["rcpt 450"], 75), (["end 451"], 75), (["end drop"], 75)])
def test_other_relay_is_not_tried_once_this_one_has_had_its_say(mysend, relay, parts, status):
    first, second = relay("ehlo pipelining", *parts), relay()
    done = mysend("bob@example.org", stdin=TEXT, config=two_accounts(first.port, second.port))
    assert done.status == status and not second.sessions


def test_both_relays_that_fail_are_told(mysend):
    done = mysend("bob@example.org", stdin=TEXT, config=two_accounts(1, 2))
    assert done.status == 75 and "connect to 127.0.0.1:1:" in done.err and "the account second failed too" in done.err


@pytest.mark.parametrize("target, said", [("default", "leads in a circle"), ("nowhere", "nowhere")])
def test_fallback_that_leads_nowhere_is_an_error(mysend, target, said):
    config = two_accounts(1, 2).replace("fallback second", "fallback " + target)
    assert said in mysend("bob@example.org", stdin=TEXT, config=config).failed(78)


def test_mail_waits_only_when_no_relay_can_be_had(spool, mysend, relay):
    more = "queue on\nspool %s\n" % spool.top
    mysend("bob@example.org", stdin=TEXT, config=two_accounts(1, 2, more)).ok()
    there = relay()
    assert len(spool.names()) == 1
    mysend("-qf", config=two_accounts(1, there.port, more)).ok()
    assert there.message and spool.files() == []
