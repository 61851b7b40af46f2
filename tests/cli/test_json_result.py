"""--json of a mail: however it ends, one valid object on standard output, which agrees with the status and with the log line."""
import itertools
import json
import os
import resource
import shutil
import signal
import subprocess

import pytest

from given import BASE, TO_BOB as TEXT, fields, trusting
from waiting import wait_for

NAMES = ["outcome", "status", "exitcode", "queue_id", "message_id", "account", "sender", "message_size", "relay", "relay_id", "error", "stage", "code",
         "enhanced", "reply", "hint", "needs_admin", "cannot_wait", "recipients", "more_recipients", "tls", "auth", "ms"]
OF_RECIPIENT = ["address", "state", "stage", "code", "enhanced", "reply", "hint"]
BOB, EVE = "bob@example.org", "eve@example.org"


def once(pairs):
    assert len({name for name, _ in pairs}) == len(pairs), pairs
    return dict(pairs)


def read(done, quiet=True):
    """The one object, read by two parsers, with the status of the process in it."""
    assert done.raw_out.endswith(b"\n") and done.raw_out.count(b"\n") == 1, done
    told = json.loads(done.raw_out.decode("utf-8"), object_pairs_hook=once)
    assert list(told) == NAMES and all(list(one) == OF_RECIPIENT for one in told["recipients"]), told
    assert told["status"] == done.status, done
    assert not quiet or done.err == "", done
    if shutil.which("jq"):
        other = subprocess.run(["jq", "-c", "."], input=done.raw_out, capture_output=True, check=True).stdout
        assert json.loads(other) == told
    return told


def states(told):
    return [one["state"] for one in told["recipients"]]


# --- agreement with the log line and the status ----------------------------------------------------

WORDS = {"4yz": "450 4.2.0 full for now", "5yz": "550 5.1.1 nobody there", "lost": "the relay closed the connection", "unsure": "the relay closed the connection"}
ANSWERED = [one for n in (1, 2, 3) for one in itertools.product(("ok", "4yz", "5yz"), repeat=n)]
OUTCOMES = ANSWERED + [one + (end,) for one in [()] + ANSWERED if len(one) < 3 for end in ("lost", "unsure")]


def told_of(outcome, queue):
    """Outcome and states, from what became of each."""
    kinds = {"ok": "accepted", "5yz": "refused", "unsure": "waits" if queue else "unsure"}
    each = [kinds.get(what, "waits" if queue else "failed") for what in outcome]
    if not set(each) - {"accepted"}:
        return "sent", each
    if not set(each) - {"accepted", "waits"}:
        return "waits", each
    if {"accepted", "waits"} & set(each):
        return "partly", each
    return "refused" if set(each) == {"refused"} else "failed", each


@pytest.mark.parametrize("queue", (True, False), ids=("queue", "no-queue"))
@pytest.mark.parametrize("outcome", OUTCOMES, ids="-".join)
def test_the_object_agrees_with_the_status_and_the_log(spool, relay, tmp_path, outcome, queue):
    names = ["r%d@example.org" % i for i in range(len(outcome))]
    parts = ['rcpt-to %s "%s"' % (to, WORDS[what]) for to, what in zip(names, outcome) if what in ("4yz", "5yz")]
    parts += ["rcpt-to %s drop" % names[-1]] if outcome[-1] == "lost" else []
    parts += ["end %s drop" % " ".join(["ok"] * outcome.count("ok"))] if outcome[-1] == "unsure" else []
    there = relay("ehlo pipelining enhancedstatuscodes", "lax", *parts)
    log = tmp_path / "log"
    config = spool.config(there, "max_recipients 1\nqueue_along 0\nlogfile %s\n" % log).replace("queue on", "queue on" if queue else "queue off")
    told = read(spool.mysend("--json", "-f", "ann@example.net", *names, stdin=TEXT, config=config))
    assert (told["outcome"], states(told)) == told_of(outcome, queue)
    line = fields(log.read_text())
    # Where the failure has no code, the log line has that of the last answer.
    said = line.get("smtpstatus", "0")
    assert told["exitcode"] == line["exitcode"] and told["code"] == (None if said == "0" or ("errormsg" in line and said[0] == "2") else int(said))
    assert told["message_id"] == line["msgid"] and told["queue_id"] == line.get("spooled") and told["sender"] == line["from"]
    assert str(told["message_size"]) == line["mailsize"] and told["relay"] == "%s:%s" % (line["host"], line["port"])
    assert (told["tls"], told["auth"]) == (line["tls"] == "on", line["auth"] == "on") and told["account"] == "default"
    if "errormsg" in line:
        assert told["reply"] == line["errormsg"] and told["error"].endswith(told["reply"]) and told["error"].startswith(told["stage"] + " to "), told
    else:
        assert told["error"] is None and told["hint"] is None and told["code"] == 250, told
    for one, what in zip(told["recipients"], outcome):
        words = "" if one["state"] == "accepted" else " ".join(str(one[name]) for name in ("code", "enhanced", "reply") if one[name])
        assert words == WORDS.get(what, ""), (one, what)
        wanted = {"4yz": "RCPT TO", "5yz": "RCPT TO", "lost": "RCPT TO", "unsure": "end of message", "ok": "end of message"}[what]
        assert one["stage"] == wanted or (what == "ok" and one["code"] is one["stage"] is None), one
    assert told["queue_id"] in (spool.names() or [None])


