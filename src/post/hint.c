#include "post/hint.h"

#include <string.h>
#include <strings.h>

#include "base/bytes.h"

static const struct {
	enum stage at;
	int code;	      /* 0: any */
	const char *enhanced; /* its beginning; NULL: any */
	const char *says;     /* a word of the text, case aside; NULL: any */
	const char *hint;
} known[] = {
	{AT_CONNECT, 0, NULL, "refused", "is a mail server there? check relay and its port"},
	{AT_CONNECT, 0, NULL, "timed out", "is the port blocked on the way? try 587 or 465"},
	{AT_CONNECT, 0, NULL, "timeout", "is the port blocked on the way? try 587 or 465"},
	{AT_GREETING, 0, NULL, "timed out", "is it a port with TLS from the start? then set tls_starttls off"},
	{AT_LOGIN, 534, NULL, NULL, "the provider wants another kind of password here: an app password, or auth xoauth2"},
	{AT_LOGIN, 535, NULL, NULL, "check user and the password; some providers want an app password here"},
	{AT_SENDER, 530, NULL, "TLS", "the relay wants encryption: set tls on"},
	{AT_SENDER, 530, NULL, "encrypt", "the relay wants encryption: set tls on"},
	{AT_SENDER, 530, NULL, NULL, "the relay wants a login: set user and password_file"},
	{AT_SENDER, 0, "5.7.", NULL, "may this user send as that address? set from or force_from to one it may use"},
	{AT_SENDER, 553, NULL, NULL, "may this user send as that address? set from or force_from to one it may use"},
	{AT_SENDER, 0, "5.1.8", NULL, "the relay does not know the sender's domain: set from to an address that exists"},
	{AT_RECIPIENT, 0, NULL, "relay access", "the relay wants a login before it takes mail for others: set user and password_file"},
	{AT_RECIPIENT, 0, NULL, "unable to relay", "the relay wants a login before it takes mail for others: set user and password_file"},
	{AT_RECIPIENT, 0, NULL, "not permitted to relay", "the relay wants a login before it takes mail for others: set user and password_file"},
	{AT_RECIPIENT, 0, NULL, "relaying", "the relay wants a login before it takes mail for others: set user and password_file"},
	{AT_RECIPIENT, 0, NULL, "authentication required", "the relay wants a login before it takes mail for others: set user and password_file"},
	{AT_END, 552, NULL, NULL, "the relay finds the message too large"},
};

/* strcasestr is not POSIX. */
static bool says(const char *text, const char *word)
{
	for (; *text; text++)
		if (slice_begins(slice_of(text), word))
			return true;
	return false;
}

void hint_add(struct failure *f)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].at == f->stage && (!known[i].code || known[i].code == f->code) &&
		    (!known[i].enhanced || strncmp(f->enhanced, known[i].enhanced, strlen(known[i].enhanced)) == 0) &&
		    (!known[i].says || says(f->text, known[i].says))) {
			failure_hint(f, "%s", known[i].hint);
			return;
		}
}
