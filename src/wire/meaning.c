#include "wire/meaning.h"

#include <string.h>
#include <sysexits.h>

#include "base/bytes.h"

enum {
	MAIL = 1 << AT_SENDER, RCPT = 1 << AT_RECIPIENT, DATA = 1 << AT_DATA, END = 1 << AT_BODY | 1 << AT_END,
	MESSAGE = DATA | END, ANY = MAIL | RCPT | MESSAGE
};

/* What an answer says, case aside, decides before its codes: the sender and the name of EHLO are refused at RCPT, too, and with any code. */
static const struct {
	int at;
	const char *says;
	enum meaning means;
} words[] = {
	/* Of Exchange, behind 430 4.2.0, where no administrator has given the application access to the mailbox. */
	{MESSAGE, "mailbox logon failure", MEANS_CLOSED}, {MESSAGE, "mapiexceptionlogonfailed", MEANS_CLOSED},
	{MAIL | RCPT, "helo command rejected", MEANS_OUR_NAME}, {MAIL | RCPT, "invalid helo", MEANS_OUR_NAME},
	{MAIL | RCPT, "helo name", MEANS_OUR_NAME}, {MAIL | RCPT, "ehlo name", MEANS_OUR_NAME}, {MAIL | RCPT, "helo/ehlo", MEANS_OUR_NAME},
	{MAIL | RCPT, "ehlo/helo", MEANS_OUR_NAME}, {MAIL | RCPT, "bad helo", MEANS_OUR_NAME},
	{ANY, "sendasdenied", MEANS_NOT_YOURS}, {ANY, "not owned by", MEANS_NOT_YOURS}, {ANY, "send as this sender", MEANS_NOT_YOURS},
	{ANY, "does not match the authenticated user", MEANS_NOT_YOURS}, {ANY, "not allowed to send as", MEANS_NOT_YOURS},
	{ANY, "verified sender identity", MEANS_NOT_YOURS}, {ANY, "address is not verified", MEANS_NOT_YOURS},
	{ANY, "sender address is not allowed", MEANS_NOT_YOURS}, {ANY, "relaying disallowed as", MEANS_NOT_YOURS},
	{ANY, "not one of your addresses", MEANS_NOT_YOURS}, {ANY, "on behalf of sender", MEANS_NOT_YOURS},
	{ANY, "not authorized to send", MEANS_NOT_YOURS}, {ANY, "not authorised to send", MEANS_NOT_YOURS},
	{MAIL | RCPT, "sender address rejected: domain not found", MEANS_NO_SENDER}, {MAIL | RCPT, "sender address rejected: user unknown", MEANS_NO_SENDER},
	{MAIL | RCPT, "sender verify failed", MEANS_NO_SENDER}, {MAIL | RCPT, "sender address rejected: undeliverable", MEANS_NO_SENDER},
	{MAIL | RCPT, "sender address rejected: unverified", MEANS_NO_SENDER}, {MAIL | RCPT, "domain of sender address", MEANS_NO_SENDER},
	{MAIL | RCPT, "sender address", MEANS_NOT_YOURS}, {MAIL | RCPT, "sender rejected", MEANS_NOT_YOURS}, {MAIL | RCPT, "sender denied", MEANS_NOT_YOURS},
	{MAIL | RCPT, "sender not ", MEANS_NOT_YOURS}, {MAIL | RCPT, "sender is not ", MEANS_NOT_YOURS}, {MAIL | RCPT, "envelope sender", MEANS_NOT_YOURS},
};

static enum meaning meaning_of_words(const struct failure *f)
{
	for (size_t i = 0; f->code >= 400 && i < sizeof words / sizeof *words; i++)
		if (words[i].at & 1 << f->stage && (f->code >= 500 || words[i].means == MEANS_CLOSED) && slice_mentions(slice_of(f->text), words[i].says))
			return words[i].means;
	return MEANS_NOTHING_MORE;
}

