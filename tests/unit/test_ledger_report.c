/* What --report says of ledgers. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "post/ledger_report.h"

#define HEAD "mysend-ledger 1\tpeople.csv\tabc\trecipients\t0123456789\n"

static char path[] = "/tmp/mysend-ledger.XXXXXX";

static void put_file(const char *text, size_t len)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static const char *printed(struct arena *in, const struct ledger_report *r, bool json)
{
	struct buf b;
	const char *text;

	buf_start(&b, 1 << 20);
	assert_int_equal(json ? ledger_report_json(&b, r) : ledger_report_print(&b, r), 0);
	text = arena_text(in, b.p, b.len);
	buf_free(&b);
	return text;
}

static const char story[] = HEAD
	">\t1795462000.000\ta\ta@Example.org\n"
	">\t1795462000.000\tb\tb@example.org\n"
	">\t1795462000.000\tc\tc@example.net\n"
	">\t1795462000.000\td\td@example.net\n"
	"+\t1795462001.500\ta\ta@Example.org\t250\t2.0.0 Ok: queued as 4BzF2c1234\n"
	"~\t1795462001.600\tb\tb@example.org\t450\t4.2.0 <b@example.org>: greylisted\n"
	"-\t1795462001.700\tc\tc@example.net\t550\t5.1.1 <c@example.net> no such user\n"
	"-\t1795462001.700\td\td@example.net\t550\t5.1.1 <d@example.net> no such user\n"
	">\t1795462031.000\tb\tb@example.org\n"
	"+\t1795462041.250\tb\tb@EXAMPLE.org\t250\t2.0.0 Ok\n"
	">\t1795462050.000\te\te\n"
	"?\t1795462051.000\te\te\t\tend of message to mx:25: connection lost\n"
	">\t1795462060.000\tf\tf@example.com\n"
	"w\t1795462061.000\tg\tg@example.com\t\t01ABC\n"
	"~\t1795462062.";

static void test_the_last_line_of_each_recipient_counts(void **state)
{
	static const struct {
		const char *name;
		size_t count, state[LEDGER_STATES];
	} domains[] = {
		{"example.com", 2, {[LEDGER_DOUBT] = 1, [LEDGER_SPOOLED] = 1}}, {"example.net", 2, {[LEDGER_FAILED] = 2}},
		{"example.org", 2, {[LEDGER_DONE] = 2}}, {"(no domain)", 1, {[LEDGER_DOUBT] = 1}},
	}, reasons[] = {
		{"550 5.1.1 ... no such user", 2, {[LEDGER_FAILED] = 2}}, {"end of message to mx:25: connection lost", 1, {[LEDGER_DOUBT] = 1}},
	};
	struct ledger_report r;
	struct arena in = {0};
	struct failure f;

	(void)state;
	put_file(story, strlen(story));
	assert_int_equal(ledger_report_read(&r, &in, path, &f), 0);
	assert_int_equal(r.recipients, 7);
	assert_int_equal(r.state[LEDGER_DONE], 2);
	assert_int_equal(r.state[LEDGER_FAILED], 2);
	assert_int_equal(r.state[LEDGER_DOUBT], 2);
	assert_int_equal(r.state[LEDGER_SPOOLED], 1);
	assert_int_equal(r.state[LEDGER_NEW], 0);
	assert_int_equal(r.leases, 7);
	assert_int_equal(r.unanswered, 1);
	assert_true(r.first == 1795462000000 && r.last == 1795462061000);
	assert_int_equal(r.domains, ROWS(domains));
	for (size_t i = 0; i < ROWS(domains); i++) {
		assert_string_equal(r.domain[i].name, domains[i].name);
		assert_int_equal(r.domain[i].count, domains[i].count);
		assert_memory_equal(r.domain[i].state, domains[i].state, sizeof domains[i].state);
	}
	assert_int_equal(r.reasons, ROWS(reasons)); /* the 450 is forgotten: it was accepted since */
	for (size_t i = 0; i < ROWS(reasons); i++) {
		assert_string_equal(r.reason[i].name, reasons[i].name);
		assert_memory_equal(r.reason[i].state, reasons[i].state, sizeof reasons[i].state);
	}
	assert_int_equal(r.slows, 5);
	assert_string_equal(r.slow[0].recipient, "b@EXAMPLE.org");
	assert_true(r.slow[0].ms == 10250);
	assert_true(r.slow[4].ms == 1500 && r.slow[1].ms == 1700);
	assert_true(r.bin_ms == 2000 && r.bin_first == 1795462001500);
	assert_int_equal(r.bins, 20);
	assert_int_equal(r.accepted[0], 1);
	assert_int_equal(r.accepted[19], 1);
	arena_free(&in);
}

