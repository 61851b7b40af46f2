"""A spool of the test's own, mysend configured for it, and the messages that are put there."""
import os

HEAD = b"Subject: x\nDate: Mon, 23 Nov 2026 10:00:00 +0000\nMessage-ID: <1@host>\nFrom: a@b.example\nTo: bob@example.org\n"
TEXT = HEAD + b"MIME-Version: 1.0\nContent-Type: text/plain\n\ncafe\n.\nend\n"
# What is signed waits in 8 bits, too.
SIGNED = HEAD + b"DKIM-Signature: v=1; d=b.example\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n" \
    b"Content-Transfer-Encoding: 8bit\n\ncaf\xc3\xa9\n.\nend\n"


class Spool:
    def __init__(self, mysend, top):
        self.mysend, self.top = mysend, str(top)

    def config(self, relay=None, more=""):
        where = self.mysend.where(relay) if relay else "host 127.0.0.1\nport 1\ntls off\n"
        return "account default\n%sfrom me@example.net\nmaildomain mail.example\naliases off\nqueue on\nspool %s\n%s" % (where, self.top, more)

    def run(self, *args, relay=None, stdin=b"", name="mysend", more="", **rest):
        return self.mysend(*args, stdin=stdin, name=name, config=self.config(relay, more), **rest)

    def names(self, folder="queue"):
        path = os.path.join(self.top, folder)
        return sorted(name for name in os.listdir(path) if not name.endswith(".state")) if os.path.isdir(path) else []

    def files(self):
        return sorted(os.path.relpath(os.path.join(top, name), self.top) for top, _, names in os.walk(self.top) for name in names)
