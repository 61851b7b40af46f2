"""Files that nobody named on the command line: nothing but a regular file of ours or root's is read, whatever somebody has put in its place."""
import os
import shutil
import socket
import subprocess

import pytest

from given import EVE, needs_root, PLAIN as TEXT

KINDS = {"fifo": "it is a FIFO, and no file", "device": "it is a device, and no file", "socket": "it is a socket, and no file", "folder": "it is a folder, and no file",
         "foreign": "it belongs to somebody else (uid 54321)", "link to foreign": "it belongs to somebody else (uid 54321)", "foreign link": "a link leads to it that somebody else can have made",
         "open": "anybody may write it (mode 0606)", "dangling": None}


@pytest.fixture
def place(tmp_path):
    """place(kind, text, path): puts a thing of that kind there, which would hold the text if it could; the path to name."""
    def make(kind, text, path=None):
        path = str(path or tmp_path / "it")
        if "foreign" in kind and os.geteuid() != 0:
            pytest.skip("needs root")
        if kind == "fifo":
            os.mkfifo(path, 0o600)
        elif kind == "device":
            os.symlink("/dev/zero", path)
        elif kind == "socket":
            here = os.getcwd()
            os.chdir(os.path.dirname(path))     # the name of a socket is short
            socket.socket(socket.AF_UNIX).bind(os.path.basename(path))
            os.chdir(here)
        elif kind == "folder":
            os.mkdir(path)
        elif kind == "dangling":
            os.symlink("/nowhere/at/all", path)
        elif kind == "link to foreign":
            os.symlink(make("foreign", text, tmp_path / "hers"), path)
        elif kind == "foreign link":                        # to a file that is ours: its name there is hers
            folder = tmp_path / "evefolder"
            folder.mkdir()
            os.symlink(make("fine", text, tmp_path / "mine"), folder / "it")
            os.chown(folder / "it", EVE, EVE, follow_symlinks=False)
            os.chown(folder, EVE, EVE)
            return str(folder / "it")
        else:
            with open(path, "w", encoding="ascii") as out:
                out.write(text)
            os.chmod(path, 0o606 if kind == "open" else 0o600)
            if kind == "foreign":
                os.chown(path, EVE, EVE)
        return path
    return make


def refused(done, path, words):
    assert done.status == 78 and "hung" not in done.err, done
    assert words is None or path + " is refused: " + words in done.errors[0], done


# --- the configuration ----------------------------------------------------------------------------

@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", [".mysendrc", ".config/mysend/config"])
def test_thing_at_a_usual_place_is_no_configuration(mysend, place, kind, where, tmp_path):
    """A FIFO of somebody's HOME that somebody feeds was run as root; one that nobody feeds made root wait for ever."""
    target, done = str(tmp_path / "done"), None
    path = os.path.join(mysend.home, where)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    made = place(kind, "eval touch %s\nhost h.example\n" % target, None if kind == "foreign link" else path)
    if kind == "foreign link":      # her HOME
        os.rename(made, os.path.join(os.path.dirname(made), ".mysendrc"))
        done = mysend("-bp", env={"HOME": os.path.dirname(made)})
        path = os.path.join(os.path.dirname(made), ".mysendrc")
    done = done or mysend("-bp", env={"MYSEND_SPOOL": str(tmp_path / "spool")})
    if kind == "dangling":          # not there
        assert done.status == 0 and done.out == "Mail queue is empty\n", done
    else:
        refused(done, path, KINDS[kind])
    assert not os.path.exists(target)


@pytest.mark.parametrize("kind", ["fifo", "device", "socket", "folder", "open", "dangling"])
def test_thing_that_a_variable_names_is_no_configuration(mysend, place, kind):
    path = place(kind, "host h.example\n")
    refused(mysend("-bp", env={"MYSEND_CONFIG": path}), path, KINDS[kind])


def test_fifo_that_somebody_feeds_runs_nothing(mysend, tmp_path):
    path, target = os.path.join(mysend.home, ".mysendrc"), tmp_path / "done"
    os.mkfifo(path, 0o600)
    keep = os.open(path, os.O_RDWR)
    os.write(keep, b"eval touch %s\n" % os.fsencode(target))
    refused(mysend("-bp"), path, KINDS["fifo"])
    os.close(keep)
    assert not target.exists()


