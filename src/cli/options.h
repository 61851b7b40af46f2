/*
 * cli/options - argv to a struct wish, from the two tables: letters.def and conf/settings.def
 *
 * Called by one of sendmail's names, only sendmail's letters exist and the first recipient ends the options;
 * called as mysend, long options do too, anywhere. Use: options_read(&wish, arena, argc, argv, f).
 *
 * Owns: nothing; texts are argv's or the arena's.
 * Errors: AT_USAGE EX_USAGE; wish->as_sendmail and wish->quiet are right even then. Threads: one.
 * Source: COMPAT.md 0.3, 2.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "intake/request.h"

MUST_CHECK int options_read(struct wish *w, struct arena *run, int argc, char **argv, struct failure *f);

#endif
