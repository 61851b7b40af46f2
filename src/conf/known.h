/*
 * conf/known - what was found to log in with, by account, and shared by all threads: passwords, and tokens
 *
 * Use: known_take(&c, account, KNOWN_PASSWORD, search, ctx, f); use(c.text); credential_release(&c). The first who asks runs search(),
 * without any lock; who asks meanwhile waits, and shares the text or what went wrong. The search calls known_keep(s, text) once.
 * What was found stays until known_drop, known_refuse or known_wipe.
 *
 * Owns: the texts, in conf/vault. Bounds: one search at a time for each account and kind.
 * Errors: those of the search; AT_CONFIG EX_OSERR. Threads: any.
 * BUGS: behind known_wipe what a search finds that was begun before is given to those who wait for it, and then forgotten.
 */
#ifndef CONF_KNOWN_H
#define CONF_KNOWN_H

#include <time.h>

#include "conf/credential.h"

enum known_kind { KNOWN_PASSWORD, KNOWN_TOKEN, KNOWN_LOGIN /* a refresh token that could not be written to its file */ };

struct known_facts { /* of a token; of a password nothing is known */
	time_t obtained, expires; /* by our wall clock */
	bool fetched;		  /* by this process */
	bool proved;		  /* a relay has taken it */
};

/* A search under way, and what it has found so far. */
struct search {
	const struct account *of;
	struct credential found;
	struct known_facts facts; /* for the search to set */
	const char *refused;	  /* the text that is not to be found again, or NULL */
};

typedef int known_search(struct search *s, void *ctx, struct failure *f);

MUST_CHECK int known_keep(struct search *s, struct slice text); /* -1: there is no room in the vault */
MUST_CHECK int known_take(struct credential *out, const struct account *a, enum known_kind kind, known_search *search, void *ctx, struct failure *f);
/* Puts a text there that nobody has searched for, in the place of what is known. */
MUST_CHECK int known_put(const struct account *a, enum known_kind kind, struct slice text, const struct known_facts *facts, struct failure *f);
/* Without a search: text NULL where nothing is known. */
void known_look(struct credential *out, const struct account *a, enum known_kind kind);
/* False: this text is not (or no more) what is known of the account. */
bool known_facts_of(const struct account *a, enum known_kind kind, unsigned handle, struct known_facts *out);
void known_prove(const struct account *a, enum known_kind kind, unsigned handle);
void known_drop(const struct account *a, enum known_kind kind);
/* If it is this text; refuse: and it is not to be found again. */
void known_drop_text(const struct account *a, enum known_kind kind, unsigned handle);
void known_refuse(const struct account *a, enum known_kind kind, unsigned handle);
void known_wipe(void); /* all of it, and the whole vault */

#endif
