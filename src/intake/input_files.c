#include "intake/input_files.h"

#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/digests.h"
#include "intake/feed.h"
#include "intake/receiver.h"

struct input_files {
	struct input_files_order order;
	time_t began;
	struct feed *current; /* the feed that is read, or NULL */
	size_t next;	      /* the path after it */
	struct feed *only;    /* for paths that are opened when it is their turn */
	struct feed **kept;   /* for each path: a feed that stays open, since it cannot be opened again, or NULL */
	uint64_t *size;       /* for each path that is a mailbox file: what it had at the beginning */
	uint64_t number;      /* of the mail that was read last */
	const struct ledger *ledger; /* or NULL */
	struct batch_input input;
	struct digests seen;  /* (key, recipient) of the mails so far: the mail's number */
};

static int open_path(struct input_files *in, struct feed *feed, size_t i, struct failure *f)
{
	if (feed_open(feed, in->order.path[i], in->order.request, in->order.intake, f) < 0)
		return -1;
	feed->maildir.run.began = feed->eml.run.began = in->began; /* mail that has come since is left for the next run */
	return 0;
}

/* Opens each path once, so that a wrong name is told before a mail has left, and keeps what cannot be opened again. */
static int look_at_paths(struct input_files *in, struct arena *run, struct failure *f)
{
	const size_t paths = in->order.paths;
	struct feed *feed = NULL;
	bool input = false;

	for (size_t i = 0; i < paths; i++) {
		const bool again = input && strcmp(in->order.path[i], "-") == 0;

		input |= strcmp(in->order.path[i], "-") == 0;
		if (again)
			return fail(f, AT_USAGE, EX_USAGE, "standard input (-) is named twice");
		if (!feed)
			feed = arena_zeroed(run, 1, sizeof *feed);
		if (open_path(in, feed, i, f) < 0) {
			if (paths == 1 || f->exit != EX_DATAERR)
				return -1;
			continue; /* that it holds no mail is said when it is its turn */
		}
		in->size[i] = feed->kind == FEED_MBOX ? feed->mbox.in.size : 0;
		if (paths == 1 || feed->copied) {
			in->kept[i] = feed;
			feed = NULL;
		} else {
			feed_close(feed);
		}
	}
	in->only = feed ? feed : arena_zeroed(run, 1, sizeof *feed);
	return 0;
}

int input_files_open(struct input_files **out, struct arena *run, const struct input_files_order *o, struct failure *f)
{
	struct input_files *in = arena_zeroed(run, 1, sizeof *in);

	*in = (struct input_files){.order = *o, .began = clock_wall(), .kept = arena_zeroed(run, o->paths, sizeof(struct feed *)),
				    .size = arena_zeroed(run, o->paths, sizeof *in->size)};
	if (look_at_paths(in, run, f) < 0) {
		input_files_close(in);
		return -1;
	}
	*out = in;
	return 0;
}

/* Leaves the feed that was read, and closes it unless it is kept. */
static void leave_current(struct input_files *in)
{
	if (in->current && in->current == in->only)
		feed_close(in->current);
	in->current = NULL;
}

void input_files_close(struct input_files *in)
{
	if (!in)
		return;
	leave_current(in);
	for (size_t i = 0; i < in->order.paths; i++)
		if (in->kept[i])
			feed_close(in->kept[i]);
	digests_free(&in->seen);
}

/* Opens a path when it is its turn. What has come to a mailbox since the beginning is left for the next run, as it may be half a mail. */
static int open_again(struct input_files *in, struct feed *feed, size_t i, struct failure *f)
{
	if (open_path(in, feed, i, f) < 0)
		return -1;
	if (feed->kind != FEED_MBOX || feed->mbox.in.size == in->size[i])
		return 0;
	feed->mbox.in.size = in->size[i];
	if (feed_rewind(feed, f) == 0)
		return 0;
	feed_close(feed);
	return -1;
}

/* Goes on to the path after the current one. */
static int open_next(struct input_files *in, struct failure *f)
{
	const size_t i = in->next++;
	struct feed *feed = in->kept[i] ? in->kept[i] : in->only;

	if (in->kept[i] ? feed_rewind(feed, f) < 0 : open_again(in, feed, i, f) < 0)
		return -1;
	feed->id.ledger = in->ledger;
	in->current = feed;
	return 0;
}

/* No earlier mail has the key and one of the recipients of this one. */
static int note_mail(struct input_files *in, const struct feed_item *item, struct failure *f)
{
	const struct envelope *e = &item->job->mail.envelope;
	unsigned char digest[SHA256_OCTETS];
	char who[256];

	if (digests_reserve(&in->seen, e->recipients) < 0)
		return fail(f, AT_INPUT, EX_OSERR, "no memory for the keys of so many mails");
	for (size_t i = 0; i < e->recipients; i++) {
		uint64_t before;

		ledger_name_digest(digest, slice_of(item->key), slice_of(e->recipient[i].address));
		before = digests_find(&in->seen, digest);
		if (before) {
			slice_printable(who, sizeof who, slice_of(e->recipient[i].address));
			return fail(f, AT_INPUT, EX_DATAERR, "it is mail %llu once more, also to %s: not sent twice", (unsigned long long)before, who);
		}
	}
	for (size_t i = 0; i < e->recipients; i++) {
		ledger_name_digest(digest, slice_of(item->key), slice_of(e->recipient[i].address));
		digests_put(&in->seen, digest, in->number);
	}
	return 0;
}

static int take_item(struct input_files *in, struct feed_item *item, struct batch_mail *out, struct failure *f)
{
	if (note_mail(in, item, f) < 0) {
		receiver_free(item->job);
		return feed_in_place(in->current, f);
	}
	out->job = item->job;
	out->key = slice_of(item->key);
	return 1;
}

static int next_mail(void *ctx, struct batch_mail *out, struct failure *f)
{
	struct input_files *in = ctx;
	struct feed_item item;
	int rc = 0;

	*out = (struct batch_mail){.job = NULL};
	while (rc == 0) {
		if (!in->current && in->next == in->order.paths)
			return 0;
		if (!in->current && open_next(in, f) < 0) {
			out->file = in->order.path[in->next - 1];
			out->number = ++in->number;
			out->lost = in->next == in->order.paths;
			return -1;
		}
		rc = feed_next(in->current, &item, f);
		if (rc == 0)
			leave_current(in);
	}
	out->file = in->current->at.file;
	out->line = in->current->at.line;
	out->number = ++in->number;
	if (rc > 0)
		return take_item(in, &item, out, f);
	if (f->exit == EX_USAGE) /* nobody is named: of a single mail, who gives the options could have */
		f->exit = EX_DATAERR;
	out->lost = f->exit == EX_IOERR && in->next == in->order.paths;
	return -1;
}

static int begin_anew(void *ctx, struct failure *f)
{
	struct input_files *in = ctx;

	(void)f;
	leave_current(in);
	in->next = 0;
	in->number = 0;
	digests_free(&in->seen);
	return 0;
}

static void release(void *ctx, struct job *j)
{
	(void)ctx;
	receiver_free(j);
}

const struct batch_input *input_files_input(struct input_files *in)
{
	in->input = (struct batch_input){.ctx = in, .next = next_mail, .rewind = begin_anew, .release = release};
	return &in->input;
}

void input_files_use(struct input_files *in, const struct ledger *l)
{
	in->ledger = l;
	if (in->current)
		in->current->id.ledger = l;
}
