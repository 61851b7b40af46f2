"""Files, environment and options make one account, and errors say where (CONTRIBUTING.md, "Configuration")."""
import os
import pwd
import shutil
import socket
import subprocess

import pytest

from given import PLAIN as TEXT

DATA = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data")


def shown(mysend, *args, config=None, **more):
    """--show-config as {keyword: its line}."""
    result = mysend("--show-config", *args, config=config, **more)
    assert result.status == 0, result
    lines = {}
    for line in result.out.splitlines():
        words = line.split(None, 1)
        if words and not line.startswith(("#", " ")):
            lines.setdefault(words[0], words[1] if len(words) > 1 else "")
    return lines


def value(lines, keyword):
    assert keyword in lines, lines
    return lines[keyword]


def held(lines, keyword):
    return value(lines, keyword).split("# ")[0].strip()


# --- grammar --------------------------------------------------------------------------------------

@pytest.mark.parametrize("config", [
    "host h.example\nfrom a@example.net\n",
    "account default\nhost h.example\nfrom a@example.net\n",
    "defaults\nfrom a@example.net\naccount default\nhost h.example\n",
    "defaults\nhost h.example\nfrom a@example.net\naccount x\naccount default : x\n",
    "account x\nhost h.example\nfrom a@example.net\naccount default : x\n",
    "account x\nhost h.example\nfrom b@example.net\naccount y : x\nfrom a@example.net\naccount default : y\n",
    "account p\nhost h.example\naccount q\nhost other.example\naccount default : q, p\nfrom a@example.net\nhost h.example\n",
    "  account   default  \n\thost\th.example\n   from a@example.net   \n",
    "# comment\n\n   # another\naccount default\nhost h.example\n\n# end\nfrom a@example.net",
    "account default\r\nhost h.example\r\nfrom a@example.net\r\n",
])
def test_grammar_of_msmtp_is_read(mysend, config):
    lines = shown(mysend, config=config)
    assert "h.example" in value(lines, "host") and "a@example.net" in value(lines, "from")


def test_value_is_the_rest_of_the_line_verbatim(mysend, relay):
    one = relay("ehlo pipelining auth=plain", "user joe 'pass # word  \"x\"'")
    mysend("bob@example.org", stdin=TEXT, relay=one, config="user joe\nauth plain\npassword pass # word  \"x\"\n").ok()
    assert one.logins[0].password == 'pass # word  "x"'


def test_later_defaults_hold_for_later_accounts_only(mysend):
    config = "defaults\ntimeout 11\naccount a\nhost a.example\ndefaults\ntimeout 22\naccount b\nhost b.example\n"
    assert "11" in value(shown(mysend, "-a", "a", config=config), "timeout")
    assert "22" in value(shown(mysend, "-a", "b", config=config), "timeout")


def test_child_account_overrides_what_it_inherits(mysend):
    config = "account a\nhost a.example\nport 2525\nfrom a@example.net\naccount b : a\nfrom b@example.net\nport 26\n"
    lines = shown(mysend, "-a", "b", config=config)
    assert "a.example" in lines["host"] and "b@example.net" in lines["from"] and "26" in lines["port"] and "2525" not in lines["port"]


@pytest.mark.parametrize("name", ["msmtprc-user", "msmtprc-system"])
def test_example_files_of_msmtp_load_unchanged(mysend, name):
    with open(os.path.join(DATA, name), encoding="utf-8") as text:
        config = text.read()
    lines = shown(mysend, config=config)
    assert ("smtp.freemail.example" if name == "msmtprc-user" else "mail.oursite.example") in value(lines, "host")
    if name == "msmtprc-user":
        assert "587" in lines["port"] and "joe_smith@freemail.example" in lines["from"] and "joe.smith" in lines["user"]
        other = shown(mysend, "-a", "freemail2", config=config)
        assert "joey@freemail.example" in other["from"] and "smtp.freemail.example" in other["host"]
        assert "mail.company.example" in shown(mysend, "-a", "company", config=config)["host"]
    else:
        assert "465" in lines["port"]


def test_system_example_of_msmtp_makes_the_sender_of_the_user(mysend):
    import pwd
    with open(os.path.join(DATA, "msmtprc-system"), encoding="utf-8") as text:
        result = mysend("--dry-run", "bob@example.org", stdin=TEXT, config=text.read())
    assert result.status == 0 and result.sender == pwd.getpwuid(os.getuid()).pw_name + "@oursite.example", result


