"""What is made of each answer: per recipient, per transaction, per session (mysend-compat(7), STATUS)."""
import pytest

from given import EVERY_STYLE, PLAIN as TEXT, STYLES


@pytest.mark.parametrize("part, status", [
    ('rcpt "550 5.1.1 no such user"', 67), ("rcpt 550", 67), ("rcpt 551", 67), ("rcpt 553", 67), ('rcpt "554 5.1.2 bad"', 67),
    ("rcpt 554", 69), ('rcpt "552 5.2.2 full"', 69), ("rcpt 450", 75), ("rcpt 451", 75), ("rcpt 452", 75),
    ("mail 550", 77), ("mail 552", 65), ("mail 554", 69), ("mail 451", 75), ("mail 530", 77), ("mail 535", 77), ('mail "550 5.7.1 no"', 77),
    ("data 550", 69), ("data 554", 69), ("data 451", 75), ("end 550", 69), ("end 552", 65), ("end 554", 69), ("end 451", 75), ("end 452", 75),
    ("greet 554", 69), ("greet 421", 75), ("ehlo 421", 75), ("greet 451", 75),
])
@pytest.mark.parametrize("ehlo", [STYLES["lockstep"], STYLES["pipelining"]], ids=["lockstep", "pipelining"])
def test_refusal_gives_its_sysexits_status_and_the_relays_words(mysend, relay, part, status, ehlo):
    part = part if '"' in part else '%s "%s these words"' % tuple(part.split())
    one = relay(ehlo, part)
    if part.startswith("ehlo"):
        one.script.keywords = []
    result = mysend("bob@example.org", stdin=TEXT, relay=one)
    line = result.failed(status)
    words = part.split('"')[1]
    assert words in line, "the relay's words %r are not in %r" % (words, line)
    assert "127.0.0.1:%d" % one.port in line
    assert not one.messages


@pytest.mark.parametrize("part, status", [("bdat 550", 69), ("bdat 451", 75), ("bdat-last 552", 65), ('rcpt "550 5.1.1 no"', 67), ("mail 550", 77),
                                          ("rcpt 450", 75)])
@pytest.mark.parametrize("ehlo", [STYLES["chunking"], STYLES["pipelining-chunking"]], ids=["lockstep", "pipelining"])
def test_refusal_with_bdat_gives_its_sysexits_status(mysend, relay, part, status, ehlo):
    one = relay(ehlo, part)
    mysend("bob@example.org", stdin=TEXT, relay=one).failed(status)
    assert not one.messages and one.session.quit


@EVERY_STYLE
def test_one_bad_recipient_does_not_keep_the_mail_from_the_others(mysend, relay, ehlo):
    one = relay(ehlo, 'rcpt ok "550 5.1.1 no such user" ok')
    result = mysend("a@example.org", "b@example.org", "c@example.org", stdin=TEXT, relay=one)
    assert result.status == 67 and one.message.recipients == ["a@example.org", "c@example.org"], result
    assert "b@example.org" in result.err and "550 5.1.1 no such user" in result.err
    assert "a@example.org" not in result.err and "c@example.org" not in result.err


@EVERY_STYLE
@pytest.mark.parametrize("answers, status", [("550 450", 67), ("450 550", 67), ("450 250", 75), ("554 550", (67, 69)), ("450 451", 75), ("251 252", 0)])
def test_status_is_that_of_the_worst_final_failure(mysend, relay, ehlo, answers, status):
    one = relay(ehlo, "rcpt " + answers)
    result = mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one)
    assert result.status in (status if isinstance(status, tuple) else (status,)), result
    for address, code in zip(("a@example.org", "b@example.org"), answers.split()):
        assert (address in result.err) == (code[0] != "2"), result


@EVERY_STYLE
def test_refused_transaction_does_not_end_the_session(mysend, relay, ehlo):
    one = relay(ehlo, "rcpt-to a@example.org 550", "rcpt-to c@example.org 451")
    result = mysend("a@example.org", "b@example.org", "c@example.org", "d@example.org", stdin=TEXT, relay=one, config="max_recipients 1\n")
    assert result.status == 67, result
    assert [mail.recipients for mail in one.messages] == [["b@example.org"], ["d@example.org"]]
    assert len(one.sessions) == 1 and one.session.quit


