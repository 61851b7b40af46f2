#include "spool/entry.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/address.h"
#include "mail/offers.h"

#define SIZE_MOST UINT64_C(999999999999999999) /* so that a sum of sizes does not overflow */

#define BLOCK "mysend-mail "
#define STATE "mysend-state "
#define THIS "1"
#define OWN_CONFIG "2" /* version of a mail with a configuration file of its own: a program that does not know this would send it by another */
#define SERVED "3" /* version of a mail that a service took: a program that does not know this would not count it for its user */
#define YEAR_9999 253402300799 /* the last second that can be printed as a date */

static int wrong(struct failure *f, const char *what, struct slice line)
{
	char shown[200];

	slice_printable(shown, sizeof shown, line);
	return fail(f, AT_SPOOL, EX_DATAERR, "%s: \"%s\"", what, shown);
}

/* Reads the first line. A mail that a newer mysend has written stays where it is: that mysend knows what to do with it. */
static int check_version(struct slice line, const char *kind, struct failure *f)
{
	struct slice version;

	if (!slice_begins(line, kind) || line.len == strlen(kind))
		return wrong(f, "none of mysend's files", line);
	version = (struct slice){line.p + strlen(kind), line.len - strlen(kind)};
	if (slice_is(version, THIS) || (strcmp(kind, BLOCK) == 0 && (slice_is(version, OWN_CONFIG) || slice_is(version, SERVED))))
		return 0;
	wrong(f, "of another version of mysend", line);
	f->exit = EX_CONFIG;
	return -1;
}

/* Finds "Name: value"; the value goes to the end of the line. */
static bool named(struct slice line, const char *name, struct slice *value)
{
	size_t len = strlen(name);

	if (!slice_begins(line, name) || line.len < len + 2 || memcmp(line.p + len, ": ", 2) != 0)
		return false;
	*value = (struct slice){line.p + len + 2, line.len - len - 2};
	return true;
}

static int too_large(struct failure *f)
{
	return fail(f, AT_SPOOL, EX_DATAERR, "the envelope is too large for the spool");
}

/* A line end in a value would begin a line of its own, even one that names a recipient: such a value is refused, whatever its
 * source. */
static int check_value(const char *name, const char *value, struct failure *f)
{
	char shown[200];

	if (!slice_has_control(slice_of(value)))
		return 0;
	slice_printable(shown, sizeof shown, slice_of(value));
	return fail(f, AT_SPOOL, EX_DATAERR, "there is a control character in %s \"%s\": it does not wait", name, shown);
}

static int check_values(const struct entry *e, struct failure *f)
{
	const struct envelope *v = &e->envelope;

	if (check_value("the account", e->account, f) < 0 || check_value("the configuration file", e->config ? e->config : "", f) < 0 ||
	    check_value("the sender", v->sender, f) < 0 || check_value("the envelope id", v->envid ? v->envid : "", f) < 0)
		return -1;
	for (size_t i = 0; i < v->recipients; i++) {
		const struct recipient *r = &v->recipient[i];

		if (check_value("the recipient", r->address, f) < 0 || check_value("the original recipient", r->orcpt ? r->orcpt : "", f) < 0)
			return -1;
	}
	return 0;
}

/* Numbers in the file have no sign: a time before 1970 is written as 0. */
static long long seconds(time_t t)
{
	return t < 0 ? 0 : (long long)t;
}

int entry_print(struct buf *out, const struct entry *e, struct failure *f)
{
	const struct envelope *v = &e->envelope;

	if (check_values(e, f) < 0)
		return -1;
	if (buf_printf(out, BLOCK "%s\n", e->served ? SERVED : e->config ? OWN_CONFIG : THIS) < 0 ||
	    /* The user stands in front, so that a count of mails by user reads little of each. */
	    (e->served && buf_printf(out, "User: %lu\n", (unsigned long)e->uid) < 0) ||
	    buf_printf(out, "Arrived: %lld\nAccount: %s\n", seconds(e->arrived), e->account) < 0 ||
	    (e->config && buf_printf(out, "Config: %s\n", e->config) < 0) ||
	    buf_printf(out, "Size: %" PRIu64 "\nEightbit: %d\nSender: <%s>\n", e->size, e->eightbit, v->sender) < 0 ||
	    buf_printf(out, "Notify: %u\nRet: %u\nBody: %u\nSmtputf8: %d\n", v->notify, (unsigned)v->ret,
		       (unsigned)v->body, v->smtputf8) < 0 ||
	    (v->envid && buf_printf(out, "Envid: %s\n", v->envid) < 0))
		return too_large(f);
	for (size_t i = 0; i < v->recipients; i++) {
		const struct recipient *r = &v->recipient[i];

		if (buf_printf(out, "Recipient: %u %s <%s>\n", r->notify, r->orcpt ? r->orcpt : "-", r->address) < 0)
			return too_large(f);
	}
	return buf_text(out, "\n") < 0 ? too_large(f) : 0;
}

