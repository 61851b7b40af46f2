#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/smtpd.h"
#include "intake/smtp_data.h"
#include "conf/whoami.h"

/* Whoever says so much that cannot be taken between two messages is no mail program; the texts of it take memory, too. */
bool smtpd_is_too_much(struct smtpd *s)
{
	return !s->batch && ++s->errors > SMTPD_ERRORS;
}

int smtpd_too_much(struct smtpd *s, struct failure *f)
{
	s->quit = true;
	return smtpd_say(s, 421, "4.7.0 too many commands that lead to nothing", f);
}

/* What is fine, but sends no mail. A program that has us for itself may say as much as it likes. */
static int say_idle(struct smtpd *s, int code, const char *lines, struct failure *f)
{
	return s->peer.known && smtpd_is_too_much(s) ? smtpd_too_much(s, f) : smtpd_say(s, code, lines, f);
}

/* A command that cannot be taken. In a batch, the message that it belongs to goes to nobody. */
static int refuse(struct smtpd *s, int code, const char *text, struct failure *f)
{
	if (smtpd_is_too_much(s))
		return smtpd_too_much(s, f);
	if (!s->batch)
		return dialogue_say(&s->io, code, text, f);
	if (!s->mail) {
		s->strays++;
		if (!s->options->quiet)
			smtpd_tell_batch(s, code, text);
	}
	/* The text begins with the enhanced code. */
	if (!s->spoilt)
		smtpd_refuse(&s->why, code, "", text);
	s->spoilt = true;
	return 0;
}

static int refuse_failure(struct smtpd *s, const struct failure *why, struct failure *f)
{
	if (smtpd_is_too_much(s))
		return smtpd_too_much(s, f);
	service_tell(&s->peer, &s->job, why);
	if (!s->batch)
		return smtpd_say_failure(s, why, f);
	if (!s->spoilt)
		s->why = *why;
	s->spoilt = true;
	return 0;
}

static int on_helo(struct smtpd *s, struct slice words, struct failure *f)
{
	if (!words.len)
		return refuse(s, 501, "5.5.4 say HELO and your name", f);
	smtpd_reset(s);
	s->extended = false;
	return say_idle(s, 250, whoami_host(&s->job.arena), f);
}

static int on_ehlo(struct smtpd *s, struct slice words, struct failure *f)
{
	char most[32] = "";

	if (!words.len)
		return refuse(s, 501, "5.5.4 say EHLO and your name", f);
	smtpd_reset(s);
	s->extended = true;
	if (smtpd_limit(s))
		snprintf(most, sizeof most, " %" PRIu64, smtpd_limit(s));
	return say_idle(s, 250, arena_printf(&s->job.arena,
					     "%s\nPIPELINING\nSIZE%s\n8BITMIME\nSMTPUTF8\nCHUNKING\nENHANCEDSTATUSCODES\nDSN\nHELP",
					     whoami_host(&s->job.arena), most), f);
}

static int on_mail(struct smtpd *s, struct slice words, struct failure *f)
{
	struct aliases *unused;
	struct mail_said m;
	struct failure why;

	if (s->mail)
		return refuse(s, 503, "5.5.1 there is a sender already", f);
	s->spoilt = false;
	s->mail = s->batch; /* the rest of a batch's transaction belongs to it, taken or not */
	if (smtpd_mail(&m, &s->job.arena, words, &why) < 0)
		return refuse_failure(s, &why, f);
	s->request.sender = m.sender;
	if (intake_account(&s->intake, &s->job, &s->request, *m.sender ? m.sender : NULL, &unused, &why) < 0)
		return refuse_failure(s, &why, f);
	if (service_check_sender(&s->peer, &s->job, m.sender, &why) < 0)
		return refuse_failure(s, &why, f);
	if (smtpd_limit(s) && m.size > smtpd_limit(s))
		return refuse(s, 552, "5.3.4 the message is larger than message_size_limit", f);
	s->request.recipients = s->request.recipient_room = 0;
	s->request.recipient = NULL;
	s->request.from_header = false;
	if (m.body != BODY_UNSAID)
		s->request.body = m.body;
	if (m.ret != RET_UNSAID)
		s->request.ret = m.ret;
	if (m.envid)
		s->request.envid = m.envid;
	s->request.smtputf8 |= m.smtputf8;
	s->mail = true;
	return smtpd_say(s, 250, "2.1.0 Ok", f);
}

