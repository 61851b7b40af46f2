/*
 * base/ending - whether we are told to end, for who has something in hand that must not be left halfway
 *
 * Use: struct ending held; ending_hold(&held); ... ending_asked() ...; ending_release(&held). While it is held, SIGTERM, SIGINT
 * and SIGHUP are blocked, and one that has come waits: ending_asked() finds it. Blocked and not caught, so that there is no
 * handler, nothing global, and no wait that a signal cuts short at the wrong place; whoever waits looks again within
 * ENDING_LOOK_MS. After the release a signal that waits ends the process as it always did: who has told the caller what
 * became of the mail exits without. What our caller has us ignore (nohup) is not held.
 * With ending_watch(&w) ... ending_unwatch(&w) in between, a SIGINT or SIGTERM that comes a second or more behind the first signal ends
 * the process at once, for whoever sees what it costs to wait.
 *
 * Owns: nothing. Units: milliseconds. Bounds: none. Errors: none. Threads: the one that waits; those made while it is held
 * inherit it.
 * Source: signal(7); POSIX sigpending, sigwait.
 */
#ifndef BASE_ENDING_H
#define BASE_ENDING_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#define ENDING_TOLD "mysend was told to end" /* as a failure says it */

enum { ENDING_SECOND = 1 }; /* seconds */
enum { ENDING_LOOK_MS = 500, ENDING_MS = 60 * 1000 }; /* ENDING_MS: how long the answer to a message that was wholly sent is waited for */

struct ending {
	sigset_t before;
};

struct ending_watch {
	pthread_t thread;
	bool there;
};

void ending_hold(struct ending *held);
void ending_release(const struct ending *held);
bool ending_asked(void);
bool ending_is_abort(void); /* we were told to end by SIGINT alone, that is, by a person */
/* The thread that waits for the first signal leaves another one pending in its place, so that ending_asked() stays true, and does
 * no longer block the others. Without a thread nothing changes. */
void ending_watch(struct ending_watch *w);
void ending_unwatch(struct ending_watch *w);

#endif
