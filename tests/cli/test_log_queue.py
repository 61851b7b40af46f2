"""The log line of mail that waits, or waited: which failure it tells, how the mail left, and which mail it was."""
import os

import pytest

from given import fields

TEXT = b"Subject: x\nFrom: a@b.example\nMessage-ID: <the-one@b.example>\n\nbody\n"


@pytest.fixture
def logged(tmp_path):
    """What the log says of the last mail."""
    return lambda: fields((tmp_path / "log").read_text().splitlines()[-1])


def config(spool, relay, tmp_path, more=""):
    return spool.config(relay) + "logfile %s\n" % (tmp_path / "log") + more


def test_mail_out_of_the_queue_is_logged_as_it_left(spool, relay, certs, tmp_path, logged):
    there = relay("ehlo pipelining starttls", "ehlo-tls pipelining auth=plain")
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    secure = config(spool, there, tmp_path).replace("tls off", "tls on\ntls_trust_file %s" % os.path.join(certs, "ca.pem"))
    spool.mysend("-q", config=secure + "user joe\npassword hunter2secret\nauth plain\n").ok()
    got = logged()
    assert there.message and (got["tls"], got["auth"]) == ("on", "on")
    assert got["msgid"] == "<the-one@b.example>" and got["exitcode"] == "EX_OK" and got["queueid"] == "Q0001"


def test_identifier_at_the_end_of_a_long_header_is_found(spool, relay, tmp_path, logged):
    long = b"".join(b"X-%d: %s\n" % (i, b"x" * 100) for i in range(300))
    spool.run("-odq", "bob@example.org", stdin=long + TEXT).ok()
    spool.mysend("-q", config=config(spool, relay(), tmp_path)).ok()
    assert logged()["msgid"] == "<the-one@b.example>"


@pytest.mark.parametrize("parts, more, code, status", [
    (["ehlo pipelining auth=plain", "auth 535"], "user joe\npassword hunter2secret\nauth plain\n", "535", "EX_NOPERM"),
    (["ehlo pipelining", "mail 530"], "", "530", "EX_NOPERM"),
    (["ehlo pipelining", "greet 554"], "", "554", "EX_UNAVAILABLE"),
    (["ehlo pipelining", "rcpt 450"], "", "450", "EX_TEMPFAIL"),
    (["ehlo pipelining", "mail 421"], "", "421", "EX_TEMPFAIL"),
])
def test_mail_that_waits_is_logged_with_what_it_waits_for(spool, relay, tmp_path, logged, parts, more, code, status):
    """When it comes, and at a try out of the queue."""
    there = relay(*parts, "lax")
    for args, text in ((["bob@example.org"], TEXT), (["-qf"], b"")):
        spool.mysend(*args, stdin=text, config=config(spool, there, tmp_path, more))
        got = logged()
        assert (got["smtpstatus"], got["exitcode"], got["spooled"]) == (code, status, spool.names()[0])


def test_mail_that_only_waits_for_its_time_is_no_failure(spool, relay, tmp_path, logged):
    spool.mysend("-odq", "bob@example.org", stdin=TEXT, config=config(spool, relay(), tmp_path))
    assert logged()["exitcode"] == "EX_OK" and "errormsg" not in logged()


@pytest.mark.parametrize("queue", ["on", "off"])
@pytest.mark.parametrize("answers", [("450 4.2.0 later", "550 5.1.1 nobody"), ("550 5.1.1 nobody", "450 4.2.0 later")])
def test_line_of_two_failures_is_of_the_one_that_decides(spool, relay, tmp_path, logged, queue, answers):
    there = relay("ehlo pipelining", 'rcpt "%s" "%s"' % answers)
    done = spool.mysend("bob@example.org", "carl@example.org", stdin=TEXT, config=config(spool, there, tmp_path).replace("queue on", "queue " + queue))
    got = logged()
    assert done.status == 67 and (got["smtpstatus"], got["exitcode"]) == ("550", "EX_NOUSER") and "nobody" in got["smtpmsg"] and "nobody" in got["errormsg"]


def test_line_of_a_try_that_goes_on_is_of_who_waits(spool, relay, tmp_path, logged):
    spool.run("-odq", "-f", "", "bob@example.org", "carl@example.org", stdin=TEXT).ok()
    spool.mysend("-q", config=config(spool, relay("ehlo pipelining 8bitmime", 'rcpt "550 5.1.1 nobody" "450 4.2.0 later"'), tmp_path))
    got = logged()
    assert (got["smtpstatus"], got["exitcode"]) == ("450", "EX_TEMPFAIL") and "later" in got["errormsg"]
