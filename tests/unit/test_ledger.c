/* What a ledger knows after what became of each recipient, whose ledger it is, and what is on the disk when. */
#define _GNU_SOURCE /* syscall */
#include "unit.h"

#include <pthread.h>
#include <sysexits.h>

#include "ledger.h"

static void test_what_became_of_a_recipient_decides_what_the_next_run_does(void **state)
{
	static const struct {
		const char *steps; /* L: leased; else the verdict that was noted; |: another run begins */
		enum ledger_state wanted;
		size_t lines;
	} rows[] = {
		{"", LEDGER_NEW, 0}, {"L", LEDGER_DOUBT, 1}, {"La", LEDGER_DONE, 2}, {"Lr", LEDGER_FAILED, 2}, {"Lb", LEDGER_FAILED, 2},
		{"Lu", LEDGER_DOUBT, 2}, {"Ld", LEDGER_NEW, 2}, {"Lp", LEDGER_NEW, 2}, {"Lw", LEDGER_SPOOLED, 2}, {"w", LEDGER_SPOOLED, 1},
		{"p", LEDGER_NEW, 0}, {"d", LEDGER_NEW, 0}, {"L|", LEDGER_DOUBT, 1}, {"L|La", LEDGER_DONE, 3}, {"Ld|La", LEDGER_DONE, 4},
		{"Laa", LEDGER_DONE, 2}, {"Lar", LEDGER_DONE, 2}, {"Lap", LEDGER_DONE, 2}, {"Lpp", LEDGER_NEW, 2}, {"Lrp", LEDGER_FAILED, 2},
		{"Lup", LEDGER_DOUBT, 2}, {"Lr|La", LEDGER_DONE, 4}, {"Ldw", LEDGER_SPOOLED, 3},
		/* Who was in doubt stays so until an answer is known: the earlier try may have reached him. */
		{"LuLp", LEDGER_DOUBT, 4}, {"Lu|Lp", LEDGER_DOUBT, 4}, {"L|Lp", LEDGER_DOUBT, 3}, {"L|Ld", LEDGER_DOUBT, 3}, {"L|Lp|Lp", LEDGER_DOUBT, 5},
		{"L|Lr", LEDGER_FAILED, 3}, {"L|Lu", LEDGER_DOUBT, 3},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct arena in = {0};
		struct ledger *l = open_one(&order);

		for (const char *p = rows[i].steps; *p; p++) {
			if (*p == 'L') {
				assert_int_equal(lease_one(l, "bob@example.org"), 0);
			} else if (*p == '|') {
				close_one(l);
				l = open_one(&order);
			} else {
				note_one(l, "bob@example.org", verdict_of(*p));
			}
		}
		for (int again = 0; again < 2; again++) {
			struct ledger_sum sum = ledger_sum(l);

			if (ledger_find(l, SLICE("bob@example.org"), "bob@EXAMPLE.org") != rows[i].wanted)
				print_error("%s, another run: %d\n", rows[i].steps, again);
			assert_int_equal(ledger_find(l, SLICE("bob@example.org"), "bob@EXAMPLE.org"), rows[i].wanted);
			assert_int_equal(ledger_find(l, SLICE("bob@example.org"), "carol@example.org"), LEDGER_NEW);
			assert_int_equal(ledger_find(l, SLICE("other"), "bob@example.org"), LEDGER_NEW);
			assert_int_equal(sum.recipients[rows[i].wanted], rows[i].lines > 0);
			close_one(l);
			l = open_one(&order);
		}
		close_one(l);
		assert_int_equal(slice_lines(file_of(&in)), 1 + rows[i].lines);
		arena_free(&in);
		assert_int_equal(unlink(path), 0);
	}
}

static void test_retry_and_hold_decide_whose_turn_it_is(void **state)
{
	static const struct {
		enum ledger_state s;
		enum ledger_turn plain, retry, hold;
	} rows[] = {
		{LEDGER_NEW, LEDGER_NOW, LEDGER_NOW, LEDGER_NOW},
		{LEDGER_DONE, LEDGER_NOTHING, LEDGER_NOTHING, LEDGER_NOTHING},
		{LEDGER_FAILED, LEDGER_NOTHING, LEDGER_NOW, LEDGER_NOTHING},
		{LEDGER_DOUBT, LEDGER_LAST, LEDGER_LAST, LEDGER_NOTHING},
		{LEDGER_SPOOLED, LEDGER_NOTHING, LEDGER_NOTHING, LEDGER_NOTHING},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(ledger_turn(rows[i].s, false, false), rows[i].plain);
		assert_int_equal(ledger_turn(rows[i].s, true, false), rows[i].retry);
		assert_int_equal(ledger_turn(rows[i].s, false, true), rows[i].hold);
	}
}

