# Tries root's mail that waits, and uses a login that nothing else uses, where there is no systemd: else mysend-queue.timer does it.
* * * * * root [ -d /run/systemd/system ] || { [ ! -d /var/spool/mysend/queue ] && [ ! -d /var/lib/mysend/oauth ]; } || [ ! -x /usr/bin/mysend ] || exec /usr/bin/mysend -q
