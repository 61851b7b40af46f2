#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/lookup.h"
#include "cli/probe.h"
#include "cli/trace.h"
#include "conf/oauth.h"
#include "conf/whoami.h"
#include "post/submit.h"
#include "post/verdict.h"

enum { DAY = 24 * 3600, NEAR = 14 }; /* a certificate that lasts so many days, or less, is near its end */

struct way { /* to one relay */
	struct probe *p;
	struct job *job;
	const struct account *account;
	struct session_facts facts;
	struct tracer tracer;
	struct link link;
};

enum probe_stage probe_blame(const struct failure *f, const struct session_facts *facts, const struct account *a)
{
	if (!stage_is_remote(f->stage))
		return PROBE_CONFIG;
	if (*a->pop_before_smtp && !facts->began)
		return PROBE_POP; /* an account of tokens has none */
	switch (f->stage) {
	case AT_TOKEN:
		return PROBE_TOKEN;
	case AT_RESOLVE:
		return PROBE_NAME;
	case AT_CONNECT:
		return PROBE_CONNECT;
	case AT_GREETING:
		return PROBE_GREETING;
	case AT_TLS:
		return PROBE_TLS;
	case AT_LOGIN:
		return PROBE_LOGIN;
	case AT_SENDER:
		return PROBE_MAIL;
	default:
		return PROBE_RCPT;
	}
}

static void name_is_fine(const struct way *w)
{
	const struct account *a = w->account;
	struct arena *in = w->p->in;
	struct in6_addr ip;
	unsigned four, six;
	const char *text;

	if (*a->socket)
		return;
	if (*a->proxy || *a->proxy_host)
		text = arena_printf(in, "%s: for the proxy to look up", a->host);
	else if (inet_pton(AF_INET, a->host, &ip) == 1 || inet_pton(AF_INET6, a->host, &ip) == 1)
		text = arena_printf(in, "%s is an address", a->host);
	else if (lookup_count(a->host, LOOKUP_MS, &four, &six) == 0)
		text = arena_printf(in, "%s: %u IPv6, %u IPv4", a->host, six, four);
	else
		text = a->host;
	probe_add(w->p, PROBE_NAME, PROBE_OK, w->facts.resolve_ms, text);
}

/* Where more than one address was tried: "tried A, B". */
static const char *tried(const struct way *w, const char *before, const char *behind)
{
	const struct session_facts *f = &w->facts;
	const char *text = "";

	for (unsigned i = 0; i < f->tries && i < FACTS_TRIED; i++)
		text = arena_printf(w->p->in, "%s%s%s", text, i ? ", " : "", f->tried[i]);
	if (f->tries > FACTS_TRIED)
		text = arena_printf(w->p->in, "%s and %u more", text, f->tries - FACTS_TRIED);
	return f->tries > 1 ? arena_printf(w->p->in, "%stried %s%s", before, text, behind) : "";
}

/* Where TLS from the first octet has failed, libcurl tells neither the address nor the time: then it is the name and the port. */
static const char *connected_to(const struct way *w)
{
	const struct account *a = w->account;
	bool proxy = *a->proxy || *a->proxy_host;

	if (*w->facts.won)
		return arena_printf(w->p->in, "%s%s", proxy ? "the proxy " : "", w->facts.won);
	return proxy ? "the proxy" : arena_printf(w->p->in, strchr(a->host, ':') ? "[%s]:%u" : "%s:%u", a->host, a->port);
}

static void connect_is_fine(const struct way *w)
{
	const struct session_facts *f = &w->facts;
	const char *text = *w->account->socket ? w->account->socket : connected_to(w);

	if (!*w->account->socket && f->connect_ms >= 0)
		text = arena_printf(w->p->in, "%s in %lld ms", text, (long long)f->connect_ms);
	probe_add(w->p, PROBE_CONNECT, PROBE_OK, f->connect_ms, arena_printf(w->p->in, "%s%s", text, tried(w, "; ", "")));
}

