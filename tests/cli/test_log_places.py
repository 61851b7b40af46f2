"""Where a line of the log goes, and where root does not let it be led."""
import fcntl
import os
import stat

import pytest

from given import EVE, needs_root, PLAIN as TEXT


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
    why = "%s is refused" % log
    if kind == "planted" and "%s: Permission denied" % log in done.err:     # systemd sets fs.protected_regular: then the kernel says no before us
        why = "%s: Permission denied" % log
    assert done.status == 0 and one.message and "warning: logfile cannot be written: " + why in done.err, done
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


# --- what the line is, and who may say where it goes ----------------------------------------------

@pytest.mark.parametrize("how", ["variable", "configuration"])
@pytest.mark.parametrize("form", ["%n* * * * * root touch pwned%n#", "%t%n", "%b%d%n%n"])
def test_time_makes_no_line_of_its_own(mysend, relay, tmp_path, how, form):
    """%n of strftime is a line end: a line in a crontab of root's was the caller's."""
    one, log = relay(), tmp_path / "log"
    config, env = "logfile %s\n" % log, {}
    if how == "variable":
        env = {"MYSEND_LOGFILE_TIME_FORMAT": form}
    else:
        config += "logfile_time_format %s\n" % form
    mysend("bob@example.org", stdin=TEXT, relay=one, config=config, env=env).ok()
    written = log.read_bytes()
    assert written.count(b"\n") == 1 and b"\\x0a" in written and b"\t" not in written, written


@needs_root
@pytest.mark.parametrize("how", ["variable", "her file", "empty", "-", "/dev/stderr", "/proc/self/fd/2", "option"])
def test_who_sets_a_variable_of_roots_chooses_no_file_to_write(mysend, relay, tmp_path, how):
    one, log = relay(), tmp_path / "log"
    if how == "her file":
        path = mysend.file("account default\n%sfrom me@example.net\nlogfile %s\n" % (mysend.where(one), log))
        os.chown(path, EVE, EVE)
        done = mysend("bob@example.org", stdin=TEXT, env={"MYSEND_CONFIG": path})
        assert done.failed(78) == "%s:6: a logfile counts only out of a file of ours or root's that nobody else may write" % path
    elif how == "variable":
        done = mysend("bob@example.org", stdin=TEXT, relay=one, env={"MYSEND_LOGFILE": str(log)})
        assert done.failed(78) == "MYSEND_LOGFILE is refused: for root a variable names no file to write to" and "put logfile into" in done.hints[0]
    elif how == "option":
        mysend("--logfile=%s" % log, "bob@example.org", stdin=TEXT, relay=one).ok()
    else:
        done = mysend("bob@example.org", stdin=TEXT, relay=one, env={"MYSEND_LOGFILE": "" if how == "empty" else how})
        assert done.status == 0 and (done.out + done.err).count("exitcode=EX_OK") == (how != "empty"), done
    assert log.exists() == (how == "option") and len(one.messages) == (how not in ("variable", "her file"))
