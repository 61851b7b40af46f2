"""A relay that repeats the login in its answers: nothing of it is shown, logged, kept on disk or sent to anybody."""
import base64
import os

import pytest

from given import PLAIN as TEXT

USER, PASSWORD = "joe", "hunter2secret"
PLAIN = base64.b64encode(b"\0joe\0hunter2secret").decode()
WORD = base64.b64encode(PASSWORD.encode()).decode()
LOGIN = "user joe\npassword hunter2secret\nauth %s\n"
ECHOES = ["bad: AUTH PLAIN " + PLAIN, "bad: auth plain " + PLAIN.lower(), "bad: AUTH PLAIN " + PLAIN.upper(), "<%s> is wrong" % PLAIN, "no %s here" % WORD,
          "joe:%s is wrong" % PASSWORD, PASSWORD.upper(), "bad: AUTH PLAIN\n%s\n%s is wrong" % (PLAIN[:12], PLAIN[12:]), "bad: " + PLAIN[:14],
          "x" * 470 + " " + PLAIN]


def clean(text):
    """Fails where eight octets in a row of the login stand in text, whatever the case."""
    text = text.lower()
    for secret in (PLAIN, WORD, PASSWORD):
        for i in range(len(secret) - 7):
            assert secret[i:i + 8].lower() not in text, "%r of the login in %r" % (secret[i:i + 8], text)


def all_of(top):
    """Name and text of every file below top."""
    files = [os.path.join(where, name) for where, _, names in os.walk(top) for name in names]
    return "".join(path + open(path, encoding="utf-8", errors="replace").read() for path in files)


@pytest.mark.parametrize("echo", ECHOES)
def test_login_that_a_relay_repeats_is_seen_nowhere(mysend, relay, tmp_path, echo):
    one = relay("ehlo auth=plain", ('auth', "535 " + echo))
    log, said = str(tmp_path / "log"), str(tmp_path / "said")
    result = mysend("-v", "-X", said, "bob@example.org", stdin=TEXT, relay=one, config=LOGIN % "plain" + "logfile %s\n" % log)
    assert result.status == 77 and "535" in result.err and "****" in result.err, result
    for text in (result.err, result.out, open(log).read(), open(said).read()):
        clean(text)
        assert "535" in text or not text
    assert len(result.errors) > 0 and "535" in result.errors[-1]


@pytest.mark.parametrize("mechanism", ["login", "cram-md5", "digest-md5", "xoauth2", "oauthbearer"])
def test_whatever_was_said_is_masked_with_every_method(mysend, relay, mechanism):
    there = relay("ehlo auth=" + mechanism, "user joe hunter2secret")
    mysend("bob@example.org", stdin=TEXT, relay=there, config=LOGIN % mechanism).ok()
    for line in [text for text in there.commands if not text.startswith(("EHLO", "MAIL", "RCPT", "DATA", "QUIT")) and len(text) > 12]:
        secret = line.split(" ")[-1]
        one = relay("ehlo auth=" + mechanism, ("auth", "454 no: %s and %s" % (secret, WORD)))
        if mechanism not in ("cram-md5", "digest-md5"):     # another challenge, another answer
            assert secret not in mysend("-v", "bob@example.org", stdin=TEXT, relay=one, config=LOGIN % mechanism).err
        clean(mysend("-v", "bob@example.org", stdin=TEXT, relay=one, config=LOGIN % mechanism).err)


@pytest.mark.parametrize("echo", ECHOES[:3] + ECHOES[7:8])
def test_login_that_a_relay_repeats_reaches_no_spool_and_no_bounce(spool, relay, echo):
    away = relay("ehlo auth=plain", ("auth", "454 " + echo))
    first = spool.run("-f", "ann@example.net", "bob@example.org", stdin=TEXT, relay=away, more=LOGIN % "plain")
    assert first.status == 0 and spool.names(), first
    listed = spool.run(name="mailq")
    json = spool.run("-bp", "--json")
    assert "454" in listed.out
    clean(first.err + listed.out + json.out + all_of(spool.top))
    spool.make_older(7200)
    last = spool.run("-qf", relay=away, more=LOGIN % "plain" + "queue_lifetime 1h\n")
    there = relay("ehlo pipelining 8bitmime")
    spool.run("-q", relay=there).ok()
    assert b"454" in there.message.body
    clean(last.err + there.message.text + all_of(spool.top))


