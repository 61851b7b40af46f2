/* By what a mail is known again: what may change in an input without making it another mail. */
#include "unit.h"

#include <string.h>

#include "post/ledger_key.h"

static void test_recipients_are_the_same_in_any_order_and_case_of_domain(void **state)
{
	static const struct {
		const char *address[3], *wanted;
	} rows[] = {
		{{NULL}, ""},
		{{"bob@example.org"}, "bob@example.org"},
		{{"Bob@Example.ORG"}, "Bob@example.org"},
		{{"\"A@B\"@X.org"}, "\"A@B\"@x.org"},
		{{"BOB"}, "BOB"},
		{{"b@x.org", "a@Y.org", "a@X.org"}, "a@x.org,a@y.org,b@x.org"},
		{{"a@x.org", "b@X.org", "a@y.org"}, "a@x.org,a@y.org,b@x.org"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct envelope e = {.sender = ""};
		struct arena in = {0};
		struct slice key;

		for (size_t k = 0; k < ROWS(rows[i].address) && rows[i].address[k]; k++)
			envelope_add(&e, &in, rows[i].address[k]);
		key = ledger_key_recipients(&in, &e);
		assert_int_equal(key.len, strlen(rows[i].wanted));
		assert_memory_equal(key.p, rows[i].wanted, key.len);
		arena_free(&in);
	}
}

static void test_rows_that_differ_in_any_cell_have_other_keys(void **state)
{
	static const struct {
		struct slice cell[3];
		size_t cells;
	} rows[] = {
		{{{"", 0}}, 0}, {{{"", 0}}, 1}, {{{"", 0}, {"", 0}}, 2}, {{{"ab", 2}, {"c", 1}}, 2}, {{{"a", 1}, {"bc", 2}}, 2}, {{{"abc", 3}}, 1},
		{{{"a\0b", 3}}, 1}, {{{"a1:b", 4}}, 1}, {{{"a", 1}, {"b", 1}}, 2},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct slice key = ledger_key_row(&in, rows[i].cell, rows[i].cells);

		assert_int_equal(key.len, 4 + 32);
		assert_memory_equal(key.p, "row:", 4);
		for (size_t k = 0; k < ROWS(rows); k++)
			assert_int_equal(memcmp(ledger_key_row(&in, rows[k].cell, rows[k].cells).p, key.p, key.len) == 0, i == k);
	}
	arena_free(&in);
}

/* A source of so many octets, in pieces, that may fail. */
struct given {
	struct source source;
	size_t at, step;
	bool fails;
};

static int give(struct source *s, char *to, size_t room, size_t *got, struct failure *f)
{
	struct given *g = (struct given *)(void *)s;
	size_t left = (size_t)s->size - g->at;

	if (g->fails && g->at)
		return fail(f, AT_INPUT, 74, "it cannot be read");
	*got = left < g->step ? left : g->step;
	if (*got > room)
		*got = room;
	memset(to, 'x', *got);
	g->at += *got;
	return 0;
}

static int begin_again(struct source *s, struct failure *f)
{
	(void)f;
	((struct given *)(void *)s)->at = 0;
	return 0;
}

static void test_octets_have_one_key_in_pieces_of_any_size(void **state)
{
	static const size_t steps[] = {1, 7, 16384, 100000};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(steps); i++) {
		struct given g = {.source = {.pull = give, .rewind = begin_again, .size = 50000}, .at = 9, .step = steps[i]};
		struct slice key, shorter;
		struct failure f;

		assert_int_equal(ledger_key_octets(&key, &in, &g.source, &f), 0);
		assert_int_equal(key.len, 7 + 32);
		/* printf 'x%.0s' $(seq 50000) | sha256sum */
		assert_memory_equal(key.p, "octets:9483d1c3ad73c1fcfe3260e5fdecbd9a", key.len);
		g.source.size--;
		assert_int_equal(ledger_key_octets(&shorter, &in, &g.source, &f), 0);
		assert_memory_not_equal(key.p, shorter.p, key.len);
		g.fails = true;
		assert_int_equal(ledger_key_octets(&key, &in, &g.source, &f), -1);
		assert_string_equal(f.text, "it cannot be read");
	}
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recipients_are_the_same_in_any_order_and_case_of_domain),
		cmocka_unit_test(test_rows_that_differ_in_any_cell_have_other_keys),
		cmocka_unit_test(test_octets_have_one_key_in_pieces_of_any_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
