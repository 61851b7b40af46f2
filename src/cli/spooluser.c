#include "cli/spooluser.h"

#include "conf/whoami.h"

/* The account that would send; where that depends on -a or a sender, the first one: only its spool and its limits are used, and
 * each mail is sent by its own account. */
static int own_account(struct spooluser *k, const struct account **a, struct failure *f)
{
	struct book *b = &k->book;
	int rc = book_account(b, k->options->request.account, NULL, a, f);

	return *a || k->options->request.account || !book_first(b) ? rc : book_account(b, book_first(b), NULL, a, f);
}

int spooluser_open(struct spooluser *k, const struct options *o, struct arena *run, struct failure *f)
{
	const struct account *a;
	int rc;

	*k = (struct spooluser){.options = o, .spool = {.path = "", .tmp = -1, .queue = -1, .failed = -1}};
	if (book_open(&k->book, run, o->config, o->request.option, o->request.options, f) < 0) {
		k->unread = arena_failure(run, f);
		/* What programs have sent since waits where nobody named a place: it is listed. */
		if (o->mode != MODE_MAILQ || o->request.account || book_go_without(&k->book, f) < 0)
			return -1;
	}
	/* To look at the queue no relay is needed. */
	if (own_account(k, &a, f) < 0 && !a)
		return -1;
	k->own = a;
	if (!*whoami_spool(run, a))
		return 0;
	rc = o->mode == MODE_MAILQ || o->mode == MODE_CHECK ? spool_open_to_look(&k->spool, whoami_spool(run, a), f)
							     : spool_open(&k->spool, whoami_spool(run, a), false, f);
	k->there = rc == 0;
	return rc < 0 ? -1 : 0;
}

void spooluser_close(struct spooluser *k)
{
	spool_close(&k->spool);
}