static void test_it_is_told_to_people_and_to_programs(void **state)
{
	static const char *const words[] = {
		": 7 recipients of people.csv\nfrom 2026-11-", "\n         2 accepted by the relay\n         2 refused\n         2 in doubt: sent, and no answer is known\n         1 handed to the queue\n\nby domain ",
		"by domain   accepted   refused  in doubt    queued\n                   0         0         1         1  example.com\n",
		"\nby reason\n         1 in doubt: the run ended before the answer came\n         2 550 5.1.1 ... no such user\n",
		"\nslowest\n      10.2s b@EXAMPLE.org\n", "\naccepted, a line for 2 s\n", " ######################################## 0.5/s\n",
	}, *const json[] = {
		"{\"ledger\":\"/tmp/", "\"input\":\"people.csv\",\"run\":\"0123456789\",\"recipients\":7,\"accepted\":2,\"refused\":2,\"doubt\":2,\"queued\":1,\"again\":0,\"unanswered\":1,",
		"\"first\":1795462000.000,\"last\":1795462061.000,\"domains\":[{\"domain\":\"example.com\",\"accepted\":0,",
		"\"reasons\":[{\"reason\":\"550 5.1.1 ... no such user\",\"accepted\":0,\"refused\":2,",
		"\"slowest\":[{\"recipient\":\"b@EXAMPLE.org\",\"ms\":10250},", "\"throughput\":[{\"from\":1795462001.500,\"seconds\":2,\"accepted\":1},", "}]}\n",
	};
	struct ledger_report r;
	struct arena in = {0};
	struct failure f;

	(void)state;
	put_file(story, strlen(story));
	assert_int_equal(ledger_report_read(&r, &in, path, &f), 0);
	for (size_t i = 0; i < ROWS(words); i++)
		if (!strstr(printed(&in, &r, false), words[i]))
			assert_string_equal(printed(&in, &r, false), words[i]);
	for (size_t i = 0; i < ROWS(json); i++)
		if (!strstr(printed(&in, &r, true), json[i]))
			assert_string_equal(printed(&in, &r, true), json[i]);
	arena_free(&in);
}

static void test_no_room_is_an_error_and_never_half_an_answer(void **state)
{
	struct ledger_report r;
	struct arena in = {0};
	struct failure f;

	(void)state;
	put_file(story, strlen(story));
	assert_int_equal(ledger_report_read(&r, &in, path, &f), 0);
	for (int json = 0; json < 2; json++) {
		size_t whole = strlen(printed(&in, &r, json));

		for (size_t room = 0; room < whole; room++) {
			struct buf b;

			buf_start(&b, room);
			assert_int_equal(json ? ledger_report_json(&b, &r) : ledger_report_print(&b, &r), -1);
			buf_free(&b);
		}
	}
	arena_free(&in);
}

static void test_what_is_no_ledger_is_named(void **state)
{
	static const struct {
		const char *text;
		int exit;
		const char *says;
	} rows[] = {
		{"", EX_DATAERR, "no ledger"}, {"email\nbob@example.org\n", EX_DATAERR, "no ledger"}, {HEAD "x\n", EX_DATAERR, "line 2 is none"},
		{"mysend-ledger 9\tx\n", EX_CONFIG, "another version"}, {HEAD, 0, NULL},
	};
	struct ledger_report r;
	struct arena in = {0};
	struct failure f;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		put_file(rows[i].text, strlen(rows[i].text));
		assert_int_equal(ledger_report_read(&r, &in, path, &f), rows[i].exit ? -1 : 0);
		if (rows[i].exit) {
			assert_int_equal(f.exit, rows[i].exit);
			assert_non_null(strstr(f.text, rows[i].says));
			assert_non_null(strstr(f.text, path));
			continue;
		}
		assert_int_equal(r.recipients, 0);
		assert_non_null(strstr(printed(&in, &r, false), "0 recipients of people.csv\n"));
		assert_non_null(strstr(printed(&in, &r, true), "\"domains\":[],\"reasons\":[],\"slowest\":[],\"throughput\":[]}\n"));
	}
	assert_int_equal(ledger_report_read(&r, &in, "/nowhere/ledger", &f), -1);
	assert_int_equal(f.exit, EX_NOINPUT);
	arena_free(&in);
}

