/*
 * cli/probe - looks at all that a mail would pass, and sends nothing: a line for each stage
 *
 * probe.c has the order of the stages and those of the configuration, probe_lines.c the lines, probe_wire.c those with the relay,
 * probe_token.c that of the token, probe_queue.c what runs the queue, probe_callers.c which program `sendmail` is, probe_print.c shows
 * it all, probe_as.c has it tried by the user of --as.
 * Use: struct probe p = {.account = "default"}; probe_add(&p, PROBE_SECRET, PROBE_OK, -1, "password_file PATH"), and so
 * on; probe_fail(&p, PROBE_LOGIN, &failure); a stage behind a failed one is PROBE_UNTRIED. probe_print(&p, 1, false, false, f).
 *
 * Owns: nothing; texts are in the arena. Units: milliseconds; -1: not measured. Bounds: none.
 * Errors: the status is that of the first stage that failed; a warning is none. Threads: one. Source: mysend(1), "The probe".
 */
#ifndef CLI_PROBE_H
#define CLI_PROBE_H

#include <stdint.h>

#include "cli/options.h"
#include "post/job.h"
#include "wire/facts.h"

enum probe_stage {
	PROBE_CONFIG, PROBE_SECRET, PROBE_SENDER, PROBE_SPOOL, /* on this host */
	PROBE_TOKEN, /* with the provider of tokens, where the account has one */
	PROBE_POP, PROBE_NAME, PROBE_CONNECT, PROBE_GREETING, PROBE_TLS, PROBE_LOGIN, PROBE_MAIL, PROBE_RCPT, PROBE_RSET, PROBE_OFFERS,
	PROBE_FALLBACK, PROBE_CALLERS
};

enum probe_result { PROBE_OK, PROBE_WARN, PROBE_FAIL, PROBE_UNTRIED };

struct probe_line {
	enum probe_stage stage;
	enum probe_result result;
	const char *detail, *hint; /* "": none */
	int64_t ms;
};

struct probe {
	struct arena *in;
	const char *account;
	struct probe_line *line;
	size_t lines, room;
	bool failed; /* a stage has failed: those behind it are not tried */
	int status;
};

struct probe_line *probe_add(struct probe *p, enum probe_stage stage, enum probe_result result, int64_t ms, const char *detail);
/* A warning whose hint is a row of hints.def; the arguments are those of the row, and NULL. */
void probe_warn(struct probe *p, enum probe_stage stage, const char *detail, enum hint hint, const char *const *arguments);
/* The stage has failed; the hint is found as for a mail. The stage's line is changed, if it is there already. */
void probe_fail(struct probe *p, enum probe_stage stage, const struct failure *f);
void probe_untried(struct probe *p, enum probe_stage stage);
/* The line of a failure that is no reason to give up. */
void probe_mild(struct probe *p, enum probe_stage stage, const char *before, const struct failure *f);

/* probe_wire.c. The way to the relay, from the name on; the mail has its sender and its recipients. */
void probe_wire(struct probe *p, struct job *j, const struct options *o, bool last);
/* The certificate lasts for less than 14 days. */
bool probe_is_ending(const struct certificate *c, time_t now);
/* The stage that a failure of the session belongs to. */
enum probe_stage probe_blame(const struct failure *f, const struct session_facts *facts, const struct account *a);

/* probe_token.c. The line of a token that was had. */
void probe_token(struct probe *p, const struct account *a, const struct token_facts *t);

/* probe_queue.c */
void probe_queue(struct probe *p, const struct account *a);
/* The line of a crontab runs the queue of that user; named: a field says whose command it is. */
bool probe_runs_queue(struct slice line, const char *user, bool named);
/* The command line, each word with a NUL behind it, is that of a mysend that stays and runs the queue (-q15m). */
bool probe_stays(struct slice command);

/* probe_callers.c */
void probe_callers(struct probe *p);

/* probe_print.c. A line for each stage, or an object for each account. every: with a headline each, or as an array. */
MUST_CHECK int probe_print(const struct probe *p, size_t accounts, bool json, bool every, struct failure *f);

/* probe_as.c. A process becomes the user of --as, and begins anew; it has no terminal, for the user's own programs run in it (see
 * TIOCSTI in tty_ioctl(4)). This one shows what it says, with control characters written out; the status is that one's. */
MUST_CHECK int probe_as(const struct options *o, struct failure *f);

#endif
