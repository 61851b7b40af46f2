"""Servers beside the scripted relay: a proxy, a tiny POP3, and real ones in private directories."""
import base64
import os
import pwd
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import pytest

from waiting import PATIENCE, wait_for


def free_port():
    """For servers that bind later: below the range that the kernel hands out to everybody else meanwhile."""
    while True:
        port = random.SystemRandom().randrange(10000, 32000)
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def listens(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as sock:
            return bool(sock.recv(4))
    except OSError:
        return False


class Server:
    """Threads, one a connection; a subclass has serve(sock, lines)."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self.listener.getsockname()
        self.socks = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.socks.append(sock)
            threading.Thread(target=self.guard, args=(sock,), daemon=True).start()

    def guard(self, sock):
        try:
            with sock, sock.makefile("rb") as lines:
                self.serve(sock, lines)
        except OSError:
            pass

    def stop(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for sock in self.socks:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Pop3(Server):
    def __init__(self, user, password, refuse=False, no="[AUTH] no", greeting="+OK POP3 ready", offers="USER\r\nSASL PLAIN LOGIN\r\n", tls=None, at_once=False):
        self.user, self.password, self.refuse, self.logins, self.commands, self.no = user, password, refuse, [], [], no
        self.greeting, self.offers = greeting, offers           # offers None: it knows no CAPA
        self.at_once, self.clear, self.context = at_once, [], None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(os.path.join(tls, "good.pem"), os.path.join(tls, "good.key"))
            self.offers = (offers or "") + "STLS\r\n"
        super().__init__()

    def serve(self, sock, lines):
        if self.at_once:
            sock = self.context.wrap_socket(sock, server_side=True)
            lines = sock.makefile("rb")
        sock.sendall(self.greeting.encode() + b"\r\n")
        self.talk(sock, lines)

    def talk(self, sock, lines):
        user = None
        for line in lines:
            word, _, rest = line.decode().strip().partition(" ")
            word = word.upper()
            self.commands.append(word)
            if not isinstance(sock, ssl.SSLSocket):
                self.clear.append(word)
            if word == "CAPA" and self.offers is not None:
                sock.sendall(b"+OK\r\n" + self.offers.encode() + b".\r\n")
            elif word == "STLS" and self.context:
                sock.sendall(b"+OK go\r\n")
                sock = self.context.wrap_socket(sock, server_side=True)
                self.talk(sock, sock.makefile("rb"))
                return
            elif word == "AUTH":
                mechanism, _, initial = rest.partition(" ")
                if mechanism.upper() == "PLAIN":
                    if not initial:
                        sock.sendall(b"+ \r\n")
                        initial = lines.readline().decode().strip()
                    _, user, password = base64.b64decode(initial).decode().split("\0")
                else:
                    sock.sendall(b"+ VXNlcm5hbWU6\r\n")
                    user = base64.b64decode(lines.readline()).decode()
                    sock.sendall(b"+ UGFzc3dvcmQ6\r\n")
                    password = base64.b64decode(lines.readline()).decode()
                self.verdict(sock, user, password)
            elif word == "USER":
                user = rest
                sock.sendall(b"+OK\r\n")
            elif word == "PASS":
                self.verdict(sock, user, rest)
            elif word == "STAT":
                sock.sendall(b"+OK 0 0\r\n")
            elif word in ("LIST", "UIDL"):
                sock.sendall(b"+OK\r\n.\r\n")
            elif word == "QUIT":
                sock.sendall(b"+OK bye\r\n")
                return
            else:
                sock.sendall(b"+OK\r\n" if word == "NOOP" else b"-ERR unknown\r\n")

    def verdict(self, sock, user, password):
        good = (user, password) == (self.user, self.password) and not self.refuse
        if good:
            self.logins.append((user, time.monotonic()))
        sock.sendall(b"+OK logged in\r\n" if good else b"-ERR %s\r\n" % self.no.encode())


class Proxy(Server):
    """SOCKS5 without authentication, or HTTP CONNECT. Names resolve to loopback: nothing leaves this host. ways: {(host, port): the port here}."""

    def __init__(self, kind, ways=None):
        self.kind, self.requests, self.ways = kind, [], ways or {}
        super().__init__()

    def serve(self, sock, lines):
        if self.kind == "http":
            request = lines.readline().decode()
            while lines.readline().strip():
                pass
            host, _, port = request.split()[1].rpartition(":")
            answer = b"HTTP/1.1 200 Connection established\r\n\r\n"
        else:
            count = lines.read(2)[1]
            lines.read(count)
            sock.sendall(b"\x05\x00")
            kind = lines.read(4)[3]
            if kind == 1:
                host = socket.inet_ntoa(lines.read(4))
            elif kind == 3:
                host = lines.read(lines.read(1)[0]).decode()
            else:
                host = socket.inet_ntop(socket.AF_INET6, lines.read(16))
            port = int.from_bytes(lines.read(2), "big")
            answer = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00"
        self.requests.append((host, int(port)))
        with socket.create_connection(("127.0.0.1", self.ways.get((host, int(port)), int(port)))) as far:
            sock.sendall(answer)
            back = threading.Thread(target=self.pump, args=(far, sock), daemon=True)
            back.start()
            while True:
                data = lines.read1(65536)
                if not data:
                    break
                far.sendall(data)
            far.shutdown(socket.SHUT_WR)
            back.join(PATIENCE)

    @staticmethod
    def pump(source, target):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Postfix:
    """A private Postfix: three smtpd, one delivery into Maildirs, no way out."""

    KINDS = {"plain": "", "no-chunking": "chunking", "no-pipelining": "chunking,pipelining"}

    def __init__(self, certs):
        if os.getuid():
            pytest.skip("postfix: needs root")
        for tool in ("postfix", "postconf"):
            if shutil.which(tool, path="/usr/sbin:/sbin:" + os.environ["PATH"]) is None:
                pytest.skip(tool + " is missing")
        self.top = tempfile.mkdtemp(prefix="ms-postfix.", dir="/tmp")
        os.chmod(self.top, 0o755)
        self.config = os.path.join(self.top, "etc")
        self.ports = {kind: free_port() for kind in self.KINDS}
        self.ports["starttls"] = free_port()
        for name in ("etc", "queue", "data", "mail"):
            os.mkdir(os.path.join(self.top, name))
        owner, nobody = pwd.getpwnam("postfix"), pwd.getpwnam("nobody")
        os.chown(os.path.join(self.top, "data"), owner.pw_uid, owner.pw_gid)
        os.chown(os.path.join(self.top, "mail"), nobody.pw_uid, nobody.pw_gid)
        with open(os.path.join(self.config, "main.cf"), "w", encoding="ascii") as out:
            out.write(MAIN_CF % {"top": self.top, "uid": nobody.pw_uid, "gid": nobody.pw_gid, "certs": certs})
        with open(os.path.join(self.config, "users"), "w", encoding="ascii") as out:
            out.writelines("u%d@example.org u%d/\n" % (i, i) for i in range(100))
        self.used = 0
        with open(os.path.join(self.config, "master.cf"), "w", encoding="ascii") as out:
            for kind, discard in self.KINDS.items():
                out.write("127.0.0.1:%d inet n - n - - smtpd -o smtpd_discard_ehlo_keywords=%s\n" % (self.ports[kind], discard))
            out.write("127.0.0.1:%d inet n - n - - smtpd -o smtpd_tls_security_level=encrypt\n" % self.ports["starttls"])
            out.write(MASTER_CF)
        done = subprocess.run(["/usr/sbin/postfix", "-c", self.config, "start"], capture_output=True, check=False)
        try:
            wait_for(lambda: all(listens(port) for port in self.ports.values()), "postfix to listen: %s" % done.stderr.decode())
        except AssertionError:
            self.stop()
            raise

    def user(self):
        """A user nobody has written to; any other name is refused with 550."""
        self.used += 1
        return "u%d" % self.used

    def mail(self, user):
        """The one message delivered to user@example.org: (Return-Path, octets below Postfix's own fields), LF."""
        new = os.path.join(self.top, "mail", user, "new")
        name = wait_for(lambda: os.path.isdir(new) and os.listdir(new), "the delivery to " + user)[0]
        with open(os.path.join(new, name), "rb") as text:
            data = text.read()
        sender, position = None, 0
        lines = data.splitlines(keepends=True)
        while lines[position].startswith((b"Return-Path:", b"X-Original-To:", b"Delivered-To:", b"Received:", b"\t", b" ")):
            if lines[position].startswith(b"Return-Path:"):
                sender = lines[position].split(b"<", 1)[1].rstrip(b">\r\n").decode()
            position += 1
        return sender, b"".join(lines[position:])

    def stop(self):
        try:
            with open(os.path.join(self.top, "queue/pid/master.pid"), encoding="ascii") as text:
                pid = int(text.read())
            os.kill(pid, signal.SIGTERM)
            wait_for(lambda: not os.path.exists("/proc/%d" % pid), "postfix to end")
        except (OSError, ValueError):
            pass
        shutil.rmtree(self.top, ignore_errors=True)


MAIN_CF = """\
compatibility_level = 3.6
queue_directory = %(top)s/queue
data_directory = %(top)s/data
maillog_file = %(top)s/log
maillog_file_prefixes = %(top)s
myhostname = mx.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = %(top)s/mail
virtual_mailbox_maps = texthash:%(top)s/etc/users
virtual_uid_maps = static:%(uid)d
virtual_gid_maps = static:%(gid)d
default_transport = error:nothing leaves this host
relay_transport = error:nothing leaves this host
message_size_limit = 20480000
smtpd_peername_lookup = no
smtpd_tls_cert_file = %(certs)s/good.pem
smtpd_tls_key_file = %(certs)s/good.key
smtpd_relay_restrictions = reject_unauth_destination
smtputf8_enable = yes
"""
MASTER_CF = """\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Dovecot:
    """A private Dovecot that serves POP3 to joe, password secret."""

    PROGRAM, PACKAGE, SERVICE, FILES = "pop3-login", "dovecot-pop3d", "pop3", ()

    def __init__(self, **more):
        if os.getuid():
            pytest.skip("dovecot: needs root")
        if shutil.which("dovecot", path="/usr/sbin:/sbin:" + os.environ["PATH"]) is None:
            pytest.skip("dovecot is missing")
        if not os.path.exists("/usr/lib/dovecot/" + self.PROGRAM):
            pytest.skip(self.PACKAGE + " is missing")
        self.top, self.port = tempfile.mkdtemp(prefix="ms-dovecot.", dir="/tmp"), free_port()
        os.chmod(self.top, 0o755)
        self.host, nobody = "127.0.0.1", pwd.getpwnam("nobody")
        os.mkdir(os.path.join(self.top, "mail"))
        os.chown(os.path.join(self.top, "mail"), nobody.pw_uid, nobody.pw_gid)
        config = os.path.join(self.top, "dovecot.conf")
        more.update({"top": self.top, "port": self.port, "uid": nobody.pw_uid, "gid": nobody.pw_gid})
        for path, text in ((config, DOVECOT_CONF + SERVICES[self.SERVICE]),) + tuple((os.path.join(self.top, name), text) for name, text in self.FILES):
            with open(path, "w", encoding="ascii") as out:
                out.write(text % more)
        self.process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", config], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        wait_for(lambda: listens(self.port) or self.process.poll() is not None, "dovecot to listen")
        if self.process.poll() is not None:
            raise AssertionError("dovecot: " + self.process.stderr.read().decode())

    def log(self):
        try:
            with open(os.path.join(self.top, "log"), encoding="utf-8", errors="replace") as text:
                return text.read()
        except OSError:
            return ""

    def logins(self):
        """How many logins the log holds."""
        return self.log().count("pop3-login: Info: Login: user=<joe>")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()
        shutil.rmtree(self.top, ignore_errors=True)


DOVECOT_CONF = """\
base_dir = %(top)s/run
state_dir = %(top)s/state
log_path = %(top)s/log
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:%(top)s/mail/%%u
userdb {
  driver = static
  args = uid=%(uid)d gid=%(gid)d home=%(top)s/mail/%%u
}
service anvil {
  chroot =
}
"""
POP3_CONF = """\
protocols = pop3
auth_mechanisms = plain login cram-md5
passdb {
  driver = static
  args = password=secret
}
service pop3-login {
  inet_listener pop3 {
    address = 127.0.0.1
    port = %(port)d
  }
  inet_listener pop3s {
    port = 0
  }
}
"""
# A relay that takes mail for others, of users who have a token: it asks the provider whether the token is good (RFC 7662), and passes
# the mail on.
SUBMISSION_CONF = """\
protocols = submission
auth_mechanisms = xoauth2 oauthbearer
auth_failure_delay = 0
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = %(top)s/oauth2.conf
}
# No longer pauses for who was refused before.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service submission-login {
  inet_listener submission {
    address = 127.0.0.1
    port = %(port)d
  }
  chroot =
}
submission_relay_host = 127.0.0.1
submission_relay_port = %(relay)d
submission_relay_ssl = no
"""
OAUTH2_CONF = """\
tokeninfo_url =
introspection_url = %(introspect)s
introspection_mode = post
username_attribute = username
active_attribute = active
active_value = true
"""

SERVICES = {"pop3": POP3_CONF, "submission": SUBMISSION_CONF}


class Submission(Dovecot):
    """Dovecot's submission service: who has a token of the provider may send by the relay."""

    PROGRAM, PACKAGE, SERVICE, FILES = "submission-login", "dovecot-submissiond", "submission", (("oauth2.conf", OAUTH2_CONF),)

    def __init__(self, provider, relay):
        super().__init__(relay=relay.port, introspect=provider.url + "/introspect")
