#include "mail/wide.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/unicode.h"
#include "mail/mime.h"

enum { RUNS = 3 }; /* fewer runs of NULs prove nothing */

/* The text's charset, where it is UTF-16 or UTF-32. libmagic is asked only where there are NULs, which no text in 8 bits has. */
static const char *charset_of(struct slice text, struct filetypes *types, const char *said, struct arena *in, size_t *mark)
{
	const char *marked = unicode_mark(text, mark), *found;

	if (marked || !text.len || !memchr(text.p, '\0', text.len))
		return marked;
	/* The name UTF-16 alone does not tell the order of the octets where there is no byte order mark. */
	if (said && unicode_is_wide(said) && strlen(said) > 2 && slice_is(slice_of(said + strlen(said) - 1), "e"))
		return said;
	found = filetype_of(types, in, text, "the text").charset;
	return unicode_is_wide(found) ? found : NULL;
}

/* The length of the header, if the text begins with one that does not tell the body's charset, and a byte order mark or a NUL
 * follows. */
static size_t header_len(struct slice text, struct arena *in)
{
	struct header h = {.in = in};
	struct slice rest = text;
	bool mime = false;

	if (text.len && memchr("\xff\xfe\0", *text.p, 3))
		return 0;
	if (!header_parse(&h, &rest) || !h.fields)
		return 0;
	for (size_t i = 0; i < h.fields; i++)
		mime |= mime_is_field(h.field[i].name);
	return mime || memchr(text.p, '\0', text.len - rest.len) ? 0 : text.len - rest.len;
}

static int is_none(const char *charset, const char *what, struct failure *f)
{
	fail(f, AT_INPUT, EX_DATAERR, "%s is not the %s that it begins as", what, charset);
	return failure_hint(f, HINT_UTF16_FAULTY, charset);
}

/* Adds a piece to the message, converted to UTF-8 if it is in another charset. */
static int add(struct message *m, struct unicode *u, const char *charset, char *piece, size_t len, struct failure *f)
{
	struct buf text;
	int rc = 0;

	if (!charset)
		return message_add(m, piece, len, f);
	buf_start(&text, 4 * WIDE_LOOK);
	if (unicode_add(u, (struct slice){piece, len}, &text) < 0)
		rc = is_none(charset, "the text", f);
	else if (text.len)
		rc = message_add(m, text.p, text.len, f);
	buf_free(&text);
	return rc;
}

/* Reads the octets that are looked at; on a terminal those that are typed at once. */
static ssize_t look(int fd, char *to, unsigned how)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = file_read(fd, to + len, WIDE_LOOK - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && len < WIDE_LOOK && !(how & MESSAGE_DOT_ENDS));
	return n < 0 ? -1 : (ssize_t)len;
}

static int read_all(struct message *m, struct arena *in, int fd, unsigned how, struct filetypes *types, const char *said, struct failure *f)
{
	char piece[WIDE_LOOK];
	ssize_t n = look(fd, piece, how);
	struct slice text = {piece, n > 0 ? (size_t)n : 0};
	/* A piece that is not full was the last: on a terminal the user would have to type the end twice. */
	bool more = n == sizeof piece || (n > 0 && (how & MESSAGE_DOT_ENDS));
	size_t head, mark = 0;
	const char *charset;
	struct unicode u;
	int rc;

	head = how & MESSAGE_IS_TEXT ? 0 : header_len(text, in);
	charset = charset_of((struct slice){piece + head, text.len - head}, types, said, in, &mark);
	if (charset && unicode_open(&u, charset) < 0)
		return fail(f, AT_INPUT, EX_DATAERR, "the text is %s, which this system cannot read", charset);
	m->facts.wide = charset != NULL;
	rc = head ? message_add(m, piece, head, f) : 0;
	if (rc == 0 && text.len > head + mark)
		rc = add(m, &u, charset, piece + head + mark, text.len - head - mark, f);
	while (rc == 0 && more && !message_has_ended(m) && (n = file_read(fd, piece, sizeof piece)) > 0)
		rc = add(m, &u, charset, piece, (size_t)n, f);
	if (n < 0)
		rc = fail_errno(f, AT_INPUT, errno == EBADF ? EX_NOINPUT : EX_IOERR, "reading the message");
	if (charset && rc == 0 && unicode_end(&u) < 0)
		rc = is_none(charset, "the text", f);
	if (charset)
		unicode_close(&u);
	return rc;
}

int wide_read(struct message *m, struct arena *in, int fd, unsigned how, struct filetypes *types, const char *said, struct failure *f)
{
	int rc;

	message_begin(m, in, how);
	rc = read_all(m, in, fd, how, types, said, f);
	if (rc == 0)
		rc = message_end(m, f);
	if (rc < 0)
		message_close(m);
	return rc;
}

int wide_refuse(struct failure *f)
{
	fail(f, AT_INPUT, EX_DATAERR, "there are NUL octets in the text, which mail cannot carry");
	return failure_hint(f, HINT_UTF16_UNMARKED);
}

/* Padding has few runs of many NULs; UTF-16 and UTF-32 have nearly as many runs as characters. */
int wide_check(struct message *m, struct failure *f)
{
	const char *type = mime_type(m->header.in, &m->header);

	if (m->facts.nul_runs < RUNS || m->facts.nul_runs <= m->body->size / 2 || (*type && !slice_begins(slice_of(type), "text/")))
		return 0;
	return wide_refuse(f);
}

static int write_out(struct buf *text, int fd, uint64_t *size, struct failure *f)
{
	if (file_write(fd, text->p, text->len) < 0) {
		fail_errno(f, AT_INPUT, EX_TEMPFAIL, "a temporary file for a text");
		return failure_hint(f, HINT_TMPDIR);
	}
	*size += text->len;
	buf_clear(text);
	return 0;
}

/* Converts the whole text into the file. */
static int convert(struct source *text, struct unicode *u, const char *charset, const char *path, int fd, uint64_t *size, struct failure *f)
{
	char piece[WIDE_LOOK];
	struct buf said;
	size_t got;
	int rc;

	buf_start(&said, 4 * WIDE_LOOK);
	rc = text->rewind(text, f);
	do {
		got = 0;
		if (rc == 0)
			rc = text->pull(text, piece, sizeof piece, &got, f);
		if (rc == 0 && got && unicode_add(u, (struct slice){piece, got}, &said) < 0)
			rc = is_none(charset, path, f);
		if (rc == 0 && said.len)
			rc = write_out(&said, fd, size, f);
	} while (rc == 0 && got);
	if (rc == 0 && unicode_end(u) < 0)
		rc = is_none(charset, path, f);
	buf_free(&said);
	return rc;
}

int wide_source(struct message *holder, struct arena *in, struct source **text, const char *charset, const char *path, struct failure *f)
{
	uint64_t size = 0;
	struct unicode u;
	int fd, rc;

	if (unicode_open(&u, charset) < 0)
		return fail(f, AT_INPUT, EX_DATAERR, "%s is %s, which this system cannot read", path, charset);
	fd = file_unnamed();
	rc = fd < 0 ? fail_errno(f, AT_INPUT, EX_OSERR, "a temporary file for %s", path) : convert(*text, &u, charset, path, fd, &size, f);
	unicode_close(&u);
	if (fd >= 0)
		message_keep_fd(holder, in, fd);
	if (rc == 0)
		*text = source_named(in, fd, size, path);
	return rc;
}
