"""What a stranger's address makes the host look up: once a process, and not for long."""
import time

import pytest
from given import PLAIN as TEXT
from waiting import SOON


@pytest.fixture
def named(mysend, library, tmp_path):
    """named(args, ...): a run on a host called web1; the result, and what was looked up."""
    log = tmp_path / "lookups"
    path = library("names")

    def run(*args, silent=False, **more):
        log.unlink(missing_ok=True)
        env = {"LD_PRELOAD": path, "NAMES_LOG": str(log), **({"NAMES_SILENT": "1"} if silent else {})}
        result = mysend(*args, env=env, **more)
        return result, log.read_text(encoding="ascii").splitlines() if log.exists() else []
    return run


def dialogue(recipients, mails=1):
    one = b"MAIL FROM:<a@b.example>\r\n" + b"".join(b"RCPT TO:<%s>\r\n" % r for r in recipients) + b"DATA\r\nSubject: x\r\n\r\nbody\r\n.\r\n"
    return b"EHLO x\r\n" + one * mails + b"QUIT\r\n"


@pytest.mark.parametrize("how", ["arguments", "-t", "-bs"])
def test_domains_that_begin_like_the_host_cost_one_lookup_a_process(named, relay, tmp_path, how):
    one = relay("ehlo pipelining")
    aliases = tmp_path / "aliases"
    aliases.write_text("root: w@web1.other.example, v@web1.third.example\n", encoding="ascii")
    to = ["u%d@web1.evil%d.example" % (i, i) for i in range(60)]
    config = "maildomain mail.example\naliases %s\n" % aliases
    if how == "-bs":
        result, looked = named("-bs", stdin=dialogue([address.encode() for address in to], 3), relay=one, config=config)
    elif how == "-t":
        result, looked = named("-t", stdin=b"To: " + b",\n ".join(address.encode() for address in to) + b"\n" + TEXT, relay=one, config=config)
    else:
        result, looked = named(*to, stdin=TEXT, relay=one, config=config)
    assert result.status == 0 and [mail.recipients for mail in one.messages] == [to] * (3 if how == "-bs" else 1), result
    assert looked == ["getaddrinfo web1"]


def test_silent_name_servers_are_waited_for_once_and_not_for_half_a_minute(named, relay):
    one = relay("ehlo pipelining")
    to = ["u%d@web1.evil%d.example" % (i, i) for i in range(20)]
    began = time.monotonic()
    result, looked = named(*to, stdin=TEXT, relay=one, config="maildomain mail.example\n", silent=True)
    assert result.status == 0 and one.message.recipients == to and looked == ["getaddrinfo web1"], result
    assert time.monotonic() - began < SOON


def test_other_domains_cost_none(named, relay):
    one = relay("ehlo pipelining")
    result, looked = named("a@web2.example", "b@web1", "c@web10.example", "d@other.web1.example", stdin=TEXT, relay=one, config="maildomain mail.example\n")
    assert result.status == 0 and looked == [], looked


def test_domains_beyond_ascii_cost_one_locale_a_process(named, relay):
    one = relay("ehlo pipelining")
    to = ["u@b\u00fccher%d.example" % i for i in range(50)]
    result, looked = named("-t", stdin=("To: " + ", ".join(to) + "\nSubject: x\n\nbody\n").encode(), relay=one, config="maildomain mail.example\n")
    assert result.status == 0 and len(one.message.recipients) == 50 and one.message.recipients[0].startswith("u@xn--"), result
    assert looked == ["newlocale C.UTF-8"]
