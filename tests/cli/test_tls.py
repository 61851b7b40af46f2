"""TLS: on unless switched off, verified unless told otherwise, and no secret goes out in clear (CONTRIBUTING.md, "Transport")."""
import os

from given import LOGIN, PLAIN as TEXT
import certs as certificates
import pytest


def to(one, *lines, host="127.0.0.1"):
    """A config for that relay without the word tls: the default holds."""
    return "account default\nhost %s\nport %d\nfrom me@example.net\n%s" % (host, one.port, "".join(line + "\n" for line in lines))


def in_clear(one):
    """Whether anything of the login could be read on the wire."""
    clear = b"".join(line.data for session in one.sessions for line in session.lines if not line.tls)
    return b"AUTH" in clear.upper() or b"hunter2" in clear or b"aHVudGVy" in clear or b"MAIL" in clear.upper()


def trust(certs):
    return "tls_trust_file " + os.path.join(certs, "ca.pem")


def test_hint_for_a_relay_without_starttls_is_one_that_can_be_followed(mysend, relay, certs, library):
    one = relay("ehlo pipelining")
    config = "account default\nrelay smtp://127.0.0.1:%d\nfrom me@example.net\n" % one.port
    result = mysend("bob@example.org", stdin=TEXT, config=config)
    assert "never leaves this host, so that tls off is safe" in result.hints[0], result
    mysend("bob@example.org", stdin=TEXT, config=config + "tls off\n").ok()
    names = {"LD_PRELOAD": library("resolves")}
    result = mysend("bob@example.org", stdin=TEXT, config=config.replace("127.0.0.1", "relay.test"), env=names)
    assert "write relay smtps://relay.test for TLS from the start" in result.hints[0], result
    result = mysend("bob@example.org", stdin=TEXT, config=config + "tls_starttls off\n")
    assert result.status == 78 and "leave tls_starttls out" in result.hints[0], result
    result = mysend("bob@example.org", stdin=TEXT, config=to(one))
    assert "tls off is safe" in result.hints[0], result
    result = mysend("bob@example.org", stdin=TEXT, config=to(one, host="relay.test"), env=names)
    assert "write port 465, tls_starttls off for TLS from the start" in result.hints[0], result
    there = relay("implicit-tls")
    mysend("bob@example.org", stdin=TEXT, config="account default\nrelay smtps://127.0.0.1:%d\nfrom me@example.net\n%s\n" % (there.port, trust(certs))).ok()


def test_tls_is_required_by_default(mysend, relay):
    one = relay("ehlo pipelining")
    result = mysend("bob@example.org", stdin=TEXT, config=to(one))
    assert result.status in (69, 75, 76, 78) and "TLS" in result.err and not one.transactions, result
    assert len(result.errors) == 1


def test_starttls_with_a_good_certificate(mysend, relay, certs):
    one = relay("ehlo pipelining starttls")
    mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs))).ok()
    assert one.message.tls and one.verbs.count("EHLO") == 2 and not in_clear(one)


def test_host_name_is_checked_too(mysend, relay, certs):
    one = relay("ehlo pipelining starttls")
    mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs), host="localhost")).ok()
    assert one.message.tls


@pytest.mark.parametrize("cert", ["good", "expired", "wrong-name", "self-signed", "other-ca"])
@pytest.mark.parametrize("how", ["starttls", "implicit", "try"])
def test_certificate_that_cannot_be_verified_is_refused(mysend, relay, certs, cert, how):
    """The good one, too, is not trusted without its CA."""
    one = relay("ehlo pipelining starttls" if how != "implicit" else "implicit-tls", "cert " + cert)
    lines = [] if cert == "good" else [trust(certs)]
    lines += {"starttls": [], "implicit": ["tls_starttls off"], "try": ["tls try"]}[how]
    line = mysend("bob@example.org", stdin=TEXT, config=to(one, *lines) + LOGIN).failed(69)
    assert "certificate" in line.lower() or "verif" in line.lower() or "subject" in line.lower(), line
    assert not one.transactions and not one.logins and not in_clear(one)


