#include "unit.h"

#include "../../src/wire/memory.c"

static size_t seen, octets_seen;

static void count(void *ctx, char *p, size_t len)
{
	(void)ctx;
	(void)p;
	seen++;
	octets_seen += len;
}

static void star(void *ctx, char *p, size_t len)
{
	(void)ctx;
	memset(p, '*', len);
}

static void visited(size_t blocks_wanted, size_t octets_wanted)
{
	seen = octets_seen = 0;
	memory_visit(count, NULL);
	assert_int_equal(seen, blocks_wanted);
	assert_int_equal(octets_seen, octets_wanted);
}

static void test_what_is_held_is_visited_and_what_went_back_is_not(void **state)
{
	char *a = memory_give(10), *b = memory_give_text("secret"), *c = memory_give_clear(3, 4);

	(void)state;
	assert_true((uintptr_t)a % alignof(max_align_t) == 0);
	assert_string_equal(b, "secret");
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(c[i], 0);
	visited(3, 10 + 7 + 12);
	memory_take_back(b);
	visited(2, 22);
	memory_take_back(c);
	memory_take_back(NULL);
	a = memory_give_more(a, 5);
	visited(1, 10);
	memset(a, 'x', 10);
	a = memory_give_more(a, 1000);
	assert_memory_equal(a, "xxxxxxxxxx", 10);
	visited(1, 1000);
	memory_visit(star, NULL);
	assert_int_equal(a[999], '*');
	memory_take_back(a);
	visited(0, 0);
	a = memory_give_more(NULL, 3);
	visited(1, 3);
	memory_take_back(a);
}

static void test_more_than_there_can_be_is_refused(void **state)
{
	(void)state;
	assert_null(memory_give(SIZE_MAX));
	assert_null(memory_give_clear(SIZE_MAX / 2, 3));
	visited(0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_held_is_visited_and_what_went_back_is_not),
		cmocka_unit_test(test_more_than_there_can_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
