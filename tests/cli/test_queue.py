"""What cannot be sent now waits on disk and is tried again; nothing is lost, and nothing is sent twice."""
import email
import email.policy
import os
import re
import select
import time

import pytest

from spools import Spool

HEAD = b"Subject: x\nDate: Mon, 23 Nov 2026 10:00:00 +0000\nMessage-ID: <1@host>\nFrom: a@b.example\nTo: bob@example.org\n"
TEXT = HEAD + b"MIME-Version: 1.0\nContent-Type: text/plain\n\ncafe\n.\nend\n"
# What is signed waits in 8 bits, too.
SIGNED = HEAD + b"DKIM-Signature: v=1; d=b.example\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n" \
    b"Content-Transfer-Encoding: 8bit\n\ncaf\xc3\xa9\n.\nend\n"


def test_mail_waits_in_silence_when_the_relay_is_down_and_arrives_when_it_is_up(spool, relay):
    spool.run("-i", "bob@example.org", "carl@example.org", stdin=TEXT).ok()
    assert len(spool.names()) == 1 and oct(os.stat(spool.top).st_mode)[-3:] == "700"
    there = relay()
    spool.run("-q", relay=there).ok()
    assert not there.messages, "it is not due yet"
    spool.run("-qf", relay=there).ok()
    mail = there.message
    assert mail.sender == "me@example.net" and mail.recipients == ["bob@example.org", "carl@example.org"]
    assert spool.files() == []


def at_a_terminal(spool, *args, name="mysend"):
    """(status, what the terminal got)."""
    ours, theirs = os.openpty()
    done = spool.run(*args, stdin=TEXT, name=name, stderr=theirs)
    os.close(theirs)
    text = b""
    while select.select([ours], [], [], 0)[0]:
        try:
            more = os.read(ours, 65536)
        except OSError:
            break
        text += more
        if not more:
            break
    os.close(ours)
    return done.status, text.decode().replace("\r\n", "\n")


WAITS = r"mysend: connect to 127\.0\.0\.1:1: [^\n]*refused[^\n]*; the mail waits as %s\n"


def test_who_watches_is_told_in_a_line_that_the_relay_cannot_be_reached_and_the_mail_waits(spool):
    assert re.fullmatch(WAITS % "([0-9a-z]{26})", spool.run("-v", "bob@example.org", "carl@example.org", stdin=TEXT).err)
    status, said = at_a_terminal(spool, "bob@example.org")
    assert status == 0 and re.fullmatch(WAITS % spool.names()[1], said), said
    for args, name in ((["-oeq", "-v"], "mysend"), (["-v"], "sendmail"), (["-odq"], "mysend")):
        before = len(spool.names())
        assert at_a_terminal(spool, *args, "bob@example.org", name=name) == (0, "") and len(spool.names()) == before + 1


def test_who_watches_is_told_what_the_relay_puts_off(spool, relay):
    there = relay("ehlo pipelining 8bitmime", 'rcpt-to bob@example.org "450 4.2.0 later"')
    done = spool.run("-v", "bob@example.org", "carl@example.org", stdin=TEXT, relay=there)
    said, = [line for line in done.err.splitlines() if line.startswith("mysend: ")]
    assert done.status == 0 and said == "mysend: RCPT TO:<bob@example.org> to 127.0.0.1:%d: 450 4.2.0 later; the mail waits as %s" % (there.port, spool.names()[0])


def test_retry_sends_the_same_octets(spool, relay):
    wanted = spool.run("--dry-run", "-i", "bob@example.org", stdin=SIGNED).message
    spool.run("-i", "bob@example.org", stdin=SIGNED).ok()
    for _ in range(2):
        there = relay("ehlo pipelining 8bitmime", "end 451")
        spool.run("-qf", relay=there).ok()
        assert there.transactions[0].body == wanted
    there = relay("ehlo chunking pipelining 8bitmime")
    spool.run("-qf", relay=there).ok()
    assert there.message.body == wanted and "BODY=8BITMIME" in " ".join(there.commands)


def test_only_those_who_have_not_got_it_are_tried_again(spool, relay):
    there = relay("rcpt 250 450 250")
    spool.run("a@example.org", "b@example.org", "c@example.org", stdin=TEXT, relay=there).ok()
    assert there.message.recipients == ["a@example.org", "c@example.org"]
    again = relay()
    spool.run("-qf", relay=again).ok()
    assert again.message.recipients == ["b@example.org"] and spool.files() == []


def test_final_refusal_is_told_at_once_and_does_not_wait(spool, relay):
    there = relay('rcpt "550 5.1.1 nobody" 450')
    done = spool.run("a@example.org", "b@example.org", stdin=TEXT, relay=there)
    assert done.status == 67 and "nobody" in done.err and done.hints == ["mysend: hint: it waits for 1 of the 2 recipients, and is tried again"]
    listed = spool.run(name="mailq").out
    assert "b@example.org: waits" in listed and "a@example.org" not in listed


