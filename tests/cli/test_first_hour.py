"""The first hour: whatever is set up wrongly, what is printed names the fix, in every way of calling."""
import os
import pwd

import pytest

from first_hour import DOWN, LOGIN, REFUSED, WAYS, Caller, Fault

SECRET = "user joe\nauth plain\n%s\n"
USER = pwd.getpwuid(os.geteuid()).pw_name
HAND = "run the command by hand as %s: it has to print the password in its first line, and to end with status 0" % USER

FAULTS = [
    Fault("4", "login refused", ["ehlo auth=plain", 'auth "535 5.7.8 bad credentials"'], LOGIN, 77, "login to HOST: 535 5.7.8 bad credentials",
          "check user (joe; some relays want the whole address) and the password; many providers want a password made for programs (app password, SMTP credentials)"),
    Fault("2b", "sender refused at RCPT", ['rcpt "553 5.7.1 <a@b.example>: Sender address rejected: not owned by user joe"', "ehlo auth=plain"], LOGIN, 77,
          "RCPT TO:<bob@example.org> to HOST: 553 5.7.1 <a@b.example>: Sender address rejected: not owned by user joe",
          "joe may not send as that address: set force_from to joe's own address, or have the relay's operator allow this one", REFUSED, False),
    Fault("5a", "password logins switched off", ["ehlo auth=plain", 'auth "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."'], LOGIN, 77,
          "login to HOST: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
          "SMTP AUTH is switched off: the tenant's administrator has to allow it for the mailbox joe (\"Authenticated SMTP\"); until then no other password helps, and no token"),
    Fault("10a", "EHLO name refused", ['ehlo "501 5.5.4 Invalid domain name"', 'helo "501 5.5.4 Invalid domain name"'], "domain vm\n", 69, "greeting to HOST: 501 5.5.4 Invalid domain name",
          "the relay does not take the name \"vm\" that we say in EHLO: set domain to the full name of this host, as in domain box.example.org"),
    Fault("11b", "certificate for another name", ["ehlo starttls", "cert wrong-name"], "tls on\ntls_trust_file CERTS/ca.pem\n", 69,
          "TLS to HOST: SSL: no alternative certificate subject name matches target host name '127.0.0.1'",
          "the certificate is for other.example: if that is this relay, write that name as its host, or set tls_host_override to it", tls=True),
    Fault("16a", "address blocked", ['greet "554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org"'], "", 69, "greeting to HOST: 554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org",
          "the relay blocks the address of this host, and no setting here changes that: ask its operator, or send by a relay that you log in to (port 587)"),
    Fault("17c", "login before TLS", ["ehlo auth=plain", 'auth "538 5.7.11 Encryption required"'], LOGIN, 77, "login to HOST: 538 5.7.11 Encryption required",
          "the relay takes this login only after TLS: set tls on"),
    Fault("7", "command fails", ["ehlo auth=plain"], SECRET % "password_command false", 78, "CONF:13: password_command: the command failed with status 1", HAND),
    Fault("7", "command is not found", ["ehlo auth=plain"], SECRET % "password_command exit 127", 78, "CONF:13: password_command: the command failed with status 127",
          "the shell does not find the command: give its full path, since cron and services have a short PATH"),
    Fault("7", "no password in the file", ["ehlo auth=plain"], SECRET % "password_file TOP/secret", 78, "CONF:13: password_file: TOP/secret: No such file or directory",
          "to make it: (umask 077; cat >TOP/secret), type the password, Enter, Ctrl-D"),
    Fault("14a", "relay down", None, "", 75, "connect to HOST: Connection refused", "nothing listens there: is relay right, with its port (most providers have 587 and 465)? else the server is down", DOWN),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_what_is_said_names_the_fix_however_mysend_is_called(mysend, relay, request, fault, way):
    way(Caller(fault, mysend, relay, request.getfixturevalue("certs") if fault.tls else None))
