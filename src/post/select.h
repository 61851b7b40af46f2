/*
 * post/select - which mails of the spool a run tries, in which order, grouped by account
 *
 * The mail that has been due for longest goes first, and not the oldest: so a mail at which the relay ends the session, due later
 * after its try, goes after those that it kept from their turn. Nothing is locked here but a file that cannot be read, to be moved away,
 * and a mail may be gone by the time it is tried: post/claim looks again.
 * Use: select_find(&list, &spool, &filter, arena, f); while (select_group(&list, &group)): select_next(&list, group, doubt) until
 * it is NULL; select_drop(&list, group).
 *
 * Owns: nothing; texts in the arena. Units: seconds since 1970. Bounds: those of spool_list. Errors: AT_SPOOL where the spool
 * cannot be listed; a mail that cannot be read is named in a warning, and moved to failed/. Threads: one at a time.
 * Source: CONTRIBUTING.md, "Spool"; RFC 5321 4.5.4.1.
 */
#ifndef POST_SELECT_H
#define POST_SELECT_H

#include "spool/spool.h"

struct filter {
	bool all;	 /* all mails, due or not */
	const char *id;	 /* only mails that have this text in their name, in a recipient, in the sender; NULL: any */
	const char *recipient, *sender;
	size_t names;	  /* how many mails are looked at, a random sample; 0: all */
	uint64_t largest; /* octets: larger mails are left out; 0: none is */
	/* The name of the account that is for a sender, or NULL; asked of mail that came before there was any account (post/unconfigured). */
	const char *(*choice)(void *ctx, const char *sender);
	void *ctx;
};

struct candidate {
	const char *id;
	size_t group;
	time_t since; /* since when it is due */
	bool doubt;   /* it is UNSURE for a recipient, who may have got it already */
	bool taken;   /* it was tried in this run, or is left out */
};

struct group { /* the mails of one account */
	const char *account;
	const char *config; /* the configuration file of the account; NULL: one of the usual ones */
	size_t mails, at;   /* mails before `at` are all taken */
};

struct selection {
	struct candidate *mail; /* the mail that has been due for longest comes first */
	size_t count;
	struct group *group;
	size_t groups, room;
	size_t set_aside; /* files that mysend has not made */
	bool whole;	  /* the whole spool was listed */
	unsigned patience; /* milliseconds to wait for a mail that another runner has locked */
};

MUST_CHECK int select_find(struct selection *l, struct spool *s, const struct filter *which, struct arena *in, struct failure *f);
void select_only(struct selection *l, const char *account, const char *config); /* only this group has a turn */
bool select_group(const struct selection *l, size_t *group); /* the group whose turn is next: that of the mail longest due; false: none */
bool select_is_due(const struct filter *which, const struct entry *e, time_t now);
/* Takes the group's next mail, or NULL; UNSURE mail only if `doubt` asks for it. */
struct candidate *select_next(struct selection *l, size_t group, bool doubt);
void select_put_back(struct selection *l, struct candidate *c); /* it was not tried */
void select_drop(struct selection *l, size_t group);		/* the group has had its turn */
size_t select_left(const struct selection *l);			/* how many mails were not tried */
/* Moves a file that mysend has not made, or that was changed, to failed/, and names it in a warning; it is never sent or deleted.
 * False: it stays. */
bool select_set_aside(struct spool *s, struct entry *e, const char *id, const struct failure *why);

#endif
