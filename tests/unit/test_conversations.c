/* The engine tried at every answer. A relay that stands in session.c's place answers two mails to two recipients each, and
 * at each place of the conversation it may say yes, no for now, no for good, that it leaves, what is no reply, or nothing
 * at all; or that what it has offered does not hold. All conversations that come of it are held, and each verdict is compared with what the relay did. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "wire/smtp.h"

enum { MAILS = 2, RECIPIENTS = 2, PLACES = 40 };
enum answer { UNANSWERED, WELL, FOR_NOW, FOR_GOOD, NOT_SO, UNKNOWN, LEAVES, NO_REPLY, GONE };

/* What the relay knows of one mail, and how it answered each of its commands. */
struct delivery {
	enum answer mail, rcpt[RECIPIENTS], data, end;
	bool text; /* its message was written up to its end */
	enum answer was[RECIPIENTS]; /* in transactions before, which failed by an offer that does not hold */
};

struct session { /* the relay, seen from the engine */
	struct caps caps;
	const unsigned char *choice; /* at each place, of these */
	const enum answer *answer_of;
	bool offers; /* it is about these: RSET goes well, and outside a transaction all is refused */
	unsigned places;	     /* how many answers were due */
	struct buf in;		     /* written, not yet a whole command */
	enum { COMMANDS, TEXT } reading;
	struct delivery delivery[MAILS];
	struct delivery *at; /* in a transaction */
	bool open;	     /* a transaction that MAIL began has had no end */
	bool silent;	     /* it has left, or talks nonsense */
	bool knows;	     /* it has taken a mail by BDAT */
	bool left;	     /* it said that it leaves */
	bool left_between;   /* and that at the RSET in front of a mail */
	struct past past;
	char answers[PLACES][8];
	unsigned made, read;
	bool lost;
	const char *wrong; /* what it has to complain of */
};

#define EXPECT(condition) assert_true(condition)
#include "session.h"

size_t session_written(const struct session *s)
{
	(void)s;
	return (size_t)-1;
}

bool session_is_ahead(struct session *s)
{
	(void)s;
	return false;
}

bool session_has_more(struct session *s, unsigned awaited)
{
	return s->made > s->read && strncmp(s->answers[s->made - 1], "421", 3) != 0 && s->made - s->read > awaited;
}

bool session_is_over(struct session *s, struct reply *r)
{
	(void)s;
	*r = (struct reply){0};
	return false;
}

/* Decides how this place is answered; who has left answers nothing. not_so: what is said where an offer does not hold, or
 * NULL: then that is a refusal as any other. */
static enum answer answer(struct session *s, bool may_begin, const char *well, const char *not_so)
{
	static const char *const codes[] = {[FOR_NOW] = "450 ", [FOR_GOOD] = "550 ", [NOT_SO] = "550 ", [UNKNOWN] = "502 ", [LEAVES] = "421 ", [NO_REPLY] = "999 ", [GONE] = ""};
	enum answer a;

	if (s->silent)
		return UNANSWERED;
	if (s->offers && !s->open && !may_begin) { /* no choice of its own, or there were too many conversations */
		snprintf(s->answers[s->made++], sizeof s->answers[0], "503 ");
		return FOR_GOOD;
	}
	assert_true(s->places < PLACES);
	a = s->answer_of[s->choice[s->places++]];
	snprintf(s->answers[s->made++], sizeof s->answers[0], "%s", a == WELL ? well : a == NOT_SO && not_so ? not_so : codes[a]);
	if ((a == NOT_SO || a == UNKNOWN) && !not_so)
		a = FOR_GOOD;
	s->silent = a >= LEAVES;
	s->left |= a == LEAVES;
	return a;
}

static bool is_no(enum answer a)
{
	return a == FOR_NOW || a == FOR_GOOD;
}

static const char *text_of(const struct session *s, const struct delivery *d)
{
	return d == &s->delivery[0] ? "a: 1\r\n\r\n.x\r\nMAIL FROM:<s2@x>\r\n" : "a: 2\r\n\r\n..\r\n";
}

