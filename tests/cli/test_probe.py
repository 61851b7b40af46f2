"""--probe: a line for each stage of a mail's way, and nothing is sent."""
import json
import os
import re
import shutil
import subprocess

import pytest

from given import PLAIN as MESSAGE, login, needs_root, trusting
from probes import agree, fails, probe, sent_nothing, stages
from waiting import wait_for

PLAIN = "root_to admin@example.com\n"


def clean(text):
    """What differs from run to run is a word."""
    text = re.sub(r"127\.0\.0\.1:\d+ in \d+ ms", "127.0.0.1:PORT in N ms", text)
    text = re.sub(r"/\S*/file\d+", "FILE", text)
    text = re.sub(r"/\S+/mysend.conf", "SYSTEM", text)
    text = re.sub(r"EHLO \S+", "EHLO NAME", text)
    text = re.sub(r"\d+ IPv6, \d+ IPv4", "N IPv6, N IPv4", text)
    return re.sub(r"TLSv1\.\d.* \d+ days left", "TLS, N days left", text)


# --- all goes well --------------------------------------------------------------------------------

def test_each_stage_of_a_login_over_tls_has_its_line(mysend, relay, certs):
    one = relay("ehlo starttls", "ehlo-tls auth=plain pipelining chunking size=35000000 dsn", "user joe secret")
    result = probe(mysend, "bob@example.org", config=trusting(one, certs, "tls on", "aliases off") + login("auto"))
    lines = [line for line in clean(result.out).splitlines() if not line.startswith(("callers", " "))]
    assert result.status == 0 and result.err == "", result
    assert lines == """\
config    ok    FILE (0600 root:root); SYSTEM: not there
secret    ok    password in FILE (0600 root:root), 6 octets
sender    ok    from me@example.net; to bob@example.org
spool     ok    queue off: no mail waits
name      ok    127.0.0.1 is an address
connect   ok    127.0.0.1:PORT in N ms
greeting  ok    relay.test ESMTP; EHLO NAME
tls       ok    TLS, N days left
login     ok    PLAIN as joe
mail      ok    MAIL FROM:<me@example.net>
rcpt      ok    RCPT TO:<bob@example.org>: 250 2.1.5 recipient ok
rset      ok    nothing was sent
offers    ok    SIZE 35000 KB, PIPELINING, CHUNKING, DSN""".replace("root:root", owner()).splitlines()
    assert result.stages["callers"][0] in ("ok", "warn")
    sent_nothing(one)
    assert one.sessions[0].quit


def owner():
    import grp
    import pwd
    return "%s:%s" % (pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name)


@pytest.mark.parametrize("ehlo", ["ehlo", "ehlo pipelining", "ehlo pipelining chunking 8bitmime dsn smtputf8 size=1000"])
def test_the_relay_is_asked_and_gets_no_message_in_each_way_of_speaking(mysend, relay, ehlo):
    one = relay(ehlo)
    result = probe(mysend, "bob@example.org", relay=one)
    assert result.status == 0 and result.stages["rset"] == ("ok", "nothing was sent", ""), result
    sent_nothing(one)
    assert [line.text.split(" ")[0].upper() for line in one.sessions[0].lines] == ["EHLO", "MAIL", "RCPT", "RSET", "QUIT"]


def test_without_a_recipient_it_is_root_as_for_the_mail_of_cron(mysend, relay):
    result = probe(mysend, relay=relay(), config=PLAIN)
    assert result.stages["sender"] == ("ok", "from me@example.net; to root -> admin@example.com (root_to)", "")
    assert result.stages["rcpt"][1].startswith("RCPT TO:<admin@example.com>: 250")


def test_without_a_recipient_the_setting_to_counts_before_root(mysend, relay):
    result = probe(mysend, relay=relay(), config=PLAIN + "to ops@example.com\n")
    assert result.stages["sender"] == ("ok", "from me@example.net; to the setting to -> ops@example.com", "")


def test_that_mail_to_root_would_be_refused_here_is_a_warning(mysend, relay):
    if os.path.exists("/etc/mailname"):
        pytest.skip("this host has a domain for local names")
    result = probe(mysend, relay=relay(), config="aliases off\n", env={"HOSTNAME": "vm"})
    if result.stages["sender"][0] == "ok":
        pytest.skip("this host has a full name")
    assert result.status == 0 and result.stages["sender"][0] == "warn"
    assert "root has no domain" in result.stages["sender"][1] and "root_to" in result.stages["sender"][2]
    assert result.stages["rcpt"][1].startswith("RCPT TO:<me@example.net>: 250")


