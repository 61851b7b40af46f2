"""mysend --configure ADDRESS: what is printed is a configuration that works once the password is written."""
import os
import re

import pytest

import tokens
from hosts import name_server
from nameserver import AAAA, A, CNAME, MX, SERVFAIL, SRV, Raw, mx, name, srv
from waiting import SOON

LOOPBACK = b"\x7f\0\0\1"
NONE = {}


@pytest.fixture
def configure(mysend, mounts, tmp_path):
    """configure(answers, args ...): a run on a host whose only name server gives these answers; its result."""
    servers = []

    def run(answers, *args, **more):
        servers.append(name_server(answers))
        resolv = tmp_path / ("resolv%d" % len(servers))
        resolv.write_text("nameserver %s\noptions timeout:1 attempts:1\n" % servers[-1].host, encoding="ascii")
        done = mounts.run("mount", "--bind", resolv, os.path.realpath("/etc/resolv.conf"))
        if done.returncode:
            pytest.skip("mounting is not permitted here")
        result = mysend("--configure", *args, prefix=mounts.prefix, **more)
        result.asked = servers[-1].asked
        return result
    yield run
    for one in servers:
        one.stop()


def printed(result):
    """{keyword: value} of what was printed, which was told in one line."""
    assert result.status == 0 and result.err.count("\n") == 1 and result.err.startswith("mysend: "), result
    lines = [line.split(" ", 1) for line in result.out.splitlines() if line and not line.startswith("#")]
    assert all(len(line) <= 80 or "/" in line for line in result.out.splitlines()), result.out
    assert len({line[0] for line in lines}) == len(lines), result.out
    return {keyword: value for keyword, value in lines}


def comments(result):
    return " ".join(line[2:] for line in result.out.splitlines() if line.startswith("# "))


def services(*records, service="_submissions._tcp", domain="example.org"):
    return {("%s.%s" % (service, domain), SRV): list(records)}


@pytest.mark.parametrize("answers, relay, asked", [
    (services(srv(0, 1, 465, "mail.example.org")), "smtps://mail.example.org", 1),
    (services(srv(0, 1, 4650, "mail.example.org")), "smtps://mail.example.org:4650", 1),
    (services(srv(0, 1, 587, "mail.example.org"), service="_submission._tcp"), "smtp://mail.example.org", 2),
    (services(srv(0, 1, 25, "mail.example.org"), service="_submission._tcp"), "smtp://mail.example.org:25", 2),
    ({**services(srv(0, 1, 465, "a.example.org")), **services(srv(0, 1, 587, "b.example.org"), service="_submission._tcp")}, "smtps://a.example.org", 1),
    ({**services(srv(0, 0, 0, ".")), **services(srv(0, 1, 587, "b.example.org"), service="_submission._tcp")}, "smtp://b.example.org", 2),
    (services(srv(5, 9, 465, "later.example.org"), srv(1, 1, 465, "light.example.org"), srv(1, 7, 465, "heavy.example.org")), "smtps://heavy.example.org", 1),
    (services(*[srv(i, 1, 465, "mail%d.example.org" % i) for i in range(40, 0, -1)]), "smtps://mail1.example.org", 2),
])
def test_services_of_the_domain_tell_the_relay(configure, answers, relay, asked):
    result = configure(answers, "me@example.org")
    assert printed(result)["relay"] == relay and "outside" not in result.out, result
    assert len(result.asked) == asked and all(kind == SRV for _, kind in result.asked), result.asked


def test_host_outside_the_domain_is_told_of(configure):
    result = configure(services(srv(0, 1, 465, "mail.example.net")), "me@example.org")
    assert printed(result)["relay"] == "smtps://mail.example.net" and "outside example.org, and such records can be forged" in comments(result), result


def test_relay_of_a_provider_that_the_domain_names_brings_what_the_provider_wants(configure):
    result = configure(services(srv(0, 1, 587, "smtp.fastmail.com"), service="_submission._tcp"), "me@example.org")
    assert printed(result)["relay"] == "smtp://smtp.fastmail.com" and "app password" in comments(result) and "outside example.org" in comments(result), result


def test_service_of_a_known_domain_is_no_reason_to_be_quiet_about_the_table(configure):
    result = configure(services(srv(0, 1, 465, "mail.evil.example"), domain="gmx.net"), "me@gmx.net")
    assert printed(result)["relay"] == "smtps://mail.evil.example" and "outside gmx.net" in comments(result) and "has smtps://mail.gmx.net for this domain" in comments(result), result
    result = configure(services(srv(0, 1, 587, "mail.gmx.net"), service="_submission._tcp", domain="gmx.net"), "me@gmx.net")
    assert printed(result)["relay"] == "smtp://mail.gmx.net" and "outside" not in result.out and "First allow POP3" in comments(result), result


