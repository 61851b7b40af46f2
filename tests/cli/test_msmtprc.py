"""A configuration of msmtp's works as it is: every keyword of its manual (1.8.33) with every kind of value, one by one, and what differs."""
import os

import pytest

from given import PLAIN as TEXT

PIN = "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF"
FLAG = [("on", "on"), ("off", "off")]
SYSLOG = ["LOG_USER", "LOG_MAIL"] + ["LOG_LOCAL%d" % n for n in range(8)]

# keyword: (our setting, [(value, what --show-config says of the setting)]); None for the value: the keyword stands alone.
TAKEN = {
    "host": ("host", [("mail.example.com", "mail.example.com"), ("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::1"), ("localhost", "localhost")]),
    "port": ("port", [("25", "25"), ("587", "587")]),
    "source_ip": ("source_ip", [("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::1"), (None, "")]),
    "proxy_host": ("proxy_host", [("127.0.0.1", "127.0.0.1"), ("tor.example", "tor.example"), (None, "")]),
    "proxy_port": ("proxy_port", [("9050", "9050"), (None, "")]),
    "socket": ("socket", [("/run/x.sock", "/run/x.sock"), (None, "")]),
    "timeout": ("timeout", [("off", "off"), ("30", "30")]),
    "connect_timeout": ("connect_timeout", [("off", "off"), ("30", "30")]),
    "protocol": (None, [("smtp", "")]),
    "domain": ("domain", [("localhost", "localhost"), ("x.example", "x.example"), ("%H", None), ("%C", None), ("%M", None)]),
    "auth": ("auth", FLAG + [(None, "on")] + [(word, word) for word in ("plain", "scram-sha-1", "scram-sha-256", "cram-md5", "digest-md5", "login", "ntlm", "external",
                                                                        "gssapi", "oauthbearer", "xoauth2")]),
    "user": ("user", [("joe", "joe"), ("joe@example.com", "joe@example.com"), (None, "")]),
    "password": ("password", [("secret", "(set)"), ('"secret "', "(set)"), (None, "")]),
    "passwordeval": ("password_command", [("gpg -d ~/.p", "gpg -d ~/.p"), ('"gpg -q -d ~/.p"', "gpg -q -d ~/.p"), (None, "")]),
    "tls": ("tls", FLAG + [(None, "on")]),
    "tls_starttls": ("tls_starttls", FLAG + [(None, "on")]),
    "tls_nostarttls": ("tls_starttls", [(None, "off")]),
    "tls_trust_file": ("tls_trust_file", [("system", ""), ("/etc/ssl/x.pem", "/etc/ssl/x.pem"), (None, "")]),
    "tls_crl_file": ("tls_crl_file", [("/etc/ssl/crl.pem", "/etc/ssl/crl.pem"), (None, "")]),
    "tls_fingerprint": (None, [(None, "")]),
    "tls_key_file": ("tls_key_file", [("/k.pem", "/k.pem"), (None, "")]),
    "tls_cert_file": ("tls_cert_file", [("/c.pem", "/c.pem"), (None, "")]),
    "tls_certcheck": ("tls_certcheck", FLAG + [(None, "on")]),
    "tls_nocertcheck": ("tls_certcheck", [(None, "off")]),
    "tls_priorities": (None, [(None, "")]),
    "tls_host_override": ("tls_host_override", [("mail.example.com", "mail.example.com"), (None, "")]),
    "tls_min_dh_prime_bits": (None, [(None, "")]),
    "from": ("from", [("me@example.com", "me@example.com"), ("*@example.com", "*@example.com"), ("%F", "%F"), ("%U@example.com", None), ("%U@%H", None),
                      ("%U@%C", None), ("%U@%M", None)]),
    "from_full_name": ("from_full_name", [("Joe Smith", "Joe Smith"), ('"Joe Smith"', "Joe Smith"), (None, "")]),
    "allow_from_override": ("allow_from_override", FLAG),
    "dsn_notify": ("dsn_notify", [(word, word) for word in ("off", "never", "failure", "delay", "success", "failure,delay,success")]),
    "dsn_return": ("dsn_return", [(word, word) for word in ("off", "headers", "full")]),
    "set_from_header": ("set_from_header", [("auto", "auto"), (None, "on")] + FLAG),
    "set_date_header": ("set_date_header", [("auto", "auto"), ("off", "off")]),
    "set_msgid_header": ("set_msgid_header", [("auto", "auto"), ("off", "off")]),
    "set_to_header": ("set_to_header", [("undisclosed_recipients", "undisclosed_recipients"), (None, "on")] + FLAG),
    "add_missing_from_header": ("set_from_header", [("on", "auto"), ("off", "off"), (None, "auto")]),
    "add_missing_date_header": ("set_date_header", [("on", "auto"), ("off", "off"), (None, "auto")]),
    "remove_bcc_headers": ("remove_bcc_headers", FLAG + [(None, "on")]),
    "keepbcc": ("remove_bcc_headers", [("on", "off"), ("off", "on"), (None, "off")]),
    "undisclosed_recipients": ("undisclosed_recipients", FLAG + [(None, "on")]),
    "logfile": ("logfile", [("~/.msmtp.log", None), ("/var/log/msmtp.log", "/var/log/msmtp.log"), ("-", "-"), (None, "")]),
    "logfile_time_format": ("logfile_time_format", [("none", "none"), ("%Y-%m-%d", "%Y-%m-%d"), ('"%H:%M "', "%H:%M"), (None, "")]),
    "syslog": ("syslog", FLAG + [(None, "on")] + [(word, word) for word in SYSLOG]),
    "aliases": ("aliases", [("/etc/aliases", "/etc/aliases"), (None, "")]),
    "auto_from": (None, [("off", "")]),
    "maildomain": ("maildomain", [("example.com", "example.com")]),
    "ntlmdomain": (None, [(None, "")]),
}

