#include "intake/recipients.h"

#include <string.h>
#include <sysexits.h>

#include "conf/whoami.h"
#include "wire/idn.h"

enum { LIST_MAX = 4 * 1024 * 1024 }; /* octets of one list in a field: as much as header_rename lets it grow */

/* The address; if it is a local name, with the domain of local names. NULL and *f: no such domain is known. */
static const char *with_domain(struct recipients *who, struct arena *in, const char *address, bool recipient, struct failure *f)
{
	const char *domain = address_domain(address);

	if (!*address || !whoami_is_local(in, who->host, address))
		return address;
	if (*domain)
		address = arena_text(in, address, (size_t)(domain - 1 - address));
	if (identity_domain(who->identity, who->job, address, f) < 0) {
		if (recipient)
			failure_hint(f, HINT_RECIPIENT_DOMAIN);
		return NULL;
	}
	address = address_qualify(in, address, who->identity->domain);
	if (!address)
		fail(f, AT_INPUT, EX_DATAERR, "a local name with its domain is longer than %d octets", ADDRESS_MAX);
	return address;
}

/* The addresses that the alias stands for, as the text of a field; the caller keeps it for the rest of the mail. NULL and *f: the alias
 * leads nowhere, or the list is too long. */
static const char *list_text(struct recipients *who, struct arena *in, const struct mailbox *box, struct failure *f)
{
	struct mailboxes list = {.count = 0};
	const char *text = NULL;
	struct buf all;
	int rc;

	buf_start(&all, LIST_MAX);
	rc = aliases_expand(&list, in, who->aliases, box, f);
	for (size_t i = 0; i < list.count && rc >= 0; i++) {
		const char *one = with_domain(who, in, list.box[i].address, true, f);

		if (!one)
			rc = -1;
		else if (buf_printf(&all, "%s%s", i ? ",\r\n " : "", one) < 0)
			rc = fail(f, AT_INPUT, EX_DATAERR, "what %s stands for is longer than %d octets", box->address, LIST_MAX);
	}
	if (rc >= 0)
		text = arena_text(&who->job->arena, all.p, all.len);
	buf_free(&all);
	return text;
}

/* The account's address in place of a local name that no domain is known for: cron writes "From: root", and its mail must not fail
 * for that. NULL: the account has none, *f stays. */
static const char *sender_instead(struct recipients *who, struct failure *f)
{
	const char *address = identity_instead(who->identity, who->job);

	if (*address)
		return address;
	failure_hint(f, HINT_SENDER_DOMAIN);
	return NULL;
}

/* struct naming's text: what replaces the address in a field of the header. */
static int in_header(void *ctx, struct arena *in, const struct mailbox *box, bool recipient, const char **text,
		     struct failure *f)
{
	struct recipients *who = ctx;
	const char **note;

	if (!*box->address)
		return 0;
	if (!whoami_is_local(in, who->host, box->address)) {
		const char *ascii;

		if (idn_ready(box->address, f) < 0)
			return -1;
		ascii = address_is_ascii(box->address) ? NULL : idn_address(in, box->address);
		*text = ascii ? ascii : *text; /* A-labels, as in the envelope, so that neither of them needs SMTPUTF8 */
		return 0;
	}
	note = recipient && !who->request->no_aliases ? aliases_note(who->aliases, in, box) : NULL;
	if (note && !*note)
		*note = list_text(who, in, box, f);
	*text = note ? *note : with_domain(who, in, box->address, recipient, f);
	if (!*text && !recipient)
		*text = sender_instead(who, f);
	return *text ? 0 : -1;
}

void recipients_open(struct recipients *who, struct job *j, const struct request *r, struct aliases *a, struct identity *id, const char *host)
{
	*who = (struct recipients){j, r, a, id, host, {who, in_header}};
	aliases_next_mail(a);
}

/* The recipient's address for the envelope. While no relay is set, a local name gets the host's own name as its domain, by which
 * post/unconfigured finds it again and follows its aliases when there is a relay: with the domain of /etc/mailname it could not be told
 * from an address that the caller has named. */
