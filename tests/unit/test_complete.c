#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/complete.h"
#include "mail/header_recipients.h"

/* ctx: the domain, or NULL where none is known. */
static int with_domain(void *ctx, struct arena *in, const struct mailbox *box, bool recipient, const char **text,
		       struct failure *f)
{
	(void)recipient;
	if (address_is_bare(box->address) && !ctx)
		return fail(f, AT_CONFIG, EX_CONFIG, "no domain");
	if (address_is_bare(box->address))
		*text = address_qualify(in, box->address, ctx);
	return 0;
}

static char x_example[] = "x.example";
static const struct naming at_x_example = {x_example, with_domain}, at_nowhere = {NULL, with_domain};

static const struct completion plain = {
	.forced_from = "",	 .from_address = "me@x.example", .from_name = "Me Myself", .names = &at_x_example,
	.message_host = "h.example", .charset = "iso-8859-1", .now = 880127706,
};

#define DATE "Date: Fri, 21 Nov 1997 15:55:06 +0000\r\n"
#define ID "Message-ID: <19971121155506.RANDOM@h.example>\r\n"
#define FROM "From: Me Myself <me@x.example>\r\n"

struct sample {
	struct message message;
	struct mail mail;
};

static void message_of(struct message *m, struct arena *in, struct slice rest)
{
	*m = (struct message){.header.in = in};
	header_parse(&m->header, &rest);
	m->body = source_text(in, (struct slice){arena_text(in, rest.p, rest.len), rest.len});
	m->facts = (struct facts){.utf8 = slice_is_utf8(rest), .eightbit = !slice_is_ascii(rest)};
	m->facts.no_header = !m->header.fields;
	m->facts.longest = rest.len;
}

/* A message with that text, and these recipients, parted by blanks. */
static struct sample *sample_of(struct arena *in, const char *text, const char *recipients)
{
	struct sample *s = arena_zeroed(in, 1, sizeof *s);
	struct slice one, list = slice_of(recipients);

	message_of(&s->message, in, slice_of(text));
	s->mail.in = in;
	s->mail.envelope.sender = "";
	while (list.len) {
		if (!slice_cut(&list, ' ', &one)) {
			one = list;
			list.len = 0;
		}
		envelope_add(&s->mail.envelope, in, arena_text(in, one.p, one.len));
	}
	return s;
}

/* What would travel. */
static char *octets_of(struct arena *in, const struct sample *s)
{
	struct source *wire = mail_form(&s->mail, true);
	char *text = arena_zeroed(in, (size_t)wire->size + 1, 1);
	size_t used = 0, got;
	struct failure f;

	assert_int_equal(wire->rewind(wire, &f), 0);
	do {
		assert_int_equal(wire->pull(wire, text + used, (size_t)wire->size - used, &got, &f), 0);
		used += got;
	} while (got);
	assert_int_equal(used, wire->size);
	return text;
}

/* The same with the random part of our Message-ID made RANDOM. */
static const char *wire_of(struct arena *in, const struct sample *s)
{
	char *text = octets_of(in, s), *id;

	for (id = text; (id = strstr(id, "<19971121155506.")); id++) {
		memmove(id + 22, id + 32, strlen(id + 32) + 1);
		memcpy(id + 16, "RANDOM", 6);
	}
	return text;
}

static const char *completed(struct arena *in, const char *text, const char *recipients, const struct completion *c)
{
	struct sample *s = sample_of(in, text, recipients);
	struct failure f;

	if (complete_message(&s->mail, &s->message, c, &f) < 0) {
		assert_null(s->mail.form7);
		return arena_text(in, f.text, strlen(f.text));
	}
	return wire_of(in, s);
}

struct row {
	const char *text, *recipients, *expected;
};

static void check(const struct row *rows, size_t count, const struct completion *c)
{
	struct arena in = {0};

	for (size_t i = 0; i < count; i++)
		assert_string_equal(completed(&in, rows[i].text, rows[i].recipients, c), rows[i].expected);
	arena_free(&in);
}

