"""The units under a real systemd: the timer, the service for all users, and the mail about a unit that failed."""
import email
import email.policy
import re

import pytest

from waiting import wait_for

SOON = "[Timer]\nOnBootSec=1\nOnUnitInactiveSec=1\nAccuracySec=10ms\n"
ACCOUNT = "account default\nrelay smtp://127.0.0.1:%d\ntls off\nfrom host@example.org\nroot_to admin@example.org\n"


@pytest.fixture(autouse=True)
def nothing_of_the_last_test(host):
    """What waits goes along with the next mail: no test finds mail of the one before it, nor units that bring some. Mail that others
    send on the machine below is not seen in this host at all (boot)."""
    host.shell("systemctl disable -q --now mysend.socket mysend-queue.timer mysend-service-queue.timer 2>&1; systemctl stop 'mysend@*' mysend-queue.service "
               "mysend-service-queue.service; rm -rf /var/lib/private/mysend '%s/spool/mysend' /var/www/.local" % host.state, check=False)


def configure(host, port, more=""):
    host.write(host.config, ACCOUNT % port + more, 0o600)


def parsed(mail):
    return email.message_from_bytes(mail.body, policy=email.policy.default)


def text_of(mail):
    return parsed(mail).get_content()


def of_unit(there, unit):
    return [mail for mail in there.messages if "] %s failed" % unit in str(parsed(mail)["Subject"])]


def failing(host, unit, command, more=""):
    """A service that fails, with the drop-in of the examples for it alone."""
    host.write("/etc/systemd/system/" + unit, "[Service]\nType=oneshot\nExecStart=%s\n%s" % (command, more))
    host.shell('mkdir -p "/etc/systemd/system/$0.d"; cp "$1/10-mysend-failure.conf" "/etc/systemd/system/$0.d"; systemctl daemon-reload'
               .replace("$0", unit.replace("\\", "\\\\")).replace("$1", host.examples))


def ended(host, unit):
    """How often the unit that mails about that one has ended, or was kept from starting."""
    return len(re.findall(r"^Finished |: Failed with result ", host.journal("mysend-failure@%s.service" % unit), re.M))


def fail(host, unit):
    """Starts it, and waits for the mail about it to be handed over."""
    before = ended(host, unit)
    assert host.run("systemctl", "start", unit, check=False).returncode != 0
    wait_for(lambda: ended(host, unit) > before, "what mails about %s" % unit, every=0.05)


def test_mail_of_root_that_waits_goes_out_by_the_timer(host, relay):
    there = relay()
    configure(host, there.port)
    host.run(host.program, "-odq", "root", stdin="Subject: later\n\nx\n")
    assert "admin@example.org" in host.run(host.program, "-bp").stdout and not there.messages
    host.write("/etc/systemd/system/mysend-queue.timer.d/soon.conf", SOON)
    host.shell("systemctl daemon-reload; systemctl enable -q --now mysend-queue.timer")
    wait_for(lambda: there.messages, "the mail that waited")
    assert there.messages[0].recipients == ["admin@example.org"]
    host.settled("mysend-queue.service")
    assert host.run(host.program, "-bp").stdout.strip() == "Mail queue is empty"
    host.shell("systemctl disable -q --now mysend-queue.timer; rm -r /etc/systemd/system/mysend-queue.timer.d; systemctl daemon-reload")


def ran(host, unit):
    """Starts it, and says whether its condition let it run."""
    host.run("journalctl", "--sync")
    runs = host.journal(unit).count("Finished ")
    host.shell("systemctl start %s; journalctl --sync" % unit)
    return host.journal(unit).count("Finished ") == runs + 1


def test_the_queue_s_unit_may_write_how_fast_mail_went_and_runs_only_where_mail_waits(host, relay):
    there = relay()
    configure(host, there.port, "rate 600/m\n")
    host.shell("rm -rf '%s/lib/mysend' '%s/spool/mysend'" % (host.state, host.state))
    host.run(host.program, "-odq", "root", stdin="Subject: later\n\nx\n")
    assert ran(host, "mysend-queue.service") and [m.recipients for m in there.messages] == [["admin@example.org"]]
    assert host.shell("stat -c %%a '%s/lib/mysend'" % host.state).stdout.strip() == "700"
    host.shell("mkdir -m 700 '%s/lib/mysend/oauth'; echo x >'%s/lib/mysend/oauth/default'" % (host.state, host.state))
    assert not ran(host, "mysend-queue.service")
    host.shell("rm -rf '%s/lib/mysend' '%s/spool/mysend'" % (host.state, host.state))
    assert not ran(host, "mysend-queue.service")


