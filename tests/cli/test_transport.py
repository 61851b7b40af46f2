"""What goes over the wire, and what is made of each answer (CONTRIBUTING.md, "Transport")."""
import email
import socket
import time

import pytest

from given import EVERY_STYLE, PLAIN as TEXT, STYLES


def reads(one, start):
    return [data for data in one.session.reads if data.startswith(start)]


# --- the conversation -----------------------------------------------------------------------------

def test_mail_rcpt_and_data_go_in_one_write_where_pipelining_is_offered(mysend, relay):
    one = relay("ehlo pipelining")
    mysend("a@example.org", "b@example.org", "c@example.org", stdin=TEXT, relay=one).ok()
    (group,) = reads(one, b"MAIL")
    assert group.endswith(b"\r\nDATA\r\n") and group.count(b"RCPT TO:") == 3


def test_bdat_and_its_data_go_without_waiting_where_pipelining_and_chunking_are_offered(mysend, relay):
    one = relay("ehlo pipelining chunking")
    mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one).ok()
    (group,) = reads(one, b"MAIL")
    assert b"BDAT " in group and one.message.how == "BDAT" and "DATA" not in one.verbs
    assert one.message.body.endswith(b"\r\n\r\nbody\r\n")


def test_final_dot_goes_in_one_write_with_the_next_transaction(mysend, relay):
    one = relay("ehlo pipelining")
    mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one, config="max_recipients 1\n").ok()
    assert any(b"\r\n.\r\nMAIL FROM" in data and data.endswith(b"DATA\r\n") for data in one.session.reads), one.session.reads


def test_many_transactions_are_on_their_way_at_once_with_bdat(mysend, relay):
    one = relay("ehlo pipelining chunking", "delay 0.02")
    to = ["user%d@example.org" % i for i in range(12)]
    mysend(*to, stdin=TEXT, relay=one, config="max_recipients 1\n").ok()
    assert [mail.recipients for mail in one.messages] == [[address] for address in to]
    assert any(data.count(b"MAIL FROM") > 1 for data in one.session.reads), "one at a time"


@pytest.mark.parametrize("ehlo", [STYLES["chunking"], STYLES["pipelining-chunking"]], ids=["lockstep", "pipelining"])
@pytest.mark.parametrize("part, status", [("bdat 552", 65), ("bdat 451", 75), ("rcpt 550", 67), ("mail 550", 77)])
def test_big_message_refused_with_bdat_leaves_the_session_whole(mysend, relay, ehlo, part, status):
    one = relay(ehlo, part)
    mysend("bob@example.org", stdin=TEXT + b"0123456789\n" * 500000, relay=one).failed(status)
    assert not one.messages and one.session.quit


@pytest.mark.parametrize("ehlo", ["ehlo", "ehlo chunking 8bitmime size=100000", "ehlo 8bitmime dsn"])
def test_nothing_is_sent_ahead_where_pipelining_is_not_offered(mysend, relay, ehlo):
    one = relay(ehlo, "patience 0.02")
    mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one).ok()     # the relay itself objects


@EVERY_STYLE
def test_session_ends_with_quit_after_success_and_after_failure(mysend, relay, ehlo):
    good, bad = relay(ehlo), relay(ehlo, "rcpt 550")
    mysend("bob@example.org", stdin=TEXT, relay=good).ok()
    assert mysend("bob@example.org", stdin=TEXT, relay=bad).status == 67
    assert good.session.quit and bad.session.quit


def test_bdat_is_not_used_where_chunking_is_not_offered(mysend, relay):
    one = relay("ehlo pipelining")
    mysend("bob@example.org", stdin=TEXT, relay=one).ok()
    assert one.message.how == "DATA"


def test_relay_of_1982_gets_helo_and_no_parameters(mysend, relay):
    one = relay("use old")
    mysend("-N", "failure", "-B8BITMIME", "a@example.org", "b@example.org", stdin="Subject: x\n\nGrüße\n", relay=one).ok()
    assert one.session.helo and one.message.parameters == {} and all(not more for _, more, _ in one.message.rcpts)


@pytest.mark.parametrize("name", ["postfix"])
def test_relay_that_speaks_like_a_known_one_takes_the_mail(mysend, relay, name):
    one = relay("use " + name)
    mysend("bob@example.org", stdin=TEXT, relay=one).ok()
    assert one.message.recipients == ["bob@example.org"]


def test_domain_is_the_name_in_ehlo(mysend, relay):
    one = relay()
    mysend("bob@example.org", stdin=TEXT, relay=one, config="domain my.host.example\n").ok()
    assert one.session.ehlo == "my.host.example"


