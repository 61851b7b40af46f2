#include "conf/alias.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "conf/whoami.h"

enum { DEPTH_MAX = 100 };

static int wrong(const struct aliases *a, const struct alias *of, struct failure *f, const char *what)
{
	if (of->line)
		return fail(f, AT_CONFIG, EX_CONFIG, "%s:%u: %s: %s", a->path, of->line, of->name, what);
	return fail(f, AT_CONFIG, EX_CONFIG, "root_to: %s", what);
}

/* Why a member is refused: it is what sendmail would run, write to or read; NULL: it is an address. */
static const char *refused(struct slice member)
{
	while (member.len && (*member.p == '"' || octet_is_blank(*member.p)))
		member = (struct slice){member.p + 1, member.len - 1};
	if (member.len && *member.p == '|')
		return "mail is not given to commands";
	if (member.len && *member.p == '/')
		return "mail is not written to files";
	if (slice_begins(member, ":include:"))
		return ":include: is not read";
	return NULL;
}

/* Cuts the next member off a list, at a comma outside quotes, comments and brackets. */
static bool next_member(struct slice *rest, struct slice *member)
{
	unsigned depth = 0;
	bool quoted = false;
	size_t i = 0;

	if (!rest->len)
		return false;
	for (; i < rest->len && !(rest->p[i] == ',' && !quoted && !depth); i++) {
		char c = rest->p[i];

		if (c == '\\')
			i += i + 1 < rest->len;
		else if (c == '"' && !depth)
			quoted = !quoted;
		else if (!quoted && c == '(')
			depth++;
		else if (!quoted && c == ')' && depth)
			depth--;
	}
	*member = slice_trim((struct slice){rest->p, i});
	*rest = (struct slice){rest->p + i + (i < rest->len), rest->len - i - (i < rest->len)};
	return true;
}

struct walk {
	struct aliases *aliases;
	struct arena *in;
	struct mailboxes *out;
	struct alias *chain[DEPTH_MAX];
	size_t depth;
	uint64_t number;
	bool once;    /* who has got the mail at hand already is not appended again */
	bool check;   /* all aliases are walked under one number, so that none is walked twice */
	bool fresh;   /* an alias that failed before is walked again, so that a circle is told from where this walk began */
	bool deep;    /* the walk failed for its depth, which depends on where it began */
	bool any;     /* the walk came to at least one recipient */
	bool refused; /* the walk failed at a target that is fine for sendmail (a command, a file) */
};

static void append(struct walk *w, const struct mailbox *box)
{
	struct mailboxes *out = w->out;

	w->any = true;
	out->box = arena_grow(w->in, out->box, out->count, &out->room, sizeof *out->box);
	out->box[out->count++] = *box;
}

