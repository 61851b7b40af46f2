#include "unit.h"

#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"

static void test_pieces_are_aligned_apart_and_zeroed(void **state)
{
	static const size_t sizes[] = {0, 1, 7, 8, 16, 100, 4095, 4096, 4097, 16383, 16384, 16385, 100000, 3};
	struct arena a = {0};
	char *piece[ROWS(sizes)];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ROWS(sizes); i++) {
			piece[i] = arena_zeroed(&a, 1, sizes[i]);
			assert_int_equal((uintptr_t)piece[i] % _Alignof(max_align_t), 0);
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(piece[i][k], 0);
			memset(piece[i], (int)i + 1, sizes[i]);
		}
		for (size_t i = 0; i < ROWS(sizes); i++)
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(piece[i][k], i + 1);
		arena_reset(&a);
	}
	arena_free(&a);
	assert_null(a.block);
	arena_free(&a);
	arena_reset(&a);
}

static void test_texts_are_copied_and_terminated(void **state)
{
	struct arena a = {0};
	char text[] = "abc";
	char *copy = arena_text(&a, text, 2), *empty = arena_text(&a, NULL, 0);

	(void)state;
	text[0] = 'x';
	assert_string_equal(copy, "ab");
	assert_string_equal(empty, "");
	assert_string_equal(arena_printf(&a, "%s-%d", "n", 42), "n-42");
	assert_string_equal(arena_printf(&a, "%s", ""), "");
	assert_int_equal(strlen(arena_printf(&a, "%20000d", 1)), 20000);
	assert_memory_equal(arena_text(&a, "a\0b", 3), "a\0b", 4);
	arena_free(&a);
}

static void test_an_array_grows_with_what_it_holds(void **state)
{
	struct arena a = {0};
	size_t room = 0;
	int *array = NULL;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		array = arena_grow(&a, array, (size_t)i, &room, sizeof *array);
		assert_true(room > (size_t)i);
		assert_int_equal(array[room - 1], 0);
		array[i] = i + 1;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(array[i], i + 1);
	arena_free(&a);
}

static void ask_too_much(unsigned how)
{
	struct arena a = {0};
	size_t room = SIZE_MAX / 2 + 2;

	arena_text(&a, "x", 1); /* there is a block already */
	switch (how) {
	case 0:
		arena_zeroed(&a, SIZE_MAX / 2, 3); /* the product */
		break;
	case 1:
		arena_zeroed(&a, SIZE_MAX, 1); /* and what is to be aligned */
		break;
	case 2:
		arena_zeroed(&a, 1, SIZE_MAX - 20); /* and the block around it */
		break;
	case 3:
		arena_text(&a, "", SIZE_MAX); /* the NUL */
		break;
	case 4:
		arena_grow(&a, NULL, room, &room, 1); /* twice as many */
		break;
	}
}

static void test_out_of_memory_is_told_and_ends_with_ex_oserr(void **state)
{
	static const char words[] = "mysend: out of memory\n";

	(void)state;
	for (unsigned how = 0; how < 5; how++) {
		char said[100] = "";
		int status, ends[2];
		pid_t pid;

		assert_int_equal(pipe(ends), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			dup2(ends[1], STDERR_FILENO);
			ask_too_much(how);
			_exit(1);
		}
		close(ends[1]);
		assert_int_equal(read(ends[0], said, sizeof said - 1), sizeof words - 1);
		assert_string_equal(said, words);
		close(ends[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), EX_OSERR);
	}
}

static void test_after_a_reset_the_room_is_used_again(void **state)
{
	struct arena a = {0};

	(void)state;
	for (int round = 0; round < 100; round++) {
		char *p = arena_zeroed(&a, 1000, 5);

		for (size_t i = 0; i < 5000; i++)
			assert_int_equal(p[i], 0); /* of the last round, none is left */
		memset(p, 'x', 5000);
		arena_reset(&a);
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_are_aligned_apart_and_zeroed),
		cmocka_unit_test(test_texts_are_copied_and_terminated),
		cmocka_unit_test(test_an_array_grows_with_what_it_holds),
		cmocka_unit_test(test_after_a_reset_the_room_is_used_again),
		cmocka_unit_test(test_out_of_memory_is_told_and_ends_with_ex_oserr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
