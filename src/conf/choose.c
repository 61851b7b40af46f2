#include "conf/choose.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "conf/relay.h"
#include "mail/address.h"

enum { SENDER_ROOM = ADDRESS_MAX * 2 };

/* An account that has `from` is chosen for the senders that `from` fits. */
struct sender_rule {
	const struct section *of;
	const char *from; /* expanded, in small letters; "": it fits no sender; NULL: not made ready yet */
	size_t len;
	bool pattern;
};

/* Case does not count: domains have none, and hardly any relay tells local parts apart by it. False: too long for an address. */
static bool lower(char *to, size_t room, const char *from)
{
	size_t len = strlen(from);

	if (len >= room)
		return false;
	for (size_t i = 0; i <= len; i++)
		to[i] = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] - 'A' + 'a') : from[i];
	return true;
}

/* Where an address literal begins that is all of the domain; else the end. */
static const char *literal_in(const char *from)
{
	const char *at = strrchr(from, '@'), *end = from + strlen(from);

	return at && at[1] == '[' && end[-1] == ']' ? at + 1 : end;
}

bool choose_is_pattern(const char *from)
{
	return from + strcspn(from, "*?[") < literal_in(from);
}

/* As fnmatch(3) takes it: the [ of an address literal stands for itself. */
static bool pattern_fits(const char *pattern, const char *address)
{
	char text[SENDER_ROOM + 1];
	const char *literal = literal_in(pattern);

	snprintf(text, sizeof text, "%.*s%s%s", (int)(literal - pattern), pattern, *literal ? "\\" : "", literal);
	return fnmatch(text, address, 0) == 0;
}

bool choose_fits(const char *from, const char *address)
{
	char pattern[SENDER_ROOM], text[SENDER_ROOM];

	if (!*from || !lower(pattern, sizeof pattern, from) || !lower(text, sizeof text, address))
		return false;
	return strcmp(pattern, text) == 0 || (choose_is_pattern(pattern) && pattern_fits(pattern, text));
}

static void add_rules(struct chooser *c, const struct config *of)
{
	for (size_t i = 0; i < of->sections; i++)
		if (*of->section[i]->whole.from)
			c->rule[c->rules++] = (struct sender_rule){.of = of->section[i]};
}

void choose_open(struct chooser *c, const struct accounts *all, struct arena *in)
{
	*c = (struct chooser){.all = all, .in = in};
	c->rule = arena_zeroed(in, all->user.sections + all->system.sections + 1, sizeof *c->rule);
	add_rules(c, &all->user);
	add_rules(c, &all->system);
}

/* Expands `from` when a sender is compared with it, and not before: %C may ask the resolver for the host's full name. */
static void make_ready(struct chooser *c, struct sender_rule *r)
{
	char text[SENDER_ROOM];

	if (!lower(text, sizeof text, account_expand(c->in, r->of->whole.from)))
		*text = '\0';
	r->len = strlen(text);
	r->from = arena_text(c->in, text, r->len);
	r->pattern = choose_is_pattern(text);
}

/* The name of the first account, in the files' order, whose `from`, with all files laid together, fits the sender; or NULL. */
static const char *of_sender(struct chooser *c, const char *sender)
{
	char text[SENDER_ROOM];
	size_t len = strlen(sender);

	if (!lower(text, sizeof text, sender))
		return NULL;
	for (size_t i = 0; i < c->rules; i++) {
		struct sender_rule *r = &c->rule[i];

		if (!r->from)
			make_ready(c, r);
		if (r->len && ((r->len == len && memcmp(r->from, text, len) == 0) || (r->pattern && pattern_fits(r->from, text))))
			return r->of->own.name;
	}
	return NULL;
}

/* The account's name as it stands in a file, which lives as long as the files; NULL: no file has such an account. */
static const char *in_files(const struct accounts *all, const char *name)
{
	const struct section *s = config_find(&all->user, name);

	if (!s)
		s = config_find(&all->system, name);
	return s ? s->own.name : NULL;
}

static const char *names(const struct accounts *all, struct arena *run)
{
	const char *text = "";

	for (size_t i = 0; i < all->user.sections; i++)
		text = arena_printf(run, "%s%s%s", text, *text ? ", " : "", all->user.section[i]->own.name);
	for (size_t i = 0; i < all->system.sections; i++)
		if (!config_find(&all->user, all->system.section[i]->own.name))
			text = arena_printf(run, "%s%s%s", text, *text ? ", " : "", all->system.section[i]->own.name);
	return text;
}

void choose_join(struct account *a, const struct accounts *all, const char *name)
{
	const struct section *user = name ? config_find(&all->user, name) : NULL, *system = name ? config_find(&all->system, name) : NULL;

	account_defaults(a);
	if (system && (!user || !account_has_relay(&user->whole))) {
		account_lay(a, &system->whole);
		a->name = system->own.name;
	}
	if (user) {
		account_lay(a, &user->whole);
		a->name = user->own.name;
	}
}

/* The name of the account, if both files together have only one; or NULL. */
static const char *only(const struct accounts *all)
{
	const struct config *first = all->user.sections ? &all->user : &all->system;
	const char *name = first->sections == 1 ? first->section[0]->own.name : NULL;

	if (!name || (first == &all->user && all->system.sections > (config_find(&all->system, name) ? 1 : 0)))
		return NULL;
	return name;
}

int choose_name(struct chooser *c, const char *name, const char *sender, bool lenient, const char **out, struct failure *f)
{
	const struct accounts *all = c->all;
	const char *chosen = !name && sender ? of_sender(c, sender) : NULL;

	if (name || !chosen)
		chosen = in_files(all, name ? name : "default");
	if (!name && !chosen)
		chosen = only(all);
	*out = chosen;
	if (chosen || (lenient && !name))
		return 0;
	if (name) {
		fail(f, AT_CONFIG, EX_CONFIG, "there is no account \"%s\"", name);
		return *names(all, c->in) ? failure_hint(f, HINT_ACCOUNTS_ARE, names(all, c->in))
					  : failure_hint(f, HINT_ACCOUNTS_NONE, all->tried);
	}
	fail(f, AT_CONFIG, EX_CONFIG, "there is no account default, and none whose from is the sender");
	return failure_hint(f, HINT_ACCOUNT_CHOOSE, names(all, c->in));
}
