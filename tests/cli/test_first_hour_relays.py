"""The first hour with a relay: what is told of each set-up that fails, whole, with the hint that names the fix."""
import re
import socket
import time

import pytest

from probes import agree

TEXT = b"Subject: x\n\nbody\n"
HEAD = "account default\nqueue off\nmaildomain mail.example\naliases off\n"
CA = "tls_trust_file CERTS/ca.pem\n"
JOE = "tls off\nuser joe\npassword secret\nauth plain\n"

# What it is, the relay (None: none is there), the configuration, the status, and all that is told. PORT, TODAY, FILE, N stand for what
# differs from run to run.
ROWS = [
    ('1a', ['ehlo pipelining'], 'relay smtps://127.0.0.1:PORT\nconnect_timeout 2\n' + CA, 69,
     'mysend: TLS to 127.0.0.1:PORT: OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number\n'
     'mysend: hint: this port does not begin with TLS: write relay smtp://127.0.0.1:PORT, which switches to TLS with STARTTLS\n'),
    ('1b', ['implicit-tls'], 'relay smtp://127.0.0.1:PORT\ntimeout 2\n' + CA, 75,
     'mysend: greeting to 127.0.0.1:PORT: Operation timed out after N milliseconds with 0 bytes received\n'
     'mysend: hint: the port takes the connection and says nothing, as one with TLS from the start does: try relay smtps://127.0.0.1:PORT\n'),
    ('1b2', ['implicit-tls'], 'host 127.0.0.1\nport PORT\ntimeout 2\n' + CA, 75,
     'mysend: greeting to 127.0.0.1:PORT: Operation timed out after N milliseconds with 0 bytes received\n'
     'mysend: hint: the port takes the connection and says nothing, as one with TLS from the start does: try tls_starttls off\n'),
    ('2a', ['mail "504 5.5.2 <root>: Sender address rejected: need fully-qualified address"'], 'tls off\n', 77,
     'mysend: MAIL FROM:<me@example.net> to 127.0.0.1:PORT: 504 5.5.2 <root>: Sender address rejected: need fully-qualified address\n'
     'mysend: hint: the relay wants a full address as the sender: set from, as in from box@example.org\n'),
    ('2b550', ['rcpt "550 5.1.0 <me@example.net>: Sender address rejected: User unknown in virtual alias table"'], 'tls off\n', 77,
     'mysend: RCPT TO:<bob@example.org> to 127.0.0.1:PORT: 550 5.1.0 <me@example.net>: Sender address rejected: User unknown in virtual alias table\n'
     "mysend: hint: the sender's address does not exist for the relay: set from (or force_from) to one that does; for root's mail, too\n"),
    ('2b553', ['rcpt "553 5.7.1 <me@example.net>: Sender address rejected: not owned by user joe"', 'ehlo pipelining auth=plain,login'], JOE, 77,
     'mysend: RCPT TO:<bob@example.org> to 127.0.0.1:PORT: 553 5.7.1 <me@example.net>: Sender address rejected: not owned by user joe\n'
     "mysend: hint: joe may not send as that address: set force_from to joe's own address, or have the relay's operator allow this one\n"),
    ('2c530', ['rcpt "530 5.7.1 Client was not authenticated"'], 'tls off\n', 77,
     'mysend: RCPT TO:<bob@example.org> to 127.0.0.1:PORT: 530 5.7.1 Client was not authenticated\n'
     'mysend: hint: the relay wants a login before it takes mail for others: set user and password_file\n'),
    ('2c504', ['rcpt "504 5.5.2 <root>: Sender address rejected: need fully-qualified address"'], 'tls off\n', 77,
     'mysend: RCPT TO:<bob@example.org> to 127.0.0.1:PORT: 504 5.5.2 <root>: Sender address rejected: need fully-qualified address\n'
     'mysend: hint: the relay wants a full address as the sender: set from, as in from box@example.org\n'),
    ('2d', ['rcpt "554 5.7.1 <bob@example.org>: Relay access denied"', 'ehlo pipelining auth=plain,login'], JOE, 69,
     'mysend: RCPT TO:<bob@example.org> to 127.0.0.1:PORT: 554 5.7.1 <bob@example.org>: Relay access denied\n'
     "mysend: hint: we are logged in as joe, and yet 127.0.0.1 relays nothing for that user: is it the provider's server for sending (often smtp.), and not the one that receives (MX)?\n"),
    ('2d0', ['rcpt "554 5.7.1 <bob@example.org>: Relay access denied"'], 'tls off\n', 69,
     'mysend: RCPT TO:<bob@example.org> to 127.0.0.1:PORT: 554 5.7.1 <bob@example.org>: Relay access denied\n'
     'mysend: hint: the relay wants a login before it takes mail for others: set user and password_file\n'),
    ('2e', ['data "550 5.7.1 Sender address does not match the authenticated user"', 'ehlo pipelining auth=plain,login'], JOE, 77,
     'mysend: DATA to 127.0.0.1:PORT: 550 5.7.1 Sender address does not match the authenticated user\n'
     "mysend: hint: joe may not send as that address: set force_from to joe's own address, or have the relay's operator allow this one\n"),
    ('2e2', ['end "550 5.7.60 SMTP; Client does not have permissions to send as this sender"', 'ehlo pipelining auth=plain,login'], JOE, 77,
     'mysend: end of message to 127.0.0.1:PORT: 550 5.7.60 SMTP; Client does not have permissions to send as this sender\n'
     "mysend: hint: joe has no right to send as that address: set force_from to joe's own address, or have the administrator grant Send As on that mailbox\n"),
    ('3b', ['mail "550 5.1.8 <root@vm>: Sender address rejected: Domain not found"'], 'tls off\nfrom root@vm\n', 77,
     'mysend: MAIL FROM:<root@vm> to 127.0.0.1:PORT: 550 5.1.8 <root@vm>: Sender address rejected: Domain not found\n'
     "mysend: hint: the sender's address does not exist for the relay: set from (or force_from) to one that does; for root's mail, too\n"),
    ('3b2', ['rcpt "550 5.1.1 <root@vm>: Recipient address rejected: User unknown"'], 'tls off\n', 67,
     'mysend: RCPT TO:<root@mail.example> to 127.0.0.1:PORT: 550 5.1.1 <root@vm>: Recipient address rejected: User unknown\n'
     "mysend: hint: nobody reads root's mail there: set root_to to who does, as in root_to admin@example.org\n", 'root@vm'),
    ('4', ['ehlo pipelining auth=plain', 'auth "534 5.7.14 <https://accounts.google.com/signin/continue?x> Please log in via your web browser and then try again."'], JOE, 77,
     'mysend: login to 127.0.0.1:PORT: 534 5.7.14 <https://accounts.google.com/signin/continue?x> Please log in via your web browser and then try again.\n'
     'mysend: hint: make an app password for joe at the provider, which is simplest; or log in there once as joe with a browser (the address above), and let this host in\n'),
    ('5a', ['ehlo pipelining auth=login', 'auth "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information."'], 'tls off\nuser joe\npassword secret\nauth login\n', 77,
     'mysend: login to 127.0.0.1:PORT: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.\n'
     'mysend: hint: SMTP AUTH is switched off: the tenant\'s administrator has to allow it for the mailbox joe ("Authenticated SMTP"); until then no other password helps, and no token\n'),
    ('5a2', ['ehlo pipelining auth=login', 'auth "535 5.7.139 Authentication unsuccessful, user is locked by your organization\'s security defaults policy. Contact your administrator."'], 'tls off\nuser joe\npassword secret\nauth login\n', 77,
     "mysend: login to 127.0.0.1:PORT: 535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. Contact your administrator.\n"
     'mysend: hint: a policy of the tenant forbids password logins for joe: its administrator has to exempt the account from it; or use a token (oauth client, contrib/oauth.md)\n'),
    ('5b', ['mail "530 5.7.57 Client not authenticated to send mail. [LO2P265CA0001.GBRP265.PROD.OUTLOOK.COM]"', 'ehlo pipelining auth=plain,login'], JOE, 77,
     'mysend: MAIL FROM:<me@example.net> to 127.0.0.1:PORT: 530 5.7.57 Client not authenticated to send mail. [LO2P265CA0001.GBRP265.PROD.OUTLOOK.COM]\n'
     'mysend: hint: the login as joe went well, but may not send: have its administrator look whether the mailbox has a licence, and whether SMTP AUTH is allowed for it\n'),
    ('5c', ['end "554 5.2.252 SendAsDenied; joe@example.net not allowed to send as me@example.net; STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied"', 'ehlo pipelining auth=plain,login'], JOE, 77,
     'mysend: end of message to 127.0.0.1:PORT: 554 5.2.252 SendAsDenied; joe@example.net not allowed to send as me@example.net; STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied\n'
     "mysend: hint: joe has no right to send as that address: set force_from to joe's own address, or have the administrator grant Send As on that mailbox\n"),
    ('5d', ['ehlo auth=xoauth2'], 'tls off\nuser joe\npassword x\n', 77,
     'mysend: login to 127.0.0.1:PORT: no way to log in that both sides know: the relay offers AUTH XOAUTH2, and we PLAIN LOGIN CRAM-MD5 DIGEST-MD5\n'
     'mysend: hint: this relay takes tokens (OAuth) only: set oauth client or oauth login, as contrib/oauth.md says; or auth xoauth2, and password_command to a program that prints a token\n'),
    ('5e', ['ehlo pipelining auth=xoauth2', 'auth "535 5.7.8 Username and Password not accepted"'], 'tls off\nuser joe\npassword secret\nauth xoauth2\n', 77,
     'mysend: login to 127.0.0.1:PORT: 535 5.7.8 Username and Password not accepted\n'
     'mysend: hint: the secret is a token, which ends after an hour or so: have password_command print a fresh one, or mysend fetch it (contrib/oauth.md); if it is fresh: is it for this relay, and for joe?\n'),
    ('5e2', ['ehlo pipelining auth=oauthbearer', 'auth "535 5.7.3 Authentication unsuccessful"'], 'tls off\nuser joe\npassword secret\nauth oauthbearer\n', 77,
     'mysend: login to 127.0.0.1:PORT: 535 5.7.3 Authentication unsuccessful\n'
     "mysend: hint: the token may be good, but joe's mailbox is not opened to it: give the service principal (object id of Enterprise applications) permission on it, and wait 30 minutes\n"),
    ('5f', ['ehlo auth=xoauth2', 'auth "334 eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNvbS8ifQ=="'], 'tls off\nuser joe\npassword x\nauth xoauth2\n', 77,
     'mysend: login to 127.0.0.1:PORT: the relay does not take the login: 334 {"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}\n'
     'mysend: hint: has the token expired? the relay wants one for the scope https://mail.google.com/\n'),
    ('10a501', ['ehlo "501 5.5.4 Invalid domain name"', 'helo "501 5.5.4 Invalid domain name"'], 'domain vm\n' + CA, 69,
     'mysend: greeting to 127.0.0.1:PORT: 501 5.5.4 Invalid domain name\n'
     'mysend: hint: the relay does not take the name "vm" that we say in EHLO: set domain to the full name of this host, as in domain box.example.org\n'),
    ('10a550', ['ehlo "550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)"', 'helo "550 Access denied - Invalid HELO name"'], 'domain vm\n' + CA, 69,
     'mysend: greeting to 127.0.0.1:PORT: 550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)\n'
     'mysend: hint: the relay does not take the name "vm" that we say in EHLO: set domain to the full name of this host, as in domain box.example.org\n'),
    ('10a550off', ['ehlo "550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)"', 'helo "550 Access denied - Invalid HELO name"'], 'domain vm\ntls off\n', 69,
     'mysend: greeting to 127.0.0.1:PORT: 550 Access denied - Invalid HELO name\n'
     'mysend: hint: the relay does not take the name "vm" that we say in EHLO: set domain to the full name of this host, as in domain box.example.org\n'),
    ('10a502', ['ehlo "502 unimplemented"'], 'domain vm\n' + CA, 69,
     'mysend: greeting to 127.0.0.1:PORT: 502 unimplemented\n'
     'mysend: hint: what answers there knows no EHLO, and so no TLS and no login: are relay and its port those of a mail relay?\n'),
    ('10b', ['rcpt "504 5.5.2 <vm>: Helo command rejected: need fully-qualified hostname"'], 'tls off\ndomain vm\n', 69,
     'mysend: RCPT TO:<bob@example.org> to 127.0.0.1:PORT: 504 5.5.2 <vm>: Helo command rejected: need fully-qualified hostname\n'
     'mysend: hint: the relay does not take the name "vm" that we say in EHLO: set domain to the full name of this host, as in domain box.example.org\n'),
    ('10b2', ['mail "550 5.7.1 <vm>: Helo command rejected: Host not found"'], 'tls off\ndomain vm\n', 69,
     'mysend: MAIL FROM:<me@example.net> to 127.0.0.1:PORT: 550 5.7.1 <vm>: Helo command rejected: Host not found\n'
     'mysend: hint: the relay does not take the name "vm" that we say in EHLO: set domain to the full name of this host, as in domain box.example.org\n'),
    ('11a', ['ehlo starttls', 'cert expired'], CA, 69,
     'mysend: TLS to 127.0.0.1:PORT: SSL certificate problem: certificate has expired\n'
     "mysend: hint: the relay's certificate has ended on 2020-02-01: its operator has to renew it; or the clock here is wrong (it says TODAY)\n"),
    ('11b', ['ehlo starttls', 'cert wrong-name'], CA, 69,
     "mysend: TLS to 127.0.0.1:PORT: SSL: no alternative certificate subject name matches target host name '127.0.0.1'\n"
     'mysend: hint: the certificate is for other.example: if that is this relay, write that name as its host, or set tls_host_override to it\n'),
    ('11d', ['ehlo starttls', 'cert self-signed'], CA, 69,
     'mysend: TLS to 127.0.0.1:PORT: SSL certificate problem: self-signed certificate\n'
     "mysend: hint: nobody whom this host trusts has signed it: set tls_trust_file to the certificate of the relay's own authority, from its operator\n"),
    ('11e', ['ehlo starttls', 'cert other-ca'], CA, 69,
     'mysend: TLS to 127.0.0.1:PORT: SSL certificate problem: unable to get local issuer certificate\n'
     "mysend: hint: nobody whom this host trusts has signed it: set tls_trust_file to the certificate of the relay's own authority, from its operator\n"),
    ('14a', None, 'tls off\nport 1\n', 75,
     'mysend: connect to 127.0.0.1:1: Connection refused\n'
     'mysend: hint: nothing listens there: is relay right, with its port (most providers have 587 and 465)? else the server is down\n'),
    ('14b', None, 'host mail.nowhere.invalid\ntls off\n', 68,
     'mysend: name look-up to mail.nowhere.invalid:1: Could not resolve host: mail.nowhere.invalid\n'
     'mysend: hint: no such name is known: is the setting relay (or host) right?\n'),
    ('14f2', ['greet hang', 'lax'], 'relay smtps://127.0.0.1:PORT\ntimeout 1\n' + CA, 75,
     'mysend: TLS to 127.0.0.1:PORT: Connection timed out after N milliseconds\n'
     'mysend: hint: the port does not begin with TLS: try relay smtp://127.0.0.1:PORT, which switches to TLS with STARTTLS\n'),
    ('16a', ['greet "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"'], 'tls off\n', 69,
     'mysend: greeting to 127.0.0.1:PORT: 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org\n'
     'mysend: hint: the relay blocks the address of this host, and no setting here changes that: ask its operator, or send by a relay that you log in to (port 587)\n'),
    ('16a2', ['greet "550 Your host is not allowed to connect"'], 'tls off\n', 69,
     'mysend: greeting to 127.0.0.1:PORT: 550 Your host is not allowed to connect\n'
     'mysend: hint: the relay takes no connections from this host: ask its operator to let it in, or send by a relay that you log in to (port 587)\n'),
    ('16b', ['rcpt "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1"'], 'tls off\n', 69,
     'mysend: RCPT TO:<bob@example.org> to 127.0.0.1:PORT: 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1\n'
     'mysend: hint: the relay blocks the address of this host, and no setting here changes that: ask its operator, or send by a relay that you log in to (port 587)\n'),
    ('16b2', ['rcpt "450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]"'], 'tls off\n', 75,
     'mysend: RCPT TO:<bob@example.org> to 127.0.0.1:PORT: 450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]\n'
     'mysend: hint: the address of this host has no name in the DNS (PTR): who gives out the address can set it; or send by a relay that you log in to (port 587)\n'),
    ('17a', ['ehlo auth=gssapi,ntlm'], 'tls off\nuser joe\npassword x\n', 77,
     'mysend: login to 127.0.0.1:PORT: no way to log in that both sides know: the relay offers AUTH GSSAPI NTLM, and we PLAIN LOGIN CRAM-MD5 DIGEST-MD5\n'
     'mysend: hint: the relay takes another way, which has to be asked for by name: set auth gssapi (gssapi works with a Kerberos ticket, ntlm with the password)\n'),
    ('17a2', ['ehlo auth=plain'], 'tls off\nuser joe\npassword x\nauth cram-md5\n', 77,
     'mysend: login to 127.0.0.1:PORT: no way to log in that both sides know: the relay offers AUTH PLAIN, and we CRAM-MD5\n'
     'mysend: hint: leave the setting auth out, and what the relay offers is used\n'),
    ('17b', ['ehlo pipelining auth=plain', 'auth "535 5.7.0 Account locked: too many failed attempts"'], JOE, 77,
     'mysend: login to 127.0.0.1:PORT: 535 5.7.0 Account locked: too many failed attempts\n'
     'mysend: hint: the account joe is locked at the relay, for a while or until its operator opens it: ask him; the password may be right\n'),
    ('17c', ['ehlo pipelining auth=plain', 'auth "538 5.7.11 Encryption required for requested authentication mechanism"'], JOE, 77,
     'mysend: login to 127.0.0.1:PORT: 538 5.7.11 Encryption required for requested authentication mechanism\n'
     'mysend: hint: the relay takes this login only after TLS: set tls on\n'),
    ('18', ['ehlo size=1000'], 'tls off\n', 65,
     'mysend: MAIL FROM:<me@example.net> to 127.0.0.1:PORT: the message is 2356 octets encoded, 127.0.0.1 takes 1000 octets\n'
     'mysend: hint: send less, or a link to it\n', 'bob@example.org', b'x' * 2000),
    ('18mail', ['mail "552 5.3.4 Message size exceeds fixed limit"'], 'tls off\n', 65,
     'mysend: MAIL FROM:<me@example.net> to 127.0.0.1:PORT: 552 5.3.4 Message size exceeds fixed limit\n'
     'mysend: hint: the relay finds the message of 168 octets (as sent) too large: send less, or a link to it\n'),
    ('18data', ['data "552 too big"'], 'tls off\n', 65,
     'mysend: DATA to 127.0.0.1:PORT: 552 too big\n'
     'mysend: hint: the relay finds the message of 168 octets (as sent) too large: send less, or a link to it\n'),
    ('18end', ['end "552 5.3.4 Message too big for system"', 'ehlo size=100000'], 'tls off\n', 65,
     'mysend: end of message to 127.0.0.1:PORT: 552 5.3.4 Message too big for system\n'
     'mysend: hint: the relay finds the message of 168 octets (as sent) too large: send less, or a link to it\n'),
    ('14c again', None, 'host again.test\nport 587\ntls off\n', 75,
     'mysend: name look-up to again.test:587: Could not resolve host: again.test\n'
     'mysend: hint: the name servers do not answer: is this host on the network, and are those in /etc/resolv.conf right?\n'),
    ('14d slow', None, 'host slow.test\nport 587\ntls off\nconnect_timeout 1\n', 75,
     'mysend: name look-up to slow.test:587: no name server has told the address of slow.test within the time allowed\n'
     'mysend: hint: the name servers do not answer: is this host on the network, and are those in /etc/resolv.conf right?\n'),
    ('14e slow proxy', None, 'host relay.test\nport 587\ntls off\nproxy socks5h://joe:hunter2@slow.test:1080\nconnect_timeout 1\n', 75,
     'mysend: name look-up to relay.test:587: no name server has told the address of the proxy within the time allowed\n'
     'mysend: hint: the name servers do not answer: is this host on the network, and are those in /etc/resolv.conf right?\n'),
    ('1d no STARTTLS elsewhere', ['ehlo pipelining'], 'relay smtp://relay.test:PORT\n' + CA, 69,
     'mysend: TLS to relay.test:PORT: STARTTLS not supported.\n'
     'mysend: hint: the relay offers no STARTTLS here: write relay smtps://relay.test for TLS from the start; tls off is only for a relay without any TLS in a network that you trust\n'),
    ('1e no STARTTLS elsewhere, by host', ['ehlo pipelining'], 'host relay.test\n' + CA, 69,
     'mysend: TLS to relay.test:PORT: STARTTLS not supported.\n'
     'mysend: hint: the relay offers no STARTTLS here: write port 465, tls_starttls off for TLS from the start; tls off is only for a relay without any TLS in a network that you trust\n'),
    ('17d', ['ehlo auth=plain'], 'host relay.test\ntls off\nuser joe\npassword x\n', 77,
     'mysend: login to relay.test:PORT: no way to log in that both sides know: the relay offers AUTH PLAIN, and we CRAM-MD5 DIGEST-MD5\n'
     'mysend: hint: PLAIN and LOGIN would send the password in clear text here: set tls on\n'),
    ('17e', ['ehlo auth=gssapi,scram-sha-256-plus'], 'tls off\nuser joe\npassword x\n', 77,
     'mysend: login to 127.0.0.1:PORT: no way to log in that both sides know: the relay offers AUTH GSSAPI SCRAM-SHA-256-PLUS, and we PLAIN LOGIN CRAM-MD5 DIGEST-MD5\n'
     'mysend: hint: the relay takes another way, which has to be asked for by name: set auth gssapi (gssapi works with a Kerberos ticket, ntlm with the password)\n'),
    ('17f', ['ehlo pipelining'], 'tls off\nuser joe\npassword x\n', 77,
     'mysend: login to 127.0.0.1:PORT: the relay offers no login (AUTH), but the account has one\n'
     'mysend: hint: many relays offer it only after TLS: set tls on; if this relay wants no login, remove user, or set auth off\n'),
    ('10c', ['ehlo "550 5.7.1 host blocked by reputation"', 'helo "550 5.7.1 host blocked by reputation"'], 'tls off\n', 69,
     'mysend: greeting to 127.0.0.1:PORT: 550 5.7.1 host blocked by reputation\n'
     'mysend: hint: the relay blocks the address of this host, and no setting here changes that: ask its operator, or send by a relay that you log in to (port 587)\n'),
    ('5g', ['ehlo pipelining auth=plain', 'auth "550 5.7.30 Basic authentication is not supported for Client Submission."'], JOE, 77,
     'mysend: login to 127.0.0.1:PORT: 550 5.7.30 Basic authentication is not supported for Client Submission.\n'
     'mysend: hint: this provider takes passwords no more, but tokens: set oauth client or oauth login, as contrib/oauth.md says\n'),
    ('5h', ['mail "550 5.7.30 Basic authentication is not supported for Client Submission."', 'ehlo pipelining auth=plain,login'], JOE, 77,
     'mysend: MAIL FROM:<me@example.net> to 127.0.0.1:PORT: 550 5.7.30 Basic authentication is not supported for Client Submission.\n'
     'mysend: hint: this provider takes passwords no more, but tokens: set oauth client or oauth login, as contrib/oauth.md says\n'),
    ('14g', ['greet hang', 'lax'], 'tls off\ntimeout 1\n', 75,
     'mysend: greeting to 127.0.0.1:PORT: Operation timed out after N milliseconds with 0 bytes received\n'
     'mysend: hint: the port takes the connection and says nothing, as one with TLS from the start does: try tls_starttls off and tls on\n'),
]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_is_told_names_the_fix(mysend, relay, certs, library, row):
    parts, config, status, told = row[1:5]
    to, body = (row[5:] + ("bob@example.org", b""))[:1][0], row[6] if len(row) > 6 else b""
    one = relay(*parts, "lax") if parts is not None else None
    port = str(one.port if one else 1)
    where = "" if "relay " in config else ("" if "host " in config else "host 127.0.0.1\n") + ("" if "port " in config else "port %s\n" % port)
    lines = HEAD + ("" if "from " in config else "from me@example.net\n") + where + config.replace("CERTS", certs).replace("PORT", port)
    done = mysend(to, stdin=TEXT + body, config=lines, env={"LD_PRELOAD": library("resolves")})
    err = done.err.replace(port, "PORT") if one else done.err
    err = err.replace(time.strftime("%Y-%m-%d", time.gmtime()), "TODAY")
    assert re.sub(r"after \d+ millisec", "after N millisec", err) == told and done.status == status and done.out == "", done