def test_the_unit_that_renews_logins_comes_and_goes_with_the_queue_s_timer_and_runs_only_where_tokens_are_kept(host):
    def timers():
        return re.findall(r"^(\S+\.timer)", host.run("systemctl", "list-units", "--no-legend", "--plain", "mysend-*.timer").stdout, re.M)
    assert not timers()
    host.shell("rm -rf '%s/lib/mysend'" % host.state)
    configure(host, 1)
    # The day, and the hour by chance, of a second.
    host.write("/etc/systemd/system/mysend-renew.timer.d/soon.conf", SOON + "RandomizedDelaySec=0\n")
    host.shell("systemctl daemon-reload; systemctl enable -q --now mysend-queue.timer")
    assert sorted(timers()) == ["mysend-queue.timer", "mysend-renew.timer"]
    wait_for(lambda: host.journal("mysend-renew.service").count("skipped") >= 2, "that it comes again, though there was nothing to do")
    assert "Finished" not in host.journal("mysend-renew.service")
    host.shell("mkdir -p -m 700 '%s/lib/mysend/oauth'; chmod 700 '%s/lib/mysend/oauth'; echo x >'%s/lib/mysend/oauth/default'" % ((host.state,) * 3))
    wait_for(lambda: "Finished" in host.journal("mysend-renew.service"), "the run, now that something is kept")
    host.shell("systemctl disable -q --now mysend-queue.timer; rm -rf '%s/lib/mysend' /etc/systemd/system/mysend-renew.timer.d; systemctl daemon-reload" % host.state)
    assert not timers()


def as_www_data(host):
    host.run("setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups", "env", "HOME=/var/www", "USER=www-data",
             host.program, "bob@example.org", stdin="Subject: from the web\n\nx\n")


def service(host, there):
    folder = host.config.rsplit("/", 1)[0]
    host.write(folder + "/mysend-service.conf", "account default\nrelay smtp://127.0.0.1:%d\ntls off\nuser joe\nauth plain\n"
               "maildomain mail.example\nservice_from own\n" % there.port, 0o600)
    host.write(folder + "/mysend-service.password", "hunter2\n", 0o600)
    host.write(host.config, "account default\nsocket /run/mysend/socket\ntls off\nqueue on\nmaildomain mail.example\nroot_to admin@example.org\n")
    host.shell("systemctl daemon-reload; systemctl enable -q --now mysend.socket mysend-service-queue.timer")


@pytest.mark.parametrize("who", ["www-data", "a user of systemd-run"])
def test_users_without_a_secret_send_through_the_service(host, relay, who):
    there = relay("ehlo pipelining 8bitmime auth=plain", "auth ok")
    service(host, there)
    if who == "www-data":
        as_www_data(host)
        sender = "www-data@mail.example"
    else:
        host.run("systemd-run", "-q", "--wait", "--pipe", "-p", "DynamicUser=yes", "-p", "User=passing", host.program, "bob@example.org",
                 stdin="Subject: from a unit\n\nx\n")
        sender = "passing@mail.example"
    wait_for(lambda: there.messages, "the mail")
    assert there.messages[0].sender == sender and [login.password for login in there.logins] == ["hunter2"], there.logins
    wait_for(lambda: not host.run("systemctl", "list-units", "-q", "--no-legend", "mysend@*").stdout, "the service's end")
    host.shell("systemctl disable -q --now mysend.socket mysend-service-queue.timer")


def test_mail_of_a_user_waits_in_the_service_and_goes_out_by_its_timer(host, relay):
    away = relay()
    away.stop()
    service(host, away)
    as_www_data(host)
    assert "bob@example.org" in host.run("env", "MYSEND_SPOOL=/var/lib/mysend/spool", host.program, "-bp").stdout
    there = relay("ehlo pipelining 8bitmime auth=plain", "auth ok", port=away.port)
    # All that waits, and not only what is due: the first try was a moment ago.
    host.write("/etc/systemd/system/mysend-service-queue.service.d/all.conf", "[Service]\nExecStart=\nExecStart=%s -qf\n" % host.program)
    host.write("/etc/systemd/system/mysend-service-queue.timer.d/soon.conf", SOON)
    host.shell("systemctl daemon-reload; systemctl restart mysend-service-queue.timer")
    wait_for(lambda: there.messages, "the mail that waited")
    assert there.messages[0].sender == "www-data@mail.example"
    host.settled("mysend-service-queue.service")
    assert "is empty" in host.run("env", "MYSEND_SPOOL=/var/lib/mysend/spool", host.program, "-bp").stdout
    host.shell("systemctl disable -q --now mysend.socket mysend-service-queue.timer; rm -r /etc/systemd/system/mysend-service-queue.*.d")


