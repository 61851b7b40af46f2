#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "mail/template.h"

enum { COLUMNS = 4 };

static const struct slice column[COLUMNS] = {{"name", 4}, {"email", 5}, {"cc", 2}, {"plan=x", 6}};

struct row {
	const char *text;
	const char *cell[COLUMNS]; /* NULL: "" */
	const char *said;	   /* "! ..." where it fails */
};

static void say(struct buf *out, enum template_kind kind, const char *field, const struct row *row)
{
	struct template_text text = {kind, field, slice_of(row->text)};
	struct arena in = {0}, scratch = {0};
	struct slice cell[COLUMNS];
	struct failure f = {.stage = AT_USAGE};
	struct template *t;

	buf_start(out, 1 << 20);
	for (size_t i = 0; i < COLUMNS; i++)
		cell[i] = slice_of(row->cell[i] ? row->cell[i] : "");
	if (template_read(&t, &in, &text, column, COLUMNS, &f) < 0 || template_render(t, &scratch, cell, out, &f) < 0) {
		assert_int_equal(f.stage, AT_INPUT);
		assert_int_equal(f.exit, EX_DATAERR);
		buf_clear(out);
		assert_int_equal(buf_printf(out, "! %s", f.text), 0);
	}
	assert_int_equal(buf_add(out, "", 0), 0);
	arena_free(&in);
	arena_free(&scratch);
}

static void check(enum template_kind kind, const char *field, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct buf out;

		say(&out, kind, field, &rows[i]);
		assert_string_equal(out.p ? out.p : "", rows[i].said);
		buf_free(&out);
	}
}

static void test_texts_get_their_values(void **state)
{
	static const struct row rows[] = {
		{"", {0}, ""},
		{"no column }} { {a} \\ ", {0}, "no column }} { {a} \\ "},
		{"Dear {{name}},\n{{ email }}", {"Ann", "a@x"}, "Dear Ann,\na@x"},
		{"{{{name}}}{{&name}}{{& name }}", {"<b>&"}, "<b>&<b>&<b>&"},
		{"{{name}}", {"one\r\ntwo {{email}} \xff\1", "a@x"}, "one\r\ntwo {{email}} \xff\1"},
		{"a{{! {x} a comment\nof two lines }}b", {0}, "ab"},
		{"\\{{name}} {{name}} \\\\{{name}}", {"Ann"}, "{{name}} Ann \\{{name}}"},
		{"[{{#cc}}yes{{/cc}}{{^cc}}no{{/cc}}]", {0}, "[no]"},
		{"[{{#cc}}yes{{/cc}}{{^cc}}no{{/cc}}]", {[2] = "x"}, "[yes]"},
		{"[{{#cc}}yes{{/cc}}{{^cc}}no{{/cc}}]", {[2] = " \t"}, "[no]"},
		{"{{#name=Ann}}A{{/name}}{{#name=Bob}}B{{/name=Bob}}{{^name=Ann}}C{{/name}}", {"Ann"}, "A"},
		{"{{#name=Ann}}A{{/name}}{{#name=Bob}}B{{/name=Bob}}{{^name=Ann}}C{{/name}}", {" Bob "}, "BC"},
		{"{{#name = Ann Lee }}A{{/name}}{{#name=}}none{{/name}}", {"Ann Lee"}, "A"},
		{"{{#name=}}none{{/name}}{{^name=}}some{{/name}}", {0}, "none"},
		{"{{#name=ann}}A{{/name}}", {"Ann"}, ""},
		{"{{plan=x}}{{#plan=x}}P{{/plan=x}}{{#plan=x=1}}Q{{/plan=x}}", {[3] = "1"}, "1PQ"},
		{"{{#name}}{{#cc}}both{{/cc}}{{^cc}}{{name}} alone{{/cc}}{{/name}}", {"Ann"}, "Ann alone"},
		{"a\n{{#cc}}\nb\n{{/cc}}\nc\n", {0}, "a\nc\n"},
		{"a\r\n  {{#cc}} \t\r\nb\r\n{{/cc}}\r\nc\r\n", {[2] = "1"}, "a\r\nb\r\nc\r\n"},
		{"a\n  {{! c }}\n{{name}}\n{{#cc}} x{{/cc}}\n{{^cc}}", {"Ann"}, "! line 5, column 1: the section that begins there is not closed"},
		{"a\n{{name}}\n{{#cc}}x{{/cc}}\n{{^cc}}\nb{{/cc}}", {"Ann"}, "a\nAnn\n\nb"},
		{"{{^cc}}\nb\n{{/cc}}", {0}, "b\n"},
	};

	(void)state;
	check(TEMPLATE_TEXT, NULL, rows, ROWS(rows));
}

