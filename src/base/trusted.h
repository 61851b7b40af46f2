/*
 * base/trusted - files that are read although nobody named them on the command line
 *
 * They stand at a usual place, or a variable or a line of a configuration names them. Whoever may write a folder on the
 * way can have put another thing there: a FIFO that keeps us waiting, a device, a link to what was never meant. So all
 * that is known of the file is asked of the descriptor that is read, and a link is followed only if it is ours or
 * root's, or stands in a folder in which nobody else can have made it.
 *
 * Use: fd = trusted_open(path, TRUSTED_TEXT, f), and read it. What an option names is opened as it is, with rules 0.
 * Owns: the descriptor is the caller's to close. Bounds: TRUSTED_LINKS links and 4096 octets a path.
 * Errors: -1 and *f (AT_CONFIG EX_CONFIG). errno tells which: 0 where the file is refused, and *f says why; else it
 * could not be opened. Threads: one (getgrgid, getpwent).
 * BUGS: of an access control list only what shows in the group's bits is seen.
 */
#ifndef BASE_TRUSTED_H
#define BASE_TRUSTED_H

#include <stdbool.h>

#include "base/failure.h"

enum trusted {
	TRUSTED_KIND = 1,    /* a regular file: opening and reading it never waits */
	TRUSTED_OWNER = 2,   /* ours or root's, and not in /proc, where the owner has not written the content */
	TRUSTED_GROUP = 4,   /* not writable by a group that has other users */
	TRUSTED_NO_LINK = 8, /* the last name is no link */
	TRUSTED_FOLDER = 16, /* a folder, where TRUSTED_KIND would want a file */
	TRUSTED_WAY = 32,    /* no other user can replace it: a later open of the path finds the same file */

	TRUSTED_TEXT = TRUSTED_KIND | TRUSTED_OWNER,	   /* for files that cannot make us run a command */
	TRUSTED_COMMANDS = TRUSTED_TEXT | TRUSTED_GROUP,   /* for files that can */
};

enum { TRUSTED_LINKS = 40 };

/* With any rules but 0 a regular file that anybody may write is refused. */
MUST_CHECK int trusted_open(const char *path, unsigned rules, struct failure *f);
MUST_CHECK int trusted_check(int fd, const char *path, unsigned rules, struct failure *f);
/* Opens a file to append to it, made with mode 0600 if it is missing: a regular file or a device, whose last name is no link. Root
 * appends only in folders of root's. Where anybody may write the folder, the file must be ours or root's; where other users may,
 * the file must have no second name (hard link). */
MUST_CHECK int trusted_append(const char *path, struct failure *f);

#endif
