/*
 * conf/vault - the only memory of ours that passwords stand in
 *
 * Locked against swapping, left out of core dumps, not inherited by children. Once something is kept, or vault_guard was called,
 * there are no core dumps at all, and on Linux no other process of the same user may look into this one, until it ends (not only
 * until vault_wipe: libcurl and its TLS library had copies of their own). What is executed from here is free of that.
 *
 * Use: handle = vault_keep(slice); text = vault_take(handle), which stays until vault_release(handle); vault_drop(handle) wipes it
 * behind the last release. vault_wipe() does so with all of them.
 * Owns: the texts. Nothing here prints.
 * Bounds: VAULT_ROOM octets in all; the room of a text that is wiped is used again. Where the system allows no locking, the
 * rest still holds. Errors: vault_keep returns 0 when there is no room. Threads: any.
 */
#ifndef CONF_VAULT_H
#define CONF_VAULT_H

#include "base/bytes.h"

enum { VAULT_ROOM = 4 * 1024 * 1024 };

void vault_guard(void); /* a secret is about to be in memory that is not the vault's */
unsigned vault_keep(struct slice text); /* returns a handle, which is never given again; the text holds no NUL */
const char *vault_take(unsigned handle); /* NULL: no such text, or it was dropped; else to be released */
void vault_release(unsigned handle);
void vault_drop(unsigned handle); /* from now on the text cannot be taken */
void vault_wipe(void);

#endif
