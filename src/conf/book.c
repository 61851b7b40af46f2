#include "conf/book.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/advice.h"
#include "conf/choose.h"
#include "conf/relay.h"

/* An account as the run's options change it, and as `fallback` names it: without the run's options. */
enum form { AS_CHOSEN, AS_FALLBACK, FORMS };

struct entry { /* one account of a configuration */
	const char *name; /* NULL: the account that variables and options make, where the files leave it open */
	struct account *account[FORMS]; /* NULL: not built yet */
	const struct failure *wrong[FORMS]; /* what is wrong with the account; or NULL */
	bool linked; /* its fallbacks have been looked up; what is wrong with them: */
	const struct failure *no_fallback;
	struct entry *next;
};

struct configuration {
	const char *config; /* the file that was named; NULL: the usual files */
	struct accounts all;
	struct chooser chooser;
	struct entry *entries;
	struct account environment, option; /* laid over the files */
	bool laid; /* variables and options have been read; what is wrong with them: */
	const struct failure *wrong;
	const struct failure *unread; /* why the files could not be read; or NULL */
	const struct failure *broken; /* as `unread`, of this run's files, where mail is to wait until they are mended; or NULL */
	struct configuration *next;
};

/* Ids are unique in the process, since what is kept by an id (a password, a session) outlives a book. */
static atomic_uint ids;

/* A variable must not name a command: a user who can set variables for another user's program could run commands as that user. */
static int refuse_command(const char *name, enum setting s, const struct accounts *all, struct failure *f)
{
	fail(f, AT_CONFIG, EX_CONFIG, "%s is refused: a command counts only out of a file", name);
	return failure_hint(f, HINT_COMMAND_VARIABLE, setting_name(s), all->place);
}

/* For root a variable must not name a log file: a user who can set root's variables could have lines appended to any file of
 * root's. */
static bool is_log_of_roots(enum setting s, const char *value)
{
	return s == SET_logfile && geteuid() == 0 && *value && !file_is_open(value);
}

/* Reads MYSEND_HOST and all other variables of settings. */
static int from_environment(struct account *a, const struct accounts *all, struct arena *in, struct failure *f)
{
	const char *other = getenv("MYSEND_PASSWORDEVAL");

	advice_variables(in);
	if (other && *other)
		return refuse_command("MYSEND_PASSWORDEVAL", SET_password_command, all, f);
	for (unsigned s = 0; s < SETTINGS; s++) {
		char *name = arena_printf(in, "MYSEND_%s", setting_name((enum setting)s));
		const char *value;

		for (char *p = name; *p; p++)
			if (*p >= 'a' && *p <= 'z')
				*p = (char)(*p - 'a' + 'A');
		value = getenv(name);
		if (value && !*value && s == SET_host) /* an empty MYSEND_HOST names no host, and hides none */
			continue;
		if (value && *value && setting_is_command((enum setting)s))
			return refuse_command(name, (enum setting)s, all, f);
		if (value && account_set(a, in, (enum setting)s, slice_of(value),
					 &(struct origin){RANK_ENVIRONMENT, 0, name}, f) < 0)
			return -1;
		if (value && is_log_of_roots((enum setting)s, value)) {
			fail(f, AT_CONFIG, EX_CONFIG, "%s is refused: for root a variable names no file to write to", name);
			return failure_hint(f, HINT_LOGFILE_VARIABLE, all->place, name);
		}
	}
	return relay_split(a, in, f);
}

static int from_options(struct account *a, const struct book *b, struct failure *f)
{
	for (size_t i = 0; i < b->options; i++) {
		const struct override *o = &b->option[i];

		if (account_set(a, b->in, o->setting, slice_of(o->value), &(struct origin){RANK_OPTION, 0, o->spelled},
				f) < 0)
			return -1;
	}
	return relay_split(a, b->in, f);
}

/* Reads variables and options once, when the first account is asked for: then a failure can be told together with the mail that it
 * is about. */
static int lay(struct book *b, struct configuration *c, struct failure *f)
{
	if (!c->laid) {
		c->laid = true;
		account_defaults(&c->environment);
		account_defaults(&c->option);
		if (!c->all.reread && (from_environment(&c->environment, &c->all, b->in, f) < 0 || from_options(&c->option, b, f) < 0))
			c->wrong = arena_failure(b->in, f);
	}
	if (!c->wrong)
		return 0;
	*f = *c->wrong;
	return -1;
}

static bool is_empty(const struct configuration *c)
{
	return !c->all.user.sections && !c->all.system.sections;
}

