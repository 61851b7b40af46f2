#include "cli/batch_status.h"

#include <sysexits.h>

static int status_of_stop(const struct failure *why)
{
	return stage_is_remote(why->stage) && why->exit != EX_NOPERM ? EX_TEMPFAIL : why->exit;
}

int batch_status(const struct batch_sum *s, const struct failure *why)
{
	if (why)
		return status_of_stop(why);
	if (s->waits || s->doubtful || s->left || (s->told_to_end && !s->whole))
		return EX_TEMPFAIL;
	return s->refused || s->before_refused || s->bad ? EX_DATAERR : EX_OK;
}
