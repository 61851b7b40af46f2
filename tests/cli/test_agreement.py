"""What mysend says of one outcome: standard error, the log line, mailq (text, JSON, the state file), the bounce and the answer
of -bs agree on the status, the code, the enhanced code, the words and the counts. Each recipient has a transaction of its own."""
import email
import itertools
import json
import os
import re

import pytest

from given import WHOLE as TEXT

WORDS = {"4yz": "450 4.2.0 full for now", "5yz": "550 5.1.1 nobody there", "lost": "the relay closed the connection", "unsure": "the relay closed the connection"}
ANSWERED = list(itertools.chain.from_iterable(itertools.product(("ok", "4yz", "5yz"), repeat=n) for n in range(4)))
OUTCOMES = [one for one in ANSWERED if one] + [one + (end,) for one in ANSWERED if len(one) < 3 for end in ("lost", "unsure")]
assert len(OUTCOMES) == 65


def names(outcome):
    return ["r%d@example.org" % i for i in range(len(outcome))]


def parts(outcome):
    """A relay that does so. Whoever is lost is so at RCPT; an answer to the end of data is owed to all before."""
    told = ['rcpt-to %s "%s"' % (to, WORDS[what]) for to, what in zip(names(outcome), outcome) if what in ("4yz", "5yz")]
    if outcome[-1] == "lost":
        told.append("rcpt-to %s drop" % names(outcome)[-1])
    if outcome[-1] == "unsure":
        told.append("end %s drop" % " ".join(["ok"] * outcome.count("ok")))
    return ["ehlo pipelining enhancedstatuscodes", "lax"] + told


class Expected:
    def __init__(self, outcome, queue):
        self.total, self.accepted, self.refused = len(outcome), outcome.count("ok"), outcome.count("5yz")
        self.later = self.total - self.accepted - self.refused
        self.waits = self.later if queue else 0
        self.said = [WORDS[what] for what in outcome if what == "5yz" or (what != "ok" and not queue)]
        self.decides = "5yz" if self.refused else next((what for what in outcome if what != "ok"), None)
        self.exitcode = {"5yz": "EX_NOUSER", None: "EX_OK"}.get(self.decides, "EX_TEMPFAIL")
        self.status = {"EX_NOUSER": 67, "EX_OK": 0, "EX_TEMPFAIL": 0 if queue else 75}[self.exitcode]

    def answer(self, outcome):
        """The code and enhanced code of the answer of -bs: of who may be tried again, unless somebody has got it."""
        again = [] if self.waits else [what for what in outcome if what not in ("ok", "5yz")]
        if again and self.accepted:
            return "554", "5.0.0"
        if again:
            return ("450", "4.2.0") if again[0] == "4yz" else ("451", "4.4.1")
        return ("550", "5.1.1") if self.refused else ("250", "2.0.0")


def counts(text):
    accepted = re.search(r"accepted it for (\d) of the (\d)", text)
    waits = re.search(r"it waits for (\d) of the (\d)", text)
    return tuple(int(found[1]) if found else None for found in (accepted, waits)), {found[2] for found in (accepted, waits) if found}


def check_log(path, wanted):
    line, = path.read_text().splitlines()
    got = {key: value.strip("'") for key, value in re.findall(r"(\w+)=('[^']*'|[^ ]*)", line)}
    assert got["exitcode"] == wanted.exitcode, got
    words = WORDS.get(wanted.decides, "")
    if words[:1].isdigit():
        assert (got["smtpstatus"], got["smtpmsg"], got["errormsg"]) == (words[:3], words, words[10:]), got
    elif words:
        assert got["errormsg"] == words, got
    else:
        assert "errormsg" not in got and got["smtpstatus"] == "250", got


def check_error(done, wanted):
    """Each failure once for a recipient it names; the counts where some have it, or wait."""
    assert done.status == wanted.status, done
    for words in set(wanted.said):
        assert words in done.err, done
    if not wanted.said:
        assert done.err == "", done
    bad = wanted.status != 0
    assert counts(done.err) == ((wanted.accepted or None if bad else None, wanted.waits or None if bad else None),
                                {str(wanted.total)} if bad and (wanted.accepted or wanted.waits) else set()), done


def check_answer(out, outcome, wanted):
    lines = out[out.index("354"):].split("\r\n")[1:]
    lines = lines[:next(i for i, line in enumerate(lines) if line[3] == " ") + 1]
    code, enhanced = wanted.answer(outcome)
    assert {line[:3] for line in lines} == {code}, lines
    assert {line[4:9] for line in lines} <= {enhanced, "5.1.1" if code == "554" else enhanced}, lines
    text = "\n".join(lines)
    if code == "250":
        assert ("it waits as" in text) == bool(wanted.waits), lines
        assert wanted.decides is None or WORDS[wanted.decides] in text, lines
        return
    for words in set(wanted.said):
        assert words.split(" ", 2)[2] in text if words[:1].isdigit() else words in text, lines
    assert counts(text) == ((wanted.accepted or None, wanted.waits or None), {str(wanted.total)} if wanted.accepted or wanted.waits else set()), lines