static void test_what_is_missing_is_added_behind_what_is_there(void **state)
{
	static const struct row rows[] = {
		{"hello\r\n", "a@x", FROM "To: a@x\r\n" DATE ID "\r\nhello\r\n"},
		{"", "a@x", FROM "To: a@x\r\n" DATE ID "\r\n"},
		{"Subject: s\r\nTo: a@x\r\n\r\nhello\r\n", "a@x",
		 "Subject: s\r\nTo: a@x\r\n" FROM DATE ID "\r\nhello\r\n"},
		{"From: a@x\r\nTo: b@x\r\nDate: d\r\nMessage-ID: i\r\n\r\n", "b@x",
		 "From: a@x\r\nTo: b@x\r\nDate: d\r\nMessage-ID: i\r\n\r\n"},
		/* twice there is not our business, but we never add a second one */
		{"DATE : d\r\ndate: e\r\nMessage-Id: i\r\nfrom: a@x\r\nto: b@x\r\n\r\n", "b@x",
		 "DATE : d\r\ndate: e\r\nMessage-Id: i\r\nfrom: a@x\r\nto: b@x\r\n\r\n"},
	};

	(void)state;
	check(rows, ROWS(rows), &plain);
}

static void test_a_missing_to_never_tells_who_else_gets_it(void **state)
{
	static const struct row rows[] = {
		{"Subject: s\r\n\r\n", "a@x", "Subject: s\r\n" FROM "To: a@x\r\n" DATE ID "\r\n"},
		{"Subject: s\r\n\r\n", "a@x b@x",
		 "Subject: s\r\n" FROM "To: undisclosed-recipients:;\r\n" DATE ID "\r\n"},
		{"text\r\n", "a@x b@x", FROM "To: a@x, b@x\r\n" DATE ID "\r\ntext\r\n"},
		{"Subject: s\r\n\r\n", "", "Subject: s\r\n" FROM DATE ID "\r\n"},
		{"Cc: c@x\r\n\r\n", "a@x b@x", "Cc: c@x\r\n" FROM DATE ID "\r\n"},
		{"Bcc: c@x\r\nSubject: s\r\n\r\n", "a@x", "Subject: s\r\n" FROM DATE ID "\r\n"},
		{"Resent-To: r@x\r\nResent-From: r@x\r\nResent-Date: d\r\nResent-Message-ID: i\r\n\r\n", "r@x",
		 "Resent-To: r@x\r\nResent-From: r@x\r\nResent-Date: d\r\nResent-Message-ID: i\r\n"
		 "" FROM DATE ID "\r\n"},
		{"To:\r\n\r\n", "a@x", "To:\r\n" FROM DATE ID "\r\n"},
	};
	struct completion c = plain;

	(void)state;
	check(rows, ROWS(rows), &plain);
	c.to = PUT_NEVER;
	check((const struct row[]){{"text\r\n", "a@x b@x", FROM DATE ID "\r\ntext\r\n"}}, 1, &c);
}

static void test_many_recipients_are_folded_behind_commas(void **state)
{
	struct arena in = {0};
	struct sample *s = sample_of(&in, "text\r\n", "");
	struct header header = {.in = &in};
	struct mailboxes list = {.count = 0};
	struct failure f;
	struct slice rest, line;

	(void)state;
	for (int i = 0; i < 5000; i++)
		envelope_add(&s->mail.envelope, &in, arena_printf(&in, "user%d@host%d.example", i, i * 7919 % 100000));
	assert_int_equal(complete_message(&s->mail, &s->message, &plain, &f), 0);
	rest = slice_of(wire_of(&in, s));
	while (slice_line(&rest, &line)) {
		assert_true(line.len <= 78);
		if (line.len && line.p[0] == ' ')
			assert_true(line.p[line.len - 1] == ',' || rest.p[0] == 'D');
	}
	rest = slice_of(wire_of(&in, s));
	header_parse(&header, &rest);
	assert_int_equal(header_recipients(&list, &in, &header, &f), 0);
	assert_int_equal(list.count, 5000);
	for (size_t i = 0; i < list.count; i++)
		assert_string_equal(list.box[i].address, s->mail.envelope.recipient[i].address);
	for (int i = 0; i < 60000; i++)
		envelope_add(&s->mail.envelope, &in, arena_printf(&in, "more%d@example.org", i));
	assert_int_equal(complete_message(&s->mail, &s->message, &plain, &f), 0);
	assert_non_null(strstr(wire_of(&in, s), "\r\nTo: undisclosed-recipients:;\r\n"));
	arena_free(&in);
}

