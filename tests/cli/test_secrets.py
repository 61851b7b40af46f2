"""Passwords: where they come from, and where they never go (CONTRIBUTING.md, "Ten rules")."""
import os

import pytest
from given import PLAIN as TEXT
from preload import loaded_by_session
from waiting import wait_for

LOGIN = "user joe\nauth plain\n"


def test_password_comes_from_the_config(mysend, relay):
    one = relay("ehlo auth=plain", "user joe secret")
    mysend("bob@example.org", stdin=TEXT, relay=one, config=LOGIN + "password secret\n").ok()
    assert one.logins[0].ok


@pytest.mark.parametrize("text", ["secret", "secret\n", "secret\r\n", "secret\nsecond line\n"])
def test_password_comes_from_a_file_first_line_only(mysend, relay, text):
    one = relay("ehlo auth=plain", "user joe secret")
    mysend("bob@example.org", stdin=TEXT, relay=one, config=LOGIN + "password_file %s\n" % mysend.file(text)).ok()


@pytest.mark.parametrize("keyword", ["passwordeval", "password_command"])
@pytest.mark.parametrize("command", ["echo secret", "printf secret", "printf 'secret\\nmore'", "echo 'sec''ret' | cat", "cat /dev/stdin; echo secret"])
def test_password_comes_from_a_command(mysend, relay, keyword, command):
    one = relay("ehlo auth=plain", "user joe secret")
    mysend("bob@example.org", stdin=TEXT, relay=one, config=LOGIN + "%s %s\n" % (keyword, command)).ok()
    assert one.message.content == b"body\r\n", "the command got none of the message"


@pytest.mark.parametrize("command", ["false", "exit 3", "kill -9 $$", "true", "nosuchcommand-anywhere"])
def test_password_command_that_fails_is_78_and_named(mysend, relay, command):
    one = relay("ehlo auth=plain", "user joe secret")
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config=LOGIN + "passwordeval %s\n" % command)
    assert result.status in (77, 78) and not one.messages, result
    assert "password" in result.err


def test_password_comes_from_the_credentials_folder(mysend, relay, tmp_path):
    one, folder = relay("ehlo auth=plain", "user joe secret"), tmp_path / "creds"
    folder.mkdir()
    (folder / "mysend.password").write_text("secret\n")
    os.chmod(folder / "mysend.password", 0o400)
    mysend("bob@example.org", stdin=TEXT, relay=one, config=LOGIN, env={"CREDENTIALS_DIRECTORY": str(folder)}).ok()


@pytest.mark.parametrize("name", [".netrc", "own"])
def test_password_comes_from_netrc(mysend, relay, name):
    one = relay("ehlo auth=plain", "user joe secret")
    path = os.path.join(mysend.home, name)
    with open(path, "w", encoding="ascii") as out:
        out.write("machine other.example login joe password wrong\nmachine 127.0.0.1 login joe password secret\n")
    os.chmod(path, 0o600)
    mysend("bob@example.org", stdin=TEXT, relay=one, config=LOGIN + ("netrc %s\n" % path if name == "own" else "")).ok()
    assert one.logins[0].ok


def test_secrets_are_tried_in_the_order_of_the_manual(mysend, relay, tmp_path):
    one, folder = relay("ehlo auth=plain", "user joe first"), tmp_path / "creds"
    folder.mkdir()
    (folder / "mysend.password").write_text("third\n")
    mysend("bob@example.org", stdin=TEXT, relay=one, env={"CREDENTIALS_DIRECTORY": str(folder)},
           config=LOGIN + "password_file %s\npasswordeval echo second\n" % mysend.file("first\n")).ok()


def test_user_without_any_password_is_an_error_that_says_so(mysend, relay):
    one = relay("ehlo auth=plain", "user joe secret")
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config=LOGIN)
    assert result.status in (77, 78) and "password" in result.err and not one.messages, result