@pytest.mark.parametrize("parts, waits", [
    (["greet 421"], True), (["greet 554"], True), (["greet drop"], True), (["ehlo pipelining", "mail 451"], True),
    (["ehlo pipelining", 'mail "530 5.7.0 log in first"'], True), (["ehlo pipelining", "mail 550"], False), (["ehlo pipelining", "rcpt 450"], True),
    (["ehlo pipelining", "rcpt 550"], False), (["ehlo pipelining", "data 451"], True), (["ehlo pipelining", "data 554"], False),
    (["ehlo pipelining", "end 452"], True), (["ehlo pipelining", "end 554"], False), (["ehlo pipelining", "end drop"], True),
    (["ehlo pipelining", "mail 421"], True),
])
def test_what_waits_and_what_is_final(spool, relay, parts, waits):
    there = relay(*parts)
    done = spool.run("bob@example.org", stdin=TEXT, relay=there)
    assert (done.status == 0) == waits and len(spool.names()) == (1 if waits else 0), done
    shouted = parts == ["greet 554"] or "530" in parts[-1]
    assert bool(done.err) == (shouted or not waits), done
    assert not shouted or ("it is tried again" in done.err or "is tried again" in done.err)


def test_mail_that_waits_has_one_log_line_that_says_why_and_as_what(spool, tmp_path):
    spool.run("bob@example.org", stdin=TEXT, more="logfile %s\n" % (tmp_path / "log")).ok()
    line, = (tmp_path / "log").read_text().splitlines()
    assert "exitcode=EX_TEMPFAIL" in line and "spooled=" + spool.names()[0] in line and "errormsg='Connection refused'" in line


def test_message_without_an_answer_is_marked_as_unsure(spool, relay):
    spool.run("bob@example.org", stdin=TEXT, relay=relay("ehlo pipelining", "end drop")).ok()
    assert "bob@example.org: unsure" in spool.run(name="mailq").out
    there = relay()
    log = os.path.join(spool.mysend.tmp, "log")
    assert "may arrive twice" in spool.run("-d", "-qf", relay=there, more="logfile %s\n" % log).err
    with open(log, encoding="ascii") as text:
        assert "note='may arrive twice'" in text.read()
    assert there.message and spool.files() == []


def test_queue_off_is_75_and_leaves_nothing(spool, mysend):
    done = mysend("bob@example.org", stdin=TEXT, config=spool.config().replace("queue on", "queue off"))
    assert done.status == 75 and spool.files() == []


@pytest.mark.parametrize("args, more", [(["-odq"], ""), (["-odd"], ""), (["-ODeliveryMode=q"], ""), ([], "queue always\n")])
def test_mail_that_is_to_wait_is_not_tried(spool, mysend, relay, args, more):
    there = relay()
    config = spool.config(there).replace("queue on\n", more or "queue on\n")
    mysend(*args, "bob@example.org", stdin=TEXT, config=config).ok()
    assert not there.sessions and len(spool.names()) == 1
    spool.run("-q", relay=there).ok()
    assert there.message.recipients == ["bob@example.org"]


def test_mail_waits_by_default(spool, mysend):
    config = spool.config().replace("queue on\n", "")
    mysend("bob@example.org", stdin=TEXT, config=config).ok()
    assert len(spool.names()) == 1


@pytest.mark.parametrize("mode", ["-bs", "-bS"])
def test_smtp_client_need_not_wait_either(spool, relay, mode):
    there = relay("ehlo pipelining", 'greet "sleep 1 && ok"')
    script = b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nb\r\n.\r\nQUIT\r\n"
    began = time.monotonic()
    done = spool.run(mode, "-odb", name="sendmail", stdin=script, relay=there, settle=False)
    assert done.status == 0 and time.monotonic() - began < 1 and not there.messages
    assert there.wait_for_message(20)
    while spool.files():
        assert time.monotonic() - began < 20
        time.sleep(0.02)


def test_relay_of_an_option_is_not_remembered(spool, relay):
    there = relay()
    done = spool.run("--relay", "127.0.0.1:1", "bob@example.org", stdin=TEXT, relay=there)
    assert done.status == 75 and spool.files() == []


def test_many_go_over_one_session_pipelined(spool, relay):
    for i in range(40):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay("ehlo pipelining chunking")
    spool.run("-q", relay=there).ok()
    assert [mail.recipients for mail in there.messages] == [["u%d@example.org" % i] for i in range(40)], "oldest first"
    assert len(there.sessions) == 1 and len(there.session.reads) < 40 and spool.files() == []


@pytest.mark.parametrize("parts", [["greet 421"], ["greet 554"], ["ehlo pipelining auth=plain", "user joe other"], ["greet drop"]])
def test_relay_that_lets_nobody_in_is_asked_once_a_run_and_that_is_a_try_of_all(spool, relay, parts):
    for i in range(5):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay(*parts, "lax")
    spool.run("-q", relay=there, more="auth plain\nuser joe\npassword secret\n" if "user joe other" in parts else "").ok()
    listed = spool.run(name="mailq").out
    assert len(there.sessions) == 1 and listed.count("(1 try, ") == 5 and len(spool.names()) == 5, listed
    spool.run("-q", relay=there).ok()
    assert len(there.sessions) == 1, "none is due"


