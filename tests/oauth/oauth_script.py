"""The parts a scripted provider is made of (see PARTS below, which is also the help text)."""
import shlex

PARTS = """\
A part is a line of words; quotes as in the shell. What no part mentions, a friendly provider would do.

  app ID [SECRET]            the only client that is known (without SECRET: a public one); default: any, with any secret
  scope TEXT                 the only scope that is given; with any other, invalid_scope
  login USER                 whose mailbox the tokens are for (default: me@example.net)
  lasts SECONDS              how long an access token is good, and what expires_in says (3600)
  expires-in JSON            what expires_in says instead; "none": nothing
  refresh KIND               what a refresh does with the refresh token:
                             keep        the answer has none, the old one stays good (the default; Google)
                             same        the answer has the same one
                             rotate      the answer has a new one, the old one stays good too (Microsoft)
                             until-used  the answer has a new one; once that is used, the old one is dead
                             single      the answer has a new one, the old one is dead; used again, so is all of its login
  login-without-refresh      a login's answer has no refresh token
  assertion client|bearer    what a client must show instead of a secret: client_assertion, or the grant jwt-bearer
  device LASTS INTERVAL      what the device endpoint says of both (900 5)
  interval-checked           who polls faster than that is told to slow down, and is a violation afterwards
  code-lasts SECONDS         how long a code from authorize is good (600)
  member NAME JSON           stands in each answer that has a token
  skew SECONDS               by so much the Date of an answer is ahead; "none": it has no Date
  path FROM TO               what is asked for at FROM is answered as at TO: /token, /devicecode, /authorize, /revoke, /introspect
  tls [CERT]                 https, with a certificate of tests/relay/certs.py (good)
  lax                        note violations, but do not fail the test for them
  STAGE ACTION...            what the first, second, ... request of that stage gets; the last action repeats. Stages:
                             connect, and token (any request at /token of which its own stage says nothing): client refresh
                             code poll bearer; device authorize revoke introspect

An action is steps, joined with " && " (in quotes: they hold blanks). First, how an answer goes:
  sleep SECONDS | hold       it is that late | it waits until the test calls provider.go()
  drip SECONDS               an octet of the body at a time, so far apart; drip-all: of the header, too
  chunked | gzip | http10 | unsized      its form; unsized: neither length nor chunks, closed behind it
  type TEXT | header LINE | no-date      what its header says
  as NNN                     with that status
  pad N                      so many octets of white space behind its body
  member NAME JSON           with that member, too
then what it says (if nothing: what a friendly provider would):
  ok
  error NAME [DESCRIPTION]   an error of RFC 6749 5.2, or one of those by number: AADSTS7000215, google-expired ... (ERRORS)
  NNN [TEXT]                 that status, and the text as text/plain
  retry NNN SECONDS          that status, with Retry-After
  html [NNN]                 a page
  json TEXT | text TEXT      200 with that body
  nothing                    200 without a body
  junk N                     200 and N octets that are no JSON
  deep N                     JSON in so many brackets
  duplicate                  the friendly answer with its first member twice
  huge N                     JSON of N octets
  endless | endless-chunks | endless-header
  redirect NNN URL
  raw TEXT                   these octets, and no HTTP; the connection is closed
  drop | reset | hang        without looking at the request: close it, reset it, or say nothing until the client goes
  lose                       does what is asked for, closes without an answer
  half                       half of the friendly answer, then closes
"""

STAGES = ("connect", "token", "client", "refresh", "code", "poll", "bearer", "device", "authorize", "revoke", "introspect")
KINDS = ("keep", "same", "rotate", "until-used", "single")
HOW = {"sleep", "hold", "drip", "drip-all", "chunked", "gzip", "http10", "unsized", "type", "header", "no-date", "as", "pad", "member"}
WHAT = {"ok", "error", "retry", "html", "json", "text", "nothing", "junk", "deep", "duplicate", "huge", "endless", "endless-chunks",
        "endless-header", "redirect", "raw", "drop", "reset", "hang", "lose", "half"}

