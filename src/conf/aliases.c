#include "conf/aliases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/trusted.h"
#include "conf/whoami.h"

enum { DEPTH_MAX = 100 };

struct alias {
	const char *name; /* as an address without a domain; "*" is spelled default */
	struct slice list;
	unsigned line; /* 0: the setting root_to */
	enum { FRESH, OPEN, DONE } state; /* within one expansion */
};

struct aliases {
	const char *path;
	struct arena *in;
	struct alias *alias; /* sorted: name, then line */
	size_t count, room;
	struct alias **touched; /* states to be made FRESH again */
	size_t touches, touch_room;
	const char *broken[8]; /* the first lines that could not be read, and why */
	size_t brokens;
};

static int by_name(const void *a, const void *b)
{
	const struct alias *x = a, *y = b;
	int order = strcasecmp(x->name, y->name);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static void broken(struct aliases *a, unsigned line, const char *why)
{
	if (a->brokens < sizeof a->broken / sizeof *a->broken)
		a->broken[a->brokens] = arena_printf(a->in, "%s:%u: %s", a->path, line, why);
	a->brokens++;
}

static void add(struct aliases *a, const char *name, struct slice list, unsigned line)
{
	a->alias = arena_grow(a->in, a->alias, a->count, &a->room, sizeof *a->alias);
	a->alias[a->count++] = (struct alias){name, list, line, FRESH};
}

/* The colon behind the name, which may be quoted. */
static const char *find_colon(struct slice line)
{
	bool quoted = false;

	for (size_t i = 0; i < line.len; i++) {
		if (line.p[i] == '\\' && i + 1 < line.len)
			i++;
		else if (line.p[i] == '"')
			quoted = !quoted;
		else if (line.p[i] == ':' && !quoted)
			return line.p + i;
	}
	return NULL;
}

/* One whole alias: its continuation lines have been joined. */
static void read_alias(struct aliases *a, struct slice text, unsigned line)
{
	const char *colon = find_colon(text), *name;
	struct failure f;

	if (!colon) {
		broken(a, line, "no colon behind a name");
		return;
	}
	if (address_one(&name, a->in, (struct slice){text.p, (size_t)(colon - text.p)}, &f) < 0) {
		broken(a, line, f.text);
	} else if (!address_is_bare(name)) {
		broken(a, line, *name ? "what stands before the colon has a domain" : "no name before the colon");
	} else {
		text.len -= (size_t)(colon + 1 - text.p);
		text.p = colon + 1;
		add(a, strcmp(name, "*") == 0 ? "default" : name, slice_trim(text), line);
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Comments become blanks and the line ends before continuations too, so that an alias is one piece of text. */
static void read_lines(struct aliases *a, char *text, size_t len)
{
	size_t begin = 0;
	unsigned line = 0, first = 1;
	char *end = text + len, *p = text;

	while (p < end) {
		char *lf = memchr(p, '\n', (size_t)(end - p)), *stop = lf ? lf : end, *word = p;
		size_t at = (size_t)(p - text);

		line++;
		while (word < stop && is_blank(*word))
			word++;
		if (word == stop || *word == '#' || *word == '\r') {
			memset(p, ' ', (size_t)(stop - p));
		} else if (word == p) { /* an alias begins: the one before is whole */
			struct slice before = slice_trim((struct slice){text + begin, at - begin});

			if (before.len)
				read_alias(a, before, first);
			begin = at;
			first = line;
		}
		if (lf)
			*lf = ' ';
		if (stop > p && stop[-1] == '\r')
			stop[-1] = ' ';
		p = stop + 1;
	}
	if (slice_trim((struct slice){text + begin, len - begin}).len)
		read_alias(a, slice_trim((struct slice){text + begin, len - begin}), first);
}

static int read_file(struct aliases *a, const struct account *of, struct failure *f)
{
	int fd = trusted_open(a->path, setting_rules(of, SET_aliases), f);
	struct slice text;
	struct buf b;
	int ok = 0;

	if (fd < 0 && errno == ENOENT && !setting_is_set(of, SET_aliases))
		return 0;
	if (fd < 0 && errno == 0) {
		failure_in(f, "aliases");
		return failure_hint(f, "set aliases to a file of ours or root's, or to off");
	}
	buf_start(&b, ALIASES_LIMIT);
	if (fd < 0 || file_slurp(fd, &b) < 0) {
		ok = fail_errno(f, AT_CONFIG, EX_CONFIG, "aliases %s", a->path);
		failure_hint(f, "set aliases to a file that can be read, or to off");
	} else if (b.len) {
		text = buf_slice_of(&b);
		slice_skip_mark(&text);
		read_lines(a, arena_text(a->in, text.p, text.len), text.len);
	}
	if (fd >= 0)
		close(fd);
	buf_free(&b);
	return ok;
}

int aliases_open(struct aliases **out, struct arena *run, const struct account *of, struct failure *f)
{
	struct aliases *a = arena_zeroed(run, 1, sizeof *a);

	a->in = run;
	a->path = of->aliases;
	if (*a->path && strcasecmp(a->path, "off") != 0 && read_file(a, of, f) < 0)
		return -1;
	if (*of->root_to)
		add(a, "root", slice_of(of->root_to), 0);
	if (a->count)
		qsort(a->alias, a->count, sizeof *a->alias, by_name);
	*out = a;
	return 0;
}

/* The first of that name. */
static struct alias *find_name(const struct aliases *a, struct slice name)
{
	size_t low = 0, high = a->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *there = a->alias[middle].name;
		int order = strncasecmp(there, name.p, name.len);

		if (order == 0 && there[name.len])
			order = 1;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < a->count && slice_is(name, a->alias[low].name) ? &a->alias[low] : NULL;
}

/* name+detail is looked up whole, then without the detail. */
static struct alias *find(const struct aliases *a, struct slice local, bool or_default)
{
	struct alias *found = find_name(a, local);
	const char *plus = local.len ? memchr(local.p, '+', local.len) : NULL;

	if (!found && plus > local.p)
		found = find_name(a, (struct slice){local.p, (size_t)(plus - local.p)});
	return found || !or_default ? found : find_name(a, SLICE("default"));
}

static int wrong(const struct aliases *a, const struct alias *of, struct failure *f, const char *what)
{
	if (of->line)
		return fail(f, AT_CONFIG, EX_CONFIG, "%s:%u: %s: %s", a->path, of->line, of->name, what);
	return fail(f, AT_CONFIG, EX_CONFIG, "root_to: %s", what);
}

/* What sendmail would run, write to or read; NULL: it is an address. */
static const char *refused(struct slice member)
{
	while (member.len && (*member.p == '"' || is_blank(*member.p)))
		member = (struct slice){member.p + 1, member.len - 1};
	if (member.len && *member.p == '|')
		return "mail is not given to commands";
	if (member.len && *member.p == '/')
		return "mail is not written to files";
	if (slice_begins(member, ":include:"))
		return ":include: is not read";
	return NULL;
}

/* The next member of a list: up to a comma outside quotes, comments and brackets. */
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
	const struct alias *chain[DEPTH_MAX];
	size_t depth;
	bool refused; /* it failed at a target that other programs have */
};

static void append(struct walk *w, const struct mailbox *box)
{
	struct mailboxes *out = w->out;

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

/* Who gets it where a list names this one. */
static int follow_box(struct walk *w, const struct mailbox *box, struct failure *f)
{
	const char *domain = address_domain(box->address);
	size_t len = strlen(box->address) - (*domain ? strlen(domain) + 1 : 0);
	struct alias *to = NULL;

	if (!box->escaped && whoami_is_local(w->in, box->address))
		to = find(w->aliases, (struct slice){box->address, len}, !strchr(domain, '.'));
	/* alice: alice, bob@x keeps a copy for alice; default: alice is alice, who has no alias. */
	if (!to || (w->depth && to == w->chain[w->depth - 1])) {
		append(w, box);
		return 0;
	}
	if (to->state == DONE)
		return 0;
	if (to->state == OPEN)
		return circle(w, to, f);
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
	/* Brackets, a name or a comment may stand in front of it; and maildomain would make somebody's address of it. */
	for (size_t i = 0; i < list.count && !why; i++)
		if (whoami_is_local(w->in, list.box[i].address))
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
	size_t before = w->out->count;

	if (w->depth == DEPTH_MAX)
		return wrong(a, to, f, "more than 100 aliases one behind the other");
	a->touched = arena_grow(a->in, a->touched, a->touches, &a->touch_room, sizeof(struct alias *));
	a->touched[a->touches++] = to;
	to->state = OPEN;
	w->chain[w->depth++] = to;
	while (next_member(&rest, &member))
		if (follow_member(w, to, member, f) < 0)
			return -1;
	w->depth--;
	to->state = DONE;
	return w->depth || w->out->count > before ? 0 : wrong(a, to, f, "it names nobody");
}

static int expand(struct walk *w, struct alias *to, struct failure *f)
{
	struct aliases *a = w->aliases;
	int ok = follow(w, to, f);

	for (; a->touches; a->touches--)
		a->touched[a->touches - 1]->state = FRESH;
	w->depth = 0;
	return ok;
}

int aliases_expand(struct mailboxes *out, struct arena *in, struct aliases *a, const struct mailbox *box,
		   struct failure *f)
{
	const char *domain = address_domain(box->address);
	size_t len = strlen(box->address) - (*domain ? strlen(domain) + 1 : 0);
	struct walk w = {.aliases = a, .in = in, .out = out};
	struct alias *to;

	if (!a->count || box->escaped || !whoami_is_local(in, box->address))
		return 0;
	to = find(a, (struct slice){box->address, len}, !strchr(domain, '.'));
	if (!to)
		return 0;
	return expand(&w, to, f) < 0 ? -1 : 1;
}

size_t aliases_check(struct aliases *a, void (*tell)(void *ctx, const struct failure *f), void *ctx)
{
	size_t told = a->brokens < sizeof a->broken / sizeof *a->broken ? a->brokens : sizeof a->broken / sizeof *a->broken;
	size_t bad = a->brokens;
	struct failure f;

	for (size_t i = 0; i < told; i++) {
		fail(&f, AT_CONFIG, EX_CONFIG, "%s", a->broken[i]);
		tell(ctx, &f);
	}
	for (size_t i = 0; i < a->count; i++) {
		struct arena scratch = {.block = NULL};
		struct mailboxes list = {.count = 0};
		struct walk w = {.aliases = a, .in = &scratch, .out = &list};

		if (i && a->alias[i - 1].line && strcasecmp(a->alias[i - 1].name, a->alias[i].name) == 0) {
			wrong(a, &a->alias[i], &f, "the name stands in an earlier line, which counts");
			tell(ctx, &f);
			bad++;
		} else if (expand(&w, &a->alias[i], &f) < 0) {
			tell(ctx, &f);
			bad += !w.refused;
		}
		arena_free(&scratch);
	}
	return bad;
}
