"""How long a test waits at most, and for what."""
import time

# Seconds. Far more than a busy machine needs, and for failures only: whoever waits goes on as soon as what he waits for has happened.
PATIENCE = 120.0
# What the program does at once, or within a second or two, is done by then also on a busy machine; a limit that would hide
# that it does not is longer.
SOON = 30.0


def wait_for(ready, what="what was to come", patience=PATIENCE, every=0.005):
    """What ready() says once that is true. Polls: a file, a process or a foreign server gives no event."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        value = ready()
        if value:
            return value
        time.sleep(every)
    raise AssertionError("waited in vain for " + what)
