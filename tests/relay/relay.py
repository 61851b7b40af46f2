#!/usr/bin/python3
"""A scripted SMTP relay: composed of parts, strict about what it reads, with a record of all it got.

    with Relay("ehlo pipelining chunking", "rcpt 250 550 250") as relay:
        ... talk to relay.host, relay.port (or relay.path) ...
        relay.settle()
    relay.messages[0].recipients, .body; relay.sessions[0].lines, .reads, .quit; relay.violations

Threads, one a connection, so that each conversation reads straight down. By hand: relay.py --help.
"""
import argparse
import os
import select
import shutil
import socket
import ssl
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import certs  # noqa: E402
import moods  # noqa: E402
import script  # noqa: E402
from session import Session  # noqa: E402
from waiting import PATIENCE, wait_for  # noqa: E402


class Relay:
    def __init__(self, *parts, certs_dir=None, host="127.0.0.1", port=0, on_end=None, who=None):
        self.script = script.Script(*parts)
        self.moods = moods.Moods(self.script)
        self.certs_dir, self.on_end = certs_dir, on_end
        self.who = who or self.script.user      # who may log in: (user, password), or who(user, token) says whether, of a token
        self.sessions, self.transactions, self.logins, self.threads = [], [], [], []
        self.stopping, self.going = threading.Event(), threading.Event()
        self.lock = threading.Lock()
        self.over = threading.Condition(self.lock)      # a connection has ended
        self.counts, self.queued, self.accepting = {}, 0, False
        self.host, self.port, self.path = host, None, self.script.unix
        if self.path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.path)
        else:
            self.listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self.script.buffers:
                self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.script.buffers)
            self.listener.bind((host, port))
            self.port = self.listener.getsockname()[1]
        self.listener.listen(64)
        self.listener.setblocking(False)
        self.waker, self.wake = socket.socketpair()
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    # --- for the sessions -----------------------------------------------------------------------

    def count(self, stage):
        """How often that stage was reached before."""
        with self.lock:
            before = self.counts.get(stage, 0)
            self.counts[stage] = before + 1
            return before

    def queue_id(self):
        with self.lock:
            self.queued += 1
            return "Q%04d" % self.queued

    def tls_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        base = os.path.join(self.certs_dir, self.script.cert)
        context.load_cert_chain(base + ".pem", base + ".key")
        if self.script.tls_max:
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.maximum_version = getattr(ssl.TLSVersion, "TLSv" + self.script.tls_max.replace(".0", "").replace(".", "_"))
        if self.script.tls_ciphers:
            context.set_ciphers(self.script.tls_ciphers)
        if self.script.client_cert:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(os.path.join(self.certs_dir, "ca.pem"))
        return context

    def accept(self):
        while not self.stopping.is_set():
            ready = select.select([self.listener, self.waker], [], [])[0]
            if self.stopping.is_set() or self.listener not in ready:
                continue
            self.accepting = True       # before it leaves the queue, so that settle cannot miss it
            try:
                sock, _ = self.listener.accept()
                self.begin(sock)
            except OSError:
                pass
            self.accepting = False

    def begin(self, sock):
        sock.setblocking(True)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.script.buffers:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.script.buffers)
        session = Session(self, sock, len(self.sessions) + 1)
        session.peer = sock.getpeername()
        self.sessions.append(session)
        thread = threading.Thread(target=self.serve, args=(session,), daemon=True)
        thread.start()
        self.threads.append(thread)

    def serve(self, session):
        try:
            session.run()
        except Exception as error:  # an error of the relay's own must fail the test, not vanish
            session.violation("the relay itself: %r" % error)
            session.sock.close()
        session.ended = True
        with self.over:
            self.over.notify_all()
        if self.on_end:
            self.on_end(session)

    # --- for the tests --------------------------------------------------------------------------

    def settle(self, patience=PATIENCE):
        """Waits until every connection is over; the client has gone before this is called."""
        until = time.monotonic() + patience
        if not self.stopping.is_set():
            wait_for(lambda: not select.select([self.listener], [], [], 0)[0] and not self.accepting, "the relay to take who has called", patience, 0.002)
        for thread in list(self.threads):
            thread.join(max(0.0, until - time.monotonic()))
        return all(session.ended for session in self.sessions)

    def wait_for_message(self, patience=PATIENCE):
        """Waits until a connection that brought a message is over; False if none came in time."""
        until = time.monotonic() + patience
        with self.lock:
            while not self.messages:
                left = until - time.monotonic()
                if left <= 0 or not self.over.wait(left):
                    return bool(self.messages)
        return True

    def go(self):
        """What holds goes on, now and from now on."""
        self.going.set()

    def stop(self):
        """Ends it, and every connection; the test may do so, too."""
        if self.stopping.is_set():
            return
        self.stopping.set()
        self.going.set()
        self.wake.send(b"x")
        self.acceptor.join(PATIENCE)
        self.listener.close()
        for session in self.sessions:
            if not session.ended:
                try:
                    session.sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        for thread in self.threads:
            thread.join(PATIENCE)
        self.waker.close()
        self.wake.close()
        if self.path and os.path.exists(self.path):
            os.unlink(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def messages(self):
        """The transactions that the relay accepted."""
        return [mail for mail in self.transactions if mail.accepted]

    @property
    def message(self):
        """The one message that was accepted."""
        assert len(self.messages) == 1, "%d messages accepted, %d transactions" % (len(self.messages), len(self.transactions))
        return self.messages[0]

    @property
    def session(self):
        assert len(self.sessions) == 1, "%d connections" % len(self.sessions)
        return self.sessions[0]

    @property
    def commands(self):
        """Every command line of every connection, as text."""
        return [line.text for session in self.sessions for line in session.lines]

    @property
    def verbs(self):
        return [text.split(" ")[0].split(":")[0].upper() for text in self.commands]

    @property
    def violations(self):
        return [text for session in self.sessions for text in session.violations]

    @property
    def warnings(self):
        return [text for session in self.sessions for text in session.warnings]

    @property
    def wire(self):
        """All octets that came over the connections (the first 64 KiB of each read)."""
        return b"".join(part for session in self.sessions for part in session.reads)


def main():
    parser = argparse.ArgumentParser(description="A scripted SMTP relay on loopback.", epilog=script.PARTS,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="*", help="e.g. 'ehlo pipelining chunking' 'rcpt 250 550'")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port-file", help="write the port there once it listens")
    parser.add_argument("--certs", help="directory for the CA and certificates (made if missing)")
    parser.add_argument("--show", action="store_true", help="print the conversations and messages as they end")
    asked = parser.parse_args()

    def show(session):
        for line in session.lines:
            print("C: %r" % line)
        for mail in session.transactions:
            print("-- from <%s> to %s by %s, %d octets, %s" % (mail.sender, mail.recipients, mail.how, mail.size,
                                                              "accepted" if mail.accepted else "not accepted"))
            print(mail.text)
        for text in session.violations + session.warnings:
            print("!! " + text)
        sys.stdout.flush()
    made = None
    where = asked.certs
    if any(part.split()[:1] == ["implicit-tls"] or "starttls" in part for part in asked.part):
        if where is None:
            where = made = tempfile.mkdtemp(prefix="relay.")
        certs.make(where)
    relay = Relay(*asked.part, certs_dir=where, host=asked.host, port=asked.port, on_end=show if asked.show else None)
    if asked.port_file:
        with open(asked.port_file + ".new", "w", encoding="ascii") as out:
            out.write("%s\n" % (relay.path or relay.port))
        os.replace(asked.port_file + ".new", asked.port_file)
    else:
        print(relay.path or relay.port, flush=True)
    try:
        relay.acceptor.join()
    except KeyboardInterrupt:
        pass
    finally:
        if made:
            shutil.rmtree(made, ignore_errors=True)


if __name__ == "__main__":
    main()