def check_queue(spool, outcome, wanted):
    """The listing, its JSON and the state file: three times the same."""
    text = spool.run(name="mailq").out
    mails = [json.loads(line) for line in spool.run("--json", name="mailq").out.splitlines()]
    mail, = [one for one in mails if one["sender"]]
    with open(os.path.join(spool.top, "queue", mail["queue_id"] + ".state"), encoding="ascii") as state:
        last = re.search(r"(?m)^Last: (.*)$", state.read())[1]
    later = {to: "unsure" if what == "unsure" else "waits" for to, what in zip(names(outcome), outcome) if what not in ("ok", "5yz")}
    assert {one["address"]: one["state"] for one in mail["recipients"]} == later and len(later) == wanted.waits
    assert mail["last_reply"] == last and "(1 try, the next at " in text and ": %s)\n" % last in text
    assert any(last.endswith(": " + WORDS[what]) for what in outcome if what not in ("ok", "5yz")), last
    for to, state in later.items():
        assert "\t%s: %s\n" % (to, state) in text


def check_bounce(spool, outcome):
    refused = [to for to, what in zip(names(outcome), outcome) if what == "5yz"]
    bounces = [name for name in spool.names() if name.endswith(".b1")]
    assert len(bounces) == bool(refused)
    for name in bounces:
        with open(os.path.join(spool.top, "queue", name), "rb") as file:
            back = email.message_from_bytes(file.read().split(b"\n\n", 1)[1])
        words, status = back.get_payload()[0].get_payload(), back.get_payload()[1].get_payload()
        assert [part["Final-Recipient"] for part in status[1:]] == ["rfc822; " + to for to in refused]
        assert {(part["Status"], part["Diagnostic-Code"]) for part in status[1:]} == {("5.1.1", "smtp; " + WORDS["5yz"])}
        assert words.count(WORDS["5yz"]) == len(refused)


@pytest.mark.parametrize("outcome", OUTCOMES, ids="-".join)
def test_all_that_is_said_of_an_outcome_agrees(spool, relay, tmp_path, outcome):
    log = tmp_path / "log"
    dialogue = "EHLO client\r\nMAIL FROM:<ann@example.net>\r\n%sDATA\r\n%s.\r\nQUIT\r\n" % (
        "".join("RCPT TO:<%s>\r\n" % to for to in names(outcome)), TEXT.decode().replace("\n.\n", "\n..\n").replace("\n", "\r\n"))
    for queue in (False, True):
        wanted = Expected(outcome, queue)
        config = "max_recipients 1\nqueue_along 0\nlogfile %s\n" % log
        for args, text in ((["-oem", "-i", "-f", "ann@example.net", *names(outcome)], TEXT), (["-bs"], dialogue.encode())):
            for name in os.listdir(spool.top + "/queue") if os.path.isdir(spool.top + "/queue") else []:
                os.unlink(os.path.join(spool.top, "queue", name))
            log.write_text("")
            done = spool.mysend(*args, stdin=text, name="sendmail", config=spool.config(relay(*parts(outcome)), config).replace("queue on", "queue on" if queue else "queue off"))
            check_log(log, wanted)
            if args == ["-bs"]:
                check_answer(done.out, outcome, wanted)
                continue
            check_error(done, wanted)
            if wanted.waits:
                check_queue(spool, outcome, wanted)
            if queue:
                check_bounce(spool, outcome)


def test_what_an_administrator_has_to_mend_decides_wherever_it_is_told(spool, relay, tmp_path):
    """Whichever recipient it came for: at the first try, to a client of -bs, and at a try out of the queue."""
    log, words = tmp_path / "log", "530 5.7.0 log in first"
    for first, second in (("450 4.2.0 later", words), (words, "450 4.2.0 later")):
        there = relay("ehlo pipelining", "lax", 'rcpt-to r0@example.org "%s"' % first, 'rcpt-to r1@example.org "%s"' % second)
        config = spool.config(there) + "queue_along 0\nlogfile %s\n" % log
        done = spool.mysend("-f", "ann@example.net", "r0@example.org", "r1@example.org", stdin=TEXT, config=config)
        assert done.status == 0 and ": %s\n" % words in done.err and "later" not in done.err, done
        spool.mysend("-qf", config=config)
        dialogue = b"EHLO x\r\nMAIL FROM:<ann@example.net>\r\nRCPT TO:<r0@example.org>\r\nRCPT TO:<r1@example.org>\r\nDATA\r\n\r\n.\r\nQUIT\r\n"
        assert re.search(r"\n250 2.0.0 Ok: it waits as \w+: RCPT TO to [0-9.:]+: %s; hint: the relay wants a login [^\r]*\r\n" % words, spool.mysend("-bs", stdin=dialogue, config=config).out)
        mails = [json.loads(line) for line in spool.run("--json", name="mailq").out.splitlines()]
        assert [mail["attempts"] for mail in mails] == [2, 1] and all(mail["last_reply"].endswith(": " + words) for mail in mails), mails
        lines = log.read_text().splitlines()
        assert len(lines) == 3 and all("smtpstatus=530 smtpmsg='%s'" % words in line and "exitcode=EX_NOPERM" in line for line in lines), lines
        for name in os.listdir(spool.top + "/queue"):
            os.unlink(os.path.join(spool.top, "queue", name))
        log.write_text("")