static void test_each_recipient_of_a_mail_has_his_own_state(void **state)
{
	struct recipient to[] = {{.address = "a@x"}, {.address = "b@x"}, {.address = "c@x", .verdict = ACCEPTED}};
	struct envelope e = {.recipient = to, .recipients = 3};
	struct ledger *l = open_one(&order);
	struct failure f;

	(void)state;
	assert_int_equal(ledger_lease(l, &(struct ledger_mail){SLICE("k"), &e}, 1, &f), 0);
	assert_int_equal(ledger_find(l, SLICE("k"), "c@x"), LEDGER_NEW); /* nothing was left to be sent to him */
	to[0].verdict = ACCEPTED;
	ledger_note(l, SLICE("k"), &e, NULL);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(ledger_find(l, SLICE("k"), "a@x"), LEDGER_DONE);
		assert_int_equal(ledger_find(l, SLICE("k"), "b@x"), LEDGER_NEW);
		close_one(l);
		l = open_one(&order);
	}
	close_one(l);
	assert_int_equal(unlink(path), 0);
}

static void test_the_file_is_as_the_manual_says(void **state)
{
	static const char *const wanted[] = {
		"mysend-ledger 1\tpeople.csv\tdigest-of-the-template\trecipients\t", ">\tT\ta@x\ta@x\n", "+\tT\ta@x\ta@x\t250\t2.0.0 ok\n", ">\tT\tr@x\tr@x\n",
		"-\tT\tr@x\tr@x\t550\t5.1.1 no such\\x09user\n", ">\tT\tu@x\tu@x\n", "?\tT\tu@x\tu@x\t\tend of message to mx:25: connection lost\n",
		">\tT\tp@x\tp@x\n", "~\tT\tp@x\tp@x\t\tnot sent\n", "w\tT\tw@x\tw@x\t\t01ABC\n",
	};
	struct ledger *l = open_one(&order);
	struct arena in = {0};
	struct slice rest, line;
	const char *code = "", *text = "";
	size_t i = 0;

	(void)state;
	for (const char *p = "arup"; *p; p++) {
		char address[] = {*p, '@', 'x', '\0'};

		assert_int_equal(lease_one(l, address), 0);
		note_one(l, address, verdict_of(*p));
	}
	note_one(l, "w@x", WAITS);
	for (int again = 0; again < 2; again++) {
		assert_true(ledger_said(l, SLICE("r@x"), "r@x", &in, &code, &text));
		assert_string_equal(code, "550");
		assert_string_equal(text, "5.1.1 no such\\x09user");
		assert_false(ledger_said(l, SLICE("x@x"), "x@x", &in, &code, &text));
		close_one(l);
		l = open_one(&order);
	}
	close_one(l);
	rest = file_of(&in);
	for (; slice_line(&rest, &line); i++) {
		struct slice sign, when;

		assert_true(i < ROWS(wanted));
		if (i == 0) {
			assert_memory_equal(line.p, wanted[0], strlen(wanted[0]));
			assert_int_equal(line.len, strlen(wanted[0]) + 20);
			continue;
		}
		assert_true(slice_cut(&line, '\t', &sign) && slice_cut(&line, '\t', &when));
		assert_string_equal(arena_printf(&in, "%.*s\tT\t%.*s\n", (int)sign.len, sign.p, (int)line.len, line.p), wanted[i]);
	}
	assert_int_equal(i, ROWS(wanted));
	arena_free(&in);
	assert_int_equal(unlink(path), 0);
}

