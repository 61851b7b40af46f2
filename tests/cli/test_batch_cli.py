"""What a user of --batch and --merge sees: statuses, words, previews, events for programs."""
import csv
import fcntl
import json
import os
import re
import signal
import struct
import termios
import time

import pytest

from batches import FAST, LETTER, events, got, letter, merge, table
from waiting import wait_for


def failed_rows(mysend):
    return os.path.join(mysend.tmp, "people.csv.failed.csv")


def sum_of(result):
    return result.err.splitlines()[-1]


# --- statuses and words -------------------------------------------------------------------------------

def test_all_are_sent_and_the_sum_is_all_that_is_said(mysend, relay):
    one = relay(FAST)
    result = merge(mysend, 20, relay=one)
    assert (result.status, result.out, result.err) == (0, "", "mysend: 20 of 20 sent\n")
    assert got(one) == sorted("u%d@example.org" % i for i in range(1, 21))
    assert os.path.exists(os.path.join(mysend.tmp, "people.csv.ledger"))


def test_the_same_command_again_sends_nothing_and_says_so(mysend, relay):
    one = relay(FAST)
    merge(mysend, 5, relay=one)
    again = merge(mysend, 5, relay=one)
    assert (again.status, again.err) == (0, "mysend: 5 of 5 sent: all before this run\n") and len(one.messages) == 5


@pytest.mark.parametrize("parts, args, status, words", [
    (["rcpt-to u2@example.org 550"], [], 65, "4 of 5 sent, 1 refused: "),
    (["rcpt-to u2@example.org 450"], ["--retries", "0"], 75, "4 of 5 sent, 1 waits: run the same command again"),
    (["rcpt-to u2@example.org '450' ok"], ["--retries", "1s"], 75, None),
    ([], ["--limit", "2"], 75, "2 of 5 sent, 3 left (--limit 2): run the same command again"),
], ids=["refused", "waits", "waits for good", "limit"])
def test_the_status_tells_what_has_to_be_done(mysend, relay, parts, args, status, words):
    one = relay(FAST, *parts)
    result = merge(mysend, 5, *args, relay=one)
    assert result.status == status, result
    if words:
        assert words in sum_of(result), result


def test_bad_rows_are_named_and_the_rest_is_sent(mysend, relay):
    one = relay(FAST)
    result = merge(mysend, 5, bad=(2, 4), relay=one)
    assert result.status == 65 and len(got(one)) == 3, result
    lines = result.err.splitlines()
    assert "people.csv: line 3: " in lines[0] and "people.csv: line 5: " in lines[1] and lines[2:] == ["mysend: 3 of 5 sent, 2 bad: " + failed_rows(mysend)], result


def test_with_stop_on_error_a_bad_row_stops_all_before_the_first_mail(mysend, relay):
    one = relay(FAST)
    result = merge(mysend, 5, "--stop-on-error", bad=(4,), relay=one)
    assert result.status == 65 and not one.sessions and "1 of 5 are bad, and nothing is sent" in result.err, result
    assert not os.path.exists(os.path.join(mysend.tmp, "people.csv.ledger"))


def test_of_many_bad_rows_the_first_twenty_are_named_and_the_others_counted(mysend, relay):
    result = merge(mysend, 60, bad=range(1, 51), relay=relay(FAST))
    lines = result.err.splitlines()
    assert len(lines) == 22 and lines[20] == "mysend: and 30 more cannot be sent" and lines[21] == "mysend: 10 of 60 sent, 50 bad: " + failed_rows(mysend), result


def test_a_refusal_is_told_with_line_recipient_and_the_relays_words(mysend, relay):
    result = merge(mysend, 5, relay=relay(FAST, "rcpt-to u3@example.org '550 5.1.1 no such user'"))
    line = result.err.splitlines()[0]
    assert line.endswith("people.csv: line 4: u3@example.org: 550 5.1.1 no such user"), result


def test_a_login_that_is_refused_ends_the_run_with_77(mysend, relay):
    one = relay("ehlo auth=plain", "user joe right")
    result = merge(mysend, 5, relay=one, config="user joe\nauth plain\npassword wrong\n")
    assert result.status == 77 and not one.messages and re.search("0 of 5 sent.*: run the same command again", result.err), result


NOWHERE = "account default\nhost 127.0.0.1\nport 1\ntls off\nfrom me@example.net\n"