static void test_what_is_no_template_is_told_with_line_and_column(void **state)
{
	static const struct row rows[] = {
		{"a\n\xc3\xbc {{nme}}", {0}, "! line 2, column 3: there is no column \"nme\" (\"name\"?); there are: name, email, cc, plan=x"},
		{"{{#other=1}}", {0}, "! line 1, column 1: there is no column \"other\"; there are: name, email, cc, plan=x"},
		{"{{name=x}}", {0}, "! line 1, column 1: there is no column \"name=x\" (\"name\"?); there are: name, email, cc, plan=x"},
		{"{{Name}}", {0}, "! line 1, column 1: there is no column \"Name\" (\"name\"?); there are: name, email, cc, plan=x"},
		{"{{a\nb}}", {0}, "! line 1, column 1: there is no column \"a\\x0ab\"; there are: name, email, cc, plan=x"},
		{"{{}}", {0}, "! line 1, column 1: the braces hold no name of a column"},
		{"{{# }}", {0}, "! line 1, column 1: the braces hold no name of a column"},
		{"\n {{name}", {0}, "! line 2, column 2: {{ without }}; \\{{ stands for two braces"},
		{"{{", {0}, "! line 1, column 1: {{ without }}; \\{{ stands for two braces"},
		{"{{{name}}", {0}, "! line 1, column 1: {{{ without }}}"},
		{"{{> other}}", {0}, "! line 1, column 1: {{> and {{= are not known here"},
		{"{{=<% %>=}}", {0}, "! line 1, column 1: {{> and {{= are not known here"},
		{"a{{/cc}}", {0}, "! line 1, column 2: {{/cc}} closes a section, and none is open"},
		{"{{#name}}\n{{#cc}}{{/name}}{{/cc}}", {0},
		 "! line 2, column 8: {{/name}} closes another section than the one that begins in line 2, column 1"},
		{"{{#cc=1}}{{/cc=2}}", {0}, "! line 1, column 10: {{/cc}} closes another section than the one that begins in line 1, column 1"},
		{"{{#name}}\n{{#cc}}{{/cc}}\n", {0}, "! line 1, column 1: the section that begins there is not closed"},
		{"a\n\xc3\xbc\xff{{name}}", {0}, "! line 2, column 2: octets that are not UTF-8; --charset says what they are, as in --charset latin1"},
	};
	char deep[(TEMPLATE_DEEP + 1) * 7 + 1];

	(void)state;
	check(TEMPLATE_TEXT, NULL, rows, ROWS(rows));
	for (size_t i = 0; i <= TEMPLATE_DEEP; i++)
		memcpy(deep + 7 * i, "{{#cc}}", 8);
	check(TEMPLATE_TEXT, NULL, &(struct row){deep, {0}, "! line 1, column 225: too many sections within each other"}, 1);
}

#define WRITTEN "a Content-Type is written out, since values are escaped in HTML alone; for both, take two templates"

