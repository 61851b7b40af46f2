#include "post/result_json.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/ending.h"
#include "base/json.h"
#include "conf/relay.h"
#include "post/defer.h"
#include "post/hint.h"
#include "post/logline.h"

const char result_json_ended[] =
	"{\"outcome\":\"failed\",\"status\":75,\"exitcode\":\"EX_TEMPFAIL\",\"queue_id\":null,\"message_id\":null,\"account\":null,"
	"\"sender\":null,\"message_size\":null,\"relay\":null,\"relay_id\":null,\"error\":\"" ENDING_TOLD "\",\"stage\":\"input\",\"code\":null,"
	"\"enhanced\":null,\"reply\":\"" ENDING_TOLD "\",\"hint\":null,\"needs_admin\":false,\"cannot_wait\":null,\"recipients\":[],"
	"\"more_recipients\":0,\"tls\":false,\"auth\":false,\"ms\":0}\n";

/* Appends "name":"text", or null for NULL and the empty text. */
static int add_text(struct buf *out, const char *name, const char *text)
{
	if (buf_printf(out, ",\"%s\":", name) < 0)
		return -1;
	return text && *text ? json_text(out, slice_of(text)) : buf_text(out, "null");
}

static int add_number(struct buf *out, const char *name, bool known, uint64_t number)
{
	return known ? buf_printf(out, ",\"%s\":%" PRIu64, name, number) : buf_printf(out, ",\"%s\":null", name);
}

static int add_bool(struct buf *out, const char *name, bool is)
{
	return buf_printf(out, ",\"%s\":%s", name, is ? "true" : "false");
}

/* What the mail as a whole came to. Who has it, or whom the queue keeps it for, is taken care of. */
static const char *outcome_of(const struct tally *t, int status)
{
	size_t taken = t->accepted + t->waits, lost = t->refused + t->unsure + t->pending;

	if (status == EX_OK && !t->waits)
		return t->accepted ? "sent" : "untried";
	if (status == EX_OK)
		return "waits";
	if (taken)
		return "partly";
	return t->refused && t->refused == lost ? "refused" : "failed";
}

static const char *state_of(const struct recipient *r, bool tried)
{
	const char *word = verdict_word(r->verdict);

	return word ? word : tried ? "failed" : "untried";
}

/* Stage, codes, words and hint of an answer or a failure; all null without one. */
static int add_answer(struct buf *out, const struct failure *said, bool failed)
{
	char words[FAILURE_WORDS], hint[2 * sizeof said->hint] = "";
	struct failure shown = {.text = ""};

	if (said)
		shown = *said;
	if (said && failed) {
		hint_add(&shown);
		slice_printable(hint, sizeof hint, slice_of(shown.hint));
	}
	if (add_text(out, "stage", said ? stage_words(said->stage) : NULL) < 0 || add_number(out, "code", shown.code, (uint64_t)shown.code) < 0 ||
	    add_text(out, "enhanced", shown.enhanced) < 0 || add_text(out, "reply", failure_words(words, &shown, 0, NULL)) < 0)
		return -1;
	return add_text(out, "hint", hint);
}

/* What the relay said when it took the mail. NULL: its last word was about another transaction, which it did not take. */
static const struct failure *taken_with(const struct envelope *e)
{
	return e->answer && e->answer->code / 100 == 2 ? e->answer : NULL;
}

static int add_recipient(struct buf *out, const struct job *j, const struct recipient *r, const struct tally *t)
{
	const struct failure *why = r->why;

	if (r->verdict == PENDING && !why) /* nobody was tried: what kept the mail from it kept it from him */
		why = t->decides;
	if (buf_text(out, "{\"address\":") < 0 || json_text(out, slice_of(r->address)) < 0 || add_text(out, "state", state_of(r, why)) < 0)
		return -1;
	if (add_answer(out, r->verdict == ACCEPTED ? taken_with(&j->mail.envelope) : why, r->verdict != ACCEPTED) < 0)
		return -1;
	return buf_text(out, "}");
}

