/*
 * post/logline - one key=value line a mail, in msmtp's field names, to a file and to syslog
 *
 *	host=H port=P tls=on auth=on user=U from=A recipients=B,C mailsize=N smtpstatus=250 smtpmsg='...'
 *	errormsg='...' hint='...' exitcode=EX_OK msgid=<...> queueid=ID ms=N
 *
 * The failure is the one that decides (post/verdict), with its hint. Mail that waits for what only a person can mend goes to syslog as an
 * error, unless `syslog off` is set (base/system_log). Use: logline_write(&job, &tally); of what failed before anybody was tried
 * &(struct tally){.decides = f, .status = f->exit}.
 * Owns: nothing. Units: octets, milliseconds. Bounds: 64 KiB a line; recipients beyond that are counted; the identifier of
 * mail out of the spool is looked for in its first 64 KiB.
 * Errors: none; a log that takes nothing for 50 ms, or that cannot be written is a warning and never fails the mail. Threads: one.
 */
#ifndef POST_LOGLINE_H
#define POST_LOGLINE_H

#include "post/job.h"
#include "post/verdict.h"

void logline_write(const struct job *j, const struct tally *t);
/* The identifier in a relay's last answer ("queued as ABC", "OK id=ABC"), or an empty slice. */
struct slice logline_queue_id(const char *answer);

#endif