static void end_of_text(struct session *s, struct slice text)
{
	struct delivery *d = s->at;

	s->reading = COMMANDS;
	d->text = text.len == strlen(text_of(s, d)) && memcmp(text.p, text_of(s, d), text.len) == 0;
	if (text.len && !d->text)
		s->wrong = "the text is not the mail's";
	d->end = answer(s, false, "250 ", s->caps.chunking && d->mail == WELL && (d->rcpt[0] == WELL || d->rcpt[1] == WELL) ? "503 " : NULL);
	if (d->end == UNKNOWN && s->knows)
		d->end = NOT_SO;
	else if (d->end == UNKNOWN) /* it knows no BDAT, and takes what follows for commands */
		s->silent = s->left = true;
	s->knows |= d->end == WELL && (d->rcpt[0] == WELL || d->rcpt[1] == WELL);
	/* RFC 3030 2: what follows a BDAT that failed is RSET. Behind an answered dot no transaction is open. */
	if (d->end == WELL || (!s->caps.chunking && d->end != UNANSWERED))
		s->open = false;
}

static void begin_again(struct delivery *d)
{
	struct delivery next = {.mail = UNANSWERED};

	for (unsigned i = 0; i < RECIPIENTS; i++)
		next.was[i] = is_no(d->was[i]) || d->mail == NOT_SO ? d->was[i] : d->rcpt[i];
	*d = next;
}

static void hear_mail(struct session *s, struct slice line)
{
	unsigned which = (unsigned)line.p[strlen("MAIL FROM:<s")] - '1';

	assert_true(which < MAILS);
	if (s->open)
		s->wrong = "MAIL in a transaction that has had no end";
	s->at = &s->delivery[which];
	if (s->at->mail == NOT_SO || s->at->end == NOT_SO)
		begin_again(s->at);
	if (s->at->mail != UNANSWERED)
		s->wrong = "a mail begun twice";
	s->at->mail = answer(s, true, "250 ", slice_mentions(line, " SIZE=") ? "555 " : NULL);
	if (s->at->mail == UNKNOWN)
		s->at->mail = FOR_GOOD;
	s->open = s->at->mail == WELL;
}

static void hear(struct session *s, struct slice line)
{
	if (slice_begins(line, "MAIL FROM:<s")) {
		hear_mail(s, line);
	} else if (slice_begins(line, "RCPT TO:<r")) {
		unsigned which = (unsigned)line.p[strlen("RCPT TO:<r")] - '1';

		assert_true(which < RECIPIENTS);
		if (is_no(s->at->was[which]))
			s->wrong = "who was refused is asked for again";
		s->at->rcpt[which] = answer(s, false, "250 ", NULL);
	} else if (slice_is(line, "RSET")) {
		enum answer a = s->offers ? WELL : answer(s, true, "250 ", NULL);

		if (s->offers && !s->silent)
			snprintf(s->answers[s->made++], sizeof s->answers[0], "250 ");
		s->open = false; /* or, where that was refused, nothing behind it may count */
		s->left_between |= a == LEAVES;
	} else if (slice_is(line, "DATA")) {
		s->at->data = answer(s, false, "354 ", NULL);
		if (s->at->data == WELL)
			s->reading = TEXT;
	} else {
		s->wrong = "no command";
	}
}

/* A text up to its dot, leading dots taken off (RFC 5321 4.5.2); false: more has to come. */
static bool take_text(struct session *s)
{
	struct slice rest = buf_slice_of(&s->in), line;
	struct buf text;
	bool ended = false;

	buf_start(&text, 1000);
	while (!ended && slice_line(&rest, &line)) {
		if (slice_is(line, "."))
			ended = true;
		else if (buf_slice(&text, *line.p == '.' ? (struct slice){line.p + 1, line.len - 1} : line) < 0 || buf_text(&text, "\r\n") < 0)
			assert_true(false);
	}
	if (ended) {
		end_of_text(s, buf_slice_of(&text));
		buf_consume(&s->in, s->in.len - rest.len);
	}
	buf_free(&text);
	return ended;
}

static bool take_command(struct session *s)
{
	struct slice rest = buf_slice_of(&s->in), line;
	size_t octets;

	if (!rest.len || !slice_line(&rest, &line))
		return false;
	if (!slice_begins(line, "BDAT ")) {
		hear(s, line);
		buf_consume(&s->in, s->in.len - rest.len);
		return true;
	}
	octets = (size_t)strtoul(line.p + 5, NULL, 10);
	if (rest.len < octets)
		return false;
	end_of_text(s, (struct slice){rest.p, octets});
	buf_consume(&s->in, s->in.len - rest.len + octets);
	return true;
}