def test_several_recipients_are_asked_for_together(mysend, relay):
    one = relay("rcpt-to eve@example.org '550 5.1.1 who is that'")
    good = probe(mysend, "bob@example.org", "ann@example.org", relay=one)
    assert good.stages["rcpt"] == ("ok", "RCPT TO, 2 recipients", ""), good
    bad = probe(mysend, "bob@example.org", "eve@example.org", relay=one)
    assert fails(bad, "rcpt", 67)[1] == "550 5.1.1 who is that (eve@example.org)"


def test_the_null_sender_is_one(mysend, relay):
    result = probe(mysend, "-f", "<>", "bob@example.org", relay=relay())
    assert result.stages["mail"] == ("ok", "MAIL FROM:<>", ""), result


def test_the_dialogue_is_shown_with_v_and_the_lines_stay_on_standard_output(mysend, relay):
    result = probe(mysend, "-v", "bob@example.org", relay=relay("ehlo"))
    assert result.status == 0 and ">>> RSET" in result.err and "<<< 221" in result.err
    assert list(result.stages)[:3] == ["config", "secret", "sender"] and ">>>" not in result.out


def test_options_of_a_mail_hold_as_for_a_mail(mysend, relay):
    one = relay("ehlo")
    result = mysend("--probe", "--relay", "smtp://127.0.0.1:%d" % one.port, "--tls", "off", "-f", "x@y.example", "bob@example.org")
    found = stages(result.out)
    assert result.status == 0 and found["mail"][1] == "MAIL FROM:<x@y.example>", result
    assert found["spool"][1] in ("queue off: no mail waits", "the relay is of this command line: no mail waits for it")


def test_tls_from_the_start_stands_before_the_greeting(mysend, relay, certs):
    one = relay("implicit-tls")
    result = probe(mysend, "bob@example.org", config=trusting(one, certs, "tls on", "tls_starttls off"))
    names = list(result.stages)
    assert result.status == 0 and names.index("tls") == names.index("greeting") - 1 == names.index("connect") + 1, result


def test_a_relay_over_ipv6_and_over_a_socket_is_named_as_such(mysend, relay, unix_path):
    six = relay("ehlo", host="::1")
    result = probe(mysend, "bob@example.org", relay=six)
    assert re.match(r"\[::1\]:\d+ in \d+ ms$", result.stages["connect"][1]), result
    result = probe(mysend, "bob@example.org", relay=relay("ehlo", "unix " + unix_path))
    assert result.stages["connect"] == ("ok", unix_path, "") and "name" not in result.stages, result


def test_addresses_that_were_tried_first_are_told(mysend, relay, library):
    one = relay("ehlo")
    result = probe(mysend, "bob@example.org", config="host two.test\nport %d\ntls off\nfrom me@example.net\n" % one.port, env={"LD_PRELOAD": library("resolves")})
    assert result.status == 0 and result.stages["name"][1] == "two.test: 0 IPv6, 2 IPv4", result
    assert re.fullmatch(r"127\.0\.0\.1:%d in \d+ ms; tried 127\.0\.0\.2, 127\.0\.0\.1" % one.port, result.stages["connect"][1]), result


def test_a_proxy_looks_up_the_name(mysend, relay, proxy):
    one, between = relay("ehlo"), proxy("socks5")
    result = probe(mysend, "bob@example.org", relay=one, config="proxy_host 127.0.0.1\nproxy_port %d\n" % between.port)
    assert result.status == 0 and result.stages["name"][1] == "127.0.0.1: for the proxy to look up", result
    assert result.stages["connect"][1].startswith("the proxy 127.0.0.1:%d" % between.port)
    # "this host" is the proxy's
    assert result.stages["tls"][:2] == ("warn", "off: all of it can be read on the way"), result


def test_pop_before_smtp_has_a_line(mysend, relay, pop3):
    box = pop3()
    config = "pop_before_smtp pop3://127.0.0.1:%d\nuser joe\npassword %s\nauth off\n"
    good = probe(mysend, "bob@example.org", relay=relay("ehlo"), config=config % (box.port, "secret"))
    assert good.status == 0 and good.stages["pop"][0] == "ok", good
    bad = probe(mysend, "bob@example.org", relay=relay("ehlo"), config=config % (box.port, "wrong"))
    assert fails(bad, "pop", 77), bad


# --- a stage fails --------------------------------------------------------------------------------

def test_config_that_cannot_be_read(mysend):
    result = probe(mysend, "-C", "/nonexistent/config", "bob@example.org")
    assert "/nonexistent/config" in fails(result, "config", 78)[1]


def test_config_with_a_fault_in_it(mysend):
    result = probe(mysend, "bob@example.org", config="relay smtp://127.0.0.1\nrelai x\n")
    assert "unknown keyword" in fails(result, "config", 78)[1] and "did you mean" in result.stages["config"][2]


