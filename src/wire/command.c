#include "wire/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "mail/address.h"
#include "mail/offers.h"
#include "wire/idn.h"

static uint64_t number(struct slice s)
{
	struct slice digits = {s.p, 0};
	uint64_t n;

	while (digits.len < s.len && digits.p[digits.len] >= '0' && digits.p[digits.len] <= '9')
		digits.len++;
	return slice_number(digits, UINT64_MAX, &n) ? n : 0; /* the number is larger than any message: no limit */
}

/* "AUTH=LOGIN" is how some relays say "AUTH LOGIN" for clients older than RFC 2554. */
static struct slice take_keyword(struct slice *rest)
{
	struct slice line = slice_trim(*rest);
	size_t n = 0;

	while (n < line.len && line.p[n] != ' ' && line.p[n] != '\t')
		n++;
	if (slice_begins(line, "AUTH="))
		n = 4;
	*rest = slice_trim((struct slice){line.p + n + (n < line.len), line.len - n - (n < line.len)});
	return (struct slice){line.p, n};
}

bool caps_auth(const struct caps *c, struct slice mechanism)
{
	struct slice word, rest = slice_of(c->auth);

	while (rest.len) {
		if (!slice_cut(&rest, ' ', &word)) {
			word = rest;
			rest.len = 0;
		}
		if (word.len == mechanism.len && strncasecmp(word.p, mechanism.p, word.len) == 0)
			return true;
	}
	return false;
}

/* A relay may offer AUTH in more than one line, with and without the "=". */
static void add_mechanisms(struct caps *c, struct slice rest)
{
	while (rest.len) {
		struct slice word = take_keyword(&rest);
		size_t used = strlen(c->auth);

		if (!word.len || caps_auth(c, word) || used + 2 >= sizeof c->auth)
			continue;
		if (used)
			c->auth[used++] = ' ';
		slice_printable(c->auth + used, sizeof c->auth - used, word);
	}
}

void caps_spell(char *p, size_t len)
{
	struct slice rest = {p, len}, word = take_keyword(&rest);
	size_t before = (size_t)(word.p - p);

	if (!slice_is(word, "STARTTLS") && !slice_is(word, "AUTH"))
		return;
	memmove(p, p + before, len - before);
	memset(p + len - before, ' ', before);
	if (word.len < len)
		p[word.len] = ' ';
	for (size_t i = 0; i < len; i++)
		if (p[i] >= 'a' && p[i] <= 'z')
			p[i] = (char)(p[i] - 'a' + 'A');
}

void caps_line(struct caps *c, struct slice line)
{
	struct slice rest = line, word = take_keyword(&rest);

	c->pipelining |= slice_is(word, "PIPELINING");
	c->chunking |= slice_is(word, "CHUNKING");
	c->eightbit |= slice_is(word, "8BITMIME");
	c->smtputf8 |= slice_is(word, "SMTPUTF8");
	c->dsn |= slice_is(word, "DSN");
	c->starttls |= slice_is(word, "STARTTLS");
	if (slice_is(word, "SIZE")) {
		c->size = true;
		c->size_limit = number(rest);
	}
	if (slice_is(word, "AUTH"))
		add_mechanisms(c, rest);
}

void caps_forgo(struct caps *c, unsigned offers)
{
	c->forgone |= offers;
	c->pipelining &= !(offers & OFFER_PIPELINING);
	c->chunking &= !(offers & OFFER_CHUNKING);
	c->eightbit &= !(offers & OFFER_8BITMIME);
	c->size &= !(offers & OFFER_SIZE);
	c->smtputf8 &= !(offers & OFFER_SMTPUTF8);
	c->dsn &= !(offers & OFFER_DSN);
}

static int full(struct failure *f)
{
	return fail(f, AT_SENDER, EX_OSERR, "no memory for the commands");
}

unsigned command_uses(const struct caps *c, const struct mail *m)
{
	const struct envelope *e = &m->envelope;
	const struct source *octets = mail_form(m, c->eightbit);
	unsigned set = c->size && octets->size ? OFFER_SIZE : 0;

	if (c->eightbit && (octets != m->form7 || m->eightbit || e->body != BODY_UNSAID))
		set |= OFFER_8BITMIME;
	if (c->smtputf8 && envelope_needs_utf8(e))
		set |= OFFER_SMTPUTF8;
	if (c->dsn && (e->ret != RET_UNSAID || e->envid))
		set |= OFFER_DSN;
	return set;
}

static int mail_wishes(struct buf *out, const struct caps *c, const struct mail *m)
{
	const struct envelope *e = &m->envelope;
	unsigned uses = command_uses(c, m);
	bool eightbit = mail_form(m, c->eightbit) != m->form7 || m->eightbit;

	if (uses & OFFER_8BITMIME && buf_text(out, eightbit || e->body == BODY_8BITMIME ? " BODY=8BITMIME" : " BODY=7BIT") < 0)
		return -1;
	if (uses & OFFER_SMTPUTF8 && buf_text(out, " SMTPUTF8") < 0)
		return -1;
	if (!(uses & OFFER_DSN))
		return 0;
	if (e->ret != RET_UNSAID && buf_text(out, e->ret == RET_FULL ? " RET=FULL" : " RET=HDRS") < 0)
		return -1;
	if (e->envid && (buf_text(out, " ENVID=") < 0 || address_xtext(out, e->envid) < 0))
		return -1;
	return 0;
}