@pytest.mark.parametrize("exchanger, relay, words", [
    ("aspmx.l.google.com", "smtps://smtp.gmail.com", "https://myaccount.google.com/apppasswords"),
    ("example-org.mail.protection.outlook.com", "smtp://smtp.office365.com", "end of December 2026"),
    ("in1-smtp.messagingengine.com", "smtps://smtp.fastmail.com", "app password"),
    ("mx1.mail.ovh.net", "smtps://ssl0.ovh.net", "that of the mailbox"),
])
def test_exchanger_of_a_domain_tells_the_provider(configure, exchanger, relay, words):
    result = configure({("example.org", MX): [mx(20, "mx.example.org"), mx(10, exchanger)]}, "me@example.org")
    assert printed(result)["relay"] == relay and printed(result)["user"] == "me@example.org" and words in comments(result) and exchanger in result.err, result


@pytest.mark.parametrize("there", ["smtp", "mail", "submission"])
def test_usual_name_is_a_guess_and_called_one(configure, there):
    result = configure({("example.org", MX): [mx(10, "mx.example.org")], (there + ".example.org", A): [LOOPBACK]}, "me@example.org")
    assert printed(result)["relay"] == "smtp://%s.example.org" % there and "a guess" in comments(result) and "a guess" in result.err, result
    assert {kind for _, kind in result.asked} <= {SRV, MX, A, AAAA}


@pytest.mark.parametrize("answers, status, words", [
    ({("example.org", MX): []}, 78, "nothing says where mail of example.org is handed over"),
    ({("www.example.org", A): []}, 68, "there is no domain example.org"),
    ({**services(srv(0, 0, 0, ".")), ("example.org", MX): [], ("smtp.example.org", A): [LOOPBACK]}, 78, "example.org says that it takes no mail of its users"),
    ({("example.org", MX): SERVFAIL}, 75, "the name servers do not say"),
    ({("example.org", MX): [], ("smtp.example.org", A): SERVFAIL, ("smtp.example.org", AAAA): SERVFAIL}, 75, "the name servers do not say"),
])
def test_nothing_found_is_one_line_and_nothing_on_standard_output(configure, answers, status, words):
    result = configure(answers, "me@example.org")
    assert words in result.failed(status) and result.out == "" and len(result.hints) == 1 and "--relay smtp://HOST" in result.hints[0], result


def silent(domain):
    return {(prefix + domain, kind): "silent" for prefix, kind in (("_submissions._tcp.", SRV), ("_submission._tcp.", SRV), ("", MX), ("smtp.", A), ("smtp.", AAAA),
                                                                  ("mail.", A), ("mail.", AAAA), ("submission.", A), ("submission.", AAAA))}


def test_without_a_network_the_table_still_works_and_all_else_is_temporary(configure):
    assert printed(configure(silent("gmail.com"), "me@gmail.com", timeout=SOON))["relay"] == "smtps://smtp.gmail.com"
    result = configure(silent("example.org"), "me@example.org", timeout=SOON)
    assert "the name servers do not say" in result.failed(75) and result.out == "", result


@pytest.mark.parametrize("packet", [
    b"", b"\x81\x80", b"\x81\x80\0\1\0\1\0\0\0\0", b"\x81\x80\0\0\xff\xff\0\0\0\0", b"\x81\x80\0\1\0\1\0\0\0\0" + b"\xff" * 400, b"\x01\x80\0\1\0\1\0\0\0\0",
    b"\x81\x80\0\1\0\1\0\0\0\0" + name("_submissions._tcp.example.org") + b"\0\x21\0\1" + b"\xc0\x0c\0\x21\0\1\0\0\0\1\0\x08\0\1\0\1\1\xd1\xc0\xff",
    b"\x81\x80\0\1\0\1\0\0\0\0" + name("_submissions._tcp.example.org") + b"\0\x21\0\1" + b"\xc0\x0c\0\x21\0\1\0\0\0\1\xff\xff\0\1\0\1\1\xd1\1x\0",
])
def test_hostile_packets_are_no_answers(configure, packet):
    result = configure({("_submissions._tcp.example.org", SRV): Raw(packet), ("example.org", MX): []}, "me@example.org", timeout=SOON)
    assert result.status in (75, 78) and result.out == "" and len(result.errors) == 1, result


