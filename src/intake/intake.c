#include "intake/intake.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "intake/charset.h"
#include "conf/whoami.h"
#include "mail/complete.h"
#include "mail/mime.h"
#include "mail/stamp.h"
#include "mail/wide.h"
#include "post/enqueue.h"

struct chosen { /* an account for which mail has come, with what belongs to it */
	const struct account *account;
	struct aliases *aliases;
	struct chosen *next;
};

int intake_open(struct intake *n, const struct request *r, const char *config, const char *called, struct arena *run, struct failure *f)
{
	*n = (struct intake){.run = run, .host = whoami_host(run), .types = filetypes_open(run, called)};
	for (size_t i = 0; i < r->draft.files; i++)
		if (!r->draft.file[i].type) /* the process that looks into files starts now, to be ready in time */
			filetypes_start(n->types);
	if (book_open(&n->book, run, config, r->option, r->options, f) == 0)
		return 0;
	/* A caller of sendmail cannot mend the configuration, and most forget the mail: it waits. */
	return r->may_lack_relay && !r->account ? book_go_without(&n->book, f) : -1;
}

void intake_close(struct intake *n)
{
	filetypes_close(n->types);
}

static struct chosen *chosen_find(struct intake *n, const struct account *a)
{
	struct chosen *c = n->chosen;

	while (c && c->account->id != a->id)
		c = c->next;
	if (c)
		return c;
	c = arena_zeroed(n->run, 1, sizeof *c);
	*c = (struct chosen){a, NULL, n->chosen};
	return n->chosen = c;
}

/* The mail is accepted although no relay is set: it waits until there is one. */
static bool may_lack_relay(const struct request *r, const struct account *a)
{
	return a && a->unconfigured && r->may_lack_relay && enqueue_is_allowed(a);
}

int intake_account(struct intake *n, struct job *j, const struct request *r, const char *sender,
		   struct aliases **aliases, struct failure *f)
{
	const struct account *a;
	struct chosen *c;

	if ((book_account(&n->book, r->account, sender, &a, f) < 0 && !may_lack_relay(r, a)) || book_fallbacks(&n->book, a, f) < 0)
		return -1;
	j->account = a;
	c = chosen_find(n, a);
	if (!c->aliases && aliases_open(&c->aliases, n->run, a, f) < 0)
		return -1;
	if (aliases)
		*aliases = c->aliases;
	return 0;
}

static int take_request(struct job *j, const struct request *r, struct failure *f)
{
	struct envelope *e = &j->mail.envelope;
	const struct account *a = j->account;

	j->tag = r->tag;
	j->mail_errors = r->mail_errors;
	j->later = r->later || setting_is(a, SET_queue, "always");
	e->notify = r->notify;
	e->ret = r->ret;
	e->envid = r->envid;
	e->body = r->body;
	e->smtputf8 |= r->smtputf8;
	if (!e->notify && *a->dsn_notify && strcasecmp(a->dsn_notify, "off") != 0 &&
	    request_notify(a->dsn_notify, &e->notify) < 0)
		return fail(f, AT_CONFIG, EX_CONFIG, "dsn_notify takes never, or a list of success, failure, delay");
	if (e->ret == RET_UNSAID && *a->dsn_return && strcasecmp(a->dsn_return, "off") != 0 &&
	    request_return(strcasecmp(a->dsn_return, "headers") == 0 ? "hdrs" : a->dsn_return, &e->ret) < 0)
		return fail(f, AT_CONFIG, EX_CONFIG, "dsn_return takes full or hdrs");
	return 0;
}

/* The charset of a body without MIME fields, "" for any other; NULL and *f when the body cannot be read. */
static const char *charset(const struct charsets *c, const struct message *m, struct failure *f)
{
	return mime_is_said(&m->header) ? "" : charset_of(c, m->body, &m->facts, f);
}

static void warn(const struct job *j, const struct draft *d)
{
	unsigned long long nuls = j->message.facts.nuls;

	if (nuls && draft_warns(d, DRAFT_WARNS_NULS))
		log_warning("%llu NUL octets are left out: mail cannot carry them", nuls);
	if (j->mail.longest > HEADER_LINE_MAX && draft_warns(d, DRAFT_WARNS_LONG))
		log_warning("a line has %zu octets, %d are allowed: some servers will cut or refuse it", j->mail.longest, HEADER_LINE_MAX);
}

static bool hides_recipients(const struct account *a)
{
	return a->undisclosed_recipients || setting_is(a, SET_set_to_header, "undisclosed_recipients");
}

/* set_to_header on puts all recipients into To, as it does in msmtp: a sender who asked for blind copies is warned. */
static void warn_shown(const struct job *j, const struct request *r)
{
	const struct header *h = &j->message.header;

	if ((r->from_header || r->draft.used) && j->account->set_to_header == (int)PUT_ALWAYS && !hides_recipients(j->account) &&
	    (header_find_said(h, "Bcc") || header_find_said(h, "Resent-Bcc")) && draft_warns(&r->draft, DRAFT_WARNS_SHOWN))
		log_warning("set_to_header is on: the recipients of Bcc stand in To, where everybody reads them");
}

/* The text for Date, made once a second, however many mails there are in it. */
static const char *date_of(struct intake *n, struct arena *in, time_t now)
{
	if (!*n->date || n->dated != now)
		snprintf(n->date, sizeof n->date, "%s", stamp_date(in, now));
	n->dated = now;
	return n->date;
}

