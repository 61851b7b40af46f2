#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "wire/command.h"

static struct caps caps_of(const char *lines)
{
	struct slice rest = slice_of(lines), line;
	struct caps c = {0};

	while (slice_line(&rest, &line))
		caps_line(&c, line);
	return c;
}

static void test_ehlo_lines_become_caps_in_any_case(void **state)
{
	struct caps c = caps_of("PIPELINING\nsize 35882577\n8bitmime\nSMTPUTF8\nDSN\nChunking\nSTARTTLS\n"
				"AUTH PLAIN LOGIN\n");

	(void)state;
	assert_true(c.pipelining && c.chunking && c.eightbit && c.smtputf8 && c.dsn && c.size && c.starttls);
	assert_true(c.size_limit == 35882577);
	assert_string_equal(c.auth, "PLAIN LOGIN");
}

static void test_odd_ehlo_lines_do_no_harm(void **state)
{
	static const struct { const char *line; bool size; uint64_t limit; } rows[] = {
		{"SIZE", true, 0},
		{"SIZE 0", true, 0},
		{"SIZE x", true, 0},
		{"SIZE 99999999999999999999999999", true, 0},
		{"SIZE=10", false, 0},
		{"", false, 0},
		{" SIZE 10", true, 10},
		{"PIPELININGX", false, 0},
		{"AUTH=LOGIN", false, 0},
		{"AUTH=", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct caps c = caps_of(rows[i].line);

		assert_int_equal(c.size, rows[i].size);
		assert_true(c.size_limit == rows[i].limit);
		assert_false(c.pipelining);
	}
}

static void test_mechanisms_come_from_every_auth_line_in_either_form(void **state)
{
	struct caps c = caps_of("AUTH=LOGIN PLAIN\nauth plain  CRAM-MD5\nAUTH\nauth=x-new\nAUTHOR me\n");

	(void)state;
	assert_string_equal(c.auth, "LOGIN PLAIN CRAM-MD5 x-new");
	assert_true(caps_auth(&c, SLICE("cram-md5")));
	assert_false(caps_auth(&c, SLICE("CRAM")));
	assert_false(caps_auth(&c, SLICE("")));
}

static void test_offers_are_spelled_as_every_libcurl_reads_them(void **state)
{
	static const struct { const char *line, *spelled; } rows[] = {
		{"starttls", "STARTTLS"},
		{"  StartTLS", "STARTTLS  "},
		{"auth login plain", "AUTH LOGIN PLAIN"},
		{"AUTH=LOGIN PLAIN", "AUTH LOGIN PLAIN"},
		{" auth=scram-sha-256", "AUTH SCRAM-SHA-256 "},
		{"AUTH\tPLAIN", "AUTH PLAIN"},
		{"AUTH=", "AUTH "},
		{"auth", "AUTH"},
		{"author me", "author me"},
		{"starttlsx", "starttlsx"},
		{"size 10", "size 10"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t len = strlen(rows[i].line);
		char *line = strdup(rows[i].line);

		caps_spell(line, len);
		assert_int_equal(strlen(line), len);
		assert_string_equal(line, rows[i].spelled);
		free(line);
	}
}

struct row {
	const char *offered, *sender, *recipient;
	bool eightbit;
	unsigned notify;
	enum ret ret;
	const char *envid;
	enum body_kind body;
	const char *mail, *rcpt; /* mail NULL: refused before it is said */
};

static void check(const struct row *row)
{
	struct arena in = {0};
	struct mail m = {.in = &in, .envelope.sender = row->sender};
	struct caps c = caps_of(row->offered);
	struct failure f;
	struct buf out;

	envelope_add(&m.envelope, &in, row->recipient);
	m.eightbit = row->eightbit;
	m.envelope.notify = row->notify;
	m.envelope.ret = row->ret;
	m.envelope.envid = row->envid;
	m.envelope.body = row->body;
	m.form7 = source_text(&in, SLICE("a: b\r\n\r\n"));
	buf_start(&out, 4000);
	if (!row->mail) {
		assert_int_equal(command_mail(&out, &c, &m, &f), -1);
		assert_int_equal(f.exit, EX_DATAERR);
		assert_int_equal(f.stage, AT_SENDER);
	} else {
		assert_int_equal(command_mail(&out, &c, &m, &f), 0);
		assert_string_equal(out.p, row->mail);
		buf_clear(&out);
		assert_int_equal(command_rcpt(&out, &c, &m, m.envelope.recipient, &f), 0);
		assert_string_equal(out.p, row->rcpt);
	}
	buf_free(&out);
	arena_free(&in);
}

static void test_parameters_are_said_only_where_the_relay_offers_the_extension(void **state)
{
	static const struct row rows[] = {
		{"", "s@x", "r@x", false, 0, RET_UNSAID, NULL, BODY_UNSAID, "MAIL FROM:<s@x>\r\n", "RCPT TO:<r@x>\r\n"},
		{"", "", "r@x", true, NOTIFY_NEVER, RET_FULL, "id", BODY_8BITMIME, "MAIL FROM:<>\r\n",
		 "RCPT TO:<r@x>\r\n"},
		{"SIZE", "s@x", "r@x", false, 0, RET_UNSAID, NULL, BODY_UNSAID, "MAIL FROM:<s@x> SIZE=8\r\n",
		 "RCPT TO:<r@x>\r\n"},
		{"SIZE 7", "s@x", "r@x", false, 0, RET_UNSAID, NULL, BODY_UNSAID, NULL, NULL},
		{"SIZE 8", "s@x", "r@x", false, 0, RET_UNSAID, NULL, BODY_UNSAID, "MAIL FROM:<s@x> SIZE=8\r\n",
		 "RCPT TO:<r@x>\r\n"},
		{"8BITMIME", "s@x", "r@x", true, 0, RET_UNSAID, NULL, BODY_UNSAID, "MAIL FROM:<s@x> BODY=8BITMIME\r\n",
		 "RCPT TO:<r@x>\r\n"},
		{"8BITMIME", "s@x", "r@x", false, 0, RET_UNSAID, NULL, BODY_7BIT, "MAIL FROM:<s@x> BODY=7BIT\r\n",
		 "RCPT TO:<r@x>\r\n"},
		{"8BITMIME", "s@x", "r@x", true, 0, RET_UNSAID, NULL, BODY_7BIT, "MAIL FROM:<s@x> BODY=8BITMIME\r\n",
		 "RCPT TO:<r@x>\r\n"},
		{"SMTPUTF8", "s@x", "j\xc3\xb6@x", false, 0, RET_UNSAID, NULL, BODY_UNSAID,
		 "MAIL FROM:<s@x> SMTPUTF8\r\n", "RCPT TO:<j\xc3\xb6@x>\r\n"},
		{"", "j\xc3\xb6@x", "r@x", false, 0, RET_UNSAID, NULL, BODY_UNSAID, NULL, NULL},
		{"SMTPUTF8", "s@x", "r@x", true, 0, RET_UNSAID, NULL, BODY_UNSAID, "MAIL FROM:<s@x>\r\n",
		 "RCPT TO:<r@x>\r\n"},
		{"DSN", "s@x", "r+1@x", false, NOTIFY_SUCCESS | NOTIFY_DELAY, RET_HDRS, "a=b", BODY_UNSAID,
		 "MAIL FROM:<s@x> RET=HDRS ENVID=a+3Db\r\n",
		 "RCPT TO:<r+1@x> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;r+2B1@x\r\n"},
		{"DSN", "s@x", "r@x", false, NOTIFY_NEVER, RET_FULL, NULL, BODY_UNSAID, "MAIL FROM:<s@x> RET=FULL\r\n",
		 "RCPT TO:<r@x> NOTIFY=NEVER ORCPT=rfc822;r@x\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ehlo_lines_become_caps_in_any_case),
		cmocka_unit_test(test_odd_ehlo_lines_do_no_harm),
		cmocka_unit_test(test_mechanisms_come_from_every_auth_line_in_either_form),
		cmocka_unit_test(test_offers_are_spelled_as_every_libcurl_reads_them),
		cmocka_unit_test(test_parameters_are_said_only_where_the_relay_offers_the_extension),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
