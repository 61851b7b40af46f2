/* Which mails of a spool on disk a run finds, and in which order. */
#include "unit.h"

#include <string.h>

#include "post/select.h"
#include "spool.h"

/* The recipients' first letters, by group, in the order in which they are given. */
static const char *order_of(struct selection *l, bool doubt)
{
	static char text[64];
	size_t group, n = 0;
	struct candidate *c;

	while (select_group(l, &group)) {
		if (n)
			text[n++] = ' ';
		while ((c = select_next(l, group, doubt))) {
			struct entry e;
			struct failure f;

			assert_int_equal(spool_look(&spool, false, &in, c->id, &e, &f), SPOOL_SEEN);
			text[n++] = *e.envelope.recipient[0].address;
		}
		select_drop(l, group);
	}
	text[n] = '\0';
	return text;
}

static void test_filter_order_and_groups(void **state)
{
	static const struct {
		struct filter which;
		bool doubt;
		const char *only, *wanted;
	} rows[] = {
		{{.all = false}, true, NULL, "abh cd g"},
		{{.all = false}, false, NULL, "bh cd g"},
		{{.all = true}, true, NULL, "abeh cd g"},
		{{.recipient = "C@EXAMPLE"}, true, NULL, "c"},
		{{.recipient = "settled"}, true, NULL, "abh cd g"},
		{{.sender = "two@"}, true, NULL, "d"},
		{{.id = "no-such-name"}, true, NULL, ""},
		{{.largest = 3}, true, NULL, ""},
		{{.largest = 3000}, true, NULL, "abh cd g"},
		{{.all = false}, true, "work", "cd"},
		{{.all = false}, true, "nobody", ""},
	};

	(void)state;
	put("default", NULL, "one@example.net", "a@example.org", -300, true, false);
	put("default", NULL, "one@example.net", "b@example.org", -200, false, false);
	put("work", NULL, "one@example.net", "d@example.org", -50, false, false);
	put("work", NULL, "one@example.net", "c@example.org", -100, false, false);
	put("default", NULL, "one@example.net", "e@example.org", 600, false, false);
	put("default", NULL, "one@example.net", "f@example.org", -400, false, true); /* on hold */
	put("default", "/etc/other", "one@example.net", "g@example.org", -20, false, false);
	put("default", NULL, "one@example.net", "h@example.org", 3 * 3600, false, false); /* the clock was set back: due */
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct selection l;
		struct failure f;
		const char *got;

		if (rows[i].which.sender) /* of one only */
			put("work", NULL, "two@example.net", "d@example.org", -10, false, false);
		assert_int_equal(select_find(&l, &spool, &rows[i].which, &in, &f), 0);
		if (rows[i].only)
			select_only(&l, rows[i].only, NULL);
		got = order_of(&l, rows[i].doubt);
		if (strcmp(got, rows[i].wanted) != 0)
			print_error("row %zu: \"%s\", not \"%s\"\n", i, got, rows[i].wanted);
		assert_string_equal(got, rows[i].wanted);
		assert_int_equal(select_left(&l), 0);
		if (rows[i].which.sender) {
			struct entry e;

			assert_int_equal(spool_take(&spool, &in, l.mail[0].id, 0, &e, &f), SPOOL_TAKEN);
			assert_int_equal(spool_finish(&spool, &e, false, &f), 0);
			spool_release(&e);
		}
	}
}

static void test_mail_that_is_put_back_comes_again_before_those_behind_it(void **state)
{
	struct selection l;
	struct candidate *first, *second;
	struct failure f;

	(void)state;
	put("default", NULL, "s@example.net", "a@example.org", -300, false, false);
	put("default", NULL, "s@example.net", "b@example.org", -200, true, false);
	put("default", NULL, "s@example.net", "c@example.org", -100, false, false);
	assert_int_equal(select_find(&l, &spool, &(struct filter){0}, &in, &f), 0);
	first = select_next(&l, 0, false);
	second = select_next(&l, 0, false);
	assert_true(first == &l.mail[0] && second == &l.mail[2] && !select_next(&l, 0, false));
	select_put_back(&l, first);
	assert_int_equal(select_left(&l), 2);
	assert_ptr_equal(select_next(&l, 0, false), first);
	assert_ptr_equal(select_next(&l, 0, true), &l.mail[1]);
	assert_null(select_next(&l, 0, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_filter_order_and_groups, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mail_that_is_put_back_comes_again_before_those_behind_it, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
