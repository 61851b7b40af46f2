"""Installed, and not configured yet: what programs send meanwhile waits, and whoever looks is told what to do."""
import os
import re
import shutil
import socket
import subprocess

import pytest


TEXT = b"From: a@b.example\nSubject: x\n\nbody\n"

if os.path.exists("/etc/mysend.conf") or os.path.exists("/usr/local/etc/mysend.conf"):
    pytest.skip("this host has a configuration for mysend", allow_module_level=True)


def waiting(mysend):
    folder = os.path.join(mysend.tmp, "spool", "queue")
    return [name for name in os.listdir(folder) if "." not in name] if os.path.isdir(folder) else []


def env(mysend, **more):
    return {"MYSEND_SPOOL": os.path.join(mysend.tmp, "spool"), "MYSEND_QUEUE": "on", **more}


@pytest.mark.parametrize("args, stdin", [
    (["-i", "bob@example.org"], TEXT), (["-t"], b"To: bob@example.org\n" + TEXT), (["-oem", "-i", "bob@example.org"], TEXT),
    (["-bs"], b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n"),
    (["-odq", "bob@example.org"], TEXT),
])
def test_mail_of_programs_waits_until_a_relay_is_set(mysend, relay, args, stdin):
    done = mysend(*args, name="sendmail", stdin=stdin, env=env(mysend))
    name, = waiting(mysend)
    assert done.status == 0, done
    if args == ["-bs"]:
        assert "250 2.0.0 Ok: it waits as %s: no relay is set" % name in done.out, done
    else:
        assert "no relay is set" in done.err and "the mail waits as " + name in done.err and 'put a line "relay smtp://HOST" into ' in done.err, done
    assert "no relay is set" in mysend("-bp", env=env(mysend)).out
    there = relay()
    mysend("-qf", config="host %s\nport %d\ntls off\n" % (there.host, there.port), env=env(mysend)).ok()
    assert there.message.recipients == ["bob@example.org"] and waiting(mysend) == []


@pytest.mark.parametrize("recipient", ["root", "bob@localhost"])
def test_not_even_a_missing_domain_loses_it(mysend, recipient):
    done = mysend("-i", recipient, name="sendmail", stdin=b"From: root (Cron Daemon)\n\nx\n", env=env(mysend))
    assert done.status == 0 and len(waiting(mysend)) == 1, done


@pytest.mark.parametrize("name, args, more", [("mysend", [], {}), ("sendmail", [], {"MYSEND_QUEUE": "off"}), ("sendmail", ["-bv"], {})])
def test_who_asks_for_it_by_name_or_has_no_queue_gets_it_back(mysend, name, args, more):
    done = mysend(*args, "bob@example.org", name=name, stdin=TEXT, env=env(mysend, **more))
    assert done.status == 78 and "no relay is set" in done.err and waiting(mysend) == [], done


def test_quiet_is_quiet(mysend):
    done = mysend("-oeq", "bob@example.org", name="sendmail", stdin=TEXT, env=env(mysend))
    assert done.status == 0 and done.err == "" and len(waiting(mysend)) == 1, done


@pytest.mark.skipif(os.getuid() != 0, reason="only root is pointed at the file for everybody")
def test_root_is_pointed_at_the_file_for_everybody_unless_it_has_one_of_its_own(mysend):
    done = mysend("bob@example.org", stdin=TEXT)
    assert done.hints[0].endswith("/mysend.conf"), done
    own = os.path.join(mysend.home, ".config/mysend/config")
    os.makedirs(os.path.dirname(own))
    with open(own, "w", encoding="ascii"):
        pass
    assert mysend("bob@example.org", stdin=TEXT).hints[0].endswith(own)


@pytest.mark.parametrize("file, text, hint", [
    ("msmtprc", "host x\n", "/etc/msmtprc is there, and is read as it is: cp -p /etc/msmtprc /"),
    ("ssmtp/ssmtp.conf", "mailhub=x\n", '/etc/ssmtp/ssmtp.conf is there: contrib/migrate.md, "ssmtp", says '),
    ("nullmailer/remotes", "x smtp\n", '/etc/nullmailer/remotes is there: contrib/migrate.md, "nullmailer", says '),
    ("dma/dma.conf", "SMARTHOST x\n", '/etc/dma/dma.conf is there: contrib/migrate.md, "dma", says '),
    ("postfix/main.cf", "relayhost = [x]:587\n", '/etc/postfix/main.cf is there: contrib/migrate.md, "Postfix as a null client", says '),
])
def test_predecessor_is_named(mysend, mounts, file, text, hint):
    etc = os.path.join(mysend.tmp, "etc")
    os.makedirs(os.path.dirname(os.path.join(etc, file)), exist_ok=True)
    for name in ("passwd", "group", "nsswitch.conf", "hosts"):
        if os.path.exists("/etc/" + name):
            shutil.copy("/etc/" + name, etc)
    with open(os.path.join(etc, file), "w", encoding="ascii") as out:
        out.write(text)
    done = mounts.run("mount", "--bind", etc, "/etc")
    if done.returncode:
        pytest.skip("mounting is not permitted here")
    done = mysend("bob@example.org", stdin=TEXT, prefix=mounts.prefix)
    assert done.status == 78 and hint in done.hints[0], done


def test_every_section_that_is_named_is_one(mysend):
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with open(os.path.join(top, "src/conf/predecessor.c"), encoding="ascii") as text:
        rows = [line for line in text if line.lstrip().startswith('{"')]
    with open(os.path.join(top, "contrib/migrate.md"), encoding="utf-8") as text:
        titles = [line[3:].strip() for line in text if line.startswith("## ")]
    programs = [part.split('"')[1] for line in rows for part in line.split("{")[1:]]
    assert len(programs) == 6 and all(program in titles for program in programs), (programs, titles)


def test_error_goes_to_the_systems_log_though_no_setting_says_so(mysend, tmp_path):
    strace = shutil.which("strace") or pytest.skip("strace is missing")
    said = tmp_path / "calls"
    call = 'ln -sf "$1" ./sendmail && shift && exec ./sendmail "$@"'
    done = mysend("-i", "bob@example.org", stdin=TEXT, env=env(mysend, ASAN_OPTIONS="detect_leaks=0"), prefix=[strace, "-f", "-o", str(said), "-e", "trace=connect", "/bin/sh", "-c", call, "sh"])
    assert done.status == 0 and '"/dev/log"' in said.read_text(), (done, said.read_text())


NO_DOMAIN = pytest.mark.skipif("." in socket.gethostname() or "." in socket.getfqdn() or os.path.exists("/etc/mailname"), reason="this host has a domain")


@NO_DOMAIN
@pytest.mark.parametrize("call, nth", [("unlinkat", 2), ("fsync", 1)])
def test_what_cannot_be_put_under_its_new_names_waits_and_goes_once(mysend, relay, tmp_path, call, nth):
    strace = shutil.which("strace") or pytest.skip("strace is missing")
    mysend("-i", "-froot", "root", "eve@example.org", name="sendmail", stdin=TEXT, env=env(mysend))
    there, said = relay(), tmp_path / "calls"
    run = dict(config="host %s\nport %d\ntls off\naliases off\nroot_to admin@example.org\nfrom me@example.net\n" % (there.host, there.port),
               env=env(mysend, ASAN_OPTIONS="detect_leaks=0"))
    mysend("-qf", prefix=[strace, "-o", str(said), "-e", "trace=" + call, "-e", "inject=%s:error=EIO:when=%d" % (call, nth)], **run)
    assert "INJECTED" in said.read_text() and not there.messages and len(waiting(mysend)) == 1
    mysend("-qf", **run).ok()
    assert [mail.recipients for mail in there.messages] == [["admin@example.org", "eve@example.org"]] and not waiting(mysend)


@NO_DOMAIN
@pytest.mark.parametrize("config, sender, recipients", [
    ("root_to admin@example.org\nfrom me@example.net\n", "me@example.net", ["admin@example.org", "eve@example.org"]),
    ("root_to a@example.org, b@example.org\nmaildomain m.example\n", "root@m.example", ["a@example.org", "b@example.org", "eve@example.org"]),
    ("maildomain m.example\nfrom *@example.net\n", "root@m.example", ["root@m.example", "eve@example.org"]),
    ("from me@example.net\n", "me@example.net", ["root@" + socket.gethostname(), "eve@example.org"]),
])
def test_local_names_are_looked_up_once_there_is_a_configuration(mysend, relay, config, sender, recipients):
    mysend("-i", "-froot", "root", "eve@example.org", name="sendmail", stdin=b"Subject: x\n\nx\n", env=env(mysend))
    first, = waiting(mysend)
    there = relay('rcpt 450')
    text = "host %s\nport %d\ntls off\naliases off\n" + config
    mysend("-qf", config=text % (there.host, there.port), env=env(mysend))
    assert [rcpt[0] for rcpt in there.transactions[0].rcpts] == recipients and len(waiting(mysend)) == 1
    there = relay()
    mysend("-qf", config=text % (there.host, there.port), env=env(mysend)).ok()
    assert there.message.recipients == recipients and there.message.sender == sender and waiting(mysend) == [], first


@pytest.fixture
def on_a_host():
    """on_a_host(name): a prefix of the command, which sees this name of the host, and is called as sendmail unless called_as says."""
    def prefix(name, called_as="sendmail"):
        rename = 'echo %s >/proc/sys/kernel/hostname && ' % name
        if os.geteuid() != 0 or not shutil.which("unshare") or subprocess.run(["unshare", "-u", "sh", "-c", rename + "true"], check=False, capture_output=True).returncode:
            pytest.skip("a host name of our own needs root and unshare")
        return ["unshare", "-u", "sh", "-c", rename + 'ln -sf "$1" ./%s && shift && exec ./%s "$@"' % (called_as, called_as), "sh"]
    return prefix


@pytest.mark.parametrize("to", ["root", "root@localhost", "root@web1.example.net"])
@pytest.mark.parametrize("config, sender, recipients", [
    ("root_to admin@example.org\nfrom me@example.net\n", "me@example.net", ["admin@example.org", "eve@example.org"]),
    ("from me@example.net\n", "me@example.net", ["root@web1.example.net", "eve@example.org"]),
    ("maildomain m.example\n", "root@m.example", ["root@m.example", "eve@example.org"]),
    ("", "root@web1.example.net", ["root@web1.example.net", "eve@example.org"]),
])
def test_local_names_are_looked_up_on_a_host_with_a_domain_too(mysend, relay, on_a_host, to, config, sender, recipients):
    host = on_a_host("web1.example.net")
    mysend("-i", "-froot", to, "eve@example.org", stdin=b"From: root\n\nx\n", env=env(mysend), prefix=host)
    assert len(waiting(mysend)) == 1
    there = relay()
    mysend("-qf", config="host %s\nport %d\ntls off\naliases off\n%s" % (there.host, there.port, config), env=env(mysend),
           prefix=on_a_host("web1.example.net", "mysend")).ok()
    assert (there.message.sender, there.message.recipients) == (sender, recipients) and waiting(mysend) == []


# --- the account of such mail -----------------------------------------------------------------------

def write(mysend, text):
    """The user's own configuration; None: there is none."""
    path = os.path.join(mysend.home, ".config/mysend/config")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if text is None:
        os.path.exists(path) and os.remove(path)
    else:
        mysend.file(text, name=path)


def make_due(mysend):
    """What waits is due now, as it is after a while."""
    folder = os.path.join(mysend.tmp, "spool", "queue")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "r+b") as text:
            old = text.read()
            new = re.sub(rb"^Next: \d+$", b"Next: 1", old, count=1, flags=re.M)
            text.seek(0)
            text.write(new)
            text.truncate()


