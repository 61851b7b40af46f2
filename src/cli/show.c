#include <stdio.h>
#include <sysexits.h>

#include "cli/modes.h"
#include "mail/address.h"

static const char help[] =
	"Usage: mysend [options] [--] [recipient ...] < message\n"
	"Hands a message to the configured mail relay, as sendmail does.\n"
	"\n"
	"  -t                  take recipients from To, Cc and Bcc\n"
	"  -f, -r ADDRESS      envelope sender; '' or '<>' is the null sender\n"
	"  -F NAME             full name for a From field that has to be made\n"
	"  -i, -oi;  -n        a line with a single dot is text;  no aliases\n"
	"  -a, --account NAME  use this account of the configuration\n"
	"  -C, --config FILE   use this configuration file\n"
	"  -v, --verbose       show the conversation with the relay\n"
	"  -X FILE             append it to a file;  -d, --debug  say more of the rest\n"
	"  -N WHEN, -R WHAT, -V ID  delivery notifications, where the relay has them\n"
	"  -bs, -bS            SMTP on standard input: a dialogue, or a file\n"
	"  -bp, -q, -qf        print the queue; try what is due, or all of it\n"
	"  --queue-hold, --queue-release, --queue-remove ID   one mail; --queue-flush\n"
	"  --queue-check, --warning AGE, --critical AGE   monitoring;  -bp --json\n"
	"  -bs --service       take mail of every user, on a local socket\n"
	"  -bv, -bi            ask the relay about recipients; check the aliases\n"
	"  --dry-run           print envelope and message, send nothing\n"
	"  --show-config       print every setting and its origin;  --list-settings\n"
	"  --KEYWORD VALUE     any setting, as --host, --port, --tls=off, --from\n"
	"  --help, --version\n"
	"\n"
	"The options of sendmail that are not listed are accepted: mysend(1).\n"
	"Settings and where they are read from: mysend.conf(5).\n";

static int show_config(const struct wish *w, struct arena *run, struct failure *f)
{
	struct accounts all;
	struct account *a;
	struct choice choice = {w->account, NULL, w->option, w->options};
	struct failure ignored;
	int ok;

	/* As it is chosen to send. */
	if (w->sender && address_one(&choice.sender, run, slice_of(w->sender), &ignored) < 0)
		choice.sender = NULL;
	if (accounts_load(&all, run, w->config, f) < 0)
		return -1;
	ok = accounts_choose(&all, run, &choice, &a, f);
	if (a)
		account_show(a, stdout);
	return ok < 0 ? -1 : EX_OK;
}

int mode_show(const struct wish *w, struct arena *run, struct failure *f)
{
	int status = EX_OK;

	switch (w->mode) {
	case MODE_HELP:
		fputs(help, stdout);
		break;
	case MODE_VERSION:
		puts("mysend " PACKAGE_VERSION);
		break;
	case MODE_LIST_SETTINGS:
		settings_list(stdout);
		break;
	case MODE_SHOW_CONFIG:
		status = show_config(w, run, f);
		break;
	default:
		break;
	}
	if (status == EX_OK && fflush(stdout) == EOF)
		return fail_errno(f, AT_INPUT, EX_IOERR, "writing to standard output");
	return status;
}