def test_after_354_there_is_an_end_of_data_even_if_all_recipients_were_refused(mysend, relay):
    one = relay("ehlo pipelining", "rcpt 550", "data 354")
    assert mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one).status == 67
    assert one.transactions[0].complete and one.transactions[0].raw == b"" and one.session.quit


def test_354_for_refused_recipients_does_not_stop_the_next_transaction(mysend, relay):
    one = relay("ehlo pipelining", "rcpt-to a@example.org 550", "data 354")
    result = mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one, config="max_recipients 1\n")
    assert result.status == 67 and one.message.recipients == ["b@example.org"] and len(one.sessions) == 1, result


def test_without_pipelining_data_is_not_said_when_all_recipients_were_refused(mysend, relay):
    one = relay("ehlo", "rcpt 550")
    assert mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one).status == 67
    assert "DATA" not in one.verbs


def test_reply_to_the_final_dot_that_is_not_250_is_not_success(mysend, relay):
    for part, good in (("end 250", True), ("end 251", True), ("end 354", False), ("end 300", False), ("end 150", False)):
        one = relay(part)
        assert (mysend("bob@example.org", stdin=TEXT, relay=one, config="timeout 2\n").status == 0) == good, part


@pytest.mark.parametrize("part", ["data 250", "data 200", "mail 354", "rcpt 354", "greet 354", "greet 150"])
def test_answer_that_makes_no_sense_is_never_success(mysend, relay, part):
    one = relay(part, "lax")
    result = mysend("bob@example.org", stdin=TEXT, relay=one, config="timeout 2\n")
    assert result.status in (69, 75, 76) and not one.messages, result


@pytest.mark.parametrize("ehlo", ["ehlo pipelining", "ehlo pipelining chunking"])
@pytest.mark.parametrize("junk", ["hello there", "25 x", "2500 x", "999 x"])
def test_answer_that_is_none_makes_no_later_one_count_for_the_message(mysend, relay, ehlo, junk):
    """Three transactions: the first is good, the relay says nonsense of the second message, and 250 to the MAIL and RCPT that follow."""
    stage = "bdat-last" if "chunking" in ehlo else "end"
    one = relay(ehlo, "%s ok \"raw %s\r\n\"" % (stage, junk), "lax")
    done = mysend("a@example.org", "b@example.org", "c@example.org", stdin=TEXT, relay=one, config="max_recipients 1\n")
    assert done.status in (75, 76) and done.err.count("accepted") == 1 and "accepted it for 1 of the 3 recipients" in done.err, done


@pytest.mark.parametrize("ehlo", ["ehlo", "ehlo pipelining", "ehlo pipelining chunking"])
@pytest.mark.parametrize("stage", ["mail", "rcpt", "end", "bdat-last"])
def test_421_without_an_end_of_the_connection_is_not_waited_on(mysend, relay, ehlo, stage):
    if (stage == "end") == ("chunking" in ehlo) or (stage == "bdat-last") != ("chunking" in ehlo):
        stage = "rcpt"
    one = relay(ehlo, '%s "raw 421 4.7.0 too busy\r\n"' % stage, "lax")
    done = mysend("bob@example.org", stdin=TEXT, relay=one)
    assert done.status == 75 and "421 4.7.0 too busy" in done.err


def test_message_that_never_left_is_not_called_doubtful(mysend, relay):
    one = relay("ehlo pipelining chunking auth=plain", 'auth "ok && reset"', "lax")
    # more than two sockets hold: a short message could be gone before the reset is seen, and then the doubt is right
    text = TEXT + b"line\n" * 4000000
    done = mysend("bob@example.org", stdin=text, relay=one, config="user bob\npassword hunter2\nauth plain\n")
    assert done.status == 75 and "twice" not in done.err, done


def test_connection_lost_in_the_message_is_not_told_as_a_failed_connect(mysend, relay):
    one = relay("ehlo pipelining", "body 100000 reset", "lax")
    done = mysend("bob@example.org", stdin=TEXT + b"line\n" * 1500000, relay=one)
    assert done.status == 75 and "connect to" not in done.err, done


