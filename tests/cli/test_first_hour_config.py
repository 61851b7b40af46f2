"""The first hour: a configuration that cannot be read or is not meant so. What is printed names the fix, and mail of programs waits."""
import os
import pty
import re
import shutil
import subprocess

import pytest

from given import EVE, needs_root

TEXT = b"From: a@b.example\nSubject: x\n\nbody\n"
HOST = "host 127.0.0.1\nport 1\ntls off\nfrom a@b.example\nmaildomain m.example\naliases off\n"
LOGIN = HOST + "user joe\nauth plain\n"
DOWN = "mysend: connect to 127.0.0.1:1: Connection refused\nmysend: hint: nothing listens there: is relay right, with its port (most providers have 587 and 465)? else the server is down\n"
FORM = "mysend: hint: as in relay smtp://mail.example.com:587\n"
NO_SIGN = "mysend: hint: a blank stands between a keyword and its value, no =\n"
HAND = "mysend: hint: run the command by hand as %s: it has to print the password in its first line, and to end with status 0\n" % ("root" if os.geteuid() == 0 else os.environ.get("USER", ""))

ROWS = [
    ("20a", "relay = smtp://h\n", 78, "mysend: F:1: there is a = in front of the value of relay\n" + NO_SIGN),
    ("20a", "user = joe\n" + HOST, 78, "mysend: F:1: there is a = in front of the value of user\n" + NO_SIGN),
    ("20a", "relay=smtp://h\n", 78, 'mysend: F:1: unknown keyword "relay"\n' + NO_SIGN),
    ("20a", HOST + "subject = Report\n", 75, "mysend: warning: F:7: the value of subject begins with a =, which is taken as part of it: a blank alone stands behind a keyword\n" + DOWN),
    ("20a", HOST + "from_full_name =x\n", 75, DOWN),
    ("20a", LOGIN + "password = secret\n", 75, "mysend: warning: F:9: the value of password begins with a =, which is taken as part of it: a blank alone stands behind a keyword\n" + DOWN),
    ("20b", 'relay "smtp://h\n', 78, 'mysend: F:1: the quote in front of the value of relay is not closed\nmysend: hint: put a " behind the value, too, or leave both out\n'),
    ("20c", "relay smtp://h:25/x\n", 78, 'mysend: F:1: relay: "25/x" is no port\n' + FORM),
    ("20c", "relay smtp:h\n", 78, 'mysend: F:1: relay: "h" is no port\n' + FORM),
    ("20d", "host h:25\n", 78, 'mysend: F:1: host takes NAME, not "h:25"\nmysend: hint: the port stands in a line of its own, port NUMBER; or write relay smtp://HOST:PORT for both\n'),
    ("20e", "relay\n" + HOST, 75, "mysend: warning: F:1: relay has no value, and so says nothing\n" + DOWN),
    ("20e", HOST + "password_file\n", 75, "mysend: warning: F:7: password_file has no value, and so says nothing\n" + DOWN),
    ("20f", HOST + "maildomain x.example # ours\n", 78, None),
    ("20f", HOST + "user joe # mine\n", 78, None),
    ("13", LOGIN + "password 'secret'\n", 75, "mysend: warning: F:9: the value of password stands in quotes, which are taken as part of it: leave them out\n" + DOWN),
    ("13", LOGIN + 'password "secret\n', 75, "mysend: warning: F:9: the value of password begins with a quote that is not closed, and is part of it: leave it out, unless it is meant\n" + DOWN),
    ("13", LOGIN + 'password "secret "\n', 75, DOWN),
    ("7", LOGIN + "password_command false\n", 78, "mysend: F:9: password_command: the command failed with status 1\n" + HAND),
    ("7", LOGIN + "password_command true\n", 78, "mysend: F:9: password_command: the first line should be the password, and is empty\n" + HAND),
    ("7", LOGIN + "password_command exit 127\n", 78, "mysend: F:9: password_command: the command failed with status 127\n"
     "mysend: hint: the shell does not find the command: give its full path, since cron and services have a short PATH\n"),
]


