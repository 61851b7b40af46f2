#include "post/hint.h"

#include "base/bytes.h"
#include "wire/meaning.h"

#define WANTS_LOGIN "the relay wants a login before it takes mail for others: set user and password_file"
#define WANTS_TLS "the relay wants encryption: set tls on"

static const struct {
	enum stage at;
	int code;	    /* 0: any */
	enum meaning means; /* MEANS_NOTHING_MORE: any */
	const char *says;   /* a word of the text, case aside; NULL: any */
	const char *hint;
} known[] = {
	{AT_CONNECT, 0, 0, "refused", "is a mail server there? check relay and its port"},
	{AT_CONNECT, 0, 0, "timed out", "is the port blocked on the way? try 587 or 465"},
	{AT_CONNECT, 0, 0, "timeout", "is the port blocked on the way? try 587 or 465"},
	{AT_GREETING, 0, 0, "timed out", "is it a port with TLS from the start? then set tls_starttls off"},
	{AT_LOGIN, 534, 0, NULL, "the provider wants another kind of password here: an app password, or auth xoauth2"},
	{AT_LOGIN, 535, 0, NULL, "check user and the password; some providers want an app password here"},
	{AT_SENDER, 0, MEANS_LOGIN, "TLS", WANTS_TLS},
	{AT_SENDER, 0, MEANS_LOGIN, "encrypt", WANTS_TLS},
	{AT_SENDER, 0, MEANS_LOGIN, NULL, "the relay wants a login: set user and password_file"},
	{AT_SENDER, 0, MEANS_NOT_YOURS, NULL, "may this user send as that address? set from or force_from to one it may use"},
	{AT_SENDER, 0, MEANS_NO_SENDER, NULL, "the relay does not know the sender's domain: set from to an address that exists"},
	{AT_SENDER, 0, MEANS_TOO_LARGE, NULL, "the relay finds the message too large"},
	{AT_RECIPIENT, 0, 0, "relay access", WANTS_LOGIN},
	{AT_RECIPIENT, 0, 0, "unable to relay", WANTS_LOGIN},
	{AT_RECIPIENT, 0, 0, "not permitted to relay", WANTS_LOGIN},
	{AT_RECIPIENT, 0, 0, "relaying", WANTS_LOGIN},
	{AT_RECIPIENT, 0, 0, "authentication required", WANTS_LOGIN},
	{AT_RECIPIENT, 0, MEANS_LOGIN, "TLS", WANTS_TLS},
	{AT_RECIPIENT, 0, MEANS_LOGIN, NULL, WANTS_LOGIN},
	{AT_RECIPIENT, 0, MEANS_NO_SENDER, NULL, "the relay does not know the sender's domain: set from to an address that exists"},
	{AT_DATA, 0, MEANS_TOO_LARGE, NULL, "the relay finds the message too large"},
	{AT_BODY, 0, MEANS_TOO_LARGE, NULL, "the relay finds the message too large"},
	{AT_END, 0, MEANS_TOO_LARGE, NULL, "the relay finds the message too large"},
};

void hint_add(struct failure *f)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].at == f->stage && (!known[i].code || known[i].code == f->code) &&
		    (!known[i].means || (f->code >= 500 && known[i].means == meaning_of(f))) &&
		    (!known[i].says || slice_mentions(slice_of(f->text), known[i].says))) {
			failure_hint(f, "%s", known[i].hint);
			return;
		}
}