@pytest.mark.parametrize("words, hint", [
    ("530 5.7.0 Must issue a STARTTLS command first", "set tls on"), ("530 5.7.1 Authentication required", "set user and password_file"),
    ("530 5.7.0 Authentication required", "set user and password_file"),
])
def test_hint_at_530_names_what_the_relay_wants(mysend, relay, words, hint):
    one = relay("ehlo pipelining enhancedstatuscodes", 'mail "%s"' % words)
    done = mysend("bob@example.org", stdin=TEXT, relay=one)
    assert done.status == 77 and hint in done.hints[0]


def test_answer_of_exchange_has_no_queue_id(mysend, relay, tmp_path):
    one = relay("ehlo pipelining", 'end "250 2.6.0 <abc@x> [InternalId=123, Hostname=x] 8000 bytes in 0.1, 80 KB/sec Queued mail for delivery"')
    mysend("bob@example.org", stdin=TEXT, relay=one, config="logfile %s\n" % (tmp_path / "log")).ok()
    assert "queueid=" not in (tmp_path / "log").read_text()


def test_answer_that_came_before_the_end_is_not_taken_for_the_answer_to_it(mysend, relay):
    one = relay("ehlo pipelining", 'data "raw 354 go\r\n250 early\r\n"', 'end "554 5.7.1 spam"', "lax")
    done = mysend("bob@example.org", stdin=TEXT + b"line\n" * 200000, relay=one)
    assert done.status == 76 and "was not asked" in done.err, done
    assert not one.messages


@pytest.mark.parametrize("stage", ["mail", "rcpt"])
def test_answer_too_many_in_stop_and_wait_ends_the_session(mysend, relay, stage):
    one = relay("ehlo", '%s "raw 250 ok\r\n250 and more\r\n"' % stage, "lax")
    done = mysend("bob@example.org", stdin=TEXT, relay=one)
    assert done.status == 76 and not one.messages, done


@pytest.mark.parametrize("parts", [["ehlo pipelining chunking", "rcpt raw", 'bdat-last "raw 250 ok\r\n250 and more\r\n550 5.7.1 spam\r\n"'],
                                   ["ehlo pipelining chunking", "rcpt raw", 'bdat-last "raw 250 ok\r\n250 and more\r\n450 4.7.1 later\r\n"'],
                                   ["ehlo pipelining", 'end "raw 250 ok\r\n550 5.7.1 spam\r\n"'], ["ehlo", 'end "raw 250 ok\r\n250 queued\r\n"']])
@pytest.mark.parametrize("queue", ["queue off\n", ""])
def test_yes_to_a_message_with_an_answer_too_many_behind_it_is_unsure_and_ends_the_session(mysend, relay, parts, queue):
    one = relay(*parts, "lax")
    done = mysend("bob@example.org", stdin=TEXT, relay=one, config=queue)
    assert done.status == 75 and "was not asked" in done.err and len(one.sessions) == 1, done


@pytest.mark.parametrize("code, status, waits", [("450 4.7.1 later", 0, 1), ("550 5.7.1 no", 77, 0)])
def test_yes_to_a_message_whose_sender_was_refused_does_not_undo_that(spool, relay, code, status, waits):
    one = relay("ehlo pipelining chunking", 'mail "%s"' % code, 'other "250 2.1.5 ok"', 'bdat-last "250 2.0.0 ok"', "lax")
    done = spool.run("bob@example.org", stdin=TEXT, relay=one)
    assert done.status == status and len(spool.names()) == waits and len(one.sessions) == 1, done
    assert "250 2.0.0" in spool.run("-qf", "-v", relay=one).err if waits else code in done.err


@pytest.mark.parametrize("ehlo", ["ehlo", "ehlo pipelining", "ehlo pipelining chunking"])
@pytest.mark.parametrize("words", ["452 4.5.3 Too many recipients", "452 Too many recipients", "552 5.5.3 Too many recipients", "552 Too many recipients",
                                   "451 4.5.3 Too many recipients", "550 5.5.3 Too many recipients"])
