#include "wire/transcript.h"

#include <string.h>
#include <sysexits.h>

#include "mail/decode.h"

void transcript_show(const struct transcript *t, char way, struct slice line)
{
	if (t->tracer && t->tracer->line)
		t->tracer->line(t->tracer->ctx, way, slice_trim(line));
}

/* "AUTH PLAIN AGEA..." shows as "AUTH PLAIN ****", what follows it as "****". */
static void show_masked(const struct transcript *t, struct slice line)
{
	char shown[64];
	struct slice rest = line, verb, mechanism;

	if (!t->tracer)
		return;
	if (!slice_begins(line, "AUTH ") || !slice_cut(&rest, ' ', &verb)) {
		transcript_show(t, '>', SLICE("****"));
	} else if (slice_cut(&rest, ' ', &mechanism) && mechanism.len < 40) {
		memcpy(shown, "AUTH ", 5);
		memcpy(shown + 5, mechanism.p, mechanism.len);
		memcpy(shown + 5 + mechanism.len, " ****", 5);
		transcript_show(t, '>', (struct slice){shown, mechanism.len + 10});
	} else {
		transcript_show(t, '>', line); /* the line has the mechanism's name alone */
	}
}

enum { STARTTLS_GO = 220 }; /* RFC 3207 4 */

static void note_token(struct transcript *t, struct slice line)
{
	if (slice_begins(line, "AUTH ")) {
		t->xoauth2 = slice_begins(line, "AUTH XOAUTH2");
		t->token_said = t->xoauth2 && line.len > strlen("AUTH XOAUTH2 ");
		*t->why_token = '\0';
	} else {
		t->token_said = t->xoauth2;
	}
}

void transcript_said(struct transcript *t, struct slice line)
{
	bool inside = t->said == SAID_AUTH && (!t->whole || t->reply.code / 100 == 3);

	line = slice_trim(line);
	if (inside || slice_begins(line, "AUTH ")) {
		t->said = SAID_AUTH;
		note_token(t, line);
		if (t->mask)
			mask_said(t->mask, line);
		show_masked(t, line);
	} else {
		if (slice_begins(line, "EHLO"))
			t->said = SAID_EHLO;
		else if (slice_begins(line, "HELO"))
			t->said = SAID_HELO;
		else if (slice_is(line, "STARTTLS"))
			t->said = SAID_STARTTLS;
		t->starttls_said |= t->said == SAID_STARTTLS;
		transcript_show(t, '>', line);
	}
	t->reply = (struct reply){0};
	t->whole = false;
	if (t->said == SAID_EHLO || t->said == SAID_HELO)
		t->caps = (struct caps){0}; /* RFC 3207 4.2: what the relay said before TLS is forgotten */
}

bool transcript_may_log_in(const struct transcript *t)
{
	return !t->login || t->clear_login || t->encrypted;
}

static int guard_password(const struct transcript *t, struct failure *f)
{
	bool refused = t->said == SAID_STARTTLS && t->reply.code != STARTTLS_GO;
	bool never = t->said == SAID_HELO || (t->said == SAID_EHLO && reply_is_positive(&t->reply) &&
					      !t->caps.starttls);

	if (transcript_may_log_in(t) || t->demanded || (!refused && !never))
		return 0;
	fail(f, AT_LOGIN, EX_NOPERM, "the relay %s TLS, and the password is not sent in clear text",
	     refused ? "refuses" : "does not offer");
	return failure_hint(f, HINT_CLEAR_TEXT);
}