def test_ehlo_has_a_name_without_any_setting(mysend, relay):
    one = relay()
    mysend("bob@example.org", stdin=TEXT, relay=one).ok()
    assert one.session.ehlo and " " not in one.session.ehlo


@pytest.mark.parametrize("keyword", ["pipelining", "PIPELINING", "Pipelining"])
def test_keywords_of_ehlo_are_read_in_any_case(mysend, relay, keyword):
    one = relay('ehlo "raw 250-relay.test\r\n250-%s\r\n250 8bitmime\r\n"' % keyword, "lax")
    one.script.keywords = ["PIPELINING", "8BITMIME"]
    mysend("bob@example.org", stdin="Subject: x\n\nGrüße\n", relay=one).ok()
    assert reads(one, b"MAIL")[0].endswith(b"DATA\r\n") and one.message.parameters.get("BODY") == "8BITMIME"


# --- parameters -----------------------------------------------------------------------------------

@pytest.mark.parametrize("ehlo, body, want", [
    ("ehlo 8bitmime", "Grüße\n", "8BITMIME"), ("ehlo 8bitmime", "plain\n", (None, "7BIT")), ("ehlo", "plain\n", (None,)),
    ("ehlo chunking 8bitmime", "Grüße\n", "8BITMIME"),
])
def test_body_8bitmime_is_said_where_offered_and_needed(mysend, relay, ehlo, body, want):
    one = relay(ehlo)
    mysend("bob@example.org", stdin="Subject: x\n\n" + body, relay=one).ok()
    assert one.message.parameters.get("BODY") in (want if isinstance(want, tuple) else (want,))


def test_8bit_body_arrives_readable_where_8bitmime_is_not_offered(mysend, relay):
    one = relay("ehlo pipelining")
    mysend("bob@example.org", stdin="Subject: x\n\nGrüße\n", relay=one).ok()
    assert email.message_from_bytes(one.message.body).get_payload(decode=True).decode().strip() == "Grüße"


@pytest.mark.parametrize("flag", ["-B8BITMIME", "-B8bitmime", "-B7BIT"])
def test_option_B_is_taken_and_said_only_where_offered(mysend, relay, flag):
    offered, bare = relay("ehlo 8bitmime"), relay("ehlo")
    mysend(flag, "bob@example.org", stdin=TEXT, relay=offered).ok()
    mysend(flag, "bob@example.org", stdin=TEXT, relay=bare).ok()
    assert offered.message.parameters.get("BODY", flag[2:].upper()) in ("8BITMIME", "7BIT")
    assert "BODY" not in bare.message.parameters


def test_option_B_with_another_value_is_64(mysend, relay):
    one = relay()
    mysend("-BBINARYMIME", "bob@example.org", stdin=TEXT, relay=one).failed(64)
    assert not one.sessions


@pytest.mark.parametrize("ehlo", ["ehlo size=1000000", "ehlo pipelining chunking size=1000000", "ehlo size", "ehlo size=0"])
def test_size_is_said_exactly_where_offered(mysend, relay, ehlo):
    one = relay(ehlo)
    mysend("bob@example.org", stdin=TEXT + b".dots\n" * 1000, relay=one).ok()
    said = int(one.message.parameters["SIZE"])
    assert len(one.message.body) <= said <= len(one.message.body) + 1000, (said, len(one.message.body))


@pytest.mark.parametrize("ehlo", ["ehlo size=1000", "ehlo pipelining size=1000", "ehlo pipelining chunking size=1000"])
def test_message_over_the_limit_is_65_before_mail(mysend, relay, ehlo):
    one = relay(ehlo)
    line = mysend("bob@example.org", stdin=TEXT + b"0123456789\n" * 100, relay=one).failed(65)
    assert "1000" in line and "MAIL" not in one.verbs and one.session.quit


