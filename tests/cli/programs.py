"""Real programs with mysend as their sendmail: beside them, or in the place of /usr/sbin/sendmail in a mount namespace."""
import os
import shutil
import subprocess

import pytest

from waiting import PATIENCE

DOMAIN = "mail.example"
BODY = "first line\n.\nlast line\n"


class Host:
    """A home, a folder with mysend as sendmail in it, and a relay that the configuration names."""

    def __init__(self, binary, tmp, relay, more=""):
        self.binary, self.tmp, self.relay = binary, str(tmp), relay
        self.home, self.bin = os.path.join(self.tmp, "home"), os.path.join(self.tmp, "bin")
        for folder in (self.home, self.bin):
            os.makedirs(folder, exist_ok=True)
        self.sendmail = os.path.join(self.bin, "sendmail")
        if not os.path.lexists(self.sendmail):
            os.symlink(binary, self.sendmail)
        self.config = self.write("home/.mysendrc", "account default\nhost %s\nport %d\ntls off\nmaildomain %s\naliases off\nspool %s\n%s" %
                                 (relay.host, relay.port, DOMAIN, os.path.join(self.tmp, "spool"), more), 0o600)

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.tmp, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(path, mode)
        return path

    def environment(self, more=None):
        env = {"PATH": self.bin + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": self.home, "LANG": "C.UTF-8", "LOGNAME": "root", "USER": "root",
               "MYSEND_CONFIG": self.config, "TZ": "UTC"}
        env.update({name: value for name, value in os.environ.items() if name.startswith(("ASAN_", "UBSAN_", "LSAN_"))})
        env.update(more or {})
        return env

    def run(self, *argv, stdin="", env=None, status=0):
        """Runs it; the relay has what it sent. status: what it ends with (None: anything but 0)."""
        done = subprocess.run(argv, input=stdin.encode(), env=self.environment(env), cwd=self.tmp, capture_output=True, timeout=PATIENCE, check=False)
        self.relay.settle()
        said = "status %d\n%s\n%s" % (done.returncode, done.stdout.decode(errors="replace")[-3000:], done.stderr.decode(errors="replace")[-3000:])
        assert done.returncode == status if status is not None else done.returncode != 0, said
        done.said = said
        return done

    # --- in the place of the system's own -------------------------------------------------------

    def namespace(self, script, extra=None):
        """argv of a shell script in a mount and process namespace where mysend is /usr/sbin/sendmail, its configuration the
        system's, and programs that are only unpacked look installed. Nothing of it is seen outside; all of it ends with it."""
        if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "-p", "-f", "true"], check=False, capture_output=True).returncode != 0:
            pytest.skip("a mount namespace of our own is not permitted here")
        top = os.path.join(self.tmp, "top")
        usr = os.path.join(top, "usr")
        for name in ("usr/sbin/sendmail", "usr/lib/sendmail", "usr/bin/mailq"):
            os.makedirs(os.path.dirname(os.path.join(top, name)), exist_ok=True)
            shutil.copy(self.binary, os.path.join(top, name))
        for name, text in (extra or {}).items():
            self.write(os.path.join("top", name), text, 0o440 if name.endswith("sudoers") else 0o644)
        os.makedirs(os.path.join(top, "etc"), exist_ok=True)
        system = self.system_config()
        assert system.startswith(("/usr/", "/etc/")), system
        with open(self.config, encoding="utf-8") as text:
            self.write("top" + system, text.read(), 0o600)
        lower = {"usr": [usr], "etc": [os.path.join(top, "etc")]}
        unpacked = os.environ.get("MYSEND_PROGRAMS")
        for folder, all_of in lower.items():
            if unpacked and os.path.isdir(os.path.join(unpacked, folder)):
                all_of.append(os.path.join(unpacked, folder))
            all_of.append("/" + folder)
        mounts = "".join("mount -t overlay overlay -o lowerdir=%s /%s\n" % (":".join(all_of), folder) for folder, all_of in lower.items())
        inside = self.write("inside.sh", "set -e\n%smount -t tmpfs -o mode=755 tmpfs /run\nmount -t tmpfs -o mode=755 tmpfs /var/spool\n"
                            "mount -t tmpfs -o mode=755 tmpfs /var/cache\nmount -t proc proc /proc\nset +e\n%s" % (mounts, script))
        return ["unshare", "-m", "-p", "-f", "--kill-child", "--propagation", "private", "sh", inside]

    def system_config(self):
        said = subprocess.run([self.binary, "--show-config", "--host", "h"], env={"HOME": "/nowhere"}, capture_output=True, check=True).stdout.decode()
        files = [line for line in said.splitlines() if line.startswith("# files")][0]
        return [word for word in files.replace(",", " ").split() if word.endswith("/mysend.conf")][0]

    def run_inside(self, script, extra=None, env=None, status=0):
        return self.run(*self.namespace(script, extra), env=env, status=status)

    def run_until_mail(self, script, extra=None):
        """For what does not end by itself: runs until the relay has a message, and then ends it."""
        process = subprocess.Popen(self.namespace(script, extra), env=self.environment(), cwd=self.tmp, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            got = self.relay.wait_for_message()
        finally:
            process.kill()
            said = process.communicate()[0].decode(errors="replace")
        assert got, "no message came\n" + said
        self.relay.settle()

    # --- what arrived ---------------------------------------------------------------------------

    def arrived(self, to, sender=None, subject=None, body=None, of=1):
        """The first of so many messages, checked: envelope, From with a domain, no Bcc, Date and Message-ID once, the lines of its body."""
        assert len(self.relay.messages) == of, [mail.text for mail in self.relay.messages]
        mail = self.relay.messages[0]
        assert sorted(mail.recipients) == sorted(to)
        assert mail.sender == (sender or "root@" + DOMAIN)
        assert "@" in mail.field("From") and mail.field("Date") and mail.field("Message-ID") and mail.field("Bcc") is None
        if subject:
            assert mail.field("Subject") == subject
        if body is not None:
            assert mail.content.decode() == body.replace("\n", "\r\n")
        return mail


def need(*programs):
    """Their paths; the test is skipped by name if one is missing."""
    paths = [shutil.which(one, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin") or (one if os.path.exists(one) else None) for one in programs]
    for name, path in zip(programs, paths):
        if not path:
            pytest.skip("%s is missing" % name)
    return paths[0]


def need_unpacked(path):
    """A program that is only unpacked, since installing it would start it at the next boot."""
    top = os.environ.get("MYSEND_PROGRAMS", "")
    if not os.path.exists(path) and not (top and os.path.exists(top + path)):
        pytest.skip("%s is missing (MYSEND_PROGRAMS names a folder of unpacked packages)" % path)