static void test_what_is_no_regular_file_is_not_waited_for(void **state)
{
	struct ledger_report r;
	struct arena in = {0};
	struct failure f;

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(ledger_report_read(&r, &in, path, &f), -1);
	assert_int_equal(f.exit, EX_NOINPUT);
	assert_non_null(strstr(f.text, "it is no regular file"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ledger_report_read(&r, &in, "/dev/zero", &f), -1);
	assert_int_equal(ledger_report_read(&r, &in, "/tmp", &f), -1);
	assert_non_null(strstr(f.text, "it is no regular file"));
	put_file("", 0);
	arena_free(&in);
}

static unsigned chance(unsigned *seed, unsigned of)
{
	*seed = *seed * 1664525U + 1013904223U;
	return (*seed >> 8) % of;
}

/* Lines of all signs in any order, a few recipients and mails, holes, comments and a torn end. */
static void random_ledger(unsigned seed)
{
	static const char signs[] = ">+-?w~";
	unsigned lines = chance(&seed, 300);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(HEAD, file);
	for (unsigned i = 0; i < lines; i++) {
		char sign = signs[chance(&seed, 6)];
		unsigned key = chance(&seed, 12), to = chance(&seed, 4), at = chance(&seed, 100000);

		if (chance(&seed, 20) == 0)
			fwrite(chance(&seed, 2) ? "# by hand\n" : "+\t17\0\0\0\0\n", 1, 10, file);
		fprintf(file, "%c\t%u.%03u\tk%u\tu%u@%sxample.%s%s%s", sign, at, at % 1000, key, to, chance(&seed, 2) ? "e" : "E", to % 2 ? "org" : "net",
			sign == '>' ? "" : "\t550\t5.1.1 no", chance(&seed, 30) ? "\n" : "\r\n");
	}
	fprintf(file, ">\t1.000\ttorn");
	assert_int_equal(fclose(file), 0);
}

static void test_it_adds_up_to_what_a_run_finds_in_the_same_ledger(void **state)
{
	const struct ledger_order order = {path, "people.csv", "abc", "recipients", false};

	(void)state;
	for (unsigned seed = 0; seed < 300; seed++) {
		size_t all = 0, domains[LEDGER_STATES] = {0}, reasons = 0;
		struct ledger_report r;
		struct arena in = {0};
		struct ledger *l = NULL;
		struct failure f;

		random_ledger(seed);
		assert_int_equal(ledger_report_read(&r, &in, path, &f), 0);
		assert_int_equal(ledger_open(&l, &order, &f), 0);
		for (int i = 0; i < LEDGER_STATES; i++) {
			assert_int_equal(r.state[i], ledger_sum(l).recipients[i]);
			all += r.state[i];
			for (size_t k = 0; k < r.domains; k++)
				domains[i] += r.domain[k].state[i];
			assert_int_equal(domains[i], r.state[i]);
		}
		for (size_t k = 0; k < r.reasons; k++)
			reasons += r.reason[k].count;
		assert_int_equal(r.recipients, all);
		assert_int_equal(reasons + r.unanswered, all - r.state[LEDGER_DONE] - r.state[LEDGER_SPOOLED]);
		assert_int_equal(r.holes, ledger_sum(l).holes);
		assert_int_equal(ledger_close(l, &f), 0);
		arena_free(&in);
	}
}

static void test_a_reason_has_no_addresses_and_ids_in_it(void **state)
{
	static const struct {
		const char *code, *text, *wanted;
	} rows[] = {
		{"550", "5.1.1 <bob@example.org>: user unknown", "550 5.1.1 ... user unknown"},
		{"", "connection lost", "connection lost"},
		{"450", "", "450"},
		{"", "", ""},
		{"451", "4.7.1 try again in 297 seconds (4BzF2c1234)", "451 4.7.1 try again in 297 seconds ..."},
		{"550", "a  b", "550 a  b"},
	};
	char to[300], little[9];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		ledger_report_reason(to, sizeof to, slice_of(rows[i].code), slice_of(rows[i].text));
		assert_string_equal(to, rows[i].wanted);
	}
	ledger_report_reason(little, sizeof little, SLICE("550"), SLICE("one two three"));
	assert_string_equal(little, "550 one ");
}

