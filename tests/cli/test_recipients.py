"""Who gets the mail: arguments, and the header with -t (mysend-compat(7), RECIPIENTS)."""
import os
import socket

import pytest

HEAD = "From: a@example.net\nSubject: x\n"


def message(*fields):
    return HEAD + "".join(field + "\n" for field in fields) + "\nbody\n"


# --- -t -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("fields, want", [
    (["To: bob@example.org"], ["bob@example.org"]),
    (["To: a@x.org", "Cc: b@x.org", "Bcc: c@x.org"], ["a@x.org", "b@x.org", "c@x.org"]),
    (["to: a@x.org", "CC: b@x.org", "bCC: c@x.org"], ["a@x.org", "b@x.org", "c@x.org"]),
    (["To: a@x.org", "To: b@x.org"], ["a@x.org", "b@x.org"]),
    (["To: a@x.org,\n b@x.org,\n\tc@x.org"], ["a@x.org", "b@x.org", "c@x.org"]),
    (["To:\n a@x.org"], ["a@x.org"]),
    (["To : a@x.org"], ["a@x.org"]),
    (["To: Joe Q. Public <joe@x.org>"], ["joe@x.org"]),
    (['To: "Smith, John" <john@x.org>, b@x.org'], ["john@x.org", "b@x.org"]),
    (['To: "a@b <c@d>" <e@x.org>'], ["e@x.org"]),
    (["To: group: a@x.org, B <b@x.org>;, c@x.org"], ["a@x.org", "b@x.org", "c@x.org"]),
    (["To: empty:;", "Cc: a@x.org"], ["a@x.org"]),
    (["To: undisclosed-recipients:;", "Bcc: a@x.org"], ["a@x.org"]),
    (["To: Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>"], ["pete@silly.test"]),
    (["To: a@x.org (one (two (three) two) one), b@x.org"], ["a@x.org", "b@x.org"]),
    (["To: (only, a, comment) a@x.org"], ["a@x.org"]),
    (['To: "john doe"@x.org'], ['"john doe"@x.org']),
    (['To: "a@b"@x.org'], ['"a@b"@x.org']),
    (["To: a@x.org b@x.org"], ["a@x.org", "b@x.org"]),
    (["To: a@x.org; b@x.org"], ["a@x.org", "b@x.org"]),
    (["To: a@x.org,, b@x.org,"], ["a@x.org", "b@x.org"]),
    (["To: a@x.org", "Cc: a@x.org, b@x.org, a@X.ORG"], ["a@x.org", "b@x.org"]),
    (["To: A@x.org, a@x.org"], ["A@x.org", "a@x.org"]),
    (["To: <@relay1.test,@relay2.test:joe@x.org>"], ["joe@x.org"]),
    (["To: joe@[127.0.0.1]"], ["joe@[127.0.0.1]"]),
    (["To: joe@[IPv6:::1]"], ["joe@[IPv6:::1]"]),
    (["To: a+tag/x=y@x.org, o'brien@x.org"], ["a+tag/x=y@x.org", "o'brien@x.org"]),
    (["To: =?utf-8?q?J=C3=BCrgen=2C_x?= <j@x.org>"], ["j@x.org"]),
    (["To: =?utf-8?q?a=40evil.org=2C?= <j@x.org>"], ["j@x.org"]),
    (["To: Jürgen <j@x.org>"], ["j@x.org"]),
    (["Apparently-To: a@x.org", "Cc: b@x.org"], ["b@x.org"]),
    (["Reply-To: a@x.org", "X-To: c@x.org", "To: b@x.org"], ["b@x.org"]),
    (["To: a . b @ x . org"], ["a.b@x.org"]),
    # Resent: a recipient field of the first block takes over; other Resent- fields don't
    (["Resent-To: r@x.org", "To: a@x.org", "Cc: b@x.org"], ["r@x.org"]),
    (["Resent-To: r@x.org", "Resent-Cc: s@x.org", "Resent-Bcc: t@x.org", "To: a@x.org", "Bcc: b@x.org"], ["r@x.org", "s@x.org", "t@x.org"]),
    (["Resent-Bcc: t@x.org", "To: a@x.org"], ["t@x.org"]),
    (["Resent-Date: Mon, 23 Nov 2026 14:00:00 +0000", "To: a@x.org"], ["a@x.org"]),
    (["Resent-From: f@x.org", "To: a@x.org"], ["a@x.org"]),
    (["Resent-To: r@x.org", "Resent-From: f@x.org", "Received: by hand; Mon, 23 Nov 2026 14:00:00 +0000", "Resent-To: old@x.org",
      "Resent-From: g@x.org", "To: a@x.org"], ["r@x.org"]),
])
def test_t_finds_exactly_the_recipients_of_the_header(mysend, fields, want):
    assert mysend.dry("-t", stdin=message(*fields), to=()).rcpts == want


