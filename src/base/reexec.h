/*
 * base/reexec - mysend executed anew: a process that has nothing of ours but what it is given
 *
 * Use: in a child, whose descriptors are arranged: reexec_self(NULL, argv, env); _exit(...). reexec_close_from(3) there, or at the
 * beginning of the program that was executed, closes what somebody has left open.
 * The program is what the system says is running (/proc/self/exe), which is right even if its file was replaced meanwhile; where
 * there is no such thing, the installed one, and then `called`: a path by which it was called, or NULL.
 *
 * Owns: nothing. Errors: reexec_self comes back if none could be executed. Threads: one; nothing is allocated between fork and exec.
 */
#ifndef BASE_REEXEC_H
#define BASE_REEXEC_H

void reexec_self(const char *called, char *const argv[], char *const env[]);
void reexec_close_from(int first);

#endif
