#include "unit.h"

#include <string.h>

#include "base/bytes.h"
#include "intake/smtp_data.h"

static void keep(void *ctx, char *p, size_t len)
{
	assert_int_equal(buf_add(ctx, p, len), 0);
	memset(p, '#', len); /* the sink may change them */
}

/* What comes out when the text is cut after `first` octets and then into pieces of `size`; how much was used. */
static size_t run(struct buf *out, struct data *d, const char *text, size_t first, size_t size)
{
	size_t len = strlen(text), at = 0;
	char room[256];

	assert_true(len < sizeof room);
	memcpy(room, text, len);
	buf_clear(out);
	assert_int_equal(buf_text(out, ""), 0);
	while (at < len && !d->ended) {
		size_t some = at ? size : first, used;

		if (!some || some > len - at)
			some = len - at < size ? len - at : size;
		used = data_parse(d, room + at, some, keep, out);
		assert_true(used == some || d->ended);
		at += used;
	}
	return at;
}

static void test_the_end_and_the_dots_are_found_wherever_the_pieces_are_cut(void **state)
{
	static const struct {
		const char *text, *out;
		size_t used; /* 0: it does not end */
		bool lf;
	} rows[] = {
		{".\r\nQUIT", "", 3, false},
		{"a\r\n.\r\nQUIT\r\n", "a\r\n", 6, false},
		{"..\r\n.a\r\n...\r\n.\r\n", ".\r\na\r\n..\r\n", 16, false},
		{"a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", 10, false},
		{"a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", 11, false},
		{"a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", 11, false},
		{"a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", 11, false},
		{"a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", 10, false},
		{"a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n", 11, false},
		{"\r\r\n.\r\n", "\r\r\n", 6, false},
		{"a\r\n.", "a\r\n", 0, false},
		{"a\r\n.\r", "a\r\n", 0, false},
		{"a\n.\n", "a\n.\n", 0, false},
		{"\r\n\r\n.\r\n", "\r\n\r\n", 7, false},
		{"a\n.\nMAIL", "a\n", 4, true},
		{"..\n.\n", ".\n", 5, true},
		{"a\n.\r\nb\n.\n", "a\n\r\nb\n", 9, true},
		{"a\r\n..b\r\n.\n", "a\r\n.b\r\n", 10, true},
	};
	struct buf out;

	(void)state;
	buf_start(&out, 1000);
	for (size_t i = 0; i < ROWS(rows); i++)
		for (size_t first = 1; first <= strlen(rows[i].text); first++)
			for (size_t size = 1; size <= strlen(rows[i].text); size++) {
				struct data d = {.lf = rows[i].lf};
				size_t used = run(&out, &d, rows[i].text, first, size);

				assert_string_equal(out.p, rows[i].out);
				assert_int_equal(d.ended, rows[i].used != 0);
				if (d.ended)
					assert_int_equal(used, rows[i].used);
			}
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_end_and_the_dots_are_found_wherever_the_pieces_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