def test_msmtp_keyword_without_a_meaning_here_is_a_warning_not_an_error(mysend, relay):
    one = relay()
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config="tls_min_dh_prime_bits 2048\n")
    assert result.status == 0 and len(one.messages) == 1, result
    assert len(result.err.splitlines()) <= 1
    if result.err:
        assert "tls_min_dh_prime_bits" in result.err


@pytest.mark.parametrize("config", [
    "account default\nhost h.example\nport 25\nfrom a@example.net\nauto_from off\nadd_missing_from_header on\n"
    "add_missing_date_header on\nundisclosed_recipients off\nprotocol smtp\ntls_priorities NORMAL\nlogfile -\n"
    "tls_crl_file\ntls_fingerprint\nntlmdomain\nproxy_host\nproxy_port\nsource_ip\n",
])
def test_every_keyword_of_msmtp_loads(mysend, config):
    lines = shown(mysend, config=config)
    assert "h.example" in value(lines, "host")


# --- errors ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("config, line, words", [
    ("account default\nhost h.example\nnosuchkeyword x\n", 3, ["nosuchkeyword"]),
    ("account default\nhost h.example\nport zero\n", 3, ["port", "zero"]),
    ("account default\nhost h.example\nport 0\n", 3, ["port"]),
    ("account default\nhost h.example\nport 65536\n", 3, ["port", "65536"]),
    ("account default\nhost h.example\nport -1\n", 3, ["port"]),
    ("account default\nhost h.example\ntimeout soon\n", 3, ["timeout", "soon"]),
    ("account default\nhost h.example\ntls maybe\n", 3, ["tls", "maybe"]),
    ("account default\nhost h.example\ntls_starttls 2\n", 3, ["tls_starttls"]),
    ("account default\nhost h.example\nauth magic\n", 3, ["auth", "magic"]),
    ("account default\nhost h.example\nfrom a b c\n", 3, ["from"]),
    ("account default\nhost\nfrom a@example.net\n", 2, ["host"]),
    ("account a\nhost h.example\naccount b : nosuch\n", 3, ["nosuch"]),
    ("account a\nhost h.example\naccount a\nhost i.example\n", 3, ["a"]),
    ("account a\nhost h.example\naccount\nhost i.example\n", 3, ["account"]),
    ("account default\nhost a.example\nhost b.example\n", 3, ["host"]),
    ("account default\nhost h.example\nset_from_header perhaps\n", 3, ["set_from_header", "perhaps"]),
    ("account default\nhost h.example\nfrom a@example.net\x01\n", 3, []),
    ("account default\nhost h.example\nrelay gopher://x/\n", 3, ["relay"]),
    ("x" * 100000 + "\n", 1, []),
])
def test_error_in_a_file_names_file_and_line(mysend, config, line, words):
    path = mysend.file(config)
    said = mysend("bob@example.org", stdin=TEXT, env={"MYSEND_CONFIG": path}).failed(78)
    assert "%s:%d" % (path, line) in said or "%s, line %d" % (path, line) in said or "%s line %d" % (path, line) in said, said
    for word in words:
        assert word in said


def test_source_ip_that_is_no_address_is_78_and_named(mysend, relay):
    one = relay()
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config="source_ip not-an-ip\n")
    assert result.status == 78 and "not-an-ip" in result.err and "source_ip" in result.err, result


def test_unreadable_binary_config_is_an_error_not_a_crash(mysend):
    result = mysend("bob@example.org", stdin=TEXT, env={"MYSEND_CONFIG": "/bin/true"})
    assert result.status == 78, result


def test_no_config_at_all_is_78_and_names_every_path_tried(mysend):
    if os.path.exists("/etc/mysend.conf") or os.path.exists("/usr/local/etc/mysend.conf"):
        pytest.skip("this host has a configuration for mysend")
    result = mysend("bob@example.org", stdin=TEXT)
    assert result.status == 78, result
    for path in (".config/mysend/config", ".mysendrc", "mysend.conf"):
        assert path in result.err, result


@pytest.mark.parametrize("place, env", [(".msmtprc", {}), (".config/msmtp/config", {}), ("xdg/msmtp/config", {"XDG_CONFIG_HOME": "%s/xdg"})])
def test_who_has_a_file_of_msmtp_is_told_how_to_use_it(mysend, relay, place, env):
    if os.path.exists("/etc/mysend.conf") or os.path.exists("/usr/local/etc/mysend.conf"):
        pytest.skip("this host has a configuration for mysend")
    env = {name: text % mysend.home for name, text in env.items()}
    path, there = os.path.join(mysend.home, place), relay()
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as out:
        out.write("account default\nhost %s\nport %d\ntls off\nfrom me@example.net\n" % (there.host, there.port))
    os.chmod(path, 0o600)
    result = mysend("bob@example.org", stdin=TEXT, env=env)
    assert result.status == 78 and "mysend -C %s reads msmtp's file" % path in result.hints[0], result
    mysend("-C", path, "bob@example.org", stdin=TEXT, env=env).ok()
    assert there.message