/* No error: the client has them in another transaction (RFC 5321 4.5.3.1.10). A batch has no other. */
static int say_full(struct smtpd *s, struct failure *f)
{
	static const char text[] = "4.5.3 too many recipients";

	if (s->peer.known && ++s->full > SMTPD_RECIPIENTS)
		return smtpd_too_much(s, f);
	return s->batch ? refuse(s, 452, text, f) : smtpd_say(s, 452, text, f);
}

static int on_rcpt(struct smtpd *s, struct slice words, struct failure *f)
{
	struct request *r = &s->request;
	struct request_recipient said;
	struct failure why;

	if (!s->mail || s->bdat)
		return refuse(s, 503, "5.5.1 say MAIL first", f);
	if (r->recipients == SMTPD_RECIPIENTS)
		return say_full(s, f);
	if (smtpd_rcpt(&said, &s->job.arena, words, r->smtputf8, &why) < 0)
		return refuse_failure(s, &why, f);
	*request_add(r, &s->job.arena, said.text) = said;
	return smtpd_say(s, 250, "2.1.5 Ok", f);
}

/* What may follow MAIL and RCPT has come; else the answer, in *said. */
static bool is_ready(struct smtpd *s, int *said, struct failure *f)
{
	if (s->mail && (s->request.recipients || s->batch))
		return true;
	*said = refuse(s, 503, s->mail ? "5.5.1 say RCPT first" : "5.5.1 say MAIL first", f);
	return false;
}

int smtpd_leave(struct smtpd *s, struct failure *f)
{
	s->quit = true;
	return smtpd_say(s, 421, "4.4.2 nothing came for 5 minutes", f);
}

int smtpd_cut_short(struct smtpd *s, struct failure *f)
{
	if (s->io.idle)
		return smtpd_leave(s, f);
	return fail(f, AT_INPUT, EX_NOINPUT, "the input ended in the middle of a message: it was not sent");
}

static int on_data(struct smtpd *s, struct slice words, struct failure *f)
{
	struct data d = {.lf = s->batch && s->lf};
	size_t len;
	char *p;
	int got;

	(void)words;
	if (s->bdat)
		return refuse(s, 503, "5.5.1 DATA and BDAT do not go together", f);
	if (!is_ready(s, &got, f) && !s->batch)
		return got;
	if (smtpd_say(s, 354, "End data with <CR><LF>.<CR><LF>", f) < 0)
		return -1;
	smtpd_begin_message(s);
	while (!d.ended) {
		got = dialogue_some(&s->io, &p, &len, f);
		if (got <= 0)
			return got < 0 ? -1 : smtpd_cut_short(s, f);
		dialogue_take(&s->io, data_take(&d, p, len, smtpd_text, s));
		if (!d.ended && smtpd_is_endless(s, 0))
			s->quit = d.ended = true;
	}
	return smtpd_end_message(s, f);
}

/* n [LAST] */
static bool read_chunk(struct slice words, uint64_t *size, bool *last)
{
	struct slice number;

	*last = slice_cut(&words, ' ', &number);
	if (!*last)
		number = words;
	*size = 0;
	for (size_t i = 0; i < number.len; i++) {
		if (number.p[i] < '0' || number.p[i] > '9' || number.len > 18)
			return false;
		*size = *size * 10 + (uint64_t)(number.p[i] - '0');
	}
	return number.len && (!*last || slice_is(slice_trim(words), "LAST"));
}

