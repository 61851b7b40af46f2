#include <string.h>

#include "cli/flags.h"
#include "conf/settings.h"

/* One line for several options keeps --help on a screen of 24 lines. */
enum { LEFT = 20, WIDTH = 79 };

enum line {
	LINE_UNTOLD,
#define LINE(line, text) LINE_##line,
#include "cli/flags.def"
};

static const struct { enum line line; const char *text; } lines[] = {
#define LINE(line, text) {LINE_##line, text},
#include "cli/flags.def"
};

static const struct told {
	const char *option;
	enum arity arity;
	const char *value;
	enum line line;
} all[] = {
#define FLAG(letter, arity, value, called, does, line, note) {(const char[]){'-', letter, '\0'}, arity, value, LINE_##line},
#define MODE(letter, mode, line) {"-b" letter, NONE, "", LINE_##line},
#define WORD(word, arity, value, does, line) {"--" word, arity, value, LINE_##line},
#include "cli/flags.def"
};

enum { ALL = sizeof all / sizeof *all };

static size_t next_of(enum line line, size_t i)
{
	while (i < ALL && all[i].line != line)
		i++;
	return i;
}

/* "-f, -r ADDRESS": options with the same value stand on one line, with the value after the last. */
static size_t print_options(FILE *out, enum line line)
{
	size_t column = 0;

	for (size_t i = next_of(line, 0), next; i < ALL; i = next) {
		const struct told *t = &all[i];
		bool shared;

		next = next_of(line, i + 1);
		shared = next < ALL && all[next].arity == t->arity && strcmp(all[next].value, t->value) == 0;
		column += (size_t)fprintf(out, "%s%s", column ? ", " : "  ", t->option);
		if (*t->value && !shared)
			column += (size_t)fprintf(out, t->arity == NEEDS ? " %s" : "[%s]", t->value);
	}
	return column;
}

/* Prints as many settings as fit on the screen; --list-settings has all. */
static void print_settings(FILE *out)
{
	size_t column = (size_t)fprintf(out, "  --SETTING VALUE     any of");

	for (int s = 0; s < SETTINGS; s++) {
		const char *name = setting_name((enum setting)s);

		if (strchr(name, '_') || setting_is_secret((enum setting)s) || column + strlen(name) + sizeof " --, ..." > WIDTH)
			continue;
		column += (size_t)fprintf(out, " --%s,", name);
	}
	fputs(" ...\n", out);
}

void flags_help(FILE *out)
{
	fputs("Usage: mysend [options] [--] [recipient ...] < message\n"
	      "Hands a message to the configured mail relay, as sendmail does: mysend(1).\n", out);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		size_t column = print_options(out, lines[i].line);

		fprintf(out, "%*s%s\n", *lines[i].text ? (int)(column < LEFT ? LEFT + 2 - column : 2) : 0, "", lines[i].text);
	}
	print_settings(out);
	fputs("Settings and where they are read from: mysend.conf(5).\n", out);
}
