#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/ending.h"
#include "cli/behind.h"
#include "cli/smtpd.h"
#include "intake/identity.h"
#include "post/hint.h"
#include "post/result.h"
#include "post/submit.h"

enum { ANSWER_MAX = 16 * 1024, WHO_TOLD = 10 };

void smtpd_reset(struct smtpd *s)
{
	message_close(&s->job.mail.message);
	arena_free(&s->job.arena);
	s->job = (struct job){.began = clock_steady(), .mail.message.held = -1};
	s->job.peer = s->peer.name;
	s->job.uid = s->peer.counted;
	s->job.dialogue = !s->batch;
	s->request = s->options->request;
	s->mail = s->bdat = s->spoilt = s->wrong = false;
	s->octets = 0;
}

void smtpd_begin_message(struct smtpd *s)
{
	message_begin(&s->job.mail.message, &s->job.arena, 0);
}

const struct account *smtpd_usual(struct smtpd *s)
{
	struct failure unused;

	if (!s->looked && book_account(&s->intake.book, s->options->request.account, NULL, &s->usual, &unused) < 0)
		s->usual = NULL;
	s->looked = true;
	return s->usual;
}

uint64_t smtpd_limit(struct smtpd *s)
{
	const struct account *a = s->job.account ? s->job.account : smtpd_usual(s);

	if (s->peer.known && (!a || !setting_is_set(a, SET_message_size_limit)))
		return SERVICE_OCTETS;
	return a ? a->message_size_limit : 0;
}

bool smtpd_is_endless(struct smtpd *s, uint64_t more)
{
	return s->peer.known && smtpd_limit(s) && (s->octets + more) / 2 > smtpd_limit(s);
}

/* After the first thing that went wrong the rest is read, and forgotten. */
void smtpd_text(void *smtpd, char *p, size_t len)
{
	struct smtpd *s = smtpd;

	s->octets += len;
	if (s->wrong)
		return;
	if (smtpd_limit(s) && s->octets > smtpd_limit(s)) {
		smtpd_refuse(&s->why, 552, "5.3.4", "the message is larger than message_size_limit");
		message_close(&s->job.mail.message); /* and what came of it takes no room */
	} else if (message_add(&s->job.mail.message, p, len, &s->why) == 0)
		return;
	s->wrong = true;
}

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

int smtpd_say_failure(struct smtpd *s, const struct failure *why, struct failure *f)
{
	const char *enhanced = why->enhanced;
	int code = why->code, ok;
	struct buf out;

	/* Our own words to the client carry their code already. */
	if (why->stage != AT_USAGE || !code)
		code_of(why, &code, &enhanced);
	buf_start(&out, ANSWER_MAX);
	ok = add_failure(&out, why, NULL, enhanced);
	if (ok == 0)
		ok = smtpd_say(s, code, out.p, f);
	buf_free(&out);
	return ok;
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

static void say_waiting(struct smtpd *s, char *to, size_t room)
{
	const struct failure *why = waits_why(&s->job.mail.envelope);
	char words[FAILURE_WORDS];

	snprintf(to, room, "Ok: " SERVICE_WAITS "%s%s%.900s", s->job.spooled, why ? ": " : "",
		 why ? failure_words(words, why, WORDS_WHERE | WORDS_CODE, NULL) : "");
}

/* Who runs the service hears what is wrong; of the client's own mistakes as well. */
static void tell_service(struct smtpd *s)
{
	const struct envelope *e = &s->job.mail.envelope;
	size_t accepted;
	const struct failure *why = worst(e, &accepted);

	if (!why)
		why = waits_why(e);
	if (why)
		service_tell(&s->peer, &s->job, why);
}

static int say_verdicts(struct smtpd *s, struct failure *f)
{
	const struct envelope *e = &s->job.mail.envelope;
	const struct failure *why;
	size_t accepted;
	struct buf out;
	int code, ok;

	why = worst(e, &accepted);
	buf_start(&out, ANSWER_MAX);
	if (!why) {
		char text[1024] = "Ok";

		if (s->job.spooled)
			say_waiting(s, text, sizeof text);
		else if (e->answer)
			printable(text, sizeof text, slice_of(e->answer->text));
		ok = buf_printf(&out, "2.0.0 %s", text);
		code = 250;
	} else {
		ok = add_bad_news(&out, &code, e, why, accepted);
	}
	if (ok == 0)
		ok = smtpd_say(s, code, out.p, f);
	else
		fail(f, AT_INPUT, EX_OSERR, "no memory for an answer");
	buf_free(&out);
	return ok;
}

/* What was in hand has been answered. A client hears that we go (RFC 5321 3.8); of a batch the rest is left. */
static int end_if_told(struct smtpd *s, const struct ending *held, struct failure *f)
{
	if (!ending_asked()) {
		ending_release(held);
		return 0;
	}
	s->quit = true;
	if (s->batch)
		return fail(f, AT_INPUT, EX_TEMPFAIL, "mysend was told to end: %zu of %zu messages have been handed over, what follows has not been read", s->taken,
			    s->taken + s->refused);
	return smtpd_say(s, 421, "4.3.2 mysend was told to end", f);
}

static int hand_over(struct smtpd *s, struct failure *f)
{
	struct ending held;

	if (s->options->dry_run) {
		s->taken++;
		return intake_print(&s->job, f);
	}
	ending_hold(&held);
	submit(&s->job, &s->link);
	if (result_tell(&s->job, true) == EX_OK) {
		s->taken++;
		s->errors = s->full = 0;
	} else {
		s->refused++;
		if (!s->options->quiet)
			result_unkept(&s->job);
	}
	tell_service(s);
	if (s->options->background && s->job.spooled && !s->batch && !ending_asked())
		behind_try(s->options, &s->job.arena, s->job.spooled);
	s->behind |= s->job.spooled != NULL;
	return say_verdicts(s, f) < 0 ? -1 : end_if_told(s, &held, f);
}

/* With a null sender the account is known only now that there is a From field: whom it lets send is for that one to say. */
static int stamp(struct smtpd *s, struct failure *f)
{
	struct aliases *unused;

	if (!s->peer.known)
		return 0;
	if (intake_account(&s->intake, &s->job, &s->request, identity_for_choice(&s->job, &s->request), &unused, f) < 0)
		return -1;
	return service_stamp(&s->peer, &s->job, s->request.sender, s->extended, f);
}

int smtpd_end_message(struct smtpd *s, struct failure *f)
{
	size_t refused = s->refused;
	int ok;

	if (s->spoilt)
		s->wrong = true;
	if (!s->wrong && (message_end(&s->job.mail.message, &s->why) < 0 ||
			  stamp(s, &s->why) < 0 ||
			  intake_take(&s->intake, &s->job, &s->request, &s->why) < 0))
		s->wrong = true;
	if (s->wrong) {
		s->refused++;
		service_tell(&s->peer, &s->job, &s->why);
		ok = smtpd_say_failure(s, &s->why, f);
	} else {
		ok = hand_over(s, f);
	}
	smtpd_reset(s);
	if (ok == 0 && s->peer.known && s->refused > refused && smtpd_is_too_much(s))
		ok = smtpd_too_much(s, f);
	return ok;
}
