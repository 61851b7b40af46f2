#include "post/due.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"

/* How long a mail that somebody has just now is waited for: one of many, and one that was named. */
enum { PATIENCE_MS = 5, NAMED_MS = 1000 };

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

static bool fits(const struct queue_order *o, const struct entry *e, time_t now)
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

static struct due due_of(const struct entry *e, const char *id, const char *account)
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

static void sort(struct due *due, size_t count)
{
	if (count)
		qsort(due, count, sizeof *due, longest_first);
}

bool due_set_aside(struct spool *s, struct entry *e, const char *id, const struct failure *why)
{
	struct failure f;

	log_warning("%s", why->text);
	if (why->exit != EX_DATAERR)
		return false;
	snprintf(e->id, sizeof e->id, "%s", id);
	if (spool_finish(s, e, true, &f) < 0)
		log_warning("%s", f.text);
	return true;
}

/* It was looked at without a lock. */
static bool look_again(const struct due_list *l, struct spool *s, const char *id, const struct failure *first)
{
	struct arena scratch = {.block = NULL};
	struct failure f = *first;
	struct entry e = {.fd = -1};
	int got = first->exit == EX_DATAERR ? spool_take(s, &scratch, id, l->patience, &e, &f) : -1;
	bool moved = got < 0 && due_set_aside(s, &e, id, &f);

	spool_release(&e);
	arena_free(&scratch);
	return moved;
}

/* One that is named in whole is gone to straight; else all are listed, or some. */
static int list(struct due_list *l, const struct spool *s, const struct queue_order *o, struct arena *in, struct spool_names *names,
		struct failure *f)
{
	const bool named = o->id && spool_is_name(o->id);

	l->patience = named ? NAMED_MS : PATIENCE_MS;
	l->whole = !named;
	if (!named && o->names)
		return spool_sample(s, o->names, in, names, &l->whole, f);
	if (!named)
		return spool_list(s, false, in, names, f);
	names->name = arena_grow(in, NULL, 0, &names->room, sizeof *names->name);
	snprintf(names->name[names->count++], SPOOL_ID, "%s", o->id);
	return 0;
}

/* Nothing is locked: somebody may want to try it just now. */
int due_find(struct due_list *l, struct spool *s, const struct queue_order *o, struct arena *in, struct failure *f)
{
	struct spool_names names = {.name = NULL};
	time_t now = clock_wall();

	*l = (struct due_list){.mail = NULL};
	if (list(l, s, o, in, &names, f) < 0)
		return -1;
	l->mail = arena_zeroed(in, names.count + 1, sizeof *l->mail);
	for (size_t i = 0; i < names.count; i++) {
		struct arena scratch = {.block = NULL};
		struct failure why;
		struct entry e;
		int got = spool_look(s, false, &scratch, names.name[i], &e, &why);

		if (got < 0)
			l->set_aside += look_again(l, s, names.name[i], &why);
		else if (got == SPOOL_SEEN && fits(o, &e, now))
			l->mail[l->count++] = due_of(&e, names.name[i], due_key(in, e.account, e.config));
		arena_free(&scratch);
	}
	sort(l->mail, l->count);
	return 0;
}

size_t due_left(const struct due_list *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += l->mail[i].account != NULL;
	return n;
}
