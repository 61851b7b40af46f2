"""A table and a letter, and what --merge makes of them: the fixture `merge`."""
import email
import email.policy
import os
import re

import pytest

SUM = re.compile(r"mysend: ([\d,]+ of [\d,]+ (sent|would be sent)|t\.csv: \d+ of \d+ are bad)")


def text_of(mail, kind="plain"):
    """What the reader sees, with LF as line ends."""
    return mail.get_body((kind,)).get_content().replace("\r\n", "\n")


class Merged:
    def __init__(self, done, relay):
        self.done, self.relay, self.status = done, relay, done.status
        self.told = [line[8:] for line in done.errors if not SUM.match(line)]       # all but the sum
        self.warned = [line[17:] for line in done.err.splitlines() if line.startswith("mysend: warning: ")]
        self.sent = [(sorted(one.recipients), one.body) for one in relay.messages]
        self.recipients = sorted(to for all_of_it, _ in self.sent for to in all_of_it)

    def __repr__(self):
        return "%r %r" % (self.done, self.sent)

    def mail(self, to):
        """The one message that `to` got, as Python's email reads it."""
        bodies = [body for recipients, body in self.sent if to in recipients]
        assert len(bodies) == 1, self
        return email.message_from_bytes(bodies[0], policy=email.policy.default)

    def text(self, to):
        return text_of(self.mail(to))


@pytest.fixture
def merge(mysend, relay, tmp_path):
    """merge(table, letter, option, ..., files={name: octets}) -> Merged; the folder has t.csv, t.eml and those files."""
    folder = tmp_path / "merge"
    folder.mkdir()

    def run(table, letter, *options, files=(), config="", parts=("ehlo pipelining chunking 8bitmime",), status=None, **more):
        for name, octets in dict(files).items():
            (folder / name).write_bytes(octets)
        (folder / "t.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
        template = ()
        if letter is not None:
            (folder / "t.eml").write_bytes(letter if isinstance(letter, bytes) else letter.encode())
            template = ("--template", "t.eml")
        for one in os.listdir(folder):
            if ".ledger" in one or ".failed" in one:
                os.unlink(folder / one)
        there = relay(*parts)
        done = mysend("--merge", "t.csv", *template, "--retries", "0", *options, relay=there, config="sessions 1\n" + config, cwd=folder, **more)
        got = Merged(done, there)
        if status is not None:
            assert got.status == status, got
        return got
    return run
