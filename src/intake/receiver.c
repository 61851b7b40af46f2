#include "intake/receiver.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/whoami.h"
#include "intake/receiver_text.h"

int receiver_open(struct receiver *r, int in, int out, struct failure *f)
{
	r->said = *r->asked;
	r->said.from_header = false;
	receiver_reset(r);
	return dialogue_open(&r->io, in, out, f);
}

void receiver_close(struct receiver *r)
{
	receiver_free(r->job);
	r->job = NULL;
	dialogue_close(&r->io);
}

static int on_helo(struct receiver *r, struct slice words, struct failure *f)
{
	if (!words.len)
		return receiver_refuse(r, 501, "5.5.4 say HELO and your name", f);
	receiver_reset(r);
	r->extended = false;
	return receiver_say(r, RECEIVER_NO_MAIL, 250, whoami_host(&r->job->arena), f);
}

static int on_ehlo(struct receiver *r, struct slice words, struct failure *f)
{
	char most[32] = "";

	if (!words.len)
		return receiver_refuse(r, 501, "5.5.4 say EHLO and your name", f);
	receiver_reset(r);
	r->extended = true;
	if (receiver_limit(r))
		snprintf(most, sizeof most, " %" PRIu64, receiver_limit(r));
	return receiver_say(r, RECEIVER_NO_MAIL, 250, arena_printf(&r->job->arena,
		      "%s\nPIPELINING\nSIZE%s\n8BITMIME\nSMTPUTF8\nCHUNKING\nENHANCEDSTATUSCODES\nDSN\nHELP",
		      whoami_host(&r->job->arena), most), f);
}

/* What the client says about its message overrides what the caller asks for all messages. */
static void note_sender(struct request *said, const struct request *asked, const struct mail_said *m)
{
	said->sender = m->sender;
	said->body = m->body != BODY_UNSAID ? m->body : asked->body;
	said->ret = m->ret != RET_UNSAID ? m->ret : asked->ret;
	said->envid = m->envid ? m->envid : asked->envid;
	said->smtputf8 = m->smtputf8 || asked->smtputf8;
}

enum sender_check { SENDER_FINE, SENDER_REFUSED, SENDER_TOO_LARGE };

static enum sender_check check_sender(struct receiver *r, struct slice words, struct failure *why)
{
	struct mail_said m;

	if (smtp_words_mail(&m, &r->job->arena, words, why) < 0)
		return SENDER_REFUSED;
	note_sender(&r->said, r->asked, &m);
	if (r->client.admit(r->client.ctx, m.sender, why) < 0)
		return SENDER_REFUSED;
	return receiver_is_too_large(r, m.size) ? SENDER_TOO_LARGE : SENDER_FINE;
}

static int on_mail(struct receiver *r, struct slice words, struct failure *f)
{
	enum sender_check checked;
	struct failure why;
	int rc;

	if (r->phase != RECEIVER_IDLE)
		return receiver_refuse(r, 503, "5.5.1 there is a sender already", f);
	r->phase = RECEIVER_OPEN;
	r->health = RECEIVER_GOOD;
	checked = check_sender(r, words, &why);
	if (checked == SENDER_FINE)
		return receiver_say(r, RECEIVER_FINE, 250, "2.1.0 Ok", f);
	if (checked == SENDER_TOO_LARGE)
		rc = receiver_refuse(r, 552, RECEIVER_TOO_LARGE, f);
	else
		rc = r->client.refuse(r->client.ctx, &why, f);
	/* In a file of BSMTP the client goes on although MAIL was refused: what follows belongs to that transaction. */
	if (r->health != RECEIVER_POISONED)
		receiver_reset(r);
	return rc;
}

static int on_rcpt(struct receiver *r, struct slice words, struct failure *f)
{
	struct request_recipient to;
	struct failure why;

	if (r->phase != RECEIVER_OPEN)
		return receiver_refuse(r, 503, "5.5.1 say MAIL first", f);
	if (r->said.recipients == RECEIVER_RECIPIENTS)
		return receiver_say(r, RECEIVER_FULL, 452, "4.5.3 too many recipients", f);
	if (smtp_words_rcpt(&to, &r->job->arena, words, r->said.smtputf8, &why) < 0)
		return r->client.refuse(r->client.ctx, &why, f);
	*request_add(&r->said, &r->job->arena, to.text) = to;
	return receiver_say(r, RECEIVER_FINE, 250, "2.1.5 Ok", f);
}

/* MAIL and a recipient have come, so that the message may follow. */
static bool is_ready(const struct receiver *r)
{
	return r->phase != RECEIVER_IDLE && (r->said.recipients || r->bsmtp);
}

static int on_data(struct receiver *r, struct slice words, struct failure *f)
{
	int rc;

	(void)words;
	if (r->phase == RECEIVER_IN_BDAT)
		return receiver_refuse(r, 503, "5.5.1 DATA and BDAT do not go together", f);
	rc = is_ready(r) ? receiver_say(r, RECEIVER_FINE, 354, "End data with <CR><LF>.<CR><LF>", f) : receiver_refuse_unready(r, f);
	/* In a file of BSMTP the text follows even if a command was refused. */
	if (!is_ready(r) && r->health != RECEIVER_POISONED)
		return rc;
	receiver_begin_text(r);
	r->data = (struct data){.lf = r->data.lf};
	r->phase = RECEIVER_IN_DATA;
	return rc;
}

