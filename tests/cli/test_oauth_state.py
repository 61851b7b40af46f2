"""The file that keeps an account's tokens: many processes at once, a process killed or a disk that fails anywhere, and who else gets to see a token."""
import collections
import glob
import os
import re
import shutil
import signal
import stat
import subprocess

import pytest

import held
import leaks
import tokens
from faults import run_with_fault, tried_with_fault
from given import PLAIN as TEXT
from program import as_user
from spools import Spool
from waiting import PATIENCE, wait_for

MANY = 20
NOT_KEPT = re.compile("warning: the (new login|token) (is not|could not be) kept")
SENT = "bob@example.org"


def config(relay, provider, flow="login", more=""):
    return "account default\nhost %s\nport %d\ntls off\nfrom me@example.net\nqueue off\n%s%s" % (relay.host, relay.port, provider.account(flow), more)


def send(mysend, text, **more):
    return mysend(SENT, stdin=TEXT, config=text, **more)


def at_once(mysend, text, count):
    """So many that have begun before the first of them has got its message."""
    running = [mysend.start(SENT, config=text) for _ in range(count)]
    return [one.finish(TEXT, settle=False) for one in running]


def ended(status, mysend, text, **more):
    result = send(mysend, text, **more)
    assert result.status == status, result
    return result


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
            assert result.status == 77 and "mysend --login" in result.err, result
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
            assert path.encode() in said and NOT_KEPT.search(said.decode()), where
            not_kept.append(where)
        result = send(tried.mysend, text)
        assert result.status == 0 and result.err == "", (where, result)
        assert tokens.read(one)["Refresh"] == newest(one) and left_over(one) == [], where
    print("%s at %d points: the mail did not go at %d\n%s\nthe login was not kept at %d\n%s" % (fault, len(all_points), len(failed), "\n".join(failed),
                                                                                          len(not_kept), "\n".join(not_kept)))
    assert not_kept


# --- a state that cannot be kept ------------------------------------------------------------------

@pytest.mark.parametrize("flow", ["client", "login"])
def test_in_a_folder_that_is_read_only_the_mail_goes_and_the_path_is_told(mysend, relay, provider, flow):
    one = provider("refresh rotate")
    there = tokens.relay_of(relay, one)
    os.makedirs(one.state, 0o700)
    if flow == "login":
        tokens.logged_in(one)
    before = tokens.read(one)
    os.chmod(one.state, 0o500)
    for _ in range(2):
        result = ended(0, mysend, config(there, one, flow), prefix=as_user())
        assert NOT_KEPT.search(result.err) and os.path.join(one.state, "default") in result.err, result
        assert result.err.count("\n") == 1, result
    os.chmod(one.state, 0o700)
    assert len(there.messages) == 2 and tokens.read(one) == before and left_over(one) == []


def test_a_token_that_is_fresh_is_used_out_of_a_folder_that_is_read_only(mysend, relay, provider):
    one = provider()
    there = tokens.relay_of(relay, one)
    tokens.logged_in(one, obtained=0)
    os.chmod(one.state, 0o500)
    assert send(mysend, config(there, one), prefix=as_user()).ok().err == ""
    os.chmod(one.state, 0o700)
    assert one.asked() == []


@pytest.mark.parametrize("flow", ["client", "login"])
def test_on_a_disk_that_is_full_the_mail_goes_and_the_path_is_told(mysend, relay, provider, mounts, syslog, flow, tmp_path):
    one = provider("refresh rotate")
    there = tokens.relay_of(relay, one)
    one.state = str(tmp_path / "disk" / "oauth")
    mounts.mount("small", str(tmp_path / "disk"), "-o", "size=64k", kind="tmpfs")
    if flow == "login":
        tokens.logged_in(one)
    inside = mounts.seen(one.state)
    os.makedirs(inside, 0o700)
    if flow == "login":
        shutil.copy(os.path.join(one.state, "default"), inside)
        os.chmod(os.path.join(inside, "default"), 0o600)
    full = os.open(os.path.join(inside, "full"), os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError):
        while os.write(full, b"x" * 4096):
            pass
    os.close(full)
    result = ended(0, mysend, config(there, one, flow), prefix=mounts.prefix)
    assert NOT_KEPT.search(result.err) and os.path.join(one.state, "default") in result.err and "No space left on device" in result.err, result
    if flow == "login":      # cron's standard error, or a daemon's, may be nobody's
        line = syslog.recv(65536).decode()
        assert re.match(r"<19>.* mysend\[\d+\]: account default: the new login could not be kept", line) and "No space left on device" in line, line
        ended(0, mysend, config(there, one, flow) + "syslog off\n", prefix=mounts.prefix)
    syslog.setblocking(False)
    with pytest.raises(BlockingIOError):
        syslog.recv(65536)
    os.unlink(os.path.join(inside, "full"))
    assert send(mysend, config(there, one, flow), prefix=mounts.prefix).ok().err == ""
    assert len(there.messages) == (3 if flow == "login" else 2) and tokens.read(one, folder=inside)["Access"] == one.given()[-1]


