"""--probe --as USER: what the user's own programs could do to root, who runs them."""
import os
import pty
import select
import signal
import subprocess
import termios
import time

import pytest

from given import needs_root
from waiting import PATIENCE, SOON, wait_for

pytestmark = needs_root
USER = "www-data"

# Types a command into the terminal, wherever there is one (tty_ioctl(4), TIOCSTI).
TYPES = """\
import fcntl, os, termios
opened = []
try:
    opened.append(os.open("/dev/tty", os.O_RDWR))
except OSError:
    pass
for fd in opened + [0, 1, 2]:
    for letter in b"id\\n":
        try:
            fcntl.ioctl(fd, termios.TIOCSTI, bytes([letter]))
        except OSError:
            pass
print("x")
"""


def put(folder, name, text, mode=0o644):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(path, mode)
    return path


def account(folder, one, command):
    """The configuration of a user whose password a command of his prints."""
    return put(folder, "conf", "host 127.0.0.1\nport %d\ntls off\nfrom me@example.net\nroot_to admin@example.com\nqueue off\nuser joe\nauth plain\npassword_command %s\n" % (
        one.port, command))


def test_nothing_is_typed_into_the_terminal_of_root(mysend, relay, open_folder):
    one = relay("ehlo auth=plain", "user joe x")
    typing = put(open_folder, "typing.py", TYPES)
    path = account(open_folder, one, "/usr/bin/python3 %s" % typing)
    ours, theirs = pty.openpty()
    mode = termios.tcgetattr(theirs)
    mode[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(theirs, termios.TCSANOW, mode)
    run = subprocess.Popen(["/usr/bin/setsid", "-c", "-w", mysend.path, "--probe", "--as", USER, "-C", path], stdin=theirs, stdout=theirs, stderr=theirs,
                           env=mysend.environment({}), cwd="/")
    seen = b""
    while run.poll() is None or select.select([ours], [], [], 0)[0]:
        if select.select([ours], [], [], 0.1)[0]:
            seen += os.read(ours, 4096)
    assert run.returncode == 0 and b"login     ok    PLAIN as joe" in seen, seen
    typed = select.select([theirs], [], [], 0)[0] and os.read(theirs, 100)
    os.close(ours)
    os.close(theirs)
    assert not typed, typed


def test_the_process_of_the_user_has_no_descriptor_terminal_or_key_of_root(mysend, relay, open_folder):
    one = relay("ehlo auth=plain", "user joe x")
    place = put(open_folder, "seen", "", 0o666)
    path = account(open_folder, one, "sh -c 'readlink /proc/$PPID/fd/0 >%s; tty >>%s; ls /proc/self/fd >>%s; grep -c secretofroot /proc/keys >>%s; ps -o tty= -p $PPID >>%s; echo x'" % (
        (place,) * 5))
    secret = put(open_folder, "secret", "of root\n", 0o600)
    keyctl, add_key = {"x86_64": (250, 248), "aarch64": (219, 217)}.get(os.uname().machine, (-1, -1))
    add = "import ctypes, os, sys; c = ctypes.CDLL(None); c.syscall(%d, 1, None); c.syscall(%d, b'user', b'secretofroot', b'x', 1, -3); os.execv(sys.argv[1], sys.argv[1:])" % (
        keyctl, add_key)
    with open(secret, encoding="ascii") as stdin:
        done = subprocess.run(["/usr/bin/python3", "-c", add, mysend.path, "--probe", "--as", USER, "-C", path], stdin=stdin, capture_output=True, env=mysend.environment({}),
                              check=False, timeout=PATIENCE)
    assert done.returncode == 0, done
    with open(place, encoding="ascii") as text:
        lines = text.read().splitlines()
    assert lines[0] == "/dev/null" and lines[1] == "not a tty" and lines[2:-2] == ["0", "1", "2", "3"] and lines[-2:] == ["0", "?"], lines


@pytest.mark.parametrize("json", [(), ("--json",)], ids=["lines", "json"])
def test_what_a_program_of_the_user_writes_is_no_command_to_the_terminal(mysend, relay, open_folder, json):
    one = relay("ehlo auth=plain", "user joe x")
    path = account(open_folder, one, r"""sh -c "printf '\\033]0;title\\007\\302\\2332J\\342\\200\\256a%s\n' b >&2; echo x" """.strip())
    result = mysend("--probe", *json, "--as", USER, "-C", path)
    assert result.status == 0, result
    assert result.raw_err == b"\\x1b]0;title\\x07\\u{9b}2J\\u{202e}ab\n", result
    assert b"\x1b" not in result.raw_out and b"\x07" not in result.raw_out


@pytest.mark.parametrize("length", [4095, 4096, 4097, 100000])
def test_a_line_of_any_length_is_passed_on_whole(mysend, relay, open_folder, length):
    one = relay("ehlo auth=plain", "user joe x")
    text = put(open_folder, "text", ("ä€" * length)[:length] + "\nend")
    path = account(open_folder, one, "sh -c 'cat %s >&2; echo x'" % text)
    result = mysend("--probe", "--as", USER, "-C", path)
    with open(text, "rb") as want:
        assert result.status == 0 and result.raw_err == want.read(), (result.status, len(result.raw_err))


def test_what_a_program_leaves_behind_is_not_waited_for(mysend, relay, open_folder):
    one = relay("ehlo auth=plain", "user joe x")
    place = put(open_folder, "pid", "", 0o666)
    path = account(open_folder, one, "sh -c 'while :; do echo y >&2 || exit; done & echo $! >%s; echo x'" % place)
    began = time.monotonic()
    result = mysend("--probe", "--as", USER, "-C", path)
    assert result.status == 0 and "login     ok" in result.out and time.monotonic() - began < SOON
    with open(place, encoding="ascii") as text:
        pid = int(text.read())
    wait_for(lambda: not os.path.exists("/proc/%d" % pid) or open("/proc/%d/stat" % pid, encoding="ascii").read().rsplit(")", 1)[1].split()[0] == "Z", "its end: nobody reads")


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as text:
        return [int(word) for word in text.read().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_the_end_of_root_s_process_ends_the_other_one(mysend, relay, open_folder, number):
    one = relay("ehlo", "mail 'hold && ok'")
    path = put(open_folder, "conf", "host 127.0.0.1\nport %d\ntls off\nfrom me@example.net\nroot_to admin@example.com\nqueue off\n" % one.port)
    # whoever started this test may ignore them
    run = mysend.start("--probe", "--as", USER, "-C", path, before=lambda: number == signal.SIGKILL or signal.signal(number, signal.SIG_DFL))
    wait_for(lambda: one.counts.get("mail"))
    (child,) = children(run.process.pid)
    run.process.send_signal(number)
    assert run.process.wait(SOON) == -number
    wait_for(lambda: not os.path.exists("/proc/%d" % child), "the end of the other process", SOON)
    one.go()


def test_where_the_user_s_process_is_killed_root_is_told(mysend, relay, open_folder):
    one = relay("ehlo", "mail 'hold && ok'")
    path = put(open_folder, "conf", "host 127.0.0.1\nport %d\ntls off\nfrom me@example.net\nroot_to admin@example.com\nqueue off\n" % one.port)
    run = mysend.start("--probe", "--as", USER, "-C", path)
    wait_for(lambda: one.counts.get("mail"))
    os.kill(children(run.process.pid)[0], signal.SIGKILL)
    one.go()
    assert "the process of %s was ended by signal 9" % USER in run.finish().failed(70)


def test_output_that_cannot_be_written_is_told(mysend, relay, open_folder):
    one = relay("ehlo")
    path = put(open_folder, "conf", "host 127.0.0.1\nport %d\ntls off\nfrom me@example.net\nroot_to admin@example.com\nqueue off\n" % one.port)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([mysend.path, "--probe", "--as", USER, "-C", path], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, env=mysend.environment({}), check=False,
                              timeout=PATIENCE)
    assert done.returncode == 74 and done.stderr == b"mysend: writing to standard output: No space left on device\n", done