def test_no_relay_at_all(mysend):
    assert "no relay is set" in fails(probe(mysend, "bob@example.org", config=""), "config", 78)[1]


def test_secret_that_is_missing(mysend, relay):
    one = relay("ehlo auth=plain")
    result = probe(mysend, "bob@example.org", relay=one, config="user joe\nauth plain\n")
    assert "there is no password for user joe" in fails(result, "secret", 78)[1] and "password_file" in result.stages["secret"][2]
    assert one.sessions == []


def test_secret_that_others_may_read(mysend, relay):
    path = mysend.file("hunter2secret\n", mode=0o644)
    result = probe(mysend, "bob@example.org", relay=relay("ehlo auth=plain"), config="user joe\nauth plain\npassword_file %s\n" % path)
    assert "others may read it" in fails(result, "secret", 78)[1] and result.stages["secret"][2].startswith("chmod 600 ")
    assert "hunter2" not in result.out + result.err


def test_the_secret_is_told_by_its_place_and_length(mysend, relay):
    path = mysend.file("hunter2secret\n")
    lines = "user joe\nauth plain\n"
    one = relay("ehlo auth=plain")
    found = probe(mysend, "bob@example.org", relay=one, config=lines + "password_file %s\n" % path)
    assert found.stages["secret"][1] == "password_file %s (0600 %s), 13 octets" % (path, owner())
    found = probe(mysend, "bob@example.org", relay=one, config=lines + "password_command cat %s\n" % path)
    assert found.stages["secret"][1] == "password_command, 13 octets"
    found = probe(mysend, "bob@example.org", relay=one, config=lines, env={"MYSEND_PASSWORD": "hunter2secret"})
    assert found.stages["secret"][1] == "password, 13 octets"
    found = probe(mysend, "--json", "-v", "bob@example.org", relay=one, config=lines + "password_file %s\n" % path)
    assert "hunter2" not in found.out + found.err


def test_a_password_command_runs_once(mysend, relay, tmp_path):
    count = tmp_path / "count"
    result = probe(mysend, "bob@example.org", relay=relay("ehlo auth=plain"),
                   config="user joe\nauth plain\npassword_command echo x >>%s; echo secret\n" % count)
    assert result.status == 0 and count.read_text() == "x\n", result


def test_sender_without_a_domain(mysend, relay):
    one = relay("ehlo")
    config = "host 127.0.0.1\nport %d\ntls off\n" % one.port
    at = fails(probe(mysend, "bob@example.org", config=config + "from *@example.net\n"), "sender", 78)
    assert "nothing says which sender of it" in at[1] and at[2] and one.sessions == []
    result = probe(mysend, "bob@example.org", config=config)
    if result.stages["sender"][0] == "ok":
        pytest.skip("this host has a domain for local names")
    at = fails(result, "sender", 78)
    assert "has no domain" in at[1] and "set from" in at[2] and one.sessions == []


def test_recipient_that_cannot_be_read(mysend, relay):
    fails(probe(mysend, "bob@", relay=relay("ehlo")), "sender", 65)


def test_name_that_is_not_found(mysend):
    result = probe(mysend, "bob@example.org", config="relay smtp://no-such-host.invalid\nfrom me@example.net\nconnect_timeout 20\n")
    at = fails(result, "name", result.status)
    assert result.status in (68, 75) and "no-such-host.invalid" in at[1] and at[2]


def test_connection_refused(mysend):
    result = probe(mysend, "bob@example.org", config="host 127.0.0.1\nport 1\ntls off\nfrom me@example.net\n")
    assert fails(result, "connect", 75) == ("FAIL", "127.0.0.1:1: Connection refused", result.stages["connect"][2]) and result.stages["connect"][2]


def test_a_socket_where_nobody_listens_is_named(mysend, unix_path):
    at = fails(probe(mysend, "bob@example.org", config="socket %s\nfrom me@example.net\n" % unix_path), "connect", 75)
    assert at[1] == "%s: No such file or directory" % unix_path and "mysend.socket" in at[2]


def test_greeting_that_refuses_us(mysend, relay):
    assert fails(probe(mysend, "bob@example.org", relay=relay("greet '554 5.7.1 not you'")), "greeting", 69)[1] == "554 5.7.1 not you"


@pytest.mark.parametrize("cert,says", [("expired", "expired"), ("wrong-name", "127.0.0.1"), ("self-signed", "self-signed|self signed"), ("other-ca", "certificate")])
def test_certificate_that_is_not_to_be_trusted(mysend, relay, certs, cert, says):
    one = relay("ehlo starttls", "cert " + cert)
    result = probe(mysend, "bob@example.org", config=trusting(one, certs, "tls on"))
    at = fails(result, "tls", 69)
    assert re.search(says, at[1]) and at[2], result


