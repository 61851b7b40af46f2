"""What tests of --login share: a person at a terminal, and what is kept of it."""
import os
import termios

from batches import Terminal
from given import PLAIN
from program import Result

TAKES = "ehlo auth=xoauth2,oauthbearer"
ALL = ("token", "login", "device", "revoke")
BROWSER = ("token", "login", "revoke")


class Person(Terminal):
    """Somebody who logs in; standard output is kept apart, as `out`."""

    def __init__(self, mysend, one, there, *args, only=ALL, config="", env=None, account=None, **more):
        self.mysend = mysend
        super().__init__(mysend, "--login", *args, relay=there, config=(account or one.account("login", only=only)) + config, env={"TERM": "xterm", **(env or {})}, **more)

    def finish(self):
        status, shown = super().finish()
        self.out = self.mysend.results[-1].out
        self.mysend.results.append(Result(status, b"", self.seen))     # no secret is on the screen
        return status, shown

    def killed(self):
        """By which signal it ended; what was shown is kept."""
        while self.read():
            pass
        self.run.process.communicate()
        self.mysend.results.append(Result(0, b"", self.seen))
        os.close(self.ours)
        return -self.run.process.returncode

    def modes(self):
        return termios.tcgetattr(self.ours)

    def line_after(self, text):
        """What is shown behind these words, up to the end of the line."""
        self.wait_for(text)
        while b"\n" not in self.seen.split(text, 1)[1]:
            assert self.read()
        return self.seen.split(text, 1)[1].split(b"\n")[0].decode().strip()

    def url(self):
        """The address to be opened in a browser."""
        url = self.line_after(b"on any other:\r\n")
        self.wait_for(b"paste it here:\r\n> ")
        return url


def kept(mysend):
    """What is in the files of tokens, by their names, without the locks."""
    folder = os.path.join(mysend.tmp, "oauth")
    names = [name for name in os.listdir(folder) if not name.endswith(".lock")] if os.path.isdir(folder) else []
    found = {}
    for name in names:
        with open(os.path.join(folder, name), "rb") as text:
            found[name] = text.read()
    return found


def send(mysend, one, there, **more):
    """A mail by that login."""
    return mysend("bob@example.org", stdin=PLAIN, relay=there, config=one.account("login", **more))
