#include "conf/choose.h"

#include <fnmatch.h>
#include <string.h>
#include <sysexits.h>

#include "conf/relay.h"
#include "mail/address.h"

/* Two of a name are one account: the user's lies over the system's. */
struct pair {
	const struct section *user, *system;
};

/* Domains have no case, and the local parts that one relay takes hardly do. False: too long to be an address. */
static bool lower(char *to, size_t room, const char *from)
{
	size_t len = strlen(from);

	if (len >= room)
		return false;
	for (size_t i = 0; i <= len; i++)
		to[i] = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] - 'A' + 'a') : from[i];
	return true;
}

bool choose_fits(const char *from, const char *address)
{
	char pattern[ADDRESS_MAX * 2], text[ADDRESS_MAX * 2];

	if (!*from || !lower(pattern, sizeof pattern, from) || !lower(text, sizeof text, address))
		return false;
	return strcmp(pattern, text) == 0 || fnmatch(pattern, text, 0) == 0;
}

static struct pair by_name(const struct accounts *all, const char *name)
{
	return (struct pair){config_find(&all->user, name), config_find(&all->system, name)};
}

/* The section's from, as it is once all is laid together, fits the sender. */
static const char *of_sender(const struct config *c, struct arena *run, const char *sender)
{
	for (size_t i = 0; i < c->sections; i++)
		if (choose_fits(account_expand(run, c->section[i]->whole.from), sender))
			return c->section[i]->own.name;
	return NULL;
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

static void join(struct account *a, struct pair p)
{
	account_defaults(a);
	if (p.system && (!p.user || !account_has_relay(&p.user->whole))) {
		account_lay(a, &p.system->whole);
		a->name = p.system->own.name;
	}
	if (p.user) {
		account_lay(a, &p.user->whole);
		a->name = p.user->own.name;
	}
}

/* The name of the only one there is in both files together, or NULL. */
static const char *only(const struct accounts *all)
{
	const struct config *first = all->user.sections ? &all->user : &all->system;
	const char *name = first->sections == 1 ? first->section[0]->own.name : NULL;

	if (!name || (first == &all->user && all->system.sections > (config_find(&all->system, name) ? 1 : 0)))
		return NULL;
	return name;
}

int choose_account(struct account *a, const struct accounts *all, struct arena *run, const struct choice *choice,
		   bool lenient, struct failure *f)
{
	const char *name = choice->name;
	struct pair p;

	if (!name && choice->sender)
		name = of_sender(&all->user, run, choice->sender);
	if (!name && choice->sender)
		name = of_sender(&all->system, run, choice->sender);
	p = by_name(all, name ? name : "default");
	if (!name && !p.user && !p.system && (name = only(all)))
		p = by_name(all, name);
	if (p.user || p.system || (lenient && !choice->name)) {
		join(a, p);
		return 0;
	}
	if (choice->name) {
		fail(f, AT_CONFIG, EX_CONFIG, "there is no account \"%s\"", choice->name);
		return *names(all, run) ? failure_hint(f, "there are: %s", names(all, run))
					: failure_hint(f, "no file defines any; files: %s", all->tried);
	}
	fail(f, AT_CONFIG, EX_CONFIG, "there is no account default, and none whose from is the sender");
	return failure_hint(f, "choose one with -a: %s", names(all, run));
}
