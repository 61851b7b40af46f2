#include "base/jail.h"

#include <errno.h>
#include <grp.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { NOBODY = 65534 };

/* No filter in a build with a sanitizer, which makes system calls of its own. */
#if defined(HAVE_LINUX_SECCOMP_H) && !defined(__SANITIZE_ADDRESS__) && !defined(ARENA_EXACT) && \
	(defined(__x86_64__) || (defined(__aarch64__) && defined(__AARCH64EL__)))
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#ifdef __x86_64__
#define MACHINE AUDIT_ARCH_X86_64
#else
#define MACHINE AUDIT_ARCH_AARCH64
#endif
#define IS(call, over) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, (over))
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define ALLOW(call) IS(call, 1), ANSWER(SECCOMP_RET_ALLOW)
/* mmap and mprotect have the protection of the memory (PROT_EXEC) as their third argument; on these machines its lower half stands
 * first. */
#define ALLOW_DATA(call)                                                                                     \
	IS(call, 4), BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),             \
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0), ANSWER(SECCOMP_RET_ALLOW), ANSWER(SECCOMP_RET_ERRNO | EPERM)

/* Allowed: memory that cannot be executed, reading and writing what is open, and exit. */
static enum jail filter(int *why)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0),
		ANSWER(SECCOMP_RET_KILL),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_read), ALLOW(SYS_write), ALLOW(SYS_lseek), ALLOW(SYS_pread64), ALLOW(SYS_brk), ALLOW_DATA(SYS_mmap),
		ALLOW_DATA(SYS_mprotect), ALLOW(SYS_munmap), ALLOW(SYS_mremap), ALLOW(SYS_madvise), ALLOW(SYS_futex), ALLOW(SYS_exit),
		ALLOW(SYS_exit_group), ALLOW(SYS_rt_sigreturn), ALLOW(SYS_clock_gettime),
		ANSWER(SECCOMP_RET_ERRNO | EPERM),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};

	/* An older kernel answers EINVAL, a strict container EPERM, ENOSYS or EACCES. Then there are only the limits. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
		return JAIL_FILTER;
	*why = errno;
	return JAIL_REFUSED;
}
#else
static enum jail filter(int *why)
{
	(void)why;
	return JAIL_LIMITS;
}
#endif

/* A process of root's becomes one of the user 65534 ("nobody"), for good. The number is not looked up in passwd, which would read
 * files and load libraries. Fails with errno in containers that have no such number, or do not allow it. */
static int leave_root(void)
{
	int why = 0;

	if (geteuid() == 0 || getuid() == 0) {
		if (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
			why = errno;
		else if (setuid(0) == 0)
			why = EPERM;
	}
#ifdef __linux__
	(void)!prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* so that no other process of the user 65534 can read or trace this one */
#endif
	return why;
}

/* Descriptors that are open stay open, also with the limit on descriptors at 0. */
enum jail jail_enter(unsigned seconds, int *why)
{
	const struct {
		int what;
		rlim_t most;
	} limits[] = {
		{RLIMIT_CPU, seconds}, {RLIMIT_CORE, 0}, {RLIMIT_FSIZE, 4096}, {RLIMIT_NOFILE, 0},
#ifdef RLIMIT_NPROC
		{RLIMIT_NPROC, 0},
#endif
#if !defined(__SANITIZE_ADDRESS__) && !defined(ARENA_EXACT)
		{RLIMIT_DATA, 64 * 1024 * 1024},
#endif
	};

	enum jail jail;
	int root = leave_root();

	*why = 0;
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		struct rlimit r = {limits[i].most, limits[i].most}, now;

		if (getrlimit(limits[i].what, &now) == 0 && now.rlim_max < r.rlim_max)
			r.rlim_cur = r.rlim_max = now.rlim_max;
		if (setrlimit(limits[i].what, &r) < 0) {
			*why = errno;
			return JAIL_NONE;
		}
	}
	jail = filter(why);
	if (!root || jail == JAIL_FILTER)
		return jail;
	*why = root;
	return JAIL_ROOT;
}

enum jail jail_look(int *why)
{
	int status, error;
	pid_t child = fork();

	if (child == 0) {
		enum jail jail = jail_enter(1, &error);

		_exit(error < 64 ? (int)jail * 64 + error : (int)jail * 64);
	}
	*why = errno;
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return JAIL_NONE;
	if (child < 0 || !WIFEXITED(status))
		return JAIL_NONE;
	*why = WEXITSTATUS(status) % 64;
	return (enum jail)(WEXITSTATUS(status) / 64);
}
