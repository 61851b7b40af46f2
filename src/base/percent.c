#include "base/percent.h"

#include <string.h>

int percent_add(struct buf *out, struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));

		if (plain ? buf_add(out, &value.p[i], 1) < 0 : buf_printf(out, "%%%02X", (unsigned)c) < 0)
			return -1;
	}
	return 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool percent_read(char *to, size_t room, struct slice from)
{
	size_t n = 0;

	for (size_t i = 0; i < from.len; i++) {
		char c = from.p[i];

		if (c == '%') {
			if (from.len - i < 3 || digit(from.p[i + 1]) < 0 || digit(from.p[i + 2]) < 0)
				return false;
			c = (char)(digit(from.p[i + 1]) * 16 + digit(from.p[i + 2]));
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		if (!c || n + 1 >= room)
			return false;
		to[n++] = c;
	}
	to[n] = '\0';
	return true;
}
