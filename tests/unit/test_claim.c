/* Which mails of a spool on disk a run gets to try, as which jobs. */
#include "unit.h"

#include "post/claim.h"
#include "spool.h"

static const struct account account = {.name = "default", .queue_lifetime = 432000, .queue_warning = 14400};
static const struct filter which = {.all = false};
static struct queue_sum sum;
static struct outcome outcome;

/* A run in which nothing has been tried. */
static struct claims claims_begin(void)
{
	sum = (struct queue_sum){0};
	outcome = (struct outcome){.spool = &spool, .with = &account, .sum = &sum};
	return (struct claims){.spool = &spool, .which = &which, .outcome = &outcome, .in = &in, .patience = 1};
}

static struct claim *claim(struct claims *all, struct selection *l)
{
	struct candidate *c = select_next(l, 0, true);

	assert_non_null(c);
	return claim_take(all, c);
}

static void test_claim_locks_an_entry_and_makes_a_job_of_it(void **state)
{
	struct claims all = claims_begin();
	struct selection l;
	struct failure f;
	struct claim *c;
	struct entry other;
	const char *busy;

	(void)state;
	put("default", NULL, "s@example.net", "ann@example.org", -300, true, false);
	busy = put("default", NULL, "s@example.net", "bob@example.org", -200, false, false);
	put("default", NULL, "s@example.net", "gone@example.org", -100, false, false);
	put("default", NULL, "s@example.net", "later@example.org", -50, false, false);
	assert_int_equal(select_find(&l, &spool, &which, &in, &f), 0);
	assert_int_equal(l.count, 4);

	all.orphaned = true; /* it is as old as the account's absence: only its header is told of */
	c = claim(&all, &l);
	assert_non_null(c);
	assert_ptr_equal(claim_of(&c->job), c);
	assert_int_equal(c->job.mail.envelope.recipients, 1); /* who is settled is none of the job's */
	assert_string_equal(c->job.mail.envelope.recipient[0].address, "ann@example.org");
	assert_int_equal(c->job.mail.envelope.recipient[0].verdict, PENDING);
	assert_true(c->job.twice && c->entry.envelope.ret == RET_HDRS && c->job.account == &account && c->of == &l.mail[0]);
	assert_string_equal(c->job.spooled, c->entry.id);
	assert_int_equal(spool_take(&spool, &in, c->entry.id, 0, &other, &f), SPOOL_BUSY);
	claim_release(c);
	all.orphaned = false;

	assert_int_equal(spool_take(&spool, &in, busy, 0, &other, &f), SPOOL_TAKEN);
	assert_null(claim(&all, &l));
	spool_release(&other);

	assert_int_equal(spool_take(&spool, &in, l.mail[2].id, 0, &other, &f), SPOOL_TAKEN);
	assert_int_equal(spool_finish(&spool, &other, false, &f), 0);
	spool_release(&other);
	assert_null(claim(&all, &l));

	/* Another runner has tried it since. */
	assert_int_equal(spool_take(&spool, &in, l.mail[3].id, 0, &other, &f), SPOOL_TAKEN);
	other.next = now + 900;
	assert_int_equal(spool_record(&spool, &other, &f), 0);
	spool_release(&other);
	assert_null(claim(&all, &l));
	assert_int_equal(sum.failed + sum.gone, 0);
}

static void test_claim_of_a_mail_that_a_dead_runner_had_settled_finishes_it(void **state)
{
	struct claims all = claims_begin();
	struct selection l;
	struct spool_names names;
	struct failure f;
	struct entry e;

	(void)state;
	put("default", NULL, "s@example.net", "ann@example.org", -300, false, false);
	assert_int_equal(select_find(&l, &spool, &which, &in, &f), 0);
	assert_int_equal(spool_take(&spool, &in, l.mail[0].id, 0, &e, &f), SPOOL_TAKEN);
	e.envelope.recipient[0].verdict = ACCEPTED;
	assert_int_equal(spool_record(&spool, &e, &f), 0);
	spool_release(&e);
	assert_null(claim(&all, &l));
	assert_int_equal(spool_list(&spool, false, &in, &names, &f), 0);
	assert_true(names.count == 0 && sum.gone == 1);
}

static void test_claim_on_a_full_disk_passes_over_mail_to_several(void **state)
{
	struct claims all = claims_begin();
	struct entry e = {.account = "default", .last = "", .fd = -1, .arrived = now};
	struct selection l;
	struct failure f;

	(void)state;
	all.cramped = true;
	e.envelope.sender = "s@example.net";
	(void)envelope_add(&e.envelope, &in, "a@example.org");
	(void)envelope_add(&e.envelope, &in, "b@example.org");
	assert_int_equal(spool_accept(&spool, &e, source_text(&in, SLICE("x\r\n")), &f), 0);
	assert_int_equal(select_find(&l, &spool, &which, &in, &f), 0);
	assert_null(claim(&all, &l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_claim_locks_an_entry_and_makes_a_job_of_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_claim_of_a_mail_that_a_dead_runner_had_settled_finishes_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_claim_on_a_full_disk_passes_over_mail_to_several, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
