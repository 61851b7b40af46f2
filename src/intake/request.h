/*
 * intake/request - what one message asks for
 *
 * Use: struct wish w = {0}; fill it in; request_notify("success,delay", &w.notify) and request_return("hdrs", &w.ret) read what NOTIFY and
 * RET may be.
 *
 * Owns: nothing; texts are its maker's. Errors: -1 for a word that is none of those. Threads: any.
 * Source: RFC 3461 4.1, 4.3; COMPAT.md 0.3, 2.
 */
#ifndef INTAKE_REQUEST_H
#define INTAKE_REQUEST_H

#include "conf/accounts.h"
#include "intake/draft.h"
#include "mail/envelope.h"

enum mode {
	MODE_SEND, MODE_SMTP, MODE_BATCH, MODE_VERIFY, MODE_MAILQ, MODE_NEWALIASES, MODE_QUEUE, MODE_NOTHING,
	MODE_HOLD, MODE_RELEASE, MODE_REMOVE, MODE_CHECK,
	MODE_SHOW_CONFIG, MODE_LIST_SETTINGS, MODE_HELP, MODE_VERSION
};

struct asked { /* a recipient as the caller named it */
	const char *text;
	bool argument;	   /* no option named it */
	unsigned notify;   /* NOTIFY_ bits of its own, or 0 */
	const char *orcpt; /* or NULL */
};

struct wish {
	enum mode mode;
	bool as_sendmail;      /* letters only */
	bool from_header;      /* -t */
	bool dots_are_text;    /* -i */
	bool dots_end;	       /* -O IgnoreDots=False */
	bool verbose, dry_run; /* -v, --dry-run */
	bool quiet;	       /* -oeq: status only */
	bool mails_back;       /* -oem, -oew, -oee: what is refused goes back to the sender by mail, too */
	bool no_aliases;       /* -n */
	bool later;	       /* -odq: put it into the queue, and do not try it now */
	bool background;       /* -odb: the caller need not wait for the try */
	bool queue_all;	       /* -qf: due or not */
	const char *queue_id, *queue_recipient, *queue_sender; /* -qI, -qR, -qS; or NULL */
	bool named;	       /* --queue-hold and its like: the recipients are names of mails */
	bool smtputf8;	       /* -U */
	const char *called;    /* argv[0], or NULL */
	bool no_input;	       /* standard input was closed; main sets it */
	const char *sender;    /* -f; NULL: not given */
	const char *name;      /* -F, or NULL */
	const char *config, *account, *traffic; /* --config, --account, -X, or NULL */
	struct asked *recipient; /* as given */
	size_t recipients, recipient_room;
	struct override *option; /* settings given as long options */
	size_t options, option_room;
	unsigned notify; /* NOTIFY_ bits, or 0 */
	enum ret ret;
	const char *envid; /* or NULL */
	enum body_kind body;
	const char *tag;   /* -L, or NULL */
	unsigned interval; /* -q15m: seconds, or 0 */
	struct draft draft; /* a message from the shell */
	const char *subject; /* -s, or NULL */
	char of_mail;	   /* a letter that mail(1) has for another thing, or 0 */
	bool json;	   /* mailq for programs */
	bool service;	   /* -bs for whoever is at the other end of a local socket */
	unsigned warning, critical; /* --queue-check: seconds */
};

/* NEVER, or a list of the others, any case; also the setting dsn_notify. */
MUST_CHECK int request_notify(const char *value, unsigned *bits);
MUST_CHECK int request_return(const char *value, enum ret *ret);

#endif
