/*
 * Runs several commands in turn, again and again, and prints what each run took: a line a round,
 * "NANOSECONDS:KIBIBYTES:STATUS:CPU-NANOSECONDS" a command, the last with what it has waited for. So small that it adds nothing to what
 * it measures.
 *
 *	pairs ROUNDS INPUT-FILE :: COMMAND ... :: COMMAND ... [:: ...]
 *
 * A command that takes two minutes is killed. Odd rounds go backwards, so that nobody always comes first. Standard output of the commands is dropped.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 8 };

extern char **environ;

static volatile pid_t running;

static void too_long(int sig)
{
	(void)sig;
	kill(running, SIGKILL);
}

struct result {
	long long ns;
	long kib;
	int status;
	long long cpu;
};

static long long ns_of(struct timeval t)
{
	return t.tv_sec * 1000000000LL + t.tv_usec * 1000LL;
}

static struct result run(char **argv, const char *input)
{
	posix_spawn_file_actions_t files;
	struct timespec from, to;
	struct rusage usage;
	struct result r = {0};
	pid_t pid;
	int status;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, input, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	clock_gettime(CLOCK_MONOTONIC, &from);
	if (posix_spawnp(&pid, argv[0], &files, NULL, argv, environ) == 0) {
		running = pid;
		alarm(120);
	} else {
		pid = 0;
	}
	if (!pid || wait4(pid, &status, 0, &usage) != pid) {
		fprintf(stderr, "pairs: %s cannot be run\n", argv[0]);
		exit(71);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	alarm(0);
	posix_spawn_file_actions_destroy(&files);
	r.ns = (to.tv_sec - from.tv_sec) * 1000000000LL + (to.tv_nsec - from.tv_nsec);
	r.kib = usage.ru_maxrss;
	r.cpu = ns_of(usage.ru_utime) + ns_of(usage.ru_stime);
	r.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return r;
}

int main(int argc, char **argv)
{
	char **command[MOST];
	struct result result[MOST];
	int commands = 0, rounds;

	if (argc < 5)
		return 64;
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = too_long, .sa_flags = SA_RESTART}, NULL);
	rounds = atoi(argv[1]);
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], "::") == 0 && commands < MOST) {
			argv[i] = NULL;
			command[commands++] = &argv[i + 1];
		}
	for (int i = 0; i < rounds; i++) {
		for (int k = 0; k < commands; k++) {
			int which = i % 2 ? commands - 1 - k : k;

			result[which] = run(command[which], argv[2]);
		}
		for (int k = 0; k < commands; k++)
			printf("%lld:%ld:%d:%lld%c", result[k].ns, result[k].kib, result[k].status, result[k].cpu, k + 1 < commands ? ' ' : '\n');
		fflush(stdout);
	}
	return 0;
}