static int on_bdat(struct smtpd *s, struct slice words, struct failure *f)
{
	bool ready, last;
	uint64_t size;
	int said = 0;

	/* How much would have to be skipped is not known: what follows could be taken for commands. */
	if (!read_chunk(words, &size, &last)) {
		s->quit = true;
		return refuse(s, 501, "5.5.4 say BDAT, a number, and LAST at the end", f);
	}
	if (smtpd_is_endless(s, size)) {
		s->quit = true;
		return refuse(s, 552, "5.3.4 the message is larger than message_size_limit", f);
	}
	ready = s->mail && (s->request.recipients || s->batch);
	if (!ready)
		s->octets += size;
	if (ready && !s->bdat) {
		smtpd_begin_message(s);
		s->bdat = true;
	}
	for (uint64_t left = size; left;) {
		size_t len;
		char *p;
		int got = dialogue_some(&s->io, &p, &len, f);

		if (got <= 0)
			return got < 0 ? -1 : smtpd_cut_short(s, f);
		if (len > left)
			len = (size_t)left;
		if (ready)
			smtpd_text(s, p, len);
		dialogue_take(&s->io, len);
		left -= len;
	}
	if (!ready)
		return is_ready(s, &said, f) ? 0 : said;
	if (last)
		return smtpd_end_message(s, f);
	if (!s->wrong) {
		char text[40];

		snprintf(text, sizeof text, "2.0.0 %" PRIu64 " octets", size);
		return size ? smtpd_say(s, 250, text, f) : say_idle(s, 250, text, f);
	}
	/* RFC 3030 2: what follows a chunk that failed is 503 until RSET. */
	said = smtpd_say_failure(s, &s->why, f);
	s->refused++;
	smtpd_reset(s);
	return said;
}

static int on_rset(struct smtpd *s, struct slice words, struct failure *f)
{
	(void)words;
	smtpd_reset(s);
	return say_idle(s, 250, "2.0.0 Ok", f);
}

static int on_noop(struct smtpd *s, struct slice words, struct failure *f)
{
	(void)words;
	return say_idle(s, 250, "2.0.0 Ok", f);
}

static int on_vrfy(struct smtpd *s, struct slice words, struct failure *f)
{
	(void)words;
	return say_idle(s, 252, "2.1.5 send some mail, and see", f);
}

static int on_help(struct smtpd *s, struct slice words, struct failure *f)
{
	(void)words;
	return say_idle(s, 214, "2.0.0 HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT", f);
}

static int on_quit(struct smtpd *s, struct slice words, struct failure *f)
{
	(void)words;
	/* Many do not wait for the answer to it; that to their mail was owed. */
	if (dialogue_flush(&s->io, f) < 0)
		return -1;
	s->quit = true;
	return smtpd_say(s, 221, "2.0.0 Bye", f);
}

static int on_unwanted(struct smtpd *s, struct slice words, struct failure *f)
{
	(void)words;
	return refuse(s, 502, "5.5.1 not offered", f);
}

static const struct {
	const char *verb;
	int (*on)(struct smtpd *s, struct slice words, struct failure *f);
} commands[] = {
	{"HELO", on_helo}, {"EHLO", on_ehlo}, {"MAIL", on_mail}, {"RCPT", on_rcpt}, {"DATA", on_data},
	{"BDAT", on_bdat}, {"RSET", on_rset}, {"NOOP", on_noop}, {"VRFY", on_vrfy}, {"HELP", on_help},
	{"QUIT", on_quit}, {"EXPN", on_unwanted}, {"ETRN", on_unwanted}, {"TURN", on_unwanted},
	{"AUTH", on_unwanted}, {"STARTTLS", on_unwanted}, {"XFORWARD", on_unwanted}, {"XCLIENT", on_unwanted},
};

int smtpd_command(struct smtpd *s, struct slice line, bool too_long, struct failure *f)
{
	struct slice verb, words = slice_trim(line);

	if (too_long)
		return refuse(s, 500, "5.5.2 the line is too long", f);
	if (slice_has_control(words) || memchr(words.p ? words.p : "", '\0', words.len))
		return refuse(s, 500, "5.5.2 a control character", f);
	if (!slice_cut(&words, ' ', &verb)) {
		verb = words;
		words.len = 0;
	}
	words = slice_trim(words);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (slice_is(verb, commands[i].verb))
			return commands[i].on(s, words, f);
	if (s->batch && !verb.len) /* between two messages */
		return 0;
	return refuse(s, 500, "5.5.1 no such command", f);
}