static const char *envelope_address(struct recipients *who, struct arena *in, const char *address, struct failure *f)
{
	const char *domain = address_domain(address), *waits = NULL;

	if (who->job->account->unconfigured && *address && whoami_is_local(in, who->host, address))
		waits = address_qualify(in, *domain ? arena_text(in, address, (size_t)(domain - 1 - address)) : address, who->host);
	return waits ? waits : with_domain(who, in, address, true, f);
}

static int add_address(struct recipients *who, const struct mailbox *box, const struct request_recipient *asked, struct failure *f)
{
	struct arena *in = &who->job->arena;
	const char *address = envelope_address(who, in, box->address, f);
	struct recipient *r;

	if (!address)
		return -1;
	r = envelope_add(&who->job->mail.envelope, in, idn_address_or_same(in, address));
	if (r && asked) {
		r->notify = asked->notify;
		r->orcpt = asked->orcpt;
	}
	return 0;
}

static int add_box(struct recipients *who, const struct mailbox *box, const struct request_recipient *asked, struct failure *f)
{
	struct mailboxes list = {.count = 0};
	int found = who->request->no_aliases ? 0 : aliases_give(&list, &who->job->arena, who->aliases, box, f);

	if (found <= 0)
		return found < 0 ? -1 : add_address(who, box, asked, f);
	for (size_t i = 0; i < list.count; i++)
		if (add_address(who, &list.box[i], asked, f) < 0)
			return -1;
	return 0;
}

static int add_all(struct recipients *who, const struct mailboxes *list, const struct request_recipient *asked, struct failure *f)
{
	for (size_t i = 0; i < list->count; i++)
		if (add_box(who, &list->box[i], asked, f) < 0)
			return -1;
	return 0;
}

static int add_asked(struct recipients *who, const struct request_recipient *asked, struct failure *f)
{
	struct slice text = slice_of(arena_line(&who->job->arena, asked->text));
	struct mailboxes list = {.count = 0};

	if (slice_has_control(text))
		return fail(f, AT_INPUT, EX_DATAERR, "recipient %zu has a line end or control character in it",
			    (size_t)(asked - who->request->recipient) + 1);
	if (address_list(&list, &who->job->arena, text, f) < 0) {
		f->stage = AT_INPUT;
		return failure_in(f, "recipient");
	}
	return add_all(who, &list, asked, f);
}

static int add_header(struct recipients *who, struct failure *f)
{
	struct mailboxes list = {.count = 0};

	if (header_recipients(&list, &who->job->arena, &who->job->message.header, f) < 0) {
		f->stage = AT_INPUT;
		return -1;
	}
	return add_all(who, &list, NULL, f);
}

/* Adds the recipients that the setting `name` has. */
static int add_setting(struct recipients *who, const char *name, const char *value, struct failure *f)
{
	struct mailboxes list = {.count = 0};

	if (address_list(&list, &who->job->arena, slice_of(value), f) < 0) {
		f->exit = EX_CONFIG;
		f->stage = AT_CONFIG;
		return failure_in(f, "%s", name);
	}
	return add_all(who, &list, NULL, f);
}

int recipients_take(struct recipients *who, struct failure *f)
{
	const struct envelope *e = &who->job->mail.envelope;
	const struct account *a = who->job->account;
	const struct request *r = who->request;

	for (size_t i = 0; i < r->recipients; i++)
		if (add_asked(who, &r->recipient[i], f) < 0)
			return -1;
	if (r->from_header && add_header(who, f) < 0)
		return -1;
	if (!e->recipients && r->only_named)
		return fail(f, AT_INPUT, EX_DATAERR, "To, Cc and Bcc name nobody");
	if (!e->recipients && add_setting(who, "to", a->to, f) < 0)
		return -1;
	if (!e->recipients)
		return fail(f, AT_USAGE, EX_USAGE, "no recipients: add addresses, a To: line%s, or the setting to",
			    r->from_header ? "" : " with -t");
	return 0;
}
