"""Who looks after the queue: listings, monitoring, limits, what was given up, and a runner that stays."""
import json
import itertools
import os
import pwd
import re
import shutil
import signal
import socket

import pytest

from given import TO_BOB as TEXT
from waiting import PATIENCE, wait_for


def give_up(spool, relay, count=1):
    """That many mails end in failed/, in this order; their names."""
    names = []
    for i in range(count):
        spool.run("-odq", "-f", "", "u%d@example.org" % i, stdin=TEXT).ok()
        names += spool.names()
        spool.run("-q", relay=relay("ehlo pipelining", 'rcpt "550 5.1.1 nobody"'))
        assert spool.names() == []
    return names


def objects(done):
    return [json.loads(line) for line in done.out.splitlines()]


# --- listings -------------------------------------------------------------------------------------

def test_what_was_given_up_is_listed_with_the_reason(spool, relay):
    name, = give_up(spool, relay)
    out = spool.run(name="mailq").out
    assert re.match(r"%s .*<>\n\t\(given up after 1 try: RCPT TO to 127.0.0.1:[0-9]+: 550 5.1.1 nobody\)\n\tu0@example.org: refused\n-- 1 given up, kept in %s/failed\n\nMail queue is empty\n$"
                    % (name, re.escape(spool.top)), out), out


STEERING = "x\u009b31mred\u202e\u2066@example.org"


def test_nothing_in_an_address_steers_the_terminal_of_who_lists_it(spool, relay):
    text = ("EHLO x\r\nMAIL FROM:<a\u0085@b.example> SMTPUTF8\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: x\r\n\r\nhi\r\n.\r\nQUIT\r\n" % STEERING).encode()
    spool.run("-bs", "-odq", name="sendmail", stdin=text)
    listed = spool.run(name="mailq").out
    assert "x\\u{9b}31mred\\u{202e}\\u{2066}@example.org: waits" in listed and "  a\\u{85}@b.example\n" in listed
    done = spool.run("-bp", "--json")
    assert "x\\u009b31mred\\u202e\\u2066@example.org" in done.out and objects(done)[0]["recipients"][0]["address"] == STEERING
    there = relay("ehlo pipelining smtputf8", "rcpt 550 550")
    for done in (spool.run(STEERING, stdin=TEXT, relay=there), spool.run("-qf", relay=there), spool.run("-bv", STEERING, relay=there)):
        assert done.status in (0, 67) and not any(c in done.out + done.err for c in "\u009b\u202e\u2066"), done


@pytest.mark.parametrize("name, args", [("mailq", ["--json"]), ("mysend", ["-bp", "--json"]), ("mysend", ["--json", "-bp"])])
def test_programs_get_an_object_a_line(spool, relay, name, args):
    give_up(spool, relay)
    spool.run("-f", "ann@example.net", "b\u00f6b@example.org", "carl@example.org", stdin=TEXT).ok()
    spool.run("-odq", "dan@example.org", stdin=TEXT).ok()
    failed, waits, new = objects(spool.run(*args, name=name))
    assert (failed["queue_name"], waits["queue_name"], new["queue_name"]) == ("failed", "deferred", "incoming")
    assert waits["sender"] == "ann@example.net" and waits["queue_id"] == spool.names()[0] and waits["attempts"] == 1
    assert waits["recipients"] == [{"address": "b\u00f6b@example.org", "state": "waits"}, {"address": "carl@example.org", "state": "waits"}]
    assert "Connection refused" in waits["last_reply"] and waits["next_try"] - waits["arrival_time"] in (60, 61) and waits["message_size"] > 50
    assert failed["recipients"][0]["state"] == "refused" and new["next_try"] == 0 and new["account"] == "default"


def test_object_of_a_held_mail_says_so(spool):
    spool.run("-odq", "dan@example.org", stdin=TEXT).ok()
    spool.run("--queue-hold", spool.names()[0]).ok()
    assert objects(spool.run("-bp", "--json"))[0]["queue_name"] == "hold"


def test_empty_queue_is_no_object(spool):
    assert spool.run("-bp", "--json").ok().out == ""


@pytest.mark.parametrize("name, args", [("mysend", ["--json", "-bv", "a@b.example"]), ("sendmail", ["--json", "a@b.example"]), ("mysend", ["--json", "-q"])])
def test_json_is_of_the_listing_and_of_mail_only(spool, name, args):
    spool.run(*args, name=name, stdin=TEXT).failed(64)


# --- monitoring -----------------------------------------------------------------------------------

