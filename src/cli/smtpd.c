#include "cli/smtpd.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/behind.h"
#include "cli/modes.h"
#include "cli/watch.h"
#include "conf/whoami.h"

void smtpd_tell_batch(const struct smtpd *s, int code, const char *lines)
{
	struct slice rest = slice_of(lines), line;
	bool more = true;

	while (more) {
		more = slice_cut(&rest, '\n', &line);
		if (!more)
			line = rest;
		fprintf(stderr, "mysend: message %zu: %d %.*s\n", s->taken + s->refused, code, (int)line.len, line.p);
	}
}

int smtpd_say(struct smtpd *s, int code, const char *lines, struct failure *f)
{
	if (s->batch && code >= 400 && !s->options->quiet)
		smtpd_tell_batch(s, code, lines);
	return dialogue_say(&s->io, code, lines, f);
}

/* A file's line ends are what its first line has. */
static void note_ends(struct smtpd *s, struct slice line)
{
	s->lf = line.p[line.len] == '\n';
}

static int converse(struct smtpd *s, struct failure *f)
{
	bool first = true;

	while (!s->quit) {
		struct slice line;
		int got = dialogue_line(&s->io, &line, f);

		if (got == DIALOGUE_END && s->batch && s->mail)
			return smtpd_cut_short(s, f);
		if (got == DIALOGUE_END && s->io.idle)
			return smtpd_leave(s, f) < 0 ? -1 : dialogue_flush(&s->io, f);
		if (got <= 0)
			return got;
		if (first) {
			note_ends(s, line);
			slice_skip_mark(&line); /* a batch is a file that somebody may have edited */
		}
		first = false;
		if (smtpd_command(s, line, got == DIALOGUE_TOO_LONG, f) < 0)
			return -1;
	}
	(void)!dialogue_flush(&s->io, f);
	return 0;
}

/* The configuration is wrong: the client hears it where a client listens, and may leave in order (RFC 5321 3.1). */
static int turn_away(struct smtpd *s, struct failure *f)
{
	struct failure why = *f, unused;
	struct slice line, verb;

	if (s->batch || smtpd_say(s, 554, arena_printf(s->intake.run, "mysend: %s", why.text), &unused) < 0)
		return -1;
	while (dialogue_line(&s->io, &line, &unused) > 0) {
		bool more = slice_cut(&line, ' ', &verb), leaves = slice_is(slice_trim(more ? verb : line), "QUIT");

		if (smtpd_say(s, leaves ? 221 : 503, leaves ? "2.0.0 Bye" : "5.5.0 the configuration is wrong", &unused) < 0 ||
		    leaves)
			break;
	}
	(void)!dialogue_flush(&s->io, &unused);
	*f = why;
	return -1;
}

static int greet(struct smtpd *s, struct failure *f)
{
	const struct account *a = s->peer.known ? smtpd_usual(s) : NULL;
	struct failure why;

	smtpd_reset(s);
	if (s->batch)
		return 0;
	if (a && service_admit(&s->peer, a, s->intake.run, &why) < 0) {
		s->quit = true;
		service_tell(&s->peer, &s->job, &why);
		return smtpd_say_failure(s, &why, f);
	}
	return smtpd_say(s, 220, arena_printf(s->intake.run, "%s ESMTP mysend", whoami_host(s->intake.run)), f);
}

static int status_of(const struct smtpd *s)
{
	if (!s->batch || !(s->refused + s->strays))
		return EX_OK;
	if (!s->options->quiet)
		fprintf(stderr, "mysend: %zu of %zu messages have been handed over\n", s->taken, s->taken + s->refused);
	return s->taken ? 1 : 2;
}

int mode_smtp(const struct options *o, struct arena *run, struct failure *f)
{
	struct smtpd s = {.options = o, .batch = o->mode == MODE_BATCH, .job.mail.message.held = -1};
	struct watch watch;
	int ok;

	s.link.watcher = watch_open(&watch, o);
	s.intake.run = run;
	if (o->service && service_open(&s.peer, STDIN_FILENO, run, f) < 0)
		return -1;
	ok = dialogue_open(&s.io, STDIN_FILENO, s.batch ? -1 : STDOUT_FILENO, f);
	/* A process a connection: whoever connects and goes away would keep it. A program that has us for itself may take its
	 * time between two mails, as a list server does that keeps its pipe open: it loses nothing but its own process. */
	s.io.patience = o->service ? SMTPD_PATIENCE : 0;
	if (ok == 0 && intake_open(&s.intake, &o->request, o->config, o->called, run, f) < 0)
		ok = turn_away(&s, f);
	if (ok == 0)
		ok = greet(&s, f);
	if (ok == 0)
		ok = converse(&s, f);
	if (s.batch && s.behind && o->background)
		behind_try(o, run, NULL);
	intake_close(&s.intake);
	link_leave(&s.link, ok == 0);
	watch_close(&watch);
	message_close(&s.job.mail.message);
	arena_free(&s.job.arena);
	dialogue_close(&s.io);
	if (ok < 0 && s.peer.known)
		(void)!failure_in(f, "connection of %s", s.peer.name);
	return ok < 0 ? -1 : status_of(&s);
}
