/*
 * conf/relay - what the settings of an account mean together
 *
 * Use: relay_split(&section, arena, f) once for what stands in one place (a section of a file, the
 * environment, the options), before it is laid over anything; account_lay(&under, &over) from the lowest
 * place to the highest; account_settle(&account, arena, f) when all are in.
 * relay becomes host, port, socket, tls and tls_starttls; ~/ and %U, %H, %C, %M are replaced.
 *
 * Owns: nothing; all in the arena. Bounds: a replaced text has 4 KiB.
 * Errors: AT_CONFIG EX_CONFIG (of options AT_USAGE EX_USAGE), naming what contradicts and where both stand.
 * Threads: one. Source: CONTRIBUTING.md, "Configuration"; RFC 3986 3.2; msmtp(1) on `from`.
 */
#ifndef CONF_RELAY_H
#define CONF_RELAY_H

#include "conf/settings.h"

MUST_CHECK int relay_split(struct account *a, struct arena *in, struct failure *f);
/* What `over` sets takes the place of what `under` has. A relay puts out the relay beneath it however that
 * was said (relay, host, socket); so do a password, a proxy and a provider of tokens. */
void account_lay(struct account *under, const struct account *over);
MUST_CHECK int account_settle(struct account *a, struct arena *in, struct failure *f);
/* %U, %H, %C, %M and %% replaced. */
const char *account_expand(struct arena *in, const char *text);
bool account_has_relay(const struct account *a);
/* How failures call the account's relay: HOST:PORT, or its socket. */
void account_relay(const struct account *a, char *to, size_t room);

#endif
