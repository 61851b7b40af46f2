/* Of which type and charset a file is sent, as the option and libmagic have it. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "intake/attach_type.h"
#include "job.h"
#include "mail/looker.h"

/* This program, executed anew, plays libmagic's process: to every question $MAGIC is the answer. */
static void say(char kind, const char *text)
{
	char out[2 + LOOKER_TEXT] = {kind, (char)strlen(text)};

	memcpy(out + 2, text, strlen(text));
	(void)!file_write(STDIN_FILENO, out, 2 + strlen(text));
}

static int play(const char *answer)
{
	static char octets[FILETYPE_LOOK];
	struct looker_ask ask;

	say(LOOKER_JAILED, "");
	while (file_read(STDIN_FILENO, &ask, sizeof ask) == sizeof ask && file_read(STDIN_FILENO, octets, ask.octets) == (ssize_t)ask.octets)
		say(LOOKER_TOLD, answer);
	return 0;
}

static void test_what_the_option_says_is_a_type_that_can_be_encoded(void **state)
{
	static const struct {
		const char *type, *wanted, *charset, *error; /* error: NULL, or how it begins */
	} rows[] = {
		{NULL, "", "", NULL},
		{"text/csv", "text/csv", "", NULL},
		{"text/csv; charset=iso-8859-1", "text/csv", "iso-8859-1", NULL},
		{"text/csv; charset=\"x y\"", NULL, NULL, "a.x: type is TYPE/SUBTYPE"},
		{"csv", NULL, NULL, "a.x: type is TYPE/SUBTYPE"},
		{"text/", NULL, NULL, "a.x: type is TYPE/SUBTYPE"},
		{"message/rfc822", NULL, NULL, "a.x: message/rfc822 must not be encoded"},
		{"Multipart/mixed", NULL, NULL, "a.x: Multipart/mixed must not be encoded"},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct draft_file a = {.path = "a.x", .type = rows[i].type};
		struct media said;
		struct failure f;

		if (attach_type_said(&said, &in, &a, &f) < 0) {
			assert_non_null(rows[i].error);
			check_failure(&f, AT_USAGE, EX_USAGE, rows[i].error);
			continue;
		}
		assert_null(rows[i].error);
		assert_string_equal(said.type, rows[i].wanted);
		assert_string_equal(said.charset, rows[i].charset);
	}
	arena_free(&in);
}

static void test_libmagic_tells_what_the_option_leaves_open(void **state)
{
	static const struct {
		const char *type, *octets, *magic, *wanted, *charset; /* type: the option's, or NULL; magic: what libmagic says */
	} rows[] = {
		/* all is said: libmagic is not believed, nor asked */
		{"application/pdf", "x", "image/png; charset=binary", "application/pdf", ""},
		{"text/csv; charset=iso-8859-1", "x", "image/png; charset=binary", "text/csv", "iso-8859-1"},
		/* a text/ type without its charset, of which libmagic has a part to say */
		{"text/csv", "x", "text/plain; charset=us-ascii", "text/csv", "us-ascii"},
		{"text/csv", "x", "application/octet-stream; charset=binary", "text/csv", ""},
		{NULL, "x", "image/png; charset=binary", "image/png", ""},
		{NULL, "x", "text/plain; charset=us-ascii", "text/plain", "us-ascii"},
		{NULL, "\xc3\xbc", "text/plain; charset=iso-8859-1", "text/plain", "utf-8"}, /* strict UTF-8 is UTF-8 */
		{NULL, "x", "message/rfc822; charset=us-ascii", "application/octet-stream", ""},
		{NULL, "\xff\xfe" "a\0\n\0", "text/plain; charset=utf-16le", "text/plain", "utf-8"}, /* converted */
		{"text/csv", "\xff\xfe" "a\0\n\0", "application/octet-stream; charset=binary", "text/csv", "utf-8"}, /* its mark says so */
	};
	struct arena in = {0};
	const char *preloaded = getenv("LD_PRELOAD");

	(void)state;
#ifdef WITHOUT_LIBMAGIC
	skip();
#endif
	if (preloaded && strstr(preloaded, "vgpreload")) /* what /proc/self/exe is then, is valgrind */
		skip();
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account account = {.name = ""};
		struct job j = {.account = &account};
		const struct draft_file a = {.path = "a.x", .type = rows[i].type};
		size_t len = *rows[i].octets == '\xff' ? 6 : strlen(rows[i].octets);
		struct charsets charsets;
		struct attach_asked asked = {.charsets = &charsets, .job = &j, .look = arena_zeroed(&j.arena, FILETYPE_LOOK, 1)};
		struct part p = {.content = source_text(&j.arena, (struct slice){rows[i].octets, len})};
		struct media said;
		struct failure f;
		int rc;

		account_defaults(&account);
		setenv("MAGIC", rows[i].magic, 1);
		asked.types = filetypes_open(&j.arena, NULL);
		charsets = charsets_for(&account, &j.arena, asked.types, NULL);
		message_of(&j.message, &j.arena, "x\n");
		rc = attach_type_said(&said, &j.arena, &a, &f);
		if (rc == 0)
			rc = attach_type_tell(&asked, &p, &a, &said, &f);
		if (rc < 0 || strcmp(p.type, rows[i].wanted) != 0 || strcmp(p.charset, rows[i].charset) != 0)
			print_error("row %zu: %s\n", i, rc < 0 ? f.text : p.type);
		assert_int_equal(rc, 0);
		assert_string_equal(p.type, rows[i].wanted);
		assert_string_equal(p.charset, rows[i].charset);
		filetypes_close(asked.types);
		message_close(&j.message);
		arena_free(&j.arena);
	}
	arena_free(&in);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_the_option_says_is_a_type_that_can_be_encoded),
		cmocka_unit_test(test_libmagic_tells_what_the_option_leaves_open),
	};

	if (looker_is_asked(argc, argv))
		return play(getenv("MAGIC"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