@pytest.mark.parametrize("args, ret, envid, notify", [
    (["-N", "failure"], None, None, "FAILURE"),
    (["-Nnever"], None, None, "NEVER"),
    (["-NSUCCESS,failure,Delay"], None, None, "SUCCESS,FAILURE,DELAY"),
    (["-R", "hdrs"], "HDRS", None, None),
    (["-RFULL"], "FULL", None, None),
    (["-V", "envid12"], None, "envid12", None),
    (["-Va+b=c d"], None, "a+2Bb+3Dc+20d", None),
    (["-N", "delay", "-R", "full", "-V", "x"], "FULL", "x", "DELAY"),
])
@pytest.mark.parametrize("offered", [True, False])
def test_dsn_parameters_are_said_only_where_offered(mysend, relay, args, ret, envid, notify, offered):
    one = relay("ehlo pipelining " + ("dsn" if offered else ""))
    mysend(*args, "a@example.org", "b@example.org", stdin=TEXT, relay=one).ok()
    assert one.message.parameters.get("RET") == (ret if offered else None)
    assert one.message.parameters.get("ENVID") == (envid if offered else None)
    for _, more, _ in one.message.rcpts:
        asked = more.get("NOTIFY")
        assert (sorted(asked.split(",")) if asked else None) == (sorted(notify.split(",")) if offered and notify else None)


@pytest.mark.parametrize("args, lines, notify, ret", [([], "dsn_notify failure,delay\ndsn_return headers\n", "FAILURE,DELAY", "HDRS"),
                                                      ([], "dsn_notify never\ndsn_return full\n", "NEVER", "FULL"), ([], "dsn_notify off\ndsn_return off\n", None, None),
                                                      (["-Nsuccess", "-Rfull"], "dsn_notify never\ndsn_return hdrs\n", "SUCCESS", "FULL")])
def test_dsn_settings_hold_where_no_option_says_otherwise(mysend, relay, args, lines, notify, ret):
    one = relay("ehlo dsn")
    mysend(*args, "bob@example.org", stdin=TEXT, relay=one, config=lines).ok()
    assert one.message.rcpts[0][1].get("NOTIFY") == notify and one.message.parameters.get("RET") == ret


@pytest.mark.parametrize("args", [["-Nbogus"], ["-N", "never,failure"], ["-N", ""], ["-Rbogus"], ["-R", ""]])
def test_bad_dsn_value_is_64(mysend, relay, args):
    one = relay("ehlo dsn")
    mysend(*args, "bob@example.org", stdin=TEXT, relay=one).failed(64)
    assert not one.sessions


@pytest.mark.parametrize("ehlo", ["ehlo pipelining 8bitmime smtputf8", "ehlo chunking pipelining 8bitmime smtputf8"])
def test_utf8_sender_goes_with_smtputf8(mysend, relay, ehlo):
    one = relay(ehlo)
    mysend("-f", "jürgen@example.net", "bob@example.org", stdin=TEXT, relay=one).ok()
    assert one.message.sender == "jürgen@example.net" and "SMTPUTF8" in one.message.parameters


def test_utf8_sender_is_a_clear_permanent_error_where_smtputf8_is_not_offered(mysend, relay):
    one = relay("ehlo pipelining 8bitmime")
    assert "SMTPUTF8" in mysend("-f", "jürgen@example.net", "bob@example.org", stdin=TEXT, relay=one).failed(65)
    assert "MAIL" not in one.verbs


@pytest.mark.parametrize("address", ["bob@xn--bcher-kva.example", "bob@example.org"])
def test_smtputf8_is_not_said_where_nothing_needs_it(mysend, relay, address):
    one = relay("ehlo smtputf8 8bitmime")
    mysend(address, stdin="Subject: Grüße\n\nGrüße\n", relay=one).ok()
    assert "SMTPUTF8" not in one.message.parameters


# --- replies of odd shape -------------------------------------------------------------------------

@EVERY_STYLE
def test_replies_of_a_hundred_lines_are_read(mysend, relay, ehlo):
    last = "bdat" if "chunking" in ehlo else "end"
    one = relay(ehlo, 'greet "lines 99 220"', 'mail "lines 99"', 'rcpt "lines 99"', '%s "lines 99"' % last, 'quit "lines 99 221"')
    mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one).ok()


@pytest.mark.parametrize("part", ['ehlo "raw 250-x\r\n250-PIPELINING \r\n250-8BITMIME\r\n250-\r\n250 \r\n"', 'mail "raw 250\r\n"', 'rcpt "raw 250-\r\n250\r\n"',
                                  'mail "raw 250 lf only\n"', 'rcpt "raw 250-a\n250 b\n"', 'end "raw 250\r\n"', 'greet "raw 220\r\n"'])
def test_terse_and_sloppy_replies_are_understood(mysend, relay, part):
    one = relay("ehlo pipelining 8bitmime", part)
    mysend("bob@example.org", stdin=TEXT, relay=one).ok()


def test_replies_dripping_in_are_understood(mysend, relay):
    one = relay("ehlo pipelining", "drip 0.001")
    mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one).ok()


