#include "conf/netrc.h"

#include <string.h>

struct reader {
	char *p, *end;
};

static void skip_line(struct reader *r)
{
	while (r->p < r->end && *r->p != '\n')
		r->p++;
	if (r->p < r->end)
		r->p++;
}

static char unescaped(char c)
{
	return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

static struct slice quoted(struct reader *r)
{
	char *to = ++r->p, *begin = to;

	while (r->p < r->end && *r->p != '"') {
		if (*r->p == '\\' && r->p + 1 < r->end) {
			r->p++;
			*to++ = unescaped(*r->p++);
		} else {
			*to++ = *r->p++;
		}
	}
	if (r->p < r->end)
		r->p++;
	return (struct slice){begin, (size_t)(to - begin)};
}

/* Reads the next word; false at the end. A # where a word could begin makes the rest of the line a comment. */
static bool next_word(struct reader *r, struct slice *word)
{
	char *begin;

	for (;;) {
		while (r->p < r->end && octet_is_space(*r->p))
			r->p++;
		if (r->p == r->end)
			return false;
		if (*r->p != '#')
			break;
		skip_line(r);
	}
	if (*r->p == '"') {
		*word = quoted(r);
		return true;
	}
	begin = r->p;
	while (r->p < r->end && !octet_is_space(*r->p))
		r->p++;
	*word = (struct slice){begin, (size_t)(r->p - begin)};
	return true;
}

/* Skips a macro, which ends at the next empty line. */
static void skip_macro(struct reader *r)
{
	skip_line(r);
	while (r->p < r->end && *r->p != '\n' && *r->p != '\r')
		skip_line(r);
}

bool netrc_find(struct buf *text, const char *host, const char *user, struct slice *password)
{
	struct slice whole = buf_slice_of(text);
	struct reader r = {text->p, text->p + text->len};
	bool ours = false, named = true, have = false;
	struct slice word, value;

	slice_skip_mark(&whole);
	r.p = r.end - whole.len;
	while (next_word(&r, &word)) {
		bool machine = slice_is(word, "machine"), any = slice_is(word, "default");

		if (machine || any) {
			if (ours && named && have)
				return true;
			if (machine && !next_word(&r, &value))
				break;
			ours = any || (*host && slice_is(value, host));
			named = true;
			have = false;
		} else if (slice_is(word, "macdef")) {
			skip_macro(&r);
		} else if (slice_is(word, "login") && next_word(&r, &value)) {
			named = !*user || (value.len == strlen(user) && memcmp(value.p, user, value.len) == 0);
		} else if (slice_is(word, "password") && next_word(&r, &value) && ours) {
			*password = value;
			have = true;
		} else if (slice_is(word, "account")) {
			(void)next_word(&r, &value);
		}
	}
	return ours && named && have;
}