static void test_values_in_html_are_escaped(void **state)
{
	static const struct row rows[] = {
		{"<p title='{{name}}'>{{{name}}}", {"a<b> & \"c\" 'd'"}, "<p title='a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;'>a<b> & \"c\" 'd'"},
		{"{{&name}}", {"<"}, "<"},
	};
	static const struct row mail[] = {
		{"Content-Type: text/html\n\n{{name}}", {"<"}, "Content-Type: text/html\r\n\r\n&lt;"},
		{"Subject: x\ncontent-TYPE : Text/HTML; charset=utf-8\n\n{{name}}", {"<"},
		 "! a line of the header begins with no name of a field that the template has: content-TYPE : Text/HTML; charset=utf-8"},
		{"Content-Type: text/plain\n\n{{name}}", {"<"}, "Content-Type: text/plain\r\n\r\n<"},
		{"Content-Type:\n text/html\n\n{{name}}", {"<"}, "Content-Type:\n text/html\r\n\r\n&lt;"},
		{"Content-Type: application/xhtml+xml\n\n{{name}}", {"<"}, "Content-Type: application/xhtml+xml\r\n\r\n&lt;"},
		{"Content-Type: text/plain; x=html\nSubject: {{name}}\n\n{{name}}", {"<"}, "Content-Type: text/plain; x=html\r\nSubject: <\r\n\r\n<"},
		{"Content-Type: {{cc}}\n\n{{name}}", {"<", [2] = "text/html"}, "! line 1, column 15: " WRITTEN},
		{"Subject: x\nContent-Type:\n {{cc}}\n\n{{name}}", {"<", [2] = "text/html"}, "! line 3, column 2: " WRITTEN},
		{"To: {{email}}\ncontent-type: text/{{cc}}; charset=utf-8\n\n{{name}}", {"<", [2] = "html"}, "! line 2, column 20: " WRITTEN},
		{"{{#cc}}Content-Type: text/html\n{{/cc}}Subject: x\n\n{{name}}", {"<", [2] = "1"}, "! line 1, column 31: " WRITTEN},
		{"{{#cc}}\nContent-Type: text/html\n{{/cc}}\nSubject: x\n\n{{name}}", {"<", [2] = "1"}, "! line 2, column 24: " WRITTEN},
		{"Subject: x\n\nContent-Type: text/html\n\n{{name}}", {"<"}, "Subject: x\r\n\r\nContent-Type: text/html\n\n<"},
	};

	(void)state;
	check(TEMPLATE_HTML, NULL, rows, ROWS(rows));
	check(TEMPLATE_MAIL, NULL, mail, ROWS(mail));
}

