/* All outcomes of one to three recipients, mixed as no relay could: what standard error, the log line and the answer of -bs say of
 * each must be the same. tests/cli/test_agreement.py has the bounce and mailq as well, of what relays do. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/smtpd_answer.h"
#include "conf/accounts.h"
#include "post/result.h"
#include "post/verdict.h"

enum { OUTCOMES = 6 };

/* One recipient's; the texts tell them apart, and the copies those of one failure. */
static const struct { enum verdict verdict; struct failure why; } outcomes[OUTCOMES] = {
	{ACCEPTED, {.stage = AT_USAGE}},
	{DEFERRED, {.stage = AT_RECIPIENT, .exit = EX_TEMPFAIL, .code = 450, .enhanced = "4.2.0", .relay = "relay:25", .text = "full"}},
	{REFUSED, {.stage = AT_RECIPIENT, .exit = EX_NOUSER, .code = 550, .enhanced = "5.1.1", .relay = "relay:25", .text = "nobody"}},
	{PENDING, {.stage = AT_SENDER, .exit = EX_TEMPFAIL, .relay = "relay:25", .text = "lost"}},
	{UNSURE, {.stage = AT_END, .exit = EX_TEMPFAIL, .relay = "relay:25", .text = "gone"}},
	{WAITS, {.stage = AT_END, .exit = EX_TEMPFAIL, .code = 452, .enhanced = "4.3.1", .relay = "relay:25", .text = "spooled"}},
};

static size_t times(const char *in, const char *what)
{
	size_t n = 0;

	for (; (in = strstr(in, what)); in += strlen(what))
		n++;
	return n;
}

static void read_back(const char *path, char *to, size_t room)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, to, room - 1);

	assert_true(n >= 0);
	to[n] = '\0';
	close(fd);
	assert_int_equal(truncate(path, 0), 0);
}

/* Standard error goes to the file meanwhile. */
static int tell(const struct job *j, const char *path)
{
	int kept = dup(STDERR_FILENO), fd = open(path, O_WRONLY | O_APPEND), status;

	assert_true(kept >= 0 && fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	status = result_tell(j, false);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	close(kept);
	close(fd);
	return status;
}

static void check_counts(const char *said, const char *where, size_t accepted, size_t waits, size_t all)
{
	char words[100];

	snprintf(words, sizeof words, "accepted it for %zu of the %zu", accepted, all);
	if (times(said, words) != (accepted != 0) || times(said, "accepted it for") != (accepted != 0))
		print_error("%s:\n%s\n", where, said);
	assert_int_equal(times(said, words), accepted != 0);
	snprintf(words, sizeof words, "waits for %zu of the %zu", waits, all);
	assert_int_equal(times(said, words), waits != 0);
	assert_int_equal(times(said, "waits for"), waits != 0);
}

static void check(const struct job *j, int status, const char *error, const char *log)
{
	const struct envelope *e = &j->mail.envelope;
	struct tally t = tally_of(e);
	struct smtpd_answer a;
	char words[FAILURE_WORDS + 20], code[40];

	assert_int_equal(smtpd_answer_verdicts(&a, j), 0);
	assert_int_equal(status, tally_exit(&t));
	snprintf(words, sizeof words, " exitcode=%s ", exit_words(t.status));
	assert_non_null(strstr(log, words));
	if (t.decides) {
		snprintf(words, sizeof words, " errormsg='%s'", t.decides->text);
		assert_non_null(strstr(log, words));
		snprintf(code, sizeof code, " smtpstatus=%d smtpmsg='%d %s ", t.decides->code, t.decides->code, t.decides->enhanced);
		assert_int_equal(times(log, code), t.decides->code != 0);
	}
	assert_int_equal(t.decides == NULL, t.status == EX_OK);
	/* What waits is taken care of: no bad news, by the status and by the answer. */
	assert_int_equal(a.code / 100 == 2, status == EX_OK);
	assert_int_equal(a.code / 100 == 4, t.retry && !t.accepted);
	for (size_t i = 0; i < e->recipients; i++) {
		const struct recipient *r = &e->recipient[i];
		bool bad = r->verdict != ACCEPTED && r->verdict != WAITS;

		if (!r->why)
			continue;
		assert_int_equal(times(error, failure_words(words, r->why, WORDS_CODE, NULL)), bad);
		assert_int_equal(times(a.lines.p, r->why->text), bad || (a.code == 250 && r->why == t.decides));
	}
	check_counts(error, "standard error", status ? t.accepted : 0, status ? t.waits : 0, e->recipients);
	check_counts(a.lines.p, "the answer", status ? t.accepted : 0, status ? t.waits : 0, e->recipients);
	smtpd_answer_free(&a);
}

static void test_everybody_says_the_same_of_every_outcome(void **state)
{
	char error[] = "/tmp/mysend-unit-XXXXXX", log[] = "/tmp/mysend-unit-XXXXXX", said[8192], line[8192];
	size_t tried = 0;

	(void)state;
	close(mkstemp(error));
	close(mkstemp(log));
	for (size_t n = 1; n <= 3; n++)
		for (size_t code = 0, end = n == 1 ? OUTCOMES : n == 2 ? OUTCOMES * OUTCOMES : OUTCOMES * OUTCOMES * OUTCOMES; code < end; code++) {
			struct account a;
			struct job j = {.account = &a, .mail.envelope.sender = "s@x", .spooled = NULL};
			size_t left = code;

			account_defaults(&a);
			a.logfile = log;
			for (size_t k = 0; k < n; k++, left /= OUTCOMES) {
				struct recipient *r = envelope_add(&j.mail.envelope, &j.arena, arena_printf(&j.arena, "r%zu@x", k));

				r->verdict = outcomes[left % OUTCOMES].verdict;
				r->why = r->verdict == ACCEPTED ? NULL : &outcomes[left % OUTCOMES].why;
				if (r->verdict == WAITS)
					j.spooled = "01id";
			}
			j.mail.form7 = source_text(&j.arena, SLICE("a: b\r\n\r\n"));
			j.mail.in = &j.arena;
			left = (size_t)tell(&j, error);
			read_back(error, said, sizeof said);
			read_back(log, line, sizeof line);
			check(&j, (int)left, said, line);
			arena_free(&j.arena);
			tried++;
		}
	assert_int_equal(tried, 6 + 36 + 216);
	unlink(error);
	unlink(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everybody_says_the_same_of_every_outcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
