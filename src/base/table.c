#include "base/table.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"

enum { PIECE = 16 * 1024, SHOWN = 60, MARK = 4 };

/* The character that would be read next stands there in its line, counted from 1. No octet is counted twice. */
static size_t column(struct table *t)
{
	for (; t->counted < t->at; t->counted++) {
		char c = t->text.p[t->counted];

		t->column = c == '\n' || c == '\r' ? 1 : t->column + (((unsigned char)c & 0xc0) != 0x80);
	}
	return t->column;
}

/* glibc's iconv takes characters beyond U+10FFFF, which UTF-8 has none of (RFC 3629 3): the piece ends in front of one. */
static bool ends_early(struct buf *text)
{
	size_t n = 0, c;

	if (slice_is_utf8(buf_slice_of(text)))
		return false;
	for (; n < text->len; n += c) {
		for (c = 1; n + c < text->len && ((unsigned char)text->p[n + c] & 0xc0) == 0x80;)
			c++;
		if (!slice_is_utf8((struct slice){text->p + n, c}))
			break;
	}
	text->len = n;
	return true;
}

/* Somebody has written to the file: what is read now and what was read before may belong to different tables. */
static bool has_changed(const struct table *t)
{
	struct stat now;

	return t->own < 0 && fstat(t->fd, &now) == 0 && S_ISREG(now.st_mode) &&
	       (now.st_size != t->opened.st_size || now.st_mtim.tv_sec != t->opened.st_mtim.tv_sec || now.st_mtim.tv_nsec != t->opened.st_mtim.tv_nsec);
}

static void refill(struct table *t)
{
	char piece[PIECE];
	ssize_t n;

	(void)column(t);
	t->at = t->counted = 0;
	buf_clear(&t->text);
	n = file_read_at(t->own >= 0 ? t->own : t->fd, piece, sizeof piece, t->offset);
	if (n < 0)
		t->error = errno;
	t->changed = has_changed(t);
	if (t->changed) {
		t->error = ESTALE;
		n = 0;
	}
	t->ended = n < PIECE;
	t->offset += n > 0 ? (uint64_t)n : 0;
	/* What came before the octet that is none of the charset is in t->text, so that its place is known. */
	t->foreign = n > 0 && unicode_add(&t->unicode, (struct slice){piece, (size_t)n}, &t->text) < 0;
	t->foreign |= n >= 0 && t->ended && unicode_end(&t->unicode) < 0;
	t->foreign |= ends_early(&t->text);
	t->ended |= t->foreign;
}

/* The octet that comes; -1: none does. */
static int peek(struct table *t)
{
	while (t->at == t->text.len) {
		if (t->ended)
			return -1;
		refill(t);
	}
	return (unsigned char)t->text.p[t->at];
}

static bool take_octet(struct table *t, char octet)
{
	if (peek(t) != octet)
		return false;
	t->at++;
	return true;
}

/* Why no octet comes, where that is not the end of the file. */
static int broken_off(struct table *t, struct failure *f)
{
	if (t->changed)
		return fail(f, AT_INPUT, EX_TEMPFAIL, "line %zu: somebody has changed the file since it was begun; the same command takes it as it is now", t->here);
	if (t->error) {
		errno = t->error;
		return fail_errno(f, AT_INPUT, EX_IOERR, "line %zu", t->here);
	}
	if (t->named)
		return fail(f, AT_INPUT, EX_DATAERR, "line %zu, column %zu: octets that are not %s", t->here, column(t), t->charset);
	return fail(f, AT_INPUT, EX_DATAERR, "line %zu, column %zu: octets that are not %s; --charset says what they are, as in --charset latin1", t->here,
		    column(t), t->charset);
}

/* The octets as far as none of them is one of the three, or the piece ends, go into the row. */
static int copy_run(struct table *t, char a, char b, char c, struct failure *f)
{
	const char *p = t->text.p + t->at;
	size_t room = t->text.len - t->at, n = 0;

	while (n < room && p[n] != a && p[n] != b && p[n] != c && p[n])
		n++;
	t->at += n;
	if (buf_add(&t->row, p, n) < 0)
		return fail(f, AT_INPUT, EX_DATAERR, "line %zu: the row has more than %d octets; is a quote missing?", t->line, TABLE_ROW_MAX);
	if (n < room && !p[n])
		return fail(f, AT_INPUT, EX_DATAERR, "line %zu, column %zu: a NUL octet; --charset UTF-16LE is what some programs write", t->here,
			    column(t));
	return 0;
}

/* What the row has between the two. */
static struct slice span(const struct table *t, size_t from, size_t to)
{
	return (struct slice){t->row.p ? t->row.p + from : "", to - from};
}

