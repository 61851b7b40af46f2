#include "wire/token_fault.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* Sets of grants. */
enum {
	CLIENT = 1 << GRANT_CLIENT, ASSERTION = 1 << GRANT_ASSERTION, REFRESH = 1 << GRANT_REFRESH, CODE = 1 << GRANT_CODE,
	DEVICE = 1 << GRANT_DEVICE, POLL = 1 << GRANT_POLL, LOGIN = CODE | DEVICE | POLL, ANY = ~0
};
enum { MICROSOFT = 1 << OAUTH_MICROSOFT, GOOGLE = 1 << OAUTH_GOOGLE, OWN = 1 << OAUTH_OWN, ALL = ~0 };
enum { NUMBERS = 10 };

/* Microsoft's numbers: of "Microsoft Entra authentication and authorization error codes", or seen in reports. */
static const struct {
	enum hint hint;
	unsigned numbers[NUMBERS];
} numbered[] = {
	{HINT_OAUTH_SECRET_VALUE, {7000215}},
	{HINT_OAUTH_SECRET_ENDED, {7000222}},
	{HINT_OAUTH_APP, {700016, 700011}},
	{HINT_OAUTH_TENANT, {90002, 900023, 90019}},
	{HINT_OAUTH_TENANT_OWN, {50194, 9001023}},
	{HINT_OAUTH_PERSONAL, {9002332}},
	{HINT_OAUTH_PUBLIC, {7000218}},
	{HINT_OAUTH_NO_SECRET, {700025}},
	{HINT_OAUTH_CONSENT, {65001, 7000229, 90094}},
	{HINT_OAUTH_SCOPE_DEFAULT, {1002012}},
	{HINT_OAUTH_RESOURCE, {500011, 650052, 650057}},
	{HINT_OAUTH_MORE, {50072, 50074, 50076, 50078, 50079, 70043}},
	{HINT_OAUTH_POLICY, {53003, 53000, 53001, 50131, 530035}},
	{HINT_OAUTH_LOGIN, {70000, 70008, 700082, 700084, 50089, 50132, 50133, 50173}},
	{HINT_OAUTH_PERSON, {50020, 50034, 50053, 50055, 50057, 50144, 51004}},
	{HINT_OAUTH_ASSIGNED, {50105}},
	{HINT_OAUTH_REDIRECT, {50011}},
	{HINT_OAUTH_DISABLED, {70001, 7000112}},
	{HINT_OAUTH_DENIED, {65004}},
	{HINT_OAUTH_ASSERTION, {700027, 50012, 50013, 500133, 700024, 700030}},
};

