#include "unit.h"

#include <string.h>
#include <sysexits.h>

#include "mail/header_recipients.h"

static struct header parsed(struct arena *in, const char *text)
{
	struct slice rest = slice_of(text);
	struct header h = {.in = in};

	header_parse(&h, &rest);
	return h;
}

static void test_the_recipients_are_those_of_the_header(void **state)
{
	static const struct {
		const char *header, *expected;
	} rows[] = {
		{"", ""},
		{"From: me@x\r\nSubject: a@b\r\n", ""},
		{"To: a@x\r\nCc: b@x\r\nBcc: c@x\r\n", "a@x b@x c@x"},
		{"BCC : c@x\r\nto:a@x\r\n", "c@x a@x"},
		{"To: a@x\r\nTo: b@x\r\n", "a@x b@x"},
		{"To: a@x,\r\n b@x,\r\n\tc@x\r\n", "a@x b@x c@x"},
		{"To: g: a@x, b@x;\r\nCc: undisclosed-recipients:;\r\n", "a@x b@x"},
		{"To: \"john doe\"@x\r\n", "\"john doe\"@x"},
		{"To: a@x b@x\r\nCc: c@x; d@x\r\n", "a@x b@x c@x d@x"},
		{"To: root (the (nested) one)\r\n", "root"},
		{"To:\r\nCc: \r\n", ""},
		{"Apparently-To: a@x\r\n", ""},
		/* one of resent fields replaces To, Cc and Bcc */
		{"Resent-To: r@x\r\nTo: a@x\r\nBcc: b@x\r\n", "r@x"},
		{"Resent-Bcc: r@x\r\nTo: a@x\r\n", "r@x"},
		{"To: a@x\r\nResent-Cc: r@x\r\n", "r@x"},
		/* ... but only those */
		{"Resent-Date: now\r\nTo: a@x\r\n", "a@x"},
		{"Resent-From: me@x\r\nResent-Sender: me@x\r\nTo: a@x\r\n", "a@x"},
		{"Resent-To: g:;\r\nTo: a@x\r\n", ""},
		/* the first block only */
		{"Resent-To: r@x\r\nResent-Date: 2\r\nReceived: x\r\nResent-To: old@x\r\nTo: a@x\r\n", "r@x"},
		{"Resent-From: m@x\r\nResent-To: r@x\r\nResent-From: n@x\r\nResent-To: old@x\r\nTo: a@x\r\n", "r@x"},
		{"Resent-To: r@x\r\nResent-Date: 2\r\nResent-To: old@x\r\nResent-Date: 1\r\n", "r@x"},
		{"Resent-To: r@x\r\nResent-To: s@x\r\nResent-Cc: t@x\r\n", "r@x s@x t@x"},
		{"Resent-To: r@x\r\nResent-Foo: 1\r\nResent-Foo: 2\r\nResent-Cc: s@x\r\n", "r@x s@x"},
		{"Resent-Date: 2\r\nReceived: x\r\nResent-To: old@x\r\nTo: a@x\r\n", "a@x"},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct header h = parsed(&in, rows[i].header);
		struct mailboxes list = {.count = 0};
		const char *found = "";
		struct failure f;

		assert_int_equal(header_recipients(&list, &in, &h, &f), 0);
		for (size_t k = 0; k < list.count; k++)
			found = arena_printf(&in, "%s%s%s", found, k ? " " : "", list.box[k].address);
		assert_string_equal(found, rows[i].expected);
	}
	arena_free(&in);
}

static void test_what_cannot_be_read_is_told_with_its_field(void **state)
{
	static const struct {
		const char *header, *text;
	} rows[] = {
		{"To: a@x\r\nCc: b@x, John Smith\r\n",
		 "Cc: \"John Smith\" is no address: it is several words without <>"},
		{"BCC: a@\r\n", "BCC: \"a@\" is no address: no domain stands behind the @"},
		{"Resent-To: <\r\nTo: a@x\r\n", "Resent-To: \"<\" is no address: a > is missing"},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct header h = parsed(&in, rows[i].header);
		struct mailboxes list = {.count = 0};
		struct failure f;

		assert_int_equal(header_recipients(&list, &in, &h, &f), -1);
		assert_string_equal(f.text, rows[i].text);
		assert_int_equal(f.exit, EX_DATAERR);
	}
	arena_free(&in);
}