static void greeting_is_fine(const struct way *w)
{
	probe_add(w->p, PROBE_GREETING, PROBE_OK, -1,
		  arena_printf(w->p->in, "%s; EHLO %s", w->facts.greeting, whoami_ehlo(w->p->in, w->account)));
}

bool probe_is_ending(const struct certificate *c, time_t now)
{
	return c->until && c->until - now < NEAR * DAY;
}

/* "TLSv1.3; CN = mail.example.org, by CN = Some Authority, 143 days left" */
static const char *certificate_text(const struct way *w)
{
	const struct session_facts *f = &w->facts;
	const struct certificate *c = &f->certificate;
	const char *text = *f->tls ? f->tls : "version not known";

	if (!f->certified)
		return arena_printf(w->p->in, "%s; certificate not known", text);
	text = arena_printf(w->p->in, "%s; %s, by %s", text, *c->subject ? c->subject : c->names, *c->issuer ? c->issuer : "whom is not known");
	return c->until ? arena_printf(w->p->in, "%s, %lld days left", text, (long long)(c->until - clock_wall()) / DAY) : text;
}

static void tls_is_fine(const struct way *w)
{
	const struct account *a = w->account;
	const struct session_facts *f = &w->facts;
	const char *text = certificate_text(w);
	int64_t days = (int64_t)(f->certificate.until - clock_wall()) / DAY;
	char left[24];

	if (!f->encrypted && session_is_local(a))
		probe_add(w->p, PROBE_TLS, PROBE_OK, -1, "off: the relay is on this host");
	else if (!f->encrypted)
		probe_warn(w->p, PROBE_TLS, "off: all of it can be read on the way", HINT_PROBE_CLEAR, NULL);
	else if (!a->tls_certcheck)
		probe_warn(w->p, PROBE_TLS, arena_printf(w->p->in, "%s; the certificate is not checked", text), HINT_PROBE_UNCHECKED, NULL);
	else if (probe_is_ending(&f->certificate, clock_wall())) {
		snprintf(left, sizeof left, "%lld", (long long)days);
		probe_warn(w->p, PROBE_TLS, text, HINT_PROBE_ENDING, (const char *const[]){left, NULL});
	} else {
		probe_add(w->p, PROBE_TLS, PROBE_OK, f->tls_ms, text);
	}
}

static void login_is_fine(const struct way *w)
{
	const struct session_facts *f = &w->facts;
	const char *user = w->account->user;

	if (*f->mechanism)
		probe_add(w->p, PROBE_LOGIN, PROBE_OK, f->login_ms, arena_printf(w->p->in, "%s%s%s", f->mechanism, *user ? " as " : "", user));
	else
		probe_add(w->p, PROBE_LOGIN, PROBE_OK, -1, "none");
}

/* The stages of the way in, in the order in which they come. */
static const struct step {
	enum probe_stage stage;
	void (*fine)(const struct way *w);
} steps[2][5] = {
	{{PROBE_NAME, name_is_fine}, {PROBE_CONNECT, connect_is_fine}, {PROBE_GREETING, greeting_is_fine}, {PROBE_TLS, tls_is_fine}, {PROBE_LOGIN, login_is_fine}},
	{{PROBE_NAME, name_is_fine}, {PROBE_CONNECT, connect_is_fine}, {PROBE_TLS, tls_is_fine}, {PROBE_GREETING, greeting_is_fine}, {PROBE_LOGIN, login_is_fine}},
};

enum { STEPS = sizeof steps[0] / sizeof steps[0][0] };

static bool has_stage(const struct account *a, enum probe_stage stage)
{
	if (!a)
		return stage != PROBE_POP && stage != PROBE_TOKEN;
	return (stage != PROBE_TOKEN || oauth_is_on(a)) && (stage != PROBE_POP || *a->pop_before_smtp) && (stage != PROBE_NAME || !*a->socket);
}