def test_a_failed_unit_mails_root_what_it_said(host, relay):
    there = relay()
    configure(host, there.port)
    failing(host, "backup.service", "/bin/sh -c 'echo Grüße from the backup; printf \"\\\\033[31mred\\\\033[0m \\\\377 bad\\\\n\" >&2; exit 3'")
    fail(host, "backup.service")
    (mail,) = there.messages
    assert mail.recipients == ["admin@example.org"]
    assert parsed(mail)["Subject"] == "[tried.example] backup.service failed: exit-code, status 3"
    assert parsed(mail)["Auto-Submitted"] == "auto-generated"
    text = text_of(mail)
    assert "Grüße from the backup" in text and "red  bad" in text and "\033" not in text
    assert "backup.service: Failed with result 'exit-code'." in text and "(code=exited, status=3)" in text
    assert "It has failed" not in text
    fail(host, "backup.service")
    again = text_of(there.messages[1])
    assert "It has failed 2 times within a day" in again and again.count("]: Grüße from the backup") == 1


@pytest.mark.parametrize("unit", ["dev-sda\\x2d1@a\\x20b:c_d.service", "getty-@-.service"])
def test_names_with_odd_characters_are_told_as_they_are(host, relay, unit):
    there = relay()
    configure(host, there.port)
    failing(host, unit, "/bin/sh -c 'echo said by %n; exit 1'")
    fail(host, unit)
    (mail,) = there.messages
    assert parsed(mail)["Subject"] == "[tried.example] %s failed: exit-code, status 1" % unit
    assert "said by " + unit in text_of(mail)


def test_a_unit_that_is_killed_is_told_by_its_signal(host, relay):
    there = relay()
    configure(host, there.port)
    failing(host, "killed.service", "/bin/sh -c 'kill -SEGV $$$$'")
    fail(host, "killed.service")
    (mail,) = there.messages
    assert re.search(r"killed.service failed: (signal|core-dump) SEGV$", parsed(mail)["Subject"]), parsed(mail)["Subject"]


def test_of_a_unit_that_fails_again_and_again_four_mails_an_hour_tell(host, relay):
    there = relay()
    configure(host, there.port)
    failing(host, "again.service", "/bin/sh -c 'echo no; exit 1'", "[Unit]\nStartLimitIntervalSec=0\n")
    failing(host, "other.service", "/bin/false")
    for _ in range(7):
        fail(host, "again.service")
    assert len(of_unit(there, "again.service")) == 4
    fail(host, "other.service")
    assert len(of_unit(there, "other.service")) == 1
    assert "start-limit-hit" in host.run("systemctl", "show", "-p", "Result", "mysend-failure@again.service.service").stdout


def test_a_long_journal_is_bounded_and_ends_with_what_was_said_last(host, relay):
    there = relay()
    configure(host, there.port)
    failing(host, "long.service", "/bin/sh -c 'seq -f \"line %%06.0f ä$(printf %%04000d 0)\" 3000; echo the last word; exit 1'")
    fail(host, "long.service")
    text = text_of(there.messages[0])
    lines = [line for line in text.splitlines() if "line 00" in line]
    assert 150 < len(lines) <= 200 and all(len(line) < 2000 for line in lines) and "the last word" in text
    assert len(there.messages[0].body) < 500000


def test_where_the_journal_cannot_be_read_the_mail_says_so(host, relay):
    there = relay()
    configure(host, there.port)
    failing(host, "silent.service", "/bin/sh -c 'echo unheard; exit 1'")
    host.write("/etc/systemd/system/mysend-failure@.service.d/blind.conf", "[Service]\nInaccessiblePaths=-/var/log/journal -/run/log/journal\n")
    host.run("systemctl", "daemon-reload")
    fail(host, "silent.service")
    host.shell("rm /etc/systemd/system/mysend-failure@.service.d/blind.conf; systemctl daemon-reload")
    text = text_of(there.messages[0])
    assert "the journal cannot be read. No journal files were opened" in text and "]: unheard" not in text and "(code=exited, status=1/FAILURE)" in text