static void test_another_input_key_or_template_is_refused_with_the_way_out(void **state)
{
	static const struct {
		struct ledger_order o;
		int exit;
		const char *says;
	} rows[] = {
		{{path, "people.csv", "digest-of-the-template", "recipients", false}, 0, NULL},
		{{path, "/elsewhere/people.csv", "digest-of-the-template", "recipients", true}, 0, NULL},
		{{path, "others.csv", "digest-of-the-template", "recipients", false}, EX_USAGE, "--ledger"},
		{{path, "people.csv", "digest-of-the-template", "column\tno", false}, EX_USAGE, "not by column\\x09no: say --key"},
		{{path, "people.csv", "another", "recipients", false}, EX_USAGE, "--template-changed"},
		{{path, "people.csv", "another", "recipients", true}, 0, NULL},
		{{path, "people.csv", "another", "recipients", false}, 0, NULL}, /* the template is known from then on */
		{{path, "people.csv", "digest-of-the-template", "recipients", false}, EX_USAGE, "--template-changed"},
	};
	struct ledger *l = open_one(&order);
	struct arena in = {0};
	const char *id = ledger_message_id(l, SLICE("k"), "example.org", &in);

	(void)state;
	assert_int_equal(strlen(id), 32 + strlen("<@example.org>"));
	assert_string_not_equal(id, ledger_message_id(l, SLICE("K"), "example.org", &in));
	assert_int_equal(lease_one(l, "k"), 0);
	close_one(l);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct slice before = file_of(&in), after;
		struct failure f;
		int rc = ledger_open(&l, &rows[i].o, &f);

		assert_int_equal(rc, rows[i].exit ? -1 : 0);
		if (rc < 0) {
			assert_int_equal(f.exit, rows[i].exit);
			assert_non_null(strstr(f.text, rows[i].says));
			after = file_of(&in);
			assert_int_equal(after.len, before.len);
			continue;
		}
		assert_int_equal(ledger_find(l, SLICE("k"), "k"), LEDGER_DOUBT);
		assert_string_equal(ledger_message_id(l, SLICE("k"), "example.org", &in), id);
		close_one(l);
	}
	arena_free(&in);
	assert_int_equal(unlink(path), 0);
}

static void test_two_runs_at_once_are_refused(void **state)
{
	struct ledger *l = open_one(&order), *second = NULL;
	struct failure f;

	(void)state;
	assert_int_equal(ledger_open(&second, &order, &f), -1);
	assert_int_equal(f.exit, EX_TEMPFAIL);
	assert_non_null(strstr(f.text, "another run"));
	close_one(l);
	close_one(open_one(&order));
	assert_int_equal(unlink(path), 0);
}

static off_t size_now(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* Where what is sent would be noted nowhere, or behind lines that are gone, no mail leaves. */
static void test_a_ledger_that_is_removed_replaced_or_cut_stops_the_run(void **state)
{
	static const char *const how[] = {"removed", "removed", "cut"};
	char other[70];

	(void)state;
	snprintf(other, sizeof other, "%s/other", folder);
	for (size_t i = 0; i < ROWS(how); i++) {
		struct ledger *l = open_one(&order);
		struct recipient to;
		struct envelope e = one(&to, "b@example.org", PENDING, NULL);
		struct failure f;
		int fd;

		assert_int_equal(lease_one(l, "a@example.org"), 0);
		note_one(l, "a@example.org", ACCEPTED);
		if (i == 0) {
			assert_int_equal(unlink(path), 0);
		} else if (i == 1) { /* as an editor does that keeps the old file until the new one is whole */
			fd = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
			assert_true(fd >= 0);
			close(fd);
			assert_int_equal(rename(other, path), 0);
		} else {
			assert_int_equal(truncate(path, size_now() - 5), 0);
		}
		assert_int_equal(ledger_lease(l, &(struct ledger_mail){SLICE("b"), &e}, 1, &f), -1);
		assert_int_equal(f.exit, EX_TEMPFAIL);
		assert_non_null(strstr(f.text, how[i]));
		assert_int_equal(ledger_find(l, SLICE("b"), "b@example.org"), LEDGER_NEW);
		assert_int_equal(lease_one(l, "c@example.org"), -1);
		assert_int_equal(ledger_close(l, &f), -1);
		if (i == 2) { /* the half of a line is passed over, and its recipient in doubt */
			l = open_one(&order);
			assert_int_equal(ledger_find(l, SLICE("a@example.org"), "a@example.org"), LEDGER_DOUBT);
			close_one(l);
		}
		unlink(path);
	}
}

/* As the manual has somebody sent to once more; the run goes on behind that line, and still finds its own. */
static void test_a_line_that_a_person_adds_while_the_run_is_at_work_shifts_nothing(void **state)
{
	static const char line[] = "~\t0.000\ta@example.org\ta@example.org\t\tby hand\r\n";
	struct ledger *l = open_one(&order);
	const char *code = NULL, *text = NULL;
	struct arena in = {0};
	struct failure f;
	int fd;

	(void)state;
	assert_int_equal(lease_one(l, "a@example.org"), 0);
	note_one(l, "a@example.org", ACCEPTED);
	assert_int_equal(lease_one(l, "b@example.org"), 0);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, line, strlen(line)), 0);
	close(fd);
	note_one(l, "b@example.org", REFUSED);
	assert_true(ledger_said(l, SLICE("b@example.org"), "b@example.org", &in, &code, &text));
	assert_string_equal(code, "550");
	fault.armed = fault.half = true; /* what is taken back is that of the next lease alone */
	fault.at = 1;
	fault.error = ENOSPC;
	assert_int_equal(lease_one(l, "c@example.org"), -1);
	fault_none();
	assert_int_equal(ledger_close(l, &f), -1);
	l = open_one(&order);
	assert_int_equal(ledger_find(l, SLICE("a@example.org"), "a@example.org"), LEDGER_NEW);
	assert_int_equal(ledger_find(l, SLICE("b@example.org"), "b@example.org"), LEDGER_FAILED);
	assert_int_equal(ledger_find(l, SLICE("c@example.org"), "c@example.org"), LEDGER_NEW);
	close_one(l);
	arena_free(&in);
	assert_int_equal(unlink(path), 0);
}