static void test_bcc_never_reaches_the_wire_when_folded(void **state)
{
	static const struct row rows[] = {
		{"To: a@x\r\nBcc: secret@x,\r\n\tmore@x,\r\n even@x\r\nSubject: s\r\nBCC : x@x\r\n\r\n", "a@x",
		 "To: a@x\r\nSubject: s\r\n" FROM DATE ID "\r\n"},
		{"Return-Path: <a@x>\r\nTo: a@x\r\nContent-Length: 12\r\nreturn-path: b\r\n"
		 "Content-length: 1\r\n\r\n", "a@x",
		 "To: a@x\r\n" FROM DATE ID "\r\n"},
		{"Received: by me\r\nTo: a@x\r\nX-Bcc: stays\r\n\r\n", "a@x",
		 "Received: by me\r\nTo: a@x\r\nX-Bcc: stays\r\n" FROM DATE ID "\r\n"},
	};
	struct completion c = plain;

	(void)state;
	check(rows, ROWS(rows), &plain);
	c.keep_bcc = true;
	check((const struct row[]){{"Bcc: a@x, bob\r\nReturn-Path: x\r\n\r\n", "a@x",
				    "Bcc: a@x, bob@x.example\r\n" FROM DATE ID "\r\n"}},
	      1, &c);
}

static void test_a_resent_message_says_who_resent_it_and_when(void **state)
{
	static const struct row rows[] = {
		{"Received: x\r\nResent-To: r@x\r\nFrom: a@x\r\nTo: b@x\r\nDate: d\r\nMessage-ID: i\r\n\r\n", "r@x",
		 "Received: x\r\nResent-From: Me Myself <me@x.example>\r\nResent-" DATE "Resent-" ID
		 "Resent-To: r@x\r\nFrom: a@x\r\nTo: b@x\r\nDate: d\r\nMessage-ID: i\r\n\r\n"},
		{"Resent-Date: e\r\nResent-Bcc: r@x\r\nFrom: a@x\r\nTo: b@x\r\nDate: d\r\nMessage-ID: i\r\n\r\n", "r@x",
		 "Resent-From: Me Myself <me@x.example>\r\nResent-" ID
		 "Resent-Date: e\r\nFrom: a@x\r\nTo: b@x\r\nDate: d\r\nMessage-ID: i\r\n\r\n"},
		/* only the Bcc of a resending, and no more: its other fields are still made */
		{"Resent-Bcc: r@x\r\nFrom: a@x\r\nTo: b@x\r\nDate: d\r\nMessage-ID: i\r\n\r\n", "r@x",
		 "Resent-From: Me Myself <me@x.example>\r\nResent-" DATE "Resent-" ID
		 "From: a@x\r\nTo: b@x\r\nDate: d\r\nMessage-ID: i\r\n\r\n"},
		/* the first block is whole, an older one isn't ours */
		{"Resent-From: b@x\r\nResent-Date: e\r\nResent-Message-ID: j\r\nResent-To: r@x\r\nResent-To: s@x\r\n"
		 "Resent-Date: old\r\nFrom: a@x\r\nTo: b@x\r\nDate: d\r\nMessage-ID: i\r\n\r\n", "r@x",
		 "Resent-From: b@x\r\nResent-Date: e\r\nResent-Message-ID: j\r\nResent-To: r@x\r\nResent-To: s@x\r\n"
		 "Resent-Date: old\r\nFrom: a@x\r\nTo: b@x\r\nDate: d\r\nMessage-ID: i\r\n\r\n"},
	};
	struct completion c = plain;

	(void)state;
	check(rows, ROWS(rows), &plain);
	c.from = c.date = c.message_id = PUT_NEVER;
	check((const struct row[]){{"Resent-To: r@x\r\n\r\n", "r@x", "Resent-To: r@x\r\n\r\n"}}, 1, &c);
}

