"""One account for many users: who has no password sends all the same, who may not read it does not, and --probe --as says which it is."""
import re

import pytest

from hosts import CRON, host_of
from service_of import ServiceOf
from waiting import wait_for

WWW = "www-data"
SHARED = "account default\nrelay smtp://mail.example.com:%d\nuser me@example.com\npassword_file /etc/mysend.password\nfrom me@example.com\nroot_to me@example.com\nmaildomain example.com\n"
CLIENT = "account default\nsocket /run/mysend/socket\ntls off\nfrom me@example.com\nroot_to me@example.com\nmaildomain example.com\n"


@pytest.fixture
def host(mysend, relay, certs, tmp_path):
    """A host with /etc/mysend.conf for everybody, and a password for root alone; and a user who has no home."""
    one = host_of(mysend, relay, certs, tmp_path)
    one.put("/etc/mysend.conf", SHARED % one.relay.port)
    one.put("/etc/mysend.password", "secret\n", 0o600)
    one.as_root("useradd -M -d /home/none none")
    yield one
    one.stop()


@pytest.fixture
def service(host):
    """The account is the service's now."""
    host.as_root("sed /^password_file/d /etc/mysend.conf >/etc/mysend-service.conf && mv /etc/mysend.password /etc/mysend-service.password && chmod 600 /etc/mysend-service.*")
    host.put("/etc/mysend.conf", CLIENT)
    one = ServiceOf(host)
    yield one
    one.stop()


def got(host):
    host.relay.settle()
    return [(mail.sender, mail.recipients) for mail in host.relay.messages]


def probed(host, user, status=0):
    """{stage: result} of a probe; its text."""
    done = host.call("mysend --probe --as " + user)
    assert done.returncode == status, done
    return dict(re.findall(r"^([a-z]+) +(ok|warn|FAIL|-) ", done.stdout, re.M)), done.stdout


@pytest.mark.parametrize("user", [WWW, "none"])
def test_who_may_not_read_the_password_is_told_and_nothing_goes(host, user):
    done = host.call("echo x | MYSEND_QUEUE=off sendmail -oi root", user=user)
    assert done.returncode == 78 and "/etc/mysend.password" in done.stderr and len([line for line in done.stderr.splitlines() if "hint:" not in line]) == 1, done
    assert host.call("cat /etc/mysend.password", user=user).returncode != 0 and got(host) == []
    stages, text = probed(host, user, 78)
    assert stages["secret"] == "FAIL" and "/etc/mysend.password" in text and stages["login"] == "-", text


def test_root_sends_by_the_same_file(host):
    host.as_root("echo x | sendmail -oi root")
    assert got(host) == [("me@example.com", ["me@example.com"])]
    assert probed(host, "root")[0]["login"] == "ok"


@pytest.mark.parametrize("user, home", [(WWW, "/var/www"), ("none", "/home/none")])
def test_service_sends_for_who_has_no_home_and_no_password(host, service, user, home):
    assert host.as_user(user, "echo x | sendmail -oi root", home=home).stderr == ""
    assert host.as_user(user, "echo x | /usr/sbin/sendmail -oi bob@example.org", env=CRON).stderr == ""
    assert [recipients for _, recipients in got(host)] == [["me@example.com"], ["bob@example.org"]]
    assert host.call("cat /etc/mysend-service.password /etc/mysend-service.conf", user=user).stdout == ""
    stages, text = probed(host, user)
    assert "FAIL" not in stages.values() and stages["rcpt"] == "ok", text
    assert "secret" not in text.replace("secret    ", ""), text


def test_secret_is_read_by_root_and_the_service_alone(host, service):
    for path in ("/etc/mysend-service.conf", "/etc/mysend-service.password"):
        assert host.as_root("stat -c %a:%U " + path).stdout == "600:root\n"
    shown = host.as_user(WWW, "mysend --show-config", home="/var/www").stdout
    assert "/run/mysend/socket" in shown and "mysend-service" not in shown and "(set)" not in shown, shown
    host.as_user(WWW, "echo x | sendmail -oi root", home="/var/www")
    assert "secret" not in host.get("/etc/mysend.conf") and len(got(host)) == 1


def test_without_a_home_mail_comes_back_while_the_service_is_away(host):
    """And who has one keeps it."""
    host.put("/etc/mysend.conf", CLIENT)
    done = host.call("echo x | sendmail -oi root", user=WWW, home="/var/www")
    assert done.returncode == 75 and done.stderr, done
    host.as_root("useradd -M -d /home/some some && install -d -o some -g some /home/some")
    host.as_user("some", "echo x | sendmail -oi root", home="/home/some")
    assert "me@example.com" in host.as_user("some", "mysend -bp", home="/home/some").stdout
    stages, text = probed(host, WWW, 75)
    assert stages["connect"] == "FAIL" and "No such file" in text, text


def test_without_systemd_a_user_who_may_read_the_password_has_a_queue_of_its_own(host):
    host.as_root("chgrp www-data /etc/mysend.password && chmod 640 /etc/mysend.password && install -d -m 700 -o www-data -g www-data /var/spool/mysend-www-data && "
                 "mkdir -p /var/www/.config/mysend && echo spool /var/spool/mysend-www-data >/var/www/.config/mysend/config")
    stages, text = probed(host, WWW)
    assert "FAIL" not in stages.values() and "/var/spool/mysend-www-data" in text, text
    host.as_user(WWW, "echo x | sendmail -oi -odq root", home="/var/www")
    assert got(host) == [] and "me@example.com" in host.as_user(WWW, "mysend -bp", home="/var/www").stdout
    host.by_cron(WWW, "* * * * * /usr/bin/mysend -q", "/var/www")
    wait_for(lambda: got(host) == [("me@example.com", ["me@example.com"])], "the mail that waited")
    assert host.call("cat /etc/mysend.password", user="none").returncode != 0
