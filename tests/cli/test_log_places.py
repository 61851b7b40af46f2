"""Where a line of the log goes, and where root does not let it be led."""
import fcntl
import os
import stat

import pytest

TEXT = b"Subject: x\n\nbody\n"
EVE = 54321
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@needs_root
@pytest.mark.parametrize("kind", ["link", "dangling link", "folder on the way", "folder of hers", "fifo", "hard link", "planted"])
def test_root_logs_into_nothing_that_somebody_else_can_have_put_there(mysend, relay, tmp_path, kind):
    one, hers = relay(), tmp_path / "hers"
    hers.mkdir()
    victim = mysend.file("victim\n", name=str(tmp_path / "victim"))
    log, victim_folder = hers / "log", tmp_path / "cron.d"
    victim_folder.mkdir()
    if kind == "link":
        os.symlink(victim, log)
    elif kind == "dangling link":
        os.symlink(victim_folder / "job", log)
    elif kind == "folder on the way":
        os.symlink(victim_folder, hers / "logs")
        os.chown(hers / "logs", EVE, EVE, follow_symlinks=False)
        log = hers / "logs" / "job"
    elif kind == "fifo":
        os.mkfifo(log)
    elif kind == "hard link":
        os.link(victim, log)
        os.chmod(hers, 0o1777)
    elif kind == "planted":
        mysend.file("hers\n", name=str(log))
        os.chown(log, EVE, EVE)
        os.chmod(hers, 0o1777)
    if kind not in ("hard link", "planted"):
        os.chown(hers, EVE, EVE)
    done = mysend("bob@example.org", stdin=TEXT, relay=one, config="logfile %s\n" % log)
    assert done.status == 0 and one.message and "warning: logfile cannot be written: %s is refused" % log in done.err, done
    with open(victim, encoding="ascii") as text:
        assert text.read() == "victim\n"
    assert not os.listdir(victim_folder) and (kind != "planted" or log.read_bytes() == b"hers\n") and (kind != "folder of hers" or not log.exists())


def test_own_link_is_no_log_either(mysend, relay, tmp_path):
    one = relay()
    os.symlink("real", tmp_path / "log")
    assert "it is a link" in mysend("bob@example.org", stdin=TEXT, relay=one, config="logfile %s\n" % (tmp_path / "log")).err


def test_reader_of_the_log_who_holds_a_lock_costs_neither_time_nor_a_line(mysend, relay, tmp_path):
    one, log = relay(), tmp_path / "log"
    log.touch(0o600)
    with open(log, "rb") as reader:
        fcntl.flock(reader, fcntl.LOCK_EX)
        for _ in range(3):
            mysend("bob@example.org", stdin=TEXT, relay=one, config="logfile %s\n" % log).ok()
        assert len(reader.read().splitlines()) == 3


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_log_on_standard_output_goes_to_no_smtp_client(mysend, relay, name):
    one = relay()
    dialogue = b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n"
    done = mysend("-bs", stdin=dialogue, relay=one, config="logfile %s\n" % name)
    assert done.status == 0 and one.message and all(line[:3].isdigit() for line in done.out.splitlines()), done
    assert done.err.count("exitcode=EX_OK") == 1
    plain = mysend("bob@example.org", stdin=TEXT, relay=one, config="logfile %s\n" % name)
    assert plain.status == 0 and plain.err == "" and plain.out.count("exitcode=EX_OK") == 1


@pytest.mark.parametrize("name", ["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"])
def test_log_may_be_standard_error(mysend, relay, name):
    """In a container, where the pipe of standard error is the log."""
    one = relay()
    done = mysend("bob@example.org", stdin=TEXT, relay=one, config="logfile %s\n" % name)
    assert done.status == 0 and done.out == "" and done.err.count("exitcode=EX_OK") == 1


def test_log_of_a_daemon_in_roots_folder_is_written(mysend, relay, tmp_path):
    """/var/log/msmtp belongs to the log daemon, or to its own user; the folder is root's."""
    one, log = relay(), tmp_path / "log"
    log.touch(0o640)
    mode = stat.S_IMODE(log.stat().st_mode)
    if os.geteuid() == 0:
        os.chown(log, EVE, EVE)
    mysend("bob@example.org", stdin=TEXT, relay=one, config="logfile %s\n" % log).ok()
    assert stat.S_IMODE(log.stat().st_mode) == mode and b"exitcode=EX_OK" in log.read_bytes()
