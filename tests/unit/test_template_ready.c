#include "unit.h"

#include <string.h>
#include <sysexits.h>

#include "mail/template_ready.h"

enum { COLUMNS = 2 };

static const struct slice column[COLUMNS] = {{"name", 4}, {"email", 5}};

static void tell(struct buf *out, const struct message *m)
{
	struct failure f;
	char piece[100];
	size_t got;

	assert_int_equal(header_print(&m->header, out), 0);
	assert_int_equal(m->body->rewind(m->body, &f), 0);
	do {
		assert_int_equal(m->body->pull(m->body, piece, sizeof piece, &got, &f), 0);
		assert_int_equal(buf_add(out, piece, got), 0);
	} while (got);
}

/* The message of that row, or "! why not". */
static void say(struct buf *out, const char *text, const char *name)
{
	struct slice cell[COLUMNS] = {slice_of(name), SLICE("a@x")};
	struct message m = {.body = NULL};
	struct arena run = {0}, job = {0};
	struct failure f = {.stage = AT_USAGE};
	struct template_ready *t;

	buf_clear(out);
	if (template_ready_read(&t, &run, slice_of(text), column, COLUMNS, &f) < 0 || template_ready_render(t, &m, &job, cell, &f) < 0) {
		assert_int_equal(f.stage, AT_INPUT);
		assert_int_equal(f.exit, EX_DATAERR);
		assert_int_equal(buf_printf(out, "! %s", f.text), 0);
	} else {
		assert_int_equal(m.facts.eightbit, strstr(text, "8bit") != NULL); /* what was 8-bit, and has no column */
		assert_true(m.facts.parted);
		tell(out, &m);
	}
	message_close(&m);
	arena_free(&job);
	arena_free(&run);
}

static void test_texts_are_filled_in_and_all_else_stays(void **state)
{
	static const struct {
		const char *text, *name, *said;
	} rows[] = {
		/* one encoded text: a name that is cut, in another charset */
		{"To: {{name}} <{{email}}>\nContent-Type: text/plain; charset=iso-8859-1; format=flowed\nContent-Transfer-Encoding: quoted-printable\n\n"
		 "Gr=FC=DFe, {{na=\nme}}\n", "M\xc3\xbcller, B",
		 "To: =?utf-8?Q?M=C3=BCller=2C_B?= <a@x>\r\nContent-Type: text/plain; charset=utf-8;\r\n format=flowed\r\n"
		 "Content-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\n\r\nGr=C3=BC=C3=9Fe, M=C3=BCller, B\r\n"},
		{"To: {{email}}\nContent-Transfer-Encoding: base64\n\ne3tuYW1lfX0K\n", "x",
		 "To: a@x\r\nContent-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nx\r\n"},
		/* several parts: text, HTML, one without a column, and files */
		{"To: {{email}}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b\"\n\npre {{ amble\n--b\n"
		 "Content-Type: multipart/alternative; boundary=c\n\n--c\n\n{{name}}\n--c\n"
		 "X-Other: stays\nContent-Type: text/html; charset=us-ascii\nContent-Transfer-Encoding: base64\n\nPHA+e3tuYW1lfX08L3A+\n--c--\n--b\n"
		 "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n\xc3\xbc\n--b\n"
		 "Content-Type: text/plain\nContent-Disposition: attachment; filename=x\n\n{{other}}\n--b\n"
		 "Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\nAAAA\n--b--\n", "<A=>",
		 "To: a@x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\npre {{ amble\r\n--b\r\n"
		 "Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n"
		 "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<A=3D>\r\n--c\r\n"
		 "X-Other: stays\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>&lt;A=3D&gt;</p>"
		 "\r\n--c--\r\n--b\r\n"
		 "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc3\xbc\r\n--b\r\n"
		 "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=x\r\n\r\n{{other}}\r\n--b\r\n"
		 "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n"},
		/* by itself, a text ends a line */
		{"To: {{email}}\nContent-Transfer-Encoding: base64\n\ne3tuYW1lfX0=\n", "x",
		 "To: a@x\r\nContent-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nx\r\n"},
		/* what is signed stays */
		{"To: {{email}}\nContent-Type: multipart/signed; boundary=b\n\n--b\n\n{{name}}\n--b--\n", "x",
		 "To: a@x\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n{{name}}\r\n--b--\r\n"},
		/* what cannot be filled in */
		{"To: a@x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n{{name}}\n", "x", "! its parts cannot be told apart"},
		{"To: a@x\n{{#name}}\nContent-Type: multipart/mixed; boundary=b\n{{/name}}\n\n--b\n\n{{name}}\n--b--\n", "x",
		 "! its parts cannot be told apart"},
		{"Subject: {{nme}}\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n", "x",
		 "! line 1, column 10: there is no column \"nme\" (\"name\"?); there are: name, email"},
		{"To: a@x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n"
		 "one\ntwo {{=\nnme}}\n--b--\n", "x", "! the HTML in it: line 2, column 5: there is no column \"nme\" (\"name\"?); there are: name, email"},
		{"To: a@x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=FC{{name}}\n", "x",
		 "! a text in it is not in utf-8, as it says"},
		{"To: {{name}} <{{email}}>\nContent-Transfer-Encoding: base64\n\nAA==\n", "a\nb",
		 "! name: a line end or control character, which cannot stand in a header: a\\x0ab"},
	};
	struct buf out;

	(void)state;
	buf_start(&out, 1 << 20);
	for (size_t i = 0; i < ROWS(rows); i++) {
		say(&out, rows[i].text, rows[i].name);
		assert_string_equal(out.p, rows[i].said);
	}
	buf_free(&out);
}

static void test_which_messages_are_ready(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} rows[] = {
		{"To: a@x\nContent-Type: Multipart/Mixed; boundary=b\n\n", true},
		{"To: a@x\nContent-Transfer-Encoding: Base64\n\n", true},
		{"To: a@x\nContent-Transfer-Encoding: 8bit\nContent-Type: text/html\n\n", false},
		{"To: a@x\n\nContent-Type: multipart/mixed\n", false},
		{"hello\n", false},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(template_is_ready(slice_of(rows[i].text)), rows[i].is);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_are_filled_in_and_all_else_stays),
		cmocka_unit_test(test_which_messages_are_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
