#include "mail/mime.h"

#include <string.h>

#include "mail/lexer.h"

bool mime_is_said(const struct header *h)
{
	for (size_t i = 0; i < h->fields; i++)
		if (slice_is(h->field[i].name, "MIME-Version") || slice_begins(h->field[i].name, "Content-"))
			return true;
	return false;
}

/* What stands behind the = of a parameter: a token or a quoted string. */
static const char *value_of(struct arena *in, struct slice text)
{
	size_t len = 0;
	char *value;

	text = slice_trim(text);
	if (text.len && text.p[0] == '"') {
		for (len = 1; len < text.len && text.p[len] != '"'; len++)
			if (text.p[len] == '\\' && len + 1 < text.len)
				len++;
		if (len++ >= text.len) /* it does not end */
			return "";
	} else {
		while (len < text.len && !strchr(" \t;(", text.p[len]))
			len++;
	}
	value = arena_zeroed(in, len + 1, 1);
	if (!lexer_value((struct slice){text.p, len}, value, len, &len))
		return "";
	return value;
}

const char *mime_charset(struct arena *in, const struct header *h)
{
	const struct field *field = header_find(h, "Content-Type", NULL);
	struct slice rest, parameter, name;
	bool more = true;

	if (!field)
		return "";
	rest = slice_of(header_unfold(h, field));
	if (!slice_cut(&rest, ';', &parameter))
		return "";
	while (more) {
		more = slice_cut(&rest, ';', &parameter);
		if (!more)
			parameter = rest;
		if (slice_cut(&parameter, '=', &name) && slice_is(slice_trim(name), "charset"))
			return value_of(in, parameter);
	}
	return "";
}

/* A body that is not UTF-8 must not be called so, nor ASCII; nor can a locale's oddity be written there. */
static const char *charset_checked(const char *charset)
{
	static const char *const lies[] = {"", "utf-8", "utf8", "us-ascii", "ascii", "ANSI_X3.4-1968"};
	struct slice s = slice_of(charset);

	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
		if (slice_is(s, lies[i]))
			return "iso-8859-1";
	for (size_t i = 0; i < s.len; i++)
		if (!lexer_is_atext(s.p[i]) || (unsigned char)s.p[i] > 127 || strchr("/?=", s.p[i]))
			return "iso-8859-1";
	return charset;
}

int mime_complete(struct message *m, struct arena *in, const char *charset, struct failure *f)
{
	struct facts *facts = &m->facts;
	bool quoted = facts->longest > HEADER_LINE_MAX;
	struct source *body = m->body;

	if ((!facts->eightbit && !quoted) || mime_is_said(&m->header))
		return 0;
	if (quoted) {
		body = source_quoted(in, m->body, f);
		if (!body)
			return -1;
	}
	/* Nobody can tell what it is: then it is no text. */
	if (facts->eightbit && !facts->utf8 && strcmp(charset, "binary") == 0) {
		header_put(&m->header, "MIME-Version", "1.0");
		header_put(&m->header, "Content-Type", "application/octet-stream");
		header_put(&m->header, "Content-Transfer-Encoding", "base64");
		m->body = source_base64(in, m->body);
		facts->eightbit = false;
		facts->longest = 0;
		return 0;
	}
	charset = !facts->eightbit ? "us-ascii" : facts->utf8 ? "utf-8" : charset_checked(charset);
	header_put(&m->header, "MIME-Version", "1.0");
	header_put(&m->header, "Content-Type", arena_printf(in, "text/plain; charset=%s", charset));
	header_put(&m->header, "Content-Transfer-Encoding", quoted ? "quoted-printable" : "8bit");
	m->body = body;
	if (quoted) {
		facts->eightbit = false;
		facts->longest = 0;
	}
	return 0;
}
