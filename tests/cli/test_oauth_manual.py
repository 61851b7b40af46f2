"""contrib/oauth.md: its configurations load, its dialogues and all that it says mysend prints are what mysend prints, with its very configurations:
a proxy leads the providers' names to a provider and a relay on loopback, which have a certificate for them.

A block of text has a comment in front of it (no reader sees it) that says what it is:

    @file PATH          a configuration, which holds for its section, up to the next one; the first one of all where a section has none
    @more               lines that are added to it, in place of its password_file
    @type PATH TEXT     a shell's, and TEXT (~ for a blank) is typed into that file
    @run, @crontab      a shell's, root's crontab's
    @says CASE          what a mail prints in that case, of CASES below
    @shows, @verbose    some of the lines that the probe, or -v, shows
    @login CASE         a terminal's: a command and what is shown
    @login-says CASE    what the end of a login shows
    @script PATH        a program, @unit NAME a unit of systemd's, @dovecot PATH a file of Dovecot's
"""
import base64
import json
import os
import re
import shutil
import subprocess

import pytest

from manual_page import matches
from oauth_page import PAGE, TENANT, TEXT, TOP, Block, Case, Host, blocks, value

UNSUCCESSFUL = "535 5.7.3 Authentication unsuccessful [AM0PR06CA0126.eurprd06.prod.outlook.com 2026-11-30T06:50:26.590Z 08DC2D372B4C3DED]"
LOGON = ("430 4.2.0 STOREDRV; mailbox logon failure; STOREDRV.Submission.Exception:ConnectionFailedTransientException.MapiExceptionLogonFailed; Failed to "
         "process message due to a transient exception with message [BeginDiagnosticData]Cannot open mailbox.")
DENIED = ("554 5.2.252 SendAsDenied; alerts@example.com not allowed to send as other@example.com; STOREDRV.Submission.Exception:SendAsDeniedException."
          "MapiExceptionSendAsDenied; Failed to process message due to a permanent exception with message [BeginDiagnosticData]Cannot submit message.")
TENANT_OFF = ("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for "
              "more information. [MN2PR05CA0004.namprd05.prod.outlook.com 2026-11-30T06:50:26.590Z 08DBB276B7E699C4]")
BASIC_OFF = ("535 5.7.139 Authentication unsuccessful, basic authentication is disabled. "
             "[PN0PR01CA0024.INDPRD01.PROD.OUTLOOK.COM 2026-11-30T06:50:26.590Z 08DD3DD7D75D7743]")
PASSWORD = {"drop": ("oauth", "password_file"), "more": "password secret1\n", "tokens": False}
CASES = {
    "basic-is-off": Case(relay=['auth "550 5.7.30 Basic authentication is not supported for Client Submission."'], **PASSWORD),
    "no-such-tenant": Case(['token "error AADSTS90002"']),
    "no-such-client": Case(['token "error AADSTS700016"']),
    "secret-is-wrong": Case(['token "error AADSTS7000215"']),
    "secret-has-ended": Case(['token "error AADSTS7000222"']),
    "not-permitted": Case(relay=['auth "%s"' % UNSUCCESSFUL]),
    "mailbox-is-closed": Case(relay=['end "%s"' % LOGON]),
    "other-sender": Case(relay=['end "%s"' % DENIED], drop=("force_from",), sender="other@example.com"),
    "smtp-is-off": Case(relay=['auth "%s"' % TENANT_OFF]),
    "no-secret": Case(secret=False),
    "no-login": Case(),
    "login-has-ended": Case(mend=['refresh "error AADSTS50173"']),
    "outlook-password": Case(relay=['auth "%s"' % BASIC_OFF], **PASSWORD),
    "google-has-ended": Case(mend=['refresh "error google-expired"']),
    "keycloak-secret": Case(['token "as 401 && error unauthorized_client Invalid client or Invalid client credentials"']),
    "own-scope": Case(relay=["refuse-tokens"]),
    "state-read-only": Case(read_only=True),
}


# Logins: who sits before the terminal, and what is wrong with it.
LOGINS_OF = {
    "device": ("type_code", Case()),
    "paste": ("paste", Case()),
    "not-public": ("type_code", Case(['poll "error AADSTS7000218"'])),
    "nobody-came": ("look", Case(['poll "error expired_token"'])),
    "somebody-else": ("type_code", Case(relay=['auth "%s"' % UNSUCCESSFUL])),
    "google-secret": ("paste", Case(['code "error google-secret"'])),
    "declined": ("decline", Case()),
    "keycloak-device": ("look", Case(['device "error unauthorized_client Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. '
                                      'The flow is disabled for the client."'])),
}


