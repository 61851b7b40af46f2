#include "mail/lexer.h"

#include <string.h>

bool lexer_is_atext(char c)
{
	static const char others[] = "!#$%&'*+-/=?^_`{|}~";

	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return (unsigned char)c > 127 || (c && strchr(others, c));
}

struct lexer lexer_of(struct slice text)
{
	const char *p = text.len ? text.p : "";

	return (struct lexer){.p = p, .end = p + text.len};
}

static bool bad(struct lexer *l, const char *trouble)
{
	l->trouble = trouble;
	return false;
}

static bool skip_comment(struct lexer *l)
{
	const char *first = l->p + 1;
	size_t depth = 0;

	for (; l->p < l->end; l->p++) {
		if (*l->p == '\\') {
			if (++l->p == l->end)
				break;
		} else if (*l->p == '(') {
			depth++;
		} else if (*l->p == ')' && --depth == 0) {
			l->comment = (struct slice){first, (size_t)(l->p - first)};
			l->p++;
			return true;
		}
	}
	return bad(l, "a comment does not end");
}

static bool skip_blanks(struct lexer *l)
{
	while (l->p < l->end) {
		if (octet_is_space(*l->p))
			l->p++;
		else if (*l->p != '(')
			break;
		else if (!skip_comment(l))
			return false;
	}
	return true;
}

static bool read_quoted(struct lexer *l)
{
	for (l->p++; l->p < l->end; l->p++) {
		if (*l->p == '\\') {
			if (++l->p == l->end)
				break;
		} else if (*l->p == '"') {
			l->p++;
			return true;
		}
	}
	return bad(l, "a quoted text does not end");
}

static bool read_literal(struct lexer *l)
{
	for (l->p++; l->p < l->end; l->p++) {
		if (*l->p == ']') {
			l->p++;
			return true;
		}
		if (*l->p == '[' || *l->p == '\\')
			break;
	}
	return bad(l, "a [ has no ]");
}

static bool read_word(struct lexer *l)
{
	while (l->p < l->end) {
		if (*l->p == '\\') {
			if (l->p + 1 == l->end || octet_is_space(l->p[1]))
				return bad(l, "a backslash stands alone");
			l->p += 2;
		} else if (lexer_is_atext(*l->p)) {
			l->p++;
		} else {
			break;
		}
	}
	return true;
}

static enum token_kind kind_of(char c)
{
	if (strchr("<>@,;:.", c))
		return TOKEN_SPECIAL;
	if (c == '"')
		return TOKEN_QUOTED;
	if (c == '[')
		return TOKEN_LITERAL;
	return c == '\\' || lexer_is_atext(c) ? TOKEN_WORD : TOKEN_BAD;
}

static bool read_token(struct lexer *l, struct token *t)
{
	t->kind = *l->p ? kind_of(*l->p) : TOKEN_BAD;
	switch (t->kind) {
	case TOKEN_SPECIAL:
		t->special = *l->p++;
		return true;
	case TOKEN_QUOTED:
		return read_quoted(l);
	case TOKEN_LITERAL:
		return read_literal(l);
	case TOKEN_WORD:
		return read_word(l);
	default:
		return bad(l, *l->p == ')' || *l->p == ']' ? "a bracket closes that was not opened"
							   : "it holds a control character");
	}
}

void lexer_next(struct lexer *l, struct token *t)
{
	const char *before = l->p, *first;
	bool fine = skip_blanks(l);

	first = fine ? l->p : before;
	*t = (struct token){.kind = TOKEN_END, .spaced = first != before};
	if (fine && first < l->end)
		fine = read_token(l, t);
	if (!fine) {
		t->kind = TOKEN_BAD;
		l->p = first; /* so that the next call returns the same */
	}
	t->raw = (struct slice){first, (size_t)(l->p - first)};
}

bool lexer_value(struct slice raw, char *to, size_t room, size_t *len)
{
	bool quoted = raw.len >= 2 && raw.p[0] == '"';
	size_t i = quoted ? 1 : 0, end = quoted ? raw.len - 1 : raw.len;

	for (*len = 0; i < end; i++) {
		char c = raw.p[i];

		if (c == '\\' && i + 1 < end)
			c = raw.p[++i];
		else if (c == '\r' || c == '\n')
			continue;
		if (*len == room)
			return false;
		to[(*len)++] = c;
	}
	return true;
}
