# Tries root's mail that waits, where there is no systemd: else mysend-queue.timer does it.
* * * * * root [ -d /run/systemd/system ] || [ ! -d /var/spool/mysend/queue ] || [ ! -x /usr/bin/mysend ] || exec /usr/bin/mysend -q