/* The files may leave open which account is chosen, where variables or options name the relay, or there are no files. */
static bool may_be_open(const struct configuration *c)
{
	return is_empty(c) || account_has_relay(&c->environment) || account_has_relay(&c->option);
}

static int choose(struct book *b, struct configuration *c, const char *name, const char *sender, const char **out, struct failure *f)
{
	return lay(b, c, f) < 0 ? -1 : choose_name(&c->chooser, name, sender, may_be_open(c), out, f);
}

static struct entry *entry_of(struct book *b, struct configuration *c, const char *name)
{
	struct entry **last = &c->entries;

	while (*last && !((*last)->name && name ? strcmp((*last)->name, name) == 0 : (*last)->name == name))
		last = &(*last)->next;
	if (!*last) {
		*last = arena_zeroed(b->in, 1, sizeof **last);
		(*last)->name = name;
	}
	return *last;
}

/* Mail may wait until the account can be used: its words tell post/unconfigured that no name of that mail was looked up. */
static const struct failure *waits_for(struct book *b, const struct failure *why)
{
	struct failure f = *why;

	failure_in(&f, "no relay is known");
	return arena_failure(b->in, &f);
}

static void build(struct book *b, struct configuration *c, struct entry *e, enum form as)
{
	struct account *a = arena_zeroed(b->in, 1, sizeof *a);
	struct failure f, unused;

	choose_join(a, &c->all, e->name);
	account_lay(a, &c->environment);
	if (as == AS_CHOSEN)
		account_lay(a, &c->option);
	a->id = atomic_fetch_add(&ids, 1) + 1;
	a->files = c->all.tried;
	a->config = c->all.config;
	a->config_lasts = c->all.config_lasts;
	a->reread = c->all.reread;
	if (c->broken) {
		(void)!account_settle(a, b->in, &unused);
		e->wrong[as] = c->broken;
		a->unconfigured = waits_for(b, c->broken);
	} else if (!account_has_relay(a)) {
		(void)!account_settle(a, b->in, &unused); /* its paths are needed all the same, to show it or to let mail wait */
		accounts_no_relay(&c->all, b->in, a->name, &f);
		a->unconfigured = e->wrong[as] = arena_failure(b->in, &f);
	} else if (account_settle(a, b->in, &f) < 0) {
		e->wrong[as] = arena_failure(b->in, &f);
		a->unconfigured = waits_for(b, e->wrong[as]);
	}
	e->account[as] = a;
}

static int account_of(struct book *b, struct configuration *c, struct entry *e, enum form as, struct account **out, struct failure *f)
{
	as = b->options ? as : AS_CHOSEN; /* without options both forms are the same account */
	if (!e->account[as])
		build(b, c, e, as);
	*out = e->account[as];
	if (!e->wrong[as])
		return 0;
	*f = *e->wrong[as];
	return -1;
}

/* Links the accounts that `fallback` names into a chain; a name that comes twice is an error. */
static int find_fallbacks(struct book *b, struct configuration *c, struct account *first, struct failure *f)
{
	struct account *a = first, *next;

	while (*a->fallback) {
		const struct account *seen = first;
		const char *name;

		if (choose(b, c, a->fallback, NULL, &name, f) < 0 || account_of(b, c, entry_of(b, c, name), AS_FALLBACK, &next, f) < 0)
			return failure_in(f, "account %s: fallback", a->name);
		while (seen != a && strcmp(seen->name, next->name) != 0)
			seen = seen->next;
		if (strcmp(seen->name, next->name) == 0)
			return fail(f, AT_CONFIG, EX_CONFIG, "account %s: fallback %s leads in a circle", a->name, next->name);
		a->next = next;
		a = next;
	}
	return 0;
}

/* *out is set if the account exists, even if something is wrong with it. */
static int find(struct book *b, struct configuration *c, const char *name, const char *sender, struct entry **out, struct failure *f)
{
	struct account *unused;

	*out = NULL;
	if (choose(b, c, name, sender, &name, f) < 0)
		return -1;
	*out = entry_of(b, c, name);
	return account_of(b, c, *out, AS_CHOSEN, &unused, f);
}

int book_open(struct book *b, struct arena *run, const char *config, const struct override *option, size_t options, struct failure *f)
{
	struct configuration *c = arena_zeroed(run, 1, sizeof *c);

	*b = (struct book){.in = run, .option = option, .options = options, .own = c};
	if (accounts_load(&c->all, run, config, f) < 0)
		return -1;
	c->config = c->all.config;
	choose_open(&c->chooser, &c->all, run);
	return 0;
}

