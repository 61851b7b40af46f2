"""The parts a scripted relay is made of (see PARTS below, which is also the help text)."""
import os
import shlex

import auth

PARTS = """\
A part is a line of words; quotes as in the shell. What no part mentions, a friendly relay would do.

  ehlo KEYWORD...            what EHLO offers: pipelining chunking 8bitmime smtputf8 size=1000000 dsn starttls
                             enhancedstatuscodes auth=plain,login ... ("ehlo" alone: nothing at all)
  ehlo-tls KEYWORD...        the same inside TLS (default: as ehlo, without STARTTLS)
  STAGE ACTION...            what the first, second, ... command of that stage gets; the last action repeats.
                             Stages: connect greet ehlo helo starttls auth-start auth mail rcpt data end bdat
                             bdat-last rset quit noop other. rcpt counts within a transaction, the others within
                             the relay's life (so "greet 421 220" refuses the first connection only)
  rcpt-to ADDRESS ACTION     what that recipient gets
  parameter NAME ACTION      what MAIL or RCPT get that have this parameter
  no-bdat ACTION             what BDAT gets; the octets behind it are read as commands
  body N ACTION              done once, when N octets of message data have come

Actions (in quotes when they hold blanks; several in a row are joined with " && "):
  ok                         the friendly answer
  NNN [TEXT]                 a reply; a line feed in TEXT makes it a reply of several lines; 421 closes
  raw TEXT                   these octets
  drop | reset | fin         close | close with a TCP reset | send no more, hear the client out, close
  close-notify               the end of TLS, politely
  hang                       answer no more (the client has to go)
  sleep SECONDS
  hold                       wait until the test calls relay.go()
  lines N [CODE]             a reply of N lines
  long N [CODE]              a reply of one line of N octets
  endless [CODE]             lines of a reply without an end
  endless-line [CODE]        a line without an end
  junk N                     N octets that are no reply

Whole-relay parts:
  unix PATH                  listen there, not on 127.0.0.1
  cert NAME                  good near-end expired wrong-name mail providers large self-signed other-ca (for starttls and implicit-tls)
  implicit-tls               TLS before the greeting
  client-cert                ask for a client certificate of the CA, and insist
  tls-max 1.0|1.1|1.2|1.3    at most that
  tls-ciphers LIST           only these, as OpenSSL names them
  user NAME PASSWORD         who may log in (default: anybody)
  why TEXT                   what a refused token gets behind 334, before the answer to AUTH; "": no 334
  require-auth               MAIL before AUTH gets 530
  drip SECONDS               every reply goes an octet at a time, so far apart
  delay SECONDS              every reply is that late
  drop-received N            close when the client has sent N octets
  drop-sent N                close when N octets have been sent
  lose N OCTETS              close one connection in N when so many octets or fewer (by a seed) have come
  greylist N                 one recipient in N gets 450 when he comes first; which ones, their addresses tell
  refuse N                   one recipient in N gets 550
  mails N                    MAIL gets 421 behind N messages that were taken in that session
  throttle RATE [STAGE]      a message gets 450 where more of them come in a second, all sessions together; at its end, or to
                             mail or rcpt
  patience SECONDS           how long to look for what is sent ahead where PIPELINING isn't offered (0.001)
  buffers N                  small socket buffers
  spelled lower|old|indented EHLO's keywords: in lower case; "AUTH=" for "AUTH "; behind a blank
  lax                        note violations, but do not fail the test for them
  sink                       keep no message text, only its size and SHA-256
  use NAME                   the parts in parts/NAME.relay, one a line
"""

STAGES = ("connect greet ehlo helo starttls auth-start auth mail rcpt data end bdat bdat-last rset quit noop "
          "other").split()


