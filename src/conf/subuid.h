/*
 * conf/subuid - whose a number of a user is that no login has: who may run processes under it
 *
 * Use: if (subuid_owner(SUBUID_FILE, uid, &owner)) ...
 * Owns: nothing. Bounds: SUBUID_LIMIT octets; a larger file counts as none. Errors: none: false where the file is not there,
 * is neither ours nor root's, or names nobody for it; nor is root the owner of any, whose range serves the users of containers.
 * Threads: one (getpwnam). Source: subuid(5).
 */
#ifndef CONF_SUBUID_H
#define CONF_SUBUID_H

#include <stdbool.h>
#include <sys/types.h>

#define SUBUID_FILE "/etc/subuid"
enum { SUBUID_LIMIT = 1024 * 1024 };

bool subuid_owner(const char *path, uid_t uid, uid_t *owner);

#endif
