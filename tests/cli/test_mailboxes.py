"""Mailbox files, read as others read them: Python's mailbox module is the judge."""
import mailbox
import os
import random
import re
import shutil
import subprocess

import pytest

from preload import once
from waiting import PATIENCE

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
DATA = os.path.join(os.path.dirname(HERE), "data", "mailboxes")
SEED = int(os.environ.get("MAILBOX_SEED", "1"))


@pytest.fixture
def read(mysend, libraries):
    """read(path, ..., variant) -> for each file [(number, line, octets), ...], as intake/feed_mbox reads it."""
    archive = os.path.join(os.path.dirname(mysend.path), "libmysend.a")
    compiler = shutil.which("cc") or shutil.which("gcc")
    if mysend.sanitized or compiler is None or not os.path.exists(archive):
        pytest.skip("what reads mailboxes for this test is linked to libmysend.a, built without sanitizers")

    def make(path):
        subprocess.run([compiler, "-O1", "-D_XOPEN_SOURCE=700", "-D_DEFAULT_SOURCE", "-I" + os.path.join(TOP, "src"), "-o", path,
                        "-xc", os.path.join(HERE, "mailboxes.c"), "-xnone", archive, "-lpthread", "-ldl"], check=True, timeout=PATIENCE)
    program = once(os.path.join(libraries, "mailboxes"), make)

    def run(paths, variant):
        said = subprocess.run([program, variant, *paths], check=True, timeout=PATIENCE, capture_output=True).stdout
        found = []
        while said:
            line, said = said.split(b"\n", 1)
            path, count = line.rsplit(b" ", 1)
            messages = []
            for _ in range(int(count)):
                line, said = said.split(b"\n", 1)
                number, at, octets = map(int, line.split())
                messages.append((number, at, said[:octets]))
                said = said[octets:]
            assert path.decode() == paths[len(found)]
            found.append(messages)
        assert len(found) == len(paths)
        return found
    return run


def plain(octets):
    """Line ends are LF, the text is ended, and a message without one is its header."""
    header, _, text = (octets.replace(b"\r\n", b"\n") + b"\n\n").partition(b"\n\n")
    return header, text.rstrip(b"\n"), len(text) - len(text.rstrip(b"\n")) if text.strip(b"\n") else 0


def same(ours, theirs):
    """All of it but how many line ends stand at the end of the text, where a text without any gets one."""
    (one, text, ends), (other, judged, others) = plain(ours), plain(theirs)
    assert (one, text) == (other, judged)
    assert not text or ends == max(others, 3)


def unquoted(octets, pattern=rb"(?m)^>(>*From )"):
    header, parting, text = octets.partition(b"\r\n\r\n" if b"\r\n\r\n" in octets else b"\n\n")
    return header + parting + re.sub(pattern, rb"\1", text)


WORDS = [b"", b"", b"", b"text", b"From ", b"From you to me", b"From a@b Mon Jan  1 00:00:00 2024", b">From x", b">>From y", b"> From z", b">>>", b"Subject: x",
         b"Content-Length: 3", b"From: a@b", b".", b"\xc3\xa4\xff", b"x" * 1200, b"f", b"F", b">"]


def text_of(dice):
    return b"".join(dice.choice(WORDS) + b"\n" for _ in range(dice.randrange(12))).rstrip(b"\n") + b"\n" * dice.randrange(1, 4)


def message_of(dice, number):
    fields = [b"Subject: %d" % number, b"To: a@example.org,\n\tb@example.org", b"From: me@example.org", b"X-Y: " + b"z" * dice.randrange(200), b"Date: x"]
    dice.shuffle(fields)
    return b"\n".join(fields) + b"\n\n" + text_of(dice)


def by_python(path, messages):
    box = mailbox.mbox(path)
    for one in messages:
        box.add(one)
    box.close()


FROM = [b"From a@b Mon Jan  1 00:00:00 2024", b"From - Tue Mar 05 09:12:33 2019", b"From 1234@xxx Mon Jan 01 10:02:11 +0000 2024", b"From MAILER-DAEMON",
        b"From a@b 2024-01-01 00:00", b"From c d e Mon, 1 Jan 2024 0:00 GMT"]


def by_rd(path, messages, dice):
    with open(path, "wb") as out:
        for one in messages:
            header, _, text = one.partition(b"\n\n")
            out.write(dice.choice(FROM) + b"\n" + header + b"\n\n" + re.sub(rb"(?m)^(>*From )", rb">\1", text) + b"\n")


def by_cl2(path, messages, dice):
    with open(path, "wb") as out:
        for one in messages:
            header, _, text = one.partition(b"\n\n")
            out.write(dice.choice(FROM) + b"\n" + header + b"\nContent-Length: %d\n\n" % len(text) + text + b"\n")


