#include "post/link.h"

#include "conf/secret.h"

int link_reach(struct link *l, const struct account *a, struct failure *f)
{
	int ok;

	if (l->session && l->account == a)
		return 0;
	link_leave(l, true);
	ok = session_open(&l->session, a, l->watcher, f);
	if (ok < 0)
		l->session = NULL;
	if (l->once)
		secret_wipe();
	l->account = a;
	l->used = false;
	return ok;
}

void link_leave(struct link *l, bool politely)
{
	if (l->session)
		session_close(l->session, politely);
	l->session = NULL;
}
