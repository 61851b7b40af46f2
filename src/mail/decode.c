#include "mail/decode.h"

#include <string.h>

static int hex(char c)
{
	static const char digits[] = "0123456789ABCDEFabcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	if (!at)
		return -1;
	return at - digits < 16 ? (int)(at - digits) : (int)(at - digits) - 6;
}

/* How many octets a soft line end has: = and blanks up to the end of the line (rule 5); 0: it is none. */
static size_t soft_end(const char *p, const char *end)
{
	const char *at = p + 1;

	while (at < end && octet_is_blank(*at))
		at++;
	if (at < end && *at == '\r')
		at++;
	return at < end && *at == '\n' ? (size_t)(at + 1 - p) : 0;
}

static size_t decode_quoted(char *to, struct slice s)
{
	const char *p = s.p, *end = s.p + s.len;
	size_t used = 0, line = 0; /* line: what is kept of it, blanks at its end aside, which a relay may have added (rule 3) */

	while (p < end) {
		size_t soft = *p == '=' ? soft_end(p, end) : 0;

		if (soft) {
			p += soft;
			line = used;
		} else if (*p == '=' && end - p > 2 && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
			to[used++] = (char)(hex(p[1]) * 16 + hex(p[2]));
			line = used;
			p += 3;
		} else {
			if (*p == '\r' || *p == '\n')
				used = line;
			to[used++] = *p;
			line = octet_is_blank(*p) ? line : used;
			p++;
		}
	}
	return line;
}

static size_t decode_base64(char *to, struct slice s)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = 0, have = 0;
	size_t used = 0;

	for (size_t i = 0; i < s.len && s.p[i] != '='; i++) {
		const char *at = s.p[i] ? strchr(letters, s.p[i]) : NULL;

		if (!at)
			continue;
		bits = (bits << 6 | (unsigned)(at - letters)) & 0xffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			to[used++] = (char)(bits >> have & 0xff);
		}
	}
	return used;
}

struct slice decode_part(struct arena *in, enum mime_encoding encoding, struct slice octets)
{
	char *to;

	if (encoding != MIME_QUOTED && encoding != MIME_BASE64)
		return octets;
	to = arena_zeroed(in, octets.len + 1, 1);
	return (struct slice){to, encoding == MIME_QUOTED ? decode_quoted(to, octets) : decode_base64(to, octets)};
}