def test_a_relay_that_cannot_be_reached_is_75(mysend):
    result = merge(mysend, 5, "--patience", "1s", config=NOWHERE)
    assert result.status == 75 and "Connection refused" in result.err, result


def test_a_relay_that_lets_nobody_in_is_told_at_once_with_what_may_be_wrong(mysend):
    run = mysend.start("--merge", table(mysend, 5), "--template", letter(mysend), config=NOWHERE)
    line = run.process.stderr.readline().decode()
    assert re.fullmatch(r"mysend: connect to 127\.0\.0\.1:1: Connection refused: asked again until (tomorrow at )?\d\d:\d\d \(--patience 1h\); Ctrl-C is safe\n", line), line
    assert run.process.stderr.readline().decode() == "mysend: hint: nothing listens there: is relay right, with its port (most providers have 587 and 465)? else the server is down\n"
    run.process.send_signal(signal.SIGINT)
    result = run.finish()
    assert result.status == 75 and re.fullmatch("mysend: 0 of 5 sent(, 5 wait)?: run the same command again\n", result.err), result


def test_a_relay_that_goes_away_is_told_once_and_its_setting_is_not_doubted(mysend, relay):
    one = relay("ehlo", "end ok 'hold && ok'", "lax")
    run = mysend.start("--merge", table(mysend, 5), "--template", letter(mysend), "--retries", "0", "--sessions", "1", "--window", "1", relay=one)
    wait_for(lambda: sum(each.complete for each in one.transactions) == 2)
    one.stop()
    lines = [run.process.stderr.readline().decode()]
    while "asked again until" not in lines[-1]:
        lines.append(run.process.stderr.readline().decode())
    run.process.send_signal(signal.SIGINT)
    result = run.finish()
    assert result.status == 75 and "hint: " not in "".join(lines) + result.err and "asked again" not in result.err, result


def test_what_is_wrong_with_an_option_of_many_mails_names_their_help(mysend):
    people, text = table(mysend, 1), letter(mysend)
    for args in (["--merge", people, "--template", text, "--limit", "0"], ["--merge", people, "--template"], ["--limit", "2", "bob@example.org"]):
        assert "mysend: hint: mysend --batch --help lists the options of a batch\n" in mysend(*args, config=NOWHERE).err


@pytest.mark.parametrize("what, status, words", [
    ("template", 78, "line 1"), ("table", 66, "No such file"), ("no template", 66, "No such file"), ("usage", 64, "--template FILE"), ("config", 78, "names no relay"),
])
def test_what_is_wrong_before_the_first_mail_is_one_line(mysend, relay, what, status, words):
    one = relay(FAST)
    people, text = table(mysend, 3), letter(mysend, LETTER if what != "template" else "To: {{emial}}\n\nx\n")
    args = ["--merge", people if what != "table" else "missing.csv", "--template", text if what != "no template" else "missing.eml"]
    if what == "usage":
        args = args[:2]
    result = mysend(*args, relay=one) if what != "config" else mysend(*args, config="account default\nfrom a@example.net\n", env={"MYSEND_QUEUE": "off"})
    assert words in result.failed(status), result
    assert not one.sessions and not os.path.exists(people + ".ledger")


def test_a_ledger_that_cannot_be_made_is_73(mysend, relay):
    one = relay(FAST)
    result = merge(mysend, 3, "--ledger", os.path.join(mysend.tmp, "nowhere", "x.ledger"), relay=one)
    assert "x.ledger" in result.failed(73) and not one.sessions


def test_who_asked_for_silence_gets_the_status_alone(mysend, relay):
    result = merge(mysend, 5, "-oeq", bad=(2,), relay=relay(FAST, "rcpt-to u3@example.org 550"))
    assert (result.status, result.err, result.out) == (65, "", "")