def all_of(*what):
    return pytest.mark.parametrize("block", [block for block in blocks() if block.what in what], ids=repr)


@pytest.fixture
def made(mysend, provider, relay, proxy, certs):
    return {"mysend": mysend, "provider": provider, "relay": relay, "proxy": proxy, "certs": certs}


def test_each_block_says_what_it_is_and_all_links_lead_somewhere():
    assert len(blocks()) > 30
    with open(PAGE, encoding="utf-8") as page:
        text = page.read()
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert os.path.exists(os.path.join(TOP, "contrib", link)), link
    titles = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", text, re.M)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= titles


def test_no_case_is_left_over():
    assert sorted(CASES) == sorted(block.argument for block in blocks() if block.what == "says")
    assert sorted(LOGINS_OF) == sorted({block.argument for block in blocks() if block.what in ("login", "login-says")})


@all_of("file")
def test_a_configuration_loads(made, block):
    host = Host(made, block, Case())
    done = made["mysend"]("--show-config", env=host.env)
    assert done.status == 0 and done.err == "", done


@all_of("says")
def test_what_it_says_is_what_is_printed(made, block):
    case = CASES[block.argument]
    host = Host(made, block, case)
    if case.mend:
        status, shown = host.log_in(host.paste if value(block.config[1], "oauth_provider") == "google" else host.type_code)
        assert status == 0, shown
        host.grow_old(7200)
        host.provider.mend(*case.mend)
    said = host.page(host.send().err)
    assert matches(block.text, said), "the page:\n%s\nthe program:\n%s" % (block.text, said)


@all_of("login")
def test_a_login_is_as_it_is_shown(made, block):
    person, case = LOGINS_OF[block.argument]
    host = Host(made, block, case)
    status, shown = host.log_in(getattr(host, person))
    wanted = block.text.partition("\n")[2]
    code = re.search(r"type the code +([\w-]+)", shown)
    if code:
        shown = shown.replace(code.group(1), re.search(r"type the code +([\w-]+)", wanted).group(1))
    assert status == 0 and matches(wanted, shown), "the page:\n%s\nthe program:\n%s" % (wanted, shown)
    assert host.send().ok()


@all_of("login-says")
def test_the_end_of_a_login_that_fails_is_as_it_is_shown(made, block):
    person, case = LOGINS_OF[block.argument]
    host = Host(made, block, case)
    status, shown = host.log_in(getattr(host, person))
    end = shown[shown.find("mysend: "):]
    assert status and matches(block.text, end), "the page:\n%s\nthe program:\n%s" % (block.text, shown)
    # What the relay refuses may want a permission that is still to come; what the provider has not given is none.
    assert os.path.exists(os.path.join(host.real(host.kept), "default")) == (block.argument == "somebody-else")


@all_of("logout")
def test_a_logout_takes_the_login_away(made, block):
    host = Host(made, [one for one in blocks() if one.what == "login" and "oauth_provider google" in one.config[1]][0], Case(["lax"]))     # Google wants the token alone
    assert host.log_in(host.paste)[0] == 0
    done = made["mysend"](*block.text.split()[1:], env=host.env)
    assert done.status == 0 and host.provider.asked("revoke"), done
    assert not os.path.exists(os.path.join(host.real(host.kept), "default"))


@all_of("shows", "verbose")
def test_the_probe_and_v_show_that(made, block):
    host = Host(made, block, Case())
    done = made["mysend"]("--probe" if block.what == "shows" else "-v", "bob@example.org", stdin=TEXT, env=host.env)
    shown = [re.sub(" +", " ", line) for line in host.page(done.out + done.err).splitlines()]
    assert done.status == 0, done
    for line in block.text.splitlines():
        assert any(matches(line + "\n", one + "\n") for one in shown), "%r is not among\n%s" % (line, done.out)


@all_of("run", "crontab")
def test_a_command_does_what_it_is_for(made, block):
    """With a shell that has the configuration of its section; a mail arrives, if one is sent."""
    host = Host(made, block, Case())
    folder = host.write("/bin/mysend", "#!/bin/sh\nexec '%s' \"$@\"\n" % made["mysend"].path, 0o755)
    env = made["mysend"].environment({**host.env, "PATH": os.path.dirname(folder) + ":/usr/bin:/bin"})
    text = block.text.split(None, 5)[5].replace("/usr/bin/mysend", "mysend") if block.what == "crontab" else block.text
    done = subprocess.run(["sh", "-ec", text], env=env, cwd=host.top, capture_output=True, check=False)
    assert done.returncode == 0, done
    host.relay.settle()
    assert len(host.relay.messages) == ("echo" in block.text)