/* f: why there is no session, or NULL. */
static void tell_way_in(const struct way *w, const struct failure *f)
{
	enum probe_stage blamed = f ? probe_blame(f, &w->facts, w->account) : PROBE_OFFERS;
	const struct step *step = steps[session_tls_first(w->account)];
	struct failure shown;

	if (f)
		shown = *f;
	if (blamed == PROBE_CONNECT && *f->relay)
		snprintf(shown.text, sizeof shown.text, "%.120s: %.250s%.120s", f->relay, f->text, tried(w, " (", ")"));
	if (blamed == PROBE_CONFIG || blamed == PROBE_TOKEN)
		probe_fail(w->p, blamed, f);
	else if (has_stage(w->account, PROBE_TOKEN))
		probe_token(w->p, w->account, &w->facts.token);
	if (blamed == PROBE_CONFIG && has_stage(w->account, PROBE_TOKEN))
		probe_untried(w->p, PROBE_TOKEN);
	if (blamed == PROBE_POP)
		probe_fail(w->p, PROBE_POP, f);
	else if (has_stage(w->account, PROBE_POP) && w->p->failed)
		probe_untried(w->p, PROBE_POP);
	else if (has_stage(w->account, PROBE_POP))
		probe_add(w->p, PROBE_POP, PROBE_OK, -1, w->account->pop_before_smtp);
	for (size_t i = 0; i < STEPS; i++) {
		if (!has_stage(w->account, step[i].stage))
			continue;
		if (w->p->failed)
			probe_untried(w->p, step[i].stage);
		else if (step[i].stage == blamed)
			probe_fail(w->p, blamed, &shown);
		else
			step[i].fine(w);
	}
}

static void tell_offers(const struct way *w, const struct caps *c)
{
	const struct {
		bool offered;
		const char *word;
	} words[] = {
		{c->size, c->size_limit ? arena_printf(w->p->in, "SIZE %llu KB", (unsigned long long)c->size_limit / 1000) : "SIZE"},
		{c->pipelining, "PIPELINING"}, {c->chunking, "CHUNKING"}, {c->eightbit, "8BITMIME"}, {c->smtputf8, "SMTPUTF8"}, {c->dsn, "DSN"},
	};
	const char *text = "";

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].offered)
			text = arena_printf(w->p->in, "%s%s%s", text, *text ? ", " : "", words[i].word);
	probe_add(w->p, PROBE_OFFERS, PROBE_OK, -1, *text ? text : "nothing that mysend makes use of");
}

static void tell_recipients(const struct way *w, const struct envelope *e, const struct recipient *refused)
{
	struct arena *in = w->p->in;
	char words[FAILURE_WORDS];
	struct failure why;

	if (refused && e->recipients > 1) {
		why = *refused->why;
		snprintf(why.text, sizeof why.text, "%.400s (%.80s)", refused->why->text, refused->address);
		probe_fail(w->p, PROBE_RCPT, &why);
	} else if (refused) {
		probe_fail(w->p, PROBE_RCPT, refused->why);
	} else if (e->recipients == 1) {
		probe_add(w->p, PROBE_RCPT, PROBE_OK, -1,
			  arena_printf(in, "RCPT TO:<%s>: %s", e->recipient[0].address, failure_words(words, e->recipient[0].why, WORDS_CODE, NULL)));
	} else {
		probe_add(w->p, PROBE_RCPT, PROBE_OK, -1, arena_printf(in, "RCPT TO, %zu recipients", e->recipients));
	}
}

/* mysend -bs: its answers to MAIL and RCPT are its own, and its relay is asked only when there is a message. */
static bool is_mysend(const struct way *w)
{
	return *w->account->socket && slice_mentions(slice_of(w->facts.greeting), "ESMTP mysend");
}