def test_two_names_of_one_mailbox_are_one_login(mysend, relay, provider):
    """msmtp's usual form: account gmail, and account default : gmail."""
    one = provider("refresh single")
    there = tokens.relay_of(relay, one)
    tokens.logged_in(one, account="gmail")
    text = config(there, one).replace("account default", "account gmail") + "account default : gmail\n"
    send(mysend, text).ok()
    assert mysend("-a", "gmail", SENT, stdin=TEXT, config=text).ok() and len(there.messages) == 2
    assert len(one.asked("refresh")) == 1 and tokens.read(one, account="gmail")["Refresh"] == newest(one)
    assert not os.path.exists(os.path.join(one.state, "default"))


def test_what_a_killed_run_has_left_is_taken_up_by_the_next(mysend, relay, provider):
    """The old refresh token is dead, the new one stands beside the state."""
    one = provider("refresh single")
    there = tokens.relay_of(relay, one)
    tokens.logged_in(one)
    old = tokens.read(one)
    send(mysend, config(there, one)).ok()
    os.rename(os.path.join(one.state, "default"), os.path.join(one.state, "default.0a1b2c3d.new"))
    tokens.write(one, old["Access"], old["Refresh"], obtained=7200)
    send(mysend, config(there, one)).ok()
    assert len(one.asked("refresh")) == 1 and tokens.read(one)["Refresh"] == newest(one) and left_over(one) == []


# --- whose it is, and where -----------------------------------------------------------------------

def test_a_clock_that_was_set_back_makes_the_token_stale(mysend, relay, provider):
    one = provider()
    there = tokens.relay_of(relay, one)
    tokens.logged_in(one, obtained=-7200)
    send(mysend, config(there, one)).ok()
    assert len(one.asked("refresh")) == 1


@pytest.mark.parametrize("values, setting", [({"token_url": "https://other.example/token"}, "oauth_token_url"), ({"client": "other"}, "oauth_client_id"),
                                             ({"scope": "other"}, "oauth_scope"), ({"user": "other@example.net"}, "user")])
def test_another_configurations_login_is_neither_used_nor_overwritten(mysend, relay, provider, values, setting):
    one = provider()
    there = tokens.relay_of(relay, one)
    path = tokens.write(one, *one.user_token(), obtained=0, **values)
    with open(path, "rb") as text:
        before = text.read()
    result = ended(0, mysend, config(there, one, "client"))
    assert NOT_KEPT.search(result.err) and path in result.err and "another " + setting in result.err, result
    result = ended(77, mysend, config(there, one))
    assert path in result.err and "another " + setting in result.err and "mysend --login" in result.err, result
    with open(path, "rb") as text:
        assert text.read() == before
    assert len(one.asked("client")) == 1 and one.asked("refresh") == []


def test_who_changes_to_oauth_client_takes_another_login_away_as_the_hint_says(mysend, relay, provider):
    one = provider()
    there = tokens.relay_of(relay, one)
    path = tokens.write(one, *one.user_token(), obtained=0, scope="another")
    assert "mysend --logout takes it away" in ended(0, mysend, config(there, one, "client")).err
    left = mysend("--logout", config=config(there, one, "client"))
    assert left.status == 0 and left.out.startswith(path + " is removed.\n") and not os.path.exists(path), left
    for _ in range(2):
        assert ended(0, mysend, config(there, one, "client")).err == ""
    assert len(one.asked("client")) == 2


