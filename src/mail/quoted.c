#include "mail/source.h"

#include <string.h>

enum { INPUT = 8192, LINE = 76, AHEAD = 5 }; /* AHEAD: =HH and two octets after it */

/* What kind of octets come in. */
enum kind { OF_TEXT, OF_QUOTED, OF_BASE64 };

struct quoted {
	struct source *of;
	enum kind kind;
	bool ended;	      /* `of` has nothing more */
	size_t column;	      /* octets on the current line */
	size_t in, in_len;    /* input[in .. in_len) is yet to be encoded */
	size_t out, out_len;  /* output[out .. out_len) is yet to be given */
	char input[INPUT];
	char output[8];	      /* the code of one octet: a soft line end and =HH */
};

/* Reads until AHEAD octets are there, or the end: an octet can be encoded once it is known whether the line ends after it. */
static int fill(struct quoted *q, struct failure *f)
{
	size_t got = 0;

	while (!q->ended && q->in_len - q->in < AHEAD) {
		if (q->in) {
			memmove(q->input, q->input + q->in, q->in_len - q->in);
			q->in_len -= q->in;
			q->in = 0;
		}
		if (q->of->pull(q->of, q->input + q->in_len, INPUT - q->in_len, &got, f) < 0)
			return -1;
		q->in_len += got;
		q->ended = !got;
	}
	return 0;
}

static bool line_ends_at(const struct quoted *q, size_t at)
{
	if (at == q->in_len)
		return true;
	return at + 2 <= q->in_len && q->input[at] == '\r' && q->input[at + 1] == '\n';
}

static bool is_plain(char c)
{
	return c > 32 && c < 127 && c != '=';
}

/* RFC 2045 6.7: printable ASCII but = stays; so does a blank, but not at the end of a line (rule 3). */
static bool is_literal(char c, bool last)
{
	return c == ' ' || c == '\t' ? !last : is_plain(c);
}

static char *add_hex(char *to, char octet)
{
	static const char hex[] = "0123456789ABCDEF";
	unsigned char c = (unsigned char)octet;

	*to++ = '=';
	*to++ = hex[c >> 4];
	*to++ = hex[c & 15];
	return to;
}

/* Of "--" at the beginning of a line the first is encoded: a soft line end may have put it there, or what follows may have been
 * another octet, and a reader of the multipart around this text would take the line for a boundary (RFC 2046 5.1.1). */
static bool begins_boundary(const struct quoted *q, bool line_is_full)
{
	const char *at = q->input + q->in;

	return (!q->column || line_is_full) && *at == '-' && q->in + 1 < q->in_len && at[1] == '-';
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* How many octets must stay together: the three of =HH, where the input has that. */
static size_t whole(const struct quoted *q)
{
	const char *p = q->input + q->in;

	return q->kind == OF_QUOTED && *p == '=' && q->in_len - q->in >= 3 && is_hex(p[1]) && is_hex(p[2]) ? 3 : 1;
}

/* A = that is neither =HH nor a soft line end (behind which blanks may stand) is text that should have been =3D. Left so, it would be read
 * together with what comes of the next octet. */
static bool is_escape(const struct quoted *q)
{
	size_t next = q->in + 1;

	return whole(q) > 1 || line_ends_at(q, next) || q->input[next] == ' ' || q->input[next] == '\t';
}

static bool stays(const struct quoted *q, char c, bool last)
{
	if (q->kind == OF_QUOTED)
		return c == '=' ? is_escape(q) : is_literal(c, false);
	return q->kind == OF_BASE64 || is_literal(c, last);
}

static char *line_end(const struct quoted *q, char *to)
{
	if (q->kind != OF_BASE64) /* in base64 a line end means nothing */
		*to++ = '=';
	*to++ = '\r';
	*to++ = '\n';
	return to;
}

static void encode_one(struct quoted *q)
{
	char c = q->input[q->in];
	size_t take = whole(q);
	bool last = line_ends_at(q, q->in + take);
	size_t most = last || q->kind == OF_BASE64 ? LINE : LINE - 1;
	bool literal = stays(q, c, last) && (q->kind == OF_BASE64 || !begins_boundary(q, q->column >= most));
	size_t len = literal ? take : 3;
	char *to = q->output;

	q->out = 0;
	if (c == '\r' && line_ends_at(q, q->in)) {
		to[0] = '\r';
		to[1] = '\n';
		q->out_len = 2;
		q->in += 2;
		q->column = 0;
		return;
	}
	if (q->column + len > most && !(q->kind == OF_BASE64 && c == '-')) { /* - is no character of base64, and may begin a boundary */
		to = line_end(q, to);
		q->column = 0;
	}
	if (literal)
		memcpy(to, q->input + q->in, take);
	to = literal ? to + take : add_hex(to, c);
	q->column += len;
	q->in += take;
	q->out_len = (size_t)(to - q->output);
}

/* Copies octets that need no code, as long as the line has room: that is most of a text. encode_one does the rest, and would give
 * the same. */
static size_t encode_run(struct quoted *q, char *to, size_t room)
{
	const char *from = q->input + q->in, *end = q->input + q->in_len;
	char *at = to;

	room = room < LINE - 1 ? room : LINE - 1;
	for (; from + 1 < end; from++) {
		size_t used = (size_t)(at - to);

		if (q->column + used + 3 > LINE - 1 || used + 3 > room || (*from == '-' && q->column + used == 0))
			break;
		if (is_plain(*from) || ((*from == ' ' || *from == '\t') && is_plain(from[1])))
			*at++ = *from;
		else if (q->kind == OF_TEXT && ((unsigned char)*from > 126 || *from == '='))
			at = add_hex(at, *from);
		else
			break;
	}
	q->in = (size_t)(from - q->input);
	q->column += (size_t)(at - to);
	return (size_t)(at - to);
}

static int quoted_pull(struct source *s, char *to, size_t room, size_t *got, struct failure *f)
{
	struct quoted *q = s->state;

	for (*got = 0; *got < room;) {
		if (q->out < q->out_len) {
			size_t left = q->out_len - q->out, n = left < room - *got ? left : room - *got;

			memcpy(to + *got, q->output + q->out, n);
			*got += n;
			q->out += n;
			continue;
		}
		if (fill(q, f) < 0)
			return -1;
		if (q->in == q->in_len)
			break;
		*got += encode_run(q, to + *got, room - *got);
		if (*got < room && q->in_len - q->in >= (q->ended ? 1 : AHEAD))
			encode_one(q);
	}
	return 0;
}

static int quoted_rewind(struct source *s, struct failure *f)
{
	struct quoted *q = s->state;

	q->ended = false;
	q->column = q->in = q->in_len = q->out = q->out_len = 0;
	return q->of->rewind(q->of, f);
}

static struct source *source_of(struct arena *a, struct source *of, enum kind kind, struct failure *f)
{
	struct source *s = arena_zeroed(a, 1, sizeof *s);
	struct quoted *q = arena_zeroed(a, 1, sizeof *q);

	q->of = of;
	q->kind = kind;
	*s = (struct source){0, quoted_pull, quoted_rewind, q};
	return source_measure(s, f) < 0 ? NULL : s;
}

struct source *source_quoted(struct arena *a, struct source *of, struct failure *f)
{
	return source_of(a, of, OF_TEXT, f);
}

struct source *source_quoted_again(struct arena *a, struct source *of, struct failure *f)
{
	return source_of(a, of, OF_QUOTED, f);
}

struct source *source_base64_again(struct arena *a, struct source *of, struct failure *f)
{
	return source_of(a, of, OF_BASE64, f);
}
