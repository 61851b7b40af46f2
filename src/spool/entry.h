/*
 * spool/entry - a spooled mail's envelope and its state as text, both ways (mysend-spool(5))
 *
 * entry_print makes the block in front of the message, entry_parse reads it; entry_print_state and entry_parse_state
 * do the same for what was learnt since. Pure: no descriptor, no clock.
 *
 * Owns: nothing; texts in the arena. Units: seconds since 1970, never below 0. Bounds: ENTRY_BLOCK octets a block.
 * Errors: AT_SPOOL EX_DATAERR naming the line. A block of another version is EX_CONFIG; a line of the state that is not
 * known is passed over. Threads: any. Source: mysend-spool(5).
 */
#ifndef SPOOL_ENTRY_H
#define SPOOL_ENTRY_H

#include <sys/types.h>
#include <time.h>

#include "mail/envelope.h"
#include "mail/source.h"

enum { SPOOL_ID = 32, ENTRY_BLOCK = 32 * 1024 * 1024 };

struct entry {
	char id[SPOOL_ID];
	const char *account;
	const char *config; /* the file that the account is of, from the root on; NULL: one of the usual ones */
	bool served;	    /* a service took it from that user: */
	uid_t uid;
	struct envelope envelope; /* verdicts: ACCEPTED, REFUSED and BOUNCED are settled, PENDING is to be tried, UNSURE too */
	bool eightbit;		  /* of the message */
	uint64_t size;		  /* of the message, octets */
	time_t arrived, next;	  /* next: when it is due, or 0 */
	time_t since;		  /* from when its age counts, where arrived proved to be ahead of the clock; or 0 */
	time_t idle;		  /* seconds in which nobody tried it, though it was due: they do not count as its age */
	unsigned attempts;
	bool held;
	bool warned; /* its sender knows that it waits */
	const char *last; /* what was said last, or "" */
	int fd;		  /* open and locked, or -1 */
	uint64_t offset;  /* of the message in it */
};

/* Refuses a value with a control character in it. */
MUST_CHECK int entry_print(struct buf *out, const struct entry *e, struct failure *f);
/* Out of the beginning of a block: the user from whom a service took it. */
bool entry_user(struct slice text, uid_t *uid);
/* Takes the block off *text. */
MUST_CHECK int entry_parse(struct entry *e, struct arena *in, struct slice *text, struct failure *f);
MUST_CHECK int entry_print_state(struct buf *out, const struct entry *e);
MUST_CHECK int entry_parse_state(struct entry *e, struct arena *in, struct slice text, struct failure *f);
bool entry_is_settled(const struct entry *e); /* nobody is left to be tried */
size_t entry_pending(const struct entry *e);   /* how many are */
bool entry_has(const struct entry *e, enum verdict v);
bool verdict_is_settled(enum verdict v);

#endif