/* Reads "<address>", and checks the address again, since the file may have been changed by hand. */
static int read_address(const char **out, struct arena *in, struct slice value, struct failure *f)
{
	struct failure why;

	if (value.len < 2 || value.p[0] != '<' || address_one(out, in, value, &why) < 0)
		return wrong(f, "no address", value);
	return 0;
}

/* NOTIFY ORCPT <ADDRESS> */
static int read_recipient(struct entry *e, struct arena *in, struct slice value, struct failure *f)
{
	struct slice notify, orcpt, rest = value;
	struct recipient *r;
	const char *address = "";
	uint64_t bits;

	if (!slice_cut(&rest, ' ', &notify) || !slice_cut(&rest, ' ', &orcpt) || !slice_number(notify, 15, &bits) ||
	    slice_has_control(orcpt))
		return wrong(f, "no recipient", value);
	if (read_address(&address, in, rest, f) < 0)
		return -1;
	r = *address ? envelope_add(&e->envelope, in, address) : NULL;
	if (!r)
		return wrong(f, "nobody, or twice the same", value);
	r->notify = (unsigned)bits;
	r->orcpt = slice_is(orcpt, "-") ? NULL : arena_text(in, orcpt.p, orcpt.len);
	return 0;
}

bool entry_user(struct slice text, uid_t *uid)
{
	struct slice line, value;
	uint64_t n;

	if (!slice_line(&text, &line) || !slice_is(line, BLOCK SERVED) || !slice_line(&text, &line) || !named(line, "User", &value) ||
	    !slice_number(value, (uid_t)-1, &n))
		return false;
	*uid = (uid_t)n;
	return true;
}

static int read_line(struct entry *e, struct arena *in, struct slice line, struct failure *f)
{
	struct envelope *v = &e->envelope;
	struct slice value;
	uint64_t n = 0;
	bool fine = true;

	if (named(line, "Recipient", &value))
		return read_recipient(e, in, value, f);
	if (named(line, "Sender", &value))
		return read_address(&v->sender, in, value, f);
	if (named(line, "Account", &value))
		e->account = arena_text(in, value.p, value.len);
	else if (named(line, "Config", &value) && (fine = value.len && *value.p == '/'))
		e->config = arena_text(in, value.p, value.len);
	else if (named(line, "User", &value) && (fine = slice_number(value, (uid_t)-1, &n))) {
		e->served = true;
		e->uid = (uid_t)n;
	} else if (named(line, "Envid", &value))
		v->envid = arena_text(in, value.p, value.len);
	else if (named(line, "Arrived", &value) && (fine = slice_number(value, YEAR_9999, &n)))
		e->arrived = (time_t)n;
	else if (named(line, "Size", &value) && (fine = slice_number(value, SIZE_MOST, &n)))
		e->size = n;
	else if (named(line, "Eightbit", &value) && (fine = slice_number(value, 1, &n)))
		e->eightbit = n;
	else if (named(line, "Notify", &value) && (fine = slice_number(value, 15, &n)))
		v->notify = (unsigned)n;
	else if (named(line, "Ret", &value) && (fine = slice_number(value, RET_HDRS, &n)))
		v->ret = (enum ret)n;
	else if (named(line, "Body", &value) && (fine = slice_number(value, BODY_8BITMIME, &n)))
		v->body = (enum body_kind)n;
	else if (named(line, "Smtputf8", &value) && (fine = slice_number(value, 1, &n)))
		v->smtputf8 = n;
	else
		fine = false;
	return fine ? 0 : wrong(f, "an unknown line", line);
}

int entry_parse(struct entry *e, struct arena *in, struct slice *text, struct failure *f)
{
	struct slice line = {"", 0};

	e->account = e->config = NULL;
	e->served = e->needs_admin = false;
	e->last = e->hint = "";
	e->envelope = (struct envelope){.sender = NULL};
	if (!slice_line(text, &line) || check_version(line, BLOCK, f) < 0)
		return line.len ? -1 : wrong(f, "an empty file", line);
	while (slice_line(text, &line) && line.len) {
		if (slice_has_control(line))
			return wrong(f, "a control character", line);
		if (read_line(e, in, line, f) < 0)
			return -1;
	}
	if (line.len || !e->account || !e->envelope.sender || !e->envelope.recipients)
		return wrong(f, "the envelope is not whole", line);
	return 0;
}

