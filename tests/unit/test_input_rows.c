#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "intake/input_rows.h"
#include "intake/input_survey.h"
#include "files.h"

enum { MOST = 65536 };

static char folder[] = "/tmp/mysend.XXXXXX";
static const struct request plain;

static int group_setup(void **state)
{
	static const char *const unset[] = {"NAME", "MYSEND_CONFIG", "MYSEND_HOST", "MYSEND_FROM"};

	(void)state;
	for (size_t i = 0; i < ROWS(unset); i++)
		unsetenv(unset[i]);
	if (!mkdtemp(folder) || chdir(folder) < 0)
		return -1;
	file_fill("conf", "account default\nhost h\ntls off\nmaildomain x.example\nfrom_full_name N\nfrom n@x.example\nset_date_header off\n"
		    "account other : default\nfrom o@x.example\n");
	file_fill("text", "To: {{to}}\nSubject: {{s}}\n\nx\n");
	return 0;
}

static int group_teardown(void **state)
{
	static const char *const names[] = {"conf", "table", "text", "html", "file", "ledger"};

	(void)state;
	for (size_t i = 0; i < ROWS(names); i++)
		unlink(names[i]);
	return chdir("/") < 0 ? -1 : rmdir(folder);
}

/* Rows that were opened, and what they need. */
struct opened {
	struct arena run;
	struct intake intake;
	struct input_rows *rows;
};

static int open_rows(struct opened *o, const char *key, const struct merge_option *option, size_t options, struct failure *f)
{
	const struct input_rows_order order = {
		.merge = {.table = "table", .text = "text", .option = option, .options = options, .request = &plain}, .key = key};

	*o = (struct opened){.rows = NULL};
	assert_int_equal(intake_open(&o->intake, &plain, "conf", NULL, &o->run, f), 0);
	return input_rows_open(&o->rows, &o->run, &order, &o->intake, f);
}

static void close_rows(struct opened *o)
{
	input_rows_close(o->rows);
	intake_close(&o->intake);
	arena_free(&o->run);
}

static int survey(struct opened *o, bool (*each)(void *, const struct batch_mail *, const struct failure *), void *ctx, struct input_survey *sum, struct failure *f)
{
	const struct batch_input input = input_rows_input(o->rows);

	return input_survey(&input, sum, each, ctx, f);
}

/* A line of the row, its number and its key, or why it is bad. */
static void tell(struct buf *out, const struct batch_mail *m, const struct failure *why)
{
	assert_string_equal(m->file, "table");
	assert_int_equal(buf_printf(out, "%d.%d %.*s%s\n", (int)m->number, (int)m->line, m->job ? (int)m->key.len : 0, m->job ? m->key.p : "",
				    m->job ? "" : why->text), 0);
}

static bool tell_one(void *ctx, const struct batch_mail *m, const struct failure *why)
{
	tell(ctx, m, why);
	return true;
}

static void tell_all(struct buf *out, struct input_rows *rows)
{
	const struct batch_input all = input_rows_input(rows), *in = &all;
	struct batch_mail m;
	struct failure f;
	int got;

	buf_clear(out);
	while ((got = in->next(in->ctx, &m, &f)) != 0) {
		tell(out, &m, &f);
		assert_int_equal(got == 1, m.job != NULL);
		if (got == 1)
			in->release(in->ctx, m.job);
	}
	assert_int_equal(in->rewind(in->ctx, &f), 0);
}

