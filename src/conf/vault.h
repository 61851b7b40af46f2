/*
 * conf/vault - the only memory of ours that passwords stand in
 *
 * Locked against swapping, left out of core dumps, not inherited by children. Once something is kept there are no core
 * dumps at all, and on Linux no other process of the same user may look into this one, until it ends (not only until
 * vault_wipe: libcurl and its TLS library had copies of their own). What is executed from here is free of that.
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