class Script:
    """What the parts say, as attributes."""

    def __init__(self, *parts):
        self.keywords = ["PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"]
        self.keywords_tls = None
        self.actions = {}      # stage -> list of actions
        self.rcpt_to = {}      # address -> action
        self.parameters = {}   # parameter -> action
        self.no_bdat = None    # action
        self.unix = None
        self.cert = "good"
        self.implicit = False
        self.client_cert = False
        self.tls_max = None
        self.tls_ciphers = None
        self.user = None
        self.why = auth.WHY
        self.require_auth = False
        self.drip = 0.0
        self.delay = 0.0
        self.drop_received = None
        self.drop_sent = None
        self.lose = None       # (one in so many, octets)
        self.greylist = self.refuse = self.mails = self.throttle = 0
        self.throttle_at = "end"
        self.body = None       # (octets, action)
        self.patience = 0.001
        self.buffers = None
        self.spelled = None
        self.lax = False
        self.sink = False
        for part in parts:
            self.add(part)

    def add(self, part):
        words = list(part) if isinstance(part, (tuple, list)) else shlex.split(part)
        if not words:
            return
        name, rest = words[0].lower(), words[1:]
        if name in ("ehlo", "ehlo-tls") and not (rest and is_action(rest[0])):
            offered = [keyword(word) for word in rest]
            if name == "ehlo":
                self.keywords = offered
            else:
                self.keywords_tls = offered
        elif name in STAGES:
            if rest:
                self.actions[name] = rest
        elif name == "rcpt-to":
            self.rcpt_to[rest[0].lower()] = " ".join(rest[1:])
        elif name == "parameter":
            self.parameters[rest[0].upper()] = " ".join(rest[1:])
        elif name == "no-bdat":
            self.no_bdat = " ".join(rest)
        elif name == "body":
            self.body = (int(rest[0]), " ".join(rest[1:]))
        elif name == "unix":
            self.unix = rest[0]
        elif name == "spelled":
            self.spelled = SPELLINGS[rest[0]]
        elif name == "cert":
            self.cert = rest[0]
        elif name == "implicit-tls":
            self.implicit = True
        elif name == "client-cert":
            self.client_cert = True
        elif name == "tls-max":
            self.tls_max = rest[0]
        elif name == "tls-ciphers":
            self.tls_ciphers = rest[0]
        elif name == "user":
            self.user = (rest[0], rest[1])
        elif name == "why":
            self.why = rest[0].encode() or None
        elif name == "require-auth":
            self.require_auth = True
        elif name in ("drip", "delay", "patience"):
            setattr(self, name, float(rest[0]))
        elif name == "lose":
            self.lose = (int(rest[0]), int(rest[1]))
        elif name == "throttle":
            self.throttle, self.throttle_at = int(rest[0]), (rest + ["end"])[1]
        elif name in ("drop-received", "drop-sent", "buffers", "greylist", "refuse", "mails"):
            setattr(self, name.replace("-", "_"), int(rest[0]))
        elif name in ("lax", "sink"):
            setattr(self, name, True)
        elif name == "use":
            path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "parts", rest[0] + ".relay")
            with open(path, encoding="utf-8") as lines:
                for line in lines:
                    if not line.startswith("#"):
                        self.add(line)
        else:
            raise ValueError("no such part: %r" % (part,))

    def action(self, stage, count):
        """The action for the count-th (from 0) command of the stage."""
        actions = self.actions.get(stage)
        if not actions:
            return "ok"
        return actions[min(count, len(actions) - 1)]

    def scripted(self, stage):
        return stage in self.actions

    def offers(self, tls):
        if tls:
            if self.keywords_tls is not None:
                return self.keywords_tls
            return [word for word in self.keywords if word != "STARTTLS"]
        return self.keywords


SPELLINGS = {"lower": str.lower, "old": lambda word: word.replace("AUTH ", "AUTH="), "indented": lambda word: "  " + word}
WORDS = {"ok", "drop", "reset", "fin", "close-notify", "hang", "hold", "raw", "sleep", "lines", "long", "endless", "endless-line", "junk"}


def is_action(word):
    first = word.split(" ")[0] if word else ""
    return (len(first) == 3 and first.isdigit()) or first in WORDS


def keyword(word):
    """size=1000 -> SIZE 1000, auth=plain,login -> AUTH PLAIN LOGIN."""
    name, _, value = word.partition("=")
    if not value:
        return name.upper()
    if name.lower() == "auth":
        value = value.upper().replace(",", " ")
    return name.upper() + " " + value


def steps(action):
    """An action's steps, each (kind, text)."""
    out = []
    for step in action.split(" && "):
        first, _, rest = step.partition(" ")
        if len(first) == 3 and first.isdigit():
            out.append(("reply", step))
        elif first in WORDS:
            out.append((first, rest))
        else:
            raise ValueError("no such action: %r" % step)
    return out


def reply_bytes(text):
    """'550 a\\nb' -> b'550-a\\r\\n550 b\\r\\n'."""
    code, words = text[:3], text[4:] if len(text) > 4 else "as scripted"
    lines = words.split("\n")
    out = b""
    for i, line in enumerate(lines):
        mark = " " if i == len(lines) - 1 else "-"
        out += (code + mark).encode() + line.encode("utf-8", "surrogateescape") + b"\r\n"
    return out