@needs_root
@pytest.mark.parametrize("line", ["password_command echo secret", "passwordeval echo secret", "eval echo timeout 5m"])
@pytest.mark.parametrize("whose", ["eve", "shared"])
def test_command_counts_only_out_of_a_file_of_ours_or_roots(mysend, relay, line, whose):
    """$MYSEND_CONFIG may be anybody's; what it would have us run does not count. -C is meant."""
    one = relay("ehlo auth=plain", "user joe secret", "lax")
    text = "account default\n%sfrom me@example.net\nuser joe\nauth plain\n%s\n" % (mysend.where(one), line)
    if line.startswith("eval"):
        text += "password secret\n"
    path = mysend.file(text)
    if whose == "eve":
        os.chown(path, EVE, EVE)
    else:
        os.chown(path, -1, 12)      # man's group, on Debian: somebody is in it
        os.chmod(path, 0o660)
        shared_group_or_skip(12)
    said = mysend("bob@example.org", stdin=TEXT, env={"MYSEND_CONFIG": path})
    assert said.status == 78 and "%s:%d: a command counts only out of a file" % (path, 8) in said.err and "make it a file of ours" in said.hints[0], said
    assert not one.transactions
    done = mysend("-C", path, "bob@example.org", stdin=TEXT)
    assert done.status == 0 and one.message, done


def shared_group_or_skip(gid):
    import grp
    import pwd
    try:
        names = grp.getgrgid(gid).gr_mem
    except KeyError:
        names = []
    if not any(entry.pw_gid == gid and entry.pw_uid not in (0, os.geteuid()) for entry in pwd.getpwall()) and not names:
        pytest.skip("nobody is in group %d" % gid)


@needs_root
def test_foreign_file_of_a_variable_without_a_command_is_read(mysend, relay):
    """A file of the host's user that a container sees under another number."""
    one = relay()
    path = mysend.file("account default\n%sfrom me@example.net\n" % mysend.where(one))
    os.chown(path, EVE, EVE)
    mysend("bob@example.org", stdin=TEXT, env={"MYSEND_CONFIG": path}).ok()
    assert one.message


@needs_root
def test_group_with_somebody_else_in_it_may_not_write_what_holds_commands(mysend):
    shared_group_or_skip(12)
    path = os.path.join(mysend.home, ".mysendrc")
    mysend.file("host h.example\n", name=path, mode=0o660)
    os.chown(path, 0, 12)
    done = mysend("--show-config")
    refused(done, path, "others of its group may write it (mode 0660)")
    assert "chmod g-w " + path in done.hints[0]
    os.chmod(path, 0o640)
    assert mysend("--show-config").status == 0


# --- what goes on working -------------------------------------------------------------------------

@pytest.mark.parametrize("how", ["descriptor", "fifo", "stdin"])
def test_configuration_that_an_option_names_may_be_anything(mysend, relay, how, tmp_path):
    one = relay("ehlo auth=plain", "user joe secret")
    text = ("account default\n%sfrom me@example.net\nuser joe\nauth plain\npassword_command echo secret\neval echo timeout 5m\n" % mysend.where(one)).encode()
    path, more = str(tmp_path / "fifo"), {}
    reader, writer = os.pipe()
    if how == "fifo":
        os.mkfifo(path)
    elif how == "descriptor":
        path, more = "/dev/fd/%d" % reader, {"pass_fds": (reader,)}
    os.write(writer, text)
    os.close(writer)
    if how == "stdin":
        done = mysend("-C", "/dev/stdin", "--show-config", stdin=text)
        assert done.status == 0 and "password_command echo secret" in done.out
    elif how == "fifo":
        run = mysend.start("-C", path, "bob@example.org")
        with open(path, "wb") as out:
            out.write(text)
        run.finish(TEXT).ok()
    else:
        mysend("-C", path, "bob@example.org", stdin=TEXT, **more).ok()
    os.close(reader)
    assert how == "stdin" or one.logins[0].ok


def test_password_may_come_from_a_pipe_that_an_option_names(mysend, relay):
    """As in: mysend --password-file=<(pass show mail)."""
    one = relay("ehlo auth=plain", "user joe secret")
    reader, writer = os.pipe()
    os.write(writer, b"secret\n")
    os.close(writer)
    mysend("--password-file=/dev/fd/%d" % reader, "bob@example.org", stdin=TEXT, relay=one, config="user joe\nauth plain\n", pass_fds=(reader,)).ok()
    os.close(reader)
    assert one.logins[0].ok


