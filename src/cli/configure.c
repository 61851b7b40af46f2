#include "cli/configure.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/clock.h"
#include "base/dns.h"
#include "base/file.h"
#include "cli/modes.h"
#include "cli/usage.h"
#include "conf/accounts.h"
#include "conf/whoami.h"
#include "mail/address.h"
#include "wire/idn.h"

enum { WIDTH = 78 };

struct config_text { /* what stands in the configuration beside the relay */
	const char *account, *user, *secret;
	const char *client; /* oauth_client_id; or NULL */
};

/* Prints sentences as comments, broken at blanks. */
static void say(const char *text)
{
	struct slice rest = slice_of(text), word;
	size_t column = 0;

	while (rest.len) {
		if (!slice_cut(&rest, ' ', &word)) {
			word = rest;
			rest.len = 0;
		}
		if (column && column + 1 + word.len > WIDTH) {
			putchar('\n');
			column = 0;
		}
		printf("%s%.*s", column ? " " : "# ", (int)word.len, word.p);
		column += (column ? 1 : 2) + word.len;
	}
	putchar('\n');
}

/* An address that stands in a configuration as it is: a quote, a % and the signs of a pattern mean something there. */
static int read_address(struct found *found, struct arena *run, const char *text, struct failure *f)
{
	const char *ascii;
	struct failure ignored;

	if (address_one(&found->address, run, slice_of(text), &ignored) == 0 && *address_domain(found->address) &&
	    !strpbrk(found->address, "\"\\%*?[]#'` ")) {
		if (idn_ready(found->address, f) < 0)
			return -1;
		ascii = idn_address(run, arena_printf(run, "x@%s", address_domain(found->address)));
		if (ascii && strlen(address_domain(ascii)) <= DNS_NAME && !strpbrk(address_domain(ascii), "_:")) {
			found->domain = address_domain(ascii);
			return 0;
		}
	}
	fail(f, AT_USAGE, EX_USAGE, "--configure takes an address as me@example.org, not %s", *text ? text : "\"\"");
	return failure_hint(f, HINT_CONFIGURE_ADDRESS);
}

/* The value of an option is checked as it would be in a file. */
static int take_relay(struct found *found, struct arena *run, const char *value, struct failure *f)
{
	struct config c = {.path = "--relay", .rank = RANK_USER};
	const struct account *a;

	if (slice_has_control(slice_of(value)))
		return usage_fail(f, "--relay has a control character in it", "");
	if (config_parse(&c, run, slice_of(arena_printf(run, "account default\nrelay %s\n", value)), f) < 0)
		return -1;
	a = &config_find(&c, "default")->whole;
	found->by = BY_OPTION;
	found->relay = value;
	found->host = a->host;
	found->provider = provider_of_host(a->host);
	return 0;
}

/* A name that a configuration would read as another one, as "me" with its quotes, cannot be written there. */
static int check_name(struct arena *run, const char *keyword, const char *name, struct failure *f)
{
	struct config c = {.path = "--configure", .rank = RANK_USER};
	const struct account *a;

	if (*name && !slice_has_control(slice_of(name)) && config_parse(&c, run, slice_of(arena_printf(run, "account default\n%s %s\n", keyword, name)), f) == 0) {
		a = &config_find(&c, "default")->whole;
		if (strcmp(a->user, name) == 0 || strcmp(a->oauth_client_id, name) == 0)
			return 0;
	}
	return usage_fail(f, arena_printf(run, "no configuration can have the %s ", keyword), *name ? name : "\"\"");
}

static int find(struct found *found, const struct options *o, struct arena *run, struct config_text *t, struct failure *f)
{
	const char *relay = NULL;

	for (size_t i = 0; i < o->request.options; i++)
		if (o->request.option[i].setting == SET_relay)
			relay = o->request.option[i].value;
		else if (o->request.option[i].setting == SET_user)
			t->user = o->request.option[i].value;
		else if (o->request.option[i].setting == SET_oauth_client_id)
			t->client = o->request.option[i].value;
		else
			return usage_fail(f, "with --configure there is no ", o->request.option[i].spelled);
	if ((t->user && check_name(run, "user", t->user, f) < 0) || (t->client && check_name(run, "oauth_client_id", t->client, f) < 0) ||
	    read_address(found, run, o->configure, f) < 0)
		return -1;
	return relay ? take_relay(found, run, relay, f) : configure_find(found, run, f);
}

