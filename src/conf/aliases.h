/*
 * conf/aliases - who gets mail for local names: a file as sendmail's /etc/aliases, read, looked up and checked
 *
 * Use: aliases_open(&a, arena, account, f); for each mail aliases_next_mail(a), then aliases_give(&list, arena, a, box, f)
 * for each recipient, which appends who gets it in the end: addresses that are not local, and local names that have no
 * alias. aliases_expand does the same for one recipient alone.
 * aliases_check(a, tell, ctx) tells of every line that could not be used.
 *
 * Owns: nothing; all in the arena. Bounds: ALIASES_LIMIT octets a file; a name is expanded once a mail, whatever the file
 * and the mail say. A line that cannot be read is an error only for who needs it.
 * Errors: AT_CONFIG EX_CONFIG with file and line: no such file (but the default one), a command, a file, an
 * :include:, a circle, what is no address. Threads: one. Source: aliases(5) of sendmail and Postfix; mysend-compat(7), LOCAL NAMES.
 */
#ifndef CONF_ALIASES_H
#define CONF_ALIASES_H

#include "conf/settings.h"
#include "mail/address.h"

enum { ALIASES_LIMIT = 16 * 1024 * 1024 };

struct aliases;

MUST_CHECK int aliases_open(struct aliases **out, struct arena *run, const struct account *a, struct failure *f);
/* 1: there is an alias for the mailbox, and its recipients are appended; 0: there is none, and nothing is appended. */
MUST_CHECK int aliases_expand(struct mailboxes *out, struct arena *in, struct aliases *a, const struct mailbox *box,
			      struct failure *f);
void aliases_next_mail(struct aliases *a);
/* The same, but recipients that an alias has appended for the mail at hand before are not appended again. */
MUST_CHECK int aliases_give(struct mailboxes *out, struct arena *in, struct aliases *a, const struct mailbox *box, struct failure *f);
/* A place in the alias for a text of the caller's, until the next mail; *place is NULL at first. NULL: there is no alias for the
 * mailbox. */
const char **aliases_note(struct aliases *a, struct arena *in, const struct mailbox *box);
/* Calls tell for each line that is an error for some mail; returns how many there are, without commands, files and :include:, which
 * are right for sendmail. */
size_t aliases_check(struct aliases *a, void (*tell)(void *ctx, const struct failure *f), void *ctx);

#endif
