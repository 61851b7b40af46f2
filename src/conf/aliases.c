#include "conf/alias.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/trusted.h"
#include "conf/whoami.h"

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
	a->alias[a->count++] = (struct alias){.name = name, .list = list, .line = line};
}

/* The colon after the alias's name; the name may be quoted. */
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

/* Reads one alias, whose continuation lines have been joined. */
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
		while (word < stop && octet_is_blank(*word))
			word++;
		if (word == stop || *word == '#' || *word == '\r') {
			memset(p, ' ', (size_t)(stop - p));
		} else if (word == p) { /* an alias begins here, so that the one before is whole */
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
	int rc = 0;

	if (fd < 0 && errno == ENOENT && !setting_is_set(of, SET_aliases))
		return 0;
	if (fd < 0 && errno == 0) {
		failure_in(f, "aliases");
		return failure_hint(f, HINT_ALIASES_OURS);
	}
	buf_start(&b, ALIASES_LIMIT);
	if (fd < 0 || file_slurp(fd, &b) < 0) {
		rc = fail_errno(f, AT_CONFIG, EX_CONFIG, "aliases %s", a->path);
		failure_hint(f, HINT_ALIASES_READ);
	} else if (b.len) {
		text = buf_slice_of(&b);
		slice_skip_mark(&text);
		read_lines(a, arena_text(a->in, text.p, text.len), text.len);
	}
	if (fd >= 0)
		close(fd);
	buf_free(&b);
	return rc;
}

int aliases_open(struct aliases **out, struct arena *run, const struct account *of, struct failure *f)
{
	struct aliases *a = arena_zeroed(run, 1, sizeof *a);

	a->in = run;
	a->path = of->aliases;
	a->host = whoami_host(run);
	if (*a->path && strcasecmp(a->path, "off") != 0 && read_file(a, of, f) < 0)
		return -1;
	if (*of->root_to)
		add(a, "root", slice_of(of->root_to), 0);
	if (a->count)
		qsort(a->alias, a->count, sizeof *a->alias, by_name);
	*out = a;
	return 0;
}

/* The first alias of that name. */
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

/* name+detail is looked up as it is, then without +detail. */
struct alias *alias_find(const struct aliases *a, struct slice local, bool or_default)
{
	struct alias *found = find_name(a, local);
	const char *plus = local.len ? memchr(local.p, '+', local.len) : NULL;

	if (!found && plus > local.p)
		found = find_name(a, (struct slice){local.p, (size_t)(plus - local.p)});
	return found || !or_default ? found : find_name(a, SLICE("default"));
}
