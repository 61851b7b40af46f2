#include "post/pace.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sha256.h"
#include "conf/whoami.h"
#include "post/pace_file.h"

enum {
	END_MS = 60 * 1000, /* the answer to the end of a message has so much time of its own */
	SOON_MS = 2 * 60 * 1000,
	DIGEST = 8 /* hexadecimal digits of a digest in a file's name */
};

struct pace {
	struct rate rate;
	struct pace_file file; /* where the rate has limits; else nothing is kept but: */
	struct throttle alone;
	int64_t lease;
	pthread_mutex_t lock; /* flock(2) is between processes alone */
};

/* Of the account and of the relay and login there: a relay counts by its login, and the same name may mean another relay in another
 * configuration, or by --host. */
static void digest(char hex[SHA256_HEX], const struct account *a)
{
	struct arena scratch = {0};
	char *host = arena_text(&scratch, a->host, strlen(a->host));

	for (char *p = host; *p; p++) /* a host has no case */
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	sha256_hex(hex, slice_of(*a->socket ? arena_printf(&scratch, "%s\nsocket\n%s\n%s", a->name, a->socket, a->user)
					    : arena_printf(&scratch, "%s\nhost\n%s\n%u\n%s", a->name, host, a->port, a->user)));
	arena_free(&scratch);
}

static void file_name(char *to, size_t room, const struct account *a)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_@";
	char hex[SHA256_HEX];
	size_t len = 0;

	digest(hex, a);
	for (const char *p = a->name; *p && len + 4 + DIGEST + 1 < room; p++)
		len += (size_t)snprintf(to + len, room - len, strchr(fine, *p) ? "%c" : "%%%02x", (unsigned char)*p);
	snprintf(to + len, room - len, ".%.*s", DIGEST, hex);
}

static int open_file(struct pace *p, const char *folder, const struct account *a, struct failure *f)
{
	char name[200];

	if (!*folder)
		return fail(f, AT_SPOOL, EX_CANTCREAT, "there is no place for the rate's state: no home directory is known");
	file_name(name, sizeof name, a);
	return pace_file_open(&p->file, folder, name, &p->rate, f);
}

int pace_open(struct pace **out, const char *folder, const struct account *a, const struct rate *r, struct failure *f)
{
	struct pace *p = calloc(1, sizeof *p);

	*out = NULL;
	if (!p)
		return fail(f, AT_SPOOL, EX_OSERR, "no memory for the rate's state");
	p->rate = *r;
	p->lease = (int64_t)a->timeout * 1000 + END_MS;
	if (r->limits && open_file(p, folder, a, f) < 0) {
		free(p);
		return -1;
	}
	pthread_mutex_init(&p->lock, NULL);
	*out = p;
	return 0;
}

void pace_be_wary(struct pace *p)
{
	p->alone.wary = true;
}

int pace_open_account(struct pace **out, const struct account *a, struct failure *f)
{
	struct arena scratch = {0};
	struct rate r;
	int rc;

	*out = NULL;
	if (rate_parse(&r, slice_of(a->rate), f) < 0)
		return -1;
	rc = pace_open(out, r.limits ? whoami_rates(&scratch) : "", a, &r, f);
	arena_free(&scratch);
	return rc;
}

static int enter(struct pace *p, struct failure *f)
{
	pthread_mutex_lock(&p->lock);
	if (!p->rate.limits || pace_file_lock(&p->file, f) == 0)
		return 0;
	pthread_mutex_unlock(&p->lock);
	return -1;
}

static void leave(struct pace *p)
{
	if (p->rate.limits)
		pace_file_unlock(&p->file);
	pthread_mutex_unlock(&p->lock);
}

/* Without limits only the relay's own wish counts, as this process has heard of it. */
static int64_t take_alone(struct throttle *t, size_t recipients, struct grant *g)
{
	int64_t now = clock_boot(), wait = throttle_wait(t, now);

	if (wait)
		return wait;
	throttle_send(t, now);
	*g = (struct grant){.recipients = recipients, .at = now, .lease = PACE_LEASES};
	return 0;
}

int pace_check(const struct pace *p, size_t recipients, struct failure *f)
{
	char words[RATE_WORDS];

	for (unsigned i = 0; i < p->rate.limits; i++)
		if (p->rate.limit[i].recipients && p->rate.limit[i].count < recipients)
			return fail(f, AT_RECIPIENT, EX_UNAVAILABLE, "%zu recipients are more than the rate %s ever lets go", recipients,
				    rate_words(words, &p->rate.limit[i]));
	return 0;
}

