"""A mail and a probe of the same set-up, compared."""
import re

from first_hour import STAGES

LATER = ("DATA", "end of message", "message")      # no probe comes so far


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
