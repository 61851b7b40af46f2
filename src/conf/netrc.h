/*
 * conf/netrc - the password of a host and a name in a .netrc file
 *
 * Use: netrc_find(text, "mail.example.com", "me", &password). The first entry that fits: its machine is the
 * host or it is `default`, and its login, if it has one, is the name, if there is one. Macros are skipped.
 *
 * Owns: nothing: the password points into the text, where a quoted one is unescaped in place.
 * Errors: none; false: no entry. Threads: any. Source: ftp(1); curl's quotes (backslash n, r, t, " and \).
 */
#ifndef CONF_NETRC_H
#define CONF_NETRC_H

#include "base/bytes.h"

bool netrc_find(struct buf *text, const char *host, const char *user, struct slice *password);

#endif
