#include "mail/mime.h"

#include <string.h>

#include "mail/lexer.h"

bool mime_is_field(struct slice name)
{
	static const char *const names[] = {
		"MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID", "Content-Description",
		"Content-Language", "Content-Location", "Content-Base", "Content-MD5", "Content-Features", "Content-Duration",
		"Content-Alternative", "Content-Class", "Content-Translation-Type",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

bool mime_is_said(const struct header *h)
{
	for (size_t i = 0; i < h->fields; i++)
		if (mime_is_field(h->field[i].name) && !header_is_silent(&h->field[i]))
			return true;
	return false;
}

/* The value after the = of a parameter: a token or a quoted string. */
static const char *value_of(struct arena *in, struct slice text)
{
	size_t len = 0;
	char *value;

	text = slice_trim(text);
	if (text.len && text.p[0] == '"') {
		for (len = 1; len < text.len && text.p[len] != '"'; len++)
			if (text.p[len] == '\\' && len + 1 < text.len)
				len++;
		if (len++ >= text.len) /* the quoted string does not end */
			return "";
	} else {
		while (len < text.len && !strchr(" \t;(", text.p[len]))
			len++;
	}
	value = arena_zeroed(in, len + 1, 1);
	if (!lexer_value((struct slice){text.p, len}, value, len, &len))
		return "";
	return value;
}

/* Cuts the text before the next ; outside quotes; false: there is no further ;, and *parameter is the last. */
static bool parameter_cut(struct slice *rest, struct slice *parameter)
{
	bool quoted = false;
	size_t i = 0;

	for (; i < rest->len && (quoted || rest->p[i] != ';'); i++) {
		if (quoted && rest->p[i] == '\\')
			i += i + 1 < rest->len;
		else if (rest->p[i] == '"')
			quoted = !quoted;
	}
	*parameter = (struct slice){rest->p, i};
	if (i == rest->len)
		return false;
	*rest = (struct slice){rest->p + i + 1, rest->len - i - 1};
	return true;
}

const char *mime_parameter(struct arena *in, const struct header *h, const char *wanted)
{
	const struct field *field = header_find_said(h, "Content-Type");
	struct slice rest, parameter, name;
	bool more;

	if (!field)
		return "";
	rest = slice_of(header_unfold(h, field));
	more = parameter_cut(&rest, &parameter);
	while (more) {
		more = parameter_cut(&rest, &parameter);
		if (slice_cut(&parameter, '=', &name) && slice_is(slice_trim(name), wanted))
			return value_of(in, parameter);
	}
	return "";
}

const char *mime_charset(struct arena *in, const struct header *h)
{
	return mime_parameter(in, h, "charset");
}

/* The word before the first ; of a body, without comments and blanks, in small letters; "?" where there are two words, or something
 * that is no word, and so no type or encoding (RFC 2045 5.1, 6.1). */
static const char *word_of(struct arena *in, const struct field *field)
{
	struct lexer l = lexer_of(field->body);
	char *word = arena_zeroed(in, field->body.len + 1, 1);
	bool after_word = false;
	struct token t;
	size_t used = 0;

	for (lexer_next(&l, &t); t.kind != TOKEN_END && (t.kind != TOKEN_SPECIAL || t.special != ';'); lexer_next(&l, &t)) {
		bool is_word = t.kind == TOKEN_WORD, is_dot = t.kind == TOKEN_SPECIAL && t.special == '.';

		if ((is_word && after_word) || (!is_word && !is_dot))
			return "?";
		after_word = is_word;
		for (size_t i = 0; i < t.raw.len; i++)
			word[used++] = (char)(t.raw.p[i] >= 'A' && t.raw.p[i] <= 'Z' ? t.raw.p[i] + 32 : t.raw.p[i]);
	}
	return word;
}

const char *mime_type(struct arena *in, const struct header *h)
{
	const struct field *field = header_find_said(h, "Content-Type");

	return field ? word_of(in, field) : "";
}

enum mime_encoding mime_encoding(struct arena *in, const struct header *h)
{
	static const struct {
		const char *word;
		enum mime_encoding is;
	} known[] = {{"7bit", MIME_PLAIN}, {"8bit", MIME_PLAIN}, {"binary", MIME_PLAIN}, {"base64", MIME_BASE64}, {"quoted-printable", MIME_QUOTED}};
	const struct field *field = header_find_said(h, "Content-Transfer-Encoding");
	struct slice word;

	if (!field)
		return MIME_PLAIN;
	word = slice_of(word_of(in, field));
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_is(word, known[i].word))
			return known[i].is;
	return MIME_UNKNOWN;
}

bool mime_is_signed(const struct header *h)
{
	static const char *const names[] = {"DKIM-Signature", "DomainKey-Signature", "ARC-Message-Signature", "X-Google-DKIM-Signature", NULL};
	size_t i = 0;

	while (names[i] && !header_find(h, names[i], NULL))
		i++;
	return names[i];
}
