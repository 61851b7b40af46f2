#include "post/hint.h"

#include "base/bytes.h"
#include "post/limits.h"
#include "wire/meaning.h"

static const struct {
	enum stage at;
	int code;	    /* 0: any */
	enum meaning means; /* MEANS_NOTHING_MORE: any */
	const char *says;   /* words in the failure's text, case aside; NULL: any */
	enum hint hint;
} known[] = {
#define SEEN(stage, code, means, says, id) {stage, code, MEANS_##means, says, HINT_##id},
#include "base/hints.def"
};

void hint_add(struct failure *f)
{
	enum limit limit = limits_of(f);

	/* What else such an answer may look like (a sender who is not ours, say) it is not. */
	if (limit == LIMIT_STOP)
		failure_hint(f, HINT_LIMIT_OF_RELAY);
	else if (limit == LIMIT_SLOW)
		failure_hint(f, HINT_TOO_FAST);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].at == f->stage && (!known[i].code || known[i].code == f->code) &&
		    (!known[i].means || (f->code >= 500 && known[i].means == meaning_of(f))) &&
		    (!known[i].says || slice_mentions(slice_of(f->text), known[i].says))) {
			failure_hint(f, known[i].hint);
			return;
		}
}

const char *hint_of(struct arena *in, const struct failure *why)
{
	char shown[2 * sizeof why->hint];
	struct failure f;

	if (!why)
		return "";
	f = *why;
	hint_add(&f);
	slice_printable(shown, sizeof shown, slice_of(f.hint));
	return arena_printf(in, "%s", shown);
}