static void test_each_row_has_a_key_that_no_other_has(void **state)
{
	static const struct { const char *table, *key, *rule, *said; } rows[] = {
		{"to,s\na@x,1\nb@X,2\n", NULL, "recipients", "1.2 a@x\n2.3 b@x\n"},
		{"to,s\n\"b@x,a@x\",1\n", NULL, "recipients", "1.2 a@x,b@x\n"},
		{"to,s\na@x,1\nb@x,1\na@x,1\n", NULL, "recipients", "3.4 table: line 4: the row is the same as line 2, and is not sent twice\n"},
		{"to,s\na@x,1\na@x,2\n", "s", "column s", "1.2 1\n2.3 2\n"},
		{"to,s\na@x,1\nb@x, 1\n", "s", "column s", "1.2 1\n2.3 table: line 3: s is 1 in line 2 already, and --key wants another value in each row\n"},
		{"to,s\na@x, \n", "s", "column s", "1.2 table: line 2: s is empty, and --key wants a value in each row\n"},
		{"to,s\n@,1\nb@x,2\n", NULL, "recipients", "1.2 table: line 2: text: To: \"@\" is no address: no domain stands behind the @\n2.3 b@x\n"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct opened o;
		struct input_survey sum;
		struct failure f;
		struct buf first, then;

		file_fill("table", rows[i].table);
		buf_start(&first, MOST);
		buf_start(&then, MOST);
		assert_int_equal(open_rows(&o, rows[i].key, NULL, 0, &f), 0);
		assert_string_equal(input_rows_rule(o.rows), rows[i].rule);
		assert_int_equal(survey(&o, tell_one, &first, &sum, &f), 0);
		if (!strstr(first.p, rows[i].said))
			print_error("%zu %s", i, first.p);
		assert_non_null(strstr(first.p, rows[i].said));
		for (int pass = 0; pass < 2; pass++) {
			tell_all(&then, o.rows);
			if (!strstr(then.p, rows[i].said))
				print_error("%s", then.p);
			assert_non_null(strstr(then.p, rows[i].said));
		}
		buf_free(&first);
		buf_free(&then);
		close_rows(&o);
	}
}

static void test_rows_with_the_same_recipients_are_told_apart_by_all_of_their_cells(void **state)
{
	struct opened o;
	struct input_survey sum;
	struct failure f;
	struct buf out, again;

	(void)state;
	buf_start(&out, MOST);
	buf_start(&again, MOST);
	file_fill("table", "to,s\na@x,1\nb@x,1\na@x,2\n");
	assert_int_equal(open_rows(&o, NULL, NULL, 0, &f), 0);
	assert_int_equal(survey(&o, NULL, NULL, &sum, &f), 0);
	tell_all(&out, o.rows);
	close_rows(&o);
	assert_memory_equal(out.p, "1.2 row:", 8);
	assert_non_null(strstr(out.p, "\n2.3 b@x\n3.4 row:"));
	/* In another order they are the same. */
	file_fill("table", "to,s\na@x,2\na@x,1\n");
	assert_int_equal(open_rows(&o, NULL, NULL, 0, &f), 0);
	assert_int_equal(survey(&o, NULL, NULL, &sum, &f), 0);
	tell_all(&again, o.rows);
	close_rows(&o);
	assert_memory_equal(again.p + 4, strstr(out.p, "3.4 ") + 4, 36);
	assert_memory_equal(strstr(again.p, "2.3 ") + 4, out.p + 4, 36);
	buf_free(&out);
	buf_free(&again);
}

static void test_the_check_counts_and_names_the_first_and_the_last(void **state)
{
	struct opened o;
	struct input_survey sum;
	struct failure f;

	(void)state;
	file_fill("text", "From: {{from}}\nTo: {{to}}\n{{#u}}\nList-Unsubscribe: <https://x/>\n{{/u}}\n\nx\n");
	file_fill("table", "from,to,u\nn@x.example,@,\nn@x.example,\"a@x,b@x\",1\no@x.example,c@x,\nn@x.example,d@x,1\n,,\nn@x.example,,1\n");
	assert_int_equal(open_rows(&o, NULL, NULL, 0, &f), 0);
	assert_int_equal(survey(&o, NULL, NULL, &sum, &f), 0);
	assert_int_equal(sum.mails, 3);
	assert_int_equal(sum.bad, 2);
	assert_int_equal(sum.unsubscribes, 2);
	assert_string_equal(sum.first, "a@x");
	assert_string_equal(sum.last, "d@x");
	assert_string_equal(sum.sender, "n@x.example");
	assert_string_equal(sum.account->name, "default");
	assert_true(sum.accounts);
	close_rows(&o);
	file_fill("text", "To: {{to}}\nSubject: {{s}}\n\nx\n");
}

static bool stop(void *ctx, const struct batch_mail *m, const struct failure *why)
{
	(void)why;
	*(uint64_t *)ctx = m->number;
	return m->number < 2;
}

static void test_who_looks_at_the_rows_may_stop(void **state)
{
	struct opened o;
	struct input_survey sum;
	struct failure f;
	uint64_t seen = 0;

	(void)state;
	file_fill("table", "to,s\na@x,1\nb@x,1\nc@x,1\n");
	assert_int_equal(open_rows(&o, NULL, NULL, 0, &f), 0);
	assert_int_equal(survey(&o, stop, &seen, &sum, &f), 0);
	assert_int_equal(seen, 2);
	assert_int_equal(sum.mails, 2);
	close_rows(&o);
}

static void test_a_table_that_ends_in_the_middle_is_no_table(void **state)
{
	struct opened o;
	struct input_survey sum;
	struct failure f;

	(void)state;
	file_fill("table", "to,s\na@x,1\n\"b@x,1\nc@x,1\n");
	assert_int_equal(open_rows(&o, NULL, NULL, 0, &f), 0);
	assert_int_equal(survey(&o, NULL, NULL, &sum, &f), -1);
	assert_string_equal(f.text, "table: line 3, column 1: the quote that begins there is not closed");
	close_rows(&o);
}

static void test_a_key_names_a_column(void **state)
{
	struct opened o;
	struct failure f;

	(void)state;
	file_fill("table", "to,s,number\na@x,1,2\n");
	assert_int_equal(open_rows(&o, "numbre", NULL, 0, &f), -1);
	assert_int_equal(f.exit, EX_USAGE);
	assert_string_equal(f.text, "--key numbre: table has no such column (\"number\"?)");
	close_rows(&o);
}

static void test_a_table_that_somebody_changes_meanwhile_sends_nothing_that_was_not_checked(void **state)
{
	struct opened o;
	struct input_survey sum;
	struct failure f;
	struct stat s;
	struct buf out;

	(void)state;
	buf_start(&out, MOST);
	file_fill("table", "to,s\na@x,1\nb@x,1\n");
	assert_int_equal(open_rows(&o, NULL, NULL, 0, &f), 0);
	assert_int_equal(survey(&o, NULL, NULL, &sum, &f), 0);
	assert_int_equal(stat("table", &s), 0);
	file_fill("table", "to,s\na@x,1\ne@x,1\nb@x,2\n");
	assert_int_equal(input_rows_input(o.rows).rewind(o.rows, &f), -1);
	assert_int_equal(f.exit, EX_TEMPFAIL);
	assert_non_null(strstr(f.text, "changed the file"));
	/* By its size and its time the file is the same as before. */
	file_fill("table", "to,s\na@x,1\ne@x,1\n");
	assert_int_equal(utimensat(AT_FDCWD, "table", (const struct timespec[]){s.st_atim, s.st_mtim}, 0), 0);
	assert_int_equal(input_rows_input(o.rows).rewind(o.rows, &f), 0);
	tell_all(&out, o.rows);
	assert_string_equal(out.p, "1.2 a@x\n"
				   "2.3 table: line 3: it was not there when the table was checked: somebody changes the table\n");
	close_rows(&o);
	buf_free(&out);
}

/* Opens the ledger, and tells each of the rows to be accepted. */
static void send_all(struct opened *o, struct ledger **l, struct buf *out)
{
	const struct ledger_order order = {"ledger", "table", input_rows_digest(o->rows), input_rows_rule(o->rows), false};
	const struct batch_input all = input_rows_input(o->rows), *in = &all;
	struct input_survey sum;
	struct failure f;
	struct batch_mail m;
	int got;

	buf_clear(out);
	assert_int_equal(survey(o, NULL, NULL, &sum, &f), 0);
	assert_int_equal(ledger_open(l, &order, &f), 0);
	input_rows_use(o->rows, *l);
	while ((got = in->next(in->ctx, &m, &f)) != 0) {
		enum ledger_state state = got < 0 ? LEDGER_NEW : ledger_find(*l, m.key, m.job->mail.envelope.recipient[0].address);
		const struct ledger_mail mail = {m.key, got < 0 ? NULL : &m.job->mail.envelope};

		assert_int_equal(buf_printf(out, "%d %s\n", (int)m.line, got < 0 ? f.text : state == LEDGER_DONE ? "done" : "sent"), 0);
		if (got < 0)
			continue;
		assert_string_equal(mail_message_id(&m.job->mail, &m.job->arena), ledger_message_id(*l, m.key, "x.example", &m.job->arena));
		if (state == LEDGER_NEW) {
			assert_int_equal(ledger_lease(*l, &mail, 1, &f), 0);
			m.job->mail.envelope.recipient[0].verdict = ACCEPTED;
			ledger_note(*l, m.key, &m.job->mail.envelope, NULL);
		}
		in->release(in->ctx, m.job);
	}
	assert_int_equal(ledger_close(*l, &f), 0);
}

static void test_rows_that_come_and_go_between_runs_are_not_sent_twice(void **state)
{
	static const struct { const char *table, *said; } runs[] = {
		{"to,s\na@x,1\nb@x,1\nb@x,2\n", "2 sent\n3 sent\n4 sent\n"},
		{"to,s\na@x,1\nb@x,1\nb@x,2\n", "2 done\n3 done\n4 done\n"},
		/* The other one to b@x has gone: what was its key is not that of the row by itself. */
		{"to,s\nb@x,2\na@x,3\n", "2 done\n3 done\n"},
		{"to,s\nb@x,2\nb@x,7\n", "2 done\n3 sent\n"},
		/* Which of the two was sent? */
		{"to,s\na@x,1\na@x,9\n", "2 table: line 2: the ledger has a mail to a@x, who is in several rows now, and cannot tell whose it was: take the row out of "
					 "which it was made\n3 table: line 3: the ledger has a mail to a@x, who is in several rows now, and cannot tell whose it was: take "
					 "the row out of which it was made\n"},
	};

	(void)state;
	unlink("ledger");
	for (size_t i = 0; i < ROWS(runs); i++) {
		struct opened o;
		struct ledger *l;
		struct failure f;
		struct buf out;

		buf_start(&out, MOST);
		file_fill("table", runs[i].table);
		assert_int_equal(open_rows(&o, NULL, NULL, 0, &f), 0);
		send_all(&o, &l, &out);
		assert_string_equal(out.p, runs[i].said);
		close_rows(&o);
		buf_free(&out);
	}
}

static void test_the_digest_is_of_all_but_the_rows(void **state)
{
	static const struct { const char *table, *text, *file; struct merge_option option[2]; bool same; } rows[] = {
		{"to,s\nz@x,1\n", "To: {{to}}\n\nx\n", "f", {{DRAFT_ATTACH, "--attach", "file"}, {DRAFT_SUBJECT, "--subject", "s"}}, true},
		{"s,to,n\n1,z@x,5\n", "To: {{to}}\n\nx\n", "f", {{DRAFT_ATTACH, "--attach", "file"}, {DRAFT_SUBJECT, "-s", "s"}}, true},
		{"to,s\nz@x,1\n", "To: {{to}}\n\ny\n", "f", {{DRAFT_ATTACH, "--attach", "file"}, {DRAFT_SUBJECT, "--subject", "s"}}, false},
		{"to,s\nz@x,1\n", "To: {{to}}\n\nx\n", "g", {{DRAFT_ATTACH, "--attach", "file"}, {DRAFT_SUBJECT, "--subject", "s"}}, false},
		{"to,s\nz@x,1\n", "To: {{to}}\n\nx\n", "f", {{DRAFT_ATTACH, "--attach", "file"}, {DRAFT_SUBJECT, "--subject", "t"}}, false},
		{"to,s\nz@x,1\n", "To: {{to}}\n\nx\n", "f", {{DRAFT_INLINE, "--inline", "file"}, {DRAFT_SUBJECT, "--subject", "s"}}, false},
	};
	char first[SHA256_HEX];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct opened o;
		struct failure f;

		file_fill("table", rows[i].table);
		file_fill("text", rows[i].text);
		file_fill("file", rows[i].file);
		assert_int_equal(open_rows(&o, NULL, rows[i].option, 2, &f), 0);
		if (i == 0)
			snprintf(first, sizeof first, "%s", input_rows_digest(o.rows));
		assert_int_equal(strcmp(input_rows_digest(o.rows), first) == 0, rows[i].same);
		close_rows(&o);
	}
	file_fill("text", "To: {{to}}\nSubject: {{s}}\n\nx\n");
}

