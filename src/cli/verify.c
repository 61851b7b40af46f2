#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/dry_run.h"
#include "cli/modes.h"
#include "cli/trace.h"
#include "intake/intake.h"
#include "post/result.h"
#include "post/submit.h"

/* "bob@example.org: the relay would take it: 250 2.1.5 Ok" */
static void show(const struct recipient *r)
{
	char words[FAILURE_WORDS], whom[4 * ADDRESS_MAX + 1];

	if (r->verdict != ACCEPTED || !r->why)
		return;
	slice_printable(whom, sizeof whom, slice_of(r->address));
	printf("%s: the relay would take it: %s\n", whom, failure_words(words, r->why, WORDS_CODE, NULL));
}

static int ask(struct job *j, const struct options *o, struct failure *f)
{
	const struct envelope *e = &j->mail.envelope;
	struct trace trace;
	struct link link = {.tracer = trace_open(&trace, o), .one_login = true};

	submit_verify(j, &link);
	link_leave(&link, true);
	trace_close(&trace);
	for (size_t i = 0; i < e->recipients; i++)
		show(&e->recipient[i]);
	if (file_end_output(f) < 0)
		return -1;
	return result_verdicts(j, o->quiet);
}

/* -bv: shows who gets mail for these addresses, and whether the relay would take it. Nothing is sent. */
int mode_verify(const struct options *o, struct arena *run, struct failure *f)
{
	struct job j = {.began = clock_steady()};
	struct intake intake;
	int status = -1;

	if (intake_open(&intake, &o->request, o->config, o->called, run, f) == 0 &&
	    intake_take_addresses(&intake, &j, &o->request, f) == 0)
		status = o->dry_run ? dry_run_print(&j, f) : ask(&j, o, f);
	intake_close(&intake);
	arena_free(&j.arena);
	return status;
}

static void tell(void *ctx, const struct failure *f)
{
	(void)ctx;
	result_failure(f);
}

/* -bi, newaliases: there is nothing to build, but faults in the aliases file are reported. Packages that install an alias with a
 * command call newaliases, and fail if it fails: such an alias is reported, and is no failure. */
int mode_aliases(const struct options *o, struct arena *run, struct failure *f)
{
	const struct account *a;
	struct aliases *aliases;
	struct book book;

	/* No relay is needed for this. */
	if (book_open(&book, run, o->config, o->request.option, o->request.options, f) < 0 || (book_account(&book, o->request.account, NULL, &a, f) < 0 && !a) ||
	    aliases_open(&aliases, run, a, f) < 0)
		return -1;
	return aliases_check(aliases, tell, NULL) ? EX_DATAERR : EX_OK;
}
