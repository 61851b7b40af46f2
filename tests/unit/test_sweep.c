/* What a sweep leaves of what lies in the spool: each row is a state that a crash, or a hand, can leave (mysend-spool(5)). */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "spool/spool.h"

#define A "0123456789abcdefghjkmnpqrs"
#define B "0123456789abcdefghjkmnpqrt"

static char folder[] = "/tmp/mysend.XXXXXX";
static struct spool s;

/* A path that ends in "/" is a folder; "~" in front: it is older than an hour; "!": somebody has it locked. */
static int put(const char *path)
{
	const struct timespec old[2] = {{.tv_sec = time(NULL) - 3700}, {.tv_sec = time(NULL) - 3700}};
	bool is_old = *path == '~', locked = *path == '!';
	char where[200];
	int fd;

	snprintf(where, sizeof where, "%s/%s", folder, path + (is_old || locked));
	if (path[strlen(path) - 1] == '/') {
		assert_int_equal(mkdir(where, 0700), 0);
		return -1;
	}
	fd = open(where, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	if (is_old || locked)
		assert_int_equal(futimens(fd, old), 0);
	if (locked) {
		assert_int_equal(flock(fd, LOCK_EX), 0);
		return fd;
	}
	close(fd);
	return -1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All that there is, as "tmp/x queue/y", and no more of it. */
static const char *taken(struct arena *in)
{
	static const char *const names[] = {"failed", "queue", "tmp"};
	const char *found[20], *all = "";
	size_t count = 0;

	for (size_t i = 0; i < ROWS(names); i++) {
		char *path = arena_printf(in, "%s/%s", folder, names[i]);
		DIR *list = opendir(path);
		struct dirent *d;

		assert_non_null(list);
		while ((d = readdir(list))) {
			if (d->d_name[0] == '.')
				continue;
			assert_true(count < ROWS(found));
			found[count++] = arena_printf(in, "%s/%s", names[i], d->d_name);
			assert_int_equal(remove(arena_printf(in, "%s/%s", path, d->d_name)), 0);
		}
		closedir(list);
	}
	qsort(found, count, sizeof *found, by_name);
	for (size_t i = 0; i < count; i++)
		all = arena_printf(in, "%s%s%s", all, *all ? " " : "", found[i]);
	return all;
}

static void test_a_sweep_takes_what_a_crash_left_and_nothing_else(void **state)
{
	static const struct {
		const char *before[4], *after;
	} rows[] = {
		{{"~tmp/" A}, ""},
		{{"tmp/" A}, "tmp/" A},			      /* somebody may be at it */
		{{"!tmp/" A}, "tmp/" A},		      /* and here somebody is */
		{{"~tmp/" A ".state"}, ""},
		{{"~tmp/" A ".b1"}, ""},
		{{"tmp/other"}, "failed/other"},	      /* none of ours: kept, by another name if there is one of that name */
		{{"tmp/other", "failed/other"}, "failed/other failed/other.1"},
		{{"queue/" A, "queue/" A ".state"}, "queue/" A " queue/" A ".state"},
		{{"queue/" A ".state"}, ""},		      /* it was through with it */
		{{"queue/" A ".state", "queue/" B}, "queue/" B},
		{{"queue/" A ".state", "failed/" A}, "failed/" A " failed/" A ".state"},
		{{"queue/" A ".b1.state"}, ""},
		{{"queue/other"}, "failed/other"},
		{{"queue/" A "x"}, "failed/" A "x"},
		{{"queue/" A "/"}, "failed/" A},
		{{"failed/" A, "failed/" A ".state"}, "failed/" A " failed/" A ".state"},
		{{"failed/" A ".state"}, ""},
		{{"failed/" A ".state", "queue/" A}, "failed/" A ".state queue/" A}, /* put back by hand: it says who has got it */
		{{"failed/other", "failed/README.state"}, "failed/README.state failed/other"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct arena in = {0};
		int fd = -1;

		for (size_t k = 0; k < ROWS(rows[i].before) && rows[i].before[k]; k++) {
			int one = put(rows[i].before[k]);

			fd = one >= 0 ? one : fd;
		}
		spool_sweep(&s);
		if (fd >= 0)
			close(fd);
		assert_string_equal(taken(&in), rows[i].after);
		arena_free(&in);
	}
}

/* A mail in failed/, which came there in its turn. */
static void give_up(struct arena *in, char id[static SPOOL_ID])
{
	static char account[] = "default", sender[] = "";
	struct entry e = {.account = account, .size = 3, .arrived = 1, .last = "", .fd = -1, .envelope = {.sender = sender}};
	struct entry again;
	struct failure f;

	assert_non_null(envelope_add(&e.envelope, in, "r@x"));
	assert_int_equal(spool_accept(&s, &e, source_text(in, slice_of("abc")), &f), 0);
	assert_int_equal(spool_take(&s, in, e.id, 0, &again, &f), SPOOL_TAKEN);
	assert_int_equal(spool_finish(&s, &again, true, &f), 0);
	spool_release(&again);
	snprintf(id, SPOOL_ID, "%s", e.id);
}

static void test_so_many_that_were_given_up_stay_the_newest(void **state)
{
	struct arena in = {0};
	char id[3][SPOOL_ID];
	const char *left;

	(void)state;
	for (size_t i = 0; i < ROWS(id); i++) {
		give_up(&in, id[i]);
		if (i == 0) { /* kernels count the time of a file in steps: the next one is newer when this has passed */
			struct stat first, now;

			assert_int_equal(stat(arena_printf(&in, "%s/failed/%s", folder, id[0]), &first), 0);
			do {
				put("failed/clock");
				assert_int_equal(stat(arena_printf(&in, "%s/failed/clock", folder), &now), 0);
				assert_int_equal(remove(arena_printf(&in, "%s/failed/clock", folder)), 0);
			} while (now.st_ctim.tv_sec == first.st_ctim.tv_sec && now.st_ctim.tv_nsec == first.st_ctim.tv_nsec);
		}
	}
	put("failed/" A); /* no mail: nobody knows what is in it, and it stays */
	spool_prune(&s, 3600, 4);
	spool_prune(&s, 3600, 3);
	assert_true(access(arena_printf(&in, "%s/failed/%s", folder, id[0]), F_OK) < 0);
	assert_int_equal(access(arena_printf(&in, "%s/failed/%s", folder, id[1]), F_OK), 0);
	spool_prune(&s, 3600, 0);
	left = taken(&in);
	assert_string_equal(left, "failed/" A);
	arena_free(&in);
}

static void test_what_waits_is_measured_and_whose_it_is(void **state)
{
	static char account[] = "default", sender[] = "";
	const uid_t joe = 1001, ann = 1002, nobody = 1003;
	struct arena in = {0};
	struct spool_sum sum;
	struct failure f;
	bool room = false;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct entry e = {.account = account, .size = 3, .arrived = 1, .last = "", .fd = -1, .envelope = {.sender = sender}, .served = i > 0, .uid = i == 1 ? joe : ann};

		assert_non_null(envelope_add(&e.envelope, &in, "r@x"));
		assert_int_equal(spool_accept(&s, &e, source_text(&in, slice_of("abc")), &f), 0);
	}
	put("queue/" A ".state");
	assert_int_equal(spool_measure(&s, NULL, &sum, &f), 0);
	assert_true(sum.mails == 3 && sum.own_mails == 0 && sum.octets > 9);
	assert_int_equal(spool_measure(&s, &joe, &sum, &f), 0);
	assert_true(sum.mails == 3 && sum.own_mails == 1 && sum.own_octets > 3 && sum.own_octets < sum.octets);
	assert_int_equal(spool_measure(&s, &nobody, &sum, &f), 0);
	assert_true(sum.mails == 3 && sum.own_mails == 0 && sum.own_octets == 0);
	assert_int_equal(spool_has_room(&s, &room, &f), 0);
	assert_true(room);
	assert_null(strstr(taken(&in), "tmp/"));
	arena_free(&in);
}

static int setup(void **state)
{
	struct failure f;

	(void)state;
	log_quiet();
	return mkdtemp(folder) ? spool_open(&s, folder, true, &f) : -1;
}

static int teardown(void **state)
{
	char command[100];

	(void)state;
	spool_close(&s);
	for (const char *const *name = (const char *const[]){"/tmp", "/queue", "/failed", "", NULL}; *name; name++) {
		snprintf(command, sizeof command, "%s%s", folder, *name);
		if (rmdir(command) < 0)
			return -1;
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sweep_takes_what_a_crash_left_and_nothing_else),
		cmocka_unit_test(test_so_many_that_were_given_up_stay_the_newest),
		cmocka_unit_test(test_what_waits_is_measured_and_whose_it_is),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
