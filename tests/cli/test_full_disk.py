"""The disk is full, has no inode left, is read-only, over quota, or writes come back short: the caller hears it, nothing half-written
stays, and what was accepted before is whole."""
import os
import shutil
import subprocess

import pytest

from spools import Spool

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = b"Subject: x\nFrom: a@b.example\nTo: bob@example.org\n\n" + b"line\n" * 40000       # 200 KB
SMALL = b"Subject: x\nFrom: a@b.example\nTo: bob@example.org\n\nsmall\n"


def can_mount():
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0


class Disk:
    """Commands in a row on one file system of its own; what they said, and the spool as it is afterwards."""

    def __init__(self, mysend, tmp):
        self.mysend, self.tmp = mysend, str(tmp)
        self.spool = Spool(mysend, os.path.join(self.tmp, "disk", "spool"))
        os.mkdir(os.path.join(self.tmp, "disk"))
        for name, text in (("large", TEXT), ("small", SMALL)):
            with open(os.path.join(self.tmp, name), "wb") as out:
                out.write(text)

    def run(self, options, *commands, relay=None):
        env = self.mysend.environment({"MYSEND_CONFIG": self.mysend.file(self.spool.config(relay))})
        script = "mount -t tmpfs %s tmpfs disk || exit 9\n" % options
        for i, command in enumerate(commands):
            script += "%s >said.%d 2>&1; echo $? >status.%d\n" % (command.replace("mysend ", self.mysend.path + " "), i, i)
        script += "mount -o remount,rw disk 2>/dev/null; [ ! -d disk/spool ] || cp -a disk/spool after\n"
        done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", script], cwd=self.tmp, env=env, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done
        out = []
        for i in range(len(commands)):
            with open(os.path.join(self.tmp, "status.%d" % i), encoding="ascii") as status, open(os.path.join(self.tmp, "said.%d" % i), encoding="utf-8") as said:
                out.append((int(status.read()), said.read()))
        return out

    def after(self):
        top = os.path.join(self.tmp, "after")
        return {os.path.relpath(os.path.join(folder, name), top): open(os.path.join(folder, name), "rb").read()
                for folder, _, names in os.walk(top) for name in names}


@pytest.fixture
def disk(mysend, tmp_path):
    if not can_mount():
        pytest.skip("a mount of our own is not permitted here")
    return Disk(mysend, tmp_path)


def is_one_line(said):
    return said.count("mysend: ") - said.count("mysend: hint: ") in (1, 2) and "\n\n" not in said


@pytest.mark.parametrize("options, before, words", [
    ("-o size=128k", "true", "No space left on device"), ("-o size=4m,nr_inodes=6", "true", "No space left on device"),
    ("-o size=4m,mode=755", "mount -o remount,ro disk", "Read-only file system"),
], ids=["no-space", "no-inodes", "read-only"])
def test_mail_that_finds_no_room_is_given_back_and_the_others_stay_whole(disk, options, before, words):
    first, _, second, third = disk.run(options, "mysend -i -odq bob@example.org <small", before, "mysend -i bob@example.org <large", "mysend -i -odq bob@example.org <large")
    assert first == (0, "")
    for status, said in (second, third):
        assert status in (75, 73) and words in said and "it cannot wait: spool " in said, (status, said)
        assert "Connection refused" in said and is_one_line(said), said
    files = disk.after()
    assert sorted(path.split("/")[0] for path in files) == ["queue"], sorted(files)
    text = next(iter(files.values()))
    assert text.startswith(b"mysend-mail 1\n") and text.endswith(b"\r\n\r\nsmall\r\n")


def test_full_disk_does_not_stop_what_the_relay_takes(disk, relay):
    there = relay()
    (status, said), = disk.run("-o size=4k,nr_inodes=4", "mysend -i bob@example.org <small", relay=there)[:1]
    assert status == 0 and said == "" and there.message


def test_queue_is_run_on_a_full_disk_and_sends_nothing_twice(disk, relay):
    """A state that cannot be written must not make another try send it again to those who have it."""
    there = relay("ehlo pipelining", "rcpt-to carl@example.org 450", "lax")
    fill = "sh -c 'cat /dev/zero >disk/filler 2>/dev/null; true'"
    steps = disk.run("-o size=64k", "mysend -i -odq bob@example.org <small", "mysend -i -odq dora@example.org <small", fill, "mysend -qf", "mysend -qf", relay=there)
    assert steps[0] == steps[1] == (0, "") and steps[3][0] == 0
    assert sorted(mail.recipients for mail in there.messages) == [["bob@example.org"], ["dora@example.org"]]
    assert disk.after() == {}


# --- writes that come back short ------------------------------------------------------------------

@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("a C compiler is missing")
    path = tmp_path_factory.mktemp("short") / "short.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", path, os.path.join(HERE, "short.c"), "-ldl"], check=True)
    return str(path)


@pytest.mark.parametrize("least", [1, 2, 7, 100, 4095])
def test_short_writes_and_reads_make_the_same_mail(mysend, relay, tmp_path, shim, least):
    if mysend.sanitized:
        pytest.skip("sanitizers and functions of our own do not go together")
    text = TEXT[:9000] + b"\n"
    spool, there = Spool(mysend, tmp_path / "spool"), relay()
    wanted = spool.run("--dry-run", "-i", "bob@example.org", stdin=text).message.split(b"\r\n\r\n", 1)[1]
    env = {"LD_PRELOAD": shim, "MYSEND_TEST_SHORT": str(least)}
    spool.run("-i", "bob@example.org", stdin=text, env=env).ok()
    with open(os.path.join(spool.top, "queue", spool.names()[0]), "rb") as kept:
        assert kept.read().endswith(b"\r\n\r\n" + wanted)
    spool.run("-qf", relay=there, env=env).ok()
    assert there.message.content == wanted and spool.files() == []