@pytest.mark.parametrize("links", ["file", "folder", "chain"])
def test_own_links_to_own_files_are_followed(mysend, links, tmp_path):
    """A folder of dotfiles that is linked into the home directory."""
    (tmp_path / "dotfiles" / "mysend").mkdir(parents=True)
    mysend.file("host h.example\npassword_command echo x\n", name=str(tmp_path / "dotfiles" / "mysend" / "config"))
    os.mkdir(os.path.join(mysend.home, ".config"))
    if links == "folder":
        os.symlink("../../dotfiles/mysend", os.path.join(mysend.home, ".config", "mysend"))
    else:
        os.mkdir(os.path.join(mysend.home, ".config", "mysend"))
        os.symlink("../../../dotfiles/mysend/config", os.path.join(mysend.home, ".config", "mysend", "other"))
        os.symlink("other" if links == "chain" else str(tmp_path / "dotfiles" / "mysend" / "config"), os.path.join(mysend.home, ".config", "mysend", "config"))
    assert "h.example" in mysend("--show-config").out


@needs_root
@pytest.mark.parametrize("what", ["root's for a group", "own private group", "root's"])
def test_usual_owners_and_groups_are_fine(mysend, unix_path, what):
    """As a user, not root: /etc's file of root:mail 0640, and a umask of 002 with a group of the user's own."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is missing")
    home = os.path.dirname(unix_path)
    owner, group, mode = {"root's for a group": (0, EVE, 0o640), "own private group": (EVE, EVE, 0o664), "root's": (0, 0, 0o644)}[what]
    path = mysend.file("host h.example\npassword_command echo x\n", name=os.path.join(home, ".mysendrc"), mode=mode)
    os.chown(home, EVE, EVE)
    os.chown(path, owner, group)
    done = mysend("--show-config", env={"HOME": home}, prefix=["setpriv", "--reuid=%d" % EVE, "--regid=%d" % EVE, "--clear-groups"], cwd="/")
    assert done.status == 0 and "h.example" in done.out, done


@needs_root
def test_links_of_roots_in_a_folder_that_all_may_write_are_followed(mysend, relay, tmp_path):
    """Kubernetes mounts a secret so: name -> ..data/name, ..data -> ..2026_11_29, in a folder with mode 1777."""
    one, secret = relay("ehlo auth=plain", "user joe secret"), tmp_path / "secret"
    (secret / "..2026_11_29").mkdir(parents=True)
    os.chmod(secret, 0o1777)
    mysend.file("secret", name=str(secret / "..2026_11_29" / "password"), mode=0o400)
    os.symlink("..2026_11_29", secret / "..data")
    os.symlink("..data/password", secret / "password")
    mysend("bob@example.org", stdin=TEXT, relay=one, config="user joe\nauth plain\npassword_file %s\n" % (secret / "password")).ok()
    os.unlink(secret / "..data")
    os.symlink("..2026_11_29", secret / "..data")
    os.chown(secret / "..data", EVE, EVE, follow_symlinks=False)
    done = mysend("bob@example.org", stdin=TEXT, relay=one, config="user joe\nauth plain\npassword_file %s\n" % (secret / "password"))
    refused(done, str(secret / "password"), KINDS["foreign link"])


@needs_root
def test_words_of_a_program_of_roots_are_no_configuration(mysend, tmp_path):
    """/proc/PID/cmdline of a set-uid program belongs to root, and says what its caller likes."""
    target, home = tmp_path / "done", tmp_path / "hers"
    home.mkdir()
    process = subprocess.Popen(["eval touch %s\nhost h.example\n#" % target, "60"], executable=shutil.which("sleep"))
    os.symlink("/proc/%d/cmdline" % process.pid, home / ".mysendrc")
    os.chown(home / ".mysendrc", EVE, EVE, follow_symlinks=False)
    os.chown(home, EVE, EVE)
    done = mysend("-bp", env={"HOME": str(home)})
    process.kill()
    process.wait()
    refused(done, str(home / ".mysendrc"), KINDS["foreign link"])
    assert not target.exists()


@needs_root
@pytest.mark.parametrize("how", ["variable", "usual", "aliases", "password_file", "netrc", "tls_trust_file", "logfile"])
def test_answer_of_the_kernel_is_no_file_whoever_owns_it(mysend, relay, tmp_path, how):
    """Named as it is: $MYSEND_CONFIG ran what stood in a stranger's command line, for /proc gives the file to root."""
    one, target, log = relay("ehlo auth=plain", "user joe secret", "lax"), tmp_path / "done", how == "logfile"
    process = subprocess.Popen(["eval touch %s\nhost h.example\n#" % target, "60"], executable=shutil.which("sleep"))
    path = "/proc/%d/%s" % (process.pid, "comm" if log else "cmdline")
    words = "it is no file, but an answer of the kernel's"
    try:
        if how == "variable":
            done = mysend("bob@example.org", stdin=TEXT, env={"MYSEND_CONFIG": path})
            assert done.status == 78 and "a command counts only out of a file" in done.err, done
        elif how == "usual":
            os.symlink(path, os.path.join(mysend.home, ".mysendrc"))
            refused(mysend("-bp"), os.path.join(mysend.home, ".mysendrc"), words)
        elif log:
            done = mysend("bob@example.org", stdin=TEXT, relay=one, config="logfile %s\n" % path)
            assert done.status == 0 and words in done.err, done
        else:
            more = "password secret\n" if how == "aliases" else ""
            config = "account default\nhost %s\nport %d\n%sfrom me@example.net\nuser joe\nauth plain\n%s%s %s\n" % (
                one.host, one.port, "" if how.startswith("tls") else "tls off\n", more, how, path)
            refused(mysend("bob@example.org", stdin=TEXT, config=config), path, words)
    finally:
        process.kill()
        process.wait()
    assert not target.exists() and (log or not one.transactions)


