#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "intake/intake.h"
#include "intake/merge.h"
#include "job.h"
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
		    "set_msgid_header off\ncharset latin1\n");
	file_fill("a.txt", "file a\n");
	file_fill("b.txt", "file b\n");
	return 0;
}

static int group_teardown(void **state)
{
	static const char *const names[] = {"conf", "a.txt", "b.txt", "table", "text", "html"};

	(void)state;
	for (size_t i = 0; i < ROWS(names); i++)
		unlink(names[i]);
	return chdir("/") < 0 ? -1 : rmdir(folder);
}

/* What a table and templates are, and what comes of each row: who gets it, and the message, or "! why not". */
struct run {
	const char *table, *text, *html;
	struct merge_option option[4];
	const char *charset, *unsubscribe;
	const char *said;
};

static void tell(struct buf *out, struct job *j, struct request *r, struct failure *f)
{
	struct arena in = {0};
	char *wire = arena_zeroed(&in, MOST, 1);
	struct slice all;
	struct intake n;

	if (intake_open(&n, r, "conf", NULL, &in, f) < 0 || intake_take(&n, j, r, f) < 0) {
		assert_int_equal(buf_printf(out, "! %s\n", f->text), 0);
	} else {
		assert_int_equal(source_head(j->mail.form7, wire, MOST - 1, &all, f), 0);
		assert_int_equal(buf_printf(out, "%s\n%s", recipients_text(&in, &j->mail.envelope), wire), 0);
	}
	intake_close(&n);
	arena_free(&in);
}

static void read_rows(struct merge *m, struct buf *out)
{
	int got;

	do {
		struct job j = {.account = NULL};
		struct failure f = {.stage = AT_USAGE};
		struct request r;

		got = merge_next(m, &r, &j, &f);
		if (got == 1)
			tell(out, &j, &r, &f);
		else if (got < 0)
			assert_int_equal(buf_printf(out, "! %s\n", f.text), 0);
		message_close(&j.message);
		arena_free(&j.arena);
	} while (got != 0);
}

static void check(const struct run *run)
{
	struct merge_order o = {.table = "table", .text = run->text ? "text" : NULL, .html = run->html ? "html" : NULL, .charset = run->charset,
				.unsubscribe = run->unsubscribe, .option = run->option, .request = &plain};
	struct arena in = {0};
	struct merge *m = NULL;
	struct failure f;
	struct buf out;

	file_fill("table", run->table);
	file_fill("text", run->text ? run->text : "");
	file_fill("html", run->html ? run->html : "");
	while (o.options < ROWS(run->option) && run->option[o.options].spelled)
		o.options++;
	buf_start(&out, 1 << 20);
	for (int pass = 0; pass < 2; pass++) {
		buf_clear(&out);
		if (pass == 0 ? merge_open(&m, &in, &o, &f) < 0 : merge_rewind(m, &f) < 0) {
			assert_int_equal(buf_printf(&out, "! %s\n", f.text), 0);
			assert_string_equal(out.p, run->said);
			break;
		}
		read_rows(m, &out);
		assert_string_equal(out.p, run->said);
	}
	merge_close(m);
	buf_free(&out);
	arena_free(&in);
}

#define TO(value) {DRAFT_TO, "--to", value}
#define SUBJECT(value) {DRAFT_SUBJECT, "--subject", value}
#define PLAIN "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n"
#define FROM "From: N <n@x.example>\r\n"

