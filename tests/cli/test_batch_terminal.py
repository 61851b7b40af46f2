"""A batch at a terminal: it asks first, shows how far it is, and leaves nothing of that behind."""
import os
import re
import signal

import pytest

from batches import FAST, Terminal, got, letter, table
from waiting import wait_for


def begin(mysend, one, count, *args, bad=(), config="", columns=100, **more):
    return Terminal(mysend, "--merge", table(mysend, count, bad), "--template", letter(mysend), *args, relay=one, config=config, columns=columns, **more)


def test_before_the_first_mail_it_says_what_it_will_do_and_asks(mysend, relay):
    one = relay(FAST)
    run = begin(mysend, one, 12, bad=(3,), config="rate 10/s\n")
    run.wait_for(b"send? [y/N] ")
    shown = run.seen.decode()
    assert "people.csv: line 4: " in shown and "11 mails of" in shown, shown
    assert "to u1@example.org first, to u12@example.org last; 1 cannot be sent" in shown, shown
    assert "from me@example.net by account default, relay %s:%d, at 10/s: 1 s at least" % (one.host, one.port) in shown, shown
    assert not one.sessions and not os.path.exists(os.path.join(mysend.tmp, "people.csv.ledger"))
    run.type(b"y\n")
    status, shown = run.finish()
    assert status == 65 and len(got(one)) == 11 and shown.endswith("11 of 12 sent, 1 bad: %s\n" % os.path.join(mysend.tmp, "people.csv.failed.csv")), shown
    assert shown.count("line 4") == 1, "a bad row is named once"


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"no, yes\n", b"\x04"], ids=["n", "nothing", "no", "end"])
def test_without_a_yes_nothing_is_sent(mysend, relay, answer):
    one = relay(FAST)
    run = begin(mysend, one, 3)
    run.wait_for(b"send? [y/N] ")
    run.type(answer)
    status, shown = run.finish()
    assert status == 1 and shown.endswith("mysend: nothing was sent\n") and not one.sessions, shown
    assert not os.path.exists(os.path.join(mysend.tmp, "people.csv.ledger"))


def test_yes_is_not_asked_for_twice_and_what_was_sent_before_is_told(mysend, relay):
    one = relay(FAST)
    assert begin(mysend, one, 3, "--yes").finish()[0] == 0 and len(got(one)) == 3
    run = begin(mysend, one, 5)
    run.wait_for(b"send? ")
    assert b"3 of the recipients have it already (" in run.seen
    run.type(b"yes\n")
    assert run.finish()[0] == 0 and len(got(one)) == 5


def test_the_speed_is_that_of_this_run(mysend, relay):
    one = relay(FAST)
    assert begin(mysend, one, 40, "--yes").finish()[0] == 0
    run = begin(mysend, one, 43, "--yes", "--sessions", "1", config="rate 1/s\n")
    status, shown = run.finish()
    speeds = [float(number) / (60 if unit == "min" else 1) for number, unit in re.findall(r" sent[^;]*; ([\d.]+)/(s|min)", shown)]
    assert status == 0 and all(speed < 4 for speed in speeds), shown


def test_who_was_not_begun_waits_too_when_the_run_is_broken_off(mysend, relay):
    run = begin(mysend, relay(FAST), 100, "--yes", config="rate 3/h\n", columns=200)
    run.wait_for(b"3 of 100 sent; the rate 3/h is used up")
    run.run.process.send_signal(signal.SIGINT)
    status, shown = run.finish()
    assert status == 75 and shown.endswith("mysend: 3 of 100 sent, 97 wait: run the same command again\n"), shown


def test_nobody_is_asked_where_nothing_is_left_to_send(mysend, relay):
    one = relay(FAST, "rcpt-to u2@example.org 550")
    assert begin(mysend, one, 3, "--yes").finish()[0] == 65
    status, shown = begin(mysend, one, 3).finish()
    assert status == 65 and "send?" not in shown and "2 of 3 sent, 1 refused (" in shown and shown.endswith(": all before this run\n"), shown
    for args, count in ((("--retry-failed",), 3), ((), 4)):
        run = begin(mysend, one, count, *args)
        run.wait_for(b"send? ")
        run.type(b"n\n")
        assert run.finish()[0] == 1
    assert len(got(one)) == 2


def test_progress_is_drawn_over_itself_and_taken_away(mysend, relay):
    one = relay("ehlo", "end ok 'hold && ok' ok")
    run = begin(mysend, one, 3, "--yes", "--sessions", "1")
    run.wait_for(b"\r\x1b[K1 of 3 sent")
    one.go()
    status, shown = run.finish()
    assert status == 0 and shown.endswith("\r\x1b[Kmysend: 3 of 3 sent\n"), shown
    assert "\n" not in shown[:shown.rindex("\r\x1b[K")], "nothing of it stays"


def test_progress_keeps_to_the_width_of_the_terminal(mysend, relay):
    one = relay("ehlo", "rcpt-to u1@example.org '450 4.2.0 later' ok")
    run = begin(mysend, one, 3, "--yes", "--retries", "3s", columns=40)
    run.wait_for(b"sent")
    status, shown = run.finish()
    drawn = [line for line in re.split(r"\r\x1b\[K", shown) if line and not line.startswith("mysend: ")]
    assert drawn and all(len(line) < 40 for line in drawn), shown