def call(mysend, text, *args, mode=0o600, **more):
    path = mysend.file(text, mode=mode, name="F")
    done = mysend("-C", path, *args, "bob@example.org", stdin=TEXT, **more)
    return done.status, done.err.replace(path, "F").replace(mysend.tmp, "TOP")


@pytest.mark.parametrize("row, text, status, said", ROWS)
def test_line_that_is_not_meant_so_is_told_with_what_to_write(mysend, row, text, status, said):
    got = call(mysend, text)
    if said is None:        # what follows the warning is another fault's
        assert re.match(r"mysend: (warning: )?F:7: ", got[1]) and (row != "20f" or "already" in got[1] or "the value of user has a # in it, which is part of the value: a comment needs a line of its own" in got[1]), got
    else:
        assert got == (status, said), row


@pytest.mark.parametrize("text, doubt", [
    ("'secret'\n", "stands in quotes, which are taken as part of it: leave them out"), ('"secret"\n', "stands in quotes, which are taken as part of it: leave them out"),
    ("secret \n", "ends in a blank, which is part of it: leave it out, unless it is meant"), (" secret\n", "begins with a blank, which is part of it: leave it out, unless it is meant"),
    ("\ufeffsecret\n", None), ("secret\r\n", None), ("se'cret\"\n", None), ('"secret\n', None),
])
def test_password_in_a_file_that_is_oddly_written_is_sent_and_told(mysend, relay, text, doubt):
    there = relay("ehlo auth=plain", "auth ok")
    secret = mysend.file(text.encode(), name="secret")
    done = mysend("bob@example.org", stdin=TEXT, relay=there, config="user joe\nauth plain\npassword_file %s\n" % secret)
    assert done.status == 0 and there.message
    assert done.err == ("" if doubt is None else "mysend: warning: %s: the password %s\n" % (secret, doubt))


@pytest.mark.parametrize("name, near", [("MYSEND_RELY", ": did you mean MYSEND_RELAY?"), ("MYSEND_PASSWORD_FIL", ": did you mean MYSEND_PASSWORD_FILE?"),
                                        ("MYSEND_ZZZZZZZZZZZZ", ""), ("MYSEND_USER", None), ("MYSENDER", None)])
def test_variable_that_means_nothing_is_told_with_the_nearest(mysend, relay, name, near):
    there = relay()
    done = mysend("bob@example.org", stdin=TEXT, relay=there, env={name: ""})
    assert there.message and done.err == ("" if near is None else "mysend: warning: the variable %s means nothing to mysend%s\n" % (name, near)), done


