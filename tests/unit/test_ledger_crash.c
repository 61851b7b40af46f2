/* What a ledger knows after a kill, a full disk or a failed sync at any call, and what a power cut can leave of its file. */
#define _GNU_SOURCE /* syscall */
#include "unit.h"

#include <sys/wait.h>
#include <sysexits.h>

#include "ledger.h"

/* A run of six mails, a to f. What happens is told to `told`: "La" is leased and may leave from now on, "aA" that its result was noted. */
struct told {
	char events[80];
	size_t count;
	int fd; /* where a process that will be killed tells it to; or -1 */
};

static void tell(struct told *t, char what, char key)
{
	t->events[t->count++] = what;
	t->events[t->count++] = key;
	if (t->fd >= 0 && syscall(SYS_write, t->fd, t->events + t->count - 2, 2) != 2)
		_exit(98);
}

static int lease_all(struct ledger *l, const char *keys, struct told *t, struct failure *f)
{
	struct recipient to[6];
	struct envelope e[6];
	struct ledger_mail m[6] = {{.envelope = NULL}};
	char text[6][2];
	size_t n = strlen(keys);

	for (size_t i = 0; i < n; i++) {
		text[i][0] = keys[i];
		text[i][1] = '\0';
		e[i] = one(&to[i], text[i], PENDING, NULL);
		m[i] = (struct ledger_mail){slice_of(text[i]), &e[i]};
	}
	if (ledger_lease(l, m, n, f) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		tell(t, 'L', keys[i]);
	return 0;
}

static void result(struct ledger *l, const char *key, char what, struct told *t)
{
	note_one(l, key, verdict_of(what));
	tell(t, what, *key);
}

static int run(struct told *t, struct failure *f)
{
	struct ledger *l;
	struct failure closed;
	int rc;

	if (ledger_open(&l, &order, f) < 0)
		return -1;
	rc = lease_all(l, "abc", t, f);
	if (rc == 0) {
		result(l, "a", 'a', t);
		result(l, "b", 'r', t);
		ledger_sync(l);
		result(l, "c", 'd', t);
		rc = lease_all(l, "de", t, f);
	}
	if (rc == 0) {
		result(l, "d", 'u', t);
		result(l, "e", 'a', t);
		ledger_sync(l);
		rc = lease_all(l, "cf", t, f);
	}
	if (rc == 0) {
		result(l, "c", 'a', t);
		result(l, "f", 'w', t);
	}
	if (ledger_close(l, &closed) < 0 && rc == 0) {
		*f = closed;
		rc = -1;
	}
	return rc;
}

static enum ledger_state state_after(char last)
{
	return last == 'L' || last == 'u' ? LEDGER_DOUBT : last == 'a' ? LEDGER_DONE : last == 'r' ? LEDGER_FAILED : last == 'w' ? LEDGER_SPOOLED : LEDGER_NEW;
}

/* What a run went through. */
enum fate {
	KILLED,	    /* the ledger may be one step ahead of what was told: the process died before it told */
	CALL_FAILED, /* a result may be missing, which leaves doubt; what was not leased is in no doubt */
	CALLS_FAILED /* the file could not be cut either */
};

static void check_key(const struct ledger *l, const struct told *t, char key, enum fate fate)
{
	static const char *const script[] = {"La", "Lr", "LdLa", "Lu", "La", "Lw"};
	const char *steps = script[key - 'a'], text[] = {key, '\0'};
	enum ledger_state s = ledger_find(l, slice_of(text), text), told, next;
	size_t n = 0;

	for (size_t i = 0; i + 1 < t->count; i += 2)
		n += t->events[i + 1] == key;
	assert_true(n <= strlen(steps));
	told = n ? state_after(steps[n - 1]) : LEDGER_NEW;
	if (fate == KILLED)
		next = steps[n] ? state_after(steps[n]) : told;
	else
		next = n || fate == CALLS_FAILED ? LEDGER_DOUBT : LEDGER_NEW;
	if (s != told && s != next)
		print_error("%c after %zu of %s: %d\n", key, n, steps, s);
	assert_true(s == told || s == next);
}

static void check_after(const struct told *t, enum fate fate)
{
	struct ledger *l = open_one(&order);

	for (char key = 'a'; key <= 'f'; key++)
		check_key(l, t, key, fate);
	assert_int_equal(lease_one(l, "later"), 0);
	note_one(l, "later", ACCEPTED);
	close_one(l);
	l = open_one(&order);
	assert_int_equal(ledger_find(l, SLICE("later"), "later"), LEDGER_DONE);
	close_one(l);
	assert_int_equal(unlink(path), 0);
}

/* A process that does the run, and is gone at that call. True: it came to its end. */
static bool killed_at(unsigned call, bool half, bool after, struct told *t)
{
	int back[2], status;
	ssize_t n;
	pid_t pid;

	*t = (struct told){.fd = -1};
	assert_int_equal(pipe(back), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct told own = {.fd = back[1]};
		struct failure f;

		fault_none();
		fault.armed = true;
		fault.at = call;
		fault.half = half;
		fault.after = after;
		_exit(run(&own, &f) < 0 ? 97 : 0);
	}
	close(back[1]);
	while ((n = file_read(back[0], t->events + t->count, sizeof t->events - t->count)) > 0)
		t->count += (size_t)n;
	close(back[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 99 || WEXITSTATUS(status) == 0));
	return WEXITSTATUS(status) == 0;
}

static void test_after_a_kill_at_any_call_nothing_is_lost_and_doubt_has_a_name(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++)
		for (unsigned call = 1;; call++) {
			struct told t;
			bool end = killed_at(call, how == 1, how == 2, &t);

			if (access(path, F_OK) == 0)
				check_after(&t, KILLED);
			if (end) {
				assert_true(call > 15); /* the calls of a whole run */
				break;
			}
		}
}

