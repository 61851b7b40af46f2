/*
 * A hostile relay against wire/smtp. The session is this file's, the relay's answers are libFuzzer's. What is written
 * must be a valid conversation: each line one command, each text a message that was given. Each mail is done once, and
 * nobody is accepted without a positive answer.
 */
#include "fuzz.h"

#include <sysexits.h>

#include "wire/smtp.h"

enum { MAILS = 4 };

struct session {
	struct caps caps;
	struct slice answers;
	struct buf out;
	size_t written;
	unsigned positive;
	struct past past;
	bool closed;
};

#define EXPECT(condition) HOLDS(condition, SLICE(#condition))
#include "../unit/session.h"

bool session_has_more(struct session *s, unsigned awaited)
{
	(void)s;
	(void)awaited;
	return false;
}

bool session_is_over(struct session *s, struct reply *r)
{
	*r = (struct reply){0};
	return s->closed;
}

size_t session_written(const struct session *s)
{
	return s->written;
}

static int lost(struct session *s, struct failure *f)
{
	s->closed = true;
	return fail(f, AT_CONNECT, EX_TEMPFAIL, "the relay closed the connection");
}

/* An octet 0xfe in front of the next answer: the connection breaks within this write. */
int session_write(struct session *s, struct slice bytes, int64_t until, struct failure *f)
{
	bool breaks = s->answers.len > 1 && (unsigned char)*s->answers.p == 0xfe;

	(void)until;
	s->written = s->closed ? 0 : bytes.len;
	if (breaks && !s->closed) {
		(void)fuzz_take(&s->answers);
		s->written = bytes.len ? fuzz_take(&s->answers) % bytes.len : 0;
	}
	HOLDS(buf_add(&s->out, bytes.p, s->written) == 0, bytes);
	return breaks || s->closed ? lost(s, f) : 0;
}

int session_reply(struct session *s, int64_t until, unsigned awaited, struct reply *r, struct failure *f)
{
	struct slice line;

	(void)until;
	HOLDS(awaited, SLICE("an answer to nothing"));
	*r = (struct reply){0};
	while (!s->closed && slice_line(&s->answers, &line)) {
		int whole = reply_line(r, line, f);

		if (whole < 0) {
			s->closed = true;
			return -1;
		}
		s->positive += whole && r->code / 100 == 2;
		if (whole)
			return 0;
	}
	return lost(s, f);
}

bool session_is_ahead(struct session *s)
{
	return s->answers.len > 1 && *s->answers.p == '!';
}

/* Bodies that would be commands, or an end, if they were not sent as text. */
static const char *const texts[MAILS] = {
	"Subject: x\r\n\r\nhello\r\n.\r\n..\r\n.x\r\nMAIL FROM:<evil@x>\r\n",
	".\r\n",
	"A: b\r\n\r\n\r\n.\r\n.\r\n\r\n",
	"Z: \xc3\xa9\r\n\r\n.a\r\n",
};

struct feed {
	struct mail mail[MAILS];
	struct arena in[MAILS];
	unsigned count, given, done[MAILS];
};

static struct mail *feed_next(void *ctx, int64_t *when)
{
	struct feed *feed = ctx;

	*when = 0;
	return feed->given < feed->count ? &feed->mail[feed->given++] : NULL;
}

static void feed_done(void *ctx, struct mail *m)
{
	struct feed *feed = ctx;

	feed->done[m - feed->mail]++;
}

static void make_mail(struct feed *feed, unsigned which, unsigned recipients)
{
	static const char *const senders[MAILS] = {"s@x", "s@x", "", "m\xc3\xb6@x"};
	struct mail *m = &feed->mail[which];
	struct arena *in = &feed->in[which];

	*m = (struct mail){.in = in, .envelope.sender = senders[which]};
	for (unsigned i = 0; i < recipients; i++)
		envelope_add(&m->envelope, in, arena_printf(in, i == 4 ? "\xc3\xa9%u@x" : "r%u@x", i));
	m->eightbit = which == 3;
	m->form7 = source_text(in, slice_of(texts[which]));
}

static bool is_a_text(struct slice octets)
{
	for (unsigned i = 0; i < MAILS; i++)
		if (fuzz_same(octets, slice_of(texts[i])))
			return true;
	return false;
}

