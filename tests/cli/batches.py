"""What tests of --batch and --merge share: a table, a letter, and a terminal."""
import fcntl
import json
import os
import pty
import select
import struct
import termios

from waiting import PATIENCE

LETTER = "From: me@example.net\nTo: {{name}} <{{email}}>\nSubject: Hello {{name}}\n\nDear {{name}}\n"
FAST = "ehlo pipelining chunking"


def table(mysend, count, bad=(), name="people.csv"):
    """A table of so many rows, u1@example.org and on; those in bad have no address."""
    rows = ["N%d,%s" % (i, "nonsense@" if i in bad else "u%d@example.org" % i) for i in range(1, count + 1)]
    return mysend.file("\n".join(["name,email"] + rows) + "\n", name=name)


def letter(mysend, text=LETTER):
    return mysend.file(text, name="letter.eml")


def merge(mysend, count, *args, bad=(), config="", **more):
    """A merge of so many rows; the result."""
    return mysend("--merge", table(mysend, count, bad), "--template", letter(mysend), *args, config=config, **more)


def events(result):
    """--json: (the mails, bad ones too, the sum)."""
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [line["event"] for line in lines].index("sum") == len(lines) - 1, result
    return [line for line in lines if line["event"] in ("mail", "bad")], lines[-1]


def got(relay):
    """The recipients of all mails that arrived, sorted."""
    return sorted(address for one in relay.messages for address in one.recipients)


class Terminal:
    """A terminal of mysend's: standard input and error are one, and standard output is kept apart (but with output=True)."""

    def __init__(self, mysend, *args, columns=100, output=False, **more):
        self.ours, theirs = pty.openpty()
        more.update({"stdout": theirs} if output else {})
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
        self.run = mysend.start(*args, stdin=theirs, stderr=theirs, **more)
        os.close(theirs)
        self.seen = b""

    def read(self):
        """More of what it shows; False at the end."""
        assert select.select([self.ours], [], [], PATIENCE)[0], "nothing more is shown: %r" % self.seen
        try:
            piece = os.read(self.ours, 4096)
        except OSError:         # the other end is closed
            return False
        self.seen += piece
        return bool(piece)

    def wait_for(self, text):
        while text not in self.seen:
            assert self.read(), "it ended without %r: %r" % (text, self.seen)

    def type(self, text):
        os.write(self.ours, text)

    def finish(self):
        """The status, and all that was shown, as text."""
        while self.read():
            pass
        result = self.run.finish(self.ours)
        os.close(self.ours)
        return result.status, self.seen.decode().replace("\r\n", "\n")
