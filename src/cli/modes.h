/*
 * cli/modes - what mysend can be asked to do, one file a mode
 *
 * Use: status = mode_send(&options, &run, &f); Owns: nothing; *run lives as long as the process.
 * Errors: the exit status when all has been told, or -1 and *f for main to tell. Threads: one.
 */
#ifndef CLI_MODES_H
#define CLI_MODES_H

#include "cli/options.h"

int mode_send(const struct options *o, struct arena *run, struct failure *f);
int mode_smtp(const struct options *o, struct arena *run, struct failure *f);    /* -bs */
int mode_bsmtp(const struct options *o, struct arena *run, struct failure *f);   /* -bS */
int mode_verify(const struct options *o, struct arena *run, struct failure *f);  /* -bv */
int mode_aliases(const struct options *o, struct arena *run, struct failure *f); /* -bi, newaliases */
int mode_queue(const struct options *o, struct arena *run, struct failure *f);   /* -bp, -q, -bh */
int mode_show(const struct options *o, struct arena *run, struct failure *f); /* --show-config, --help, ... */

#endif
