#include "post/hint.h"

#include <string.h>

#include "base/bytes.h"
#include "post/limits.h"
#include "wire/meaning.h"

enum who { ANYBODY, STRANGER, KNOWN, TOKEN, BY_CLIENT, BY_LOGIN };
enum { ARGUMENTS = 4 };
/* Sets of stages. */
enum {
	PROVIDER = 1 << AT_TOKEN, CONNECT = 1 << AT_CONNECT, GREETING = 1 << AT_GREETING, LOGIN = 1 << AT_LOGIN, SENDER = 1 << AT_SENDER, RECIPIENT = 1 << AT_RECIPIENT,
	ENVELOPE = SENDER | RECIPIENT, MESSAGE = 1 << AT_DATA | 1 << AT_BODY | 1 << AT_END, AFTER_MAIL = RECIPIENT | MESSAGE, ANSWER = ENVELOPE | MESSAGE
};

static const struct {
	int stages;
	int code;		  /* 0: any */
	const char *enhanced;	  /* "": any */
	enum meaning means;	  /* MEANS_NOTHING_MORE: any */
	enum who who;
	const char *says; /* words in the failure's text, case aside, | between several; "": any */
	enum hint hint;
} known[] = {
#define SEEN(stage, code, enhanced, means, who, says, id) {stage, code, enhanced, MEANS_##means, who, says, HINT_##id},
#include "base/hints.def"
};

static bool is_enhanced(const struct failure *f, const char *wanted)
{
	return !*wanted || (*f->enhanced && strcmp(f->enhanced + 2, wanted) == 0);
}

static bool is_who(const struct failure *f, enum who who)
{
	switch (who) {
	case STRANGER:
		return !*f->user;
	case KNOWN:
		return *f->user;
	case TOKEN:
		return f->token != NO_TOKEN;
	case BY_CLIENT:
		return f->token == TOKEN_OF_CLIENT;
	case BY_LOGIN:
		return f->token == TOKEN_OF_LOGIN;
	case ANYBODY:
		break;
	}
	return true;
}

static bool says(const struct failure *f, const char *words)
{
	struct slice rest = slice_of(words), word;
	char one[64];
	bool more = true;

	if (!*words)
		return true;
	while (more) {
		more = slice_cut(&rest, '|', &word);
		if (!more)
			word = rest;
		if (word.len >= sizeof one)
			continue;
		memcpy(one, word.p, word.len);
		one[word.len] = '\0';
		if (slice_mentions(slice_of(f->text), one))
			return true;
	}
	return false;
}

/* What {NAME} in the text of a hint stands for. */
static const char *fact(const struct failure *f, const char *name, char room[static sizeof f->relay])
{
	const char *colon = strrchr(f->relay, ':');
	size_t n = colon ? (size_t)(colon - f->relay) : strlen(f->relay);

	if (strncmp(name, "USER}", 5) == 0)
		return *f->user ? f->user : "the user";
	if (strncmp(name, "NAME}", 5) == 0)
		return f->ehlo;
	if (strncmp(name, "RELAY}", 6) == 0)
		return f->relay;
	if (strncmp(name, "LOGIN}", 6) == 0) {
		login_words(room, sizeof f->relay, f->account);
		return room;
	}
	memcpy(room, f->relay, n);
	room[n] = '\0';
	return room;
}

static void take_hint(struct failure *f, enum hint id)
{
	const char *arguments[ARGUMENTS + 1] = {NULL};
	char room[ARGUMENTS][sizeof f->relay];
	size_t n = 0;

	for (const char *at = hint_row(id); n < ARGUMENTS && (at = strchr(at, '{')); at++, n++)
		arguments[n] = fact(f, at + 1, room[n]);
	failure_add_hint(f, id, arguments);
}

void hint_add(struct failure *f)
{
	enum limit limit = limits_of(f);

	/* What else such an answer may look like (a sender who is not ours, say) it is not. */
	if (limit == LIMIT_STOP)
		failure_hint(f, HINT_LIMIT_OF_RELAY);
	else if (limit == LIMIT_SLOW)
		failure_hint(f, HINT_TOO_FAST);
	for (size_t i = 0; !*f->hint && i < sizeof known / sizeof *known; i++)
		if (known[i].stages & 1 << f->stage && (!known[i].code || known[i].code == f->code) && is_enhanced(f, known[i].enhanced) &&
		    (!known[i].means || (f->code >= 500 && known[i].means == meaning_of(f))) && is_who(f, known[i].who) && says(f, known[i].says))
			take_hint(f, known[i].hint);
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
