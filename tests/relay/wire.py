"""One connection: octets in and out, strictly read, scripted answers, and a record of both."""
import re
import select
import socket
import ssl
import struct
import time

import script
from waiting import SOON


class Gone(Exception):
    """The connection is over: dropped by the script, or the client went."""


class Line:
    """A command line (or an answer to a challenge) as it came."""

    def __init__(self, data, tls):
        self.time, self.data, self.tls = time.monotonic(), data, tls
        self.text = data.decode("utf-8", "replace").rstrip("\r\n")

    def __repr__(self):
        return "%s%s" % ("[tls] " if self.tls else "", self.text)


class Transaction:
    """From MAIL to the end of data, or to where it broke off."""

    def __init__(self, sender, parameters, tls):
        self.sender, self.parameters, self.tls = sender, parameters, tls
        self.rcpts = []         # (address, {parameter: value}, code the relay answered with)
        self.how = None         # DATA or BDAT
        self.chunks = []        # sizes of the BDAT chunks
        self.body = b""         # as it would be stored: dots unstuffed, CRLF
        self.raw = b""          # the octets on the wire, without the final dot
        self.size, self.sha256 = 0, None
        self.accepted = False   # the relay decided to take it (even if its answer was then cut off)
        self.complete = False   # all of the message came
        self.code = None        # of the last word said about it

    @property
    def recipients(self):
        """Those the relay accepted."""
        return [address for address, _, code in self.rcpts if code and code // 100 == 2]

    @property
    def text(self):
        return self.body.decode("utf-8", "surrogateescape")

    @property
    def header(self):
        """[(name, value with folds as they came)]."""
        head = self.body.split(b"\r\n\r\n", 1)[0].decode("utf-8", "surrogateescape")
        fields = re.findall(r"([^:\r\n]+):((?:[^\r\n]|\r\n[ \t])*)", head)
        return [(name, value.strip(" ")) for name, value in fields]

    def field(self, name):
        """The only field of that name, or None; an error if there are two."""
        found = [value for key, value in self.header if key.lower() == name.lower()]
        assert len(found) <= 1, "%d %s fields" % (len(found), name)
        return found[0] if found else None

    @property
    def content(self):
        return self.body.split(b"\r\n\r\n", 1)[1] if b"\r\n\r\n" in self.body else None


class Conversation:
    def __init__(self, relay, sock, number):
        self.relay, self.sock, self.number, self.script = relay, sock, number, relay.script
        self.lines, self.reads, self.transactions, self.violations, self.warnings = [], [], [], [], []
        self.sent = bytearray()         # the first 1 MiB of what was said
        self.received = self.sent_count = self.body_seen = 0
        self.tls = self.ehlo = self.helo = self.credentials = self.certificate = None
        self.quit = self.body_acted = False
        self.ended = False              # the thread is through
        self.buffer = bytearray()
        self.now = None                 # the transaction going on
        self.answered = 0               # RCPTs in it
        self.taken = 0                  # messages
        self.drop_received = relay.moods.drop_received() or self.script.drop_received

    # --- octets ---------------------------------------------------------------------------------

    def violation(self, text):
        self.violations.append("connection %d: %s" % (self.number, text))

    def receive(self):
        """More octets into the buffer; Gone at the end."""
        want = 1 << 18
        if self.drop_received is not None:
            want = min(want, self.drop_received - self.received)
            if want <= 0:
                self.drop()
        try:
            data = self.sock.recv(want)
        except (OSError, ValueError) as error:
            raise Gone(str(error)) from None
        if not data:
            raise Gone("closed by the client")
        self.received += len(data)
        self.reads.append(data[:65536])
        self.buffer += data
        return data

    def drop(self, how="drop"):
        """drop: close; reset: with RST; fin: say no more, but hear the client out, so that it gets all we said."""
        try:
            if how == "reset":
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif how == "drop":
                self.sock.shutdown(socket.SHUT_RDWR)
            else:
                self.sock.shutdown(socket.SHUT_WR)
                self.sock.settimeout(SOON)
                while self.sock.recv(1 << 16):
                    pass
        except (OSError, ValueError):
            pass
        raise Gone("dropped by the script")

    def send(self, data):
        if self.script.drop_sent is not None:
            data = data[:max(0, self.script.drop_sent - self.sent_count)]
        try:
            if self.script.drip:
                for i in range(len(data)):
                    if self.relay.stopping.wait(self.script.drip):
                        raise Gone("stopped")
                    self.sock.sendall(data[i:i + 1])
            else:
                self.sock.sendall(data)
        except (OSError, ValueError) as error:
            raise Gone(str(error)) from None
        self.sent_count += len(data)
        if len(self.sent) < 1 << 20:
            self.sent += data
        if self.script.drop_sent is not None and self.sent_count >= self.script.drop_sent:
            self.drop()

    def line(self):
        """The next line with its end; strict about it."""
        while b"\n" not in self.buffer:
            if len(self.buffer) > 1 << 20:
                self.violation("a command line of over 1 MiB")
                self.drop()
            self.receive()
        end = self.buffer.index(b"\n") + 1
        data = bytes(self.buffer[:end])
        del self.buffer[:end]
        self.lines.append(Line(data, bool(self.tls)))
        shown = repr(data[:200])
        if not data.endswith(b"\r\n"):
            self.violation("bare LF in command %s" % shown)
        if b"\r" in data[:-2]:
            self.violation("bare CR in command %s" % shown)
        if b"\0" in data:
            self.violation("NUL in command %s" % shown)
        if len(data) > 512 and not re.match(rb"(?i)(AUTH|MAIL|RCPT)", data) and len(data) > 12288:
            self.violation("command of %d octets: %s" % (len(data), shown))
        return data.rstrip(b"\r\n").decode("utf-8", "surrogateescape")

    def ahead(self):
        """Whether the client sent more before the answer."""
        if self.buffer:
            return True
        if isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            return True
        try:
            return bool(select.select([self.sock], [], [], self.script.patience)[0]) and bool(self.peek())
        except (OSError, ValueError):
            return False

    def peek(self):
        if isinstance(self.sock, ssl.SSLSocket):
            return b""
        return self.sock.recv(1, socket.MSG_PEEK)

    # --- answers --------------------------------------------------------------------------------

    def act(self, stage, friendly, action=None, final=False):
        """Does what the script says at the stage; the code that was sent, or None. final: it decides the mail."""
        if action is None:
            action = self.script.action(stage, self.relay.count(stage) if stage != "rcpt" else self.answered)
        code = None
        if self.script.delay and self.relay.stopping.wait(self.script.delay):
            raise Gone("stopped")
        for kind, text in script.steps(action):
            data = None
            number = text.split(" ")[-1] if len(text.split(" ")) > 1 else "250"
            if kind == "ok":
                data = friendly if isinstance(friendly, bytes) else script.reply_bytes(friendly)
            elif kind == "reply":
                plain = isinstance(friendly, str) and text == friendly[:3]
                data = script.reply_bytes(friendly if plain else text)
            elif kind == "raw":
                data = text.encode("utf-8", "surrogateescape")
            elif kind == "lines":
                data = script.reply_bytes(number + " " + "\n".join("line %d" % i for i in range(int(text.split(" ")[0]))))
            elif kind == "long":
                data = (number + " ").encode() + b"x" * int(text.split(" ")[0]) + b"\r\n"
            elif kind == "junk":
                data = bytes((i * 37 + 11) % 256 for i in range(int(text.split(" ")[0])))
            elif kind == "sleep":
                if self.relay.stopping.wait(float(text)):
                    raise Gone("stopped")
            elif kind == "hold":
                self.relay.going.wait()
                if self.relay.stopping.is_set():
                    raise Gone("stopped")
            elif kind in ("drop", "reset", "fin"):
                self.drop(kind)
            elif kind == "close-notify":
                self.sock.settimeout(0.05)
                try:
                    self.sock.unwrap()
                except (OSError, ValueError):
                    pass
                raise Gone("TLS has ended")
            elif kind == "hang":
                while True:
                    self.receive()
                    self.buffer.clear()
            elif kind in ("endless", "endless-line"):
                self.endless(kind, text or "250")
            if data is not None:
                if data[:3].isdigit():
                    code = int(data[:3])
                if final and code is not None:
                    self.now.code, self.now.accepted, final = code, code // 100 == 2, False
                    self.taken += self.now.accepted
                self.send(data)
                if code == 421 and kind == "reply":
                    self.drop("fin")
        return code

    def endless(self, kind, code):
        if kind == "endless-line":
            self.send(code.encode() + b"-")
        data = b"x" * 4096 if kind == "endless-line" else (code + "-and more\r\n").encode() * 300
        while not self.relay.stopping.is_set():
            self.send(data)
        raise Gone("stopped")
