#include "intake/smtp_words.h"

#include <string.h>
#include <sysexits.h>

#include "mail/address.h"
#include "mail/lexer.h"

int smtp_words_refuse(struct failure *f, int code, const char *enhanced, const char *text)
{
	fail(f, AT_USAGE, EX_USAGE, "%s", text);
	f->client_code = code;
	snprintf(f->enhanced, sizeof f->enhanced, "%s", enhanced);
	return -1;
}

/* Cuts the path at the beginning, with its <>, off the rest. Quoted local parts and literals may hold blanks and >. */
static bool take_path(struct slice *rest, struct slice *path)
{
	bool quoted = false, literal = false, angle = rest->len && *rest->p == '<';
	size_t i = 0;

	for (; i < rest->len; i++) {
		char c = rest->p[i];

		if (c == '\\')
			i++;
		else if (c == '"' && !literal)
			quoted = !quoted;
		else if (!quoted && (c == '[' || c == ']'))
			literal = c == '[';
		else if (!quoted && !literal && c == (angle ? '>' : ' '))
			break;
	}
	if (i > rest->len || (angle && i == rest->len))
		return false;
	i += angle;
	*path = (struct slice){rest->p, i};
	*rest = slice_trim((struct slice){rest->p + i, rest->len - i});
	return true;
}

static int read_path(const char **out, struct arena *in, struct slice *words, const char *before, struct failure *f)
{
	struct slice path;
	struct failure why;

	if (!slice_begins(*words, before))
		return smtp_words_refuse(f, 501, "5.5.4", arena_printf(in, "say %s<address>", before));
	*words = slice_trim((struct slice){words->p + strlen(before), words->len - strlen(before)});
	if (!words->len || !take_path(words, &path))
		return smtp_words_refuse(f, 501, "5.1.7", "the address does not end");
	if (address_one(out, in, path, &why) < 0)
		return smtp_words_refuse(f, 501, "5.1.3", why.text);
	return 0;
}

static int check_utf8(const char *address, bool smtputf8, struct failure *f)
{
	return smtputf8 || address_is_ascii(address) ? 0 : smtp_words_refuse(f, 553, "5.6.7", "the address needs SMTPUTF8");
}

static bool next_parameter(struct slice *rest, struct slice *name, struct slice *value)
{
	struct slice one;

	*rest = slice_trim(*rest);
	if (!rest->len)
		return false;
	if (!slice_cut(rest, ' ', &one)) {
		one = *rest;
		rest->len = 0;
	}
	*value = one;
	if (slice_cut(value, '=', name))
		return true;
	*name = one;
	value->len = 0;
	return true;
}

/* The text is xtext (RFC 3461 4): printable ASCII without + and =, and +HH. */
static bool is_xtext(struct slice s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] <= ' ' || s.p[i] >= 127 || s.p[i] == '=')
			return false;
		if (s.p[i] != '+')
			continue;
		if (s.len - i < 3 || !memchr(hex, s.p[i + 1], 16) || !memchr(hex, s.p[i + 2], 16))
			return false;
		i += 2;
	}
	return s.len > 0;
}

/* The type of an address is an atom (RFC 3461 4.2); it is passed to the relay unchanged. */
static bool is_atom(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] > 127 || !lexer_is_atext(s.p[i]))
			return false;
	return s.len > 0;
}

/* Reads a parameter of MAIL. 0; -1: the value is not allowed; 1: there is no such parameter. */
static int mail_parameter(struct mail_said *out, struct arena *in, struct slice name, struct slice value)
{
	if (slice_is(name, "SIZE"))
		return slice_number(value, SMTP_WORDS_NUMBER, &out->size) ? 0 : -1;
	if (slice_is(name, "BODY")) {
		out->body = slice_is(value, "7BIT") ? BODY_7BIT : BODY_8BITMIME;
		return slice_is(value, "7BIT") || slice_is(value, "8BITMIME") ? 0 : -1;
	}
	if (slice_is(name, "SMTPUTF8")) {
		out->smtputf8 = true;
		return value.len ? -1 : 0;
	}
	if (slice_is(name, "RET"))
		return request_return(arena_text(in, value.p, value.len), &out->ret);
	if (slice_is(name, "ENVID")) {
		out->envid = is_xtext(value) && value.len <= 100 ? address_of_xtext(in, value) : NULL;
		/* ENVID decodes to printable ASCII (RFC 3461 4.4), although xtext could hold other octets; -V takes nothing else
		 * either. */
		return out->envid && slice_is_ascii(slice_of(out->envid)) ? 0 : -1;
	}
	return 1;
}

static int rcpt_parameter(struct request_recipient *out, struct arena *in, struct slice name, struct slice value)
{
	struct slice type, address = value;

	if (slice_is(name, "NOTIFY"))
		return request_notify(arena_text(in, value.p, value.len), &out->notify);
	if (slice_is(name, "ORCPT")) {
		if (!slice_cut(&address, ';', &type) || !is_atom(type) || !is_xtext(address) || value.len > 500)
			return -1;
		out->orcpt = arena_text(in, value.p, value.len);
		return 0;
	}
	return 1;
}

static int wrong_parameter(struct arena *in, int how, struct slice name, struct slice value, struct failure *f)
{
	char shown[200];

	slice_printable(shown, sizeof shown, how < 0 ? value : name);
	if (how < 0)
		return smtp_words_refuse(f, 501, "5.5.4", arena_printf(in, "%.*s does not take \"%s\"", (int)name.len,
								  name.p, shown));
	return smtp_words_refuse(f, 555, "5.5.4", arena_printf(in, "there is no parameter %s", shown));
}

int smtp_words_mail(struct mail_said *out, struct arena *in, struct slice words, struct failure *f)
{
	struct slice name, value;
	int how;

	*out = (struct mail_said){.sender = ""};
	if (read_path(&out->sender, in, &words, "FROM:", f) < 0)
		return -1;
	while (next_parameter(&words, &name, &value)) {
		how = mail_parameter(out, in, name, value);
		if (how)
			return wrong_parameter(in, how, name, value, f);
	}
	return check_utf8(out->sender, out->smtputf8, f);
}

int smtp_words_rcpt(struct request_recipient *out, struct arena *in, struct slice words, bool smtputf8, struct failure *f)
{
	struct slice name, value;
	int how;

	*out = (struct request_recipient){.text = ""};
	if (read_path(&out->text, in, &words, "TO:", f) < 0)
		return -1;
	if (!*out->text)
		return smtp_words_refuse(f, 501, "5.1.3", "<> is nobody");
	while (next_parameter(&words, &name, &value)) {
		how = rcpt_parameter(out, in, name, value);
		if (how)
			return wrong_parameter(in, how, name, value, f);
	}
	return check_utf8(out->text, smtputf8, f);
}
