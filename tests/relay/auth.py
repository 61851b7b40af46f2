"""The relay's side of SASL: each mechanism is a conversation that ends in who it was, or None."""
import base64
import hashlib
import hmac
import re


class Credentials:
    """What a client logged in with; password is None where the mechanism does not show it."""

    def __init__(self, mechanism, user, password=None, authzid="", ok=False):
        self.mechanism, self.user, self.password, self.authzid, self.ok = mechanism, user, password, authzid, ok

    def __repr__(self):
        return "Credentials(%s, %r, %r, ok=%r)" % (self.mechanism, self.user, self.password, self.ok)


WHY = b'{"status":"401","schemes":"bearer","scope":"mail"}'


def login(mechanism, initial, ask, who, certificate_name=None, why=WHY):
    """Runs the mechanism. ask(challenge bytes) -> answer bytes (None: cancelled); who: (user, password), None for anybody, or a function
    of user and token for the mechanisms that have one (the others then let nobody in). why: what is asked where a token is refused;
    None: nothing."""
    run = MECHANISMS.get(mechanism)
    if run is None:
        return None
    if callable(who) and mechanism not in ("XOAUTH2", "OAUTHBEARER"):
        who = ("\0", "\0")
    if initial is not None:
        initial = b"" if initial == "=" else base64.b64decode(initial)
    if run in BEARERS:
        return run(initial, ask, who, why)
    return run(initial, ask, who, certificate_name)


def right(who, user, password):
    return who is None or (who(user, password) if callable(who) else (user, password) == who)


def plain(initial, ask, who, _):
    answer = ask(b"") if initial is None else initial
    if answer is None or answer.count(b"\0") != 2:
        return None
    authzid, user, password = (part.decode("utf-8", "replace") for part in answer.split(b"\0"))
    return Credentials("PLAIN", user, password, authzid, right(who, user, password))


def login_(initial, ask, who, _):
    user = ask(b"Username:") if initial is None else initial
    password = ask(b"Password:") if user is not None else None
    if password is None:
        return None
    user, password = user.decode("utf-8", "replace"), password.decode("utf-8", "replace")
    return Credentials("LOGIN", user, password, ok=right(who, user, password))


def cram_md5(_initial, ask, who, _name):
    challenge = b"<1896.697170952@relay.test>"
    answer = ask(challenge)
    if answer is None or b" " not in answer:
        return None
    user, digest = answer.decode("utf-8", "replace").rsplit(" ", 1)
    if who is None:
        return Credentials("CRAM-MD5", user, ok=True)
    want = hmac.new(who[1].encode(), challenge, hashlib.md5).hexdigest()
    return Credentials("CRAM-MD5", user, ok=user == who[0] and hmac.compare_digest(want, digest))


def digest_md5(_initial, ask, who, _name):
    nonce = "OA6MG9tEQGm2hh"
    answer = ask(('realm="relay.test",nonce="%s",qop="auth",algorithm=md5-sess,charset=utf-8' % nonce).encode())
    if answer is None:
        return None
    fields = dict((k, v.strip('"')) for k, v in re.findall(r'([\w-]+)=("[^"]*"|[^,]*)', answer.decode("utf-8", "replace")))
    user = fields.get("username", "")
    if who is None:
        ok, rspauth = True, "0" * 32
    else:
        def md5(data):
            return hashlib.md5(data).digest()

        def response(method):
            a1 = md5(("%s:%s:%s" % (who[0], fields.get("realm", ""), who[1])).encode())
            a1 += (":%s:%s" % (nonce, fields.get("cnonce", ""))).encode()
            a2 = "%s:%s" % (method, fields.get("digest-uri", ""))
            text = "%s:%s:%s:%s:%s:%s" % (md5(a1).hex(), nonce, fields.get("nc", ""), fields.get("cnonce", ""),
                                          fields.get("qop", ""), md5(a2.encode()).hex())
            return md5(text.encode()).hex()
        ok = user == who[0] and response("AUTHENTICATE") == fields.get("response")
        rspauth = response("")
    if ok and ask(("rspauth=" + rspauth).encode()) is None:
        return None
    return Credentials("DIGEST-MD5", user, ok=ok)


def bearer(mechanism, pattern):
    def run(initial, ask, who, why):
        answer = ask(b"") if initial is None else initial
        found = re.search(pattern, answer or b"", re.S)
        if not found:
            return None
        user, token = found.group(1).decode(), found.group(2).decode()
        ok = right(who, user, token)
        if not ok and why is not None:
            ask(why)
        return Credentials(mechanism, user, token, ok=ok)
    return run


def external(initial, ask, who, certificate_name):
    answer = ask(b"") if initial is None else initial
    if answer is None:
        return None
    name = answer.decode("utf-8", "replace") or certificate_name or ""
    return Credentials("EXTERNAL", name, ok=who is None or name == who[0])


MECHANISMS = {
    "PLAIN": plain,
    "LOGIN": login_,
    "CRAM-MD5": cram_md5,
    "DIGEST-MD5": digest_md5,
    "XOAUTH2": bearer("XOAUTH2", rb"user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01"),
    "OAUTHBEARER": bearer("OAUTHBEARER", rb"n,a=([^,]*),\x01.*auth=Bearer ([^\x01]*)\x01"),
    "EXTERNAL": external,
}
BEARERS = (MECHANISMS["XOAUTH2"], MECHANISMS["OAUTHBEARER"])