# --- each other way to end -----------------------------------------------------------------------------

@pytest.mark.parametrize("args, status, stage, words", [
    (["--frob", BOB], 64, "usage", "unknown option --frob"),
    (["-f"], 64, "usage", "-f needs a value"),
    (["-bs"], 64, "usage", "--json goes with"),
    (["-bS"], 64, "usage", "--json goes with"),
    (["-N", "soon", BOB], 64, "usage", "-N takes"),
    (["-oeq", "--host=a b", BOB], 64, "usage", "--host"),
    (["-t", "-oeq"], 64, "usage", "no recipients"),
    ([], 64, "usage", None),
    (["bob@"], 65, None, None),
    ([BOB, "x@y@z"], 65, None, None),
    (["-f", "a b", BOB], 65, None, None),
    (["-a", "nobody", BOB], 78, "configuration", "nobody"),
    (["--attach", "/nowhere", BOB], 66, "input", "/nowhere"),
])
def test_what_is_wrong_before_a_relay_is_asked_is_an_object(mysend, args, status, stage, words):
    told = read(mysend("--json", *args, stdin=b"Subject: x\n\nbody\n", config=BASE))
    assert (told["outcome"], told["code"], told["queue_id"]) == ("failed", None, None)
    assert told["error"] and told["error"].startswith(told["reply"]) and (words or "") in told["error"], told
    assert (told["status"], told["stage"]) == (status, stage or told["stage"]), told


@pytest.mark.parametrize("args, wanted", [(["--frob", "--json", BOB], True), (["--json", "-oeq", "--frob"], True), (["--frob", "--", "--json"], False),
                                          (["-bp", "--json", "--frob"], False)])
def test_json_counts_behind_a_bad_option_and_not_behind_two_hyphens(mysend, args, wanted):
    done = mysend(*args, config=BASE)
    if wanted:
        assert read(done)["status"] == 64
    else:
        assert done.failed(64) and done.out == ""


@pytest.mark.parametrize("config, status", [("account default\nfrobnicate on\n", 78), ("account default\nfrom a@b.example\n", 78), ("\0", 78), ("password x", 78)])
def test_a_configuration_that_is_wrong_or_says_no_relay_is_an_object(mysend, config, status):
    told = read(mysend("--json", BOB, stdin=TEXT, config=config), quiet=False)
    assert (told["outcome"], told["status"], told["stage"], states(told)) == ("failed", status, "configuration", []), told


def test_nobody_who_is_configured_and_a_named_file_that_is_not_there_are_objects(mysend):
    told = read(mysend("--json", BOB, stdin=TEXT, env={"MYSEND_CONFIG": "/nowhere/at/all"}))
    assert told["status"] == 78 and told["error"], told
    assert read(mysend("--json", BOB, stdin=TEXT))["status"] == 78


def test_input_that_is_closed_or_cannot_be_read_is_an_object(mysend, tmp_path):
    assert read(mysend("--json", BOB, config=BASE, closed=(0,)))["status"] == 66
    assert read(mysend("--json", BOB, stdin=os.open(str(tmp_path), os.O_RDONLY), config=BASE))["stage"] == "input"


def test_sent_says_who_took_it(mysend, relay):
    there = relay("ehlo enhancedstatuscodes", 'end "250 2.0.0 Ok: queued as 4F2A81C0B"')
    told = read(mysend("--json", "-t", stdin=TEXT, relay=there))
    assert told == {"outcome": "sent", "status": 0, "exitcode": "EX_OK", "queue_id": None, "message_id": told["message_id"], "account": "default",
                    "sender": "me@example.net", "message_size": told["message_size"],
                    "relay": "127.0.0.1:%d" % there.port, "relay_id": "4F2A81C0B", "error": None, "stage": "end of message", "code": 250, "enhanced": "2.0.0",
                    "reply": "Ok: queued as 4F2A81C0B", "hint": None, "needs_admin": False, "cannot_wait": None, "more_recipients": 0, "tls": False,
                    "auth": False, "ms": told["ms"], "recipients": [{"address": BOB, "state": "accepted", "stage": "end of message", "code": 250,
                                                                     "enhanced": "2.0.0", "reply": "Ok: queued as 4F2A81C0B", "hint": None}]}


