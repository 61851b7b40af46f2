#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/vault.h"
/* and who waits for whom */
#include "conf/known.c"
#include "conf/credential.c"
#include "files.h"
#include "threads.h"

static struct arena arena;
static char folder[] = "/tmp/mysend.XXXXXX";

static void set(struct account *a, enum setting s, const char *value)
{
	const struct origin from = {RANK_USER, 1, "conf"};
	struct failure f;

	assert_int_equal(account_set(a, &arena, s, slice_of(value), &from, &f), 0);
}

static void account(struct account *a)
{
	static unsigned last;

	account_defaults(a);
	a->id = ++last;
	set(a, SET_host, "h.example");
	set(a, SET_user, "joe");
	set(a, SET_netrc, "");
}

/* The password, or what the error says. */
static const char *found(const struct account *a)
{
	struct credential c;
	struct failure f;
	const char *text;

	if (credential_take(&c, a, &f) == 0) {
		text = c.text ? arena_text(&arena, c.text, strlen(c.text)) : NULL;
		credential_release(&c);
		assert_null(c.text);
		return text;
	}
	assert_int_equal(f.exit, EX_CONFIG);
	return arena_text(&arena, f.text, strlen(f.text));
}

static int group_setup(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const files[] = {"file", "netrc", "mysend.password", "ran", "fifo"};

	(void)state;
	for (size_t i = 0; i < ROWS(files); i++)
		unlink(files[i]);
	unsetenv("CREDENTIALS_DIRECTORY");
	credential_wipe();
	arena_free(&arena);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void test_the_first_line_of_a_file_is_the_password(void **state)
{
	static const struct { const char *text, *password; } rows[] = {
		{"pw", "pw"}, {"pw\n", "pw"}, {"pw\r\n", "pw"}, {"pw\nmore\n", "pw"}, {" p w \n", " p w "},
		{"", "conf:1: password_file: file: the first line should be the password, and is empty"},
		{"\npw\n", "conf:1: password_file: file: the first line should be the password, and is empty"},
		{"p\tw\n", "conf:1: password_file: file: there is a control character in the password"},
		{"p\rw\n", "conf:1: password_file: file: there is a control character in the password"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;

		file_put("file", rows[i].text, 0600);
		account(&a);
		set(&a, SET_password_file, "file");
		assert_string_equal(found(&a), rows[i].password);
		credential_wipe();
	}
}

static void test_a_file_that_others_may_read_is_refused(void **state)
{
	static const struct { unsigned mode; bool fine; } rows[] = {
		{0600, true}, {0640, true}, {0400, true}, {0644, false}, {0604, false}, {0602, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;

		account(&a);
		set(&a, SET_password_file, "file");
		file_put("file", "hunter2\n", rows[i].mode);
		if (rows[i].fine)
			assert_string_equal(found(&a), "hunter2");
		else
			assert_non_null(strstr(found(&a), "file is refused: "));
		credential_wipe();
		account(&a);
		file_put("netrc", "machine h.example login joe password hunter2", rows[i].mode);
		set(&a, SET_netrc, "netrc");
		if (rows[i].fine)
			assert_string_equal(found(&a), "hunter2");
		else
			assert_non_null(strstr(found(&a), "netrc is refused"));
		credential_wipe();
	}
}

static void test_the_first_line_that_a_command_prints_is_the_password(void **state)
{
	static const struct { const char *command, *password; } rows[] = {
		{"echo pw", "pw"},
		{"printf 'pw\\nmore'", "pw"},
		{"cat; echo pw", "pw"},
		{"true", "conf:1: password_command: the first line should be the password, and is empty"},
		{"exit 3", "conf:1: password_command: the command failed with status 3"},
		{"echo hunter2; kill -9 $$", "conf:1: password_command: the command was ended by a signal"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;

		account(&a);
		set(&a, SET_password_command, rows[i].command);
		assert_string_equal(found(&a), rows[i].password);
		credential_wipe();
	}
}

static void test_a_command_runs_once_until_the_wipe(void **state)
{
	struct account a;
	struct stat st;

	(void)state;
	account(&a);
	set(&a, SET_password_command, "printf x >>ran; echo pw");
	assert_string_equal(found(&a), "pw");
	assert_string_equal(found(&a), "pw");
	assert_int_equal(stat("ran", &st), 0);
	assert_int_equal(st.st_size, 1);
	credential_wipe();
	assert_string_equal(found(&a), "pw");
	assert_int_equal(stat("ran", &st), 0);
	assert_int_equal(st.st_size, 2);
}

static void test_the_first_that_is_set_decides(void **state)
{
	struct account a;

	(void)state;
	account(&a);
	assert_null(found(&a));
	credential_wipe();
	file_put("netrc", "machine h.example login joe password 5\n", 0600);
	set(&a, SET_netrc, "netrc");
	assert_string_equal(found(&a), "5");
	credential_wipe();
	file_put("mysend.password", "4\n", 0444); /* systemd's own business */
	setenv("CREDENTIALS_DIRECTORY", ".", 1);
	assert_string_equal(found(&a), "4");
	credential_wipe();
	set(&a, SET_password_command, "echo 3");
	assert_string_equal(found(&a), "3");
	credential_wipe();
	file_put("file", "2\n", 0600);
	set(&a, SET_password_file, "file");
	assert_string_equal(found(&a), "2");
	credential_wipe();
	set(&a, SET_password, "1");
	assert_string_equal(found(&a), "1");
}

static void test_what_is_missing_is_an_error_only_where_it_was_named(void **state)
{
	struct account a;

	(void)state;
	account_defaults(&a);
	a.netrc = "nowhere/netrc"; /* as the default one */
	setenv("CREDENTIALS_DIRECTORY", "nowhere", 1);
	assert_null(found(&a));
	credential_wipe();
	set(&a, SET_netrc, "nowhere");
	assert_non_null(strstr(found(&a), "netrc: nowhere: No such file"));
	set(&a, SET_password_file, "elsewhere");
	assert_non_null(strstr(found(&a), "password_file: elsewhere: No such file"));
	file_put("netrc", "machine other password x", 0644);
	account(&a);
	set(&a, SET_netrc, "netrc");
	assert_null(found(&a)); /* nothing of ours is exposed there */
}

static void test_no_error_quotes_a_password(void **state)
{
	static const struct { const char *text; unsigned mode; } rows[] = {
		{"hunter2\x01\n", 0600}, {"hunter2\n", 0644}, {"hunter2\tx", 0600}, {"\nhunter2", 0600},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		static const enum setting places[] = {SET_password_file, SET_netrc, SET_password_command};

		for (size_t k = 0; k < ROWS(places); k++) {
			const char *said;
			struct account a;

			if (places[k] == SET_password_command && rows[i].mode != 0600)
				continue;
			if (places[k] == SET_netrc && *rows[i].text == '\n')
				continue;
			file_put("file", rows[i].text, rows[i].mode);
			file_put("netrc", arena_printf(&arena, "machine h.example password \"%s\"", rows[i].text), rows[i].mode);
			account(&a);
			set(&a, places[k], places[k] == SET_netrc ? "netrc" : places[k] == SET_password_file ? "file" : "cat file");
			said = found(&a);
			assert_true(strlen(said) > 20); /* an error */
			assert_null(strstr(said, "hunter2"));
			credential_wipe();
		}
	}
}

static void test_a_file_or_an_output_of_more_than_64_kib_is_no_password(void **state)
{
	char *wall = malloc(65538);
	struct account a;

	(void)state;
	memset(wall, 'w', 65537);
	wall[65537] = '\0';
	wall[1] = '\n';
	file_put("file", wall, 0600);
	account(&a);
	set(&a, SET_password_file, "file");
	assert_string_equal(found(&a), "conf:1: password_file: file: File too large");
	set(&a, SET_password_file, "");
	set(&a, SET_password_command, "cat file");
	assert_string_equal(found(&a), "conf:1: password_command: the command printed more than 65536 bytes");
	wall[65536] = '\0';
	file_put("file", wall, 0600);
	assert_string_equal(found(&a), "w");
	free(wall);
}

static void test_a_file_that_we_may_not_read_is_an_error(void **state)
{
	struct account a;

	(void)state;
	if (geteuid() == 0)
		skip(); /* root may */
	account(&a);
	file_put("file", "hunter2", 0);
	set(&a, SET_password_file, "file");
	assert_string_equal(found(&a), "conf:1: password_file: file: Permission denied");
	file_put("netrc", "machine h.example password x", 0);
	account(&a);
	set(&a, SET_netrc, "netrc");
	assert_string_equal(found(&a), "netrc: Permission denied");
	account(&a);
	account_unset(&a, SET_netrc);
	a.netrc = "netrc"; /* as the default one, which may be somebody else's */
	assert_null(found(&a));
	chmod("file", 0600);
	chmod("netrc", 0600);
}

static void test_netrc_is_asked_for_the_accounts_host_and_user(void **state)
{
	static const struct { const char *host, *user, *password; } rows[] = {
		{"h.example", "joe", "1"}, {"H.Example", "joe", "1"}, {"h.example", "jane", "2"}, {"h.example", "jim", "9"},
		{"other.example", "joe", "9"},
	};

	(void)state;
	file_put("netrc", "machine h.example login joe password 1\nmachine h.example login jane password 2\n"
		     "default login joe password 9\ndefault password 9\n", 0600);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a;

		account(&a);
		set(&a, SET_host, rows[i].host);
		set(&a, SET_user, rows[i].user);
		set(&a, SET_netrc, "netrc");
		assert_string_equal(found(&a), rows[i].password);
		credential_wipe();
	}
}

static void test_each_account_has_its_own(void **state)
{
	struct account one, two, three;

	(void)state;
	account(&one);
	account(&two);
	account(&three);
	set(&one, SET_password_command, "echo 1");
	set(&two, SET_password_command, "echo 2");
	assert_string_equal(found(&one), "1");
	assert_string_equal(found(&two), "2");
	assert_null(found(&three));
	assert_string_equal(found(&one), "1");
	set(&two, SET_password_command, "false");
	credential_drop(&two);
	assert_non_null(strstr(found(&two), "failed with status 1"));
	assert_non_null(strstr(found(&two), "failed with status 1")); /* a failure is not kept */
}

static void test_nothing_is_left_in_the_vault_after_the_wipe(void **state)
{
	unsigned one, two, three;
	const char *text;
	struct rlimit core;
	struct credential c;
	struct failure f;
	struct account a;

	(void)state;
	account(&a);
	set(&a, SET_password, "hunter2");
	one = vault_keep(SLICE("one"));
	two = vault_keep(SLICE("the second"));
	text = vault_take(two);
	assert_string_equal(text, "the second");
	assert_string_equal(vault_take(one), "one");
	assert_string_equal(vault_take(a.password), "hunter2");
	vault_release(one);
	vault_release(two);
	vault_release(a.password);
	credential_wipe();
	for (size_t i = 0; i < strlen("the second"); i++)
		assert_int_equal(text[i], 0);
	assert_null(vault_take(one));
	assert_null(vault_take(two));
	assert_int_equal(credential_take(&c, &a, &f), -1);
	three = vault_keep(SLICE("three"));
	assert_string_equal(vault_take(three), "three");
	assert_null(vault_take(two)); /* a handle is never another text's */
	assert_null(vault_take(three + 1));
	assert_null(vault_take(0));
	assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
	assert_int_equal(core.rlim_cur, 0);
}

static void test_what_is_dropped_is_found_anew_and_stays_for_who_has_it(void **state)
{
	struct credential old, new;
	struct failure f;
	struct account a;
	const char *text;

	(void)state;
	account(&a);
	set(&a, SET_password_command, "printf x >>ran; wc -c <ran | tr -d ' '");
	assert_int_equal(credential_take(&old, &a, &f), 0);
	assert_string_equal(old.text, "1");
	credential_drop(&a);
	credential_drop(&a);
	assert_int_equal(credential_take(&new, &a, &f), 0);
	assert_string_equal(new.text, "2");
	assert_string_equal(old.text, "1");
	text = old.text;
	credential_release(&old);
	assert_int_equal(*text, 0);
	assert_string_equal(found(&a), "2");
	credential_release(&new);
	set(&a, SET_password, "7"); /* which stands in the file: it cannot be found anew */
	assert_string_equal(found(&a), "7");
	credential_drop(&a);
	assert_string_equal(found(&a), "7");
}

static void test_what_is_kept_goes_by_id_not_by_address(void **state)
{
	struct account a, moved;

	(void)state;
	account(&a);
	set(&a, SET_password_command, "printf x >>ran; wc -c <ran | tr -d ' '");
	assert_string_equal(found(&a), "1");
	moved = a;
	assert_string_equal(found(&moved), "1");
	a.id += 1000; /* another one, in the same place: nobody had to wipe before */
	assert_string_equal(found(&a), "2");
	assert_string_equal(found(&moved), "1");
}

enum { THREADS = 8 };

struct asking {
	pthread_t thread;
	const struct account *account;
	char text[sizeof((struct failure *)NULL)->text];
};

static void *ask(void *asking)
{
	struct asking *a = asking;
	struct credential c;
	struct failure f;

	if (credential_take(&c, a->account, &f) < 0) {
		snprintf(a->text, sizeof a->text, "%s", f.text);
		return NULL;
	}
	snprintf(a->text, sizeof a->text, "%s", c.text ? c.text : "");
	credential_release(&c);
	return NULL;
}

static void begin(struct asking *of, size_t count, const struct account *a)
{
	for (size_t i = 0; i < count; i++) {
		of[i] = (struct asking){.account = a};
		assert_int_equal(pthread_create(&of[i].thread, NULL, ask, &of[i]), 0);
	}
}

static void end(struct asking *of, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(pthread_join(of[i].thread, NULL), 0);
}

/* One is looking, and so many wait for it. */
static void until_waiting(const struct account *a, unsigned count)
{
	const struct timespec pause = {0, 1000 * 1000};
	const struct known *k;
	bool there = false;

	while (!there) {
		pthread_mutex_lock(&lock);
		k = look_up(a, KNOWN_PASSWORD);
		there = k && k->state == SEARCHED_FOR && k->waiting == count;
		pthread_mutex_unlock(&lock);
		if (!there)
			nanosleep(&pause, NULL);
	}
}

static void say(const char *answer)
{
	int fd = open("fifo", O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, answer, strlen(answer)), 0);
	close(fd);
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

static void test_of_eight_threads_that_ask_at_once_one_runs_the_command_for_all(void **state)
{
	static const struct { const char *answer, *text; } rows[] = {
		{"hunter2\n", "hunter2"},
		{"\n", "conf:1: password_command: the first line should be the password, and is empty"},
	};

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct asking asking[THREADS];
		struct account a;

		unlink("ran");
		account(&a);
		set(&a, SET_password_command, "printf x >>ran; cat fifo");
		begin(asking, THREADS, &a);
		until_waiting(&a, THREADS - 1);
		say(rows[i].answer);
		end(asking, THREADS);
		for (size_t k = 0; k < THREADS; k++)
			assert_string_equal(asking[k].text, rows[i].text);
		assert_int_equal(size_of("ran"), 1);
	}
}

static void test_who_looks_for_one_account_keeps_no_other_waiting(void **state)
{
	struct account slow, quick;
	struct asking asking;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	account(&slow);
	account(&quick);
	set(&slow, SET_password_command, "cat fifo");
	set(&quick, SET_password_command, "echo 2");
	begin(&asking, 1, &slow);
	until_waiting(&slow, 0);
	assert_string_equal(found(&quick), "2");
	say("1\n");
	end(&asking, 1);
	assert_string_equal(asking.text, "1");
}

static void test_what_is_found_behind_the_wipe_is_not_kept(void **state)
{
	struct asking asking[2];
	struct account a;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	account(&a);
	set(&a, SET_password_command, "printf x >>ran; cat fifo");
	begin(asking, 1, &a);
	until_waiting(&a, 0);
	credential_wipe();
	say("1\n");
	end(asking, 1);
	assert_string_equal(asking[0].text, "1");
	begin(asking, 1, &a);
	say("2\n");
	end(asking, 1);
	assert_string_equal(asking[0].text, "2");
	assert_int_equal(size_of("ran"), 2);
}

static struct account shared[3];

/* Takes, releases, drops and wipes: whatever the others do, the text is the account's. */
static void *turn(void *number)
{
	size_t n = *(const size_t *)number, wrong = 0;

	for (size_t i = 0; i < 300; i++) {
		size_t which = (i + n) % ROWS(shared);
		struct credential c;
		struct failure f;

		if (credential_take(&c, &shared[which], &f) < 0 || !c.text) {
			wrong++;
			continue;
		}
		wrong += *c.text != (char)('0' + which) || c.text[1];
		if (i % 7 == n)
			credential_drop(&shared[which]);
		if (i % 101 == n)
			credential_wipe();
		wrong += *c.text != (char)('0' + which);
		credential_release(&c);
	}
	return wrong ? number : NULL;
}

static void test_threads_that_take_drop_and_wipe_never_get_anothers_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(shared); i++) {
		const char *path = arena_printf(&arena, "file%zu", i);

		file_put(path, arena_printf(&arena, "%zu\n", i), 0600);
		account(&shared[i]);
		set(&shared[i], SET_password_file, path);
	}
	run_threads(THREADS, turn);
	for (size_t i = 0; i < ROWS(shared); i++)
		unlink(arena_printf(&arena, "file%zu", i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_the_first_line_of_a_file_is_the_password, teardown),
		cmocka_unit_test_teardown(test_a_file_that_others_may_read_is_refused, teardown),
		cmocka_unit_test_teardown(test_the_first_line_that_a_command_prints_is_the_password, teardown),
		cmocka_unit_test_teardown(test_a_command_runs_once_until_the_wipe, teardown),
		cmocka_unit_test_teardown(test_the_first_that_is_set_decides, teardown),
		cmocka_unit_test_teardown(test_what_is_missing_is_an_error_only_where_it_was_named, teardown),
		cmocka_unit_test_teardown(test_no_error_quotes_a_password, teardown),
		cmocka_unit_test_teardown(test_a_file_or_an_output_of_more_than_64_kib_is_no_password, teardown),
		cmocka_unit_test_teardown(test_a_file_that_we_may_not_read_is_an_error, teardown),
		cmocka_unit_test_teardown(test_netrc_is_asked_for_the_accounts_host_and_user, teardown),
		cmocka_unit_test_teardown(test_each_account_has_its_own, teardown),
		cmocka_unit_test_teardown(test_nothing_is_left_in_the_vault_after_the_wipe, teardown),
		cmocka_unit_test_teardown(test_what_is_dropped_is_found_anew_and_stays_for_who_has_it, teardown),
		cmocka_unit_test_teardown(test_what_is_kept_goes_by_id_not_by_address, teardown),
		cmocka_unit_test_teardown(test_of_eight_threads_that_ask_at_once_one_runs_the_command_for_all, teardown),
		cmocka_unit_test_teardown(test_who_looks_for_one_account_keeps_no_other_waiting, teardown),
		cmocka_unit_test_teardown(test_what_is_found_behind_the_wipe_is_not_kept, teardown),
		cmocka_unit_test_teardown(test_threads_that_take_drop_and_wipe_never_get_anothers_text, teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