/* The text behind DATA up to its dot, as a server reads it (RFC 5321 4.5.2). False: it was cut short. */
static bool read_data(struct slice *rest, struct buf *text)
{
	while (rest->len) {
		const char *lf = memchr(rest->p, '\n', rest->len);
		size_t len = lf ? (size_t)(lf - rest->p) + 1 : rest->len, dot = *rest->p == '.';

		if (lf && len == 3 && dot) {
			*rest = (struct slice){rest->p + len, rest->len - len};
			return true;
		}
		HOLDS(buf_add(text, rest->p + dot, len - dot) == 0, *rest);
		*rest = (struct slice){rest->p + len, rest->len - len};
	}
	return false;
}

static bool goes_on_with_command(struct slice rest)
{
	return !rest.len || slice_begins(rest, "RSET\r\n") || slice_begins(rest, "MAIL FROM:<s@x>") || slice_begins(rest, "MAIL FROM:<>") ||
	       slice_begins(rest, "MAIL FROM:<m\xc3\xb6@x>");
}

/* One command with what belongs to it; returns how many messages it ended. */
static unsigned read_command(struct slice all, struct slice line, struct slice *rest)
{
	unsigned ended = 0;

	if (slice_is(line, "DATA") && !goes_on_with_command(*rest)) { /* after a refusal no text follows */
		struct buf text;

		buf_start(&text, 1024 * 1024);
		if (read_data(rest, &text)) {
			HOLDS(!text.len || is_a_text(buf_slice_of(&text)), all);
			ended = text.len != 0;
		}
		buf_free(&text);
	} else if (slice_begins(line, "BDAT ")) {
		size_t len = (size_t)strtoul(line.p + 5, NULL, 10);

		if (rest->len >= len) {
			HOLDS(is_a_text((struct slice){rest->p, len}), all);
			ended = 1;
		}
		len = rest->len < len ? rest->len : len;
		*rest = (struct slice){rest->p + len, rest->len - len};
	} else {
		HOLDS(slice_is(line, "DATA") || slice_is(line, "RSET") || slice_begins(line, "MAIL FROM:<") || slice_begins(line, "RCPT TO:<"), all);
	}
	return ended;
}

static unsigned read_conversation(struct slice all)
{
	struct slice rest = all;
	unsigned messages = 0;

	while (rest.len) {
		const char *lf = memchr(rest.p, '\n', rest.len);
		struct slice line;

		if (!lf) /* the connection broke within it */
			break;
		HOLDS(lf > rest.p && lf[-1] == '\r', all);
		line = (struct slice){rest.p, (size_t)(lf - rest.p) - 1};
		HOLDS(!slice_has_control(line), all);
		rest = (struct slice){lf + 1, rest.len - line.len - 2};
		messages += read_command(all, line, &rest);
	}
	return messages;
}

static void look_at_verdicts(const struct feed *feed, const struct session *s, unsigned messages)
{
	for (unsigned i = 0; i < feed->count; i++)
		HOLDS(feed->done[i] == (i < feed->given), buf_slice_of(&s->out));
	for (unsigned i = 0; i < feed->given; i++)
		if (envelope_count(&feed->mail[i].envelope, ACCEPTED))
			HOLDS(messages && s->positive, buf_slice_of(&s->out));
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct session s = {.answers = {(const char *)octets, len}};
	struct feed feed = {.count = 0};
	struct smtp_client client = {.ctx = &feed, .next = feed_next, .done = feed_done};
	struct smtp_limits limits = {.timeout = 60};
	unsigned offers = fuzz_take(&s.answers), shape = fuzz_take(&s.answers), messages;
	struct failure f;

	s.caps = (struct caps){.pipelining = offers & 1, .chunking = offers & 2, .eightbit = offers & 4, .smtputf8 = offers & 8,
			       .dsn = offers & 16, .size = offers & 32, .size_limit = offers & 64 ? 40 : 0};
	feed.count = 1 + (shape & 3);
	limits.recipients = 1 + (shape >> 2 & 3);
	limits.window = 1 + (shape >> 4 & 3);
	limits.verify = shape >> 6 == 3;
	for (unsigned i = 0; i < feed.count; i++)
		make_mail(&feed, i, 1 + fuzz_take(&s.answers) % 6);
	buf_start(&s.out, 16 * 1024 * 1024);
	(void)!smtp_run(&s, &limits, &client, &f);
	messages = read_conversation(buf_slice_of(&s.out));
	if (!limits.verify)
		look_at_verdicts(&feed, &s, messages);
	buf_free(&s.out);
	for (unsigned i = 0; i < feed.count; i++)
		arena_free(&feed.in[i]);
	return 0;
}
