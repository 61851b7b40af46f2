/* post/pace: one file for all processes of a user and account; whose it is, what is wrong with it, and what is done then. */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "post/pace.h"

enum { HOUR = 3600 * 1000 };

static char top[] = "/tmp/mysend.XXXXXX", folder[64], path[96];
static struct account account = {.name = "work", .host = "relay.example.net", .port = 587, .socket = "", .user = "ann", .timeout = 600};
static int64_t later; /* the clocks are ahead by so much */

static int64_t real(clockid_t of)
{
	struct timespec now;

	clock_gettime(of, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_boot(void)
{
	return real(CLOCK_MONOTONIC) + later;
}

int64_t clock_wall_ms(void)
{
	return real(CLOCK_REALTIME) + later;
}

int64_t clock_steady(void)
{
	return real(CLOCK_MONOTONIC);
}

time_t clock_wall(void)
{
	return (time_t)(clock_wall_ms() / 1000);
}

static int try_open(struct pace **p, const char *words, struct failure *f)
{
	struct rate r;

	assert_int_equal(rate_parse(&r, slice_of(words), f), 0);
	return pace_open(p, folder, &account, &r, f);
}

static struct pace *opened(const char *words)
{
	struct pace *p = NULL;
	struct failure f = {0};

	if (try_open(&p, words, &f) < 0)
		print_error("%s\n", f.text);
	assert_non_null(p);
	return p;
}

/* How many mails of one recipient may go just now; each is answered at once. */
static unsigned sent(struct pace *p)
{
	struct grant g;
	struct failure f = {0};
	unsigned n = 0;
	int64_t wait;

	for (wait = pace_take(p, 1, &g, &f); wait == 0 && n < 1000; wait = pace_take(p, 1, &g, &f), n++)
		pace_done(p, &g);
	if (wait < 0)
		print_error("%s\n", f.text);
	assert_true(wait > 0);
	return n;
}

static void empty(void)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (*e->d_name != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}

static int begin(void **state)
{
	(void)state;
	later = 0;
	unlink(path);
	rmdir(path);
	rmdir(folder);
	return 0;
}

/* The words for a time of the test's clock. */
static const char *words_at(struct arena *in, const char *before, int64_t at)
{
	time_t now = clock_wall(), then = now + (time_t)((at - later) / 1000);
	struct tm today, day;
	char words[40];

	localtime_r(&now, &today);
	localtime_r(&then, &day);
	strftime(words, sizeof words, today.tm_yday == day.tm_yday ? "%H:%M" : "%a %b %e %H:%M", &day);
	return arena_printf(in, "%s%s", before, words);
}

/* A minute may begin while the test runs. */
static void check_words(struct pace *p, struct arena *in, const char *before, int64_t at)
{
	const char *words = pace_words(p, in);

	if (strcmp(words, words_at(in, before, at)) != 0)
		assert_string_equal(words, words_at(in, before, at + 30 * 1000));
}

static void test_so_many_go_and_the_next_waits(void **state)
{
	struct pace *p = opened("3/h"), *other = opened("3/h");
	struct failure f = {0};
	struct arena in = {0};
	struct grant g[4];
	int64_t wait;

	(void)state;
	assert_string_equal(pace_words(p, &in), "");
	assert_int_equal(pace_take(p, 1, &g[0], &f), 0);
	assert_int_equal(pace_take(other, 1, &g[1], &f), 0);
	assert_int_equal(pace_take(p, 1, &g[2], &f), 0);
	assert_true(pace_take(other, 1, &g[3], &f) > 0);
	pace_drop(p, &g[2]); /* that one never went */
	assert_int_equal(pace_take(other, 1, &g[2], &f), 0);
	later = HOUR / 2;
	pace_done(p, &g[0]);
	wait = pace_take(p, 1, &g[3], &f);
	assert_in_range(wait, HOUR - 1000, HOUR + 1);
	pace_done(other, &g[1]);
	pace_done(other, &g[2]);
	later = HOUR / 2 + HOUR / 4;
	check_words(p, &in, "3/h: next at ", HOUR / 2 + HOUR);
	assert_string_equal(pace_why(p, &in), "the rate 3/h is used up");
	later = HOUR / 2 + HOUR - 50;
	assert_string_equal(pace_words(p, &in), "3/h: next in 1 s");
	later = HOUR / 2 + HOUR + 50;
	assert_int_equal(sent(p), 3);
	later += 2 * HOUR;
	pace_close(p);
	p = opened("2/day, 3/h");
	assert_int_equal(sent(p), 0);
	check_words(p, &in, "2/day: next at ", HOUR / 2 + 25 * HOUR);
	arena_free(&in);
	pace_close(p);
	pace_close(other);
}

static void test_recipients_are_counted_and_more_than_there_can_be_are_refused(void **state)
{
	struct pace *p = opened("10 recipients/day, 100/s");
	struct failure f = {0};
	struct grant g;

	(void)state;
	assert_int_equal(pace_take(p, 11, &g, &f), PACE_NEVER);
	assert_string_equal(f.text, "11 recipients are more than the rate 10 recipients/day ever lets go");
	assert_int_equal(f.exit, EX_UNAVAILABLE);
	assert_int_equal(pace_take(p, 7, &g, &f), 0);
	pace_done(p, &g);
	assert_true(pace_take(p, 4, &g, &f) > 0);
	assert_int_equal(pace_take(p, 3, &g, &f), 0);
	pace_done(p, &g);
	assert_true(pace_take(p, 1, &g, &f) > 0);
	pace_close(p);
}

static void test_without_a_rate_there_is_no_file_and_only_the_relay_is_heeded(void **state)
{
	struct pace *p = opened("off"), *other = opened("");
	struct failure f = {0};
	struct arena in = {0};
	struct grant g;

	(void)state;
	for (int i = 0; i < 1000; i++, later += i % 3) {
		assert_int_equal(pace_take(p, 100, &g, &f), 0);
		pace_done(p, &g);
	}
	assert_int_equal(pace_take(p, 1, &g, &f), 0);
	pace_slower(p, &g);
	assert_in_range(pace_take(p, 1, &g, &f), 150, 320);
	assert_int_equal(pace_late(p, &f), -1);
	assert_non_null(strstr(f.text, "the relay wants less: next in "));
	assert_int_equal(f.exit, EX_TEMPFAIL);
	assert_int_equal(pace_take(other, 1, &g, &f), 0); /* nobody has told it */
	later += 3000;
	assert_string_equal(pace_words(p, &in), "");
	assert_string_equal(pace_why(p, &in), "");
	assert_int_equal(pace_take(p, 1, &g, &f), 0);
	pace_drop(p, &g);
	assert_int_equal(access(folder, F_OK), -1);
	arena_free(&in);
	pace_close(p);
	pace_close(other);
	pace_close(NULL);
}

/* The stamps count for whatever rate there is: a smaller one sees the newest, and a larger one leaves room for more. */
static void test_a_changed_rate_goes_by_the_same_mails(void **state)
{
	static const struct {
		const char *rate;
		unsigned goes;
	} rows[] = {{"5/h", 5}, {"3/h", 0}, {"7/h", 2}, {"7/h", 0}, {"200/h", 193}, {"50/h", 0}, {"201/2h", 1}, {"5/h", 0}};
	struct pace *all = opened("7/h"); /* has its state open all the time */

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct pace *p = opened(rows[i].rate);

		assert_int_equal(sent(p), rows[i].goes);
		pace_close(p);
	}
	assert_int_equal(sent(all), 0);
	pace_close(all);
}

static void put(const char *content, size_t len)
{
	int fd;

	begin(NULL);
	assert_int_equal(mkdir(folder, 0700), 0);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, len), len);
	close(fd);
}