def accounts(mysend, *rows):
    return "".join("account %s\n%sfrom %s\n" % (name, mysend.where(one), sender) for name, one, sender in rows)


def sent(*relays):
    for one in relays:
        one.settle()
    return [[mail.sender for mail in one.messages] for one in relays]


# What the host has when the mail comes: nothing, a file that is wrong, one whose accounts name no relay yet.
BEFORE = pytest.mark.parametrize("before", [None, "frobnicate on\n", "account default\nfrom ann@b.example\n"], ids=["nothing", "wrong", "no relay"])


@BEFORE
def test_the_account_is_the_one_that_the_sender_chooses_once_it_is_there(mysend, relay, before):
    work, home, other = relay(), relay(), relay()
    write(mysend, before)
    for sender in ("work@b.example", "HOME@b.example", "x@c.example"):
        assert mysend("-i", "-f", sender, "bob@example.org", name="sendmail", stdin=TEXT, env=env(mysend)).status == 0
    write(mysend, accounts(mysend, ("default", other, "me@b.example"), ("work", work, "work@b.example"), ("home", home, "home@b.example")))
    mysend("-qf", env=env(mysend)).ok()
    assert sent(work, home, other) == [["work@b.example"], ["HOME@b.example"], ["x@c.example"]] and waiting(mysend) == []


