"""mysend-batch(7): each example does what the page says. The table of 50,000 members has 500 rows here."""
import csv
import os
import re
import shutil
import signal
import subprocess

import pytest

from manual_page import matches, steps
from waiting import PATIENCE, wait_for

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(TOP, "man", "mysend-batch.7.in")
FEWER = 49500           # rows
WRONG = 12              # of them have an address at a domain that is misspelled
TEN = 10
FEW = 40                # rows where the examples have a rate
UNSHARE = ["unshare", "--user", "--map-user=1000"]      # root's rates have their place, where a test has nothing to look for
OFFERS = "ehlo pipelining chunking 8bitmime enhancedstatuscodes"

# What stands in for programs of other hosts: GNU parallel one after the other, if it is not here; Slurm's programs.
PARALLEL = r"""#!/bin/sh
[ "$1" = -j ] && shift 2
command=
while [ "$1" != ::: ]; do command="$command '$1'"; shift; done
shift
for value; do eval "$(printf '%s' "$command" | sed "s/{}/$value/")" || exit; done
"""
SRUN = '#!/bin/sh\nexec "$@"\n'
SCONTROL = '#!/bin/sh\necho "$@" >>requeued\n'


def row(number):
    domain = "exmaple.org" if number % 40 == 0 else "example.org"
    return "Member %d,member%d@%s,%s\n" % (number, number, domain, "pro" if number % 3 else "")


def examples(*sections):
    return [step for step in steps(PAGE) if step.section in sections]


