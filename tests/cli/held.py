"""What a process holds in its memory while it waits for the relay's last answer."""
import os

import pytest

from given import PLAIN as TEXT
from waiting import wait_for


def memory(pid):
    """[(place, octets)] of all that can be read."""
    found = []
    with open("/proc/%d/maps" % pid, encoding="utf-8") as maps, open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            begin, end = (int(part, 16) for part in line.split()[0].split("-"))
            try:
                mem.seek(begin)
                found.append((line.rstrip(), mem.read(end - begin)))
            except (OSError, ValueError, OverflowError):
                pass        # [vvar] and its like
    return found


def waiting(mysend, one, config, **more):
    """The program, once all of its message has been sent and the relay says no more."""
    if mysend.sanitized:
        pytest.skip("a sanitizer keeps what is freed")
    if os.geteuid() != 0:
        pytest.skip("only root may look into it")
    running = mysend.start("bob@example.org", stdin=TEXT, config=config, **more)
    running.process.stdin.write(TEXT)
    running.process.stdin.close()
    wait_for(lambda: one.transactions and one.transactions[0].complete or running.process.poll() is not None, "the message")
    assert running.process.poll() is None
    return running.process
