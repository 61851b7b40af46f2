#include "post/ledger_inside.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#include "base/file.h"
#include "post/ledger_read.h"

enum { RUN_OCTETS = 10 };

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int make_run(char run[2 * RUN_OCTETS + 1], const struct ledger *l, struct failure *f)
{
	unsigned char random[RUN_OCTETS];
	static const char digits[] = "0123456789abcdef";

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return fail_errno(f, AT_INPUT, EX_OSERR, "ledger %s: a name for the run", l->file.path);
	for (size_t i = 0; i < RUN_OCTETS; i++) {
		run[2 * i] = digits[random[i] >> 4];
		run[2 * i + 1] = digits[random[i] & 15];
	}
	run[2 * RUN_OCTETS] = '\0';
	return 0;
}

/* Prints a head, and reads it again, so that *out is as a later run will read it. */
static int print_head(struct ledger *l, struct ledger_head *out, const struct ledger_head *h, struct failure *f)
{
	*out = (struct ledger_head){"", "", "", ""};
	buf_clear(&l->out);
	if (ledger_head_print(&l->out, h) < 0)
		return ledger_no_memory(l, f);
	return ledger_head_parse(out, &l->in, (struct slice){l->out.p, l->out.len - 1}, f);
}

static int write_head(struct ledger *l, const struct ledger_head *h, struct failure *f)
{
	int rc = print_head(l, &l->head, h, f);

	if (rc == 0)
		rc = ledger_file_append(&l->file, buf_slice_of(&l->out), f);
	buf_clear(&l->out);
	return rc;
}

static int begin(struct ledger *l, const struct ledger_order *o, struct failure *f)
{
	char run[2 * RUN_OCTETS + 1];
	struct ledger_head h = {last_name(o->input), o->template, o->rule, run};

	if (ledger_file_cut(&l->file, 0, f) < 0 || make_run(run, l, f) < 0)
		return -1;
	return write_head(l, &h, f);
}

/* The head says of what the ledger is: with another input, rule or template, the same keys would mean other mails. *now becomes what
 * the order asks for, as it is written. */
static int check_head(struct ledger *l, const struct ledger_order *o, const struct ledger_head *was, struct ledger_head *now, struct failure *f)
{
	const struct ledger_head asked = {last_name(o->input), o->template, o->rule, was->run};
	const char *path = l->file.path;

	if (print_head(l, now, &asked, f) < 0)
		return -1;
	buf_clear(&l->out);
	if (strcmp(was->input, now->input) != 0)
		return fail(f, AT_USAGE, EX_USAGE, "ledger %s is of %s, and this is %s: name another with --ledger", path, was->input, now->input);
	if (strcmp(was->rule, now->rule) != 0)
		return fail(f, AT_USAGE, EX_USAGE, "ledger %s knows its mails by %s, not by %s: say --key as before, or name another with --ledger",
			    path, was->rule, now->rule);
	if (strcmp(was->template, now->template) != 0 && !o->template_changed)
		return fail(f, AT_USAGE, EX_USAGE,
			    "the template is another than ledger %s was begun with: --template-changed goes on with it, --ledger NEW begins anew",
			    path);
	return 0;
}

/* A ledger that is another run's is refused before anything in it is changed. */
static int go_on(struct ledger *l, const struct ledger_order *o, const struct ledger_reader *r, struct failure *f)
{
	struct ledger_head now;

	if (check_head(l, o, &r->head, &now, f) < 0 || ledger_file_cut(&l->file, r->whole, f) < 0)
		return -1;
	l->head = now;
	if (strcmp(r->head.template, now.template) == 0)
		return 0;
	now = (struct ledger_head){last_name(o->input), o->template, o->rule, l->head.run};
	return write_head(l, &now, f);
}

static int read_lines(struct ledger *l, struct ledger_reader *r, struct failure *f)
{
	struct ledger_line line;
	int rc;

	while ((rc = ledger_read_next(r, &line, f)) > 0) {
		unsigned char digest[SHA256_OCTETS];

		if (digests_reserve(&l->index, 1) < 0)
			return ledger_no_memory(l, f);
		ledger_name_digest(digest, line.key, line.recipient);
		ledger_put(l, digest, (unsigned)line.sign, line.sign == LEDGER_LEASED ? 0 : r->offset);
	}
	if (rc < 0)
		return failure_in(f, "ledger %s", l->file.path);
	l->sum.holes = r->holes;
	return 0;
}

/* A run died before its first line was whole: nothing has been leased. */
static bool is_unbegun(const struct ledger_file *w)
{
	char octets[LEDGER_LINE];
	ssize_t n = file_read_at(w->read, octets, sizeof octets, 0);

	return n >= 0 && (uint64_t)n == w->size && ledger_head_is_torn((struct slice){octets, (size_t)n});
}

static int read_all(struct ledger *l, const struct ledger_order *o, struct failure *f)
{
	struct arena scratch = {0};
	struct ledger_reader *r = arena_zeroed(&scratch, 1, sizeof *r);
	int rc;

	ledger_read_begin(r, l->file.read, &l->in);
	rc = read_lines(l, r, f);
	if (rc == 0 && !r->has_head && is_unbegun(&l->file))
		rc = begin(l, o, f);
	else if (rc == 0 && !r->has_head)
		rc = fail(f, AT_INPUT, EX_DATAERR, "ledger %s: it is no ledger of mysend's", l->file.path);
	else if (rc == 0)
		rc = go_on(l, o, r, f);
	arena_free(&scratch);
	return rc;
}

int ledger_open(struct ledger **out, const struct ledger_order *o, struct failure *f)
{
	struct ledger *l = calloc(1, sizeof *l);

	if (!l)
		return fail(f, AT_INPUT, EX_OSERR, "no memory for a ledger");
	buf_start(&l->out, 2 * LEDGER_GROUP);
	atomic_flag_clear(&l->syncing);
	if (ledger_file_open(&l->file, o->path, f) < 0) {
		free(l);
		return -1;
	}
	/* What a killed run has written may not be on the disk yet, nor the name of the file in its folder. */
	if (read_all(l, o, f) < 0 || ledger_file_sync(&l->file, f) < 0 || ledger_file_sync_folder(&l->file, f) < 0) {
		struct failure unused;

		(void)!ledger_close(l, &unused);
		return -1;
	}
	l->began = l->file.size;
	*out = l;
	return 0;
}