@pytest.mark.parametrize("how", ["MYSEND_CONFIG", "--config", "-C", "-Cattached"])
def test_config_that_is_missing_is_78_and_named(mysend, how):
    path = os.path.join(mysend.tmp, "not-there")
    args = {"MYSEND_CONFIG": [], "--config": ["--config", path], "-C": ["-C", path], "-Cattached": ["-C" + path]}[how]
    said = mysend(*args, "bob@example.org", stdin=TEXT, env={"MYSEND_CONFIG": path} if how == "MYSEND_CONFIG" else {}).failed(78)
    assert path in said and "No such file" in said


def test_config_that_is_a_folder_is_78_and_named(mysend):
    assert mysend.home in mysend("-C", mysend.home, "bob@example.org", stdin=TEXT).failed(78)


def test_config_that_may_not_be_read_is_another_message(mysend, unix_path):
    prefix = []
    if os.getuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("setpriv is missing")
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if subprocess.run(prefix + [mysend.path, "--version"], capture_output=True, check=False, cwd="/").returncode:
            pytest.skip("nobody may not run " + mysend.path)
    os.chmod(os.path.dirname(unix_path), 0o755)
    with open(unix_path, "w", encoding="ascii") as out:
        out.write("account default\nhost h.example\n")
    os.chmod(unix_path, 0)
    said = mysend("-C", unix_path, "bob@example.org", stdin=TEXT, prefix=prefix, cwd="/").failed(78)
    assert unix_path in said and "No such file" not in said


# --- where it is found ----------------------------------------------------------------------------

@pytest.mark.parametrize("place, env", [
    (".config/mysend/config", {}),
    ("xdg/mysend/config", {"XDG_CONFIG_HOME": "xdg"}),
    (".mysendrc", {}),
])
def test_config_is_found_in_the_users_places(mysend, place, env):
    path = os.path.join(mysend.home, place)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write("account default\nhost h.example\nfrom a@example.net\n")
    os.chmod(path, 0o600)
    env = {name: os.path.join(mysend.home, folder) for name, folder in env.items()}
    assert "h.example" in value(shown(mysend, env=env), "host")


@pytest.mark.parametrize("first, second", [("option", "variable"), ("variable", "xdg"), ("xdg", "rc")])
def test_the_first_place_wins(mysend, first, second):
    places = {"xdg": os.path.join(mysend.home, ".config/mysend/config"), "rc": os.path.join(mysend.home, ".mysendrc"),
              "option": os.path.join(mysend.tmp, "o"), "variable": os.path.join(mysend.tmp, "v")}
    for name in (first, second):
        os.makedirs(os.path.dirname(places[name]), exist_ok=True)
        with open(places[name], "w", encoding="utf-8") as out:
            out.write("account default\nhost %s.example\nfrom a@example.net\n" % name)
        os.chmod(places[name], 0o600)
    args = ["--config", places["option"]] if "option" in (first, second) else []
    env = {"MYSEND_CONFIG": places["variable"]} if "variable" in (first, second) else {}
    assert first + ".example" in value(shown(mysend, *args, env=env), "host")


def test_config_is_found_without_HOME(mysend):
    """Debian's cron, sudo: the environment may be empty; an explicit -C must do."""
    path = mysend.file("account default\nhost h.example\nfrom a@example.net\n")
    assert "h.example" in value(shown(mysend, "-C", path, env={"HOME": None, "LANG": None, "PATH": None}), "host")


# --- precedence, environment, options -------------------------------------------------------------

CONFIG = "account default\nhost file.example\nport 2501\nfrom file@example.net\ntimeout 41\n"


@pytest.mark.parametrize("args, env, want", [
    ([], {}, "file.example"),
    ([], {"MYSEND_HOST": "env.example"}, "env.example"),
    (["--host", "opt.example"], {}, "opt.example"),
    (["--host=opt.example"], {}, "opt.example"),
    (["--host=opt.example"], {"MYSEND_HOST": "env.example"}, "opt.example"),
])
def test_option_beats_environment_beats_file(mysend, args, env, want):
    lines = shown(mysend, *args, config=CONFIG, env=env)
    assert want in value(lines, "host") and "2501" in lines["port"]


