"""A host of a test's own: this one's root, with all that is written gone at the end; mysend installed in it, and a provider.

Root, mount namespaces and overlayfs are needed; else the test is skipped by name.
"""
import os
import random
import shlex
import shutil
import subprocess

import pytest

from nameserver import MX, SRV, A, NameServer, mx, srv
from namespaces import Mounts
from waiting import PATIENCE

CRON = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}


def name_server(answers):
    """On a loopback address of its own: /etc/resolv.conf has no ports, so it has to be port 53."""
    for _ in range(50):
        try:
            return NameServer(answers, "127.53.%d.%d" % (random.randrange(1, 250), random.randrange(1, 250)), 53)
        except PermissionError:
            pytest.skip("a name server of our own needs root, for port 53")
        except OSError:
            continue
    pytest.skip("port 53 is taken on loopback")
    return None


class Host(Mounts):
    """Mail of example.com goes by a relay of that domain; the provider's users are in the relay."""

    def __init__(self, program, top, relay, certs):
        super().__init__()
        self.program, self.relay, self.top = program, relay, str(top)
        self.servers = [name_server({("_submission._tcp.example.com", SRV): [srv(0, 1, relay.port, "mail.example.com")],
                                     ("example.com", MX): [mx(10, "mx.example.com")], ("mail.example.com", A): [b"\x7f\0\0\1"]})]
        try:
            self.make_root(certs)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        for one in getattr(self, "servers", []):
            one.stop()
        super().stop()

    def make_root(self, certs):
        self.root = os.path.join(self.top, "root")
        above = os.path.join(self.top, "above")
        os.makedirs(above)
        self.mount("tmpfs", above, kind="tmpfs")
        made = self.run("mkdir", above + "/upper", above + "/work")
        assert made.returncode == 0, made.stderr
        self.mount("overlay", self.root, "-o", "lowerdir=/,upperdir=%s/upper,workdir=%s/work" % (above, above), kind="overlay")
        for path in ("/proc", "/dev"):
            bound = self.run("mount", "--rbind", path, self.root + path)
            if bound.returncode:
                pytest.skip("mounting is not permitted here: " + bound.stderr)
        self.put("/etc/resolv.conf", "nameserver %s\noptions timeout:2 attempts:2\n" % self.servers[0].host)
        with open(os.path.join(certs, "ca.pem"), encoding="ascii") as authority:
            trusted = authority.read()
        hashed = [name for name in os.listdir(os.path.join(certs, "ca")) if name.endswith(".0")]
        for name in ["ca-certificates.crt", *hashed]:
            self.put("/etc/ssl/certs/" + name, trusted)
        with open(self.program.path, "rb") as program:
            self.put("/usr/bin/mysend", program.read(), 0o755)
        # the paths that were configured are those of the page
        built = subprocess.run([self.program.path, "--configure", "x@example.com", "--relay", "smtp://x.example"], capture_output=True, text=True, check=True,
                               env={"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"})
        self.sysconfdir = os.path.dirname([line for line in built.stdout.splitlines() if line.startswith("password_file ")][0].split()[1])
        self.as_root("for link in /usr/sbin/sendmail /usr/lib/sendmail /usr/bin/mailq; do rm -f $link && ln -s /usr/bin/mysend $link; done; "
                     "rm -rf /etc/mysend* /root/.config/mysend /root/.mysendrc /root/.msmtprc /var/spool/mysend; hash=%s; "
                     "[ $hash = /etc ] || { rm -rf $hash && ln -s /etc $hash; }" % shlex.quote(self.sysconfdir))
        var = os.path.join(os.path.dirname(self.sysconfdir), "var") if self.sysconfdir != "/etc" else None
        if var:
            self.as_root("rm -rf %s && ln -s /var %s" % (var, var))

    def put(self, path, content, mode=0o644):
        """A file of the host's, whatever it is on ours."""
        inside = self.seen(self.root + path)
        self.run("sh", "-c", 'rm -f "$1" && mkdir -p "${1%/*}"', "sh", self.root + path)
        with open(inside, "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(inside, mode)

    def get(self, path):
        with open(self.seen(self.root + path), "rb") as text:
            return text.read().decode("utf-8", "backslashreplace")

    def there(self, path):
        return os.path.lexists(self.seen(self.root + path))

    def call(self, text, user="root", home=None, typed="", env=None):
        """A shell's command in the host, as a user that has logged in; the result of subprocess.run."""
        person = [] if user == "root" else ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"]
        full = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": home or ("/root" if user == "root" else "/nonexistent"), "USER": user,
                "LOGNAME": user, **(env or {})}
        for name, value in self.program.environment({}).items():
            if "SAN_" in name:
                full[name] = value
        return subprocess.run(["nsenter", "-t", str(self.holder.pid), "-m", "--wd=/", "chroot", self.root, *person, "env", "-i", *["%s=%s" % pair for pair in full.items()],
                               "sh", "-c", "cd / && " + text], input=typed, capture_output=True, text=True, timeout=PATIENCE, check=False)

    def as_root(self, text, **more):
        done = self.call(text, **more)
        assert done.returncode == 0, "%s\nstatus %d: %s%s" % (text, done.returncode, done.stdout, done.stderr)
        return done

    def as_user(self, user, text, **more):
        done = self.call(text, user=user, **more)
        assert done.returncode == 0, "%s: %s\nstatus %d: %s%s" % (user, text, done.returncode, done.stdout, done.stderr)
        return done

    def by_cron(self, user, line, home):
        """Runs a line of a crontab as cron would."""
        fields = line.split(None, 5)
        assert len(fields) == 6 and all(set(field) <= set("*/0123456789-,") for field in fields[:5]), line
        done = self.call(fields[5], user=user, home=home, env=CRON)
        assert done.returncode == 0 and not done.stdout + done.stderr, (line, done)


def host_of(mysend, relay, certs, tmp_path):
    if not shutil.which("setpriv"):
        pytest.skip("setpriv is missing")
    there = relay("ehlo pipelining starttls auth=plain", "cert mail", "user me@example.com secret", "require-auth")
    return Host(mysend, tmp_path, there, certs)