/* Reads the words after BDAT: SIZE [LAST]. */
static bool read_chunk(struct slice words, uint64_t *size, bool *last)
{
	struct slice number;

	*last = slice_cut(&words, ' ', &number);
	if (!*last)
		number = words;
	return slice_number(number, SMTP_WORDS_NUMBER, size) && (!*last || slice_is(slice_trim(words), "LAST"));
}

static int on_bdat(struct receiver *r, struct slice words, struct failure *f)
{
	uint64_t size;
	bool known = read_chunk(words, &size, &r->chunk.last);
	int rc;

	if (!known || receiver_is_endless(r, size)) {
		rc = known ? receiver_refuse(r, 552, RECEIVER_TOO_LARGE, f) :
			     receiver_refuse(r, 501, "5.5.4 say BDAT, a number, and LAST at the end", f);
		/* The size of the chunk is not known, so that it cannot be skipped: its octets would be taken for commands. */
		receiver_end(r);
		return rc;
	}
	if (!is_ready(r)) {
		r->octets += size;
	} else if (r->phase == RECEIVER_OPEN) {
		receiver_begin_text(r);
		r->phase = RECEIVER_IN_BDAT;
	}
	r->chunk.size = r->chunk.left = size;
	return size ? 0 : receiver_end_chunk(r, f);
}

static int on_rset(struct receiver *r, struct slice words, struct failure *f)
{
	(void)words;
	receiver_reset(r);
	return receiver_say(r, RECEIVER_NO_MAIL, 250, "2.0.0 Ok", f);
}

static int on_noop(struct receiver *r, struct slice words, struct failure *f)
{
	(void)words;
	return receiver_say(r, RECEIVER_NO_MAIL, 250, "2.0.0 Ok", f);
}

static int on_vrfy(struct receiver *r, struct slice words, struct failure *f)
{
	(void)words;
	return receiver_say(r, RECEIVER_NO_MAIL, 252, "2.1.5 send some mail, and see", f);
}

static int on_help(struct receiver *r, struct slice words, struct failure *f)
{
	(void)words;
	return receiver_say(r, RECEIVER_NO_MAIL, 214, "2.0.0 HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT", f);
}

static int on_quit(struct receiver *r, struct slice words, struct failure *f)
{
	(void)words;
	/* Many clients do not wait for the answer to QUIT; the answer to their mail was written before. */
	if (dialogue_flush(&r->io, f) < 0)
		return -1;
	receiver_end(r);
	return receiver_say(r, RECEIVER_FINE, 221, "2.0.0 Bye", f);
}

static int on_unwanted(struct receiver *r, struct slice words, struct failure *f)
{
	(void)words;
	return receiver_refuse(r, 502, "5.5.1 not offered", f);
}

static const struct {
	const char *verb;
	int (*on)(struct receiver *r, struct slice words, struct failure *f);
} commands[] = {
	{"HELO", on_helo}, {"EHLO", on_ehlo}, {"MAIL", on_mail}, {"RCPT", on_rcpt}, {"DATA", on_data},
	{"BDAT", on_bdat}, {"RSET", on_rset}, {"NOOP", on_noop}, {"VRFY", on_vrfy}, {"HELP", on_help},
	{"QUIT", on_quit}, {"EXPN", on_unwanted}, {"ETRN", on_unwanted}, {"TURN", on_unwanted},
	{"AUTH", on_unwanted}, {"STARTTLS", on_unwanted}, {"XFORWARD", on_unwanted}, {"XCLIENT", on_unwanted},
};

static int take_command(struct receiver *r, struct slice line, bool too_long, struct failure *f)
{
	struct slice verb, words = slice_trim(line);

	if (too_long)
		return receiver_refuse(r, 500, "5.5.2 the line is too long", f);
	if (slice_has_control(words) || memchr(words.p ? words.p : "", '\0', words.len))
		return receiver_refuse(r, 500, "5.5.2 a control character", f);
	if (!slice_cut(&words, ' ', &verb)) {
		verb = words;
		words.len = 0;
	}
	words = slice_trim(words);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (slice_is(verb, commands[i].verb))
			return commands[i].on(r, words, f);
	if (r->bsmtp && !verb.len) /* an empty line between two messages */
		return 0;
	return receiver_refuse(r, 500, "5.5.1 no such command", f);
}

int receiver_step(struct receiver *r, struct failure *f)
{
	struct slice line;
	int got;

	if (r->phase == RECEIVER_OVER)
		return RECEIVER_END;
	if (receiver_is_inside(r))
		return receiver_step_text(r, f);
	got = dialogue_line(&r->io, &line, f);
	if (got <= 0 || got == DIALOGUE_LATER)
		return got == DIALOGUE_LATER ? RECEIVER_LATER : got;
	if (!r->begun) {
		/* The line ends of the text are those of this command: a file may have been edited, and have LF. */
		r->data.lf = r->bsmtp && line.p[line.len] == '\n';
		slice_skip_mark(&line);
	}
	r->begun = true;
	return take_command(r, line, got == DIALOGUE_TOO_LONG, f) < 0 ? -1 : RECEIVER_WENT_ON;
}