/* What the relay says to RSET decides nothing: it has got no message. */
static void tell_reset(const struct way *w, const struct envelope *e)
{
	if (w->p->failed)
		probe_untried(w->p, PROBE_RSET);
	else if (e->answer && e->answer->code / 100 == 2)
		probe_add(w->p, PROBE_RSET, PROBE_OK, -1,
			  is_mysend(w) ? "nothing was sent; the service asks its own relay only for a mail: root's mysend --probe asks that one" : "nothing was sent");
	else if (e->answer && e->answer->code)
		probe_mild(w->p, PROBE_RSET, "nothing was sent, but the relay says ", e->answer);
	else
		probe_add(w->p, PROBE_RSET, PROBE_WARN, -1, "nothing was sent, but the relay gave no answer");
}

/* MAIL, RCPT and RSET have been asked: each recipient has what came of it. */
static void tell_answers(const struct way *w)
{
	const struct envelope *e = &w->job->mail.envelope;
	const struct recipient *refused = NULL;
	enum probe_stage blamed = PROBE_RSET;

	for (size_t i = 0; i < e->recipients && !refused; i++)
		if (e->recipient[i].verdict != ACCEPTED && e->recipient[i].why)
			refused = &e->recipient[i];
	if (refused)
		blamed = probe_blame(refused->why, &w->facts, w->account);
	if (blamed == PROBE_MAIL)
		probe_fail(w->p, PROBE_MAIL, refused->why);
	else
		probe_add(w->p, PROBE_MAIL, PROBE_OK, -1, arena_printf(w->p->in, "MAIL FROM:<%s>", e->sender));
	if (w->p->failed)
		probe_untried(w->p, PROBE_RCPT);
	else
		tell_recipients(w, e, refused);
	tell_reset(w, e);
}

static void nothing_asked(struct probe *p)
{
	probe_untried(p, PROBE_MAIL);
	probe_untried(p, PROBE_RCPT);
	probe_untried(p, PROBE_RSET);
	probe_untried(p, PROBE_OFFERS);
}

/* The session is opened by the link, as a mail's is; then the mail's engine asks MAIL, RCPT and RSET in it. */
static void ask_relay(struct way *w)
{
	struct caps caps;
	struct failure f;

	if (link_reach(&w->link, w->account, &f) < 0) {
		tell_way_in(w, &f);
		nothing_asked(w->p);
		return;
	}
	tell_way_in(w, NULL);
	caps = *session_caps(w->link.session);
	submit_verify(w->job, &w->link);
	tell_answers(w);
	tell_offers(w, &caps);
}

/* A relay of a fallback is asked whether it lets us in. That it does not is no failure: the account's own relay comes first. */
static void ask_fallbacks(struct way *w)
{
	struct failure f;

	for (const struct account *a = w->job->account->next; a; a = a->next) {
		link_leave(&w->link, true);
		if (link_reach(&w->link, a, &f) == 0)
			probe_add(w->p, PROBE_FALLBACK, PROBE_OK, -1, arena_printf(w->p->in, "%s: %s", a->name, session_relay(w->link.session)));
		else
			probe_mild(w->p, PROBE_FALLBACK, arena_printf(w->p->in, "%s: ", a->name), &f);
	}
}

void probe_wire(struct probe *p, struct job *j, const struct options *o, bool last)
{
	const struct account *a = j->account;
	struct way w = {.p = p, .job = j, .account = a};
	const struct tracer *shown;
	struct trace trace;

	if (p->failed || !a) {
		for (enum probe_stage s = PROBE_TOKEN; s <= PROBE_OFFERS; s++)
			if (has_stage(a, s))
				probe_untried(p, s);
		return;
	}
	shown = trace_open(&trace, o);
	w.tracer = shown ? *shown : (struct tracer){.ctx = NULL};
	w.tracer.facts = &w.facts;
	w.link = (struct link){.tracer = &w.tracer, .one_login = last && !a->next, .no_fallback = true};
	ask_relay(&w);
	ask_fallbacks(&w);
	link_leave(&w.link, true);
	trace_close(&trace);
}