def test_a_row_that_turns_bad_behind_the_check_is_named(mysend, relay):
    """Its file goes away while the first mails are sent; the row that was bad before is named once."""
    files = [mysend.file("x", name="%d.txt" % i) for i in range(1, 7)]
    people = mysend.file("name,email,file\n" + "".join("N%d,u%d@example.org,%s\n" % (i, i, files[i - 1] if i != 3 else "missing.txt") for i in range(1, 7)), name="people.csv")
    one = relay("ehlo", "end 'hold && ok' ok")
    run = mysend.start("--merge", people, "--template", letter(mysend), "--attach", "{{file}}", "--sessions", "1", "--window", "1", relay=one)
    wait_for(lambda: one.transactions and one.transactions[0].complete)
    os.unlink(files[5])
    one.go()
    result = run.finish()
    assert result.status == 65 and result.err.count("line 4: ") == 1 and result.err.count("line 7: ") == 1, result
    assert result.err.endswith("mysend: 4 of 6 sent, 2 bad: " + failed_rows(mysend) + "\n"), result


@pytest.mark.parametrize("answer, status, words", [("ok", 0, "mysend: 3 of 3 sent"), ("'550 no'", 65, "mysend: 2 of 3 sent, 1 refused: ")], ids=["accepted", "refused"])
def test_a_signal_that_comes_when_all_is_under_way_changes_nothing(mysend, relay, answer, status, words):
    one = relay("ehlo pipelining chunking", "bdat-last ok ok 'hold && %s'" % answer.strip("'"))
    run = mysend.start("--merge", table(mysend, 3), "--template", letter(mysend), "--sessions", "1", "--window", "8", relay=one)
    wait_for(lambda: sum(each.complete for each in one.transactions) == 3)
    run.process.send_signal(signal.SIGINT)
    wait_for(lambda: pending(run.process.pid))
    one.go()
    result = run.finish()
    assert result.status == status and sum_of(result).startswith(words), result


# --- rows that failed, as an input --------------------------------------------------------------------

