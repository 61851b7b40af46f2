#define _GNU_SOURCE /* MADV_WIPEONFORK */
#include "unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/vault.h"

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
	assert_string_equal(vault_text(one), "one");
	assert_string_equal(vault_text(empty), "");
	assert_string_equal(vault_text(three), "the third");
	assert_null(vault_text(0));
	assert_null(vault_text(three + 1));
	assert_null(vault_text(UINT_MAX));
}

static void test_after_the_wipe_nothing_is_left_and_no_handle_is_used_again(void **state)
{
	unsigned before = vault_keep(SLICE("hunter2")), after;
	const char *text = vault_text(before);

	(void)state;
	vault_wipe();
	for (size_t i = 0; i < strlen("hunter2"); i++)
		assert_int_equal(text[i], 0);
	assert_null(vault_text(before));
	after = vault_keep(SLICE("other"));
	assert_int_not_equal(after, before);
	assert_null(vault_text(before));
	assert_string_equal(vault_text(after), "other");
	vault_wipe();
	vault_wipe();
	assert_null(vault_text(after));
}

static void test_the_vault_has_an_end(void **state)
{
	char *much = calloc(1, VAULT_ROOM);
	unsigned most;

	(void)state;
	memset(much, 'x', VAULT_ROOM - 1);
	assert_int_equal(vault_keep((struct slice){much, VAULT_ROOM}), 0);
	most = vault_keep((struct slice){much, VAULT_ROOM - 1});
	assert_int_not_equal(most, 0);
	assert_int_equal(strlen(vault_text(most)), VAULT_ROOM - 1);
	assert_int_equal(vault_keep(SLICE("")), 0);
	free(much);
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
		assert_string_equal(vault_text(handle[i]), text);
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
	const char *text = vault_text(vault_keep(SLICE("hunter2")));
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
		cmocka_unit_test_teardown(test_many_small_texts_fit, teardown),
		cmocka_unit_test_teardown(test_a_process_that_holds_a_secret_leaves_no_core, teardown),
		cmocka_unit_test_teardown(test_a_child_does_not_inherit_what_is_in_it, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
