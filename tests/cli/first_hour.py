"""A set-up failure, and every way of calling in which somebody may meet it.

    FAULTS = [Fault("4", "login refused", ["ehlo auth=plain", "auth '535 5.7.8 no'"], LOGIN, 77, "login to HOST: 535 5.7.8 no", "check user ...")]

A new row is one Fault; a new way of calling is one function in WAYS. Standard error is compared whole, where HOST stands for the
relay's host and port, ID for the mail that waits, TOP for the folder of the test, and CONF for the configuration.
"""
import os
import pty
import re
import subprocess

from waiting import PATIENCE

TEXT = b"Subject: x\nFrom: a@b.example\n\nbody\n"
DIALOGUE = b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n"
MESSAGE = b"MAIL FROM:<a@b.example>\nRCPT TO:<bob@example.org>\nDATA\nSubject: x\n\nbody\n.\n"
FILE = MESSAGE + MESSAGE
LOGIN = "user joe\nauth plain\npassword hunter2\n"
PERSON, DOWN, REFUSED = "only a person can mend it", "the relay is down or busy", "the mail is refused"


class Fault:
    def __init__(self, row, what, parts, config, status, line, hint, kind=PERSON, stage=True, tls=False):
        """parts: the relay's, or None: nobody listens. config: lines behind those of the relay; TOP is the folder. status: with queue
        off. line, hint: what is said. stage: it is met before MAIL, so that a run of the queue tells of it. tls: the certificates are needed."""
        self.row, self.what, self.parts, self.config, self.status = row, what, parts, config, status
        self.line, self.hint, self.kind, self.stage, self.tls = line, hint, kind, stage, tls

    def __repr__(self):
        return "%s %s" % (self.row, self.what)


class Caller:
    """Calls mysend where that fault is met."""

    def __init__(self, fault, mysend, relay, certs=None):
        self.fault, self.mysend = fault, mysend
        self.relay = relay("lax", *fault.parts) if fault.parts is not None else None
        self.host = "%s:%d" % (self.relay.host, self.relay.port) if self.relay else "127.0.0.1:1"
        self.top, self.certs, self.log = mysend.tmp, certs, os.path.join(mysend.tmp, "log")

    def config(self, queue):
        name, port = self.host.rsplit(":", 1)
        text = "host %s\nport %s\n%saliases off\nmaildomain m.example\nfrom me@example.net\nqueue %s\nspool TOP/spool\nlogfile TOP/log\nqueue_along 0\n%s"
        text %= (name, port, "" if "tls" in self.fault.config else "tls off\n", queue, self.fault.config)
        return text.replace("TOP", self.top).replace("CERTS", self.certs or "CERTS")

    def names(self):
        folder = os.path.join(self.top, "spool", "queue")
        return sorted(name for name in os.listdir(folder) if "." not in name) if os.path.isdir(folder) else []

    def plain(self, text):
        text = text.replace("\r\n", "\n").replace(self.host, "HOST").replace(self.top, "TOP")
        text = re.sub("TOP/(usual|file)[0-9]+(/mysend/config)?", "CONF", text)
        for name in self.names():
            text = text.replace(name, "ID")
        return text

    def __call__(self, *args, queue="on", name="mysend", stdin=TEXT, terminal=False, more=""):
        """(status, standard error or what the terminal shows, standard output)"""
        call = {"name": name, "config": self.config(queue) + more, "stdin": stdin}
        if not terminal:
            done = self.mysend(*args, **call)
            return done.status, self.plain(done.err), self.plain(done.out)
        ours, theirs = pty.openpty()
        run = self.mysend.start(*args, stderr=theirs, **{**call, "stdin": subprocess.PIPE})
        os.close(theirs)
        done, text = run.finish(stdin), b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:         # the other end is closed
                break
            if not piece:
                break
            text += piece
        os.close(ours)
        return done.status, self.plain(text.decode()), self.plain(done.out)

    def failure(self):
        return "mysend: %s\n%s" % (self.fault.line, "mysend: hint: %s\n" % self.fault.hint if self.fault.hint else "")

    def waits(self):
        """What is said at once where the mail waits."""
        if self.fault.kind == REFUSED:
            return self.failure()
        return self.failure() + "mysend: hint: the mail waits as ID, and is tried again; once that is mended, mysend -qf tries it at once\n"

    def note(self):
        return "mysend: %s; the mail waits as ID\n%s" % (self.fault.line, "mysend: hint: %s\n" % self.fault.hint if self.fault.hint else "")


def from_a_pipe(call):
    want = (call.fault.status, call.waits()) if call.fault.kind == REFUSED else (0, "" if call.fault.kind == DOWN else call.waits())
    for name in ("mysend", "sendmail"):
        got = call("bob@example.org", name=name)
        assert got[:2] == want, got


def from_a_terminal(call):
    want = (call.fault.status, call.waits()) if call.fault.kind == REFUSED else (0, call.note() if call.fault.kind == DOWN else call.waits())
    got = call("bob@example.org", terminal=True)
    assert got[:2] == want, got


