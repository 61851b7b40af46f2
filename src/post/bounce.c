#include "post/bounce.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/file.h"
#include "conf/whoami.h"
#include "mail/address.h"
#include "mail/stamp.h"

enum { TEXT_MAX = 1024 * 1024 };

static bool has_failed(const struct entry *e, const struct recipient *r)
{
	unsigned notify = r->notify ? r->notify : e->envelope.notify;

	return r->verdict != ACCEPTED && (!notify || notify & NOTIFY_FAILURE);
}

/* RFC 3464 2.3.4: the relay's own enhanced code, else what there is to say. */
static const char *status_of(const struct recipient *r)
{
	if (r->why && *r->why->enhanced)
		return r->why->enhanced;
	return r->verdict == REFUSED ? "5.0.0" : "4.4.7"; /* delivery time expired */
}

static const char *words_of(struct arena *in, const struct entry *e, const struct recipient *r)
{
	char text[2 * sizeof r->why->text];

	if (!r->why)
		return *e->last ? e->last : "it could not be handed over in time";
	printable(text, sizeof text, slice_of(r->why->text));
	return r->why->code ? arena_printf(in, "%d %s", r->why->code, text) : arena_printf(in, "%s", text);
}

static int print_header(struct buf *out, struct arena *in, const struct entry *e, const char *host, const char *boundary)
{
	time_t now = clock_wall();

	return buf_printf(out,
			  "From: Mail Delivery System <mailer-daemon@%s>\r\nTo: %s\r\n"
			  "Subject: Undelivered mail returned to sender\r\nDate: %s\r\nMessage-ID: %s\r\n"
			  "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
			  "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"%s\"\r\n\r\n",
			  host, e->envelope.sender, stamp_date(in, now), stamp_message_id(in, host, now), boundary);
}

static int print_text(struct buf *out, struct arena *in, const struct entry *e, const char *boundary)
{
	size_t told = 0;

	if (buf_printf(out,
		       "--%s\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
		       "Your mail of %s could not be handed over to the mail relay\r\nfor these recipients, and is not tried "
		       "any more:\r\n\r\n",
		       boundary, stamp_date(in, e->arrived)) < 0)
		return -1;
	for (size_t i = 0; i < e->envelope.recipients && told < BOUNCE_TOLD; i++) {
		const struct recipient *r = &e->envelope.recipient[i];

		if (!has_failed(e, r))
			continue;
		told++;
		if (buf_printf(out, "<%s>:\r\n    %s\r\n", r->address, words_of(in, e, r)) < 0)
			return -1;
	}
	return 0;
}

static int print_status(struct buf *out, struct arena *in, const struct entry *e, const char *host, const char *boundary)
{
	size_t told = 0;

	if (buf_printf(out, "\r\n--%s\r\nContent-Type: message/delivery-status\r\n\r\n", boundary) < 0 ||
	    (e->envelope.envid && buf_printf(out, "Original-Envelope-Id: %s\r\n", e->envelope.envid) < 0) ||
	    buf_printf(out, "Reporting-MTA: dns; %s\r\nArrival-Date: %s\r\n", host, stamp_date(in, e->arrived)) < 0)
		return -1;
	for (size_t i = 0; i < e->envelope.recipients && told < BOUNCE_TOLD; i++) {
		const struct recipient *r = &e->envelope.recipient[i];

		if (!has_failed(e, r))
			continue;
		told++;
		if ((r->orcpt && buf_printf(out, "\r\nOriginal-Recipient: %s", r->orcpt) < 0) ||
		    buf_printf(out, "\r\nFinal-Recipient: rfc822; %s\r\nAction: failed\r\nStatus: %s\r\n", r->address,
			       status_of(r)) < 0)
			return -1;
		if (r->why && r->why->code &&
		    buf_printf(out, "Diagnostic-Code: smtp; %s\r\n", words_of(in, e, r)) < 0)
			return -1;
	}
	return 0;
}

/* How much of the message comes back: all of it, or its header. */
static uint64_t returned(const struct entry *e, bool *whole)
{
	char piece[BOUNCE_WHOLE];
	size_t want = e->size < sizeof piece ? (size_t)e->size : sizeof piece;
	ssize_t n;
	const char *end = NULL;

	*whole = e->envelope.ret != RET_HDRS && e->size <= BOUNCE_WHOLE;
	if (*whole)
		return e->size;
	n = file_read_at(e->fd, piece, want, e->offset);
	for (ssize_t i = 0; i + 4 <= n && !end; i++)
		if (memcmp(piece + i, "\r\n\r\n", 4) == 0)
			end = piece + i;
	return end ? (uint64_t)(end - piece) + 2 : 0;
}

static struct source *compose(struct arena *in, const struct entry *e, const char *host, struct failure *f)
{
	const char *boundary = arena_printf(in, "%s/%s", e->id, host);
	struct source *parts[3];
	struct slice text;
	struct buf out;
	bool whole;
	uint64_t back = returned(e, &whole);
	int ok;

	buf_start(&out, TEXT_MAX);
	ok = print_header(&out, in, e, host, boundary);
	if (ok == 0)
		ok = print_text(&out, in, e, boundary);
	if (ok == 0)
		ok = print_status(&out, in, e, host, boundary);
	if (ok == 0)
		ok = buf_printf(&out, "\r\n--%s\r\nContent-Type: %s\r\n%s\r\n", boundary,
				whole ? "message/rfc822" : "text/rfc822-headers",
				e->eightbit ? "Content-Transfer-Encoding: 8bit\r\n" : "");
	text = ok < 0 ? SLICE("") : (struct slice){arena_text(in, out.p, out.len), out.len};
	buf_free(&out);
	if (ok < 0) {
		fail(f, AT_SPOOL, EX_DATAERR, "the bounce grows too large");
		return NULL;
	}
	parts[0] = source_text(in, text);
	parts[1] = source_file(in, e->fd, e->offset, back);
	parts[2] = source_text(in, slice_of(arena_printf(in, "\r\n--%s--\r\n", boundary)));
	return source_chain(in, parts, 3);
}

static bool anybody(const struct entry *e)
{
	for (size_t i = 0; i < e->envelope.recipients; i++)
		if (has_failed(e, &e->envelope.recipient[i]))
			return true;
	return false;
}

int bounce_make(struct spool *s, const struct entry *e, const struct account *a, bool *made, struct failure *f)
{
	struct arena in = {.block = NULL};
	struct entry b = {.account = e->account, .eightbit = e->eightbit, .last = "", .arrived = clock_wall(), .fd = -1};
	struct source *text;
	const char *host;
	int ok = -1;

	*made = *e->envelope.sender && anybody(e);
	if (!*made)
		return 0;
	host = whoami_mail_domain(&in, a);
	if (!*host)
		host = address_domain(e->envelope.sender);
	snprintf(b.id, sizeof b.id, "%.26s.b", e->id);
	b.envelope = (struct envelope){.sender = ""};
	envelope_add(&b.envelope, &in, e->envelope.sender);
	text = compose(&in, e, *host ? host : "localhost", f);
	if (text)
		ok = spool_accept(s, &b, text, f);
	arena_free(&in);
	return ok;
}
