#include "post/logline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/system_log.h"
#include "post/defer.h"
#include "post/hint.h"

enum { LINE = 64 * 1024, MOMENT_MS = 50 }; /* MOMENT_MS: how long a log that takes nothing is waited for */

struct slice logline_queue_id(const char *answer)
{
	static const char *const before[] = {"queued as ", "id=", "queued mail "};

	for (const char *p = answer; *p; p++)
		for (size_t i = 0; i < sizeof before / sizeof *before; i++)
			if ((p == answer || p[-1] == ' ') && slice_begins(slice_of(p), before[i])) {
				p += strlen(before[i]);
				if (slice_begins(slice_of(p), "for ")) /* "Queued mail for delivery" */
					return (struct slice){answer, 0};
				return (struct slice){p, strcspn(p, " ,;)")};
			}
	/* sendmail: "2.0.0 4ABC Message accepted for delivery" */
	if (slice_begins(slice_of(answer + strcspn(answer, " ")), " Message accepted"))
		return (struct slice){answer, strcspn(answer, " ")};
	return (struct slice){answer, 0};
}

/* Appends name='text'; no octet of the text can end the quotes or the line. */
static void quoted(struct buf *b, const char *name, const char *text)
{
	char shown[2048];

	slice_printable(shown, sizeof shown, slice_of(text));
	for (char *p = shown; *p; p++)
		if (*p == '\'')
			*p = '`';
	(void)!buf_printf(b, " %s='%s'", name, shown);
}

static void plain(struct buf *b, const char *name, const char *text)
{
	char shown[2048];

	if (text[strcspn(text, " '\t\r\n\v\f")]) {
		quoted(b, name, text);
		return;
	}
	slice_printable(shown, sizeof shown, slice_of(text));
	(void)!buf_printf(b, " %s=%s", name, shown);
}

static void recipients(struct buf *b, const struct envelope *e)
{
	size_t i;

	(void)!buf_text(b, " recipients=");
	for (i = 0; i < e->recipients && b->len < LINE / 2; i++) {
		char shown[1100];

		slice_printable(shown, sizeof shown, slice_of(e->recipient[i].address));
		(void)!buf_printf(b, "%s%s", i ? "," : "", shown);
	}
	if (i < e->recipients)
		(void)!buf_printf(b, ",+%zu", e->recipients - i);
}

/* The Message-ID of the mail, or of the message as it was read where no mail was made of it. */
static void message_id(struct buf *b, const struct job *j)
{
	struct arena scratch = {.block = NULL};
	const char *id = j->mail.form7 ? mail_message_id(&j->mail, &scratch) : header_message_id(&j->message.header);

	if (*id)
		plain(b, "msgid", id);
	arena_free(&scratch);
}

static void add_answer(struct buf *b, const struct failure *said)
{
	char words[FAILURE_WORDS];

	(void)!buf_printf(b, " smtpstatus=%d", said->code);
	quoted(b, "smtpmsg", failure_words(words, said, WORDS_CODE, NULL));
}

static void add_hint(struct buf *b, const struct failure *why)
{
	struct failure shown = *why;

	hint_add(&shown);
	if (*shown.hint)
		quoted(b, "hint", shown.hint);
}

/* TLS was on; behind a login that was refused, where no session is left to be asked: it had to be. */
static bool was_encrypted(const struct job *j, const struct failure *why)
{
	const struct account *a = j->account;

	return j->encrypted || (a && why && why->stage == AT_LOGIN && !setting_is(a, SET_tls, "off") && !setting_is(a, SET_tls, "try") && !*a->socket);
}

static void compose(struct buf *b, const struct job *j, const struct tally *t)
{
	const struct account *a = j->account;
	const struct envelope *e = &j->mail.envelope;
	const struct failure *why = t->decides;
	char words[FAILURE_WORDS];
	struct slice queue = {"", 0};

	plain(b, "host", *a->socket ? a->socket : a->host);
	(void)!buf_printf(b, " port=%u tls=%s auth=%s", a->port, was_encrypted(j, why) ? "on" : "off",
			  j->authenticated ? "on" : "off");
	if (*a->user)
		plain(b, "user", a->user);
	if (j->peer)
		plain(b, "peer", j->peer);
	plain(b, "from", e->sender && *e->sender ? e->sender : "<>");
	recipients(b, e);
	if (j->mail.form7)
		(void)!buf_printf(b, " mailsize=%" PRIu64, e->octets ? e->octets : j->mail.form7->size);
	if (why && why->code) {
		add_answer(b, why);
	} else if (e->answer && e->answer->code) {
		add_answer(b, e->answer);
		queue = logline_queue_id(e->answer->text);
	}
	if (why) {
		/* The host above is the relay's, which has not been asked yet where there is no token. */
		quoted(b, "errormsg", why->stage == AT_TOKEN ? failure_words(words, why, WORDS_WHERE, NULL) : why->text);
		add_hint(b, why);
	}
	(void)!buf_printf(b, " exitcode=%s", exit_words(t->status));
	message_id(b, j);
	if (queue.len)
		(void)!buf_printf(b, " queueid=%.*s", (int)queue.len, queue.p);
	if (j->spooled)
		plain(b, "spooled", j->spooled);
	if (j->twice)
		quoted(b, "note", "may arrive twice");
	(void)!buf_printf(b, " ms=%" PRId64, clock_steady() - j->began);
}