int session_write(struct session *s, struct slice bytes, int64_t until, struct failure *f)
{
	(void)until;
	(void)f;
	assert_int_equal(buf_slice(&s->in, bytes), 0);
	while (s->reading == TEXT ? take_text(s) : take_command(s))
		;
	return 0;
}

int session_reply(struct session *s, int64_t until, unsigned awaited, struct reply *r, struct failure *f)
{
	const char *line = s->read < s->made ? s->answers[s->read++] : "";

	(void)until;
	assert_true(awaited > 0);
	*r = (struct reply){0};
	if (!*line || reply_line(r, slice_of(line), f) != 1) {
		s->lost = true;
		return *line ? -1 : fail(f, AT_CONNECT, EX_TEMPFAIL, "the relay closed the connection");
	}
	s->lost |= r->code == 421;
	return 0;
}

struct feed {
	struct mail mail[MAILS];
	unsigned given, done[MAILS];
};

static struct mail *feed_next(void *ctx, int64_t *when)
{
	struct feed *f = ctx;

	*when = 0;
	return f->given == MAILS ? NULL : &f->mail[f->given++];
}

static void feed_done(void *ctx, struct mail *m)
{
	struct feed *f = ctx;

	f->done[m - f->mail]++;
}

/* NULL: the verdict says what happened. */
static const char *compare(const struct session *s, const struct delivery *d, unsigned which, enum verdict v)
{
	bool before = is_no(d->was[which]);
	bool refused = before || is_no(d->mail) || (d->mail != NOT_SO && (is_no(d->rcpt[which]) || is_no(d->data) || is_no(d->end)));
	bool left_here = d->mail == LEAVES || d->rcpt[0] == LEAVES || d->rcpt[1] == LEAVES || d->data == LEAVES || d->end == LEAVES ||
			 (s->left_between && d->mail == UNANSWERED);
	bool unanswered = d->text && d->end != WELL && d->end != NOT_SO && d->end != UNKNOWN && !is_no(d->end) && d->mail != NOT_SO;
	bool taken = d->mail == WELL && d->rcpt[which] == WELL && d->end == WELL && d->text;

	if (taken != (v == ACCEPTED))
		return taken ? "the relay has it, and it is not told as accepted" : "told as accepted, and the relay does not have it";
	if (refused && v != DEFERRED && v != REFUSED)
		return "the relay has refused it, and that is forgotten";
	if (!refused && !left_here && (v == DEFERRED || v == REFUSED))
		return "told as refused, and the relay has said nothing of the kind";
	/* RFC 5321 3.8: who leaves has taken nothing of what he has not answered. */
	if (!refused && (v == UNSURE) != (unanswered && !s->left))
		return v == UNSURE ? "told as unsure, and the relay cannot have it" : "the relay may have it, and it is not told as unsure";
	return NULL;
}

static const char *judge(const struct session *s, const struct feed *feed, int ok)
{
	const char *wrong = s->wrong;

	for (unsigned m = 0; m < MAILS && !wrong; m++) {
		if (feed->done[m] != (m < feed->given))
			wrong = "a mail that was given is done once";
		for (unsigned r = 0; r < RECIPIENTS && !wrong && m < feed->given; r++)
			wrong = compare(s, &s->delivery[m], r, feed->mail[m].envelope.recipient[r].verdict);
	}
	if (!wrong && ok == 0 && s->lost)
		wrong = "the session is lost, and that is not told";
	if (!wrong && ok == 0 && feed->given != MAILS)
		wrong = "a session that goes on asks for all mails";
	if (!wrong && ok == 0 && s->open && !s->past.open)
		wrong = "a transaction was left open, and the next MAIL would find it";
	return wrong;
}

struct kind {
	bool pipelining, chunking, size, offers;
	unsigned window;
	const enum answer *answers;
	unsigned letters;
};

