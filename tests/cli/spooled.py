"""A spool with many mails in it, as mysend-spool(5) says; made by hand, for that takes seconds and not minutes."""
import os
import time

DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
LINES = b"0123456789 abcdefghijklmnopqrstuvwxyz\r\n"


def name_of(ms, number):
    out = ""
    for _ in range(10):
        out, ms = DIGITS[ms % 32] + out, ms // 32
    return out + "".join(DIGITS[(number >> 5 * k) % 32] for k in range(16))


def fill(top, mails, size=1000):
    """The first of them to u0@example.org."""
    for folder in ("tmp", "queue", "failed"):
        os.makedirs(os.path.join(top, folder), mode=0o700, exist_ok=True)
    os.chmod(top, 0o700)
    began, queue = int(time.time()) - 1000, os.open(os.path.join(top, "queue"), os.O_RDONLY)
    for i in range(mails):
        message = (b"Subject: %d\r\nFrom: me@example.net\r\nTo: u%d@example.org\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <%d@h>\r\n\r\n" % (i, i, i) +
                   LINES * (size // len(LINES)))
        block = ("mysend-mail 1\nArrived: %d\nAccount: default\nSize: %d\nEightbit: 0\nSender: <me@example.net>\nNotify: 0\nRet: 0\nBody: 0\nSmtputf8: 0\n"
                 "Recipient: 0 - <u%d@example.org>\n\n" % (began, len(message), i)).encode()
        out = os.open(name_of(began * 1000 + i, i), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=queue)
        os.write(out, block + message)
        os.close(out)
    os.close(queue)