static void test_a_field_of_addresses_is_what_its_template_says(void **state)
{
	static const struct row rows[] = {
		/* a name in front of < */
		{"{{name}} <{{email}}>", {"Ann", "a@x"}, "Ann <a@x>"},
		{"{{name}} <{{email}}>", {"Roe, Bob", "a@x"}, "\"Roe, Bob\" <a@x>"},
		{"{{name}} <{{email}}>", {"a \"b\" \\", "a@x"}, "\"a \\\"b\\\" \\\\\" <a@x>"},
		{"{{name}} <{{email}}>", {"M\xc3\xbcller", "a@x"}, "=?utf-8?Q?M=C3=BCller?= <a@x>"},
		{"{{name}} <{{email}}>", {"=?utf-8?Q?x?=", "a@x"}, "=?utf-8?B?PT91dGYtOD9RP3g/PQ==?= <a@x>"},
		{"{{name}} <{{email}}>", {"Eve <e@y>, Bob", "a@x"}, "\"Eve <e@y>, Bob\" <a@x>"},
		{"{{name}} <{{email}}>", {"", "a@x"}, "a@x"},
		{"{{name}}<{{email}}>", {"Ann", " a@x "}, "Ann <a@x>"},
		{"{{name}} {{cc}} <{{email}}>", {"\xc3\xbc", "a@x", "\xc3\xa4"}, "=?utf-8?B?w7wgw6Q=?= <a@x>"},
		{"{{name}} {{cc}} {{name}} <{{email}}>", {"A", "a@x"}, "A A <a@x>"},
		{"\"{{name}}\" <{{email}}>", {"Roe, \"Bob\"", "a@x"}, "\"Roe, \\\"Bob\\\"\" <a@x>"},
		{"\"Dr. \\\"{{name}}\\\"\" <{{email}}>", {"Roe", "a@x"}, "\"Dr. \\\"Roe\\\"\" <a@x>"},
		{"Team {{name}}\n (all) <{{email}}>", {"A", "a@x"}, "\"Team A (all)\" <a@x>"},
		{"Team <{{email}}>", {[1] = "a@x"}, "Team <a@x>"},
		{"=?utf-8?Q?=C3=BC?= <{{email}}>", {[1] = "a@x"}, "=?utf-8?Q?=C3=BC?= <a@x>"},
		{"=?utf-8?Q?=C3=BC?= {{name}} <{{email}}>", {"A", "a@x"},
		 "! a column beside an encoded word; write all of it in UTF-8: \"=?utf-8?Q?=C3=BC?= A\""},
		/* one address within <> */
		{"<{{email}}>", {[1] = "a@x"}, "a@x"},
		{"<{{name}}@{{email}}>", {"a", "x"}, "a@x"},
		{"<{{email}}>", {[1] = "a@x, b@x"}, "! \"a@x, b@x\" is no address: it is more than one"},
		{"<{{email}}>", {[1] = "Ann <a@x>"}, "! one address is to stand there, without a name: \"Ann <a@x>\""},
		{"<{{email}}>", {[1] = "a@x> <b@x"}, "! one address is to stand there, without a name: \"a@x> <b@x\""},
		{"<{{email}}>", {[1] = "bad address"}, "! \"bad address\" is no address: it is several words without <>"},
		{"{{name}} <{{email}}>", {"Ann"}, "! a name without an address: \"Ann\""},
		{"{{name}} <{{email}}>", {0}, ""},
		{"Boss <{{email}}>, {{cc}}", {[2] = "c@x"}, "c@x"},
		{"{{name}} <a@x>", {"Ann"}, "Ann <a@x>"},
		{"{{name}} <a@x> ({{cc}})", {"Ann", [2] = "c"}, "! a column cannot stand behind the >: \"Ann <a@x> (c)\""},
		{"{{name}} <{{email}}", {"Ann", "a@x"}, "! a < without a >: \"Ann <a@x\""},
		/* a list alone */
		{"{{cc}}", {[2] = "a@x"}, "a@x"},
		{"{{cc}}", {[2] = "Ann Lee <a@x>, \"Roe, B\" <b@x>; \xc3\xbc <c@x>"},
		 "Ann Lee <a@x>,\r\n \"Roe, B\" <b@x>,\r\n =?utf-8?B?w7w=?= <c@x>"},
		{"{{cc}}", {0}, ""},
		{"{{cc}}, {{email}},{{name}}", {[1] = "a@x"}, "a@x"},
		{"boss@x, {{cc}}", {0}, "boss@x"},
		{"boss@x, {{cc}}", {[2] = "a@x, b@x"}, "boss@x,\r\n a@x,\r\n b@x"},
		{"{{cc}}", {[2] = "a@x\nBcc: e@y"}, "! cc: a line end or control character, which cannot stand in a header: a@x\\x0aBcc: e@y"},
		{"{{name}}@example.org", {"bob"}, "bob@example.org"},
		{"{{name}}@example.org", {"bob@y, e"}, "! \"bob@y, e@example.org\" is no address: it is more than one"},
		/* which one there is, a section says */
		{"{{#name}}{{name}} <{{email}}>{{/name}}{{^name}}{{email}}{{/name}}", {"Ann", "a@x"}, "Ann <a@x>"},
		{"{{#name}}{{name}} <{{email}}>{{/name}}{{^name}}{{email}}{{/name}}", {"", "a@x"}, "a@x"},
		{"{{#name}}{{name}} <{{/name}}{{email}}{{#name}}>{{/name}}", {"Ann", "a@x"}, "Ann <a@x>"},
		/* groups, and semicolons as some programs have them */
		{"{{name}}: {{cc}}, c@x;", {"M\xc3\xbcller", [2] = "a@x"}, "=?utf-8?Q?M=C3=BCller?=: a@x,\r\n c@x;"},
		{"undisclosed: ;, {{cc}}", {[2] = "a@x"}, "undisclosed: ;,\r\n a@x"},
		{"a@x; {{cc}}", {[2] = "b@x"}, "a@x,\r\n b@x"},
	};

	(void)state;
	check(TEMPLATE_FIELD, "To", rows, ROWS(rows));
}

