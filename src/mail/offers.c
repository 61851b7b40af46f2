#include "mail/offers.h"

#include <stdio.h>
#include <string.h>

static const char *const words[] = {"pipelining", "chunking", "8bitmime", "size", "smtputf8", "dsn"}; /* in the order of the bits */

enum { WORDS = sizeof words / sizeof *words };

int offers_parse(struct slice list, unsigned *set)
{
	*set = 0;
	while (list.len) {
		size_t n = 0, i = 0;

		while (n < list.len && !strchr(" \t,", list.p[n]))
			n++;
		while (n && i < WORDS && !slice_is((struct slice){list.p, n}, words[i]))
			i++;
		if (i == WORDS)
			return -1;
		if (n)
			*set |= 1u << i;
		else
			n = 1;
		list = (struct slice){list.p + n, list.len - n};
	}
	return 0;
}

const char *offers_print(char to[static OFFERS_TEXT], unsigned set)
{
	size_t used = 0;

	*to = '\0';
	for (size_t i = 0; i < WORDS; i++)
		if (set & 1u << i)
			used += (size_t)snprintf(to + used, OFFERS_TEXT - used, "%s%s", used ? "," : "", words[i]);
	return to;
}