def test_rows_that_failed_go_where_that_is_asked_for_without_the_places_of_the_old_table(mysend, relay):
    path = os.path.join(mysend.tmp, "again.csv")
    result = merge(mysend, 5, "--failed", path, bad=(2,), relay=relay(FAST, "rcpt-to u4@example.org '550 5.1.1 no such user'"))
    assert result.status == 65 and sum_of(result) == "mysend: 3 of 5 sent, 1 refused, 1 bad: " + path and not os.path.exists(failed_rows(mysend)), result
    with open(path, encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert [row["name"] for row in rows] == ["N2", "N4"]
    assert "nonsense@" in rows[0]["mysend_text"] and "people.csv" not in rows[0]["mysend_text"] and "line 3" not in rows[0]["mysend_text"], rows[0]


def test_nothing_to_send_is_no_failure(mysend, relay):
    one = relay(FAST)
    for args in (["--batch", mysend.file("", name="empty.mbox")], ["--merge", mysend.file("name,email\n", name="none.csv"), "--template", letter(mysend)]):
        result = mysend(*args, relay=one)
        assert result.status == 0 and "there is no mail in it" in result.err, result
        assert not os.path.exists(args[1] + ".ledger") and not one.sessions


# --- previews -----------------------------------------------------------------------------------------

def test_preview_prints_that_mail_as_it_will_travel_and_nothing_else(mysend, relay):
    one = relay(FAST)
    for args in (["--preview", "3"], ["--preview=3"]):
        result = merge(mysend, 5, *args, relay=one, config="", bad=(2,))
        assert result.rcpts == ["u3@example.org"] and result.get("Subject") == "Hello N3" and result.err == "", result
    assert not one.sessions and not os.path.exists(os.path.join(mysend.tmp, "people.csv.ledger"))
    sent = relay(FAST)
    merge(mysend, 5, relay=sent)
    travelled = next(message.body for message in sent.messages if message.recipients == ["u3@example.org"])
    different = (b"Date:", b"Message-ID:")
    assert [line for line in result.message.splitlines() if not line.startswith(different)] == \
        [line for line in travelled.splitlines() if not line.startswith(different)]


def test_preview_of_a_bad_mail_says_why_and_of_none_how_many_there_are(mysend):
    config = "account default\nhost 127.0.0.1\nport 1\ntls off\nfrom me@example.net\n"
    assert "people.csv: line 3: " in merge(mysend, 5, "--preview=2", bad=(2,), config=config).failed(65)
    assert "there are 5 mails" in merge(mysend, 5, "--preview=6", config=config).failed(64)


def test_dry_run_checks_every_row_and_prints_the_first_mail(mysend, relay):
    one = relay(FAST)
    result = merge(mysend, 5, "--dry-run", bad=(1, 4), relay=one, config="rate 2/min\n")
    assert result.status == 65 and "RCPT TO:<u2@example.org>" in result.out and result.out.count("MAIL FROM") == 1, result
    assert [line for line in result.err.splitlines() if "line 2" in line] and [line for line in result.err.splitlines() if "line 5" in line]
    assert "3 mails of" in result.err and "to u2@example.org first, to u5@example.org last; 2 cannot be sent" in result.err, result
    assert "from me@example.net by account default, relay %s:%d, at 2/min: 60 s at least" % (one.host, one.port) in result.err, result
    assert not one.sessions and sorted(os.listdir(mysend.tmp))[-2:] == ["letter.eml", "people.csv"]
    assert merge(mysend, 5, "--dry-run", "--preview=2", relay=one).rcpts == ["u2@example.org"]


def test_dry_run_names_a_file_that_is_missing_for_a_row(mysend, relay):
    people = mysend.file("email,file\na@example.org,%s\nb@example.org,missing.pdf\n" % mysend.file("x", name="there.txt"), name="people.csv")
    result = mysend("--merge", people, "--template", letter(mysend, "Subject: x\n\ny\n"), "--to", "{{email}}", "--attach", "{{file}}", "--dry-run", relay=relay(FAST))
    assert result.status == 65 and "line 3" in result.err and "missing.pdf" in result.err and "b'x'" not in result.err, result


def test_many_rows_without_list_unsubscribe_are_warned_of(mysend, relay):
    said = "no List-Unsubscribe"
    assert said in merge(mysend, 1001, "--dry-run", relay=relay(FAST)).err
    assert said not in merge(mysend, 1000, "--dry-run", relay=relay(FAST)).err
    assert said not in merge(mysend, 1001, "--dry-run", "--unsubscribe", "https://example.net/{{name}}", relay=relay(FAST)).err


# --- for programs -------------------------------------------------------------------------------------

def test_events_are_a_line_a_mail_and_the_sum(mysend, relay):
    one = relay(FAST, "rcpt-to u3@example.org '550 5.1.1 no such user'", "rcpt-to u4@example.org '450 4.2.0 later'")
    result = merge(mysend, 5, "--json", "--retries", "0", bad=(2,), relay=one)
    mails, total = events(result)
    assert result.status == 75 == total["status"], result
    by = {mail["number"]: mail for mail in mails}
    assert sorted(by) == [1, 2, 3, 4, 5] and len(mails) == 5
    assert by[2]["event"] == "bad" and "line 3" in by[2]["reason"] and by[2]["line"] == 3
    assert (by[1]["sender"], by[1]["account"], by[1]["file"][-10:], by[1]["line"]) == ("me@example.net", "default", "people.csv", 2)
    assert by[1]["recipients"][0]["address"] == "u1@example.org" and by[1]["recipients"][0]["state"] == "accepted" and by[1]["message_size"] > 100
    assert by[3]["recipients"] == [{"address": "u3@example.org", "state": "refused", "code": 550, "reply": "550 5.1.1 no such user"}]
    assert by[4]["recipients"][0]["state"] == "waits" and by[4]["again"] is False
    assert {name: total[name] for name in ("mails", "accepted", "refused", "waits", "doubt", "bad", "left")} == \
        {"mails": 5, "accepted": 2, "refused": 1, "waits": 1, "doubt": 0, "bad": 1, "left": 0}
    assert total["ledger"].endswith("people.csv.ledger") and total["failed"] == failed_rows(mysend)


def test_an_event_is_out_before_the_next_mail_is_answered(mysend, relay):
    one = relay("ehlo", "end ok 'hold && ok'")
    run = mysend.start("--merge", table(mysend, 2), "--template", letter(mysend), "--json", "--sessions", "1", relay=one)
    assert b'"state":"accepted"' in run.process.stdout.readline()
    one.go()
    assert run.finish().status == 0


def test_a_reader_of_events_that_does_not_read_can_be_left_by_a_second_signal(mysend, relay):
    """It holds the run back; what it has not read of is in the ledger."""
    one = relay(FAST)
    ours, theirs = os.pipe()
    fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, 4096)
    run = mysend.start("--merge", table(mysend, 500), "--template", letter(mysend), "--json", relay=one, stdout=theirs)
    os.close(theirs)
    wait_for(lambda: struct.unpack("i", fcntl.ioctl(ours, termios.FIONREAD, b"1234"))[0] > 4096 - 512)
    run.process.send_signal(signal.SIGINT)
    wait_for(lambda: pending(run.process.pid))
    wait_for(lambda: run.process.send_signal(signal.SIGINT) or run.process.poll() is not None)
    os.close(ours)
    run.process.communicate()
    assert run.process.returncode == -signal.SIGINT and len(got(one)) < 500
    again = relay(FAST)
    assert merge(mysend, 500, relay=again).status == 0 and set(got(one)) | set(got(again)) == {"u%d@example.org" % i for i in range(1, 501)}


