#include "post/result.h"

#include <stdio.h>
#include <string.h>

#include "post/defer.h"
#include "post/hint.h"
#include "post/logline.h"
#include "post/verdict.h"

static void print_failure(const struct failure *f, const char *whom)
{
	struct failure shown = *f;
	char words[FAILURE_WORDS], hint[sizeof f->hint * 2];

	hint_add(&shown);
	slice_printable(hint, sizeof hint, slice_of(shown.hint));
	fprintf(stderr, "mysend: %s\n", failure_words(words, &shown, WORDS_WHERE | WORDS_CODE, whom));
	if (*hint)
		fprintf(stderr, "mysend: hint: %s\n", hint);
}

void result_failure(const struct failure *f)
{
	print_failure(f, NULL);
}

/* The mail waits for this recipient, but in vain until an administrator mends something. */
static bool needs_admin(const struct recipient *r)
{
	return r->verdict == WAITS && r->why && defer_needs_admin(r->why);
}

/* The mail waits for something that may pass, and the user is at a terminal, and would take silence for success. */
static bool is_worth_a_note(const struct job *j, const struct recipient *r)
{
	return j->aloud && r->verdict == WAITS && r->why && !needs_admin(r);
}

static bool is_told(const void *job, const struct recipient *r)
{
	return r->verdict != ACCEPTED && (r->verdict != WAITS || needs_admin(r) || is_worth_a_note(job, r));
}

static void tell_recipient(const struct job *j, const struct recipient *r)
{
	bool note = is_worth_a_note(j, r);
	struct failure shown = *r->why;
	const char *whom = NULL;

	if (r->verdict == UNSURE)
		failure_hint(&shown, HINT_MAY_BE_TWICE);
	else if (r->verdict != PENDING && shown.stage == AT_RECIPIENT)
		whom = r->address;
	else if (r->verdict != PENDING && shown.stage == AT_SENDER)
		whom = j->mail.envelope.sender;
	if (note)
		snprintf(shown.text, sizeof shown.text, "%.400s; the mail waits as %s", r->why->text, j->spooled);
	print_failure(&shown, whom);
}

static void print_hint(enum hint id, const char *const *arguments)
{
	struct failure shown;

	hint_print(shown.hint, sizeof shown.hint, id, arguments);
	fprintf(stderr, "mysend: hint: %s\n", shown.hint);
}

/* A configuration that cannot be used may name another spool once it is mended, which a run of the queue then looks into alone. */
static void tell_where(const struct job *j)
{
	if (j->account->unconfigured && j->spool && !setting_is_set(j->account, SET_spool))
		print_hint(HINT_WAITS_THERE, (const char *const[]){j->spooled, j->spool, NULL});
	else
		print_hint(HINT_WAITS_FOR_US, (const char *const[]){j->spooled, NULL});
}

/* Prints one line for each failure: where the mail as a whole was refused, that is one line for all recipients. */
static void tell(const struct job *j)
{
	const struct recipient *told[RESULT_LINES];
	size_t more, lines = tally_failures(&j->mail.envelope, is_told, j, told, RESULT_LINES, &more);
	bool mends = false;

	for (size_t i = 0; i < lines; i++) {
		tell_recipient(j, told[i]);
		mends |= needs_admin(told[i]);
	}
	if (more)
		fprintf(stderr, "mysend: and %zu recipients more\n", more);
	if (mends)
		tell_where(j);
}

int result_verdicts(const struct job *j, bool quiet)
{
	struct tally t = tally_of(&j->mail.envelope);

	if (!quiet)
		tell(j);
	return tally_exit(&t);
}

static void print_count(enum hint id, size_t some, size_t all)
{
	char count[2][24];

	snprintf(count[0], sizeof count[0], "%zu", some);
	snprintf(count[1], sizeof count[1], "%zu", all);
	print_hint(id, (const char *const[]){count[0], count[1], NULL});
}

/* Tells how many recipients have the mail, or will get it: a user who sends to all again sends to these twice. */
static void tell_of_the_rest(const struct tally *t, size_t recipients)
{
	if (t->accepted)
		print_count(HINT_ACCEPTED_FOR, t->accepted, recipients);
	if (t->waits)
		print_count(HINT_WAITS_FOR, t->waits, recipients);
}

/* Printed for all callers, sendmail's too: otherwise mail that should have waited is lost, and no one is told why. */
void result_unkept(const struct job *j)
{
	char text[sizeof j->unkept->text * 2], hint[sizeof j->unkept->hint * 2];

	if (!j->unkept)
		return;
	slice_printable(text, sizeof text, slice_of(j->unkept->text));
	slice_printable(hint, sizeof hint, slice_of(j->unkept->hint));
	fprintf(stderr, "mysend: warning: it cannot wait: %s%s%s\n", text, *hint ? ": " : "", hint);
}

/* A mysend service has taken the mail, and the service's relay has not: a user at a terminal would take silence for success
 * (cli/smtpd_answer). */
static void tell_of_service(const struct job *j)
{
	const struct failure *answer = j->mail.envelope.answer;
	const char *waits = answer && *j->account->socket ? strstr(answer->text, SERVICE_WAITS) : NULL, *hint;
	char text[2 * sizeof answer->text];
	size_t len;

	if (!waits)
		return;
	hint = strstr(waits, SERVICE_HINT);
	len = hint ? (size_t)(hint - waits) : strlen(waits);
	slice_printable(text, sizeof text, (struct slice){waits, len});
	fprintf(stderr, "mysend: %s has it, and %s\n", j->account->socket, text);
	if (hint) {
		slice_printable(text, sizeof text, slice_of(hint + strlen("; ")));
		fprintf(stderr, "mysend: %s\n", text);
	}
}

static int log_tally(const struct job *j, const struct tally *t)
{
	logline_write(j, t);
	return tally_exit(t);
}

int result_log(const struct job *j)
{
	struct tally t = tally_of(&j->mail.envelope);

	return log_tally(j, &t);
}

int result_tell(const struct job *j, bool quiet)
{
	struct tally t = tally_of(&j->mail.envelope);

	if (!quiet) {
		tell(j);
		if (t.refused || t.unsure || t.pending) {
			result_unkept(j);
			tell_of_the_rest(&t, j->mail.envelope.recipients);
		}
		if (j->aloud)
			tell_of_service(j);
	}
	return log_tally(j, &t);
}
