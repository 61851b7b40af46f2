"""Runs mysend as its callers do: a clean environment, a time limit, and all that it said kept."""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from waiting import PATIENCE

HERE = os.path.dirname(os.path.abspath(__file__))
MEASURE = """
import os, resource, subprocess, sys
done = subprocess.run(sys.argv[3:], executable=sys.argv[2])
with open(sys.argv[1], "w") as out: out.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(done.returncode if done.returncode >= 0 else 128 - done.returncode)
"""


UNSHARE = ["unshare", "--user", "--map-user=1000"]


def as_user():
    """What runs a command as somebody who is not root, with root's files as his own. Root keeps the state of rates in a place of the machine's."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("unshare") or subprocess.run(UNSHARE + ["true"], capture_output=True, check=False).returncode:
        pytest.skip("root needs unshare(1) with a user namespace to be somebody else")
    return UNSHARE


def find():
    """$MYSEND, or the newest build beside the sources."""
    if os.environ.get("MYSEND"):
        return os.path.abspath(os.environ["MYSEND"])
    top = os.path.dirname(os.path.dirname(HERE))
    found = [path for pattern in ("build*/mysend", "mysend", "build*/src/mysend", "src/mysend")
             for path in glob.glob(os.path.join(top, pattern)) if os.access(path, os.X_OK) and os.path.isfile(path)]
    return max(found, key=os.path.getmtime) if found else None


class Result:
    def __init__(self, status, out, err, maxrss=None):
        self.status, self.raw_out, self.raw_err, self.maxrss = status, out, err, maxrss
        self.out = out.decode("utf-8", "backslashreplace")
        self.err = err.decode("utf-8", "backslashreplace")

    def __repr__(self):
        return "status %s\nstderr: %s\nstdout: %s" % (self.status, self.err[:4000], self.out[:4000])

    @property
    def errors(self):
        """What it said, without hints and warnings."""
        return [line for line in self.err.splitlines()
                if not line.startswith(("mysend: hint:", "mysend: warning:", "sendmail: hint:", "sendmail: warning:"))]

    @property
    def hints(self):
        return [line for line in self.err.splitlines() if ": hint:" in line]

    def ok(self):
        """Accepted, and silent about it."""
        assert self.status == 0 and self.err == "" and self.out == "", self
        return self

    def failed(self, status):
        """Failed with that status and one line that says so; the line, without "mysend: "."""
        assert self.status == status, "wanted status %s\n%r" % (status, self)
        assert len(self.errors) == 1, "wanted one line\n%r" % self
        assert self.errors[0].startswith(("mysend: ", "sendmail: ")), self
        return self.errors[0].split(": ", 1)[1]

    # --- of --dry-run ---------------------------------------------------------------------------

    @property
    def dry(self):
        """(envelope lines, message octets) of --dry-run."""
        assert self.status == 0, self
        envelope, _, message = self.raw_out.partition(b"\n\n")
        return envelope.decode("utf-8", "surrogateescape").split("\n"), message

    @property
    def sender(self):
        line = self.dry[0][0]
        assert line.startswith("MAIL FROM:<") and line.endswith(">"), self
        return line[11:-1]

    @property
    def rcpts(self):
        lines = self.dry[0][1:]
        assert all(line.startswith("RCPT TO:<") and line.endswith(">") for line in lines), self
        return [line[9:-1] for line in lines]

    @property
    def message(self):
        return self.dry[1]

    @property
    def head(self):
        """The header's octets, with the last line end."""
        return self.message.split(b"\r\n\r\n", 1)[0] + b"\r\n"

    @property
    def body(self):
        parts = self.message.split(b"\r\n\r\n", 1)
        assert len(parts) == 2, "no empty line after the header: %r" % self.message[:500]
        return parts[1]

    @property
    def fields(self):
        """[(name, value)] of the header; folds are kept as they are."""
        out = []
        for line in self.head.decode("utf-8", "surrogateescape").split("\r\n")[:-1]:
            if line[:1] in (" ", "\t") and out:
                out[-1] = (out[-1][0], out[-1][1] + "\r\n" + line)
            else:
                name, colon, value = line.partition(":")
                assert colon, "not a header field: %r in %r" % (line, self.head)
                out.append((name, value[1:] if value[:1] == " " else value))
        return out

    def get(self, name):
        """The only field of that name, or None."""
        found = self.all(name)
        assert len(found) <= 1, "%d %s fields in %r" % (len(found), name, self.head)
        return found[0] if found else None

    def all(self, name):
        return [value for key, value in self.fields if key.strip().lower() == name.lower()]