static int read_plain(struct table *t, struct failure *f)
{
	size_t from = t->row.len, begin = column(t);
	struct slice cell;
	int c;

	while ((c = peek(t)) >= 0 && c != t->separator && c != '\r' && c != '\n')
		if (copy_run(t, t->separator, '\r', '\n', f) < 0)
			return -1;
	cell = slice_trim(span(t, from, t->row.len));
	if (cell.len && *cell.p == '"' && cell.p > t->row.p + from)
		return fail(f, AT_INPUT, EX_DATAERR, "line %zu, column %zu: a blank before the quote that begins a cell", t->here, begin);
	return 0;
}

/* Stands on the quote. */
static int read_quoted(struct table *t, struct failure *f)
{
	size_t line = t->here, begin = column(t);
	int c;

	t->at++;
	for (;;) {
		if (take_octet(t, '"') && peek(t) != '"')
			break;
		c = peek(t);
		if (c < 0)
			return t->error || t->foreign ? broken_off(t, f)
						      : fail(f, AT_INPUT, EX_DATAERR, "line %zu, column %zu: the quote that begins there is not closed", line, begin);
		/* The second of two quotes, or a line end, goes along. */
		if (c == '"' || c == '\n') {
			t->at++;
			t->here += c == '\n';
			if (buf_add(&t->row, c == '"' ? "\"" : "\n", 1) < 0)
				t->at--; /* copy_run will tell */
		}
		if (copy_run(t, '"', '\n', '\n', f) < 0)
			return -1;
	}
	c = peek(t);
	if (c >= 0 && c != t->separator && c != '\r' && c != '\n')
		return fail(f, AT_INPUT, EX_DATAERR, "line %zu, column %zu: text behind the quote that ends a cell; one within a cell is written twice",
			    t->here, column(t));
	return 0;
}

static int read_cell(struct table *t, struct failure *f)
{
	if ((peek(t) == '"' ? read_quoted(t, f) : read_plain(t, f)) < 0)
		return -1;
	if (t->cells == TABLE_COLUMNS_MAX)
		return fail(f, AT_INPUT, EX_DATAERR, "line %zu: the row has more than %d cells", t->line, TABLE_COLUMNS_MAX);
	t->stop = arena_grow(t->in, t->stop, t->cells, &t->room, sizeof *t->stop);
	t->stop[t->cells++] = t->row.len;
	return 0;
}

/* 1, 0 or -1, as table_next. */
static int read_row(struct table *t, struct failure *f)
{
	buf_clear(&t->row);
	t->cells = 0;
	t->line = t->here;
	if (peek(t) < 0 && !t->error && !t->foreign)
		return 0;
	do {
		t->lost = read_cell(t, f) < 0;
	} while (!t->lost && take_octet(t, t->separator));
	if (!t->lost && peek(t) < 0 && (t->error || t->foreign)) {
		broken_off(t, f);
		t->lost = true;
	}
	if (t->lost)
		return -1;
	take_octet(t, '\r');
	take_octet(t, '\n');
	t->here++;
	return 1;
}

static struct slice cell_of(const struct table *t, size_t i)
{
	return span(t, i ? t->stop[i - 1] : 0, t->stop[i]);
}

/* The next one with a word in it. */
static int read_written(struct table *t, struct failure *f)
{
	for (;;) {
		int got = read_row(t, f);

		if (got != 1)
			return got;
		for (size_t i = 0; i < t->cells; i++)
			if (slice_trim(cell_of(t, i)).len)
				return 1;
	}
}

/* Of the first line that is not empty, as far as it is there: what stands most often between its cells; a comma where none does. */
static char separator_of(struct slice text)
{
	static const char all[] = ",;\t";
	size_t count[sizeof all - 1] = {0}, best = 0;
	bool quoted = false;

	while (text.len && octet_is_space(*text.p) && *text.p != '\t')
		text = (struct slice){text.p + 1, text.len - 1};
	for (size_t i = 0; i < text.len && (quoted || !strchr("\r\n", text.p[i])); i++) {
		const char *found = quoted || !text.p[i] ? NULL : strchr(all, text.p[i]);

		quoted ^= text.p[i] == '"';
		if (found)
			count[found - all]++;
	}
	for (size_t i = 1; i < sizeof count / sizeof *count; i++)
		if (count[i] > count[best])
			best = i;
	return all[best];
}

/* "sep=;" in a line of its own: Excel's, which says what it does not in the file's name. Quotes and line ends part no cells. */
static bool is_sep_line(struct slice text)
{
	return text.len > 5 && slice_begins(text, "sep=") && (text.p[5] == '\r' || text.p[5] == '\n') && !strchr("\"\r\n", text.p[4]);
}

static int open_charset(struct table *t, struct failure *f)
{
	const char *charset = t->charset, *found;
	char head[MARK];
	size_t mark = 0;
	ssize_t n = file_read_at(t->own >= 0 ? t->own : t->fd, head, sizeof head, t->begin);

	if (n < 0)
		return fail_errno(f, AT_INPUT, EX_IOERR, "reading the table");
	found = t->named ? NULL : unicode_mark((struct slice){head, (size_t)n}, &mark);
	t->charset = charset = found ? found : charset;
	t->offset = t->begin + mark;
	t->marked = mark > 0;
	if (unicode_open(&t->unicode, charset) < 0)
		return fail(f, AT_INPUT, EX_DATAERR, "--charset %s: this system does not know that charset", charset);
	return 0;
}