@pytest.mark.parametrize("cert", ["good", "expired", "wrong-name", "self-signed", "other-ca"])
def test_tls_certcheck_off_takes_any_certificate(mysend, relay, certs, cert):
    one = relay("ehlo pipelining starttls", "cert " + cert)
    mysend("bob@example.org", stdin=TEXT, config=to(one, "tls_certcheck off")).ok()
    assert one.message.tls


def test_self_signed_certificate_passes_when_it_is_the_trust_file(mysend, relay, certs):
    one = relay("ehlo pipelining starttls", "cert self-signed")
    mysend("bob@example.org", stdin=TEXT, config=to(one, "tls_trust_file " + os.path.join(certs, "self-signed.pem"))).ok()
    assert one.message.tls


def test_tls_trust_dir_is_a_hashed_folder(mysend, relay, certs):
    one = relay("ehlo pipelining starttls")
    mysend("bob@example.org", stdin=TEXT, config=to(one, "tls_trust_dir " + os.path.join(certs, "ca"))).ok()
    assert one.message.tls


@pytest.mark.parametrize("keyword", ["tls_trust_file", "tls_trust_dir", "tls_cert_file"])
def test_tls_file_that_is_not_there_is_named(mysend, relay, certs, keyword):
    one = relay("ehlo pipelining starttls")
    lines = [trust(certs)] if keyword == "tls_cert_file" else []
    result = mysend("bob@example.org", stdin=TEXT, config=to(one, *lines, keyword + " /nowhere/at/all.pem"))
    assert result.status == 78 and "/nowhere/at/all.pem" in result.err and not one.transactions, result


@pytest.mark.parametrize("url", ["smtps://127.0.0.1:%d", "smtps://localhost:%d"])
def test_smtps_begins_with_tls(mysend, relay, certs, url):
    one = relay("implicit-tls")
    mysend("bob@example.org", stdin=TEXT, config="account default\nrelay %s\nfrom me@example.net\n%s\n" % (url % one.port, trust(certs))).ok()
    assert one.message.tls and "STARTTLS" not in one.verbs


def test_tls_starttls_off_begins_with_tls(mysend, relay, certs):
    one = relay("implicit-tls", "ehlo pipelining chunking")
    mysend("bob@example.org", stdin=TEXT + b"x\n" * 300000, config=to(one, "tls on", "tls_starttls off", trust(certs))).ok()
    assert one.message.tls and one.message.how == "BDAT"


def test_tls_to_a_relay_in_clear_and_the_reverse_end_in_time(mysend, relay, certs):
    plain, secure = relay("greet 220", "lax"), relay("implicit-tls", "lax")
    one = mysend("bob@example.org", stdin=TEXT, config=to(plain, "tls_starttls off", "timeout 2", trust(certs)))
    two = mysend("bob@example.org", stdin=TEXT, config=to(secure, "tls off", "timeout 2"))
    for result in (one, two):
        assert result.status in (69, 75, 76) and len(result.errors) == 1, result


def test_tls_min_version_refuses_less(mysend, relay, certs):
    one = relay("ehlo pipelining starttls", "tls-max 1.2")
    bad = mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs), "tls_min_version 1.3"))
    assert bad.status == 69 and not one.transactions, bad
    mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs), "tls_min_version 1.2")).ok()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_tls_below_1_2_is_refused_by_default_and_no_other_try_is_promised(mysend, relay, certs, version):
    one = relay("ehlo pipelining starttls", "tls-max " + version)
    result = mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs)))
    assert result.status == 69 and len(result.errors) == 1 and "tls_min_version" in result.hints[0] and not one.transactions, result


@pytest.mark.parametrize("relays_best, ours, ok", [("1.0", "1.0", True), ("1.1", "1.0", True), ("1.1", "1.1", True), ("1.0", "1.1", False),
                                                   ("1.2", "1.1", True), ("1.3", "1.0", True)])
def test_tls_min_version_1_0_and_1_1_are_what_they_say(mysend, relay, certs, relays_best, ours, ok):
    one = relay("ehlo pipelining starttls", "tls-max " + relays_best)
    result = mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs), "tls_min_version " + ours))
    if not ok:
        result.failed(69)
        assert not one.transactions
        return
    result.ok()
    assert one.session.tls[0] == ("TLSv" + relays_best).replace("v1.0", "v1"), one.session.tls


