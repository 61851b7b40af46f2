#include "unit.h"

#include <string.h>
#include <sysexits.h>

#include "cli/options.h"

enum { ARGS = 12 };

static int read_args(struct options *o, struct arena *run, const char *const *args, struct failure *f)
{
	static char copy[ARGS][200];
	char *argv[ARGS + 1];
	int argc = 0;

	for (; argc < ARGS && args[argc]; argc++) {
		assert_true(strlen(args[argc]) < sizeof *copy);
		memcpy(copy[argc], args[argc], strlen(args[argc]) + 1);
		argv[argc] = copy[argc];
	}
	argv[argc] = NULL;
	return options_read(o, run, argc, argv, f);
}

static void test_what_real_callers_pass_means_what_sendmail_says(void **state)
{
	static const struct {
		const char *args[ARGS];
		const char *sender, *name; /* NULL: not given */
		bool header, text;
		size_t recipients;
	} rows[] = {
		{{"sendmail", "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root"}, NULL, "CronDaemon", false, true, 1},
		{{"sendmail", "-FCronDaemon", "-odi", "-oem", "-or0s", "root"}, NULL, "CronDaemon", false, false, 1},
		{{"sendmail", "-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f", "a@b"}, "a@b", "CronDaemon", true, true, 0},
		{{"/usr/sbin/sendmail", "-t"}, NULL, NULL, true, false, 0},
		{{"sendmail", "-ti"}, NULL, NULL, true, true, 0},
		{{"sendmail", "-t", "-f", "a@b", "-it"}, "a@b", NULL, true, true, 0},
		{{"sendmail", "-oi", "-f", "", "--", "a@b"}, "", NULL, false, true, 1},
		{{"sendmail", "-oi", "-t", "-f", "<>"}, "<>", NULL, true, true, 0},
		{{"sendmail", "-fa@b", "-fc@d", "x@y"}, "c@d", NULL, false, false, 1},
		{{"sendmail", "-fa@b", "-rc@d", "x@y"}, "c@d", NULL, false, false, 1},
		{{"sendmail", "-G", "-oee", "-odq", "-oi", "-pUUCP:h", "-fA@b", "T@x"}, "A@b", NULL, false, true, 1},
		{{"sendmail", "-oMr", "local", "a@b"}, NULL, NULL, false, false, 1},
		{{"sendmail", "-ODeliveryMode=b", "-OErrorMode=m", "-oi", "-t"}, NULL, NULL, true, true, 0},
		{{"sendmail", "-O", "ErrorMode=m", "a@b"}, NULL, NULL, false, false, 1},
		{{"sendmail", "-h", "5", "-L", "tag", "-p", "x", "a@b"}, NULL, NULL, false, false, 1},
		{{"sendmail", "-C/etc/passwd", "-X/tmp/x", "-D", "/tmp/y", "-OQueueDirectory=/tmp", "a@b"}, NULL, NULL, false, false, 1},
		{{"sendmail", "a@b", "-t"}, NULL, NULL, false, false, 2},
		{{"mysend", "a@b", "-t"}, NULL, NULL, true, false, 1},
		{{"mysend", "--", "-t"}, NULL, NULL, false, false, 1},
		{{"mysend", "-bm", "-v", "-d0.1", "a@b"}, NULL, NULL, false, false, 1},
		{{"mysend", "-F", "Full Name", "a@b", "c@d"}, NULL, "Full Name", false, false, 2},
		{{"mysend", "-OIgnoreDots=True", "a@b"}, NULL, NULL, false, true, 1},
		{{"mysend", "-oitrue", "a@b"}, NULL, NULL, false, true, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena run = {0};
		struct failure f;
		struct options o;

		assert_int_equal(read_args(&o, &run, rows[i].args, &f), 0);
		assert_true(rows[i].sender ? o.request.sender && strcmp(o.request.sender, rows[i].sender) == 0 : !o.request.sender);
		assert_true(rows[i].name ? o.request.name && strcmp(o.request.name, rows[i].name) == 0 : !o.request.name);
		assert_int_equal(o.request.from_header, rows[i].header);
		assert_int_equal(o.dots_are_text, rows[i].text);
		assert_int_equal(o.request.recipients, rows[i].recipients);
		if (o.as_sendmail) {
			assert_null(o.config);
			assert_null(o.traffic);
		}
		arena_free(&run);
	}
}

static void test_what_means_nothing_is_a_usage_error(void **state)
{
	static const char *const rows[][ARGS] = {
		{"mysend", "-J"},		 {"sendmail", "-s", "x"},     {"sendmail", "-a", "x"},
		{"sendmail", "--host=x", "a@b"}, {"mysend", "--no-such-option"}, {"mysend", "-f"},
		{"mysend", "--host"},		 {"mysend", "-"},		     {"mysend", "-Nbogus", "a@b"},
		{"mysend", "-Nnever,delay"},	 {"mysend", "-Rbogus", "a@b"},   {"mysend", "-BBINARYMIME"},
		{"mysend", "-ba"},		 {"mysend", "--password", "secret"}, {"mysend", "--password=secret"},
		{"mysend", "-V", ""},		 {"mysend", "--dry-run=x"},      {"sendmail", "-be"},
		{"sendmail", "-T"},		 {"sendmail", "-Q"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena run = {0};
		struct failure f;
		struct options o;

		assert_int_equal(read_args(&o, &run, rows[i], &f), -1);
		assert_int_equal(f.exit, EX_USAGE);
		assert_null(strstr(f.text, "secret"));
		arena_free(&run);
	}
}

static void test_settings_are_long_options_with_dashes(void **state)
{
	static const struct { const char *args[ARGS]; enum setting setting; const char *value; } rows[] = {
		{{"mysend", "--host", "h"}, SET_host, "h"},
		{{"mysend", "--host=h"}, SET_host, "h"},
		{{"mysend", "--host="}, SET_host, ""},
		{{"mysend", "--tls-starttls=off"}, SET_tls_starttls, "off"},
		{{"mysend", "--tls-starttls"}, SET_tls_starttls, "on"},
		{{"mysend", "--tls", "a@b"}, SET_tls, "on"},
		{{"mysend", "--password-file", "--odd"}, SET_password_file, "--odd"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena run = {0};
		struct failure f;
		struct options o;

		assert_int_equal(read_args(&o, &run, rows[i].args, &f), 0);
		assert_int_equal(o.request.options, 1);
		assert_int_equal(o.request.option[0].setting, rows[i].setting);
		assert_string_equal(o.request.option[0].value, rows[i].value);
		arena_free(&run);
	}
}

static void test_dsn_words_are_read_in_any_case(void **state)
{
	static const struct { const char *text; int ok; unsigned bits; } rows[] = {
		{"never", 0, NOTIFY_NEVER},
		{"FAILURE,Delay", 0, NOTIFY_FAILURE | NOTIFY_DELAY},
		{"success, failure", 0, NOTIFY_SUCCESS | NOTIFY_FAILURE},
		{"", -1, 0},
		{"failure,", -1, 0},
		{"never,success", -1, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned bits;

		assert_int_equal(request_notify(rows[i].text, &bits), rows[i].ok);
		if (rows[i].ok == 0)
			assert_int_equal(bits, rows[i].bits);
	}
}

static void test_only_quiet_silences(void **state)
{
	static const struct { const char *args[ARGS]; bool quiet; } rows[] = {
		{{"mysend", "-oeq"}, true},   {{"mysend", "-eq"}, true},  {{"mysend", "-OErrorMode=q"}, true},
		{{"mysend", "-oem"}, false},  {{"mysend", "-oep"}, false}, {{"mysend", "-e", "e"}, false},
		{{"mysend", "-oeq", "-oem"}, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena run = {0};
		struct failure f;
		struct options o;

		assert_int_equal(read_args(&o, &run, rows[i].args, &f), 0);
		assert_int_equal(o.quiet, rows[i].quiet);
		arena_free(&run);
	}
}

/* What the options of a batch come to; NULL and 0: not asked for. */
static void test_options_of_a_batch_are_read(void **state)
{
	static const struct {
		const char *args[ARGS];
		enum batch_kind kind;
		size_t inputs, options;
		const char *text, *html, *first; /* first: the first option for the message, as it goes on */
		uint64_t preview, limit;
		unsigned shard, shards, pauses, pause;
		bool hold;
	} rows[] = {
		{{"mysend", "--batch", "a.eml", "b.eml"}, BATCH_OF_MAILS, .inputs = 2, .pauses = 3, .pause = 300},
		{{"mysend", "--limit=5", "a.mbox", "--batch"}, BATCH_OF_MAILS, .inputs = 1, .limit = 5, .pauses = 3, .pause = 300},
		{{"mysend", "--batch", "-"}, BATCH_OF_MAILS, .inputs = 1, .pauses = 3, .pause = 300},
		{{"mysend", "--batch=a.mbox", "b.mbox"}, BATCH_OF_MAILS, .inputs = 2, .pauses = 3, .pause = 300},
		{{"mysend", "--batch", "--", "-t"}, BATCH_OF_MAILS, .inputs = 1, .pauses = 3, .pause = 300},
		{{"mysend", "--batch", "a", "--shard", "2/8", "--unsure", "hold"}, BATCH_OF_MAILS, .inputs = 1, .shard = 2, .shards = 8, .pauses = 3, .pause = 300, .hold = true},
		{{"mysend", "--batch", "a", "--retries", "0"}, BATCH_OF_MAILS, .inputs = 1},
		{{"mysend", "--batch", "a", "--retries", "16"}, BATCH_OF_MAILS, .inputs = 1, .pauses = 16, .pause = 300},
		{{"mysend", "--batch", "a", "--retries", "10s, 1h"}, BATCH_OF_MAILS, .inputs = 1, .pauses = 2, .pause = 10},
		{{"mysend", "--to", "{{email}}", "--merge", "a.csv", "--template", "t"}, BATCH_OF_TABLE, .inputs = 1, .options = 1, .text = "t", .first = "{{email}}", .pauses = 3, .pause = 300},
		{{"mysend", "--merge", "a.csv", "--html", "t.html", "-s", "Hi {{name}}"}, BATCH_OF_TABLE, .inputs = 1, .options = 1, .html = "t.html", .first = "Hi {{name}}", .pauses = 3, .pause = 300},
		{{"mysend", "--merge", "a.csv", "--template", "t", "--preview"}, BATCH_OF_TABLE, .inputs = 1, .text = "t", .preview = 1, .pauses = 3, .pause = 300},
		{{"mysend", "--preview", "7", "--merge", "a.csv", "--template", "t"}, BATCH_OF_TABLE, .inputs = 1, .text = "t", .preview = 7, .pauses = 3, .pause = 300},
		{{"mysend", "--preview=7", "--merge", "a.csv", "--template", "t", "--dry-run"}, BATCH_OF_TABLE, .inputs = 1, .text = "t", .preview = 7, .pauses = 3, .pause = 300},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct batch_options *b;
		struct arena run = {0};
		struct failure f;
		struct options o;

		assert_int_equal(read_args(&o, &run, rows[i].args, &f), 0);
		b = &o.batch;
		assert_int_equal(o.mode, MODE_BATCH);
		assert_int_equal(b->kind, rows[i].kind);
		assert_int_equal(b->inputs, rows[i].inputs);
		assert_int_equal(b->options, rows[i].options);
		assert_true(rows[i].text ? strcmp(b->text, rows[i].text) == 0 : !b->text);
		assert_true(rows[i].html ? strcmp(b->html, rows[i].html) == 0 : !b->html);
		if (rows[i].first)
			assert_string_equal(b->option[0].value, rows[i].first);
		assert_int_equal(b->preview, rows[i].preview);
		assert_int_equal(b->limit, rows[i].limit);
		assert_int_equal(b->shard, rows[i].shard);
		assert_int_equal(b->shards, rows[i].shards);
		assert_int_equal(b->pauses, rows[i].pauses);
		if (b->pauses)
			assert_int_equal(b->pause[0], rows[i].pause);
		assert_int_equal(b->hold_unsure, rows[i].hold);
		assert_int_equal(o.request.recipients, 0);
		assert_false(o.request.draft.used);
		arena_free(&run);
	}
}

static void test_wrong_combinations_with_a_batch_name_the_right_way(void **state)
{
	static const struct { const char *args[ARGS], *words; } rows[] = {
		{{"mysend", "--merge", "a.csv", "--batch", "b.mbox"}, "only one"},
		{{"mysend", "--batch"}, "mysend --batch letters.mbox"},
		{{"mysend", "--merge", "--template", "t"}, "mysend --merge people.csv"},
		{{"mysend", "--merge", "a.csv"}, "--template FILE"},
		{{"mysend", "--merge", "a.csv", "bob@example.org", "--template", "t"}, "--to '{{COLUMN}}'"},
		{{"mysend", "--merge", "a.csv", "--html", "a", "--html", "b"}, "--html can be given once"},
		{{"mysend", "--merge", "a.csv", "--template", "t", "--message-id", "x@y"}, "--message-id would be the same"},
		{{"mysend", "--batch", "a", "--template", "t"}, "--template goes with --merge only"},
		{{"mysend", "--batch", "a", "--key", "id"}, "--key goes with --merge only"},
		{{"mysend", "--batch", "a", "--failed", "id"}, "--failed goes with --merge only"},
		{{"mysend", "--batch", "a", "--unsubscribe", "https://x"}, "--unsubscribe goes with --merge only"},
		{{"mysend", "--batch", "a", "--to", "bob@example.org"}, "--merge makes messages"},
		{{"mysend", "--batch", "a", "-s", "x"}, "--merge makes messages"},
		{{"mysend", "--batch", "a", "-odq"}, "--spool-rest"},
		{{"mysend", "--batch", "a", "--json", "--dry-run"}, "--json tells of mails that are sent"},
		{{"mysend", "--batch", "a", "--json", "--preview"}, "--json tells of mails that are sent"},
		{{"mysend", "--limit", "5", "bob@example.org"}, "--limit goes with --batch and --merge only"},
		{{"mysend", "--template", "t", "bob@example.org"}, "--template goes with --batch and --merge only"},
		{{"mysend", "--batch", "a", "--limit", "0"}, "--limit takes a number of mails, from 1, not 0"},
		{{"mysend", "--batch", "a", "--limit", "5x"}, "not 5x"},
		{{"mysend", "--batch", "a", "--limit", "99999999999999999999"}, "--limit takes"},
		{{"mysend", "--batch", "a", "--preview=0"}, "from 1, not 0"},
		{{"mysend", "--batch", "a", "--shard", "0/4"}, "--shard takes which part of how many"},
		{{"mysend", "--batch", "a", "--shard", "5/4"}, "not 5/4"},
		{{"mysend", "--batch", "a", "--shard", "4"}, "not 4"},
		{{"mysend", "--batch", "a", "--shard", "1/"}, "not 1/"},
		{{"mysend", "--batch", "a", "--shard", "1/2000000"}, "--shard takes"},
		{{"mysend", "--batch", "a", "--unsure", "maybe"}, "retry or hold"},
		{{"mysend", "--batch", "a", "--retries", "17"}, "up to 16"},
		{{"mysend", "--batch", "a", "--retries", "5m,,1h"}, "5m,15m,30m"},
		{{"mysend", "--batch", "a", "--retries", ""}, "5m,15m,30m"},
		{{"mysend", "--batch", "a", "--patience", "soon"}, "--patience takes a time"},
		{{"mysend", "--report", "a", "--batch", "b"}, "--report only reads"},
		{{"mysend", "--batch", "b", "--report", "a"}, "--report only reads"},
		{{"mysend", "--report", "a", "b"}, "takes nothing else"},
		{{"mysend", "--report", "a", "--dry-run"}, "takes nothing else"},
		{{"mysend", "--json", "-q"}, "--json goes with"},
		{{"mysend", "--json", "-bS"}, "--json goes with"},
		{{"sendmail", "--batch", "a"}, "called as sendmail"},
		{{"mysend", "-"}, "a single -"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct failure f = {.text = ""};
		struct arena run = {0};
		struct options o;

		if (read_args(&o, &run, rows[i].args, &f) == 0 || !strstr(f.text, rows[i].words))
			print_error("row %zu: %s\n", i, f.text);
		assert_int_equal(f.exit, EX_USAGE);
		assert_non_null(strstr(f.text, rows[i].words));
		arena_free(&run);
	}
}

static void test_help_on_a_batch_is_asked_for_in_any_order(void **state)
{
	static const struct { const char *args[ARGS]; enum batch_kind kind; } rows[] = {
		{{"mysend", "--batch", "--help"}, BATCH_OF_MAILS}, {{"mysend", "--help", "--merge"}, BATCH_OF_TABLE},
		{{"mysend", "--merge", "a.csv", "--help"}, BATCH_OF_TABLE}, {{"mysend", "--help"}, BATCH_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena run = {0};
		struct failure f;
		struct options o;

		assert_int_equal(read_args(&o, &run, rows[i].args, &f), 0);
		assert_int_equal(o.mode, MODE_HELP);
		assert_int_equal(o.batch.kind, rows[i].kind);
		arena_free(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_real_callers_pass_means_what_sendmail_says),
		cmocka_unit_test(test_what_means_nothing_is_a_usage_error),
		cmocka_unit_test(test_settings_are_long_options_with_dashes),
		cmocka_unit_test(test_dsn_words_are_read_in_any_case),
		cmocka_unit_test(test_only_quiet_silences),
		cmocka_unit_test(test_options_of_a_batch_are_read),
		cmocka_unit_test(test_wrong_combinations_with_a_batch_name_the_right_way),
		cmocka_unit_test(test_help_on_a_batch_is_asked_for_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
