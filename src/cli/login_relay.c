#include "cli/login.h"

#include "wire/session.h"

struct listener {
	const struct tracer *below; /* who else is shown the conversation, or NULL */
	char *word;
};

static void hear(void *ctx, char way, struct slice line)
{
	struct listener *l = ctx;

	if (way == '<' && slice_begins(line, "235")) /* RFC 4954 4 */
		slice_printable(l->word, LOGIN_WORD, line);
	if (l->below && l->below->line)
		l->below->line(l->below->ctx, way, line);
}

int login_relay(const struct account *a, const struct tracer *w, char word[static LOGIN_WORD], struct failure *f)
{
	struct listener listener = {.below = w, .word = word};
	struct tracer tracer = {.ctx = &listener, .line = hear};
	struct session *s;

	*word = '\0';
	if (session_open(&s, a, &tracer, f) < 0)
		return -1;
	session_close(s, true);
	return 0;
}
