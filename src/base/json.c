#include "base/json.h"

/* Octets of the character that begins there, or 0. */
static size_t character(struct slice s)
{
	for (size_t n = 1; n <= 4 && n <= s.len; n++)
		if (slice_is_utf8((struct slice){s.p, n}))
			return n;
	return 0;
}

static unsigned code_point(struct slice c)
{
	unsigned code = (unsigned char)*c.p & (c.len == 1 ? 0x7fU : 0x3fU >> (c.len - 1));

	for (size_t i = 1; i < c.len; i++)
		code = code << 6 | ((unsigned char)c.p[i] & 0x3fU);
	return code;
}

static int one(struct buf *out, struct slice c)
{
	if (*c.p == '"' || *c.p == '\\')
		return buf_printf(out, "\\%c", *c.p);
	if (slice_is_steering(c)) /* none of them lies beyond U+FFFF */
		return buf_printf(out, "\\u%04x", code_point(c));
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
