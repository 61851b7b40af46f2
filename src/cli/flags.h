/*
 * cli/flags - the options that are no settings: which there are (flags.def), and what each does to a struct options
 *
 * Use: flag = flag_of_letter(&options, 'f'); flag = flag_of_word("to", 2); flag_act(&options, arena, flag, "-f", value, f).
 * Owns: nothing; texts are argv's or the arena's. Errors: AT_USAGE EX_USAGE. Threads: one.
 * Source: mysend-compat(7), DECISIONS, OPTIONS.
 */
#ifndef CLI_FLAGS_H
#define CLI_FLAGS_H

#include <stdio.h>

#include "cli/options.h"

enum arity { NONE, NEEDS, ATTACHED };

struct flag;

/* NULL: there is no such letter, or not under the name that we were called by. */
const struct flag *flag_of_letter(const struct options *o, char c);
const struct flag *flag_of_word(const char *word, size_t len);
enum arity flag_arity(const struct flag *flag);
/* The note of the flag's row. */
const char *flag_note(const struct flag *flag);
/* It goes with --batch and --merge only. */
bool flag_is_of_batch(const struct flag *flag);
/* spelled: the flag as the user wrote it. value: "" where there is none. */
MUST_CHECK int flag_act(struct options *o, struct arena *run, const struct flag *flag, const char *spelled, const char *value, struct failure *f);
/* Keeps an option of a message, or an argument, until it is known what it is (options.said). */
void option_say(struct options *o, struct arena *run, enum draft_kind kind, const char *spelled, const char *value);
/* As in -oMr VALUE: the next argument belongs to the flag, too. */
bool flag_takes_next(const struct flag *flag, const char *value);
/* A number that is the next argument is its value. */
bool flag_takes_number(const struct flag *flag);
/* The long option most like `word`, or `nearest` where that is more like it. */
const char *flag_nearest(struct slice word, const char *nearest);
/* Prints --help, or the help on --batch and --merge. */
void flags_help(FILE *out, bool batch);

#endif
