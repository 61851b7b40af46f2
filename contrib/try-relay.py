"""A throw-away relay for contrib/try: takes mail on a free port of loopback and writes it to a file.

usage: try-relay.py PORT-FILE MAIL-FILE; ends by SIGTERM, or by itself after two minutes.
"""
import asyncio
import os
import signal
import sys

from aiosmtpd.smtp import SMTP


class Keep:
    def __init__(self, path):
        self.path = path

    async def handle_DATA(self, server, session, envelope):
        with open(self.path, "wb") as f:
            f.write(b"envelope from <%s> to <%s>\n\n" % (envelope.mail_from.encode(), ">, <".join(envelope.rcpt_tos).encode()))
            f.write(envelope.original_content.replace(b"\r\n", b"\n"))
        return "250 2.0.0 Ok: queued as TRY1"


async def main(port_file, mail_file):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Keep(mail_file), hostname="relay.example", loop=loop), "127.0.0.1", 0)
    with open(port_file + ".new", "w") as f:
        f.write(str(server.sockets[0].getsockname()[1]))
    os.rename(port_file + ".new", port_file)
    end = loop.create_future()
    loop.add_signal_handler(signal.SIGTERM, lambda: end.done() or end.set_result(None))
    await asyncio.wait([end], timeout=120)


asyncio.run(main(*sys.argv[1:3]))
