/* What a runner that was killed after it had recorded its verdicts left undone, on a spool on disk. */
#include "unit.h"

#include "post/resume.h"
#include "spool.h"

static size_t mails_in(bool failed)
{
	struct spool_names names;
	struct failure f;

	assert_int_equal(spool_list(&spool, failed, &in, &names, &f), 0);
	return names.count;
}

static void test_recorded_verdicts_are_acted_on(void **state)
{
	static const struct {
		enum verdict first, second;
		size_t queue, failed, gone, given_up; /* mails in both folders, and what is counted */
		enum verdict left;		     /* of the first, where the mail stays */
	} rows[] = {
		{PENDING, ACCEPTED, 1, 0, 0, 0, PENDING},  /* nothing was left undone */
		{UNSURE, BOUNCED, 1, 0, 0, 0, UNSURE},
		{ACCEPTED, ACCEPTED, 0, 0, 1, 0, PENDING}, /* the unlink */
		{ACCEPTED, REFUSED, 1, 1, 0, 1, PENDING},  /* the bounce, which waits now, and the move to failed/ */
		{BOUNCED, ACCEPTED, 0, 1, 0, 1, PENDING},  /* only the move */
		{REFUSED, PENDING, 2, 0, 0, 0, BOUNCED},   /* the bounce; the mail goes on waiting */
	};
	struct account a = {.name = "default"};

	(void)state;
	account_defaults(&a);
	a.maildomain = "example.net";
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct queue_sum sum = {0};
		struct outcome o = {.spool = &spool, .with = &a, .sum = &sum};
		struct failure f;
		struct entry e;
		const char *id;

		id = put("default", NULL, "s@example.net", "ann@example.org", -300, false, false);
		assert_int_equal(spool_take(&spool, &in, id, 0, &e, &f), SPOOL_TAKEN);
		e.envelope.recipient[0].verdict = rows[i].first;
		e.envelope.recipient[1].verdict = rows[i].second;
		assert_int_equal(spool_record(&spool, &e, &f), 0);
		assert_int_equal(resume_entry(&o, &in, &e, &f), 0);
		spool_release(&e);
		if (mails_in(false) != rows[i].queue || mails_in(true) != rows[i].failed)
			print_error("row %zu: %zu wait, %zu have failed\n", i, mails_in(false), mails_in(true));
		assert_int_equal(mails_in(false), rows[i].queue);
		assert_int_equal(mails_in(true), rows[i].failed);
		assert_int_equal(sum.gone, rows[i].gone);
		assert_int_equal(sum.failed, rows[i].given_up);
		if (spool_take(&spool, &in, id, 0, &e, &f) == SPOOL_TAKEN) {
			assert_int_equal(e.envelope.recipient[0].verdict, rows[i].left);
			assert_int_equal(resume_entry(&o, &in, &e, &f), 0); /* twice is once */
			assert_int_equal(mails_in(false), rows[i].queue);
			spool_release(&e);
		}
		empty();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_recorded_verdicts_are_acted_on, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
