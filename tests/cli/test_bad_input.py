"""Hostile and clumsy callers: the program ends with a status and a line, never with a crash or half a mail."""
import ctypes
import fcntl
import os
import random
import resource
import socket
import termios

import pytest
from given import PLAIN as TEXT
from waiting import PATIENCE, wait_for

SYSEXITS = set(range(64, 79))


def sane(result):
    """Success in silence, or a sysexits status with a printable line."""
    assert result.status == 0 or result.status in SYSEXITS, result
    if result.status:
        assert result.err.startswith(("mysend: ", "sendmail: ")), result
    assert len(result.raw_err) < 20000
    return result


@pytest.mark.parametrize("args", [
    ["x" * 100000], ["x" * 100000 + "@example.org"], ["a@" + "x" * 100000], ["-f", "x" * 100000 + "@example.org", "bob@example.org"],
    ["-F", "x" * 100000, "bob@example.org"], ["--" + "x" * 100000], ["-a", "x" * 100000, "bob@example.org"], ["-V", "x" * 100000, "bob@example.org"],
    ["--from=" + "x" * 100000, "bob@example.org"], ["--config=" + "x" * 100000, "bob@example.org"], ["(" * 50000 + "a@example.org"], ["<" * 50000],
    ["\"" * 50001], ["," * 100000], ["a@example.org," * 5000], [":" * 50000], ["\\" * 50000], ["@" * 50000], ["a." * 40000 + "b@example.org"],
], ids=lambda args: args[0][:8] + args[-1][:8])
def test_very_long_arguments_do_no_harm(mysend, relay, args):
    one = relay()
    sane(mysend(*args, stdin=TEXT, relay=one))


@pytest.mark.parametrize("args", [[b"\xff\xfe@example.org"], [b"-F", b"\xff\xfe", b"bob@example.org"], [b"-f", b"\xff@example.org", b"bob@example.org"], [b"\xc3"],
                                  [b"--\xff=1"], [b"bob@ex\xe4mple.org"], [b"-\xff"], [b"--from=\xff@x", b"bob@example.org"], [b"-C\xff", b"bob@example.org"]])
def test_arguments_that_are_no_utf8_do_no_harm(mysend, relay, args):
    one = relay("ehlo pipelining 8bitmime smtputf8")
    result = sane(mysend(*args, stdin=TEXT, relay=one))
    result.raw_err.decode("utf-8")
    for mail in one.messages:
        mail.body.split(b"\r\n\r\n")[0].decode("utf-8")


@pytest.mark.parametrize("args", [[""], ["", ""], ["-f"], ["-F"], ["-F", "", "bob@example.org"], ["--"], ["--", "--"], ["-t", "--"], ["--="], ["--=x"], ["---"],
                                  ["-ti"], ["-", "-"], ["-o"], ["-O"], ["-O", ""], ["-b"], ["-bz", "bob@example.org"], ["-C"], ["-oQ"], [" "], ["\t"], ["\n"],
                                  ["--dry-run=x", "bob@example.org"], ["--help=x"], ["-B"], ["-B", "", "bob@example.org"]], ids=repr)
def test_odd_arguments_get_a_status(mysend, relay, args):
    one = relay()
    sane(mysend(*args, stdin=TEXT, relay=one))


def test_no_arguments_and_no_name_at_all(mysend):
    """As in CVE-2021-4034: the kernel makes argc 0 an empty name."""
    libc, argv = ctypes.CDLL(None, use_errno=True), (ctypes.c_char_p * 1)(None)
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 2)
        libc.execve(mysend.path.encode(), argv, (ctypes.c_char_p * 2)(b"HOME=" + mysend.home.encode(), None))
        os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) in SYSEXITS


def test_thousands_of_recipients_all_get_it(mysend, relay):
    one = relay("ehlo pipelining chunking")
    to = ["user%d@example.org" % i for i in range(5000)]
    mysend(*to, stdin=TEXT, relay=one).ok()
    assert [address for mail in one.messages for address in mail.recipients] == to and len(one.messages) == 50


