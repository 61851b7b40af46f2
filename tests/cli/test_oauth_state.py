"""The file that keeps an account's tokens: many processes at once, a process killed or a disk that fails anywhere, and who else gets to see a token."""
import os
import re
import shutil
import signal
import subprocess

import pytest

import tokens
from faults import run_with_fault, tried_with_fault
from given import PLAIN as TEXT
from spools import Spool
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


# --- killed, or failing, at every system call of the exchange -------------------------------------

# That change something or wait for somebody; SWEEP=all: those that open and look, too, and more errors.
CALLS = ["flock", "write", "fsync", "renameat", "fchmod", "getrandom", "getdents64", "read", "connect", "sendto", "recvfrom"]
CALLS += ["openat", "close", "newfstatat", "poll", "mmap", "getsockopt", "socket", "unlinkat"] if os.environ.get("SWEEP") == "all" else []
ERRORS = ["error=EIO", "error=ENOSPC"] + (["error=EDQUOT", "error=EROFS", "error=EACCES", "error=ENOMEM"] if os.environ.get("SWEEP") == "all" else [])


@pytest.fixture
def tried(mysend, tmp_path):
    if shutil.which("strace") is None:
        pytest.skip("strace is missing")
    if mysend.sanitized:
        pytest.skip("sanitizers and strace do not go together")
    return Spool(mysend, tmp_path / "state" / "spool")


def points(tried, text):
    """[(call, nth)] from the lock to the first connection behind it but one: the exchange, the file's replacement, and the way to the relay."""
    log = os.path.join(tried.mysend.tmp, "calls.log")
    subprocess.run(["strace", "-f", "-o", log, "-e", "trace=" + ",".join(CALLS), tried.mysend.path, SENT], input=TEXT, check=True, timeout=PATIENCE,
                   env=tried.mysend.environment({"XDG_CONFIG_HOME": tried.mysend.usual(text)}), capture_output=True)
    with open(log, encoding="utf-8", errors="replace") as lines:
        calls = [found.group(1) for found in (re.match(r"\d+ +(\w+)\(", line) for line in lines) if found]
    begin = calls.index("flock")
    end = [at for at, call in enumerate(calls) if call == "connect" and at > begin][1]
    return [(calls[at], calls[:at + 1].count(calls[at])) for at in range(begin, end + 1)]


def begin_anew(provider):
    shutil.rmtree(provider.state, ignore_errors=True)
    return tokens.logged_in(provider)


def is_on_disk(provider, refresh):
    """In the state, or whole in what a killed writer has left beside it."""
    for name in os.listdir(provider.state):
        with open(os.path.join(provider.state, name), encoding="utf-8") as text:
            if text.read().endswith("\nRefresh: %s\n" % refresh):
                return True
    return False


@pytest.mark.parametrize("kind", ["until-used", "single"])
def test_a_run_that_is_killed_anywhere_loses_no_login_that_was_on_the_disk(tried, relay, provider, kind):
    """With a provider that honours the old refresh token until the new one is used, none at all; with one that takes each once, only where it
    was killed between its request and the write: then the next run says who has to log in."""
    one = provider("refresh " + kind)
    there = tokens.relay_of(relay, one, parts=["lax"])
    text = config(there, one)
    begin_anew(one)
    all_points, lost = points(tried, text), []
    for call, nth in all_points:
        before = begin_anew(one)
        mails = len(there.messages)
        status, injected = run_with_fault(tried, call, "signal=KILL", nth, [SENT], text, TEXT)
        where = "%s %d" % (call, nth)
        assert injected and status == -9, where
        one.settle()
        kept = is_on_disk(one, newest(one))
        result = send(tried.mysend, text)
        if kind == "single" and newest(one) != before and not kept:
            lost.append(where)
            result.failed(77)
            assert "mysend --login" in result.err, result
            continue
        result.ok()
        assert len(there.messages) == mails + 1, where
        assert tokens.read(one)["Refresh"] == newest(one) and left_over(one) == [], where
    assert lost == [] or kind == "single"
    print("%s: killed at %d points; login lost at %d: %s" % (kind, len(all_points), len(lost), ", ".join(lost)))
    assert len(all_points) > 20


@pytest.mark.parametrize("fault", ERRORS)
def test_a_call_that_fails_anywhere_costs_no_mail_and_is_told_with_the_path(tried, relay, provider, fault):
    one = provider("refresh until-used")
    there = tokens.relay_of(relay, one, parts=["lax"])
    text = config(there, one)
    begin_anew(one)
    all_points, not_kept, failed = points(tried, text), [], []
    path = os.path.join(one.state, "default")
    for call, nth in all_points:
        begin_anew(one)
        mails = len(there.messages)
        status, injected, said = tried_with_fault(tried, call, fault, nth, [SENT], text, TEXT)
        where = "%s %s %d: %d %r" % (call, fault, nth, status, said)
        assert injected, where
        there.settle()
        one.settle()
        assert len(there.messages) == mails + (status == 0), where
        if status:
            assert status in (75, 78) or (call, status) == ("connect", 77), where       # 78: what is configured cannot be used
            assert said, where
            failed.append(where)
        elif not is_on_disk(one, newest(one)):
            assert path.encode() in said and b"is not kept" in said, where
            not_kept.append(where)
        result = send(tried.mysend, text)
        assert result.status == 0 and result.err == "", (where, result)
        assert tokens.read(one)["Refresh"] == newest(one) and left_over(one) == [], where
    print("%s at %d points: the mail did not go at %d\n%s\nthe login was not kept at %d\n%s" % (fault, len(all_points), len(failed), "\n".join(failed),
                                                                                          len(not_kept), "\n".join(not_kept)))
    assert not_kept