def test_what_only_an_administrator_can_mend_waits_and_says_so_with_its_hint(spool, relay):
    there = relay("ehlo auth=plain", 'auth "535 5.7.8 bad password"', "lax")
    config = spool.config(there, "user joe\npassword hunter2secret\nauth plain\n")
    done = spool.mysend("--json", BOB, stdin=TEXT, config=config)
    told = read(done)
    assert (told["outcome"], told["status"], told["needs_admin"], told["queue_id"]) == ("waits", 0, True, spool.names()[0]), told
    assert told["hint"] and "hunter2secret" not in done.out and told["exitcode"] != "EX_OK", told
    listed, = [json.loads(line) for line in spool.run("-bp", "--json").out.splitlines()]
    same = ("queue_id", "account", "sender", "message_size")
    assert {name: told[name] for name in same} == {name: listed[name] for name in same}
    assert [(one["address"], one["state"]) for one in listed["recipients"]] == [(one["address"], one["state"]) for one in told["recipients"]]


def test_a_relay_that_is_down_lets_it_wait_or_fails_without_a_queue(spool, mysend):
    told = read(spool.run("--json", BOB, stdin=TEXT))
    assert (told["outcome"], told["stage"], states(told), told["needs_admin"]) == ("waits", "connect", ["waits"], False)
    told = read(mysend("--json", BOB, stdin=TEXT, config=BASE))
    assert (told["outcome"], told["status"], told["stage"], states(told)) == ("failed", 75, "connect", ["failed"])


@pytest.mark.parametrize("letter", "qb")
def test_mail_for_the_queue_tells_what_is_known_by_then(spool, letter):
    told = read(spool.run("--json", "-od" + letter, BOB, EVE, stdin=TEXT))
    assert (told["outcome"], told["queue_id"], told["stage"], told["error"], told["hint"]) == ("waits", told["queue_id"], None, None, None)
    assert states(told) == ["waits", "waits"] and told["queue_id"]


def test_a_queue_that_is_full_and_one_without_a_place_say_why_it_cannot_wait(spool):
    told = read(spool.run("--json", BOB, stdin=TEXT, more="spool_max_mails 1\n"))
    assert told["outcome"] == "waits"
    told = read(spool.run("--json", BOB, stdin=TEXT, more="spool_max_mails 1\n"))
    assert (told["outcome"], told["status"], told["queue_id"]) == ("failed", 75, None) and "spool_max_mails" in told["cannot_wait"], told


def test_a_disk_that_is_full_is_told_in_the_object(spool):
    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    told = read(spool.run("--json", BOB, stdin=TEXT, before=small))
    assert (told["outcome"], told["status"]) == ("failed", 75) and told["cannot_wait"] and spool.names() == [], told


def test_a_dry_run_says_what_it_would_do_and_prints_no_message(mysend):
    told = read(mysend("--json", "--dry-run", "-t", EVE, stdin=TEXT, config=BASE))
    assert (told["outcome"], told["status"], told["error"], states(told)) == ("untried", 0, None, ["untried", "untried"])
    assert {one["address"] for one in told["recipients"]} == {BOB, EVE} and told["message_size"] > 50 and told["relay"] == "127.0.0.1:1"
    assert read(mysend("--json", "--dry-run", stdin=TEXT, config=BASE))["status"] == 64


def test_a_log_on_standard_output_stays_out_of_the_way(mysend, relay):
    for log in ("-", "/dev/stdout", "/dev/fd/1"):
        done = mysend("--json", BOB, stdin=TEXT, relay=relay(), config="logfile %s\n" % log)
        assert read(done, quiet=False)["outcome"] == "sent" and "exitcode=EX_OK" in done.err, done


def test_warnings_and_the_conversation_stay_on_standard_error(mysend, relay):
    done = mysend("--json", "-v", BOB, stdin=b"Subject: x\n\nnul \0 here\n", relay=relay())
    assert read(done, quiet=False)["outcome"] == "sent" and "warning" in done.err and "<<< 220" in done.err, done


# --- what relays and callers may put into it ------------------------------------------------------------

@pytest.mark.parametrize("words", ["550 '5.1.1 \udcff\udcfe\udc80 no'", "550 '5.1.1 \x1b]0;x\x07 \x00 no'", "550 '5.1.1 \u202e\u2028 \"no\" \\'",
                                   "550 '5.1.1 \U0001f600 \udced\udca0\udc80'", "long 1000000 550", "lines 20000 550", "endless 550", "junk 5000"],
                         ids=["no-utf8", "control", "unicode", "surrogate", "1MB", "lines", "endless", "junk"])
