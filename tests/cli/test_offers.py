"""What EHLO offers and the relay then does not take: the mail goes without, once, and ignore_offers says so beforehand."""
import email

import pytest

from given import PLAIN as TEXT

UMLAUTS = "Subject: x\n\nGr\u00fc\u00dfe\n"
ALL = "ehlo pipelining chunking 8bitmime size=1000000 smtputf8 dsn"
STYLES = pytest.mark.parametrize("ehlo", ["ehlo chunking", "ehlo pipelining chunking"], ids=["lockstep", "pipelining"])


def got(relay):
    return [address for mail in relay.messages for address in mail.recipients]


# --- CHUNKING -------------------------------------------------------------------------------------

@STYLES
@pytest.mark.parametrize("code, sessions", [("503 5.5.1 bad sequence", 1), ("502 5.5.1 not implemented", 2), ("500 what", 2), ("504 5.5.4 no", 2)])
def test_message_whose_bdat_is_refused_goes_by_data(mysend, relay, ehlo, code, sessions):
    one = relay(ehlo, 'bdat-last "%s"' % code)
    mysend("a@example.org", "b@example.org", "c@example.org", stdin=TEXT, relay=one, config="max_recipients 1\n").ok()
    assert sorted(got(one)) == ["a@example.org", "b@example.org", "c@example.org"] and {mail.how for mail in one.messages} == {"DATA"}
    assert len(one.sessions) == sessions and one.sessions[-1].quit


def test_other_session_logs_in_again(mysend, relay):
    one = relay("ehlo chunking auth=plain", "user joe hunter2", "require-auth", 'bdat-last "502 5.5.1 no"')
    mysend("bob@example.org", stdin=TEXT, relay=one, config="user joe\nauth plain\npassword_command printf hunter2\n").ok()
    assert got(one) == ["bob@example.org"] and [login.ok for login in one.logins] == [True, True]


LOGIN = "user joe\nauth plain\npassword hunter2\n"


def test_mail_whose_password_is_wiped_by_then_is_for_the_next_try(mysend, relay, spool):
    """A password that stands in the configuration is not kept in memory behind the login."""
    one = relay("ehlo chunking auth=plain", "user joe hunter2", "require-auth", 'bdat-last "502 5.5.1 no"')
    assert "502 5.5.1 no" in mysend("bob@example.org", stdin=TEXT, relay=one, config=LOGIN).failed(75)
    spool.run("bob@example.org", stdin=TEXT, relay=one, more=LOGIN).ok()
    assert not one.messages and len(one.sessions) == 2
    spool.run("-qf", relay=one, more=LOGIN).ok()
    assert got(one) == ["bob@example.org"] and len(one.sessions) == 3 and not spool.names()


def test_what_would_go_along_is_not_tried_where_the_relay_has_left_and_the_password_is_wiped(relay, spool):
    spool.run("-odq", "u0@example.org", stdin=TEXT).ok()
    one = relay("ehlo auth=plain", "user joe hunter2", "require-auth", 'end "raw 250 2.0.0 queued\r\n421 4.7.0 one mail a session\r\n && fin"', "lax")
    spool.run("new@example.org", stdin=TEXT, relay=one, more=LOGIN).ok()
    assert got(one) == ["new@example.org"] and len(spool.names()) == 1 and len(one.sessions) == 1
    assert " try" not in spool.run(name="mailq").out
    spool.run("-q", relay=one, more=LOGIN).ok()
    assert got(one)[1:] == ["u0@example.org"]


@STYLES
@pytest.mark.parametrize("code", ["500 5.5.1 unknown command", "502 5.5.1 not implemented"])
def test_relay_that_reads_the_octets_of_bdat_as_commands_is_left(mysend, relay, ehlo, code):
    """The lines of the message are answered one by one; none of these answers may count for a command."""
    one = relay(ehlo, 'no-bdat "%s"' % code, "lax")
    mysend("a@example.org", "b@example.org", stdin=TEXT + b"NOOP\r\nRSET\r\n" * 5, relay=one, config="max_recipients 1\n").ok()
    assert sorted(got(one)) == ["a@example.org", "b@example.org"] and len(one.sessions) == 2
    assert {mail.how for mail in one.messages} == {"DATA"}


