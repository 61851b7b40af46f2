#include "intake/identity.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "intake/charset.h"
#include "conf/choose.h"
#include "conf/whoami.h"
#include "mail/address.h"
#include "mail/complete.h"
#include "wire/idn.h"

#define OF_FIELD "%F"

int identity_domain(struct identity *id, struct job *j, const char *name, struct failure *f)
{
	if (!*id->domain)
		id->domain = whoami_mail_domain(&j->arena, j->account);
	/* As long as no relay is set the mail only waits: the host's own name has to do until somebody configures one. */
	if (!*id->domain && j->account->unconfigured)
		id->domain = whoami_host(&j->arena);
	if (*id->domain)
		return 0;
	return fail(f, AT_CONFIG, EX_CONFIG, "%s has no domain, and this host has none to give it", name);
}

const char *identity_instead(const struct identity *id, struct job *j)
{
	const char *from = *id->forced ? id->forced : j->account->from, *address;
	struct failure unused;

	if (!*from || choose_is_pattern(from) || address_one(&address, &j->arena, slice_of(from), &unused) < 0 || !*address ||
	    address_is_bare(address))
		return "";
	return idn_address_or_same(&j->arena, address);
}

/* The address in the From field, or NULL. */
static const char *header_address(struct job *j)
{
	const struct field *from = header_find_said(&j->message.header, "From");
	struct mailboxes list = {0};
	struct failure ignored;

	if (!from || address_list(&list, &j->arena, from->body, &ignored) < 0 || list.count != 1)
		return NULL;
	return list.box[0].address;
}

const char *identity_for_choice(struct job *j, const struct request *r)
{
	const char *sender = NULL;
	struct failure ignored;

	if (r->sender && address_one(&sender, &j->arena, slice_of(r->sender), &ignored) == 0 && *sender)
		return sender;
	return header_address(j);
}

/* The address in `text`, which the setting or option `what` gave; a local name gets its domain, "" stays "". */
static int one(struct identity *id, struct job *j, const char *what, const char *text, const char **out,
	       struct failure *f)
{
	if (address_one(out, &j->arena, slice_of(text), f) < 0) {
		f->stage = *what == '-' ? AT_USAGE : AT_CONFIG;
		f->exit = *what == '-' ? EX_DATAERR : EX_CONFIG;
		return failure_in(f, "%s", what);
	}
	if (**out && address_is_bare(*out)) {
		const char *instead;

		if (identity_domain(id, j, *out, f) < 0) {
			instead = identity_instead(id, j);
			if (!*instead)
				return failure_hint(f, HINT_SENDER_DOMAIN);
			*out = instead;
			return 0;
		}
		*out = address_qualify(&j->arena, *out, id->domain);
		if (!*out)
			return fail(f, AT_INPUT, EX_DATAERR, "%s: the name with its domain is too long", what);
	}
	if (idn_ready(*out, f) < 0)
		return -1;
	*out = idn_address_or_same(&j->arena, *out);
	return 0;
}

/* The sender where no setting names one: the user who runs mysend, at the domain of local names. */
static int of_user(struct identity *id, struct job *j, const char **out, struct failure *f)
{
	const char *user = whoami_user(&j->arena);

	/* alice@corp.example, as some directories have it; anything else is a local part, whatever stands in it. */
	if (strchr(user, '@') && address_one(out, &j->arena, slice_of(user), f) == 0 && !address_is_bare(*out))
		return 0;
	user = address_of_name(&j->arena, user);
	if (identity_domain(id, j, user, f) < 0) {
		fail(f, AT_CONFIG, EX_CONFIG, "the sender %s has no domain, and this host has none to give it", user);
		return failure_hint(f, HINT_SENDER_DOMAIN);
	}
	return one(id, j, "from", user, out, f);
}