# What means something else here, or nothing, and is said while the file is read.
WARNED = [
    ("tls_fingerprint " + PIN, "tls_fingerprint of msmtp is ignored: use tls_pinned_key"),
    ("tls_priorities NORMAL", "tls_priorities of msmtp is ignored: use tls_min_version"),
    ("tls_min_dh_prime_bits 512", "tls_min_dh_prime_bits of msmtp is ignored"),
    ("ntlmdomain CORP", "ntlmdomain of msmtp is ignored: write user as DOMAIN\\NAME"),
    ("auto_from on", "auto_from of msmtp is ignored"), ("auto_from", None),
    ("auth scram-sha-256-plus", "auth: scram-sha-256-plus is taken as scram-sha-256: libcurl does not bind"),
    ("auth scram-sha-1-plus", "auth: scram-sha-1-plus is taken as scram-sha-1: libcurl does not bind"),
]
REFUSED = [("protocol lmtp", "protocol takes smtp"), ("set_to_header maybe", "set_to_header takes auto|on|off|undisclosed_recipients")]
# In the manual, and tried elsewhere: sections and lines that a command makes (test_config.py).
STRUCTURE = ["defaults", "account", "eval"]
MANUAL = """defaults account eval host port source_ip proxy_host proxy_port socket timeout protocol domain auth user password passwordeval ntlmdomain tls
    tls_starttls tls_trust_file tls_crl_file tls_fingerprint tls_key_file tls_cert_file tls_certcheck tls_priorities tls_host_override
    tls_min_dh_prime_bits from from_full_name allow_from_override dsn_notify dsn_return set_from_header set_date_header set_msgid_header set_to_header
    remove_bcc_headers undisclosed_recipients logfile logfile_time_format syslog aliases auto_from maildomain
    add_missing_from_header add_missing_date_header keepbcc connect_timeout tls_nocertcheck tls_nostarttls""".split()


def test_table_has_every_keyword_of_the_manual():
    assert sorted(list(TAKEN) + STRUCTURE) == sorted(MANUAL)


def load(mysend, *lines):
    others = {"host": "host h.example", "from": "from a@example.net"}
    text = ["account default"] + [line for word, line in others.items() if not any(given.split(" ")[0] == word for given in lines)] + list(lines)
    return mysend("--show-config", config="\n".join(text) + "\n")


def shown(done, setting):
    line, = [line for line in done.out.splitlines() if line.split(" ")[0] == setting]
    return line[len(setting):].split("\t# ")[0].strip()


@pytest.mark.parametrize("keyword, value, setting, wanted", [(keyword, value, setting, wanted) for keyword, (setting, rows) in TAKEN.items() for value, wanted in rows])
def test_keyword_is_taken_as_it_is(mysend, keyword, value, setting, wanted):
    line = keyword if value is None else "%s %s" % (keyword, value)
    beside = {"tls_key_file": ["tls_cert_file /c.pem"], "tls_cert_file": ["tls_key_file /k.pem"] if value else []}.get(keyword, [])
    done = load(mysend, line, *beside)
    assert done.status == 0 and done.err == "", done
    if setting and wanted is not None and (value is not None or keyword not in ("aliases", "logfile_time_format")):
        assert shown(done, setting) == wanted, done.out


@pytest.mark.parametrize("line, words", WARNED)
def test_what_differs_is_said_when_the_file_is_read(mysend, line, words):
    done = load(mysend, line)
    assert done.status == 0 and (words in done.err if words else True) and len(done.err.splitlines()) <= 1, done


