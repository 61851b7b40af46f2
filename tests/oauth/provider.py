#!/usr/bin/python3
"""A scripted OAuth2 provider: composed of parts, strict about what it is asked, with a record of all of it.

    with Provider("app app s3cret", "refresh single", "token ok 503") as provider:
        ... config: provider.account("login", state=FOLDER) ...
        provider.browse(URL)                    # a person with a browser, who allows it
        provider.approve()                      # a person who types the device's code
    provider.asked("refresh")[0].form, .time, .headers; provider.violations; provider.is_good(token)

Threads, one a connection, so that each conversation reads straight down. By hand: provider.py --help.
"""
import argparse
import html
import json
import os
import select
import shutil
import signal
import socket
import ssl
import struct
import sys
import tempfile
import threading
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "relay"))

import answers  # noqa: E402
import certs  # noqa: E402
import grants  # noqa: E402
import oauth_script  # noqa: E402
from browser import Browser  # noqa: E402
from waiting import PATIENCE, SOON, wait_for  # noqa: E402

PATHS = {"/token": "token", "/devicecode": "device", "/revoke": "revoke", "/introspect": "introspect", "/authorize": "authorize", "/allow": "allow",
         "/device": "page"}
FORM = "application/x-www-form-urlencoded"
PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>%(title)s</title></head><body><h1>%(title)s</h1>
<form method="post" action="%(action)s">%(fields)s<button>%(button)s</button></form></body></html>
"""


class Gone(Exception):
    """The connection is over."""


class Request:
    """As it came, and what it got."""

    def __init__(self, line, headers, body, tls):
        self.time, self.line, self.headers, self.body, self.tls = time.monotonic(), line, headers, body, tls
        self.method, self.target, self.version = (line.split(" ") + ["", ""])[:3]
        where = urllib.parse.urlsplit(self.target)
        self.path, self.raw_query = where.path, where.query
        self.query, self.form = dict(urllib.parse.parse_qsl(where.query, True)), {}
        self.stage = self.status = self.answer = None

    def __repr__(self):
        return "%s %s %r -> %s" % (self.method, self.path, sorted(self.form), self.status)


class Connection:
    """One client: requests in, answers out, as the script says."""

    def __init__(self, provider, sock):
        self.provider, self.sock, self.buffer, self.tls, self.ended = provider, sock, b"", None, False
        self.received = b""         # the first MiB

    # --- octets ---------------------------------------------------------------------------------

    def receive(self):
        try:
            data = self.sock.recv(65536)
        except (OSError, ValueError) as error:
            raise Gone(str(error)) from None
        if not data:
            raise Gone("closed by the client")
        self.buffer += data
        if len(self.received) < 1 << 20:
            self.received += data

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (OSError, ValueError) as error:
            raise Gone(str(error)) from None

    def wait(self, seconds):
        if self.provider.stopping.wait(seconds):
            raise Gone("stopped")

    def close(self, how):
        if how == "hang":
            while True:
                self.receive()
                self.buffer = b""
        try:
            if how == "reset":
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        raise Gone("dropped by the script")

    def violation(self, text):
        self.provider.violations.append(text)

    # --- requests -------------------------------------------------------------------------------

    def run(self):
        try:
            if self.provider.count("connect") is not None:
                self.connect(self.provider.action("connect"))
            if self.provider.script.tls:
                self.start_tls()
            while self.serve(self.read()):
                pass
        except Gone:
            pass
        finally:
            self.finish()

    def finish(self):
        """Closed so that what was said arrives, though not all was read that came."""
        try:
            self.sock.settimeout(SOON)
            self.sock.shutdown(socket.SHUT_WR)
            while self.sock.recv(65536):
                pass
        except (OSError, ValueError):
            pass
        self.sock.close()

    def connect(self, action):
        for kind, text in oauth_script.steps(action):
            if kind in ("drop", "reset", "hang"):
                self.close(kind)
            elif kind == "sleep":
                self.wait(float(text))
            elif kind == "hold":
                self.hold()
            elif kind == "raw":
                self.send(text.encode("utf-8", "surrogateescape"))
                self.close("drop")

    def hold(self):
        self.provider.going.wait()
        if self.provider.stopping.is_set():
            raise Gone("stopped")

    def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        base = os.path.join(self.provider.certs_dir, self.provider.script.tls)
        context.load_cert_chain(base + ".pem", base + ".key")
        try:
            self.sock = context.wrap_socket(self.sock, server_side=True)
        except (OSError, ValueError) as error:
            self.provider.warnings.append("TLS handshake: %s" % error)
            raise Gone("no TLS") from None
        self.tls = self.sock.version()

    def read(self):
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > 1 << 16:
                self.violation("a header of over 64 KiB")
                raise Gone("too long")
            self.receive()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "replace").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or name.lower() in headers:
                self.violation("header %r" % line)
            headers[name.lower()] = value.strip()
        if "expect" in headers:
            self.violation("Expect: %s" % headers["expect"])
        length = int(headers.get("content-length", 0))
        while len(self.buffer) < length:
            self.receive()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        request = Request(lines[0], headers, body, self.tls)
        request.path = self.provider.script.paths.get(request.path, request.path)
        return request

    def form_of(self, request):
        """The fields of a form, each once (RFC 6749 3.2), in UTF-8 (appendix B)."""
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM:
            self.violation("%s with type %r" % (request.path, request.headers.get("content-type")))
        try:
            fields = urllib.parse.parse_qsl(request.body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
        except ValueError as error:
            self.violation("%s with a form that is none: %s" % (request.path, error))
            return {}
        for name in {name for name, _ in fields if len([one for one, _ in fields if one == name]) > 1}:
            self.violation("%s twice" % name)
        return dict(fields)

    def serve(self, request):
        """Whether the connection goes on."""
        at_token = request.path == "/token"
        request.stage = PATHS.get(request.path, "other")
        if request.method == "POST":
            request.form = self.form_of(request)
        if at_token:
            request.stage = grants.STAGE_OF.get(request.form.get("grant_type"), "token")
            self.check(request)
        self.provider.took(request)
        if request.stage in ("allow", "page", "other"):
            return self.answer(request, "ok", None)
        stage = self.provider.script.stage(request.stage, at_token)
        self.provider.count(stage)
        return self.answer(request, self.provider.action(stage), stage)

    def check(self, request):
        if request.method != "POST" or request.raw_query:
            self.violation("a token is asked for by %s with query %r" % (request.method, request.raw_query))
        for name, value in request.form.items():
            if not value:
                self.violation("%s is empty" % name)

    # --- answers --------------------------------------------------------------------------------

    def answer(self, request, action, _stage):
        steps = oauth_script.steps(action)
        what = [(kind, text) for kind, text in steps if kind in oauth_script.WHAT or kind == "status"]
        kind, text = (what + [("ok", "")])[0]
        if kind in ("drop", "reset", "hang"):
            self.close(kind)
        friendly = kind in ("ok", "lose", "half", "duplicate")
        answer = self.friendly(request) if friendly else answers.Answer(200, {}, {})
        for how, more in steps:
            if how == "sleep":
                self.wait(float(more))
            elif how == "hold":
                self.hold()
            elif how in oauth_script.HOW:
                answer.shape(how, more)
        if kind == "lose":
            self.close("drop")
        if kind == "raw":
            self.send(text.encode("utf-8", "surrogateescape"))
            raise Gone("said what it had to say")
        if kind.startswith("endless"):
            answer.endless(self, kind, self.provider.script.skew)
        answer.half = kind == "half"
        if kind not in ("ok", "half"):
            shaped, answer.raw = answer.raw, {} if kind == "error" else answer.raw
            answer.says(kind, text)
            answer.raw = shaped
            for how, more in steps:
                if how in ("as", "type"):
                    answer.shape(how, more)
        request.status, request.answer = answer.status, answer.members
        self.provider.answered(request)
        going = answer.send(self, self.provider.script.skew) and request.headers.get("connection", "").lower() != "close"
        return going and not answer.old

    def friendly(self, request):
        if request.stage in ("authorize", "allow", "page", "other"):
            return self.page(request)
        known, self_said = self.provider.grants, {}
        form = request.form
        if request.stage == "introspect" and not form:
            bearer = request.headers.get("authorization", "").partition("Bearer ")[2]
            form = {"token": request.query.get("access_token") or request.query.get("token") or bearer}
        status, said = known.ask(request.stage, form)
        if "violation" in said:
            self.violation("%s: %s" % (request.stage, said.pop("violation")))
        if request.stage == "device" and status == 200:
            said["verification_uri"] = self.provider.url + "/device"
        if "access_token" in said:
            self_said.update(self.provider.script.members)
            if self.provider.script.expires_in not in (None, "none"):
                self_said["expires_in"] = self.provider.script.expires_in
        return answers.Answer(status, said, self_said)

    def page(self, request):
        answer = answers.Answer(200, {}, {})
        title, button, fields, action = "Not found", None, {}, ""
        known = self.provider.grants
        if request.stage == "authorize":
            wrong = known.wants_login(request.query)
            if wrong:
                self.violation("a login without %s: %s" % (wrong, request.target))
                answer.plain(400, "bad request: " + wrong)
                return answer
            title, button, fields, action = "%s wants to send mail" % request.query["client_id"], "allow", {"query": request.raw_query}, "/allow"
        elif request.stage == "allow":
            answer.says("redirect", "302 " + known.allow(dict(urllib.parse.parse_qsl(request.form.get("query", "")))))
            return answer
        elif request.stage == "page" and request.method == "POST":
            title = "It may send mail now" if self.provider.approve(request.form.get("user_code")) else "No such code"
        elif request.stage == "page":
            title, button, fields, action = "Type the code that the device shows", "allow", {"user_code": None}, "/device"
        else:
            answer.status = 404
        answer.kind = "text/html; charset=utf-8"
        answer.body = page(title, action, fields, button).encode("utf-8")
        return answer


def page(title, action, fields, button):
    inputs = "".join('<input name="%s"%s>' % (name, "" if value is None else ' type="hidden" value="%s"' % html.escape(value)) for name, value in fields.items())
    if button is None:
        return "<!DOCTYPE html>\n<html><head><title>%s</title></head><body><h1>%s</h1></body></html>\n" % (html.escape(title), html.escape(title))
    return PAGE % {"title": html.escape(title), "action": action, "fields": inputs, "button": button}


class Provider(Browser):
    def __init__(self, *parts, certs_dir=None, host="127.0.0.1", port=0, state=None, on_answer=None):
        self.script = oauth_script.Script(*parts)
        self.grants = grants.Grants(self.script)
        self.certs_dir, self.state, self.on_answer = certs_dir, state, on_answer
        self.requests, self.violations, self.warnings, self.connections, self.threads = [], [], [], [], []
        self.counts, self.lock = {}, threading.Lock()
        self.changed = threading.Condition(self.lock)       # a request has come
        self.stopping, self.going = threading.Event(), threading.Event()
        self.listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, port))
        self.host, self.port = host, self.listener.getsockname()[1]
        self.listener.listen(64)
        self.listener.setblocking(False)
        self.waker, self.wake = socket.socketpair()
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    # --- for the connections --------------------------------------------------------------------

    def count(self, stage):
        with self.lock:
            self.counts[stage] = self.counts.get(stage, -1) + 1
            return self.counts[stage]

    def action(self, stage):
        return self.script.action(stage, self.counts[stage])

    def took(self, request):
        with self.changed:
            self.requests.append(request)
            if request.form.get("client_secret"):
                self.grants.secrets.append(request.form["client_secret"])
            self.changed.notify_all()

    def answered(self, request):
        if self.on_answer:
            self.on_answer(request)

    def accept(self):
        while not self.stopping.is_set():
            ready = select.select([self.listener, self.waker], [], [])[0]
            if self.stopping.is_set() or self.listener not in ready:
                continue
            try:
                sock, _ = self.listener.accept()
            except OSError:
                continue
            sock.setblocking(True)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one = Connection(self, sock)
            self.connections.append(one)
            thread = threading.Thread(target=self.guard, args=(one,), daemon=True)
            thread.start()
            self.threads.append(thread)

    def guard(self, one):
        try:
            one.run()
        except Exception as error:  # an error of the provider's own must fail the test, not vanish
            self.violations.append("the provider itself: %r" % error)
            one.sock.close()
        one.ended = True

    # --- for the tests --------------------------------------------------------------------------

    @property
    def url(self):
        host = "[%s]" % self.host if ":" in self.host else self.host
        return "%s://%s:%d" % ("https" if self.script.tls else "http", host, self.port)

    def account(self, flow="client", state=None, secret=None, client=None, user=None, only=None):
        """Lines of a configuration: oauth with that flow, from this provider. secret "": none; only: those of the addresses."""
        only = only or (("token",) if flow == "client" else ("token", "login", "device", "revoke"))
        name, own = self.script.client or ("app", "s3cret")
        secret = own if secret is None else secret
        where = {"token": "/token", "login": "/authorize", "device": "/devicecode", "revoke": "/revoke"}
        lines = ["oauth " + flow, "oauth_client_id " + (client or name)]
        lines += ["oauth_%s_url %s%s" % (kind, self.url, where[kind]) for kind in only]
        lines += ["user " + (user or self.script.login)]
        lines += ["oauth_scope " + quoted(self.script.scope)] if self.script.scope else []
        lines += ["password " + quoted(secret)] if secret else []
        lines += ["oauth_state %s" % (state or self.state)] if state or self.state else []
        lines += ["tls_trust_file %s" % os.path.join(self.certs_dir, "ca.pem")] if self.script.tls else []
        return "".join(line + "\n" for line in lines)

    def asked(self, *stages):
        """The requests at those stages, or all for which a client needs a provider."""
        stages = stages or ("token", "client", "refresh", "code", "poll", "bearer", "device", "revoke")
        with self.lock:
            return [request for request in self.requests if request.stage in stages]

    def wait_for(self, stage, count=1, patience=PATIENCE):
        """Waits until so many requests have come at that stage; the last of them."""
        until = time.monotonic() + patience
        with self.changed:
            while len([request for request in self.requests if request.stage == stage]) < count:
                left = until - time.monotonic()
                assert left > 0, "no %s came: %r" % (stage, self.requests)
                self.changed.wait(left)
            return [request for request in self.requests if request.stage == stage][-1]

    def is_good(self, token, user=None):
        """What a relay asks: was it given here, is it in time and not revoked (and for that user)?"""
        with self.grants.lock:
            one = self.grants.tokens.get(token)
            return one is not None and one.kind == "access" and one.is_good() and user in (None, one.login.user)

    def user_token(self, **more):
        """(access token, refresh token) of a login that has been, for a state that a test writes itself."""
        return self.grants.user_token(**more)

    def who(self, user, token):
        """For Relay(who=provider.who): who may log in there."""
        return self.is_good(token, user)

    def expire(self, kind="access"):
        """All tokens of that kind that it has given are good no more."""
        with self.grants.lock:
            for one in self.grants.tokens.values():
                one.dead = one.dead or one.kind == kind

    def given(self, kind="access"):
        """The tokens of that kind that it has given, in order."""
        with self.grants.lock:
            return [one.text for one in self.grants.tokens.values() if one.kind == kind]

    @property
    def secrets(self):
        """What must stand nowhere but in the state: tokens, codes, verifiers, assertions, secrets."""
        with self.grants.lock:
            return list(dict.fromkeys(self.grants.secrets))

    def mend(self, *parts):
        """What those stages do from now on: mend("token ok")."""
        for part in parts:
            self.script.add(part)
        with self.lock:
            self.counts.clear()

    def go(self):
        """What holds goes on, now and from now on."""
        self.going.set()

    def settle(self, patience=PATIENCE):
        """Waits until every connection is over."""
        wait_for(lambda: not select.select([self.listener], [], [], 0)[0] and all(one.ended for one in list(self.connections)),
                 "the provider's connections to end", patience)

    def stop(self):
        if self.stopping.is_set():
            return
        self.stopping.set()
        self.going.set()
        self.wake.send(b"x")
        self.acceptor.join(PATIENCE)
        self.listener.close()
        for one in self.connections:
            try:
                one.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(PATIENCE)
        self.waker.close()
        self.wake.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def quoted(text):
    """As a value of a configuration."""
    return '"%s"' % text if text[:1] in ' "' or text[-1:] in ' "' else text


def show(request):
    sys.stdout.write("%s %s %s\n" % (request.method, request.target if request.stage != "authorize" else request.path, request.status))
    for name, value in sorted(request.form.items()):
        sys.stdout.write("    %s = %s\n" % (name, value))
    if request.answer:
        sys.stdout.write("    -> %s\n" % json.dumps(request.answer))
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description="A scripted OAuth2 provider on loopback.", epilog=oauth_script.PARTS,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="*", help="e.g. 'app my-id s3cret' 'refresh single' 'token 503 ok'")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port-file", help="write the port there once it listens")
    parser.add_argument("--certs", help="directory for the CA and certificates (made if missing)")
    parser.add_argument("--show", action="store_true", help="print the lines for a configuration, and each request with its answer")
    asked = parser.parse_args()
    made = where = asked.certs
    if any(part.split()[:1] == ["tls"] for part in asked.part):
        if where is None:
            where = tempfile.mkdtemp(prefix="provider.")
        certs.make(where)
    provider = Provider(*asked.part, certs_dir=where, host=asked.host, port=asked.port, on_answer=show if asked.show else None)
    if asked.port_file:
        with open(asked.port_file + ".new", "w", encoding="ascii") as out:
            out.write("%d\n" % provider.port)
        os.replace(asked.port_file + ".new", asked.port_file)
    if asked.show:
        print("# unattended:\n%s\n# by a person's login (mysend --login); the page of a device's code is %s/device:\n%s"
              % (provider.account("client"), provider.url, provider.account("login")), flush=True)
    elif not asked.port_file:
        print(provider.port, flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        provider.acceptor.join()
    except KeyboardInterrupt:
        pass
    finally:
        provider.stop()
        if where and not made:
            shutil.rmtree(where, ignore_errors=True)


if __name__ == "__main__":
    main()