def test_two_thousand_mailboxes_have_the_messages_that_python_finds(read, tmp_path):
    dice = random.Random(SEED)
    made = {"python": [], "rd": [], "cl2": []}
    for number in range(2000):
        path = str(tmp_path / str(number))
        messages = [message_of(dice, i) for i in range(dice.randrange(1, 8))]
        kind = dice.choice(sorted(made))
        if kind == "python":
            by_python(path, messages)
        else:
            {"rd": by_rd, "cl2": by_cl2}[kind](path, messages, dice)
        if kind != "cl2" and dice.random() < 0.3:
            with open(path, "rb") as one:
                octets = one.read().replace(b"\n", b"\r\n")
            with open(path, "wb") as one:
                one.write(octets)
        made[kind].append((path, messages))

    # What is quoted stays so for the judge: it takes nothing off.
    for kind, variant, pattern in (("python", "o", rb"(?m)^>(From )"), ("rd", "rd", rb"(?m)^>(>*From )")):
        found = read([path for path, _ in made[kind]], variant)
        for (path, messages), ours in zip(made[kind], found):
            judge = mailbox.mbox(path)
            assert [number for number, _, _ in ours] == list(range(1, len(messages) + 1)) and len(judge) == len(messages)
            with open(path, "rb") as lines:
                lines = lines.read().split(b"\n")
            for key, (_, line, octets), written in zip(judge.keys(), ours, messages):
                judged = judge.get_bytes(key)
                # It leaves the empty line in front of the next message to this one where lines end in CRLF.
                same(octets, unquoted(judged[:-2] if judged.endswith(b"\r\n") else judged, pattern))
                assert lines[line - 1].startswith(b"From ")
                if kind == "rd":
                    same(octets, written)
    # Python knows no Content-Length: here those who wrote the messages judge.
    for (path, messages), ours in zip(made["cl2"], read([path for path, _ in made["cl2"]], "rd")):
        assert len(ours) == len(messages), path
        for (_, _, octets), written in zip(ours, messages):
            same(re.sub(rb"\r\nContent-Length: \d+\r\n\r\n", b"\r\n\r\n", octets, count=1), written)


@pytest.mark.parametrize("name, subjects", [
    ("thunderbird.mbox", ["The boiler", "Rent"]),
    ("mutt.mbox", ["A line that begins a mail", "Short"]),
    ("git.mbox", ["[PATCH 1/2] pump: say when it runs dry", "[PATCH 2/2] pump: stop then"]),
    ("apple.mbox/mbox", ["Keys", "Keys again"]),
    ("takeout.mbox", ["New year", "Re: New year"]),
    ("formail.mbox", ["First", "Second"]),
])
def test_mailboxes_are_read_as_mail_programs_write_them(read, name, subjects):
    (found,) = read([os.path.join(DATA, name)], "rd")
    assert [re.search(rb"(?m)^Subject: (.*)\r$", octets)[1].decode() for _, _, octets in found] == subjects
    texts = b"".join(octets for _, _, octets in found)
    assert b"\r\n>From " not in texts and not texts.endswith(b"\r\n\r\n\r\n\r\n")


def test_what_git_format_patch_and_formail_make_is_read(read, tmp_path):
    if not shutil.which("git") or not shutil.which("formail"):
        pytest.skip("git or formail is missing")

    def git(*args):
        return subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *args], cwd=tmp_path, check=True, capture_output=True,
                              timeout=PATIENCE, env={**os.environ, "HOME": str(tmp_path)}).stdout
    git("init", "-q")
    for number in range(5):
        (tmp_path / "file").write_text("line %d\n" % number)
        git("add", "file")
        git("commit", "-qm", "change %d\n\nFrom here on it is %d.\n\nFrom me" % (number, number))
    series = git("format-patch", "--stdout", "--root", "--to", "list@example.org")
    (tmp_path / "series").write_bytes(series)
    (found,) = read([str(tmp_path / "series")], "rd")
    assert [re.search(rb"(?m)^Subject: \[PATCH ./5\] (.*)\r$", octets)[1] for _, _, octets in found] == [b"change %d" % i for i in range(5)]
    parted = subprocess.run(["formail", "-s"], input=series, check=True, capture_output=True, timeout=PATIENCE).stdout
    (tmp_path / "parted").write_bytes(parted)
    (again,) = read([str(tmp_path / "parted")], "rd")
    assert len(again) == 5


def test_what_mutt_stores_is_read_whole(read, tmp_path):
    if not shutil.which("mutt"):
        pytest.skip("mutt is missing")
    text = b"Dear all,\n\nFrom here on\n\nFrom alice@example.org Mon Jan  1 00:00:00 2024\n\n>From quoted\nend\n"
    settings = "set copy=yes record=%s mbox_type=mbox sendmail=/bin/true encode_from=no from=a@example.org confirmappend=no" % (tmp_path / "sent")
    for number in range(3):
        subprocess.run(["mutt", "-n", "-F", "/dev/null", "-e", settings, "-s", str(number), "bob@example.com"], input=text, check=True, timeout=PATIENCE,
                       env={**os.environ, "HOME": str(tmp_path)}, capture_output=True)
    (found,) = read([str(tmp_path / "sent")], "rd")
    assert [plain(octets)[1] for _, _, octets in found] == [text.rstrip(b"\n")] * 3
