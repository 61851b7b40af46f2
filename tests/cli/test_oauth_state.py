"""The file that keeps an account's tokens: many processes at once, a process killed or a disk that fails anywhere, and who else gets to see a token."""
import os
import signal

import pytest

import tokens
from given import PLAIN as TEXT
from waiting import PATIENCE, wait_for

MANY = 20
SENT = "bob@example.org"


def config(relay, provider, flow="login", more=""):
    return "account default\nhost %s\nport %d\ntls off\nfrom me@example.net\nqueue off\n%s%s" % (relay.host, relay.port, provider.account(flow), more)


def send(mysend, text, **more):
    return mysend(SENT, stdin=TEXT, config=text, **more)


def at_once(mysend, text, count):
    """So many that have begun before the first of them has got its message."""
    running = [mysend.start(SENT, config=text) for _ in range(count)]
    return [one.finish(TEXT, settle=False) for one in running]


def begun(mysend, text):
    """One that has got its message, and is at work."""
    one = mysend.start(SENT, config=text)
    one.process.stdin.write(TEXT)
    one.process.stdin.close()
    return one


def newest(provider):
    return provider.given("refresh")[-1]


def left_over(provider, account="default"):
    """What stands in the folder beside the state and its lock."""
    return sorted(name for name in os.listdir(provider.state) if name not in (account, account + ".lock")) if os.path.isdir(provider.state) else []


# --- many at once ---------------------------------------------------------------------------------

@pytest.mark.parametrize("flow, parts", [("client", []), ("login", ["refresh single"]), ("login", ["refresh single", "refresh 'sleep 1'"]),
                                         ("login", ["refresh until-used"])], ids=["client", "single-use", "slow", "until-used"])
def test_many_at_once_ask_once_and_all_send(mysend, relay, provider, flow, parts):
    one = provider(*parts)
    there = tokens.relay_of(relay, one)
    if flow == "login":
        tokens.logged_in(one)
    for result in at_once(mysend, config(there, one, flow), MANY):
        result.ok()
        assert result.err == ""
    there.settle()
    assert len(one.asked("token", "client", "refresh")) == 1
    assert len(there.messages) == MANY
    assert flow == "client" or tokens.read(one)["Refresh"] == newest(one)
    assert left_over(one) == []


def test_who_is_killed_with_the_lock_holds_nobody_up(mysend, relay, provider):
    one = provider("refresh single", "refresh hang ok")
    there = tokens.relay_of(relay, one)
    tokens.logged_in(one)
    text = config(there, one)
    first = begun(mysend, text)
    one.wait_for("refresh")
    others = [begun(mysend, text) for _ in range(5)]
    wait_for(lambda: all(any(name.endswith(".lock") for name in descriptors(other.process.pid)) for other in others), "the others to wait")
    first.kill()
    first.process.wait()
    for other in others:
        assert other.process.wait(PATIENCE) == 0
    there.settle()
    assert len(one.asked("refresh")) == 2 and len(there.messages) == 5


def test_who_waits_for_the_lock_ends_when_told_to(mysend, relay, provider):
    one = provider("refresh hold")
    there = tokens.relay_of(relay, one)
    tokens.logged_in(one)
    text = config(there, one)
    first, second = begun(mysend, text), None
    one.wait_for("refresh")
    second = begun(mysend, text)
    wait_for(lambda: any(name.endswith(".lock") for name in descriptors(second.process.pid)), "the second to wait")
    second.process.send_signal(signal.SIGINT)
    assert second.process.wait(PATIENCE) == 75 and b"was told to end" in second.process.stderr.read()
    one.go()
    assert first.process.wait(PATIENCE) == 0
    there.settle()
    assert len(one.asked("refresh")) == 1 and tokens.read(one)["Access"] and len(there.messages) == 1


def descriptors(pid):
    found = []
    for name in os.listdir("/proc/%d/fd" % pid):
        try:
            found.append(os.readlink("/proc/%d/fd/%s" % (pid, name)))
        except OSError:
            pass
    return found
