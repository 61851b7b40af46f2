"""The power goes at the very moment in which mysend has said yes: what it said yes to is on the disk.

The spool lies in an ext4 image. Its file, copied, is what a disk would have at that moment: what was only in memory is not in it. The copy is
mounted elsewhere, which plays back the journal. That the test can tell a synced file from one that is not is tested, too."""
import os
import re
import shutil

import pytest
from given import WHOLE as TEXT
from disks import Disk, OnDisk
from faults import run_with_fault
from spools import Spool

MAILS = 12


@pytest.fixture
def disk(mounts, tmp_path):
    return Disk(mounts, tmp_path)


@pytest.fixture
def spool(disk, mysend):
    return OnDisk(mysend, disk.mounts, disk.top)


def body(i):
    return TEXT + b"line %d\n" % i * (1 + i * 97)


def inject(what):
    """strace that makes these calls say yes without doing anything."""
    return ["strace", "-f", "-o", "/dev/null", "-e", "trace=fsync,fdatasync,sync_file_range", "-e", "inject=" + what]


def need_strace(mysend):
    if shutil.which("strace") is None or mysend.sanitized:
        pytest.skip("needs strace, and a build without sanitizers")


def lost(spool, disk, copy, wanted):
    """Which of the mails {name: message} are not in the copy as they were submitted."""
    there = OnDisk(spool.mysend, disk.mounts, disk.start_again(copy))
    missing = []
    for name, text in wanted.items():
        try:
            if there.content(name).split(b"\n\n", 1)[1] != text:
                missing.append(name)
        except (OSError, IndexError):
            missing.append(name)
    extra = set(there.names()) - set(wanted)
    disk.take_away(os.path.dirname(there.top))
    assert not extra, "mail of nobody: %r" % extra
    return missing


def submit_and_cut(spool, disk, mails, prefix=()):
    """After each submission that ended with 0 the power goes; [(copy, what had been promised)]."""
    cuts, promised = [], {}
    for i in range(mails):
        wanted = spool.mysend("--dry-run", "-i", "u%d@example.org" % i, stdin=body(i), config=spool.config()).message
        before = set(spool.names())
        done = spool.mysend("-odq", "-i", "u%d@example.org" % i, stdin=body(i), config=spool.config(), prefix=spool.mounts.prefix + list(prefix))
        copy = disk.cut()
        assert done.status == 0 and not done.err, done
        new = set(spool.names()) - before
        assert len(new) == 1
        promised[new.pop()] = wanted
        cuts.append((copy, dict(promised)))
    return cuts


def test_every_mail_that_was_promised_is_there_as_it_was(spool, disk):
    for copy, promised in submit_and_cut(spool, disk, MAILS):
        assert lost(spool, disk, copy, promised) == []


def test_folder_of_every_folder_that_is_made_is_synced(mysend, tmp_path):
    """ext4 does that by itself with the first mail; others need not."""
    need_strace(mysend)
    log, top = tmp_path / "log", tmp_path / "new" / "state" / "spool"
    spool = Spool(mysend, top)
    spool.run("-odq", "bob@example.org", stdin=TEXT, prefix=["strace", "-f", "-y", "-o", str(log), "-e", "trace=mkdir,mkdirat,fsync"]).ok()
    with open(log, encoding="utf-8") as text:
        said = text.read()
    made = [os.path.dirname(os.path.join(at, name)) for at, name in re.findall(r'(?m)mkdir(?:at\(\w+<(.*?)>, |\()"(.*)", \d+\) += 0$', said)]
    synced = re.findall(r"(?m)fsync\(\d+<(.*)>\) += 0$", said)
    assert len(made) == 6 and set(made) <= set(synced), said


@pytest.mark.parametrize("what", ["fsync,fdatasync:retval=0", "fsync:retval=0:when=1", "fsync:retval=0:when=2"])
def test_loss_is_found_where_a_sync_did_nothing(spool, disk, what):
    """The control: of the mail, of its folder, or both."""
    need_strace(spool.mysend)
    spool.run("--queue-remove", "0")        # nothing; the folders are made by a mail
    submit_and_cut(spool, disk, 1)
    spool.mounts.run("sync", "-f", disk.top)
    before = set(spool.names())
    copy, promised = submit_and_cut(spool, disk, 1, inject(what))[0]
    assert lost(spool, disk, copy, dict(promised, **{name: spool.content(name).split(b"\n\n", 1)[1] for name in before})) == list(promised)


# --- a run of the queue ---------------------------------------------------------------------------

def run_and_cut(spool, disk, there, prefix=()):
    """A run that ended with 0; the spool as it is after the power went, and where it is mounted."""
    spool.mounts.run("sync", "-f", disk.top)
    done = spool.mysend("-qf", config=spool.config(there), prefix=spool.mounts.prefix + list(prefix))
    copy = disk.cut()
    assert done.status == 0, done
    return OnDisk(spool.mysend, disk.mounts, disk.start_again(copy))