static void test_no_mail_leaves_after_a_call_that_failed(void **state)
{
	static const struct {
		int error, exit;
		bool half, lasting;
	} rows[] = {
		{ENOSPC, EX_TEMPFAIL, false, false}, {ENOSPC, EX_TEMPFAIL, true, false}, {ENOSPC, EX_TEMPFAIL, true, true}, {EIO, EX_TEMPFAIL, false, false}, {EIO, EX_TEMPFAIL, false, true},
		{EDQUOT, EX_TEMPFAIL, false, true},  {EROFS, EX_CANTCREAT, false, true}, {EPERM, EX_CANTCREAT, true, true},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		for (unsigned call = 1;; call++) {
			struct told t = {.fd = -1};
			struct failure f = {.exit = 0};
			unsigned done;
			int rc;

			fault_none();
			fault.armed = true;
			fault.at = call;
			fault.error = rows[i].error;
			fault.half = rows[i].half;
			fault.lasting = rows[i].lasting;
			rc = run(&t, &f);
			fault.armed = false;
			done = fault.calls;
			if (done < call) {
				assert_int_equal(rc, 0);
				assert_int_equal(unlink(path), 0);
				break;
			}
			if (rc == 0 || f.exit != rows[i].exit)
				print_error("call %u, error %d: %s\n", call, rows[i].error, rc ? f.text : "none");
			assert_int_equal(rc, -1);
			assert_int_equal(f.exit, rows[i].exit);
			assert_non_null(strstr(f.text, "ledger /tmp/"));
			check_after(&t, rows[i].lasting ? CALLS_FAILED : CALL_FAILED);
		}
}

/* The signs that the whole lines of the file give, by a reader of a few lines. */
static enum ledger_state state_in(struct slice file, char key)
{
	enum ledger_state s = LEDGER_NEW;

	for (const char *p = file.p, *end; (end = memchr(p, '\n', (size_t)(file.p + file.len - p))); p = end + 1) {
		const char *tab = memchr(p + 2, '\t', (size_t)(end - p) < 2 ? 0 : (size_t)(end - p) - 2);

		if (!tab || p[1] != '\t' || tab[1] != key || memchr(p, '\0', (size_t)(end - p)))
			continue;
		s = *p == '>' || *p == '?' ? LEDGER_DOUBT : *p == '+' ? LEDGER_DONE : *p == '-' ? LEDGER_FAILED : *p == 'w' ? LEDGER_SPOOLED : LEDGER_NEW;
	}
	return s;
}

static void check_file(struct slice file)
{
	struct ledger *l;

	put_file(file);
	l = open_one(&order);
	for (char key = 'a'; key <= 'f'; key++)
		assert_int_equal(ledger_find(l, (struct slice){&key, 1}, (char[]){key, '\0'}), state_in(file, key));
	assert_int_equal(lease_one(l, "later"), 0); /* goes behind the last whole line */
	close_one(l);
	l = open_one(&order);
	assert_int_equal(ledger_find(l, SLICE("later"), "later"), LEDGER_DOUBT);
	for (char key = 'a'; key <= 'f'; key++)
		assert_int_equal(ledger_find(l, (struct slice){&key, 1}, (char[]){key, '\0'}), state_in(file, key));
	close_one(l);
	assert_int_equal(unlink(path), 0);
}

static void test_a_file_cut_at_any_octet_tells_what_its_whole_lines_tell(void **state)
{
	struct told t = {.fd = -1};
	struct arena in = {0};
	struct failure f;
	struct slice file;

	(void)state;
	assert_int_equal(run(&t, &f), 0);
	file = file_of(&in);
	assert_int_equal(state_in(file, 'a'), LEDGER_DONE);
	assert_int_equal(state_in(file, 'd'), LEDGER_DOUBT);
	for (size_t len = 0; len <= file.len; len++)
		check_file((struct slice){file.p, len});
	arena_free(&in);
}

/* A file system may have made the file longer before what was written to it had reached the disk: then there are NULs. */
static void test_octets_that_did_not_reach_the_disk_are_passed_over(void **state)
{
	struct told t = {.fd = -1};
	struct arena in = {0};
	struct slice file;
	struct failure f;
	size_t head;
	char *copy;

	(void)state;
	assert_int_equal(run(&t, &f), 0);
	file = file_of(&in);
	head = (size_t)((const char *)memchr(file.p, '\n', file.len) - file.p) + 1;
	copy = arena_text(&in, file.p, file.len);
	for (size_t at = 0; at < file.len; at++) {
		memcpy(copy, file.p, file.len);
		memset(copy + at, 0, file.len - at); /* to the end */
		check_file((struct slice){copy, file.len});
		memcpy(copy, file.p, file.len);
		memset(copy + at, 0, file.len - at < 30 ? file.len - at : 30); /* in the middle */
		if (at >= head)
			check_file((struct slice){copy, file.len});
	}
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_after_a_kill_at_any_call_nothing_is_lost_and_doubt_has_a_name),
		cmocka_unit_test(test_no_mail_leaves_after_a_call_that_failed),
		cmocka_unit_test(test_a_file_cut_at_any_octet_tells_what_its_whole_lines_tell),
		cmocka_unit_test(test_octets_that_did_not_reach_the_disk_are_passed_over),
	};

	return !ledger_folder() || cmocka_run_group_tests(tests, NULL, NULL) || rmdir(folder) < 0;
}
