#include "post/result.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "post/hint.h"
#include "post/logline.h"
#include "post/defer.h"

static void print_failure(const struct failure *f, const char *whom, bool hints)
{
	struct failure told = *f;
	char words[FAILURE_WORDS], hint[sizeof f->hint * 2];

	hint_add(&told);
	printable(hint, sizeof hint, slice_of(told.hint));
	fprintf(stderr, "mysend: %s\n", failure_words(words, &told, WORDS_WHERE | WORDS_CODE, whom));
	if (*hint && hints)
		fprintf(stderr, "mysend: hint: %s\n", hint);
}

void result_failure(const struct failure *f)
{
	print_failure(f, NULL, true);
}

struct sum {
	size_t accepted, failed;
	int status;
};

/* What is final outweighs what may be tried again; among the final, the first. */
static void worsen(struct sum *sum, int status)
{
	if (sum->status == EX_OK || (sum->status == EX_TEMPFAIL && status != EX_TEMPFAIL))
		sum->status = status;
}

static struct sum add_up(const struct envelope *e)
{
	struct sum sum = {0};

	for (size_t i = 0; i < e->recipients; i++) {
		const struct recipient *r = &e->recipient[i];

		if (r->verdict == ACCEPTED || r->verdict == WAITS) {
			sum.accepted += r->verdict == ACCEPTED;
			continue;
		}
		sum.failed++;
		if (r->verdict == REFUSED)
			worsen(&sum, r->why->exit);
		else if (r->verdict == PENDING && r->why)
			worsen(&sum, r->why->exit);
		else if (r->verdict == DEFERRED && r->why->exit == EX_PROTOCOL)
			worsen(&sum, EX_PROTOCOL);
		else
			worsen(&sum, EX_TEMPFAIL);
	}
	return sum;
}

/* It waits, but will wait in vain until somebody mends the configuration. */
static bool is_shouted(const struct recipient *r)
{
	return r->verdict == WAITS && r->why && !failure_is_temporary(r->why) && (r->why->stage >= AT_GREETING || r->why->stage == AT_CONFIG);
}

/* Somebody watches, and would take silence for success. */
static bool is_murmured(const struct job *j, const struct recipient *r)
{
	return j->aloud && r->verdict == WAITS && r->why && !is_shouted(r);
}

static bool any_murmured(const struct job *j)
{
	for (size_t i = 0; i < j->mail.envelope.recipients; i++)
		if (is_murmured(j, &j->mail.envelope.recipient[i]))
			return true;
	return false;
}

static bool any_shouted(const struct envelope *e)
{
	for (size_t i = 0; i < e->recipients; i++)
		if (is_shouted(&e->recipient[i]))
			return true;
	return false;
}

static void tell_recipient(const struct job *j, const struct recipient *r)
{
	const struct envelope *e = &j->mail.envelope;
	const char *whom = NULL;
	struct failure told;

	told = *r->why;
	if (r->verdict == UNSURE)
		failure_hint(&told, "the relay may have taken it: sent again, it may arrive twice");
	else if (r->verdict != PENDING && told.stage == AT_RECIPIENT)
		whom = r->address;
	else if (r->verdict != PENDING && told.stage == AT_SENDER)
		whom = e->sender;
	if (is_murmured(j, r)) /* one line: nothing has to be mended, perhaps */
		snprintf(told.text, sizeof told.text, "%.400s; the mail waits as %s", r->why->text, j->spooled);
	print_failure(&told, whom, !is_murmured(j, r));
}

static bool is_among(const struct failure *why, const struct failure *const *told, size_t count)
{
	while (count-- > 0)
		if (told[count] == why)
			return true;
	return false;
}

/* One line a failure: what refused the mail as a whole is told once. */
static void tell(const struct job *j)
{
	const struct envelope *e = &j->mail.envelope;
	const struct failure *told[RESULT_LINES];
	size_t lines = 0, more = 0;

	for (size_t i = 0; i < e->recipients; i++) {
		const struct recipient *r = &e->recipient[i];

		if (r->verdict == ACCEPTED || (r->verdict == WAITS && !is_shouted(r) && !is_murmured(j, r)) || !r->why || is_among(r->why, told, lines))
			continue;
		if (lines == RESULT_LINES) {
			more++;
			continue;
		}
		told[lines++] = r->why;
		tell_recipient(j, r);
	}
	if (more)
		fprintf(stderr, "mysend: and %zu recipients more\n", more);
}

int result_verdicts(const struct job *j, bool quiet)
{
	struct sum sum = add_up(&j->mail.envelope);
	bool shouted = any_shouted(&j->mail.envelope);

	if (!quiet && (sum.failed || shouted || any_murmured(j)))
		tell(j);
	if (!quiet && shouted)
		fprintf(stderr, "mysend: hint: the mail waits as %s, and is tried again: mend the configuration\n", j->spooled);
	return sum.status;
}

/* Of some; the others are told of, and who sends to all again sends to these twice. */
static void tell_of_the_rest(const struct job *j, const struct sum *sum)
{
	const struct envelope *e = &j->mail.envelope;
	size_t waits = envelope_count(e, WAITS);

	if (sum->accepted)
		fprintf(stderr, "mysend: hint: the relay has accepted it for %zu of the %zu recipients\n", sum->accepted, e->recipients);
	if (waits)
		fprintf(stderr, "mysend: hint: it waits for %zu of the %zu recipients, and is tried again\n", waits, e->recipients);
}

/* Said to everybody: a program whose mail should have waited has lost it else, and nobody knows why. */
void result_unkept(const struct job *j)
{
	char text[sizeof j->unkept->text * 2], hint[sizeof j->unkept->hint * 2];

	if (!j->unkept)
		return;
	printable(text, sizeof text, slice_of(j->unkept->text));
	printable(hint, sizeof hint, slice_of(j->unkept->hint));
	fprintf(stderr, "mysend: warning: it cannot wait: %s%s%s\n", text, *hint ? ": " : "", hint);
}

/* A service of ours has taken it, and its own relay has not: who watches would take silence for more (cli/smtpd_answer). */
static void tell_of_service(const struct job *j)
{
	const struct failure *answer = j->mail.envelope.answer;
	const char *waits = answer && *j->account->socket ? strstr(answer->text, SERVICE_WAITS) : NULL;
	char text[2 * sizeof answer->text];

	if (!waits)
		return;
	printable(text, sizeof text, slice_of(waits));
	fprintf(stderr, "mysend: %s has it, and %s\n", j->account->socket, text);
}

/* Whom the queue has has not got it all the same. */
static int logged(const struct envelope *e, int status)
{
	for (size_t i = 0; i < e->recipients && (status == EX_OK || status == EX_TEMPFAIL); i++)
		if (e->recipient[i].verdict == WAITS && e->recipient[i].why)
			status = defer_status(e->recipient[i].why);
	return status;
}

int result_tell(const struct job *j, bool quiet)
{
	const struct envelope *e = &j->mail.envelope;
	struct sum sum = add_up(e);
	int status = result_verdicts(j, quiet);

	if (!quiet && sum.failed) {
		result_unkept(j);
		tell_of_the_rest(j, &sum);
	}
	if (!quiet && j->aloud)
		tell_of_service(j);
	logline_write(j, NULL, logged(e, status));
	return status;
}
