"""System programs, run for real, with mysend in the place of /usr/sbin/sendmail."""
import pytest

from programs import DOMAIN, Host, need, need_unpacked

ROOT = "root@" + DOMAIN


@pytest.fixture
def host(binary, tmp_path, relay):
    return Host(binary, tmp_path, relay("ehlo pipelining chunking 8bitmime dsn"))


def test_cron_mails_the_output_of_a_job(host):
    need_unpacked("/usr/sbin/cron")
    host.run_until_mail("mkdir -p /var/spool/cron/crontabs\n"
                        "printf 'MAILTO=bob@example.org,root\\n@reboot printf \"first line\\\\n.\\\\ncaf\u00e9\\\\n\"\\n' >/var/spool/cron/crontabs/root\n"
                        "chmod 600 /var/spool/cron/crontabs/root\ncron -f &\nwait\n")
    mail = host.arrived(["bob@example.org", ROOT], body="first line\n.\ncaf\u00e9\n")
    assert mail.field("From") == ROOT + " (Cron Daemon)" and mail.field("Subject").startswith("Cron <root@")


def test_at_mails_the_output_of_a_job(host):
    need_unpacked("/usr/sbin/atd")
    host.run_until_mail("mkdir -p /var/spool/cron/atjobs /var/spool/cron/atspool\ntouch /var/spool/cron/atjobs/.SEQ\n"
                        "chown -R daemon:daemon /var/spool/cron/at*\nchmod 770 /var/spool/cron/at*\n"
                        "printf 'echo first line; echo .; echo last line\\n' | at now\natd -f -b 1 &\nwait\n")
    mail = host.arrived([ROOT], body="first line\n.\nlast line\n")
    assert mail.field("Subject").startswith("Output from your job") and mail.field("To") == ROOT


def test_sudo_mails_what_it_was_asked(host):
    need("sudo")
    host.run_until_mail("sudo -n true\nsleep 30 &\nwait\n", {"etc/sudoers": "Defaults mailto=root\nDefaults mail_always\n"
                        "Defaults mailerpath=/usr/sbin/sendmail\nroot ALL=(ALL) ALL\n"})
    mail = host.arrived([ROOT], of=len(host.relay.messages))     # one as it begins, and perhaps one as it ends
    assert mail.field("From") == ROOT and mail.field("Subject").startswith("*** SECURITY information") and b" : root : " in mail.content


def test_logwatch_mails_its_report_to_two(host):
    need_unpacked("/usr/sbin/logwatch")
    host.run_inside("mkdir -p /var/cache/logwatch\nlogwatch --output mail --mailto 'root bob@example.org' --service zz-disk_space --range all --detail high\n")
    mail = host.arrived([ROOT, "bob@example.org"])
    assert mail.field("Subject").startswith("Logwatch for ") and b"Logwatch End" in mail.content


def test_fail2ban_mails_a_ban(host):
    need_unpacked("/usr/bin/fail2ban-client")
    script = host.write("ban.py", """
import sys
sys.path.insert(0, "/usr/lib/python3/dist-packages")
from fail2ban.client.actionreader import ActionReader
from fail2ban.server.action import CommandAction
reader = ActionReader("sendmail", "sshd", {"name": "sshd", "dest": "root", "sender": "fail2ban@host.example", "sendername": "Fail2Ban"}, basedir="/etc/fail2ban")
assert reader.read()
reader.getOptions({})
action = CommandAction(None, "sendmail")
for line in reader.convert():
    if line[0] == "multi-set":
        for name, value in line[4]:
            setattr(action, name, value)
    elif len(line) > 5:
        setattr(action, line[4], line[5])
assert action.ban({"ip": "192.0.2.1", "failures": 5, "time": 1000, "fq-hostname": "host.example"}) is not False
""")
    host.run_inside("python3 %s\n" % script)
    mail = host.arrived([ROOT], sender="fail2ban@host.example")
    assert "banned 192.0.2.1" in mail.field("Subject") and b"192.0.2.1" in mail.content


def test_unattended_upgrades_mail_their_summary(host):
    need_unpacked("/usr/bin/unattended-upgrade")
    script = host.write("summary.py", """
import importlib.machinery, importlib.util, io
loader = importlib.machinery.SourceFileLoader("unattended", "/usr/bin/unattended-upgrade")
module = importlib.util.module_from_spec(importlib.util.spec_from_loader("unattended", loader))
loader.exec_module(module)
module.MAIL_BINARY = "/nowhere"
module.apt_pkg.init_config()
module.apt_pkg.config.set("Unattended-Upgrade::Mail", "root")
module.send_summary_mail(["libc6"], True, "All upgrades installed", module.KeptPkgs(set), [], {}, io.StringIO("log line\\n"), "dpkg: caf\\u00e9\\n")
""")
    try:
        import apt_pkg  # noqa: F401
        import distro_info  # noqa: F401
    except ImportError as error:
        pytest.skip("%s is missing" % error.name)
    host.run_inside("python3 %s\n" % script)
    mail = host.arrived([ROOT])
    assert mail.field("From") == ROOT and "unattended-upgrades result for" in mail.field("Subject").replace("\r\n", "") and b"libc6" in mail.content


def test_procmail_forwards(host):
    """It takes no environment along: the configuration is the system's."""
    need("procmail")
    rc = host.write("rc", "SHELL=/bin/sh\nLOGFILE=%s/log\n:0\n! carl@example.org dora@example.org\n" % host.tmp)
    text = host.write("mail", "From ann@example.net Mon Nov 23 10:00:00 2026\nFrom: Ann <ann@example.net>\nTo: root@host.example\nSubject: hello\n\na\n.\nb\n")
    host.run_until_mail("procmail -m %s <%s\nsleep 30 &\nwait\n" % (rc, text))    # it does not wait for sendmail's end
    mail = host.arrived(["carl@example.org", "dora@example.org"], subject="hello", body="a\n.\nb\n\n")
    assert mail.field("To") == "root@host.example"


def test_mime_construct_sends(host):
    need("mime-construct")
    host.run_inside("mime-construct --to bob@example.org --bcc dora@example.org --subject hello --string 'first line\n.\nlast line\n'\n")
    assert host.arrived(["bob@example.org", "dora@example.org"], subject="hello").content.replace(b"\r\n", b"\n").endswith(b"first line\n.\nlast line\n")


def test_mpack_sends_a_file(host):
    need("mpack")
    host.write("note.txt", "first line\n.\nlast line\n")
    host.run_inside("mpack -s hello -d /dev/null %s/note.txt bob@example.org\n" % host.tmp)
    assert b"note.txt" in host.arrived(["bob@example.org"], subject="hello").body