def test_thousands_of_recipients_in_the_header_all_get_it(mysend, relay):
    one = relay("ehlo pipelining")
    to = ["user%d@example.org" % i for i in range(5000)]
    mysend("-t", stdin="Bcc: " + ",\n ".join(to) + "\nSubject: x\n\nb\n", relay=one).ok()
    assert [address for mail in one.messages for address in mail.recipients] == to
    assert all(b"user" not in mail.body for mail in one.messages)


def test_thousands_of_refusals_are_told_without_a_flood(mysend, relay):
    one = relay("ehlo pipelining", "rcpt 550")
    result = mysend(*["user%d@example.org" % i for i in range(1000)], stdin=TEXT, relay=one)
    assert result.status == 67 and result.err


@pytest.mark.parametrize("text", ["To: " + "(" * 100000 + "a@x.org", "To: " + "a@x.org " * 20000, "To: " + "<" * 100000, "To: " + "\"" * 99999, "To: " + "a:" * 50000,
                                  "To: " + "@a," * 30000 + ":b@x.org", "To: " + "\\" * 100000, "To: " + "=?utf-8?q?" * 10000 + " <a@x.org>", "To: " + "a" * 1000000,
                                  "To: " + ";" * 100000, "To:" + "\n " * 50000 + "a@x.org", "To: " + "[" * 50000], ids=lambda text: text[4:12])
def test_monstrous_address_fields_do_no_harm(mysend, relay, text):
    one = relay()
    sane(mysend("-t", stdin=text + "\n\nbody\n", relay=one))


