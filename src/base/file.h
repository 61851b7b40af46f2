/*
 * base/file - whole reads and writes, and files that nobody else sees
 *
 * Owns: descriptors returned are the caller's to close; all are close-on-exec.
 * Bounds: file_slurp stops with an error at the buf's limit.
 * Errors: 0 or -1 with errno, no failure: the caller knows the stage and what the file was for.
 * Threads: any.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"

/* Opens /dev/null as each of the descriptors 0 to 2 that is closed; true if descriptor 0 was open. */
bool file_standard_open(void);
/* One read, repeated after EINTR, that waits if need be; 0 at the end. */
MUST_CHECK ssize_t file_read(int fd, void *to, size_t room);
/* As many bytes as asked for, from that offset; fewer only at the end of the file. */
MUST_CHECK ssize_t file_read_at(int fd, void *to, size_t room, uint64_t offset);
MUST_CHECK int file_write(int fd, const void *p, size_t len);
/* The same to a pipe or a terminal that may have no reader: EAGAIN when no octet was taken for so many milliseconds. */
MUST_CHECK int file_offer(int fd, const void *p, size_t len, unsigned ms);
/* Reads all that is left into the buf. EFBIG: it is more than the buf takes. */
MUST_CHECK int file_slurp(int fd, struct buf *into);
/* Flushes standard output, and fails if a write failed. A reader that has gone away (| head) has read enough: that is no
 * failure. */
MUST_CHECK int file_end_output(struct failure *f);
/* Reads all that is left and drops it, so that the process that writes to us never gets EPIPE. */
void file_drain(int fd);
/* A new file without a name, in $TMPDIR or else in /tmp, to write and read. */
MUST_CHECK int file_unnamed(void);
/* Makes the folder, unless it is there, and syncs the one above (a path from `at`), so that the new name survives a power cut. */
MUST_CHECK int file_make_folder(int at, const char *name, const char *above, mode_t mode);
/* Makes each folder of the path that is missing; the last is readable for us alone. */
MUST_CHECK int file_make_folders(const char *path);
/* Takes an exclusive flock; EWOULDBLOCK: another process has the lock, also after so many milliseconds. */
MUST_CHECK int file_lock(int fd, unsigned ms);
/* Opens the file with trusted_append, and appends in one write. */
MUST_CHECK int file_append(const char *path, struct slice bytes, struct failure *f);
/* The descriptor that /dev/fd/N, /dev/stdin and their like name; -1: none. */
int file_descriptor(const char *path);
/* The path names a descriptor (as above, or -) that our caller opened, and no file that we open. */
bool file_is_open(const char *path);

#endif
