/*
 * spool/names - the names of files in the spool: of a mail, of a bounce or warning, of a state
 *
 * A mail is ID: ten digits of its time and sixteen of chance, so that names sort by age. Its bounce after three tries is ID.b3, its
 * warning ID.d3, so that one that is made twice is the same file. What is known of a mail is in ID.state.
 * Use: char state[SPOOL_STATE_NAME]; spool_name_state(state, id); spool_is_name(id).
 *
 * Owns: nothing. Bounds: SPOOL_ID and SPOOL_STATE_NAME octets, NUL included. Errors: AT_SPOOL where the kernel gives no random
 * numbers. Threads: any. Source: mysend-spool(5).
 */
#ifndef SPOOL_NAMES_H
#define SPOOL_NAMES_H

#include <time.h>

#include "base/failure.h"

enum { SPOOL_ID = 32, SPOOL_STATE_NAME = SPOOL_ID + sizeof ".state" };

struct entry;
struct spool; /* only its path is needed, for the text of a failure */

/* A new name. */
MUST_CHECK int spool_name(const struct spool *s, char id[SPOOL_ID], struct failure *f);
/* The name of the bounce, or warning, about an entry's last attempt. */
void spool_name_bounce(char id[SPOOL_ID], const struct entry *of, bool warning);
void spool_name_state(char name[static SPOOL_STATE_NAME], const char *id);
time_t spool_name_time(const char *id); /* when the name was made */
bool spool_is_name(const char *name);	/* the name of a mail, a bounce or a warning */
bool spool_is_bounce(const char *id);	/* the name of a bounce or a warning */
bool spool_is_state(const char *name, char id[static SPOOL_ID]); /* the name of a state; id: the mail's name */

#endif