@pytest.mark.parametrize("age, args, status, word", [
    (None, [], 0, "OK"), (0, [], 0, "OK"), (3599 - 60, [], 0, "OK"), (3601, [], 1, "WARNING"), (6 * 3600 + 1, [], 2, "CRITICAL"),
    (120, ["--warning", "1m"], 1, "WARNING"), (120, ["--warning=1m", "--critical=2m"], 2, "CRITICAL"), (5000, ["--warning", "2h"], 0, "OK"),
])
def test_check_says_how_old_the_oldest_is_as_monitoring_wants_it(spool, age, args, status, word):
    if age is not None:
        spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
        spool.make_older(age)
    done = spool.run("--queue-check", *args)
    assert done.status == status and done.err == "" and done.out.count("\n") == 1
    found = re.match(r"MYSEND %s - (\d) mails? waits?, the oldest for (\d+) s; 0 given up\|waiting=\1;;;0 oldest=\2s;\d+;\d+;0 size=(\d+)B;;;0 failed=0;;;0\n$" % word, done.out)
    assert found and found[1] == ("0" if age is None else "1") and 0 <= int(found[2]) - (age or 0) < 20, done.out


def test_check_warns_at_once_of_what_waits_for_a_person_and_says_why(spool, relay):
    login = "user bob\npassword secret\n"
    spool.run("bob@example.org", stdin=TEXT, relay=relay('mail "451 4.3.0 later"')).ok()
    assert spool.run("--queue-check").status == 0
    wrong = relay("ehlo auth=plain", 'auth "535 5.7.8 no|such login"')
    spool.run("bob@example.org", stdin=TEXT, relay=wrong, more=login)
    done = spool.run("--queue-check")
    assert done.status == 1 and done.out.startswith("MYSEND WARNING - 2 mails wait, "), done
    assert re.search(r"; 0 given up; 1 waits until a person mends it: login to \S+: 535 5\.7\.8 no/such login\|waiting=2;", done.out), done.out
    assert "\nmysend_queue_needs_admin{" in spool.run("--queue-check", "--format", "prometheus").out
    spool.run("-qf", relay=relay()).ok()
    assert spool.run("--queue-check").out.startswith("MYSEND OK - 0 mails wait, ")


def test_check_that_cannot_look_is_unknown(spool, tmp_path):
    os.makedirs(spool.top)
    os.chmod(spool.top, 0o777)
    done = spool.run("--queue-check")
    assert done.status == 3 and done.out.startswith("MYSEND UNKNOWN - spool "), done


@pytest.mark.parametrize("args", [["--warning", "soon"], ["--critical", "0"], ["--warning"], ["--warning", "1h", "x"]])
def test_check_with_a_time_that_is_none_is_64(spool, args):
    done = spool.run("--queue-check", *args)
    assert done.status == 64 or args[-1] == "x", done


# --- limits ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("limit, word", [("spool_max_mails 2\n", "spool_max_mails"), ("spool_max 2000\n", "spool_max")])
def test_spool_that_is_full_gives_the_mail_back(spool, limit, word):
    text = TEXT + b"x" * 400 + b"\n"
    codes = [spool.run("bob@example.org", stdin=text, more=limit) for _ in range(4)]
    taken = [done for done in codes if done.status == 0]
    assert len(taken) in (2, 3) and len(spool.names()) == len(taken) and codes[-1].status == 75
    assert "is full" in codes[-1].err and "(%s)" % word in codes[-1].err and "Connection refused" in codes[-1].err


def test_spool_that_is_full_takes_again_when_something_has_gone(spool, relay):
    spool.run("-odq", "a@example.org", stdin=TEXT, more="spool_max_mails 1\n").ok()
    assert spool.run("-odq", "b@example.org", stdin=TEXT, more="spool_max_mails 1\n").status == 75
    spool.run("-q", relay=relay()).ok()
    spool.run("-odq", "b@example.org", stdin=TEXT, more="spool_max_mails 1\n").ok()


def test_given_up_mail_beyond_the_number_goes_oldest_first(spool, relay):
    names = give_up(spool, relay, 4)
    spool.run("-q", more="failed_max 2\n").ok()
    assert spool.names("failed") == names[2:] and len(os.listdir(os.path.join(spool.top, "failed"))) == 4
    spool.run("-q", more="failed_max 0\n").ok()
    assert os.listdir(os.path.join(spool.top, "failed")) == []


