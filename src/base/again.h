/*
 * base/again - this very program, executed anew: a process that has nothing of ours but what it is given
 *
 * Use: in a child, whose descriptors are arranged: again_exec(NULL, argv, env); _exit(...). again_close_from(3) there, or at the
 * beginning of the program that was executed, closes what somebody has left open.
 * The program is what the system says is running (/proc/self/exe), which is right even if its file was replaced meanwhile; where
 * there is no such thing, the installed one, and then `called`: a path by which it was called, or NULL.
 *
 * Owns: nothing. Errors: again_exec comes back if none could be executed. Threads: one; nothing is allocated between fork and exec.
 */
#ifndef BASE_AGAIN_H
#define BASE_AGAIN_H

void again_exec(const char *called, char *const argv[], char *const env[]);
void again_close_from(int first);

#endif