def test_a_reader_of_events_that_goes_away_does_not_end_the_run(mysend, relay):
    one = relay(FAST)
    ours, theirs = os.pipe()
    os.close(ours)
    run = mysend.start("--merge", table(mysend, 50), "--template", letter(mysend), "--json", relay=one, stdout=theirs)
    os.close(theirs)
    assert run.finish().status == 0 and len(got(one)) == 50


# --- signals ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_lets_what_is_in_flight_finish_and_says_how_to_go_on(mysend, relay, told):
    one = relay("ehlo", "end ok 'hold && ok' ok")
    run = mysend.start("--merge", table(mysend, 10), "--template", letter(mysend), "--sessions", "1", relay=one)
    wait_for(lambda: sum(each.complete for each in one.transactions) == 2)
    run.process.send_signal(told)
    wait_for(lambda: pending(run.process.pid))
    one.go()
    result = run.finish()
    assert result.status == 75 and re.fullmatch("mysend: 2 of 10 sent(, 8 wait)?: run the same command again", sum_of(result)), result
    again = relay(FAST)
    assert merge(mysend, 10, relay=again).status == 0
    assert sorted(got(one) + got(again)) == sorted("u%d@example.org" % i for i in range(1, 11))


def pending(pid):
    """The process has a signal that waits."""
    with open("/proc/%d/status" % pid, encoding="ascii") as text:
        return any(int(line.split()[1], 16) for line in text if line.startswith("ShdPnd"))


def test_the_second_signal_ends_the_run_at_once_and_the_ledger_knows(mysend, relay):
    one = relay("ehlo", "end ok 'hold && ok' ok", "lax")
    run = mysend.start("--merge", table(mysend, 10), "--template", letter(mysend), "--sessions", "1", relay=one)
    wait_for(lambda: sum(each.complete for each in one.transactions) == 2)
    run.process.send_signal(signal.SIGINT)
    wait_for(lambda: pending(run.process.pid))
    wait_for(lambda: run.process.send_signal(signal.SIGINT) or run.process.poll() is not None)
    assert run.process.returncode == -signal.SIGINT
    run.process.communicate()
    one.go()
    report = mysend("--report", os.path.join(mysend.tmp, "people.csv.ledger"))
    assert "1 accepted" in report.out and "in doubt" in report.out, report


# --- standard input, which nobody can give again ------------------------------------------------------

def mbox(*names):
    return "\n".join("From x Mon Jan  1 00:00:00 2024\nFrom: me@example.net\nTo: %s@example.org\n\ntext\n" % name for name in names).encode()


def test_standard_input_has_no_ledger_beside_it(mysend, relay):
    one = relay(FAST)
    before = sorted(os.listdir(mysend.tmp))
    result = mysend("--batch", "-", stdin=mbox("ann", "bob"), relay=one)
    assert (result.status, result.err) == (0, "mysend: 2 of 2 sent\n") and got(one) == ["ann@example.org", "bob@example.org"]
    assert [name for name in sorted(os.listdir(mysend.tmp)) if "ledger" in name] == [] and before


def test_what_is_left_of_standard_input_waits_in_the_queue(mysend, relay):
    one, spool = relay(FAST, "rcpt-to bob@example.org 450"), os.path.join(mysend.tmp, "spool")
    config = "spool %s\nqueue on\n" % spool
    result = mysend("--batch", "-", "--retries", "0", stdin=mbox("ann", "bob"), relay=one, config=config)
    assert result.status == 0 and sum_of(result) == "mysend: 1 of 2 sent, 1 in the queue", result
    assert "bob@example.org" in mysend(name="mailq", relay=one, config=config).out


