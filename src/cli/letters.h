/*
 * cli/letters - sendmail's letters: what there is (letters.def), and what each does to the options
 *
 * Use: l = letter_find(&options, 'f'); letter_act(&options, l, value, &swallow, f).
 * Owns: nothing; texts are argv's. Errors: AT_USAGE EX_USAGE. Threads: one. Source: mysend-compat(7), DECISIONS, OPTIONS.
 */
#ifndef CLI_LETTERS_H
#define CLI_LETTERS_H

#include "cli/options.h"

enum arity { NONE, NEEDS, ATTACHED };

struct letter {
	char letter;
	enum arity arity;
	unsigned effect;
	const char *note;
};

/* NULL: there is none, under the name we are called by. */
const struct letter *letter_find(const struct options *o, char c);
/* swallow: the next argument belongs to it, too. */
MUST_CHECK int letter_act(struct options *o, const struct letter *l, const char *value, bool *swallow, struct failure *f);
MUST_CHECK int usage(struct failure *f, const char *what, const char *which);

#endif
