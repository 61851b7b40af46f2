#include "unit.h"

#include <string.h>

#include "mail/parts.h"

#define BIG "multipart/mixed; boundary=b"
#define U "\303\274" /* an u with two dots */

/* A message with that text, its body known as message_end would. */
static struct message *message_of(struct arena *in, const char *text)
{
	struct message *m = arena_zeroed(in, 1, sizeof *m);
	struct slice rest = slice_of(text);
	struct failure f;

	m->header.in = in;
	header_parse(&m->header, &rest);
	m->body = source_text(in, rest);
	assert_int_equal(message_facts(m->body, &m->facts, &f), 0);
	return m;
}

/* "text: OCTETS|other: OCTETS", or why there is nothing of it. */
static const char *found(struct arena *in, const char *text)
{
	struct message *m = message_of(in, text);
	const char *body = strstr(text, "\r\n\r\n") + 4, *all = "";
	struct parts p;
	struct failure f;

	assert_int_equal(parts_find(&p, in, m, &f), 0);
	if (p.broken)
		return "broken";
	for (size_t i = 0; i < p.leaves; i++) {
		const struct leaf *leaf = &p.leaf[i];

		all = arena_printf(in, "%s%s%s: %.*s", all, i ? "|" : "", leaf->composite ? "composite" : leaf->text ? "text" : "other",
				   (int)(leaf->end - leaf->body), body + leaf->body);
		if (!leaf->outermost)
			assert_memory_equal(body + leaf->head, leaf->fields.p, leaf->fields.len);
	}
	return p.others.eightbit ? arena_printf(in, "%s, and others", all) : all;
}

struct row {
	const char *text, *found;
};

static void check(const struct row *rows, size_t count)
{
	struct arena in = {0};

	for (size_t i = 0; i < count; i++)
		assert_string_equal(found(&in, rows[i].text), rows[i].found);
	arena_free(&in);
}

static void test_leaves_that_need_it_are_found_wherever_they_are(void **state)
{
	static const struct row rows[] = {
		{"Content-Type: text/plain\r\n\r\n" U "\r\n", "text: " U "\r\n"},
		{"Content-Type: image/x\r\n\r\n" U "\r\n", "other: " U "\r\n"},
		{"Content-Type: text/plain\r\n\r\nplain\r\n", ""},
		{"Content-Type: text/plain\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\n" U "\r\n", "text: " U "\r\n"},
		{"MIME-Version: 1.0\r\n\r\n" U "\r\n", "text: " U "\r\n"},
		{"Content-Type: " BIG "\r\n\r\n--b\r\n\r\n" U "\r\n--b\r\n\r\nplain\r\n--b--\r\n", "text: " U},
		{"Content-Type: " BIG "\r\n\r\n--b\r\n\r\n" U "\r\n\r\n--b  \r\nContent-Type: a/b\r\n\r\n" U "x\r\n--b--\t\r\n", "text: " U "\r\n|other: " U "x"},
		{"Content-Type: " BIG "\r\n\r\n" U "\r\n--b\r\n\r\n" U "\r\n--b--\r\n", "text: " U ", and others"},
		{"Content-Type: " BIG "\r\n\r\n--b\r\n\r\n" U "\r\n--b--\r\n" U "\r\n", "text: " U ", and others"},
		{"Content-Type: " BIG "\r\n\r\n--b\r\nX: " U "\r\n\r\n" U "\r\n--b--\r\n", "text: " U ", and others"},
		/* a part of no octets, and one without an empty line */
		{"Content-Type: " BIG "\r\n\r\n--b\r\n\r\n--b\r\nX: y\r\n--b\r\n\r\n" U "\r\n--b--\r\n", "text: " U},
		/* what only begins like the boundary is text */
		{"Content-Type: " BIG "\r\n\r\n--b\r\n\r\n--bc\r\n--\r\n-" U "\r\n--b--\r\n", "text: --bc\r\n--\r\n-" U},
		{"Content-Type: " BIG "\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--b\r\n\r\n" U "\r\n--b--\r\n", "composite: |text: " U},
		/* within another one, with an epilogue */
		{"Content-Type: " BIG "\r\n\r\n--b\r\nContent-Type: multipart/x; boundary=\"c;d\"\r\n\r\n--c;d\r\n\r\n" U "\r\n--c;d--\r\nend\r\n"
		 "--b\r\n\r\n" U "x\r\n--b--\r\n", "text: " U "|text: " U "x"},
		/* messages */
		{"Content-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\n" U "\r\n", "text: " U "\r\n"},
		{"Content-Type: " BIG "\r\n\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nA: b\r\n\r\n" U "\r\n--b--\r\n",
		 "composite: |text: " U},
		{"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nA: b\r\n\r\n" U "\r\n--b--\r\n", "text: " U},
	};

	(void)state;
	check(rows, ROWS(rows));
}