static void spoil(off_t at, const char *with, size_t len)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, with, len, at), len);
	close(fd);
}

static void test_what_is_damaged_is_begun_anew_as_if_all_had_just_gone(void **state)
{
	static const struct {
		off_t at; /* what is spoilt; -1: the file is cut there */
		off_t size;
		const char *with;
		size_t len;
	} rows[] = {
		{-1, 0, "", 0}, {-1, 7, "", 0}, {-1, 100, "", 0}, {-1, 49663, "", 0}, {-1, 60000, "", 0}, {0, 0, "\0\0\0\0\0\0\0\0", 8}, {8, 0, "\0\0\0\0", 4},
		{8, 0, "\377\377\377\377", 4}, {12, 0, "\377\377\377\177", 4}, {16, 0, "\2", 1}, {24, 0, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 64},
		{512 + 1024 * 48, 0, "\377\377\377\377\377\377\377\177", 8}, {512 + 1024 * 48 + 16, 0, "\0\0\0\0\0\0\0\200", 8}, {512 + 1024 * 48 + 24, 0, "\0\0\0\0", 4},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct pace *p;

		begin(NULL);
		p = opened("4/h, 9 recipients/2h");
		assert_int_equal(sent(p), 4);
		pace_close(p);
		if (rows[i].at < 0)
			assert_int_equal(truncate(path, rows[i].size), 0);
		else
			spoil(rows[i].at, rows[i].with, rows[i].len);
		later = HOUR / 2;
		p = opened("4/h, 9 recipients/2h");
		assert_int_equal(sent(p), 0);
		later = HOUR + HOUR / 2 - 100;
		assert_int_equal(sent(p), 0);
		later = 2 * HOUR + HOUR / 2 + 100;
		assert_int_equal(sent(p), 4);
		pace_close(p);
	}
}