@EVERY_STYLE
def test_two_full_pipes_do_not_stand_still(mysend, relay, ehlo):
    """Answers of megabytes that nobody reads while nobody reads the message either."""
    one = relay(ehlo, 'rcpt "lines 100"', "buffers 4096", 'mail "lines 100"')
    to = ["user%d@example.org" % i for i in range(100)]
    body = b"Subject: x\n\n" + b"0123456789012345678901234567890123456789\n" * 150000
    result = mysend(*to, stdin=body, relay=one)
    assert result.status == 0 and len(one.message.recipients) == 100, result


# --- ways to the relay ----------------------------------------------------------------------------

def test_unix_socket_is_a_way_to_the_relay(mysend, relay, unix_path):
    one = relay("ehlo pipelining chunking", "unix " + unix_path)
    mysend("bob@example.org", stdin=TEXT, relay=one).ok()
    assert one.message.recipients == ["bob@example.org"] and one.session.quit


def test_unix_socket_that_is_not_there_is_75_and_named(mysend, unix_path):
    line = mysend("bob@example.org", stdin=TEXT, config="account default\nsocket %s\ntls off\nfrom me@example.net\n" % unix_path).failed(75)
    assert unix_path in line


def ipv6():
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
        return True
    except OSError:
        return False


@pytest.mark.skipif(not ipv6(), reason="this host has no IPv6 loopback")
@pytest.mark.parametrize("config", ["relay smtp://[::1]:%d\n", "host ::1\nport %d\n", "host ::1\nip 6\nport %d\n"])
def test_ipv6_is_a_way_to_the_relay(mysend, relay, config):
    one = relay(host="::1")
    mysend("bob@example.org", stdin=TEXT, config="account default\ntls off\nfrom me@example.net\n" + config % one.port).ok()
    assert len(one.messages) == 1


def test_name_with_several_addresses_is_tried_until_one_answers(mysend, relay):
    one = relay()
    mysend("bob@example.org", stdin=TEXT, config="account default\nhost localhost\nport %d\ntls off\nfrom me@example.net\n" % one.port).ok()
    assert len(one.messages) == 1


def test_ip_6_does_not_use_ipv4(mysend, relay):
    one = relay()
    line = mysend("bob@example.org", stdin=TEXT, relay=one, config="ip 6\n").failed(78)
    assert "ip 6" in line and "127.0.0.1" in line and not one.sessions, line


@pytest.mark.skipif(not ipv6(), reason="this host has no IPv6 loopback")
def test_ip_4_does_not_use_ipv6(mysend, relay):
    one = relay(host="::1")
    line = mysend("bob@example.org", stdin=TEXT, config="account default\ntls off\nfrom me@example.net\nhost ::1\nip 4\nport %d\n" % one.port).failed(78)
    assert "ip 4" in line and "::1" in line and not one.sessions, line


def test_source_ip_is_where_the_connection_comes_from(mysend, relay):
    one = relay()
    mysend("bob@example.org", stdin=TEXT, relay=one, config="source_ip 127.0.0.2\n").ok()
    assert one.session.peer[0] == "127.0.0.2"


@pytest.mark.parametrize("kind, lines", [("socks5", "proxy socks5://127.0.0.1:%d\n"), ("socks5", "proxy socks5h://127.0.0.1:%d\n"),
                                         ("http", "proxy http://127.0.0.1:%d\n"), ("socks5", "proxy_host 127.0.0.1\nproxy_port %d\n")])
def test_proxy_is_a_way_to_the_relay(mysend, relay, proxy, kind, lines):
    one, between = relay(), proxy(kind)
    mysend("bob@example.org", stdin=TEXT, relay=one, config=lines % between.port).ok()
    assert between.requests == [("127.0.0.1", one.port)] and one.message.recipients == ["bob@example.org"]


def test_proxy_variables_of_the_environment_are_not_obeyed_by_accident(mysend, relay, proxy):
    """all_proxy and the like are libcurl's: mail goes where the configuration says."""
    one, between = relay(), proxy("http")
    mysend("bob@example.org", stdin=TEXT, relay=one, env={"all_proxy": "http://127.0.0.1:%d" % between.port}).ok()
    assert between.requests == [] and len(one.messages) == 1


def test_home_curlrc_and_netrc_do_nothing_unasked(mysend, relay):
    import os
    one = relay("ehlo auth=plain")
    for name, text in ((".curlrc", "user = eve:x\n"), (".netrc", "machine 127.0.0.1 login eve password x\n")):
        path = os.path.join(mysend.home, name)
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
        os.chmod(path, 0o600)
    mysend("bob@example.org", stdin=TEXT, relay=one).ok()
    assert one.logins == []