/* With SMTP on standard input, standard output belongs to the client, and the log goes to standard error. */
static void to_descriptor(const struct job *j, int fd, const struct buf *line)
{
	if (fd == STDOUT_FILENO && j->dialogue)
		fd = STDERR_FILENO;
	if (fd == STDOUT_FILENO)
		fflush(stdout);
	if (file_offer(fd, line->p, line->len, MOMENT_MS) < 0)
		log_warning("logfile %s cannot be written: %s", j->account->logfile, strerror(errno));
}

static void to_file(const struct job *j, const struct buf *line)
{
	const struct account *a = j->account;
	int fd = strcmp(a->logfile, "-") == 0 ? STDOUT_FILENO : file_descriptor(a->logfile);
	struct failure f;
	char when[200], shown[600];
	time_t now = clock_wall();
	struct tm tm;
	struct buf b;

	buf_start(&b, LINE + 512);
	localtime_r(&now, &tm);
	if (strcmp(a->logfile_time_format, "none") == 0)
		*when = '\0';
	else if (!strftime(when, sizeof when, *a->logfile_time_format ? a->logfile_time_format : "%b %d %H:%M:%S", &tm))
		snprintf(when, sizeof when, "%lld", (long long)now);
	slice_printable(shown, sizeof shown, slice_of(when)); /* a format with %n or %t makes a line end or a tab */
	/* Without a time the blank after it is left out. */
	if (buf_text(&b, shown) == 0 && buf_text(&b, line->p + !*when) == 0 && buf_text(&b, "\n") == 0) {
		if (fd >= 0)
			to_descriptor(j, fd, &b);
		else if (file_append(a->logfile, buf_slice_of(&b), &f) < 0)
			log_warning("logfile cannot be written: %s", f.text);
	}
	buf_free(&b);
}

/* The mail waits for what only a person can mend: the caller may be cron, so that the line goes to syslog though no setting says so,
 * unless one says off. */
static bool waits_in_vain(const struct job *j, const struct tally *t)
{
	return t->waits && t->decides && defer_needs_admin(t->decides) && j->account->origin[SET_syslog].rank == RANK_DEFAULT;
}

/* The level for syslog: mail that only waits for its time is no error. */
static int level(const struct job *j, int status)
{
	return status == EX_OK ? LOG_INFO : status == EX_TEMPFAIL && j->spooled ? LOG_WARNING : LOG_ERR;
}

static void to_syslog(const struct job *j, const char *line, const struct tally *t)
{
	const char *tag = j->tag ? j->tag : "mysend";
	static const struct { const char *word; int facility; } known[] = {
		{"on", LOG_USER},	  {"LOG_USER", LOG_USER},     {"LOG_MAIL", LOG_MAIL},
		{"LOG_LOCAL0", LOG_LOCAL0}, {"LOG_LOCAL1", LOG_LOCAL1}, {"LOG_LOCAL2", LOG_LOCAL2},
		{"LOG_LOCAL3", LOG_LOCAL3}, {"LOG_LOCAL4", LOG_LOCAL4}, {"LOG_LOCAL5", LOG_LOCAL5},
		{"LOG_LOCAL6", LOG_LOCAL6}, {"LOG_LOCAL7", LOG_LOCAL7},
	};

	if (waits_in_vain(j, t)) {
		system_log(tag, LOG_MAIL | LOG_ERR, line);
		return;
	}
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (setting_is(j->account, SET_syslog, known[i].word)) {
			system_log(tag, known[i].facility | level(j, t->status), line);
			return;
		}
}

void logline_write(const struct job *j, const struct tally *t)
{
	const struct account *a = j->account;
	struct buf b;

	if (!*a->logfile && setting_is(a, SET_syslog, "off") && !waits_in_vain(j, t))
		return;
	buf_start(&b, LINE);
	compose(&b, j, t);
	if (*a->logfile)
		to_file(j, &b);
	to_syslog(j, b.p + 1, t);
	buf_free(&b);
}
