"""A mount namespace of a test's own: what is mounted there is seen nowhere else and gone with it, also when the test fails."""
import os
import shutil
import socket
import subprocess

import pytest

from waiting import PATIENCE


class Mounts:
    def __init__(self):
        self.holder = None
        if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("nsenter"):
            pytest.skip("a mount namespace of our own needs root, unshare and nsenter")
        self.holder = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c", "echo here; read gone"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if self.holder.stdout.readline() != b"here\n":
            self.stop()
            pytest.skip("a mount namespace of our own is not permitted here")
        self.prefix = ["nsenter", "-t", str(self.holder.pid), "-m", "--wd=/"]

    def stop(self):
        """With its last process the namespace ends, and what was mounted in it."""
        self.holder.stdin.close()
        self.holder.wait(PATIENCE)
        self.holder.stdout.close()

    def seen(self, path):
        """The path by which we, outside, see what is there inside."""
        return "/proc/%d/root%s" % (self.holder.pid, path)

    def run(self, *argv):
        return subprocess.run(self.prefix + [str(arg) for arg in argv], capture_output=True, text=True, timeout=PATIENCE, check=False)

    def mount(self, what, where, *options, kind=None):
        """Mounted, or the test is skipped."""
        os.makedirs(where, exist_ok=True)
        done = self.run("mount", *(["-t", kind] if kind else []), *options, what, where)
        if done.returncode:
            pytest.skip("mounting %s is not permitted here: %s" % (kind or "an image", done.stderr.strip()))

    def unmount(self, where):
        done = self.run("umount", where)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def mounts():
    one = Mounts()
    yield one
    one.stop()


@pytest.fixture
def syslog(mounts, tmp_path):
    """A /dev of our own with a /dev/log in it; the socket that reads it."""
    dev = str(tmp_path / "dev")
    mounts.mount("tmpfs", dev, kind="tmpfs")
    done = mounts.run("cp", "-a", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", dev)
    assert done.returncode == 0, done.stderr
    mounts.mount(dev, "/dev", "--bind")
    there = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    there.settimeout(PATIENCE)
    there.bind(mounts.seen("/dev/log"))
    os.chmod(mounts.seen("/dev/log"), 0o666)
    yield there
    there.close()