@pytest.mark.parametrize("synced", [True, False])
def test_who_has_it_does_not_get_it_again(spool, disk, relay, synced):
    if not synced:
        need_strace(spool.mysend)
    spool.run("-odq", "-i", "a@example.org", "b@example.org", stdin=TEXT).ok()
    after = run_and_cut(spool, disk, relay("ehlo pipelining 8bitmime", "rcpt 250 450"), () if synced else inject("fsync:retval=0"))
    again = relay("ehlo pipelining 8bitmime")
    after.run("-qf", relay=again).ok()
    assert again.message.recipients == (["b@example.org"] if synced else ["a@example.org", "b@example.org"])
    disk.take_away(os.path.dirname(after.top))


@pytest.mark.parametrize("synced", [True, False])
def test_what_is_done_is_not_there_again(spool, disk, relay, synced):
    if not synced:
        need_strace(spool.mysend)
    for i in range(5):
        spool.run("-odq", "-i", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay("ehlo pipelining 8bitmime")
    after = run_and_cut(spool, disk, there, () if synced else inject("fsync:retval=0"))
    assert len(there.messages) == 5 and len(after.names()) == (0 if synced else 5)
    disk.take_away(os.path.dirname(after.top))


@pytest.mark.parametrize("synced", [True, False])
def test_given_up_is_given_up_and_its_sender_is_told(spool, disk, relay, synced):
    if not synced:
        need_strace(spool.mysend)
    spool.run("-odq", "-i", "-f", "ann@example.net", "a@example.org", stdin=TEXT).ok()
    name = spool.names()[0]
    after = run_and_cut(spool, disk, relay("ehlo pipelining", "rcpt 550"), () if synced else inject("fsync:retval=0"))
    assert (after.names(), after.names("failed")) == (([name + ".b1"], [name]) if synced else ([name], []))
    disk.take_away(os.path.dirname(after.top))


def test_what_one_transaction_has_come_to_is_on_the_disk_before_the_next_ones_message_goes(mysend, relay, tmp_path):
    need_strace(mysend)
    spool, log = Spool(mysend, tmp_path / "spool"), tmp_path / "log"
    spool.run("-odq", "-i", *["u%d@example.org" % i for i in range(4)], stdin=TEXT).ok()
    prefix = ["strace", "-f", "-y", "-o", str(log), "-e", "trace=renameat,fsync,sendto"]
    there = relay("ehlo pipelining")
    spool.mysend("-q", config=spool.config(there, "max_recipients 1\n"), prefix=prefix).ok()
    with open(log, encoding="utf-8") as text:
        calls = re.findall(r"(?m)^\d+ +(renameat|fsync|sendto)\((.*)$", text.read())
    unsynced, states = False, 0
    for call, rest in calls:
        if call == "renameat" and ".state" in rest:
            unsynced, states = True, states + 1
        elif call == "fsync" and "/queue>" in rest:
            unsynced = False
        assert not (call == "sendto" and unsynced), calls
    assert states == 3 and len(there.messages) == 4


@pytest.mark.parametrize("call", ["openat", "write", "fsync", "renameat", "unlinkat", "close"])
def test_power_that_goes_at_any_step_of_a_run_loses_no_mail(spool, disk, relay, call):
    """Killed at its Nth call, and the power goes with it. Sent again is at the worst what was sent in that run: Bob has had his before."""
    need_strace(spool.mysend)
    there, nth, wanted = relay("ehlo pipelining chunking 8bitmime", "rcpt-to bad@example.org 550", "lax"), 0, None
    other = relay("ehlo pipelining 8bitmime", "rcpt-to bad@example.org 450")
    while True:
        nth += 1
        before = len(there.messages)
        spool.run("-odq", "-i", "-f", "ann@example.net", "bob@example.org", "bad@example.org", stdin=TEXT).ok()
        spool.run("-qf", relay=other).ok()
        spool.run("-odq", "-i", "-f", "ann@example.net", "a@example.org", stdin=TEXT).ok()
        wanted = wanted or spool.content(spool.names()[0]).split(b"\n\n", 1)[1]
        spool.mounts.run("sync", "-f", disk.top)
        _, injected = run_with_fault(spool, call, "signal=KILL", nth, ["-qf"], spool.config(there), prefix=spool.mounts.prefix)
        after = OnDisk(spool.mysend, disk.mounts, disk.start_again(disk.cut()))
        there.settle()
        for _ in range(3):
            done = after.run("-qf", relay=there)
            assert done.status == 0
        got = [mail.recipients[0] for mail in there.messages[before:]]
        where = "%s %d: %r" % (call, nth, got)
        assert set(got) == {"a@example.org", "ann@example.net"} and max(map(got.count, got)) <= 2, where
        assert all(mail.body == wanted for mail in there.messages[before:] if mail.sender), where
        assert after.names() == [] and len(after.names("failed")) == 1, where
        disk.take_away(os.path.dirname(after.top))
        spool.mounts.run("sh", "-c", "rm -rf %s/*" % spool.top)
        if not injected:
            break
    print("%s: %d points" % (call, nth - 1))
    assert nth > 2 and len(other.messages) == nth