def test_given_up_mail_beyond_its_time_goes(spool, relay, library):
    give_up(spool, relay)
    spool.run("-q", more="failed_lifetime 1h\n").ok()
    assert len(spool.names("failed")) == 1
    spool.run("-q", more="failed_lifetime 1h\n", env={"LD_PRELOAD": library("clock"), "TEST_OF_OFFSET": "3700"}).ok()
    assert os.listdir(os.path.join(spool.top, "failed")) == []


def test_given_up_mail_is_removed_by_name_and_not_held_or_released(spool, relay):
    one, two = give_up(spool, relay, 2)
    assert "there is no mail" in spool.run("--queue-hold", one).failed(65) and "there is no mail" in spool.run("--queue-release", one).failed(65)
    assert "more than one" in spool.run("--queue-remove", one[:3]).failed(64)
    spool.run("--queue-remove", one).ok()
    assert spool.names("failed") == [two] and len(os.listdir(os.path.join(spool.top, "failed"))) == 2
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    spool.run("--queue-remove", two, spool.names()[0]).ok()
    assert spool.files() == []


@pytest.mark.parametrize("place", ["queue", "tmp", "failed"])
@pytest.mark.parametrize("kind", ["foreign", "named", "folder", "link"])
def test_file_of_somebody_else_is_named_and_never_sent_or_deleted(spool, relay, place, kind):
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    name = "letter to mother.txt" if kind == "foreign" else spool.names()[0][:-1] + ("1" if spool.names()[0].endswith("0") else "0")
    path = os.path.join(spool.top, place, name)
    if kind == "folder":
        os.mkdir(path)
    elif kind == "link":
        os.symlink("/etc/hostname", path)
    else:
        with open(path, "w", encoding="ascii") as out:
            out.write("Dear mother\n")
    there = relay()
    done = spool.run("-q", relay=there, more="failed_max 0\n")
    done = spool.run("-q", relay=there, more="failed_max 0\n") if done.status else done
    assert len(there.messages) == 1 and done.status == 0
    if place == "queue":
        assert name in done.err and os.listdir(os.path.join(spool.top, "queue")) == []
        assert os.path.lexists(os.path.join(spool.top, "failed", name))
    elif place == "tmp" and kind == "foreign":
        assert name in done.err and os.listdir(os.path.join(spool.top, "failed")) == [name]
    else:
        assert os.path.lexists(path)


def test_second_file_of_the_same_name_does_not_replace_the_first(spool):
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    for words in ("one", "two"):
        with open(os.path.join(spool.top, "queue", "note"), "w", encoding="ascii") as out:
            out.write(words)
        assert "failed/note" in spool.run("-q").err
    assert {name for name in os.listdir(os.path.join(spool.top, "failed"))} == {"note", "note.1"}


# --- a warning ------------------------------------------------------------------------------------

@pytest.mark.parametrize("args, warned", [([], True), (["-N", "delay"], True), (["-N", "failure"], False), (["-N", "never"], False)])
def test_sender_is_told_once_that_mail_has_to_wait(spool, relay, args, warned):
    spool.run("-odq", "-f", "ann@example.net", *args, "bob@example.org", stdin=TEXT).ok()
    spool.make_older(7300)
    down = relay("ehlo pipelining", "rcpt-to bob@example.org 450")
    for _ in range(3):
        spool.run("-qf", relay=down, more="queue_warning 2h\n").ok()
    mails = [mail for mail in down.messages if mail.recipients == ["ann@example.net"]]
    assert len(mails) == warned
    if warned:
        text = mails[0].body.decode()
        assert "Action: delayed" in text and "Status: 4." in text and "Will-Retry-Until:" in text and mails[0].sender == ""
        assert "Final-Recipient: rfc822; bob@example.org" in text and "text/rfc822-headers" in text and "Delayed" in mails[0].field("Subject")


def test_no_warning_before_the_time_or_without_the_setting(spool, relay):
    spool.run("-odq", "-f", "ann@example.net", "bob@example.org", stdin=TEXT).ok()
    spool.make_older(7300)
    down = relay("ehlo pipelining", "rcpt 450")
    spool.run("-qf", relay=down).ok()
    spool.run("-qf", relay=down, more="queue_warning 3h\n").ok()
    assert len(spool.names()) == 1


# --- a runner that stays --------------------------------------------------------------------------

