/*
 * conf/vault - the only memory of ours that passwords stand in
 *
 * Locked against swapping, left out of core dumps (there are none at all once something is kept: libcurl has
 * copies of its own), not inherited by children.
 *
 * Use: unsigned h = vault_keep(slice); ... vault_text(h); ... vault_wipe(), after which h has no text.
 * Owns: the texts, until vault_wipe. Nothing here prints.
 * Bounds: VAULT_ROOM octets in all. Where the system allows no locking, the rest still holds.
 * Errors: vault_keep returns 0 when there is no room. Threads: one at a time.
 */
#ifndef CONF_VAULT_H
#define CONF_VAULT_H

#include "base/bytes.h"

enum { VAULT_ROOM = 4 * 1024 * 1024 };

unsigned vault_keep(struct slice text); /* a handle, never used again; no NUL in the text */
const char *vault_text(unsigned handle); /* NULL: no such, or wiped */
void vault_wipe(void);

#endif
