#include "post/limits.h"

#include <string.h>

#include "base/bytes.h"

static const struct {
	int code;
	const char *enhanced, *words;
	enum limit limit;
} rows[] = {
#define LIMIT(code, enhanced, words, kind) {code, enhanced, words, LIMIT_##kind},
#include "post/limits.def"
#undef LIMIT
};

static bool is_enhanced(const char *wanted, const char *said)
{
	size_t n = strlen(wanted);

	if (n && wanted[n - 1] == '.')
		return *said && strncmp(said + 2, wanted, n) == 0;
	return !n || strcmp(wanted, said) == 0;
}

enum limit limits_of(const struct failure *why)
{
	for (size_t i = 0; why->code >= 400 && i < sizeof rows / sizeof *rows; i++)
		if ((!rows[i].code || rows[i].code == why->code) && is_enhanced(rows[i].enhanced, why->enhanced) &&
		    (!*rows[i].words || slice_mentions(slice_of(why->text), rows[i].words)))
			return rows[i].limit;
	return LIMIT_NONE;
}

/* The word has nothing of an id, an address or a time in it, which differ from answer to answer. */
static bool is_plain(struct slice word)
{
	for (size_t i = 0; i < word.len; i++)
		if (strchr("0123456789@<>=", word.p[i]))
			return false;
	return word.len;
}

static void plain_words(char to[static LIMITS_WORDS], const char *text)
{
	struct slice rest = slice_of(text), word;
	bool more = true;
	size_t len = 0;

	while (more) {
		more = slice_cut(&rest, ' ', &word);
		if (!more)
			word = rest;
		if (!is_plain(word))
			continue;
		memcpy(to + len, word.p, word.len); /* all words with a blank behind each are at most as long as the text with its NUL */
		len += word.len;
		to[len++] = ' ';
	}
	to[len ? len - 1 : 0] = '\0';
}

bool limits_guard_counts(const struct failure *why)
{
	return why->code >= 500 && why->stage >= AT_SENDER && why->stage != AT_RECIPIENT;
}

static bool is_same(const struct limits_guard *g, const struct failure *why, const char *words)
{
	return g->in_row && g->stage == why->stage && g->code == why->code && strcmp(g->enhanced, why->enhanced) == 0 && strcmp(g->words, words) == 0;
}

bool limits_guard_note(struct limits_guard *g, const struct failure *why)
{
	char words[LIMITS_WORDS];

	if (!why) {
		g->in_row = 0;
		return false;
	}
	if (!limits_guard_counts(why))
		return false;
	plain_words(words, why->text);
	if (is_same(g, why, words))
		return ++g->in_row == LIMITS_ROW;
	*g = (struct limits_guard){.in_row = 1, .stage = why->stage, .code = why->code};
	memcpy(g->enhanced, why->enhanced, sizeof g->enhanced);
	memcpy(g->words, words, sizeof g->words);
	return false;
}
