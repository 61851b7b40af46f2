"""Things in the spool that are no files: nothing waits for one, and the mail beside it goes."""
import os
import socket

import pytest

from given import TO_BOB as TEXT

NAME = "01" * 13


def put(kind, path):
    if kind == "fifo":
        os.mkfifo(path, 0o600)
    elif kind == "folder":
        os.mkdir(path, 0o700)
    elif kind == "link":
        os.symlink("/dev/zero", path)
    elif kind == "device":
        try:
            os.mknod(path, 0o020600, os.makedev(1, 5))      # /dev/zero
        except PermissionError:
            pytest.skip("needs the right to make devices")
    else:
        here = os.getcwd()
        os.chdir(os.path.dirname(path))
        socket.socket(socket.AF_UNIX).bind(os.path.basename(path))
        os.chdir(here)


@pytest.mark.parametrize("kind", ["fifo", "folder", "link", "device", "socket"])
@pytest.mark.parametrize("where", ["queue/%s", "queue/%s.state", "failed/%s", "failed/%s.state", "tmp/%s", "tmp/%s.state"])
def test_what_is_no_file_in_the_spool_keeps_nobody_waiting(spool, relay, kind, where):
    """A FIFO as a state hung -bp and -q for ever, and SIGTERM did nothing."""
    spool.run("-odq", "bob@example.org", stdin=TEXT).ok()
    first, = spool.names()
    if where.endswith(".state"):        # a mail that it is the state of
        for name in {"queue", where.split("/")[0]} - {"tmp"}:
            with open(os.path.join(spool.top, "queue", first), "rb") as mail, open(os.path.join(spool.top, name, NAME), "wb") as copy:
                copy.write(mail.read())
            os.chmod(os.path.join(spool.top, name, NAME), 0o600)
        if where.startswith("failed"):
            os.unlink(os.path.join(spool.top, "queue", NAME))
    put(kind, os.path.join(spool.top, where % NAME))
    one = relay("ehlo pipelining")
    for args in (["-bp"], ["-bp", "--json"], ["--queue-hold", NAME], ["-q"], ["--queue-remove", NAME], ["-qf"]):
        done = spool.run(*args, relay=one)
        assert done.status in (0, 65, 69, 73, 75), done
        if where == "queue/%s.state" and args == ["-bp"]:
            assert NAME + ".state is no regular file" in done.out + done.err, done
    assert first not in spool.names() and one.transactions
