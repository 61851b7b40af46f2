"""A disk of a test's own, an ext4 image, and a spool on it."""
import os
import shutil
import subprocess

import pytest

from spools import Spool


class Disk:
    def __init__(self, mounts, tmp):
        self.mounts, self.tmp, self.copies = mounts, str(tmp), 0
        self.image, self.top = os.path.join(self.tmp, "disk"), os.path.join(self.tmp, "mnt")
        if not shutil.which("mkfs.ext4", path="/usr/sbin:/sbin:/usr/bin:/bin"):
            pytest.skip("mkfs.ext4 is missing")
        with open(self.image, "wb") as out:
            out.truncate(32 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True, capture_output=True, env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"})
        # Nothing gets to the disk by itself while the test runs.
        mounts.mount(self.image, self.top, "-o", "loop,commit=900")

    def cut(self):
        """The power goes now; the copy of the disk."""
        self.copies += 1
        copy = "%s.%d" % (self.image, self.copies)
        subprocess.run(["cp", "--sparse=always", self.image, copy], check=True)
        return copy

    def start_again(self, copy):
        """Where the copy is mounted."""
        where = copy + ".mnt"
        self.mounts.mount(copy, where, "-o", "loop")
        return where

    def take_away(self, where):
        self.mounts.unmount(where)
        os.unlink(where[:-4])


class OnDisk(Spool):
    """A spool in the namespace."""

    def __init__(self, mysend, mounts, top):
        super().__init__(mysend, os.path.join(top, "spool"))
        self.mounts = mounts

    def run(self, *args, **more):
        return super().run(*args, prefix=self.mounts.prefix, **more)

    def names(self, folder="queue"):
        path = self.mounts.seen(os.path.join(self.top, folder))
        return sorted(name for name in os.listdir(path) if not name.endswith(".state")) if os.path.isdir(path) else []

    def content(self, name):
        with open(self.mounts.seen(os.path.join(self.top, "queue", name)), "rb") as text:
            return text.read()