@pytest.mark.parametrize("args", [["--source-ip=127.0.0.1"], ["--source-ip", "127.0.0.1"], ["--source_ip=127.0.0.1"]])
def test_long_option_has_dashes_for_underscores(mysend, args):
    assert "127.0.0.1" in value(shown(mysend, *args, config=CONFIG), "source_ip")


@pytest.mark.parametrize("args, want", [(["--remove-bcc-headers=off"], "off"), (["--remove-bcc-headers"], "on"), (["--tls=off"], "off")])
def test_flag_option_takes_its_value_with_equals_and_alone_means_on(mysend, args, want):
    keyword = args[0][2:].split("=")[0].replace("-", "_")
    assert want in value(shown(mysend, *args, config=CONFIG), keyword).split()


def test_flag_option_does_not_eat_the_next_word(mysend, relay):
    one = relay()
    mysend("--remove-bcc-headers", "bob@example.org", stdin=TEXT, relay=one).ok()
    assert one.message.recipients == ["bob@example.org"]


def test_options_alone_are_a_configuration(mysend, relay):
    one = relay()
    mysend("--host=127.0.0.1", "--port=%d" % one.port, "--tls=off", "--from=me@example.net", "bob@example.org", stdin=TEXT,
           config="").ok()
    assert one.message.sender == "me@example.net"


def test_environment_alone_is_a_configuration(mysend, relay):
    one = relay()
    env = {"MYSEND_HOST": "127.0.0.1", "MYSEND_PORT": str(one.port), "MYSEND_TLS": "off", "MYSEND_FROM": "me@example.net"}
    mysend("bob@example.org", stdin=TEXT, env=env, config="").ok()
    assert one.message.sender == "me@example.net"


def test_long_options_work_after_recipients(mysend, relay):
    one = relay()
    mysend("bob@example.org", "--from=late@example.net", stdin=TEXT, relay=one).ok()
    assert one.message.sender == "late@example.net"


@pytest.mark.parametrize("args, words", [(["--nosuch"], ["nosuch"]), (["--nosuch=1"], ["nosuch"]), (["--port=x"], ["port", "x"]),
                                         (["--timeout=soon"], ["timeout", "soon"]), (["--host"], ["host"]), (["-Z"], ["Z"]), (["-f"], ["f"]),
                                         (["--tls=maybe"], ["tls", "maybe"])])
def test_bad_option_is_64_and_named(mysend, relay, args, words):
    one = relay()
    result = mysend(*(["bob@example.org"] + args), stdin=TEXT, relay=one)
    assert result.status in ((64, 78) if "=" in args[0] and "nosuch" not in args[0] else (64,)), result
    assert len(result.errors) == 1 and all(word in result.err for word in words), result
    assert not one.sessions


def test_bad_environment_value_is_78_and_names_the_variable(mysend):
    said = mysend("bob@example.org", stdin=TEXT, config=CONFIG, env={"MYSEND_PORT": "many"}).failed(78)
    assert "MYSEND_PORT" in said and "many" in said


def test_account_that_is_not_there_is_78_and_named(mysend):
    assert "nosuch" in mysend("-a", "nosuch", "bob@example.org", stdin=TEXT, config=CONFIG).failed(78)


@pytest.mark.parametrize("args", [["-a", "x"], ["-ax"], ["--account", "x"], ["--account=x"]], ids=" ".join)
def test_account_is_chosen_by_option(mysend, args):
    config = CONFIG + "account x\nhost x.example\n"
    assert "x.example" in value(shown(mysend, *args, config=config), "host")


def test_no_host_is_78_and_says_so(mysend):
    said = mysend("bob@example.org", stdin=TEXT, config="account default\nfrom a@example.net\n").failed(78)
    assert "host" in said or "relay" in said


@pytest.mark.parametrize("url, host, port, tls, starttls", [
    ("smtp://h.example", "h.example", "587", "on", "on"),
    ("smtp://h.example:2525", "h.example", "2525", "on", "on"),
    ("smtps://h.example", "h.example", "465", "on", "off"),
    ("smtps://h.example:4650", "h.example", "4650", "on", "off"),
    ("h.example", "h.example", "587", "on", "on"),
    ("smtp://[::1]:2525", "::1", "2525", "on", "on"),
])
def test_relay_is_short_for_host_port_and_tls(mysend, url, host, port, tls, starttls):
    lines = shown(mysend, config="account default\nrelay %s\nfrom a@example.net\n" % url)
    everything = " ".join(lines.values())
    assert host in everything
    if "port" in lines and lines["port"].split()[0] != "(unset)" and lines["port"][0].isdigit():
        assert lines["port"].split()[0] == port


