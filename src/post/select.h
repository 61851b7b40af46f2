/*
 * post/select - which mails of the spool a run tries, in which order, grouped by account
 *
 * Mail that has been due for longest goes first, not the oldest: a mail at which the relay hangs up has a later time after its
 * try, and stands behind those that it kept from theirs. Nothing is locked here, and what is found may be gone by the time it is
 * tried: post/claim looks again.
 * Use: select_find(&list, &spool, &filter, arena, f); while (select_group(&list, &group)): select_next(&list, group, doubt) until
 * it is NULL; select_drop(&list, group).
 *
 * Owns: nothing; texts in the arena. Units: seconds since 1970. Bounds: those of spool_list. Errors: AT_SPOOL where the spool
 * cannot be listed; a mail that cannot be read is named, and goes to failed/. Threads: one at a time.
 * Source: CONTRIBUTING.md, "Spool"; RFC 5321 4.5.4.1.
 */
#ifndef POST_SELECT_H
#define POST_SELECT_H

#include "spool/spool.h"

struct filter {
	bool all;	 /* due or not */
	const char *id;	 /* only mails with this in their name, in a recipient, in the sender; NULL: any */
	const char *recipient, *sender;
	size_t names;	  /* how many are looked at, by chance, so that none is left out for ever; 0: all */
	uint64_t largest; /* octets; what is larger is left where it is; 0: any */
};

struct candidate {
	const char *id;
	size_t group;
	time_t since; /* it is due */
	bool doubt;   /* a recipient may have got it already */
	bool taken;   /* tried in this run, or not to be */
};

struct group { /* mail of one account */
	const char *account;
	const char *config; /* the configuration file that the account is of; NULL: one of the usual ones */
	size_t mails, at;   /* no mail in front of `at` is left to be tried */
};

struct selection {
	struct candidate *mail; /* the longest due first */
	size_t count;
	struct group *group;
	size_t groups, room;
	size_t set_aside; /* files that are none of ours */
	bool whole;	  /* the spool was listed, and all of it */
	unsigned patience; /* milliseconds for a mail that another runner has just now */
};

MUST_CHECK int select_find(struct selection *l, struct spool *s, const struct filter *which, struct arena *in, struct failure *f);
void select_only(struct selection *l, const char *account, const char *config); /* no other group has a turn */
bool select_group(const struct selection *l, size_t *group); /* whose turn is next: that of the longest due; false: nobody's */
bool select_is_due(const struct filter *which, const struct entry *e, time_t now);
/* The group's next mail, which is `taken` from then on, or NULL; those in doubt only if asked for. */
struct candidate *select_next(struct selection *l, size_t group, bool doubt);
void select_put_back(struct selection *l, struct candidate *c); /* it has not been tried */
void select_drop(struct selection *l, size_t group);		/* the group has had its turn */
size_t select_left(const struct selection *l);			/* how many have not been tried */
/* A file that is none of ours, or has been changed, is moved to failed/ and named; never sent, never deleted. False: it stays. */
bool select_set_aside(struct spool *s, struct entry *e, const char *id, const struct failure *why);

#endif