@BEFORE
def test_the_only_account_need_not_be_called_default(mysend, relay, before):
    one = relay()
    write(mysend, before)
    assert mysend("-i", "bob@example.org", name="sendmail", stdin=TEXT, env=env(mysend)).status == 0
    write(mysend, accounts(mysend, ("mine", one, "me@b.example")))
    mysend("-qf", env=env(mysend)).ok()
    assert len(sent(one)[0]) == 1 and waiting(mysend) == []


@BEFORE
def test_mail_that_fails_once_keeps_that_account(mysend, relay, before):
    work, other = relay("mail '451 4.3.0 later'"), relay()
    write(mysend, before)
    assert mysend("-i", "-f", "work@b.example", "bob@example.org", name="sendmail", stdin=TEXT, env=env(mysend)).status == 0
    both = accounts(mysend, ("default", other, "me@b.example"), ("work", work, "work@b.example"))
    write(mysend, both)
    assert mysend("-qf", env=env(mysend)).status == 0 and len(waiting(mysend)) == 1
    again = relay()
    write(mysend, accounts(mysend, ("default", other, "me@b.example"), ("work", again, "work@b.example")))
    mysend("-qf", env=env(mysend)).ok()
    assert sent(again, other) == [["work@b.example"], []] and waiting(mysend) == []