/* The first row that fits an answer says what the answer means. */
static const struct {
	int at;		      /* stages */
	int code;	      /* 0: any */
	const char *enhanced; /* the enhanced code without its class (with a dot at the end: the subject alone); "": none, or X.0.0; NULL: any */
	enum meaning means;
} rows[] = {
	/* Many relays still answer as RFC 821 had it, 552 for 452 (RFC 5321 4.5.3.1.10). */
	{RCPT, 0, "5.3", MEANS_TOO_MANY},      {RCPT, 452, "", MEANS_TOO_MANY},	      {RCPT, 552, "", MEANS_TOO_MANY},
	{ANY, 0, "3.4", MEANS_TOO_LARGE},      {ANY, 0, "2.3", MEANS_TOO_LARGE},      {MAIL | MESSAGE, 552, "", MEANS_TOO_LARGE},
	{ANY, 0, "2.2", MEANS_FULL},	       {ANY, 0, "3.1", MEANS_FULL},	      {MAIL | MESSAGE, 452, "", MEANS_FULL},
	{ANY, 530, NULL, MEANS_LOGIN},	       {ANY, 534, NULL, MEANS_LOGIN},	      {ANY, 535, NULL, MEANS_LOGIN},
	{ANY, 538, NULL, MEANS_LOGIN},	       {ANY, 0, "7.8", MEANS_LOGIN},	      {ANY, 0, "7.9", MEANS_LOGIN},
	{ANY, 0, "7.10", MEANS_LOGIN},	       {ANY, 0, "7.11", MEANS_LOGIN},	      {ANY, 0, "7.12", MEANS_LOGIN},
	{ANY, 0, "7.13", MEANS_LOGIN},
	{ANY, 0, "1.7", MEANS_NO_SENDER},      {ANY, 0, "1.8", MEANS_NO_SENDER},      {ANY, 0, "7.27", MEANS_NO_SENDER},
	{MAIL, 0, "7.0", MEANS_NOT_YOURS},     {MAIL, 0, "7.1", MEANS_NOT_YOURS},     {MAIL, 0, "7.60", MEANS_NOT_YOURS},
	{MAIL, 553, "", MEANS_NOT_YOURS},
	{MAIL, 550, "", MEANS_DENIED},	       {MAIL, 0, "1.0", MEANS_DENIED},
	{RCPT, 0, "1.", MEANS_NOBODY},	       {RCPT, 550, "", MEANS_NOBODY},	      {RCPT, 551, "", MEANS_NOBODY},
	{RCPT, 553, "", MEANS_NOBODY},	       {RCPT, 556, "", MEANS_NOBODY}, /* RFC 7504 4 */
	{RCPT, 550, "4.", MEANS_NOBODY}, /* Exchange says 550 5.4.1 for it */
	{RCPT, 0, "2.", MEANS_MAILBOX},
	{ANY, 0, "7.", MEANS_DENIED},
	{MESSAGE, 0, "6.3", MEANS_NO_8BIT},
	{MAIL | RCPT, 500, "", MEANS_NO_PARAMETER}, {MAIL | RCPT, 500, "5.", MEANS_NO_PARAMETER},
	{MAIL | RCPT, 501, "", MEANS_NO_PARAMETER}, {MAIL | RCPT, 501, "5.", MEANS_NO_PARAMETER},
	{MAIL | RCPT, 504, "", MEANS_NO_PARAMETER}, {MAIL | RCPT, 504, "5.", MEANS_NO_PARAMETER},
	{MAIL | RCPT, 554, "", MEANS_NO_PARAMETER}, {MAIL | RCPT, 554, "5.", MEANS_NO_PARAMETER},
	{MAIL | RCPT, 555, "", MEANS_NO_PARAMETER}, {MAIL | RCPT, 555, "5.", MEANS_NO_PARAMETER},
	{MAIL, 501, "6.", MEANS_NO_PARAMETER}, {MAIL, 554, "6.", MEANS_NO_PARAMETER}, {MAIL, 555, "6.", MEANS_NO_PARAMETER},
	{MESSAGE, 500, NULL, MEANS_NO_COMMAND}, {MESSAGE, 502, NULL, MEANS_NO_COMMAND}, {MESSAGE, 504, NULL, MEANS_NO_COMMAND},
	{MESSAGE, 503, NULL, MEANS_NO_SEQUENCE},
};

/* "5.1.1" by its "1.1"; the subject 0 with the detail 0 is "other", and says nothing (RFC 3463 3.1). */
static bool fits(const char *pattern, const char *enhanced)
{
	const char *said = *enhanced ? enhanced + 2 : "";
	size_t n;

	if (!pattern)
		return true;
	if (strcmp(said, "0.0") == 0)
		said = "";
	n = strlen(pattern);
	return n && pattern[n - 1] == '.' ? strncmp(said, pattern, n) == 0 : strcmp(said, pattern) == 0;
}

enum meaning meaning_of(const struct failure *f)
{
	enum meaning said = meaning_of_words(f);

	if (said != MEANS_NOTHING_MORE)
		return said;
	for (size_t i = 0; f->code >= 400 && i < sizeof rows / sizeof *rows; i++)
		if (rows[i].at & 1 << f->stage && (!rows[i].code || rows[i].code == f->code) && fits(rows[i].enhanced, f->enhanced))
			return rows[i].means;
	return MEANS_NOTHING_MORE;
}

int meaning_exit(enum stage at, enum meaning means)
{
	switch (means) {
	case MEANS_NOBODY:
		return EX_NOUSER;
	case MEANS_LOGIN:
	case MEANS_NOT_YOURS:
	case MEANS_NO_SENDER:
		return EX_NOPERM;
	case MEANS_TOO_LARGE:
		return EX_DATAERR;
	case MEANS_DENIED:
		return at == AT_SENDER ? EX_NOPERM : EX_UNAVAILABLE;
	default:
		return EX_UNAVAILABLE;
	}
}