static void test_a_file_that_all_rows_have_is_read_once(void **state)
{
	static const struct merge_option options[] = {{DRAFT_ATTACH, "--attach", "file;type=application/pdf;name={{to}}.pdf"}};
	struct opened o;
	struct failure f;
	struct batch_mail m;
	struct batch_input in;
	char *wire;
	struct slice all;

	(void)state;
	file_fill("table", "to,s\na@x,1\nb@x,1\n");
	file_fill("file", "file\n");
	assert_int_equal(open_rows(&o, NULL, options, 1, &f), 0);
	unlink("file");
	in = input_rows_input(o.rows);
	wire = arena_zeroed(&o.run, MOST, 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(in.next(in.ctx, &m, &f), 1);
		assert_int_equal(source_head(m.job->mail.form7, wire, MOST - 1, &all, &f), 0);
		assert_non_null(strstr(wire, "\r\n\r\nZmlsZQo=\r\n"));
		assert_non_null(strstr(wire, i == 0 ? "filename=\"a@x.pdf\"" : "filename=\"b@x.pdf\""));
		in.release(in.ctx, m.job);
	}
	close_rows(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_row_has_a_key_that_no_other_has),
		cmocka_unit_test(test_rows_with_the_same_recipients_are_told_apart_by_all_of_their_cells),
		cmocka_unit_test(test_the_check_counts_and_names_the_first_and_the_last),
		cmocka_unit_test(test_who_looks_at_the_rows_may_stop),
		cmocka_unit_test(test_a_table_that_ends_in_the_middle_is_no_table),
		cmocka_unit_test(test_a_key_names_a_column),
		cmocka_unit_test(test_a_table_that_somebody_changes_meanwhile_sends_nothing_that_was_not_checked),
		cmocka_unit_test(test_rows_that_come_and_go_between_runs_are_not_sent_twice),
		cmocka_unit_test(test_a_file_that_all_rows_have_is_read_once),
		cmocka_unit_test(test_the_digest_is_of_all_but_the_rows),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