/* By `error`, then by whose it is, what was asked for, and words of its description; the first that fits. */
static const struct {
	const char *error;
	int makers, grants;
	const char *says; /* case aside; "": any */
	enum hint hint;
} named[] = {
	{"invalid_client", ALL, ASSERTION, "", HINT_OAUTH_ASSERTION},
	{"invalid_client", ALL, ANY, "", HINT_OAUTH_SECRET},
	{"deleted_client", ALL, ANY, "", HINT_OAUTH_DISABLED},
	{"disabled_client", ALL, ANY, "", HINT_OAUTH_DISABLED},
	{"unauthorized_client", GOOGLE, ASSERTION, "", HINT_OAUTH_DELEGATION},
	{"unauthorized_client", ALL, ANY, "credentials", HINT_OAUTH_SECRET},
	{"unauthorized_client", ALL, ANY, "", HINT_OAUTH_FLOW},
	{"unsupported_grant_type", ALL, ANY, "", HINT_OAUTH_FLOW},
	{"invalid_request", ALL, ANY, "grant type", HINT_OAUTH_FLOW},
	{"invalid_grant", ALL, CLIENT | ASSERTION, "", HINT_OAUTH_ASSERTION},
	{"invalid_grant", ALL, LOGIN, "", HINT_OAUTH_CODE},
	{"invalid_grant", GOOGLE, REFRESH, "", HINT_OAUTH_LOGIN_GOOGLE},
	{"invalid_grant", ALL, ANY, "", HINT_OAUTH_LOGIN},
	{"interaction_required", ALL, ANY, "", HINT_OAUTH_MORE},
	{"consent_required", ALL, ANY, "", HINT_OAUTH_CONSENT},
	{"login_required", ALL, ANY, "", HINT_OAUTH_LOGIN},
	{"invalid_scope", GOOGLE, DEVICE | POLL, "", HINT_OAUTH_SCOPE_DEVICE},
	{"invalid_scope", MICROSOFT, CLIENT | ASSERTION, "", HINT_OAUTH_SCOPE_DEFAULT},
	{"invalid_scope", ALL, ANY, "", HINT_OAUTH_SCOPE_UNKNOWN},
	{"invalid_resource", ALL, ANY, "", HINT_OAUTH_RESOURCE},
	{"invalid_target", ALL, ANY, "", HINT_OAUTH_RESOURCE},
	{"admin_policy_enforced", ALL, ANY, "", HINT_OAUTH_ADMIN},
	{"org_internal", ALL, ANY, "", HINT_OAUTH_INTERNAL},
	{"redirect_uri_mismatch", ALL, ANY, "", HINT_OAUTH_REDIRECT},
	{"access_denied", GOOGLE, LOGIN, "", HINT_OAUTH_DENIED_GOOGLE},
	{"access_denied", ALL, LOGIN, "", HINT_OAUTH_DENIED},
	{"authorization_declined", ALL, ANY, "", HINT_OAUTH_DENIED},
	{"expired_token", ALL, ANY, "", HINT_OAUTH_LATE},
	{"bad_verification_code", ALL, ANY, "", HINT_OAUTH_LATE},
	{"code_expired", ALL, ANY, "", HINT_OAUTH_LATE},
};

static enum hint hint_of_number(unsigned number)
{
	for (size_t i = 0; i < sizeof numbered / sizeof *numbered; i++)
		for (size_t n = 0; number && n < NUMBERS; n++)
			if (numbered[i].numbers[n] == number)
				return numbered[i].hint;
	return NO_HINT;
}

static enum hint hint_of_error(const struct token_answer *a, enum token_grant grant, enum oauth_maker maker)
{
	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (strcmp(named[i].error, a->error) == 0 && named[i].makers & 1 << maker && named[i].grants & 1 << grant &&
		    (!*named[i].says || slice_mentions(slice_of(a->description), named[i].says)))
			return named[i].hint;
	return NO_HINT;
}

/* The setting that the secret came from is named, not another one. */
static enum hint of_secret(enum hint hint, const struct account *a)
{
	if (hint == HINT_OAUTH_SECRET && *a->password_command)
		return HINT_OAUTH_SECRET_COMMAND;
	return hint == HINT_OAUTH_SECRET && !oauth_is_client(a) && !a->password && !*a->password_file ? HINT_OAUTH_SECRET_NONE : hint;
}

static bool may_go_later(const struct token_answer *a)
{
	return a->status == 408 || a->status == 429 || a->status >= 500 || strcmp(a->error, "temporarily_unavailable") == 0 ||
	       strcmp(a->error, "server_error") == 0 || strcmp(a->error, "slow_down") == 0;
}

int token_fault(const struct token_answer *a, enum token_grant grant, const struct account *account, const struct oauth *o, struct failure *f)
{
	enum hint hint = hint_of_number(a->number);
	char status[16] = "", error[128]; /* with a description of TOKEN_WORDS octets no character is cut in f->text */

	slice_printable(error, sizeof error, slice_of(a->error));
	if (a->status) /* a browser that comes back has none */
		snprintf(status, sizeof status, "%d ", a->status);
	fail(f, AT_TOKEN, may_go_later(a) ? EX_TEMPFAIL : EX_NOPERM, "%s%s%s%s", status, error, *a->description ? ": " : "", a->description);
	if (failure_is_temporary(f))
		return -1;
	if (!hint)
		hint = of_secret(hint_of_error(a, grant, o->maker), account);
	return hint ? failure_add_hint(f, hint, (const char *const[]){account->name, NULL}) : -1;
}
