"""What was promised survives a power cut: a file system's image is copied at the moment of status 0, and read elsewhere.

The image holds only what the file system has written to its disk; what is still in memory is not in it. That the copy can tell
the difference is proved in the same way, with fsync made to do nothing."""
import os
import shutil
import subprocess

import pytest

from spools import Spool

TEXT = b"Subject: x\nDate: Mon, 23 Nov 2026 10:00:00 +0000\nMessage-ID: <1@host>\nFrom: a@b.example\nTo: bob@example.org\n\n" + b"line of the message\n" * 3000
RUN = """
set -e
mkdir disk copy
mount -o loop image disk
install -d -m 700 disk/spool disk/spool/tmp disk/spool/queue disk/spool/failed
%s
sync -f disk
status=0
%s >said 2>&1 <message || status=$?
cp --sparse=always image image.after
echo $status >status
umount disk
mount -o loop image.after copy
cp -a copy/spool after
umount copy
"""
NO_FSYNC = "strace -f -o /dev/null -e trace=fsync,fdatasync -e inject=fsync,fdatasync:retval=0%s "


def can_mount():
    """A loop device and a mount of our own."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        return False
    return subprocess.run(["unshare", "-m", "losetup", "-f"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not can_mount(), reason="a loop device of our own is not permitted here")


class Disk:
    def __init__(self, mysend, tmp):
        self.mysend, self.tmp = mysend, str(tmp)
        self.spool = Spool(mysend, os.path.join(self.tmp, "disk", "spool"))

    def cut_after(self, command, first="", relay=None, stdin=TEXT):
        """(status, {path in the spool: octets}) as the disk has it when the command ends."""
        config = self.mysend.file(self.spool.config(relay))
        env = self.mysend.environment({"MYSEND_CONFIG": config})
        with open(os.path.join(self.tmp, "message"), "wb") as out:
            out.write(stdin)
        with open(os.path.join(self.tmp, "image"), "wb") as out:
            out.truncate(32 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", os.path.join(self.tmp, "image")], check=True, capture_output=True)
        done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", RUN % (first, command)], cwd=self.tmp, env=env,
                              capture_output=True, timeout=120, check=False)
        if b"failed to setup loop device" in done.stderr:
            pytest.skip("there is no free loop device")
        assert done.returncode == 0, done
        files = {}
        for top, _, names in os.walk(os.path.join(self.tmp, "after")):
            for name in names:
                path = os.path.join(top, name)
                with open(path, "rb") as text:
                    files[os.path.relpath(path, os.path.join(self.tmp, "after"))] = text.read()
        with open(os.path.join(self.tmp, "status"), encoding="ascii") as text:
            return int(text.read()), files


@pytest.fixture
def disk(mysend, tmp_path):
    if mysend.sanitized:
        pytest.skip("the plain build shows it")
    return Disk(mysend, tmp_path)


def mails(files):
    return [text for path, text in files.items() if path.startswith("queue/") and "." not in path]


def is_whole(disk, files):
    """One mail, octet by octet as it would have been sent."""
    wanted = disk.mysend("--dry-run", "-i", "bob@example.org", stdin=TEXT, config=disk.spool.config()).message
    found = mails(files)
    return len(found) == 1 and found[0].startswith(b"mysend-mail 1\n") and found[0].split(b"\n\n", 1)[1] == wanted


@pytest.mark.parametrize("args", ["-i bob@example.org", "-i -odq bob@example.org"])
def test_mail_that_was_promised_is_on_the_disk_when_the_power_goes(disk, args):
    status, files = disk.cut_after("%s %s" % (disk.mysend.path, args))
    assert status == 0 and is_whole(disk, files), (status, sorted(files))


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing")
@pytest.mark.parametrize("which", ["", ":when=1", ":when=2"], ids=["no-fsync", "none-of-the-file", "none-of-the-folder"])
def test_copy_of_the_disk_shows_a_mail_that_was_not_synced_as_lost(disk, which):
    """The proof that the test above can fail: either of the two is needed."""
    status, files = disk.cut_after(NO_FSYNC % which + disk.mysend.path + " -i -odq bob@example.org")
    assert status == 0 and not is_whole(disk, files), sorted(files)


def state_after(disk, relay, prefix=""):
    """What the state on the disk says of two recipients, one accepted now and one put off."""
    there = relay("ehlo pipelining", "rcpt-to carl@example.org 450", "lax")
    first = "%s -odq bob@example.org carl@example.org <message" % disk.mysend.path
    status, files = disk.cut_after(prefix + disk.mysend.path + " -q", first=first, relay=there)
    states = [text for path, text in files.items() if path.startswith("queue/") and path.endswith(".state")]
    assert status == 0 and len(mails(files)) == 1 and there.messages[0].recipients == ["bob@example.org"]
    return [line for line in states[0].splitlines() if line.startswith(b"Verdicts")] if states else []


def test_recipient_who_has_it_is_known_when_the_power_goes(disk, relay):
    assert state_after(disk, relay) == [b"Verdicts: a-"]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing")
def test_copy_of_the_disk_shows_a_state_that_was_not_synced_as_lost(disk, relay):
    assert state_after(disk, relay, NO_FSYNC % "") != [b"Verdicts: a-"]


def test_mail_that_is_done_is_gone_when_the_power_goes(disk, relay):
    there = relay()
    status, files = disk.cut_after(disk.mysend.path + " -q", first="%s -odq bob@example.org <message" % disk.mysend.path, relay=there)
    assert status == 0 and len(there.messages) == 1 and mails(files) == []