@pytest.mark.parametrize("start", ["off", "on"])
def test_certificate_with_too_many_names_is_not_taken_for_no_tls(mysend, relay, certs, start):
    one = relay("implicit-tls" if start == "off" else "ehlo starttls", "cert large")
    at = fails(probe(mysend, "bob@example.org", config=trusting(one, certs, "tls on", "tls_starttls " + start)), "tls", 69)
    if "OpenSSL" not in at[1]:
        pytest.skip("another TLS library has other limits")
    assert "excessive message size" in at[1] and at[2].startswith("the relay's certificate, with those that it sends along, is too large"), at


def test_what_libcurl_does_not_tell_of_a_connection_is_not_shown(mysend, relay, certs):
    """Where TLS from the first octet fails, it tells no address and no time."""
    one = relay("implicit-tls", "cert self-signed")
    config = trusting(one, certs, "tls on", "tls_starttls off")
    result = probe(mysend, "bob@example.org", config=config)
    fails(result, "tls", 69)
    assert re.fullmatch(r"127\.0\.0\.1:%d( in \d+ ms)?" % one.port, result.stages["connect"][1]), result
    assert " -1 " not in result.out, result
    line, = [line for line in json.loads(probe(mysend, "--json", "bob@example.org", config=config).out)["stages"] if line["stage"] == "connect"]
    assert line["result"] == "ok" and line.get("ms", 0) >= 0 and line["detail"].startswith("127.0.0.1:%d" % one.port), line


def test_a_certificate_near_its_end_is_a_warning(mysend, relay, certs):
    good = probe(mysend, "bob@example.org", config=trusting(relay("ehlo starttls"), certs, "tls on"))
    assert re.match(r"TLSv1\.\d; CN ?= ?localhost, by CN ?= ?mysend test ca, (29|30) days left$", good.stages["tls"][1]), good
    result = probe(mysend, "bob@example.org", config=trusting(relay("ehlo starttls", "cert near-end"), certs, "tls on"))
    assert result.status == 0 and result.stages["tls"][0] == "warn" and re.search(r", [89] days left$", result.stages["tls"][1]), result
    assert re.match(r"the certificate of the relay ends in [89] days", result.stages["tls"][2])
    result = probe(mysend, "--tls-certcheck", "off", "bob@example.org", config=trusting(relay("ehlo starttls", "cert expired"), certs, "tls on"))
    assert result.status == 0 and result.stages["tls"][0] == "warn" and "the certificate is not checked" in result.stages["tls"][1], result


def test_login_that_is_refused(mysend, relay):
    one = relay("ehlo auth=plain", "auth '535 5.7.8 no'")
    result = probe(mysend, "bob@example.org", relay=one, config=login("plain"))
    at = fails(result, "login", 77)
    assert at[1] == "535 5.7.8 no" and "password" in at[2]


@pytest.mark.parametrize("ehlo", ["ehlo", "ehlo pipelining", "ehlo pipelining chunking"])
@pytest.mark.parametrize("part,stage,status", [
    ("mail '550 5.7.1 not yours'", "mail", 77), ("mail '451 4.3.0 later'", "mail", 75), ("rcpt '550 5.1.1 nobody'", "rcpt", 67),
    ("rcpt '450 4.2.0 later'", "rcpt", 75), ("mail drop", "mail", 75), ("rcpt drop", "rcpt", 75), ("rcpt '421 4.3.2 bye'", "rcpt", 75)])
def test_a_refusal_is_told_of_the_stage_it_came_at_in_each_way_of_speaking(mysend, relay, ehlo, part, stage, status):
    one = relay(ehlo, part)
    result = probe(mysend, "bob@example.org", relay=one)
    at = fails(result, stage, result.status)
    if "drop" not in part:
        assert result.status == status and at[1] == part.split("'")[1], result
    sent_nothing(one)


@pytest.mark.parametrize("part,says", [("rset '502 5.5.1 no RSET here'", "nothing was sent, but the relay says 502 5.5.1 no RSET here"),
                                       ("rset drop", "nothing was sent, but the relay gave no answer")])
def test_what_the_relay_says_to_rset_is_a_warning(mysend, relay, part, says):
    one = relay("ehlo pipelining", part)
    result = probe(mysend, "bob@example.org", relay=one)
    assert result.status == 0 and result.stages["rset"] == ("warn", says, ""), result
    sent_nothing(one)


