#include "post/unconfigured.h"

#include <string.h>
#include <strings.h>

#include "conf/aliases.h"
#include "conf/choose.h"
#include "conf/whoami.h"
#include "mail/source.h"

/* The mail was queued while no relay was set, and was not tried since: its last words are those of conf/accounts (an older mysend
 * put the stage in front of them). After a try the last words are others, and the names have been looked up. */
static bool came_before(const struct entry *e)
{
	static const char *const begins[] = {"no relay is set; ", "no relay is known: ", "account ", "configuration: "};

	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
		if (slice_begins(slice_of(e->last), begins[i]) && strstr(e->last, "no relay"))
			return true;
	return false;
}

bool unconfigured_is_open(const struct entry *e)
{
	return !e->config && strcmp(e->account, "default") == 0 && came_before(e);
}

/* The address is a local name that was not looked up. A domain with a dot may be meant as it is, unless no relay was set when the
 * mail came. */
static bool is_unknown(struct arena *in, const struct entry *e, const char *address, const struct account *a)
{
	const char *host = whoami_host(in), *domain = address_domain(address);

	if (!*domain || strcasecmp(domain, a->maildomain) == 0)
		return false;
	return came_before(e) ? whoami_is_local(in, host, address) : !strchr(host, '.') && strcasecmp(domain, host) == 0;
}

static const char *local_part(struct arena *in, const char *address)
{
	return arena_text(in, address, (size_t)(address_domain(address) - 1 - address));
}

/* The local name with the domain that local names have now; `before` where they have none. */
static const char *with_domain(struct arena *in, const char *name, const char *before, const struct account *a)
{
	const char *domain = address_is_bare(name) ? whoami_mail_domain(in, a) : "", *done;

	if (!address_is_bare(name))
		return name;
	done = *domain ? address_qualify(in, name, domain) : NULL;
	return done ? done : before;
}

static void add(struct envelope *to, struct arena *in, const char *address, const struct recipient *like)
{
	struct recipient *r = envelope_add_like(to, in, address, like);

	if (r)
		r->verdict = like->verdict;
}

/* Adds the recipients that the local name stands for now. Where an alias leads nowhere, the address stays, and its failure is told
 * when the mail is tried. */
static void add_known(struct envelope *to, struct arena *in, const struct recipient *r, struct aliases *aliases, const struct account *a)
{
	struct mailbox box = {.address = local_part(in, r->address)};
	struct mailboxes list = {.count = 0};
	struct failure unused;

	if (aliases_expand(&list, in, aliases, &box, &unused) <= 0) {
		add(to, in, with_domain(in, box.address, r->address, a), r);
		return;
	}
	for (size_t i = 0; i < list.count; i++)
		add(to, in, with_domain(in, list.box[i].address, r->address, a), r);
}

static const char *known_sender(struct arena *in, const char *sender, const struct account *a)
{
	const char *from;
	struct failure unused;

	if (!choose_is_pattern(a->from) && address_one(&from, in, slice_of(a->from), &unused) == 0 && *address_domain(from))
		return from;
	return with_domain(in, local_part(in, sender), sender, a);
}

static bool is_same(const struct envelope *a, const struct envelope *b)
{
	bool same = a->recipients == b->recipients && strcmp(a->sender, b->sender) == 0;

	for (size_t i = 0; same && i < a->recipients; i++)
		same = strcmp(a->recipient[i].address, b->recipient[i].address) == 0;
	return same;
}

static bool any_unknown(const struct entry *e, struct arena *in, const struct account *a)
{
	for (size_t i = 0; i < e->envelope.recipients; i++)
		if (is_unknown(in, e, e->envelope.recipient[i].address, a))
			return true;
	return is_unknown(in, e, e->envelope.sender, a);
}

int unconfigured_requeue(struct spool *s, struct entry *e, struct arena *in, const struct account *a, const char **id, struct failure *f)
{
	struct envelope *v = &e->envelope;
	struct entry again = *e;
	bool other = unconfigured_is_open(e) && strcmp(e->account, a->name) != 0;
	struct aliases *aliases;
	struct failure unused;

	if ((!other && !any_unknown(e, in, a)) || aliases_open(&aliases, in, a, &unused) < 0)
		return 0;
	again.account = other ? a->name : e->account;
	again.envelope = envelope_without_recipients(v);
	if (is_unknown(in, e, v->sender, a))
		again.envelope.sender = known_sender(in, v->sender, a);
	for (size_t i = 0; i < v->recipients; i++) {
		if (verdict_is_settled(v->recipient[i].verdict))
			continue;
		if (is_unknown(in, e, v->recipient[i].address, a))
			add_known(&again.envelope, in, &v->recipient[i], aliases, a);
		else
			add(&again.envelope, in, v->recipient[i].address, &v->recipient[i]);
	}
	if (!other && is_same(v, &again.envelope))
		return 0;
	*again.id = '\0';
	again.needs_admin = false;
	again.attempts = 0;
	again.next = 0;
	if (spool_accept(s, &again, spool_message(in, e), f) < 0)
		return -1;
	if (spool_finish(s, e, false, f) < 0) {
		(void)!spool_finish(s, &again, false, &unused); /* otherwise the queue would hold the mail twice */
		return -1;
	}
	*id = arena_text(in, again.id, strlen(again.id));
	return 1;
}
