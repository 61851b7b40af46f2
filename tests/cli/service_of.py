"""The service of a host of the test's own (hosts.py), as systemd starts it: a process of its own user for each connection."""
import os
import os
import socket
import subprocess
import threading

from waiting import PATIENCE

USER = "nobody"
SECRETS = "/run/credentials/mysend"


class ServiceOf:
    def __init__(self, host):
        self.host, self.processes = host, []
        host.as_root("mkdir -p /run/mysend %s /var/lib/mysend/spool && chmod 755 /run/mysend && cp /etc/mysend-service.conf %s/mysend.conf && "
                     "cp /etc/mysend-service.password %s/mysend.password && chown -R %s %s /var/lib/mysend && chmod 700 %s /var/lib/mysend && chmod 400 %s/*"
                     % (SECRETS, SECRETS, SECRETS, USER, SECRETS, SECRETS, SECRETS))
        self.listener = socket.socket(socket.AF_UNIX)
        folder = os.open(host.seen(host.root + "/run/mysend"), os.O_PATH)       # the whole path is too long for a socket's
        self.listener.bind("/proc/self/fd/%d/socket" % folder)
        os.close(folder)
        host.as_root("chmod 666 /run/mysend/socket")
        self.listener.listen(64)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            env = {"MYSEND_CONFIG": SECRETS + "/mysend.conf", "CREDENTIALS_DIRECTORY": SECRETS, "MYSEND_SPOOL": "/var/lib/mysend/spool", "MYSEND_QUEUE": "on",
                   "PATH": "/usr/bin:/bin"}
            self.processes.append(subprocess.Popen(
                ["nsenter", "-t", str(self.host.holder.pid), "-m", "--wd=/", "chroot", self.host.root, "setpriv", "--reuid", USER, "--regid", "nogroup", "--clear-groups", "--",
                 "env", "-i", *["%s=%s" % pair for pair in env.items()], "/usr/bin/mysend", "-bs", "--service"], stdin=client, stdout=client, stderr=subprocess.PIPE))
            client.close()

    def stop(self):
        """What its processes have said."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(PATIENCE)
        return b"".join(process.communicate(timeout=PATIENCE)[1] for process in self.processes).decode("utf-8", "backslashreplace")


