#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/jail.h"
#include "cli/complete.h"
#include "cli/flags.h"
#include "cli/modes.h"
#include "conf/whoami.h"
#include "mail/address.h"

#ifdef WITHOUT_LIBMAGIC
#define LIBMAGIC ", without libmagic"
#else
#define LIBMAGIC ""
#endif
#ifdef WITHOUT_OAUTH
#define OAUTH ", without oauth"
#else
#define OAUTH ""
#endif

/* Fills in settings that are not set, and whose value depends on the host and on the user. */
static void show_effective(struct account *a, struct arena *run)
{
	a->spool = whoami_spool(run, a);
	a->domain = whoami_ehlo(run, a);
	a->maildomain = whoami_mail_domain(run, a);
	if (!*a->from && !*a->force_from && *a->maildomain)
		a->from = arena_printf(run, "%s@%s", address_of_name(run, whoami_user(run)), a->maildomain);
	if (!a->proxy_port && *a->proxy_host)
		a->proxy_port = 1080;
}

/* Prints what this system allows, which is no setting. */
static void show_looker(FILE *out)
{
#ifdef WITHOUT_LIBMAGIC
	fputs("# libmagic not at all: this mysend is built without it\n", out);
#else
	int why;

	switch (jail_look(&why)) {
	case JAIL_FILTER:
		fputs("# libmagic in a process with limits and a filter of system calls\n", out);
		break;
	case JAIL_LIMITS:
		fputs("# libmagic in a process with limits alone: no filter of system calls for this machine\n", out);
		break;
	case JAIL_REFUSED:
		fprintf(out, "# libmagic in a process with limits alone: the system refuses a filter of its calls: %s\n", strerror(why));
		break;
	case JAIL_ROOT:
		fprintf(out, "# libmagic in a process with limits alone, as root: the system refuses another user: %s\n", strerror(why));
		break;
	case JAIL_NONE:
		fprintf(out, "# libmagic not at all: its limits cannot be set: %s\n", strerror(why));
		break;
	}
#endif
}

static int show_config(const struct options *o, struct arena *run, struct failure *f)
{
	const struct account *a;
	struct account shown;
	struct book book;
	const char *sender = NULL;
	struct failure ignored;
	int rc;

	/* The account is chosen as for sending. */
	if (o->request.sender && address_one(&sender, run, slice_of(o->request.sender), &ignored) < 0)
		sender = NULL;
	if (book_open(&book, run, o->config, o->request.option, o->request.options, f) < 0)
		return -1;
	rc = book_account(&book, o->request.account, sender, &a, f);
	if (a) {
		shown = *a;
		show_effective(&shown, run);
		account_show(&shown, stdout);
		show_looker(stdout);
	}
	return rc < 0 ? -1 : EX_OK;
}

int mode_show(const struct options *o, struct arena *run, struct failure *f)
{
	int status = EX_OK;

	switch (o->mode) {
	case MODE_HELP:
		flags_help(stdout, o->batch.kind != BATCH_NONE);
		break;
	case MODE_VERSION:
		puts("mysend " PACKAGE_VERSION LIBMAGIC OAUTH);
		break;
	case MODE_COMPLETE:
		complete_print(stdout, o->words, run);
		break;
	case MODE_LIST_SETTINGS:
		settings_list(stdout);
		break;
	case MODE_SHOW_CONFIG:
		status = show_config(o, run, f);
		break;
	default:
		break;
	}
	return status == EX_OK ? file_end_output(f) : status;
}
