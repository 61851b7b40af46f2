/*
 * spool/slots - a user has so many processes of ours at a time, and no more
 *
 * A slot is a lock of one octet in a file of the spool: it goes with the process that has it, however that ends.
 * Use: got = slots_take(path, uid, 8, &fd, f): SLOT_TAKEN until fd is closed, SLOT_NONE: all are taken.
 *
 * Owns: the caller the descriptor. Bounds: SLOTS_MOST a user. The file stays empty.
 * Errors: AT_SPOOL, where the file cannot be made or locked. Threads: one; a process asks once, for its locks on a file are
 * one. Source: fcntl(2) F_SETLK.
 */
#ifndef SPOOL_SLOTS_H
#define SPOOL_SLOTS_H

#include <sys/types.h>

#include "base/failure.h"

enum { SLOTS_MOST = 1000 };
enum slot { SLOT_NONE, SLOT_TAKEN };

MUST_CHECK int slots_take(const char *path, uid_t user, unsigned most, int *fd, struct failure *f);

#endif