static int circle(const struct walk *w, const struct alias *to, struct failure *f)
{
	char text[200] = "";
	size_t at = 0;

	for (size_t i = 0; i < w->depth && at < sizeof text; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s -> ", w->chain[i]->name);
	return wrong(w->aliases, to, f, arena_printf(w->in, "it goes in a circle: %s%s", text, to->name));
}

static int follow(struct walk *w, struct alias *to, struct failure *f);

static int too_deep(struct walk *w, const struct alias *to, struct failure *f)
{
	w->deep = true;
	return wrong(w->aliases, to, f, "more than 100 aliases one behind the other");
}

static void grow(struct walk *w, const struct alias *below)
{
	struct alias *top = w->depth ? w->chain[w->depth - 1] : NULL;

	if (top && top->height <= below->height)
		top->height = below->height + 1;
}

/* Follows a member of a list, which may be an alias itself. */
static int follow_box(struct walk *w, const struct mailbox *box, struct failure *f)
{
	const char *domain = address_domain(box->address);
	size_t len = strlen(box->address) - (*domain ? strlen(domain) + 1 : 0);
	struct alias *to = NULL;

	if (!box->escaped && whoami_is_local(w->in, w->aliases->host, box->address))
		to = alias_find(w->aliases, (struct slice){box->address, len}, !strchr(domain, '.'));
	/* alice: alice, bob@x keeps a copy for alice; default: alice is alice, who has no alias. */
	if (!to || (w->depth && to == w->chain[w->depth - 1])) {
		append(w, box);
		return 0;
	}
	if (to->done == w->number || (w->once && to->mail == w->aliases->mail)) {
		w->any |= to->somebody;
		if (w->check && w->depth + to->height > DEPTH_MAX)
			return too_deep(w, to, f);
		grow(w, to);
		return 0;
	}
	if (to->open)
		return circle(w, to, f);
	if (w->check && !w->fresh && to->failed == w->number) {
		w->refused = to->refused;
		return fail(f, AT_CONFIG, EX_CONFIG, "%s", to->why);
	}
	return follow(w, to, f);
}

static int follow_member(struct walk *w, struct alias *of, struct slice member, struct failure *f)
{
	const char *why = refused(member);
	struct mailboxes list = {.count = 0};

	w->refused = why;
	if (why)
		return wrong(w->aliases, of, f, why);
	if (address_list(&list, w->in, member, f) < 0)
		return wrong(w->aliases, of, f, arena_printf(w->in, "%s", f->text));
	/* The target of sendmail may stand behind brackets, a name or a comment; with maildomain it would become the address of
	 * some user. */
	for (size_t i = 0; i < list.count && !why; i++)
		if (whoami_is_local(w->in, w->aliases->host, list.box[i].address))
			why = refused(slice_of(list.box[i].address));
	w->refused = why;
	if (why)
		return wrong(w->aliases, of, f, why);
	for (size_t i = 0; i < list.count; i++)
		if (follow_box(w, &list.box[i], f) < 0)
			return -1;
	return 0;
}

static int follow(struct walk *w, struct alias *to, struct failure *f)
{
	struct aliases *a = w->aliases;
	struct slice rest = to->list, member;
	bool others = w->any;

	if (w->depth == DEPTH_MAX)
		return too_deep(w, to, f);
	to->open = true;
	to->height = 1;
	w->any = false;
	w->chain[w->depth++] = to;
	while (next_member(&rest, &member))
		if (follow_member(w, to, member, f) < 0)
			return -1;
	if (!w->any && w->depth == 1)
		return wrong(a, to, f, "it names nobody");
	to->somebody = w->any;
	w->any |= others;
	w->depth--;
	grow(w, to);
	to->open = false;
	to->done = w->number;
	if (!w->once)
		return 0;
	to->mail = a->mail;
	a->given = arena_grow(a->in, a->given, a->gifts, &a->gift_room, sizeof(struct alias *));
	a->given[a->gifts++] = to;
	return 0;
}

static int expand(struct walk *w, struct alias *to, struct failure *f)
{
	struct aliases *a = w->aliases;
	size_t before = a->gifts;

	w->number = ++a->numbers;
	if (follow(w, to, f) == 0)
		return 0;
	while (w->depth)
		w->chain[--w->depth]->open = false;
	/* Takes back what this walk has given: a walk that failed gives nothing. */
	while (a->gifts > before)
		a->given[--a->gifts]->mail = 0;
	return -1;
}

/* The alias for the mailbox, or NULL. */
static struct alias *alias_of(const struct aliases *a, struct arena *in, const struct mailbox *box)
{
	const char *domain = address_domain(box->address);
	size_t len = strlen(box->address) - (*domain ? strlen(domain) + 1 : 0);

	if (!a->count || box->escaped || !whoami_is_local(in, a->host, box->address))
		return NULL;
	return alias_find(a, (struct slice){box->address, len}, !strchr(domain, '.'));
}

int aliases_expand(struct mailboxes *out, struct arena *in, struct aliases *a, const struct mailbox *box,
		   struct failure *f)
{
	struct walk w = {.aliases = a, .in = in, .out = out};
	struct alias *to = alias_of(a, in, box);

	if (!to)
		return 0;
	return expand(&w, to, f) < 0 ? -1 : 1;
}

void aliases_next_mail(struct aliases *a)
{
	a->mail = ++a->numbers;
	a->gifts = 0;
}

int aliases_give(struct mailboxes *out, struct arena *in, struct aliases *a, const struct mailbox *box, struct failure *f)
{
	struct walk w = {.aliases = a, .in = in, .out = out, .once = true};
	struct alias *to = alias_of(a, in, box);

	if (!to)
		return 0;
	if (to->mail == a->mail && to->somebody)
		return 1;
	return expand(&w, to, f) < 0 ? -1 : 1;
}

const char **aliases_note(struct aliases *a, struct arena *in, const struct mailbox *box)
{
	struct alias *to = alias_of(a, in, box);

	if (!to)
		return NULL;
	if (to->noted != a->mail)
		to->note = NULL;
	to->noted = a->mail;
	return &to->note;
}

/* As expand, but what was walked before under the same number is not walked again. */
static int check_one(struct walk *w, struct alias *to, struct failure *f)
{
	struct aliases *a = w->aliases;
	const char *why;

	if (to->done == w->number)
		return to->somebody ? 0 : wrong(a, to, f, "it names nobody");
	w->fresh = to->failed == w->number;
	if (follow(w, to, f) == 0)
		return 0;
	why = arena_printf(a->in, "%s", f->text);
	while (w->depth) {
		struct alias *through = w->chain[--w->depth];

		through->open = false;
		if (w->deep)
			continue;
		through->failed = w->number;
		through->why = why;
		through->refused = w->refused;
	}
	return -1;
}

size_t aliases_check(struct aliases *a, void (*tell)(void *ctx, const struct failure *f), void *ctx)
{
	size_t told = a->brokens < sizeof a->broken / sizeof *a->broken ? a->brokens : sizeof a->broken / sizeof *a->broken;
	size_t bad = a->brokens;
	uint64_t number = ++a->numbers;
	struct failure f;

	for (size_t i = 0; i < told; i++) {
		fail(&f, AT_CONFIG, EX_CONFIG, "%s", a->broken[i]);
		tell(ctx, &f);
	}
	for (size_t i = 0; i < a->count; i++) {
		struct arena scratch = {.block = NULL};
		struct mailboxes list = {.count = 0};
		struct walk w = {.aliases = a, .in = &scratch, .out = &list, .check = true, .number = number};

		if (i && a->alias[i - 1].line && strcasecmp(a->alias[i - 1].name, a->alias[i].name) == 0) {
			wrong(a, &a->alias[i], &f, "the name stands in an earlier line, which counts");
			tell(ctx, &f);
			bad++;
		} else if (check_one(&w, &a->alias[i], &f) < 0) {
			tell(ctx, &f);
			bad += !w.refused;
		}
		arena_free(&scratch);
	}
	return bad;
}