@pytest.mark.parametrize("target", ["a\nrelay evil.example", "a b", "a#b", "\x1b[31m", "a\"b", "\xe4", "a%Ub"])
def test_target_that_is_no_name_of_a_host_is_none(configure, target):
    result = configure({**services(srv(0, 1, 465, target)), ("example.org", MX): []}, "me@example.org")
    assert result.failed(78) and result.out == "", result


def test_alias_is_followed_to_what_it_stands_for(configure):
    packet = (b"\x81\x80\0\1\0\2\0\0\0\0" + name("_submissions._tcp.example.org") + b"\0\x21\0\1" + b"\xc0\x0c" + CNAME.to_bytes(2, "big") + b"\0\1\0\0\0\1\0\x03\1x\0" +
              b"\1x\0\0\x21\0\1\0\0\0\1\0\x16" + srv(0, 1, 465, "mx.example.org"))
    result = configure({("_submissions._tcp.example.org", SRV): Raw(packet)}, "me@example.org")
    assert printed(result)["relay"] == "smtps://mx.example.org", result


def test_domain_beyond_ascii_is_looked_up_as_the_dns_has_it(configure):
    result = configure(services(srv(0, 1, 465, "mail.xn--bcher-kva.example"), domain="xn--bcher-kva.example"), "me@b\u00fccher.example")
    assert printed(result)["relay"] == "smtps://mail.xn--bcher-kva.example" and printed(result)["from"] == "me@b\u00fccher.example", result


# --- without the domain name system ----------------------------------------------------------------------------------------------

def offline(mysend, *args, **more):
    """A relay that is given: nobody is asked."""
    return mysend("--configure", *args, **more)


@pytest.mark.parametrize("relay, user, words", [
    ("smtps://smtp.gmail.com", None, "app password"), ("smtp://mail.example.org:2525", None, "often the address"),
    ("smtp://email-smtp.eu-west-1.amazonaws.com", "AKIA123", "SMTP credentials"), ("smtp://smtp.sendgrid.net:587", "apikey", "API key"),
    ("smtp://smtp.eu.mailgun.org", "postmaster@example.org", "SMTP credentials of the domain"), ("smtp://smtp-relay.brevo.com", "x@y.example", "SMTP key"),
    ("smtp://smtp.postmarkapp.com", "token", "both the token"), ("unix:/run/mail.sock", None, "often the address"), ("[::1]:25", None, "often the address"),
])
def test_relay_that_is_given_is_taken_and_nobody_is_asked(mysend, relay, user, words):
    result = offline(mysend, "me@example.org", "--relay", relay, *(["--user", user] if user else []))
    assert printed(result)["relay"] == relay and printed(result)["user"] == (user or "me@example.org") and words in comments(result), result


def test_provider_whose_users_have_another_name_needs_it(mysend):
    result = offline(mysend, "me@example.org", "--relay", "smtp://smtp.sendgrid.net")
    assert result.failed(64) == "SendGrid gives its users a name to log in with" and "--user NAME: The user is the word apikey" in result.hints[0], result


@pytest.mark.parametrize("args", [
    ["me"], [""], ["me@"], ["@example.org"], ["me@[127.0.0.1]"], ["a@b.example, c@d.example"], ["\"a b\"@example.org"], ["a%U@example.org"], ["*@example.org"],
    ["me@example.org\nrelay x"], ["m#e@example.org"], ["me@ex_ample.org"], ["me@example.org:25"], ["me@" + "x" * 300 + ".example"],
    ["me@example.org", "you@example.org"], ["me@example.org", "-t"], ["me@example.org", "--port", "25"], ["me@example.org", "--relay", "http://x"],
    ["me@example.org", "--relay", "smtp://x\npassword y"], ["me@example.org", "--relay", "smtp://x", "--user", "a\nb"], ["me@example.org", "--json"],
    ["me@example.org", "--relay", "smtp://x", "--user", '"a"'], ["me@example.org", "--relay", "smtp://x", "--user", ""], ["me@example.org", "--relay", "smtp://x", "--user", " a"],
    ["me@example.org", "-C", "/dev/null"], ["me@example.org", "-a", "x : y", "--relay", "smtp://x"], ["me@example.org", "-a", "x\ny", "--relay", "smtp://x"],
])
def test_what_cannot_be_meant_is_an_error_and_prints_nothing(mysend, args):
    result = offline(mysend, *args)
    assert result.status in (64, 78) and len(result.errors) == 1 and result.out == "", result