@needs_root
def test_another_name_of_a_file_of_roots_in_her_home_is_no_configuration(mysend, tmp_path):
    home = tmp_path / "hers"
    home.mkdir()
    os.link(mysend.file("host h.example\n"), home / ".mysendrc")
    os.chown(home, EVE, EVE)
    refused(mysend("-bp", env={"HOME": str(home)}), str(home / ".mysendrc"), "it has another name, and stands in a folder that others may write")


@needs_root
def test_nobody_is_told_to_read_commands_of_somebody_else(mysend, tmp_path):
    home = tmp_path / "hers"
    home.mkdir()
    path = mysend.file("host h.example\n", name=str(home / ".msmtprc"))
    assert "-C %s" % path in mysend("bob@example.org", stdin=TEXT, env={"HOME": str(home)}).err
    os.chown(path, EVE, EVE)
    done = mysend("bob@example.org", stdin=TEXT, env={"HOME": str(home)})
    assert done.status == 78 and path not in done.err, done


@needs_root
def test_root_in_the_home_of_a_user_is_told_what_to_do(mysend, place):
    """sudo -E: the user's file is refused in words, whatever is in it, and named with -C it counts."""
    path = place("foreign", "host h.example\npassword_command echo x\n", os.path.join(mysend.home, ".mysendrc"))
    os.chown(mysend.home, EVE, EVE)
    done = mysend("--show-config")
    refused(done, path, KINDS["foreign"])
    assert "set HOME to our own" in done.hints[0]
    assert "h.example" in mysend("-C", path, "--show-config").out
    os.unlink(path)
    assert "h.example" in mysend("-C", mysend.file("host h.example\n"), "--show-config").out


# --- the other files ------------------------------------------------------------------------------