static int complete(struct intake *n, struct job *j, const struct request *r, const struct identity *id, const struct naming *names,
		    struct failure *f)
{
	const struct account *a = j->account;
	struct mail *m = &j->mail;
	const struct charsets charsets = charsets_for(a, &j->arena, n->types, NULL);
	const char *domain = address_domain(*id->from ? id->from : id->sender);
	struct completion c = {
		.from = (enum put)a->set_from_header,
		.date = (enum put)a->set_date_header,
		.message_id = (enum put)a->set_msgid_header,
		.to = hides_recipients(a) ? PUT_NEVER : (enum put)a->set_to_header,
		.keep_bcc = !a->remove_bcc_headers,
		.forced_from = id->forced,
		.from_address = id->from,
		.from_name = id->name,
		.names = names,
		.message_host = *domain ? domain : n->host,
		.charset = charset(&charsets, &j->message, f),
		.known = charset_known(&charsets, &j->message.facts),
		.now = clock_wall(),
	};

	c.date_text = date_of(n, &j->arena, c.now);

	if (!c.charset || (r->choose_id && r->choose_id(r->ctx, j, c.message_host, &c.chosen_id, f) < 0))
		return -1;
	m->in = &j->arena;
	return complete_message(m, &j->message, &c, f);
}

static void hide_recipients(struct header *h, bool put)
{
	put |= header_remove_recipients(h) > 0;
	if (put)
		header_put(h, "To", UNDISCLOSED);
}

/* Warns of fields that a header may have once and has twice: many relays refuse such mail. A Bcc that is taken out is seen by none. */
static void warn_twice(const struct message *m, const struct account *a, const struct draft *d)
{
	size_t line = slice_lines(m->mbox) + 1, first[HEADER_ONCE] = {0};
	bool told[HEADER_ONCE] = {false};

	for (size_t i = 0; i < m->header.fields; i++) {
		const struct field *field = &m->header.field[i];
		size_t n = 0;

		while (n < HEADER_ONCE && !slice_is(field->name, header_once[n]))
			n++;
		if (n < HEADER_ONCE && !header_is_silent(field) && !(a->remove_bcc_headers && slice_is(field->name, "Bcc"))) {
			if (first[n] && !told[n] && draft_warns(d, DRAFT_WARNS_TWICE))
				log_warning("the header has %s twice, in lines %zu and %zu: it may have one, and some servers refuse such mail", header_once[n], first[n], line);
			told[n] = first[n];
			first[n] = first[n] ? first[n] : line;
		}
		line += slice_lines(field->raw) + 1;
	}
}

/* Fills in the envelope: the sender, the recipients, and what is asked for all of them. */
static int take_envelope(struct job *j, const struct request *r, struct aliases *aliases, const char *host, struct identity *id, struct recipients *who, struct failure *f)
{
	if (identity_read(id, j, r, f) < 0)
		return -1;
	recipients_open(who, j, r, aliases, id, host);
	if (recipients_take(who, f) < 0 || take_request(j, r, f) < 0)
		return -1;
	j->mail.envelope.sender = id->sender;
	return 0;
}

int intake_take_addresses(struct intake *n, struct job *j, const struct request *r, struct failure *f)
{
	struct aliases *aliases;
	struct recipients who;
	struct identity id;

	if (intake_account(n, j, r, identity_for_choice(j, r), &aliases, f) < 0 || take_envelope(j, r, aliases, n->host, &id, &who, f) < 0)
		return -1;
	mail_of(&j->mail, &j->arena, source_text(&j->arena, SLICE("")), false);
	return 0;
}

int intake_take(struct intake *n, struct job *j, const struct request *r, struct failure *f)
{
	const struct account *a;
	struct aliases *aliases;
	struct charsets charsets;
	struct identity id;
	struct recipients who;
	uint64_t octets;

	if (wide_check(&j->message, f) < 0)
		return -1;
	if (draft_fields(&r->draft, j, r->from_header, f) < 0 || intake_account(n, j, r, identity_for_choice(j, r), &aliases, f) < 0)
		return -1;
	a = j->account;
	if (r->from_header && !r->draft.used) /* with options for fields, intake/draft_fields refuses it */
		warn_twice(&j->message, a, &r->draft);
	j->mail.envelope.sender = r->sender ? r->sender : ""; /* for the log line, if this ends before take_envelope */
	charsets = charsets_for(a, &j->arena, n->types, r->draft.charset);
	if (draft_texts(&r->draft, j, &charsets, f) < 0 || draft_defaults(j, &charsets, f) < 0 || draft_compose(&r->draft, j, n->types, f) < 0)
		return -1;
	if (a->refuse_empty && j->message.facts.empty)
		return fail(f, AT_INPUT, EX_DATAERR, "the message is empty, and refuse_empty is on");
	if (take_envelope(j, r, aliases, n->host, &id, &who, f) < 0)
		return -1;
	if (hides_recipients(a))
		hide_recipients(&j->message.header, a->set_to_header != PUT_NEVER);
	warn_shown(j, r);
	if (complete(n, j, r, &id, &who.naming, f) < 0)
		return -1;
	octets = mail_form(&j->mail, true)->size;
	if (a->message_size_limit && octets > a->message_size_limit)
		return fail(f, AT_INPUT, EX_DATAERR, "the message has %llu octets, message_size_limit is %llu", (unsigned long long)octets,
			    (unsigned long long)a->message_size_limit);
	warn(j, &r->draft);
	return 0;
}
