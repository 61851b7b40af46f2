"""A probe: its stages by name, what one looks like that has failed; and a mail and a probe of the same set-up, compared."""
import re

from first_hour import STAGES

UNTRIED = ("-", "not tried", "")
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


def stages(out):
    """{stage: (result, detail, hint)} in the order of the lines."""
    found, last = {}, None
    for line in out.splitlines():
        if line.startswith(" " * 16 + "hint: "):
            found[last] = found[last][:2] + (line[22:],)
        elif not line.startswith("account ") and line:
            last = line[:9].strip()
            assert last not in found, out
            found[last] = (line[10:15].strip(), line[16:], "")
    return found


def probe(mysend, *args, **more):
    result = mysend("--probe", *args, **more)
    result.stages = {} if "--json" in args else stages(result.out)
    return result


def sent_nothing(one):
    said = [line.text for session in one.sessions for line in session.lines]
    assert not [line for line in said if line.upper().startswith(("DATA", "BDAT"))], said
    assert one.messages == []


def fails(result, stage, status):
    """That stage has failed, those before it have not, and those behind it up to the offers were not tried."""
    assert result.status == status, result
    names = list(result.stages)
    at = names.index(stage)
    assert result.stages[stage][0] == "FAIL", result
    assert all(result.stages[name][0] in ("ok", "warn") for name in names[:at]), result
    behind = [name for name in names[at + 1:] if name not in ("callers", "fallback", "offers")]
    assert all(result.stages[name] == UNTRIED for name in behind), result
    return result.stages[stage]
