/*
 * base/pseudo - files that are no files, but the kernel's answers: those of /proc, /sys and their like
 *
 * Who owns one of them has not written it: /proc/PID/cmdline of a set-uid program belongs to root, and holds what its
 * caller chose. So an owner says nothing there.
 *
 * Use: if (pseudo_is(fd)) refuse. Owns: nothing. Bounds: none. Errors: false where nobody can say. Threads: any.
 * Source: statfs(2). BUGS: Linux only. The owner that a file of FUSE shows is its server's word, which is not looked at.
 */
#ifndef BASE_PSEUDO_H
#define BASE_PSEUDO_H

#include <stdbool.h>

bool pseudo_is(int fd);

#endif
