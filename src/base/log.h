/*
 * base/log - warnings and debug words, as they come
 *
 * A warning goes to standard error as "mysend: warning: ...", unless a caller that takes any output for
 * an error asked for quiet (log_quiet); debug words only after log_debug_on. The line that tells of a
 * mail is not made here: post/result makes it.
 *
 * Owns: nothing. Bounds: a line of 1,000 octets, made printable, in one write.
 * Errors: none; a log that can't be written never stops a mail. Threads: any; log_quiet, log_no_doubts, log_debug_on and log_wipes while there are no others that log.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/failure.h"

void log_quiet(void);
void log_no_doubts(void);
void log_debug_on(void);
void log_wipes(bool on); /* a line is drawn on the terminal, over and over: what is said takes its place */
void log_warning(const char *fmt, ...) PRINTF(1, 2);
void log_doubt(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);

#endif