@pytest.mark.parametrize("row", [row for row in ROWS if len(row) < 7], ids=lambda row: row[0])
def test_the_probe_fails_where_a_mail_does_and_says_the_same(mysend, relay, certs, library, row):
    parts, config = row[1:3]
    to = row[5] if len(row) > 5 else "bob@example.org"
    found = []
    for args in (), ("--probe",):
        one = relay(*parts, "lax") if parts is not None else None
        port = str(one.port if one else 1)
        where = "" if "relay " in config else ("" if "host " in config else "host 127.0.0.1\n") + ("" if "port " in config else "port %s\n" % port)
        lines = HEAD + ("" if "from " in config else "from me@example.net\n") + where + config.replace("CERTS", certs).replace("PORT", port)
        done = mysend(*args, to, stdin=TEXT, config=lines, env={"LD_PRELOAD": library("resolves")})
        done.err, done.out = (text.replace(port, "PORT") if one else text for text in (done.err, done.out))
        found.append(done)
        assert not args or not one or not one.messages
    agree(*found)


def test_port_that_answers_nothing_is_told_with_another_one(mysend):
    """A listener that accepts nobody, and whose queue is full, drops who connects, as a firewall does."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        done = mysend("bob@example.org", stdin=TEXT, config=HEAD + "relay smtp://127.0.0.1:%d\nfrom me@example.net\nconnect_timeout 1\n" % port)
        for one in waiting:
            one.close()
    assert done.status == 75 and done.errors[0].startswith("mysend: connect to 127.0.0.1:%d: " % port), done
    assert done.hints == ["mysend: hint: nothing answers at port %d: a firewall here, or the provider of this host, may block it; try relay smtps://127.0.0.1" % port]


def test_second_look_at_a_certificate_says_nothing_but_ehlo_and_starttls(mysend, relay, certs):
    one = relay("ehlo starttls auth=plain", "cert expired")
    done = mysend("bob@example.org", stdin=TEXT, config=HEAD + "host 127.0.0.1\nport %d\nfrom me@example.net\nuser joe\npassword secret\ntls_trust_file %s/ca.pem\n" % (one.port, certs))
    assert done.status == 69 and "ended on 2020-02-01" in done.hints[0] and len(one.sessions) == 2, done
    verbs = {line.data.split()[0].upper() for session in one.sessions for line in session.lines if line.data.strip()}
    assert verbs <= {b"EHLO", b"STARTTLS", b"QUIT"} and not one.logins and not one.transactions, verbs