# --- POP before SMTP ------------------------------------------------------------------------------

def test_pop_before_smtp_logs_in_there_first(mysend, relay, pop3):
    one, post = relay("ehlo pipelining"), pop3("joe", "secret")
    mysend("bob@example.org", stdin=TEXT, relay=one,
           config="user joe\npassword secret\nauth off\npop_before_smtp pop3://127.0.0.1:%d\n" % post.port).ok()
    assert [user for user, _ in post.logins] == ["joe"] and post.logins[0][1] < one.session.lines[0].time
    assert one.logins == []


def test_pop_before_smtp_refused_is_77_and_nothing_is_sent(mysend, relay, pop3):
    one, post = relay("ehlo pipelining"), pop3("joe", "other")
    result = mysend("bob@example.org", stdin=TEXT, relay=one,
                    config="user joe\npassword secret\nauth off\npop_before_smtp pop3://127.0.0.1:%d\n" % post.port)
    assert result.status == 77 and not one.transactions, result
    assert "secret" not in result.err


@pytest.mark.parametrize("lines", ["", "tls try\n", "tls on\n", "tls_starttls off\n"])
def test_password_for_a_mailbox_is_not_sent_in_clear_text_beside_a_socket_either(mysend, pop3, tmp_path, lines):
    post = pop3("joe", "secret")
    config = "relay unix:%s\nfrom a@example.net\nuser joe\npassword secret\nauth off\nqueue off\npop_before_smtp pop3://127.0.0.1:%d\n%s"
    result = mysend("bob@example.org", stdin=TEXT, config=config % (tmp_path / "none", post.port, lines))
    assert "pop_before_smtp: the server does not offer TLS" in result.failed(69) and "pop3s://" in result.err, result
    assert set(post.commands) <= {"CAPA", "QUIT"}, post.commands
    mysend("bob@example.org", stdin=TEXT, config=config % (tmp_path / "none", post.port, "tls off\n")).failed(75)
    assert len(post.logins) == 1                                # asked for by name


@pytest.mark.parametrize("scheme, at_once", [("pop3", False), ("pop3s", True), ("POP3S", True)])
@pytest.mark.parametrize("greeting", ["+OK ready", "+OK ready <1.2@pop.example>"])
def test_mailbox_is_logged_in_to_over_tls(mysend, relay, pop3, certs, scheme, at_once, greeting):
    one, post = relay("ehlo pipelining starttls"), pop3("joe", "secret", greeting=greeting, tls=certs, at_once=at_once)
    mysend("bob@example.org", stdin=TEXT, config="account default\nhost 127.0.0.1\nport %d\nfrom a@example.net\ntls_trust_file %s/ca.pem\n%suser joe\npassword secret\nauth off\n"
           "pop_before_smtp %s://127.0.0.1:%d\n" % (one.port, certs, "tls off\n" if at_once else "", scheme, post.port)).ok()
    assert len(post.logins) == 1 and ("STLS" in post.commands) != at_once and post.clear == ([] if at_once else ["CAPA", "STLS"]), (post.commands, post.clear)


def test_pop_before_smtp_works_with_a_real_dovecot(mysend, relay, dovecot):
    one = relay("ehlo pipelining")
    mysend("bob@example.org", stdin=TEXT, relay=one,
           config="user joe\npassword secret\nauth off\npop_before_smtp pop3://127.0.0.1:%d\n" % dovecot.port).ok()
    assert dovecot.logins() >= 1 and len(one.messages) == 1


def test_answer_after_an_accepted_message_is_not_waited_for(mysend, relay):
    one, took = relay("quit hang"), []
    for _ in range(3):
        began = time.monotonic()
        mysend("bob@example.org", stdin=TEXT, relay=one).ok()
        took.append(time.monotonic() - began)
    assert min(took) < 1.5, took        # the quickest; who watches waits for two seconds


@pytest.mark.parametrize("length", [100, 122, 123, 124, 125, 126, 127, 128, 200, 253])
def test_relay_with_a_long_name_keeps_its_port(mysend, length):
    name = ".".join(["a" * 49] * 6)[:length - 8].rstrip(".") + ".invalid"
    done = mysend("bob@example.org", stdin=b"Subject: x\n\nb\n", config="host %s\nport 5870\ntls off\nfrom me@example.net\n" % name)
    assert done.status in (68, 75) and "%s:5870" % name in done.err, done
