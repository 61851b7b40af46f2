/* The engine against a scripted relay: session.c is replaced here by a script of answers. */
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/ending.h"
#include "mail/offers.h"
#include "wire/smtp.h"

struct session {
	struct caps caps;
	const char *answers; /* lines parted by \n; "!" ends the connection, "~" says that it has ended unasked */
	struct buf written;
	unsigned waits; /* how often an answer was awaited after something was written */
	bool wrote;
	struct past past;
};

#define EXPECT(condition) assert_true(condition)
#include "session.h"

size_t session_written(const struct session *s)
{
	return s->answers[0] == '?' ? 0 : s->written.len + 1000000; /* all of it, or nothing */
}

bool session_is_ahead(struct session *s)
{
	(void)s;
	return false;
}

bool session_has_more(struct session *s, unsigned awaited)
{
	(void)s;
	(void)awaited;
	return false;
}

bool session_is_over(struct session *s, struct reply *r)
{
	*r = (struct reply){0};
	return *s->answers == '~';
}

static int gone(struct failure *f)
{
	return fail(f, AT_CONNECT, EX_TEMPFAIL, "the relay closed the connection");
}

int session_write(struct session *s, struct slice bytes, int64_t until, struct failure *f)
{
	assert_true(until > 0);
	if (s->answers[0] == '?') /* the write itself fails */
		return gone(f);
	assert_int_equal(buf_slice(&s->written, bytes), 0);
	s->wrote = true;
	return 0;
}

int session_reply(struct session *s, int64_t until, unsigned awaited, struct reply *r, struct failure *f)
{
	size_t n = strcspn(s->answers, "\n");
	struct slice line = {s->answers, n};
	int whole;

	assert_true(until > 0 && awaited > 0);
	s->waits += s->wrote;
	s->wrote = false;
	if (*s->answers == '?')
		line = (struct slice){s->answers + 1, n - 1};
	if (!line.len || line.p[0] == '!' || line.p[0] == '~')
		return gone(f);
	s->answers += n + (s->answers[n] == '\n');
	*r = (struct reply){0};
	whole = reply_line(r, line, f);
	assert_int_equal(whole, 1);
	return 0;
}

struct feed {
	struct mail *mail;
	size_t count, given, done, asked;
};

static struct mail *feed_next(void *ctx, int64_t *when)
{
	struct feed *f = ctx;

	*when = 0;
	return f->given == f->count ? NULL : &f->mail[f->given++];
}

static void feed_done(void *ctx, struct mail *m)
{
	struct feed *f = ctx;

	assert_true(m >= f->mail && m < f->mail + f->count);
	f->done++;
}

static void mail_make(struct mail *m, struct arena *in, unsigned recipients, const char *text)
{
	*m = (struct mail){.in = in, .envelope.sender = "s@x"};
	for (unsigned i = 0; i < recipients; i++)
		envelope_add(&m->envelope, in, arena_printf(in, "r%u@x", i + 1));
	m->form7 = source_text(in, slice_of(text));
}

static const char PIPE[] = "pipelining", BDAT[] = "pipelining chunking", CHUNK[] = "chunking", PLAIN[] = "";

/* What each recipient of each mail comes to: A accepted, D deferred, R refused, U unsure, P pending. Where the session failed
 * (-1), whoever was given to it and is pending has its failure, and nobody else has. */
static void verdicts(const struct feed *f, int ok, char *to)
{
	for (size_t i = 0; i < f->count; i++) {
		for (size_t k = 0; k < f->mail[i].envelope.recipients; k++) {
			const struct recipient *r = &f->mail[i].envelope.recipient[k];

			*to++ = "PADRTU"[r->verdict];
			bool has_failed = r->verdict == PENDING ? ok < 0 && i < f->given : r->verdict != ACCEPTED;

			assert_int_equal(r->why != NULL, has_failed);
		}
		*to++ = ' ';
	}
	to[-1] = '\0';
}

struct row {
	const char *what, *caps;
	unsigned mails, recipients, most; /* most: of one transaction; 0: 100 */
	const char *answers, *verdicts, *written;
	int ok;
	unsigned waits; /* 0: not looked at */
};

