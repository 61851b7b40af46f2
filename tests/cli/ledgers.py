"""A batch of a test's own: its input and ledger, runs of it, and a judge of what the relay has got."""
import collections
import copy
import os
import re

from waiting import PATIENCE

TEMPLATE = "From: me@example.net\nTo: {{email}}\nSubject: For {{name}}\n\nDear {{name}},\nthis is yours.\n"
OFFERS = {"chunking": "ehlo pipelining chunking", "pipelining": "ehlo pipelining", "neither": "ehlo"}
DOUBT = (">", "?")


def addresses(count):
    return ["u%d@example.org" % i for i in range(count)]


class Ledger:
    """What stands in one: the lines that are whole, and the last of each recipient."""

    def __init__(self, octets):
        self.lines, self.last, self.again = [], {}, collections.Counter()
        whole = octets[:octets.rfind(b"\n") + 1].decode("utf-8").splitlines()
        self.heads = [line for line in whole if line.startswith("mysend-ledger ")]
        for line in whole:
            if "\0" in line or line.startswith(("mysend-ledger ", "#")):
                continue
            cells = line.split("\t")
            assert len(cells) == (4 if cells[0] == ">" else 6) and cells[0] in (">", "+", "-", "~", "?", "w"), line
            sign, to = cells[0], cells[3]
            # He may have got it, and is sent to once more all the same.
            self.again[to] += sign == ">" and self.last.get(to) in DOUBT
            self.last[to] = sign
            self.lines.append(cells)

    def those(self, *signs):
        return {to for to, sign in self.last.items() if sign in signs}

    @property
    def doubt(self):
        return self.those(*DOUBT)


class Batch:
    """A table and its template in a folder, a row for each address; or an mbox file of the same mails."""

    def __init__(self, mysend, folder, to, prefix=(), kind="merge", seen=None):
        self.mysend, self.folder, self.to, self.prefix, self.kind = mysend, str(folder), list(to), list(prefix), kind
        self.seen = seen or (lambda path: path)      # by which path we see a file of the run's
        os.makedirs(self.seen(self.folder), exist_ok=True)
        self.input = os.path.join(self.folder, "people.csv" if kind == "merge" else "letters.mbox")
        self.ledger_file = self.input + ".ledger"
        if kind == "merge":
            self.write("letter.eml", TEMPLATE)
            self.write("people.csv", self.table(self.to))
        else:
            self.write("letters.mbox", "".join("From me@example.net Mon Nov 23 10:00:00 2026\nFrom: me@example.net\nTo: %s\nSubject: x\n"
                                               "Message-ID: <%s>\n\nbody\n\n" % (to, to.replace("@", ".1@")) for to in self.to))

    @staticmethod
    def table(to):
        return "email,name\n" + "".join("%s,%s\n" % (address, address.split("@")[0].upper()) for address in to)

    def write(self, name, text):
        with open(self.seen(os.path.join(self.folder, name)), "w", encoding="utf-8") as out:
            out.write(text)

    def read(self, name):
        with open(self.seen(os.path.join(self.folder, name)), "rb") as text:
            return text.read()

    def moved(self, folder):
        """The same where its folder lies elsewhere."""
        other = copy.copy(self)
        other.folder = str(folder)
        other.input = os.path.join(other.folder, os.path.basename(self.input))
        other.ledger_file = other.input + ".ledger"
        return other

    def config(self, relay, more=""):
        return "account default\n%sfrom me@example.net\nmaildomain mail.example\naliases off\nqueue off\n%s" % (self.mysend.where(relay), more)

    def arguments(self):
        return ["--merge", self.input, "--template", os.path.join(self.folder, "letter.eml")] if self.kind == "merge" else ["--batch", self.input]

    def start(self, *args, relay, more="", env=None, **rest):
        return self.mysend.start(*self.arguments(), *args, config=self.config(relay, more), env=env, prefix=self.prefix, **rest)

    def run(self, *args, relay, more="", env=None, **rest):
        return self.start(*args, relay=relay, more=more, env=env, **rest).finish(timeout=PATIENCE * 2)

    def run_to_death(self, *args, relay, more="", env=None):
        """A run that may be killed at something that the environment says; its status, or -9."""
        run = self.start(*args, relay=relay, more=more, env=env)
        out, err = run.process.communicate(b"", timeout=PATIENCE)
        relay.settle()
        status = run.process.returncode
        assert status >= 0 or status == -9, "died of signal %d\n%s" % (-status, err.decode(errors="replace"))
        return (-9 if status == 137 else status), (out + err).decode(errors="replace")

    def ledger(self):
        path = self.seen(self.ledger_file)
        if not os.path.exists(path):
            return Ledger(b"")
        with open(path, "rb") as octets:
            return Ledger(octets.read())


