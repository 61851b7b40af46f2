#include "mail/complete.h"

#include <string.h>
#include <sysexits.h>

#include "mail/ascii.h"
#include "mail/compose.h"
#include "mail/from.h"
#include "mail/mime.h"
#include "mail/recode.h"
#include "mail/normalize.h"
#include "mail/stamp.h"

enum { TO_MAX = 512 * 1024 };

/* The texts of the completion come from settings, the environment and passwd: none may hold a line end, which would begin another
 * field. */
static int check(const struct completion *c, struct failure *f)
{
	const struct {
		const char *what, *value;
	} wish[] = {
		{"the sender's name", c->from_name}, {"the forced sender", c->forced_from},
		{"the sender", c->from_address},     {"the host of Message-ID", c->message_host},
		{"the charset", c->charset},
	};

	for (size_t i = 0; i < sizeof wish / sizeof *wish; i++)
		if (slice_has_control(slice_of(wish[i].value)))
			return fail(f, AT_INPUT, EX_DATAERR, "%s holds a control character", wish[i].what);
	return 0;
}

/* The recipients as "a@x, b@x, ...", folded after commas. NULL: they are more than a header should hold. */
static const char *list_text(struct arena *in, const struct envelope *e)
{
	size_t column = strlen("To: ");
	const char *text = NULL;
	struct buf out;

	buf_start(&out, TO_MAX);
	for (size_t i = 0; i < e->recipients; i++) {
		const char *address = e->recipient[i].address;
		size_t len = strlen(address) + (i + 1 < e->recipients);
		bool fold = i && column + 1 + len >= HEADER_LINE;

		if (buf_printf(&out, "%s%s%s", fold ? "\r\n " : i ? " " : "", address,
			       i + 1 < e->recipients ? "," : "") < 0)
			goto out;
		column = fold ? 1 + len : column + (i > 0) + len;
	}
	text = arena_text(in, out.p, out.len);
out:
	buf_free(&out);
	return text;
}

/* Adds To where it is missing. Arguments may be blind copies (mysend-compat(7), DECISIONS), so that their addresses are shown only
 * in a message that came without any header. */
static void put_to(struct header *h, const struct envelope *e, bool all)
{
	const char *text = UNDISCLOSED;

	if (!e->recipients)
		return;
	if (e->recipients == 1 || all) {
		const char *list = list_text(h->in, e);

		text = list ? list : text;
	}
	header_put(h, "To", text);
}

static bool is_wanted(const struct header *h, const char *name, enum put put)
{
	return put == PUT_ALWAYS || (put == PUT_MISSING && !header_find_said(h, name));
}

static const char *date_text(const struct header *h, const struct completion *c)
{
	return c->date_text ? c->date_text : stamp_date(h->in, c->now);
}

static const char *new_message_id(const struct header *h, const struct completion *c)
{
	return c->chosen_id ? c->chosen_id : stamp_message_id(h->in, *c->message_host ? c->message_host : "localhost", c->now);
}

static bool block_has(const struct header *h, const struct resent *block, const char *name)
{
	for (size_t i = block->begin; i < block->end; i++)
		if (slice_is(h->field[i].name, name))
			return true;
	return false;
}

