/*
 * base/jail - takes from this process all but computing, and writing to what is open: for a child that looks at hostile files
 *
 * Use: if (!jail_enter(5)) _exit(1); in the child.
 * Limits of the kernel on time, memory, files and processes; and where the system has it, a filter that answers every other
 * system call with an error (seccomp).
 *
 * Owns: nothing. Units: seconds. Errors: false: it could not. Threads: one. Source: setrlimit(2), seccomp(2).
 */
#ifndef BASE_JAIL_H
#define BASE_JAIL_H

#include <stdbool.h>

bool jail_enter(unsigned seconds);

#endif