@pytest.mark.parametrize("count", [3, 10])
def test_recipients_whom_the_relay_has_no_room_for_go_in_further_transactions(mysend, relay, ehlo, words, count):
    one = relay(ehlo + " enhancedstatuscodes", 'rcpt ok ok "%s"' % words)
    to = ["u%d@example.org" % i for i in range(count)]
    mysend(*to, stdin=TEXT, relay=one).ok()
    assert [address for mail in one.messages for address in mail.recipients] == to
    assert all(len(mail.recipients) <= 2 for mail in one.messages) and len({mail.body for mail in one.messages}) == 1


def test_full_mailbox_is_not_too_many_recipients(mysend, relay):
    one = relay("ehlo pipelining enhancedstatuscodes", 'rcpt ok "452 4.2.2 mailbox full"')
    done = mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one)
    assert done.status == 75 and len(one.messages) == 1


@pytest.mark.parametrize("words, status", [("552 5.2.2 mailbox full", 69), ("552 5.7.0 not these", 69), ("550 5.2.1 disabled", 69), ("550 5.7.1 not here", 69),
                                           ("530 5.7.0 log in first", 77), ("553 5.1.3 odd address", 67)])
def test_enhanced_code_says_what_the_code_alone_would_say_otherwise(mysend, relay, words, status):
    one = relay("ehlo pipelining enhancedstatuscodes", 'rcpt ok "%s"' % words)
    done = mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one)
    assert done.status == status and len(one.transactions) == 1 and one.message.recipients == ["a@example.org"], done


@pytest.mark.parametrize("part, hint", [("end 552", True), ('end "554 5.3.4 no"', True), ('mail "552 5.3.4 no"', True), ('end "552 5.7.0 blocked"', False),
                                        ('end "552 5.2.2 over quota"', False)])
def test_hint_about_the_size_is_given_where_the_size_is_meant(mysend, relay, part, hint):
    done = mysend("bob@example.org", stdin=TEXT, relay=relay("ehlo pipelining enhancedstatuscodes", part))
    assert done.status == (65 if hint else 69) and ("too large" in " ".join(done.hints)) == hint, done


@pytest.mark.parametrize("words", ["530 5.7.0 log in", "550 5.7.8 log in", "554 5.7.11 encrypt"])
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_mail_waits_while_its_relay_wants_a_login(mysend, relay, spool, words, stage):
    one = relay("ehlo pipelining enhancedstatuscodes", '%s "%s"' % (stage, words))
    assert spool.run("bob@example.org", stdin=TEXT, relay=one).status == 0 and len(spool.names()) == 1


def test_relay_without_room_for_anybody_is_asked_once(mysend, relay):
    one = relay("ehlo pipelining enhancedstatuscodes", 'rcpt "452 4.5.3 Too many recipients"')
    done = mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one)
    assert done.status == 75 and len(one.transactions) == 1


def test_refused_reset_ends_the_session(mysend, relay):
    one = relay("ehlo", 'rset "500 what"', 'rcpt-to a@example.org "550 no"', "lax")
    done = mysend("a@example.org", "b@example.org", stdin=TEXT, relay=one, config="max_recipients 1\n")
    assert done.status == 67 and "500" in done.err and not one.messages, done


def test_escape_sequences_of_a_message_do_not_reach_the_log(mysend, relay, tmp_path):
    text = b"Message-ID: <a\x1b[31mb\xc2\x9bx@y>\n" + TEXT
    mysend("bob@example.org", stdin=text, relay=relay(), config="logfile %s\n" % (tmp_path / "log")).ok()
    log = (tmp_path / "log").read_bytes()
    assert b"\x1b" not in log and b"\xc2\x9b" not in log


def test_hint_about_a_login_is_not_given_for_a_blocklist(mysend, relay):
    one = relay("ehlo pipelining enhancedstatuscodes", 'rcpt "550 5.7.1 Your relay host is on a blocklist"')
    hints = mysend("bob@example.org", stdin=TEXT, relay=one).hints
    assert len(hints) == 1 and "blocks the address of this host" in hints[0] and "password_file" not in hints[0], hints
