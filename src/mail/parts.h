/*
 * mail/parts - the parts of a MIME message, and which of them may be encoded anew (RFC 2045, 2046)
 *
 * Use: parts_find(&parts, arena, &message, f). A leaf is listed if it has 8-bit octets or lines over 998, and says of itself
 * an encoding that is known (base64 has no 8-bit octets); a multipart or message/rfc822 if it says 8bit or binary of itself. Multiparts and
 * messages within are looked into, but not what is signed or encrypted: multipart/signed and /encrypted, PKCS#7, and
 * a message with a DKIM-Signature or its kin.
 * parts_list lists every text besides, so that what is in it can be changed.
 * broken: nobody can tell for sure what the parts are: a boundary that is missing, not closed or that of a multipart around it, fields that are none or
 * come twice, an encoding where there must be none, more than PARTS_DEEP levels or PARTS_MAX leaves. Nothing is listed then.
 *
 * Owns: nothing; all in the arena. Bounds: reads the body once, in one piece of memory; linear.
 * Units: octets of the body. Errors: those of reading. Threads: whoever holds the message.
 * Source: RFC 2045 6.4, RFC 2046 5.1, 5.2.1, RFC 1847 2.1, RFC 8551 3.1, RFC 6376 3.5, RFC 8617 4.1.
 */
#ifndef MAIL_PARTS_H
#define MAIL_PARTS_H

#include "mail/message.h"
#include "mail/mime.h"

enum { PARTS_DEEP = 32, PARTS_MAX = 4096, PARTS_HEADER = 64 * 1024, PARTS_HEADERS = 4 * 1024 * 1024 };

struct leaf {
	uint64_t head, body, end; /* offsets: where its fields begin, where its octets begin, where they end */
	struct slice fields;	  /* the fields of a part, with the empty line; nothing for the message itself */
	bool outermost;		  /* it is the message itself */
	bool message;		  /* its fields are those of a message, with MIME-Version among them */
	bool composite;		  /* multipart or message/rfc822: only its encoding field can be changed */
	bool text;		  /* text/...: its line ends are line ends, and not octets */
	enum mime_encoding encoding; /* the encoding that its fields say */
	struct facts facts;
};

struct parts {
	struct leaf *leaf; /* in the order of the message */
	size_t leaves, room;
	bool broken;
	struct facts others; /* the facts of all that is not in one of the leaves */
};

MUST_CHECK int parts_find(struct parts *p, struct arena *in, const struct message *m, struct failure *f);
MUST_CHECK int parts_list(struct parts *p, struct arena *in, const struct message *m, struct failure *f);

#endif
