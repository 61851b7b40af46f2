#include "mail/mime.h"

#include <string.h>

#include "mail/lexer.h"

bool mime_is_field(struct slice name)
{
	static const char *const names[] = {
		"MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID", "Content-Description",
		"Content-Language", "Content-Location", "Content-Base", "Content-MD5", "Content-Features", "Content-Duration",
		"Content-Alternative", "Content-Class", "Content-Translation-Type",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

bool mime_is_said(const struct header *h)
{
	for (size_t i = 0; i < h->fields; i++)
		if (mime_is_field(h->field[i].name))
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