@pytest.mark.parametrize("args", [["-t"], ["-ti"], ["-it"], ["-t", "-i"], ["-t", "-t"], ["-i", "-t", "-oi"]], ids=" ".join)
def test_t_adds_the_arguments_once_each(mysend, args):
    result = mysend.dry(*args, stdin=message("To: a@x.org, b@x.org"), to=["c@x.org", "b@x.org", "c@X.org"])
    assert sorted(result.rcpts) == ["a@x.org", "b@x.org", "c@x.org"]


def test_t_with_arguments_and_no_recipient_field_is_sent(mysend):
    assert mysend.dry("-t", stdin=message(), to=["a@x.org"]).rcpts == ["a@x.org"]


def test_header_recipients_are_no_recipients_without_t(mysend):
    assert mysend.dry(stdin=message("To: a@x.org", "Cc: b@x.org"), to=["c@x.org"]).rcpts == ["c@x.org"]


def test_recipients_in_the_body_are_text(mysend):
    assert mysend.dry("-t", stdin=message("To: a@x.org") + "Bcc: eve@x.org\n", to=()).rcpts == ["a@x.org"]


@pytest.mark.parametrize("bad", ["a@", "@x.org", "a@@x.org", "<a@x.org", "a@x.org>", '"open', "a@x..org", "(open a@x.org", "a@x org",
                                 "a@[1.2.3", "<>"])
@pytest.mark.parametrize("field", ["To", "Cc", "Bcc"])
def test_one_bad_address_in_the_header_is_named_and_nothing_is_sent(mysend, relay, bad, field):
    one = relay()
    result = mysend("-t", stdin=message("To: good@x.org", field + ": fine@x.org, " + bad), relay=one, config="maildomain host.example\n")
    line = result.failed(65)
    assert field.lower() in line.lower(), "the field is named: " + line
    assert not one.transactions


# --- nobody ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("args, text", [
    ([], message("To: a@x.org")), (["-t"], message()), (["-t"], "body only\n"), (["-t"], ""), (["-t"], message("To: empty:;")),
    (["-t"], message("To:")), ([""], message()), (["", ""], message()), (["-t", ""], message()), ([","], message()),
])
def test_no_recipients_is_64_and_says_what_to_add(mysend, relay, args, text):
    one = relay()
    line = mysend(*args, stdin=text, relay=one).failed(64)
    assert "no recipients" in line and not one.sessions
    for word in ("addresses", "To:", "setting to"):
        assert word in line


@pytest.mark.parametrize("text", ["body\n", message(), message("Cc:")])
def test_setting_to_takes_mail_that_names_nobody(mysend, relay, text):
    one = relay()
    mysend("-t", stdin=text, relay=one, config="to boss@example.org\n").ok()
    assert one.message.recipients == ["boss@example.org"]


def test_setting_to_without_t_takes_mail_without_arguments(mysend, relay):
    one = relay()
    mysend(stdin="body\n", relay=one, config="to boss@example.org\n").ok()
    assert one.message.recipients == ["boss@example.org"]


def test_setting_to_shows_in_the_to_field(mysend):
    result = mysend.dry("-t", stdin="body\n", to=(), config="to boss@example.org\n")
    assert result.rcpts == ["boss@example.org"] and result.get("To") == "boss@example.org"


@pytest.mark.parametrize("args, text", [(["-t"], message("To: a@x.org")), (["a@x.org"], message())])
def test_setting_to_is_no_extra_recipient(mysend, args, text):
    assert mysend.dry(*args, stdin=text, to=(), config="to boss@example.org\n").rcpts == ["a@x.org"]


# --- arguments ------------------------------------------------------------------------------------

