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

/* Descriptors 0 to 2 are open afterwards, on /dev/null where they were not; true if 0 was. */
bool file_standard_open(void);
/* One read, EINTR aside, waiting if need be; 0 at the end. */
MUST_CHECK ssize_t file_read(int fd, void *to, size_t room);
/* As many bytes as asked for, from that offset; fewer only at the end of the file. */
MUST_CHECK ssize_t file_read_at(int fd, void *to, size_t room, uint64_t offset);
MUST_CHECK int file_write(int fd, const void *p, size_t len);
/* The same to a pipe or a terminal that nobody may be reading: EAGAIN when nothing more was taken for so many milliseconds. */
MUST_CHECK int file_offer(int fd, const void *p, size_t len, unsigned ms);
/* Adds all that is left to read. EFBIG: more than the buf takes. */
MUST_CHECK int file_slurp(int fd, struct buf *into);
/* Whether all that was printed on standard output is out. Who reads no more of it (| head) has enough: that is no failure. */
MUST_CHECK int file_end_output(struct failure *f);
/* Reads and forgets all that is left, so that who writes to us never sees EPIPE. */
void file_drain(int fd);
/* A new file without a name, in $TMPDIR or else in /tmp, to write and read. */
MUST_CHECK int file_unnamed(void);
/* An exclusive flock; EWOULDBLOCK: somebody else has it, and still had it so many milliseconds later. */
MUST_CHECK int file_lock(int fd, unsigned ms);
/* Appends in one write to what trusted_append opens. */
MUST_CHECK int file_append(const char *path, struct slice bytes, struct failure *f);
/* The descriptor that /dev/fd/N, /dev/stdin and their like name; -1: none. */
int file_descriptor(const char *path);
/* So is what - names: opened by whoever started us, and no file that we open. */
bool file_is_open(const char *path);

#endif
