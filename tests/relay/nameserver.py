"""A name server on loopback, over UDP and TCP, that answers what the test says; anything else is answered with NXDOMAIN.

    server = NameServer({("_submission._tcp.example.org", SRV): [srv(0, 0, 587, "mail.example.org")], ("example.org", MX): "silent"})

A value is a list of record data, or NXDOMAIN, SERVFAIL, "silent" (no answer at all), or raw(octets): what follows the ID as it is.
"""
import socket
import struct
import threading

A, CNAME, MX, AAAA, SRV = 1, 5, 15, 28, 33
NXDOMAIN, SERVFAIL = "nxdomain", "servfail"
CODES = {NXDOMAIN: 3, SERVFAIL: 2}


class Raw(bytes):
    """What follows the ID of the question, as it stands."""


def name(text):
    return b"".join(bytes([len(label)]) + label.encode("latin1") for label in text.split(".") if label) + b"\0"


def srv(priority, weight, port, target):
    return struct.pack("!3H", priority, weight, port) + name(target)


def mx(preference, target):
    return struct.pack("!H", preference) + name(target)


def question(packet):
    """(name, type, where the question ends)"""
    at, labels = 12, []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin1"))
        at += 1 + packet[at]
    return ".".join(labels).lower(), struct.unpack("!H", packet[at + 1:at + 3])[0], at + 5


class NameServer:
    def __init__(self, answers, host="127.0.0.1", port=0):
        self.answers, self.asked = answers, []
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((host, port))
        self.host, self.port = self.udp.getsockname()
        self.tcp = socket.create_server((host, self.port))
        self.threads = [threading.Thread(target=serve, daemon=True) for serve in (self.serve_udp, self.serve_tcp)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        for one in (self.udp, self.tcp):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def answer(self, packet):
        """The answer to a packet, or None for silence."""
        asked, kind, end = question(packet)
        self.asked.append((asked, kind))
        data = self.answers.get((asked, kind), [] if any(known == asked for known, _ in self.answers) else NXDOMAIN)
        if data == "silent":
            return None
        if isinstance(data, Raw):
            return packet[:2] + data
        records = data if isinstance(data, list) else []
        head = packet[:2] + struct.pack("!5H", 0x8180 | CODES.get(data if isinstance(data, str) else "", 0), 1, len(records), 0, 0)
        return head + packet[12:end] + b"".join(b"\xc0\x0c" + struct.pack("!2HIH", kind, 1, 60, len(one)) + one for one in records)

    def serve_udp(self):
        while True:
            try:
                packet, whom = self.udp.recvfrom(4096)
            except OSError:
                return
            if len(packet) < 12:        # the socket was shut down
                return
            answer = self.answer(packet)
            if answer is not None:
                if len(answer) > 512:
                    answer = answer[:2] + struct.pack("!5H", 0x8380, 1, 0, 0, 0) + packet[12:question(packet)[2]]
                self.udp.sendto(answer, whom)

    def serve_tcp(self):
        while True:
            try:
                connection = self.tcp.accept()[0]
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                length = stream.read(2)
                if len(length) == 2:
                    answer = self.answer(stream.read(struct.unpack("!H", length)[0]))
                    if answer is not None:
                        connection.sendall(struct.pack("!H", len(answer)) + answer)