# --- the spool and who runs it --------------------------------------------------------------------

def listing(top):
    return sorted((os.path.join(where, name), os.lstat(os.path.join(where, name)).st_mtime_ns) for where, dirs, files in os.walk(top) for name in dirs + files)


def test_the_spool_stays_as_it_is_and_what_waits_is_counted(mysend, relay, spool):
    spool.run("bob@example.org", stdin=b"Subject: x\n\nx\n")
    assert len(spool.names()) == 1
    before = listing(spool.top)
    result = spool.run("--probe", "bob@example.org", relay=relay("ehlo"))
    assert result.status == 0 and stages(result.out)["spool"][1].startswith("%s: 1 wait, 0 given up; " % spool.top), result
    assert listing(spool.top) == before


def test_a_failed_probe_leaves_nothing_in_the_spool_and_no_line_in_the_log(mysend, spool, tmp_path):
    log = tmp_path / "log"
    result = spool.run("--probe", "bob@example.org", more="logfile %s\n" % log)
    assert result.status == 75 and stages(result.out)["connect"][0] == "FAIL", result
    assert not os.path.exists(spool.top) and not log.exists()
    assert "made when mail has to wait" in stages(result.out)["spool"][1]


def test_a_spool_that_cannot_be_made_is_a_warning_since_mail_goes_all_the_same(mysend, relay, tmp_path):
    (tmp_path / "file").write_text("")
    config = "root_to a@b.example\nqueue on\nspool %s/file/spool\n" % tmp_path
    result = probe(mysend, "bob@example.org", relay=relay("ehlo"), config=config)
    assert result.status == 0 and result.stages["spool"][0] == "warn", result
    assert result.stages["spool"][1].startswith("no mail can wait: spool %s/file/spool: making it: " % tmp_path) and result.stages["spool"][2]


def test_a_rate_is_not_used_up(mysend, relay, tmp_path):
    for _ in range(3):
        result = probe(mysend, "bob@example.org", relay=relay("ehlo"), config="rate 1/day\n")
        assert result.status == 0, result
    assert not [name for _, _, names in os.walk(tmp_path / "state") for name in names]


@needs_root
def test_a_line_of_cron_that_runs_the_queue_is_found(mysend, relay, mounts, tmp_path):
    mounts.mount("tmpfs", "/etc/cron.d", kind="tmpfs")
    mounts.mount("tmpfs", "/proc", kind="tmpfs")        # a mysend of another test may stay, and run its queue
    one = relay("ehlo")
    conf = mysend.file(mysend.where(one) + "from me@example.net\nspool %s/sp\n" % tmp_path, name="conf")

    def look():
        done = mounts.run("env", "-i", "HOME=" + mysend.home, "XDG_CONFIG_HOME=/nonexistent", "MYSEND_CONFIG=" + conf, mysend.path, "--probe", "bob@example.org")
        return stages(done.stdout)["spool"]
    if os.path.isdir("/run/systemd/system"):
        pytest.skip("systemd runs here")
    first = look()
    assert first[0] == "warn" and "nothing was found that runs the queue" in first[1] and "root: * * * * * " in first[2]
    with open(mounts.seen("/etc/cron.d/mysend"), "w", encoding="ascii") as out:
        out.write("PATH=/bin\n# x\n*/5 * * * * root [ -d /run/systemd/system ] || /usr/bin/mysend -q\n")
    assert look() == ("ok", "%s/sp: made when mail has to wait; /etc/cron.d/mysend runs the queue" % tmp_path, "")


def test_a_mysend_that_stays_runs_the_queue(mysend, relay, tmp_path):
    if os.path.isdir("/run/systemd/system"):
        pytest.skip("systemd runs here")
    env = {"XDG_CONFIG_HOME": mysend.usual(mysend.where(relay("ehlo")) + "from me@example.net\nspool %s/sp\n" % tmp_path), "MYSEND_QUEUE": None}
    run = mysend.start("-q15m", env=env, stdin=subprocess.DEVNULL)
    try:
        found = stages(mysend("--probe", "bob@example.org", env=env).out)["spool"]
    finally:
        run.kill()
        run.process.communicate()
    assert found[0] == "ok" and (re.search("; (/.*|process [0-9]+) runs the queue$", found[1])), found


