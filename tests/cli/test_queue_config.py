"""Mail that was taken by a configuration file which the run of the queue has not: it goes by the one that its sender meant."""
import json
import os

import pytest

from given import TO_BOB as TEXT


@pytest.fixture
def call(spool):
    """As mysend(...), whose files have the last word about the queue."""
    def run(*args, env=None, **more):
        return spool.mysend(*args, env={"MYSEND_QUEUE": None, **(env or {})}, **more)
    return run


@pytest.fixture
def named(spool, tmp_path):
    """named(relay): a file that is none of the usual ones; its path."""
    def make(relay=None, name="named.conf"):
        return spool.mysend.file(spool.config(relay), name=name)
    return make


@pytest.fixture(params=["-C", "--config", "relative", "MYSEND_CONFIG"])
def way(request, spool):
    """way(path): arguments and environment that name it."""
    def of(path):
        if request.param == "MYSEND_CONFIG":
            return {"args": [], "env": {"MYSEND_CONFIG": path}}
        return {"args": ["-C", os.path.basename(path)] if request.param == "relative" else [request.param, path], "env": {}}
    return of


def test_mail_of_a_named_file_goes_by_that_file_whoever_runs_the_queue(spool, call, relay, named, way):
    usual, other, mine = relay(), relay(), relay()
    path = named()
    how = way(path)
    call(*how["args"], "bob@example.org", stdin=TEXT, env=how["env"]).ok()
    assert "(configuration %s)" % path in spool.run("-bp").out
    assert json.loads(spool.run("-bp", "--json").out)["config"] == path
    spool.run("-qf", relay=usual).ok()
    call("-C", named(other, "other.conf"), "-qf").ok()
    spool.run("new@example.org", stdin=TEXT, relay=usual).ok()
    assert [mail.recipients for mail in usual.messages] == [["new@example.org"]] and not other.sessions and len(spool.names()) == 1
    named(mine)
    spool.run("-qf", relay=usual).ok()
    assert mine.message.recipients == ["bob@example.org"] and spool.files() == []


def test_mail_of_the_usual_file_does_not_go_by_a_named_one(spool, call, relay, named):
    other, usual = relay(), relay()
    config = spool.mysend.usual(spool.config(), name="home")
    call("bob@example.org", stdin=TEXT, env={"XDG_CONFIG_HOME": config}).ok()
    call("-C", named(other), "-qf", env={"XDG_CONFIG_HOME": config}).ok()
    call("-C", named(other), "new@example.org", stdin=TEXT, env={"XDG_CONFIG_HOME": config}).ok()
    assert [mail.recipients for mail in other.messages] == [["new@example.org"]] and len(spool.names()) == 1
    spool.mysend.usual(spool.config(usual), name="home")
    call("-C", named(other), "-qf", env={"XDG_CONFIG_HOME": config}).ok()
    assert usual.message.recipients == ["bob@example.org"] and spool.files() == []


def test_usual_file_that_is_named_is_the_usual_one(spool, call, relay):
    config = spool.mysend.usual(spool.config(), name="home")
    call("-C", os.path.join(config, "mysend", "config"), "bob@example.org", stdin=TEXT, env={"XDG_CONFIG_HOME": config}).ok()
    there = relay()
    assert "configuration" not in spool.run("-bp").out
    spool.run("-qf", relay=there).ok()
    assert there.message


def test_file_that_is_gone_or_somebody_elses_sends_nothing_and_is_told(spool, call, relay, named):
    there = relay()
    path = named(there)
    call("-C", path, "-odq", "bob@example.org", stdin=TEXT).ok()
    os.rename(path, path + ".away")
    done = spool.run("-q", relay=there)
    assert done.status == 0 and path in done.err and "No such file" in done.err and "(1 try, " in spool.run("-bp").out
    os.rename(path + ".away", path)
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
        assert "no file of ours any more" in spool.run("-qf", relay=there).err
        os.chown(path, 0, -1)
    os.chmod(path, 0o666)
    assert "others may write it" in spool.run("-qf", relay=there).err and not there.sessions
    os.chmod(path, 0o600)
    spool.run("-qf", relay=there).ok()
    assert there.message