@BEFORE
def test_mail_of_another_account_does_not_take_it_along(mysend, relay, before):
    work, other = relay(), relay()
    write(mysend, before)
    for sender in ("work@b.example", "x@c.example"):
        assert mysend("-i", "-f", sender, "bob@example.org", name="sendmail", stdin=TEXT, env=env(mysend)).status == 0
    make_due(mysend)
    write(mysend, accounts(mysend, ("default", other, "me@b.example"), ("work", work, "work@b.example")))
    mysend("carl@example.org", stdin=TEXT, env=env(mysend)).ok()
    assert sorted(sent(other)[0]) == ["me@b.example", "x@c.example"] and len(waiting(mysend)) == 1
    mysend("-qf", env=env(mysend)).ok()
    assert sent(work) == [["work@b.example"]] and waiting(mysend) == []


def test_sender_said_on_a_configured_host_stays_while_the_mail_waits(mysend, relay, on_a_host):
    there = relay("rcpt 450")
    run = {"env": env(mysend), "config": "queue on\nhost %s\nport %d\ntls off\naliases off\nfrom me@example.net\n" % (there.host, there.port),
           "prefix": on_a_host("web1.example.net", "mysend")}
    for args, stdin in ((["-fbob@web1.example.net", "eve@example.org"], TEXT), (["-qf"], b"")):
        mysend(*args, stdin=stdin, **run)
    assert [t.sender for t in there.transactions] == ["bob@web1.example.net"] * 2


def test_hint_about_a_file_that_is_a_stream_names_no_file_to_write_into(mysend):
    done = mysend("-C", "/dev/stdin", "--dry-run", "bob@example.org", stdin=b"from me@example.net\n")
    assert "into what -C reads" in done.err and "into /dev" not in done.err and done.status == 78, done


