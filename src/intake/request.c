#include "intake/request.h"

#include <strings.h>

struct request_recipient *request_add(struct request *r, struct arena *in, const char *text)
{
	r->recipient = arena_grow(in, r->recipient, r->recipients, &r->recipient_room, sizeof *r->recipient);
	r->recipient[r->recipients] = (struct request_recipient){.text = text};
	return &r->recipient[r->recipients++];
}

int request_notify(const char *value, unsigned *bits)
{
	static const struct { const char *word; unsigned bit; } kinds[] = {
		{"never", NOTIFY_NEVER},
		{"success", NOTIFY_SUCCESS},
		{"failure", NOTIFY_FAILURE},
		{"delay", NOTIFY_DELAY},
	};
	struct slice rest = slice_of(value), word;
	bool more = true;

	*bits = 0;
	while (more) {
		size_t i = 0, count = sizeof kinds / sizeof *kinds;

		more = slice_cut(&rest, ',', &word);
		if (!more)
			word = rest;
		word = slice_trim(word);
		while (i < count && !slice_is(word, kinds[i].word))
			i++;
		if (i == count)
			return -1;
		*bits |= kinds[i].bit;
	}
	return *bits & NOTIFY_NEVER && *bits != NOTIFY_NEVER ? -1 : 0;
}

int request_return(const char *value, enum ret *ret)
{
	bool full = strcasecmp(value, "full") == 0;

	if (!full && strcasecmp(value, "hdrs") != 0)
		return -1;
	*ret = full ? RET_FULL : RET_HDRS;
	return 0;
}
