#include "intake/receiver_text.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

struct job *receiver_make_job(void)
{
	struct arena in = {.block = NULL};
	struct job *j = arena_zeroed(&in, 1, sizeof *j);

	*j = (struct job){.began = clock_steady(), .arena = in};
	return j;
}

void receiver_free(struct job *j)
{
	struct arena in;

	if (!j)
		return;
	message_close(&j->message);
	in = j->arena;
	arena_free(&in);
}

struct job *receiver_give_job(struct receiver *r)
{
	struct job *j = r->job;

	r->job = NULL;
	return j;
}

void receiver_reset(struct receiver *r)
{
	receiver_free(r->job);
	r->job = receiver_make_job();
	r->said.sender = NULL;
	r->said.recipient = NULL; /* the recipients were in the arena of the job that was freed */
	r->said.recipients = r->said.recipient_room = 0;
	r->health = RECEIVER_GOOD;
	r->octets = 0;
	if (r->phase != RECEIVER_OVER)
		r->phase = RECEIVER_IDLE;
}

void receiver_end(struct receiver *r)
{
	r->phase = RECEIVER_OVER;
}

bool receiver_is_inside(const struct receiver *r)
{
	return r->phase == RECEIVER_IN_DATA || r->chunk.left;
}

uint64_t receiver_limit(const struct receiver *r)
{
	const struct account *a = r->job && r->job->account ? r->job->account : r->usual;

	if (r->largest && (!a || !setting_is_set(a, SET_message_size_limit)))
		return r->largest;
	return a ? a->message_size_limit : 0;
}

bool receiver_is_too_large(const struct receiver *r, uint64_t octets)
{
	return receiver_limit(r) && octets > receiver_limit(r);
}

/* The client sends so much that it is not read to its end: a message that is not kept is read up to twice its limit. */
bool receiver_is_endless(const struct receiver *r, uint64_t more)
{
	return r->largest && receiver_is_too_large(r, (r->octets + more) / 2);
}

int receiver_say(struct receiver *r, enum receiver_answer kind, int code, const char *lines, struct failure *f)
{
	return r->client.answer(r->client.ctx, kind, code, lines, f);
}

int receiver_refuse(struct receiver *r, int code, const char *text, struct failure *f)
{
	return receiver_say(r, RECEIVER_REFUSED, code, text, f);
}

void receiver_begin_text(struct receiver *r)
{
	message_begin(&r->job->message, &r->job->arena, 0);
}

/* Adds a piece to the message. After the first failure the rest is read and dropped. */
static void take_text(void *receiver, char *p, size_t len)
{
	struct receiver *r = receiver;

	r->octets += len;
	if (r->health != RECEIVER_GOOD)
		return;
	if (receiver_is_too_large(r, r->octets)) {
		smtp_words_refuse(&r->why, 552, "", RECEIVER_TOO_LARGE);
		message_close(&r->job->message); /* the message takes no more memory or disk */
	} else if (message_add(&r->job->message, p, len, &r->why) == 0)
		return;
	r->health = RECEIVER_FAILED;
}

static int end_message(struct receiver *r, struct failure *f)
{
	int rc;

	if (r->health == RECEIVER_GOOD && message_end(&r->job->message, &r->why) < 0)
		r->health = RECEIVER_FAILED;
	rc = r->client.message(r->client.ctx, f);
	receiver_reset(r);
	return rc;
}

int receiver_refuse_unready(struct receiver *r, struct failure *f)
{
	return receiver_refuse(r, 503, r->phase == RECEIVER_IDLE ? "5.5.1 say MAIL first" : "5.5.1 say RCPT first", f);
}

int receiver_end_chunk(struct receiver *r, struct failure *f)
{
	char text[40];

	if (r->phase != RECEIVER_IN_BDAT)
		return receiver_refuse_unready(r, f);
	/* RFC 3030 2: after a chunk that failed, all chunks get 503 until RSET. */
	if (r->chunk.last || r->health == RECEIVER_FAILED)
		return end_message(r, f);
	snprintf(text, sizeof text, "2.0.0 %" PRIu64 " octets", r->chunk.size);
	return receiver_say(r, r->chunk.size ? RECEIVER_FINE : RECEIVER_NO_MAIL, 250, text, f);
}

/* Takes a piece of the text after DATA. */
static int step_data(struct receiver *r, char *p, size_t len, struct failure *f)
{
	bool endless;
	int rc = 0;

	dialogue_consume(&r->io, data_parse(&r->data, p, len, take_text, r));
	endless = !r->data.ended && receiver_is_endless(r, 0);
	if (r->data.ended || endless)
		rc = end_message(r, f);
	if (endless)
		receiver_end(r);
	return rc;
}

/* Takes a piece of a chunk; a chunk that came too early is dropped. */
static int step_chunk(struct receiver *r, char *p, size_t len, struct failure *f)
{
	if (len > r->chunk.left)
		len = (size_t)r->chunk.left;
	if (r->phase == RECEIVER_IN_BDAT)
		take_text(r, p, len);
	dialogue_consume(&r->io, len);
	r->chunk.left -= len;
	return r->chunk.left ? 0 : receiver_end_chunk(r, f);
}

int receiver_step_text(struct receiver *r, struct failure *f)
{
	size_t len;
	char *p;
	int got = dialogue_some(&r->io, &p, &len, f);

	if (got != DIALOGUE_GOT)
		return got == DIALOGUE_LATER ? RECEIVER_LATER : got;
	got = r->chunk.left ? step_chunk(r, p, len, f) : step_data(r, p, len, f);
	return got < 0 ? -1 : RECEIVER_WENT_ON;
}