@pytest.mark.parametrize("local, user", [("web.de", "me"), ("free.fr", "me"), ("laposte.net", "me")])
def test_some_log_in_with_what_stands_before_the_at(configure, local, user):
    result = configure(NONE, "me@" + local)
    assert printed(result)["user"] == user and printed(result)["from"] == "me@" + local, result


CLIENT = ["--oauth_client_id", "11111111-2222-3333-4444-555555555555"]


def oauth(result):
    return {keyword: value for keyword, value in printed(result).items() if keyword.startswith(("oauth", "auth", "password"))}


def test_person_whose_password_is_not_taken_gets_a_login(with_oauth, configure):
    result = configure(NONE, "me@outlook.com")
    assert oauth(result) == {"oauth": "login", "oauth_provider": "microsoft:consumers"} and printed(result)["user"] == "me@outlook.com", result
    assert "#oauth_client_id ID\n" in result.out and "since autumn 2024" in comments(result) and "contrib/oauth.md" in comments(result), result
    assert result.err.endswith("next: oauth_client_id, mysend --login, then mysend --probe\n"), result
    result = configure(NONE, "me@outlook.com", "-a", "work", *CLIENT)
    assert oauth(result) == {"oauth": "login", "oauth_provider": "microsoft:consumers", "oauth_client_id": CLIENT[1]} and "ID\n" not in result.out, result
    assert result.err.endswith("next: mysend --login -a work, then mysend --probe\n") and "once: mysend --login -a work" in comments(result), result


def test_host_of_a_tenant_fetches_its_tokens_by_itself(with_oauth, configure):
    answers = {("example.org", MX): [mx(10, "example-org.mail.protection.outlook.com")]}
    result = configure(answers, "alerts@example.org", *CLIENT)
    assert oauth(result) == {"oauth": "client", "oauth_provider": "microsoft:example.org", "oauth_client_id": CLIENT[1],
                             "password_file": printed(result)["password_file"]}, result
    assert "end of December 2026" in comments(result) and "its value, not its ID" in comments(result) and "oauth login, and no password_file" in comments(result), result
    assert ("next: the client's secret into " + printed(result)["password_file"]) in result.err, result
    assert "next: oauth_client_id, the client's secret into " in configure(answers, "alerts@example.org").err


def test_gmail_stays_with_the_app_password_and_names_the_other_way(configure):
    result = configure(NONE, "me@gmail.com")
    assert list(oauth(result)) == ["password_file"] and "oauth login and oauth_provider google" in comments(result), result


def test_gmail_with_a_client_is_a_persons_login(configure):
    result = configure(NONE, "me@gmail.com", *CLIENT)
    place = printed(result)["password_file"]
    assert oauth(result) == {"oauth": "login", "oauth_provider": "google", "oauth_client_id": CLIENT[1], "password_file": place}, result
    said = comments(result)
    assert "app password" not in said and "The client's secret stands alone" in said and "once: mysend --login" in said and "console.cloud.google.com" in said, result
    assert result.err.endswith("next: the client's secret into %s, mysend --login, then mysend --probe\n" % place), result


def test_client_is_not_dropped_where_nothing_is_known_of_tokens(configure):
    result = configure(NONE, "me@gmx.de", *CLIENT)
    assert result.status == 64 and "oauth_client_id for Exchange Online, outlook.com and Gmail alone" in result.err and not result.out, result


@pytest.mark.parametrize("wrong", ["", "a\nb", '"a"', " a"])
def test_client_that_no_configuration_can_have_is_an_error(mysend, wrong):
    result = offline(mysend, "me@outlook.com", "--relay", "smtp://x.example", "--oauth_client_id", wrong)
    assert result.status == 64 and result.out == "", result


def test_without_its_client_the_configuration_is_refused_with_the_name_of_what_lacks(with_oauth, configure, mysend):
    for address in ("me@outlook.com", "me@contoso.onmicrosoft.com"):
        made = configure(NONE, address)
        assert "oauth_client_id" in mysend("-C", mysend.file(made.out), "--show-config").failed(78), made


def every_domain():
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with open(os.path.join(top, "src/conf/providers.def"), encoding="utf-8") as text:
        rows = re.findall(r'^PROVIDER\("[^"]*", "([^"]*)", "([^"]*)"', text.read(), re.M)
    assert len(rows) > 30
    return [domains.split()[0].replace("*", "com") for domains, _ in rows if domains]


