#include "cli/keeper.h"

#include "conf/whoami.h"

int keeper_open(struct keeper *k, const struct wish *w, struct arena *run, struct failure *f)
{
	const struct choice choice = {w->account, NULL, w->option, w->options};
	struct account *a;
	int ok;

	*k = (struct keeper){.wish = w, .spool = {"", -1, -1, -1}};
	if (intake_open(&k->intake, w, run, f) < 0)
		return -1;
	/* A relay is not needed to look. */
	if (accounts_choose(&k->intake.all, run, &choice, &a, f) < 0 && !a)
		return -1;
	k->own = a;
	if (!*whoami_spool(run, a))
		return 0;
	ok = spool_open(&k->spool, whoami_spool(run, a), false, f);
	k->there = ok == 0;
	return ok < 0 ? -1 : 0;
}

void keeper_close(struct keeper *k)
{
	spool_close(&k->spool);
	arena_free(&k->scratch.arena);
}
