"""node-oidc-provider as a provider of tokens: one that nobody here wrote. What it is told of itself stands in oidc.mjs.

    with Oidc() as provider:                    # or OidcMissing, which says why
        ... config: provider.account("login", client="public", state=FOLDER) ...
        provider.browse(URL)                    # a person with a browser, who is logged in there and consents
        provider.approve(verification_uri, user_code)
    provider.who(user, token): for Relay(who=...); provider.said

contrib/packages oidc installs it; it is looked for at $TEST_OF_OIDC, and where that command leaves it.
"""
import glob
import html
import http.cookiejar
import json
import os
import re
import shutil
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

from provider import quoted
from waiting import PATIENCE, SOON

HERE = os.path.dirname(os.path.abspath(__file__))
SECRETS = {"unattended": 's3cret~+ %&="', "desktop": "not really secret", "public": "", "relay": "relay"}


class OidcMissing(Exception):
    """It is not here, or does not run."""


def find():
    """The folder in which it is installed, or None."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    for folder in [os.environ.get("TEST_OF_OIDC", "")] + sorted(glob.glob(os.path.join(cache, "mysend-check", "oidc-provider@*")))[::-1]:
        if folder and os.path.exists(os.path.join(folder, "node_modules", "oidc-provider")):
            return folder
    return None


class Elsewhere(Exception):
    """A browser is sent there."""


class Within(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else, but ends there."""

    def __init__(self, url):
        self.url = url

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if newurl.startswith(self.url):
            return super().redirect_request(req, fp, code, msg, headers, newurl)
        raise Elsewhere(newurl)


class Oidc:
    def __init__(self, lasts=3600):
        node, folder = shutil.which("node"), find()
        if not node or not folder:
            raise OidcMissing("node is missing" if not node else "npm's oidc-provider is missing (contrib/packages oidc)")
        environment = {"PATH": os.environ["PATH"], "NODE_ENV": "test"}
        self.process = subprocess.Popen([node, os.path.join(HERE, "oidc.mjs"), folder, str(lasts)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True)
        self.said, self.cookies = [], http.cookiejar.CookieJar()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        late = threading.Timer(PATIENCE, self.process.kill)
        late.start()
        port = self.process.stdout.readline().strip()
        late.cancel()
        if not port:
            self.stop()
            raise OidcMissing("oidc-provider does not run with this node: " + " ".join(self.said[:3]))
        self.host, self.port, self.url = "127.0.0.1", int(port), "http://127.0.0.1:" + port

    def read(self):
        for line in self.process.stderr:
            self.said.append(line.rstrip("\n"))

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(SOON)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(SOON)
        self.process.stdout.close()
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def account(self, flow, client, state, scope="openid offline_access mail"):
        """Lines of a configuration."""
        lines = ["oauth " + flow, "oauth_client_id " + client, "oauth_scope " + scope, "oauth_token_url %s/token" % self.url,
                 "user me@example.net", "oauth_state %s" % state]
        if flow == "login":
            lines += ["oauth_login_url %s/auth" % self.url, "oauth_device_url %s/device/auth" % self.url, "oauth_revoke_url %s/token/revocation" % self.url]
        if SECRETS[client]:
            lines.append("password " + quoted(SECRETS[client]))
        return "".join(line + "\n" for line in lines)

    # --- what others do -------------------------------------------------------------------------

    def post(self, path, **form):
        """(status, JSON) of a request that is not mysend's."""
        try:
            with urllib.request.urlopen(self.url + path, urllib.parse.urlencode(form).encode(), SOON) as got:
                return got.status, json.loads(got.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    @staticmethod
    def secret(client):
        return SECRETS[client]

    def log_in(self, client):
        """The answer to a login by device that has been, without mysend."""
        asked = self.post("/device/auth", client_id=client, scope="openid offline_access mail")[1]
        self.approve(asked["verification_uri"], asked["user_code"])
        return self.post("/token", grant_type="urn:ietf:params:oauth:grant-type:device_code", client_id=client, device_code=asked["device_code"])[1]

    def introspect(self, token):
        """RFC 7662: what the relay is told of it."""
        return self.post("/token/introspection", token=token, client_id="relay", client_secret=SECRETS["relay"])[1]

    def who(self, user, token):
        said = self.introspect(token)
        return said.get("active") is True and said.get("sub", user) == user

    def open(self, url, form=None, follow=True):
        """A browser that keeps cookies and goes where it is sent, back to the loopback redirect, too (or not: follow); (address, page)."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies),
                                             *([] if follow else [Within(self.url)]))
        try:
            with opener.open(url, form and urllib.parse.urlencode(form).encode(), SOON) as got:
                return got.geturl(), got.read().decode("utf-8", "replace")
        except Elsewhere as where:
            return str(where), ""

    def browse(self, url, follow=True):
        """Opens the login's address; (address, page) of where that ends. Without follow: the address that a person would paste."""
        return self.open(url, follow=follow)

    def approve(self, verification_uri, user_code):
        """Types the code at its page, and confirms."""
        address, page = self.open(verification_uri)
        address, page = self.submit(address, page, user_code=user_code)
        return self.submit(address, page)

    def submit(self, address, page, **typed):
        form = re.search(r"<form(?=[^>]*method=\"post\")(?=[^>]*action=\"([^\"]*)\")[^>]*>(.*?)</form>", page, re.S)
        assert form, page
        fields = {}
        for tag in re.findall(r"<input[^>]*>", form.group(2)):
            at = dict(re.findall(r"(\w+)=\"([^\"]*)\"", tag))
            fields[at["name"]] = html.unescape(at.get("value", ""))
        return self.open(urllib.parse.urljoin(address, html.unescape(form.group(1))), {**fields, **typed})
