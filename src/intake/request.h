/*
 * intake/request - what one message asks for
 *
 * The shell's options and an SMTP dialogue make one for each message; intake_take makes a job of it. The letters named here are
 * those of sendmail that mean the same. Use: struct request r = {.sender = "a@example.org"}; the other fields as they are known;
 * request_add(&r, arena, "b@example.org") for a recipient; request_notify("success,delay", &r.notify) and
 * request_return("hdrs", &r.ret) read what NOTIFY and RET may be.
 *
 * Owns: nothing; texts are its maker's, the list of recipients is in the arena. Errors: -1 for a word that is none of those. Threads: any.
 * Source: RFC 3461 4.1, 4.3; mysend-compat(7), DECISIONS, OPTIONS.
 */
#ifndef INTAKE_REQUEST_H
#define INTAKE_REQUEST_H

#include "conf/book.h"
#include "intake/draft.h"
#include "mail/envelope.h"

struct request_recipient { /* a recipient as the caller named it */
	const char *text;
	bool argument;	   /* it is an argument, and not named by an option */
	unsigned notify;   /* NOTIFY_ bits for this recipient; 0: none */
	const char *orcpt; /* or NULL */
};

struct request {
	const char *account; /* -a: its name, or NULL */
	const char *sender;  /* -f; NULL: not given */
	const char *name;    /* -F, or NULL */
	struct request_recipient *recipient;
	size_t recipients, recipient_room;
	bool from_header; /* -t */
	bool only_named;  /* the setting `to` does not count where nobody is named */
	bool from_author; /* without -f and `from` the sender is the address in From, as for mail that is not the user's own, and not the user */
	bool no_aliases;  /* -n */
	bool smtputf8;	  /* -U */
	bool later;	  /* -odq: put it into the queue, and do not try it now */
	bool mail_errors; /* -oem, -oew, -oee: refusals are told to the sender by mail, too */
	bool may_lack_relay; /* accepted although no relay is set, if mail may wait */
	unsigned notify;  /* NOTIFY_ bits, or 0 */
	enum ret ret;
	const char *envid; /* or NULL */
	enum body_kind body;
	const char *tag; /* -L: the tag for syslog, or NULL */
	struct override *option; /* settings given for this message */
	size_t options, option_room;
	struct draft draft; /* what options ask for in header and body */
	/* Called once the recipients are in the job's envelope, or NULL: may choose the Message-ID of mail that gets one (mail/complete), which
	 * stays NULL otherwise. host: what usually stands behind its @. -1 and *f: the mail is not taken. */
	int (*choose_id)(void *ctx, struct job *j, const char *host, const char **id, struct failure *f);
	void *ctx;
};

/* Adds a recipient; its other fields may be filled in. */
struct request_recipient *request_add(struct request *r, struct arena *in, const char *text);
/* Reads NEVER, or a list of the other words, case aside; used for the setting dsn_notify, too. */
MUST_CHECK int request_notify(const char *value, unsigned *bits);
MUST_CHECK int request_return(const char *value, enum ret *ret);

#endif
