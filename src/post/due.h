/*
 * post/due - which mails of the queue a run tries, and in which order
 *
 * Whoever has been due for longest goes first, not whoever is oldest: a mail at which the relay hangs up has a later time
 * after its try, and stands behind those that it kept from theirs. Use: due_fits(order, &entry, now), due_sort(due, count).
 *
 * Owns: nothing. Units: seconds since 1970. Bounds: none. Errors: none. Threads: any.
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

bool due_now(const struct queue_order *o, const struct entry *e, time_t now);
/* It is what was asked for, and due. */
bool due_fits(const struct queue_order *o, const struct entry *e, time_t now);
/* The account, and in a second line its configuration file, if that is none of the usual ones. */
const char *due_key(struct arena *in, const char *name, const char *config);
bool due_is_of(const struct due *d, const char *key);
struct due due_of(const struct entry *e, const char *id, const char *account);
void due_sort(struct due *due, size_t count);

#endif