class Program:
    def __init__(self, path, tmp, relays):
        self.path, self.tmp, self.relays, self.files = path, str(tmp), relays, 0
        self.results, self.written = [], set()      # what each run has said; the files that are the test's own
        self.home = os.path.join(self.tmp, "home")
        os.makedirs(self.home, exist_ok=True)

    def file(self, text, mode=0o600, name=None):
        """A file with that text; its path."""
        self.files += 1
        path = os.path.join(self.tmp, name or "file%d" % self.files)
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
        os.chmod(path, mode)
        self.written.add(path)
        return path

    def usual(self, text, name=None):
        """A folder for $XDG_CONFIG_HOME in which that text is the configuration."""
        self.files += 1
        top = os.path.join(self.tmp, name or "usual%d" % self.files)
        os.makedirs(os.path.join(top, "mysend"), exist_ok=True)
        self.file(text, name=os.path.join(top, "mysend", "config"))
        return top

    @property
    def sanitized(self):
        with open(self.path, "rb") as data:
            return b"__asan_init" in data.read()

    @staticmethod
    def where(relay):
        """Config lines for a relay without TLS."""
        if getattr(relay, "path", None):
            return "socket %s\ntls off\n" % relay.path
        return "host %s\nport %d\ntls off\n" % (relay.host, relay.port)

    def environment(self, env):
        full = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": self.home, "LANG": "C.UTF-8"}
        for name, value in os.environ.items():
            if name.startswith(("ASAN_", "UBSAN_", "LSAN_", "TSAN_")):
                full[name] = value
        full.update(env or {})
        return {name: value for name, value in full.items() if value is not None}

    def __call__(self, *args, stdin=b"", relay=None, config=None, env=None, name="mysend", timeout=PATIENCE, closed=(), measure=False,
                 prefix=(), cwd=None, settle=True, before=None, **more):
        """Runs mysend with args. config: text of a file given by $MYSEND_CONFIG, or the user's own where it has a queue; with relay, after its lines."""
        return self.start(*args, relay=relay, config=config, env=env, name=name, closed=closed, measure=measure,
                          prefix=prefix, cwd=cwd, before=before, stdin=stdin, **more).finish(stdin, timeout, settle)

    def dry(self, *args, stdin=b"", config="", to=("bob@example.org",), **more):
        """--dry-run of a message to Bob (to=() for other recipients); the result, which must be a success."""
        config = "account default\nhost 127.0.0.1\nport 1\ntls off\nfrom me@example.net\n" + config
        result = self("--dry-run", *args, *to, stdin=stdin, config=config, **more)
        assert result.status == 0, result
        return result

    @staticmethod
    def says(what, config, path=None):
        """The configuration, or the file at path, has such a line."""
        if config is None and path and os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as text:
                config = text.read()
        return re.search("^(%s) " % what, config or "", re.M) is not None

    def start(self, *args, relay=None, config=None, env=None, name="mysend", closed=(), measure=False, prefix=(), cwd=None,
              before=None, stdin=None, **more):
        env = dict(env or {})
        if relay is not None:
            config = "account default\n" + self.where(relay) + "from me@example.net\n" + (config or "")
        if config is not None and self.says("queue|spool", config) and "MYSEND_CONFIG" not in env:
            env.setdefault("XDG_CONFIG_HOME", self.usual(config))       # a mail remembers a file that is none of the usual ones
        elif config is not None:
            env.setdefault("MYSEND_CONFIG", self.file(config))
        if not self.says("queue|spool", config, env.get("MYSEND_CONFIG")):
            env.setdefault("MYSEND_QUEUE", "off")       # what a test says nothing of does not wait in a spool of the machine's
        if self.says("rate", config, env.get("MYSEND_CONFIG")) or "--rate" in args:
            prefix = prefix or as_user()
            env.setdefault("XDG_STATE_HOME", os.path.join(self.tmp, "state"))
        report = None
        argv, executable = [name] + list(args), self.path
        if measure:
            report = os.path.join(self.tmp, "maxrss")
            argv, executable = [sys.executable, "-S", "-E", "-c", MEASURE, report, executable] + argv, sys.executable
        elif prefix:
            argv, executable = list(prefix) + [self.path] + list(args), None

        def prepare():
            for descriptor in closed:
                os.close(descriptor)
            if before:
                before()
        pipe = stdin if hasattr(stdin, "fileno") or isinstance(stdin, int) else subprocess.PIPE
        process = subprocess.Popen(argv, executable=executable, stdin=pipe, stdout=more.pop("stdout", subprocess.PIPE),
                                   stderr=more.pop("stderr", subprocess.PIPE), env=self.environment(env), cwd=cwd or self.tmp,
                                   preexec_fn=prepare if closed or before else None, start_new_session=True, **more)
        return Run(self, process, report)


class Run:
    """A mysend under way."""

    def __init__(self, program, process, report):
        self.program, self.process, self.report = program, process, report

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def finish(self, stdin=b"", timeout=PATIENCE, settle=True):
        data = None if self.process.stdin is None or hasattr(stdin, "fileno") or isinstance(stdin, int) else stdin
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape")
        try:
            out, err = self.process.communicate(data, timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            out, err = self.process.communicate()
            raise AssertionError("mysend hung: not through after %s s\nstderr: %r\nstdout: %r"
                                 % (timeout, err[-2000:], out[-2000:])) from None
        maxrss = None
        if self.report and os.path.exists(self.report):
            with open(self.report, encoding="ascii") as text:
                maxrss = int(text.read())
        if settle:
            for relay in self.program.relays:
                relay.settle()
        assert self.process.returncode >= 0, "mysend died of signal %d\nstderr: %s" % (-self.process.returncode, err[-4000:])
        assert b"Sanitizer" not in (err or b"") and b"runtime error:" not in (err or b""), err[-6000:].decode(errors="replace")
        self.program.results.append(Result(self.process.returncode, out or b"", err or b"", maxrss))
        return self.program.results[-1]
