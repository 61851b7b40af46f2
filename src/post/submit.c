#include "post/submit.h"

#include "wire/smtp.h"

struct hand {
	struct job *job;
	bool given;
};

static struct mail *give(void *ctx)
{
	struct hand *h = ctx;

	if (h->given)
		return NULL;
	h->given = true;
	return &h->job->mail;
}

/* The verdicts stand in the envelope: the report reads them there. */
static void done(void *ctx, struct mail *m)
{
	(void)ctx;
	(void)m;
}

int submit(struct job *j, const struct watcher *w, struct failure *f)
{
	const struct account *a = j->account;
	struct smtp_limits limits = {a->window, a->max_recipients, a->timeout};
	struct hand hand = {.job = j};
	struct smtp_client client = {&hand, give, done};
	struct session *s;
	int ok;

	if (session_open(&s, a, w, f) < 0)
		return -1;
	j->encrypted = session_is_encrypted(s);
	j->authenticated = session_is_authenticated(s);
	ok = smtp_run(s, &limits, &client, f);
	session_close(s, ok == 0);
	return ok;
}