/* The bins get wider, and none who was accepted is lost; a clock that is set back does no harm. */
static void test_throughput_of_any_length_fits(void **state)
{
	static const int64_t steps[] = {1, 999, 1000, 60000, 86400000, -5000};

	(void)state;
	for (size_t i = 0; i < ROWS(steps); i++) {
		struct ledger_report r;
		struct arena in = {0};
		struct failure f;
		size_t sum = 0;
		struct buf b;
		int64_t ms = 1795462000000;

		buf_start(&b, 1 << 20);
		assert_int_equal(buf_text(&b, HEAD), 0);
		for (int k = 0; k < 1000; k++, ms += steps[i])
			assert_int_equal(buf_printf(&b, "+\t%lld.%03d\tk%d\tk@x\t250\tok\n", (long long)(ms / 1000), (int)(ms % 1000), k), 0);
		put_file(b.p, b.len);
		assert_int_equal(ledger_report_read(&r, &in, path, &f), 0);
		for (size_t k = 0; k < REPORT_BINS; k++)
			sum += r.accepted[k];
		assert_int_equal(sum, 1000);
		assert_true(r.bins <= REPORT_BINS && r.bins >= 1);
		assert_true(steps[i] < 1000 || r.bins > REPORT_BINS / 2);
		assert_non_null(strstr(printed(&in, &r, false), "/s\n"));
		buf_free(&b);
		arena_free(&in);
	}
}

static void test_too_many_domains_and_reasons_count_as_others(void **state)
{
	enum { MANY = REPORT_DOMAINS + 10 };
	struct ledger_report r;
	struct arena in = {0};
	struct failure f;
	size_t sum = 0;
	struct buf b;

	(void)state;
	buf_start(&b, 1 << 20);
	assert_int_equal(buf_text(&b, HEAD), 0);
	for (int k = 0; k < MANY; k++)
		assert_int_equal(buf_printf(&b, "-\t1.000\tk%d\tk@d%d.x\t550\tno %d\n", k, k, k), 0);
	put_file(b.p, b.len);
	assert_int_equal(ledger_report_read(&r, &in, path, &f), 0);
	assert_int_equal(r.domains, REPORT_DOMAINS);
	assert_int_equal(r.reasons, REPORT_REASONS);
	assert_string_equal(r.domain[0].name, "others");
	assert_string_equal(r.reason[0].name, "others");
	assert_int_equal(r.domain[0].count, MANY - REPORT_DOMAINS + 1);
	for (size_t i = 0; i < r.reasons; i++)
		sum += r.reason[i].state[LEDGER_FAILED];
	assert_int_equal(sum, MANY);
	buf_free(&b);
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_last_line_of_each_recipient_counts),
		cmocka_unit_test(test_it_is_told_to_people_and_to_programs),
		cmocka_unit_test(test_no_room_is_an_error_and_never_half_an_answer),
		cmocka_unit_test(test_what_is_no_ledger_is_named),
		cmocka_unit_test(test_what_is_no_regular_file_is_not_waited_for),
		cmocka_unit_test(test_it_adds_up_to_what_a_run_finds_in_the_same_ledger),
		cmocka_unit_test(test_a_reason_has_no_addresses_and_ids_in_it),
		cmocka_unit_test(test_throughput_of_any_length_fits),
		cmocka_unit_test(test_too_many_domains_and_reasons_count_as_others),
	};
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	return cmocka_run_group_tests(tests, NULL, NULL) || unlink(path) < 0;
}
