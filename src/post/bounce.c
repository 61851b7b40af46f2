#include "post/bounce.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "conf/whoami.h"
#include "mail/address.h"
#include "mail/stamp.h"
#include "post/lifetime.h"

enum { TEXT_MAX = BOUNCE_TOLD * 4096, TOLD_IN_WORDS = 1000, LINE = 900 };

/* A bounce, or a warning, that is being made. */
struct bounce {
	const struct entry *about;
	struct arena *in;
	struct buf out;
	const char *host, *boundary;
	size_t count;  /* how many recipients it tells of */
	bool eightbit; /* its first part has octets above 127 */
	bool warning;  /* it is a warning: no recipient is given up yet */
	time_t until;  /* until when the mail is tried */
};

static bool is_told(const struct bounce *b, const struct recipient *r)
{
	unsigned notify = r->notify ? r->notify : b->about->envelope.notify;

	if (b->warning)
		return !verdict_is_settled(r->verdict) && (!notify || notify & NOTIFY_DELAY);
	return r->verdict == REFUSED && (!notify || notify & NOTIFY_FAILURE);
}

typedef int tell(struct bounce *b, const struct recipient *r);

static int each(struct bounce *b, size_t limit, tell *of)
{
	const struct envelope *v = &b->about->envelope;
	size_t told = 0;

	for (size_t i = 0; i < v->recipients && told < limit; i++) {
		if (!is_told(b, &v->recipient[i]))
			continue;
		told++;
		if (of(b, &v->recipient[i]) < 0)
			return -1;
	}
	return 0;
}

/* The Status field (RFC 3464 2.3.4): the relay's own enhanced code, else one that fits. */
static const char *status_of(const struct bounce *b, const struct recipient *r)
{
	if (b->warning)
		return "4.0.0";
	if (r->expired)
		return "4.4.7"; /* delivery time expired */
	return r->why && *r->why->enhanced ? r->why->enhanced : "5.0.0";
}

/* What the relay answered to this very mail is for the sender; what kept us from handing it over needs to be said to be that. */
static bool is_answer_to_mail(const struct failure *why)
{
	return why && why->code && why->stage >= AT_SENDER;
}

static const char *words_of(const struct bounce *b, const struct recipient *r)
{
	const char *last = r->why ? entry_last(b->in, r->why) : b->about->last;
	char words[FAILURE_WORDS];

	if (r->expired && !is_answer_to_mail(r->why))
		return arena_printf(b->in, "it could not be handed over in time: %s", last);
	if (!r->why)
		return *last ? last : "it could not be handed over in time";
	if (b->warning && !is_answer_to_mail(r->why))
		return last;
	return arena_printf(b->in, "%s", failure_words(words, r->why, WORDS_CODE, NULL));
}

/* The text in ASCII: any other character is \x{HEX} (RFC 6533 3). Cut where the line would be too long. */
static const char *in_ascii(struct arena *in, const char *text)
{
	size_t room = strlen(text) * 4 + 1, used = 0;
	char *to = arena_zeroed(in, room, 1);
	const unsigned char *p;

	if (!slice_is_utf8(slice_of(text))) {
		slice_printable(to, room, slice_of(text));
		return to;
	}
	for (p = (const unsigned char *)text; *p && used < LINE;) {
		unsigned more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;
		unsigned c = more ? *p & (0x3fU >> more) : *p;

		for (p++; more; more--, p++)
			c = c << 6 | (*p & 0x3fU);
		used += (size_t)snprintf(to + used, room - used, c < 128 ? "%c" : "\\x{%X}", c);
	}
	return to;
}

static const char *typed(struct arena *in, const char *address)
{
	return arena_printf(in, "%s; %s", slice_is_ascii(slice_of(address)) ? "rfc822" : "utf-8", in_ascii(in, address));
}

/* The value of Original-Recipient (RFC 3464 2.3.1): what the xtext of ORCPT says. */
static const char *original(struct arena *in, const char *orcpt)
{
	const char *plain = address_of_xtext(in, slice_of(orcpt));

	return in_ascii(in, plain ? plain : orcpt);
}