@all_of("type")
def test_a_secret_is_typed_into_a_file_that_nobody_else_may_read(made, block):
    path, secret = block.argument.split(" ")
    host = Host(made, Block("type", "", "", "", block.config or ("/etc/mysend.conf", "relay smtp://mail.example.com\nuser a\n"), 0), Case())
    os.makedirs(os.path.dirname(host.real(path)), exist_ok=True)
    text = block.text.replace("/etc/mysend", host.top + "/etc/mysend")
    subprocess.run(["sh", "-ec", text], env=made["mysend"].environment({}), input=secret.replace("~", " ").encode() + b"\n", check=True)
    assert os.stat(host.real(path)).st_mode & 0o077 == 0


@all_of("script")
def test_the_signed_statement_is_what_microsoft_wants(made, block, tmp_path):
    """A JWT whose signature the certificate proves, with the claims of learn.microsoft.com, "application authentication certificate credentials"."""
    key = [one.text for one in blocks() if one.what == "key"][0]
    subprocess.run(["sh", "-ec", key.replace("/etc/", str(tmp_path) + "/")], check=True, capture_output=True)
    script = tmp_path / "assertion"
    script.write_text(block.text.replace("/etc/", str(tmp_path) + "/"))
    done = subprocess.run(["sh", "-e", script], capture_output=True, check=True)
    head, body, sign = done.stdout.decode().strip().split(".")
    head, claims = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (head, body))
    der = subprocess.run(["openssl", "x509", "-in", tmp_path / "mysend.pem", "-outform", "DER"], capture_output=True, check=True).stdout
    thumb = subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=der, capture_output=True, check=True).stdout
    assert head == {"alg": "PS256", "typ": "JWT", "x5t#S256": base64.urlsafe_b64encode(thumb).decode().rstrip("=")}
    assert claims["aud"] == "https://login.microsoftonline.com/%s/oauth2/v2.0/token" % TENANT and claims["iss"] == claims["sub"]
    assert claims["exp"] - claims["nbf"] == 600 and len(claims["jti"]) == 32
    (tmp_path / "sign").write_bytes(base64.urlsafe_b64decode(sign + "=" * (-len(sign) % 4)))
    public = subprocess.run(["openssl", "x509", "-in", tmp_path / "mysend.pem", "-noout", "-pubkey"], capture_output=True, check=True).stdout
    (tmp_path / "public").write_bytes(public)
    signed = done.stdout.decode().strip().rpartition(".")[0].encode()
    proved = subprocess.run(["openssl", "dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:-1", "-verify",
                             tmp_path / "public", "-signature", tmp_path / "sign"], input=signed, capture_output=True, check=False)
    assert proved.returncode == 0, proved


@all_of("more")
def test_the_signed_statement_takes_the_place_of_the_secret(made, block):
    written = {one.what: one for one in blocks()}
    host = Host(made, block, Case(["assertion client"], drop=("password_file",), more=block.text))
    subprocess.run(["sh", "-ec", written["key"].text.replace("/etc/", host.top + "/etc/")], check=True, capture_output=True)
    host.write(written["script"].argument, written["script"].text, 0o700)
    assert host.send().ok()
    assert len(host.provider.asked("client")) == 1


@all_of("dovecot", "dovecot-ext")
def test_dovecot_knows_these_settings(block, tmp_path):
    auth = "/usr/lib/dovecot/auth"
    if not os.path.exists(auth) or not shutil.which("doveconf"):
        pytest.skip("dovecot is missing")
    if block.what == "dovecot":
        config = tmp_path / "dovecot.conf"
        config.write_text(block.text)
        done = subprocess.run(["doveconf", "-c", config, "-n"], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "driver = oauth2" in done.stdout, done
        return
    with open(auth, "rb") as program:
        known = program.read()
    for line in block.text.splitlines():
        assert line.split(" = ")[0].encode() + b"\0" in known, line


@all_of("unit")
def test_a_unit_is_one_that_systemd_takes(block, tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is missing")
    unit = tmp_path / block.argument
    unit.write_text(block.text.replace("ExecStart=sh", "ExecStart=/bin/sh"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if block.argument in line]
    assert done.returncode == 0 and not said, done
