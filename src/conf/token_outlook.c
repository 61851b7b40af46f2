#include "conf/token_outlook.h"

#include <stdio.h>

#include "base/clock.h"
#include "conf/token_note.h"

enum { DAY = 24 * 3600 };

static void tell(struct token_outlook *out, const struct token_state *s, const struct oauth *o)
{
	time_t now = clock_wall(), ends = s->obtained + (time_t)o->idle_days * DAY;

	out->token = *s->access && token_state_is_fresh(s, now);
	out->token_seconds = s->expires - now;
	out->login = *s->refresh;
	out->login_seconds = !o->idle_days ? TOKEN_LOGIN_UNKNOWN : ends > now ? ends - now : 0;
	out->logged_in = s->logged_in;
	out->obtained = s->obtained;
}

/* A login that is there no more, or is of another configuration, has taken its failures along. */
static void tell_failure(struct token_outlook *out, const struct account *a, const struct token_file *t)
{
	struct token_note n;

	if (!out->login && !oauth_is_client(a))
		return;
	token_note_read(&n, t);
	out->tried = n.tried > out->obtained ? n.tried : 0;
	out->refused = n.refused > out->obtained;
	if (out->refused)
		snprintf(out->why, sizeof out->why, "%s", n.words);
}

int token_outlook(const struct account *a, struct token_outlook *out, struct failure *f)
{
	struct arena scratch = {.block = NULL};
	struct token_state s;
	struct token_file file;
	struct oauth o;
	int rc;

	*out = (struct token_outlook){.login_seconds = TOKEN_LOGIN_UNKNOWN};
	rc = oauth_of(a, &scratch, &o, f);
	if (rc == 0)
		rc = token_file_look(&file, a, &o, f);
	if (rc == 0) {
		rc = token_file_read(&file, &s, f);
		snprintf(out->file, sizeof out->file, "%.*s", (int)sizeof out->file - 1, file.path);
		if (rc == 0)
			tell(out, &s, &o);
		if (rc == 0)
			tell_failure(out, a, &file);
		token_state_free(&s);
		token_file_close(&file);
	}
	arena_free(&scratch);
	return rc < 0 ? -1 : 0;
}