static int login(const struct found *found, struct arena *run, const char **user, struct failure *f)
{
	const struct provider *p = found->provider;

	if (*user)
		return 0;
	if (p && p->user == USER_OWN) {
		fail(f, AT_USAGE, EX_USAGE, "%s gives its users a name to log in with", p->name);
		return failure_hint(f, HINT_CONFIGURE_USER, p->note);
	}
	*user = found->address;
	if (p && p->user == USER_LOCAL)
		*user = arena_text(run, *user, strlen(*user) - strlen(address_domain(*user)) - 1);
	return 0;
}

/* The password has a file of its own, beside the configuration; "~/" where that is the user's. */
static const char *secret_file(struct arena *run)
{
	const char *place = accounts_place(run), *home = whoami_home(run);
	size_t folder = (size_t)(strrchr(place, '/') - place), len = strlen(home);

	if (strcmp(place + folder, "/config") != 0)
		return arena_printf(run, "%.*s/mysend.password", (int)folder, place);
	if (len > 1 && strncmp(place, home, len) == 0 && place[len] == '/')
		return arena_printf(run, "~%.*s/password", (int)(folder - len), place + len);
	return arena_printf(run, "%.*s/password", (int)folder, place);
}

static const char *where(const struct found *found, struct arena *run)
{
	switch (found->by) {
	case BY_OPTION:
		return "as --relay says";
	case BY_SERVICE:
		return arena_printf(run, "by the SRV record of %s", found->asked);
	case BY_TABLE:
		return arena_printf(run, "by mysend's table of providers: %s, %s", found->provider->name, found->provider->date);
	case BY_EXCHANGER:
		return arena_printf(run, "by the MX record %s, which is of %s (mysend's table of providers, %s)", found->exchanger, found->provider->name,
				    found->provider->date);
	case BY_NAME:
		break;
	}
	return "a guess: there is such a name, and nothing else was found";
}

static void print_relay(const struct found *found, struct arena *run)
{
	printf("\n");
	say(arena_printf(run, "The relay, %s.", where(found, run)));
	if (found->outside)
		say(arena_printf(run, "It lies outside %s, and such records can be forged: does the provider call it so? "
				      "Its certificate is checked against the name below.", found->domain));
	if (found->instead)
		say(arena_printf(run, "mysend's table of providers has %s for this domain.", found->instead));
	if (found->by == BY_NAME)
		say("What the provider calls its SMTP or outgoing server belongs here; where port 587 is closed, smtps:// and the same name.");
	printf("relay %s\n", found->relay);
	if (!slice_begins(slice_of(found->relay), "unix:"))
		printf("tls on\n");
}

/* Gmail has app passwords, but who names a client does without. */
static bool by_google(const struct found *found, const struct config_text *t)
{
	return t->client && found->provider && strcmp(found->provider->name, "Gmail") == 0;
}

static bool by_person(const struct found *found, const struct config_text *t)
{
	return by_google(found, t) || (found->provider && found->provider->secret == SECRET_LOGIN);
}

static bool by_oauth(const struct found *found, const struct config_text *t)
{
	return by_person(found, t) || (found->provider && found->provider->secret == SECRET_TENANT);
}

static int check_client(const struct found *found, const struct config_text *t, struct failure *f)
{
	if (!t->client || by_oauth(found, t))
		return 0;
	return usage_fail(f, "--configure has an oauth_client_id for Exchange Online, outlook.com and Gmail alone; mysend.conf(5) has what another provider needs", "");
}

static const char *login_command(struct arena *run, const struct config_text *t)
{
	char words[1024];

	login_words(words, sizeof words, t->account);
	return arena_printf(run, "%s", words);
}

/* A domain of the tenant's stands for the tenant's id. Without an oauth_client_id the configuration is refused, with words that name it. */
static void print_oauth(const struct found *found, struct arena *run, const struct config_text *t)
{
	bool google = by_google(found, t), person = by_person(found, t);

	printf("oauth %s\noauth_provider %s%s\n", person ? "login" : "client", google ? "google" : "microsoft:", google ? "" : person ? "consumers" : found->domain);
	if (google)
		say("The client ID of an app that is made once at https://console.cloud.google.com; contrib/oauth.md has each step.");
	else
		say(arena_printf(run, "The application (client) ID of an app that %s once at https://entra.microsoft.com, App registrations; contrib/oauth.md has each step.",
				 person ? "is registered" : "an administrator registers"));
	printf(t->client ? "oauth_client_id %s\n" : "#oauth_client_id %s\n", t->client ? t->client : "ID");
}

