#define _GNU_SOURCE /* MADV_WIPEONFORK */
#include "unit.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/vault.h"
#include "threads.h"

static int teardown(void **state)
{
	(void)state;
	vault_wipe();
	return 0;
}

static void test_each_text_is_found_by_its_handle(void **state)
{
	unsigned one = vault_keep(SLICE("one")), empty = vault_keep(SLICE("")), three = vault_keep(SLICE("the third"));

	(void)state;
	assert_true(one && empty && three);
	assert_string_equal(vault_take(one), "one");
	assert_string_equal(vault_take(empty), "");
	assert_string_equal(vault_take(three), "the third");
	assert_null(vault_take(0));
	assert_null(vault_take(three + 1));
	assert_null(vault_take(UINT_MAX));
}

static void test_after_the_wipe_nothing_is_left_and_no_handle_is_used_again(void **state)
{
	unsigned before = vault_keep(SLICE("hunter2")), after;
	const char *text = vault_take(before);

	(void)state;
	vault_release(before);
	vault_wipe();
	for (size_t i = 0; i < strlen("hunter2"); i++)
		assert_int_equal(text[i], 0);
	assert_null(vault_take(before));
	after = vault_keep(SLICE("other"));
	assert_int_not_equal(after, before);
	assert_null(vault_take(before));
	assert_string_equal(vault_take(after), "other");
	vault_release(after);
	vault_wipe();
	vault_wipe();
	assert_null(vault_take(after));
}

static void test_the_vault_has_an_end(void **state)
{
	enum { HALF = VAULT_ROOM / 2 };
	char *much = calloc(1, VAULT_ROOM);
	unsigned first;

	(void)state;
	memset(much, 'x', VAULT_ROOM - 1);
	assert_int_equal(vault_keep((struct slice){much, VAULT_ROOM}), 0);
	first = vault_keep((struct slice){much, HALF});
	assert_int_not_equal(first, 0);
	assert_int_equal(strlen(vault_take(first)), HALF);
	assert_int_equal(vault_keep((struct slice){much, HALF}), 0);
	vault_drop(first); /* in use still */
	assert_int_equal(vault_keep((struct slice){much, HALF}), 0);
	vault_release(first);
	assert_int_not_equal(vault_keep((struct slice){much, HALF}), 0);
	free(much);
}

static void test_what_is_dropped_stays_for_who_has_it_and_then_is_wiped(void **state)
{
	unsigned old = vault_keep(SLICE("hunter2")), other = vault_keep(SLICE("other"));
	const char *one = vault_take(old), *two = vault_take(old);

	(void)state;
	assert_ptr_equal(one, two);
	vault_drop(old);
	assert_null(vault_take(old));
	vault_release(old);
	assert_string_equal(one, "hunter2");
	vault_wipe(); /* all the more */
	assert_string_equal(one, "hunter2");
	assert_null(vault_take(other));
	vault_release(old);
	for (size_t i = 0; i < strlen("hunter2"); i++)
		assert_int_equal(one[i], 0);
	vault_release(old); /* nothing */
	vault_drop(old);
	vault_drop(0);
}

static void test_tokens_that_come_and_go_take_no_more_room(void **state)
{
	char token[2048];
	unsigned kept = vault_keep(SLICE("password")), last = 0;

	(void)state;
	memset(token, 't', sizeof token);
	for (unsigned i = 0; i < 3 * VAULT_ROOM / sizeof token; i++) {
		unsigned next = vault_keep((struct slice){token, sizeof token - i % 60});

		assert_int_not_equal(next, 0);
		vault_drop(last);
		last = next;
	}
	assert_string_equal(vault_take(kept), "password");
	vault_release(kept);
}

enum { THREADS = 8, TURNS = 2000 };

/* Each keeps, reads and drops its own, while the others do. */
static void *turn(void *number)
{
	char text[80];
	size_t wrong = 0, n = *(const size_t *)number;

	for (size_t i = 0; i < TURNS; i++) {
		unsigned handle;
		const char *there;

		snprintf(text, sizeof text, "%zu of %zu, and %*s", i, n, (int)(i % 40), "");
		handle = vault_keep(slice_of(text));
		there = vault_take(handle);
		wrong += !there || strcmp(there, text) != 0;
		vault_drop(handle);
		wrong += !there || strcmp(there, text) != 0;
		vault_release(handle);
		wrong += vault_take(handle) != NULL;
	}
	return wrong ? number : NULL;
}

static void test_threads_do_not_get_each_others_texts(void **state)
{
	(void)state;
	run_threads(THREADS, turn);
}

static void test_many_small_texts_fit(void **state)
{
	unsigned handle[500];
	char text[32];

	(void)state;
	for (size_t i = 0; i < ROWS(handle); i++) {
		snprintf(text, sizeof text, "password %zu", i);
		handle[i] = vault_keep(slice_of(text));
		assert_int_not_equal(handle[i], 0);
	}
	for (size_t i = 0; i < ROWS(handle); i++) {
		snprintf(text, sizeof text, "password %zu", i);
		assert_string_equal(vault_take(handle[i]), text);
	}
}

static void test_a_process_that_holds_a_secret_leaves_no_core(void **state)
{
	struct rlimit core;

	(void)state;
	assert_int_not_equal(vault_keep(SLICE("x")), 0);
	assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
	assert_int_equal(core.rlim_cur, 0);
	assert_int_equal(core.rlim_max, 0);
}

static void test_a_child_does_not_inherit_what_is_in_it(void **state)
{
	const char *text = vault_take(vault_keep(SLICE("hunter2")));
	int status, able = -1;
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	(void)state;
	assert_true(page != MAP_FAILED);
#ifdef MADV_WIPEONFORK
	able = madvise(page, 4096, MADV_WIPEONFORK);
#endif
	munmap(page, 4096);
	if (able < 0)
		skip(); /* a kernel without it */
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(text[0] == '\0' && text[6] == '\0' ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_string_equal(text, "hunter2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_each_text_is_found_by_its_handle, teardown),
		cmocka_unit_test_teardown(test_after_the_wipe_nothing_is_left_and_no_handle_is_used_again, teardown),
		cmocka_unit_test_teardown(test_the_vault_has_an_end, teardown),
		cmocka_unit_test_teardown(test_what_is_dropped_stays_for_who_has_it_and_then_is_wiped, teardown),
		cmocka_unit_test_teardown(test_tokens_that_come_and_go_take_no_more_room, teardown),
		cmocka_unit_test_teardown(test_threads_do_not_get_each_others_texts, teardown),
		cmocka_unit_test_teardown(test_many_small_texts_fit, teardown),
		cmocka_unit_test_teardown(test_a_process_that_holds_a_secret_leaves_no_core, teardown),
		cmocka_unit_test_teardown(test_a_child_does_not_inherit_what_is_in_it, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
