/*
 * cli/modes - what mysend can be asked to do, each in the file that is named beside it
 *
 * Use: status = mode_send(&options, &run, &f); Owns: nothing; *run lives as long as the process.
 * Errors: the exit status when all has been told, or -1 and *f for main to tell. Threads: one.
 */
#ifndef CLI_MODES_H
#define CLI_MODES_H

#include "cli/options.h"

int mode_send(const struct options *o, struct arena *run, struct failure *f);    /* send.c */
int mode_smtp(const struct options *o, struct arena *run, struct failure *f);    /* smtpd.c: -bs */
int mode_bsmtp(const struct options *o, struct arena *run, struct failure *f);   /* bsmtp.c: -bS */
int mode_verify(const struct options *o, struct arena *run, struct failure *f);  /* verify.c: -bv */
int mode_probe(const struct options *o, struct arena *run, struct failure *f);   /* probe.c: --probe */
int mode_aliases(const struct options *o, struct arena *run, struct failure *f); /* verify.c: -bi, newaliases */
int mode_queue(const struct options *o, struct arena *run, struct failure *f);   /* mailq.c: hold, release, remove; -bp in mailq_list.c, -q in runner.c, --queue-check in health.c */
int mode_batch(const struct options *o, struct arena *run, struct failure *f);   /* batch.c: --batch, --merge */
int mode_report(const struct options *o, struct arena *run, struct failure *f);  /* report.c: --report */
#ifndef WITHOUT_OAUTH
int mode_login(const struct options *o, struct arena *run, struct failure *f);   /* login.c: --login */
int mode_logout(const struct options *o, struct arena *run, struct failure *f);  /* logout.c: --logout */
#endif
int mode_configure(const struct options *o, struct arena *run, struct failure *f); /* configure.c: --configure */
int mode_show(const struct options *o, struct arena *run, struct failure *f);    /* show.c: --show-config, --help (help.c), ... */

#endif
