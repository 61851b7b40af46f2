#include "post/enqueue.h"

#include <inttypes.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "conf/whoami.h"
#include "post/bounce.h"
#include "post/defer.h"
#include "post/hint.h"
#include "post/verdict.h"
#include "spool/spool.h"

/* Options are not kept with a mail: where one chose the relay, the next run would use another relay, or the same with less care. A
 * configuration file that the next run could not read is in the same way a reason not to wait. */
bool enqueue_is_allowed(const struct account *a)
{
	static const enum setting ways[] = {
		SET_relay, SET_host, SET_port, SET_socket, SET_fallback, SET_proxy, SET_proxy_host, SET_proxy_port, SET_source_ip,
		SET_user, SET_auth, SET_password_file, SET_password_command, SET_netrc, SET_pop_before_smtp,
		SET_oauth, SET_oauth_provider, SET_oauth_client_id, SET_oauth_scope, SET_oauth_token_url, SET_oauth_state, SET_oauth_assertion_command,
		SET_tls, SET_tls_starttls, SET_tls_trust_file, SET_tls_trust_dir, SET_tls_crl_file, SET_tls_certcheck, SET_tls_host_override,
		SET_tls_pinned_key, SET_tls_cert_file, SET_tls_key_file, SET_tls_min_version,
	};

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		if (a->origin[ways[i]].rank == RANK_OPTION)
			return false;
	return !setting_is(a, SET_queue, "off") && (!a->config || a->config_lasts || a->reread);
}

/* An entry with all that every entry of this job has. */
static struct entry entry_of(const struct job *j)
{
	struct entry e = {.account = j->account->name, .config = j->account->config, .last = "", .envelope = j->mail.envelope, .fd = -1};

	e.arrived = clock_wall();
	e.eightbit = j->mail.eightbit;
	e.served = j->peer != NULL;
	e.uid = j->uid;
	return e;
}

static void count_first_try(struct entry *e, const struct job *j)
{
	e->attempts = 1;
	e->next = e->arrived + defer_pause(1, DEFER_EVEN);
	if (j->due)
		e->next = j->due < e->arrived + DEFER_FAR ? j->due : e->arrived + DEFER_FAR;
}

