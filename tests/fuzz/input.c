/*
 * A file of any kind as the input of a batch: mailbox, message or SMTP commands, whatever the octets are. Each pass gives the same mails
 * with the same keys, and names the same bad ones; a mail has somebody who gets it; and a key can stand in a ledger. Input: the file.
 */
#define _GNU_SOURCE /* memfd_create */
#include "fuzz.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "intake/feed.h"
#include "intake/input_files.h"
#include "mail/filetype.h"

enum { LONGEST_INPUT = 16000, SEEN = 1024 * 1024 };

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
	return (struct filetype){"text/plain", head.len % 3 == 0 ? "utf-16le" : head.len % 3 == 1 ? "utf-16be" : "binary"};
}

static const char configuration[] = "account default\nhost h\ntls off\nfrom me@x.example\nmaildomain x.example\naliases off\n";

/* A path to a file of these octets; it is closed by closing *fd. */
static const char *path_of(struct arena *in, struct slice octets, int *fd)
{
	*fd = memfd_create("input", MFD_CLOEXEC);
	HOLDS(*fd >= 0 && write(*fd, octets.p, octets.len) == (ssize_t)octets.len, octets);
	HOLDS(fchmod(*fd, 0600) == 0, octets);
	return arena_printf(in, "/proc/self/fd/%d", *fd);
}

static void check_mail(const struct batch_mail *m, struct buf *seen)
{
	const struct envelope *e = &m->job->mail.envelope;

	HOLDS(m->key.len && m->key.len < FEED_KEY && !slice_has_control(m->key) && slice_is_ascii(m->key), m->key);
	HOLDS(e->recipients, m->key);
	HOLDS(buf_printf(seen, "%d %d %.*s\n", (int)m->number, (int)e->recipients, (int)m->key.len, m->key.p) == 0, m->key);
}

/* What a pass gives, as text. */
static void take_pass(const struct batch_input *input, struct buf *seen)
{
	struct batch_mail m;
	struct failure f;
	uint64_t number = 0;
	int rc;

	while ((rc = input->next(input->ctx, &m, &f)) != 0) {
		HOLDS(m.number == ++number && m.file, SLICE("its place"));
		if (rc > 0) {
			check_mail(&m, seen);
			input->release(input->ctx, m.job);
			continue;
		}
		fuzz_is_clean(f.text);
		HOLDS(buf_printf(seen, "%d !%s\n", (int)m.number, f.text) == 0, slice_of(f.text));
		if (m.lost)
			break;
	}
}

static void check(struct input_files *files)
{
	const struct batch_input *input = input_files_input(files);
	struct buf seen[2];
	struct failure f;

	for (int pass = 0; pass < 2; pass++) {
		buf_start(&seen[pass], SEEN);
		take_pass(input, &seen[pass]);
		HOLDS(input->rewind(input->ctx, &f) == 0, slice_of(f.text));
	}
	HOLDS(fuzz_same(buf_slice_of(&seen[0]), buf_slice_of(&seen[1])), buf_slice_of(&seen[0]));
	buf_free(&seen[0]);
	buf_free(&seen[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	static const struct request asked = {.account = NULL};
	struct arena run = {.block = NULL};
	struct input_files *files = NULL;
	const char *path[2];
	struct intake n;
	struct failure f;
	int fd[2];

	if (len > LONGEST_INPUT)
		return 0;
	log_quiet();
	path[0] = path_of(&run, fuzz_copy(&run, octets, len), &fd[0]);
	path[1] = path_of(&run, SLICE(configuration), &fd[1]);
	HOLDS(intake_open(&n, &asked, path[1], NULL, &run, &f) == 0, slice_of(f.text));
	if (input_files_open(&files, &run, &(struct input_files_order){path, 1, &asked, &n}, &f) == 0)
		check(files);
	input_files_close(files);
	intake_close(&n);
	close(fd[0]);
	close(fd[1]);
	arena_free(&run);
	return 0;
}
