/*
 * post/due - which mails of the queue a run tries, and in which order
 *
 * Whoever has been due for longest goes first, not whoever is oldest: a mail at which the relay hangs up has a later time
 * after its try, and stands behind those that it kept from theirs. Use: due_find(&list, &spool, order, arena, f).
 *
 * Owns: nothing. Units: seconds since 1970. Bounds: those of spool_list. Errors: AT_SPOOL where the queue cannot be listed;
 * a mail that cannot be read is named. Threads: one.
 * Source: DESIGN (CONTRIBUTING.md), "Spool"; RFC 5321 4.5.4.1.
 */
#ifndef POST_DUE_H
#define POST_DUE_H

#include "post/queue.h"

struct due {
	const char *id;
	const char *account; /* NULL: it has been tried */
	time_t since;	     /* it is due */
	bool doubt;	     /* somebody may have got it already */
};

struct due_list {
	struct due *mail; /* the longest due first; the account of each is as due_key has it */
	size_t count;
	size_t set_aside;  /* files that are none of ours */
	bool whole;	   /* the queue was listed, and all of it */
	unsigned patience; /* milliseconds for a mail that somebody has just now */
};

MUST_CHECK int due_find(struct due_list *l, struct spool *s, const struct queue_order *o, struct arena *in, struct failure *f);
bool due_now(const struct queue_order *o, const struct entry *e, time_t now);
/* The account, and in a second line its configuration file, if that is none of the usual ones. */
const char *due_key(struct arena *in, const char *name, const char *config);
size_t due_left(const struct due_list *l); /* how many have not been tried */
bool due_is_of(const struct due *d, const char *key);
/* A file that is none of ours, or has been changed, is moved to failed/ and named; never sent, never deleted. False: it stays. */
bool due_set_aside(struct spool *s, struct entry *e, const char *id, const struct failure *why);

#endif
