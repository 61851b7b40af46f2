"""What a provider has given, to whom, and what of it is still good: clients, codes, logins, tokens (RFC 6749, 7009, 7523, 7636, 7662, 8628)."""
import base64
import hashlib
import re
import secrets
import threading
import time
import urllib.parse

import oauth_script

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
STAGE_OF = {"client_credentials": "client", "refresh_token": "refresh", "authorization_code": "code", DEVICE: "poll", BEARER: "bearer"}


class No(Exception):
    """An error of RFC 6749 5.2; violation: no client of good sense asks so."""

    def __init__(self, name, description="", violation=False):
        super().__init__(name)
        self.name, self.description, self.violation = name, description, violation


class Login:
    """What one login has come to: all its tokens die with it."""

    def __init__(self, client, user, scope):
        self.client, self.user, self.scope, self.alive = client, user, scope, True


class Token:
    def __init__(self, text, login, until, kind="access"):
        self.text, self.login, self.until, self.kind = text, login, until, kind
        self.dead = False
        self.before = None      # of a refresh token: the one it came for

    def is_good(self):
        return not self.dead and self.login.alive and time.monotonic() < self.until


class Code:
    """An authorization code (RFC 6749 4.1.2) or a device code (RFC 8628 3.2)."""

    def __init__(self, text, client, scope, until):
        self.text, self.client, self.scope, self.until = text, client, scope, until
        self.login = self.challenge = self.redirect_uri = self.user_code = None
        self.state, self.used, self.interval, self.asked, self.warned = "pending", False, 0, None, False


