/* cli/complete: what is offered for the last word of a line. tests/cli/test_completion.py asks the shells themselves. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/complete.h"

/* What is offered, as one text with a blank behind each candidate, without descriptions. */
static char *offered(const char *const *words)
{
	struct arena run = {.block = NULL};
	char *text, *to, *copies[10] = {NULL};
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	for (size_t i = 0; words[i]; i++)
		copies[i] = arena_printf(&run, "%s", words[i]);
	complete_print(out, copies, &run);
	assert_int_equal(fclose(out), 0);
	arena_free(&run);
	to = text;
	for (char *from = text; *from; from++)
		if (*from == '\t')
			from += strcspn(from, "\n") - 1;
		else
			*to++ = *from == '\n' ? ' ' : *from;
	*to = '\0';
	return text;
}

static void test_what_is_offered_follows_from_the_words_before(void **state)
{
	static const struct { const char *words[8], *wanted; } rows[] = {
		{{"--queue-h"}, "--queue-hold "}, {{"--tls-s"}, "--tls-starttls "}, {{"--unsu"}, "--unsubscribe --unsure "},
		{{"--subj"}, "--subject "}, {{"--passw"}, "--password-file --password-command "}, {{"--complete"}, ""}, {{"--frob"}, ""},
		/* values: as the next word, in the same one, and of what need not have any */
		{{"--tls", "tr"}, "try "}, {{"--tls=t"}, "--tls=try "}, {{"--tls_starttls", "o"}, "off on "}, {{"--tls-starttls=of"}, "--tls-starttls=off "},
		{{"--unsure", ""}, "retry hold "}, {{"--format", "p"}, "plugin prometheus "}, {{"--format=pr"}, "--format=prometheus "},
		{{"--priority", "h"}, "high "}, {{"-R", ""}, "full hdrs "}, {{"-B", "8"}, "8BITMIME "}, {{"--tls", "off", ""}, ""},
		{{"--format", "plugin", ""}, ""}, {{"--to", "on", "o"}, ""}, {{"--host", ""}, ""}, {{"--password", ""}, ""}, {{"--frob=x"}, ""}, {{"--json=x"}, ""},
		/* letters */
		{{"-od"}, "-odb -odi -odq "}, {{"-o", "e"}, "em ep eq "}, {{"-b", "h"}, "h "}, {{"-bp"}, "-bp "}, {{"-Rf"}, "-Rfull "}, {{"-?"}, ""},
		/* files */
		{{"--attach", "x"}, ":files "}, {{"--attach=x"}, ":files "}, {{"-C", ""}, ":files "}, {{"-vC", ""}, ":files "}, {{"-X", ""}, ":files "},
		{{"--report", ""}, ":files "}, {{"--template", "a"}, ":files "}, {{"--tls-trust-dir", ""}, ":folders "}, {{"--logfile=/"}, ":files "},
		{{"--batch", "x"}, ":files "}, {{"--merge", "--template", "t", "x"}, ":files "}, {{"--merge", "--template", "t", "--", ""}, ":files "},
		/* recipients are nobody's to know */
		{{""}, ""}, {{"bob"}, ""}, {{"-t", ""}, ""}, {{"-f", "a@b.example", "b"}, ""}, {{"--", "--tls"}, ""}, {{"--tls", "--", "o"}, ""},
		{{"-f", "--tls", "o"}, ""}, {{"-iv", "--queue-fl"}, "--queue-flush "}, {{"--subject", "--batch", ""}, ""},
		{{"-a", "--queue-h"}, ""}, {{"--", "-"}, ""},
		{{NULL}, ""},
	};

	(void)state;
	setenv("MYSEND_CONFIG", "/dev/null", 1);
	for (size_t i = 0; i < ROWS(rows); i++) {
		char *got = offered(rows[i].words);

		if (strcmp(got, rows[i].wanted) != 0)
			print_error("row %zu, %s\n", i, rows[i].words[0] ? rows[i].words[0] : "");
		assert_string_equal(got, rows[i].wanted);
		free(got);
	}
}

static void test_every_option_is_offered_once_and_no_secret(void **state)
{
	char *got = offered((const char *const[]){"-", NULL});

	(void)state;
	assert_non_null(strstr(got, "-t "));
	assert_non_null(strstr(got, "--queue-remove "));
	assert_non_null(strstr(got, "--tls-min-version "));
	assert_null(strstr(got, "--password "));
	for (char *word = got; *word; word += strcspn(word, " ") + 1) {
		size_t len = strcspn(word, " ") + 1;

		for (char *next = word + len; *next; next += strcspn(next, " ") + 1)
			assert_false(strncmp(word, next, len) == 0);
	}
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_offered_follows_from_the_words_before),
		cmocka_unit_test(test_every_option_is_offered_once_and_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
