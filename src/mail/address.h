/*
 * mail/address - lists of addresses as people, programs and old mail write them (RFC 5322 3.4, 4.4)
 *
 * Use: struct mailboxes list = {0}; address_list(&list, arena, slice, f): appends what it finds.
 * Reads groups, nested comments, quoted local parts, obsolete routes, folding, empty members, and
 * members parted by blanks or semicolons where each has an @ (mysend-compat(7), RECIPIENTS). A bare local name is an
 * address without a domain; address_qualify gives it one.
 *
 * Owns: nothing; texts live in the arena, .spelled points into the text given.
 * Bounds: an address has at most ADDRESS_MAX octets and no control character, ever.
 * Errors: -1 and *f AT_RECIPIENT EX_DATAERR, quoting what could not be read (the caller may change the stage).
 * Threads: any. Source: RFC 5322 3.4, 4.4; RFC 5321 4.1.2; RFC 6531 3.3; RFC 3461 4 (xtext).
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include "base/arena.h"
#include "base/bytes.h"

enum { ADDRESS_MAX = 254 };

struct mailbox {
	const char *address;  /* bare, quoted where it must be; "bob", "bob@example.org", "\"a b\"@x" */
	struct slice spelled; /* where the addr-spec stands in the text, to be replaced by a qualified one */
	struct slice name;    /* the name before the <, as written; else the comment after the address */
	bool escaped;	      /* written as \name: no aliases are used for it */
};

struct mailboxes {
	struct mailbox *box;
	size_t count, room;
};

MUST_CHECK int address_list(struct mailboxes *out, struct arena *in, struct slice text, struct failure *f);
/* Reads exactly one address, as for -f: a name and <> are stripped; "" and "<>" give "" (the null sender). */
MUST_CHECK int address_one(const char **out, struct arena *in, struct slice text, struct failure *f);

/* The text has no control octet but tabs, and line ends only as folds (before a blank). */
bool address_text_is_clean(struct slice text);
bool address_is_bare(const char *address);  /* it has no domain */
bool address_is_ascii(const char *address); /* false: it needs SMTPUTF8 */
const char *address_domain(const char *address); /* what follows the @, or "" */
/* Compares local parts with case, domains without. */
bool address_same(const char *a, const char *b);
/* A login name as a local part: quoted if it has to be. */
const char *address_of_name(struct arena *in, const char *name);
/* A bare address gets the domain, any other stays. NULL: it would be too long. */
const char *address_qualify(struct arena *in, const char *address, const char *domain);
/* Appends the text as xtext (RFC 3461 4): +, = and all that is not printable ASCII as +HH. */
MUST_CHECK int address_xtext(struct buf *out, const char *text);
/* Decodes xtext; octets that are not printable ASCII stay. NULL: a + without HH, or the result has a control character. */
char *address_of_xtext(struct arena *in, struct slice text);

#endif
