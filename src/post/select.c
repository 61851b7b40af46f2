#include "post/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "post/defer.h"
#include "post/unconfigured.h"

/* How long a mail is waited for that another runner has locked: one of many, and one that the user named. */
enum { PATIENCE_MS = 5, PATIENCE_ONE_MS = 1000 };

static bool has(const char *text, const char *part)
{
	size_t len = part ? strlen(part) : 0;

	for (; part && *text; text++)
		if (strncasecmp(text, part, len) == 0)
			return true;
	return !part;
}

bool select_is_due(const struct filter *which, const struct entry *e, time_t now)
{
	return !e->on_hold && (which->all || defer_is_due(e->next, now));
}

static bool fits(const struct filter *which, const struct entry *e, time_t now)
{
	bool found = !which->recipient;

	for (size_t i = 0; !found && i < e->envelope.recipients; i++)
		found = has(e->envelope.recipient[i].address, which->recipient);
	return found && (!which->largest || e->size <= which->largest) && has(e->id, which->id) && has(e->envelope.sender, which->sender) &&
	       select_is_due(which, e, now);
}

/* The group of an account; a linear search, since there are few accounts. */
static size_t group_of(struct selection *l, struct arena *in, const char *account, const char *config)
{
	size_t i = 0;

	while (i < l->groups && !(text_is_same(l->group[i].account, account) && text_is_same(l->group[i].config, config)))
		i++;
	if (i < l->groups)
		return i;
	l->group = arena_grow(in, l->group, l->groups, &l->room, sizeof *l->group);
	l->group[l->groups++] = (struct group){arena_printf(in, "%s", account), config ? arena_printf(in, "%s", config) : NULL, 0, 0};
	return i;
}

/* Names sort by age. */
static int longest_first(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->since != y->since)
		return x->since < y->since ? -1 : 1;
	return strcmp(x->id, y->id);
}

static void sort(struct candidate *mail, size_t count)
{
	if (count)
		qsort(mail, count, sizeof *mail, longest_first);
}

bool select_set_aside(struct spool *s, struct entry *e, const char *id, const struct failure *why)
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

/* The mail could not be read, perhaps since another runner was about to change it: look again, with a lock. */
static bool look_again(const struct selection *l, struct spool *s, const char *id, const struct failure *first)
{
	struct arena scratch = {.block = NULL};
	struct failure f = *first;
	struct entry e = {.fd = -1};
	int got = first->exit == EX_DATAERR ? spool_take(s, &scratch, id, l->patience, &e, &f) : -1;
	bool moved = got < 0 && select_set_aside(s, &e, id, &f);

	spool_release(&e);
	arena_free(&scratch);
	return moved;
}

/* Lists the mails: one whose whole name is given is not searched for; else all, or a sample. */
static int list(struct selection *l, const struct spool *s, const struct filter *which, struct arena *in, struct spool_names *names,
		struct failure *f)
{
	const bool named = which->id && spool_is_name(which->id);

	l->patience = named ? PATIENCE_ONE_MS : PATIENCE_MS;
	l->whole = !named;
	if (!named && which->names)
		return spool_sample(s, which->names, in, names, &l->whole, f);
	if (!named)
		return spool_list(s, false, in, names, f);
	names->name = arena_grow(in, NULL, 0, &names->room, sizeof *names->name);
	snprintf(names->name[names->count++], SPOOL_ID, "%s", which->id);
	return 0;
}

static void add(struct selection *l, struct arena *in, const struct filter *which, const struct entry *e, const char *id)
{
	const char *chosen = which->choice && unconfigured_is_open(e) ? which->choice(which->ctx, e->envelope.sender) : NULL;
	size_t group = group_of(l, in, chosen ? chosen : e->account, e->config);

	l->group[group].mails++;
	l->mail[l->count++] = (struct candidate){.id = id, .group = group, .since = e->next ? e->next : e->arrived, .doubt = entry_has(e, UNSURE)};
}

/* Reads the mails without locks, since another runner may want to try them just now. */
int select_find(struct selection *l, struct spool *s, const struct filter *which, struct arena *in, struct failure *f)
{
	struct spool_names names = {.name = NULL};
	time_t now = clock_wall();

	*l = (struct selection){.mail = NULL};
	if (list(l, s, which, in, &names, f) < 0)
		return -1;
	l->mail = arena_zeroed(in, names.count + 1, sizeof *l->mail);
	for (size_t i = 0; i < names.count; i++) {
		struct arena scratch = {.block = NULL};
		struct failure why;
		struct entry e;
		int got = spool_look(s, false, &scratch, names.name[i], &e, &why);

		if (got < 0)
			l->set_aside += look_again(l, s, names.name[i], &why);
		else if (got == SPOOL_SEEN && fits(which, &e, now))
			add(l, in, which, &e, names.name[i]);
		arena_free(&scratch);
	}
	sort(l->mail, l->count);
	return 0;
}

void select_only(struct selection *l, const char *account, const char *config)
{
	for (size_t i = 0; i < l->groups; i++)
		if (!text_is_same(l->group[i].account, account) || !text_is_same(l->group[i].config, config))
			select_drop(l, i);
}

bool select_group(const struct selection *l, size_t *group)
{
	for (size_t i = 0; i < l->count; i++)
		if (!l->mail[i].taken) {
			*group = l->mail[i].group;
			return true;
		}
	return false;
}

struct candidate *select_next(struct selection *l, size_t group, bool doubt)
{
	struct group *g = &l->group[group];
	bool passed = false; /* a mail was passed over that is left for later */

	for (size_t i = g->at; i < l->count; i++) {
		struct candidate *c = &l->mail[i];

		if (c->group != group || c->taken) {
			g->at += !passed;
		} else if (c->doubt && !doubt) {
			passed = true;
		} else {
			c->taken = true;
			return c;
		}
	}
	return NULL;
}

void select_put_back(struct selection *l, struct candidate *c)
{
	struct group *g = &l->group[c->group];

	c->taken = false;
	if ((size_t)(c - l->mail) < g->at)
		g->at = (size_t)(c - l->mail);
}

void select_drop(struct selection *l, size_t group)
{
	for (size_t i = 0; i < l->count; i++)
		l->mail[i].taken |= l->mail[i].group == group;
}

size_t select_left(const struct selection *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += !l->mail[i].taken;
	return n;
}
