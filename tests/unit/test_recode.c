#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "mail/recode.h"

#define U "\303\274" /* an u with two dots */
#define BIG "multipart/mixed; boundary=b"
#define CTE "Content-Transfer-Encoding: "
#define X100 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG X100 X100 X100 X100 X100 X100 X100 X100 X100 X100
#define X75 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n"
#define QUOTED X75 X75 X75 X75 X75 X75 X75 X75 X75 X75 X75 X75 X75 "xxxxxxxxxxxxxxxxxxxxxxxxx" /* LONG */

static void message_of(struct message *m, struct arena *in, const char *text)
{
	struct slice rest = slice_of(text);
	struct failure f;

	*m = (struct message){.header = {.in = in}};
	header_parse(&m->header, &rest);
	m->body = source_text(in, rest);
	assert_int_equal(message_facts(m->body, &m->facts, &f), 0);
}

/* Its octets, in pulls of that many; NULL where there is no such form. */
static const char *wire_of(struct arena *in, const struct message *m, size_t room)
{
	struct failure f;
	struct source *s = m->body ? message_wire(m, in, &f) : NULL;
	char *text = s ? arena_zeroed(in, 1, (size_t)s->size + room + 1) : NULL;
	size_t used = 0, got;

	if (!s)
		return NULL;
	assert_int_equal(s->rewind(s, &f), 0);
	do {
		assert_int_equal(s->pull(s, text + used, room, &got, &f), 0);
		used += got;
	} while (got);
	assert_int_equal(used, s->size);
	return text;
}

struct row {
	const char *text, *seven, *eight; /* NULL: there is one form */
	bool left; /* something in it still has 8 bits or long lines */
};

static void check_form(const char *is, const char *should)
{
	if (should)
		assert_string_equal(is, should);
	else
		assert_null(is);
}

static void check_row(struct arena *in, const struct row *row, size_t room)
{
	struct message seven, eight;
	struct failure f;

	message_of(&seven, in, row->text);
	message_of(&eight, in, row->text);
	eight.body = seven.body;
	assert_int_equal(recode_message(&seven, &eight, in, &f), 0);
	/* One after the other, and each twice, as two relays might get them. */
	for (unsigned i = 0; i < 2; i++) {
		check_form(wire_of(in, &seven, room), row->seven);
		check_form(wire_of(in, &eight, room), row->eight);
	}
	assert_int_equal(seven.facts.eightbit || seven.facts.longest, row->left);
}

static void check(const struct row *rows, size_t count)
{
	static const size_t rooms[] = {1, 7, 100, 65536};
	struct arena in = {0};

	for (size_t i = 0; i < count; i++)
		for (size_t r = 0; r < ROWS(rooms); r++)
			check_row(&in, &rows[i], rooms[r]);
	arena_free(&in);
}

#define TYPE "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"

static void test_a_text_has_the_form_that_each_relay_takes(void **state)
{
	static const struct row rows[] = {
		{TYPE CTE "8bit\r\nX: y\r\n\r\nf" U "r viele\r\n", TYPE CTE "quoted-printable\r\nX: y\r\n\r\nf=C3=BCr viele\r\n", TYPE CTE "8bit\r\nX: y\r\n\r\nf" U "r viele\r\n", false},
		{TYPE CTE "8bit\r\n\r\n" U U U "\r\n", TYPE CTE "base64\r\n\r\nw7zDvMO8DQo=\r\n", TYPE CTE "8bit\r\n\r\n" U U U "\r\n", false},
		/* what is no text: base64, so that its line ends are octets as others */
		{"MIME-Version: 1.0\r\nContent-Type: a/b\r\n\r\nf" U "r alle\r\n", "MIME-Version: 1.0\r\nContent-Type: a/b\r\n" CTE "base64\r\n\r\nZsO8ciBhbGxlDQo=\r\n",
		 "MIME-Version: 1.0\r\nContent-Type: a/b\r\n\r\nf" U "r alle\r\n", false},
		/* MIME-Version and a charset where they are missing */
		{"Content-Type: text/x\r\n\r\nf" U "r alle\r\n", "Content-Type: text/x\r\nMIME-Version: 1.0\r\n" CTE "quoted-printable\r\n\r\nf=C3=BCr alle\r\n", "Content-Type: text/x\r\n\r\nf" U "r alle\r\n", false},
		{"MIME-Version: 1.0\r\n\r\nf" U "r alle\r\n", TYPE CTE "quoted-printable\r\n\r\nf=C3=BCr alle\r\n", "MIME-Version: 1.0\r\n\r\nf" U "r alle\r\n", false},
		{"MIME-Version: 1.0\r\n\r\nf\374r alle\r\n", "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n" CTE "quoted-printable\r\n\r\nf=FCr alle\r\n",
		 "MIME-Version: 1.0\r\n\r\nf\374r alle\r\n", false},
		/* what is encoded already stays so */
		{TYPE CTE "quoted-printable\r\n\r\n=3D" U "\r\n", TYPE CTE "quoted-printable\r\n\r\n=3D=C3=BC\r\n", TYPE CTE "quoted-printable\r\n\r\n=3D" U "\r\n", false},
		{TYPE CTE "quoted-printable\r\n\r\n" LONG "\r\n", TYPE CTE "quoted-printable\r\n\r\n" QUOTED "\r\n", NULL, false},
		/* long lines are in no form */
		{TYPE "\r\n" LONG "\r\n", TYPE CTE "quoted-printable\r\n\r\n" QUOTED "\r\n", NULL, false},
	};

	(void)state;
	check(rows, ROWS(rows));
}