static void test_a_file_cut_while_it_is_open_ends_nobody(void **state)
{
	struct pace *p = opened("4/h");
	struct grant g;
	struct failure f;

	(void)state;
	assert_int_equal(pace_take(p, 1, &g, &f), 0);
	assert_int_equal(truncate(path, 10), 0);
	pace_done(p, &g);
	assert_int_equal(sent(p), 0);
	pace_close(p);
}

static void test_what_is_not_ours_is_refused(void **state)
{
	struct pace *p = NULL;
	struct failure f = {0};
	char other[112];

	(void)state;
	snprintf(other, sizeof other, "%s/other", top);
	put("#!/bin/sh\nexit 0\n", 17);
	assert_int_equal(try_open(&p, "4/h", &f), -1);
	assert_non_null(strstr(f.text, "no state of a rate"));
	put("mysend-2 and more", 17);
	assert_int_equal(try_open(&p, "4/h", &f), -1);
	assert_non_null(strstr(f.text, "later version"));
	begin(NULL);
	pace_close(opened("4/h"));
	assert_int_equal(chmod(path, 0620), 0);
	assert_int_equal(try_open(&p, "4/h", &f), -1);
	assert_non_null(strstr(f.text, "others than we may write"));
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(link(path, other), 0);
	assert_int_equal(try_open(&p, "4/h", &f), -1);
	assert_non_null(strstr(f.text, "second name"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(try_open(&p, "4/h", &f), -1);
	assert_non_null(strstr(f.text, "no regular file"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(try_open(&p, "4/h", &f), -1);
	assert_non_null(strstr(f.text, "no regular file"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(try_open(&p, "4/h", &f), -1);
	assert_non_null(strstr(f.text, "no regular file"));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(chmod(folder, 0770), 0);
	assert_int_equal(try_open(&p, "4/h", &f), -1);
	assert_non_null(strstr(f.text, "others than we may write"));
	assert_null(p);
	assert_int_equal(f.stage, AT_SPOOL);
	assert_int_equal(f.exit, EX_CANTCREAT);
	assert_int_equal(chmod(folder, 0700), 0);
}

static void test_another_users_file_is_refused(void **state)
{
	struct pace *p = NULL;
	struct failure f = {0};

	(void)state;
	if (geteuid() != 0)
		skip();
	pace_close(opened("4/h"));
	assert_int_equal(chown(path, 1, 1), 0);
	assert_int_equal(try_open(&p, "4/h", &f), -1);
	assert_non_null(strstr(f.text, "others than we may write"));
}

/* The limit on the size of files stands for a full disk. */
static void test_no_mail_goes_where_it_cannot_be_noted(void **state)
{
	struct rlimit usual, none = {0};
	struct pace *p = NULL, *open_before = opened("4/h");
	struct failure f = {0};
	struct grant g;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
	none = (struct rlimit){100, usual.rlim_max};
	assert_ptr_not_equal(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	account.name = "new one/../x";
	assert_int_equal(try_open(&p, "4/h", &f), -1);
	assert_non_null(strstr(f.text, "/rate/new%20one%2f%2e%2e%2fx.30b5689c: writing it: File too large"));
	assert_int_equal(f.exit, EX_TEMPFAIL);
	account.name = "work";
	assert_int_equal(pace_take(open_before, 1, &g, &f), PACE_FAILED);
	assert_int_equal(f.exit, EX_TEMPFAIL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
	assert_int_equal(sent(open_before), 4);
	pace_close(open_before);
	assert_int_equal(pace_open(&p, "/proc/mysend/rate", &account, &(struct rate){1, {{1, false, 1000}}}, &f), -1);
	assert_int_equal(f.exit, EX_CANTCREAT);
	assert_int_equal(pace_open(&p, "", &account, &(struct rate){1, {{1, false, 1000}}}, &f), -1);
	assert_non_null(strstr(f.text, "no home directory"));
	assert_null(p);
}

static void test_each_account_relay_and_login_has_a_state_of_its_own(void **state)
{
	static const struct {
		const char *name, *host, *socket, *user;
		unsigned port;
		bool same;
	} rows[] = {
		{"work", "relay.example.net", "", "ann", 587, true}, {"work", "RELAY.example.Net", "", "ann", 587, true},
		{"home", "relay.example.net", "", "ann", 587, false}, {"work", "relay.example.org", "", "ann", 587, false},
		{"work", "relay.example.net", "", "ann", 465, false}, {"work", "relay.example.net", "", "bob", 587, false},
		{"work", "relay.example.net", "", "Ann", 587, false}, {"work", "relay.example.net", "/s", "ann", 587, false},
		{"work", "relay.example.net", "/S", "ann", 587, false}, {"work", "", "", "", 587, false},
	};
	const struct account usual = account;
	struct pace *p = opened("1/h");
	char name[200];

	(void)state;
	assert_int_equal(sent(p), 1);
	pace_close(p);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		account = (struct account){.name = rows[i].name, .host = rows[i].host, .socket = rows[i].socket, .user = rows[i].user, .port = rows[i].port, .timeout = 600};
		p = opened("1/h");
		assert_int_equal(sent(p), !rows[i].same);
		pace_close(p);
	}
	for (int i = 0; i < 2; i++) { /* names that are too long for a file's */
		memset(name, 'x', sizeof name);
		name[sizeof name - 2] = (char)('0' + i);
		name[sizeof name - 1] = '\0';
		account = usual;
		account.name = name;
		p = opened("1/h");
		assert_int_equal(sent(p), 1);
		pace_close(p);
	}
	account = usual;
	empty();
}

struct book { /* what a relay has counted, in the order of its clock */
	atomic_uint count;
	int64_t at[100000];
};

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

/* A process that sends until it is killed. */
static void work(struct book *book, unsigned seed)
{
	struct pace *p = NULL;
	struct failure f;
	struct grant g;

	if (try_open(&p, "40/s, 100/3s", &f) < 0)
		_exit(1);
	for (;;) {
		int64_t wait = pace_take(p, 1, &g, &f);
		unsigned total = (unsigned)rand_r(&seed) % 20, part = total ? (unsigned)rand_r(&seed) % total : 0;

		if (wait < 0)
			_exit(2);
		if (wait) {
			pause_ms(wait > 50 ? 50 : (unsigned)wait);
			continue;
		}
		pause_ms(part);
		book->at[atomic_fetch_add(&book->count, 1)] = real(CLOCK_MONOTONIC);
		pause_ms(total - part);
		if (rand_r(&seed) % 100)
			pace_done(p, &g);
		else
			raise(SIGKILL);
	}
}

static pid_t worker(struct book *book, unsigned seed)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		work(book, seed);
	return pid;
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static unsigned most_in(const struct book *book, unsigned count, int64_t span)
{
	unsigned most = 0, from = 0;

	for (unsigned i = 0; i < count; i++) {
		while (book->at[i] - book->at[from] >= span)
			from++;
		most = i - from + 1 > most ? i - from + 1 : most;
	}
	return most;
}

static void test_six_processes_some_of_them_killed_never_send_more(void **state)
{
	struct book *book = mmap(NULL, sizeof *book, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t until = real(CLOCK_MONOTONIC) + 5000;
	unsigned killed = 0, seed = 1, count, turn = 0;
	pid_t pid[6];

	(void)state;
	assert_ptr_not_equal(book, MAP_FAILED);
	for (size_t i = 0; i < ROWS(pid); i++)
		pid[i] = worker(book, seed++);
	while (real(CLOCK_MONOTONIC) < until) {
		pause_ms(100);
		if (++turn % 3 == 0)
			kill(pid[turn % ROWS(pid)], SIGKILL);
		for (size_t i = 0; i < ROWS(pid); i++) {
			int status;

			if (waitpid(pid[i], &status, WNOHANG) != pid[i])
				continue;
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
			killed++;
			pid[i] = worker(book, seed++);
		}
	}
	for (size_t i = 0; i < ROWS(pid); i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	count = atomic_load(&book->count);
	qsort(book->at, count, sizeof *book->at, by_time);
	print_message("%u mails, %u processes killed; most in 1 s: %u of 40, in 3 s: %u of 100\n", count, killed, most_in(book, count, 1000),
		      most_in(book, count, 3000));
	assert_true(most_in(book, count, 1000) <= 40);
	assert_true(most_in(book, count, 3000) <= 100);
	assert_true(count > 100);
	munmap(book, sizeof *book);
}

static void *send_all(void *p)
{
	size_t n = 0;
	struct grant g;
	struct failure f;

	for (; pace_take(p, 1, &g, &f) == 0; n++)
		if (n % 2)
			pace_done(p, &g);
	return (void *)n;
}

static void test_threads_share_one(void **state)
{
	struct pace *p = opened("500/h");
	pthread_t thread[8];
	size_t sum = 0;

	(void)state;
	for (size_t i = 0; i < ROWS(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, send_all, p), 0);
	for (size_t i = 0; i < ROWS(thread); i++) {
		void *n;

		assert_int_equal(pthread_join(thread[i], &n), 0);
		sum += (size_t)n;
	}
	assert_int_equal(sum, 500);
	pace_close(p);
}

static void test_a_pause_is_everybodys(void **state)
{
	struct pace *p = opened("1000/s"), *other = opened("1000/s");
	struct failure f = {0};
	struct arena in = {0};
	struct grant g;

	(void)state;
	assert_int_equal(pace_take(p, 1, &g, &f), 0);
	pace_slower(p, &g);
	assert_in_range(pace_take(other, 1, &g, &f), 1, 320);
	assert_non_null(strstr(pace_words(other, &in), "the relay wants less: next in "));
	assert_string_equal(pace_why(other, &in), "the relay wants less");
	later = 3000;
	assert_int_equal(pace_take(other, 1, &g, &f), 0); /* it goes alone */
	assert_true(pace_take(p, 1, &g, &f) > 0);
	pace_drop(other, &g);
	assert_int_equal(pace_take(p, 1, &g, &f), 0);
	pace_done(p, &g);
	later = 6000;
	assert_int_equal(pace_take(other, 1, &g, &f), 0);
	pace_done(other, &g);
	arena_free(&in);
	pace_close(p);
	pace_close(other);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(top))
		return -1;
	snprintf(folder, sizeof folder, "%s/rate", top);
	snprintf(path, sizeof path, "%s/work.96494690", folder);
	return 0;
}

static int teardown(void **state)
{
	begin(state);
	return rmdir(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_so_many_go_and_the_next_waits, begin),
		cmocka_unit_test_setup(test_recipients_are_counted_and_more_than_there_can_be_are_refused, begin),
		cmocka_unit_test_setup(test_without_a_rate_there_is_no_file_and_only_the_relay_is_heeded, begin),
		cmocka_unit_test_setup(test_a_changed_rate_goes_by_the_same_mails, begin),
		cmocka_unit_test_setup(test_what_is_damaged_is_begun_anew_as_if_all_had_just_gone, begin),
		cmocka_unit_test_setup(test_a_file_cut_while_it_is_open_ends_nobody, begin),
		cmocka_unit_test_setup(test_what_is_not_ours_is_refused, begin),
		cmocka_unit_test_setup(test_another_users_file_is_refused, begin),
		cmocka_unit_test_setup(test_no_mail_goes_where_it_cannot_be_noted, begin),
		cmocka_unit_test_setup(test_each_account_relay_and_login_has_a_state_of_its_own, begin),
		cmocka_unit_test_setup(test_six_processes_some_of_them_killed_never_send_more, begin),
		cmocka_unit_test_setup(test_threads_share_one, begin),
		cmocka_unit_test_setup(test_a_pause_is_everybodys, begin),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