@pytest.mark.parametrize("line, words", REFUSED)
def test_what_only_msmtp_could_obey_is_an_error(mysend, line, words):
    assert words in load(mysend, line).err and load(mysend, line).status == 78


def test_login_by_scram_with_plus_is_that_without(mysend):
    done = load(mysend, "auth scram-sha-256-plus")
    assert shown(done, "auth") == "scram-sha-256" and done.err.count("warning") == 1


def header(mysend, config, text, *args):
    done = mysend("--dry-run", *args, stdin=text, config="host h\nfrom me@example.net\naliases off\n" + config)
    assert done.status == 0, done
    return done.out.replace("\r\n", "\n")


MAIL = b"From: a@b.example\nTo: Bob <bob@example.org>, c@example.org\nCc: d@example.org\nBcc: e@example.org\nSubject: x\n\nbody\n"


def test_set_to_header_on_names_all_recipients_in_one_field(mysend):
    said = header(mysend, "set_to_header on\n", MAIL, "-t", "f@example.org")
    assert "\nTo: f@example.org, bob@example.org, c@example.org, d@example.org,\n e@example.org\n" in said and "\nCc:" not in said and "\nBcc:" not in said, said
    assert said.count("\nTo:") == 1 and said.count("RCPT TO") == 5


@pytest.mark.parametrize("args, text, told", [
    (["-t"], MAIL, 1), (["--bcc", "e@example.org", "-s", "x", "f@example.org"], b"x\n", 1), (["f@example.org"], MAIL, 0),
    (["-t"], MAIL.replace(b"Bcc: e@example.org\n", b""), 0),
])
@pytest.mark.parametrize("value", ["on", "auto", "undisclosed_recipients"])
def test_set_to_header_on_warns_when_it_shows_who_gets_a_blind_copy(mysend, args, text, told, value):
    done = mysend("--dry-run", *args, stdin=text, config="host h\nfrom me@example.net\naliases off\nset_to_header %s\n" % value)
    assert done.status == 0 and done.err.count("recipients of Bcc stand in To") == (told if value == "on" else 0), done
    assert len(done.err.splitlines()) == (told if value == "on" else 0), done


def test_set_to_header_undisclosed_recipients_names_nobody(mysend):
    said = header(mysend, "set_to_header undisclosed_recipients\n", MAIL, "-t")
    assert said.count("\nTo: undisclosed-recipients:;\n") == 1 and "\nTo: " in said and "\nCc:" not in said and "\nBcc:" not in said and said.count("RCPT TO") == 4, said


def test_set_to_header_off_leaves_them(mysend):
    said = header(mysend, "set_to_header off\n", MAIL, "-t")
    assert "\nTo: Bob <bob@example.org>, c@example.org\n" in said and "\nCc: d@example.org\n" in said
    assert "\nTo:" not in header(mysend, "set_to_header off\n", TEXT, "bob@example.org")


@pytest.mark.parametrize("text, args, sender", [
    (b"From: Joe <joe@example.org>\n\nx\n", [], "joe@example.org"), (b"From: joe@example.org, sue@example.org\n\nx\n", [], "joe@example.org"),
    (b"Resent-From: r@example.org\nFrom: joe@example.org\n\nx\n", [], "r@example.org"), (b"From: joe@example.org\nResent-From: r@example.org\n\nx\n", [], "joe@example.org"),
    (b"From: joe@example.org\n\nx\n", ["-f", "f@example.org"], "f@example.org"), (b"From: joe\n\nx\n", [], "joe@mail.example"),
])
def test_percent_f_is_the_address_of_the_from_field(mysend, text, args, sender):
    done = mysend("--dry-run", *args, "bob@example.org", stdin=text, config="host h\nfrom %F\nmaildomain mail.example\n")
    assert done.status == 0 and "MAIL FROM:<%s>\n" % sender in done.out, done


@pytest.mark.parametrize("text", [b"Subject: x\n\nx\n", b"From:\n\nx\n", b"From: <@\n\nx\n"])
def test_percent_f_without_a_from_field_says_so(mysend, text):
    done = mysend("--dry-run", "bob@example.org", stdin=text, config="host h\nfrom %F\nmaildomain mail.example\n")
    assert done.status == 78 and "from is %F, and the message has no From field" in done.err, done


def test_log_line_without_a_time(mysend, relay):
    log = os.path.join(mysend.tmp, "log")
    mysend("bob@example.org", stdin=TEXT, relay=relay(), config="logfile %s\nlogfile_time_format none\n" % log).ok()
    with open(log, encoding="utf-8") as text:
        assert text.read().startswith("host=")