def test_what_is_left_of_standard_input_without_a_queue_is_told(mysend, relay):
    one = relay(FAST, "rcpt-to bob@example.org 450")
    result = mysend("--batch", "-", "--retries", "0", stdin=mbox("ann", "bob"), relay=one)
    assert result.status == 75 and "with --ledger FILE the same input goes on" in result.err and "standard input, message 2, line " in result.err, result
    path = os.path.join(mysend.tmp, "ledger")
    for parts, status in ((["rcpt-to bob@example.org 450"], 75), ([], 0)):
        result = mysend("--batch", "-", "--retries", "0", "--ledger", path, stdin=mbox("ann", "bob"), relay=relay(FAST, *parts))
        assert result.status == status, result


def test_a_table_can_be_piped_in(mysend, relay):
    one = relay(FAST, "rcpt-to u2@example.org 550")
    result = mysend("--merge", "-", "--template", letter(mysend), stdin=b"name,email\nA,u1@example.org\nB,u2@example.org\n", relay=one)
    assert result.status == 65 and sum_of(result) == "mysend: 1 of 2 sent, 1 refused", result
    assert [name for name in os.listdir(mysend.tmp) if "ledger" in name or "failed" in name] == []


# --- the log ------------------------------------------------------------------------------------------

def test_each_mail_has_its_line_in_the_log(mysend, relay):
    log = os.path.join(mysend.tmp, "log")
    result = merge(mysend, 5, relay=relay(FAST, "rcpt-to u2@example.org 550"), config="logfile %s\n" % log)
    assert result.status == 65
    with open(log, encoding="utf-8") as text:
        lines = text.read().splitlines()
    assert len(lines) == 5 and all("from=me@example.net" in line for line in lines)
    assert [line for line in lines if "recipients=u2@example.org" in line and "exitcode=EX_UNAVAILABLE" in line or "exitcode=EX_NOUSER" in line], lines
    assert sum("exitcode=EX_OK" in line for line in lines) == 4, lines


def test_a_bad_row_has_its_line_in_the_log(mysend, relay):
    log = os.path.join(mysend.tmp, "log")
    assert merge(mysend, 3, bad=(2,), relay=relay(FAST), config="logfile %s\n" % log).status == 65
    with open(log, encoding="utf-8") as text:
        bad = [line for line in text.read().splitlines() if "exitcode=EX_OK" not in line]
    assert len(bad) == 1 and "line 3" in bad[0] and "exitcode=EX_DATAERR" in bad[0], bad


def test_events_tell_what_all_wait_for_and_that_it_is_over(mysend, relay):
    result = merge(mysend, 3, "--json", config="rate 2/2s\n", relay=relay(FAST))
    lines = [json.loads(line) for line in result.out.splitlines()]
    what = [line["event"] for line in lines]
    assert result.status == 0 and what.index("waits") < what.index("goes_on") < what.index("sum") and what.count("mail") == 3, result
    waits = lines[what.index("waits")]
    assert waits["for"] == "the rate 2/2s is used up" and abs(waits["until"] - time.time()) < 600, waits


def test_events_tell_that_the_relay_lets_nobody_in(mysend):
    result = merge(mysend, 3, "--json", "--patience", "1s", config=NOWHERE)
    lines = [json.loads(line) for line in result.out.splitlines()]
    out = [line for line in lines if line["event"] == "kept_out"]
    assert result.status == 75 and out and out[0]["before"] is False and "Connection refused" in out[0]["reason"] and out[0]["hint"], result


def test_nothing_is_made_beside_a_device(mysend, relay):
    one, before = relay(FAST), set(os.listdir("/dev"))
    mail = mysend.file("From: me@example.net\nTo: u1@example.org\n\ntext\n", name="a.eml")
    assert mysend("--batch", "/dev/null", relay=one).status == 0
    assert mysend("--batch", "/dev/null", mail, relay=one).status == 0 and got(one) == ["u1@example.org"]
    for args in (("--batch", "/dev/full"), ("--merge", "/dev/null", "--template", letter(mysend)), ("--merge", "/dev/full", "--template", letter(mysend))):
        result = mysend(*args, relay=one)
        assert result.status == 66 and result.err == "mysend: %s: it is a device, and no file\n" % args[1], result
    assert {name for name in set(os.listdir("/dev")) - before if "ledger" in name or "failed" in name} == set()