/* The address as it may be said to this relay: a domain beyond ASCII as A-labels, or as it is where that
 * cannot be and it offers SMTPUTF8. NULL: not at all. */
static const char *address_for(const struct caps *c, struct arena *in, const char *address)
{
	const char *said = address_is_ascii(address) ? address : idn_address(in, address);

	return said || !c->smtputf8 ? said : address;
}

static int not_ascii(struct failure *f, const struct caps *c, enum stage at, const char *what, const char *address)
{
	struct slice local = {address, (size_t)(address_domain(address) - address)};

	fail(f, at, EX_DATAERR, "%s is not ASCII, and %s", what,
	     c->forgone & OFFER_SMTPUTF8 ? "SMTPUTF8 is not used here (ignore_offers)" : "the relay does not offer SMTPUTF8");
	if (idn_is_missing() && slice_is_ascii(local))
		return failure_hint(f, HINT_NOT_ASCII_DOMAIN);
	return failure_hint(f, HINT_NOT_ASCII);
}

bool command_needs_utf8(const struct mail *m)
{
	static const struct caps none;
	const struct envelope *e = &m->envelope;

	if (!address_for(&none, m->in, e->sender))
		return true;
	for (size_t i = 0; i < e->recipients; i++)
		if (!address_for(&none, m->in, e->recipient[i].address))
			return true;
	return false;
}

/* octets as "41 MB" */
static const char *size_text(char to[static 24], uint64_t octets)
{
	if (octets >= 10 * 1000 * 1000)
		snprintf(to, 24, "%" PRIu64 " MB", (octets + 500000) / 1000000);
	else if (octets >= 10000)
		snprintf(to, 24, "%" PRIu64 " KB", (octets + 500) / 1000);
	else
		snprintf(to, 24, "%" PRIu64 " octets", octets);
	return to;
}

int command_mail(struct buf *out, const struct caps *c, const struct mail *m, struct failure *f)
{
	uint64_t size = mail_form(m, c->eightbit)->size;
	const char *sender = address_for(c, m->in, m->envelope.sender);
	char has[24], takes[24];

	if (!sender)
		return not_ascii(f, c, AT_SENDER, "the sender", m->envelope.sender);
	if (c->size_limit && size > c->size_limit) {
		fail(f, AT_SENDER, EX_DATAERR, "the message is %s encoded, %s takes %s", size_text(has, size), c->host ? c->host : "the relay",
		     size_text(takes, c->size_limit));
		return failure_hint(f, HINT_SEND_LESS);
	}
	if (buf_printf(out, "MAIL FROM:<%s>", sender) < 0 ||
	    (c->size && size && buf_printf(out, " SIZE=%" PRIu64, size) < 0) || mail_wishes(out, c, m) < 0 ||
	    buf_text(out, "\r\n") < 0)
		return full(f);
	return 0;
}

bool command_has_wishes(const struct envelope *e, const struct recipient *r)
{
	return r->notify || e->notify || r->orcpt;
}

static int rcpt_notify(struct buf *out, const struct envelope *e, const struct recipient *r)
{
	static const struct { unsigned bit; const char *word; } kind[] = {
		{NOTIFY_NEVER, "NEVER"},
		{NOTIFY_SUCCESS, "SUCCESS"},
		{NOTIFY_FAILURE, "FAILURE"},
		{NOTIFY_DELAY, "DELAY"},
	};
	unsigned notify = r->notify ? r->notify : e->notify;
	const char *before = " NOTIFY=";

	for (size_t i = 0; i < sizeof kind / sizeof *kind; i++)
		if (notify & kind[i].bit) {
			if (buf_printf(out, "%s%s", before, kind[i].word) < 0)
				return -1;
			before = ",";
		}
	if (r->orcpt)
		return buf_printf(out, " ORCPT=%s", r->orcpt);
	if (!notify || !address_is_ascii(r->address)) /* RFC 6533 has another form, which few relays know */
		return 0;
	return buf_text(out, " ORCPT=rfc822;") < 0 || address_xtext(out, r->address) < 0 ? -1 : 0;
}

int command_rcpt(struct buf *out, const struct caps *c, const struct mail *m, const struct recipient *r,
		 struct failure *f)
{
	const char *address = address_for(c, m->in, r->address);

	if (!address)
		return not_ascii(f, c, AT_RECIPIENT, "the address", r->address);
	if (buf_printf(out, "RCPT TO:<%s>", address) < 0 || (c->dsn && rcpt_notify(out, &m->envelope, r) < 0) ||
	    buf_text(out, "\r\n") < 0)
		return full(f);
	return 0;
}