static int add_recipients(struct buf *out, const struct job *j, const struct tally *t)
{
	const struct envelope *e = &j->mail.envelope;
	size_t i;

	if (buf_text(out, ",\"recipients\":[") < 0)
		return -1;
	for (i = 0; i < e->recipients && out->len < RESULT_JSON_MAX / 2; i++)
		if ((i && buf_text(out, ",") < 0) || add_recipient(out, j, &e->recipient[i], t) < 0)
			return -1;
	return buf_printf(out, "],\"more_recipients\":%zu", e->recipients - i);
}

/* The relay that spoke last, else the account's: a fallback may have taken the mail. A provider of tokens is none. */
static int add_relay(struct buf *out, const struct job *j, const struct failure *said)
{
	const struct account *a = j->account;
	char relay[sizeof said->relay] = "";

	if (a && (*a->socket || *a->host))
		account_relay(a, relay, sizeof relay);
	return add_text(out, "relay", said && *said->relay && said->stage != AT_TOKEN ? said->relay : relay);
}

static int add_message(struct buf *out, const struct job *j)
{
	const struct mail *m = &j->mail;
	struct arena scratch = {.block = NULL};
	const char *id = m->form7 ? mail_message_id(m, &scratch) : header_message_id(&j->message.header);
	int rc = add_text(out, "message_id", id);

	arena_free(&scratch);
	if (rc < 0 || add_text(out, "account", j->account ? j->account->name : NULL) < 0)
		return -1;
	/* The null sender is an empty text; null: nobody knows the sender yet. */
	if (m->envelope.sender && !*m->envelope.sender)
		rc = buf_text(out, ",\"sender\":\"\"");
	else
		rc = add_text(out, "sender", m->envelope.sender);
	return rc < 0 ? -1 : add_number(out, "message_size", m->form7, m->envelope.octets ? m->envelope.octets : m->form7 ? m->form7->size : 0);
}

/* The mail waits in vain for somebody until an administrator mends something. */
static bool needs_admin(const struct envelope *e)
{
	for (size_t i = 0; i < e->recipients; i++)
		if (e->recipient[i].verdict == WAITS && e->recipient[i].why && defer_needs_admin(e->recipient[i].why))
			return true;
	return false;
}

int result_json(struct buf *out, const struct job *j, const struct tally *t, int status)
{
	const struct failure *answer = taken_with(&j->mail.envelope), *said = t->decides ? t->decides : answer;
	struct slice theirs = logline_queue_id(answer ? answer->text : "");
	char words[FAILURE_WORDS], kept[FAILURE_WORDS], id[100] = "";

	slice_printable(id, sizeof id, theirs);
	if (buf_printf(out, "{\"outcome\":\"%s\",\"status\":%d,\"exitcode\":\"%s\"", outcome_of(t, status), status, exit_words(t->status)) < 0 ||
	    add_text(out, "queue_id", j->spooled) < 0 || add_message(out, j) < 0 || add_relay(out, j, said) < 0 || add_text(out, "relay_id", id) < 0)
		return -1;
	if (add_text(out, "error", t->decides ? failure_words(words, t->decides, WORDS_WHERE | WORDS_CODE, NULL) : NULL) < 0 ||
	    add_answer(out, said, t->decides) < 0 || add_bool(out, "needs_admin", needs_admin(&j->mail.envelope)) < 0 ||
	    add_text(out, "cannot_wait", j->unkept ? failure_words(kept, j->unkept, 0, NULL) : NULL) < 0)
		return -1;
	if (add_recipients(out, j, t) < 0 || add_bool(out, "tls", j->encrypted) < 0 || add_bool(out, "auth", j->authenticated) < 0)
		return -1;
	return buf_printf(out, ",\"ms\":%" PRId64 "}\n", j->began ? clock_steady() - j->began : 0);
}
