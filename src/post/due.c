#include "post/due.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool has(const char *text, const char *part)
{
	size_t len = part ? strlen(part) : 0;

	for (; part && *text; text++)
		if (strncasecmp(text, part, len) == 0)
			return true;
	return !part;
}

/* The wall clock may have been set back: what seems to be due in a long time is due. */
bool due_now(const struct queue_order *o, const struct entry *e, time_t now)
{
	return !e->held && (o->all || e->next <= now || e->next > now + QUEUE_FAR);
}

bool due_fits(const struct queue_order *o, const struct entry *e, time_t now)
{
	bool found = !o->recipient;

	for (size_t i = 0; !found && i < e->envelope.recipients; i++)
		found = has(e->envelope.recipient[i].address, o->recipient);
	return found && (!o->largest || e->size <= o->largest) && has(e->id, o->id) && has(e->envelope.sender, o->sender) &&
	       due_now(o, e, now);
}

const char *due_key(struct arena *in, const char *name, const char *config)
{
	return arena_printf(in, "%s%s%s", name, config ? "\n" : "", config ? config : "");
}

bool due_is_of(const struct due *d, const char *key)
{
	return d->account && strcmp(d->account, key) == 0;
}

struct due due_of(const struct entry *e, const char *id, const char *account)
{
	return (struct due){id, account, e->next ? e->next : e->arrived, entry_has(e, UNSURE)};
}

/* Names sort by age. */
static int longest_first(const void *a, const void *b)
{
	const struct due *x = a, *y = b;

	if (x->since != y->since)
		return x->since < y->since ? -1 : 1;
	return strcmp(x->id, y->id);
}

void due_sort(struct due *due, size_t count)
{
	if (count)
		qsort(due, count, sizeof *due, longest_first);
}
