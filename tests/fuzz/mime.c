/*
 * A message with MIME fields, completed: in both of its forms its parts say what they said before. Parts, boundaries and
 * fields are read by this file's own walker, straight from RFC 2045 and 2046; only how a leaf is encoded may differ.
 */
#include "fuzz.h"

#include <strings.h>

#include "decode.h"
#include "mail/complete.h"
#include "mail/message.h"

enum { DEEP = 40 };

struct head { /* of a part; the texts stand in its fields */
	struct slice type, encoding;
	bool twice; /* one of them comes a second time */
};

struct walk {
	struct buf said; /* what all of it says, decoded */
	bool outermost;	 /* the message's own fields, which complete() may add to, are at hand */
	bool strange;	 /* a walker of another mind might see other parts */
};

static void say(struct walk *w, const char *octets, size_t len)
{
	HOLDS(buf_add(&w->said, octets, len) == 0, SLICE("too long"));
}

/* A line with its CRLF. */
static struct slice next_line(struct slice *rest)
{
	const char *lf = rest->len ? memchr(rest->p, '\n', rest->len) : NULL;
	struct slice line = {rest->p, lf ? (size_t)(lf - rest->p) + 1 : rest->len};

	*rest = (struct slice){rest->p + line.len, rest->len - line.len};
	return line;
}

/* A line of more than 998 octets may be folded on its way out: only what is no blank counts. */
static void say_unfolded(struct walk *w, struct slice field)
{
	for (size_t i = 0; i < field.len; i++)
		if (!memchr(" \t\r\n", field.p[i], 4))
			say(w, field.p + i, 1);
}

/* Takes the fields off; all but those that speak of MIME are said as they are. */
static struct head walk_fields(struct walk *w, struct slice *rest)
{
	struct head h = {{"", 0}, {"", 0}, false};

	for (;;) {
		struct slice field = next_line(rest), body, name, *known = NULL;

		if (!field.len || *field.p == '\r')
			return h;
		while (rest->len && (*rest->p == ' ' || *rest->p == '\t'))
			field.len += next_line(rest).len;
		body = field;
		if (!slice_cut(&body, ':', &name)) {
			w->strange = true;
			name = (struct slice){"", 0};
		}
		name = slice_trim(name);
		if (slice_is(name, "Content-Type"))
			known = &h.type;
		else if (slice_is(name, "Content-Transfer-Encoding"))
			known = &h.encoding;
		else if (!w->outermost && !slice_is(name, "MIME-Version"))
			say_unfolded(w, field);
		if (known) {
			h.twice |= known->len > 0;
			*known = slice_trim(body);
		}
	}
}

/* The plain forms of a boundary; others (comments, escapes, RFC 2231) are left to mysend. */
static struct slice boundary_of(struct walk *w, struct slice type)
{
	for (size_t i = 0; i + 9 < type.len; i++) {
		struct slice at = {type.p + i, type.len - i};

		if (!slice_begins(at, "boundary="))
			continue;
		at = (struct slice){at.p + 9, at.len - 9};
		if (*at.p == '"') {
			at = (struct slice){at.p + 1, at.len - 1};
			at.len = strcspn(at.p, "\"\r\n") < at.len ? strcspn(at.p, "\"\r\n") : at.len;
		} else {
			at.len = strcspn(at.p, " \t;\r\n(") < at.len ? strcspn(at.p, " \t;\r\n(") : at.len;
		}
		return at;
	}
	w->strange = true;
	return (struct slice){"", 0};
}

static void walk_part(struct walk *w, struct slice text, unsigned depth, bool in_digest);

static bool is_boundary(struct slice line, struct slice boundary, bool *last)
{
	if (*line.p != '-')
		return false;
	line = slice_trim(line);
	if (line.len < boundary.len + 2 || memcmp(line.p, "--", 2) != 0 || memcmp(line.p + 2, boundary.p, boundary.len) != 0)
		return false;
	*last = line.len == boundary.len + 4 && memcmp(line.p + line.len - 2, "--", 2) == 0;
	return *last || line.len == boundary.len + 2;
}

static bool is_type(struct slice type, const char *name)
{
	size_t len = strlen(name);

	return slice_begins(type, name) && (type.len == len || strchr("; \t\r(", type.p[len]));
}

