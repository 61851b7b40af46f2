#include "mail/filetype.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "mail/looker.h"
#include "unit.h"

/* This program, executed anew, plays the looker; $MAGIC, which that is given, says which one. */
static void say(int kind, const char *text, size_t len)
{
	char out[2 + LOOKER_TEXT] = {(char)kind, (char)(unsigned char)len};

	memcpy(out + 2, text, len);
	(void)!file_write(STDIN_FILENO, out, 2 + len);
}

static bool take(char *octets)
{
	struct looker_ask ask;
	size_t got = 0;

	if (file_read(STDIN_FILENO, &ask, sizeof ask) != sizeof ask || memcmp(ask.kind, "look", 4) != 0)
		return false;
	while (got < ask.octets) {
		ssize_t n = file_read(STDIN_FILENO, octets + got, ask.octets - got);

		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

static int play(const char *which)
{
	static char octets[FILETYPE_LOOK];

	if (strcmp(which, "gone") == 0)
		return 1;
	if (strcmp(which, "no-database") == 0) {
		say(LOOKER_FAILED, "no database", 11);
		return 1;
	}
	if (strcmp(which, "nonsense") == 0) {
		(void)!file_write(STDIN_FILENO, octets, 4096);
		return 1;
	}
	if (strcmp(which, "limited") == 0)
		say(LOOKER_LIMITED, "Function not implemented", 24);
	else
		say(LOOKER_JAILED, "", 0);
	while (take(octets)) {
		if (*octets == '!') /* what it dies of */
			return 1;
		if (*octets == '~')
			(void)!file_write(STDIN_FILENO, "T\377cut", 5);
		else if (*octets == '?')
			say(LOOKER_FAILED, "that is nothing", 15);
		else if (*octets == '2' && strcmp(which, "tires") == 0)
			return 1;
		else
			say(LOOKER_TOLD, octets, strnlen(octets, 200));
		if (*octets == '~')
			return 1;
	}
	return 0;
}

struct told {
	const char *type, *charset, *warning; /* NULL: none; or a piece of it */
};

/* What is said on standard error meanwhile. */
static struct filetype ask(struct filetypes *t, struct arena *in, const char *octets, char *said, size_t room)
{
	char head[256] = "";
	int saved = dup(STDERR_FILENO), file = file_unnamed();
	struct filetype found;
	ssize_t n;

	assert_true(saved >= 0 && file >= 0 && strlen(octets) < sizeof head);
	memcpy(head, octets, strlen(octets));
	dup2(file, STDERR_FILENO);
	found = filetype_of(t, in, (struct slice){head, sizeof head}, "a.bin");
	dup2(saved, STDERR_FILENO);
	n = file_read_at(file, said, room - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(saved);
	close(file);
	return found;
}

static void test_what_a_looker_says_is_taken_only_where_it_can_be(void **state)
{
	static const char octets[] = "application/octet-stream";
	static const struct {
		const char *which, *look[3];
		struct told told[3];
	} rows[] = {
		{"echo", {"image/png; charset=binary"}, {{"image/png", "binary", NULL}}},
		{"echo", {"text/plain; charset=utf-8", "text/x-c; charset=us-ascii"}, {{"text/plain", "utf-8", NULL}, {"text/x-c", "us-ascii", NULL}}},
		/* no media types, and no charsets */
		{"echo", {"inode/x-empty; charset=binary", "chemical/x-pdb; charset=us-ascii", "image"}, {{octets, "binary", NULL}, {octets, "binary", NULL}, {octets, "binary", NULL}}},
		{"echo", {"application/pdfapplication/zip; charset=binary", "text/plain, text/x; charset=us-ascii"}, {{octets, "binary", NULL}, {octets, "binary", NULL}}},
		{"echo", {"text/plain; charset=a\r\nX: y", "text/plain; charset=", "text/plain; charset=\"x\""}, {{"text/plain", "binary", NULL}, {"text/plain", "binary", NULL}, {"text/plain", "binary", NULL}}},
		{"echo", {"text/plain\nBcc: x; charset=utf-8"}, {{octets, "binary", NULL}}},
		/* it ends, and the next file has another */
		{"echo", {"!", "image/png; charset=binary", "!"}, {{octets, "binary", "what a.bin is"}, {"image/png", "binary", NULL}, {octets, "binary", "what a.bin is"}}},
		{"echo", {"~", "image/png; charset=binary"}, {{octets, "binary", "what a.bin is"}, {"image/png", "binary", NULL}}},
		{"echo", {"?", "image/png; charset=binary"}, {{octets, "binary", "that is nothing: what a.bin is"}, {"image/png", "binary", NULL}}},
		{"tires", {"1/x", "2", "image/png; charset=binary"}, {{octets, "binary", NULL}, {octets, "binary", "what a.bin is"}, {"image/png", "binary", NULL}}},
		/* none can be had: one warning */
		{"gone", {"x", "x"}, {{octets, "binary", "could not be started"}, {octets, "binary", NULL}}},
		{"nonsense", {"x", "x"}, {{octets, "binary", "could not be started"}, {octets, "binary", NULL}}},
		{"no-database", {"x", "x"}, {{octets, "binary", "libmagic: no database"}, {octets, "binary", NULL}}},
		{"limited", {"image/png; charset=binary", "!", "image/png; charset=binary"}, {{"image/png", "binary", "limits alone"}, {octets, "binary", "what a.bin is"}, {"image/png", "binary", NULL}}},
	};
	struct arena in = {0};
	const char *preloaded = getenv("LD_PRELOAD");

	(void)state;
#ifdef WITHOUT_LIBMAGIC
	skip();
#endif
	if (preloaded && strstr(preloaded, "vgpreload")) /* what /proc/self/exe is then, is valgrind */
		skip();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct filetypes *t;
		char said[1000];

		setenv("MAGIC", rows[i].which, 1);
		t = filetypes_open(&in, NULL);
		for (size_t k = 0; k < 3 && rows[i].look[k]; k++) {
			const struct told *told = &rows[i].told[k];
			struct filetype found = ask(t, &in, rows[i].look[k], said, sizeof said);

			print_message("%s, %s: %s %s, said %s\n", rows[i].which, rows[i].look[k], found.type, found.charset, said);
			assert_string_equal(found.type, told->type);
			assert_string_equal(found.charset, told->charset);
			assert_true(told->warning ? strstr(said, told->warning) != NULL : *said == '\0');
		}
		filetypes_close(t);
	}
	arena_free(&in);
}

static void test_what_is_empty_is_asked_of_nobody(void **state)
{
	struct arena in = {0};
	struct filetypes *t;

	(void)state;
	setenv("MAGIC", "gone", 1);
	t = filetypes_open(&in, NULL);
	assert_string_equal(filetype_of(t, &in, SLICE(""), "x").type, "application/octet-stream");
	filetypes_close(t);
	arena_free(&in);
}

#define OCTETS(literal) {literal, sizeof(literal) - 1}

static void test_octets_alone_tell_text_from_what_is_none(void **state)
{
	static const struct { struct slice octets; const char *type, *charset; } rows[] = {
		{OCTETS(""), "application/octet-stream", "binary"},
		{OCTETS("a\r\n\tb\f\033[1m\b\n"), "text/plain", "us-ascii"},
		{OCTETS("Gr\xc3\xbc\xc3\x9f" "e"), "text/plain", "utf-8"},
		{OCTETS("Gr\xfc\xdf" "e"), "application/octet-stream", "unknown-8bit"},
		{OCTETS("cut \xc3"), "application/octet-stream", "unknown-8bit"}, /* nothing has cut it */
		{OCTETS("\xed\xa0\x80"), "application/octet-stream", "unknown-8bit"},
		{OCTETS("a\0b"), "application/octet-stream", "binary"},
		{OCTETS("\xff\xfe" "a\0"), "application/octet-stream", "binary"},
		{OCTETS("\x7f" "ELF"), "application/octet-stream", "binary"},
		{OCTETS("\x89PNG\r\n\x1a\n"), "application/octet-stream", "binary"},
	};
	char *look = malloc(FILETYPE_LOOK);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct filetype t = filetype_by_octets(rows[i].octets);

		if (strcmp(t.type, rows[i].type) != 0 || strcmp(t.charset, rows[i].charset) != 0)
			print_error("row %zu: %s; %s\n", i, t.type, t.charset);
		assert_string_equal(t.type, rows[i].type);
		assert_string_equal(t.charset, rows[i].charset);
	}
	/* A character that the end of the look has cut. */
	assert_non_null(look);
	memset(look, 'x', FILETYPE_LOOK);
	memcpy(look + FILETYPE_LOOK - 3, "\xf0\x9f\x98", 3);
	assert_string_equal(filetype_by_octets((struct slice){look, FILETYPE_LOOK}).charset, "utf-8");
	memcpy(look + FILETYPE_LOOK - 4, "\xf0\x9f\x98x", 4);
	assert_string_equal(filetype_by_octets((struct slice){look, FILETYPE_LOOK}).charset, "unknown-8bit");
	free(look);
}

static void test_no_other_call_makes_a_looker(void **state)
{
	static char name[] = "mysend", word[] = LOOKER_WORD, bob[] = "bob@example.org";
	char *alone[] = {name, word, NULL}, *more[] = {name, word, bob, NULL}, *other[] = {name, bob, NULL};
	int file = file_unnamed();

	(void)state;
	assert_true(file >= 0 && dup2(file, STDIN_FILENO) == STDIN_FILENO);
	assert_false(looker_is_asked(2, alone)); /* no socket */
	assert_false(looker_is_asked(3, more));
	assert_false(looker_is_asked(2, other));
	close(file);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_looker_says_is_taken_only_where_it_can_be),
		cmocka_unit_test(test_what_is_empty_is_asked_of_nobody),
		cmocka_unit_test(test_octets_alone_tell_text_from_what_is_none),
		cmocka_unit_test(test_no_other_call_makes_a_looker),
	};

	if (looker_is_asked(argc, argv))
		return play(getenv("MAGIC"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
