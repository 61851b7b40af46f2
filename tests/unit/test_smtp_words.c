#include "unit.h"

#include <string.h>
#include <sysexits.h>

#include "intake/smtp_words.h"

static void test_mail_is_read_as_clients_write_it(void **state)
{
	static const struct { const char *words, *sender; uint64_t size; enum body_kind body; enum ret ret; const char *envid; bool utf8; } rows[] = {
		{"FROM:<a@x>", "a@x", 0, BODY_UNSAID, RET_UNSAID, NULL, false},
		{"from: <a@x>", "a@x", 0, BODY_UNSAID, RET_UNSAID, NULL, false},
		{"FROM:a@x", "a@x", 0, BODY_UNSAID, RET_UNSAID, NULL, false},
		{"FROM:<>", "", 0, BODY_UNSAID, RET_UNSAID, NULL, false},
		{"FROM:<\"a b>\"@x> SIZE=12", "\"a b>\"@x", 12, BODY_UNSAID, RET_UNSAID, NULL, false},
		{"FROM:<\"a\\\"> \"@x>", "\"a\\\"> \"@x", 0, BODY_UNSAID, RET_UNSAID, NULL, false},
		{"FROM:<a@[IPv6:::1]> size=999999999999999999", "a@[IPv6:::1]", 999999999999999999u, BODY_UNSAID, RET_UNSAID, NULL, false},
		{"FROM:<@r,@s:a@x> BODY=8bitmime  RET=hdrs", "a@x", 0, BODY_8BITMIME, RET_HDRS, NULL, false},
		{"FROM:<a@x> BODY=7BIT RET=FULL ENVID=a+2Bb+20c", "a@x", 0, BODY_7BIT, RET_FULL, "a+b c", false},
		{"FROM:<j\xc3\xbcrgen@x> SMTPUTF8", "j\xc3\xbcrgen@x", 0, BODY_UNSAID, RET_UNSAID, NULL, true},
		{"FROM:<root>", "root", 0, BODY_UNSAID, RET_UNSAID, NULL, false},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct mail_said m;
		struct failure f;

		assert_int_equal(smtp_words_mail(&m, &in, slice_of(rows[i].words), &f), 0);
		assert_string_equal(m.sender, rows[i].sender);
		assert_true(m.size == rows[i].size);
		assert_int_equal(m.body, rows[i].body);
		assert_int_equal(m.ret, rows[i].ret);
		assert_int_equal(m.smtputf8, rows[i].utf8);
		if (rows[i].envid)
			assert_string_equal(m.envid, rows[i].envid);
		else
			assert_null(m.envid);
	}
	arena_free(&in);
}

static void test_rcpt_is_read_as_clients_write_it(void **state)
{
	static const struct { const char *words, *text; unsigned notify; const char *orcpt; } rows[] = {
		{"TO:<a@x>", "a@x", 0, NULL},
		{"TO:<Postmaster>", "Postmaster", 0, NULL},
		{"to: a@x NOTIFY=never", "a@x", NOTIFY_NEVER, NULL},
		{"TO:<a@x> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bc@y", "a@x", NOTIFY_SUCCESS | NOTIFY_DELAY, "rfc822;b+2Bc@y"},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct request_recipient asked;
		struct failure f;

		assert_int_equal(smtp_words_rcpt(&asked, &in, slice_of(rows[i].words), false, &f), 0);
		assert_string_equal(asked.text, rows[i].text);
		assert_int_equal(asked.notify, rows[i].notify);
		if (rows[i].orcpt)
			assert_string_equal(asked.orcpt, rows[i].orcpt);
		else
			assert_null(asked.orcpt);
	}
	arena_free(&in);
}

static void test_what_cannot_be_taken_gets_its_code(void **state)
{
	static const struct { const char *words; int code; const char *enhanced; } rows[] = {
		{"", 501, "5.5.4"},		       {"<a@x>", 501, "5.5.4"},
		{"FROM:", 501, "5.1.7"},	       {"FROM:<a@x", 501, "5.1.7"},
		{"FROM:<a@x> SIZE=", 501, "5.5.4"},    {"FROM:<a@x> SIZE=1x", 501, "5.5.4"},
		{"FROM:<a@x> SIZE=9999999999999999999", 501, "5.5.4"},
		{"FROM:<a@x> BODY=BINARYMIME", 501, "5.5.4"}, {"FROM:<a@x> RET=none", 501, "5.5.4"},
		{"FROM:<a@x> ENVID=a+2", 501, "5.5.4"},      {"FROM:<a@x> ENVID=a+0Ab", 501, "5.5.4"},
		{"FROM:<a@x> ENVID=a+A2b", 501, "5.5.4"},    {"FROM:<a@x> ENVID=a+7Fb", 501, "5.5.4"},
		{"FROM:<a@x> ENVID=a+00b", 501, "5.5.4"},    {"FROM:<a@x> ENVID=", 501, "5.5.4"},
		{"FROM:<a@x> AUTH=<>", 555, "5.5.4"},  {"FROM:<a@x>SIZE=1 SMTPUTF8=x", 501, "5.5.4"},
		{"FROM:<a@@x>", 501, "5.1.3"},	       {"FROM:<j\xc3\xbcrgen@x>", 553, "5.6.7"},
		{"FROM:<a@[x> NOTIFY=NEVER]>", 501, "5.1.3"}, {"FROM:<a@x\\", 501, "5.1.7"},
		{"TO:<>", 501, "5.1.3"},	       {"TO:<a@x> NOTIFY=never,delay", 501, "5.5.4"},
		{"TO:<a@x> NOTIFY=", 501, "5.5.4"},    {"TO:<a@x> ORCPT=a@x", 501, "5.5.4"},
		{"TO:<a@x> ORCPT=rfc\xff;a@x", 501, "5.5.4"}, {"TO:<a@x> ORCPT=a(b);a@x", 501, "5.5.4"},
		{"TO:<a@x> ORCPT=;a@x", 501, "5.5.4"}, {"TO:<a@x> ORCPT=rfc822;", 501, "5.5.4"},
		{"TO:<a@x> SIZE=1", 555, "5.5.4"},     {"TO:<a b@x>", 501, "5.1.3"},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct request_recipient asked;
		struct mail_said m;
		struct failure f;

		if (rows[i].words[0] == 'T')
			assert_int_equal(smtp_words_rcpt(&asked, &in, slice_of(rows[i].words), false, &f), -1);
		else
			assert_int_equal(smtp_words_mail(&m, &in, slice_of(rows[i].words), &f), -1);
		assert_int_equal(f.client_code, rows[i].code);
		assert_int_equal(f.code, 0);
		assert_string_equal(f.enhanced, rows[i].enhanced);
		assert_int_equal(f.exit, EX_USAGE);
		assert_true(*f.text);
	}
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mail_is_read_as_clients_write_it),
		cmocka_unit_test(test_rcpt_is_read_as_clients_write_it),
		cmocka_unit_test(test_what_cannot_be_taken_gets_its_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