@pytest.mark.parametrize("what", ["fifo", "link"])
def test_name_that_has_become_another_thing_is_not_read(spool, call, relay, named, what):
    """Whoever may write into the folder could have put it there: a pipe that waits for ever, commands of his own."""
    there, path = relay(), named()
    call("-C", path, "-odq", "bob@example.org", stdin=TEXT).ok()
    os.unlink(path)
    os.mkfifo(path) if what == "fifo" else os.symlink(named(there, "elsewhere.conf"), path)
    done = spool.run("-qf", relay=there)
    assert done.status == 0 and path in done.err and not there.sessions and len(spool.names()) == 1


def test_name_that_is_a_link_is_remembered_as_the_file_it_leads_to(spool, call, relay, named, tmp_path):
    path = named()
    os.symlink(path, tmp_path / "link.conf")
    call("-C", str(tmp_path / "link.conf"), "bob@example.org", stdin=TEXT).ok()
    assert "(configuration %s)" % path in spool.run("-bp").out


@pytest.mark.parametrize("how", ["pipe", "others"])
def test_file_that_nobody_can_read_later_lets_no_mail_wait(spool, call, named, how):
    path = named()
    if how == "pipe":
        reader, writer = os.pipe()
        with open(path, "rb") as text:
            os.write(writer, text.read())
        os.close(writer)
        done = call("-C", "/dev/fd/%d" % reader, "bob@example.org", stdin=TEXT, pass_fds=(reader,))
        os.close(reader)
    elif os.geteuid() == 0:
        os.chown(path, 12345, -1)
        done = call("-C", path, "bob@example.org", stdin=TEXT)
    else:
        pytest.skip("needs root")
    assert done.status == 75 and "Connection refused" in done.err and spool.names() == []


def test_what_the_run_was_told_does_not_count_for_mail_of_another_file(spool, call, relay, named):
    there, mine = relay(), relay("ehlo auth=plain pipelining", "user other file-secret")
    secret = spool.mysend.file("file-secret\n", name="secret")
    path = spool.mysend.file(spool.config(None, "auth plain\nuser other\npassword_file %s\n" % secret), name="named.conf")
    call("-C", path, "-odq", "bob@example.org", stdin=TEXT).ok()
    spool.mysend.file(spool.config(mine, "auth plain\nuser other\npassword_file %s\n" % secret), name="named.conf")
    os.mkdir(os.path.join(spool.mysend.tmp, "credentials"))
    spool.mysend.file("credential\n", name="credentials/mysend.password")
    env = {"MYSEND_PASSWORD": "runs-own", "MYSEND_HOST": "127.0.0.1", "MYSEND_PORT": str(there.port), "CREDENTIALS_DIRECTORY": os.path.join(spool.mysend.tmp, "credentials")}
    spool.run("-qf", "--port=%d" % there.port, relay=there, env=env).ok()
    assert mine.message.recipients == ["bob@example.org"] and not there.sessions


@pytest.mark.parametrize("option", ["--tls=on", "--proxy=socks5h://127.0.0.1:1", "--password-file=/nonexistent", "--tls-certcheck=off"])
def test_option_that_has_to_do_with_how_is_not_forgotten_by_waiting(spool, option):
    done = spool.run(option, "bob@example.org", stdin=TEXT)
    assert done.status != 0 and spool.names() == []


def test_bounce_goes_by_the_same_file(spool, call, relay, named):
    there, usual = relay("ehlo pipelining 8bitmime", "rcpt-to bob@example.org 550"), relay()
    call("-C", named(there), "-odq", "-f", "ann@example.net", "bob@example.org", stdin=TEXT).ok()
    assert "its sender is told" in spool.run("-q", relay=usual).err
    spool.run("-q", relay=usual).ok()
    assert there.message.recipients == ["ann@example.net"] and not usual.sessions