@pytest.mark.parametrize("args, want", [
    (["a@x.org"], ["a@x.org"]),
    (["a@x.org", "b@x.org"], ["a@x.org", "b@x.org"]),
    (["a@x.org,b@x.org"], ["a@x.org", "b@x.org"]),
    (["a@x.org, b@x.org"], ["a@x.org", "b@x.org"]),
    (["a@x.org,"], ["a@x.org"]),
    ([",a@x.org"], ["a@x.org"]),
    (["Name X <a@x.org>"], ["a@x.org"]),
    (["<a@x.org>"], ["a@x.org"]),
    (["a@x.org (Comment, with comma)"], ["a@x.org"]),
    (['"q l"@x.org'], ['"q l"@x.org']),
    (['"Smith, J" <a@x.org>, b@x.org'], ["a@x.org", "b@x.org"]),
    (["a@x.org", "a@x.org", "a@X.Org"], ["a@x.org"]),
    (["", "a@x.org", ""], ["a@x.org"]),
    (["--", "a@x.org"], ["a@x.org"]),
    (["--", "-a@x.org"], ["-a@x.org"]),
    (["-i", "--", "a@x.org", "b@x.org"], ["a@x.org", "b@x.org"]),
    (["  a@x.org  "], ["a@x.org"]),
    (["group: a@x.org, b@x.org;"], ["a@x.org", "b@x.org"]),
    (["bob"], ["bob@host.example"]),
    (["bob", "a@x.org,root"], ["bob@host.example", "a@x.org", "root@host.example"]),
    (["!#$%&'*+/=?^_`{|}~-@x.org"], ["!#$%&'*+/=?^_`{|}~-@x.org"]),
    (["a@x"], ["a@x"]),
])
def test_arguments_name_exactly_these_recipients(mysend, args, want):
    assert mysend.dry(*args, stdin=message(), to=(), config="maildomain host.example\n").rcpts == want


@pytest.mark.parametrize("bad", ["a@x.org>\nRCPT TO:<evil@x.org", "a@x.org\r\nRCPT TO:<evil@x.org>", "a@x.org\n", "\na@x.org", "a\r@x.org",
                                 "a@x.org\rDATA", '"a\nb"@x.org', "a@x.org (comment\n)", "a@x.org> NOTIFY=NEVER", "a@x.org> SIZE=1 <b@x.org"])
def test_injection_in_an_argument_is_refused_before_connecting(mysend, relay, bad):
    one = relay()
    result = mysend("good@x.org", bad, stdin=message(), relay=one)
    result.failed(65)
    assert not one.sessions
    assert "\n" not in result.err.rstrip("\n") and "\r" not in result.err


@pytest.mark.parametrize("bad", ["a@", "@x.org", "a@@x.org", "<a@x.org", "a@x.org>", '"open@x.org', "a@x..org", "\x01@x.org", "a@x.org\x7f", "a\x1b[31m@x.org",
                                 "a\tb@x.org\x00"[:-1] + "\x08", "a@x.org:25", "x" * 2000 + "@x.org", "a@" + "x" * 2000])
def test_bad_argument_is_65_and_nothing_is_sent(mysend, relay, bad):
    one = relay()
    result = mysend("good@x.org", bad, stdin=message(), relay=one)
    result.failed(65)
    assert not one.transactions
    assert all(character.isprintable() for line in result.err.splitlines() for character in line), result


def test_lone_dash_is_a_usage_error(mysend, relay):
    one = relay()
    mysend("-", "a@x.org", stdin=message(), relay=one).failed(64)
    assert not one.sessions


def test_bare_name_without_any_domain_is_78_and_names_the_settings(mysend, relay):
    if "." in socket.getfqdn() or os.path.exists("/etc/mailname"):
        pytest.skip("this host has a domain")
    one = relay()
    result = mysend("bob", stdin=message(), relay=one)
    assert result.status == 78 and not one.transactions, result
    assert "maildomain" in result.err


def test_bare_name_never_gets_the_relays_or_the_senders_domain(mysend):
    result = mysend("--dry-run", "bob", stdin=message(),
                    config="account default\nhost smtp.provider.example\ntls off\nfrom me@example.net\nuser me@login.example\npassword x\n")
    assert b"bob@smtp" not in result.raw_out and b"bob@provider" not in result.raw_out
    assert b"bob@example.net" not in result.raw_out and b"bob@login" not in result.raw_out