class Host:
    """A user with the page's files in a folder, and a relay."""

    def __init__(self, mysend, tmp_path, relays, relay):
        self.folder, self.relay, self.relays, self.status, self.said = tmp_path / "mailing", relay, relays, None, ""
        self.bin = tmp_path / "bin"
        for folder in (self.folder, self.bin):
            folder.mkdir()
        (self.bin / "mysend").symlink_to(mysend.path)
        for name, text in (("parallel", PARALLEL), ("srun", SRUN), ("scontrol", SCONTROL)):
            if not shutil.which(name):
                (self.bin / name).write_text(text)
                (self.bin / name).chmod(0o755)
        self.env = mysend.environment({
            "MYSEND_CONFIG": mysend.file("host %s\nport %d\ntls off\nfrom club@example.org\nmaildomain example.org\n" % (relay.host, relay.port)),
            "MYSEND_QUEUE": "off", "XDG_STATE_HOME": str(tmp_path / "state"), "TZ": "UTC"})
        self.env["PATH"] = "%s:%s" % (self.bin, self.env["PATH"])
        for step in steps(PAGE):
            if step.what in ("file", "slurm"):
                self.write(step.argument, step.text)
        self.prefix = []
        if os.geteuid() == 0 and shutil.which("unshare") and subprocess.run(UNSHARE + ["true"], capture_output=True, check=False).returncode == 0:
            self.prefix = UNSHARE
        self.write("programme.pdf", "%PDF-1.4 programme\n")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def start(self, text, **more):
        return subprocess.Popen(self.prefix + ["sh", "-ec", text], cwd=self.folder, env={**self.env, **more}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

    def finish(self, process):
        try:
            self.said = process.communicate(timeout=PATIENCE)[0].decode("utf-8", "backslashreplace").replace("\r\n", "\n")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        self.status = process.returncode

    def run(self, text, status=0, **more):
        self.finish(self.start(text, **more))
        assert self.status == status, "%s\nstatus %d and not %d: %s" % (text, self.status, status, self.said)

    def got(self):
        """{recipient: how often}"""
        self.relay.settle()
        count = {}
        for mail in self.relay.messages:
            for recipient in mail.recipients:
                count[recipient] = count.get(recipient, 0) + 1
        return count

    # --- what the page's comments ask for --------------------------------------------------------

    def do(self, step):
        getattr(self, "do_" + step.what)(step)

    def do_file(self, step):
        pass    # they are all there from the beginning

    def do_run(self, step):
        if "jq " in step.text and not shutil.which("jq"):
            pytest.skip("jq is missing")
        self.run(step.text, int(step.argument or 0))

    def do_says(self, step):
        wanted = re.sub(r"\b(?:49|50),?\d{3}\b", lambda match: "%d" % (int(match[0].replace(",", "")) - FEWER), step.text)
        assert matches(wanted, self.said), "the page:\n%s\nthe program:\n%s" % (wanted, self.said)

    def do_members(self, step, count=500):
        self.write("members.csv", "name,email,plan\n" + "".join(row(number) for number in range(1, count + 1)))

    def do_interrupt(self, step):
        """Runs it, and ends it when the relay takes nothing any more."""
        process = self.start("exec " + step.text)
        wait_for(lambda: self.relay.counts.get("bdat-last", 0) > 100, "the relay to hold", PATIENCE)
        os.killpg(process.pid, signal.SIGINT)
        self.relay.go()
        self.finish(process)
        assert self.status == int(step.argument), self.said

    def do_files(self, step):
        for person in csv.DictReader(self.text("people.csv").splitlines()):
            self.write("bills/%s.pdf" % person["email"], "%PDF-1.4 bill\n")
        self.write("seats.pdf", "%PDF-1.4 seats\n")

    def text(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def do_mails(self, step):
        mail = "From: club@example.org\nTo: %s@example.org\nSubject: %s\n\ntext\n"
        self.write("letters.mbox", "".join("From club@example.org Mon Jan  1 00:00:00 2024\n" + mail % (name, name) + "\n" for name in ("m1", "m2")))
        for name in ("e1", "e2"):
            self.write("outbox/%s.eml" % name, mail % (name, name))
        for folder in ("new", "cur", "tmp"):
            (self.folder / "Maildir" / folder).mkdir(parents=True)
        self.write("Maildir/new/1.a.b", mail % ("d1", "d1"))

    def do_new(self, step):
        """Nothing was sent yet."""
        for path in self.folder.glob("people.csv.ledger*"):
            path.unlink()

    def do_bills(self, step):
        self.write("bills.csv", "number,email\n1,ann@example.org\n2,ann@example.org\n")
        self.write("bill.eml", "To: {{email}}\nSubject: bill {{number}}\n\nPlease pay.\n")

    def do_conf(self, step):
        self.write("conf", step.text)
        (self.folder / "conf").chmod(0o600)
        self.run("mysend -C conf --show-config")

    def do_yaml(self, step):
        """Runs what each pod would."""
        yaml = pytest.importorskip("yaml")
        job = yaml.safe_load(step.text)["spec"]
        container = job["template"]["spec"]["containers"][0]
        assert job["completionMode"] == "Indexed"
        self.do_members(step, FEW)
        for index in range(job["completions"]):
            done = subprocess.run(self.prefix + container["command"] + container["args"], cwd=self.folder, env={**self.env, "JOB_COMPLETION_INDEX": str(index)},
                                  capture_output=True, timeout=PATIENCE, check=False)
            assert done.returncode == 0, done.stderr

    def do_slurm(self, step):
        """Runs each task of the array."""
        self.do_members(step, FEW)
        tasks = int(re.search(r"--array=1-(\d+)", step.text)[1])
        for task in range(1, tasks + 1):
            self.run("exec sh ./" + step.argument, SLURM_ARRAY_TASK_ID=str(task), SLURM_ARRAY_TASK_COUNT=str(tasks), SLURM_JOB_ID=str(100 + task))

    def do_parallel(self, step):
        self.do_members(step, FEW)
        self.run(step.text)


@pytest.fixture
def host(mysend, tmp_path, relays, relay):
    return lambda *parts: Host(mysend, tmp_path, relays, relay(OFFERS, *parts))


def refusals():
    return ["rcpt-to member%d@exmaple.org '550 5.1.1 no such user'" % number for number in range(40, 501, 40)]


def test_a_first_mailing_from_three_rows_to_all_members(host):
    there = host(*refusals(), "bdat-last " + "ok " * 100 + "'hold && ok'")
    for step in examples("A FIRST MAILING"):
        there.do(step)
        if step.what == "run" and "--limit" in step.text:
            assert there.got() == {"member%d@example.org" % number: 1 for number in range(1, TEN + 1)}
    assert there.got() == {"member%d@example.org" % number: 1 for number in range(1, 501)}
    mail = there.relay.messages[0].text
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in mail and "programme.pdf" in mail


EVERYBODY = {"member%d@%s" % (number, "exmaple.org" if number % 40 == 0 else "example.org"): 1 for number in range(1, FEW + 1)}


@pytest.mark.parametrize("what", ["parallel", "slurm", "yaml"])
def test_several_runs_send_each_row_once(host, what):
    there = host()
    steps_of_it = [step for step in examples("SEVERAL HOSTS") if step.what == what]
    assert len(steps_of_it) == 1
    there.do(steps_of_it[0])
    assert there.got() == EVERYBODY
    assert "requeue" not in there.said and not (there.folder / "requeued").exists()


def test_a_task_of_slurm_that_has_to_wait_is_queued_again(host):
    there = host("mail '454 4.7.0 Daily message quota exceeded'")
    step = [step for step in examples("SEVERAL HOSTS") if step.what == "slurm"][0]
    there.do_members(step)
    there.run("exec sh ./%s" % step.argument, 75, SLURM_ARRAY_TASK_ID="3", SLURM_ARRAY_TASK_COUNT="8", SLURM_JOB_ID="103")
    assert there.text("requeued") == "requeue 103\n"


@pytest.mark.parametrize("section", sorted({step.section for step in steps(PAGE)} - {"A FIRST MAILING", "EXIT STATUS", "SEVERAL HOSTS", "CRON"}))
def test_the_examples_do_what_the_page_says(host, section):
    there = host()
    for step in examples(section):
        there.do(step)


@pytest.mark.parametrize("answers, status, letter", [
    ("'454 4.7.0 Daily message quota exceeded' " * 3 + "ok", 65, None), ("'530 5.7.0 Authentication required'", 77, None), ("ok", 78, "To: {{emial}}\n\nx\n"),
], ids=["waits", "login", "letter"])
def test_the_loop_of_the_page_goes_on_where_it_helps_and_nowhere_else(host, answers, status, letter):
    there = host("mail " + answers, "rcpt-to member40@exmaple.org '550 5.1.1 no such user'")
    loop = examples("EXIT STATUS")[0]
    there.do_members(loop, FEW)
    if letter:
        there.write("letter.eml", letter)
    # Over one session: of several, another one's mail may be taken between the three answers that end the run.
    there.run(loop.text.replace("sleep 600", "echo once more"), status, MYSEND_SESSIONS="1")
    assert there.said.count("once more") == (status == 65)
    assert len(there.got()) == (len(EVERYBODY) - 1 if status == 65 else 0)


def test_twenty_letters_with_a_file_are_sent_broken_off_resumed_and_two_rows_mended(host):
    """What a new user does, with the commands of the page alone."""
    said = {"rest": "sh send members.csv", "mend": None}
    for step in examples("A FIRST MAILING"):
        if step.what == "run" and "mended.csv" in step.text:
            said["mend"] = step.text
    wrong = ["member7@exmaple.org", "member15@exmaple.org"]
    there = host("mail " + "ok " * 4 + "'hold && ok'", *("rcpt-to %s '550 5.1.1 no such user'" % address for address in wrong))
    rows = ["Member %d,member%d@%s,pro\n" % (number, number, "exmaple.org" if number in (7, 15) else "example.org") for number in range(1, 21)]
    there.write("members.csv", "name,email,plan\n" + "".join(rows))
    process = there.start("exec " + said["rest"], MYSEND_WINDOW="1", MYSEND_SESSIONS="1")
    wait_for(lambda: there.relay.counts.get("mail", 0) > 4, "the relay to hold", PATIENCE)
    os.killpg(process.pid, signal.SIGINT)
    there.relay.go()
    there.finish(process)
    assert there.status == 75 and "run the same command again" in there.said, there.said
    there.run(said["rest"], 65)
    assert there.said.splitlines()[-1] == "mysend: 18 of 20 sent, 2 refused: members.csv.failed.csv"
    with open(there.folder / "members.csv.failed.csv", encoding="utf-8", newline="") as failed:
        assert sorted(line["email"] for line in csv.DictReader(failed)) == sorted(wrong)
    there.run(said["mend"])
    assert there.said == "mysend: 2 of 2 sent\n"
    assert there.got() == {"member%d@example.org" % number: 1 for number in range(1, 21)}
    assert all("programme.pdf" in mail.text for mail in there.relay.messages)


def test_a_row_that_is_there_twice_is_no_row_to_mend(host):
    there = host()
    there.write("members.csv", "name,email,plan\nAnn,ann@example.org,\nBob,bob at example.org,\nAnn,ann@example.org,\n")
    there.run("sh send members.csv", 65)
    assert "line 4: the row is the same as line 2, and is not sent twice\n" in there.said
    assert there.text("members.csv.failed.csv").count("\n") == 2
    there.run("sed 's/ at /@/' members.csv.failed.csv >mended.csv; sh send mended.csv")
    assert there.got() == {"ann@example.org": 1, "bob@example.org": 1}
    there.write("twice.csv", "name,email,plan\nEve,eve@example.org,\nEve,eve@example.org,\n")
    there.run("sh send twice.csv", 65)
    assert there.said.endswith("\nmysend: 1 of 2 sent, 1 bad\n") and not (there.folder / "twice.csv.failed.csv").exists(), there.said
