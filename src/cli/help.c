#include <string.h>

#include "cli/flags.h"
#include "conf/settings.h"

/* One line for several options keeps --help on a screen of 24 lines. */
enum { LEFT = 20, WIDTH = 79 };

enum line {
	LINE_UNTOLD,
#define LINE(line, text) LINE_##line,
#define MANY_LINE(line, text) LINE_##line,
#include "cli/flags.def"
};

static const struct { enum line line; const char *text; bool batch; } lines[] = {
#define LINE(line, text) {LINE_##line, text, false},
#define MANY_LINE(line, text) {LINE_##line, text, true},
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
#define MANY(word, arity, value, does, line) {"--" word, arity, value, LINE_##line},
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

static void print_lines(FILE *out, bool batch)
{
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		size_t column = lines[i].batch == batch ? print_options(out, lines[i].line) : 0;

		if (lines[i].batch == batch)
			fprintf(out, "%*s%s\n", *lines[i].text ? (int)(column < LEFT ? LEFT + 2 - column : 2) : 0, "", lines[i].text);
	}
}

static void batch_help(FILE *out)
{
	fputs("Usage: mysend --batch [options] MAILBOX | FOLDER | FILE.eml ... | BSMTP | -\n"
	      "       mysend --merge [options] TABLE.csv --template LETTER\n"
	      "Sends many mails, and notes in a ledger what became of each: mysend-batch(7).\n"
	      "The same command again goes on where the last run ended.\n", out);
	print_lines(out, true);
	fputs("  --dry-run           check all, print the sum and mail 1 (or --preview's)\n"
	      "  --json              a line for each mail, and the sum, for programs\n"
	      "With --merge {{COLUMN}} may stand in --to, --cc, --bcc, --reply-to, --subject,\n"
	      "--header, --html, --attach and --inline; --charset is that of the table.\n"
	      "Settings: --rate 30/min,5000/day, --sessions, --window: mysend.conf(5).\n", out);
}

void flags_help(FILE *out, bool batch)
{
	if (batch) {
		batch_help(out);
		return;
	}
	fputs("Usage: mysend [options] [--] [recipient ...] < message\n"
	      "Hands a message to the configured mail relay, as sendmail does: mysend(1).\n", out);
	print_lines(out, false);
	print_settings(out);
	fputs("Settings and where they are read from: mysend.conf(5).\n", out);
}