static void describe(const struct session *s, const struct feed *feed, const struct kind *k, const char *wrong)
{
	print_error("%s; pipelining %d, chunking %d, window %u; answers:", wrong, k->pipelining, k->chunking, k->window);
	for (unsigned i = 0; i < s->made; i++)
		print_error(" \"%s\"", s->answers[i]);
	for (unsigned m = 0; m < feed->given; m++)
		print_error("; mail %u: %c %c", m + 1, "PADRTUW"[feed->mail[m].envelope.recipient[0].verdict],
			    "PADRTUW"[feed->mail[m].envelope.recipient[1].verdict]);
	print_error("\n");
}

/* One conversation; returns how many places it had. */
static unsigned converse(const unsigned char *choice, const struct kind *k, unsigned *bad)
{
	struct arena in = {0};
	struct session s = {.choice = choice, .answer_of = k->answers, .offers = k->offers, .caps = {.pipelining = k->pipelining, .chunking = k->chunking, .size = k->size}};
	struct feed feed = {.given = 0};
	struct smtp_limits limits = {.window = k->window, .recipients = 100, .timeout = 60};
	struct smtp_client client = {.ctx = &feed, .next = feed_next, .done = feed_done};
	const char *wrong;
	struct failure f;
	int ok;

	buf_start(&s.in, 10000);
	for (unsigned m = 0; m < MAILS; m++) {
		feed.mail[m] = (struct mail){.in = &in, .envelope.sender = m ? "s2@x" : "s1@x"};
		for (unsigned r = 0; r < RECIPIENTS; r++)
			envelope_add(&feed.mail[m].envelope, &in, r ? "r2@x" : "r1@x");
		feed.mail[m].form7 = source_text(&in, slice_of(text_of(&s, &s.delivery[m])));
	}
	ok = smtp_run(&s, &limits, &client, &f);
	wrong = judge(&s, &feed, ok);
	if (wrong && (*bad)++ < 10)
		describe(&s, &feed, k, wrong);
	buf_free(&s.in);
	arena_free(&in);
	return s.places;
}

/* All conversations that begin so, with every answer at every place from `from` on. */
static unsigned explore(unsigned char *choice, unsigned from, const struct kind *k, unsigned *bad)
{
	unsigned places = converse(choice, k, bad), held = 1;

	for (unsigned p = from; p < places; p++) {
		for (unsigned char a = 1; a < k->letters; a++) {
			choice[p] = a;
			held += explore(choice, p + 1, k, bad);
		}
		choice[p] = 0;
	}
	return held;
}

static void test_whatever_a_relay_answers_each_verdict_says_what_happened(void **state)
{
	static const enum answer all[] = {WELL, FOR_NOW, FOR_GOOD, LEAVES, NO_REPLY, GONE}, few[] = {WELL, FOR_NOW, GONE};
	bool brief = getenv("UNIT_BRIEF"); /* valgrind takes forty times as long */
	unsigned held = 0, bad = 0;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		struct kind k = {i & 1, i & 2, false, false, i & 4 ? 4 : 1, brief ? few : all, brief ? ROWS(few) : ROWS(all)};
		unsigned char choice[PLACES] = {0};

		held += explore(choice, 0, &k, &bad);
	}
	print_message("%u conversations, %u of them wrong\n", held, bad);
	assert_int_equal(bad, 0);
	assert_true(held > (brief ? 2000 : 200000));
}

static void test_whatever_offer_does_not_hold_each_mail_goes_once(void **state)
{
	static const enum answer with_size[] = {WELL, NOT_SO, FOR_GOOD}, with_bdat[] = {WELL, NOT_SO, UNKNOWN, GONE};
	static const struct kind kinds[] = {
		{false, false, true, true, 4, with_size, 3}, {true, false, true, true, 4, with_size, 3}, {false, true, true, true, 4, with_size, 3},
		{true, true, true, true, 4, with_size, 2}, {false, true, false, true, 4, with_bdat, 4}, {true, true, false, true, 4, with_bdat, 4},
	};
	unsigned held = 0, bad = 0;

	(void)state;
	for (size_t i = 0; i < ROWS(kinds); i++) {
		unsigned char choice[PLACES] = {0};

		held += explore(choice, 0, &kinds[i], &bad);
	}
	print_message("%u conversations, %u of them wrong\n", held, bad);
	assert_int_equal(bad, 0);
	assert_true(held > 40000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whatever_a_relay_answers_each_verdict_says_what_happened),
		cmocka_unit_test(test_whatever_offer_does_not_hold_each_mail_goes_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
