"""contrib/oauth.md read for tests, and hosts on which its configurations hold: a proxy leads the providers' names to loopback (test_oauth_manual)."""
import os
import re
import shutil
import subprocess
import urllib.parse

import pytest

from batches import Terminal

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(TOP, "contrib", "oauth.md")
TEXT = b"Subject: x\n\nbody\n"
TENANT = "11111111-2222-3333-4444-555555555555"
KEYCLOAK = "/realms/mail/protocol/openid-connect"
PATHS = [("/%s/oauth2/v2.0/%s" % (tenant, name), "/" + name) for tenant in (TENANT, "consumers") for name in ("token", "devicecode", "authorize")]
PATHS += [("/o/oauth2/v2/auth", "/authorize"), ("/oauth/authorize", "/authorize"), ("/oauth/refresh", "/token"), (KEYCLOAK + "/token", "/token"),
          (KEYCLOAK + "/auth/device", "/devicecode"), (KEYCLOAK + "/auth", "/authorize"), (KEYCLOAK + "/revoke", "/revoke")]
LOGINS = ("login.microsoftonline.com", "accounts.google.com", "oauth2.googleapis.com", "api.fastmail.com", "id.example.com")
OFFERS = {"smtp.gmail.com": "login,plain,xoauth2,plain-clienttoken,oauthbearer,xoauth", "smtp.fastmail.com": "plain,login,xoauth2,oauthbearer",
          "mail.example.com": "plain,oauthbearer,xoauth2"}
EXCHANGE = "login,xoauth2"


class Case:
    """provider, relay: parts of theirs; mend: what the provider does once there is a login; drop: settings that are left out; more: lines that
    are added; secret: whether it is there; sender: as whom; read_only: nothing can be kept; tokens: whether
    the relay wants one."""

    def __init__(self, provider=(), relay=(), mend=(), drop=(), more="", secret=True, sender=None, read_only=False, tokens=True):
        self.provider, self.relay, self.mend, self.drop, self.more, self.secret, self.sender = provider, relay, mend, drop, more, secret, sender
        self.read_only, self.tokens = read_only, tokens


class Block:
    def __init__(self, what, argument, text, section, config, number):
        self.what, self.argument, self.text, self.section, self.config, self.number = what, argument, text, section, config, number

    def __repr__(self):
        return "%s-%s" % (self.number, self.argument.split(" ")[0] or self.what)


def blocks():
    found, told, inside, section, config, fenced = [], None, None, "", None, False
    with open(PAGE, encoding="utf-8") as page:
        for number, line in enumerate(page, 1):
            if line.startswith("    ") and not fenced:
                if inside is None:
                    assert told, "oauth.md:%d: no comment says what this is" % number
                    inside = []
                inside.append(line[4:])
                continue
            if inside is not None and line == "\n":
                inside.append(line)     # it may go on behind that
                continue
            if inside is not None:
                text = "".join(inside).rstrip("\n") + "\n"
                config = (told[1], text) if told[0] == "file" else config
                found.append(Block(told[0], told[1], text, section, config, number))
                inside = told = None
            mark = re.fullmatch(r"<!-- @([a-z-]+) ?(.*?) -->\n", line)
            fenced = fenced != line.startswith("```")
            if line.startswith("# "):
                section, config = line[2:].strip(), None
            if mark:
                assert not told, "oauth.md:%d: the comment before has no block" % number
                told = mark.groups()
    for before, block in zip(reversed(found[:-1]), reversed(found[1:])):
        if before.config is None and before.section == block.section:
            before.config = block.config
    first = next(block.config for block in found if block.what == "file")
    for block in found:
        block.config = block.config or first
    return found


def value(config, setting):
    found = re.search("^%s (.*)$" % setting, config, re.M)
    return found.group(1) if found else ""


