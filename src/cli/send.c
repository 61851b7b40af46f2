#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/identity.h"
#include "cli/modes.h"
#include "cli/watch.h"
#include "conf/whoami.h"
#include "mail/complete.h"
#include "mail/recipients.h"
#include "post/logline.h"
#include "post/report.h"
#include "post/submit.h"

static int read_message(struct job *j, const struct wish *w, struct failure *f)
{
	bool dot_ends = !w->dots_are_text && (w->dots_end || isatty(STDIN_FILENO));

	if (w->no_input)
		return fail(f, AT_INPUT, EX_NOINPUT, "standard input is closed: there is no message");
	return message_read(&j->mail.message, &j->arena, STDIN_FILENO, dot_ends, f);
}

/* -f, else the From field; NULL where neither can be read: then the default account it is. */
static const char *sender_for_choice(struct job *j, const struct wish *w)
{
	const char *sender = NULL;
	struct failure ignored;

	if (w->sender && address_one(&sender, &j->arena, slice_of(w->sender), &ignored) == 0 && *sender)
		return sender;
	return identity_of_header(j);
}

static int arguments(struct mailboxes *list, struct job *j, const struct wish *w, struct failure *f)
{
	for (size_t i = 0; i < w->recipients; i++) {
		struct slice text = slice_of(w->recipient[i]);

		if (slice_has_control(text))
			return fail(f, AT_RECIPIENT, EX_DATAERR,
				    "recipient %zu has a line end or control character in it", i + 1);
		if (address_list(list, &j->arena, text, f) < 0)
			return failure_in(f, "recipient");
	}
	return 0;
}

/* Who gets it: the arguments, with -t the header's too, with nobody the setting `to`. */
static int recipients(struct job *j, const struct wish *w, struct identity *id, struct failure *f)
{
	struct mailboxes list = {0};
	const struct header *h = &j->mail.message.header;

	if (arguments(&list, j, w, f) < 0 ||
	    (w->from_header && recipients_of_header(&list, &j->arena, h, f) < 0)) {
		f->stage = AT_INPUT;
		return -1;
	}
	if (!list.count && address_list(&list, &j->arena, slice_of(j->account->to), f) < 0) {
		f->exit = EX_CONFIG;
		f->stage = AT_CONFIG;
		return failure_in(f, "to");
	}
	if (!list.count)
		return fail(f, AT_USAGE, EX_USAGE,
			    "no recipients: add addresses, a To: line%s, or the setting to",
			    w->from_header ? "" : " with -t");
	for (size_t i = 0; i < list.count; i++) {
		const char *address = list.box[i].address;

		if (address_is_bare(address)) {
			if (identity_domain(id, j, address, f) < 0)
				return -1;
			address = address_qualify(&j->arena, address, id->domain);
		}
		envelope_add(&j->mail.envelope, &j->arena, address);
	}
	return 0;
}

static int wishes(struct job *j, const struct wish *w, struct failure *f)
{
	struct envelope *e = &j->mail.envelope;
	const struct account *a = j->account;

	e->notify = w->notify;
	e->ret = w->ret;
	e->envid = w->envid;
	e->body = w->body;
	if (!e->notify && *a->dsn_notify && strcasecmp(a->dsn_notify, "off") != 0 &&
	    options_notify(a->dsn_notify, &e->notify) < 0)
		return fail(f, AT_CONFIG, EX_CONFIG, "dsn_notify takes never, or a list of success, failure, delay");
	if (e->ret == RET_UNSAID && *a->dsn_return && strcasecmp(a->dsn_return, "off") != 0 &&
	    options_return(strcasecmp(a->dsn_return, "headers") == 0 ? "hdrs" : a->dsn_return, &e->ret) < 0)
		return fail(f, AT_CONFIG, EX_CONFIG, "dsn_return takes full or hdrs");
	return 0;
}

/* What an 8-bit body is that is no UTF-8: the locale's charset, if that is one of 8 bits. */
static const char *charset(void)
{
	const char *of_locale;

	setlocale(LC_CTYPE, "");
	of_locale = nl_langinfo(CODESET);
	return strncasecmp(of_locale, "ISO-8859", 8) == 0 || strncasecmp(of_locale, "KOI8", 4) == 0 ||
			       strncasecmp(of_locale, "CP12", 4) == 0
		       ? of_locale
		       : "iso-8859-1";
}

