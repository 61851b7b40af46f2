"""Tokens under a real systemd: the service of contrib/oauth.md, with a user of its own, a credential, and its state in StateDirectory."""
import os
import pty
import re
import subprocess

from waiting import PATIENCE, wait_for

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def unit_of_the_page():
    with open(os.path.join(TOP, "contrib", "oauth.md"), encoding="utf-8") as page:
        name, text = re.search(r"<!-- @unit (\S+) -->\n((?:    .*\n|\n)+)", page.read()).groups()
    return name, re.sub("^    ", "", text, flags=re.M)


def test_a_service_with_a_user_of_its_own_gets_tokens_with_a_credential_and_keeps_them(host, relay, provider):
    one = provider("app host7 s3cret", "login alerts@example.com")
    there = relay("ehlo pipelining 8bitmime auth=xoauth2", who=one.who)
    host.write(host.config, "relay smtp://127.0.0.1:%d\ntls off\nuser alerts@example.com\nfrom alerts@example.com\nroot_to admin@example.com\noauth client\n"
               "oauth_client_id host7\noauth_token_url %s/token\n" % (there.port, one.url))
    host.write("/etc/mysend.secret", "s3cret\n", 0o600)
    name, text = unit_of_the_page()
    host.write("/etc/systemd/system/" + name, text)
    host.run("systemctl", "daemon-reload")
    for _ in range(2):
        done = host.run("systemctl", "start", name, check=False)
        assert done.returncode == 0, host.journal(name)
    wait_for(lambda: len(there.messages) == 2, "both mails")
    assert len(one.asked("client")) == 1, "the second run has taken the token that the first has kept"
    kept = host.shell("ls -ln /var/lib/private/report/oauth | tail -n +2").stdout.split()
    assert kept[0] == "-rw-------" and kept[2] != "0", kept
    assert "s3cret" not in host.shell("cat /var/lib/private/report/oauth/*").stdout + host.journal(name)


def command_of_the_page():
    with open(os.path.join(TOP, "contrib", "systemd", "README.md"), encoding="utf-8") as page:
        return re.search(r"^    (systemd-run --pty (?:.*\\\n)+.*--login'\n)", page.read(), re.M).group(1)


def test_somebody_logs_in_as_the_service_which_then_sends_for_all_users(host, relay, provider):
    one = provider("app mysend", "login me@example.com", "refresh single", "device 900 1")
    there = relay("ehlo pipelining 8bitmime auth=oauthbearer", who=one.who)
    folder = os.path.dirname(host.config)
    host.write(folder + "/mysend-service.conf", "relay smtp://127.0.0.1:%d\ntls off\nuser me@example.com\nfrom me@example.com\nmaildomain example.com\n"
               "oauth login\noauth_client_id mysend\noauth_token_url %s/token\noauth_device_url %s/devicecode\n" % (there.port, one.url, one.url), 0o600)
    host.write(folder + "/mysend-service.password", "", 0o600)
    host.write(host.config, "account default\nsocket /run/mysend/socket\ntls off\nqueue on\nmaildomain example.com\nroot_to admin@example.com\n")
    ours, theirs = pty.openpty()
    text = command_of_the_page().replace("/etc/mysend", folder + "/mysend")
    process = subprocess.Popen(["nsenter", "-t", str(host.first), "-a", "--", "env", "TERM=dumb", "sh", "-c", text], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        seen += piece
        if not piece:
            break
        if b"type the code" in seen and not one.grants.last_login:
            one.approve()
    os.close(ours)
    assert process.wait(PATIENCE) == 0 and b"Logged in as me@example.com" in seen, seen
    host.shell("systemctl daemon-reload; systemctl enable -q --now mysend.socket")
    host.run("setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups", "env", "HOME=/var/www", "USER=www-data",
             host.program, "bob@example.org", stdin="Subject: from the web\n\nx\n")
    wait_for(lambda: there.messages, "the mail of the web server's user")
    assert len(one.asked("poll")) >= 1 and not one.asked("refresh"), "the service has the login's own token"
    host.shell("systemctl disable -q --now mysend.socket; rm -rf /var/lib/private/mysend")
