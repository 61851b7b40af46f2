"""--batch: what other programs write into mailboxes, sent; git, mutt, formail, mblaze and Python's mailbox module are run for real.

Thunderbird cannot be run here: its mailbox is made by what it documents.
"""
import mailbox
import os
import subprocess

import pytest

from programs import Host, need
from waiting import PATIENCE

TEXT = "From the first line on\n\nFrom ann@example.net, after an empty line: caf\u00e9\n>From quoted\n.\n..\nend\n"


@pytest.fixture
def host(binary, tmp_path, relay):
    return Host(binary, tmp_path, relay("ehlo pipelining chunking 8bitmime"), more="sessions 1\nfrom ann@example.net\n")


def batch(host, *args, stdin="", status=0):
    return host.run(host.binary, "--batch", *args, "--retries", "0", stdin=stdin, status=status)


def message(number, text=TEXT, more=""):
    return ("Message-ID: <%d@example.net>\nDate: Mon, 23 Nov 2026 10:00:00 +0000\nFrom: ann@example.net\nTo: u%d@example.org\nSubject: number %d\nMIME-Version: 1.0\n"
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n%s\n%s" % (number, number, number, more, text))


def arrived(host, count, text=TEXT):
    """All of them, each to whom it names, with its text octet by octet and no note of the program that kept it."""
    got = sorted(host.relay.messages, key=lambda one: one.recipients[0])
    assert [one.recipients for one in got] == [["u%d@example.org" % i] for i in range(count)]
    for mail in got:
        assert mail.content.decode().replace("\r\n", "\n") == text
        for note in ("Status", "X-Status", "Content-Length", "Lines", "X-Mozilla-Status", "X-Mozilla-Status2", "X-Mozilla-Keys", "X-UID", "Bcc"):
            assert mail.field(note) is None
    return got


# --- git ------------------------------------------------------------------------------------------------

COMMITS = [
    ("x: the first", "a\nFrom b\n>From c\nFrom d Mon Sep 17 00:00:00 2001\n"),
    ("x: caf\u00e9\n\nFrom today on it is so.\n\nFrom: a line that looks like a field\n.\n", "a\nFrom b\n>From c\n.\n..\ncaf\u00e9\n\n\nno line end"),
    ("x: the last\n\n---\nlooks like the end of a message\n", "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: me@example.net\n\ntext\n"),
]


def git(host, *args, stdin=None, cwd="repo"):
    env = host.environment({"GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Ann Dev", "GIT_AUTHOR_EMAIL": "ann@example.net", "GIT_COMMITTER_NAME": "Ann Dev",
                            "GIT_COMMITTER_EMAIL": "ann@example.net", "GIT_AUTHOR_DATE": "2026-11-23T10:00:00Z", "GIT_COMMITTER_DATE": "2026-11-23T10:00:00Z"})
    done = subprocess.run(["git", *args], cwd=os.path.join(host.tmp, cwd), env=env, input=stdin, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done
    return done.stdout.decode()


def repository(host):
    os.makedirs(os.path.join(host.tmp, "repo"))
    git(host, "init", "-q", "-b", "main")
    git(host, "commit", "-q", "--allow-empty", "-m", "empty")
    git(host, "tag", "base")
    for words, text in COMMITS:
        host.write("repo/x", text)
        git(host, "add", "x")
        git(host, "commit", "-q", "-F", "-", "--cleanup=verbatim", stdin=words.encode())


@pytest.mark.parametrize("more", [[], ["--pretty=mboxrd"]], ids=["mbox", "mboxrd"])
def test_git_format_patch_is_sent_as_a_thread_and_what_arrives_can_be_applied(host, more):
    need("git")
    repository(host)
    patches = git(host, "format-patch", "--stdout", "--cover-letter", "--thread", "--to=bob@example.org", "--cc=dora@example.org", *more, "base..main")
    batch(host, "-", stdin=patches)
    got = sorted(host.relay.messages, key=lambda one: one.field("Subject"))
    assert len(got) == 4 and all(sorted(one.recipients) == ["bob@example.org", "dora@example.org"] for one in got)
    assert ["%d/3" % i in one.field("Subject") for i, one in enumerate(got)] == [True] * 4
    first = got[0].field("Message-ID")
    assert got[0].field("In-Reply-To") is None and all(one.field("In-Reply-To") == first and first in one.field("References") for one in got[1:])
    git(host, "clone", "-q", "repo", "other", cwd=".")
    git(host, "reset", "-q", "--hard", "base", cwd="other")
    for one in got[1:]:
        git(host, "am", "-q", "--keep-non-patch", stdin=b"From x Mon Sep 17 00:00:00 2001\n" + one.body.replace(b"\r\n", b"\n"), cwd="other")
    assert git(host, "rev-parse", "HEAD^{tree}", cwd="other") == git(host, "rev-parse", "main^{tree}")


# --- mail user agents -----------------------------------------------------------------------------------

@pytest.mark.parametrize("program", ["mutt", "neomutt"])
@pytest.mark.parametrize("form", ["mbox", "Maildir"])
def test_what_mutt_keeps_of_sent_mail_is_sent(host, program, form):
    need(program)
    rc = host.write("muttrc", "set sendmail=/bin/true\nset from=ann@example.net\nset copy=yes\nset record=%s/kept\nset mbox_type=%s\nset charset=utf-8\n"
                    "set send_charset=utf-8\nset allow_8bit=yes\nset write_bcc=yes\nset text_flowed=no\n" % (host.tmp, form))
    for i in range(3):
        host.run(program, "-n", "-F", rc, "-s", "number %d" % i, "-b", "dora@example.org", "u%d@example.org" % i, stdin=TEXT)
    with open(os.path.join(host.tmp, "kept"), encoding="utf-8") if form == "mbox" else open(os.devnull, encoding="utf-8") as kept:
        assert form == "Maildir" or "Content-Length: " in kept.read()
    batch(host, "kept")
    got = sorted(host.relay.messages, key=lambda one: one.field("Subject"))
    assert len(got) == 3
    for i, mail in enumerate(got):
        assert "u%d@example.org" % i in mail.recipients and mail.field("Bcc") is None and mail.field("Status") is None and mail.field("Content-Length") is None
        assert mail.content.decode().replace("\r\n", "\n") == TEXT


def test_thunderbirds_mailbox_is_sent(host):
    def one(i, end):
        head, text = message(i).split("\n\n", 1)
        text = text.replace(">From", ">>From").replace("\nFrom", "\n>From") if not text.startswith("From") else ">" + text.replace(">From", ">>From").replace("\nFrom", "\n>From")
        kept = ("From - Mon Nov 23 10:00:0%d 2026\nX-Account-Key: account1\nX-UIDL: UID%d-1\nX-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\nX-Mozilla-Keys: %s\n" %
                (i, i, " " * 80) + head + "\n\n" + text + "\n")
        return kept.replace("\n", end)
    for name, end in (("Sent", "\n"), ("Sent-crlf", "\r\n")):
        with open(os.path.join(host.tmp, name), "w", encoding="utf-8", newline="") as out:
            out.write("".join(one(i, end) for i in range(3)))
        batch(host, name)
        arrived(host, 3)
        del host.relay.transactions[:]


def test_what_formail_makes_of_a_mailbox_is_sent(host):
    need("formail")
    with open(os.path.join(host.tmp, "box"), "w", encoding="utf-8") as out:
        out.write("\n".join("From ann@example.net Mon Nov 23 10:00:00 2026\n" + message(i, "x\n>From y\n") for i in range(3)))
    with open(os.path.join(host.tmp, "box"), encoding="utf-8") as box:
        made = host.run("formail", "-I", "X-Made: by formail", "-s", "formail", "-I", "Reply-To: list@example.org", stdin=box.read()).stdout.decode()
    batch(host, "-", stdin=made)
    for mail in arrived(host, 3, "x\nFrom y\n"):
        assert mail.field("Reply-To") == "list@example.org"


def test_mblazes_maildir_is_sent(host):
    need("mdeliver", "mmkdir", "minc", "mflag")
    host.run("mmkdir", "kept")
    for i in range(3):
        host.run("mdeliver", "kept", stdin=message(i))
        if i == 0:
            host.run("mflag", "-S", host.run("minc", "kept").stdout.decode().split()[0])
    assert [len(os.listdir(os.path.join(host.tmp, "kept", name))) for name in ("new", "cur", "tmp")] == [2, 1, 0]
    batch(host, "kept")
    arrived(host, 3)


@pytest.mark.parametrize("form", ["mbox", "Maildir"])
def test_pythons_mailboxes_are_sent(host, form):
    path = os.path.join(host.tmp, "kept")
    box = mailbox.Maildir(path) if form == "Maildir" else mailbox.mbox(path)
    for i in range(3):
        one = (mailbox.MaildirMessage if form == "Maildir" else mailbox.mboxMessage)(message(i).encode())
        one.set_flags("S" if form == "Maildir" else "RO")
        box.add(one)
    box.flush()
    box.close()
    batch(host, "kept")
    # the module puts one ">" in front of "From " and none in front of ">From ": it cannot be told which was there
    arrived(host, 3, TEXT if form == "Maildir" else TEXT.replace(">From", "From"))