int book_go_without(struct book *b, const struct failure *why)
{
	struct configuration *c = b->own;

	if (c->all.config || c->all.user.names_queue || c->all.system.names_queue || why->stage != AT_CONFIG || why->exit != EX_CONFIG)
		return -1;
	c->broken = arena_failure(b->in, why);
	c->all.user.sections = c->all.system.sections = 0;
	choose_open(&c->chooser, &c->all, b->in);
	return 0;
}

int book_account(struct book *b, const char *name, const char *sender, const struct account **out, struct failure *f)
{
	struct entry *e;
	int rc = find(b, b->own, name, sender, &e, f);

	*out = e ? e->account[AS_CHOSEN] : NULL;
	return rc;
}

static int link_entry(struct book *b, struct configuration *c, struct entry *e, struct failure *f)
{
	if (!e->linked && find_fallbacks(b, c, e->account[AS_CHOSEN], f) < 0)
		e->no_fallback = arena_failure(b->in, f);
	e->linked = true;
	if (!e->no_fallback)
		return 0;
	*f = *e->no_fallback;
	return -1;
}

int book_fallbacks(struct book *b, const struct account *a, struct failure *f)
{
	struct entry *e = b->own->entries;

	while (!e->account[AS_CHOSEN] || e->account[AS_CHOSEN]->id != a->id)
		e = e->next;
	return link_entry(b, b->own, e, f);
}

static struct configuration *read_again(struct book *b, const char *config)
{
	struct configuration *c = b->read;
	struct failure f;

	while (c && !text_is_same(c->config, config))
		c = c->next;
	if (c)
		return c;
	c = arena_zeroed(b->in, 1, sizeof *c);
	c->config = config ? arena_printf(b->in, "%s", config) : NULL;
	if (accounts_load_again(&c->all, b->in, c->config, &f) < 0)
		c->unread = arena_failure(b->in, &f);
	choose_open(&c->chooser, &c->all, b->in);
	c->next = b->read;
	return b->read = c;
}

static int find_to_send(struct book *b, struct configuration *c, const char *name, const struct account **out, struct failure *f)
{
	/* Without files the only account is that of variables and options. */
	bool open = is_empty(c) && strcmp(name, "default") == 0;
	struct entry *e;

	if (find(b, c, open ? NULL : name, NULL, &e, f) < 0 || link_entry(b, c, e, f) < 0)
		return -1;
	*out = e->account[AS_CHOSEN];
	return 0;
}

/* The account of a queued mail is looked for in the configuration file under which the mail was queued: another file might lead to
 * another relay. */
int book_find(struct book *b, const char *name, const char *config, const struct account **out, struct failure *f)
{
	struct configuration *c = text_is_same(config, b->own->config) ? b->own : read_again(b, config);
	struct failure unused;

	*out = NULL;
	if (c->unread) {
		*f = *c->unread;
		return -1;
	}
	/* There is none of the usual files: the file of this run takes their place. */
	if (!config && is_empty(c))
		c = b->own;
	if (find_to_send(b, c, name, out, f) == 0)
		return 0;
	/* Mail that an older mysend has queued, which did not note the configuration file. */
	return !config && c != b->own && find_to_send(b, b->own, name, out, &unused) == 0 ? 0 : -1;
}

const char *book_choice(struct book *b, const char *sender)
{
	struct configuration *c = b->own->config ? read_again(b, NULL) : b->own;
	const char *name = NULL;
	struct failure unused;

	if (is_empty(c)) /* as in book_find */
		c = b->own;
	return c->unread || choose_name(&c->chooser, NULL, sender, true, &name, &unused) < 0 ? NULL : name;
}

const struct accounts *book_files(const struct book *b)
{
	return &b->own->all;
}

/* The name that stands behind `after` among the sections of the user's file, then of the system's that the user's does not name. */
const char *book_next(const struct book *b, const char *after)
{
	const struct accounts *all = book_files(b);
	bool found = !after;

	for (size_t i = 0; i < all->user.sections + all->system.sections; i++) {
		bool own = i < all->user.sections;
		const char *name = (own ? all->user.section[i] : all->system.section[i - all->user.sections])->own.name;

		if (found && (own || !config_find(&all->user, name)))
			return name;
		found |= strcmp(name, after ? after : "") == 0;
	}
	return NULL;
}

const char *book_first(const struct book *b)
{
	const struct config *first = b->own->all.user.sections ? &b->own->all.user : &b->own->all.system;

	return first->sections ? first->section[0]->own.name : NULL;
}
