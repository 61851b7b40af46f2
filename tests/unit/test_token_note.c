#include "unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "files.h"
#include "base/file.h"
#include "conf/token_note.h"

static char top[] = "/tmp/mysend.XXXXXX";
static char folder[100], lock[200];
static struct account account;
static const struct oauth oauth = {.client_id = "c1", .scope = "s", .token_url = "https://p.example/token"};

static int setup(void **state)
{
	(void)state;
	memcpy(strrchr(top, '.'), ".XXXXXX", 8);
	if (!mkdtemp(top))
		return -1;
	snprintf(folder, sizeof folder, "%s/oauth", top);
	snprintf(lock, sizeof lock, "%s/work.lock", folder);
	account_defaults(&account);
	account.name = "work";
	account.user = "joe";
	account.oauth_state = folder;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(lock);
	rmdir(folder);
	return rmdir(top);
}

static void write_it(time_t now, int exit, const char *text)
{
	struct token_file t;
	struct failure f;

	assert_int_equal(token_file_open(&t, &account, &oauth, &f), 0);
	assert_int_equal(token_file_lock(&t, 0, &f), 0);
	fail(&f, AT_TOKEN, exit, "%s", text);
	token_note_write(&t, now, &f);
	token_file_close(&t);
}

static struct token_note read_it(void)
{
	struct token_note n = {.tried = 7};
	struct token_file t;
	struct failure f;

	assert_int_equal(token_file_open(&t, &account, &oauth, &f), 0);
	token_note_read(&n, &t);
	token_file_close(&t);
	return n;
}

static void is(time_t tried, time_t refused, const char *words)
{
	struct token_note n = read_it();

	assert_int_equal(n.tried, tried);
	assert_int_equal(n.refused, refused);
	assert_string_equal(n.words, words);
}

static void test_what_failed_is_noted_and_a_refusal_is_kept_by_later_tries(void **state)
{
	char large[600];

	(void)state;
	is(0, 0, "");
	write_it(1000, EX_TEMPFAIL, "nobody answers");
	is(1000, 0, "");
	write_it(2000, EX_NOPERM, "invalid_grant: it is over");
	is(2000, 2000, "invalid_grant: it is over");
	write_it(3000, EX_TEMPFAIL, "nobody answers");
	is(3000, 2000, "invalid_grant: it is over");
	memset(large, 'x', sizeof large);
	large[sizeof large - 1] = '\0';
	write_it(4000, EX_NOPERM, large);
	assert_int_equal(strlen(read_it().words), TOKEN_NOTE_WORDS - 1);
	write_it(5000, EX_NOPERM, "two\nRefused: 9\nlines");
	is(5000, 5000, "two\\x0aRefused: 9\\x0alines");
}

static void test_only_the_owner_reads_it(void **state)
{
	struct stat st;

	(void)state;
	write_it(1000, EX_NOPERM, "x");
	assert_int_equal(stat(lock, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_what_is_no_note_is_none(void **state)
{
	static const struct { const char *text; time_t tried, refused; const char *words; } rows[] = {
		{"", 0, 0, ""}, {"\n\n", 0, 0, ""}, {"Tried: 5", 5, 0, ""}, {"Tried: x\nRefused: -5\nWords: a\n", 0, 0, "a"},
		{"Tried: 99999999999999999999\n", 0, 0, ""}, {"Tries: 5\nWords:a\n", 0, 0, ""}, {"Words: \x1b[31m\n", 0, 0, "\\x1b[31m"},
	};

	(void)state;
	write_it(1, EX_TEMPFAIL, "");
	for (size_t i = 0; i < ROWS(rows); i++) {
		file_fill(lock, rows[i].text);
		is(rows[i].tried, rows[i].refused, rows[i].words);
	}
}

static void test_without_a_lock_nothing_is_written(void **state)
{
	struct token_file t;
	struct failure f;

	(void)state;
	assert_int_equal(token_file_open(&t, &account, &oauth, &f), 0);
	fail(&f, AT_TOKEN, EX_NOPERM, "x");
	token_note_write(&t, 5, &f);
	token_file_close(&t);
	assert_int_equal(access(lock, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_failed_is_noted_and_a_refusal_is_kept_by_later_tries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_the_owner_reads_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_no_note_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_a_lock_nothing_is_written, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
