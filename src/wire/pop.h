/*
 * wire/pop - a visit to a POP3 mailbox, which opens some relays to our address for a while
 *
 * Use: pop_visit(account, f), before the session, where pop_before_smtp is set.
 * Owns: nothing. Bounds: the account's timeouts.
 * Errors: AT_CONFIG, or AT_RESOLVE .. AT_LOGIN with f->relay the mailbox's URL. Threads: one.
 * Source: RFC 1939, RFC 2595 (by libcurl).
 */
#ifndef WIRE_POP_H
#define WIRE_POP_H

#include "conf/settings.h"

MUST_CHECK int pop_visit(const struct account *a, struct failure *f);

#endif
