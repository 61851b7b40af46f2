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
#include "spool/names.h"

enum { ENTRY_BLOCK = 32 * 1024 * 1024 };

struct entry {
	char id[SPOOL_ID];
	const char *account;
	const char *config; /* full path of the configuration file that has the account; NULL: one of the usual ones */
	bool served;	    /* a service took the mail from the user `uid`: */
	uid_t uid;
	struct envelope envelope; /* of its verdicts ACCEPTED, REFUSED and BOUNCED are settled; PENDING and UNSURE are to be tried */
	bool eightbit;		  /* the message has octets above 127 */
	uint64_t size;		  /* of the message, in octets */
	time_t arrived, next;	  /* next: when the mail is due, or 0 */
	time_t since;		  /* from when the age counts, where `arrived` proved to be ahead of the clock; or 0 */
	time_t idle;		  /* seconds in which no run tried the mail, though it was due: they do not count as its age */
	unsigned attempts;
	bool on_hold;
	bool warned; /* its sender was told that it waits (queue_warning) */
	const char *last; /* what the last try came to, in words (entry_last); or "" */
	const char *hint; /* and what to change; NULL or "": nothing is known */
	bool needs_admin; /* the last try's failure stays until a person mends something (post/defer) */
	int fd;		  /* the mail's file, open and locked; or -1 */
	uint64_t offset;  /* of the message in the file */
};

/* Refuses a value with a control character in it. */
MUST_CHECK int entry_print(struct buf *out, const struct entry *e, struct failure *f);
/* Reads from the beginning of a block the user from whom a service took the mail. */
bool entry_user(struct slice text, uid_t *uid);
/* Reads the block at the beginning of *text; *text is then what follows the block. */
MUST_CHECK int entry_parse(struct entry *e, struct arena *in, struct slice *text, struct failure *f);
MUST_CHECK int entry_print_state(struct buf *out, const struct entry *e);
MUST_CHECK int entry_parse_state(struct entry *e, struct arena *in, struct slice text, struct failure *f);
const char *entry_last(struct arena *in, const struct failure *why); /* a try's failure as mailq tells it; NULL: "" */
bool entry_is_settled(const struct entry *e); /* no recipient is left to be tried */
size_t entry_pending(const struct entry *e);   /* how many recipients are left to be tried */
bool entry_has(const struct entry *e, enum verdict v);
bool verdict_is_settled(enum verdict v);

#endif
