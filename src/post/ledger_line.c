#include "post/ledger_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define MAGIC "mysend-ledger "
#define THIS "1"
#define SECONDS_MOST UINT64_C(253402300799) /* the end of the year 9999 */

static bool is_plain(struct slice c)
{
	return *c.p != '\\' && !slice_is_invisible(c);
}

/* How many octets the UTF-8 character in front has; 0: there is none. */
static size_t character(struct slice s)
{
	for (size_t n = 1; n <= 4 && n <= s.len; n++)
		if (slice_is_utf8((struct slice){s.p, n}))
			return n;
	return 0;
}

/* Writes s so that it can stand in a column: a backslash and what nobody sees as \xHH, octet by octet, so that no two texts are
 * written the same. False: it does not fit. */
static bool print_column(char *to, size_t room, struct slice s)
{
	size_t used = 0;

	while (s.len) {
		size_t n = character(s), len = n ? n : 1;
		bool plain = n && is_plain((struct slice){s.p, n});

		if (used + (plain ? len : 4 * len) >= room)
			return false;
		for (size_t i = 0; i < len; i++)
			if (plain)
				to[used++] = s.p[i];
			else
				used += (size_t)snprintf(to + used, room - used, "\\x%02x", (unsigned char)s.p[i]);
		s = (struct slice){s.p + len, s.len - len};
	}
	to[used] = '\0';
	return true;
}

void ledger_name_print(struct ledger_name *to, struct slice key, const char *recipient)
{
	char hex[SHA256_HEX];

	if (!print_column(to->key, sizeof to->key, key)) {
		sha256_hex(hex, key);
		snprintf(to->key, sizeof to->key, "sha256:%s", hex);
	}
	if (!print_column(to->recipient, sizeof to->recipient, slice_of(recipient))) {
		sha256_hex(hex, slice_of(recipient)); /* an address is 254 octets at the most, but none may break a line */
		snprintf(to->recipient, sizeof to->recipient, "sha256:%s", hex);
	}
}