static void run_row(const struct row *row)
{
	struct arena in = {0};
	struct session s = {.answers = row->answers};
	struct mail mail[8];
	struct feed feed = {.mail = mail, .count = row->mails};
	struct smtp_limits limits = {4, row->most ? row->most : 100, 60, 0, false};
	struct smtp_client client = {.ctx = &feed, .next = feed_next, .done = feed_done};
	struct failure f = {0};
	char got[200];
	int ok;

	buf_start(&s.written, 100000);
	s.caps.pipelining = strstr(row->caps, "pipelining") != NULL;
	s.caps.chunking = strstr(row->caps, "chunking") != NULL;
	s.caps.size = strstr(row->caps, "size") != NULL;
	s.past.used = strstr(row->caps, "kept") != NULL;
	for (unsigned i = 0; i < row->mails; i++)
		mail_make(&mail[i], &in, row->recipients, "a: b\r\n\r\n.x\r\n");
	ok = smtp_run(&s, &limits, &client, &f);
	verdicts(&feed, ok, got);
	if (ok != row->ok || strcmp(got, row->verdicts) ||
	    (row->written && strcmp(row->written, s.written.p ? s.written.p : "")))
		print_error("%s: %d \"%s\"\n%s\n%s\n", row->what, ok, got, s.written.p, f.text);
	assert_int_equal(ok, row->ok);
	assert_string_equal(got, row->verdicts);
	if (row->written)
		assert_string_equal(s.written.p ? s.written.p : "", row->written);
	if (row->waits)
		assert_int_equal(s.waits, row->waits);
	assert_int_equal(feed.done, feed.given);
	buf_free(&s.written);
	arena_free(&in);
}

#define M "MAIL FROM:<s@x>\r\n"
#define R1 "RCPT TO:<r1@x>\r\n"
#define R2 "RCPT TO:<r2@x>\r\n"
#define R3 "RCPT TO:<r3@x>\r\n"
#define D "DATA\r\n"
#define TEXT "a: b\r\n\r\n..x\r\n.\r\n"
#define B "BDAT 12 LAST\r\na: b\r\n\r\n.x\r\n"

