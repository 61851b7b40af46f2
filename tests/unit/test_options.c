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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_real_callers_pass_means_what_sendmail_says),
		cmocka_unit_test(test_what_means_nothing_is_a_usage_error),
		cmocka_unit_test(test_settings_are_long_options_with_dashes),
		cmocka_unit_test(test_dsn_words_are_read_in_any_case),
		cmocka_unit_test(test_only_quiet_silences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
