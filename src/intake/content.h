/*
 * intake/content - what is in a file that somebody named, as a source
 *
 * - is standard input; /dev/fd/N is descriptor N, whatever that is. What is small is read at once; a large file is read while
 * it is sent; what cannot be read twice, or does not say how much there is (/proc), is kept in a file without a name.
 * Use: content_of(&message, arena, path, f), content_open where a descriptor is wanted.
 *
 * Owns: nothing: what stays open is held by the message. Bounds: CONTENT_SMALL octets in memory a file.
 * Errors: AT_INPUT: EX_NOINPUT for what cannot be read or is a folder or a device, EX_OSERR or EX_TEMPFAIL for the kept file.
 * Threads: one.
 */
#ifndef INTAKE_CONTENT_H
#define INTAKE_CONTENT_H

#include "mail/message.h"

enum { CONTENT_SMALL = 64 * 1024 };

/* The file's content as a source; NULL and *f where that is not possible. */
struct source *content_of(struct message *holder, struct arena *in, const char *path, struct failure *f);
/* Opens the file to be read once, from its current offset; content_close closes it, unless it is standard input. */
MUST_CHECK int content_open(const char *path, struct failure *f);
void content_close(int fd);
/* The part of the path after the last /. */
const char *content_last(const char *path);
/* The name that the recipient is shown for the file; NULL: it has none. */
const char *content_name(const char *path);

#endif
