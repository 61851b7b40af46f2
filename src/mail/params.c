#define _GNU_SOURCE /* memmem */
#include "mail/params.h"

#include <string.h>

enum { LINE = 76, FALLBACK = 60, NAME_MAX_OCTETS = 40, MORE_MAX = 4000 };

/* RFC 2231 7: attribute-char. */
static bool is_attribute(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c && strchr("!#$&+-.^_`{|}~", c);
}

static size_t encoded_len(char c)
{
	return is_attribute(c) ? 1 : 3;
}

static int add_encoded(struct buf *out, char c)
{
	return is_attribute(c) ? buf_add(out, &c, 1) : buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
}

static bool begins_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

/* How much of the value fits on a line of `room` octets; a character is never cut. */
static size_t params_cut(struct slice value, size_t room)
{
	size_t used = 0, end = 0;

	for (size_t i = 0; i < value.len; i++) {
		if (begins_character(value.p[i]))
			end = i;
		used += encoded_len(value.p[i]);
		if (used > room)
			return end ? end : i + 1;
	}
	return value.len;
}

static int add_part(struct buf *out, struct slice part)
{
	for (size_t i = 0; i < part.len; i++)
		if (add_encoded(out, part.p[i]) < 0)
			return -1;
	return 0;
}

/* Appends name*=utf-8''..., or name*0*=utf-8''... and so on. */
static int add_extended(struct buf *out, const char *name, struct slice value)
{
	size_t room = LINE - strlen(name) - 14;
	size_t first = params_cut(value, room);

	if (first == value.len)
		return buf_printf(out, ";\r\n %s*=utf-8''", name) < 0 ? -1 : add_part(out, value);
	for (unsigned i = 0; value.len; i++) {
		size_t n = params_cut(value, room);

		if (buf_printf(out, ";\r\n %s*%u*=%s", name, i, i ? "" : "utf-8''") < 0 ||
		    add_part(out, (struct slice){value.p, n}) < 0)
			return -1;
		value = (struct slice){value.p + n, value.len - n};
	}
	return 0;
}

/* How many octets c has between quotes, where a quote or backslash gets a backslash. */
static size_t quoted_len(char c)
{
	return c == '"' || c == '\\' ? 2 : 1;
}

/* The end of the value with at most so many octets between quotes; a character is never cut. */
static size_t end_of(struct slice value, size_t most)
{
	size_t from = value.len;

	for (size_t used = 0; from && used + quoted_len(value.p[from - 1]) <= most; from--)
		used += quoted_len(value.p[from - 1]);
	while (from < value.len && !begins_character(value.p[from]))
		from++;
	return from;
}

/* Appends the value in ASCII, with an underscore for any other character. Its end is kept, since a file's suffix tells its type. */
static int add_quoted(struct buf *out, const char *name, struct slice value)
{
	size_t from = end_of(value, FALLBACK);

	if (buf_printf(out, ";\r\n %s=\"", name) < 0)
		return -1;
	for (size_t i = from; i < value.len; i++) {
		char c = value.p[i];

		if (!begins_character(c))
			continue;
		if ((unsigned char)c > 126 || c < 32 || (c == '=' && i + 1 < value.len && value.p[i + 1] == '?'))
			c = '_';
		if (((c == '"' || c == '\\') && buf_text(out, "\\") < 0) || buf_add(out, &c, 1) < 0)
			return -1;
	}
	return buf_text(out, "\"");
}

int params_add(struct buf *out, const char *name, struct slice value)
{
	/* A value that looks like an encoded word is encoded, since some mail programs decode encoded words even in parameters. */
	bool plain = slice_is_ascii(value) && !(value.len && memmem(value.p, value.len, "=?", 2)) && !slice_has_control(value) && end_of(value, FALLBACK) == 0;

	/* name*= comes first: mail programs that know both take it. */
	if (!plain && add_extended(out, name, value) < 0)
		return -1;
	return add_quoted(out, name, value);
}

/* RFC 2045 5.1. */
static size_t token(const char *text)
{
	static const char specials[] = "()<>@,;:\\\"/[]?=";
	size_t len = 0;

	while (text[len] > 32 && text[len] < 127 && !strchr(specials, text[len]))
		len++;
	return len;
}

static const char *past_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Reads a token or a quoted string; NULL: it is neither. */
static const char *value_at(struct arena *in, const char *text, const char **end)
{
	char *to = arena_zeroed(in, strlen(text) + 1, 1);
	size_t used = 0;

	if (*text != '"') {
		used = token(text);
		*end = text + used;
		memcpy(to, text, used);
		return used ? to : NULL;
	}
	for (text++; *text && *text != '"'; text++) {
		if (*text == '\\' && text[1])
			text++;
		to[used++] = *text;
	}
	*end = *text ? text + 1 : text;
	return *text ? to : NULL;
}

/* Appends a parameter, as a token where the value is one that fits on the line. */
static int add_more(struct buf *out, const char *name, const char *value)
{
	if (*value && !value[token(value)] && strlen(name) + strlen(value) + 3 < LINE)
		return buf_printf(out, ";\r\n %s=%s", name, value);
	return params_add(out, name, slice_of(value));
}

bool params_media(struct arena *in, const char *text, struct media *media)
{
	size_t len = strcspn(text, "; \t");
	const char *value, *name;
	bool ok = true;
	struct buf more;

	*media = (struct media){arena_text(in, text, len), "", ""};
	buf_start(&more, MORE_MAX);
	for (text = past_blanks(text + len); ok && *text; text = past_blanks(text)) {
		ok = *text == ';';
		text = past_blanks(text + ok);
		if (!ok || (!*text && more.len))
			break;
		len = token(text);
		name = arena_text(in, text, len);
		ok = len && len <= NAME_MAX_OCTETS && text[len] == '=' && (value = value_at(in, text + len + 1, &text)) && !slice_has_control(slice_of(value));
		if (ok && slice_is(slice_of(name), "charset"))
			media->charset = value;
		else if (ok)
			ok = add_more(&more, name, value) == 0;
	}
	media->more = arena_text(in, more.p ? more.p : "", more.len);
	buf_free(&more);
	return ok;
}