def test_utf8_recipient_goes_with_smtputf8_where_offered(mysend, relay):
    one = relay("ehlo pipelining 8bitmime smtputf8")
    mysend("jürgen@example.org", stdin=message(), relay=one).ok()
    assert one.message.recipients == ["jürgen@example.org"] and "SMTPUTF8" in one.message.parameters


def test_utf8_recipient_is_65_where_smtputf8_is_not_offered(mysend, relay):
    one = relay("ehlo pipelining 8bitmime")
    mysend("jürgen@example.org", stdin=message(), relay=one).failed(65)
    assert not one.messages and "RCPT" not in one.verbs


@pytest.mark.parametrize("ehlo", ["ehlo pipelining", "ehlo", "ehlo pipelining chunking"])
@pytest.mark.parametrize("count, sizes", [(1, [1]), (99, [99]), (100, [100]), (101, [100, 1]), (300, [100, 100, 100]), (301, [100, 100, 100, 1])])
def test_at_most_100_recipients_a_transaction_the_rest_on_the_same_session(mysend, relay, ehlo, count, sizes):
    one = relay(ehlo)
    to = ["user%d@example.org" % i for i in range(count)]
    mysend(*to, stdin=message(), relay=one).ok()
    assert [len(mail.recipients) for mail in one.messages] == sizes
    assert [address for mail in one.messages for address in mail.recipients] == to
    assert len(one.sessions) == 1 and one.session.quit
    assert len({mail.body for mail in one.messages}) == 1, "the same message to all"


def test_max_recipients_can_be_lower(mysend, relay):
    one = relay()
    mysend(*["user%d@example.org" % i for i in range(7)], stdin=message(), relay=one, config="max_recipients 3\n").ok()
    assert [len(mail.recipients) for mail in one.messages] == [3, 3, 1]


@pytest.mark.parametrize("address", ["a@[x> NOTIFY=NEVER]", "a@[x y]", "a@[(x)]", "a@[]", "a@[x<y]"])
def test_smtp_parameters_cannot_hide_in_an_address_literal(mysend, relay, address):
    one = relay()
    mysend(address, stdin=message(), relay=one).failed(65)
    mysend("-f", address, "bob@example.org", stdin=message(), relay=one).failed(65)
    assert not one.messages


def test_a_local_name_that_grows_too_long_with_its_domain_is_refused(mysend, relay):
    one = relay()
    mysend("x" * 250, stdin=message(), relay=one, config="maildomain host.example\n").failed(65)
    assert not one.messages


@pytest.mark.parametrize("words", [["--tls", "off"], ["--syslog", "off"], ["--set-to-header", "off"]])
def test_word_behind_a_switch_is_its_value_and_no_recipient(mysend, words):
    assert mysend.dry(*words, stdin=message()).rcpts == ["bob@example.org"]


# --- aliases --------------------------------------------------------------------------------------

@pytest.fixture
def aliases(tmp_path):
    path = tmp_path / "aliases"
    path.write_text("postmaster: root\nroot: alice@example.net\nops: bob@example.org, carl@example.org\ndefault: rest@example.net\n")
    return "aliases %s\nmaildomain mail.example\n" % path


@pytest.mark.parametrize("args, rcpts", [
    (["root"], ["alice@example.net"]), (["postmaster"], ["alice@example.net"]), (["root@localhost"], ["alice@example.net"]),
    (["ops", "bob@example.org"], ["bob@example.org", "carl@example.org"]), (["who"], ["rest@example.net"]),
    (["\\root"], ["root@mail.example"]), (["-n", "root"], ["root@mail.example"]), (["-n", "root@localhost"], ["root@mail.example"]),
    (["root+cron"], ["alice@example.net"]), (["Root <root>"], ["alice@example.net"]), (["root@example.org"], ["root@example.org"]),
])
def test_local_names_go_through_the_aliases(mysend, aliases, args, rcpts):
    assert mysend.dry(*args, to=(), stdin=message(), config=aliases).rcpts == rcpts


def test_header_says_who_the_aliases_mean_and_only_in_fields_of_recipients(mysend, aliases):
    text = b"From: root (Cron Daemon)\nTo: Root <root>\nCc: The crew <ops>, x@y.example\nReply-To: root@localhost\n\nb\n"
    result = mysend.dry("-t", to=(), stdin=text, config=aliases)
    assert result.rcpts == ["alice@example.net", "bob@example.org", "carl@example.org", "x@y.example"]
    assert result.head.startswith(b"From: root@mail.example (Cron Daemon)\r\nTo: Root <alice@example.net>\r\n"
                                  b"Cc: bob@example.org,\r\n carl@example.org, x@y.example\r\nReply-To: root@mail.example\r\n")


