#include "cli/batch_events.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "post/hint.h"
#include "post/verdict.h"

/* The words that a single mail has with --json, but for two that programs know of a batch by other names. */
static const char *state_of(enum verdict v)
{
	const char *word = verdict_word(v);

	if (v == UNSURE)
		return "doubt";
	if (v == WAITS)
		return "queued";
	return word ? word : "waits";
}

static int add_text(struct buf *out, const char *name, const char *text)
{
	return buf_printf(out, ",\"%s\":", name) < 0 || json_text(out, slice_of(text)) < 0 ? -1 : 0;
}

static int add_place(struct buf *out, const struct batch_event *e)
{
	if (buf_printf(out, "{\"event\":\"%s\",\"number\":%" PRIu64 ",\"line\":%" PRIu64, e->what == BATCH_BAD ? "bad" : "mail", e->number, e->line) < 0)
		return -1;
	return add_text(out, "file", e->file ? e->file : "");
}

static int add_reason(struct buf *out, const char *name, const struct failure *why)
{
	char words[FAILURE_WORDS];

	return add_text(out, name, failure_words(words, why, why->code ? WORDS_CODE : WORDS_WHERE, NULL));
}

static int add_recipient(struct buf *out, const struct recipient *r, const struct failure *answer)
{
	const struct failure *why = r->verdict == ACCEPTED ? answer : r->why;

	if (buf_text(out, "{\"address\":") < 0 || json_text(out, slice_of(r->address)) < 0 || add_text(out, "state", state_of(r->verdict)) < 0)
		return -1;
	if (why && (buf_printf(out, ",\"code\":%d", why->code) < 0 || add_reason(out, "reply", why) < 0))
		return -1;
	return buf_text(out, "}");
}

static int add_mail(struct buf *out, const struct batch_event *e)
{
	const struct job *j = e->job;
	const struct envelope *to = &j->mail.envelope;

	if (buf_text(out, ",\"key\":") < 0 || json_text(out, e->key) < 0 || add_text(out, "account", j->account->name) < 0 || add_text(out, "sender", to->sender) < 0 ||
	    buf_printf(out, ",\"message_size\":%" PRIu64 ",\"again\":%s,\"recipients\":[", to->octets, e->again ? "true" : "false") < 0)
		return -1;
	for (size_t i = 0; i < to->recipients; i++)
		if ((i && buf_text(out, ",") < 0) || add_recipient(out, &to->recipient[i], to->answer) < 0)
			return -1;
	return buf_text(out, "]}\n");
}

/* What all mails wait for, and its end. */
static int add_waits(struct buf *out, const struct batch_event *e)
{
	if (!e->words)
		return buf_text(out, "{\"event\":\"goes_on\"}\n");
	if (buf_text(out, "{\"event\":\"waits\"") < 0 || add_text(out, "for", e->words) < 0 || (e->until && buf_printf(out, ",\"until\":%lld", (long long)e->until) < 0))
		return -1;
	return buf_text(out, "}\n");
}

static int add_kept_out(struct buf *out, const struct batch_event *e)
{
	struct failure f = *e->why;

	hint_add(&f);
	if (buf_printf(out, "{\"event\":\"kept_out\",\"before\":%s", e->before ? "true" : "false") < 0 || add_reason(out, "reason", &f) < 0 ||
	    (*f.hint && add_text(out, "hint", f.hint) < 0))
		return -1;
	return buf_text(out, "}\n");
}

static int add_event(struct buf *out, const struct batch_event *e)
{
	if (e->what == BATCH_WAITS)
		return add_waits(out, e);
	if (e->what == BATCH_KEPT_OUT)
		return add_kept_out(out, e);
	if (add_place(out, e) < 0)
		return -1;
	if (e->what == BATCH_RESULT)
		return add_mail(out, e);
	return add_reason(out, "reason", e->why) < 0 ? -1 : buf_text(out, "}\n");
}

void batch_event_print(const struct batch_event *e)
{
	struct buf out;
	int rc;

	if (e->what == BATCH_TICK)
		return;
	buf_start(&out, EVENT_MAX);
	rc = add_event(&out, e);
	if (rc == 0)
		fwrite(out.p, 1, out.len, stdout);
	else
		log_warning("mail %" PRIu64 " is too large for --json", e->number);
	fflush(stdout); /* a program that reads them acts on each */
	buf_free(&out);
}

void batch_event_print_sum(const struct batch_sum *s, const char *ledger, const char *failed, int status)
{
	const struct { const char *name; uint64_t count; } counts[] = {
		{"before", s->before - s->before_refused}, {"before_refused", s->before_refused}, {"accepted", s->accepted}, {"refused", s->refused},
		{"waits", s->waits}, {"doubt", s->doubtful}, {"queued", s->spooled}, {"bad", s->bad}, {"left", s->left},
	};
	struct buf out;
	int rc;

	buf_start(&out, EVENT_MAX);
	rc = buf_printf(&out, "{\"event\":\"sum\",\"mails\":%" PRIu64, s->seen);
	for (size_t i = 0; rc == 0 && i < sizeof counts / sizeof *counts; i++)
		rc = buf_printf(&out, ",\"%s\":%" PRIu64, counts[i].name, counts[i].count);
	if (rc == 0 && buf_printf(&out, ",\"sessions\":%zu,\"status\":%d", s->crew.sessions, status) == 0 && add_text(&out, "ledger", ledger) == 0 &&
	    (!failed || add_text(&out, "failed", failed) == 0) && buf_text(&out, "}\n") == 0)
		fwrite(out.p, 1, out.len, stdout);
	buf_free(&out);
}