static void test_each_row_is_a_message_to_those_in_its_header(void **state)
{
	static const struct run runs[] = {
		{"name,email\nAnn,a@x\n\"Roe, Bob\",b@x\n", "To: {{name}} <{{email}}>\nSubject: Hi {{name}}\n\nDear {{name}}\n", NULL, {{0}}, NULL, NULL,
		 "a@x\nTo: Ann <a@x>\r\nSubject: Hi Ann\r\n" PLAIN FROM "\r\nDear Ann\r\n"
		 "b@x\nTo: \"Roe, Bob\" <b@x>\r\nSubject: Hi Roe, Bob\r\n" PLAIN FROM "\r\nDear Roe, Bob\r\n"},
		{"email,cc,bcc\na@x,\"c@x, d@x\",\ne@x,,f@x\n", "To: {{email}}\nCc: {{cc}}\nBcc: {{bcc}}\n\nx\n", NULL, {{0}}, NULL, NULL,
		 "a@x c@x d@x\nTo: a@x\r\nCc: c@x,\r\n d@x\r\n" PLAIN FROM "\r\nx\r\n"
		 "e@x f@x\nTo: e@x\r\n" PLAIN FROM "\r\nx\r\n"},
		{"n;e\nM\xfcller;a@x\n", "Subject: {{n}}\nTo: {{e}}\n\n{{n}}\n", NULL, {{0}}, "latin1", NULL,
		 "a@x\nSubject: =?utf-8?Q?M=C3=BCller?=\r\nTo: a@x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		 "Content-Transfer-Encoding: quoted-printable\r\n" FROM "\r\nM=C3=BCller\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(runs); i++)
		check(&runs[i]);
}

static void test_a_message_that_is_ready_is_a_template(void **state)
{
	static const struct run run = {"n,e\nM\xc3\xbcller,a@x\n",
		"To: {{n}} <{{e}}>\nSubject: x\nContent-Type: text/plain; charset=latin1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe, {{=\nn}}\n",
		NULL, {SUBJECT("{{n}}")}, NULL, NULL,
		"a@x\nTo: =?utf-8?Q?M=C3=BCller?= <a@x>\r\nSubject: =?utf-8?Q?M=C3=BCller?=\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\n" FROM "\r\nGr=C3=BC=C3=9Fe, M=C3=BCller\r\n"};

	(void)state;
	check(&run);
}

static void test_options_have_columns_too(void **state)
{
	static const struct run runs[] = {
		{"n,e\nAnn,a@x\n", "Dear {{n}}:\n\nhello\n", NULL, {TO("{{n}} <{{e}}>"), SUBJECT("Hi {{n}}")}, NULL, NULL,
		 "a@x\nTo: Ann <a@x>\r\nSubject: Hi Ann\r\n" PLAIN FROM "\r\nDear Ann:\r\n\r\nhello\r\n"},
		{"n,e\n\"M\xc3\xbcller, B\",a@x\n", "To: old@x\nSubject: old\n\nx\n", NULL,
		 {TO("{{n}} <{{e}}>"), TO("b@x"), SUBJECT("{{n}}"), {DRAFT_HEADER, "--header", "X-Id: {{n}}"}}, NULL, NULL,
		 "a@x b@x\nTo: =?utf-8?Q?M=C3=BCller=2C_B?= <a@x>,\r\n b@x\r\nSubject: =?utf-8?B?TcO8bGxlciw=?= B\r\n"
		 "X-Id: =?utf-8?B?TcO8bGxlciw=?= B\r\n" PLAIN FROM "\r\nx\r\n"},
		/* whatever the account's charset is, what the row says is UTF-8 */
		{"n,e\n\xc3\xbc@x,a@x\n", "x\n", NULL, {TO("{{n}}"), TO("{{e}}")}, NULL, NULL,
		 "\xc3\xbc@x a@x\nTo: \xc3\xbc@x,\r\n a@x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		 "Content-Transfer-Encoding: 7bit\r\n" FROM "\r\nx\r\n"},
		{"n,e,c\nAnn,a@x,\n", "x\n", NULL, {TO("{{e}}"), {DRAFT_CC, "--cc", "{{c}}"}, {DRAFT_HEADER, "--header", "X-C: {{c}}"}}, NULL, NULL,
		 "a@x\nTo: a@x\r\n" PLAIN FROM "\r\nx\r\n"},
		{"n,e\n=?utf-8?Q?x?=,a@x\n", "x\n", NULL, {TO("{{e}}"), SUBJECT("{{n}}")}, NULL, NULL,
		 "a@x\nTo: a@x\r\nSubject: =?utf-8?B?PT91dGYtOD9RP3g/PQ==?=\r\n" PLAIN FROM "\r\nx\r\n"},
		{"e,id\na+b@x,7 8\n", "x\n", NULL, {TO("{{e}}")}, NULL, "https://x/u?e={{e}}&i={{id}}",
		 "a+b@x\nTo: a+b@x\r\nList-Unsubscribe: <https://x/u?e=a%2Bb%40x&i=7%208>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
		 PLAIN FROM "\r\nx\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(runs); i++)
		check(&runs[i]);
}

static void test_a_bad_row_is_named_and_the_next_goes_on(void **state)
{
	static const struct run runs[] = {
		{"n,e\nAnn\n\"B\nBcc: e@y\",b@x\nCy,c d e\n,c@x\n", "To: {{n}} <{{e}}>\n\nx\n", NULL, {{0}}, NULL, NULL,
		 "! table: line 2: the row has 1 cell, where the header has 2\n"
		 "! table: line 3: text: n: a line end or control character, which cannot stand in a header: B\\x0aBcc: e@y\n"
		 "! table: line 5: text: To: \"c d e\" is no address: it is several words without <>\n"
		 "c@x\nTo: c@x\r\n" PLAIN FROM "\r\nx\r\n"},
		{"e,f\na@x,\nb@x,none.txt\nc@x,-\nd@x,/dev/fd/0\n", "x\n", NULL, {TO("{{e}}"), {DRAFT_ATTACH, "--attach", "{{f}};type=application/pdf"}}, NULL, NULL,
		 "! table: line 2: --attach: f is empty, and is to name a file\n"
		 "! none.txt: No such file or directory\n"
		 "! table: line 4: --attach: \"-\" is no file\n"
		 "! table: line 5: --attach: \"/dev/fd/0\" is no file\n"},
		{"e\na b\n", "x\n", NULL, {TO("{{e}}")}, NULL, NULL, "! table: line 2: --to: \"a b\" is no address: it is several words without <>\n"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(runs); i++)
		check(&runs[i]);
}

static void test_what_is_wrong_for_all_rows_is_told_before_the_first(void **state)
{
	static const struct run runs[] = {
		{"n,e\n", "To: {{e}}\n\n{{nme}}\n", NULL, {{0}}, NULL, NULL,
		 "! text: line 3, column 1: there is no column \"nme\"; there are: n, e\n"},
		{"n,e\n", "x\n", "<p>{{q}}", {TO("{{e}}")}, NULL, NULL, "! html: line 1, column 4: there is no column \"q\" (\"n\"?); there are: n, e\n"},
		{"n,e\n", "x\n", NULL, {TO("{{m}}")}, NULL, NULL, "! --to: line 1, column 1: there is no column \"m\" (\"n\"?); there are: n, e\n"},
		{"n,n\n", "x\n", NULL, {{0}}, NULL, NULL, "! table: line 1: columns 1 and 2 are both called \"n\"\n"},
		{"n\n", "To: a@x\nContent-Type: multipart/mixed; boundary=b\n\n", NULL, {{0}}, NULL, NULL, "! text: its parts cannot be told apart\n"},
		{"n\n", "x\n", NULL, {TO("a@x")}, NULL, "http://x", "! --unsubscribe takes a URL that begins with https://, not \"http://x\"\n"},
		{"n\n", "x\n", NULL, {TO("a@x"), {DRAFT_ATTACH, "--attach", "-;type=text/{{n}}"}}, NULL, NULL,
		 "! --attach: - can be read once, and is wanted for each row\n"},
		{"n\n", "x\n", NULL, {TO("a@x"), {DRAFT_ATTACH, "--attach", "none.txt;name={{n}}"}}, NULL, NULL,
		 "! --attach: none.txt: No such file or directory\n"},
		{"n\n", "x\n", NULL, {TO("a@x"), {DRAFT_PRIORITY, "--priority", "{{n}}"}}, NULL, NULL,
		 "! --priority takes high, normal or low, not \"{{n}}\"\n"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(runs); i++)
		check(&runs[i]);
}

static void test_standard_input_is_one_of_its_files(void **state)
{
	struct merge_order o = {.table = "-", .text = "/dev/stdin", .request = &plain};
	struct arena in = {0};
	struct merge *m;
	struct failure f;

	(void)state;
	assert_int_equal(merge_open(&m, &in, &o, &f), -1);
	check_failure(&f, AT_USAGE, EX_USAGE, "standard input can be the table or a template, not both");
	merge_close(m);
	o = (struct merge_order){.table = "no-such-table", .request = &plain};
	assert_int_equal(merge_open(&m, &in, &o, &f), -1);
	check_failure(&f, AT_INPUT, EX_NOINPUT, "no-such-table: ");
	merge_close(m);
	merge_close(NULL);
	arena_free(&in);
}

/* A boundary is another in each message: what is looked for are the parts. */
static const char *message(struct buf *out, const struct run *run)
{
	struct merge_order o = {.table = "table", .text = run->text ? "text" : NULL, .html = run->html ? "html" : NULL, .option = run->option, .request = &plain};
	struct arena in = {0};
	struct merge *m = NULL;
	struct failure f;

	file_fill("table", run->table);
	file_fill("text", run->text ? run->text : "");
	file_fill("html", run->html ? run->html : "");
	while (o.options < ROWS(run->option) && run->option[o.options].spelled)
		o.options++;
	buf_clear(out);
	assert_int_equal(merge_open(&m, &in, &o, &f), 0);
	read_rows(m, out);
	merge_close(m);
	arena_free(&in);
	return out->p;
}

static void test_html_and_files_of_a_row(void **state)
{
	static const struct run html = {"n,e\n<Ann>,a@x\n", "To: {{e}}\n\n{{n}}\n", "<p>{{n}}{{{n}}}</p>\n", {{0}}, NULL, NULL, NULL};
	static const struct run alone = {"n,e\n<Ann>,a@x\n", NULL, "<p>{{n}}</p>\n", {TO("{{e}}")}, NULL, NULL, NULL};
	static const struct run files = {"f,e\na,a@x\nb,b@x\n,c@x\n", "x\n", NULL,
		{TO("{{e}}"), {DRAFT_ATTACH, "--attach", "{{#f}}{{f}}.txt{{/f}};type=application/pdf;name=for {{e}}.txt"}}, NULL, NULL, NULL};
	struct buf out;
	const char *all, *second, *third;

	(void)state;
	buf_start(&out, 1 << 20);
	all = message(&out, &html);
	assert_non_null(strstr(all, "multipart/alternative"));
	assert_non_null(strstr(all, "\r\n\r\n<Ann>\r\n"));
	assert_non_null(strstr(all, "<p>&lt;Ann&gt;<Ann></p>\r\n"));
	all = message(&out, &alone);
	assert_non_null(strstr(all, "Content-Type: text/html"));
	assert_non_null(strstr(all, "\r\n\r\n<p>&lt;Ann&gt;</p>\r\n"));
	all = message(&out, &files);
	second = strstr(all, "To: b@x");
	third = strstr(all, "To: c@x");
	assert_non_null(second);
	assert_non_null(third);
	assert_true(strstr(all, "ZmlsZSBhCg==") < second); /* "file a" in base64 */
	assert_true(strstr(all, "for a@x.txt") < second);
	assert_true(strstr(all, "ZmlsZSBiCg==") > second);
	assert_null(strstr(third, "multipart"));
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_row_is_a_message_to_those_in_its_header),
		cmocka_unit_test(test_a_message_that_is_ready_is_a_template),
		cmocka_unit_test(test_options_have_columns_too),
		cmocka_unit_test(test_a_bad_row_is_named_and_the_next_goes_on),
		cmocka_unit_test(test_what_is_wrong_for_all_rows_is_told_before_the_first),
		cmocka_unit_test(test_standard_input_is_one_of_its_files),
		cmocka_unit_test(test_html_and_files_of_a_row),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