/* ops is two people; everybody else is at h.example. */
static int known_names(void *ctx, struct arena *in, const struct mailbox *box, bool recipient, const char **text,
		       struct failure *f)
{
	(void)ctx;
	(void)f;
	if (recipient && strcmp(box->address, "ops") == 0)
		*text = "a@x,\r\n b@x";
	else if (address_is_bare(box->address))
		*text = address_qualify(in, box->address, "h.example");
	return 0;
}

static int no_names(void *ctx, struct arena *in, const struct mailbox *box, bool recipient, const char **text,
		    struct failure *f)
{
	(void)ctx;
	(void)in;
	(void)recipient;
	(void)text;
	return address_is_bare(box->address) ? fail(f, AT_CONFIG, EX_CONFIG, "%s is nobody", box->address) : 0;
}

static void test_bare_names_get_the_domain_and_nothing_else_changes(void **state)
{
	static const struct {
		const char *before, *after;
	} rows[] = {
		{"From: root (Cron Daemon)\r\nTo: root\r\n",
		 "From: root@h.example (Cron Daemon)\r\nTo: root@h.example\r\n"},
		{"To: a@x,\r\n bob ,\r\n  \"C, D\" <carl>\r\n",
		 "To: a@x,\r\n bob@h.example ,\r\n  \"C, D\" <carl@h.example>\r\n"},
		{"Cc : g: bob, a@x;\r\n", "Cc : g: bob@h.example, a@x;\r\n"},
		{"Reply-To: \"q l\"\r\nSender: \\root\r\n",
		 "Reply-To: \"q l\"@h.example\r\nSender: root@h.example\r\n"},
		{"Resent-From: bob\r\nResent-To: bob\r\nRESENT-CC: bob\r\n",
		 "Resent-From: bob@h.example\r\nResent-To: bob@h.example\r\nRESENT-CC: bob@h.example\r\n"},
		{"To: a@x  ,\r\n b@x\r\n", "To: a@x  ,\r\n b@x\r\n"},
		{"To: John Smith, bob\r\n", "To: John Smith, bob\r\n"},
		{"From: <>\r\n", "From: <>\r\n"},
		/* an alias, in fields of recipients only */
		{"From: root\r\nTo: ops\r\nCc: Ops <ops> (all)\r\n",
		 "From: root@h.example\r\nTo: a@x,\r\n b@x\r\nCc: a@x,\r\n b@x (all)\r\n"},
		{"From: ops\r\nBcc: c@x, \"O, P\" < ops >,d@x\r\n",
		 "From: ops@h.example\r\nBcc: c@x, a@x,\r\n b@x,d@x\r\n"},
		{"To: ops (the crew), g: <ops>, bob;\r\n", "To: a@x,\r\n b@x (the crew), g: a@x,\r\n b@x, bob@h.example;\r\n"},
		{"To: <@r:ops>\r\n", "To: <@r:a@x,\r\n b@x>\r\n"},
		{"Subject: bob\r\nX-To: bob\r\n", "Subject: bob\r\nX-To: bob\r\n"},
	};
	const struct naming n = {NULL, known_names};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct header h = parsed(&in, rows[i].before);
		struct failure f;
		struct buf out;

		assert_int_equal(header_rename(&h, &n, &f), 0);
		buf_start(&out, 10000);
		assert_int_equal(header_print(&h, &out), 0);
		assert_string_equal(out.p, arena_printf(&in, "%s\r\n", rows[i].after));
		buf_free(&out);
	}
	arena_free(&in);
}

static void test_a_name_that_nobody_knows_is_told_with_its_field(void **state)
{
	static const struct {
		const char *header, *text;
	} rows[] = {
		{"To: a@x\r\n", NULL},
		{"To: bob\r\n", "To: bob is nobody"},
		{"Resent-Cc: X <bob>\r\nTo: a@x\r\n", "Resent-Cc: bob is nobody"},
		{"Subject: bob\r\n", NULL},
		{"To: John Smith\r\n", NULL},
	};
	const struct naming n = {NULL, no_names};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct header h = parsed(&in, rows[i].header);
		struct failure f;

		assert_int_equal(header_rename(&h, &n, &f), rows[i].text ? -1 : 0);
		if (rows[i].text)
			assert_string_equal(f.text, rows[i].text);
	}
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_recipients_are_those_of_the_header),
		cmocka_unit_test(test_what_cannot_be_read_is_told_with_its_field),
		cmocka_unit_test(test_bare_names_get_the_domain_and_nothing_else_changes),
		cmocka_unit_test(test_a_name_that_nobody_knows_is_told_with_its_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
