#include "cli/smtpd_answer.h"

#include <stdio.h>
#include <sysexits.h>

#include "mail/address.h"
#include "post/hint.h"
#include "post/result.h"

enum { ANSWER_MAX = 16 * 1024, WHO_TOLD = 10 };

/* It speaks of a command or parameter between us and the relay; the client would think that it was one of its own. */
static bool is_of_our_dialogue(int code)
{
	return (code >= 500 && code <= 504) || code == 555;
}

/* What the client is told of a failure that is not the relay's own words. */
static void code_of(const struct failure *why, int *code, const char **enhanced)
{
	static const struct { int exit, code; const char *enhanced; } known[] = {
		{EX_TEMPFAIL, 451, "4.4.1"}, {EX_CONFIG, 451, "4.3.5"},	  {EX_OSERR, 451, "4.3.0"},
		{EX_IOERR, 451, "4.3.0"},    {EX_SOFTWARE, 451, "4.3.0"}, {EX_PROTOCOL, 451, "4.5.0"},
		{EX_NOUSER, 550, "5.1.1"},   {EX_NOPERM, 550, "5.7.1"},	  {EX_DATAERR, 554, "5.6.0"},
		{EX_NOHOST, 451, "4.4.4"},
	};

	*code = 554;
	*enhanced = "5.0.0";
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].exit == why->exit) {
			*code = known[i].code;
			*enhanced = known[i].enhanced;
		}
	/* The relay's own, if it says the same: a 530 at its login is no refusal of the client's mail. */
	if (why->code / 100 == *code / 100 && why->code != 421) {
		*code = is_of_our_dialogue(why->code) ? 554 : why->code;
		*enhanced = *why->enhanced ? why->enhanced : *enhanced;
	}
}

/* One line: the enhanced code, where it happened, the words; then the hint as another. */
static int add_failure(struct buf *out, const struct failure *why, const char *whom, const char *enhanced)
{
	struct failure told = *why;
	char text[2 * sizeof told.text], hint[2 * sizeof told.hint], address[4 * ADDRESS_MAX + 1];

	hint_add(&told);
	printable(text, sizeof text, slice_of(told.text));
	printable(hint, sizeof hint, slice_of(told.hint));
	if (out->len && buf_text(out, "\n") < 0)
		return -1;
	printable(address, sizeof address, slice_of(whom ? whom : ""));
	if ((*enhanced && buf_printf(out, "%s ", enhanced) < 0) || (whom && buf_printf(out, "<%s>: ", address) < 0))
		return -1;
	if (!whom && stage_is_remote(told.stage) && buf_printf(out, "%s to %s: ", stage_words(told.stage), told.relay) < 0)
		return -1;
	/* The answer is of another kind than the relay's to this one: then its code says what the answer's does not. */
	if (whom && told.code && *enhanced && told.code / 100 != *enhanced - '0' && buf_printf(out, "%d ", told.code) < 0)
		return -1;
	if (buf_text(out, text) < 0)
		return -1;
	return *hint && !told.code ? buf_printf(out, "\n%s %s", enhanced, hint) : 0;
}

int smtpd_answer_failure(struct smtpd_answer *a, const struct failure *why)
{
	const char *enhanced = why->enhanced;

	a->code = why->client_code;
	if (!a->code)
		code_of(why, &a->code, &enhanced);
	buf_start(&a->lines, ANSWER_MAX);
	return add_failure(&a->lines, why, NULL, enhanced);
}

void smtpd_answer_free(struct smtpd_answer *a)
{
	buf_free(&a->lines);
}

/* The worst of what became of the recipients: who may be tried again wants a 4yz, or nobody would try. */
static const struct failure *worst(const struct envelope *e, size_t *accepted)
{
	const struct failure *refused = NULL, *waits = NULL;

	*accepted = 0;
	for (size_t i = 0; i < e->recipients; i++) {
		const struct recipient *r = &e->recipient[i];
		const struct failure *why = r->why;

		if (r->verdict == WAITS)
			continue;
		if (r->verdict == ACCEPTED)
			++*accepted;
		else if (r->verdict == REFUSED)
			refused = refused ? refused : why;
		else if (r->verdict == PENDING && why && !failure_is_temporary(why) && why->exit != EX_PROTOCOL)
			refused = refused ? refused : why;
		else
			waits = waits ? waits : why;
	}
	return waits ? waits : refused;
}