def test_whatever_a_relay_answers_the_object_is_valid(mysend, relay, words):
    there = relay("ehlo", "lax", "rcpt " + words)
    told = read(mysend("--json", BOB, stdin=TEXT, relay=there, config="timeout 20s\n"))
    assert told["outcome"] in ("refused", "failed") and told["status"] and len(told["error"]) < 4000 and told["error"].isprintable(), told


def test_addresses_beyond_ascii_and_thousands_of_recipients_are_valid(mysend, relay):
    many = ["r%d@example.org" % i for i in range(3000)]
    told = read(mysend("--json", *many, stdin=TEXT, relay=relay("ehlo pipelining", 'rcpt-to r7@example.org "550 5.1.1 no"')))
    assert told["outcome"] == "partly" and told["more_recipients"] == 0 and [one["address"] for one in told["recipients"]] == many
    told = read(mysend("--json", "jos\u00e9@example.org", stdin=TEXT, relay=relay("ehlo smtputf8 8bitmime")))
    assert told["recipients"][0]["address"] == "jos\u00e9@example.org" and told["outcome"] == "sent"


def test_no_secret_is_in_the_object_even_if_the_relay_repeats_it(mysend, relay, certs):
    there = relay("ehlo starttls auth=plain", 'auth "535 5.7.8 hunter2secret and AGpvZQBodW50ZXIyc2VjcmV0 are wrong"', "lax")
    done = mysend("--json", BOB, stdin=TEXT, config=trusting(there, certs, "user joe", "password hunter2secret", "auth plain", "queue off"))
    told = read(done)
    assert (told["outcome"], told["stage"], told["status"]) == ("failed", "login", 77) and told["tls"] is False, told
    assert "hunter2" not in done.out and "AGpvZQBodW50ZXIyc2VjcmV0" not in done.out


# --- ended before its time --------------------------------------------------------------------------------

@pytest.mark.parametrize("with_signal", (signal.SIGTERM, signal.SIGINT, signal.SIGHUP), ids=lambda one: one.name)
def test_a_signal_while_the_message_is_read_is_an_object_and_75(mysend, with_signal):
    run = mysend.start("--json", BOB, config=BASE)
    status = "/proc/%d/status" % run.process.pid

    def guarded():
        with open(status, encoding="ascii") as text:
            caught = int(next(line for line in text if line.startswith("SigCgt")).split()[1], 16)
        return caught >> (with_signal - 1) & 1
    wait_for(guarded, "the handler")
    run.process.stdin.write(b"Subject: x\n")
    run.process.stdin.flush()
    os.kill(run.process.pid, with_signal)
    told = read(run.finish(None))
    assert (told["outcome"], told["status"], told["stage"], told["error"]) == ("failed", 75, "input", "mysend was told to end")


def test_a_signal_that_is_ignored_stays_so(mysend, relay):
    run = mysend.start("--json", BOB, relay=relay(), before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    run.process.stdin.write(b"Subject: x\n\n")
    run.process.stdin.flush()
    os.kill(run.process.pid, signal.SIGHUP)
    assert read(run.finish(b"text\n"))["outcome"] == "sent"


@pytest.mark.parametrize("queue", (True, False), ids=("queue", "no-queue"))
def test_a_signal_midway_is_one_object_with_what_became_of_it(spool, relay, queue):
    there = relay("rcpt 'hold && ok'", "lax")
    run = spool.mysend.start("--json", BOB, config=spool.config(there).replace("queue on", "queue on" if queue else "queue off"))
    run.process.stdin.write(TEXT)
    run.process.stdin.close()
    run.process.stdin = None
    wait_for(lambda: any("RCPT" in line for line in there.commands), "RCPT")
    os.kill(run.process.pid, signal.SIGTERM)
    there.go()
    told = read(run.finish())
    assert told["outcome"] in (("sent", "waits") if queue else ("sent", "failed")) and bool(told["queue_id"]) == (told["outcome"] == "waits"), told


def test_where_the_object_cannot_be_written_the_status_stays_that_of_the_mail(mysend, relay):
    with open("/dev/full", "wb") as full:
        done = mysend("--json", BOB, stdin=TEXT, relay=relay(), stdout=full)
        assert done.status == 0 and "the result cannot be written to standard output: No space left" in done.err, done
        done = mysend("--json", BOB, stdin=TEXT, relay=relay('rcpt "550 5.1.1 nobody there"'), stdout=full)
        assert done.status == 67 and done.errors == ["mysend: RCPT TO to 127.0.0.1:%d: 550 5.1.1 nobody there" % mysend.relays[1].port], done
    done = mysend("--json", BOB, stdin=TEXT, relay=relay(), closed=(1,))
    assert done.status == 0
