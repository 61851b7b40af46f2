"""--probe and a mail agree: where the mail goes through, nothing fails; where it fails, the probe fails there, with the same words, hint and status."""
import re

import pytest

from first_hour import STAGES
from test_first_hour_relays import HEAD, ROWS, TEXT

LATER = ("DATA", "end of message", "message")      # no probe comes so far
FINE = ["ehlo", "ehlo pipelining", "ehlo pipelining chunking 8bitmime size=1000000", "ehlo dsn smtputf8", "ehlo starttls"]


def plain(text):
    return re.sub(r"after \d+ millisec|message of \d+ octets", "N", text)


def agree(mail, probe):
    told = re.match(r"mysend: (?:(name look-up|connect|greeting|TLS|login|MAIL FROM|RCPT TO|DATA|end of message|message)(?::<[^>]*>)? to \S+: )?(.*)\n"
                    r"(?:mysend: hint: (.*)\n)?", plain(mail.err))
    failed = re.findall(r"^(\S+) +FAIL +(.*)\n(?: {16}hint: (.*)\n)?", plain(probe.out), re.M)
    assert len(failed) < 2, probe
    if mail.status == 0 or (told and told.group(1) in LATER):
        assert (probe.status, failed) == (0, []), (mail, probe)
        return
    assert told and failed, (mail, probe)
    (stage, words, hint), = failed
    assert probe.status == mail.status and hint == (told.group(3) or ""), (mail, probe)
    assert words.endswith(told.group(2)) and (words == told.group(2) or stage == "connect"), (mail, probe)
    assert stage == STAGES.get(told.group(1), stage), (mail, probe)
    assert told.group(1) or stage in ("config", "secret", "sender"), (mail, probe)


@pytest.mark.parametrize("row", [row for row in ROWS if len(row) < 7], ids=lambda row: row[0])
def test_the_probe_fails_where_a_mail_does_and_says_the_same(mysend, relay, certs, library, row):
    parts, config = row[1:3]
    to = row[5] if len(row) > 5 else "bob@example.org"
    found = []
    for args in (), ("--probe",):
        one = relay(*parts, "lax") if parts is not None else None
        port = str(one.port if one else 1)
        where = "" if "relay " in config else ("" if "host " in config else "host 127.0.0.1\n") + ("" if "port " in config else "port %s\n" % port)
        lines = HEAD + ("" if "from " in config else "from me@example.net\n") + where + config.replace("CERTS", certs).replace("PORT", port)
        done = mysend(*args, to, stdin=TEXT, config=lines, env={"LD_PRELOAD": library("resolves")})
        done.err, done.out = (text.replace(port, "PORT") if one else text for text in (done.err, done.out))
        found.append(done)
        assert not args or not one or not one.messages
    agree(*found)


@pytest.mark.parametrize("to", ["bob@example.org", "root", "joe@localhost"])
@pytest.mark.parametrize("part", FINE)
def test_where_a_mail_goes_through_nothing_fails(mysend, relay, certs, part, to):
    tls = "starttls" in part
    config = HEAD + "from me@example.net\nhost 127.0.0.1\nport PORT\n" + ("tls_trust_file %s/ca.pem\n" % certs if tls else "tls off\n")
    one = relay(part)
    lines = config.replace("PORT", str(one.port))
    mail = mysend(to, stdin=TEXT, config=lines)
    assert mail.status == 0, mail
    agree(mail, mysend("--probe", to, config=lines))
    assert len(one.messages) == 1