def test_with_the_drop_in_for_all_services_none_of_mysends_own_makes_mail(host, relay):
    there = relay("mail 550")
    configure(host, 1, "queue off\n")
    host.shell('mkdir -p /etc/systemd/system/service.d; cp "%s/10-mysend-failure.conf" /etc/systemd/system/service.d' % host.examples)
    host.write("/etc/systemd/system/any.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n")
    for own in ("mysend-queue", "mysend-renew", "mysend-service-queue"):
        host.write("/etc/systemd/system/%s.service.d/fails.conf" % own, "[Unit]\nConditionDirectoryNotEmpty=\n[Service]\nExecStart=\nExecStart=/bin/false\n")
    host.run("systemctl", "daemon-reload")
    for unit in ("any.service", "mysend-queue.service", "mysend-renew.service", "mysend-service-queue.service"):
        assert host.run("systemctl", "start", unit, check=False).returncode != 0
    wait_for(lambda: ended(host, "any.service"), "what mails about any.service")
    ran = host.run("systemctl", "list-units", "--all", "--no-legend", "--plain", "mysend-failure@*").stdout
    assert "mysend-failure@any.service.service" in ran and "mysend-failure@mysend" not in ran
    assert "OnFailure=\n" == host.run("systemctl", "show", "-p", "OnFailure", "mysend@1.service").stdout
    assert "OnFailure=mysend-failure@dbus.service.service\n" == host.run("systemctl", "show", "-p", "OnFailure", "dbus.service").stdout
    host.shell("rm -r /etc/systemd/system/service.d /etc/systemd/system/mysend-*.service.d; systemctl daemon-reload; "
               "systemctl reset-failed 'mysend-failure@*' any.service mysend-queue.service mysend-renew.service mysend-service-queue.service", check=False)
    assert not there.messages


def test_a_mail_about_a_failure_waits_while_the_relay_is_down(host, relay):
    away = relay()
    away.stop()
    configure(host, away.port)
    host.run("rm", "-rf", host.state + "/spool/mysend")      # this host has never sent any
    failing(host, "early.service", "/bin/false")
    fail(host, "early.service")
    assert "Result=success" in host.run("systemctl", "show", "-p", "Result", "mysend-failure@early.service.service").stdout
    assert "admin@example.org" in host.run(host.program, "-bp").stdout
    there = relay(port=away.port)
    host.run(host.program, "-qf", check=False)
    wait_for(lambda: of_unit(there, "early.service"), "the mail")


def test_the_helper_shows_a_mail_by_hand(host, relay):
    there = relay()
    configure(host, there.port)
    failing(host, "byhand.service", "/bin/sh -c 'echo seen by hand; exit 4'")
    fail(host, "byhand.service")
    said = host.run(host.helper, "byhand.service", "--dry-run").stdout
    assert "failed: exit-code, status 4" in said and "seen by hand" in said
    assert host.run(host.helper, check=False).returncode == 64
    own = host.run(host.helper, "mysend-queue.service")
    assert "mysend's own" in own.stderr and len(there.messages) == 1


def test_the_steps_of_the_readme_by_hand_show_what_it_says(host, relay):
    there = relay("ehlo pipelining 8bitmime auth=plain", "auth ok")
    folder = host.config.rsplit("/", 1)[0]
    service(host, there)
    probed = host.run(host.program, "--probe", "-C", folder + "/mysend-service.conf", "--password_file", folder + "/mysend-service.password", check=False)
    assert re.search(r"^login +ok", probed.stdout, re.M), probed
    host.run(host.program, "--probe", "--as", "www-data")
    host.run("runuser", "-u", "www-data", "--", host.program, "root", stdin="test\n")
    wait_for(lambda: there.messages, "the mail")
    assert there.messages[0].sender == "www-data@mail.example" and there.messages[0].recipients == ["admin@example.org"]
    host.shell("systemctl disable -q --now mysend.socket mysend-service-queue.timer")
    configure(host, there.port, "user joe\npassword hunter2\nauth plain\n")
    host.shell("systemd-run -q --unit=tried -p OnFailure=mysend-failure@tried.service.service sh -c 'echo goodbye; exit 3'")
    (mail,) = wait_for(lambda: of_unit(there, "tried.service"), "the mail about it")
    assert "]: goodbye" in text_of(mail) and parsed(mail)["Subject"].endswith("tried.service failed: exit-code, status 3")
