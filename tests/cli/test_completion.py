"""Completion in bash, zsh and fish, each asked as it asks at a terminal; and mysend --complete, which tells them what there is."""
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time

import pytest

from given import PLAIN
from program import HERE
from waiting import PATIENCE

FILES = os.path.normpath(os.path.join(HERE, "../../contrib/completion"))
CONFIG = "account work\nhost 127.0.0.1\nport %d\npassword hunter2secret\nspool %s\nqueue on\nfrom me@b.example\n" \
         "account home\nhost 127.0.0.1\nport %d\npassword_command touch %s\n"


class Terminal:
    """A shell at a terminal. The key ^T makes it print the line as it stands, in << and >>."""

    def __init__(self, argv, env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, env)
        self.text = b""

    def until(self, pattern):
        """What stands behind what was read before, up to the pattern; the match."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = re.search(pattern, self.text, re.S)
            if found:
                self.text = self.text[found.end():]
                return found
            if select.select([self.fd], [], [], 0.5)[0]:
                self.text += os.read(self.fd, 65536)
        raise AssertionError("waited in vain for %r: %r" % (pattern, self.text))

    def send(self, keys):
        os.write(self.fd, keys.encode())

    def stop(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


class Shell:
    """complete(line): the words that may take the place of the last one, all that the shell would insert."""

    def __init__(self, env):
        self.env, self.terminal = env, None

    def complete(self, line):
        self.terminal.send("\x15" + line + self.all_of_them + "\x14")
        got = self.terminal.until(rb"<<([^<>]*)>>")[1].decode()
        before, last = line[:line.rindex(" ") + 1], line[line.rindex(" ") + 1:]
        assert got.startswith(before), got
        return re.split(r"(?<!\\) +", got[len(before):].strip()) if got[len(before):] not in ("", last) else []

    def begin(self, argv, lines):
        self.terminal = Terminal(argv, self.env)
        for line in lines:
            self.terminal.send(" " + line + "\n")
        self.terminal.send(" echo re''ady\n")
        self.terminal.until(rb"ready")

    def stop(self):
        if self.terminal:
            self.terminal.stop()


class Bash(Shell):
    all_of_them = "\x1b*"
    loader = "/usr/share/bash-completion/bash_completion"

    def __init__(self, env):
        super().__init__(env)
        if not os.path.exists(self.loader):
            pytest.skip("bash-completion is missing")
        place = os.path.join(env["HOME"], "bash/completions")
        os.makedirs(place)
        os.symlink(FILES + "/mysend.bash", place + "/mysend")
        env["BASH_COMPLETION_USER_DIR"] = env["HOME"] + "/bash"
        self.begin(["bash", "--norc", "--noprofile", "-i"], [
            "unset HISTFILE; bind 'set enable-bracketed-paste off'", ". " + self.loader, "bind -x '\"\\C-t\": printf \"<<%s>>\" \"$READLINE_LINE\"'"])


class Zsh(Shell):
    """What its completion system keeps of what it is given (compadd -A), each word in a line."""
    hook = "compadd() { local -a hits; [[ \" $* \" == *\" -\"[ADO]\" \"* ]] || { builtin compadd -A hits \"$@\"; found+=($hits) }; builtin compadd \"$@\" }"
    show = "show() { print -rn -- \"<\"\"<${(j:|:)found}>>\"; found=() BUFFER= }; zle -N show; bindkey '^T' show"

    def __init__(self, env):
        super().__init__(env)
        self.begin(["zsh", "-f", "-i"], ["bindkey -e; bindkey '^I' complete-word; unsetopt prompt_sp beep; typeset -a found",
                                         "fpath=(%s $fpath); autoload -U compinit; compinit -u -D" % FILES, self.hook, self.show])

    def complete(self, line):
        self.terminal.send(line + "\t\x14")
        return [word for word in self.terminal.until(rb"<<([^<>]*)>>")[1].decode().split("|") if word]


class Fish(Shell):
    def __init__(self, env):
        super().__init__(env)
        place = os.path.join(env["HOME"], ".config/fish/completions")
        os.makedirs(place)
        os.symlink(FILES + "/mysend.fish", place + "/mysend.fish")

    def complete(self, line):
        done = subprocess.run(["fish", "-c", "complete -C \"$argv[1]\"", "--", line], env=self.env, cwd=self.env["HOME"], capture_output=True, text=True, timeout=PATIENCE, check=True)
        assert done.stderr == "", done
        return [word.split("\t")[0] for word in done.stdout.splitlines()]


@pytest.fixture
def host(mysend, relay, tmp_path, spool):
    """An environment where the program is mysend, with two accounts, and two mails that wait."""
    os.makedirs(tmp_path / "bin")
    os.symlink(mysend.path, str(tmp_path / "bin/mysend"))
    os.makedirs(mysend.home + "/.config/mysend")
    one = relay()
    mysend.file(CONFIG % (one.port, spool.top, one.port, tmp_path / "ran"), name=mysend.home + "/.config/mysend/config")
    for to in ("ann@example.org", "bob@example.org"):
        mysend("-a", "work", "-odq", to, stdin=PLAIN, env={"MYSEND_QUEUE": None}).ok()
    for name in ("letter.txt", "letter two.txt"):
        mysend.file("x", name=mysend.home + "/" + name)
    os.mkdir(mysend.home + "/certificates")
    mysend.there = one
    yield mysend.environment({"PATH": "%s:/usr/bin:/bin:/usr/sbin:/sbin" % (tmp_path / "bin"), "TERM": "dumb", "XDG_DATA_HOME": str(tmp_path / "data"), "INPUTRC": "/dev/null"})
    assert one.sessions == [] and not os.path.exists(tmp_path / "ran"), "completion asked a relay, or ran a command"


@pytest.fixture(params=[Bash, Zsh, Fish], ids=["bash", "zsh", "fish"])
def shell(request, host):
    name = request.param.__name__.lower()
    if not shutil.which(name):
        pytest.skip("%s is missing" % name)
    os.chdir(host["HOME"])
    host["PWD"] = host["HOME"]
    one = request.param(host)
    yield one
    one.stop()


def test_each_shell_offers_what_mysend_tells(shell, spool):
    def offers(line, *words):
        got = shell.complete(line)
        assert sorted(got) == sorted(words), (line, got)
    offers("mysend --queue-h", "--queue-hold")
    offers("mysend --tls-c", "--tls-certcheck", "--tls-crl-file", "--tls-cert-file")
    offers("mysend --tls ", "on", "off", "try")
    offers("mysend --tls=t", "--tls=try")
    offers("mysend --tls_starttls o", "on", "off")
    offers("mysend --format p", "plugin", "prometheus")
    offers("mysend --unsure ", "retry", "hold")
    offers("mysend -od", "-odb", "-odi", "-odq")
    offers("mysend -a ", "work", "home")
    offers("mysend --account=w", "--account=work")
    offers("mysend -i -a h", "home")
    offers("mysend --queue-release ", *spool.names())
    offers("mysend --queue-remove %s " % spool.names()[0], *spool.names())
    offers("mysend bo")
    everything = shell.complete("mysend --")
    assert {"--attach", "--json", "--batch", "--tls-min-version", "--message-id", "--retry-failed"} <= set(everything) and "--password" not in everything
    assert len(everything) == len(set(everything)) > 120


def test_each_shell_offers_files_where_files_are_meant(shell):
    for line in ("mysend --attach let", "mysend --html let", "mysend -C let", "mysend --merge let", "mysend --batch -- let", "mysend --report let", "mysend --password-file let"):
        got = [word.replace("\\", "") for word in shell.complete(line)]
        assert sorted(got) == ["letter two.txt", "letter.txt"], (line, got)
    assert [word.removeprefix("--html=") for word in shell.complete("mysend --html=letter.")] == ["letter.txt"]
    assert {word.rstrip("/") for word in shell.complete("mysend --tls-trust-dir cert")} == {"certificates"}
    assert shell.complete("mysend let") == [], "recipients are no files"


def test_each_shell_asks_the_configuration_that_the_line_names(shell, mysend):
    mysend.file("account other\nhost a\n", name=mysend.home + "/other.conf")
    mysend.file("account bad\nfrobnicate\n", name=mysend.home + "/bad.conf")
    assert shell.complete("mysend -C ~/other.conf -a ") == ["other"]
    assert shell.complete("mysend --config=other.conf --account ") == ["other"]
    assert shell.complete("mysend -C bad.conf -a w") == []


# --- mysend --complete ---------------------------------------------------------------------------------

@pytest.mark.parametrize("config", ["account bad\nfrobnicate on\n", "\0", "host a b\n"])
def test_a_configuration_that_is_wrong_offers_nothing_and_says_nothing(mysend, config):
    for words in (["-a", ""], ["--queue-hold", ""]):
        mysend("--complete", *words, config=config).ok()


def test_what_is_printed_has_no_secret_and_no_control_character(mysend, tmp_path):
    config = "account a\nhost b\nuser joe\npassword hunter2secret\naccount \u202eb\nhost b\n"
    for words in (["-a", ""], ["-"], ["--queue-remove", ""]):
        done = mysend("--complete", *words, config=config)
        assert done.status == 0 and done.err == "" and "hunter2" not in done.out and "\x1b" not in done.out, done


# A file that root names with -C may be another user's; bash puts the words that are offered into the line as they are.
@pytest.mark.parametrize("name", ["a$(id)", "a;id", "`id`", "a&id", "a|id", "a>b", "a<b", "q'x", 'a"b', "a\\b", "*", "a?", "[a]", "{a..b}", "~root", "!!", "a(", "#a", "a^b^", "a=b"])
def test_no_name_is_offered_that_a_shell_would_execute(mysend, name):
    done = mysend("--complete", "-a", "", config="account good\nhost b\naccount %s\nhost b\naccount \u00fc.-_1@example.org\nhost b\n" % name)
    assert done.out == "good\n\u00fc.-_1@example.org\n" and done.status == 0, done


def test_a_pipe_or_a_terminal_is_not_read_while_a_word_is_completed(mysend, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for words in (["-a", ""], ["--queue-hold", ""]):
        for path in (str(tmp_path / "pipe"), "-", "/dev/stdin", "/dev/zero"):
            mysend("--complete", "-C", path, *words, stdin=b"account x\nhost y\n").ok()


def test_mails_that_were_given_up_are_offered_to_be_removed(spool, relay):
    spool.run("-odq", "bob@example.org", stdin=PLAIN).ok()
    name, = spool.names()
    assert spool.run("--complete", "--queue-remove", "").out == "%s\tbob@example.org\n" % name
    spool.run("-qf", relay=relay('rcpt "550 5.1.1 nobody"'))
    assert spool.names("failed") == [name] and name + "\t" not in spool.run("--complete", "--queue-hold", name).out
    assert name + "\tbob@example.org\n" in spool.run("--complete", "--queue-remove", name).out


@pytest.mark.parametrize("args, name", [(["-v", "--complete"], "mysend"), (["--complete", "x"], "sendmail")])
def test_the_option_is_the_first_one_of_mysend(mysend, args, name):
    assert "--complete" in mysend(*args, name=name).failed(64)