# What Microsoft and Google say, by number or by a name: (status, error, description).
ERRORS = {
    "AADSTS7000215": (401, "invalid_client", "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
                                             "not the client secret ID, for a secret added to app 'a'."),
    "AADSTS7000222": (401, "invalid_client", "The provided client secret keys for app 'a' are expired."),
    "AADSTS7000218": (401, "invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."),
    "AADSTS700016": (400, "unauthorized_client", "Application with identifier 'a' was not found in the directory 'Contoso'."),
    "AADSTS90002": (400, "invalid_request", "Tenant 'nowhere.example' not found."),
    "AADSTS900023": (400, "invalid_request", "Specified tenant identifier 'nowhere' is neither a valid DNS name, nor a valid external domain."),
    "AADSTS65001": (400, "invalid_grant", "The user or administrator has not consented to use the application with ID 'a'."),
    "AADSTS70008": (400, "invalid_grant", "The provided authorization code or refresh token has expired due to inactivity."),
    "AADSTS700082": (400, "invalid_grant", "The refresh token has expired due to inactivity. The token was inactive for 90.00:00:00."),
    "AADSTS50173": (400, "invalid_grant", "The provided grant has expired due to it being revoked, a fresh auth token is needed."),
    "AADSTS50076": (400, "interaction_required", "Due to a configuration change made by your administrator, or because you moved to a new location, "
                                                 "you must use multi-factor authentication to access 'm'."),
    "AADSTS50079": (400, "interaction_required", "You must enroll in multi-factor authentication to access 'm'."),
    "AADSTS53003": (400, "interaction_required", "Access has been blocked by Conditional Access policies."),
    "AADSTS90033": (503, "temporarily_unavailable", "A transient error has occurred. Please try again."),
    "google-expired": (400, "invalid_grant", "Token has been expired or revoked."),
    "google-bad": (400, "invalid_grant", "Bad Request"),
    "google-client": (401, "invalid_client", "The OAuth client was not found."),
    "google-secret": (401, "invalid_client", "Unauthorized"),
    "google-scope": (400, "invalid_scope", "Invalid device flow scope: https://mail.google.com/"),
    "google-revoked": (400, "invalid_grant", "Account has been deleted"),
}
TRACE = " Trace ID: 0d9b7a3e-0000-0000-0000-000000000000 Correlation ID: 5b1d3c11-0000-0000-0000-000000000000 Timestamp: 2026-11-30 06:30:00Z"


def error(name, description=""):
    """(status, members) of an answer that says so."""
    if name not in ERRORS:
        status = 401 if name == "invalid_client" else 503 if name == "temporarily_unavailable" else 400
        return status, {"error": name, **({"error_description": description} if description else {})}
    status, word, text = ERRORS[name]
    if not name.startswith("AADSTS"):
        return status, {"error": word, "error_description": text}
    number = int(name[6:])
    return status, {"error": word, "error_description": "%s: %s%s" % (name, text, TRACE), "error_codes": [number],
                    "timestamp": "2026-11-30 06:30:00Z", "trace_id": "0d9b7a3e-0000-0000-0000-000000000000",
                    "error_uri": "https://login.microsoftonline.com/error?code=%d" % number}


class Script:
    """What the parts say, as attributes."""

    def __init__(self, *parts):
        self.client = None          # (id, secret)
        self.scope = None
        self.login = "me@example.net"
        self.lasts = 3600.0
        self.expires_in = None      # JSON as text, or "none"
        self.refresh = "keep"
        self.login_refresh = True
        self.assertion = None
        self.device = (900, 5)
        self.interval_checked = False
        self.code_lasts = 600.0
        self.members = {}           # name -> JSON as text
        self.paths = {}             # of other providers -> ours
        self.skew = 0
        self.tls = None
        self.lax = False
        self.actions = {}           # stage -> list of actions
        for part in parts:
            self.add(part)

    def add(self, part):
        words = list(part) if isinstance(part, (tuple, list)) else shlex.split(part)
        if not words:
            return
        name, rest = words[0], words[1:]
        if name == "refresh" and rest and rest[0] in KINDS:
            self.refresh = rest[0]
        elif name == "device" and rest and rest[0].isdigit():
            self.device = (int(rest[0]), int(rest[1]))
        elif name in STAGES:
            for action in rest:
                steps(action)       # a mistake is told at once
            self.actions[name] = rest
        elif name == "app":
            self.client = (rest[0], rest[1] if len(rest) > 1 else "")
        elif name in ("scope", "login", "assertion"):
            setattr(self, name, rest[0])
        elif name in ("lasts", "code-lasts"):
            setattr(self, name.replace("-", "_"), float(rest[0]))
        elif name == "expires-in":
            self.expires_in = rest[0]
        elif name == "login-without-refresh":
            self.login_refresh = False
        elif name in ("interval-checked", "lax"):
            setattr(self, name.replace("-", "_"), True)
        elif name == "member":
            self.members[rest[0]] = rest[1]
        elif name == "path":
            self.paths[rest[0]] = rest[1]
        elif name == "skew":
            self.skew = None if rest[0] == "none" else float(rest[0])
        elif name == "tls":
            self.tls = (rest + ["good"])[0]
        else:
            raise ValueError("no such part: %r" % (part,))

    def stage(self, stage, at_token):
        """Of which of the stages the request counts."""
        return "token" if at_token and stage not in self.actions else stage

    def action(self, stage, count):
        """The action for the count-th (from 0) request of the stage."""
        actions = self.actions.get(stage)
        return actions[min(count, len(actions) - 1)] if actions else "ok"


def steps(action):
    """An action's steps, each (kind, text)."""
    out = []
    for step in action.split(" && "):
        first, _, rest = step.partition(" ")
        if len(first) == 3 and first.isdigit():
            out.append(("status", step))
        elif first in HOW or first in WHAT:
            out.append((first, rest))
        else:
            raise ValueError("no such action: %r" % step)
    return out