DOUBTS = {
    "blank and #": ("user joe # mine\nauth off\n", {}, "the value of user has a # in it"), "=": ("subject = x\n", {}, "the value of subject begins with a ="),
    "of msmtp's": ("tls_priorities NORMAL\n", {}, "tls_priorities of msmtp is ignored"), "no value": ("password_file\n", {}, "password_file has no value"),
    "variable": ("", {"MYSEND_RELY": "x"}, "the variable MYSEND_RELY means nothing"),
    "password": ("user joe\nauth plain\npassword_file SECRET\n", {}, "the password stands in quotes"),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_run_of_the_queue_by_cron_is_not_told_each_minute_what_who_sends_was_told(spool, relay, doubt):
    more, env, words = DOUBTS[doubt]
    more = more.replace("SECRET", spool.mysend.file("'secret'\n", name="secret"))
    there, often = relay("ehlo auth=plain", "auth ok"), {"more": more, "env": env}
    assert doubt == "password" or words in spool.run("-odq", "bob@example.org", stdin=TEXT, **often).err
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    for args in (["-q"], ["-qf"]):
        run = spool.run(*args, relay=there, **often)
        assert (run.status, run.err) == (0, ""), run
    assert spool.run("--queue-check", **often).err == "" and there.messages and spool.names() == []
    for args in (["bob@example.org"], ["--probe", "bob@example.org"]) + ((["--show-config"], ["-q", "-v"]) if doubt != "password" else ()):
        run = spool.run(*args, relay=there, stdin=TEXT, **often)
        assert words in run.err, (args, run)


def test_run_of_the_queue_on_a_terminal_is_told(spool):
    ours, theirs = pty.openpty()
    run = spool.run("-q", more="subject = x\n", stderr=theirs)
    os.close(theirs)
    assert run.status == 0 and b"the value of subject begins with a =" in os.read(ours, 4096)
    os.close(ours)


@pytest.mark.parametrize("args", [["-q"], ["-qf"]])
def test_what_is_wrong_is_told_by_a_run_of_the_queue_all_the_same(spool, args):
    assert "no_such_setting" in spool.run(*args, more="no_such_setting x\n").failed(78)


@needs_root
@pytest.mark.parametrize("closed", ["file", "folder"])
def test_file_that_this_user_may_not_read_is_told_with_what_opens_it(mysend, tmp_path, closed):
    top = tmp_path
    while str(top) != "/":      # pytest's own folders
        if not os.stat(top).st_mode & 1:
            top.chmod(0o711)
        top = top.parent
    folder = os.path.join(mysend.tmp, "d")
    os.mkdir(folder, 0o700 if closed == "folder" else 0o755)
    shutil.copy(mysend.file(HOST), os.path.join(folder, "F"))
    os.chmod(os.path.join(folder, "F"), 0o600 if closed == "file" else 0o644)

    def become():
        os.setgroups([])
        os.setgid(EVE)
        os.setuid(EVE)
    done = mysend("-C", os.path.join(folder, "F"), "bob@example.org", stdin=TEXT, before=become, cwd="/")
    want = {"file": "mysend: configuration file D/F: not readable: mode 0600, owner 0:0, we are 54321:54321\n"
                    "mysend: hint: 54321 may not read it, and root has to, too: chgrp GROUP D/F && chmod 640 D/F; or a service sends for all users: contrib/systemd\n",
            "folder": "mysend: configuration file D/F: Permission denied\nmysend: hint: 54321 may not enter the folder D: move the file to another one; or, if that folder need not be private, chmod a+x D\n"}
    assert (done.status, done.err.replace(folder, "D")) == (78, want[closed])


def test_file_whose_mode_is_right_and_that_is_closed_all_the_same_points_at_what_else_forbids_it(mysend, tmp_path):
    strace = shutil.which("strace") or pytest.skip("strace is missing")
    path = mysend.file(HOST, name="F")
    done = mysend("-C", path, "bob@example.org", stdin=TEXT, env={"ASAN_OPTIONS": "detect_leaks=0"},
                  prefix=[strace, "-o", str(tmp_path / "calls"), "-P", path, "-e", "trace=openat", "-e", "inject=openat:error=EACCES"])
    assert done.status == 78 and done.hints == ["mysend: hint: its mode lets us read it, so SELinux or AppArmor forbids it: restorecon -v %s for the one, for the other the profile that dmesg names" % path], done


def test_connection_that_this_host_forbids_points_at_the_firewall(mysend, tmp_path):
    strace = shutil.which("strace") or pytest.skip("strace is missing")
    done = mysend("bob@example.org", stdin=TEXT, config=HOST, env={"ASAN_OPTIONS": "detect_leaks=0"},
                  prefix=[strace, "-f", "-o", str(tmp_path / "calls"), "-e", "trace=connect", "-e", "inject=connect:error=EACCES"])
    assert done.status == 77 and done.err == "mysend: connect to 127.0.0.1:1: Permission denied\n" \
        "mysend: hint: this host forbids it: a firewall rule, or SELinux (for web servers: setsebool -P httpd_can_sendmail on)\n", done


def test_absent_file_is_told_with_those_that_are_read_without_it(mysend):
    done = mysend("-C", "/nonexistent/F", "bob@example.org", stdin=TEXT)
    assert done.status == 78 and done.err.startswith("mysend: configuration file /nonexistent/F: No such file or directory\n"
                                                     "mysend: hint: is the path right? without -C and MYSEND_CONFIG the usual files are read: %s/.config/mysend/config, " % mysend.home), done


def test_file_with_a_password_that_others_may_read_may_also_give_the_password_away(mysend):
    status, said = call(mysend, LOGIN + "password x\n", mode=0o644)
    assert status == 78 and said.splitlines()[1] == \
        "mysend: hint: chmod 600 F; or, if others have to read it, move the password into a file of its own (password_file)"


# --- mail of programs ------------------------------------------------------------------------------

def waiting(mysend):
    folder = os.path.join(mysend.home, ".local/state/mysend/spool/queue")
    return [name for name in os.listdir(folder) if "." not in name] if os.path.isdir(folder) else []


def as_program(mysend, text, *args, name="sendmail", stdin=TEXT, **env):
    """Called by a program whose user is not root: root's spool is the machine's."""
    env = {"XDG_CONFIG_HOME": mysend.usual(text), "MYSEND_QUEUE": None, "MYSEND_SPOOL": os.path.join(mysend.home, ".local/state/mysend/spool"), **env}
    return mysend(*args, name=name, stdin=stdin, env=env)


@pytest.mark.parametrize("fault, said", [
    ("nonsense\n", "no relay is known: "), ("relay smtp://127.0.0.1:1/x\n", "no relay is known: "),
    ("host 127.0.0.1\nproxy socks5://x\nproxy_host y\n", "no relay is known: "),
    (HOST + "user joe\nauth plain\npassword_file /nonexistent/secret\n", "password_file: /nonexistent/secret"),
    (HOST + "user joe\nauth plain\npassword_command false\n", "the command failed with status 1"),
])
def test_mail_of_programs_waits_until_the_configuration_is_mended(mysend, relay, fault, said):
    done = as_program(mysend, fault, "root")
    name, = waiting(mysend)
    assert done.status == 0 and said in done.err and "mysend: hint: the mail waits as " + name in done.err, done
    there = relay()
    good = "host %s\nport %d\ntls off\nfrom a@b.example\naliases off\nroot_to admin@example.org\nmaildomain m.example\n" % (there.host, there.port)
    if "password" in fault:
        assert as_program(mysend, good, "-qf", name="mysend").status == 0 and len(there.messages) == 1 and not waiting(mysend)
    else:
        assert as_program(mysend, good, "-qf", name="mysend").status == 0
        assert there.message.recipients == ["admin@example.org"] and not waiting(mysend)


def test_client_of_bs_is_told_that_mail_waits_until_the_configuration_is_mended(mysend):
    dialogue = b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n"
    done = as_program(mysend, "nonsense\n", "-bs", stdin=dialogue)
    assert done.status == 0 and "250 2.0.0 Ok: it waits as %s: no relay is known: " % waiting(mysend)[0] in done.out, done


BROKEN = [("6", None, "{F}: not readable: mode 0600, owner 0:0, we are 54321:54321", "54321 may not read it, and root has to, too: chgrp GROUP {F} && chmod 640 {F}; or a service sends for all users: contrib/systemd")] + \
    [(row, text, *[re.sub("^mysend: (hint: )?", "", line).replace("F:", "{F}:") for line in said.splitlines()])
     for row, text, status, said in ROWS if status == 78 and said and row.startswith("20")]
WAYS = ["by name", "as sendmail", "cron", "terminal", "-bs", "by name without a queue", "cron without a queue"]


@needs_root
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("row, text, words, hint", BROKEN)
def test_configuration_that_cannot_be_used_is_told_in_every_way_of_calling(mysend, tmp_path, row, text, words, hint, way):
    top, home = tmp_path, os.path.join(mysend.tmp, "eve")
    while str(top) != "/":      # pytest's own folders
        if not os.stat(top).st_mode & 1:
            top.chmod(0o711)
        top = top.parent
    os.mkdir(home)
    os.chown(home, EVE, EVE)
    folder = mysend.usual(HOST if text is None else text)
    path = os.path.join(folder, "mysend/config")
    for here in (mysend.tmp, folder, os.path.dirname(path)):
        os.chmod(here, 0o755)
    os.chmod(path, 0o600 if text is None else 0o644)

    def become():
        os.setgroups([])
        os.setgid(EVE)
        os.setuid(EVE)
    args, name, stdin = ["bob@example.org"], "mysend" if way.startswith("by name") else "sendmail", TEXT
    if "cron" in way:
        args, stdin = ["-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t"], b"To: bob@example.org\n" + TEXT
    elif way == "-bs":
        args, stdin = ["-bs"], b"MAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n"
    ours, theirs = pty.openpty() if way == "terminal" else (None, subprocess.PIPE)
    run = mysend.start(*args, name=name, stdin=subprocess.PIPE, stderr=theirs, before=become, cwd="/",
                       env={"XDG_CONFIG_HOME": folder, "XDG_STATE_HOME": None, "HOME": home, "MYSEND_QUEUE": "off" if "without" in way else None})
    if ours is not None:
        os.close(theirs)
    done = run.finish(stdin)
    said = done.err if ours is None else os.read(ours, 65536).decode().replace("\r\n", "\n")
    spool = os.path.join(home, ".local/state/mysend/spool")
    names = [one for one in os.listdir(os.path.join(spool, "queue")) if "." not in one] if os.path.isdir(spool) else []
    words, hint = words.format(F=path), hint.format(F=path)
    words = "configuration file " + words if text is None else words
    if name == "mysend" or "without" in way:
        assert (done.status, said, names) == (78, "mysend: %s\nmysend: hint: %s\n" % (words, hint), []), done
    elif way == "-bs":
        answer, = [line for line in done.out.splitlines() if "it waits as" in line]
        whole = "250 2.0.0 Ok: it waits as %s: no relay is known: %s; hint: %s" % (names[0], words, hint)
        assert done.status == 0 and len(answer) < 511, done
        if len(whole) < 400:        # a longer one is cut, first the words, and then the hint
            assert answer == whole
        else:
            assert answer.startswith(whole[:100]) and "; hint: %s" % hint[:200] in answer, answer
    else:
        there = "the mail waits as %s in %s; once that is mended, mysend -qf tries it at once (with MYSEND_SPOOL set to that folder, where spool names another one then)" % (names[0], spool)
        assert (done.status, said) == (0, "mysend: no relay is known: %s\nmysend: hint: %s\nmysend: hint: %s\n" % (words, hint, there)), said


def test_mail_that_waited_for_a_configuration_is_sent_as_told_where_that_names_another_spool(mysend, relay):
    env = {"XDG_CONFIG_HOME": mysend.usual("nonsense\n"), "MYSEND_QUEUE": None, "XDG_STATE_HOME": os.path.join(mysend.home, "state")}
    if os.geteuid() == 0:
        env["MYSEND_SPOOL"] = os.path.join(mysend.home, "state/mysend/spool")       # root's own is the machine's
    assert mysend("bob@example.org", name="sendmail", stdin=TEXT, env=env).status == 0
    there = relay()
    good = "host %s\nport %d\ntls off\nfrom a@b.example\nmaildomain m.example\naliases off\nspool %s/other\n" % (there.host, there.port, mysend.tmp)
    env["XDG_CONFIG_HOME"] = mysend.usual(good)
    assert mysend("-qf", env={**env, "MYSEND_SPOOL": None}).status == 0 and not there.messages
    assert mysend("-qf", env={**env, "MYSEND_SPOOL": os.path.join(mysend.home, "state/mysend/spool")}).status == 0
    assert there.message.recipients == ["bob@example.org"]


@pytest.mark.parametrize("name, text, args", [
    ("mysend", "nonsense\n", []), ("sendmail", "nonsense\nqueue off\n", []), ("sendmail", "nonsense\nspool /elsewhere\n", []), ("sendmail", "nonsense\n", ["-bv"]),
    ("sendmail", "queue off\nrelay smtp://127.0.0.1:1/x\n", []), ("sendmail", "relay smtp://127.0.0.1:1/x\nspool /elsewhere\n", []),
])
def test_who_asks_by_name_or_has_said_where_mail_waits_gets_it_back(mysend, name, text, args):
    done = as_program(mysend, text, *args, "bob@example.org", name=name)
    assert done.status == 78 and done.err and not waiting(mysend), done


def test_file_that_is_refused_for_its_mode_says_all_the_same_that_no_mail_waits(mysend):
    folder = mysend.usual(HOST + "queue off\nuser joe\npassword x\n")
    os.chmod(os.path.join(folder, "mysend", "config"), 0o644)
    done = mysend("bob@example.org", name="sendmail", stdin=TEXT, env={"XDG_CONFIG_HOME": folder, "MYSEND_QUEUE": None})
    assert done.status == 78 and "others may read it" in done.err and not waiting(mysend), done
