#include "post/ledger_read.h"

#include <string.h>
#include <sysexits.h>

#include "base/file.h"

void ledger_read_begin(struct ledger_reader *r, int fd, struct arena *in)
{
	r->fd = fd;
	r->in = in;
	r->head = (struct ledger_head){0};
	r->has_head = r->in_hole = false;
	r->line = r->holes = 0;
	r->offset = r->whole = 0;
	r->used = r->len = 0;
}

/* Reads more behind what is left of the piece. 0: the file has no more. */
static int fill(struct ledger_reader *r, struct failure *f)
{
	uint64_t at;
	ssize_t n;

	memmove(r->piece, r->piece + r->used, r->len - r->used);
	r->len -= r->used;
	r->used = 0;
	at = r->whole + r->len;
	n = file_read_at(r->fd, r->piece + r->len, sizeof r->piece - r->len, at);
	if (n < 0)
		return fail_errno(f, AT_INPUT, EX_IOERR, "reading it");
	r->len += (size_t)n;
	return n > 0;
}

/* An editor may have ended each line in CR LF; no column has a CR in it. */
static struct slice without_cr(struct slice line)
{
	line.len -= line.len && line.p[line.len - 1] == '\r';
	return line;
}

/* The next line without its end, which may have been read in several pieces if it is a hole: then it is empty. 0: none is whole. */
static int next_line(struct ledger_reader *r, struct slice *line, bool *hole, struct failure *f)
{
	uint64_t dropped = 0;

	*hole = false;
	r->offset = r->whole;
	for (;;) {
		const char *begin = r->piece + r->used, *end = memchr(begin, '\n', r->len - r->used);
		size_t have = r->len - r->used, len = end ? (size_t)(end - begin) : have;
		int rc;

		*hole = *hole || (len && memchr(begin, '\0', len));
		if (end) {
			*line = *hole ? (struct slice){"", 0} : without_cr((struct slice){begin, len});
			r->used += len + 1;
			r->whole += len + 1;
			r->line++;
			return 1;
		}
		if (!*hole && len >= LEDGER_LINE)
			return fail(f, AT_INPUT, EX_DATAERR, "line %lu is longer than any of a ledger", r->line + 1);
		if (*hole) { /* however long it is */
			dropped += len;
			r->used = r->len;
			r->whole += len;
		}
		rc = fill(r, f);
		if (rc > 0)
			continue;
		r->whole -= dropped; /* it has no end: it begins where the last whole line ended */
		return rc;
	}
}

static int no_line(const struct ledger_reader *r, struct slice text, struct failure *f)
{
	char shown[80];

	slice_printable(shown, sizeof shown, text);
	return fail(f, AT_INPUT, EX_DATAERR, "line %lu is none of a ledger: \"%s\"", r->line, shown);
}

int ledger_read_next(struct ledger_reader *r, struct ledger_line *out, struct failure *f)
{
	struct slice text = {"", 0};
	bool hole;
	int rc;

	while ((rc = next_line(r, &text, &hole, f)) > 0) {
		if (hole) {
			r->holes++;
			continue;
		}
		if (text.len >= LEDGER_LINE)
			return no_line(r, text, f);
		if (!r->has_head || ledger_head_is(text)) {
			if (ledger_head_parse(&r->head, r->in, text, f) < 0)
				return -1;
			r->has_head = true;
			continue;
		}
		if (text.len && *text.p == '#')
			continue;
		return ledger_line_parse(text, out) ? 1 : no_line(r, text, f);
	}
	return rc;
}

bool ledger_read_at(int fd, uint64_t offset, char room[LEDGER_LINE], struct ledger_line *out)
{
	ssize_t n = file_read_at(fd, room, LEDGER_LINE, offset);
	const char *end = n > 0 ? memchr(room, '\n', (size_t)n) : NULL;

	return end && ledger_line_parse(without_cr((struct slice){room, (size_t)(end - room)}), out);
}