@needs_root
def test_a_line_in_the_crontab_of_a_user_is_found_though_he_may_not_read_the_folder_of_crontabs(mysend, relay, mounts, open_folder):
    setpriv = shutil.which("setpriv") or pytest.skip("setpriv is missing")
    if os.path.isdir("/run/systemd/system"):
        pytest.skip("systemd runs here")
    mounts.mount("tmpfs", "/var/spool/cron", "-o", "mode=700", kind="tmpfs")
    conf, tool = os.path.join(open_folder, "conf"), os.path.join(open_folder, "crontab")
    with open(conf, "w", encoding="ascii") as out:
        out.write(mysend.where(relay("ehlo")) + "from me@example.net\nspool %s/own/sp\n" % open_folder)
    os.mkdir(os.path.join(open_folder, "own"))
    os.chown(os.path.join(open_folder, "own"), 33, 33)

    def look(says):
        with open(tool, "w", encoding="ascii") as out:
            out.write("#!/bin/sh\n[ \"$*\" = -l ] && printf '%s'\n" % says)
        os.chmod(tool, 0o755)
        done = mounts.run(setpriv, "--reuid=33", "--regid=33", "--clear-groups", "env", "-i", "PATH=%s:/usr/bin:/bin" % open_folder, "HOME=/nowhere", "MYSEND_CONFIG=" + conf,
                          mysend.path, "--probe", "bob@example.org")
        return stages(done.stdout)["spool"]
    first, second = look("# * * * * * mysend -q\n"), look("* * * * * /usr/bin/mysend -q\n")
    assert first[0] == "warn" and "the crontab of www-data: * * * * * " in first[2], first
    assert second == ("ok", "%s/own/sp: made when mail has to wait; the crontab of www-data runs the queue" % open_folder, ""), second


@needs_root
def test_a_timer_of_systemd_is_asked_for(mysend, relay, mounts, tmp_path):
    mounts.mount("tmpfs", "/proc", kind="tmpfs")        # as above
    mounts.mount("tmpfs", "/run", kind="tmpfs")
    os.makedirs(mounts.seen("/run/systemd/system"))
    tools = tmp_path / "bin"
    tools.mkdir()
    one = relay("ehlo")
    conf = mysend.file(mysend.where(one) + "from me@example.net\nspool %s/sp\n" % tmp_path, name="conf")

    def look(says):
        (tools / "systemctl").write_text("#!/bin/sh\necho \"$*\" >%s/asked\nprintf '%s'\n" % (tmp_path, says))
        (tools / "systemctl").chmod(0o755)
        done = mounts.run("env", "-i", "PATH=%s:/usr/bin:/bin" % tools, "HOME=" + mysend.home, "MYSEND_CONFIG=" + conf, mysend.path, "--probe", "bob@example.org")
        return stages(done.stdout)["spool"]
    found = look("ActiveState=active\\nLastTriggerUSec=Mon 2026-11-30 03:00:00 UTC\\n")
    assert found[0] == "ok" and found[1].endswith("; mysend-queue.timer is active, last Mon 2026-11-30 03:00:00 UTC")
    assert "mysend-queue.timer" in (tmp_path / "asked").read_text()
    assert look("ActiveState=active\\nLastTriggerUSec=\\n")[1].endswith("; mysend-queue.timer is active, not run yet")
    found = look("ActiveState=inactive\\nLastTriggerUSec=\\n")
    assert found[0] == "warn" and "systemctl enable --now mysend-queue.timer" in found[2]


@needs_root
@pytest.mark.parametrize("lead,result,says", [(None, "warn", "there is no /usr/sbin/sendmail"), ("/x/mysend", "ok", "/usr/sbin/sendmail is mysend"),
                                              ("/x/exim4", "warn", "/usr/sbin/sendmail is exim4: what calls it does not use mysend"),
                                              ("/x/msmtp", "warn", "/usr/sbin/sendmail is msmtp: what calls it does not use mysend")])
def test_which_program_sendmail_is(mysend, mounts, tmp_path, lead, result, says):
    mounts.mount("tmpfs", "/usr/sbin", kind="tmpfs")
    if os.path.exists(mounts.seen("/usr/lib/sendmail")):
        pytest.skip("/usr/lib/sendmail is there, and leads elsewhere")
    if lead:
        target = tmp_path / os.path.basename(lead)
        target.write_text("")
        os.symlink(target, mounts.seen("/usr/sbin/sendmail"))
    done = mounts.run("env", "-i", "HOME=" + mysend.home, mysend.path, "--probe", "bob@example.org")
    assert stages(done.stdout)["callers"][:2] == (result, says)


# --- a mail and a probe of the same set-up ---------------------------------------------------------

FINE = ["ehlo", "ehlo pipelining", "ehlo pipelining chunking 8bitmime size=1000000", "ehlo dsn smtputf8", "ehlo starttls"]


