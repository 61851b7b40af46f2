/*
 * mail/lexer - the tokens of a structured field (RFC 5322 3.2, 4.1)
 *
 * Use: struct lexer l = lexer_of(text); for (lexer_next(&l, &t); t.kind != TOKEN_END; lexer_next(&l, &t)) ...
 * Blanks, folds and comments are stepped over; .spaced says that there were some. A backslash outside quotes
 * belongs to a word (RFC 822 wrote \root so). An octet above 127 is a letter.
 *
 * Owns: nothing; slices point into the text. Bounds: linear; comments nest by a counter.
 * Errors: TOKEN_BAD, with .trouble in words; the lexer stays there.
 * Threads: any. Source: RFC 5322 3.2.1-3.2.5, 3.4.1, 4.1, 4.4.
 */
#ifndef MAIL_LEXER_H
#define MAIL_LEXER_H

#include "base/bytes.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_LITERAL, TOKEN_SPECIAL, TOKEN_BAD };

struct token {
	enum token_kind kind;
	char special;	  /* for a special: one of < > @ , ; : . */
	bool spaced;	  /* blanks or a comment stand before it */
	struct slice raw; /* as it stands in the text, with quotes, brackets and backslashes */
};

struct lexer {
	const char *p, *end;
	struct slice comment; /* the last comment that was passed, without its parentheses */
	const char *trouble;  /* why a TOKEN_BAD is bad, in words */
};

struct lexer lexer_of(struct slice text);
void lexer_next(struct lexer *l, struct token *t);
bool lexer_is_atext(char c); /* c may stand in a word */
/* The text of a word, quoted string or comment, without quotes, backslashes and folds. False: cut where room ended. */
bool lexer_value(struct slice raw, char *to, size_t room, size_t *len);

#endif