@pytest.mark.parametrize("parts", [["tls-max 1.2", "tls-ciphers ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0"], ["tls-max 1.2", "client-cert"]])
def test_tls_that_no_second_try_mends_is_not_temporary(mysend, relay, certs, parts):
    one = relay("ehlo pipelining starttls", *parts)
    result = mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs)))
    assert result.status in (69, 77) and len(result.errors) == 1 and not one.transactions, result


def test_text_where_tls_should_begin_is_not_temporary_and_the_end_of_a_connection_is(mysend, relay, certs):
    one = relay("greet 220", "lax")
    result = mysend("bob@example.org", stdin=TEXT, config=to(one, "tls_starttls off", "timeout 5", trust(certs)))
    assert result.status in (69, 75) and "tls_starttls" in result.hints[0], result
    other = relay("ehlo pipelining starttls", 'starttls "220 go && drop"')
    mysend("bob@example.org", stdin=TEXT, config=to(other, trust(certs))).failed(75)


def test_tls_pinned_key(mysend, relay, certs):
    one = relay("ehlo pipelining starttls")
    mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs), "tls_pinned_key " + certificates.pin(certs, "good"))).ok()
    bad = mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs), "tls_pinned_key " + certificates.pin(certs, "expired")))
    assert bad.status == 69 and len(one.transactions) == 1, bad


def test_tls_host_override_is_the_name_that_is_checked(mysend, relay, certs):
    one = relay("ehlo pipelining starttls", "cert wrong-name")
    mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs), "tls_host_override other.example")).ok()
    assert one.message.tls


def test_client_certificate_is_shown_when_asked_for(mysend, relay, certs):
    one = relay("ehlo pipelining starttls", "client-cert")
    lines = ["tls_cert_file " + os.path.join(certs, "client.pem"), "tls_key_file " + os.path.join(certs, "client.key")]
    mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs), *lines)).ok()
    assert one.session.certificate == "alice"


def test_relay_that_wants_a_client_certificate_refuses_without(mysend, relay, certs):
    one = relay("ehlo pipelining starttls", "client-cert", "tls-max 1.2")
    result = mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs)))
    assert result.status in (69, 75, 76, 77) and not one.transactions, result


def test_auth_external_with_a_client_certificate(mysend, relay, certs):
    one = relay("ehlo pipelining starttls auth=external", "client-cert", "require-auth")
    lines = ["tls_cert_file " + os.path.join(certs, "client.pem"), "tls_key_file " + os.path.join(certs, "client.key"), "auth external", "user alice"]
    mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs), *lines)).ok()
    assert one.logins[0].mechanism == "EXTERNAL" and one.logins[0].user == "alice"


def test_login_goes_over_tls_only(mysend, relay, certs):
    one = relay("ehlo pipelining starttls auth=plain,login", "user joe hunter2secret", "require-auth")
    mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs)) + LOGIN).ok()
    assert one.logins[0].ok and not in_clear(one)


def test_tls_try_uses_starttls_where_offered(mysend, relay, certs):
    one = relay("ehlo pipelining starttls")
    mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs), "tls try")).ok()
    assert one.message.tls


def test_tls_try_goes_in_clear_without_a_login(mysend, relay):
    one = relay("ehlo pipelining")
    mysend("bob@example.org", stdin=TEXT, config=to(one, "tls try")).ok()
    assert not one.message.tls


@pytest.mark.parametrize("parts", [("ehlo pipelining auth=plain,login,cram-md5",),
                                   ("ehlo pipelining starttls auth=plain,login,cram-md5", "starttls 454"),
                                   ("ehlo pipelining starttls auth=plain,login,cram-md5", "starttls 502"),
                                   ("ehlo pipelining starttls auth=plain,login", "ehlo-tls auth=plain,login", 'starttls "250 fine"'),
                                   ("ehlo pipelining starttls auth=plain,login", "ehlo-tls auth=plain,login", 'starttls "354 go"'),
                                   ("ehlo pipelining starttls auth=plain,login,cram-md5", "starttls drop"),
                                   ("ehlo pipelining starttls auth=plain", "cert self-signed")])