/* So many percent of the whole, and never less than 1. */
static uint64_t part(uint64_t whole, unsigned percent)
{
	uint64_t n = whole / 100 * percent + whole % 100 * percent / 100;

	return n ? n : 1;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

/* How many mails of one user a service's spool takes, so that there is room for other users. 0: any number. */
static uint64_t share_of_mails(const struct account *a)
{
	return least(a->service_max_mails, a->spool_max_mails ? part(a->spool_max_mails, a->service_share) : 0);
}

static uint64_t share_of_octets(const struct account *a)
{
	return least(a->service_max, a->spool_max ? part(a->spool_max, a->service_share) : 0);
}

static int check_share(const struct job *j, const struct spool *s, const struct spool_sum *sum, uint64_t size, struct failure *f)
{
	uint64_t mails = share_of_mails(j->account), octets = share_of_octets(j->account);

	if (mails && sum->own_mails >= mails)
		fail(f, AT_SPOOL, EX_TEMPFAIL, "%s has filled a share of spool %s: %zu mails wait (service_max_mails, service_share)", j->peer,
		     s->path, sum->own_mails);
	else if (octets && sum->own_octets + size > octets)
		fail(f, AT_SPOOL, EX_TEMPFAIL, "%s has filled a share of spool %s: %" PRIu64 " KB wait (service_max, service_share)", j->peer,
		     s->path, sum->own_octets / 1024);
	else
		return 0;
	return failure_hint(f, HINT_SPOOL_FULL);
}

/* Measures the spool only where there is a limit, since each mail has to be looked at. */
static int check_room(const struct job *j, const struct spool *s, uint64_t size, struct failure *f)
{
	const struct account *a = j->account;
	bool shared = j->peer && j->uid != 0 && (share_of_mails(a) || share_of_octets(a));
	struct spool_sum sum;

	if (!a->spool_max && !a->spool_max_mails && !shared)
		return 0;
	if (spool_measure(s, shared ? &j->uid : NULL, &sum, f) < 0 || (shared && check_share(j, s, &sum, size, f) < 0))
		return -1;
	if (a->spool_max_mails && sum.mails >= a->spool_max_mails)
		fail(f, AT_SPOOL, EX_TEMPFAIL, "spool %s is full: %zu mails wait (spool_max_mails)", s->path, sum.mails);
	else if (a->spool_max && sum.octets + size > a->spool_max)
		fail(f, AT_SPOOL, EX_TEMPFAIL, "spool %s is full: %" PRIu64 " KB wait (spool_max)", s->path, sum.octets / 1024);
	else
		return 0;
	return failure_hint(f, HINT_SPOOL_FULL);
}

/* Puts the entry into the spool. Why the mail cannot wait is left to post/result: a caller of sendmail sees no warnings, and must
 * see this. */
static int put_into_spool(struct job *j, struct entry *e, struct failure *f)
{
	struct arena *in = &j->arena;
	const char *folder = whoami_spool(in, j->account);
	struct spool s;
	int open = spool_open(&s, folder, true, f), rc = open;

	if (rc == 0)
		rc = check_room(j, &s, j->mail.form7->size, f);
	if (rc == 0)
		rc = spool_accept(&s, e, j->mail.form7, f);
	if (rc == 0) {
		j->spooled = arena_printf(in, "%s", e->id);
		j->spool = folder;
	} else {
		j->unkept = arena_failure(in, f);
	}
	if (open == 0)
		spool_close(&s);
	return rc;
}

void enqueue_rest(struct job *j)
{
	struct envelope *v = &j->mail.envelope;
	struct entry e = entry_of(j);
	struct failure f;

	if (!enqueue_is_allowed(j->account))
		return;
	count_first_try(&e, j);
	e.envelope = envelope_without_recipients(v);
	for (size_t i = 0; i < v->recipients; i++) {
		const struct recipient *r = &v->recipient[i];

		if (defer_waits(r)) /* none is twice in an envelope */
			envelope_add_like(&e.envelope, &j->arena, r->address, r)->verdict = r->verdict == UNSURE ? UNSURE : PENDING;
	}
	if (!e.envelope.recipients)
		return;
	e.last = entry_last(&j->arena, tally_waits_for(v));
	e.hint = hint_of(&j->arena, tally_waits_for(v));
	e.needs_admin = tally_waits_for(v) && defer_needs_admin(tally_waits_for(v));
	if (put_into_spool(j, &e, &f) < 0)
		return;
	for (size_t i = 0; i < v->recipients; i++)
		if (defer_waits(&v->recipient[i]))
			v->recipient[i].verdict = WAITS;
}

int enqueue_all(struct job *j, const struct failure *why, struct failure *f)
{
	struct envelope *v = &j->mail.envelope;
	struct entry e = entry_of(j);

	if (!enqueue_is_allowed(j->account))
		return fail(f, AT_SPOOL, EX_CONFIG, setting_is(j->account, SET_queue, "off") ? "the queue is off" : "what names its relay cannot be known the next time: it does not wait");
	if (why) {
		count_first_try(&e, j);
		e.last = entry_last(&j->arena, why);
		e.hint = hint_of(&j->arena, why);
		e.needs_admin = defer_needs_admin(why);
	}
	if (put_into_spool(j, &e, f) < 0)
		return -1;
	for (size_t i = 0; i < v->recipients; i++) {
		v->recipient[i].verdict = WAITS;
		v->recipient[i].why = why;
	}
	return 0;
}

void enqueue_bounce(struct job *j)
{
	struct entry e = entry_of(j);
	struct failure f;
	struct spool s;
	bool made;

	if (!j->mail_errors || !entry_has(&e, REFUSED) || !enqueue_is_allowed(j->account))
		return;
	if (spool_open(&s, whoami_spool(&j->arena, j->account), true, &f) < 0) {
		log_warning("its sender cannot be told: %s%s%s", f.text, *f.hint ? ": " : "", f.hint);
		return;
	}
	e.attempts = 1;
	if (spool_name(&s, e.id, &f) < 0 || bounce_make(&s, &e, j->mail.form7, j->account, &made, &f) < 0)
		log_warning("its sender cannot be told: %s", f.text);
	spool_close(&s);
}