def test_progress_says_what_is_waited_for(mysend, relay):
    one = relay("ehlo", "rcpt-to u1@example.org '450 4.2.0 later' ok")
    run = begin(mysend, one, 3, "--yes", "--retries", "3s", columns=200)
    run.wait_for(b"tried again: goes on in")
    assert b"Ctrl-C is safe" in run.seen
    run.finish()


def test_ctrl_c_while_it_waits_ends_it_with_a_word_on_how_to_go_on(mysend, relay):
    one = relay("ehlo", "rcpt-to u1@example.org '450 4.2.0 later'")
    run = begin(mysend, one, 3, "--yes", "--retries", "1h", columns=200)
    run.wait_for(b"tried again: goes on")
    run.run.process.send_signal(signal.SIGINT)
    status, shown = run.finish()
    assert status == 75 and shown.endswith("2 of 3 sent, 1 waits: run the same command again\n"), shown


def test_a_refusal_does_not_stand_in_the_progress(mysend, relay):
    one = relay("ehlo", "rcpt-to u2@example.org 550", "end ok 'hold && ok'")
    run = begin(mysend, one, 3, "--yes", "--sessions", "1")
    run.wait_for(b"\r\x1b[Kmysend: ")
    one.go()
    status, shown = run.finish()
    assert status == 65 and re.search(r"\r\x1b\[Kmysend: \S*people.csv: line 3: u2@example.org: .*\n", shown), shown


def test_a_warning_does_not_stand_in_the_progress(mysend, relay):
    one = relay("ehlo", "end 'hold && ok' ok")
    run = begin(mysend, one, 2, "--yes", "--sessions", "1", config="logfile %s\n" % os.path.join(mysend.tmp, "nowhere", "log"))
    run.wait_for(b"\r\x1b[K0 of 2 sent")
    one.go()
    status, shown = run.finish()
    assert status == 0 and re.search(r"\r\x1b\[Kmysend: warning: logfile cannot be written: ", shown), shown


def test_a_terminal_that_cannot_draw_gets_lines_alone(mysend, relay):
    status, shown = begin(mysend, relay(FAST, "rcpt-to u2@example.org 550"), 3, "--yes", env={"TERM": "dumb"}).finish()
    assert status == 65 and "\x1b" not in shown and "\r" not in shown and "line 3: u2@example.org: " in shown, shown


def test_progress_says_which_rate_is_used_up_and_until_when(mysend, relay):
    run = begin(mysend, relay(FAST), 3, "--yes", config="rate 2/4s\n", columns=200)
    run.wait_for(b"2 of 3 sent; the rate 2/4s is used up: goes on in ")
    assert run.finish()[0] == 0


def test_what_is_piped_in_is_sent_without_a_question(mysend, relay):
    one = relay(FAST)
    ours, theirs = os.openpty()
    run = mysend.start("--batch", "-", "--ledger", os.path.join(mysend.tmp, "l"), relay=one, stderr=theirs)
    os.close(theirs)
    status = run.finish(b"From: a@example.org\nTo: b@example.org\n\ntext\n").status
    os.close(ours)
    assert status == 0 and got(one) == ["b@example.org"]


def test_somebody_who_is_away_at_the_question_has_sent_nothing(mysend, relay):
    one = relay(FAST)
    run = begin(mysend, one, 3)
    run.wait_for(b"send? ")
    run.run.process.send_signal(signal.SIGTERM)
    wait_for(lambda: run.run.process.poll() is not None)
    assert run.run.process.returncode == -signal.SIGTERM and not one.sessions


def test_mails_of_a_mailbox_are_asked_about_too(mysend, relay):
    one = relay(FAST)
    mails = "".join("From x Mon Jan  1 00:00:00 2024\nFrom: me@example.net\nTo: u%d@example.org\n\ntext\n\n" % i for i in (1, 2, 3))
    run = Terminal(mysend, "--batch", mysend.file(mails, name="a.mbox"), relay=one)
    run.wait_for(b"send? [y/N] ")
    assert b"3 mails of" in run.seen and b"to u1@example.org first, to u3@example.org last" in run.seen and not one.sessions
    run.type(b"y\n")
    assert run.finish()[0] == 0 and len(got(one)) == 3


def test_a_ledger_that_refuses_the_template_is_told_before_the_question(mysend, relay):
    one = relay(FAST)
    assert begin(mysend, one, 3, "--yes").finish()[0] == 0
    other = mysend.file("To: {{email}}\nSubject: other\n\nother\n", name="other.eml")
    status, shown = Terminal(mysend, "--merge", os.path.join(mysend.tmp, "people.csv"), "--template", other, relay=one).finish()
    assert status == 64 and "--template-changed" in shown and "send?" not in shown, shown


def test_several_sessions_and_the_line_that_is_drawn_go_together(mysend, relay):
    one = relay(FAST, "refuse 10", "lax")
    run = begin(mysend, one, 300, "--yes", "--sessions", "4", "--window", "4")
    status, shown = run.finish()
    refused = 300 - len(got(one))
    assert status == 65 and "\nmysend: %d of 300 sent, %d refused: " % (300 - refused, refused) in shown and len(one.sessions) > 1, shown
    assert len([line for line in shown.splitlines() if ": 550 5.1.1 no such user" in line]) == 20 and "and %d more recipients were refused" % (refused - 20) in shown