/* Every failure once. */
static int add_verdicts(struct buf *out, const struct envelope *e, const char *enhanced)
{
	const struct failure *last = NULL;
	size_t told = 0, more = 0;

	for (size_t i = 0; i < e->recipients; i++) {
		const struct recipient *r = &e->recipient[i];
		const struct failure *why = r->why;

		if (r->verdict == ACCEPTED || r->verdict == WAITS || !why || why == last)
			continue;
		last = why;
		if (told++ >= WHO_TOLD)
			more++;
		else if (add_failure(out, why, why->stage == AT_RECIPIENT ? r->address : NULL,
				     why->enhanced[0] == enhanced[0] ? why->enhanced : enhanced) < 0)
			return -1;
	}
	return more ? buf_printf(out, "\n%s and %zu more", enhanced, more) : 0;
}

/* It will come to them whatever the client does: who sends to all again sends it to them twice. */
static int add_waiting(struct buf *out, const struct envelope *e, const char *enhanced)
{
	size_t waits = envelope_count(e, WAITS);

	return waits ? buf_printf(out, "\n%s it waits for %zu of the %zu recipients, and is tried again", enhanced, waits, e->recipients) : 0;
}

static int add_bad_news(struct buf *out, int *code, const struct envelope *e, const struct failure *why, size_t accepted)
{
	const char *enhanced;
	bool again;

	code_of(why, code, &enhanced);
	/* After a 4yz the client sends to all of them, and whoever has it would get it with every try. */
	again = accepted && *code < 500;
	if (again) {
		*code = 554;
		enhanced = "5.0.0";
	}
	if (add_verdicts(out, e, enhanced) < 0 || add_waiting(out, e, enhanced) < 0)
		return -1;
	if (!accepted)
		return 0;
	return buf_printf(out, "\n%s the relay has accepted it for %zu of the %zu recipients%s", enhanced, accepted, e->recipients,
			  !again ? "" : envelope_count(e, WAITS) ? ": send it again to those who are named only" : ": send it again to the others only");
}

/* Why the first of them waits: it may be for somebody to mend. NULL: nobody has tried. */
static const struct failure *waits_why(const struct envelope *e)
{
	for (size_t i = 0; i < e->recipients; i++)
		if (e->recipient[i].verdict == WAITS && e->recipient[i].why)
			return e->recipient[i].why;
	return NULL;
}

static void say_waiting(struct job *j, char *to, size_t room)
{
	const struct failure *why = waits_why(&j->mail.envelope);
	char words[FAILURE_WORDS];

	snprintf(to, room, "Ok: " SERVICE_WAITS "%s%s%.900s", j->spooled, why ? ": " : "",
		 why ? failure_words(words, why, WORDS_WHERE | WORDS_CODE, NULL) : "");
}

const struct failure *smtpd_answer_why(const struct envelope *e)
{
	size_t accepted;
	const struct failure *why = worst(e, &accepted);

	return why ? why : waits_why(e);
}

int smtpd_answer_verdicts(struct smtpd_answer *a, struct job *j)
{
	const struct envelope *e = &j->mail.envelope;
	char text[1024] = "Ok";
	size_t accepted;
	const struct failure *why = worst(e, &accepted);

	buf_start(&a->lines, ANSWER_MAX);
	if (why)
		return add_bad_news(&a->lines, &a->code, e, why, accepted);
	a->code = 250;
	if (j->spooled)
		say_waiting(j, text, sizeof text);
	else if (e->answer)
		printable(text, sizeof text, slice_of(e->answer->text));
	return buf_printf(&a->lines, "2.0.0 %s", text);
}