static void test_date_and_message_id_follow_the_settings(void **state)
{
	struct completion c = plain;

	(void)state;
	c.date = c.message_id = PUT_ALWAYS;
	check((const struct row[]){{"Date: d\r\nDate: e\r\nTo: a@x\r\nMessage-ID: i\r\n\r\n", "a@x",
				    DATE "To: a@x\r\n" ID FROM "\r\n"}},
	      1, &c);
	c.date = c.message_id = PUT_NEVER;
	check((const struct row[]){{"To: a@x\r\n\r\n", "a@x", "To: a@x\r\n" FROM "\r\n"}}, 1, &c);
	c = plain;
	c.message_host = "";
	check((const struct row[]){{"To: a@x\r\n\r\n", "a@x",
				    "To: a@x\r\n" FROM DATE "Message-ID: <19971121155506.RANDOM@localhost>\r\n\r\n"}},
	      1, &c);
}

static void test_bare_names_in_the_header_get_the_domain(void **state)
{
	struct completion c = plain;
	struct arena in = {0};
	struct sample *s = sample_of(&in, "From: root (Cron Daemon)\r\nTo: root\r\nCc: a@y\r\n\r\n", "a@y");
	struct failure f;

	(void)state;
	check((const struct row[]){{"From: root (Cron Daemon)\r\nTo: root\r\n\r\n", "root@x.example",
				    "From: root@x.example (Cron Daemon)\r\nTo: root@x.example\r\n" DATE ID "\r\n"}},
	      1, &c);
	c.names = &at_nowhere;
	assert_int_equal(complete_message(&s->mail, &s->message, &c, &f), -1);
	assert_int_equal(f.exit, EX_CONFIG);
	assert_string_equal(f.text, "From: no domain");
	assert_int_equal(s->message.header.fields, 3);
	check((const struct row[]){{"From: Bob <a@y>\r\nTo: b@y\r\n\r\n", "b@y",
		"From: Bob <a@y>\r\nTo: b@y\r\n" DATE ID "\r\n"}},
	      1, &c);
	/* The forced address comes first: the name it replaces needs no domain. */
	c.forced_from = "me@y";
	check((const struct row[]){{"From: root\r\nTo: b@y\r\n\r\n", "b@y",
		"From: Me Myself <me@y>\r\nTo: b@y\r\n" DATE ID "\r\n"}},
	      1, &c);
	arena_free(&in);
}

static void test_a_subject_is_encoded_when_it_is_utf8_and_nothing_says_otherwise(void **state)
{
#define REST "From: a@x\r\nTo: a@x\r\nDate: d\r\nMessage-ID: i\r\n"
	static const struct row rows[] = {
		{"Subject: Gr\xc3\xbc\xc3\x9f" "e an alle\r\n" REST "\r\n", "a@x",
		 "Subject: =?utf-8?B?R3LDvMOfZQ==?= an alle\r\n" REST "\r\n"},
		{"SUBJECT :\tGr\xc3\xbc\xc3\x9f" "e\r\n" REST "\r\n", "a@x",
		 "SUBJECT : =?utf-8?B?R3LDvMOfZQ==?=\r\n" REST "\r\n"},
		{"Subject: Gr\xfc\xdf" "e\r\n" REST "\r\n", "a@x", "Subject: Gr\xfc\xdf" "e\r\n" REST "\r\n"},
		{"Subject: \xc3\xbc\r\nContent-Type: text/plain; charset=\"iso-8859-1\"\r\n" REST "\r\n", "a@x",
		 "Subject: \xc3\xbc\r\nContent-Type: text/plain; charset=\"iso-8859-1\"\r\n" REST "\r\n"},
		{"Subject: \xc3\xbc\r\nContent-Type: text/plain; charset=UTF-8\r\n" REST "\r\n", "a@x",
		 "Subject: =?utf-8?B?w7w=?=\r\nContent-Type: text/plain; charset=UTF-8\r\n" REST "\r\n"},
		{"Subject: \xc3\xbc\r\nContent-Type: multipart/mixed; boundary=x\r\n" REST "\r\n", "a@x",
		 "Subject: =?utf-8?B?w7w=?=\r\nContent-Type: multipart/mixed; boundary=x\r\n" REST "\r\n"},
		{"Subject: plain  text \r\nX: \xc3\xbc\r\n" REST "\r\n", "a@x",
		 "Subject: plain  text \r\nX: \xc3\xbc\r\n" REST "\r\n"},
	};

	(void)state;
	check(rows, ROWS(rows), &plain);
}

