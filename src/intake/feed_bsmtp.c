#include "intake/feed_bsmtp.h"

#include <sysexits.h>

static void put_item(struct feed_bsmtp *b, struct job *j, const char *key, const struct failure *why, bool outside)
{
	*b->item = (struct bsmtp_item){.job = j, .key = key, .outside = outside};
	if (why)
		b->item->why = *why;
	b->item = NULL;
}

/* A command was refused: nothing of its transaction is sent. Outside of a transaction the failure is an item of its own. */
static int poison(struct feed_bsmtp *b, const struct failure *why)
{
	struct receiver *r = &b->in;

	if (r->health == RECEIVER_GOOD) {
		r->why = *why;
		r->health = RECEIVER_POISONED;
	}
	return 0;
}

static int feed_refuse(void *ctx, const struct failure *why, struct failure *f)
{
	(void)f;
	return poison(ctx, why);
}

static int feed_answer(void *ctx, enum receiver_answer kind, int code, const char *lines, struct failure *f)
{
	struct feed_bsmtp *b = ctx;
	struct failure why;

	(void)f;
	if (kind != RECEIVER_REFUSED && kind != RECEIVER_FULL)
		return 0;
	smtp_words_refuse(&why, code, "", lines); /* the enhanced code stands in front of the text */
	if (b->in.phase == RECEIVER_IDLE)
		put_item(b, NULL, NULL, &why, true);
	return poison(b, &why);
}

static int feed_admit(void *ctx, const char *sender, struct failure *why)
{
	struct feed_bsmtp *b = ctx;

	return intake_account(b->intake, b->in.job, &b->in.said, *sender ? sender : NULL, NULL, why);
}

/* The key of the message, or NULL where it cannot be taken. */
static const char *take_key(struct feed_bsmtp *b)
{
	struct receiver *r = &b->in;
	struct job *j = r->job;
	const char *key = NULL;

	if (r->health != RECEIVER_GOOD)
		return NULL;
	if (feed_key_of(&key, &j->message, &j->arena, &r->said, &r->why) < 0)
		r->health = RECEIVER_FAILED;
	b->id->key = key;
	return key;
}

static int feed_message(void *ctx, struct failure *f)
{
	struct feed_bsmtp *b = ctx;
	struct receiver *r = &b->in;
	const char *key = NULL;

	(void)f;
	if (b->id)
		key = take_key(b);
	if (r->health == RECEIVER_GOOD && intake_take(b->intake, r->job, &r->said, &r->why) < 0)
		r->health = RECEIVER_FAILED;
	if (r->health == RECEIVER_GOOD)
		put_item(b, receiver_give_job(r), key, NULL, false);
	else
		put_item(b, NULL, NULL, &r->why, false);
	return 0;
}

int feed_bsmtp_open(struct feed_bsmtp *b, const struct request *asked, struct intake *n, int fd, struct failure *f)
{
	*b = (struct feed_bsmtp){.intake = n, .in = {.asked = asked, .bsmtp = true}};
	b->in.client = (struct receiver_client){.ctx = b, .answer = feed_answer, .refuse = feed_refuse, .admit = feed_admit, .message = feed_message};
	return receiver_open(&b->in, fd, -1, f);
}

void feed_bsmtp_close(struct feed_bsmtp *b)
{
	receiver_close(&b->in);
}

int feed_bsmtp_next(struct feed_bsmtp *b, bool wait, struct bsmtp_item *item, struct failure *f)
{
	struct receiver *r = &b->in;
	int got = RECEIVER_WENT_ON;

	b->item = item;
	r->io.nowait = !wait;
	while (b->item && got == RECEIVER_WENT_ON)
		got = receiver_step(r, f);
	if (!b->item)
		return FEED_GOT;
	if (got == RECEIVER_END && (r->phase == RECEIVER_OPEN || r->phase == RECEIVER_IN_BDAT || receiver_is_inside(r)))
		return fail(f, AT_INPUT, EX_NOINPUT, "the input ended in the middle of a message: it was not sent");
	return got == RECEIVER_LATER ? FEED_LATER : got;
}
