"""A spool of the test's own, and mysend configured for it."""
import os
import re
import time

from spooled import DIGITS


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

    def make_older(self, seconds):
        """As if the mail had come so much before: its time stands in the name and in the file."""
        for name in self.names():
            ms = int((time.time() - seconds) * 1000)
            older = "".join(DIGITS[ms >> shift & 31] for shift in range(45, -1, -5)) + name[10:]
            path = os.path.join(self.top, "queue", name)
            with open(path, "rb") as text:
                data = re.sub(rb"Arrived: \d+", b"Arrived: %d" % (ms // 1000), text.read())
            os.unlink(path)     # first: within the same millisecond the name is the same
            with open(os.path.join(self.top, "queue", older), "wb") as out:
                out.write(data)
            if os.path.exists(path + ".state"):
                os.rename(path + ".state", os.path.join(self.top, "queue", older + ".state"))