def test_relay_that_ends_the_session_midway_keeps_the_others_time(spool, relay):
    for i in range(5):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay("ehlo", "mail ok ok 421")
    spool.run("-q", relay=there).ok()
    assert len(there.sessions) == 2 and len(there.messages) == 2 and spool.run(name="mailq").out.count("1 try,") == 2 and len(spool.names()) == 3


@pytest.mark.parametrize("option, sent", [("-qIID", [1]), ("-qRu2@", [2]), ("-qSs3@", [3]), ("-qRnobody", []), ("-qf", [0, 1, 2, 3])])
def test_only_what_was_asked_for_is_tried(spool, relay, option, sent):
    for i in range(4):
        spool.run("-f", "s%d@example.net" % i, "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay()
    spool.run(option.replace("ID", spool.names()[1]), relay=there).ok()
    assert [mail.recipients for mail in there.messages] == [["u%d@example.org" % i] for i in sent]
    assert len(spool.names()) == 4 - len(sent)


def test_mail_goes_to_the_account_that_it_was_given_to(spool, mysend, relay):
    one, two = relay(), relay()
    down = "account work\nhost 127.0.0.1\nport 1\ntls off\nfrom w@example.net\nqueue on\nspool %s\n" % spool.top
    mysend("-a", "work", "bob@example.org", stdin=TEXT, config=spool.config() + down).ok()
    mysend("carl@example.org", stdin=TEXT, config=spool.config() + down).ok()
    up = down.replace("host 127.0.0.1\nport 1\n", "host 127.0.0.1\nport %d\n" % two.port)
    mysend("-qf", config=spool.config(one) + up).ok()
    assert one.message.recipients == ["carl@example.org"] and two.message.recipients == ["bob@example.org"]


def test_what_is_too_old_is_given_up_and_kept(spool, relay):
    spool.run("bob@example.org", stdin=TEXT).ok()
    time.sleep(2)       # the least that a lifetime of a second can be over in
    done = spool.run("-qf", more="queue_lifetime 1\n")
    assert "is given up" in done.err and [name[26:] for name in spool.names()] == [".b2"] and len(spool.names("failed")) == 1
    assert done.status == 0


@pytest.mark.parametrize("name", ["", ".state"])
def test_mail_of_another_version_stays_where_it_is_and_is_named(spool, relay, name):
    spool.run("bob@example.org", stdin=TEXT).ok()
    path = os.path.join(spool.top, "queue", spool.names()[0] + name)
    with open(path, "rb") as text:
        data = re.sub(rb"^(mysend-\w+) 1\n", rb"\1 4\n", text.read())
    with open(path, "wb") as out:
        out.write(data)
    there = relay()
    done = spool.run("-qf", relay=there)
    assert done.status == 0 and "another version" in done.err and not there.messages and len(spool.names()) == 1 and spool.names("failed") == []


@pytest.mark.parametrize("change", [lambda text: text.replace(b"mysend-mail 1", b"mysend-note 1"), lambda text: text[:-3], lambda text: b"", lambda text: text + b"more",
                                    lambda text: text.replace(b"Recipient", b"Rezipient")])
def test_file_that_was_changed_is_moved_aside_and_named_and_never_sent(spool, relay, change):
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    name = spool.names()[0]
    path = os.path.join(spool.top, "queue", name)
    with open(path, "rb") as text:
        old = text.read()
    with open(path, "wb") as out:
        out.write(change(old))
    there = relay()
    done = spool.run("-qf", relay=there)
    assert name in done.err and not there.sessions and spool.names() == [] and spool.names("failed") == [name]


@pytest.mark.parametrize("folder", ["", "tmp", "queue", "failed"])
def test_spool_that_others_may_write_is_refused(spool, folder):
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    os.chmod(os.path.join(spool.top, folder), 0o777)
    done = spool.run("bob@example.org", stdin=TEXT)
    assert done.status == 75 and "spool %s is refused: others than we may write there" % os.path.join(spool.top, folder).rstrip("/") in done.err and len(spool.names()) == 1
    assert spool.run("-q").status != 0


@pytest.mark.parametrize("parts, more, code", [(['rcpt-to bob@example.org "550 5.1.1 nobody"'], "", "EX_NOUSER"), (["mail 554"], "", "EX_UNAVAILABLE"), (["rcpt 450"], "", "EX_TEMPFAIL"),
                                               (["rcpt 450"], "queue_lifetime 1\n", "EX_UNAVAILABLE"), (["rcpt ok"], "", "EX_OK"), (["rcpt 450 550"], "", "EX_TEMPFAIL")])
def test_log_line_of_a_try_has_the_status_that_it_ends_with(spool, relay, parts, more, code):
    spool.run("-odq", "-f", "", "bob@example.org", *(["carl@example.org"] if "450 550" in parts[0] else []), stdin=TEXT).ok()
    if more:
        time.sleep(2)
    log = os.path.join(spool.mysend.tmp, "log")
    spool.run("-q", relay=relay("ehlo pipelining 8bitmime", *parts), more=more + "logfile %s\n" % log)
    with open(log, encoding="ascii") as lines:
        line, = lines
    assert " exitcode=%s " % code in line, line


def test_state_of_what_was_given_up_is_not_swept_away_from_it(spool, relay):
    """A crash between the two, or another runner that comes between."""
    spool.run("-odq", "-f", "", "bob@example.org", stdin=TEXT).ok()
    spool.run("-q", relay=relay("ehlo pipelining 8bitmime", "rcpt 550"))
    name, = spool.names("failed")
    os.rename(os.path.join(spool.top, "failed", name + ".state"), os.path.join(spool.top, "queue", name + ".state"))
    spool.run("-q").ok()
    assert "(given up after 1 try: RCPT TO to 127.0.0.1:" in spool.run("-bp").out and os.listdir(os.path.join(spool.top, "queue")) == []


def test_state_of_what_was_given_up_goes_when_its_mail_has_gone_and_not_before(spool, relay):
    for i in range(3):
        spool.run("-odq", "-f", "", "u%d@example.org" % i, stdin=TEXT).ok()
    spool.run("-q", relay=relay("ehlo pipelining 8bitmime", "rcpt 550"))
    gone, stays, back = spool.names("failed")
    os.unlink(os.path.join(spool.top, "failed", gone))      # killed between the mail and its state
    os.rename(os.path.join(spool.top, "failed", back), os.path.join(spool.top, "queue", back))      # by hand; the rest is to follow
    spool.run("--queue-hold", back).ok()
    spool.run("-q").ok()
    assert sorted(os.listdir(os.path.join(spool.top, "failed"))) == [stays, stays + ".state", back + ".state"]


def test_disk_without_room_is_75_and_leaves_nothing_half_written(mysend, relay, tmp_path):
    """RLIMIT_FSIZE stands for it: a write that comes back short, then EFBIG."""
    spool = Spool(mysend, tmp_path / "spool")
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    import resource
    done = spool.run("bob@example.org", stdin=TEXT + b"x" * 70 * 2000 + b"\n", before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000)))
    assert done.status == 75 and "it cannot wait" in done.err, done
    assert len(spool.names()) == 1 and os.listdir(os.path.join(spool.top, "tmp")) == []


