#include "unit.h"

#include <string.h>

#include "mail/compose.h"

static const char *all_of(struct arena *in, struct source *s)
{
	char *to = arena_zeroed(in, (size_t)s->size + 1, 1);
	struct slice head;
	struct failure f;

	assert_int_equal(source_head(s, to, (size_t)s->size, &head, &f), 0);
	assert_true(head.len == s->size);
	return to;
}

static const char *field(struct message *m, const char *name)
{
	return header_unfold(&m->header, header_find(&m->header, name, NULL));
}

static void test_text_has_a_form_for_every_relay_and_one_in_8_bits_where_it_can(void **state)
{
	static const struct row {
		struct facts facts;
		const char *charset, *text;
		const char *type, *encoding, *body, *body8; /* body8 NULL: there is no other form */
	} rows[] = {
		{{.utf8 = true}, "us-ascii", "plain\r\n", "text/plain; charset=us-ascii", "7bit", "plain\r\n", NULL},
		{{.utf8 = true, .longest = 998}, "us-ascii", "plain\r\n", "text/plain; charset=us-ascii", "7bit", "plain\r\n", NULL},
		{{.utf8 = true, .longest = 999}, "us-ascii", "plain=\r\n", "text/plain; charset=us-ascii", "quoted-printable", "plain=3D\r\n", NULL},
		{{.eightbit = true}, "koi8-r", "caf\xe9 au lait\r\n", "text/plain; charset=koi8-r", "quoted-printable", "caf=E9 au lait\r\n", "caf\xe9 au lait\r\n"},
		{{.eightbit = true, .utf8 = true}, "utf-8", "\xc3\xa9\xc3\xa9\r\n", "text/plain; charset=utf-8", "base64", "w6nDqQ0K\r\n", "\xc3\xa9\xc3\xa9\r\n"},
		{{.eightbit = true, .longest = 999}, "koi8-r", "caf\xe9 au lait\r\n", "text/plain; charset=koi8-r", "quoted-printable", "caf=E9 au lait\r\n", NULL},
		{{.eightbit = true}, "binary", "caf\xe9 au lait\r\n", "application/octet-stream", "base64", "Y2Fm6SBhdSBsYWl0DQo=\r\n", NULL},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct message m = {.header = {.in = &in}};
		struct source *text = source_text(&in, slice_of(rows[i].text));
		struct composition c = {.text = compose_text("text/plain", rows[i].charset, text, &rows[i].facts)};
		struct failure f;

		assert_int_equal(compose_message(&m, &in, &c, &f), 0);
		assert_string_equal(field(&m, "Content-Type"), rows[i].type);
		assert_string_equal(field(&m, "Content-Transfer-Encoding"), rows[i].encoding);
		assert_string_equal(all_of(&in, m.body), rows[i].body);
		assert_false(m.facts.eightbit);
		assert_true(m.facts.longest == 0);
		assert_int_equal(m.body8 != NULL, rows[i].body8 != NULL);
		if (m.body8) {
			assert_string_equal(all_of(&in, m.body8), rows[i].body8);
			assert_string_equal(m.type8, rows[i].type);
		}
	}
	arena_free(&in);
}

static void test_fields_that_spoke_of_the_old_body_go(void **state)
{
	struct arena in = {0};
	struct message m = {.header = {.in = &in}};
	const struct facts facts = {.utf8 = true};
	struct composition c = {.text = compose_text("text/plain", "us-ascii", source_text(&in, SLICE("x\r\n")), &facts)};
	struct failure f;

	(void)state;
	header_put(&m.header, "Content-Language", "de");
	header_put(&m.header, "Subject", "kept");
	header_put(&m.header, "Content-MD5", "x");
	assert_int_equal(compose_message(&m, &in, &c, &f), 0);
	assert_null(header_find(&m.header, "Content-Language", NULL));
	assert_null(header_find(&m.header, "Content-MD5", NULL));
	assert_string_equal(field(&m, "Subject"), "kept");
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_has_a_form_for_every_relay_and_one_in_8_bits_where_it_can),
		cmocka_unit_test(test_fields_that_spoke_of_the_old_body_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