@pytest.mark.parametrize("echo", ["%s is not yours" % PASSWORD, "after AUTH PLAIN %s" % PLAIN, PASSWORD.upper()])
def test_login_is_masked_in_later_answers_too(spool, relay, echo):
    there = relay("ehlo auth=plain", "user joe hunter2secret", ("rcpt", "550 5.1.1 " + echo, "ok"))
    spool.run("-odq", "-f", "ann@example.net", "bob@example.org", stdin=TEXT).ok()
    done = spool.run("-q", "-v", relay=there, more=LOGIN % "plain")
    again = relay("ehlo pipelining 8bitmime")
    spool.run("-q", relay=again).ok()
    assert b"550" in again.message.body and b"****" in again.message.body
    clean(done.err + again.message.text + all_of(spool.top))


@pytest.mark.parametrize("stage", ["mail", "rcpt", "end"])
@pytest.mark.parametrize("lines", [[PASSWORD[:-1]], ["%s is wrong" % PLAIN[:-3]], [PASSWORD[:7], PASSWORD[7:]], ["5.7.1 x " + PLAIN[:16], "5.7.1 " + PLAIN[16:]]])
def test_login_that_is_cut_off_or_broken_over_lines_is_masked_in_later_answers_too(mysend, relay, tmp_path, stage, lines):
    raw = "".join("550%s%s\r\n" % (" " if i + 1 == len(lines) else "-", line) for i, line in enumerate(lines))
    there, said = relay("ehlo auth=plain", "user joe hunter2secret", (stage, "raw " + raw, "ok"), "lax"), str(tmp_path / "said")
    result = mysend("-v", "-X", said, "bob@example.org", stdin=TEXT, relay=there, config=LOGIN % "plain")
    told = result.err + result.out + open(said).read()
    assert "550" in told and "****" in told.replace("AUTH PLAIN ****", ""), result
    for secret in (PASSWORD[:-1], PLAIN[:-3], PASSWORD[7:], PLAIN[16:24]):
        assert secret not in told, told


def test_login_is_masked_in_what_the_relay_says_unasked_too(mysend, relay, tmp_path):
    there, said = relay("ehlo auth=plain", ("end", "raw 250 2.0.0 ok\r\n421 4.4.2 idle since AUTH PLAIN %s\r\n && fin" % PLAIN, "ok"), "lax"), str(tmp_path / "said")
    mail = "MAIL FROM:<ann@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n%s\r\n.\r\n" % TEXT.decode().replace("\n", "\r\n")
    result = mysend("-v", "-bs", "-X", said, stdin=("EHLO x\r\n" + 2 * mail + "QUIT\r\n").encode(), relay=there, config=LOGIN % "plain")
    assert len(there.messages) == 2 and "421 4.4.2 idle since AUTH PLAIN ****" in result.err + open(said).read(), result
    clean(result.err + result.out + open(said).read())


@pytest.mark.parametrize("echo", ECHOES[:6])
def test_nothing_that_a_mailbox_says_of_the_login_is_kept(mysend, relay, pop3, tmp_path, echo):
    one, post, log, said = relay(), pop3(password="other", no=echo), str(tmp_path / "log"), str(tmp_path / "said")
    result = mysend("-v", "-X", said, "bob@example.org", stdin=TEXT, relay=one,
                    config="user joe\npassword %s\nauth off\nlogfile %s\npop_before_smtp pop3://127.0.0.1:%d\n" % (PASSWORD, log, post.port))
    assert result.status == 77 and not one.sessions, result
    clean(result.err + result.out + open(log).read() + (open(said).read() if os.path.exists(said) else ""))


def test_client_of_smtp_on_stdin_is_not_told_the_login(mysend, relay):
    there = relay("ehlo auth=plain", ("auth", "535 " + ECHOES[0]))
    dialogue = b"EHLO me\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n"
    done = mysend("-bs", name="sendmail", stdin=dialogue, relay=there, config="maildomain mail.example\n" + LOGIN % "plain")
    assert "bad: AUTH PLAIN ****" in done.out + done.err, done
    clean(done.out + done.err)