class Grants:
    def __init__(self, script):
        self.script, self.lock = script, threading.RLock()
        self.tokens, self.codes, self.secrets = {}, {}, []      # text -> Token, text -> Code; all that nobody else may see
        self.last_login = None

    # --- what is made ---------------------------------------------------------------------------

    def secret(self, start):
        """A text that nobody else has, of letters that must be escaped in a form, and may stand in a token (RFC 6750 2.1)."""
        text = "%s.%s~+/%s==" % (start, secrets.token_hex(12), secrets.token_hex(4))
        self.secrets.append(text)
        return text

    def token(self, login, kind, lasts):
        # A refresh token may be any printable text (RFC 6749 A.17): it has also what a form gives a meaning to.
        text = self.secret("at") if kind == "access" else self.secret("rt%2B&x=1+")
        made = self.tokens[text] = Token(text, login, time.monotonic() + lasts, kind)
        return made

    def answer(self, login, refresh=None):
        access = self.token(login, "access", self.script.lasts)
        said = {"token_type": "Bearer", "access_token": access.text, "expires_in": int(self.script.lasts)}
        if self.script.expires_in == "none":
            del said["expires_in"]
        if refresh:
            said["refresh_token"] = refresh.text
        if login.scope:
            said["scope"] = login.scope
        return said

    def user_token(self, user=None, scope=""):
        """(access token, refresh token) of a login that has been, for a state that a test writes itself."""
        with self.lock:
            login = self.last_login = Login(self.script.client[0] if self.script.client else None, user or self.script.login, scope)
            return self.token(login, "access", self.script.lasts).text, self.token(login, "refresh", 1e9).text

    # --- what is asked for ----------------------------------------------------------------------

    def ask(self, stage, form):
        """(status, members) of the answer to a request at /token, /devicecode, /revoke, /introspect."""
        with self.lock:
            if stage == "introspect":
                return 200, self.introspect(form)
            try:
                return 200, getattr(self, "ask_" + stage)(form, self.client_of(stage, form))
            except No as no:
                status, said = oauth_script.error(no.name, no.description)
                if no.violation:
                    said["violation"] = no.description
                return status, said

    def client_of(self, stage, form):
        """Who asks (RFC 6749 2.3.1); it must be the one who is known."""
        name, given = form.get("client_id"), form.get("client_secret", "")
        if stage == "bearer" or (stage != "device" and "client_assertion" in form):
            return self.asserted(stage, form)
        if not name:
            raise No("invalid_client", "no client_id", True)
        known = self.script.client
        if known and name != known[0]:
            raise No("invalid_client", "no such client")
        if self.script.assertion and stage in ("client", "refresh"):
            raise No("invalid_client", "no assertion")
        # The requests of RFC 8628 3.1 and 7009 2.1 of a public client have none.
        if known and given != known[1] and stage not in ("device", "revoke"):
            raise No("invalid_client", "wrong secret")
        if stage == "client" and not given:
            raise No("invalid_client", "client credentials without credentials")
        return name

    def asserted(self, stage, form):
        """RFC 7523 2.1, 2.2: is it there, and has it the form of a JWT."""
        shown = form.get("assertion" if stage == "bearer" else "client_assertion", "")
        if not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", shown):
            raise No("invalid_grant" if stage == "bearer" else "invalid_client", "that is no JWT", True)
        if stage != "bearer" and form.get("client_assertion_type") != ASSERTION:
            raise No("invalid_client", "client_assertion without its type", True)
        if "client_secret" in form:
            raise No("invalid_request", "a secret and an assertion", True)
        if self.script.assertion != ("bearer" if stage == "bearer" else "client"):
            raise No("invalid_client", "no client of mine shows that")
        self.secrets.append(shown)
        return form.get("client_id") or "asserted"

    def scope_of(self, form):
        asked = form.get("scope", "")
        if self.script.scope and asked != self.script.scope:
            raise No("invalid_scope", "not %r" % asked)
        return asked

    def ask_token(self, form, _client):
        raise No("unsupported_grant_type", repr(form.get("grant_type")), True)

    def ask_client(self, form, client):
        return self.answer(Login(client, self.script.login, self.scope_of(form)))

    ask_bearer = ask_client

    def ask_refresh(self, form, client):
        old = self.tokens.get(form.get("refresh_token"))
        if old is None or old.kind != "refresh":
            raise No("invalid_grant", "no such refresh token")
        if old.login.client not in (None, client):
            raise No("invalid_grant", "it was given to another client")
        if not old.is_good():
            if self.script.refresh == "single" and old.dead:
                old.login.alive = False
            raise No("invalid_grant", "the refresh token is not good any more")
        if form.get("scope", old.login.scope) != old.login.scope and old.login.scope:
            raise No("invalid_scope", "more than was given")
        kind = self.script.refresh
        if kind == "keep":
            return self.answer(old.login)
        if kind == "same":
            return self.answer(old.login, old)
        if kind == "until-used" and old.before:
            old.before.dead = True
        new = self.token(old.login, "refresh", 1e9)
        new.before = old
        if kind == "single":
            old.dead = True
        return self.answer(old.login, new)

    def logged_in(self, code):
        code.used = True
        code.login = self.last_login = Login(code.client, self.script.login, code.scope)
        return self.answer(code.login, self.token(code.login, "refresh", 1e9) if self.script.login_refresh else None)

    def ask_code(self, form, client):
        code = self.codes.get(form.get("code"))
        if code is None or code.user_code:
            raise No("invalid_grant", "no such code")
        if code.used:
            code.login.alive = False        # RFC 6749 4.1.2
            raise No("invalid_grant", "the code was used before")
        if client != code.client:
            raise No("invalid_grant", "it was given to another client")
        if time.monotonic() >= code.until:
            raise No("invalid_grant", "the code is too old")
        if form.get("redirect_uri") != code.redirect_uri:
            raise No("invalid_grant", "redirect_uri is not that of the login", True)
        verifier = form.get("code_verifier", "")
        if not re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier):
            raise No("invalid_request", "code_verifier is not of RFC 7636 4.1", True)
        self.secrets.append(verifier)
        if challenge_of(verifier) != code.challenge:
            raise No("invalid_grant", "code_verifier does not fit", True)
        return self.logged_in(code)

    def ask_device(self, form, client):
        code = Code(self.secret("dc"), client, self.scope_of(form), time.monotonic() + self.script.device[0])
        code.interval = self.script.device[1]
        code.challenge = form.get("code_challenge")     # not in RFC 8628, but Keycloak has it
        code.user_code = "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(8))
        self.codes[code.text] = code
        return {"device_code": code.text, "user_code": code.user_code[:4] + "-" + code.user_code[4:], "expires_in": self.script.device[0], "interval": code.interval}

    def ask_poll(self, form, client):
        code = self.codes.get(form.get("device_code"))
        if code is None or not code.user_code or code.used:
            raise No("invalid_grant", "no such device_code")
        if client != code.client:
            raise No("invalid_grant", "it was given to another client")
        now, before, code.asked = time.monotonic(), code.asked, time.monotonic()
        if self.script.interval_checked and before is not None and now - before < code.interval:
            warned, code.warned = code.warned, True
            code.interval += 5
            raise No("slow_down", "asked again after %.3f s" % (now - before), warned)
        if code.challenge and challenge_of(form.get("code_verifier", "")) != code.challenge:
            raise No("invalid_grant", "code_verifier does not fit", True)
        self.secrets.append(form.get("code_verifier", ""))
        if now >= code.until:
            raise No("expired_token", "the device_code is too old")
        if code.state == "pending":
            raise No("authorization_pending", "nobody has typed the code")
        if code.state != "approved":
            raise No(code.state)
        return self.logged_in(code)

    def ask_revoke(self, form, client):
        token = self.tokens.get(form.get("token"))
        if token and token.login.client in (None, client):
            token.dead = True
            if token.kind == "refresh":
                token.login.alive = False
        return {}       # RFC 7009 2.2: also where nobody knows it

    def introspect(self, form):
        token = self.tokens.get(form.get("token"))
        if token is None or token.kind != "access" or not token.is_good():
            return {"active": False}
        return {"active": True, "token_type": "Bearer", "username": token.login.user, "email": token.login.user, "sub": token.login.user,
                "client_id": token.login.client, "scope": token.login.scope, "exp": int(time.time() + token.until - time.monotonic())}

    # --- a person's login -----------------------------------------------------------------------

    def wants_login(self, query):
        """What is wrong with a request at /authorize (RFC 6749 4.1.1, 7636 4.3, 8252 7.3), or None."""
        where = urllib.parse.urlsplit(query.get("redirect_uri", ""))
        wrong = [("response_type=code", query.get("response_type") == "code"),
                 ("client_id", query.get("client_id") and (not self.script.client or query["client_id"] == self.script.client[0])),
                 ("code_challenge_method=S256", query.get("code_challenge_method") == "S256"),
                 ("code_challenge", re.fullmatch(r"[A-Za-z0-9_-]{43}", query.get("code_challenge", ""))),
                 ("state", len(query.get("state", "")) >= 16),
                 ("redirect_uri on loopback", where.scheme == "http" and where.hostname in ("127.0.0.1", "::1", "localhost") and where.port and not where.fragment)]
        return next((name for name, right in wrong if not right), None)

    def allow(self, query):
        """Where the browser goes once its user has allowed it."""
        with self.lock:
            code = Code(self.secret("4/0A%2F+"), query["client_id"], query.get("scope", ""), time.monotonic() + self.script.code_lasts)
            code.challenge, code.redirect_uri = query["code_challenge"], query["redirect_uri"]
            self.codes[code.text] = code
            return back_to(query, code=code.text)

    def device_of(self, user_code=None):
        """The device code that has that user code; None: the newest."""
        with self.lock:
            typed = re.sub("[^A-Z]", "", (user_code or "").upper())
            found = [code for code in self.codes.values() if code.user_code and (user_code is None or code.user_code == typed)]
            return found[-1] if found else None


def challenge_of(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def back_to(query, **more):
    mark = "&" if urllib.parse.urlsplit(query["redirect_uri"]).query else "?"
    return query["redirect_uri"] + mark + urllib.parse.urlencode({"state": query["state"], **more})