@pytest.mark.parametrize("args", [["--password", "secret"], ["--password=secret"]])
def test_password_in_an_argument_is_refused(mysend, relay, args):
    one = relay("ehlo auth=plain")
    said = mysend(*args, "bob@example.org", stdin=TEXT, relay=one, config=LOGIN).failed(64)
    assert "secret" not in said and not one.sessions


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o666, 0o602])
def test_file_with_a_password_that_others_may_read_is_refused(mysend, mode):
    path = mysend.file("account default\nhost h.example\nfrom a@example.net\nuser joe\npassword secret\n", mode=mode)
    said = mysend("bob@example.org", stdin=TEXT, env={"MYSEND_CONFIG": path}).failed(78)
    assert path in said and "secret" not in said


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
def test_file_with_a_password_for_owner_or_group_is_fine(mysend, relay, mode):
    one = relay("ehlo auth=plain", "user joe secret")
    path = mysend.file("account default\n%sfrom a@example.net\nuser joe\nauth plain\npassword secret\n" % mysend.where(one), mode=mode)
    mysend("bob@example.org", stdin=TEXT, env={"MYSEND_CONFIG": path}).ok()


def test_file_without_a_password_may_be_read_by_all(mysend, relay):
    one = relay()
    path = mysend.file("account default\n%sfrom a@example.net\n" % mysend.where(one), mode=0o644)
    mysend("bob@example.org", stdin=TEXT, env={"MYSEND_CONFIG": path}).ok()


def test_password_file_that_others_may_read_is_refused(mysend, relay):
    one = relay("ehlo auth=plain", "user joe secret")
    path = mysend.file("secret\n", mode=0o644)
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config=LOGIN + "password_file %s\n" % path)
    assert result.status in (77, 78) and path in result.err and not one.messages, result


def test_password_file_that_is_not_there_is_named_with_its_line_and_how_to_make_it(mysend, relay):
    path = os.path.join(mysend.tmp, "password")
    config = mysend.file("host 127.0.0.1\nport 1\ntls off\nfrom me@example.net\nuser joe\npassword_file %s\n" % path)
    result = mysend("bob@example.org", stdin=TEXT, env={"MYSEND_CONFIG": config})
    assert "%s:6: password_file: %s: No such file or directory" % (config, path) in result.errors[0], result
    assert "(umask 077; cat >%s)" % path in result.hints[0], result


def test_password_is_not_in_the_process_list(mysend, relay):
    one = relay("ehlo auth=plain", "end hang")
    run = mysend.start("bob@example.org", relay=one, config=LOGIN + "password hunter2secret\ntimeout 60\n")
    run.process.stdin.write(TEXT)
    run.process.stdin.close()
    run.process.stdin = None
    wait_for(lambda: one.transactions and one.transactions[0].complete, "the message")
    for name in ("cmdline", "environ"):
        with open("/proc/%d/%s" % (run.process.pid, name), "rb") as text:
            assert b"hunter2secret" not in text.read()
    run.kill()
    run.process.communicate()


@pytest.mark.parametrize("method", ["scram-sha-256", "scram-sha-1"])
def test_auth_method_that_this_libcurl_lacks_is_a_clear_config_error(mysend, relay, method):
    if any("libgsasl" in path for path in loaded_by_session(mysend)):     # libcurl's, which has SCRAM from nowhere else; what curl(1) has may be another libcurl
        pytest.skip("this libcurl has SCRAM")
    one = relay("ehlo auth=plain,scram-sha-1,scram-sha-256")
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config="user joe\npassword secret\nauth %s\n" % method)
    assert result.status == 78 and method in result.err.lower() and not one.transactions, result


def test_password_line_with_an_equals_sign_is_not_quoted(mysend):
    result = mysend("bob@example.org", stdin=TEXT, config="host h\npassword=hunter2\n")
    assert result.status == 78 and "hunter2" not in result.err and "a blank stands between" in result.err


def test_command_that_fails_is_not_quoted(mysend, relay):
    one = relay("ehlo auth")
    said = mysend("bob@example.org", stdin=TEXT, relay=one, config="user u\npassword_command echo hunter2; false\n")
    assert said.status == 78 and "hunter2" not in said.err and "password_command: the command failed with status 1" in said.err


def test_command_that_leaves_something_in_the_background_is_not_waited_for(mysend, tmp_path):
    """It stays for as long as nobody writes into the pipe."""
    os.mkfifo(tmp_path / "pipe")
    assert mysend.dry(stdin=TEXT, config="eval cat %s 2>&- & echo timeout 5m\n" % (tmp_path / "pipe")).status == 0
    os.close(os.open(tmp_path / "pipe", os.O_WRONLY))