/* From the top up to the header, which is read into the row. */
static int read_top(struct table *t, struct failure *f)
{
	static const char mark[] = "\xef\xbb\xbf";
	int got;

	unicode_close(&t->unicode);
	buf_clear(&t->text);
	t->at = t->counted = 0;
	t->here = t->column = 1;
	t->ended = t->foreign = t->lost = false;
	t->error = 0;
	if (open_charset(t, f) < 0)
		return -1;
	peek(t);
	if (t->text.len >= sizeof mark - 1 && memcmp(t->text.p, mark, sizeof mark - 1) == 0) {
		buf_consume(&t->text, sizeof mark - 1);
		t->marked = true;
	}
	if (is_sep_line(buf_slice_of(&t->text))) {
		t->separator = t->text.p[4];
		t->at = 5;
		take_octet(t, '\r');
		take_octet(t, '\n');
		t->here++;
	} else {
		t->separator = separator_of(buf_slice_of(&t->text));
	}
	got = read_written(t, f);
	return got ? got : fail(f, AT_INPUT, EX_DATAERR, "there is no line with the names of the columns");
}

static int name_columns(struct table *t, struct failure *f)
{
	char shown[SHOWN];

	t->name = arena_zeroed(t->in, t->cells, sizeof *t->name);
	t->cell = arena_zeroed(t->in, t->cells, sizeof *t->cell);
	t->columns = t->cells;
	for (size_t i = 0; i < t->columns; i++) {
		struct slice name = slice_trim(cell_of(t, i));

		if (!name.len)
			return fail(f, AT_INPUT, EX_DATAERR, "line %zu: column %zu of the table has no name", t->line, i + 1);
		for (size_t j = 0; j < i; j++)
			if (t->name[j].len == name.len && memcmp(t->name[j].p, name.p, name.len) == 0) {
				slice_printable(shown, sizeof shown, name);
				return fail(f, AT_INPUT, EX_DATAERR, "line %zu: columns %zu and %zu are both called \"%s\"", t->line, j + 1, i + 1,
					    shown);
			}
		t->name[i] = (struct slice){arena_text(t->in, name.p, name.len), name.len};
	}
	return 0;
}

/* What can be read only once goes into a file. */
static int keep_file(struct table *t, struct failure *f)
{
	char piece[PIECE];
	ssize_t n;

	t->own = file_unnamed();
	if (t->own < 0)
		return fail_errno(f, AT_INPUT, EX_OSERR, "a temporary file for the table");
	while ((n = file_read(t->fd, piece, sizeof piece)) > 0)
		if (file_write(t->own, piece, (size_t)n) < 0) {
			fail_errno(f, AT_INPUT, EX_TEMPFAIL, "a temporary file for the table");
			return failure_hint(f, HINT_TMPDIR);
		}
	return n < 0 ? fail_errno(f, AT_INPUT, EX_IOERR, "reading the table") : 0;
}

int table_open(struct table *t, struct arena *in, int fd, const char *charset, struct failure *f)
{
	off_t begin = lseek(fd, 0, SEEK_CUR);

	*t = (struct table){.in = in, .charset = charset ? charset : "UTF-8", .named = charset != NULL, .fd = fd, .own = -1, .separator = ','};
	t->begin = begin > 0 ? (uint64_t)begin : 0;
	buf_start(&t->text, (size_t)16 * PIECE);
	buf_start(&t->row, TABLE_ROW_MAX);
	if ((begin < 0 && keep_file(t, f) < 0) || (begin >= 0 && fstat(fd, &t->opened) < 0 && fail_errno(f, AT_INPUT, EX_IOERR, "reading the table")))
		return -1;
	return read_top(t, f) < 0 ? -1 : name_columns(t, f);
}

int table_next(struct table *t, struct failure *f)
{
	int got = t->lost ? 0 : read_written(t, f);

	t->whole = false;
	if (got != 1)
		return got;
	if (t->cells != t->columns)
		return fail(f, AT_INPUT, EX_DATAERR, "line %zu: the row has %zu cell%s, where the header has %zu", t->line, t->cells, t->cells == 1 ? "" : "s",
			    t->columns);
	for (size_t i = 0; i < t->columns; i++)
		t->cell[i] = cell_of(t, i);
	t->whole = true;
	return 1;
}

int table_rewind(struct table *t, struct failure *f)
{
	return read_top(t, f) < 0 ? -1 : 0;
}

void table_close(struct table *t)
{
	unicode_close(&t->unicode);
	buf_free(&t->text);
	buf_free(&t->row);
	if (t->own >= 0)
		close(t->own);
	t->own = -1;
}
