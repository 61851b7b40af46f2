"""-bS: messages go ahead of the answers to those before them, and what is told of them is what it was when they went one by one."""
import os

import pytest

import bsmtp


def waiting(top):
    """Who waits in the queue, by mail."""
    folder, found = os.path.join(top, "queue"), []
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if not name.endswith(".state"):
            with open(os.path.join(folder, name), "rb") as file:
                words = file.read().split(b"\n\n")[0].decode().split()
            found.append(",".join(word.strip("<>").split("@")[0] for word in words if word.endswith("@example.org>")))
    return " ".join(sorted(found))


def short(recipients):
    return ",".join(one.replace("@example.org", "").replace("@mail.example", "@local") for one in recipients)


@pytest.mark.parametrize("name, parts, config, args, text", bsmtp.ROWS, ids=[one[0] for one in bsmtp.ROWS])
def test_what_becomes_of_each_message_is_told_as_ever(mysend, relay, tmp_path, name, parts, config, args, text):
    there = relay(*parts) if parts else None
    aliases, spool = mysend.file("bad: |cat\n", name="aliases"), str(tmp_path / "spool")
    where = mysend.where(there) if there else "host 127.0.0.1\nport 1\ntls off\n"
    done = mysend("-bS", *args, stdin=text, config="account default\n" + where + "from me@example.net\nmaildomain mail.example\n" +
                  config % {"spool": spool, "aliases": aliases})
    told = done.err.replace("127.0.0.1:%d" % (there.port if there else 1), "RELAY").replace(str(tmp_path), "TMP").splitlines()
    got = " ".join(short(mail.recipients) for mail in there.messages) if there else ""
    assert (done.status, got, waiting(spool), told) == (
        bsmtp.ANSWERS[name][0], bsmtp.ANSWERS[name][1], bsmtp.ANSWERS[name][2], ["mysend: " + line for line in bsmtp.ANSWERS[name][3]]), done
    assert ("MAIL FROM" in done.out) == ("--dry-run" in args)
