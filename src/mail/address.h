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
	struct slice spelled; /* where the addr-spec stands in the text: what a qualified one replaces */
	struct slice name;    /* what stands before its <, as written; or else the comment behind it */
	bool escaped;	      /* written \name: no aliases for it */
};

struct mailboxes {
	struct mailbox *box;
	size_t count, room;
};

MUST_CHECK int address_list(struct mailboxes *out, struct arena *in, struct slice text, struct failure *f);
/* Exactly one, as for -f: a name and <> are stripped; "" and "<>" give "" (the null sender). */
MUST_CHECK int address_one(const char **out, struct arena *in, struct slice text, struct failure *f);

/* No control octet but a tab, and line ends only as folds (before a blank). */
bool address_text_is_clean(struct slice text);
bool address_is_bare(const char *address);  /* no domain */
bool address_is_ascii(const char *address); /* else SMTPUTF8 is needed */
const char *address_domain(const char *address); /* what follows the @, or "" */
/* Local parts letter by letter, domains without case. */
bool address_same(const char *a, const char *b);
/* A login name as a local part: quoted if it has to be. */
const char *address_of_name(struct arena *in, const char *name);
/* A bare one with the domain, any other as it is. NULL: too long. */
const char *address_qualify(struct arena *in, const char *address, const char *domain);
/* RFC 3461 section 4: everything but printable ASCII, and + and =, as +HH. */
MUST_CHECK int address_xtext(struct buf *out, const char *text);
/* And back; what is not printable ASCII stays. NULL: a + without HH, or a control character comes of it. */
char *address_of_xtext(struct arena *in, struct slice text);

#endif