#define PART "Content-Type: text/plain; charset=utf-8\r\n"

static void test_parts_change_and_nothing_around_them_does(void **state)
{
	static const struct row rows[] = {
		{"Content-Type: " BIG "\r\n" CTE "8bit\r\n\r\nbefore\r\n--b\r\n" PART CTE " 8bit\r\nX:  y\r\n\r\nf" U "r alle\r\n--b \r\n\r\nplain  \r\n--b--\r\nbehind\r\n",
		 "Content-Type: " BIG "\r\n" CTE "7bit\r\nMIME-Version: 1.0\r\n\r\nbefore\r\n--b\r\n" PART CTE "quoted-printable\r\nX:  y\r\n\r\nf=C3=BCr alle\r\n--b \r\n\r\nplain  \r\n--b--\r\nbehind\r\n",
		 "Content-Type: " BIG "\r\n" CTE "8bit\r\n\r\nbefore\r\n--b\r\n" PART CTE " 8bit\r\nX:  y\r\n\r\nf" U "r alle\r\n--b \r\n\r\nplain  \r\n--b--\r\nbehind\r\n", false},
		/* one long, one in 8 bits; blanks at the end of a leaf */
		{"Content-Type: " BIG "\r\n\r\n--b\r\n\r\n" LONG " \r\n--b\r\n" PART "\r\nf" U "r alle\r\n\r\n--b--\r\n",
		 "Content-Type: " BIG "\r\n\r\n--b\r\n" CTE "quoted-printable\r\n\r\n" QUOTED "=20\r\n--b\r\n" PART CTE "quoted-printable\r\n\r\nf=C3=BCr alle\r\n\r\n--b--\r\n",
		 "Content-Type: " BIG "\r\n\r\n--b\r\n" CTE "quoted-printable\r\n\r\n" QUOTED "=20\r\n--b\r\n" PART "\r\nf" U "r alle\r\n\r\n--b--\r\n", false},
		/* a message within: its own fields */
		{"Content-Type: " BIG "\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n" CTE "8bit\r\n\r\nSubject: s\r\n\r\nf" U "r alle\r\n--b--\r\n",
		 "Content-Type: " BIG "\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n" CTE "7bit\r\n\r\nSubject: s\r\n" TYPE CTE "quoted-printable\r\n\r\nf=C3=BCr alle\r\n--b--\r\n",
		 "Content-Type: " BIG "\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n" CTE "8bit\r\n\r\nSubject: s\r\n\r\nf" U "r alle\r\n--b--\r\n", false},
		/* beside what is signed: that stays, and what is around it goes on saying 8bit */
		{"Content-Type: " BIG "\r\n" CTE "8bit\r\n\r\n--b\r\nContent-Type: multipart/signed; boundary=c\r\n\r\n--c\r\n\r\n" U "\r\n--c--\r\n\r\n--b\r\n" PART "\r\nf" U "r alle\r\n--b--\r\n",
		 "Content-Type: " BIG "\r\n" CTE "8bit\r\n\r\n--b\r\nContent-Type: multipart/signed; boundary=c\r\n\r\n--c\r\n\r\n" U "\r\n--c--\r\n\r\n--b\r\n" PART CTE "quoted-printable\r\n\r\nf=C3=BCr alle\r\n--b--\r\n",
		 "Content-Type: " BIG "\r\n" CTE "8bit\r\n\r\n--b\r\nContent-Type: multipart/signed; boundary=c\r\n\r\n--c\r\n\r\n" U "\r\n--c--\r\n\r\n--b\r\n" PART "\r\nf" U "r alle\r\n--b--\r\n", true},
	};

	(void)state;
	check(rows, ROWS(rows));
}

static void test_what_cannot_be_mended_stays_as_it_came(void **state)
{
	static const struct row rows[] = {
		{"DKIM-Signature: x\r\n" TYPE "\r\n" U "\r\n", "DKIM-Signature: x\r\n" TYPE "\r\n" U "\r\n", NULL, true},
		{"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n" LONG "\r\n--b--\r\n", "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n" LONG "\r\n--b--\r\n", NULL, true},
		{"Content-Type: " BIG "\r\n\r\n--b\r\n\r\n" U "\r\n", "Content-Type: " BIG "\r\n\r\n--b\r\n\r\n" U "\r\n", NULL, true},
		{TYPE CTE "utf-8\r\n\r\n" LONG "\r\n", TYPE CTE "utf-8\r\n\r\n" LONG "\r\n", NULL, true},
	};

	(void)state;
	check(rows, ROWS(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_text_has_the_form_that_each_relay_takes),
		cmocka_unit_test(test_parts_change_and_nothing_around_them_does),
		cmocka_unit_test(test_what_cannot_be_mended_stays_as_it_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