def test_root_to_goes_before_the_aliases(mysend, aliases):
    assert mysend.dry("postmaster", to=(), stdin=message(), config=aliases + "root_to me@example.net, you@example.net\n").rcpts == \
        ["me@example.net", "you@example.net"]


MEMBERS = ["member%05d@example.org" % i for i in range(8000)]


@pytest.mark.parametrize("args, text, status, rcpts", [
    (["-t"], "To: big\n", 0, 8000), (["big"], "", 0, 8000), (["all"] * 10000, "", 0, 100), (["-t", "outer"], "To: all\nCc: outer\n", 0, 101),
    (["-t"], "To: " + "all,\n " * 40000 + "all\n", 65, 0), (["-t"], "To: big\n" * 10000, 65, 0), (["-t"], "Bcc: " + "outer,\n " * 40000 + "all\n", 0, 101),
], ids=["to", "rcpt", "rcpts", "nested", "often", "fields", "bcc"])
def test_aliases_cost_what_they_hold_however_often_they_are_named(mysend, tmp_path, args, text, status, rcpts):
    """Each is followed once a mail: 8,000 members in To took 842 MB, one alias named 40,000 times 2.5 GB."""
    path = tmp_path / "aliases"
    path.write_text("big: %s\nall: %s\nouter: all, all, x@example.org\n" % (", ".join(MEMBERS), ", ".join(MEMBERS[:100])))
    result = mysend("--dry-run", *args, stdin=("Subject: x\n" + text + "\nb\n").encode(), config="account default\nhost 127.0.0.1\nport 1\ntls off\nfrom me@example.net\nmaildomain mail.example\nqueue off\naliases %s\n" % path,
                    measure=True)
    assert result.status == status, result.err[:300]
    assert mysend.sanitized or result.maxrss < 64 * 1024, result.maxrss
    if status:
        assert "grows too long" in result.err
    else:
        assert len(result.rcpts) == rcpts and set(result.rcpts) <= set(MEMBERS) | {"x@example.org"}


def test_alias_is_followed_anew_for_each_mail(mysend, relay, aliases):
    one = relay()
    text = "".join("MAIL FROM:<me@example.net>\r\nRCPT TO:<ops>\r\nRCPT TO:<ops>\r\nDATA\r\nTo: ops\r\n\r\nb\r\n.\r\n" for _ in range(3))
    done = mysend("-bs", stdin=("EHLO x\r\n" + text + "QUIT\r\n").encode(), relay=one, config=aliases)
    assert done.status == 0 and [mail.recipients for mail in one.messages] == [["bob@example.org", "carl@example.org"]] * 3, done
    assert all(mail.field("To") == "bob@example.org,\r\n carl@example.org" for mail in one.messages)


@pytest.mark.parametrize("target", ["|/bin/cat", "/var/mail/x", ":include:/etc/list", "loop"])
def test_alias_that_leads_nowhere_stops_the_mail_and_names_its_line(mysend, relay, tmp_path, target):
    one = relay()
    path = tmp_path / "aliases"
    path.write_text("# local\nloop: bad\nbad: %s\n" % target)
    said = mysend("bad", "bob@example.org", stdin=message(), relay=one, config="aliases %s\n" % path).failed(78)
    assert str(path) + ":" in said and "bad" in said and not one.messages
    mysend("bob@example.org", stdin=message(), relay=one, config="aliases %s\n" % path).ok()


@pytest.mark.parametrize("ehlo", ["ehlo", "ehlo pipelining", "ehlo pipelining chunking"])
@pytest.mark.parametrize("most", [1, 2, 100])
def test_utf8_recipient_without_smtputf8_does_not_keep_the_mail_from_the_others(mysend, relay, ehlo, most):
    one = relay(ehlo + " 8bitmime")
    done = mysend("a@example.org", "j\u00fcrgen@example.org", "b@example.org", stdin=message(), relay=one, config="max_recipients %d\n" % most)
    assert done.status == 65 and "SMTPUTF8" in done.err and "2 of the 3" in done.err
    assert sorted(address for mail in one.messages for address in mail.recipients) == ["a@example.org", "b@example.org"]