static void test_any_other_field_is_text(void **state)
{
	static const struct row rows[] = {
		{"Hello {{name}}, <you>", {"Ann"}, "Hello Ann, <you>"},
		{"Hello {{name}}", {"M\xc3\xbcller"}, "Hello =?utf-8?Q?M=C3=BCller?="},
		{"{{name}} {{cc}}", {"\xc3\xbc", [2] = "\xc3\xa4"}, "=?utf-8?B?w7wgw6Q=?="},
		{"Hello {{name}}", {"=?utf-8?Q?x?="}, "=?utf-8?B?SGVsbG8gPT91dGYtOD9RP3g/PQ==?="},
		{"Hello ={{name}}", {"?utf-8?Q?x?="}, "=?utf-8?B?SGVsbG8gPT91dGYtOD9RP3g/PQ==?="},
		{"=?utf-8?Q?Hello_{{name}}?=", {"x"}, "! line 1, column 1: a column beside an encoded word; write all of it in UTF-8"},
		{"=?utf-8?Q?Hello?=", {0}, "=?utf-8?Q?Hello?="},
		{"Hello\n  {{name}}", {"Ann"}, "Hello  Ann"},
		{"{{name}}", {" "}, ""},
		{"{{name}}", {"a\tb"}, "! name: a line end or control character, which cannot stand in a header: a\\x09b"},
		{"{{name}}", {"a\x7f"}, "! name: a line end or control character, which cannot stand in a header: a\\x7f"},
	};

	(void)state;
	check(TEMPLATE_FIELD, "Subject", rows, ROWS(rows));
}

static void test_a_value_in_a_field_with_urls_is_part_of_one_or_all_of_it(void **state)
{
	static const struct row rows[] = {
		{"<https://x.org/u?e={{email}}&n={{name}}>", {"a>, <b \xc3\xbc", "a+b@x"}, "<https://x.org/u?e=a%2Bb%40x&n=a%3E%2C%20%3Cb%20%C3%BC>"},
		{"<mailto:u@x.org?subject={{name}}>,\n <https://x.org/{{email}}> ({{name}})", {"a b", "c/d"},
		 "<mailto:u@x.org?subject=a%20b>, <https://x.org/c%2Fd> (a\r\n b)"},
		{"<{{name}}>", {"https://x.org/u?e=a%40x&b"}, "<https://x.org/u?e=a%40x&b>"},
		{"<{{name}}{{email}}>", {"https://x.org/", "a/b"}, "<https://x.org/a%2Fb>"},
		{"{{name}}", {"<https://x.org/>"}, "<https://x.org/>"},
		{"<{{name}}>", {"https://x.org/ u"}, "! a URL is to stand within the <>: \"https://x.org/ u\""},
		{"<{{name}}>", {"https://x.org/>, <https://y.org/"}, "! a URL is to stand within the <>: \"https://x.org/>, <https://y.org/\""},
		{"<{{name}}>", {0}, "! a URL is to stand within the <>: \"\""},
		{"<https://x.org/{{name}}>", {0}, "<https://x.org/>"},
	};

	(void)state;
	check(TEMPLATE_FIELD, "list-unsubscribe", rows, ROWS(rows));
}

static void test_an_encoded_word_and_a_value_do_not_go_into_one_text(void **state)
{
	static const struct row rows[] = {
		{"To: a@x\nSubject: Hi\n =?utf-8?Q?=C3=BC?= {{name}}\n\n", {"x"}, "! line 3, column 2: a column beside an encoded word; write all of it in UTF-8"},
		{"{{#cc}}Subject: =?utf-8?Q?=C3=BC?= {{name}}{{/cc}}\n\n", {"x"},
		 "! line 1, column 17: a column beside an encoded word; write all of it in UTF-8"},
		{"Subject: =?utf-8?Q?=C3=BC?= \\{{name}}\nX: {{name}}\n\n=?{{name}}", {"x"}, "Subject: =?utf-8?Q?=C3=BC?= {{name}}\r\nX: x\r\n\r\n=?x"},
		{"{{#name}}To: =?utf-8?Q?=C3=BC?= <b@x>, {{name}} <{{email}}>{{/name}}\n\n", {"x", "a@x"}, "To: =?utf-8?Q?=C3=BC?= <b@x>,\r\n x <a@x>\r\n\r\n"},
	};

	(void)state;
	check(TEMPLATE_MAIL, NULL, rows, ROWS(rows));
}