static char letter_of(enum verdict v)
{
	return v == ACCEPTED ? 'a' : v == REFUSED ? 'r' : v == BOUNCED ? 't' : v == UNSURE ? 'u' : '-';
}

int entry_print_state(struct buf *out, const struct entry *e)
{
	char last[400], hint[400], since[40] = "", offers[OFFERS_TEXT], without[OFFERS_TEXT + 16] = "";
	bool hints = e->hint && *e->hint;

	slice_printable(last, sizeof last, slice_of(e->last));
	slice_printable(hint, sizeof hint, slice_of(hints ? e->hint : ""));
	if (e->since)
		snprintf(since, sizeof since, "Since: %lld\n", seconds(e->since));
	if (e->envelope.without)
		snprintf(without, sizeof without, "Without: %s\n", offers_print(offers, e->envelope.without));
	if (buf_printf(out, STATE THIS "\nAttempts: %u\nNext: %lld\nHeld: %d\nWarned: %d\nIdle: %lld\n%s%sLast: %s\n%s%s%s%sVerdicts: ", e->attempts,
		       seconds(e->next), e->on_hold, e->warned, seconds(e->idle), since, without, last, hints ? "Hint: " : "", hint, hints ? "\n" : "",
		       e->needs_admin ? "Needs-Admin: 1\n" : "") < 0)
		return -1;
	for (size_t i = 0; i < e->envelope.recipients; i++) {
		char c = letter_of(e->envelope.recipient[i].verdict);

		if (buf_add(out, &c, 1) < 0)
			return -1;
	}
	return buf_text(out, "\n");
}

static bool read_verdicts(struct entry *e, struct slice value)
{
	if (value.len != e->envelope.recipients)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		enum verdict v = PENDING;

		switch (value.p[i]) {
		case 'a': v = ACCEPTED; break;
		case 'r': v = REFUSED; break;
		case 't': v = BOUNCED; break;
		case 'u': v = UNSURE; break;
		case '-': break;
		default: return false;
		}
		e->envelope.recipient[i].verdict = v;
	}
	return true;
}

int entry_parse_state(struct entry *e, struct arena *in, struct slice text, struct failure *f)
{
	struct slice line = {"", 0}, value;
	bool verdicts = false;
	unsigned without;
	uint64_t n;

	if (!slice_line(&text, &line) || check_version(line, STATE, f) < 0)
		return line.len ? -1 : wrong(f, "an empty file", line);
	while (slice_line(&text, &line)) {
		if (named(line, "Attempts", &value) && slice_number(value, UINT32_MAX, &n))
			e->attempts = (unsigned)n;
		else if (named(line, "Next", &value) && slice_number(value, YEAR_9999, &n))
			e->next = (time_t)n;
		else if (named(line, "Held", &value) && slice_number(value, 1, &n))
			e->on_hold = n;
		else if (named(line, "Idle", &value) && slice_number(value, YEAR_9999, &n))
			e->idle = (time_t)n;
		else if (named(line, "Since", &value) && slice_number(value, YEAR_9999, &n))
			e->since = (time_t)n;
		else if (named(line, "Warned", &value) && slice_number(value, 1, &n))
			e->warned = n;
		else if (named(line, "Without", &value) && offers_parse(value, &without) == 0)
			e->envelope.without = without;
		else if (named(line, "Last", &value))
			e->last = arena_text(in, value.p, value.len);
		else if (named(line, "Hint", &value))
			e->hint = arena_text(in, value.p, value.len);
		else if (named(line, "Needs-Admin", &value) && slice_number(value, 1, &n))
			e->needs_admin = n;
		else if (named(line, "Verdicts", &value))
			verdicts = read_verdicts(e, value);
	}
	return verdicts ? 0 : wrong(f, "the state is not whole", line);
}

bool verdict_is_settled(enum verdict v)
{
	return v == ACCEPTED || v == REFUSED || v == BOUNCED;
}

bool entry_has(const struct entry *e, enum verdict v)
{
	for (size_t i = 0; i < e->envelope.recipients; i++)
		if (e->envelope.recipient[i].verdict == v)
			return true;
	return false;
}

size_t entry_pending(const struct entry *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->envelope.recipients; i++)
		n += !verdict_is_settled(e->envelope.recipient[i].verdict);
	return n;
}

const char *entry_last(struct arena *in, const struct failure *why)
{
	char words[FAILURE_WORDS];

	return why ? arena_printf(in, "%s", failure_words(words, why, WORDS_WHERE | WORDS_CODE, NULL)) : "";
}

bool entry_is_settled(const struct entry *e)
{
	return entry_pending(e) == 0;
}