def fifo(path):
    os.mkfifo(path, 0o600)


def folder(path):
    os.mkdir(path, 0o700)


def link(path):
    os.symlink("/dev/zero", path)


def hard_link(path):
    os.link(path + ".lock", path)


def huge(path):
    with open(path, "wb") as out:
        out.truncate(1 << 40)
    os.chmod(path, 0o600)


def for_all(path):
    with open(path, "wb") as out:
        out.write(b"mysend-token 1\n")
    os.chmod(path, 0o644)


def by_all(path):
    for_all(path)
    os.chmod(path, 0o602)


def password(path):
    """In a folder that is not for tokens alone."""
    with open(path, "wb") as out:
        out.write(b"the-password-of-another\n")
    os.chmod(path, 0o600)


@pytest.mark.parametrize("plant", [fifo, folder, link, hard_link, huge, for_all, by_all, password])
def test_what_was_planted_as_the_state_is_refused_by_its_path(mysend, relay, provider, plant):
    one = provider()
    there = tokens.relay_of(relay, one)
    os.makedirs(one.state, 0o700)
    path = os.path.join(one.state, "default")
    with open(path + ".lock", "wb"):
        os.chmod(path + ".lock", 0o600)
    plant(path)
    before = os.lstat(path)
    result = ended(0, mysend, config(there, one, "client"))
    assert NOT_KEPT.search(result.err) and path + " is refused" in result.err, result
    result = ended(78, mysend, config(there, one))
    assert path + " is refused" in result.err, result
    after = os.lstat(path)
    assert (after.st_ino, after.st_mode, after.st_size) == (before.st_ino, before.st_mode, before.st_size)
    assert len(there.messages) == 1 and one.asked("refresh") == []


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o703])
def test_a_folder_that_others_may_write_is_refused(mysend, relay, provider, mode):
    one = provider()
    there = tokens.relay_of(relay, one)
    tokens.logged_in(one)
    os.chmod(one.state, mode)
    result = ended(78, mysend, config(there, one))
    assert one.state + " is refused: anybody may write it" in result.err and "chmod o-w" in result.err, result
    assert one.asked() == []


def kept(top):
    """The states below it."""
    return sorted(os.path.relpath(os.path.join(where, name), top) for where, _, names in os.walk(top) for name in names if not name.endswith(".lock"))


@pytest.mark.parametrize("name, place", [("XDG_STATE_HOME", "mysend/oauth/default"), ("HOME", ".local/state/mysend/oauth/default"),
                                         ("STATE_DIRECTORY", "oauth/default")])
def test_a_user_keeps_it_where_states_are_kept(mysend, relay, provider, tmp_path, name, place):
    one = provider()
    there = tokens.relay_of(relay, one)
    top = tmp_path / "oauth" / "mysend"         # where a secret may stand in these tests
    top.mkdir(parents=True)
    text = "".join(line + "\n" for line in config(there, one, "client").splitlines() if not line.startswith("oauth_state"))
    for _ in range(2):
        assert send(mysend, text, prefix=as_user(), env={name: str(top)}).ok().err == ""
    assert kept(top) == [place] and len(one.asked("client")) == 1
    state = os.stat(os.path.join(str(top), place))
    assert stat.S_IMODE(state.st_mode) == 0o600 and stat.S_IMODE(os.stat(os.path.dirname(os.path.join(str(top), place))).st_mode) == 0o700


def test_the_service_of_another_program_finds_the_login_of_its_user(mysend, relay, provider, tmp_path):
    one = provider()
    there = tokens.relay_of(relay, one)
    state = tmp_path / "oauth" / "state"
    tokens.logged_in(one, folder=str(state / "mysend" / "oauth"))
    text = "".join(line + "\n" for line in config(there, one).splitlines() if not line.startswith("oauth_state"))
    send(mysend, text, prefix=as_user(), env={"XDG_STATE_HOME": str(state), "STATE_DIRECTORY": str(tmp_path / "backup")}).ok()
    assert len(one.asked("refresh")) == 1 and not (tmp_path / "backup").exists()