def test_refused_bdat_is_final_where_its_transaction_had_failed_before(mysend, relay):
    one = relay("ehlo pipelining chunking", 'mail "550 5.7.1 not you"')
    assert mysend("bob@example.org", stdin=TEXT, relay=one).status == 77 and len(one.transactions) == 1


@pytest.mark.parametrize("code", ["502 5.5.1 no", "503 5.5.1 no"])
def test_queue_goes_on_without_bdat(spool, relay, code):
    for i in range(4):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    one = relay("ehlo pipelining chunking", 'bdat-last "%s"' % code)
    spool.run("-q", relay=one).ok()
    assert sorted(got(one)) == ["u%d@example.org" % i for i in range(4)] and not spool.names()


@pytest.mark.parametrize("how, ehlo", [("hang", "ehlo pipelining chunking"), ("drop", "ehlo pipelining chunking"), ("reset", "ehlo chunking")])
def test_mail_lost_in_the_first_bdat_is_tried_again_without(spool, relay, how, ehlo):
    one = relay(ehlo, "bdat-last %s" % how)
    spool.run("bob@example.org", stdin=TEXT, relay=one, more="timeout 1\n").ok()
    state = [name for name in spool.files() if name.endswith(".state")]
    assert len(state) == 1 and "\nWithout: chunking\n" in open("%s/%s" % (spool.top, state[0]), encoding="ascii").read()
    spool.run("-qf", relay=one).ok()
    assert got(one) == ["bob@example.org"] and one.message.how == "DATA" and not spool.names()


