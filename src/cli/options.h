/*
 * cli/options - argv to a struct options, from the two tables: flags.def and conf/settings.def
 *
 * Called by one of sendmail's names, only sendmail's letters exist and the first recipient ends the options;
 * called as mysend, long options do too, anywhere. Use: options_read(&options, arena, argc, argv, f).
 *
 * Owns: nothing; texts are argv's or the arena's.
 * Errors: AT_USAGE EX_USAGE; as_sendmail and quiet are right even then. Threads: one.
 * Source: mysend-compat(7), DECISIONS, OPTIONS.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/batch_options.h"
#include "intake/request.h"

enum mode {
	MODE_SEND, MODE_SMTP, MODE_BSMTP, MODE_VERIFY, MODE_MAILQ, MODE_NEWALIASES, MODE_QUEUE, MODE_NOTHING,
	MODE_HOLD, MODE_RELEASE, MODE_REMOVE, MODE_CHECK, MODE_BATCH, MODE_REPORT, MODE_CONFIGURE, MODE_PROBE, MODE_LOGIN, MODE_LOGOUT,
	MODE_SHOW_CONFIG, MODE_LIST_SETTINGS, MODE_COMPLETE, MODE_HELP, MODE_VERSION
};

struct queue_options { /* options of -q, -bp and --queue-... */
	bool all;	/* -qf: all mails, due or not */
	const char *id, *recipient, *sender; /* -qI, -qR, -qS; or NULL */
	unsigned interval; /* -q15m: seconds, or 0 */
	bool named;	/* --queue-hold and its like: the arguments are names of mails */
	unsigned warning, critical; /* --queue-check: seconds */
	bool prometheus; /* --queue-check: for Prometheus, and not for a plugin */
};

struct options {
	enum mode mode;
	const char *called;    /* argv[0], or NULL */
	char **argv;	       /* as main got them */
	int argc;
	const char *as;	       /* --as: the user who is to try it, or NULL */
	bool as_sendmail;      /* called by one of sendmail's names: only letters are options */
	bool no_input;	       /* standard input was closed; main sets it */
	bool dots_are_text;    /* -i */
	bool dots_end;	       /* -O IgnoreDots=False */
	bool verbose, dry_run; /* -v, --dry-run */
	bool quiet;	       /* -oeq: failures are told by the status only */
	bool background;       /* -odb: the mail is tried in the background */
	bool json;	       /* --json: output for programs */
	bool service;	       /* --service: -bs for the user at the other end of a local socket */
	const char *config, *traffic; /* --config, -X, or NULL */
	const char *configure; /* --configure: the address, or NULL */
	const char *subject;   /* -s, or NULL */
	char of_mail;	       /* an option letter that has another meaning in mail(1), or 0 */
	char *const *words;    /* what stands behind --complete; or NULL */
	struct queue_options queue;
	struct batch_options batch;
	const char *of_batch;  /* an option as it was written that goes with a batch only, or NULL */
	struct merge_option *said; /* options of a message, and arguments, until it is known what they are */
	size_t saids, said_room;
	struct request request; /* what the message asks for; in SMTP it is what each message begins with */
};

MUST_CHECK int options_read(struct options *o, struct arena *run, int argc, char **argv, struct failure *f);

#endif