@pytest.mark.parametrize("to", ["bob@example.org", "root", "joe@localhost"])
@pytest.mark.parametrize("part", FINE)
def test_where_a_mail_goes_through_nothing_fails(mysend, relay, certs, part, to):
    tls = "starttls" in part
    config = "account default\nqueue off\nmaildomain mail.example\naliases off\nfrom me@example.net\nhost 127.0.0.1\nport PORT\n" + ("tls_trust_file %s/ca.pem\n" % certs if tls else "tls off\n")
    one = relay(part)
    lines = config.replace("PORT", str(one.port))
    mail = mysend(to, stdin=MESSAGE, config=lines)
    assert mail.status == 0, mail
    agree(mail, mysend("--probe", to, config=lines))
    assert len(one.messages) == 1


# --- more accounts --------------------------------------------------------------------------------

def several(one):
    here = "host 127.0.0.1\nport %d\ntls off\nfrom me@example.net\n" % one.port
    return "defaults\n%saccount first\n%saccount down\nhost 127.0.0.1\nport 1\ntls off\nfrom me@example.net\naccount last\n%s" % (PLAIN, here, here)


def test_every_account_has_its_lines_behind_a_headline(mysend, relay):
    one = relay("ehlo")
    result = mysend("--probe", "-a", "*", config=several(one))
    parts = re.split(r"^account (\S+)\n", result.out, flags=re.M)
    assert parts[1::2] == ["first", "down", "last"] and result.status == 75, result
    found = [stages(part) for part in parts[2::2]]
    assert [each["connect"][0] for each in found] == ["ok", "FAIL", "ok"] and found[2]["rset"][0] == "ok"
    assert len(one.sessions) == 2


def test_one_account_is_named_as_for_a_mail(mysend, relay):
    one = relay("ehlo")
    assert mysend("--probe", "-a", "last", config=several(one)).status == 0
    assert stages(mysend("--probe", "-a", "nobody", config=several(one)).out)["config"][0] == "FAIL"


def test_fallbacks_are_asked_whether_they_let_us_in(mysend, relay):
    one = relay("ehlo")
    result = probe(mysend, "bob@example.org", config="%sfrom me@example.net\nfallback other\naccount other\nhost 127.0.0.1\nport 1\ntls off\n" % mysend.where(one))
    assert result.status == 0 and result.stages["fallback"][:2] == ("warn", "other: Connection refused"), result
    result = probe(mysend, "bob@example.org", config="host 127.0.0.1\nport 1\ntls off\nfrom me@example.net\nfallback other\naccount other\n%s" % mysend.where(one))
    assert result.stages["connect"][0] == "FAIL" and result.status == 75
    assert result.stages["fallback"][:2] == ("ok", "other: 127.0.0.1:%d" % one.port), result


# --- for programs ---------------------------------------------------------------------------------

def test_json_is_one_object_or_an_array_for_all_accounts(mysend, relay):
    one = relay("ehlo")
    result = probe(mysend, "--json", "bob@example.org", relay=one)
    found = json.loads(result.out)
    assert result.out.count("\n") == 1 and result.status == 0
    assert found["ok"] is True and found["status"] == 0 and found["account"] == "default"
    assert [stage["stage"] for stage in found["stages"]] == ["config", "secret", "sender", "spool", "name", "connect", "greeting", "tls", "login", "mail",
                                                             "rcpt", "rset", "offers", "callers"]
    assert all(set(stage) <= {"stage", "result", "detail", "hint", "ms"} for stage in found["stages"])
    assert isinstance([stage for stage in found["stages"] if stage["stage"] == "connect"][0]["ms"], int)
    every = json.loads(mysend("--probe", "--json", "-a", "*", config=several(one)).out)
    assert [(each["account"], each["ok"], each["status"]) for each in every] == [("first", True, 0), ("down", False, 75), ("last", True, 0)]
    assert [stage["result"] for stage in every[1]["stages"] if stage["stage"] in ("connect", "login")] == ["fail", "not tried"]


def test_words_of_the_relay_are_escaped_in_both_forms(mysend, relay):
    one = relay("ehlo", ("rcpt", "550 say \"no\" \\ \x1b[31m\x07"))
    text = probe(mysend, "bob@example.org", relay=one)
    assert "\x1b" not in text.out and text.status, text
    found = json.loads(probe(mysend, "--json", "bob@example.org", relay=one).out)
    detail = [stage["detail"] for stage in found["stages"] if stage["stage"] == "rcpt"][0]
    assert 'say "no"' in detail and "\x1b" not in detail


# --- as another user ------------------------------------------------------------------------------

def lines_of(config, one, mode, open_folder):
    path = os.path.join(open_folder, "conf")
    with open(path, "w", encoding="ascii") as out:
        out.write("host 127.0.0.1\nport %d\ntls off\nfrom me@example.net\nroot_to admin@example.com\n%s" % (one.port, config))
    os.chmod(path, mode)
    return path


