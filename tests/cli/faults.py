"""A system call that fails, or at which the program dies, by strace."""
import collections
import os
import re
import subprocess

from waiting import PATIENCE


def run_with_fault(spool, call, fault, nth, args, config, stdin=b"", prefix=()):
    """(status, injected); status -9 if it was killed."""
    return tried_with_fault(spool, call, fault, nth, args, config, stdin, prefix)[:2]


def tried_with_fault(spool, call, fault, nth, args, config, stdin=b"", prefix=()):
    """The same, and what it said on standard error."""
    log = os.path.join(spool.mysend.tmp, "strace.log")
    env = spool.mysend.environment({"XDG_CONFIG_HOME": spool.mysend.usual(config, name="faulty")})
    done = subprocess.run([*prefix, "strace", "-f", "-o", log, "-e", "trace=" + call, "-e", "inject=%s:%s:when=%d" % (call, fault, nth), spool.mysend.path] + args,
                          input=stdin, env=env, capture_output=True, timeout=PATIENCE, check=False, cwd=spool.mysend.tmp)
    with open(log, encoding="utf-8", errors="replace") as text:
        said = text.read()
    # Each thread has a count of its own. Of a signal that waits, since it is blocked, strace says nothing.
    most = max(collections.Counter(re.findall(r"(?m)^(\d+) +%s\(" % call, said)).values(), default=0)
    if "killed by SIGKILL" in said:
        return -9, True, done.stderr
    return done.returncode, ("INJECTED" in said or fault.startswith("signal")) and most >= nth, done.stderr