static void test_each_conversation_ends_in_the_right_verdicts(void **state)
{
	static const struct row rows[] = {
		{"lockstep", PLAIN, 1, 1, 0, "250 \n250 \n354 \n250 ok", "A", M R1 D TEXT, 0, 4},
		{"pipelined: one write up to DATA, one with the message", PIPE, 1, 2, 0,
		 "250 \n250 \n250 \n354 \n250 ", "AA", M R1 R2 D TEXT, 0, 2},
		{"bdat: all in one write", BDAT, 1, 2, 0, "250 \n250 \n250 \n250 ", "AA", M R1 R2 B, 0, 1},
		{"bdat in lockstep", CHUNK, 1, 1, 0, "250 \n250 \n250 ", "A", M R1 B, 0, 3},
		{"pipelined: the dot goes with the next MAIL", PIPE, 2, 1, 0,
		 "250 \n250 \n354 \n250 \n250 \n250 \n354 \n250 ", "A A", M R1 D TEXT M R1 D TEXT, 0, 3},
		{"bdat: behind the first, many mails are under way", BDAT, 3, 1, 0,
		 "250 \n250 \n250 \n250 \n250 \n250 \n250 \n250 \n250 \n250 ", "A A A", M R1 B M R1 B "RSET\r\n" M R1 B, 0, 2},
		{"one recipient refused", PIPE, 1, 2, 0, "250 \n550 no\n250 \n354 \n250 ", "RA", M R1 R2 D TEXT, 0, 0},
		{"one recipient deferred", PIPE, 1, 2, 0, "250 \n450 no\n250 \n354 \n250 ", "DA", NULL, 0, 0},
		{"all refused, yet 354: a dot must follow", PIPE, 1, 2, 0, "250 \n550 \n550 \n354 \n554 none", "RR",
		 M R1 R2 D ".\r\n", 0, 0},
		{"all refused and DATA too", PIPE, 1, 1, 0, "250 \n550 \n503 ", "R", M R1 D, 0, 0},
		{"all refused in lockstep: no DATA", PLAIN, 1, 2, 0, "250 \n550 \n450 ", "RD", M R1 R2, 0, 0},
		{"MAIL refused in lockstep", PLAIN, 1, 2, 0, "550 no", "RR", M, 0, 0},
		{"MAIL refused, the rest answered 503", PIPE, 1, 1, 0, "550 no\n503 \n503 ", "R", M R1 D, 0, 0},
		{"MAIL deferred", BDAT, 1, 1, 0, "451 later\n503 \n503 ", "D", M R1 B, 0, 0},
		{"DATA refused: RSET, and the session goes on", PIPE, 2, 1, 0,
		 "250 \n250 \n554 no\n250 \n250 \n250 \n354 \n250 ", "R A", M R1 D "RSET\r\n" M R1 D TEXT, 0, 0},
		{"refused at the end", PIPE, 1, 2, 0, "250 \n250 \n250 \n354 \n554 spam", "RR", NULL, 0, 0},
		{"deferred at the end", PLAIN, 1, 1, 0, "250 \n250 \n354 \n451 ", "D", NULL, 0, 0},
		{"bdat refused", BDAT, 1, 1, 0, "250 \n250 \n552 big", "R", NULL, 0, 0},
		{"three transactions of two", PIPE, 1, 3, 1,
		 "250 \n250 \n354 \n250 \n250 \n250 \n354 \n250 \n250 \n250 \n354 \n250 ", "AAA",
		 M R1 D TEXT M R2 D TEXT M R3 D TEXT, 0, 0},
		{"lost before the dot's answer: unsure", PIPE, 1, 2, 0, "250 \n550 \n250 \n354 \n!", "RU", NULL, -1, 0},
		{"lost before 354: free to try again", PIPE, 1, 1, 0, "250 \n250 \n!", "P", NULL, -1, 0},
		{"lost with bdat under way: unsure", BDAT, 2, 1, 0, "250 \n250 \n250 \n250 \n!", "A U", NULL, -1, 0},
		{"421 at MAIL", PIPE, 1, 1, 0, "421 bye", "D", NULL, -1, 0},
		{"421 at the end: what follows was not taken", BDAT, 3, 1, 0,
		 "250 \n250 \n250 \n250 \n250 \n421 bye", "A D P", NULL, -1, 0},
		{"421 at the dot", PIPE, 1, 1, 0, "250 \n250 \n354 \n421 ", "D", NULL, -1, 0},
		{"a write that fails; what the relay had said counts", PLAIN, 1, 1, 0, "?!", "P", NULL, -1, 0},
		{"552 after some were taken: they go in another transaction", PLAIN, 1, 2, 0,
		 "250 \n250 \n552 Too many recipients\n354 \n250 \n250 \n250 \n354 \n250 ", "AA", M R1 R2 D TEXT M R2 D TEXT, 0, 0},
		{"the code aside, 5.5.3 says it, too", PIPE, 1, 2, 0,
		 "250 \n250 \n550 5.5.3 enough\n354 \n250 \n250 \n250 \n354 \n250 ", "AA", M R1 R2 D TEXT M R2 D TEXT, 0, 0},
		{"552 of the first is final, of one who came again is not", PLAIN, 1, 2, 0,
		 "250 \n250 \n552 \n354 \n250 \n250 \n552 Too many recipients", "AD", M R1 R2 D TEXT M R2, 0, 0},
		{"552 and nobody taken", PLAIN, 1, 2, 0, "250 \n552 \n552 ", "RR", M R1 R2, 0, 0},
		{"552 for another reason", PLAIN, 1, 2, 0, "250 \n250 \n552 5.2.2 full\n354 \n250 ", "AR", M R1 R2 D TEXT, 0, 0},
		{"552 5.3.4 of a message is not about its recipients", PLAIN, 1, 2, 0, "250 \n250 \n552 5.3.4 big\n354 \n250 ", "AR", NULL, 0, 0},
		{"what is said of the message is not for those who come again", BDAT, 1, 2, 0,
		 "250 \n250 \n452 \n554 no\n250 \n250 \n250 \n250 ", "RA", M R1 R2 B "RSET\r\n" M R2 B, 0, 0},
		{"503 to BDAT: by DATA, in the same session", BDAT, 1, 1, 0, "250 \n250 \n503 5.5.1 what\n250 \n250 \n250 \n354 \n250 ", "A",
		 M R1 B "RSET\r\n" M R1 D TEXT, 0, 0},
		{"503 to BDAT of the first of three mails", BDAT, 3, 1, 0,
		 "250 \n250 \n503 \n250 \n250 \n250 \n354 \n250 \n250 \n250 \n354 \n250 \n250 \n250 \n354 \n250 ",
		 "A A A", M R1 B "RSET\r\n" M R1 D TEXT M R1 D TEXT M R1 D TEXT, 0, 0},
		{"503 to BDAT where nobody was taken", BDAT, 1, 1, 0, "250 \n550 \n503 ", "R", M R1 B, 0, 0},
		{"502 to BDAT: nothing behind it is an answer", BDAT, 2, 1, 0, "250 \n250 \n502 what\n250 \n250 \n250 \n250 ", "P P", NULL, SMTP_ANOTHER, 0},
		/* Until one has gone well by BDAT no other is under way: 500 may be said to its octets. */
		{"500 to the first BDAT, and the others are not under way", BDAT, 3, 1, 0, "250 \n250 \n500 what\n250 \n250 \n250 \n250 ", "P P P",
		 M R1 B, SMTP_ANOTHER, 0},
		{"500 to the second BDAT: the third has its own answer, and the second goes by DATA", BDAT, 3, 1, 0,
		 "250 \n250 \n250 \n250 \n250 \n500 what\n250 \n250 \n250 \n250 \n250 \n250 \n250 \n354 \n250 ", "A A A", NULL, 0, 0},
		{"500 to the second BDAT and then to the message itself", BDAT, 2, 1, 0,
		 "250 \n250 \n250 \n250 \n250 \n500 what\n250 \n250 \n250 \n354 \n500 what", "A R", NULL, 0, 0},
		{"500 to the second BDAT where the first was refused", BDAT, 2, 1, 0, "250 \n250 \n550 \n250 \n250 \n250 \n500 what\n250 ", "R P", NULL, SMTP_ANOTHER, 0},
		{"SIZE= refused: without", "size", 2, 1, 0, "555 5.5.4 no\n250 \n250 \n250 \n354 \n250 \n250 \n250 \n354 \n250 ", "A A",
		 "MAIL FROM:<s@x> SIZE=12\r\n" "RSET\r\n" M R1 D TEXT M R1 D TEXT, 0, 0},
		{"SIZE= refused, pipelined", "size pipelining", 1, 1, 0, "501 \n503 \n503 \n250 \n250 \n250 \n354 \n250 ", "A",
		 "MAIL FROM:<s@x> SIZE=12\r\n" R1 D "RSET\r\n" M R1 D TEXT, 0, 0},
		{"SIZE= refused, and all else, too", "size", 1, 1, 0, "554 no\n250 \n554 no", "R", "MAIL FROM:<s@x> SIZE=12\r\n" "RSET\r\n" M, 0, 0},
		{"SIZE= refused, then the connection lost", "size", 1, 1, 0, "554 no\n!", "P", NULL, -1, 0},
		{"5.7.1 is not about SIZE=", "size", 1, 1, 0, "554 5.7.1 no", "R", "MAIL FROM:<s@x> SIZE=12\r\n", 0, 0},
		{"a goodbye between two mails", PLAIN, 2, 1, 0, "250 \n250 \n354 \n250 \n~", "A P", M R1 D TEXT, SMTP_ANOTHER, 0},
		{"a goodbye behind the last mail", PLAIN, 1, 1, 0, "250 \n250 \n354 \n250 \n~", "A", M R1 D TEXT, 0, 0},
		{"a goodbye before the first is for who opened the session", PLAIN, 1, 1, 0, "~", "P", M, -1, 0},
		{"421 after a pause", "kept", 1, 2, 0, "421 idle", "PP", M, SMTP_ANOTHER, 0},
		{"421 after a pause, pipelined", "kept pipelining chunking", 2, 1, 0, "421 idle", "P P", NULL, SMTP_ANOTHER, 0},
		{"421 at a later answer", "kept", 1, 1, 0, "250 \n421 full", "D", M R1, -1, 0},
		{"gone after a pause", "kept", 1, 1, 0, "!", "P", M, SMTP_ANOTHER, 0},
		{"gone after a pause, and all was sent", "kept pipelining chunking", 1, 1, 0, "!", "U", M R1 B, -1, 0},
		{"nobody to send to", PIPE, 1, 0, 0, "", "", "", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		run_row(&rows[i]);
}

static void test_every_cut_of_a_conversation_ends_and_tells_no_lie(void **state)
{
	static const char answers[] = "250 \n250 \n250 \n354 \n250 \n250 \n250 \n250 \n354 \n250 ";
	static const char *const caps[] = {"", "pipelining", "chunking", "pipelining chunking"};

	(void)state;
	for (size_t c = 0; c < 4; c++)
		for (size_t cut = 0; cut < sizeof answers; cut += 5) {
			struct arena in = {0};
			char script[sizeof answers + 2];
			struct session s = {.answers = script};
			struct mail mail[2];
			struct feed feed = {.mail = mail, .count = 2};
			struct smtp_limits limits = {4, 100, 60, 0, false};
			struct smtp_client client = {.ctx = &feed, .next = feed_next, .done = feed_done};
			struct failure f = {0};

			snprintf(script, sizeof script, "%.*s!", (int)cut, answers);
			buf_start(&s.written, 100000);
			s.caps.pipelining = strstr(caps[c], "pipelining") != NULL;
			s.caps.chunking = strstr(caps[c], "chunking") != NULL;
			mail_make(&mail[0], &in, 2, "a: b\r\n\r\nx\r\n");
			mail_make(&mail[1], &in, 2, "a: b\r\n\r\nx\r\n");
			if (smtp_run(&s, &limits, &client, &f) < 0)
				assert_true(f.exit == EX_TEMPFAIL);
			assert_int_equal(feed.done, feed.given);
			if (cut < 20 && !s.caps.chunking) /* no answer to a message was given */
				assert_true(mail[0].envelope.recipient[0].verdict != ACCEPTED);
			buf_free(&s.written);
			arena_free(&in);
		}
}

static void test_a_refused_recipient_keeps_the_relays_own_words(void **state)
{
	struct arena in = {0};
	struct session s = {.answers = "250 \n550 5.1.1 no such user here\n354 \n554 "};
	struct mail mail;
	struct feed feed = {.mail = &mail, .count = 1};
	struct smtp_limits limits = {4, 100, 60, 0, false};
	struct smtp_client client = {.ctx = &feed, .next = feed_next, .done = feed_done};
	const struct failure *why;
	struct failure f;

	(void)state;
	buf_start(&s.written, 1000);
	s.caps.pipelining = true;
	mail_make(&mail, &in, 1, "a: b\r\n\r\n");
	assert_int_equal(smtp_run(&s, &limits, &client, &f), 0);
	why = mail.envelope.recipient[0].why;
	assert_non_null(why);
	assert_string_equal(why->text, "no such user here");
	assert_string_equal(why->enhanced, "5.1.1");
	assert_string_equal(why->relay, "relay.test:25");
	assert_int_equal(why->code, 550);
	assert_int_equal(why->exit, EX_NOUSER);
	assert_int_equal(why->stage, AT_RECIPIENT);
	buf_free(&s.written);
	arena_free(&in);
}

static void test_a_message_over_the_relays_size_is_refused_before_mail(void **state)
{
	struct arena in = {0};
	struct session s = {.answers = "", .caps = {.size = true, .size_limit = 5}};
	struct mail mail;
	struct feed feed = {.mail = &mail, .count = 1};
	struct smtp_limits limits = {4, 100, 60, 0, false};
	struct smtp_client client = {.ctx = &feed, .next = feed_next, .done = feed_done};
	struct failure f;

	(void)state;
	buf_start(&s.written, 1000);
	mail_make(&mail, &in, 1, "a: b\r\n\r\n");
	assert_int_equal(smtp_run(&s, &limits, &client, &f), 0);
	assert_int_equal(s.written.len, 0);
	assert_int_equal(mail.envelope.recipient[0].verdict, REFUSED);
	assert_int_equal(mail.envelope.recipient[0].why->exit, EX_DATAERR);
	assert_int_equal(feed.done, 1);
	buf_free(&s.written);
	arena_free(&in);
}

struct parts {
	struct feed feed;
	const struct session *session;
	size_t told, end_at; /* end_at: at which of them we are told to end; 0: never */
};

/* No message has gone that another's answer should have come before. */
static void parts_part(void *ctx, struct mail *m)
{
	struct parts *p = ctx;
	size_t sent = 0;

	assert_ptr_equal(m, p->feed.mail);
	for (const char *at = p->session->written.p; (at = strstr(at, "a: b\r\n")); at++)
		sent++;
	assert_int_equal(sent, ++p->told);
	if (p->told == p->end_at)
		assert_int_equal(raise(SIGTERM), 0);
}

static int run_in_parts(const char *caps, const char *answers, size_t end_at, struct parts *p, char *got)
{
	struct arena in = {0};
	struct session s = {.answers = answers};
	struct mail mail;
	struct smtp_limits limits = {4, 1, 60, 0, false};
	struct smtp_client client = {.ctx = p, .next = feed_next, .done = feed_done, .part = parts_part};
	struct failure f = {0};
	int ok;

	*p = (struct parts){{.mail = &mail, .count = 1}, &s, 0, end_at};
	buf_start(&s.written, 10000);
	s.caps.pipelining = strstr(caps, "pipelining") != NULL;
	s.caps.chunking = strstr(caps, "chunking") != NULL;
	mail_make(&mail, &in, 3, "a: b\r\n\r\n.x\r\n");
	ok = smtp_run(&s, &limits, &client, &f);
	verdicts(&p->feed, ok, got);
	assert_int_equal(p->feed.done, 1);
	if (ok < 0)
		assert_string_equal(f.text, "mysend was told to end");
	buf_free(&s.written);
	arena_free(&in);
	return ok;
}

static void test_what_a_transaction_came_to_is_told_before_the_next_message_goes(void **state)
{
	static const char *const caps[] = {PLAIN, PIPE, CHUNK, BDAT};

	(void)state;
	for (size_t i = 0; i < ROWS(caps); i++) {
		bool bdat = strstr(caps[i], "chunking");
		struct parts p;
		char got[20];

		assert_int_equal(run_in_parts(caps[i], bdat ? "250 \n250 \n250 \n250 \n250 \n250 \n250 \n250 \n250 \n250 \n250 "
							    : "250 \n250 \n354 \n250 \n250 \n250 \n354 \n250 \n250 \n250 \n354 \n250 ", 0, &p, got), 0);
		assert_string_equal(got, "AAA");
		assert_int_equal(p.told, 2);
	}
}

static void test_told_to_end_no_other_message_goes(void **state)
{
	static const char *const caps[] = {PLAIN, PIPE, CHUNK, BDAT};
	struct ending held;
	sigset_t term;
	int got_signal;

	(void)state;
	ending_hold(&held);
	assert_false(ending_asked());
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	for (size_t i = 0; i < ROWS(caps); i++) {
		bool bdat = strstr(caps[i], "chunking");
		struct parts p;
		char got[20];

		assert_int_equal(run_in_parts(caps[i], bdat ? "250 \n250 \n250 \n250 \n250 \n250 " : "250 \n250 \n354 \n250 \n250 \n250 \n354 \n250 ", 1, &p, got), -1);
		assert_string_equal(got, "APP");
		assert_true(ending_asked() && !ending_is_abort());
		assert_int_equal(sigwait(&term, &got_signal), 0);
	}
	assert_false(ending_asked());
	ending_release(&held);
}

static void test_who_has_a_verdict_is_passed_over_in_the_next_session(void **state)
{
	struct arena in = {0};
	struct session s = {.answers = "250 \n250 \n250 \n354 \n250 \n250 \n250 \n354 \n250 "};
	struct mail mail;
	struct feed feed = {.mail = &mail, .count = 1};
	struct smtp_limits limits = {4, 100, 60, 0, false};
	struct smtp_client client = {.ctx = &feed, .next = feed_next, .done = feed_done};
	struct failure f;

	(void)state;
	buf_start(&s.written, 1000);
	mail_make(&mail, &in, 5, "a: b\r\n\r\n.x\r\n");
	mail.envelope.recipient[0].verdict = mail.envelope.recipient[3].verdict = ACCEPTED;
	assert_int_equal(smtp_run(&s, &limits, &client, &f), 0);
	assert_string_equal(s.written.p, M R2 R3 D TEXT M "RCPT TO:<r5@x>\r\n" D TEXT);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(mail.envelope.recipient[i].verdict, ACCEPTED);
	assert_int_equal(feed.done, 1);
	buf_free(&s.written);
	arena_free(&in);
}

/* Every second time there is none yet. */
static struct mail *feed_next_later(void *ctx, int64_t *when)
{
	struct feed *f = ctx;

	*when = f->asked++ % 2 || f->given == f->count ? 0 : clock_steady() + 1;
	return *when || f->given == f->count ? NULL : &f->mail[f->given++];
}

static void test_a_client_may_have_the_next_mail_later(void **state)
{
	static const struct { bool pipelining, chunking; const char *answers; } rows[] = {
		{false, false, "250 \n250 \n354 \n250 \n250 \n250 \n354 \n250 "}, {true, false, "250 \n250 \n354 \n250 \n250 \n250 \n354 \n250 "},
		{true, true, "250 \n250 \n250 \n250 \n250 \n250 "},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct arena in = {0};
		struct session s = {.answers = rows[i].answers, .caps = {.pipelining = rows[i].pipelining, .chunking = rows[i].chunking}};
		struct mail mail[2];
		struct feed feed = {.mail = mail, .count = 2};
		struct smtp_limits limits = {4, 100, 60, 0, false};
		struct smtp_client client = {.ctx = &feed, .next = feed_next_later, .done = feed_done};
		struct failure f;

		buf_start(&s.written, 1000);
		for (size_t n = 0; n < ROWS(mail); n++)
			mail_make(&mail[n], &in, 1, "a: b\r\n\r\n.x\r\n");
		assert_int_equal(smtp_run(&s, &limits, &client, &f), 0);
		assert_int_equal(feed.done, 2);
		assert_true(mail[0].envelope.recipient->verdict == ACCEPTED && mail[1].envelope.recipient->verdict == ACCEPTED);
		buf_free(&s.written);
		arena_free(&in);
	}
}

/* A client that lets each transaction begin, or not, as the letters say: y now, l later, n not in this session. */
struct gate {
	struct feed feed;
	const char *says;
	size_t begun;
	char ended[40]; /* of each: c counted by the relay, or -; then the first digit of the refusal, or 0 */
	size_t length;
};

static bool gate_begin(void *ctx, struct mail *m, size_t recipients, void **ticket, int64_t *when)
{
	struct gate *g = ctx;
	char says = *g->says;

	assert_true(m >= g->feed.mail && m < g->feed.mail + g->feed.count);
	assert_true(recipients > 0 && recipients <= m->envelope.recipients);
	g->says += says != 'n';
	*when = says == 'l' ? clock_steady() + 1 : 0;
	if (says == 'y')
		*ticket = &g->ended[g->begun++];
	return says == 'y';
}

static void gate_end(void *ctx, struct mail *m, void *ticket, bool counted, const struct failure *why)
{
	struct gate *g = ctx;

	assert_true(m >= g->feed.mail && m < g->feed.mail + g->feed.count);
	assert_true((char *)ticket >= g->ended && (char *)ticket < g->ended + g->begun);
	g->ended[g->length++] = counted ? 'c' : '-';
	g->ended[g->length++] = (char)('0' + (why ? why->code / 100 : 0));
}

static void test_each_transaction_begins_when_the_client_says_so(void **state)
{
	static const struct {
		const char *what, *caps, *says, *answers, *verdicts, *ended;
		unsigned mails, recipients, most;
		int ok;
	} rows[] = {
		{"each has its own", PIPE, "yyy", "250 \n250 \n354 \n250 \n250 \n250 \n354 \n250 \n250 \n250 \n354 \n250 ", "AAA", "c0c0c0", 1, 3, 1, 0},
		{"some have to wait", BDAT, "lylly", "250 \n250 \n250 \n250 \n250 \n250 ", "AA", "c0c0", 1, 2, 1, 0},
		{"the rest of a mail is for another session", BDAT, "yn", "250 \n250 \n250 ", "AP", "c0", 1, 2, 1, SMTP_ANOTHER},
		{"a mail is for another session, and the one before is answered first", BDAT, "yyn", "250 \n250 \n250 \n250 \n250 \n554 no", "A R P", "c0c5", 3, 1, 0, SMTP_ANOTHER},
		{"the relay takes one at a time", PIPE, "yyy", "250 \n250 \n452 4.5.3 too many\n452 4.5.3 too many\n354 \n250 \n250 \n250 \n354 \n250 \n250 \n250 \n354 \n250 ", "AAA", "c4c0c0", 1, 3, 0, 0},
		{"and those that it did not take are for another session", PIPE, "yn", "250 \n250 \n452 4.5.3 too many\n354 \n250 ", "AP", "c4", 1, 2, 0, SMTP_ANOTHER},
		{"refused at MAIL", PIPE, "y", "450 slow down\n503 \n503 ", "D", "c4", 1, 1, 0, 0},
		{"refused at RCPT", PIPE, "y", "250 \n450 slow down\n503 ", "D", "c4", 1, 1, 0, 0},
		{"lost before any answer", PIPE, "y", "!", "P", "c0", 1, 1, 0, -1},
		{"a goodbye: MAIL was never read", "pipelining kept", "y", "~", "P", "-0", 1, 1, 0, SMTP_ANOTHER},
		{"left with 421", PIPE, "y", "250 \n421 4.7.0 slow down", "D", "c4", 1, 1, 0, -1},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct arena in = {0};
		struct session s = {.answers = rows[i].answers, .caps = {.pipelining = strstr(rows[i].caps, "pipelining"), .chunking = strstr(rows[i].caps, "chunking")}};
		struct mail mail[4];
		struct gate gate = {.feed = {.mail = mail, .count = rows[i].mails}, .says = rows[i].says};
		struct smtp_limits limits = {4, rows[i].most ? rows[i].most : 100, 60, 0, false};
		struct smtp_client client = {.ctx = &gate, .next = feed_next, .done = feed_done, .begin = gate_begin, .end = gate_end};
		struct failure f = {0};
		char got[200];
		int ok;

		s.past.used = strstr(rows[i].caps, "kept") != NULL;
		buf_start(&s.written, 10000);
		for (size_t k = 0; k < rows[i].mails; k++)
			mail_make(&mail[k], &in, rows[i].recipients, "a: b\r\n\r\n.x\r\n");
		ok = smtp_run(&s, &limits, &client, &f);
		verdicts(&gate.feed, ok, got);
		if (ok != rows[i].ok || strcmp(got, rows[i].verdicts) || strcmp(gate.ended, rows[i].ended))
			print_error("%s: %d \"%s\" \"%s\"\n%s\n%s\n", rows[i].what, ok, got, gate.ended, s.written.p ? s.written.p : "", f.text);
		assert_int_equal(ok, rows[i].ok);
		assert_string_equal(got, rows[i].verdicts);
		assert_string_equal(gate.ended, rows[i].ended);
		assert_int_equal(gate.feed.done, gate.feed.given);
		buf_free(&s.written);
		arena_free(&in);
	}
}

static void test_a_mail_remembers_that_a_session_was_lost_in_its_first_bdat(void **state)
{
	static const struct { const char *answers; unsigned without; } rows[] = {
		{"250 \n250 \n!", OFFER_CHUNKING}, {"250 \n!", 0}, {"250 \n250 \n421 bye", 0}, {"250 \n250 \n250 \n250 \n250 \n250 \n!", 0},
		{"250 \n250 \n502 what", OFFER_CHUNKING}, {"250 \n250 \n250 ", 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct arena in = {0};
		struct session s = {.answers = rows[i].answers, .caps = {.pipelining = true, .chunking = true}};
		struct mail mail[2];
		struct feed feed = {.mail = mail, .count = strlen(rows[i].answers) > 20 ? 2 : 1};
		struct smtp_limits limits = {4, 100, 60, 0, false};
		struct smtp_client client = {.ctx = &feed, .next = feed_next, .done = feed_done};
		struct failure f;

		buf_start(&s.written, 1000);
		for (size_t k = 0; k < feed.count; k++)
			mail_make(&mail[k], &in, 1, "a: b\r\n\r\n.x\r\n");
		(void)!smtp_run(&s, &limits, &client, &f);
		assert_int_equal(mail[feed.count - 1].envelope.without, rows[i].without);
		assert_int_equal(s.caps.forgone, rows[i].without);
		buf_free(&s.written);
		arena_free(&in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_conversation_ends_in_the_right_verdicts),
		cmocka_unit_test(test_every_cut_of_a_conversation_ends_and_tells_no_lie),
		cmocka_unit_test(test_a_refused_recipient_keeps_the_relays_own_words),
		cmocka_unit_test(test_a_client_may_have_the_next_mail_later),
		cmocka_unit_test(test_each_transaction_begins_when_the_client_says_so),
		cmocka_unit_test(test_who_has_a_verdict_is_passed_over_in_the_next_session),
		cmocka_unit_test(test_a_mail_remembers_that_a_session_was_lost_in_its_first_bdat),
		cmocka_unit_test(test_a_message_over_the_relays_size_is_refused_before_mail),
		cmocka_unit_test(test_what_a_transaction_came_to_is_told_before_the_next_message_goes),
		cmocka_unit_test(test_told_to_end_no_other_message_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
