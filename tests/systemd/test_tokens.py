"""Tokens under a real systemd: the service of contrib/oauth.md, with a user of its own, a credential, and its state in StateDirectory."""
import os
import pty
import re
import subprocess
import time

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
    # Not used for a month: its queue's unit uses it, without any mail.
    when = int(time.time()) - 30 * 86400
    host.shell("sed -i 's/^Obtained: .*/Obtained: %d/; s/^Expires: .*/Expires: %d/' /var/lib/private/mysend/oauth/default" % (when, when + 3600))
    host.run("systemctl", "start", "mysend-service-queue.service")
    assert len(one.asked("refresh")) == 1
    host.shell("systemctl disable -q --now mysend.socket; rm -rf /var/lib/private/mysend")


def root_s_login(host, there, one, ago):
    """Root's account has a login whose last exchange was so many seconds ago, in the place where root's tokens are. The path."""
    host.write(host.config, "relay smtp://127.0.0.1:%d\ntls off\nfrom alerts@example.com\nroot_to admin@example.com\n" % there.port + one.account("login", only=("token",)), 0o600)
    access, refresh = one.user_token()
    when = int(time.time()) - ago
    path = host.state + "/lib/mysend/oauth/default"
    host.shell("rm -rf '%s/lib/mysend' '%s/spool/mysend'; mkdir -p -m 700 '%s/lib/mysend/oauth'; chmod 700 '%s/lib/mysend/oauth'" % ((host.state,) * 4))
    host.write(path, "mysend-token 1\nToken-URL: %s/token\nClient: app\nScope: \nUser: %s\nObtained: %d\nExpires: %d\nLogged-In: %d\nAccess: %s\nRefresh: %s\n"
               % (one.url, one.script.login, when, when + 3600, when, access, refresh), 0o600)
    return path


def test_root_s_login_that_is_hardly_used_is_renewed_by_a_unit_of_its_own_and_by_a_mail_about_a_failed_one(host, relay, provider):
    one = provider("refresh single")
    there = relay("ehlo pipelining 8bitmime auth=xoauth2", who=one.who)
    path = root_s_login(host, there, one, 30 * 86400)
    before = host.shell("grep ^Refresh: '%s'" % path).stdout
    for asked in (0, 1):               # there is no mail, and no folder for any: tokens are kept, and that is enough
        host.run("systemctl", "start", "mysend-queue.service")
        assert len(one.asked("refresh")) == asked
        host.run("systemctl", "start", "mysend-renew.service")
    assert len(one.asked("refresh")) == 1 and host.shell("grep ^Refresh: '%s'" % path).stdout != before
    # A mail by the unit of failures, which has to keep what it gets.
    path = root_s_login(host, there, one, 7200)
    before = host.shell("grep ^Refresh: '%s'" % path).stdout
    host.write("/etc/systemd/system/broken.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n[Unit]\nOnFailure=mysend-failure@%n.service\n")
    host.run("systemctl", "daemon-reload")
    host.run("systemctl", "start", "broken.service", check=False)
    wait_for(lambda: there.messages, "the mail about the unit")
    host.settled("mysend-failure@broken.service.service")
    assert len(one.asked("refresh")) == 2 and host.shell("grep ^Refresh: '%s'" % path).stdout != before
    host.shell("rm -rf '%s/lib/mysend' '%s/spool/mysend' /etc/systemd/system/broken.service; systemctl daemon-reload" % (host.state, host.state))


def test_the_service_for_all_users_keeps_its_token_where_only_it_and_root_read(host, relay, provider):
    one = provider("app host7 s3cret", "login alerts@example.com")
    there = relay("ehlo pipelining 8bitmime auth=xoauth2", who=one.who)
    folder = host.config.rsplit("/", 1)[0]
    host.shell("rm -rf /var/lib/private/mysend /var/lib/mysend")
    host.write(folder + "/mysend-service.conf", "relay smtp://127.0.0.1:%d\ntls off\nfrom alerts@example.com\nuser alerts@example.com\nmaildomain mail.example\noauth client\n"
               "oauth_client_id host7\noauth_token_url %s/token\n" % (there.port, one.url), 0o600)
    host.write(folder + "/mysend-service.password", "s3cret\n", 0o600)
    host.write(host.config, "account default\nsocket /run/mysend/socket\ntls off\nqueue on\nmaildomain mail.example\nroot_to admin@example.org\n")
    host.shell("systemctl daemon-reload; systemctl enable -q --now mysend.socket")
    for _ in range(2):
        host.run("setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups", "env", "HOME=/var/www", "USER=www-data",
                 host.program, "bob@example.org", stdin="Subject: from the web\n\nx\n")
    wait_for(lambda: len(there.messages) == 2, "both mails")
    wait_for(lambda: not host.run("systemctl", "list-units", "-q", "--no-legend", "mysend@*").stdout, "the service's end")
    assert len(one.asked("client")) == 1
    kept = host.shell("stat -c '%a %u' /var/lib/private/mysend/oauth /var/lib/private/mysend/oauth/default").stdout.split()
    assert kept[0] == "700" and kept[2] == "600" and kept[1] == kept[3] != "0", kept
    host.shell("systemctl disable -q --now mysend.socket; rm -rf /var/lib/private/mysend /var/lib/mysend '%s'/mysend-service.*" % folder)
