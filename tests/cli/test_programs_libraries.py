"""Libraries and frameworks, run for real: PHP, Perl, Ruby, Node, Python."""
import email
import email.policy
import subprocess
import sys

import pytest

from programs import Host, need

TO = ["bob@example.org", "dora@example.org"]        # dora is a blind copy
TEXT = "caf\u00e9\n.\n..two\nend\n"


@pytest.fixture
def host(binary, tmp_path, relay):
    return Host(binary, tmp_path, relay("ehlo pipelining chunking 8bitmime dsn"))


@pytest.fixture
def refusing(binary, tmp_path, relay):
    return Host(binary, tmp_path, relay("ehlo pipelining", 'rcpt "550 5.1.1 nobody here"'))


def said(mail):
    """The text, whatever its encoding."""
    part = email.message_from_bytes(mail.body, policy=email.policy.default)
    return part.get_content().replace("\r", "").rstrip("\n") + "\n"


PHP_TEXT = TEXT.replace("\n", "\\n")


def php(host, code, status=0, *options):
    need("php")
    script = host.write("x.php", "<?php\n" + code)
    return host.run("php", "-d", "sendmail_path=%s -t -i" % host.sendmail, *options, script, status=status)


def test_php_mail_sends(host):
    php(host, 'exit(mail("bob@example.org", "hello", "%s", "From: Shop <shop@example.net>\\r\\nBcc: dora@example.org\\r\\nContent-Type: text/plain; charset=UTF-8"'
        ', "-fshop@example.net") ? 0 : 1);' % PHP_TEXT)
    assert said(host.arrived(TO, sender="shop@example.net", subject="hello")) == TEXT


def test_php_mail_hears_of_a_refusal(refusing):
    assert "nobody here" in php(refusing, 'exit(mail("bob@example.org", "hello", "x") ? 0 : 1);', status=1).said


PHPMAILER = """
require "/usr/share/php/libphp-phpmailer/autoload.php";
$m = new PHPMailer\\PHPMailer\\PHPMailer(true);
$m->%s(); $m->CharSet = "utf-8"; $m->setFrom("shop@example.net", "Shop"); $m->addAddress("bob@example.org"); $m->addBCC("dora@example.org");
$m->Subject = "hello"; $m->Body = "%s"; $m->send();
"""


@pytest.mark.parametrize("how", ["isMail", "isSendmail"])
def test_phpmailer_sends(host, how):
    need("php", "/usr/share/php/libphp-phpmailer/autoload.php")
    php(host, PHPMAILER % (how, PHP_TEXT))
    assert said(host.arrived(TO, sender="shop@example.net", subject="hello")) == TEXT


def test_phpmailer_hears_of_a_refusal(refusing):
    need("php", "/usr/share/php/libphp-phpmailer/autoload.php")
    php(refusing, PHPMAILER % ("isSendmail", "x"), status=255)


SYMFONY = """
require "/usr/share/php/Symfony/Component/Mailer/autoload.php";
use Symfony\\Component\\Mailer\\{Mailer, Transport}; use Symfony\\Component\\Mime\\Email;
$m = new Mailer(Transport::fromDsn("sendmail://default?command=" . rawurlencode("%s")));
foreach (%s as $to)
  $m->send((new Email())->from("shop@example.net")->to($to)->bcc("dora@example.org")->subject("hello")->text("%s"));
"""


@pytest.mark.parametrize("flags", ["-bs", "-bs -i", "-t", "-oi -t", "-t -i"])
def test_symfony_mailer_sends(host, flags):
    need("php", "/usr/share/php/Symfony/Component/Mailer/autoload.php")
    php(host, SYMFONY % (host.sendmail + " " + flags, '["bob@example.org"]', PHP_TEXT))
    mail = host.arrived(TO, sender="shop@example.net", subject="hello")
    # Without -i it doubles leading dots itself, for a sendmail that would undo that.
    assert said(mail) == (TEXT if flags != "-t" else TEXT.replace("\n.", "\n.."))


def test_symfony_mailer_sends_two_over_one_session(host):
    need("php", "/usr/share/php/Symfony/Component/Mailer/autoload.php")
    php(host, SYMFONY % (host.sendmail + " -bs", '["bob@example.org", "carl@example.org"]', PHP_TEXT))
    assert [mail.recipients for mail in host.relay.messages] == [TO, ["carl@example.org", "dora@example.org"]] and len(host.relay.sessions) == 1


