#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>
#include <time.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/spooluser.h"
#include "post/verdict.h"

enum { OBJECT_MAX = 64 * 1024 * 1024 };

struct mailq_list {
	struct spooluser *spooluser;
	bool failed; /* lists failed/, and not queue/ */
	bool broken; /* standard output cannot be written any more */
	uint64_t octets;
	size_t count;
};

static const char *state_of(enum verdict v, bool failed)
{
	const char *word = v == WAITS ? NULL : verdict_word(v);

	return word ? word : failed ? "given up" : "waits";
}

/* Prints a text of the entry, made safe to show: an address may hold any character of Unicode, and the file may have been
 * changed. */
static void show_text(const char *before, const char *text, const char *behind, const char *more)
{
	char shown[2000];

	slice_printable(shown, sizeof shown, slice_of(text));
	printf("%s%s%s%s\n", before, shown, behind, more);
}

static void show_tries(const struct mailq_list *l, const struct entry *e)
{
	const char *word = e->attempts == 1 ? "try" : "tries";
	char next[40], before[120];
	struct tm tm;

	strftime(next, sizeof next, "%a %b %e %H:%M:%S", localtime_r(&e->next, &tm));
	if (l->failed)
		snprintf(before, sizeof before, "\t(given up after %u %s: ", e->attempts, word);
	else
		snprintf(before, sizeof before, "\t(%u %s, the next at %s: ", e->attempts, word, next);
	show_text(before, e->last, ")", "");
	if (e->hint && *e->hint)
		show_text("\t(hint: ", e->hint, ")", "");
}

static void show_entry(const struct mailq_list *l, const struct entry *e, bool busy)
{
	char arrived[40];
	struct tm tm;

	strftime(arrived, sizeof arrived, "%a %b %e %H:%M:%S", localtime_r(&e->arrived, &tm));
	printf("%s %10" PRIu64 " %s  ", e->id, e->size, arrived);
	show_text("", *e->envelope.sender ? e->envelope.sender : "<>", "", "");
	if (busy)
		puts("\t(it is being tried)");
	else if (e->on_hold && !l->failed)
		puts("\t(held)");
	else if (e->attempts || l->failed)
		show_tries(l, e);
	if (e->config)
		show_text("\t(configuration ", e->config, ")", "");
	for (size_t i = 0; i < e->envelope.recipients; i++) {
		const struct recipient *r = &e->envelope.recipient[i];

		show_text("\t", r->address, ": ", state_of(r->verdict, l->failed));
	}
}

static int print_object(struct buf *out, const struct mailq_list *l, const struct entry *e, bool busy)
{
	const char *queue = l->failed ? "failed" : busy ? "active" : e->on_hold ? "hold" : e->attempts ? "deferred" : "incoming";

	if (buf_printf(out, "{\"queue_name\":\"%s\",\"queue_id\":\"%s\",\"arrival_time\":%lld,\"message_size\":%" PRIu64
			    ",\"account\":", queue, e->id, (long long)e->arrived, e->size) < 0 ||
	    json_text(out, slice_of(e->account)) < 0 || (e->config && (buf_text(out, ",\"config\":") < 0 ||
	    json_text(out, slice_of(e->config)) < 0)) || buf_text(out, ",\"sender\":") < 0 ||
	    json_text(out, slice_of(e->envelope.sender)) < 0 ||
	    buf_printf(out, ",\"attempts\":%u,\"next_try\":%lld,\"last_reply\":", e->attempts, (long long)e->next) < 0 ||
	    json_text(out, slice_of(e->last)) < 0 || buf_text(out, ",\"hint\":") < 0 || json_text(out, slice_of(e->hint ? e->hint : "")) < 0 ||
	    buf_text(out, ",\"recipients\":[") < 0)
		return -1;
	for (size_t i = 0; i < e->envelope.recipients; i++) {
		const struct recipient *r = &e->envelope.recipient[i];

		if (buf_text(out, i ? ",{\"address\":" : "{\"address\":") < 0 || json_text(out, slice_of(r->address)) < 0 ||
		    buf_printf(out, ",\"state\":\"%s\"}", state_of(r->verdict, l->failed)) < 0)
			return -1;
	}
	return buf_text(out, "]}\n");
}

static void show_object(const struct mailq_list *l, const struct entry *e, bool busy)
{
	struct buf out;

	buf_start(&out, OBJECT_MAX);
	if (print_object(&out, l, e, busy) == 0)
		fwrite(out.p, 1, out.len, stdout);
	else
		log_warning("%s cannot be listed: its envelope is too large", e->id);
	buf_free(&out);
}

static void show_one(struct mailq_list *l, const char *id)
{
	const struct spool *s = &l->spooluser->spool;
	struct arena scratch = {.block = NULL};
	struct failure why;
	struct entry e;
	int got = spool_look(s, l->failed, &scratch, id, &e, &why);

	if (got < 0)
		log_warning("%s", why.text);
	if (got == SPOOL_SEEN) {
		bool busy = !l->failed && spool_is_busy(s, id);

		if (l->spooluser->options->json)
			show_object(l, &e, busy);
		else
			show_entry(l, &e, busy);
		l->broken = ferror(stdout);
		l->octets += e.size;
		l->count++;
	}
	arena_free(&scratch);
}

static int show_all(struct mailq_list *l, struct failure *f)
{
	struct arena in = {.block = NULL};
	struct spool_names names = {.count = 0};
	int rc = l->spooluser->there ? spool_list(&l->spooluser->spool, l->failed, &in, &names, f) : 0;

	for (size_t i = 0; rc == 0 && i < names.count && !l->broken; i++)
		show_one(l, names.name[i]);
	arena_free(&in);
	return rc;
}

int mailq_list(struct spooluser *k, struct failure *f)
{
	struct mailq_list given_up = {.spooluser = k, .failed = true}, waits = {.spooluser = k};

	if (show_all(&given_up, f) < 0)
		return -1;
	if (given_up.count && !k->options->json)
		printf("-- %zu given up, kept in %s/failed\n\n", given_up.count, k->spool.path);
	if (!given_up.broken && show_all(&waits, f) < 0)
		return -1;
	/* Programs that watch the queue read the last line in the form of Postfix and sendmail, which write "1 Kbytes". */
	if (given_up.broken || waits.broken || k->options->json)
		return file_end_output(f);
	if (waits.count)
		printf("-- %" PRIu64 " Kbytes in %zu Request%s.\n", (waits.octets + 1023) / 1024, waits.count,
		       waits.count == 1 ? "" : "s");
	else
		puts("Mail queue is empty");
	return file_end_output(f);
}