/* %F: the address of the From field, or of the Resent-From in front of any. NULL and *f: there is none. */
static const char *with_field(struct job *j, const char *from, struct failure *f)
{
	const struct header *h = &j->message.header;
	const char *at = strstr(from, OF_FIELD);
	struct mailboxes list = {0};
	struct failure unused;

	for (size_t i = 0; i < h->fields && !list.count; i++) {
		const struct field *field = &h->field[i];

		if ((slice_is(field->name, "From") || slice_is(field->name, "Resent-From")) &&
		    (address_list(&list, &j->arena, field->body, &unused) < 0 || !list.count || !*list.box[0].address))
			break;
	}
	if (list.count && *list.box[0].address)
		return arena_printf(&j->arena, "%.*s%s%s", (int)(at - from), from, list.box[0].address, at + strlen(OF_FIELD));
	fail(f, AT_CONFIG, EX_CONFIG, "from is %s, and the message has no From field with an address", from);
	failure_hint(f, HINT_SENDER_GIVEN);
	return NULL;
}

/* The sender where the request names none: that of the setting `from`, else the author, if that is asked for, else the user. */
static int by_default(struct identity *id, struct job *j, const struct request *r, const char **out, struct failure *f)
{
	const char *from = j->account->from;
	const char *header = r->from_author || *from ? header_address(j) : NULL;

	if (!*from && header && *header)
		return one(id, j, "From", header, out, f);
	if (!*from)
		return of_user(id, j, out, f);
	if (strstr(from, OF_FIELD)) {
		from = with_field(j, from, f);
		return from ? one(id, j, "from", from, out, f) : -1;
	}
	if (!choose_is_pattern(from))
		return one(id, j, "from", from, out, f);
	if (header && choose_fits(from, header))
		return one(id, j, "From", header, out, f);
	fail(f, AT_CONFIG, EX_CONFIG, "from is a pattern (%s), and nothing says which sender of it", from);
	return failure_hint(f, HINT_SENDER_GIVEN);
}

/* The header gets a From or a Resent-From: mail/complete will want a name for it. */
static bool gets_from(const struct job *j)
{
	const struct header *h = &j->message.header;
	struct resent block = header_resent(h);

	return j->account->set_from_header == (unsigned)PUT_ALWAYS || !header_find_said(h, "From") || block.begin != block.end;
}

static int full_name(struct identity *id, struct job *j, const struct request *r, bool own, struct failure *f)
{
	const struct charsets c = charsets_for(j->account, &j->arena, NULL, r->draft.charset);
	const char *env = getenv("NAME");
	struct slice text;

	id->name = "";
	if (r->name) {
		if (slice_has_control(slice_of(arena_line(&j->arena, r->name))))
			return fail(f, AT_USAGE, EX_USAGE, "-F: a name has no line ends or control characters");
		id->name = arena_line(&j->arena, r->name);
	} else if (*j->account->from_full_name) {
		id->name = j->account->from_full_name;
	} else if (env && *env && !slice_has_control(slice_of(arena_line(&j->arena, env)))) {
		id->name = arena_line(&j->arena, env);
	} else if (own) {
		id->name = arena_line(&j->arena, whoami_full_name(&j->arena));
		if (slice_has_control(slice_of(id->name)))
			id->name = "";
	}
	text = charset_text(&c, !r->name, slice_of(id->name));
	id->name = arena_text(&j->arena, text.p, text.len);
	return 0;
}

int identity_read(struct identity *id, struct job *j, const struct request *r, struct failure *f)
{
	const struct account *a = j->account;
	bool given = r->sender && a->allow_from_override;

	*id = (struct identity){.forced = "", .domain = "", .from = ""};
	if (r->sender && slice_has_control(slice_of(r->sender)))
		return fail(f, AT_USAGE, EX_USAGE, "-f: an address has no line ends or control characters");
	if (*a->force_from) {
		if (one(id, j, "force_from", a->force_from, &id->forced, f) < 0)
			return -1;
		id->sender = id->from = id->forced;
		return full_name(id, j, r, false, f);
	}
	if (given) {
		if (one(id, j, "-f", r->sender, &id->sender, f) < 0)
			return -1;
		id->from = id->sender;
	}
	/* Without a sender, and for a null one, the From field is the default identity. */
	if (!given || !*id->sender) {
		bool needed = !given || !header_find_said(&j->message.header, "From");

		if (by_default(id, j, r, &id->from, f) < 0 && needed)
			return -1;
		if (!given)
			id->sender = id->from;
	}
	return full_name(id, j, r, (!given || !*id->sender) && gets_from(j), f);
}