static void print_secret(const struct found *found, struct arena *run, const struct config_text *t)
{
	bool oauth = by_oauth(found, t);

	say(arena_printf(run, "The %s stands alone in a file that nobody else may read. To write it: this, the %s, Enter, Ctrl-D.",
			 by_google(found, t) ? "client's secret" : oauth ? "client's secret (its value, not its ID)" : "password", oauth ? "secret" : "password"));
	printf("#   (umask 077; cat >%s)\n", t->secret);
	printf("password_file %s\n", t->secret);
}

static void print_login(const struct found *found, struct arena *run, const struct config_text *t)
{
	static const char *const secrets[] = {
		[SECRET_PASSWORD] = "The password is that of the mailbox.",
		[SECRET_APP] = "The password is an app password, made for this program alone, not that of the account.",
		[SECRET_LOGIN] = "It is by tokens of OAuth2, for which a person logs in once.",
		[SECRET_TENANT] = "It is by tokens of OAuth2, which this host fetches by itself.",
		[SECRET_KEY] = "The password is one for programs, not that of the account.",
	};
	const struct provider *p = found->provider;
	bool google = by_google(found, t), person = by_person(found, t);

	printf("\n");
	if (p)
		say(arena_printf(run, "The login at %s (as of %s). %s%s%s", p->name, p->date, secrets[google ? SECRET_LOGIN : p->secret], *p->note && !google ? " " : "",
				 google ? "" : p->note));
	else
		say("The login: often the address, else the name that the provider gives; some want an app password.");
	printf("user %s\n", t->user);
	if (by_oauth(found, t))
		print_oauth(found, run, t);
	if (!person || google)
		print_secret(found, run, t);
	if (person)
		say(arena_printf(run, "Then, once: %s", login_command(run, t)));
	else if (by_oauth(found, t))
		say(arena_printf(run, "Without an administrator, for one's own mailbox: oauth login, and no password_file; then, once: %s", login_command(run, t)));
}

static void print(const struct found *found, struct arena *run, const struct config_text *t)
{
	time_t now = clock_wall();
	char day[16];
	struct tm tm;

	strftime(day, sizeof day, "%Y-%m-%d", gmtime_r(&now, &tm));
	say(arena_printf(run, "Made by mysend --configure %s on %s; mysend.conf(5) has every setting.", found->address, day));
	say("mysend --probe tries it without sending anything.");
	printf("\naccount %s\n", t->account);
	print_relay(found, run);
	print_login(found, run, t);
	printf("\n");
	say("Whom mail is from where the caller says nothing; who gets what names no recipient; who gets mail for root, as of cron.");
	printf("from %s\nto %s\nroot_to %s\n", found->address, found->address, found->address);
}

#ifdef WITHOUT_OAUTH
#define OTHER_BUILD "a mysend that has oauth (this one was built --without-oauth), "
#else
#define OTHER_BUILD ""
#endif

/* What is left to do by hand. */
static const char *next_step(const struct found *found, struct arena *run, const struct config_text *t)
{
	const char *id = t->client ? OTHER_BUILD : OTHER_BUILD "oauth_client_id, ";

	if (!by_oauth(found, t))
		return arena_printf(run, "the password into %s", t->secret);
	if (by_google(found, t))
		return arena_printf(run, "the client's secret into %s, %s", t->secret, login_command(run, t));
	if (found->provider->secret == SECRET_LOGIN)
		return arena_printf(run, "%s%s", id, login_command(run, t));
	return arena_printf(run, "%sthe client's secret into %s", id, t->secret);
}

static int check_account(const char *name, struct failure *f)
{
	if (slice_has_control(slice_of(name)) || strpbrk(name, " :,\"#") || !*name)
		return usage_fail(f, "no account can be called ", name);
	return 0;
}

/* --configure ADDRESS: a configuration on standard output, and where it comes from in one line on standard error. */
int mode_configure(const struct options *o, struct arena *run, struct failure *f)
{
	struct found found = {.host = ""};
	struct config_text t = {.account = o->request.account ? o->request.account : "default", .secret = secret_file(run)};

	if (check_account(t.account, f) < 0 || find(&found, o, run, &t, f) < 0 || check_client(&found, &t, f) < 0 || login(&found, run, &t.user, f) < 0)
		return -1;
	print(&found, run, &t);
	if (file_end_output(f) < 0)
		return -1;
	fprintf(stderr, "mysend: %s, %s; next: %s, then mysend --probe\n", found.relay, where(&found, run), next_step(&found, run, &t));
	return EX_OK;
}
