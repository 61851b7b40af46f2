/*
 * conf/private - a text that may hold a password: read whole, and wiped when it is let go
 *
 * Use: struct private p; private_start(&p, limit); private_read(&p, fd); ... private_free(&p).
 * Owns: its bytes, which never lie anywhere else. Bounds: the limit.
 * Errors: -1 with errno (EFBIG: more than the limit). Threads: any.
 */
#ifndef CONF_PRIVATE_H
#define CONF_PRIVATE_H

#include "base/bytes.h"

struct private {
	struct buf buf;
	unsigned mode; /* permissions of the file read */
	bool exposed;  /* others than owner and group may read or write it */
};

void private_start(struct private *p, size_t limit);
MUST_CHECK int private_read(struct private *p, int fd);
/* The text's first line, without its line end and without a byte order mark. */
struct slice private_line(const struct private *p);
void private_free(struct private *p);

#endif
