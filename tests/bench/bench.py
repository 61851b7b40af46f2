"""What the tables of tests/bench/run, attach, batch and compose have in common: programs and relays to measure with, paired runs,
and how they are printed.

All in one go, on loopback, against the same relay: in every round each program runs once, and the ratio is taken within the
round, so that what slows the machine down slows both. The table shows medians, and of the ratios the quartiles too: far
apart, they say that the machine had other work.

    class Mine(Bench):
        programs = (...)                what of tests/bench/*.c it needs beside pairs and sink
        def measures(self): return [self.something, ...]
    bench.main(Mine, rounds=40)
"""
import argparse
import datetime
import glob
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
USER, PASSWORD = "joe", "secret"


def which(name):
    return shutil.which(name, path=ENV["PATH"])


class Bench:
    programs = ()
    needs_tls = False

    @staticmethod
    def arguments(parser):
        """What a bench has of its own."""

    def __init__(self, options):
        self.quick, self.only = options.quick, options.only
        self.rounds = 8 if options.quick else options.rounds
        self.work = tempfile.mkdtemp(prefix="mysend-bench.")
        self.running, self.rows, self.missing, self.failed = [], [], [], []
        self.mysend, self.home = os.path.abspath(options.mysend), os.path.join(self.work, "home")
        os.mkdir(self.home, 0o700)
        self.tls = self.compile()

    # --- what is made first ---------------------------------------------------------------------

    def path(self, name):
        return os.path.join(self.work, name)

    def write(self, name, text, mode=0o600):
        with open(self.path(name), "w", encoding="ascii") as out:
            out.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def compile(self):
        """True if the sink can do TLS."""
        def cc(name, *flags):
            return subprocess.run(["cc", "-O2", "-o", self.path(name), os.path.join(HERE, name + ".c"), *flags],
                                  capture_output=True, text=True, check=False)
        for name, flags in (("pairs", []), *self.programs):
            done = cc(name, *flags)
            if done.returncode:
                sys.exit(done.stderr)
        tls = self.needs_tls and cc("sink", "-pthread", "-lssl", "-lcrypto").returncode == 0 and which("openssl")
        if not tls:
            if self.needs_tls:
                self.missing.append("TLS: openssl and its headers (libssl-dev)")
            subprocess.run(["cc", "-O2", "-DWITHOUT_TLS", "-o", self.path("sink"), os.path.join(HERE, "sink.c"), "-pthread"],
                           check=True)
        return tls

    def message(self, name, size):
        """A message of that many octets as it travels (CRLF), in lines of 80; with a whole header, so that none adds to it."""
        head = ("From: alice@example.org\nTo: bob@example.org\nSubject: a message\nMessage-ID: <1@example.org>\n"
                "Date: Mon, 23 Nov 2026 12:00:00 +0000\n\n")
        line = "0123456789abcdefghijklmnopqrstuvwxyz 0123456789 The quick brown fox jumps over it\n"[-79:]
        with open(self.path(name), "w", encoding="ascii") as out:
            out.write(head)
            out.write(line * ((size - len(head)) // 80))
        return self.path(name)

    def certificates(self):
        """A CA folder as a system has it, with one authority more, and the relay's certificate."""
        folder = self.path("ca")
        os.mkdir(folder)
        for name in glob.glob("/etc/ssl/certs/*.[0-9]"):
            os.symlink(os.path.realpath(name), os.path.join(folder, os.path.basename(name)))

        def openssl(*args):
            subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=self.work)
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem",
                "-subj", "/CN=Bench CA", "-addext", "basicConstraints=critical,CA:TRUE")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "relay.key", "-out",
                "relay.csr", "-subj", "/CN=localhost")
        self.write("relay.ext", "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", "relay.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", "relay.ext", "-out", "relay.crt")
        with open(self.path("relay.pem"), "w", encoding="ascii") as out:
            for name in ("relay.crt", "relay.key"):
                with open(self.path(name), encoding="ascii") as part:
                    out.write(part.read())
        hashed = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", self.path("ca.pem")], check=True,
                                capture_output=True, text=True).stdout.strip()
        os.symlink(self.path("ca.pem"), os.path.join(folder, hashed + ".0"))
        return folder

    # --- servers --------------------------------------------------------------------------------

    def start(self, *command):
        """Starts a helper that prints its port."""
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=ENV)
        self.running.append(server)
        return int(server.stdout.readline())

    def sink(self, *flags):
        return self.start(self.path("sink"), *flags)

    def proxy(self, port, each_way):
        return self.start(self.path("proxy"), str(port), str(each_way))

    def smtp_sink(self):
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
        as_nobody = ["-u", "nobody"] if os.getuid() == 0 else []
        self.running.append(subprocess.Popen([which("smtp-sink"), *as_nobody, "127.0.0.1:%d" % port, "100"], env=ENV,
                                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        self.wait_for(port)
        return port

    @staticmethod
    def wait_for(port):
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit("nothing listens on port %d" % port)

    def postfix(self):
        """A private Postfix that discards all it takes, or None."""
        if os.getuid() or not which("postfix"):
            self.missing.append("a real Postfix: root, and Debian's postfix")
            return None
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
        os.chmod(self.work, 0o755)
        for name in ("etc", "queue", "data"):
            os.mkdir(self.path(name))
        shutil.chown(self.path("data"), "postfix")
        self.write("etc/main.cf", MAIN_CF % {"top": self.work}, 0o644)
        self.write("etc/master.cf", MASTER_CF % {"port": port}, 0o644)
        done = subprocess.run([which("postfix"), "-c", self.path("etc"), "start"], capture_output=True, text=True, check=False)
        if done.returncode:
            self.missing.append("a real Postfix: it did not start: " + done.stderr.strip()[-200:])
            return None
        self.wait_for(port)
        return port

    def stop(self):
        for server in self.running:
            server.kill()
            server.wait()
        try:
            with open(self.path("queue/pid/master.pid"), encoding="ascii") as text:
                pid = int(text.read())
            os.kill(pid, signal.SIGTERM)
            for _ in range(100):
                os.kill(pid, 0)
                time.sleep(0.05)
        except (OSError, ValueError):
            pass
        shutil.rmtree(self.work, ignore_errors=True)

    # --- runs -----------------------------------------------------------------------------------

    def wanted(self, what):
        return not self.only or self.only in what

    def run_pairs(self, what, message, commands, rounds):
        """(name, target, milliseconds of each round, KiB of each round) for each command that never failed; none if the first did."""
        args = [part for _, argv, _ in commands for part in ["::", *argv]]
        done = subprocess.run([self.path("pairs"), str(rounds + 1), message, *args], capture_output=True, text=True,
                              env={**ENV, "HOME": self.home}, cwd=self.work, check=False, timeout=1200)
        # The first round only warms up.
        runs = [[[int(n) for n in part.split(":")] for part in line.split()] for line in done.stdout.splitlines()[1:]]
        measured = []
        for number, (name, _, target) in enumerate(commands):
            bad = [run[number][2] for run in runs if run[number][2]]
            if bad or not runs:
                print("%s: %s failed %d times of %d: %s" % (what, name, len(bad), len(runs), done.stderr[:400]), file=sys.stderr)
                if not number or not runs:
                    return []
                continue
            measured.append((name, target, [run[number][0] / 1e6 for run in runs], [run[number][1] for run in runs]))
        return measured

    def compare(self, what, message, commands, rounds=None, speed=None, memory=False):
        """commands: (name, argv, target), mysend first. One table row a peer, or one for mysend alone; with memory another
        one a peer."""
        commands = [row for row in commands if row[1]]
        measured = self.run_pairs(what, message, commands, rounds or self.rounds)
        if not measured:
            return
        _, target, took, kib = measured[0]
        ours, peak = statistics.median(took), max(kib) / 1024
        own = "%.0f MB/s" % (speed / ours / 1000) if speed else "%.1f ms" % ours
        if len(commands) == 1 or target:
            self.rows.append((what, "", own, "", "", target))
            what, own = "", ""
        for name, target, times, _ in measured[1:]:
            theirs = statistics.median(times)
            ratios = [their / mine if speed else mine / their for mine, their in zip(took, times)]
            their = "%.0f MB/s" % (speed / theirs / 1000) if speed else "%.1f ms" % theirs
            self.rows.append((what, name, own, their, spread(ratios), target))
            what, own = "", ""
        if speed or memory:
            self.rows.append(("", "peak memory", "%.1f MiB" % peak, "", "", "at most 24 MiB"))
        for name, _, _, theirs in measured[1:] if memory else []:
            self.rows.append(("", "peak memory, " + name, "", "%.1f MiB" % (max(theirs) / 1024), "%.2f" % (peak * 1024 / max(theirs)), ""))

    def config(self, name, port, more=""):
        return [self.mysend, "--config",
                self.write(name, "host 127.0.0.1\nport %d\ntls off\nfrom alice@example.org\n%s" % (port, more))]

    # --- the table ------------------------------------------------------------------------------

    def print(self):
        head = ("what", "against", "mysend", "the other", "ratio", "target")
        rows = [head] + self.rows
        wide = [max(len(row[i]) for row in rows) for i in range(len(head))]
        for number, row in enumerate(rows):
            print("| " + " | ".join(cell.ljust(wide[i]) for i, cell in enumerate(row)) + " |")
            if not number:
                print("|" + "|".join("-" * (size + 2) for size in wide) + "|")
        print("\n%s, %s, %d cores, Linux %s, libcurl %s; medians of %d paired rounds; load %.1f." % (
            datetime.date.today().isoformat(), cpu(), os.cpu_count(), os.uname().release.split("-")[0], libcurl(), self.rounds,
            os.getloadavg()[0]))
        for text in self.missing:
            print("Not measured for want of " + text)
        for text in self.failed:
            print("Not measured, since it failed: " + text)


def spread(ratios):
    if len(ratios) < 4:
        return "%.2f" % statistics.median(ratios)
    low, middle, high = statistics.quantiles(ratios, n=4)
    return "%.2f (%.2f to %.2f)" % (middle, low, high)


def cpu():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                return " ".join(line.split(":", 1)[1].split())
    return os.uname().machine


def libcurl():
    done = subprocess.run(["pkg-config", "--modversion", "libcurl"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "?"


MSMTP = """\
account default
host 127.0.0.1
port %d
from alice@example.org
"""
MAIN_CF = """\
compatibility_level = 3.6
queue_directory = %(top)s/queue
data_directory = %(top)s/data
maillog_file = %(top)s/log
maillog_file_prefixes = %(top)s
myhostname = mx.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
relay_domains = example.org
relay_recipient_maps =
default_transport = discard
relay_transport = discard
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
"""
MASTER_CF = """\
127.0.0.1:%(port)d inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def main(kind, rounds, what):
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--mysend", default=os.environ.get("MYSEND", os.path.join(TOP, "build", "mysend")))
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--quick", action="store_true", help="few rounds, and nothing that takes a minute")
    parser.add_argument("--only", help="only the comparisons with this in their name", default="")
    kind.arguments(parser)
    options = parser.parse_args()
    if not os.access(options.mysend, os.X_OK):
        sys.exit("there is no %s: build it first, or say --mysend" % options.mysend)
    bench = kind(options)
    try:
        for measure in bench.measures():
            measure()
        bench.print()
    finally:
        bench.stop()
