#include "base/json.h"

/* How many octets the UTF-8 character at the beginning of s has, or 0. */
static size_t character(struct slice s)
{
	for (size_t n = 1; n <= 4 && n <= s.len; n++)
		if (slice_is_utf8((struct slice){s.p, n}))
			return n;
	return 0;
}

static int one(struct buf *out, struct slice c)
{
	unsigned code = slice_code_point(c);

	if (*c.p == '"' || *c.p == '\\')
		return buf_printf(out, "\\%c", *c.p);
	if (slice_is_invisible(c) && code < 0x10000)
		return buf_printf(out, "\\u%04x", code);
	if (slice_is_invisible(c)) /* RFC 8259 7: two escapes, a surrogate pair */
		return buf_printf(out, "\\u%04x\\u%04x", 0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff));
	return buf_slice(out, c);
}

int json_text(struct buf *out, struct slice text)
{
	if (buf_text(out, "\"") < 0)
		return -1;
	while (text.len) {
		size_t n = character(text), len = n ? n : 1;

		if ((n ? one(out, (struct slice){text.p, n}) : buf_text(out, "\xef\xbf\xbd")) < 0)
			return -1;
		text = (struct slice){text.p + len, text.len - len};
	}
	return buf_text(out, "\"");
}