def test_all_that_the_table_makes_are_configurations(with_oauth, configure, mysend):
    for domain in every_domain():
        made = configure(NONE, "me@" + domain)
        made = configure(NONE, "me@" + domain, *CLIENT) if "oauth_client_id" in made.out else made
        path = mysend.file(made.out)
        shown = mysend("-C", path, "--show-config")
        assert shown.status == 0 and shown.err == "" and re.search("^host +[^ ]", shown.out, re.M), (domain, made, shown)


# --- and then mail goes ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("args, account", [([], "default"), (["-a", "work"], "work")])
def test_what_is_printed_sends_mail_once_the_password_is_written(mysend, relay, certs, args, account):
    there = relay("ehlo starttls auth=plain", "user me@example.org secret", "require-auth")
    home = os.path.join(mysend.tmp, "configured")
    folder = os.path.join(home, ".config", "mysend")
    os.makedirs(folder)
    env = {"HOME": home, "MYSEND_QUEUE": "off"}
    # root is led to the file for all users, unless it has one of its own
    open(os.path.join(folder, "config"), "w", encoding="ascii").close()
    made = offline(mysend, "me@example.org", "--relay", "smtp://localhost:%d" % there.port, *args, env=env)
    assert printed(made)["password_file"] == "~/.config/mysend/password" and printed(made)["account"] == account, made
    with open(os.path.join(folder, "config"), "w", encoding="ascii") as out:
        out.write(made.out + "tls_trust_file %s/ca.pem\n" % certs)
    refused = mysend("bob@example.org", stdin=b"Subject: x\n\nx\n", env=env)
    assert refused.status == 78 and "password_file" in refused.err, refused
    command = re.search(r"^#   (\(umask 077; cat >.*\))$", made.out, re.M)[1]
    assert os.system("printf 'secret\\n' | HOME=%s sh -c '%s'" % (home, command)) == 0
    assert os.stat(os.path.join(folder, "password")).st_mode & 0o777 == 0o600
    mysend(*args, "root", stdin=b"Subject: x\n\nx\n", env=env).ok()
    mysend(*args, stdin=b"Subject: y\n\ny\n", env=env).ok()
    assert [(mail.sender, mail.recipients) for mail in there.messages] == [("me@example.org", ["me@example.org"])] * 2


def test_root_gets_the_file_for_all_users_and_others_one_of_their_own(mysend):
    made = offline(mysend, "me@example.org", "--relay", "smtp://x.example")
    wanted = r"/.*/mysend\.password|/etc/mysend\.password" if os.geteuid() == 0 else r"~/\.config/mysend/password"
    assert re.fullmatch(wanted, printed(made)["password_file"]), made
    made = offline(mysend, "me@example.org", "--relay", "smtp://x.example", env={"XDG_CONFIG_HOME": mysend.usual("")})
    assert printed(made)["password_file"].endswith("/mysend/password"), made


def test_full_standard_output_is_an_error(mysend):
    with open("/dev/full", "wb") as full:
        result = offline(mysend, "me@example.org", "--relay", "smtp://x.example", stdout=full)
    assert result.status == 74, result


@pytest.mark.parametrize("flow", ["client", "login"])
def test_what_is_printed_for_microsoft_sends_mail_once_the_client_and_the_secret_are_there(mysend, relay, provider, flow):
    one = provider("app %s s3cret" % CLIENT[1] if flow == "client" else "app %s" % CLIENT[1], "login alerts@example.org")
    there = tokens.relay_of(relay, one)
    host = "office365.com" if flow == "client" else "outlook.com"
    made = offline(mysend, "alerts@example.org", "--relay", "smtp://smtp.office365.com" if flow == "client" else "smtp://smtp-mail.outlook.com", *CLIENT)
    assert printed(made)["oauth"] == flow and host in printed(made)["relay"], made
    secret = mysend.file("s3cret\n", name="secret")
    text = made.out.replace(printed(made).get("password_file", "nothing"), secret)
    if flow == "login":
        tokens.write(one, *one.user_token(), scope="https://outlook.office.com/SMTP.Send offline_access")
    config = mysend.file(text + "oauth_token_url %s/token\noauth_state %s\n" % (one.url, one.state))
    mysend("-C", config, "--host=127.0.0.1", "--port=%d" % there.port, "--tls=off", "root", stdin=b"Subject: x\n\nx\n").ok()
    assert [mail.recipients for mail in there.messages] == [["alerts@example.org"]]