static int print_header(struct bounce *b)
{
	time_t now = clock_wall();

	return buf_printf(&b->out,
			  "From: Mail Delivery System <mailer-daemon@%s>\r\nTo: %s\r\n"
			  "Subject: %s\r\nDate: %s\r\nMessage-ID: %s\r\n"
			  "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
			  "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"%s\"\r\n%s\r\n",
			  b->host, b->about->envelope.sender,
			  b->warning ? "Delayed mail is still being tried" : "Undelivered mail returned to sender", stamp_date(b->in, now),
			  stamp_message_id(b->in, b->host, now), b->boundary,
			  b->eightbit || b->about->eightbit ? "Content-Transfer-Encoding: 8bit\r\n" : "");
}

static int tell_in_words(struct bounce *b, const struct recipient *r)
{
	return buf_printf(&b->out, "<%s>:\r\n    %s\r\n", r->address, words_of(b, r));
}

/* Counts a recipient, and notes whether the bounce has to be in 8 bits: a relay may answer in UTF-8, too (RFC 6531 3.7.4.2). */
static int note(struct bounce *b, const struct recipient *r)
{
	b->count++;
	b->eightbit |= !slice_is_ascii(slice_of(r->address)) || !slice_is_ascii(slice_of(words_of(b, r)));
	return 0;
}

static int tell_the_rest(struct bounce *b)
{
	if (b->count <= TOLD_IN_WORDS)
		return 0;
	if (b->count <= BOUNCE_TOLD)
		return buf_printf(&b->out, "and %zu more, named in the next part of this report.\r\n", b->count - TOLD_IN_WORDS);
	return buf_printf(&b->out, "and %zu more; the next part of this report names %d of them.\r\n", b->count - TOLD_IN_WORDS,
			  BOUNCE_TOLD - TOLD_IN_WORDS);
}

static int print_text(struct bounce *b)
{
	if (buf_printf(&b->out,
		       "--%s\r\nContent-Type: text/plain; charset=%s\r\n%s\r\n"
		       "Your mail of %s could not be handed over to the mail relay\r\n%s%s:\r\n\r\n",
		       b->boundary, b->eightbit ? "utf-8" : "us-ascii",
		       b->eightbit ? "Content-Transfer-Encoding: 8bit\r\n" : "",
		       stamp_date(b->in, b->about->arrived),
		       b->warning ? "yet for these recipients. You need not send it again: it is tried until\r\n"
				  : "for these recipients, and is not tried any more",
		       b->warning ? stamp_date(b->in, b->until) : "") < 0)
		return -1;
	return each(b, TOLD_IN_WORDS, tell_in_words) < 0 ? -1 : tell_the_rest(b);
}

static int tell_in_fields(struct bounce *b, const struct recipient *r)
{
	if ((r->orcpt && buf_printf(&b->out, "\r\nOriginal-Recipient: %s", original(b->in, r->orcpt)) < 0) ||
	    buf_printf(&b->out, "\r\nFinal-Recipient: %s\r\nAction: %s\r\nStatus: %s\r\n", typed(b->in, r->address),
		       b->warning ? "delayed" : "failed", status_of(b, r)) < 0)
		return -1;
	if (b->warning)
		return buf_printf(&b->out, "Will-Retry-Until: %s\r\n", stamp_date(b->in, b->until));
	if (!is_answer_to_mail(r->why))
		return 0;
	return buf_printf(&b->out, "Diagnostic-Code: smtp; %s\r\n", in_ascii(b->in, words_of(b, r)));
}

static int print_status(struct bounce *b)
{
	const struct entry *e = b->about;

	if (buf_printf(&b->out, "\r\n--%s\r\nContent-Type: message/delivery-status\r\n\r\n", b->boundary) < 0 ||
	    (e->envelope.envid && buf_printf(&b->out, "Original-Envelope-Id: %s\r\n", in_ascii(b->in, e->envelope.envid)) < 0) ||
	    buf_printf(&b->out, "Reporting-MTA: dns; %s\r\nArrival-Date: %s\r\n", b->host,
		       stamp_date(b->in, e->arrived)) < 0)
		return -1;
	return each(b, BOUNCE_TOLD, tell_in_fields);
}

/* The part of the message that the bounce returns: all of it, or its header. NULL and *f: the message cannot be read. */
static struct source *returned(const struct bounce *b, struct source *message, bool *whole, struct failure *f)
{
	char *piece = arena_zeroed(b->in, 1, BOUNCE_WHOLE);
	size_t len = 0, got, end = 0;