def test_relay_url_reaches_the_relay(mysend, relay):
    one = relay()
    mysend("bob@example.org", stdin=TEXT, config="account default\nrelay smtp://127.0.0.1:%d\ntls off\nfrom a@example.net\n" % one.port).ok()
    assert one.message.sender == "a@example.net"


# --- show-config ----------------------------------------------------------------------------------

def test_show_config_tells_where_each_value_came_from(mysend):
    path = mysend.file(CONFIG)
    lines = shown(mysend, "--timeout=7", env={"MYSEND_CONFIG": path, "MYSEND_PORT": "2502"})
    assert path + ":2" in lines["host"]
    assert "MYSEND_PORT" in lines["port"] and "2502" in lines["port"]
    assert "--timeout" in lines["timeout"] and "7" in lines["timeout"]
    assert "default" in lines["window"] or "built in" in lines["window"]


@pytest.mark.parametrize("lines, name, wanted", [
    ("", "queue_warning", "off"), ("queue_warning 4h\n", "queue_warning", "14400"), ("queue_warning 0\n", "queue_warning", "0"), ("timeout off\n", "timeout", "off"),
    ("", "spool_max_mails", "0"), ("queue_along 0\n", "queue_along", "0"), ("failed_max 0\n", "failed_max", "0"), ("", "message_size_limit", "off"),
    ("spool /x\n", "spool", "/x"), ("domain d.example\n", "domain", "d.example"), ("maildomain m.example\n", "maildomain", "m.example"),
    ("proxy_host p\n", "proxy_port", "1080"), ("", "proxy_port", ""), ("maildomain m.example\nfrom a@b.example\n", "from", "a@b.example"),
])
def test_show_config_shows_what_holds(mysend, lines, name, wanted):
    assert held(shown(mysend, config="host h\n" + lines), name) == wanted


def test_show_config_shows_what_the_host_and_the_user_make_of_what_nobody_set(mysend):
    lines = shown(mysend, config="host h\nmaildomain m.example\n")
    host, user = socket.gethostname(), pwd.getpwuid(os.getuid()).pw_name
    spool = os.path.join(mysend.home, ".local/state/mysend/spool")
    assert held(lines, "domain") == (host if "_" not in host else "localhost") and held(lines, "from") == user + "@m.example"
    assert held(lines, "spool") == spool or (os.getuid() == 0 and held(lines, "spool").endswith("/spool/mysend"))
    assert lines["spool"].endswith("# default") and lines["domain"].endswith("# default")


def test_show_config_names_every_setting(mysend):
    names = [line.split("\t")[0] for line in mysend("--list-settings").out.splitlines()]
    assert len(names) > 30
    out = mysend("--show-config", config=CONFIG).out
    missing = [name for name in names if name not in out]
    assert not missing


def test_show_config_and_list_settings_read_no_stdin(mysend):
    reader, writer = os.pipe()
    for option in ("--show-config", "--list-settings", "--help", "--version"):
        assert mysend.start(option, config=CONFIG, stdin=reader).finish(stdin=reader).status == 0
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("lines", ["password hunter2secret\n", "passwordeval echo hunter2secret\n", "password_command echo hunter2secret\n"])
def test_show_config_never_shows_a_secret(mysend, lines):
    result = mysend("--show-config", config=CONFIG + "user joe\n" + lines)
    assert result.status == 0 and "(set)" in result.out or "echo" in lines
    if "echo" not in lines:
        assert "hunter2secret" not in result.out + result.err


def test_show_config_shows_the_account_that_would_send(mysend):
    config = "account default\nhost h\naccount a\nhost h1\nfrom al@x.example\n"
    assert "# account a\n" in mysend("--show-config", "-f", "<al@x.example>", config=config).out


def test_show_config_without_a_relay_shows_what_there_is_and_then_the_error(mysend):
    result = mysend("--show-config", config="from a@b.example\n")
    assert result.status == 78 and "from a@b.example\t# " in result.out and "names no relay" in result.err


def test_empty_host_in_the_environment_hides_none(mysend):
    assert value(shown(mysend, config="host h\n", env={"MYSEND_HOST": ""}), "host").startswith("h")