@pytest.mark.parametrize("args, stdin", [(["-i", "bob@example.org"], TEXT), (["-oem", "bob@example.org"], TEXT), (["-odq", "bob@example.org"], TEXT),
    (["-bs"], b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n")])
@pytest.mark.parametrize("config, status", [(None, 78), ("host 127.0.0.1\nport 1\ntls off\nfrom a@b.example\n", 75)])
def test_mail_that_cannot_wait_says_why_to_programs_too(mysend, args, stdin, config, status):
    with open(os.path.join(mysend.tmp, "file"), "w", encoding="ascii"):
        pass
    place = os.path.join(mysend.tmp, "file", "spool")
    done = mysend(*args, name="sendmail", stdin=stdin, config=config, env=env(mysend, MYSEND_SPOOL=place))
    assert done.status == (0 if args == ["-bs"] else status), done
    assert done.err.count("mysend: warning: it cannot wait: spool " + place) == 1 and "set spool, or HOME" in done.err, done
    done = mysend("-oeq", *[arg for arg in args if arg != "-oem"], name="sendmail", stdin=stdin, config=config, env=env(mysend, MYSEND_SPOOL=place))
    assert "it cannot wait" not in done.err, done


@pytest.mark.parametrize("name, args", [("mysend", ["-bp"]), ("mailq", []), ("sendmail", ["-bp"]), ("mysend", ["-bp", "--json"])])
def test_what_waits_for_a_wrong_configuration_is_listed_and_the_fault_is_told(mysend, name, args):
    write(mysend, "host x.example\nno_such_setting x\n")
    mysend("bob@example.org", name="sendmail", stdin=TEXT, env=env(mysend))
    first, = waiting(mysend)
    done = mysend(*args, name=name, env=env(mysend))
    assert "no_such_setting" in done.failed(78) and first in done.out and "bob@example.org" in done.out, done
    write(mysend, "host x.example\n")
    assert first in mysend(*args, name=name, env=env(mysend)).out


@pytest.mark.parametrize("text, more", [("spool /elsewhere\nno_such_setting x\n", []), ("no_such_setting x\n", ["-a", "work"]), ("no_such_setting x\n", ["-C"])])
def test_no_queue_is_listed_that_need_not_be_the_right_one(mysend, text, more):
    mysend("bob@example.org", name="sendmail", stdin=TEXT, env=env(mysend))
    more = more + [mysend.file(text)] if more == ["-C"] else more
    write(mysend, None if "-C" in more else text)
    done = mysend("-bp", *more, env=env(mysend))
    assert "no_such_setting" in done.failed(78) and done.out == "" and waiting(mysend), done


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="root, and setpriv, are needed")
def test_system_configuration_that_only_its_owner_may_read_is_told_as_that(mysend, mounts, unix_path):
    path = mysend("-C", "/dev/null", "bob@example.org", stdin=TEXT).err.split("files: ")[1].split(", ")[-1].split(" (")[0]
    assert path.endswith("/mysend.conf")
    etc = os.path.join(mysend.tmp, "etc")
    os.mkdir(etc)
    with open(os.path.join(etc, "mysend.conf"), "w") as conf:
        conf.write("relay smtp://127.0.0.1:9\n")
    os.chmod(etc, 0o755)
    os.chmod(conf.name, 0o600)
    if mounts.run("mount", "--bind", etc, os.path.dirname(path)).returncode:
        pytest.skip("mounting is not permitted here")
    nobody = [*mounts.prefix, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    done = mysend("bob@example.org", stdin=TEXT, prefix=nobody, env={"HOME": "/nonexistent"})
    assert done.status == 78 and "nobody may not read %s: chgrp a group that they are in, and chmod 640; or, for all users, set up the service of contrib/systemd" % path in done.err, done
    # A file of msmtp's that is the user's own is nearer than a service.
    home = os.path.dirname(unix_path)
    with open(os.path.join(home, ".msmtprc"), "w", encoding="ascii") as own:
        own.write("account default\nhost 127.0.0.1\n")
    os.chmod(own.name, 0o600)
    for path in (home, own.name):
        os.chown(path, 65534, 65534)
    done = mysend("bob@example.org", stdin=TEXT, prefix=nobody, env={"HOME": home})
    assert done.status == 78 and "mysend -C %s reads msmtp's file; copied to %s/.config/mysend/config" % (own.name, home) in done.err, done