def test_without_a_home_the_mail_goes_and_what_to_set_is_told(mysend, relay, provider):
    one = provider()
    there = tokens.relay_of(relay, one)
    text = "".join(line + "\n" for line in config(there, one, "client").splitlines() if not line.startswith("oauth_state"))
    result = ended(0, mysend, text, prefix=as_user(), env={"HOME": "/dev/null/home"})
    assert NOT_KEPT.search(result.err) and "set oauth_state, or HOME" in result.err, result


@pytest.mark.parametrize("names", [["Work", "work"], ["a/b", "a%2fb"], ["...", ".hidden"], ["x", "x.lock"], ["\xe4", "a\u0308"], ["y" * 300, "y" * 299 + "z"]],
                         ids=["case", "slash", "dots", "lock", "utf-8", "long"])
def test_accounts_whose_names_are_no_file_names_have_a_file_each(mysend, relay, provider, names):
    one = provider()
    there = tokens.relay_of(relay, one)
    each = config(there, one, "client").split("\n", 1)[1]
    text = "".join("account %s\n%s" % (name, each) for name in names)
    for name in names + names:
        assert mysend("-a", name, SENT, stdin=TEXT, config=text).ok().err == ""
    found = kept(one.state)
    assert len(found) == 2 and len({name.lower() for name in found}) == 2 and len(one.asked("client")) == 2, found


# --- who else gets to see a token -----------------------------------------------------------------

SECRET = "s3cret-of-this-app~1"
APP = "app app " + SECRET


def seen(log, secrets):
    """{where: how often} one of them stands in what a run has read, written, opened, executed or handed on, as strace -yy tells it."""
    spellings = [spelling.decode() for secret in secrets for spelling in leaks.spellings(secret)]
    found = collections.Counter()
    for path in glob.glob(log + "*"):
        with open(path, encoding="utf-8", errors="surrogateescape") as lines:
            text = lines.read().splitlines()
        for line in text:
            plain = line.replace('\\"', '"')
            if any(spelling in plain for spelling in spellings):
                call = re.match(r"(?:\d+ +)?(\w+)\((?:\d+<((?:->|[^>])*)>)?", plain)
                found[(call.group(1), call.group(2)) if call else ("?", plain[:100])] += 1
    return found


@pytest.mark.parametrize("flow, parts, secret", [("client", [APP], "password"), ("client", [APP], "command"), ("login", [APP, "refresh single"], "password"),
                                                 ("login", ["app app"], ""), ("login", [APP, "refresh single"], "refused")],
                         ids=["client", "command", "login", "public", "refused"])
def test_no_token_is_seen_but_in_the_state_and_on_the_way_to_provider_and_relay(mysend, relay, provider, flow, parts, secret, tmp_path):
    if shutil.which("strace") is None or mysend.sanitized:
        pytest.skip("strace is missing, or does not go together with sanitizers")
    one = provider(*parts)
    there = tokens.relay_of(relay, one)
    refused = secret == "refused"
    if flow == "login":
        tokens.logged_in(one, obtained=120 if refused else 7200)
        if refused:
            one.expire()        # the provider has forgotten it: the relay refuses it, and another is fetched
    text, given = config(there, one, flow), None
    if secret == "command":
        given = mysend.file(SECRET + "\n")
        text = text.replace('password %s\n' % SECRET, "password_command cat %s\n" % given)
    log, path = str(tmp_path / "seen.log"), mysend.file(text)
    traced = ["strace", "-ff", "-yy", "-v", "-s", "1000000", "-o", log]
    mysend(SENT, "-v", stdin=TEXT, prefix=traced, env={"MYSEND_CONFIG": path}, settle=False)
    there.settle()
    mysend.written.update(glob.glob(log + "*"))         # a file a process
    assert len(there.messages) == 1 and len(one.asked("client", "refresh")) == 1
    found = seen(log, one.secrets + [SECRET])
    socket = r"TCP:\[127\.0\.0\.1:\d+->127\.0\.0\.1:%d\]$"
    may = [(("sendto", "recvfrom"), socket % one.port), (("sendto",), socket % there.port), (("read",), re.escape(path) + "$"),
           (("read", "write"), re.escape(one.state) + r"/default(\.[0-9a-f]{8}\.new)?$")]
    if given:       # the command reads it, and writes it into our pipe
        may += [(("read", "write"), r"pipe:\[\d+\]$"), (("read",), re.escape(given) + "$")]
    assert [each for each in found if not any(each[0] in calls and re.match(where, each[1] or "") for calls, where in may)] == []
    assert any(call == "write" for call, _ in found) and any(re.match(socket % there.port, where or "") for _, where in found)


