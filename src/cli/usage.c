#include "cli/usage.h"

#include <sysexits.h>

int usage_fail(struct failure *f, const char *what, const char *which)
{
	fail(f, AT_USAGE, EX_USAGE, "%s%s", what, which);
	return failure_hint(f, HINT_OPTIONS);
}

int usage_fail_batch(struct failure *f, const char *what, const char *which)
{
	fail(f, AT_USAGE, EX_USAGE, "%s%s", what, which);
	return failure_hint(f, HINT_BATCH_OPTIONS);
}
