"""What several modules start from: messages, ways of speaking, and lines of a configuration."""
import os
import re

import pytest

# --- messages -------------------------------------------------------------------------------------

PLAIN = b"Subject: x\n\nbody\n"
FROM_ANN = b"Subject: x\nFrom: a@b.example\n\nbody\n"
TO_BOB = b"Subject: x\nFrom: a@b.example\nTo: bob@example.org\n\ntext\n"
HEAD = b"Subject: x\nDate: Mon, 23 Nov 2026 10:00:00 +0000\nMessage-ID: <1@host>\nFrom: a@b.example\nTo: bob@example.org\n"
WHOLE = HEAD + b"MIME-Version: 1.0\nContent-Type: text/plain\n\ncafe\n.\nend\n"
# What is signed waits in 8 bits, too.
SIGNED = HEAD + b"DKIM-Signature: v=1; d=b.example\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n" \
    b"Content-Transfer-Encoding: 8bit\n\ncaf\xc3\xa9\n.\nend\n"

# --- how a relay is spoken to -----------------------------------------------------------------------

STYLES = {"lockstep": "ehlo 8bitmime", "pipelining": "ehlo pipelining 8bitmime", "chunking": "ehlo chunking 8bitmime",
          "pipelining-chunking": "ehlo pipelining chunking 8bitmime"}
EVERY_STYLE = pytest.mark.parametrize("ehlo", STYLES.values(), ids=STYLES.keys())

# --- configurations -------------------------------------------------------------------------------

BASE = "account default\nhost 127.0.0.1\nport 1\ntls off\nfrom me@example.net\nmaildomain mail.example\naliases off\nqueue off\n"
LOGIN = "user joe\nauth plain\npassword hunter2secret\n"


def login(auth, user="joe", password="secret"):
    return "user %s\npassword %s\nauth %s\n" % (user, password, auth)


def trusting(one, certs, *lines):
    """An account for that relay, whose certificate it trusts."""
    return "account default\nhost 127.0.0.1\nport %d\nfrom me@example.net\ntls_trust_file %s\n%s" % (
        one.port, os.path.join(certs, "ca.pem"), "".join(line + "\n" for line in lines))


# --- users ----------------------------------------------------------------------------------------

EVE = 54321     # a user of nobody's
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

# --- the log --------------------------------------------------------------------------------------

def fields(line):
    """key=value pairs of a log line; values may be quoted."""
    return {key: value.strip("'\"") for key, value in re.findall(r"(\w+)=('[^']*'|\"[^\"]*\"|[^ ]*)", line)}
