#include "wire/reply.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static size_t digits(struct slice s, size_t at)
{
	size_t n = 0;

	while (at + n < s.len && isdigit((unsigned char)s.p[at + n]))
		n++;
	return n;
}

size_t reply_enhanced_length(struct slice s, char class)
{
	size_t subject, detail;

	if (s.len < 5 || s.p[0] != class || s.p[1] != '.')
		return 0;
	subject = digits(s, 2);
	if (subject < 1 || subject > 3 || 2 + subject >= s.len || s.p[2 + subject] != '.')
		return 0;
	detail = digits(s, 3 + subject);
	if (detail < 1 || detail > 3)
		return 0;
	subject += 3 + detail;
	return subject == s.len || s.p[subject] == ' ' ? subject : 0;
}

static void add_text(struct reply *r, struct slice text)
{
	size_t used = strlen(r->text), n = reply_enhanced_length(text, (char)('0' + r->code / 100));

	if (n && n < sizeof r->enhanced) {
		if (!*r->enhanced)
			memcpy(r->enhanced, text.p, n);
		text = (struct slice){text.p + n, text.len - n};
	}
	text = slice_trim(text);
	if (!text.len || used + 2 >= sizeof r->text)
		return;
	if (used)
		r->text[used++] = ' ';
	slice_printable(r->text + used, sizeof r->text - used, text);
}

static bool is_shaped(struct slice line)
{
	return digits(line, 0) == 3 && (line.len == 3 || line.p[3] == ' ' || line.p[3] == '-');
}

bool reply_ends(struct slice line)
{
	line = slice_trim(line);
	return is_shaped(line) && (line.len == 3 || line.p[3] == ' ');
}

static int no_reply(struct slice line, struct failure *f)
{
	char shown[80];

	slice_printable(shown, sizeof shown, line);
	return fail(f, AT_GREETING, EX_PROTOCOL, "the answer is not SMTP: \"%s\"", shown);
}

int reply_is_none(const struct reply *r, int exit, const char *why, struct failure *f)
{
	if (!*r->stray)
		return fail(f, AT_GREETING, exit, "%s", why);
	return fail(f, AT_GREETING, exit, "%s, and said what is not SMTP: \"%s\"", why, r->stray);
}

int reply_line(struct reply *r, struct slice line, struct failure *f)
{
	int code;

	if (!is_shaped(line)) {
		if (++r->strays > REPLY_STRAYS)
			return no_reply(*r->stray ? slice_of(r->stray) : line, f);
		if (!*r->stray)
			slice_printable(r->stray, sizeof r->stray, slice_trim(line));
		return 0;
	}
	if (line.p[0] < '2' || line.p[0] > '5')
		return no_reply(line, f);
	code = (line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + (line.p[2] - '0');
	if (r->lines && code != r->code)
		return fail(f, AT_GREETING, EX_PROTOCOL, "the answer changes its code from %d to %d", r->code,
			    code);
	if (++r->lines > REPLY_LINES)
		return fail(f, AT_GREETING, EX_PROTOCOL, "the answer has more than %d lines", REPLY_LINES);
	r->code = code;
	if (line.len > 4)
		add_text(r, (struct slice){line.p + 4, line.len - 4});
	return line.len > 3 && line.p[3] == '-' ? 0 : 1;
}

bool reply_is_positive(const struct reply *r)
{
	return r->code / 100 == 2;
}

int reply_failure(const struct reply *r, enum stage at, int exit_if_final, struct failure *f)
{
	fail(f, at, EX_PROTOCOL, "%s", r->text);
	f->code = r->code;
	snprintf(f->enhanced, sizeof f->enhanced, "%s", r->enhanced);
	if (r->code / 100 == 4)
		f->exit = EX_TEMPFAIL;
	else if (r->code / 100 == 5)
		f->exit = exit_if_final;
	return -1;
}