def test_credential_of_one_service_is_the_same_file_for_the_next(spool, call, relay):
    folders = [os.path.join(spool.mysend.tmp, name) for name in ("one", "two")]
    there = relay()
    for folder, to in zip(folders, (None, there)):
        os.mkdir(folder)
        spool.mysend.file(spool.config(to), name=os.path.join(folder, "mysend.conf"))
    env = [{"CREDENTIALS_DIRECTORY": folder, "MYSEND_CONFIG": os.path.join(folder, "mysend.conf")} for folder in folders]
    call("bob@example.org", stdin=TEXT, env=env[0]).ok()
    os.rename(folders[0], folders[0] + ".gone")
    call("-qf", env=env[1]).ok()
    assert there.message and spool.files() == []


def test_environment_alone_is_enough_for_the_run_too(spool, mysend, relay):
    there = relay()
    env = {"MYSEND_HOST": "127.0.0.1", "MYSEND_PORT": "1", "MYSEND_TLS": "off", "MYSEND_QUEUE": "on", "MYSEND_SPOOL": spool.top, "MYSEND_FROM": "me@example.net",
           "MYSEND_ALIASES": "off"}
    mysend("bob@example.org", stdin=TEXT, env=env).ok()
    mysend("-qf", env=dict(env, MYSEND_PORT=str(there.port))).ok()
    assert there.message and spool.files() == []


def test_child_that_tries_at_once_has_the_same_file(spool, call, relay, named):
    there = relay()
    call("-C", named(there), "-odb", "bob@example.org", stdin=TEXT, settle=False).ok()
    assert there.wait_for_message()


def test_queue_is_run_and_listed_where_no_account_is_the_default(spool, mysend, relay):
    there = relay()
    config = "".join("account %s\n%sfrom %s@example.net\nmaildomain mail.example\naliases off\nqueue on\nspool %s\n" % (
        name, mysend.where(where), name, spool.top) for name, where in (("a", there), ("b", relay())))
    mysend("-a", "a", "-odq", "bob@example.org", stdin=TEXT, config=config).ok()
    assert "bob@example.org: waits" in mysend("-bp", config=config).out
    assert mysend("--queue-check", config=config).status == 0
    mysend("-qf", config=config).ok()
    assert there.message.recipients == ["bob@example.org"] and spool.files() == []
    assert "there is no account \"c\"" in mysend("-a", "c", "-bp", config=config).failed(78)


@pytest.mark.parametrize("way", ["link", "folder"])
@pytest.mark.parametrize("evil", ["x\nRecipient: 0 - <eve@evil.example>\nConfig: ", "x\r", "x\x01"])
def test_line_end_in_the_real_path_of_the_configuration_gets_into_no_entry(spool, call, evil, way, tmp_path):
    """Whoever names a folder so would add a recipient of his own to the mail that waits."""
    folder = tmp_path / evil
    os.mkdir(folder)
    path = str(folder / "c.conf")
    os.rename(spool.mysend.file(spool.config(), name="named.conf"), path)
    if way == "link":
        os.symlink(path, tmp_path / "link.conf")
        done = call("-C", str(tmp_path / "link.conf"), "bob@example.org", stdin=TEXT)
    else:
        done = call("-C", "c.conf", "bob@example.org", stdin=TEXT, cwd=str(folder))
    assert done.status == 75 and spool.names() == [] and "Traceback" not in done.err


def test_aliases_that_cannot_be_read_keep_no_waiting_mail_back(spool, relay):
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    there = relay()
    spool.mysend("-q", config=spool.config(there).replace("aliases off", "aliases /nowhere/aliases")).ok()
    assert there.message.recipients == ["bob@example.org"] and spool.files() == []