@needs_root
@pytest.mark.parametrize("user", ["www-data", "nobody"])
def test_as_a_user_all_of_it_is_tried_with_what_cron_gives(mysend, relay, open_folder, user):
    import pwd
    home = pwd.getpwnam(user).pw_dir
    one = relay("ehlo")
    # the environment of root's does not count: this relay would not be there
    result = probe(mysend, "--as", user, "-C", lines_of("", one, 0o644, open_folder), env={"MYSEND_PORT": "1", "HOME": "/root"})
    assert result.status == 0, result
    assert result.stages["sender"][1] == "from me@example.net; to root -> admin@example.com (root_to)"
    if not os.path.isdir(home) or os.stat(home).st_uid == 0:
        assert result.stages["spool"][:2] == ("warn", "no mail can wait: spool %s/.local/state/mysend/spool: making it: Permission denied" % home)
        assert "set spool, or HOME" in result.stages["spool"][2]


@needs_root
def test_as_a_user_what_only_root_may_read_fails(mysend, relay, open_folder):
    one = relay("ehlo")
    path = lines_of("", one, 0o600, open_folder)
    assert probe(mysend, "-C", path).status == 0
    result = probe(mysend, "--as=www-data", "-C", path)
    assert path in fails(result, "config", 78)[1], result
    secret = os.path.join(open_folder, "secret")
    with open(secret, "w", encoding="ascii") as out:
        out.write("secret\n")
    os.chmod(secret, 0o600)
    path = lines_of("user joe\nauth plain\npassword_file %s\n" % secret, relay("ehlo auth=plain"), 0o644, open_folder)
    assert probe(mysend, "-C", path).status == 0
    result = probe(mysend, "-C", path, "--as", "www-data", "bob@example.org")
    assert secret in fails(result, "secret", 78)[1], result


@needs_root
def test_as_a_user_that_is_not_there(mysend):
    assert "there is no user nosuchuser" in mysend("--probe", "--as", "nosuchuser").failed(67)


@needs_root
def test_only_root_may_become_another_user(mysend, relay):
    shutil.which("setpriv") or pytest.skip("setpriv is missing")
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", mysend.path, "--probe", "--as", "www-data"], capture_output=True,
                          text=True, check=False, cwd="/")
    if done.returncode in (126, 127):
        pytest.skip("nobody cannot execute the program here")
    assert done.returncode == 77 and "hint: sudo mysend --probe --as www-data" in done.stderr, done


@needs_root
def test_as_a_user_nothing_of_root_is_left(mysend, relay, open_folder):
    one = relay("ehlo", "mail 'hold && ok'")
    run = mysend.start("--probe", "--as", "www-data", "-C", lines_of("", one, 0o644, open_folder), env={"SECRET_OF_ROOT": "x"})
    wait_for(lambda: one.counts.get("mail"))
    with open("/proc/%d/task/%d/children" % (run.process.pid, run.process.pid), encoding="ascii") as text:
        (pid,) = text.read().split()       # root's own process shows what this one says
    with open("/proc/%s/status" % pid, encoding="ascii") as text:
        status = dict(line.split(":", 1) for line in text.read().splitlines())
    with open("/proc/%s/environ" % pid, "rb") as text:
        env = dict(one_.split("=", 1) for one_ in text.read().decode().split("\0") if one_)
    one.go()
    result = run.finish()
    assert result.status == 0
    import pwd
    user = pwd.getpwnam("www-data")
    assert set(status["Uid"].split()) == {str(user.pw_uid)} and set(status["Gid"].split()) == {str(user.pw_gid)}
    assert status["Groups"].split() in ([], [str(user.pw_gid)]) and int(status["Umask"], 8) == 0o022
    assert int(status["CapEff"], 16) == 0
    assert env == {"HOME": user.pw_dir, "LOGNAME": "www-data", "USER": "www-data", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}


# --- the command line -----------------------------------------------------------------------------

@pytest.mark.parametrize("args,says", [(("--as", "x", "bob@example.org"), "--as goes with --probe only"), (("--probe", "-t"), "--probe has no message"),
                                       (("--probe", "--dry-run"), "--probe has no message"), (("--probe", "-s", "x"), "a message is made of options only to be sent")])
def test_what_does_not_go_together_is_refused(mysend, args, says):
    assert says in mysend(*args).failed(64)


def test_standard_input_is_not_read(mysend, relay):
    result = probe(mysend, "bob@example.org", relay=relay("ehlo"), stdin=subprocess.DEVNULL, closed=(0,))
    assert result.status == 0, result
