#include "post/failed_rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/file.h"

enum { PIECE = 64 * 1024, ROW = 64 * 1024 * 1024 };

static const char *const own[] = {"mysend_code", "mysend_text", "mysend_status"};
static const char mark[] = "\xef\xbb\xbf";

enum { OWN = sizeof own / sizeof *own };

struct failed_rows {
	struct arena in;
	const char *path, *temporary, *kept;
	char separator;
	bool *drop; /* which of the input's columns are ours, of an earlier run */
	size_t columns, rows;
	struct buf out;
	int fd;
};

static int fails(const struct failed_rows *w, const char *what, struct failure *f)
{
	bool passes = errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG;

	return fail_errno(f, AT_INPUT, passes ? EX_TEMPFAIL : EX_CANTCREAT, "%s: %s", w->path, what);
}

static int flush(struct failed_rows *w, struct failure *f)
{
	if (file_write(w->fd, w->out.p, w->out.len) < 0)
		return fails(w, "writing it", f);
	buf_clear(&w->out);
	return 0;
}

static int end_row(struct failed_rows *w, int rc, struct failure *f)
{
	if (rc < 0 || buf_text(&w->out, "\n") < 0)
		return fail(f, AT_INPUT, EX_OSERR, "%s: no memory for a row", w->path);
	return w->out.len >= PIECE ? flush(w, f) : 0;
}

/* The input's cells that are kept, each with a separator behind it. */
static int add_cells(struct failed_rows *w, const struct slice *cell)
{
	for (size_t i = 0; i < w->columns; i++)
		if (!w->drop[i] && (csv_cell(&w->out, cell[i], w->separator) < 0 || buf_add(&w->out, &w->separator, 1) < 0))
			return -1;
	return 0;
}

static int add_own(struct failed_rows *w, const char *const text[OWN])
{
	for (size_t i = 0; i < OWN; i++)
		if ((i && buf_add(&w->out, &w->separator, 1) < 0) || csv_cell(&w->out, slice_of(text[i]), w->separator) < 0)
			return -1;
	return 0;
}

static bool is_own(struct slice column)
{
	for (size_t i = 0; i < OWN; i++)
		if (slice_is(slice_trim(column), own[i]))
			return true;
	return false;
}

static int begin(struct failed_rows *w, const struct failed_rows_order *o, struct failure *f)
{
	int rc;

	/* O_EXCL: through no link that somebody has made. What a killed run has left is taken away. */
	w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (w->fd < 0 && errno == EEXIST && unlink(w->temporary) == 0)
		w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (w->fd < 0)
		return fails(w, "making it", f);
	rc = o->mark ? buf_text(&w->out, mark) : 0;
	if (rc == 0)
		rc = add_cells(w, o->column);
	if (rc == 0)
		rc = add_own(w, own);
	return end_row(w, rc, f);
}

int failed_rows_open(struct failed_rows **out, const struct failed_rows_order *o, struct failure *f)
{
	struct arena in = {0};
	struct failed_rows *w = arena_zeroed(&in, 1, sizeof *w);

	w->path = arena_printf(&in, "%s", o->path);
	w->temporary = arena_printf(&in, "%s.tmp", o->path);
	w->kept = arena_printf(&in, "%s~", o->path);
	w->separator = o->separator;
	w->columns = o->columns;
	w->drop = arena_zeroed(&in, o->columns, sizeof *w->drop);
	for (size_t i = 0; i < o->columns; i++)
		w->drop[i] = is_own(o->column[i]);
	buf_start(&w->out, ROW);
	w->in = in;
	if (begin(w, o, f) < 0) {
		failed_rows_drop(w);
		return -1;
	}
	*out = w;
	return 0;
}

int failed_rows_add(struct failed_rows *w, const struct slice *cell, const struct failed_row_why *why, struct failure *f)
{
	char shown[700];
	const char *const text[OWN] = {why->code, shown, why->status};
	int rc = add_cells(w, cell);

	/* The relay's words: a spreadsheet would take what begins so for a formula of its user's. */
	shown[0] = ' ';
	slice_printable(shown + (*why->text && strchr("=+-@", *why->text)), sizeof shown - 1, slice_of(why->text));
	if (rc == 0)
		rc = add_own(w, text);
	w->rows++;
	return end_row(w, rc, f);
}

/* What is there has the same octets. */
static bool is_same(const struct failed_rows *w)
{
	int a = open(w->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), b = open(w->temporary, O_RDONLY | O_CLOEXEC);
	bool same = a >= 0 && b >= 0;
	uint64_t at = 0;
	ssize_t n = 1;

	while (same && n > 0) {
		char one[4096], other[4096];

		n = file_read_at(a, one, sizeof one, at);
		same = n >= 0 && file_read_at(b, other, sizeof other, at) == n && memcmp(one, other, (size_t)n) == 0;
		at += n > 0 ? (uint64_t)n : 0;
	}
	if (a >= 0)
		close(a);
	if (b >= 0)
		close(b);
	return same;
}

static int put_in_place(struct failed_rows *w, struct failure *f)
{
	if (fsync(w->fd) < 0)
		return fails(w, "writing it to the disk", f);
	if (w->rows && is_same(w))
		return 0;
	if (rename(w->path, w->kept) < 0 && errno != ENOENT)
		return fails(w, "keeping what was there", f);
	return w->rows && rename(w->temporary, w->path) < 0 ? fails(w, "putting it in its place", f) : 0;
}

int failed_rows_close(struct failed_rows *w, struct failure *f)
{
	int rc = flush(w, f);

	if (rc == 0)
		rc = put_in_place(w, f);
	failed_rows_drop(w);
	return rc;
}

void failed_rows_drop(struct failed_rows *w)
{
	struct arena in = w->in;

	if (w->fd >= 0) {
		close(w->fd);
		(void)!unlink(w->temporary); /* ENOENT: it is in its place */
	}
	buf_free(&w->out);
	arena_free(&in);
}
