/*
 * post/renew - a login of OAuth 2.0 that is hardly used is used, so that it does not end
 *
 * Microsoft's ends 90 days after its last use, Google's after 180, and a host that only tells of trouble may be silent for longer. So a
 * run of the queue exchanges a login whose last exchange is a week old, as a mail would: under the same lock, into the same file.
 * Use: renew_logins(&book, tracer), behind the queue's run.
 *
 * Owns: nothing. Units: seconds. Bounds: one account at a time; none is begun RENEW_SECONDS after the first. Where a provider gives no
 * answer it is asked again an hour later, where it refuses a day later.
 * Errors: a refusal is a warning, all else debug words. Threads: one.
 * BUGS: an access token that lasts longer than a week keeps its login from being used until it ends.
 * Source: learn.microsoft.com, "Refresh tokens in the Microsoft identity platform"; mysend(1), "Tokens".
 */
#ifndef POST_RENEW_H
#define POST_RENEW_H

#include "conf/book.h"
#include "conf/token_outlook.h"
#include "wire/transcript.h"

enum { RENEW_SECONDS = 60 };

void renew_logins(struct book *b, const struct tracer *w);
bool renew_is_due(const struct token_outlook *k, time_t now);

#endif
