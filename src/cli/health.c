#include "cli/health.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/health_tokens.h"
#include "cli/spooluser.h"
#include "cli/usage.h"
#include "conf/whoami.h"
#include "post/result.h"

/* The statuses of a monitoring plugin. */
enum { FINE, WARNING, CRITICAL, UNKNOWN };

struct health {
	struct spool_sum sum;
	time_t age; /* the age of the oldest mail */
	size_t failed;
	size_t stuck;	  /* mails that wait until a person mends something */
	const char *why; /* what the oldest of these was told; NULL */
	struct health_tokens tokens;
};

/* What is known of each mail that waits. One that has just left the queue is passed over, and so is what cannot be read: mailq says
 * so. */
static void look_for_stuck(const struct spool *s, const struct spool_names *waits, struct arena *run, struct health *h)
{
	struct arena scratch = {.block = NULL};
	struct failure unused;
	struct entry e;

	for (size_t i = 0; i < waits->count; i++) {
		if (spool_look(s, false, &scratch, waits->name[i], &e, &unused) == SPOOL_SEEN && e.needs_admin && !e.on_hold) {
			h->why = h->stuck++ ? h->why : arena_text(run, e.last, strlen(e.last));
		}
		arena_free(&scratch);
	}
}

static int look(struct spooluser *k, struct health *h, struct arena *run, struct failure *f)
{
	struct arena in = {.block = NULL};
	struct spool_names waits = {.count = 0}, failed = {.count = 0};
	int rc = 0;

	if (k->there && (spool_list(&k->spool, false, &in, &waits, f) < 0 || spool_list(&k->spool, true, &in, &failed, f) < 0 ||
			 spool_measure(&k->spool, NULL, &h->sum, f) < 0))
		rc = -1;
	if (rc == 0 && waits.count)
		h->age = clock_wall() - spool_name_time(waits.name[0]);
	h->age = h->age < 0 ? 0 : h->age;
	h->failed = failed.count;
	if (rc == 0 && k->there)
		look_for_stuck(&k->spool, &waits, run, h);
	arena_free(&in);
	return rc;
}

static int judge(const struct health *h, const struct options *o)
{
	if (h->age >= (time_t)o->queue.critical)
		return CRITICAL;
	return h->age >= (time_t)o->queue.warning || h->stuck || health_tokens_want(&h->tokens) ? WARNING : FINE;
}

/* A | would end the text for the monitoring program. */
static void print_why(const struct health *h)
{
	char shown[400];

	if (!h->why)
		return;
	slice_printable(shown, sizeof shown, slice_of(h->why));
	for (char *p = shown; *p; p++)
		*p = *p == '|' ? '/' : *p;
	printf("; %zu wait%s until a person mends it: %s", h->stuck, h->stuck == 1 ? "s" : "", shown);
}

static void print_plugin(const struct health *h, const struct options *o, int state)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

	printf("MYSEND %s - %zu mail%s wait%s, the oldest for %lld s; %zu given up", words[state], h->sum.mails,
	       h->sum.mails == 1 ? "" : "s", h->sum.mails == 1 ? "s" : "", (long long)h->age, h->failed);
	print_why(h);
	health_tokens_say(&h->tokens);
	printf("|waiting=%zu;;;0 oldest=%llds;%u;%u;0 size=%" PRIu64 "B;;;0 failed=%zu;;;0",
	       h->sum.mails, (long long)h->age, o->queue.warning, o->queue.critical, h->sum.octets, h->failed);
	health_tokens_data(&h->tokens);
	putchar('\n');
}

static void print_label(const char *path)
{
	fputs("{spool=\"", stdout);
	health_label(path);
	fputs("\"}", stdout);
}

/* A time is left out: the collector refuses a file that has any. h: NULL where the queue could not be read. */
static void print_prometheus(const struct health *h, const char *spool)
{
	const struct { const char *name, *help; uint64_t value; } rows[] = {
		{"queue_readable", "1 if the queue could be read, else 0.", h != NULL},
		{"queue_messages", "Mails that wait in the queue.", h ? h->sum.mails : 0},
		{"queue_oldest_seconds", "Age of the oldest mail in the queue, 0 without any.", h ? (uint64_t)h->age : 0},
		{"queue_bytes", "Size of the mails in the queue.", h ? h->sum.octets : 0},
		{"queue_needs_admin", "Mails that wait until a person mends something, such as the password.", h ? h->stuck : 0},
		{"failed_messages", "Mails that were given up, and are still kept.", h ? h->failed : 0},
	};

	for (size_t i = 0; i < (h ? sizeof rows / sizeof *rows : 1); i++) {
		printf("# HELP mysend_%s %s\n# TYPE mysend_%s gauge\nmysend_%s", rows[i].name, rows[i].help, rows[i].name, rows[i].name);
		if (*spool)
			print_label(spool);
		printf(" %" PRIu64 "\n", rows[i].value);
	}
	if (h)
		health_tokens_metrics(&h->tokens, spool);
}

int health_format(struct options *o, const char *value, struct failure *f)
{
	o->queue.prometheus = strcmp(value, "prometheus") == 0;
	return o->queue.prometheus || strcmp(value, "plugin") == 0 ? 0 : usage_fail(f, "--format takes plugin or prometheus, not ", value);
}

int health_check(const struct options *o, struct arena *run)
{
	struct health h = {.age = 0};
	struct failure f;
	struct spooluser k;
	int rc = spooluser_open(&k, o, run, &f), state;

	if (rc == 0)
		rc = look(&k, &h, run, &f);
	if (rc == 0)
		health_tokens(&h.tokens, &k.book, run);
	spooluser_close(&k);
	state = rc < 0 ? UNKNOWN : judge(&h, o);
	if (o->queue.prometheus) {
		print_prometheus(rc < 0 ? NULL : &h, k.own ? whoami_spool(run, k.own) : "");
		if (rc < 0 && !o->quiet)
			result_failure(&f);
		state = rc < 0 ? UNKNOWN : FINE; /* how old is too old is for Prometheus to say */
	} else if (rc < 0) {
		printf("MYSEND UNKNOWN - %s\n", f.text);
	} else {
		print_plugin(&h, o, state);
	}
	return fflush(stdout) == EOF ? UNKNOWN : state;
}