class Both:
    """Two relays, of which the first was used before the second, as one."""

    def __init__(self, first, second):
        self.transactions, self.script = first.transactions + second.transactions, first.script


def copies(there):
    """How many copies of his mail the relay has taken for each recipient."""
    return collections.Counter(to for mail in there.transactions if mail.accepted for to in mail.recipients)


def fault(batch, tmp_path, library, call, at, do, stays=False):
    """The file that is there when it has happened, and the environment for nth.c."""
    log = str(tmp_path / "happened")
    if os.path.exists(log):
        os.unlink(log)
    return log, {"LD_PRELOAD": library("nth"), "NTH_FILE": batch.input, "NTH_CALL": call, "NTH_AT": str(at), "NTH_DO": do, "NTH_LOG": log,
                 **({"NTH_ON": "1"} if stays else {})}


def settings(sessions, window):
    return "sessions %d\nwindow %d\n" % (sessions, window)


def judge_crash(there, ledger):
    """The ledger as a crash left it: whoever has got something is leased at the least, and who is noted as having it has it."""
    got = copies(there)
    assert set(got) <= set(ledger.last), "sent to, and no line says so: %r" % sorted(set(got) - set(ledger.last))
    assert ledger.those("+") <= set(got), "noted as accepted, and not: %r" % sorted(ledger.those("+") - set(got))
    unknown = {to for to in got if ledger.last[to] not in ("+", *DOUBT)}
    assert not unknown, "the relay has taken it, and the ledger says that it has not: %r" % sorted(unknown)


def most_named(sessions, window):
    """How many a crash leaves in doubt: mails under way, and those of a lease that no session has begun."""
    return (sessions + 1) * window


def judge(there, batch, crash, most, named=None, refused=()):
    """After the run that went on: nobody is lost, and nobody has it twice but those whom the ledger named in doubt after the crash. There are
    no more of these than `most`, and `named` are named."""
    got, after = copies(there), batch.ledger()
    lost = [to for to in batch.to if not got[to] and after.last.get(to) != "-"]
    assert not lost, "lost: %r" % lost
    assert after.those("-") == set(refused) and after.those("+") == set(batch.to) - set(refused), after.last
    twice = {to for to in got if got[to] > 1}
    assert twice <= crash.doubt, "twice, and not named: %r" % sorted(twice - crash.doubt)
    assert len(twice) <= most, "%d twice, of %d at the most" % (len(twice), most)
    assert named is None or len(crash.doubt) <= named, "%d in doubt, of %d at the most" % (len(crash.doubt), named)
    judge_copies(there, after)


def judge_copies(there, after):
    """Each copy but the first went to somebody who was in doubt when it was begun, and is the same mail."""
    ids = collections.defaultdict(set)
    for to, count in copies(there).items():
        assert count <= 1 + after.again[to], "%s has got it %d times, and was in doubt %d times" % (to, count, after.again[to])
    for mail in there.transactions:
        if mail.accepted and not there.script.sink:
            ids[mail.recipients[0]].add(re.search(rb"(?mi)^Message-ID: *(\S+)", mail.body)[1])
    assert all(len(seen) == 1 for seen in ids.values()), "another Message-ID: %r" % {to: seen for to, seen in ids.items() if len(seen) > 1}
