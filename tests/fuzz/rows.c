/*
 * A table and a template as the input of a batch, whatever the octets of both are. Each pass gives the same mails with the same keys, and
 * names the same bad rows; what can be sent was good in the first pass, too; no recipient has two mails of one key; the octets that would
 * travel are lines with CRLF. Input: an octet for the options, the table up to an octet 30, and the template.
 */
#define _GNU_SOURCE /* memfd_create */
#include "fuzz.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digests.h"
#include "base/log.h"
#include "intake/input_rows.h"
#include "mail/filetype.h"
#include "post/ledger_key.h"

enum { LONGEST_INPUT = 16000, SEEN = 4 * 1024 * 1024, PARTED = 30 };

/* In the place of mail/filetype's: no other process looks into files. */
void filetypes_start(struct filetypes *t)
{
	(void)t;
}

struct filetype filetype_of(struct filetypes *t, struct arena *in, struct slice head, const char *what)
{
	(void)t;
	(void)in;
	(void)what;
	return (struct filetype){"text/plain", head.len % 2 ? "us-ascii" : "utf-8"};
}

static const char configuration[] = "account default\nhost h\ntls off\nfrom me@x.example\nmaildomain x.example\naliases off\nset_date_header off\n";

/* A path to these octets, which stands at their beginning; it is closed by closing *fd. */
static const char *path_of(struct arena *in, struct slice octets, int *fd)
{
	*fd = memfd_create("input", 0);
	HOLDS(*fd >= 0 && write(*fd, octets.p, octets.len) == (ssize_t)octets.len, octets);
	HOLDS(fchmod(*fd, 0600) == 0 && lseek(*fd, 0, SEEK_SET) == 0, octets);
	return arena_printf(in, "/dev/fd/%d", *fd);
}

static void check_octets(struct job *j)
{
	struct failure f;
	struct source *wire = message_wire(&j->message, &j->arena, &f);
	struct slice all;

	HOLDS(wire, slice_of(f.text));
	all = fuzz_pull(&j->arena, wire, 4096);
	for (size_t i = 0; i < all.len; i++) {
		HOLDS(all.p[i] != '\n' || (i && all.p[i - 1] == '\r'), all);
		HOLDS(all.p[i] != '\r' || (i + 1 < all.len && all.p[i + 1] == '\n'), all);
	}
}

/* final: the keys count. */
static void check_mail(const struct batch_mail *m, struct digests *sent, bool final)
{
	const struct envelope *e = &m->job->mail.envelope;
	unsigned char digest[SHA256_OCTETS];

	HOLDS(e->recipients && m->key.len, m->key);
	HOLDS(digests_reserve(sent, e->recipients) == 0, m->key);
	for (size_t i = 0; final && i < e->recipients; i++) {
		ledger_name_digest(digest, m->key, slice_of(e->recipient[i].address));
		HOLDS(!digests_find(sent, digest), m->key);
		digests_put(sent, digest, m->number);
	}
	check_octets(m->job);
}

/* What a pass gives, as text. */
static size_t take_pass(const struct batch_input *input, struct buf *seen, bool final)
{
	struct digests sent = {0};
	struct batch_mail m;
	struct failure f;
	uint64_t number = 0;
	size_t good = 0;
	int rc;

	while ((rc = input->next(input->ctx, &m, &f)) != 0) {
		HOLDS(m.number == ++number && m.file && m.line, SLICE("its place"));
		HOLDS(buf_printf(seen, "%d %d ", (int)m.number, (int)m.line) == 0, SLICE("room"));
		if (rc < 0) {
			fuzz_is_clean(f.text);
			HOLDS(buf_printf(seen, "!%s\n", f.text) == 0, slice_of(f.text));
			continue;
		}
		good++;
		check_mail(&m, &sent, final);
		HOLDS(buf_slice(seen, m.key) == 0 && buf_text(seen, "\n") == 0, m.key);
		input->release(input->ctx, m.job);
	}
	digests_free(&sent);
	return good;
}

static void check(struct input_rows *rows)
{
	const struct batch_input input = input_rows_input(rows);
	struct buf seen[3];
	size_t good[3];
	struct failure f;
	bool whole = true;

	for (int pass = 0; pass < 3; pass++)
		buf_start(&seen[pass], SEEN);
	for (int pass = 0; pass < 3 && whole; pass++) {
		good[pass] = take_pass(&input, &seen[pass], pass > 0);
		whole = input.rewind(input.ctx, &f) == 0;
		HOLDS(whole || pass == 0, slice_of(f.text));
		HOLDS(pass == 0 || good[pass] == good[0], buf_slice_of(&seen[0]));
	}
	HOLDS(!whole || fuzz_same(buf_slice_of(&seen[1]), buf_slice_of(&seen[2])), buf_slice_of(&seen[1]));
	for (int pass = 0; pass < 3; pass++)
		buf_free(&seen[pass]);
}

static size_t options_of(unsigned how, struct merge_option *option)
{
	size_t n = 0;

	if (how & 1)
		option[n++] = (struct merge_option){DRAFT_TO, "--to", "{{a}} <{{b}}>"};
	if (how & 2)
		option[n++] = (struct merge_option){DRAFT_SUBJECT, "--subject", "x {{a}} {{#b}}y{{/b}}"};
	if (how & 4)
		option[n++] = (struct merge_option){DRAFT_HEADER, "--header", "X-A: {{a}}"};
	return n;
}

static void try_order(const char *const *path, unsigned how)
{
	static const struct request asked = {.account = NULL};
	struct merge_option option[3];
	struct input_rows_order order = {.merge = {.table = path[0], .text = path[1], .option = option, .request = &asked}};
	struct arena run = {.block = NULL};
	struct input_rows *rows = NULL;
	struct intake n;
	struct failure f;

	order.merge.options = options_of(how, option);
	order.merge.unsubscribe = how & 8 ? "https://x.example/{{a}}" : NULL;
	order.merge.charset = how & 16 ? "latin1" : NULL;
	order.key = how & 32 ? "a" : NULL;
	HOLDS(intake_open(&n, &asked, path[2], NULL, &run, &f) == 0, slice_of(f.text));
	if (input_rows_open(&rows, &run, &order, &n, &f) == 0)
		check(rows);
	else
		fuzz_is_clean(f.text);
	input_rows_close(rows);
	intake_close(&n);
	arena_free(&run);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	const uint8_t *parted = len ? memchr(octets + 1, PARTED, len - 1) : NULL;
	struct arena in = {.block = NULL};
	const char *path[3];
	size_t table;
	int fd[3];

	if (!parted || len > LONGEST_INPUT)
		return 0;
	log_quiet();
	table = (size_t)(parted - octets) - 1;
	path[0] = path_of(&in, fuzz_copy(&in, octets + 1, table), &fd[0]);
	path[1] = path_of(&in, fuzz_copy(&in, parted + 1, len - table - 2), &fd[1]);
	path[2] = path_of(&in, SLICE(configuration), &fd[2]);
	try_order(path, *octets);
	for (size_t i = 0; i < 3; i++)
		close(fd[i]);
	arena_free(&in);
	return 0;
}