class Host:
    """Where a configuration of the page stands, with a provider and a relay behind the names in it."""

    def __init__(self, made, block, case):
        self.made, self.mysend, self.case = made, made["mysend"], case
        self.top, self.home = self.mysend.tmp, self.mysend.home
        path, text = block.config
        self.relay_host = urllib.parse.urlsplit(value(text, "relay"))
        self.user, self.client = value(text, "user"), value(text, "oauth_client_id")
        self.secret = next((one.argument.split(" ")[1].replace("~", " ") for one in blocks()
                            if one.what == "type" and one.argument.startswith(value(text, "password_file") + " ")), None)
        self.start()
        for setting in case.drop:
            text = re.sub("^%s(_[a-z_]+)? .*\n" % setting if setting == "oauth" else "^%s .*\n" % setting, "", text, flags=re.M)
        if self.secret and case.secret and value(text, "password_file"):
            self.write(value(text, "password_file"), self.secret + "\n")
        text += "proxy http://127.0.0.1:%d\ntls_trust_file %s/ca.pem\nqueue off\naliases off\n" % (self.proxy.port, made["certs"])
        self.kept = "/var/lib/mysend/oauth" if path.startswith("/etc") else "~/.local/state/mysend/oauth"
        if value(text, "oauth") and not value(text, "oauth_state"):
            text += "oauth_state %s\n" % self.kept
        self.kept = value(text, "oauth_state") or self.kept
        self.env = {"MYSEND_CONFIG": self.write(path, text + case.more), "XDG_STATE_HOME": None}

    def start(self):
        login = [("app", self.client or "-", *([self.secret] if self.secret else [])), "login " + self.user, "refresh rotate", "tls providers", "device 900 1"]
        self.provider = self.made["provider"](*login, *[("path", *pair) for pair in PATHS], *self.case.provider)
        host, port = self.relay_host.hostname, self.relay_host.port or (465 if self.relay_host.scheme == "smtps" else 587)
        offers = "pipelining 8bitmime enhancedstatuscodes"
        refused = "refuse-tokens" in self.case.relay
        self.relay = self.made["relay"](*(["implicit-tls"] if port == 465 else []), "ehlo %s%s" % (offers, "" if port == 465 else " starttls"),
                                        "ehlo-tls %s auth=%s" % (offers, OFFERS.get(host, EXCHANGE)), "cert providers",
                                        *[part for part in self.case.relay if part != "refuse-tokens"],
                                        who=(lambda user, token: False) if refused else self.provider.who if self.case.tokens else None)
        ways = {(name, 443): self.provider.port for name in LOGINS}
        self.proxy = self.made["proxy"]("http", {(host, port): self.relay.port, **ways})

    def real(self, path):
        return path.replace("~/", self.home + "/") if path.startswith("~/") else self.top + path

    def write(self, path, text, mode=0o600):
        os.makedirs(os.path.dirname(self.real(path)), exist_ok=True)
        return self.mysend.file(re.sub(r"(/(?:etc|var)/[\w./-]*mysend)", self.top + r"\1", text), mode, self.real(path))

    def page(self, text):
        """As the page has it."""
        text = re.sub(r"\b1[45] minutes left", "15 minutes left", text).replace("\r\n", "\n").replace(self.home, "/home/alice").replace(self.top, "")
        return text.replace(self.provider.url + "/device", "https://microsoft.com/devicelogin")

    def send(self, *args):
        sender = ["-f", self.case.sender] if self.case.sender else []
        header = b"From: %s\n" % self.case.sender.encode() if self.case.sender else b""
        prefix = ()
        if self.case.read_only:
            if os.geteuid() or not shutil.which("unshare") or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
                pytest.skip("a folder that root may not write needs root, unshare(1) and a mount namespace")
            where = self.real("/var")
            os.makedirs(where, exist_ok=True)
            prefix = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs -o ro none "$0" && exec "$@"', where)
        return self.mysend(*sender, *args, "bob@example.org", stdin=header + TEXT, env=self.env, prefix=prefix)

    def log_in(self, person):
        """(status, what is shown) of mysend --login; person(terminal) is who sits there."""
        terminal = Terminal(self.mysend, "--login", columns=200, output=True, env=self.env)
        person(terminal)
        status, shown = terminal.finish()
        return status, self.page(shown)

    def grow_old(self, seconds):
        """The login was so long ago."""
        path = os.path.join(self.real(self.kept), "default")
        with open(path, encoding="utf-8") as state:
            text = state.read()
        self.mysend.file(re.sub(r"^(Obtained|Expires): (\d+)", lambda line: "%s: %d" % (line[1], int(line[2]) - seconds), text, flags=re.M), name=path)

    # --- who sits before the terminal ------------------------------------------------------------

    def look(self, terminal):
        pass

    def type_code(self, terminal):
        terminal.wait_for(b"type the code")
        while not re.search(rb"type the code +[\w-]+\s", terminal.seen):
            assert terminal.read()
        self.provider.approve()

    def paste(self, terminal, **how):
        """A browser elsewhere: it ends at a page of 127.0.0.1 that does not load."""
        terminal.wait_for(b"paste it here")
        url = re.search(rb"^ +(https://\S+)", terminal.seen, re.M).group(1).decode()
        where = urllib.parse.urlsplit(url)      # to our provider, without a proxy
        visit = self.provider.browse(self.provider.url + where.path + "?" + where.query, follow=False, **how)
        terminal.type(visit.location.encode() + b"\n")

    def decline(self, terminal):
        self.paste(terminal, no="access_denied")
