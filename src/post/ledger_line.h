/*
 * post/ledger_line - one line of a ledger: as text, and read again
 *
 * Use: struct ledger_name n; ledger_name_print(&n, key, "bob@example.org"); ledger_line_print(&buf, &line); and
 * if (!ledger_line_parse(slice, &line)) ...
 * A line is what became of one recipient of one mail: sign, time, key, recipient, code and text, with tabs between them. Whatever
 * stands in a key, no other key is written the same, and none can end a column or a line.
 *
 * Owns: nothing; what is parsed points into the line. Units: milliseconds since 1970.
 * Bounds: LEDGER_LINE octets with the line end; a key that is longer than LEDGER_KEY octets as text is written as its digest.
 * Errors: -1 where the buf is full. Threads: any. Source: mysend-ledger(5).
 */
#ifndef POST_LEDGER_LINE_H
#define POST_LEDGER_LINE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/sha256.h"

enum { LEDGER_LINE = 4096, LEDGER_KEY = 250, LEDGER_RECIPIENT = 1020, LEDGER_TEXT = 600 };

enum ledger_sign {
	LEDGER_LEASED = '>',   /* about to be sent */
	LEDGER_ACCEPTED = '+',
	LEDGER_REFUSED = '-',  /* for good */
	LEDGER_UNSURE = '?',   /* wholly sent, no answer */
	LEDGER_WAITS = 'w',    /* handed to the spool */
	LEDGER_LATER = '~'     /* not taken, for now: the relay said so, or it was not sent at all */
};

struct ledger_name { /* which recipient of which mail, as it is written */
	char key[LEDGER_KEY + 1], recipient[LEDGER_RECIPIENT + 1];
};

struct ledger_line {
	enum ledger_sign sign;
	int64_t ms;
	struct slice key, recipient; /* as they are written */
	struct slice code, text;     /* empty in LEDGER_LEASED */
};

struct ledger_head {
	const char *input;    /* the last name of its path */
	const char *template; /* digest, or "-" */
	const char *rule;     /* how keys are made */
	const char *run;      /* random; Message-IDs are made of it */
};

void ledger_name_print(struct ledger_name *to, struct slice key, const char *recipient);
/* The digest of both; a recipient's domain counts the same in upper and lower case (RFC 5321 2.3.5). */
void ledger_name_digest(unsigned char digest[SHA256_OCTETS], struct slice key, struct slice recipient);
/* key and recipient as they are written; code and text as they are. */
MUST_CHECK int ledger_line_print(struct buf *out, const struct ledger_line *line);
bool ledger_line_parse(struct slice text, struct ledger_line *out); /* text: without its line end */

MUST_CHECK int ledger_head_print(struct buf *out, const struct ledger_head *h);
bool ledger_head_is(struct slice text); /* a head of any version */
/* AT_INPUT; EX_CONFIG for one of another version. */
MUST_CHECK int ledger_head_parse(struct ledger_head *out, struct arena *in, struct slice text, struct failure *f);
/* The octets are the beginning of a head that was not written to its end; NULs may follow. */
bool ledger_head_is_torn(struct slice octets);

#endif
