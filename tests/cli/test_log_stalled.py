"""A log whose reader has stalled, or is not there, holds up no mail: the line is dropped, with a warning."""
import os
import re
import socket
import time

import pytest

from given import FROM_ANN as TEXT
from waiting import SOON


def stall(mounts):
    """Nobody reads: until nothing more is taken."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
        filler.setblocking(False)
        try:
            while True:
                filler.sendto(b"x", mounts.seen("/dev/log"))
        except BlockingIOError:
            pass


@pytest.mark.parametrize("value, args, priority, tag", [("on", [], 8 + 6, "mysend"), ("LOG_MAIL", ["-L", "cron"], 16 + 6, "cron"), ("LOG_LOCAL7", [], 184 + 6, "mysend")])
def test_syslog_gets_a_line_as_the_c_library_would_say_it(spool, relay, syslog, mounts, value, args, priority, tag):
    spool.run(*args, "bob@example.org", stdin=TEXT, relay=relay(), more="syslog %s\n" % value, prefix=mounts.prefix).ok()
    line = syslog.recv(65536).decode()
    assert re.match(r"<%d>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d %s\[\d+\]: host=127.0.0.1 .* exitcode=EX_OK .* ms=\d+$" % (priority, tag), line), line


UNSEEN = ["\n", "\x1b", "\x7f", "\u200e", "\u061c", "\u202e", "\u2028", "\u2029", "\ufeff"]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_tag_and_answer_make_no_line_of_their_own_in_syslog(spool, relay, syslog, mounts, unseen):
    words = "" if unseen == "\n" else unseen
    spool.run("-L", "a%sFAKE: line" % unseen + "x" * 500, "bob@example.org", stdin=TEXT, relay=relay('end "250 2.0.0 a%sb"' % words),
              more="syslog on\n", prefix=mounts.prefix).ok()
    line = syslog.recv(65536).decode()
    assert unseen not in line and "FAKE" in line and len(line.split("]: ")[0]) < 260, line


@pytest.mark.parametrize("answer, priority", [("450", 8 + 4), ("550", 8 + 3)])
def test_failure_has_its_level(spool, relay, syslog, mounts, answer, priority):
    spool.run("bob@example.org", stdin=TEXT, relay=relay("ehlo pipelining", "rcpt " + answer), more="syslog on\n", prefix=mounts.prefix)
    assert syslog.recv(65536).startswith(b"<%d>" % priority)


@pytest.mark.parametrize("parts, more, priority", [
    (["ehlo auth=plain", "auth 535"], "user joe\nauth plain\npassword x\n", 16 + 3), (["ehlo auth=plain"], "user joe\nauth plain\npassword_file /nonexistent\n", 16 + 3), (["rcpt 450"], "", 16 + 4),
])
def test_mail_of_a_program_that_waits_in_vain_is_an_error(spool, relay, syslog, mounts, parts, more, priority):
    spool.run("bob@example.org", stdin=TEXT, relay=relay("lax", *parts), more=more + "syslog LOG_MAIL\n", prefix=[*mounts.prefix, "bash", "-c", 'exec -a sendmail "$0" "$@"'])
    line = syslog.recv(65536)
    assert line.startswith(b"<%d>" % priority) and b"spooled=" in line and (priority == 16 + 4 or b"hint='" in line), line


def test_stalled_syslog_holds_up_no_mail(spool, relay, syslog, mounts):
    there = relay()
    stall(mounts)
    for i in range(5):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    began = time.monotonic()
    run = spool.run("-q", relay=there, more="syslog on\n", prefix=mounts.prefix)
    one = spool.run("bob@example.org", stdin=TEXT, relay=there, more="syslog on\n", prefix=mounts.prefix)
    assert time.monotonic() - began < SOON and len(there.messages) == 6 and spool.files() == []
    assert run.status == one.status == 0 and run.err.count("syslog does not take a line") == 5 and one.err.count("\n") == 1


def test_host_without_syslog_is_no_warning(spool, relay, syslog, mounts):
    os.unlink(mounts.seen("/dev/log"))
    spool.run("bob@example.org", stdin=TEXT, relay=relay(), more="syslog on\n", prefix=mounts.prefix).ok()


@pytest.mark.parametrize("where", ["-", "/dev/stdout", "fifo"])
def test_pipe_that_nobody_reads_holds_up_no_mail(spool, relay, tmp_path, where):
    there = relay()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while os.write(writer, b"x" * 4096):
            pass
    except BlockingIOError:
        os.set_blocking(writer, True)
    held = []
    if where == "fifo":
        where = str(tmp_path / "fifo")
        os.mkfifo(where)
        held.append(os.open(where, os.O_RDONLY | os.O_NONBLOCK))
        held.append(os.open(where, os.O_WRONLY | os.O_NONBLOCK))
        try:
            while os.write(held[1], b"x" * 4096):
                pass
        except BlockingIOError:
            pass
    done = spool.run("bob@example.org", stdin=TEXT, relay=there, more="logfile %s\n" % where, stdout=writer)
    assert done.status == 0 and len(there.messages) == 1 and "logfile" in done.err and done.err.count("\n") == 1
    for fd in (reader, writer, *held):
        os.close(fd)


def test_service_manager_that_reads_nothing_holds_up_no_run(spool, relay, tmp_path):
    there = relay()
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
        manager.bind(str(tmp_path / "notify"))
        filler.setblocking(False)
        try:
            while True:
                filler.sendto(b"x", str(tmp_path / "notify"))
        except BlockingIOError:
            pass
        run = spool.mysend.start("-q1h", config=spool.config(there), env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert there.wait_for_message()
        run.process.terminate()
        assert run.finish(b"").status == 0