static void test_a_name_of_a_file_is_one_line(void **state)
{
	static const struct row rows[] = {
		{"bills/{{name}}.pdf", {"M\xc3\xbc <1>"}, "bills/M\xc3\xbc <1>.pdf"},
		{"{{name}}", {"a\nb"}, "! name: a line end or control character, which cannot stand in the name of a file: a\\x0ab"},
		{"{{#cc}}{{cc}}.pdf{{/cc}}", {0}, ""},
		{"{{cc}}", {[2] = " "}, "! cc is empty, and is to name a file"},
		{"bills/{{name}}.pdf", {"2024/../7"}, "! name leads out of the folder with its \"..\""},
		{"bills/{{name}}", {"../../etc/passwd"}, "! name leads out of the folder with its \"..\""},
		{"bills/.{{cc}}{{name}}", {[0] = ".", [2] = ""}, "! name leads out of the folder with its \"..\""},
		{"./{{name}}", {"a/.."}, "! name leads out of the folder with its \"..\""},
		{"../{{name}}", {"..a/b../..."}, "../..a/b../..."},
		{"{{#cc}}bills/{{/cc}}{{name}}", {"../x", [2] = "y"}, "! name leads out of the folder with its \"..\""},
		{"{{cc}}{{name}}", {"../x", [2] = ""}, "../x"},
		{"{{name}}/../{{cc}}", {"a/../..", [2] = "../x"}, "a/../../../../x"},
	};
	static const struct row urls[] = {
		{"https://example.org/{{email}}?n={{name}}", {"a b/\xc3\xbc&=", "a+b@x.org"}, "https://example.org/a%2Bb%40x.org?n=a%20b%2F%C3%BC%26%3D"},
		{"https://example.org/{{name}}", {"a-._~Z09>"}, "https://example.org/a-._~Z09%3E"},
		{"{{name}}", {0}, ""},
		{"https://example.org/{{name}}", {"a\nb"}, "! name: a line end or control character, which cannot stand in a URL: a\\x0ab"},
	};

	(void)state;
	check(TEMPLATE_LINE, NULL, rows, ROWS(rows));
	check(TEMPLATE_URL, NULL, urls, ROWS(urls));
}

static void test_a_mail_has_the_fields_that_its_template_has(void **state)
{
	static const struct row rows[] = {
		{"To: {{email}}\nSubject: Hi {{name}}\n\nDear {{name}}\n", {"Ann", "a@x"}, "To: a@x\r\nSubject: Hi Ann\r\n\r\nDear Ann\n"},
		{"To: {{email}}\r\nX: a\r\n b\r\n\r\n\r\nDear", {[1] = "a@x"}, "To: a@x\r\nX: a\r\n b\r\n\r\n\r\nDear"},
		{"To: {{email}}", {[1] = "a@x"}, "To: a@x\r\n\r\n"},
		{"\nDear {{name}}", {"Ann"}, "\r\nDear Ann"},
		{"Cc: {{cc}}\nBCC: {{cc}}\nReply-To: {{name}} <{{cc}}>\nResent-Cc: {{cc}}\nTo: {{cc}}\nSubject: {{cc}}\nX-A: {{cc}}\n\n", {0},
		 "To: \r\nSubject: \r\nX-A: \r\n\r\n"},
		{"To: a@x\n{{#cc}}\nCc: {{cc}}\n{{/cc}}\nSubject: x\n\nb\n", {0}, "To: a@x\r\nSubject: x\r\n\r\nb\n"},
		{"To: a@x\n{{#cc}}Cc: {{cc}}{{/cc}}\nSubject: x\n\nb\n", {0}, "To: a@x\r\nSubject: x\r\n\r\nb\n"},
		{"To: a@x\n{{#cc}}Cc: {{cc}}\n{{/cc}}Subject: x\n\nb\n", {[2] = "c@x"}, "To: a@x\r\nCc: c@x\r\nSubject: x\r\n\r\nb\n"},
		{"To: a@x\n{{! no end\n\nof it }}\nSubject: x\n\nb\n", {0}, "To: a@x\r\nSubject: x\r\n\r\nb\n"},
		{"To: a@x\n{{#cc}}X: y\n\nb{{/cc}}", {0}, "! line 2, column 1: the section that begins there is not closed before the header ends"},
		{"Dear {{name}},\n\nhello", {"Ann"}, "! line 1, column 1: no field of a header stands there, as \"Subject: ...\""},
		{"To: a@x\nhello\n\n", {0}, "! a line of the header begins with no name of a field that the template has: hello"},
		/* a value makes no field, whatever a section takes away in front of it */
		{"{{name}}\n\nb", {"Bcc: e@y"}, "! a line of the header begins with no name of a field that the template has: Bcc: e@y"},
		{"{{name}}: b\n\n", {"Bcc"}, "! a line of the header begins with no name of a field that the template has: Bcc: b"},
		{"{{name}}Subject: b\n\n", {0}, "! a line of the header begins with no name of a field that the template has: Subject: b"},
		{"X-{{name}}: b\n\n", {"A"}, "! a line of the header begins with no name of a field that the template has: X-A: b"},
		{"To: a@x\n{{#cc}}Subject: {{/cc}}{{name}}\n\n", {"Bcc: e@y"},
		 "! a line of the header begins with no name of a field that the template has: Bcc: e@y"},
		{"Subject: {{name}}\n\n", {"x\r\nBcc: e@y"},
		 "! name: a line end or control character, which cannot stand in a header: x\\x0d\\x0aBcc: e@y"},
		{"To: {{email}}\n\n", {[1] = "a b c"}, "! To: \"a b c\" is no address: it is several words without <>"},
		{"Subject: x\n\n{{name}}", {"\r\n.\r\nBcc: e@y\n\n"}, "Subject: x\r\n\r\n\r\n.\r\nBcc: e@y\n\n"},
	};

	(void)state;
	check(TEMPLATE_MAIL, NULL, rows, ROWS(rows));
}

