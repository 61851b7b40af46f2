"""mysend --report: what became of a run, read from its ledger (mysend-ledger(5))."""
import fcntl
import json

import pytest

from batches import merge

HEAD = "mysend-ledger 1\tpeople.csv\t6dd5\trecipients\t8f03b6d1\n"


def lines(sign, ms, *addresses, said=""):
    return "".join("%s\t1795462%03d.%03d\t%s\t%s%s\n" % (sign, ms // 1000, ms % 1000, who, who, said) for who in addresses)


def run_of_five():
    """Two accepted, one of them after 2.5 s, one refused, one in doubt, one to be tried again."""
    return HEAD + lines(">", 0, "ann@example.org", "bob@example.org", "eve@example.net", "joe@example.com", "may@example.org") + \
        lines("+", 500, "ann@example.org", said="\t250\t2.0.0 Ok") + \
        lines("-", 600, "bob@example.org", said="\t550\t5.1.1 no such user bob@example.org") + \
        lines("~", 700, "joe@example.com", said="\t450\t4.2.0 greylisted") + \
        lines("+", 2500, "eve@example.net", said="\t250\t2.0.0 Ok")


def report(mysend, ledger, *args, **more):
    result = mysend("--report", ledger, *args, **more)
    assert result.status == 0 and result.err == "", result
    return result


def test_a_report_has_totals_domains_reasons_and_who_was_slow(mysend):
    said = report(mysend, mysend.file(run_of_five(), name="people.csv.ledger")).out
    words = [" ".join(line.split()) for line in said.splitlines()]
    assert words[0].endswith("people.csv.ledger: 5 recipients of people.csv")
    for line in ("2 accepted by the relay", "1 refused", "1 in doubt: sent, and no answer is known", "1 to be tried again",
                 "1 550 5.1.1 no such user ...", "1 450 4.2.0 greylisted", "1 in doubt: the run ended before the answer came", "2.5s eve@example.net"):
        assert line in words, said
    assert words.index("by domain accepted refused in doubt again") and "1 1 1 0 example.org" in words
    assert any(line.startswith("accepted, a line for") for line in words) and any("####" in line for line in words)


def test_a_report_for_programs_is_one_object_on_one_line(mysend):
    result = report(mysend, mysend.file(run_of_five()), "--json")
    assert result.out.count("\n") == 1
    said = json.loads(result.out)
    assert [said[name] for name in ("input", "run", "recipients", "accepted", "refused", "doubt", "queued", "again")] == ["people.csv", "8f03b6d1", 5, 2, 1, 1, 0, 1]
    assert {group["domain"]: group["accepted"] for group in said["domains"]} == {"example.org": 1, "example.net": 1, "example.com": 0}
    assert said["slowest"][0] == {"recipient": "eve@example.net", "ms": 2500}


def test_a_report_needs_no_lock_and_no_configuration(mysend):
    path = mysend.file(run_of_five())
    with open(path, "rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)            # as a run has it
        assert "5 recipients" in report(mysend, path, config="nonsense\n").out
    with open(path, encoding="utf-8") as text:
        assert text.read() == run_of_five()


def test_a_line_that_is_being_written_does_not_count(mysend):
    assert "2 accepted" in report(mysend, mysend.file(run_of_five() + "+\t1795462003.000\tmay@example.org\tmay@exam")).out


@pytest.mark.parametrize("text, status, words", [
    (None, 66, "No such file"), ("", 65, "no ledger"), ("Subject: x\n\ntext\n", 65, "no ledger"),
    (HEAD + "what\n", 65, "line 2 is none of a ledger"), (HEAD.replace("ledger 1", "ledger 9"), 78, "version"), (HEAD.replace("people", "\x1b[2Jpeople"), 65, "its first line"),
])
def test_what_is_no_ledger_is_told_in_a_line(mysend, text, status, words):
    path = mysend.file(text, name="some.ledger") if text is not None else "missing.ledger"
    result = mysend("--report", path)
    line = result.failed(status)
    assert words in line and path in line and result.out == "" and b"\x1b" not in result.raw_err, result


def test_a_report_takes_no_recipients(mysend):
    assert "takes nothing else" in mysend("--report", mysend.file(run_of_five()), "bob@example.org").failed(64)


def test_the_slowest_are_those_whose_answer_took_long_and_not_those_who_waited_for_the_rate(mysend, relay):
    one = relay("ehlo pipelining chunking")
    assert merge(mysend, 3, config="rate 1/2s\n", relay=one).status == 0
    said = json.loads(mysend("--report", mysend.tmp + "/people.csv.ledger", "--json").out)
    assert len(said["slowest"]) == 3 and all(one["ms"] < 1900 for one in said["slowest"]), said
