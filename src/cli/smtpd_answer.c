#include "cli/smtpd_answer.h"

#include <string.h>
#include <sysexits.h>

#include "base/unicode.h"
#include "mail/address.h"
#include "post/hint.h"
#include "post/result.h"
#include "post/verdict.h"

/* LINE_SHOWN: what a line has room for behind the name of mail that waits (RFC 5321 4.5.3.1.5), of it HINT_SHOWN for a hint. */
enum { ANSWER_MAX = 16 * 1024, WHO_TOLD = 10, LINE_SHOWN = 430, HINT_SHOWN = 260 };

/* The relay's code is about a command or parameter of ours: the client would take it for one about its own. */
static bool is_of_our_dialogue(int code)
{
	return (code >= 500 && code <= 504) || code == 555;
}

/* Code and enhanced code for the client. */
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
	/* The relay's own code is passed on only if it is of the same class: a 530 at our login is no refusal of the client's
	 * mail. */
	if (why->code / 100 == *code / 100 && why->code != 421) {
		*code = is_of_our_dialogue(why->code) ? 554 : why->code;
		*enhanced = *why->enhanced ? why->enhanced : *enhanced;
	}
}

/* Appends a line with the enhanced code, the stage and the words, and the hint as another line. Where the answer's class is not
 * that of the relay's reply to this recipient, the relay's code is shown, too. */
static int add_failure(struct buf *out, const struct failure *why, const char *whom, const char *enhanced)
{
	struct failure shown = *why;
	char words[FAILURE_WORDS], hint[2 * sizeof shown.hint], address[4 * ADDRESS_MAX + 1];
	bool differs = why->code && *enhanced && why->code / 100 != *enhanced - '0';

	hint_add(&shown);
	slice_printable(hint, sizeof hint, slice_of(shown.hint));
	if (out->len && buf_text(out, "\n") < 0)
		return -1;
	slice_printable(address, sizeof address, slice_of(whom ? whom : ""));
	if ((*enhanced && buf_printf(out, "%s ", enhanced) < 0) || (whom && buf_printf(out, "<%s>: ", address) < 0))
		return -1;
	if (buf_text(out, failure_words(words, &shown, (whom ? 0 : WORDS_WHERE) | (differs ? WORDS_CODE : 0), NULL)) < 0)
		return -1;
	return *hint ? buf_printf(out, "\n%s %s", enhanced, hint) : 0;
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

/* The failure that decides the answer: who may be tried again wants a 4yz, or nobody would try. NULL: there is no bad news. */
static const struct failure *bad_news(const struct tally *t)
{
	return t->retry ? t->retry : t->refused || t->pending ? t->decides : NULL;
}

static bool is_told(const void *unused, const struct recipient *r)
{
	(void)unused;
	return r->verdict != ACCEPTED && r->verdict != WAITS;
}

/* Appends a line for every failure, each failure once. */
static int add_verdicts(struct buf *out, const struct envelope *e, const char *enhanced)
{
	const struct recipient *told[WHO_TOLD];
	size_t more, lines = tally_failures(e, is_told, NULL, told, WHO_TOLD, &more);

	for (size_t i = 0; i < lines; i++) {
		const struct failure *why = told[i]->why;

		if (add_failure(out, why, why->stage == AT_RECIPIENT ? told[i]->address : NULL,
				why->enhanced[0] == enhanced[0] ? why->enhanced : enhanced) < 0)
			return -1;
	}
	return more ? buf_printf(out, "\n%s and %zu more", enhanced, more) : 0;
}

static int add_bad_news(struct smtpd_answer *a, const struct envelope *e, const struct tally *t)
{
	struct buf *out = &a->lines;
	const char *enhanced;
	bool again;

	code_of(bad_news(t), &a->code, &enhanced);
	/* After a 4yz the client sends to all recipients again, and those that have the mail would get it with every try. */
	again = t->accepted && a->code < 500;
	if (again) {
		a->code = 554;
		enhanced = "5.0.0";
	}
	if (add_verdicts(out, e, enhanced) < 0)
		return -1;
	/* These recipients get the mail whatever the client does: a client that sends to all again sends it to them twice. */
	if (t->waits && buf_printf(out, "\n%s it waits for %zu of the %zu recipients, and is tried again", enhanced, t->waits, e->recipients) < 0)
		return -1;
	if (!t->accepted)
		return 0;
	return buf_printf(out, "\n%s the relay has accepted it for %zu of the %zu recipients%s", enhanced, t->accepted, e->recipients,
			  !again ? "" : t->waits ? ": send it again to those who are named only" : ": send it again to the others only");
}

const struct failure *smtpd_answer_why(const struct envelope *e)
{
	struct tally t = tally_of(e);

	return bad_news(&t) ? bad_news(&t) : t.decides;
}

/* The mail waits. The reason may be one that a person can mend: then what to change stands behind it, in the same line, which clients
 * show. */
static int add_waits(struct buf *out, const struct job *j, const struct failure *why)
{
	char words[FAILURE_WORDS], hint[HINT_SHOWN + 1];
	struct failure shown;
	struct slice said;

	if (!why)
		return buf_printf(out, "2.0.0 Ok: " SERVICE_WAITS "%s", j->spooled);
	shown = *why;
	hint_add(&shown);
	slice_printable(hint, sizeof hint, slice_of(shown.hint));
	said = unicode_shortened(slice_of(failure_words(words, why, WORDS_WHERE | WORDS_CODE, NULL)), LINE_SHOWN - strlen(hint));
	return buf_printf(out, "2.0.0 Ok: " SERVICE_WAITS "%s: %.*s%s%s", j->spooled, (int)said.len, said.p, *hint ? SERVICE_HINT : "", hint);
}

int smtpd_answer_verdicts(struct smtpd_answer *a, const struct job *j)
{
	const struct envelope *e = &j->mail.envelope;
	struct tally t = tally_of(e);
	char text[1024] = "";

	buf_start(&a->lines, ANSWER_MAX);
	if (bad_news(&t))
		return add_bad_news(a, e, &t);
	a->code = 250;
	if (j->spooled)
		return add_waits(&a->lines, j, t.decides);
	slice_printable(text, sizeof text, slice_of(e->answer ? e->answer->text : "Ok"));
	return buf_printf(&a->lines, "2.0.0 %s", text);
}
