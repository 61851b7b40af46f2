/*
 * base/notify - tells the service manager how we are, where there is one
 *
 * Use: notify_state("READY=1"). Without $NOTIFY_SOCKET nothing happens.
 * Owns: nothing. Errors: none: who does not listen is not told. Threads: any. Source: sd_notify(3).
 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

void notify_state(const char *state);
/* Sends RELOADING=1, with the time that sd_notify(3) wants with it. */
void notify_reloading(void);

#endif
