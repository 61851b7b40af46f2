#include "base/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ending.h"
#include "base/file.h"

enum { LOOK_MS = 50 };

static void child(const char *command, int out)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	if (in < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* Reads the command's output. 0: the command has closed it, or has ended (a process that it left in the background may keep it
 * open). -1 with errno: ETIME, ECANCELED (we are told to end), EFBIG, or that of read(2). */
static int collect(int fd, pid_t pid, int64_t until, struct buf *output)
{
	bool ended = false;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = until - clock_steady();
		char piece[1024];
		ssize_t n;
		int added;

		if (left <= 0 || ending_asked()) {
			errno = left <= 0 ? ETIME : ECANCELED;
			return -1;
		}
		if (poll(&p, 1, ended ? 0 : left < LOOK_MS ? (int)left : LOOK_MS) < 0 && errno != EINTR)
			return -1;
		if (!p.revents && ended)
			return 0;
		if (!p.revents) {
			siginfo_t info = {.si_pid = 0};

			ended = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
			continue;
		}
		n = file_read(fd, piece, sizeof piece);
		if (n <= 0)
			return (int)n;
		added = buf_add(output, piece, (size_t)n);
		explicit_bzero(piece, sizeof piece); /* the output may be a password */
		if (added < 0) {
			errno = EFBIG;
			return -1;
		}
	}
}

/* Some commands close their output and go on: the end of the command is waited for, but not for ever. *error: why the command was
 * killed, unless it has been for something else. */
static int reap(pid_t pid, int64_t until, int *error)
{
	const struct timespec pause = {0, 2 * 1000 * 1000};
	bool killed = false;
	int status = 0;
	pid_t got;

	while ((got = waitpid(pid, &status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
		int why = ending_asked() ? ECANCELED : clock_steady() >= until ? ETIME : 0;

		if (why && !killed) {
			kill(pid, SIGKILL);
			killed = true;
			*error = *error ? *error : why;
		}
		nanosleep(&pause, NULL);
	}
	return got < 0 ? -1 : status;
}

/* Under a lock, so that no command inherits the end of another command's pipe and keeps that pipe open. */
static pid_t start_shell(const char *command, int *from)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	int ends[2], error;
	pid_t pid = -1;

	pthread_mutex_lock(&lock);
	if (pipe(ends) == 0) {
		fcntl(ends[0], F_SETFD, FD_CLOEXEC);
		fcntl(ends[1], F_SETFD, FD_CLOEXEC);
		/* We may have inherited that SIGCHLD is ignored; then no child could be waited for. */
		signal(SIGCHLD, SIG_DFL);
		pid = fork();
		if (pid == 0) /* the command stays in our process group, so that it may ask on the terminal */
			child(command, ends[1]);
		error = errno;
		close(ends[1]);
		if (pid < 0)
			close(ends[0]);
		errno = error;
		*from = ends[0];
	}
	pthread_mutex_unlock(&lock);
	return pid;
}

int run_shell(const char *command, unsigned limit, struct buf *output, struct failure *f)
{
	int64_t until = clock_steady() + (int64_t)limit * 1000;
	int from, status, error = 0;
	pid_t pid = start_shell(command, &from);

	if (pid < 0)
		return fail_errno(f, AT_CONFIG, EX_OSERR, "starting the command");
	if (collect(from, pid, until, output) < 0) {
		error = errno;
		kill(pid, SIGKILL);
	}
	close(from);
	status = reap(pid, until, &error);
	if (error == ETIME)
		return fail(f, AT_CONFIG, EX_CONFIG, "the command did not end within %u s", limit);
	if (error == ECANCELED)
		return fail(f, AT_CONFIG, EX_TEMPFAIL, ENDING_TOLD " while the command ran");
	if (error == EFBIG)
		return fail(f, AT_CONFIG, EX_CONFIG, "the command printed more than %zu bytes", output->limit);
	if (status == -1 || !WIFEXITED(status))
		return fail(f, AT_CONFIG, EX_CONFIG, "the command was ended by a signal");
	if (WEXITSTATUS(status))
		return fail(f, AT_CONFIG, EX_CONFIG, "the command failed with status %d", WEXITSTATUS(status));
	return 0;
}