int64_t pace_take(struct pace *p, size_t recipients, struct grant *g, struct failure *f)
{
	int64_t wait;

	if (pace_check(p, recipients, f) < 0)
		return PACE_NEVER;
	if (enter(p, f) < 0)
		return PACE_FAILED;
	wait = p->rate.limits ? pace_state_take(&p->file.store, &p->rate, recipients, &p->file.me, p->lease, &p->file.time, g)
			      : take_alone(&p->alone, recipients, g);
	if (wait == PACE_FAILED)
		pace_file_fails(&p->file, "writing it", f);
	leave(p);
	return wait;
}

/* A lease whose end cannot be noted counts for longer, until its time is over or its owner has died. */
static void note(struct pace *p, int rc)
{
	struct failure f;

	if (rc < 0) {
		pace_file_fails(&p->file, "writing it", &f);
		log_debug("%s", f.text);
	}
	leave(p);
}

void pace_done(struct pace *p, const struct grant *g)
{
	struct failure unused;

	if (enter(p, &unused) < 0)
		return;
	if (!p->rate.limits)
		throttle_taken(&p->alone, g->at, clock_boot());
	note(p, p->rate.limits ? pace_state_done(&p->file.store, g, &p->file.time) : 0);
}

void pace_slower(struct pace *p, const struct grant *g)
{
	unsigned chance = 0;
	struct failure unused;

	(void)!getrandom(&chance, sizeof chance, GRND_NONBLOCK);
	if (enter(p, &unused) < 0)
		return;
	if (!p->rate.limits)
		throttle_refused(&p->alone, g->at, clock_boot(), chance);
	note(p, p->rate.limits ? pace_state_slower(&p->file.store, g, &p->file.time, chance) : 0);
}

void pace_drop(struct pace *p, const struct grant *g)
{
	struct failure unused;

	if (enter(p, &unused) < 0)
		return;
	if (!p->rate.limits)
		throttle_dropped(&p->alone, g->at);
	note(p, p->rate.limits ? pace_state_drop(&p->file.store, g) : 0);
}

/* "in 5 s"; but the time of day where these words may be read much later, as in the listing of a queue: "at 09:14", "at Tue Dec  1
 * 09:14". */
static const char *time_words(struct arena *in, int64_t ms)
{
	time_t now = clock_wall(), then = now + ms / 1000 + 1;
	struct tm today, day;
	char words[40] = "";

	if (ms < SOON_MS)
		return arena_printf(in, "in %lld s", (long long)ms / 1000 + 1);
	localtime_r(&now, &today);
	localtime_r(&then, &day);
	strftime(words, sizeof words, today.tm_yday == day.tm_yday && today.tm_year == day.tm_year ? "at %H:%M" : "at %a %b %e %H:%M", &day);
	return arena_printf(in, "%s", words);
}

/* How long the next mail has to wait for which limit; rate.limits: for the relay, which has asked for less. */
static int64_t look(struct pace *p, unsigned *which)
{
	struct failure unused;
	int64_t wait;

	*which = p->rate.limits;
	if (enter(p, &unused) < 0)
		return 0;
	wait = p->rate.limits ? pace_state_look(&p->file.store, &p->rate, 1, &p->file.time, which) : throttle_wait(&p->alone, clock_boot());
	leave(p);
	return wait;
}

const char *pace_words(struct pace *p, struct arena *in)
{
	char words[RATE_WORDS];
	unsigned which;
	int64_t wait = look(p, &which);

	if (wait <= 0)
		return "";
	return arena_printf(in, "%s: next %s", which < p->rate.limits ? rate_words(words, &p->rate.limit[which]) : "the relay wants less",
			    time_words(in, wait));
}

const char *pace_why(struct pace *p, struct arena *in)
{
	char words[RATE_WORDS];
	unsigned which;

	if (look(p, &which) <= 0)
		return "";
	return which < p->rate.limits ? arena_printf(in, "the rate %s is used up", rate_words(words, &p->rate.limit[which])) : "the relay wants less";
}

int pace_late(struct pace *p, struct failure *f)
{
	struct arena scratch = {0};
	const char *words = pace_words(p, &scratch);
	bool ours = *words >= '0' && *words <= '9'; /* a limit begins with its number */

	fail(f, AT_SPOOL, EX_TEMPFAIL, "%s%s", ours ? "the rate is used up, " : "", *words ? words : "the rate is used up");
	arena_free(&scratch);
	return -1;
}

void pace_close(struct pace *p)
{
	struct failure unused;

	if (!p)
		return;
	if (p->rate.limits) {
		if (enter(p, &unused) == 0)
			note(p, pace_state_trim(&p->file.store));
		pace_file_close(&p->file);
	}
	pthread_mutex_destroy(&p->lock);
	free(p);
}