static void walk_multipart(struct walk *w, struct slice rest, struct slice type, unsigned depth)
{
	bool digest = is_type(type, "multipart/digest");
	struct slice boundary = boundary_of(w, type);
	struct slice part = {rest.p, 0};
	bool inside = false, last = false;

	while (rest.len) {
		struct slice line = next_line(&rest);

		if (last || !is_boundary(line, boundary, &last)) {
			part.len += line.len;
			continue;
		}
		/* The line end in front of a boundary is part of it. */
		if (inside && part.len >= 2)
			part.len -= 2;
		if (inside)
			walk_part(w, part, depth + 1, digest);
		else
			say(w, part.p, part.len);
		say(w, line.p, line.len);
		inside = !last;
		part = (struct slice){rest.p, 0};
	}
	w->strange |= !last;
	say(w, part.p, part.len);
}

static void walk_leaf(struct walk *w, struct slice text, struct slice encoding)
{
	char *decoded = malloc(text.len + 1);
	struct slice said = text;

	if (slice_is(encoding, "base64"))
		said = (struct slice){decoded, decode_base64(decoded, text)};
	else if (slice_is(encoding, "quoted-printable"))
		said = (struct slice){decoded, decode_quoted(decoded, text)};
	say(w, said.p, said.len);
	free(decoded);
}

static void walk_part(struct walk *w, struct slice text, unsigned depth, bool in_digest)
{
	struct head h = walk_fields(w, &text);

	w->outermost = false;
	w->strange |= h.twice || depth > DEEP;
	if (w->strange)
		return;
	if (slice_begins(h.type, "multipart/"))
		walk_multipart(w, text, h.type, depth);
	else if (is_type(h.type, "message/rfc822") || (in_digest && !h.type.len)) /* RFC 2046 5.1.5 */
		walk_part(w, text, depth + 1, false);
	else
		walk_leaf(w, text, h.encoding);
}

static struct walk walk(struct slice text)
{
	struct walk w = {.outermost = true};

	buf_start(&w.said, 64 * 1024 * 1024);
	walk_part(&w, text, 0, false);
	return w;
}

/* What is shown is from a little before the first difference. */
static void is_same(struct slice was, struct slice is, struct slice all)
{
	size_t at = 0;

	while (at < was.len && at < is.len && was.p[at] == is.p[at])
		at++;
	if (at == was.len && at == is.len)
		return;
	at = at < 40 ? 0 : at - 40;
	fprintf(stderr, "before: %.200s\n--- now: %.200s\n---\n", was.p + at, is.p + at);
	HOLDS(fuzz_same(was, is), all);
}

static void compare(struct arena *in, struct slice before, struct source *form)
{
	struct slice after = fuzz_pull(in, form, 65536);
	struct walk was = walk(before), is = walk(after);

	HOLDS(fuzz_same(after, fuzz_pull(in, form, 61)), after);
	if (!was.strange)
		is_same(buf_slice_of(&was.said), buf_slice_of(&is.said), after);
	HOLDS(was.strange || !is.strange, after);
	buf_free(&was.said);
	buf_free(&is.said);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	static const struct completion nothing = {.from = PUT_NEVER, .date = PUT_NEVER, .message_id = PUT_NEVER, .to = PUT_NEVER, .keep_bcc = true,
						  .forced_from = "", .from_address = "me@example.org", .from_name = "",
						  .message_host = "example.org", .charset = "utf-8"};
	struct arena in = {0};
	struct slice text = fuzz_copy(&in, octets, len);
	struct mail m = {.in = &in, .envelope.sender = "me@example.org"};
	struct message message;
	struct slice before;
	struct failure f;

	message_begin(&message, &in, 0);
	if (message_add(&message, arena_text(&in, text.p, text.len), text.len, &f) == 0 && message_end(&message, &f) == 0) {
		struct source *as_it_came = message_wire(&message, &in, &f);

		if (as_it_came && header_find(&message.header, "Content-Type", NULL)) {
			before = fuzz_pull(&in, as_it_came, 4096);
			if (complete_message(&m, &message, &nothing, &f) == 0) {
				compare(&in, before, mail_form(&m, false));
				compare(&in, before, mail_form(&m, true));
			}
		}
	}
	message_close(&message);
	arena_free(&in);
	return 0;
}