def test_mailq_says_what_waits_for_whom_since_when_and_why(spool):
    spool.run("-f", "", "bob@example.org", stdin=TEXT).ok()
    out = spool.run(name="mailq").out
    assert re.match(r"[0-9a-z]{26} +\d+ \w{3} \w{3} [ \d]\d [\d:]{8}  <>\n\t\(1 try, the next at .*: connect to 127.0.0.1:1: .*\)\n\tbob@example.org: waits\n"
                    r"-- 1 Kbytes in 1 Request\.\n$", out), out


def test_smtp_client_is_told_that_it_waits(spool):
    done = spool.run("-bs", name="sendmail", stdin=b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nb\r\n.\r\nQUIT\r\n")
    assert done.status == 0 and "250 2.0.0 Ok: it waits as " + spool.names()[0] in done.out


def test_runners_at_the_same_time_send_nothing_twice(spool, relay):
    for i in range(60):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay("ehlo pipelining chunking", "lax")
    runs = [spool.mysend.start("-q", config=spool.config(there)) for _ in range(6)]
    for run in runs:
        assert run.finish(b"").status == 0
    spool.run("-q", relay=there).ok()       # what one had listed while another held it
    assert sorted(mail.recipients[0] for mail in there.messages) == sorted("u%d@example.org" % i for i in range(60))
    assert spool.files() == []


def test_runner_that_stays_takes_what_comes(spool, relay):
    there = relay()
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    run = spool.mysend.start("-q1s", config=spool.config(there))
    assert there.wait_for_message(10)
    spool.run("-odq", "carl@example.org", stdin=TEXT).ok()
    while len(there.messages) < 2:
        assert run.process.poll() is None
        time.sleep(0.05)
    run.process.terminate()
    assert run.finish(b"").status == 0
    assert [mail.recipients for mail in there.messages] == [["bob@example.org"], ["carl@example.org"]]


def test_what_a_crash_has_left_is_swept_when_it_is_old(spool):
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    for name, age in (("0123456789abcdefghjkmnpqrs", 7200), ("0123456789abcdefghjkmnpqrt", 10)):
        path = os.path.join(spool.top, "tmp", name)
        with open(path, "w", encoding="ascii") as out:
            out.write("half")
        os.utime(path, (time.time() - age, time.time() - age))
    with open(os.path.join(spool.top, "queue", "0123456789abcdefghjkmnpqrs.state"), "w", encoding="ascii") as out:
        out.write("x")
    spool.run("-q").ok()
    assert os.listdir(os.path.join(spool.top, "tmp")) == ["0123456789abcdefghjkmnpqrt"]
    assert sorted(os.listdir(os.path.join(spool.top, "queue"))) == sorted(spool.names() + [spool.names()[0] + ".state"])


# --- along, behind, by hand -----------------------------------------------------------------------

@pytest.mark.parametrize("more, along", [("", 3), ("queue_along 1\n", 1), ("queue_along 0\n", 0)])
def test_some_of_what_waits_goes_along_over_the_same_session(spool, relay, more, along):
    for i in range(5):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay()
    spool.run("new@example.org", stdin=TEXT, relay=there, more=more).ok()
    assert [mail.recipients[0] for mail in there.messages] == ["new@example.org"] + ["u%d@example.org" % i for i in range(along)]
    assert len(there.sessions) == 1 and len(spool.names()) == 5 - along


def test_what_goes_along_does_not_change_the_outcome(spool, relay):
    spool.run("-odq", "bad@example.org", stdin=TEXT).ok()
    there = relay("ehlo pipelining", "rcpt-to bad@example.org 450")
    spool.run("new@example.org", stdin=TEXT, relay=there).ok()
    assert there.message.recipients == ["new@example.org"] and len(spool.names()) == 1


@pytest.mark.parametrize("offers, stage", [("", "mail"), ("chunking", "rcpt"), ("", "data")])
def test_what_goes_along_does_not_hold_the_caller_for_long_and_is_in_no_doubt(spool, relay, offers, stage):
    for i in range(2):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    hangs = "rcpt-to u0@example.org hang" if stage == "rcpt" else "%s ok hang" % stage
    there = relay("ehlo pipelining " + offers, hangs, "lax")
    began = time.monotonic()
    spool.run("new@example.org", stdin=TEXT, relay=there, settle=False, timeout=60).ok()
    assert 10 < time.monotonic() - began < 20 and there.messages[0].recipients == ["new@example.org"]
    assert "u0@example.org: waits" in spool.run(name="mailq").out


@pytest.mark.parametrize("offers, stage", [("", "end"), ("chunking", "bdat-last")])
def test_what_went_along_is_not_sent_again_since_the_relay_took_its_time_to_look_at_it(spool, relay, offers, stage):
    for i in range(2):
        spool.run("-odq", "u%d@example.org" % i, stdin=TEXT).ok()
    there = relay("ehlo pipelining " + offers, '%s ok "sleep 16 && ok"' % stage)
    spool.run("new@example.org", stdin=TEXT, relay=there, timeout=60).ok()
    assert [mail.recipients for mail in there.messages] == [["new@example.org"], ["u0@example.org"]]
    assert len(spool.names()) == 1 and "u1@example.org: waits" in spool.run(name="mailq").out


def test_what_takes_long_to_send_does_not_go_along(spool, relay):
    spool.run("-odq", "large@example.org", stdin=TEXT + b"0123456789abcde\n" * 65536).ok()
    spool.run("-odq", "small@example.org", stdin=TEXT).ok()
    there = relay("ehlo pipelining")
    spool.run("new@example.org", stdin=TEXT, relay=there).ok()
    assert [mail.recipients for mail in there.messages] == [["new@example.org"], ["small@example.org"]]
    spool.run("-q", relay=there).ok()
    assert len(there.messages) == 3 and spool.names() == []


def test_mail_of_another_account_does_not_go_along(spool, mysend, relay):
    there = relay()
    other = "account work\nhost 127.0.0.1\nport 1\ntls off\nfrom w@example.net\nqueue on\nspool %s\n" % spool.top
    mysend("-a", "work", "-odq", "bob@example.org", stdin=TEXT, config=spool.config() + other).ok()
    mysend("new@example.org", stdin=TEXT, config=spool.config(there) + other).ok()
    assert there.message.recipients == ["new@example.org"] and len(spool.names()) == 1


@pytest.mark.parametrize("by", ["relay", "host", "port", "socket", "user"])
def test_nothing_goes_along_to_a_relay_that_an_option_chose(spool, mysend, relay, unix_path, by):
    spool.run("-odq", "waits@example.org", stdin=TEXT).ok()
    there = relay("unix " + unix_path) if by == "socket" else relay("ehlo pipelining auth=plain", "user joe secret") if by == "user" else relay()
    config = spool.config() if by != "port" else spool.config().replace("port 1\n", "port 2\n")
    if by == "user":
        config = spool.config(there) + "password secret\nauth plain\n"
    args = {"relay": ["--relay=smtp://127.0.0.1:%s" % there.port], "host": ["--host=127.0.0.1", "--port=%s" % there.port], "port": ["--port=%s" % there.port],
            "socket": ["--socket=" + unix_path], "user": ["--user=joe"]}[by]
    mysend(*args, "--tls=off", "new@example.org", stdin=TEXT, config=config).ok()
    assert [mail.recipients for mail in there.messages] == [["new@example.org"]] and len(spool.names()) == 1


def test_caller_need_not_wait_for_a_slow_relay(spool, relay):
    there = relay("ehlo pipelining", 'greet "sleep 1 && ok"')
    began = time.monotonic()
    spool.run("-odb", "bob@example.org", stdin=TEXT, relay=there, settle=False).ok()
    assert time.monotonic() - began < 1 and not there.messages
    assert there.wait_for_message(20)
    while spool.files():        # the child takes it out after the answer
        assert time.monotonic() - began < 20
        time.sleep(0.02)


def test_child_that_tries_keeps_nothing_of_the_caller_open(spool, relay):
    there = relay("ehlo pipelining", 'greet "sleep 3 && ok"')
    ours, theirs = os.pipe()
    began = time.monotonic()
    spool.run("-odb", "bob@example.org", stdin=TEXT, relay=there, settle=False, pass_fds=(theirs,)).ok()
    os.close(theirs)
    assert os.read(ours, 1) == b"" and time.monotonic() - began < 2
    os.close(ours)
    assert there.wait_for_message(20)


def test_held_mail_waits_until_it_is_released(spool, relay):
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    name = spool.names()[0]
    spool.run("--queue-hold", name).ok()
    there = relay()
    spool.run("--queue-flush", relay=there).ok()
    assert not there.sessions and "(held)" in spool.run("-bp").out
    spool.run("--queue-release", name[:24]).ok()
    spool.run("-q", relay=there).ok()
    assert there.message


def test_mail_is_removed_by_name(spool):
    for _ in range(2):
        spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    one, two = spool.names()
    spool.run("--queue-remove=" + one).ok()
    assert spool.names() == [two]
    assert "there is no mail" in spool.run("--queue-remove", one).failed(65)


def test_beginning_of_two_names_is_no_name(spool):
    for _ in range(2):
        spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    assert "more than one" in spool.run("--queue-remove", spool.names()[0][:5]).failed(64)
    assert len(spool.names()) == 2


@pytest.mark.parametrize("option", ["--queue-hold", "--queue-release", "--queue-remove"])
def test_whole_name_is_that_mail_and_not_its_bounce(spool, relay, option):
    spool.run("-odq", "bad@example.org", "slow@example.org", stdin=TEXT).ok()
    name = spool.names()[0]
    spool.run("-q", relay=relay("ehlo pipelining 8bitmime", "rcpt-to bad@example.org 550", "rcpt-to slow@example.org 450"))
    assert spool.names() == [name, name + ".b1"]
    assert "more than one" in spool.run(option, name[:20]).failed(64)
    spool.run(option, name).ok()
    assert spool.names() == ([name, name + ".b1"] if option != "--queue-remove" else [name + ".b1"])
    assert ("(held)" in spool.run("-bp").out) == (option == "--queue-hold")


def test_several_are_held_released_and_removed_at_once(spool):
    for _ in range(4):
        spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    one, two, three, four = spool.names()
    spool.run("--queue-hold", one, two, "--queue-hold", three).ok()
    assert spool.run("-bp").out.count("(held)") == 3
    spool.run("--queue-release", two, three).ok()
    assert spool.run("-bp").out.count("(held)") == 1
    done = spool.run("--queue-remove", one, "nosuch", four[:5], two)
    assert done.status == 65 and "there is no mail nosuch" in done.errors[0] and "more than one" in done.errors[1] and len(done.errors) == 2, done
    assert spool.names() == [three, four]
    assert spool.run("--queue-hold", three, "--queue-remove", four).status == 64 and spool.names() == [three, four]
    assert spool.run("--queue-remove").status == 64


# --- bounces --------------------------------------------------------------------------------------

def bounce_of(mail):
    """(text, [status block], what came back) of a bounce, read by another's parser, without a defect."""
    parsed = email.message_from_bytes(mail.body, policy=email.policy.default)
    assert not parsed.defects and parsed.get_content_type() == "multipart/report" and parsed.get_param("report-type") == "delivery-status"
    text, status, back = parsed.iter_parts()
    assert not any(part.defects for part in (text, status, back)) and status.get_content_type() == "message/delivery-status"
    return text.get_content(), list(status.iter_parts()) if status.is_multipart() else status.get_payload(), back


@pytest.mark.parametrize("ret, kind", [([], "message/rfc822"), (["-R", "hdrs"], "text/rfc822-headers")])
def test_sender_is_told_who_did_not_get_it_and_why(spool, relay, ret, kind):
    spool.run("-odq", "-i", "-f", "ann@example.net", "-V", "id7", *ret, "bob@example.org", "carl@example.org", stdin=SIGNED).ok()
    there = relay("ehlo pipelining", 'rcpt-to bob@example.org "550 5.1.1 nobody here"')
    done = spool.run("-q", relay=there)
    assert "its sender is told" in done.err and there.message.recipients == ["carl@example.org"]
    again = relay("ehlo pipelining 8bitmime")
    spool.run("-q", relay=again).ok()
    mail = again.message
    assert mail.sender == "" and mail.recipients == ["ann@example.net"] and mail.field("Auto-Submitted") == "auto-replied"
    text, status, back = bounce_of(mail)
    assert "<bob@example.org>:\n    550 nobody here" in text.replace("\r\n", "\n") and "carl" not in text
    assert status[0]["Original-Envelope-Id"] == "id7" and status[0]["Reporting-MTA"] == "dns; mail.example"
    assert len(status) == 2 and status[1]["Final-Recipient"] == "rfc822; bob@example.org" and status[1]["Status"] == "5.1.1" and status[1]["Action"] == "failed"
    assert back.get_content_type() == kind and spool.names() == [] and len(spool.names("failed")) == 1
    if kind == "message/rfc822":
        assert mail.body.split(b"message/rfc822\r\n", 1)[1].split(b"\r\n\r\n", 1)[1].startswith(TEXT[:10])
        assert "caf\u00e9\r\n.\r\nend\r\n".encode() in mail.body


@pytest.mark.parametrize("args", [["-f", ""], ["-f", "ann@example.net", "-N", "never"], ["-f", "ann@example.net", "-N", "success"]])
def test_who_wants_no_bounce_gets_none(spool, relay, args):
    spool.run("-odq", *args, "bob@example.org", stdin=TEXT).ok()
    there = relay("ehlo pipelining dsn", "rcpt 550")
    assert "nobody is told" in spool.run("-q", relay=there).err
    assert spool.names() == [] and len(spool.names("failed")) == 1


def test_bounce_is_never_bounced(spool, relay):
    spool.run("-odq", "-f", "ann@example.net", "bob@example.org", stdin=TEXT).ok()
    there = relay("ehlo pipelining", "rcpt 550")
    spool.run("-q", relay=there)
    assert [name[26:] for name in spool.names()] == [".b1"]
    assert "nobody is told" in spool.run("-q", relay=there).err
    assert spool.names() == [] and len(spool.names("failed")) == 2


def test_expired_mail_comes_back_with_what_was_said_last(spool, relay):
    spool.run("-f", "ann@example.net", "bob@example.org", stdin=TEXT).ok()
    time.sleep(2)
    spool.run("-qf", more="queue_lifetime 1\n")
    there = relay("ehlo pipelining 8bitmime")
    spool.run("-q", relay=there).ok()
    text, status, _ = bounce_of(there.message)
    assert "Connection refused" in text and status[1]["Status"] == "4.4.7"


def test_who_is_refused_is_told_of_at_once_and_once_though_others_still_wait(spool, relay):
    spool.run("-odq", "-f", "ann@example.net", "bob@example.org", "carl@example.org", "dan@example.org", stdin=TEXT).ok()
    first = relay("ehlo pipelining 8bitmime", 'rcpt-to bob@example.org "550 5.1.1 nobody here"', "rcpt-to carl@example.org 450")
    assert "for some of its recipients" in spool.run("-q", relay=first).err
    assert sorted(name[26:] for name in spool.names()) == ["", ".b1"] and spool.names("failed") == []
    assert "bob@example.org: refused" in spool.run(name="mailq").out
    second = relay("ehlo pipelining 8bitmime", 'rcpt-to carl@example.org "550 5.7.1 go away"')
    spool.run("-qf", relay=second)
    spool.run("-qf", relay=second)
    told = {tuple(part["Final-Recipient"] for part in bounce_of(mail)[1][1:]) for mail in second.messages}
    assert told == {("rfc822; bob@example.org",), ("rfc822; carl@example.org",)} and len(second.messages) == 2
    assert spool.names() == [] and len(spool.names("failed")) == 1


@pytest.mark.parametrize("mode, bounced", [([], False), (["-oep"], False), (["-oeq"], False), (["-oem"], True), (["-oew"], True),
                                           (["-oee"], True), (["-em"], True), (["-O", "ErrorMode=m"], True)])
def test_refusal_at_the_first_try_comes_back_by_mail_where_that_was_asked_for(spool, relay, mode, bounced):
    there = relay("ehlo pipelining 8bitmime", 'rcpt-to bob@example.org "550 5.1.1 nobody here"')
    done = spool.run(*mode, "-i", "-f", "ann@example.net", "bob@example.org", "carl@example.org", stdin=TEXT, relay=there)
    assert done.status == 67 and ("nobody here" in done.err) == (mode != ["-oeq"]) and there.messages[0].recipients == ["carl@example.org"]
    spool.run("-q", relay=there).ok()
    assert len(there.messages) == 1 + bounced and spool.files() == []
    if bounced:
        text, status, back = bounce_of(there.messages[1])
        assert "550 nobody here" in text and status[1]["Status"] == "5.1.1" and back.get_content_type() == "message/rfc822"
        assert there.messages[1].recipients == ["ann@example.net"] and there.messages[1].sender == ""


@pytest.mark.parametrize("more, args", [("queue off\n", []), ("", ["-f", ""]), ("", ["-N", "never"])])
def test_refusal_at_the_first_try_makes_no_mail_where_none_is_wanted(spool, mysend, relay, more, args):
    there = relay("ehlo pipelining dsn", "rcpt 550")
    config = spool.config(there).replace("queue on\n", more or "queue on\n")
    assert mysend("-oem", *args, "bob@example.org", stdin=TEXT, config=config).status == 67
    assert spool.files() == []


def test_recipient_beyond_ascii_is_told_of_as_rfc_6533_has_it(spool, relay):
    spool.run("-odq", "-f", "ann@example.net", "b\u00f6b@example.org", stdin=TEXT).ok()
    spool.run("-q", relay=relay("ehlo pipelining 8bitmime smtputf8", "rcpt 550"))
    there = relay("ehlo pipelining 8bitmime")
    spool.run("-q", relay=there).ok()
    text, status, _ = bounce_of(there.message)
    assert "b\u00f6b@example.org" in text and status[1]["Final-Recipient"] == "utf-8; b\\x{F6}b@example.org"
    assert there.message.field("Content-Transfer-Encoding") == "8bit"


@pytest.mark.parametrize("domain", ["mail.example", ".".join("department%d" % i for i in range(6)) + ".example"])
def test_relay_that_answers_in_utf_8_is_quoted_in_the_text_and_escaped_in_the_report(spool, relay, domain):
    spool.run("-odq", "-f", "ann@example.net", "-i", "bob@example.org", stdin=b"Subject: x\n\nbody\n").ok()
    spool.run("-q", relay=relay("ehlo pipelining 8bitmime", 'rcpt "550 5.1.1 Empf\u00e4nger unbekannt"'), env={"MYSEND_MAILDOMAIN": domain})
    there = relay("ehlo pipelining 8bitmime")
    spool.run("-q", relay=there).ok()
    text, status, _ = bounce_of(there.message)
    assert "550 Empf\u00e4nger unbekannt" in text and status[1]["Diagnostic-Code"] == "smtp; 550 Empf\\x{E4}nger unbekannt"
    assert there.message.field("Content-Transfer-Encoding") == "8bit" and "BODY=8BITMIME" in there.commands[1]
    assert there.message.body.split(b"message/delivery-status", 1)[1].split(b"\r\n--", 1)[0].isascii()
    assert len(re.search('boundary="(.*)"', there.message.field("Content-Type"))[1]) <= 70


def test_original_recipient_of_a_report_is_no_xtext(spool, relay):
    spool.run("-bs", "-odq", name="sendmail",
              stdin=b"EHLO x\r\nMAIL FROM:<ann@example.net> ENVID=a+2Bb\r\nRCPT TO:<bob@example.org> ORCPT=rfc822;bob+2Btag@example.org\r\n"
                    b"RCPT TO:<carl@example.org> ORCPT=utf-8;j+C3+BCrgen@example.org\r\nDATA\r\nSubject: x\r\n\r\nb\r\n.\r\nQUIT\r\n")
    spool.run("-q", relay=relay("ehlo pipelining", "rcpt 550 550"))
    there = relay("ehlo pipelining")
    spool.run("-q", relay=there).ok()
    _, status, _ = bounce_of(there.message)
    assert status[0]["Original-Envelope-Id"] == "a+b" and status[1]["Original-Recipient"] == "rfc822;bob+tag@example.org"
    assert status[2]["Original-Recipient"] == "utf-8;j\\x{FC}rgen@example.org"


def test_sender_of_a_mail_to_very_many_is_told_of_all(spool, relay):
    spool.run("-odq", "-f", "ann@example.net", *["u%d@example.org" % i for i in range(1100)], stdin=TEXT).ok()
    spool.run("-q", relay=relay("ehlo pipelining", 'rcpt "550 5.1.1 nobody here"'))
    there = relay("ehlo pipelining 8bitmime")
    spool.run("-q", relay=there).ok()
    text, status, _ = bounce_of(there.message)
    assert "and 100 more, named in the next part of this report." in text and text.count("550 nobody here") == 1000
    assert {part["Final-Recipient"] for part in status[1:]} == {"rfc822; u%d@example.org" % i for i in range(1100)}


# --- another relay --------------------------------------------------------------------------------

def two_accounts(first, second, more=""):
    return ("account default\nhost 127.0.0.1\nport %d\ntls off\nfrom me@example.net\nmaildomain mail.example\naliases off\nfallback second\n%s"
            "account second\nhost 127.0.0.1\nport %d\ntls off\nfrom other@example.net\n" % (first, more, second))


@pytest.mark.parametrize("parts", [None, ["greet 421"], ["greet \"450 busy\""]])
def test_other_relay_is_tried_when_this_one_cannot_be_had(mysend, relay, parts):
    first = relay("ehlo pipelining", *parts) if parts else None
    second = relay()
    mysend("bob@example.org", stdin=TEXT, config=two_accounts(first.port if first else 1, second.port)).ok()
    assert second.message.sender == "me@example.net" and second.message.recipients == ["bob@example.org"]


@pytest.mark.parametrize("parts, status", [(["greet 554"], 69), (["mail 451"], 75), (["rcpt 550"], 67), (["rcpt 450"], 75), (["end 451"], 75), (["end drop"], 75)])
def test_other_relay_is_not_tried_once_this_one_has_had_its_say(mysend, relay, parts, status):
    first, second = relay("ehlo pipelining", *parts), relay()
    done = mysend("bob@example.org", stdin=TEXT, config=two_accounts(first.port, second.port))
    assert done.status == status and not second.sessions


def test_both_relays_that_fail_are_told(mysend):
    done = mysend("bob@example.org", stdin=TEXT, config=two_accounts(1, 2))
    assert done.status == 75 and "connect to 127.0.0.1:1:" in done.err and "the account second failed too" in done.err


@pytest.mark.parametrize("target, said", [("default", "leads in a circle"), ("nowhere", "nowhere")])
def test_fallback_that_leads_nowhere_is_an_error(mysend, target, said):
    config = two_accounts(1, 2).replace("fallback second", "fallback " + target)
    assert said in mysend("bob@example.org", stdin=TEXT, config=config).failed(78)


def test_mail_waits_only_when_no_relay_can_be_had(spool, mysend, relay):
    more = "queue on\nspool %s\n" % spool.top
    mysend("bob@example.org", stdin=TEXT, config=two_accounts(1, 2, more)).ok()
    there = relay()
    assert len(spool.names()) == 1
    mysend("-qf", config=two_accounts(1, there.port, more)).ok()
    assert there.message and spool.files() == []