static void warn(const struct job *j)
{
	const struct facts *facts = &j->mail.message.facts;

	if (facts->nuls)
		log_warning("%llu NUL octets are left out: mail cannot carry them", (unsigned long long)facts->nuls);
	if (facts->longest > 998)
		log_warning("a line has %zu octets, 998 are allowed: some servers will cut or refuse it",
			    facts->longest);
}

static int finish(struct job *j, const struct identity *id, struct failure *f)
{
	const struct account *a = j->account;
	struct mail *m = &j->mail;
	bool raw = m->message.facts.eightbit && !m->message.facts.utf8;
	const char *domain = address_domain(*id->from ? id->from : id->sender);
	struct completion c = {
		.from = (enum put)a->set_from_header,
		.date = (enum put)a->set_date_header,
		.message_id = (enum put)a->set_msgid_header,
		.to = (enum put)a->set_to_header,
		.keep_bcc = !a->remove_bcc_headers,
		.forced_from = id->forced,
		.from_address = id->from,
		.from_name = id->name,
		.domain = id->domain,
		.message_host = *domain ? domain : whoami_host(&j->arena),
		.charset = raw ? charset() : "utf-8",
		.now = clock_wall(),
	};

	m->in = &j->arena;
	m->envelope.sender = id->sender;
	return complete(m, &c, f);
}

static void hide_recipients(struct header *h)
{
	header_remove(h, "To");
	header_remove(h, "Cc");
	header_remove(h, "Bcc");
	header_put(h, "To", "undisclosed-recipients:;");
}

static int prepare(struct job *j, const struct wish *w, struct arena *run, struct failure *f)
{
	struct accounts all;
	struct account *a;
	struct identity id;
	struct choice choice = {w->account, NULL, w->option, w->options};

	if (accounts_load(&all, run, w->config, f) < 0 || read_message(j, w, f) < 0)
		return -1;
	choice.sender = sender_for_choice(j, w);
	if (accounts_choose(&all, run, &choice, &a, f) < 0)
		return -1;
	j->account = a;
	j->mail.envelope.sender = w->sender ? w->sender : "";
	if (a->refuse_empty && j->mail.message.facts.empty)
		return fail(f, AT_INPUT, EX_DATAERR, "the message is empty, and refuse_empty is on");
	if (identity_read(&id, j, w, f) < 0 || recipients(j, w, &id, f) < 0 || wishes(j, w, f) < 0)
		return -1;
	if (a->undisclosed_recipients)
		hide_recipients(&j->mail.message.header);
	/* Asked for only where it is needed: it may take a look-up. */
	if (!*id.domain && header_qualify(&j->mail.message.header, ""))
		id.domain = whoami_mail_domain(&j->arena, a);
	if (finish(j, &id, f) < 0)
		return -1;
	warn(j);
	return 0;
}

/* The envelope in SMTP's words, an empty line, and the message octet by octet. */
static int dry_run(struct job *j, struct failure *f)
{
	const struct envelope *e = &j->mail.envelope;
	struct source *s = j->mail.wire;
	char piece[16384];
	size_t got;

	printf("MAIL FROM:<%s>\n", e->sender);
	for (size_t i = 0; i < e->recipients; i++)
		printf("RCPT TO:<%s>\n", e->recipient[i].address);
	putchar('\n');
	if (s->rewind(s, f) < 0)
		return -1;
	do {
		if (s->pull(s, piece, sizeof piece, &got, f) < 0)
			return -1;
		fwrite(piece, 1, got, stdout);
	} while (got);
	if (ferror(stdout) || fflush(stdout) == EOF)
		return fail_errno(f, AT_INPUT, EX_IOERR, "writing to standard output");
	return EX_OK;
}

static int hand_over(struct job *j, const struct wish *w, struct failure *f)
{
	struct watch watch;
	const struct watcher *watcher = watch_open(&watch, w);
	int ok = submit(j, watcher, f);

	watch_close(&watch);
	return report(j, ok < 0 ? f : NULL, w->quiet);
}

int mode_send(const struct wish *w, struct arena *run, struct failure *f)
{
	struct job j = {.began = clock_steady(), .mail.message.held = -1};
	int status;

	if (prepare(&j, w, run, f) < 0) {
		if (j.account)
			logline_write(&j, f, f->exit);
		status = -1;
	} else if (w->dry_run) {
		status = dry_run(&j, f);
	} else {
		status = hand_over(&j, w, f);
	}
	message_close(&j.mail.message);
	arena_free(&j.arena);
	return status;
}
