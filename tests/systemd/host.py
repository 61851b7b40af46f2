"""A host with systemd as its process 1, in namespaces (boot), with mysend installed there: files, commands, a relay on its loopback."""
import ctypes
import os
import re
import subprocess
import tempfile
import threading
import time

import pytest

from waiting import PATIENCE, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
CLONE_NEWNET = 0x40000000


def variable(build, name):
    """What a variable of the build's Makefile comes to."""
    text = open(os.path.join(build, "Makefile"), encoding="utf-8").read()
    value = re.search(r"^%s = (.*)$" % name, text, re.M).group(1)
    return re.sub(r"\$\{(\w+)\}", lambda inner: variable(build, inner.group(1)), value)


class Host:
    def __init__(self, build):
        self.top = tempfile.mkdtemp(prefix="mysend-host.")
        self.said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(["sh", os.path.join(HERE, "boot"), self.top, build], stdin=subprocess.PIPE,
                                        stdout=self.said, stderr=self.said)
        self.first = None
        end = time.monotonic() + PATIENCE
        while not self.up():
            if self.process.poll() is not None or time.monotonic() > end:
                self.said.seek(0)
                why, status = self.said.read().strip(), self.process.poll()
                self.stop()
                (pytest.skip if status == 77 else pytest.fail)("systemd as process 1: " + why)
            time.sleep(0.05)
        self.config = os.path.join(variable(build, "sysconfdir"), "mysend.conf")
        self.program = os.path.join(variable(build, "bindir"), "mysend")
        self.state = variable(build, "localstatedir")
        self.helper = os.path.join(variable(build, "libexecdir"), "mysend", "failure-mail")
        self.examples = os.path.join(variable(build, "docdir"), "examples")

    def up(self):
        """systemd is there as process 1, and has reached its target."""
        if self.first is None:
            self.first = self.find_first(self.process.pid)
            return False
        asked = self.run("systemctl", "is-active", "tried.target", check=False)
        return asked.stdout.strip() == "active"

    def find_first(self, pid):
        """The process under that one which is number 1 of a pid namespace and is systemd."""
        try:
            for child in open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii").read().split():
                numbers = re.search(r"^NSpid:\s+(.*)$", open("/proc/%s/status" % child, encoding="ascii").read(), re.M).group(1).split()
                if len(numbers) > len(self.own_numbers()) and numbers[-1] == "1":
                    return int(child) if b"systemd" in open("/proc/%s/cmdline" % child, "rb").read().split(b"\0")[0] else None
                found = self.find_first(int(child))
                if found:
                    return found
        except (FileNotFoundError, ProcessLookupError):
            pass
        return None

    def own_numbers(self):
        return re.search(r"^NSpid:\s+(.*)$", open("/proc/self/status", encoding="ascii").read(), re.M).group(1).split()

    def stop(self):
        self.process.stdin.close()     # that ends process 1, and with it all others
        self.process.wait(PATIENCE)
        self.said.close()
        subprocess.run(["rm", "-rf", "--one-file-system", self.top], check=False)

    def run(self, *argv, stdin="", check=True, env=None):
        done = subprocess.run(["nsenter", "-t", str(self.first), "-a", "--", *argv], input=stdin, capture_output=True, text=True,
                              errors="surrogateescape", timeout=PATIENCE, check=False, env=env)
        assert not check or done.returncode == 0, (argv, done.stdout, done.stderr)
        return done

    def shell(self, text, **more):
        return self.run("sh", "-e", "-c", text, **more)

    def write(self, path, text, mode=0o644):
        self.run("sh", "-e", "-c", 'mkdir -p "${0%/*}"; cat >"$0"; chmod "$1" "$0"', path, "%o" % mode, stdin=text)

    def journal(self, unit):
        return self.run("journalctl", "-q", "--no-pager", "-o", "cat", "-u", unit).stdout

    def server(self, kind, *parts, **more):
        """A relay (kind Relay) or a provider (Provider) on the loopback of that host: a socket belongs to the network that its maker was in."""
        made = []

        def make():
            libc = ctypes.CDLL(None, use_errno=True)
            with open("/proc/%d/ns/net" % self.first, "rb") as network:
                if libc.setns(network.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(kind(*parts, **more))
        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        return made[0]

    def settled(self, unit):
        """That unit has run and ended."""
        wait_for(lambda: self.run("systemctl", "show", "--value", "-p", "ActiveState", unit).stdout.strip() in ("inactive", "failed"),
                 "%s still runs" % unit)