void ledger_name_digest(unsigned char digest[SHA256_OCTETS], struct slice key, struct slice recipient)
{
	char domain[LEDGER_RECIPIENT + 1];
	size_t local = recipient.len, rest;
	struct sha256 s;

	while (local && recipient.p[local - 1] != '@')
		local--;
	rest = local ? recipient.len - local : 0;
	if (rest > sizeof domain)
		rest = sizeof domain;
	local = recipient.len - rest;
	for (size_t i = 0; i < rest; i++) {
		char c = recipient.p[local + i];

		domain[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	sha256_begin(&s);
	sha256_add(&s, key);
	sha256_add(&s, SLICE("\t"));
	sha256_add(&s, (struct slice){recipient.p, local});
	sha256_add(&s, (struct slice){domain, rest});
	sha256_end(&s, digest);
}

int ledger_line_print(struct buf *out, const struct ledger_line *line)
{
	char code[24], text[LEDGER_TEXT];
	int64_t ms = line->ms < 0 ? 0 : line->ms; /* times in the file have no sign */

	if (buf_printf(out, "%c\t%" PRId64 ".%03d\t%.*s\t%.*s", (char)line->sign, ms / 1000, (int)(ms % 1000), (int)line->key.len,
		       line->key.p, (int)line->recipient.len, line->recipient.p) < 0)
		return -1;
	if (line->sign == LEDGER_LEASED)
		return buf_text(out, "\n");
	slice_printable(code, sizeof code, line->code);
	slice_printable(text, sizeof text, line->text);
	return buf_printf(out, "\t%s\t%s\n", code, text);
}

/* "1795462072.123" */
static bool parse_time(struct slice s, int64_t *ms)
{
	struct slice seconds;
	uint64_t whole, part;

	if (!slice_cut(&s, '.', &seconds) || s.len != 3 || !slice_number(seconds, SECONDS_MOST, &whole) || !slice_number(s, 999, &part))
		return false;
	*ms = (int64_t)(whole * 1000 + part);
	return true;
}

bool ledger_line_parse(struct slice text, struct ledger_line *out)
{
	static const char signs[] = {LEDGER_LEASED, LEDGER_ACCEPTED, LEDGER_REFUSED, LEDGER_UNSURE, LEDGER_WAITS, LEDGER_LATER};
	struct ledger_line l = {.code = {"", 0}, .text = {"", 0}};
	struct slice sign, when;

	if (!slice_cut(&text, '\t', &sign) || sign.len != 1 || !memchr(signs, *sign.p, sizeof signs) || !slice_cut(&text, '\t', &when) ||
	    !parse_time(when, &l.ms) || !slice_cut(&text, '\t', &l.key))
		return false;
	l.sign = (enum ledger_sign)*sign.p;
	if (l.sign == LEDGER_LEASED)
		l.recipient = text;
	else if (!slice_cut(&text, '\t', &l.recipient) || !slice_cut(&text, '\t', &l.code))
		return false;
	else
		l.text = text;
	if (l.key.len > LEDGER_KEY || l.recipient.len > LEDGER_RECIPIENT || slice_has_control(l.key) || slice_has_control(l.recipient) ||
	    slice_has_control(l.code) || slice_has_control(l.text))
		return false;
	*out = l;
	return true;
}

int ledger_head_print(struct buf *out, const struct ledger_head *h)
{
	const char *const column[] = {h->input, h->template, h->rule, h->run};

	if (buf_text(out, MAGIC THIS) < 0)
		return -1;
	for (size_t i = 0; i < sizeof column / sizeof *column; i++) {
		char text[LEDGER_KEY + 50];

		if (!print_column(text, sizeof text, slice_of(column[i])))
			sha256_hex(text, slice_of(column[i]));
		if (buf_printf(out, "\t%s", text) < 0)
			return -1;
	}
	return buf_text(out, "\n");
}

bool ledger_head_is(struct slice text)
{
	return text.len >= strlen(MAGIC) && memcmp(text.p, MAGIC, strlen(MAGIC)) == 0;
}

/* It is as print_column writes it, and can be shown. */
static bool is_printable(struct slice value)
{
	char shown[LEDGER_LINE];

	slice_printable(shown, sizeof shown, value);
	return strlen(shown) == value.len && memcmp(shown, value.p, value.len) == 0;
}

int ledger_head_parse(struct ledger_head *out, struct arena *in, struct slice text, struct failure *f)
{
	const char **const column[] = {&out->input, &out->template, &out->rule, &out->run};
	struct slice version, value;
	char shown[80];

	if (!ledger_head_is(text))
		return fail(f, AT_INPUT, EX_DATAERR, "it is no ledger of mysend's");
	text = (struct slice){text.p + strlen(MAGIC), text.len - strlen(MAGIC)};
	slice_printable(shown, sizeof shown, text);
	if (!slice_cut(&text, '\t', &version) || !slice_is(version, THIS))
		return fail(f, AT_INPUT, EX_CONFIG, "it is of another version of mysend: \"%s\"", shown);
	for (size_t i = 0; i < sizeof column / sizeof *column; i++) {
		bool last = i == sizeof column / sizeof *column - 1;

		if (last)
			value = text;
		if ((!last && !slice_cut(&text, '\t', &value)) || !is_printable(value))
			return fail(f, AT_INPUT, EX_DATAERR, "its first line is not whole");
		*column[i] = arena_text(in, value.p, value.len);
	}
	return **column[3] ? 0 : fail(f, AT_INPUT, EX_DATAERR, "its first line is not whole");
}

bool ledger_head_is_torn(struct slice octets)
{
	const char *nothing = octets.len ? memchr(octets.p, '\0', octets.len) : NULL;
	size_t written = nothing ? (size_t)(nothing - octets.p) : octets.len, len = written < strlen(MAGIC) ? written : strlen(MAGIC);

	for (size_t i = written; i < octets.len; i++)
		if (octets.p[i])
			return false;
	return memcmp(octets.p, MAGIC, len) == 0 && !memchr(octets.p, '\n', written);
}