def test_what_strace_is_searched_for_would_be_found(tmp_path):
    log = tmp_path / "log"
    log.write_text('12 execve("/bin/sh", ["sh"], ["A=a token+of/mine=="]) = 0\n13 write(1</x>, "YSB0b2tlbitvZi9taW5lPT0=", 3) = 3\n14 write(1</y>, "x", 1) = 1\n')
    assert seen(str(log), ["a token+of/mine=="]) == {("execve", None): 1, ("write", "/x"): 1}


def inside(pid, secrets):
    return ["%s in %s" % (secret, place) for place, octets in held.memory(pid) for secret in secrets for spelling in leaks.spellings(secret)
            if len(spelling) >= 6 and spelling in octets]


@pytest.mark.parametrize("flow", ["client", "login"])
def test_nothing_of_a_token_stays_in_memory_after_the_login(mysend, relay, provider, flow):
    one = provider(APP, "refresh single")
    there = tokens.relay_of(relay, one, parts=["end hang"])
    if flow == "login":
        tokens.logged_in(one)
    process = held.waiting(mysend, there, config(there, one, flow))
    left = inside(process.pid, one.secrets)
    process.kill()
    process.wait()
    assert left == [] and len(one.secrets) > 1


def test_login_that_root_has_put_there_says_whose_it_has_to_be(mysend, relay, provider, open_folder):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root, with setpriv, may be somebody else")
    one = provider("app app")
    one.state = os.path.join(open_folder, "oauth")
    tokens.logged_in(one)
    path, place = os.path.join(open_folder, "config"), os.path.join(one.state, "default")
    with open(path, "w", encoding="ascii") as out:
        out.write(config(relay(), one))
    for each in (path, one.state):
        os.chown(each, 65534, 65534)
    mysend.path = shutil.copy(mysend.path, open_folder)
    done = mysend("--logout", prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], env={"MYSEND_CONFIG": path, "HOME": "/nowhere"}, cwd="/")
    assert "%s: opening it: Permission denied" % place in done.failed(78) and "chown nobody %s, or remove it" % place in done.hints[0] and not one.asked(), done


def test_while_a_login_is_renewed_no_core_is_dumped_and_nobody_may_look(mysend, relay, provider, open_folder):
    """A public client has no secret: the refresh token is all there is. The owner of /proc/PID/mem tells whether other processes of the user may."""
    if mysend.sanitized or os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("a sanitizer looks into its process; and only root, with setpriv, may be somebody else")
    one = provider("app app", "refresh hang")
    there = tokens.relay_of(relay, one)
    one.state = os.path.join(open_folder, "oauth")
    refresh, path = tokens.logged_in(one), os.path.join(open_folder, "config")
    with open(path, "w", encoding="ascii") as out:
        out.write(config(there, one))
    os.chmod(path, 0o600)
    for each in (path, one.state, os.path.join(one.state, "default")):
        os.chown(each, 65534, 65534)
    mysend.path = shutil.copy(mysend.path, open_folder)
    running = mysend.start(SENT, prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], env={"MYSEND_CONFIG": path, "HOME": "/nowhere"}, cwd="/")
    running.process.stdin.write(TEXT)
    running.process.stdin.close()
    one.wait_for("refresh")
    owner = os.stat("/proc/%d/mem" % running.process.pid).st_uid
    limits = open("/proc/%d/limits" % running.process.pid, encoding="ascii").read()
    found = inside(running.process.pid, [refresh])
    running.kill()
    running.process.wait()
    assert owner == 0 and re.search(r"Max core file size +0 +0 ", limits) and found
