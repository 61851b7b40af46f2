/*
 * base/jail - takes from this process all but computing, and writing to what is open: for one that looks at hostile files
 *
 * Use: jail_enter(5, &why) once all is open and loaded. Limits of the kernel on time, memory, files and processes; of root's process, another user (65534) and no group of root's;
 * and where
 * there is one for this machine, a filter of system calls (seccomp) that answers every other call with an error, and every
 * demand for memory that can be run. jail_look(&why) tells what would hold here, in a child that is gone again.
 *
 * Owns: nothing. Units: seconds of computing. Errors: JAIL_NONE: not even the limits could be set. *why: errno of what was
 * refused, or 0. Threads: one. Source: setrlimit(2), setuid(2), seccomp(2).
 */
#ifndef BASE_JAIL_H
#define BASE_JAIL_H

enum jail {
	JAIL_FILTER,  /* the limits and the filter hold */
	JAIL_LIMITS,  /* only the limits hold: no filter is known for this machine, or the program is built without one */
	JAIL_REFUSED, /* only the limits hold: the system refuses the filter */
	JAIL_ROOT,    /* only the limits hold, and the process is root's: the system refuses another user, too */
	JAIL_NONE
};

enum jail jail_enter(unsigned seconds, int *why);
enum jail jail_look(int *why);

#endif