TLS = ["tls_trust_file", "tls_crl_file", "tls_cert_file", "tls_key_file", "tls_pinned_key"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("keyword", ["aliases", "password_file", "netrc", "credential", "default netrc"] + TLS)
def test_thing_that_a_configuration_names_is_not_read(mysend, relay, place, keyword, kind, tmp_path):
    one = relay("ehlo auth=plain", "user joe secret", "lax")
    text = {"aliases": "root: a@example.org\n", "netrc": "machine 127.0.0.1 login joe password secret\n", "default netrc": "machine 127.0.0.1 login joe password secret\n"}.get(keyword, "secret\n")
    where, env = None, {}
    if keyword == "credential":
        (tmp_path / "credentials").mkdir()
        where = tmp_path / "credentials" / "mysend.password"
    elif keyword == "default netrc":
        where = os.path.join(mysend.home, ".netrc")
    path = place(kind, text, None if kind == "foreign link" else where)
    config = "user joe\nauth plain\n"
    if kind == "foreign link" and where:
        name = os.path.join(os.path.dirname(path), os.path.basename(str(where)))
        os.rename(path, name)
        path = name
    if keyword == "credential":
        env = {"CREDENTIALS_DIRECTORY": os.path.dirname(path)}
    elif keyword == "default netrc":
        env = {"HOME": os.path.dirname(path), "MYSEND_CONFIG": mysend.file("account default\n%sfrom me@example.net\n" % mysend.where(one) + config)}
    else:
        config += "%s %s\n" % (keyword, path)
    if keyword in TLS:
        config = config.replace("auth plain", "auth off") + ("tls_cert_file %s\n" % mysend.file("x") if keyword == "tls_key_file" else "")
    else:
        config += "password secret\n" if keyword == "aliases" else ""
    if keyword in TLS:
        config = "account default\nhost %s\nport %d\ntls on\nfrom me@example.net\n" % (one.host, one.port) + config
    done = mysend("bob@example.org", stdin=TEXT, relay=None if keyword in TLS or keyword == "default netrc" else one, config=None if keyword == "default netrc" else config, env=env)
    refused(done, path, KINDS[kind])
    assert not one.transactions


@pytest.mark.parametrize("kind", ["fifo", "foreign", "open"])
def test_folder_of_authorities_is_one_of_ours_or_roots(mysend, relay, tmp_path, kind):
    one, path = relay("ehlo", "lax"), str(tmp_path / "trust")
    if kind == "fifo":
        os.mkfifo(path)
    else:
        os.mkdir(path)
        os.chmod(path, 0o777 if kind == "open" else 0o755)
        if kind == "foreign":
            if os.geteuid() != 0:
                pytest.skip("needs root")
            os.chown(path, EVE, EVE)
    config = "account default\nhost %s\nport %d\nfrom me@example.net\ntls_trust_dir %s\n" % (one.host, one.port, path)
    refused(mysend("bob@example.org", stdin=TEXT, config=config), path, {"fifo": "it is no folder", "open": "anybody may write it (mode 0777)", "foreign": KINDS["foreign"]}[kind])


@needs_root
@pytest.mark.parametrize("keyword", TLS + ["tls_trust_dir"])
@pytest.mark.parametrize("how", ["hers", "open", "above", "behind a link", "sticky", "option"])
def test_file_for_the_tls_library_stands_where_nobody_can_swap_it(mysend, relay, tmp_path, keyword, how):
    """It is opened a second time, by libcurl, by its path."""
    one, folder = relay("ehlo", "lax"), tmp_path / "hers"
    inner = folder / "in"
    inner.mkdir(parents=True)
    path = str(inner / "it") if how == "above" else str(folder / "it")
    if keyword == "tls_trust_dir":
        os.mkdir(path)
    else:
        mysend.file("x", name=path)
    if how in ("open", "sticky"):
        os.chmod(folder, 0o777 if how == "open" else 0o1777)
    else:
        os.chown(folder, EVE, EVE)
    if how == "behind a link":
        os.symlink(path, tmp_path / "link")
        path = str(tmp_path / "link")
    config = "account default\nhost %s\nport %d\nfrom me@example.net\n" % (one.host, one.port)
    config += "tls_cert_file %s\n" % mysend.file("x") if keyword == "tls_key_file" else ""
    words = "%s is refused: somebody else may write %s, which is on its way" % (path, folder)
    if how == "option":
        done = mysend("--%s=%s" % (keyword, path), "bob@example.org", stdin=TEXT, config=config)
    else:
        done = mysend("bob@example.org", stdin=TEXT, config=config + "%s %s\n" % (keyword, path))
    assert done.status != 0 and not one.transactions
    assert (words in done.errors[0] and done.status == 78) == (how not in ("sticky", "option")), done


# --- variables ------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["MYSEND_PASSWORD_COMMAND", "MYSEND_PASSWORDEVAL"])
def test_command_of_a_variable_is_refused_and_not_run(mysend, relay, name, tmp_path):
    """Whoever may set a variable in a program that sends mail (PHP's putenv) would run what he likes, where he may run nothing."""
    one, target = relay("ehlo auth=plain", "user joe secret", "lax"), tmp_path / "done"
    done = mysend("bob@example.org", stdin=TEXT, relay=one, config="user joe\nauth plain\npassword secret\n", env={name: "touch %s; echo secret" % target})
    assert done.failed(78) == "%s is refused: a command counts only out of a file" % name
    assert "put password_command into " in done.hints[0] and not target.exists() and not one.transactions


def test_command_of_an_option_is_run(mysend, relay):
    one = relay("ehlo auth=plain", "user joe secret")
    mysend("--password-command=echo secret", "bob@example.org", stdin=TEXT, relay=one, config="user joe\nauth plain\n").ok()


@needs_root
def test_password_file_of_somebody_else_is_told_with_what_to_do(mysend, tmp_path):
    path = mysend.file("secret", name=str(tmp_path / "password"))
    os.chown(path, EVE, EVE)
    done = mysend("--probe", config="host h.example\nfrom me@example.net\nuser joe\npassword_file %s\n" % path)
    assert KINDS["foreign"] in done.out and "hint: make it ours or root's (chown)" in done.out, done