@pytest.mark.parametrize("flags", ["-bs", "-t -i"])
def test_symfony_mailer_hears_of_a_refusal(refusing, flags):
    need("php", "/usr/share/php/Symfony/Component/Mailer/autoload.php")
    done = php(refusing, SYMFONY % (refusing.sendmail + " " + flags, '["bob@example.org"]', "x"), status=255)
    assert flags != "-bs" or "nobody here" in done.said


PERL = {
    "MIME::Lite": 'use MIME::Lite; $m = MIME::Lite->new(From => "ann\\@example.net", To => "bob\\@example.org", Bcc => "dora\\@example.org", Subject => "hello", '
                  'Type => "text/plain; charset=utf-8", Data => $text); $m->send("sendmail", "%s -t -oi -oem -fann\\@example.net") or die;',
    "Email::Sender": 'use Email::Sender::Simple qw(sendmail); use Email::Simple; use Email::Sender::Transport::Sendmail; sendmail(Email::Simple->create(header => '
                     '[From => "ann\\@example.net", To => "bob\\@example.org", Subject => "hello", "Content-Type" => "text/plain; charset=utf-8"], body => $text), '
                     '{from => "ann\\@example.net", to => ["bob\\@example.org", "dora\\@example.org"], transport => Email::Sender::Transport::Sendmail->new('
                     '{sendmail => "%s"})});',
    "Mail::Mailer": 'use Mail::Mailer; $m = Mail::Mailer->new("sendmail"); $m->open({From => "ann\\@example.net", '
                    'To => "bob\\@example.org", Bcc => "dora\\@example.org", Subject => "hello", "Content-Type" => "text/plain; charset=utf-8"}); print $m $text; '
                    '$m->close or die "refused: $?";',
}


def perl(host, module, status=0):
    need("perl")
    if subprocess.run(["perl", "-M" + module, "-e", "1"], capture_output=True, check=False).returncode:
        pytest.skip("%s is missing" % module)
    return host.run("perl", "-e", '$text = "%s"; ' % TEXT.encode().decode("latin-1").replace("\n", "\\n").replace("\u00c3\u00a9", "\\xc3\\xa9") + (PERL[module] % host.sendmail if '%s' in PERL[module] else PERL[module]),
                    env={"PERL_MAILERS": "sendmail:" + host.sendmail}, status=status)


@pytest.mark.parametrize("module", PERL)
def test_perl_sends(host, module):
    perl(host, module)
    assert said(host.arrived(TO, sender=None if module == "Mail::Mailer" else "ann@example.net", subject="hello")) == TEXT


@pytest.mark.parametrize("module", PERL)
def test_perl_hears_of_a_refusal(refusing, module):
    perl(refusing, module, status=None)


def test_ruby_mail_sends(host):
    need("ruby", "/usr/lib/ruby/vendor_ruby/mail.rb")
    host.run("ruby", "-e", 'require "mail"; m = Mail.new(from: "ann@example.net", to: "bob@example.org", bcc: "dora@example.org", subject: "hello", '
             'body: ARGV[1], charset: "UTF-8"); m.delivery_method :sendmail, location: ARGV[0]; m.deliver!', host.sendmail, TEXT)
    assert said(host.arrived(TO, sender="ann@example.net", subject="hello")) == TEXT


NODE = """
const t = require("/usr/share/nodejs/nodemailer").createTransport({sendmail: true, path: process.argv[2], newline: "unix"});
t.sendMail({from: "ann@example.net", to: "bob@example.org", bcc: "dora@example.org", subject: "hello", text: process.argv[3]},
           (error) => { if (error) { console.error(error.message); process.exit(1); } });
"""


def node(host, status=0):
    need("node", "/usr/share/nodejs/nodemailer")
    return host.run("node", host.write("x.js", NODE), host.sendmail, TEXT, status=status)


def test_nodemailer_sends(host):
    node(host)
    assert said(host.arrived(TO, sender="ann@example.net", subject="hello")) == TEXT


def test_nodemailer_hears_of_a_refusal(refusing):
    assert "67" in node(refusing, status=1).said


def test_python_sends(host):
    host.run(sys.executable, "-c", "import subprocess, sys; from email.message import EmailMessage; m = EmailMessage(); m['From'] = 'ann@example.net'; "
             "m['To'] = 'bob@example.org'; m['Bcc'] = 'dora@example.org'; m['Subject'] = 'hello'; m.set_content(sys.argv[2]); "
             "subprocess.run([sys.argv[1], '-t', '-oi'], input=m.as_bytes(), check=True)", host.sendmail, TEXT)
    assert said(host.arrived(TO, subject="hello")) == TEXT