/* Drops fields that a message may lack but that must not be empty (RFC 5322 3.6, RFC 2045 5.1). */
static void drop_silent(struct header *h)
{
	static const char *const names[] = {
		"Date", "Sender", "Reply-To", "Message-ID", "In-Reply-To", "References",
		"MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		header_drop_silent(h, names[i]);
}

static void drop_silent_resent(struct header *h)
{
	static const char *const names[] = {"Resent-Date", "Resent-From", "Resent-Sender", "Resent-Reply-To", "Resent-Message-ID"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		header_drop_silent(h, names[i]);
}

/* RFC 5322 3.6.6: a resent message says who resent it, when, and under which name. */
static int put_resent(struct header *h, const struct completion *c, struct failure *f)
{
	struct resent block = header_resent(h);
	size_t at = block.begin;
	bool from, date, id;

	if (block.begin == block.end)
		return 0;
	from = c->from != PUT_NEVER && !block_has(h, &block, "Resent-From");
	date = c->date != PUT_NEVER && !block_has(h, &block, "Resent-Date");
	id = c->message_id != PUT_NEVER && !block_has(h, &block, "Resent-Message-ID");
	if (from) {
		const char *text = from_text(h->in, c, f);

		if (!text)
			return -1;
		header_insert(h, h->field + at++, "Resent-From", text);
	}
	if (date)
		header_insert(h, h->field + at++, "Resent-Date", date_text(h, c));
	if (id)
		header_insert(h, h->field + at++, "Resent-Message-ID", new_message_id(h, c));
	return 0;
}

static int complete_header(struct message *m, const struct envelope *e, const struct completion *c, struct failure *f)
{
	struct header *h = &m->header;
	bool to = c->to == PUT_ALWAYS || (c->to != PUT_NEVER && !header_names_recipients(h)); /* Bcc counts, although it is removed */

	drop_silent_resent(h);
	if (put_resent(h, c, f) < 0 || from_complete(h, c, f) < 0)
		return -1;
	header_remove(h, "Return-Path");
	header_remove(h, "Content-Length");
	if (!c->keep_bcc)
		header_remove_blind(h);
	if (c->to == PUT_ALWAYS && e->recipients) {
		header_remove(h, "Cc");
		header_remove(h, "Bcc");
	}
	if (to)
		put_to(h, e, c->to == PUT_ALWAYS || m->facts.no_header);
	if (c->names && header_rename(h, c->names, f) < 0)
		return -1;
	if (!envelope_needs_utf8(e)) /* with SMTPUTF8 all recipients can read raw UTF-8 */
		ascii_fields(h);
	if (is_wanted(h, "Date", c->date))
		header_put(h, "Date", date_text(h, c));
	if (is_wanted(h, "Message-ID", c->message_id))
		header_put(h, "Message-ID", new_message_id(h, c));
	drop_silent(h);
	return 0;
}

/* Gives the header fields of its own, so that changes to them do not change those of the message that was read. */
static void header_detach(struct header *h, struct arena *in)
{
	const struct field *old = h->field;

	h->in = in;
	h->field = arena_zeroed(in, h->room + 1, sizeof *h->field);
	if (h->fields)
		memcpy(h->field, old, h->fields * sizeof *h->field);
}

/* The other form (8bit) of a message that mail/compose has made; without body8 there is only one form. */
static void composed8(struct message *eight, const struct message *m, struct arena *in)
{
	*eight = *m;
	eight->body = m->body8;
	if (!m->body8)
		return;
	header_detach(&eight->header, in);
	header_put(&eight->header, "Content-Type", m->type8);
	header_put(&eight->header, "Content-Transfer-Encoding", "8bit");
}

/* Makes the form that any relay takes, and the form for relays with 8BITMIME, whose body is NULL where it would be the same. A body
 * that can travel unchanged stays so. */
static int complete_body(struct message *m, struct message *eight, struct arena *in, const struct completion *c, struct failure *f)
{
	const struct facts *facts = &m->facts;
	const char *charset = !facts->eightbit ? "us-ascii" : c->known && *c->known ? c->known : facts->utf8 ? "utf-8" : c->charset;
	struct composition made = {.text = compose_text("text/plain", charset, m->body, facts)};
	bool fine = !facts->eightbit && facts->longest <= NORMALIZE_LINE;

	if (!fine && mime_is_said(&m->header)) {
		*eight = *m;
		header_detach(&eight->header, in);
		return recode_message(m, eight, in, f);
	}
	if (!fine && compose_message(m, in, &made, f) < 0)
		return -1;
	composed8(eight, m, in);
	return 0;
}

int complete_message(struct mail *m, const struct message *from, const struct completion *c, struct failure *f)
{
	struct message seven = *from, eight;
	struct source *form7, *form8 = NULL;

	if (check(c, f) < 0)
		return -1;
	header_detach(&seven.header, m->in);
	if (complete_header(&seven, &m->envelope, c, f) < 0 || complete_body(&seven, &eight, m->in, c, f) < 0)
		return -1;
	form7 = message_wire(&seven, m->in, f);
	if (!form7)
		return -1;
	if (eight.body) {
		form8 = message_wire(&eight, m->in, f);
		if (!form8)
			return -1;
	}
	mail_of(m, m->in, form7, message_is_eightbit(&seven));
	m->form8 = form8;
	m->longest = seven.facts.longest;
	m->message_id = header_message_id(&seven.header);
	return 0;
}