@pytest.mark.parametrize("size", [300000, 3000000])
@pytest.mark.parametrize("how", ["hang", "reset"])
def test_mail_stalled_in_the_midst_of_the_first_bdat_is_tried_again_without(spool, relay, size, how):
    one = relay("ehlo pipelining chunking", "buffers 4096", 'body 100000 "%s"' % how.replace("hang", "hold && drop"), "lax")
    spool.run("bob@example.org", stdin=TEXT + b"0123456789\n" * (size // 11), relay=one, more="timeout 1\n", settle=False).ok()
    one.go()
    two = relay("ehlo pipelining chunking")
    spool.run("-qf", relay=two).ok()
    assert got(two) == ["bob@example.org"] and two.message.how == "DATA"


def test_session_kept_for_a_batch_does_without_what_did_not_hold(mysend, relay):
    one = relay("ehlo pipelining chunking size=100000", 'bdat-last "503 5.5.1 no"', 'parameter SIZE "555 5.5.4 no"')
    text = "".join("MAIL FROM:<a@b.example>\nRCPT TO:<u%d@example.org>\nDATA\nSubject: x\n\nb\n.\n" % i for i in range(3)) + "QUIT\n"
    done = mysend("-bS", name="sendmail", stdin=text.encode(), relay=one, config="maildomain mail.example\n")
    assert done.status == 0 and got(one) == ["u%d@example.org" % i for i in range(3)] and len(one.sessions) == 1
    assert len(one.transactions) == 5       # one more for SIZE, one for BDAT


def test_others_of_the_run_go_without_the_bdat_at_which_a_session_was_lost(spool, relay):
    for i in range(3):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    one = relay("ehlo chunking", "bdat-last drop")
    spool.run("-q", relay=one).ok()
    assert got(one) == ["u1@example.org", "u2@example.org"] and len(one.sessions) == 2
    spool.run("-qf", relay=one).ok()
    assert got(one)[2:] == ["u0@example.org"]


def test_session_lost_in_a_later_bdat_says_nothing_of_chunking(spool, relay):
    one = relay("ehlo chunking", "bdat-last ok drop ok")
    spool.run("a@example.org", "b@example.org", stdin=TEXT, relay=one, more="max_recipients 1\n").ok()
    spool.run("-qf", relay=one).ok()
    assert [mail.how for mail in one.messages] == ["BDAT", "BDAT"]


@pytest.mark.parametrize("code", ["500 5.3.0 no", "502 5.5.1 not implemented", "503 5.5.1 bad sequence"])
def test_relay_that_has_taken_one_by_bdat_and_refuses_another_gets_the_others_once(spool, relay, code):
    """Those under way behind the refused one have answers of their own on their way: they are no reason to send them again."""
    for i in range(5):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    one = relay("ehlo pipelining chunking", 'bdat-last ok "%s" ok' % code)
    spool.run("-q", relay=one).ok()
    assert sorted(got(one)) == ["u%d@example.org" % i for i in range(5)] and len(one.sessions) == 1 and not spool.names()


# --- parameters -----------------------------------------------------------------------------------

@pytest.mark.parametrize("ehlo", ["ehlo 8bitmime size=100000 dsn smtputf8", ALL.replace(" chunking", ""), ALL], ids=["lockstep", "pipelining", "chunking"])
@pytest.mark.parametrize("code", ["555 5.5.4 Unsupported option", "501 5.5.4 syntax", "501 syntax", "554 5.5.4 no", "554 no", "504 5.5.4 no"])
@pytest.mark.parametrize("name", ["BODY", "SIZE", "RET", "ENVID", "NOTIFY"])
def test_parameter_that_is_refused_is_left_out(mysend, relay, ehlo, code, name):
    one = relay(ehlo, 'parameter %s "%s"' % (name, code))
    mysend("-Nfailure", "-Rhdrs", "-Vid1", "a@example.org", "b@example.org", "c@example.org", stdin=UMLAUTS, relay=one, config="max_recipients 2\n").ok()
    assert sorted(got(one)) == ["a@example.org", "b@example.org", "c@example.org"] and len(one.sessions) == 1
    for mail in one.messages:
        assert name not in mail.parameters and not any(name in more for _, more, code in mail.rcpts if code == 250)
        assert email.message_from_bytes(mail.body).get_payload(decode=True).decode().strip() == "Gr\u00fc\u00dfe"
        assert "BODY" in mail.parameters or mail.body.isascii(), "8 bits without being said to be"


@pytest.mark.parametrize("name", ["SIZE", "RET", "NOTIFY"])
def test_question_without_a_message_does_without_them_too(mysend, relay, name):
    one = relay("ehlo pipelining size=100000 dsn", 'parameter %s "555 5.5.4 no"' % name, "rcpt-to no@example.org 550")
    done = mysend("-bv", "-Nfailure", "-Rhdrs", "bob@example.org", "no@example.org", name="sendmail", relay=one)
    assert done.status == 67 and "bob@example.org: the relay would take it" in done.out and not one.messages, done


def test_relay_that_names_the_parameter_gets_all_others(mysend, relay):
    one = relay(ALL, 'parameter BODY "555 5.5.4 Unsupported option: BODY=8BITMIME"')
    mysend("-Rhdrs", "a@example.org", stdin=UMLAUTS, relay=one).ok()
    assert set(one.message.parameters) == {"SIZE", "RET"} and len(one.transactions) == 2


def test_what_did_not_hold_is_not_said_again_in_the_session(mysend, relay):
    one = relay("ehlo size=100000 8bitmime", 'parameter SIZE "555 5.5.4 no SIZE"')
    to = ["u%d@example.org" % i for i in range(5)]
    mysend(*to, stdin=TEXT, relay=one, config="max_recipients 1\n").ok()
    assert got(one) == to and len(one.transactions) == 6


def test_recipient_whose_wishes_are_refused_comes_in_another_transaction_and_each_gets_it_once(mysend, relay):
    one = relay("ehlo pipelining dsn", 'parameter NOTIFY "501 5.5.4 no NOTIFY"')
    mysend("-Nfailure", "a@example.org", "b@example.org", stdin=TEXT, relay=one).ok()
    assert got(one) == ["a@example.org", "b@example.org"] and len(one.messages) == 1


@pytest.mark.parametrize("part, status", [('mail "554 no"', 69), ('mail "501 5.5.4 no"', 69), ('mail "554 5.7.1 blocked"', 77), ('mail "501 5.1.7 bad sender"', 77),
                                          ('rcpt "501 5.1.3 bad address"', 67), ('rcpt "554 no"', 69)])
@pytest.mark.parametrize("ehlo", ["ehlo 8bitmime size=100000 dsn", ALL])
def test_refusal_for_another_reason_stays_one(mysend, relay, ehlo, part, status):
    one = relay(ehlo, part)
    line = mysend("-Nfailure", "-Rhdrs", "a@example.org", stdin=UMLAUTS, relay=one).failed(status)
    assert part.split('"')[1] in line and not one.messages and len(one.sessions) == 1 and len(one.transactions) <= 4
    assert len(one.transactions) == 1 or "5.7.1" not in part


@pytest.mark.parametrize("ehlo", ["ehlo smtputf8 8bitmime", "ehlo smtputf8 8bitmime pipelining chunking"])
def test_smtputf8_that_an_address_needs_is_not_left_out(mysend, relay, ehlo):
    one = relay(ehlo, 'parameter SMTPUTF8 "555 5.5.4 no SMTPUTF8"')
    assert "555 5.5.4 no SMTPUTF8" in mysend("j\u00fcrgen@example.org", stdin=TEXT, relay=one).failed(69)


def test_smtputf8_that_nothing_needs_is_left_out(mysend, relay):
    one = relay("ehlo smtputf8 8bitmime", 'parameter SMTPUTF8 "555 5.5.4 no SMTPUTF8"')
    mysend("-U", "bob@example.org", stdin=TEXT, relay=one).ok()
    assert "SMTPUTF8" not in one.message.parameters


@pytest.mark.parametrize("ehlo, stage", [("ehlo 8bitmime", "end"), ("ehlo pipelining 8bitmime", "end"), ("ehlo pipelining chunking 8bitmime", "bdat-last")])
def test_message_that_the_relay_would_have_to_convert_goes_in_7_bits(mysend, relay, ehlo, stage):
    one = relay(ehlo, '%s "554 5.6.3 cannot convert" ok' % stage)
    mysend("bob@example.org", stdin=UMLAUTS, relay=one).ok()
    assert one.message.body.isascii() and len(one.transactions) == 2


# --- ignore_offers --------------------------------------------------------------------------------

@pytest.mark.parametrize("name, seen", [("chunking", "BDAT"), ("8bitmime", "BODY"), ("size", "SIZE"), ("smtputf8", "SMTPUTF8"), ("dsn", "RET")])
def test_ignored_offer_is_not_used(mysend, relay, name, seen):
    one, other = relay(ALL), relay(ALL)
    args = ["-U", "-Rhdrs", "-Nfailure", "bob@example.org"]
    mysend(*args, stdin=UMLAUTS, relay=one).ok()
    mysend(*args, stdin=UMLAUTS, relay=other, config="ignore_offers %s\n" % name.upper()).ok()
    assert seen in " ".join(one.commands) and seen not in " ".join(other.commands)
    assert name != "8bitmime" or other.message.body.isascii()


def test_ignored_pipelining_is_stop_and_wait(mysend, relay):
    one = relay("ehlo pipelining chunking", "patience 0.02")
    one.script.keywords = ["CHUNKING", "PIPELINING"]
    mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one, config="ignore_offers pipelining,chunking\n").ok()
    assert [len(part.split(b"\r\n")) for part in one.session.reads if part.startswith(b"RCPT")] == [2, 2]


def test_ignored_size_ignores_the_limit_too(mysend, relay):
    one = relay("ehlo size=10", "lax")
    mysend("bob@example.org", stdin=TEXT, relay=one, config="ignore_offers size\n").ok()
    assert "SIZE" not in one.message.parameters


def test_address_that_needs_an_ignored_smtputf8_is_refused_for_that(mysend, relay):
    line = mysend("j\u00fcrgen@example.org", stdin=TEXT, relay=relay("ehlo smtputf8 8bitmime"), config="ignore_offers smtputf8\n").failed(65)
    assert "ignore_offers" in line and "does not offer" not in line


def test_ignore_offers_is_an_option_too(mysend, relay):
    one = relay(ALL)
    mysend("--ignore-offers=chunking dsn", "-Nfailure", "bob@example.org", stdin=TEXT, relay=one).ok()
    assert one.message.how == "DATA" and "NOTIFY" not in " ".join(one.commands)


@pytest.mark.parametrize("word", ["starttls", "auth", "chunked", "8bitmime;dsn"])
def test_what_cannot_be_ignored_is_78_and_says_what_can(mysend, relay, word):
    one = relay()
    done = mysend("bob@example.org", stdin=TEXT, relay=one, config="ignore_offers %s\n" % word)
    assert done.status == 78 and "ignore_offers" in done.err and word in done.err and "for STARTTLS there is tls" in done.hints[0] and not one.sessions