def with_queue_off(call):
    for terminal in (False, True):
        got = call("bob@example.org", queue="off", terminal=terminal)
        assert got[:2] == (call.fault.status, call.failure()) and not call.names(), got


def fits(call, lines, words, hint):
    """An answer has 512 octets: where the path of the test's folder is long, and stands in the hint as well, the words are cut."""
    assert len(lines) == 1 and len(lines[0]) < 512 and lines[0].endswith(hint), lines
    said = lines[0][:len(lines[0]) - len(hint)]
    assert said == words or (call.fault.line.count("TOP") and len(call.top) > 60 and words.startswith(said)), lines


def from_a_client_of_bs(call):
    status, error, answers = call("-bs", name="sendmail", stdin=DIALOGUE)
    hint = "; hint: " + call.fault.hint if call.fault.hint else ""
    lines = [line for line in answers.split("\n") if "it waits as" in line]
    assert (status, error) == (0, "")
    if call.fault.kind != REFUSED:
        fits(call, lines, "250 2.0.0 Ok: it waits as ID: %s" % call.fault.line, hint)


def refused_by_bs(call):
    """Where no mail waits, the answer has the words in its first line and the hint in its last, both with the same code."""
    where, remote, words = call.fault.line.partition(" to HOST: ")
    told = re.sub(r"^[45]\d\d ([45]\.\d+\.\d+ )?", "", words)
    told = "%s to HOST: %s" % (where, told) if remote and "<" not in where else "<bob@example.org>: " + told if remote else call.fault.line
    for queue in ("off", "on") if call.fault.kind == REFUSED else ("off",):
        status, error, answers = call("-bs", name="sendmail", stdin=DIALOGUE, queue=queue)
        lines = answers.split("354 ")[1].split("\n")[1:-2]
        assert (status, error, len(lines)) == (0, "", 2) and not call.names(), answers
        code = re.match(r"[45]\d\d-[45]\.\d+\.\d+ ", lines[0]).group()
        assert lines == [code + told, code.replace("-", " ") + call.fault.hint], answers


def from_cron(call):
    """As cron calls it, whose standard error is a pipe that becomes a mail itself."""
    want = (call.fault.status, call.waits()) if call.fault.kind == REFUSED else (0, "" if call.fault.kind == DOWN else call.waits())
    got = call("-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", name="sendmail", stdin=b"To: bob@example.org\n" + TEXT)
    assert got[:2] == want, got


def from_a_file_of_bS(call):
    if call.fault.kind == REFUSED:
        return
    status, error, _ = call("-bS", name="sendmail", stdin=FILE)
    assert status == 0 and len(call.names()) == 2 and (error == "") == (call.fault.kind != PERSON), error
    if error:
        fits(call, error.splitlines(), "mysend: message 1: 250 2.0.0 Ok: it waits as ID: %s" % call.fault.line,
             "; hint: " + call.fault.hint if call.fault.hint else "")


def out_of_the_queue(call):
    call("-odq", "bob@example.org")
    if call.fault.kind == REFUSED:
        return
    told = "mysend: warning: account default: %s%s\n" % (call.fault.line, "; hint: " + call.fault.hint if call.fault.hint else "")
    assert call("-qf") == (0, "", "")
    status, shown, _ = call("-qf", terminal=True)
    assert status == 0 and (not call.fault.stage or shown == told), shown
    listed = call("-bp")[2].split("\n")
    assert [line for line in listed if line.endswith(": %s)" % call.fault.line)] and \
        (not call.fault.hint or "\t(hint: %s)" % call.fault.hint in listed), listed


def in_the_log(call):
    call("bob@example.org")
    with open(call.log, encoding="utf-8") as text:
        line, = text
    assert not call.fault.hint or "hint='%s'" % call.plain(call.fault.hint).replace("'", "`") in call.plain(line), line


STAGES = {"name look-up": "name", "connect": "connect", "greeting": "greeting", "TLS": "tls", "login": "login", "MAIL FROM": "mail", "RCPT TO": "rcpt"}


def by_probe(call):
    """--probe fails at the stage at which the mail does, with its words, its hint and its status; what comes behind RCPT it does not meet."""
    status, error, lines = call("--probe", "bob@example.org", queue="off")
    failed = re.findall(r"^(\S+) +FAIL +(.*)\n(?: +hint: (.*)\n)?", lines, re.M)
    where, remote, words = call.fault.line.partition(" to HOST: ")
    stage = STAGES.get(where.split(":")[0])
    if remote and not stage:
        assert (status, error, failed) == (0, "", []), lines
    elif remote:
        assert (status, error, failed) == (call.fault.status, "", [(stage, ("HOST: " if stage == "connect" else "") + words, call.fault.hint)]), lines
    else:
        assert (status, error, [one[1:] for one in failed]) == (call.fault.status, "", [(call.fault.line, call.fault.hint)]), lines
    assert not call.names() and not os.path.exists(call.log)


WAYS = [from_a_pipe, from_a_terminal, from_cron, with_queue_off, from_a_client_of_bs, refused_by_bs, from_a_file_of_bS, out_of_the_queue, in_the_log, by_probe]
