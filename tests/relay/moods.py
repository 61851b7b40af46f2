"""What a relay does to one in so many, whoever calls: greylisting, refusals, lost lines, a rate that it bears."""
import hashlib
import random
import threading
import time


class Moods:
    """Of one relay, for all of its sessions. Which recipients it is depends on their addresses; which lines, on a seed."""

    def __init__(self, said, clock=time.monotonic):
        self.said, self.clock, self.lock = said, clock, threading.Lock()
        self.chance, self.lines, self.seen = random.Random(1), 0, set()
        self.store, self.counted, self.throttled = None, 0.0, 0

    def drop_received(self):
        """After how many octets the line that has just been opened is lost, or None."""
        if not self.said.lose:
            return None
        with self.lock:
            self.lines += 1
            of, octets = self.said.lose
            return self.chance.randint(1, octets) if self.lines % of == 0 else None

    def rcpt(self, address):
        """What that recipient gets, or None."""
        number = int.from_bytes(hashlib.sha256(address.lower().encode("utf-8", "surrogateescape")).digest()[:8], "big")
        if self.said.refuse and number % self.said.refuse == 0:
            return "550 5.1.1 no such user"
        # Other bits than those above, so that the two do not shut each other out.
        if self.said.greylist and (number >> 32) % self.said.greylist == 0:
            with self.lock:
                new = address not in self.seen
                self.seen.add(address)
            return "450 4.2.0 greylisted, try again later" if new else None
        return self.throttle("rcpt")

    def mail(self, taken):
        """What a MAIL gets behind so many messages that were taken in its session, or None."""
        most = self.said.mails
        return "421 4.7.0 %d messages in a session are enough" % most if most and taken >= most else self.throttle("mail")

    def end(self):
        """What a message gets that the relay would take, or None."""
        return self.throttle("end")

    def throttle(self, stage):
        """A store that fills at the rate, and holds a tenth of a second of it."""
        if not self.said.throttle or stage != self.said.throttle_at:
            return None
        with self.lock:
            now, rate = self.clock(), self.said.throttle
            room = max(1.0, rate / 10)
            self.store = room if self.store is None else min(room, self.store + (now - self.counted) * rate)
            self.counted = now
            if self.store >= 1:
                self.store -= 1
                return None
            self.throttled += 1
            return "450 4.7.1 Error: too much mail from 127.0.0.1"
