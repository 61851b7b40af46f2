#include "intake/file_option.h"

#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/file.h"

static const char *const keys[] = {"type=", "name=", "disposition=", "id="};

/* Where the value of such a key begins, behind a ;, or NULL. */
static const char *key_at(const char *text, size_t *which)
{
	if (*text++ != ';')
		return NULL;
	for (*which = 0; *which < sizeof keys / sizeof *keys; ++*which)
		if (strncmp(text, keys[*which], strlen(keys[*which])) == 0)
			return text + strlen(keys[*which]);
	return NULL;
}

static const char *next_key(const char *text)
{
	size_t which;

	while ((text = strchr(text, ';')) && !key_at(text, &which))
		text++;
	return text;
}

/* The text between quotes at the beginning of `text`, and where it ends; NULL: there is none, or no key follows the closing quote. */
static const char *unquote(struct arena *in, const char *text, const char **end)
{
	char *to = arena_zeroed(in, strlen(text) + 1, 1);
	size_t used = 0, which;

	if (*text++ != '"')
		return NULL;
	for (; *text && *text != '"'; text++) {
		if (*text == '\\' && (text[1] == '"' || text[1] == '\\'))
			text++;
		to[used++] = *text;
	}
	*end = text + 1;
	return *text && (!text[1] || key_at(text + 1, &which)) ? to : NULL;
}

/* The ;key=value from `text` to its end. */
static void read_keys(struct draft_file *to, struct arena *in, const char *text)
{
	const char **all[] = {&to->type, &to->name, &to->disposition, &to->id};
	const char *value, *end, *said;
	size_t which;

	while (text && (value = key_at(text, &which))) {
		said = unquote(in, value, &end);
		if (said) {
			text = end;
		} else {
			text = next_key(value);
			said = text ? arena_text(in, value, (size_t)(text - value)) : value;
		}
		*all[which] = arena_line(in, said);
	}
}

const char *file_option_path(const char *text)
{
	return file_descriptor(text) == 0 ? "-" : text;
}

static bool is_there(const char *path)
{
	struct stat st;

	return *path && (strcmp(file_option_path(path), "-") == 0 || file_descriptor(path) >= 0 || lstat(path, &st) == 0);
}

static int two(struct failure *f, const char *spelled, const char *one, const char *rest, const char *other)
{
	fail(f, AT_USAGE, EX_USAGE, "%s: there are the files %s and %s, and either can be meant", spelled, one, other);
	return failure_hint(f, HINT_PATH_QUOTES, one, rest, other);
}

static const char *up_to(struct arena *in, const char *text, const char *end)
{
	return end ? arena_text(in, text, (size_t)(end - text)) : text;
}

int file_option(struct draft_file *to, struct arena *in, const char *spelled, const char *value, struct failure *f)
{
	const char *end, *path = unquote(in, value, &end), *rest = path ? end : next_key(value);
	const char *at = path ? value + strlen(value) - 1 : rest;
	bool there;

	path = path ? path : up_to(in, value, rest);
	there = is_there(path);
	/* Tries each longer path, up to the next key, and the whole value at last. */
	while (at) {
		const char *longer;

		at = next_key(at + 1);
		longer = up_to(in, value, at);
		if (!is_there(longer))
			continue;
		if (there)
			return two(f, spelled, path, rest, longer);
		there = true;
		path = longer;
		rest = at;
	}
	if (!*path)
		return fail(f, AT_INPUT, EX_NOINPUT, "%s names no file", spelled);
	to->path = file_option_path(path);
	read_keys(to, in, rest);
	return 0;
}
