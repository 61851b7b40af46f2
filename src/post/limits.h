/*
 * post/limits - answers that mean that we send too much, too fast, or over too many sessions
 *
 * The table of these answers is limits.def. Some of them are final refusals (5yz), though they are not about the mail or its recipient.
 * A run over many mails that took such an answer for a refusal of the mail would mark all mails that are left as refused for good.
 * The guard is for limits that are not in the table: if LIMITS_ROW mails in a row get the same final refusal, to MAIL or to the
 * message, then the refusals are not about the mails. The run stops, and these mails are tried again by the next run.
 *
 * Use: if (limits_of(&why) == LIMIT_STOP) ...; struct limits_guard g = {0}; for each mail, in the order in which the answers came: if
 * (limits_guard_note(&g, refused ? &why : NULL)) stop; NULL: the mail was accepted.
 * Pure. Owns: nothing. Bounds: LIMITS_ROW mails. Errors: none. Threads: whoever holds the guard.
 * Source: at each row. RFC 5321 4.2.1, RFC 3463.
 */
#ifndef POST_LIMITS_H
#define POST_LIMITS_H

#include "base/failure.h"

enum limit {
	LIMIT_NONE,	/* no limit of ours */
	LIMIT_SLOW,	/* a rate: all sessions pause, and go on slower */
	LIMIT_SIT_DOWN, /* this session, or the next one, is one too many */
	LIMIT_SESSION,	/* this session has had as many mails as the relay takes in one */
	LIMIT_STOP	/* nothing more is taken today, or until an administrator has mended something */
};

enum limit limits_of(const struct failure *why);

/* A run over many mails believes LIMIT_STOP when so many mails in a row have it: a limit is every mail's, and words that sound like
 * one may be about a recipient, who would then keep all others back in each run. */
enum { LIMITS_STOPS = 3 };

enum { LIMITS_ROW = 10, LIMITS_WORDS = sizeof((struct failure *)0)->text };

struct limits_guard {
	unsigned in_row; /* so many mails had this refusal: */
	enum stage stage;
	int code;
	char enhanced[12];
	char words[LIMITS_WORDS]; /* of the answer, without numbers, addresses and ids, which differ from mail to mail */
};

/* A refusal of the mail as a whole, which can be one of such a row. */
bool limits_guard_counts(const struct failure *why);
/* True: LIMITS_ROW mails in a row have had this refusal. A refusal of a recipient, and one that is temporary, neither counts nor ends
 * the row. */
bool limits_guard_note(struct limits_guard *g, const struct failure *why);

#endif