def listen(path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(path)
    sock.settimeout(PATIENCE)
    return sock


def test_runner_tells_the_service_manager_and_ends_when_told(spool, relay, tmp_path):
    with listen(str(tmp_path / "notify")) as manager:
        run = spool.mysend.start("-q1h", config=spool.config(relay()), env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert manager.recv(100) == b"READY=1"
        run.process.send_signal(signal.SIGHUP)
        assert re.match(rb"RELOADING=1\nMONOTONIC_USEC=\d+$", manager.recv(100)) and manager.recv(100) == b"READY=1"
        run.process.terminate()
        assert manager.recv(100) == b"STOPPING=1"
        done = run.finish(b"")
    assert done.status == 0 and done.err == ""


def test_hangup_reads_the_configuration_again_and_tries_at_once(spool, relay, tmp_path):
    there = relay()
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    path = spool.mysend.file(spool.config())
    with listen(str(tmp_path / "notify")) as manager:
        run = spool.mysend.start("-qf", "-q1h", env={"MYSEND_CONFIG": path, "NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert manager.recv(100) == b"READY=1"
        wait_for(lambda: os.path.exists(os.path.join(spool.top, "queue", spool.names()[0] + ".state")))
        with open(path, "w", encoding="ascii") as out:
            out.write(spool.config(there))
        run.process.send_signal(signal.SIGHUP)
        assert there.wait_for_message()
        run.process.terminate()
        assert run.finish(b"").status == 0


def test_runner_that_is_told_to_end_finishes_the_mail_in_hand_and_begins_no_other(spool, relay):
    for i in range(3):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay("ehlo pipelining", 'end "hold && ok"')
    run = spool.mysend.start("-q1h", config=spool.config(there) + "window 1\nsessions 1\n")
    wait_for(lambda: there.counts.get("end"))
    run.process.terminate()
    there.go()
    assert run.finish(b"").status == 0
    assert len(there.messages) == 1 and len(spool.names()) == 2


# --- a runner that stays, and passwords -----------------------------------------------------------

@pytest.fixture
def stays(spool, tmp_path):
    """stays(config): a runner for which everything is due, and again(), which has it read the configuration and run once more."""
    path, managers, runs = str(tmp_path / "runner.conf"), [], []

    def write(config):
        spool.mysend.file(config, name="runner.conf")

    def start(config):
        write(config)
        managers.append(listen(str(tmp_path / "notify")))
        run = spool.mysend.start("-qf", "-q1h", env={"MYSEND_CONFIG": path, "NOTIFY_SOCKET": str(tmp_path / "notify")})
        runs.append(run)
        assert managers[0].recv(100) == b"READY=1"

        def again(config=None):
            if config:
                write(config)
            run.process.send_signal(signal.SIGHUP)
            assert managers[0].recv(100).startswith(b"RELOADING=1") and managers[0].recv(100) == b"READY=1"
        return run, again
    yield start
    for run in runs:
        run.kill()
    for manager in managers:
        manager.close()


def with_login(spool, account, relay, command):
    return ("account %s\nhost 127.0.0.1\nport %d\ntls off\nfrom %s@example.net\nmaildomain mail.example\naliases off\nqueue on\nspool %s\n"
            "auth plain\nuser joe\n%s\n" % (account, relay.port, account, spool.top, command))


def test_runner_that_stays_gives_no_account_the_password_of_another(spool, mysend, relay, stays):
    one, two = [relay("ehlo pipelining auth=plain", "lax", "mail 451") for _ in range(2)]
    config = "defaults\ntls off\nauth plain\nmaildomain mail.example\naliases off\nqueue on\nspool %s\n" % spool.top
    for account, there in (("a", one), ("b", two)):
        config += "account %s\nhost 127.0.0.1\nport %d\nfrom %s@example.net\nuser joe\npassword_command echo SECRET-OF-%s\n" % (account, there.port, account, account)
    config += "account default : a\n"
    name = {}
    for account in "ab":
        mysend("-a", account, "-odq", "bob@example.org", stdin=TEXT, config=config).ok()
        name[account], = set(spool.names()) - set(name.values())
        mysend("--queue-hold", name[account], config=config).ok()
    _, again = stays(config)
    for turn in "ababbabaabba":
        mysend("--queue-release", name[turn], config=config).ok()
        again()
        again()
        wait_for(lambda: mysend("--queue-hold", name[turn], config=config).status == 0)     # it may be tried just now
        again()
    assert {login.password for login in one.logins} == {"SECRET-OF-a"} and {login.password for login in two.logins} == {"SECRET-OF-b"}


def test_runner_that_stays_asks_for_the_password_again_in_each_run(spool, relay, stays, tmp_path):
    there = relay("ehlo pipelining auth=plain", "lax", "mail 451")
    config = with_login(spool, "default", there, "password_command cat %s" % (tmp_path / "password"))
    wanted = ["secret%d" % i for i in range(8)]
    (tmp_path / "password").write_text(wanted[0])
    spool.mysend("-odq", "bob@example.org", stdin=TEXT, config=config).ok()
    _, again = stays(config)
    for i, password in enumerate(wanted):
        wait_for(lambda: password in [login.password for login in there.logins])
        (tmp_path / "password").write_text(wanted[min(i + 1, 7)])
        wait_for(lambda: spool.mysend("--queue-hold", spool.names()[0], config=config).status == 0)
        again()     # with nothing to do
        spool.mysend("--queue-release", spool.names()[0], config=config).ok()
        again()
    # A run that began with nothing to do may have found the mail released: then two runs had the same one.
    assert [password for password, _ in itertools.groupby(login.password for login in there.logins)] == wanted


def test_runner_that_reads_its_configuration_many_times_has_room_for_the_password_still(spool, relay, stays):
    there = relay("ehlo pipelining auth=plain", "lax")
    config = with_login(spool, "default", there, "password secret") + "account other\nhost 127.0.0.1\npassword %s\n" % ("x" * 60000)
    run, again = stays(config)
    for _ in range(4 * 1024 // 58 + 10):        # of 4 MiB
        again()
    spool.mysend("-odq", "bob@example.org", stdin=TEXT, config=config).ok()
    again()
    assert there.wait_for_message() and [login.password for login in there.logins] == ["secret"]
    run.process.terminate()
    assert run.finish(b"").err == ""


@pytest.mark.parametrize("home, kept", [("closed", True), ("own", False), ("/nowhere", False)])
def test_home_that_is_left_from_root_is_not_where_mail_of_another_user_waits(mysend, mounts, open_folder, home, kept):
    """A crond that has HOME of root runs sendmail as the user, with that: the mail waits where passwd says."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv")
    games = pwd.getpwnam("games")
    if not os.path.isdir(games.pw_dir):
        pytest.skip("games has no home")
    mounts.mount("tmpfs", games.pw_dir, kind="tmpfs")
    os.chown(mounts.seen(games.pw_dir), games.pw_uid, games.pw_gid)
    for name, mode in (("closed", 0o700), ("own", 0o755)):
        os.mkdir(os.path.join(open_folder, name), mode)
    os.chown(os.path.join(open_folder, "own"), games.pw_uid, games.pw_gid)
    home = home if home.startswith("/") else os.path.join(open_folder, home)
    done = mounts.run("setpriv", "--reuid=games", "--regid=games", "--clear-groups", "env", "-i", "HOME=" + home, "MYSEND_HOST=127.0.0.1", "MYSEND_PORT=1", "MYSEND_TLS=off",
                      "MYSEND_QUEUE=on", "MYSEND_FROM=me@example.net", "sh", "-c", 'printf "Subject: x\\n\\nbody\\n" | exec "$0" -odq bob@example.org', mysend.path)
    assert (done.returncode == 0) == (home != "/nowhere"), done
    assert os.path.exists(mounts.seen(games.pw_dir) + "/.local/state/mysend/spool/queue") == kept, done
    assert os.path.exists(os.path.join(open_folder, "own", ".local/state/mysend/spool/queue")) == (home == os.path.join(open_folder, "own"))


@pytest.mark.parametrize("home, words", [(None, "no home directory is known: set spool or HOME"), ("/nowhere", "spool /nowhere/.local/state/mysend/spool: making it: Permission denied: set spool, or HOME, to a folder that we may write"),
                                         ("/dev/null", "Not a directory: set spool, or HOME, to a folder that we may write")])
@pytest.mark.parametrize("how", [[], ["-odq"]])
def test_queue_without_a_place_says_what_to_set(mysend, how, home, words):
    """A user without a home, or whose home nobody may write: the relay is down, and the mail can wait nowhere."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv")
    prefix = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]
    env = {"HOME": home, "MYSEND_HOST": "127.0.0.1", "MYSEND_PORT": "1", "MYSEND_TLS": "off", "MYSEND_QUEUE": "on", "MYSEND_FROM": "me@example.net", "MYSEND_ALIASES": "off", "MYSEND_MAILDOMAIN": "mail.example"}
    done = mysend(*how, "bob@example.org", stdin=b"Subject: x\n\nbody\n", env=env, prefix=prefix, cwd="/")
    said = done.err.replace("\nmysend: hint: ", ": ")
    assert done.status == 75 and words in said and "spool :" not in said, done
