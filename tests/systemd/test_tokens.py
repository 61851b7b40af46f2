"""Tokens under a real systemd: the service of contrib/oauth.md, with a user of its own, a credential, and its state in StateDirectory."""
import os
import re

from waiting import wait_for

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