static void test_an_eightbit_or_overlong_body_is_declared(void **state)
{
	struct arena in = {0};
	char *text = arena_zeroed(&in, 3000, 1);
	struct sample *s;
	struct failure f;
	const char *wire;

	(void)state;
	check((const struct row[]){{REST "\r\ncaf\xc3\xa9\r\n", "a@x",
				    REST "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
					 "Content-Transfer-Encoding: 8bit\r\n\r\ncaf\xc3\xa9\r\n"},
				   {"Content-Length: 5\r\n" REST "\r\ncaf\xe9\r\n", "a@x",
				    REST "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
					 "Content-Transfer-Encoding: 8bit\r\n\r\ncaf\xe9\r\n"},
				   {"MIME-Version: 1.0\r\n" REST "\r\ncaf\xe9\r\n", "a@x",
				    "MIME-Version: 1.0\r\n" REST "\r\ncaf\xe9\r\n"}},
	      3, &plain);
	memset(text, 'a', 2000);
	memcpy(text, "A: b\r\n\r\n", 8);
	memcpy(text + 2000, "\r\n", 3);
	s = sample_of(&in, text, "a@x");
	assert_int_equal(complete_message(&s->mail, &s->message, &plain, &f), 0);
	wire = wire_of(&in, s);
	assert_non_null(strstr(wire, "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\naaa"));
	assert_non_null(strstr(wire, "a=\r\na"));
	arena_free(&in);
}

static void test_no_wish_may_hold_a_control_octet(void **state)
{
	struct arena in = {0};

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct completion c = plain;
		struct sample *s = sample_of(&in, "To: a@x\r\n\r\n", "a@x");
		const char **wish[] = {&c.from_name, &c.from_address, &c.forced_from,
			&c.message_host, &c.charset};
		struct failure f;

		*wish[i] = "x\r\nBcc: evil@y";
		assert_int_equal(complete_message(&s->mail, &s->message, &c, &f), -1);
		assert_int_equal(f.exit, EX_DATAERR);
		assert_int_equal(s->message.header.fields, 1);
		assert_null(s->mail.form7);
	}
	arena_free(&in);
}

static void test_a_header_that_grew_too_large_is_a_failure(void **state)
{
	size_t len = 2 * 1024 * 1024 + 100;
	struct arena in = {0};
	char *text = arena_zeroed(&in, len + 1, 1);
	struct sample *s;
	struct failure f;

	(void)state;
	for (size_t i = 0; i < len; i++)
		text[i] = "X: abcd\r\n"[i % 9];
	s = sample_of(&in, text, "a@x");
	assert_int_equal(complete_message(&s->mail, &s->message, &plain, &f), -1);
	assert_int_equal(f.exit, EX_DATAERR);
	arena_free(&in);
}

static void test_completing_a_second_time_changes_nothing(void **state)
{
	struct arena in = {0};
	struct sample *s = sample_of(&in, "Subject: \xc3\xbc\r\nTo: a@x\r\nBcc: b@x\r\n\r\ncaf\xe9\r\n", "a@x b@x");
	const char *once;
	struct failure f;

	(void)state;
	assert_int_equal(complete_message(&s->mail, &s->message, &plain, &f), 0);
	once = wire_of(&in, s);
	message_of(&s->message, &in, slice_of(octets_of(&in, s)));
	assert_int_equal(complete_message(&s->mail, &s->message, &plain, &f), 0);
	assert_string_equal(once, wire_of(&in, s));
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_missing_is_added_behind_what_is_there),
		cmocka_unit_test(test_a_missing_to_never_tells_who_else_gets_it),
		cmocka_unit_test(test_many_recipients_are_folded_behind_commas),
		cmocka_unit_test(test_bcc_never_reaches_the_wire_when_folded),
		cmocka_unit_test(test_a_resent_message_says_who_resent_it_and_when),
		cmocka_unit_test(test_date_and_message_id_follow_the_settings),
		cmocka_unit_test(test_bare_names_in_the_header_get_the_domain),
		cmocka_unit_test(test_a_subject_is_encoded_when_it_is_utf8_and_nothing_says_otherwise),
		cmocka_unit_test(test_an_eightbit_or_overlong_body_is_declared),
		cmocka_unit_test(test_no_wish_may_hold_a_control_octet),
		cmocka_unit_test(test_a_header_that_grew_too_large_is_a_failure),
		cmocka_unit_test(test_completing_a_second_time_changes_nothing),
	};

	setenv("TZ", "UTC0", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