static int heard_whole(struct transcript *t, struct failure *f)
{
	t->whole = true;
	if (t->reply.code >= 400) {
		t->refusal = t->reply;
		t->refused_at = transcript_stage(t);
	}
	if (t->said == SAID_NOTHING && t->reply.code < 400 && t->reply.code != 220)
		return fail(f, AT_GREETING, EX_PROTOCOL, "the greeting begins with %d instead of 220: %s", t->reply.code,
			    t->reply.text);
	if (guard_password(t, f) < 0)
		return -1;
	/* libcurl begins TLS after 220 only; after any other 2yz it may go on in clear text. */
	if (t->said == SAID_STARTTLS && t->reply.code == STARTTLS_GO)
		t->encrypted = true;
	if (t->said == SAID_AUTH && t->reply.code == 235)
		t->authenticated = true;
	if (t->said == SAID_AUTH && t->reply.code == 334 && *t->reply.text == '{')
		memcpy(t->why_token, t->reply.text, sizeof t->why_token);
	return 0;
}

struct slice transcript_masked(const struct transcript *t, struct slice line, bool first, char room[static MASK_ANSWER])
{
	size_t len = line.len < MASK_ANSWER ? line.len : MASK_ANSWER;

	if (!t->mask)
		return line;
	memcpy(room, line.p, len);
	return (struct slice){room, mask_line(t->mask, room, len, first)};
}

/* Why a token was refused is JSON in base64 behind 334 (Google's XOAUTH2; RFC 7628 3.2.2): it is kept and shown as JSON. Decoded before it
 * is masked, since "bearer" stands in what we said, too, and its base64 would be covered. */
static struct slice refusal_of_token(const struct transcript *t, struct slice line, char room[static MASK_ANSWER])
{
	struct arena scratch = {0};
	struct slice said;
	size_t len;

	if (t->said != SAID_AUTH || t->reply.lines || line.len < 8 || !slice_begins(line, "334 "))
		return line;
	said = decode_part(&scratch, MIME_BASE64, (struct slice){line.p + 4, line.len - 4});
	said = slice_trim(said);
	if (said.len && *said.p == '{' && said.p[said.len - 1] == '}') {
		len = said.len < MASK_ANSWER - 4 ? said.len : MASK_ANSWER - 4;
		memcpy(room, "334 ", 4);
		memcpy(room + 4, said.p, len);
		line = (struct slice){room, len + 4};
	}
	arena_free(&scratch);
	return line;
}

int transcript_heard(struct transcript *t, struct slice line, struct failure *f)
{
	unsigned lines;
	char room[MASK_ANSWER], plain[MASK_ANSWER];
	struct slice shown;
	int whole;

	if (t->whole) {
		t->reply = (struct reply){0};
		t->whole = false;
	}
	while (line.len && (line.p[line.len - 1] == '\n' || line.p[line.len - 1] == '\r'))
		line.len--;
	lines = t->reply.lines;
	line = refusal_of_token(t, line, plain);
	shown = transcript_masked(t, line, !t->reply.lines && !t->reply.strays, room);
	transcript_show(t, '<', shown);
	whole = reply_line(&t->reply, shown, f);
	if (whole < 0) {
		f->stage = transcript_stage(t);
		return -1;
	}
	t->stray = t->reply.lines == lines;
	if (transcript_is_offer(t) && line.len > 4)
		caps_line(&t->caps, (struct slice){line.p + 4, line.len - 4});
	return whole ? heard_whole(t, f) : 0;
}

bool transcript_is_offer(const struct transcript *t)
{
	/* The first line of the answer to EHLO holds the relay's name, and no extension. */
	return t->said == SAID_EHLO && !t->stray && t->reply.lines > 1 && reply_is_positive(&t->reply);
}

bool transcript_is_refused(const struct transcript *t)
{
	return t->whole && (t->reply.code >= 400 || (t->said == SAID_AUTH && t->token_said && t->reply.code == 334));
}

bool transcript_tls_missed(const struct transcript *t)
{
	return t->caps.starttls && !t->starttls_said && !t->encrypted;
}

enum stage transcript_stage(const struct transcript *t)
{
	switch (t->said) {
	case SAID_STARTTLS:
		return AT_TLS;
	case SAID_AUTH:
		return AT_LOGIN;
	case SAID_NOTHING:
	case SAID_EHLO:
	case SAID_HELO:
		break;
	}
	return AT_GREETING;
}
