/*
 * What a mail costs that asks its account's rate, and tells what became of it (post/pace): with limits and without, by one process
 * and by four at once. Never a test.
 *
 *	cc -O2 -Isrc -o /tmp/pace tests/bench/pace.c build/libmysend.a -lpthread -ldl && /tmp/pace ["900000/min, 1000000/day"]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "post/pace.h"

enum { MAILS = 100000, PROCESSES = 4 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void send_all(const char *folder, const char *words, unsigned mails)
{
	const struct account a = {.name = "bench", .host = "relay.example.net", .port = 587, .socket = "", .user = "ann", .timeout = 600};
	struct failure f;
	struct pace *p;
	struct grant g;
	struct rate r;

	if (rate_parse(&r, slice_of(words), &f) < 0 || pace_open(&p, folder, &a, &r, &f) < 0) {
		fprintf(stderr, "%s\n", f.text);
		exit(EX_USAGE);
	}
	for (; mails && pace_take(p, 1, &g, &f) == 0; mails--)
		pace_done(p, &g);
	if (mails)
		fprintf(stderr, "the rate is used up: %u mails are left\n", mails);
	pace_close(p);
}

int main(int argc, char **argv)
{
	const char *words = argc > 1 ? argv[1] : "900000/min, 1000000/day";
	char folder[] = "/tmp/mysend.XXXXXX", file[64];
	double began = now();

	if (!mkdtemp(folder))
		return EX_CANTCREAT;
	send_all(folder, words, MAILS);
	printf("%s: %.2f us a mail\n", words, (now() - began) / MAILS);
	began = now();
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0) {
			send_all(folder, words, MAILS / PROCESSES);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	printf("by %d processes at once: %.2f us a mail\n", PROCESSES, (now() - began) / MAILS);
	began = now();
	send_all(folder, "off", MAILS);
	printf("without a rate: %.2f us a mail\n", (now() - began) / MAILS);
	snprintf(file, sizeof file, "%s/bench.19daa800", folder);
	unlink(file);
	return rmdir(folder) == 0 ? EX_OK : EX_CANTCREAT;
}