static void test_what_is_signed_encoded_or_encrypted_is_never_listed(void **state)
{
	static const struct row rows[] = {
		{"Content-Type: text/plain\r\nDKIM-Signature: x\r\n\r\n" U "\r\n", ", and others"},
		{"Content-Type: text/plain\r\narc-message-signature: x\r\n\r\n" U "\r\n", ", and others"},
		{"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n" U "\r\n--b--\r\n", ", and others"},
		{"Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\n" U "\r\n--b--\r\n", ", and others"},
		{"Content-Type: application/pkcs7-mime\r\n\r\n" U "\r\n", ", and others"},
		{"Content-Type: " BIG "\r\n\r\n--b\r\nContent-Type: Multipart/Signed (x) ; boundary=c\r\n\r\n--c\r\n\r\n" U "\r\n--c--\r\n\r\n--b\r\n\r\n" U "x\r\n--b--\r\n",
		 "text: " U "x, and others"},
		{"Content-Type: " BIG "\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nDKIM-Signature: x\r\n\r\n" U "\r\n--b--\r\n", ", and others"},
		/* a part is no message: the field says nothing there */
		{"Content-Type: " BIG "\r\n\r\n--b\r\nDKIM-Signature: x\r\n\r\n" U "\r\n--b--\r\n", "text: " U},
		{"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" U "\r\n", ", and others"},
		{"Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n" U "\r\n", ", and others"},
		{"Content-Type: text/plain\r\nContent-Transfer-Encoding: \"8bit\"\r\n\r\n" U "\r\n", ", and others"},
		{"Content-Type: message/partial; id=x\r\n\r\n" U "\r\n", ", and others"},
		{"Content-Type: " BIG "\r\n\r\n--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" U "\r\n--b--\r\n", ", and others"},
	};

	(void)state;
	check(rows, ROWS(rows));
}

static void test_what_nobody_can_take_apart_for_sure_is_broken(void **state)
{
	static const struct row rows[] = {
		{"Content-Type: message/rfc822\x7f\r\n\r\n\r\n" U "\r\n", "broken"},
		{"Content-Type: multi part/mixed; boundary=b\r\n\r\n--b\r\n\r\n" U "\r\n--b--\r\n", "broken"},
		{"Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\n" U "\r\n--b--\r\n", "broken"},
		{"Content-Type: multipart/mixed; boundary=\"b\r\n\r\n--b\r\n\r\n" U "\r\n--b--\r\n", "broken"},
		{"Content-Type: " BIG "\r\n\r\n" U "\r\n", "broken"},
		{"Content-Type: " BIG "\r\n\r\n--b\r\n\r\n" U "\r\n", "broken"},
		{"Content-Type: " BIG "\r\n\r\n--b\r\n\r\n" U "\r\n--b\r\n", "broken"},
		{"Content-Type: " BIG "\r\nContent-Transfer-Encoding: base64\r\n\r\n--b\r\n\r\n" U "\r\n--b--\r\n", "broken"},
		{"Content-Type: " BIG "\r\n\r\n--b\r\nno field\r\n\r\n" U "\r\n--b--\r\n", "broken"},
		{"Content-Type: " BIG "\r\n\r\n--b\r\nContent-Type: text/a\r\nContent-Type: text/b\r\n\r\n" U "\r\n--b--\r\n", "broken"},
		{"Content-Type: text/a\r\nContent-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" U "\r\n", "broken"},
		{"Content-Type: " BIG "\r\n\r\n--b\r\nContent-Type: multipart/x; boundary=c\r\n\r\n--c\r\n\r\n" U "\r\n--b--\r\n", "broken"},
		/* two levels with one boundary: a line may be either's */
		{"Content-Type: " BIG "\r\n\r\n--b\r\nContent-Type: " BIG "\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--b\r\n\r\n" U "\r\n--b--\r\n", "broken"},
		{"Content-Type: " BIG "\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n--b--\r\n" U "\r\n", "broken"},
		{"Content-Type: message/rfc822\r\n\r\nFrom me Thu Jan  1 00:00:00 1970\r\nA: b\r\n\r\n" U "\r\n", "broken"},
	};

	(void)state;
	check(rows, ROWS(rows));
}

/* A message in a message in a message; what is listed of it, or "broken". */
static const char *nested(struct arena *in, unsigned deep)
{
	const char *text = "\r\n" U "\r\n";

	while (deep--)
		text = arena_printf(in, "Content-Type: message/rfc822\r\n\r\n%s", text);
	return found(in, text);
}

static void test_levels_and_leaves_have_a_bound(void **state)
{
	struct arena in = {0};
	struct buf text;

	(void)state;
	assert_string_equal(nested(&in, PARTS_DEEP), "text: " U "\r\n");
	assert_string_equal(nested(&in, PARTS_DEEP + 1), "broken");
	for (unsigned more = 0; more < 2; more++) {
		buf_start(&text, 1 << 20);
		assert_int_equal(buf_text(&text, "Content-Type: " BIG "\r\n\r\n"), 0);
		for (unsigned i = 0; i < PARTS_MAX + more; i++)
			assert_int_equal(buf_text(&text, "--b\r\n\r\n" U "\r\n"), 0);
		assert_int_equal(buf_text(&text, "--b--\r\n"), 0);
		assert_int_equal(strcmp(found(&in, text.p), "broken") == 0, more);
		buf_free(&text);
	}
	arena_free(&in);
}

/* Wherever a piece that is read ends: the same leaves. */
static void test_where_pieces_are_cut_makes_no_difference(void **state)
{
	static const char head[] = "Content-Type: " BIG "\r\n\r\n", tail[] = "\r\n--b\r\nContent-Type: text/x\r\n\r\n" U "\r\n--b--\r\n";
	struct arena in = {0};

	(void)state;
	for (size_t len = 65536 - 70; len < 65536; len++) {
		char *text = arena_zeroed(&in, 1, sizeof head + len + sizeof tail);

		memcpy(text, head, sizeof head - 1);
		memset(text + sizeof head - 1, 'x', len);
		memcpy(text + sizeof head - 1 + len, tail, sizeof tail);
		assert_string_equal(found(&in, text), "text: " U);
		arena_reset(&in);
	}
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leaves_that_need_it_are_found_wherever_they_are),
		cmocka_unit_test(test_what_is_signed_encoded_or_encrypted_is_never_listed),
		cmocka_unit_test(test_what_nobody_can_take_apart_for_sure_is_broken),
		cmocka_unit_test(test_levels_and_leaves_have_a_bound),
		cmocka_unit_test(test_where_pieces_are_cut_makes_no_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