	*whole = !b->warning && b->about->envelope.ret != RET_HDRS && message->size <= BOUNCE_WHOLE;
	if (*whole)
		return message;
	if (message->rewind(message, f) < 0)
		return NULL;
	do {
		if (message->pull(message, piece + len, BOUNCE_WHOLE - len, &got, f) < 0)
			return NULL;
		len += got;
	} while (got && len < BOUNCE_WHOLE);
	for (size_t i = 0; i + 4 <= len && !end; i++)
		if (memcmp(piece + i, "\r\n\r\n", 4) == 0)
			end = i + 2;
	return source_text(b->in, (struct slice){piece, end});
}

static int print_all(struct bounce *b, bool whole)
{
	if (each(b, SIZE_MAX, note) < 0 || print_header(b) < 0 || print_text(b) < 0 || print_status(b) < 0)
		return -1;
	return buf_printf(&b->out, "\r\n--%s\r\nContent-Type: %s\r\n%s\r\n", b->boundary,
			  whole ? "message/rfc822" : "text/rfc822-headers",
			  b->about->eightbit ? "Content-Transfer-Encoding: 8bit\r\n" : "");
}

static struct source *compose(struct bounce *b, struct source *message, struct failure *f)
{
	struct source *parts[3];
	bool whole;

	parts[1] = returned(b, message, &whole, f);
	if (!parts[1])
		return NULL;
	if (print_all(b, whole) < 0) {
		fail(f, AT_SPOOL, EX_DATAERR, "the bounce grows too large");
		return NULL;
	}
	parts[0] = source_text(b->in, (struct slice){arena_text(b->in, b->out.p, b->out.len), b->out.len});
	parts[2] = source_text(b->in, slice_of(arena_printf(b->in, "\r\n--%s--\r\n", b->boundary)));
	return source_chain(b->in, parts, 3);
}

static bool anybody(const struct bounce *b)
{
	for (size_t i = 0; i < b->about->envelope.recipients; i++)
		if (is_told(b, &b->about->envelope.recipient[i]))
			return true;
	return false;
}

static const char *host_of(struct arena *in, const struct account *a, const char *sender)
{
	const char *host = whoami_mail_domain(in, a);

	if (!*host)
		host = address_domain(sender);
	return *host ? host : "localhost";
}

static int make(struct spool *s, const struct entry *e, struct source *message, const struct account *a, bool warning,
		bool *made, struct failure *f)
{
	struct arena in = {.block = NULL};
	struct bounce bounce = {.about = e, .in = &in, .warning = warning};
	struct entry b = {.account = a->name, .config = a->config, .last = "", .arrived = clock_wall(), .fd = -1};
	struct source *text;
	int rc = -1;

	*made = *e->envelope.sender && anybody(&bounce);
	if (!*made)
		return 0;
	bounce.host = host_of(&in, a, e->envelope.sender);
	/* A boundary has at most 70 octets (RFC 2046 5.1.1), so that the host's name is not in it. */
	bounce.boundary = e->id;
	bounce.until = lifetime_end(e, a);
	spool_name_bounce(b.id, e, warning);
	b.envelope = (struct envelope){.sender = ""};
	envelope_add(&b.envelope, &in, e->envelope.sender);
	buf_start(&bounce.out, TEXT_MAX);
	text = compose(&bounce, message, f);
	buf_free(&bounce.out);
	b.eightbit = e->eightbit || bounce.eightbit || !slice_is_ascii(slice_of(e->envelope.sender));
	if (text)
		rc = spool_accept(s, &b, text, f);
	arena_free(&in);
	return rc;
}

int bounce_make(struct spool *s, const struct entry *e, struct source *message, const struct account *a, bool *made,
		struct failure *f)
{
	return make(s, e, message, a, false, made, f);
}

int bounce_warn(struct spool *s, const struct entry *e, struct source *message, const struct account *a, bool *made,
		struct failure *f)
{
	return make(s, e, message, a, true, made, f);
}

void bounce_note(struct entry *e)
{
	const struct bounce b = {.about = e};
	size_t told = 0;

	for (size_t i = 0; i < e->envelope.recipients; i++) {
		struct recipient *r = &e->envelope.recipient[i];

		if (r->verdict != REFUSED || (is_told(&b, r) && told++ >= BOUNCE_TOLD))
			continue;
		r->verdict = BOUNCED;
	}
}