@pytest.mark.parametrize("size", [900000, 1048576, 3000000])
def test_monstrous_header_is_sent_or_refused_with_65(mysend, relay, size):
    one = relay()
    text = b"".join(b"X-%d: value\n" % i for i in range(size // 16)) + b"\nbody\n"
    result = sane(mysend("bob@example.org", stdin=text, relay=one))
    assert result.status in (0, 65), result
    assert bool(one.messages) == (result.status == 0)


def test_header_without_an_end_is_sent_or_refused_with_65(mysend, relay):
    one = relay()
    result = sane(mysend("bob@example.org", stdin=b"Subject: " + b"x" * 5000000, relay=one))
    assert result.status in (0, 65), result


@pytest.mark.parametrize("seed", range(20))
def test_random_octets_are_sent_clean_or_refused(mysend, relay, seed):
    chance, one = random.Random(seed), relay("ehlo pipelining 8bitmime" + (" chunking" if seed % 2 else ""))
    kind = seed % 4
    alphabet = [bytes(range(256)), b"\r\n\0.:a", b"From: to@x,<>()\"\\\r\n", b"\n\r"][kind]
    text = bytes(chance.choice(alphabet) for _ in range(chance.choice([10, 1000, 100000])))
    result = mysend("bob@example.org", stdin=text, relay=one)
    assert result.status in (0, 65), result      # the relay objects to anything unclean on the wire
    assert bool(one.messages) == (result.status == 0)


@pytest.mark.parametrize("env", [{"HOME": None}, {"HOME": ""}, {"HOME": "/nonexistent"}, {"PATH": None}, {"LANG": "C"}, {"LC_ALL": "xx_YY.nonsense"}, {"TZ": "Nowhere/AtAll"},
                                 {"TZ": ":" * 1000}, {"TMPDIR": ""}, {"NAME": "\udcff\udcfe"}, {"NAME": "x" * 100000}, {"XDG_CONFIG_HOME": "relative"},
                                 {"POSIXLY_CORRECT": "1"}, {"HOSTNAME": "evil\nhost"}, {"MYSEND_NOSUCH": "1"}, {"CREDENTIALS_DIRECTORY": "/nonexistent"},
                                 {"SSL_CERT_FILE": "/nonexistent", "CURL_CA_BUNDLE": "/nonexistent"}, {"MALLOC_PERTURB_": "165"}], ids=lambda env: next(iter(env)))
def test_odd_environment_does_not_lose_the_mail(mysend, relay, env):
    one = relay()
    result = mysend("bob@example.org", stdin="Subject: x\n\nGrüße\n", relay=one, env=env)
    if "MYSEND_NOSUCH" in env:
        sane(result)
        return
    assert result.status == 0 and len(one.messages) == 1, result
    one.message.body.split(b"\r\n\r\n")[0].decode("utf-8")


@pytest.mark.parametrize("what, soft", [(resource.RLIMIT_FSIZE, 65536), (resource.RLIMIT_NOFILE, 12), (resource.RLIMIT_NOFILE, 4), (resource.RLIMIT_AS, 200 * 1024 * 1024),
                                        (resource.RLIMIT_STACK, 256 * 1024)], ids=["file-size", "12-files", "4-files", "memory", "stack"])
def test_tight_limits_give_the_mail_or_an_error(mysend, relay, what, soft):
    if mysend.sanitized:
        pytest.skip("sanitizers need room")
    one = relay()
    result = mysend("bob@example.org", stdin=TEXT + b"0123456789\n" * 300000, relay=one, before=lambda: resource.setrlimit(what, (soft, soft)))
    sane(result)
    assert (result.status == 0) == bool(one.messages), result


def test_temporary_folder_that_is_not_there_does_not_lose_the_mail(mysend, relay):
    one = relay()
    result = sane(mysend("bob@example.org", stdin=TEXT + b"x\n" * 1000000, relay=one, env={"TMPDIR": "/nonexistent/folder"}))
    assert (result.status == 0) == bool(one.messages), result


def test_caller_that_dies_midway_sends_no_half_a_mail_twice(mysend, relay):
    """A pipe that ends early can't be told from a short message; but a caller killed before EOF gives exactly what it wrote."""
    one = relay()
    reader, writer = os.pipe()
    run = mysend.start("bob@example.org", relay=one, stdin=reader)
    os.close(reader)
    os.write(writer, b"Subject: x\n\nhalf a li")
    os.close(writer)
    run.finish(stdin=reader).ok()
    assert one.message.content == b"half a li\r\n"


def test_relay_is_not_bothered_before_the_message_is_whole(mysend, relay):
    """A relay must not be held waiting by a slow caller."""
    one = relay()
    reader, writer = os.pipe()
    run = mysend.start("bob@example.org", relay=one, stdin=reader)
    os.close(reader)
    os.write(writer, b"Subject: x\n\n")
    wait_for(lambda: os.path.exists("/proc/%d/stat" % run.process.pid), "the start")
    os.write(writer, b"x\n" * 32768)       # fills the pipe: it is being read
    assert not one.transactions
    os.close(writer)
    run.finish(stdin=reader).ok()


@pytest.mark.parametrize("what", ["logfile", "-X"])
def test_log_that_is_a_pipe_nobody_reads_does_not_hold_the_mail_up(mysend, relay, tmp_path, what):
    one, path = relay(), tmp_path / "fifo"
    os.mkfifo(path)
    args, config = (["-X", str(path)], "") if what == "-X" else ([], "logfile %s\n" % path)
    result = mysend(*args, "bob@example.org", stdin=TEXT, relay=one, config=config)
    assert result.status == 0 and len(one.messages) == 1, result


def test_config_may_be_a_pipe(mysend, relay, tmp_path):
    """As in: mysend -C <(gpg -d config.gpg)."""
    one, path = relay(), tmp_path / "fifo"
    os.mkfifo(path, 0o600)
    run = mysend.start("-C", str(path), "bob@example.org")
    with open(path, "w", encoding="ascii") as out:
        out.write("account default\n%sfrom me@example.net\n" % mysend.where(one))
    run.finish(TEXT).ok()
    assert len(one.messages) == 1


def test_stdin_that_does_not_block_is_waited_for(mysend, relay):
    """A caller may share its non-blocking pipe: EAGAIN is no end and no error."""
    one = relay()
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    run = mysend.start("bob@example.org", relay=one, stdin=reader)
    for piece in (b"Subject: x\n\n", b"one\n", b"two\n"):
        os.write(writer, piece)
        wait_for(lambda: fcntl.ioctl(writer, termios.FIONREAD, bytes(4)) == bytes(4) or run.process.poll() is not None, "the pipe to be read")
    os.close(writer)
    run.finish(stdin=reader).ok()
    os.close(reader)
    assert one.message.content == b"one\r\ntwo\r\n"


@pytest.mark.parametrize("size", [1000, 3000000])
def test_stdin_that_is_a_file_is_read_from_where_it_stands(mysend, relay, tmp_path, size):
    """As in: { read -r first; mysend bob; } < file."""
    one, path = relay(), tmp_path / "input"
    path.write_bytes(b"not this line\nSubject: x\n\n" + b"0123456\n" * (size // 8))
    with open(path, "rb") as data:
        os.lseek(data.fileno(), 14, os.SEEK_SET)
        mysend("bob@example.org", stdin=data, relay=one).ok()
    assert one.message.field("Subject") == "x" and b"not this" not in one.message.body and len(one.message.content) == size // 8 * 9


def test_stdin_that_is_a_socket_is_read_to_its_end(mysend, relay):
    one, (ours, theirs) = relay(), socket.socketpair()
    run = mysend.start("bob@example.org", relay=one, stdin=theirs)
    theirs.close()
    ours.sendall(b"Subject: x\n\n" + b"0123456\n" * 50000)
    ours.close()
    run.finish(stdin=theirs).ok()
    assert len(one.message.content) == 50000 * 9


def test_interrupted_by_a_signal_while_it_reads_it_ends_and_nothing_is_sent(mysend, relay):
    import signal
    one = relay()
    run = mysend.start("bob@example.org", relay=one)
    run.process.stdin.write(TEXT)
    run.process.stdin.flush()
    wait_for(lambda: fcntl.ioctl(run.process.stdin, termios.FIONREAD, bytes(4)) == bytes(4), "the pipe to be read")
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(PATIENCE) == -signal.SIGTERM and not one.transactions
    for end in (run.process.stdin, run.process.stdout, run.process.stderr):
        end.close()


@pytest.mark.parametrize("args", [["-C", "/etc/shadow"], ["--config=/etc/shadow"], ["-X%s/passwd.new"], ["-Obogus=1"], ["-OQueueDirectory=%s", "-X%s/shell.php"]])
def test_called_as_sendmail_strangers_text_in_options_does_nothing(mysend, relay, tmp_path, args):
    """CVE-2016-10033: web applications pass strangers' text there."""
    one, folder = relay(), tmp_path / "public"
    folder.mkdir()
    args = [arg.replace("%s", str(folder)) for arg in args]
    if args[0].startswith("--"):
        assert mysend(*args, "bob@example.org", stdin=TEXT, relay=one, name="sendmail").status == 64
        return
    result = mysend(*args, "bob@example.org", stdin=TEXT, relay=one, name="sendmail")
    assert result.status == 0 and len(one.messages) == 1, result
    assert os.listdir(folder) == []


@pytest.mark.parametrize("args", [["bob@example.org", "-v"], ["bob@example.org", "--dry-run"], ["bob@example.org", "-f", "x@example.net"]])
def test_called_as_sendmail_options_end_at_the_first_recipient(mysend, relay, args):
    one = relay()
    result = sane(mysend(*args, stdin=TEXT, relay=one, name="sendmail"))
    assert result.status in (64, 65, 78) or one.messages, result
    assert not any(mail.sender == "x@example.net" for mail in one.messages)
