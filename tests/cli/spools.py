"""A spool of the test's own, and mysend configured for it."""
import os


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