@pytest.mark.parametrize("auth", ["plain", "login", "on"])
def test_password_never_goes_in_clear_under_tls_try(mysend, relay, certs, parts, auth):
    one = relay(*parts)
    result = mysend("bob@example.org", stdin=TEXT, config=to(one, "tls try", trust(certs)) + LOGIN.replace("plain", auth))
    assert result.status != 0 and len(result.errors) == 1, result
    assert not [login for login in one.logins if login.password] and not one.messages
    assert b"hunter2" not in one.wire and b"aHVudGVyMnNlY3JldA" not in one.wire
    assert not any(text.upper().startswith("AUTH") and "CRAM" not in text.upper() for text in one.commands), one.commands


@pytest.mark.parametrize("spelled", ["lower", "indented", "old"])
@pytest.mark.parametrize("tls", ["try", "on"])
@pytest.mark.parametrize("auth", ["plain", "login", "on"])
def test_password_goes_inside_tls_however_starttls_is_spelled(mysend, relay, certs, spelled, tls, auth):
    one = relay("ehlo pipelining starttls auth=plain,login", "ehlo-tls auth=plain,login", "spelled " + spelled, "user joe hunter2secret")
    mysend("bob@example.org", stdin=TEXT, config=to(one, "tls " + tls, trust(certs)) + LOGIN.replace("plain", auth)).ok()
    assert one.message.tls and one.logins[0].ok and not in_clear(one)


@pytest.mark.parametrize("action", ["454 4.7.0 not now", "502 5.5.1 no", "drop", "hang", "raw 220 go\r\n250-injected\r\n250 AUTH PLAIN\r\n", "raw junk\r\n"])
def test_starttls_that_fails_ends_the_session_when_tls_is_required(mysend, relay, certs, action):
    one = relay("ehlo pipelining starttls auth=plain", 'starttls "%s"' % action, "lax")
    result = mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs), "timeout 2") + LOGIN)
    assert result.status in ((75,) if action.startswith("454") else (69, 75, 76, 77)) and len(result.errors) == 1 and not one.transactions, result
    assert not in_clear(one)


def test_keywords_from_before_tls_do_not_count(mysend, relay, certs):
    one = relay("ehlo pipelining chunking dsn size=10 starttls", "ehlo-tls 8bitmime", "patience 0.01")
    mysend("-N", "never", "bob@example.org", stdin=TEXT, config=to(one, trust(certs))).ok()
    assert one.message.how == "DATA" and "SIZE" not in one.message.parameters


def test_auth_offered_only_before_tls_is_no_offer(mysend, relay, certs):
    one = relay("ehlo auth=plain starttls", "ehlo-tls 8bitmime")
    result = mysend("bob@example.org", stdin=TEXT, config=to(one, trust(certs)) + LOGIN)
    assert result.status != 0 and not one.transactions and not one.logins, result


@pytest.mark.parametrize("size", [65536, 3000000])
def test_message_over_tls_arrives_whole(mysend, relay, certs, size):
    body = b"\n".join(b".%060d" % i for i in range(size // 62)) + b"\n"
    for ehlo in ("ehlo starttls pipelining", "ehlo starttls pipelining chunking"):
        one = relay(ehlo)
        mysend("bob@example.org", stdin=b"Subject: x\n\n" + body, config=to(one, trust(certs))).ok()
        assert one.message.content == body.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("entry", ["mail", "-bs", "-q"])
def test_keys_of_a_session_are_written_nowhere_whatever_the_environment_says(mysend, spool, relay, certs, entry):
    one, path = relay("ehlo pipelining starttls"), os.path.join(mysend.tmp, "keys")
    config, env = to(one, trust(certs)), {"SSLKEYLOGFILE": path}
    if entry == "mail":
        mysend("bob@example.org", stdin=TEXT, config=config, env=env).ok()
    elif entry == "-bs":
        mysend("-bs", stdin=b"EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n" + TEXT.replace(b"\n", b"\r\n") +
               b".\r\nQUIT\r\n", config=config, env=env)
    else:
        spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
        mysend("-qf", config=config + "queue on\nspool %s\n" % spool.top, env=env).ok()
    assert one.message.tls and not os.path.exists(path)