static void test_what_a_header_may_be_is_bounded(void **state)
{
	struct template_text text = {TEMPLATE_MAIL, NULL, SLICE("Subject: {{name}}{{name}}\n\n{{email}}")};
	static char wide[TEMPLATE_HEADER];
	struct slice cell[COLUMNS] = {{wide, TEMPLATE_HEADER / 2}, {wide, sizeof wide}, {"", 0}, {"", 0}};
	struct arena in = {0};
	struct failure f;
	struct template *t;
	struct buf out;

	(void)state;
	memset(wide, 'x', sizeof wide);
	buf_start(&out, 4 * sizeof wide);
	assert_int_equal(template_read(&t, &in, &text, column, COLUMNS, &f), 0);
	assert_int_equal(template_render(t, &in, cell, &out, &f), -1);
	assert_string_equal(f.text, "it grows too long with its values");
	cell[0].len = 1;
	buf_free(&out);
	buf_start(&out, 100);
	assert_int_equal(template_render(t, &in, cell, &out, &f), -1);
	buf_free(&out);
	buf_start(&out, 4 * sizeof wide);
	assert_int_equal(template_render(t, &in, cell, &out, &f), 0);
	assert_int_equal(out.len, sizeof "Subject: xx\r\n\r\n" - 1 + sizeof wide);
	buf_free(&out);
	arena_free(&in);
}

static void test_it_says_which_columns_it_uses(void **state)
{
	struct template_text text = {TEMPLATE_TEXT, NULL, SLICE("{{#cc}}{{name}}{{/cc}}")};
	struct arena in = {0};
	struct failure f;
	struct template *t;

	(void)state;
	assert_int_equal(template_read(&t, &in, &text, column, COLUMNS, &f), 0);
	assert_true(template_uses(t, 0));
	assert_false(template_uses(t, 1));
	assert_true(template_uses(t, 2));
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_get_their_values),
		cmocka_unit_test(test_what_is_no_template_is_told_with_line_and_column),
		cmocka_unit_test(test_values_in_html_are_escaped),
		cmocka_unit_test(test_a_field_of_addresses_is_what_its_template_says),
		cmocka_unit_test(test_any_other_field_is_text),
		cmocka_unit_test(test_a_value_in_a_field_with_urls_is_part_of_one_or_all_of_it),
		cmocka_unit_test(test_an_encoded_word_and_a_value_do_not_go_into_one_text),
		cmocka_unit_test(test_a_name_of_a_file_is_one_line),
		cmocka_unit_test(test_a_mail_has_the_fields_that_its_template_has),
		cmocka_unit_test(test_what_a_header_may_be_is_bounded),
		cmocka_unit_test(test_it_says_which_columns_it_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