static void test_what_is_no_ledger_of_ours_is_refused_and_not_changed(void **state)
{
	static const char list[] = "email\nbob@example.org\n";
	char other[70];
	struct ledger *l = NULL;
	struct failure f;
	struct arena in = {0};

	(void)state;
	snprintf(other, sizeof other, "%s/other", folder);
	put_file(slice_of(list));
	assert_int_equal(ledger_open(&l, &order, &f), -1);
	assert_int_equal(f.exit, EX_DATAERR);
	put_file(SLICE("no line end"));
	assert_int_equal(ledger_open(&l, &order, &f), -1);
	assert_int_equal(file_of(&in).len, 11);
	put_file(SLICE(""));
	assert_int_equal(link(path, other), 0);
	assert_int_equal(ledger_open(&l, &order, &f), -1);
	assert_non_null(strstr(f.text, "second name"));
	assert_int_equal(unlink(other), 0);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(ledger_open(&l, &order, &f), -1);
	assert_int_equal(f.exit, EX_CANTCREAT);
	assert_non_null(strstr(f.text, "anybody may write"));
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(ledger_open(&l, &order, &f), -1);
	assert_non_null(strstr(f.text, "it is a link"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(ledger_open(&l, &order, &f), -1);
	assert_int_equal(f.exit, EX_CANTCREAT);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ledger_open(&l, &(struct ledger_order){"/nowhere/x.ledger", "x", "-", "r", false}, &f), -1);
	assert_int_equal(f.exit, EX_CANTCREAT);
	assert_non_null(strstr(f.text, "ledger: /nowhere/x.ledger"));
	arena_free(&in);
}

static atomic_bool ended;

static void test_a_lease_is_on_disk_when_it_returns_and_results_with_the_next_sync(void **state)
{
	struct ledger *l;
	unsigned before;

	(void)state;
	fault.synced = 0;
	fault.folders = 0;
	l = open_one(&order);
	assert_int_equal(fault.synced, size_now());
	assert_int_equal(fault.folders, 1); /* else a power cut could take the whole file */
	assert_int_equal(lease_one(l, "a"), 0);
	assert_int_equal(fault.synced, size_now());
	note_one(l, "a", ACCEPTED);
	assert_true(fault.synced < size_now());
	ledger_sync(l);
	assert_int_equal(fault.synced, size_now());
	fault.armed = true;
	before = fault.calls;
	ledger_sync(l); /* nothing new is there */
	assert_int_equal(fault.calls, before);
	fault.armed = false;
	assert_int_equal(lease_one(l, "b"), 0);
	note_one(l, "b", REFUSED);
	assert_int_equal(lease_one(l, "c"), 0);
	assert_int_equal(fault.synced, size_now());
	note_one(l, "c", UNSURE);
	close_one(l);
	assert_int_equal(fault.synced, size_now());
	assert_int_equal(unlink(path), 0);
}

/* Sessions that wait for the relay, until told to end. */
static void *wait_again_and_again(void *ctx)
{
	struct ledger *l = ctx;

	while (!atomic_load(&ended))
		ledger_sync(l);
	return NULL;
}

static void test_any_thread_may_sync_while_one_leases_and_notes(void **state)
{
	struct ledger *l = open_one(&order);
	pthread_t thread[3];

	(void)state;
	for (size_t i = 0; i < ROWS(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, wait_again_and_again, l), 0);
	for (unsigned i = 0; i < 500; i++) {
		char key[20];

		snprintf(key, sizeof key, "%u@x", i);
		assert_int_equal(lease_one(l, key), 0);
		note_one(l, key, ACCEPTED);
	}
	atomic_store(&ended, true);
	for (size_t i = 0; i < ROWS(thread); i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	close_one(l);
	assert_int_equal(fault.synced, size_now());
	l = open_one(&order);
	assert_int_equal(ledger_sum(l).recipients[LEDGER_DONE], 500);
	close_one(l);
	assert_int_equal(unlink(path), 0);
}

/* b: in doubt by the run before; n: new. Then what this run has noted of each. */
static void test_what_this_run_has_noted_is_told_from_what_stood_there(void **state)
{
	static const struct { char before, now; bool fresh, doubt; } rows[] = {
		{'u', 0, false, false}, {'u', '>', false, true}, {'u', 'a', true, false}, {'d', 0, false, false}, {'d', 'd', true, false}, {0, 0, false, false},
		{0, '>', false, false}, {0, 'd', true, false}, {'r', 0, false, false}, {'r', 'r', true, false}};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct ledger *l = open_one(&order);
		struct failure f;

		if (rows[i].before) {
			assert_int_equal(lease_one(l, "k"), 0);
			note_one(l, "k", verdict_of(rows[i].before));
		}
		close_one(l);
		l = open_one(&order);
		if (rows[i].now)
			assert_int_equal(lease_one(l, "k"), 0);
		if (rows[i].now && rows[i].now != '>')
			note_one(l, "k", verdict_of(rows[i].now));
		assert_int_equal(ledger_is_fresh(l, SLICE("k"), "k"), rows[i].fresh);
		assert_int_equal(ledger_was_in_doubt(l, SLICE("k"), "k"), rows[i].doubt);
		assert_int_equal(ledger_check(l, &f), 0);
		close_one(l);
		unlink(path);
	}
}

static void test_ledger_that_could_not_be_written_says_so_when_it_is_asked(void **state)
{
	(void)state;
	for (unsigned at = 1; at <= 2; at++) { /* the result, or its sync */
		struct ledger *l = open_one(&order);
		struct failure f;

		assert_int_equal(lease_one(l, "k"), 0);
		fault.armed = true;
		fault.at = at;
		fault.error = ENOSPC;
		note_one(l, "k", ACCEPTED);
		ledger_sync(l);
		fault_none();
		assert_int_equal(ledger_check(l, &f), -1);
		assert_int_equal(f.exit, EX_TEMPFAIL);
		assert_int_equal(ledger_close(l, &f), -1);
		unlink(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_became_of_a_recipient_decides_what_the_next_run_does),
		cmocka_unit_test(test_retry_and_hold_decide_whose_turn_it_is),
		cmocka_unit_test(test_each_recipient_of_a_mail_has_his_own_state),
		cmocka_unit_test(test_the_file_is_as_the_manual_says),
		cmocka_unit_test(test_another_input_key_or_template_is_refused_with_the_way_out),
		cmocka_unit_test(test_two_runs_at_once_are_refused),
		cmocka_unit_test(test_a_ledger_that_is_removed_replaced_or_cut_stops_the_run),
		cmocka_unit_test(test_a_line_that_a_person_adds_while_the_run_is_at_work_shifts_nothing),
		cmocka_unit_test(test_what_is_no_ledger_of_ours_is_refused_and_not_changed),
		cmocka_unit_test(test_a_lease_is_on_disk_when_it_returns_and_results_with_the_next_sync),
		cmocka_unit_test(test_what_this_run_has_noted_is_told_from_what_stood_there),
		cmocka_unit_test(test_ledger_that_could_not_be_written_says_so_when_it_is_asked),
		cmocka_unit_test(test_any_thread_may_sync_while_one_leases_and_notes),
	};

	return !ledger_folder() || cmocka_run_group_tests(tests, NULL, NULL) || rmdir(folder) < 0;
}
