#include "conf/token_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { MARGIN_SECONDS = 600, NUMBERS_ROOM = 200 };

#define KIND "mysend-token "
#define FIRST_LINE KIND "1"
#define YEAR_9999 253402300799 /* the last second that can be printed as a date */

enum line { TOKEN_URL, CLIENT, SCOPE, USER, OBTAINED, EXPIRES, LOGGED_IN, ACCESS, REFRESH, LINES };

/* In the order in which they stand in the file; the setting where a value differs. */
static const struct {
	const char *name, *setting;
} lines[LINES] = {
	[TOKEN_URL] = {"Token-URL: ", "oauth_token_url"},
	[CLIENT] = {"Client: ", "oauth_client_id"},
	[SCOPE] = {"Scope: ", "oauth_scope"},
	[USER] = {"User: ", "user"},
	[OBTAINED] = {"Obtained: ", NULL},
	[EXPIRES] = {"Expires: ", NULL},
	[LOGGED_IN] = {"Logged-In: ", NULL},
	[ACCESS] = {"Access: ", NULL},
	[REFRESH] = {"Refresh: ", NULL},
};

/* RFC 6749 A.12, A.17: a token is made of VSCHAR (and blanks). */
static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e)
			return false;
	return true;
}

static bool read_time(struct slice value, time_t *to)
{
	uint64_t n;

	if (!slice_number(value, YEAR_9999, &n))
		return false;
	*to = (time_t)n;
	return true;
}

static bool read_value(struct token_state *s, enum line which, struct slice value)
{
	switch (which) {
	case OBTAINED: return read_time(value, &s->obtained);
	case EXPIRES: return read_time(value, &s->expires);
	case LOGGED_IN: return read_time(value, &s->logged_in);
	case ACCESS: s->access = value.p; return is_token(value);
	case REFRESH: s->refresh = value.p; return is_token(value);
	default: return !slice_has_control(value);
	}
}

/* Takes the next line; its LF becomes a NUL. False: there is none, or it does not end. */
static bool next_line(char **at, char *end, struct slice *line)
{
	char *lf = memchr(*at, '\n', (size_t)(end - *at));

	if (!lf)
		return false;
	*lf = '\0';
	*line = (struct slice){*at, (size_t)(lf - *at)};
	*at = lf + 1;
	return true;
}

/* Its beginning, or as much of it as a disk gave back, is none of ours: what is empty, or begins with NULs, can have been. */
static bool is_other(struct slice text)
{
	size_t len = text.len < strlen(KIND) ? text.len : strlen(KIND);

	for (size_t i = 0; i < len && text.p[i]; i++)
		if (text.p[i] != KIND[i])
			return true;
	return false;
}

/* Each line once, in order, to the end: mysend alone writes the file, and replaces it whole. */
static enum token_found parse(struct token_state *s, const struct token_purpose *of)
{
	const char *const ours[] = {of->token_url, of->client_id, of->scope, of->user};
	char *at = s->text.buf.p, *end = at + s->text.buf.len;
	struct slice line;

	if (!next_line(&at, end, &line) || memchr(line.p, '\0', line.len) || strncmp(line.p, KIND, strlen(KIND)) != 0)
		return TOKEN_DAMAGED;
	if (strcmp(line.p, FIRST_LINE) != 0)
		return TOKEN_FOREIGN;
	for (enum line i = 0; i < LINES; i++) {
		size_t name = strlen(lines[i].name);
		struct slice value;

		if (!next_line(&at, end, &line) || line.len < name || memcmp(line.p, lines[i].name, name) != 0)
			return TOKEN_DAMAGED;
		value = (struct slice){line.p + name, line.len - name};
		if (!read_value(s, i, value))
			return TOKEN_DAMAGED;
		if (i <= USER && !s->differs && strcmp(value.p, ours[i]) != 0)
			s->differs = lines[i].setting;
	}
	if (at != end)
		return TOKEN_DAMAGED;
	return s->differs ? TOKEN_FOREIGN : TOKEN_OURS;
}

/* The file has a refresh token, as far as can be told of a file that is not whole or of a later version, too. */
static bool keeps_login(struct slice text)
{
	const char *name = lines[REFRESH].name;
	struct slice line;

	while (slice_line(&text, &line))
		if (line.len > strlen(name) && memcmp(line.p, name, strlen(name)) == 0)
			return true;
	return false;
}

void token_state_parse(struct token_state *s, struct private *text, const struct token_purpose *of)
{
	*s = (struct token_state){.access = "", .refresh = "", .text = *text};
	*text = (struct private){.exposed = false};
	s->keeps_login = keeps_login(buf_slice_of(&s->text.buf));
	s->found = is_other(buf_slice_of(&s->text.buf)) ? TOKEN_OTHER : s->text.buf.len ? parse(s, of) : TOKEN_DAMAGED;
	if (s->found == TOKEN_FOREIGN && !s->differs)
		s->keeps_login = true; /* who knows how a later version calls it */
	if (s->found == TOKEN_OURS)
		return;
	private_free(&s->text);
	*s = (struct token_state){.access = "", .refresh = "", .found = s->found, .differs = s->found == TOKEN_FOREIGN ? s->differs : NULL, .keeps_login = s->keeps_login};
}

/* Numbers in the file have no sign. */
static long long seconds(time_t t)
{
	return t < 0 ? 0 : t > YEAR_9999 ? YEAR_9999 : (long long)t;
}

/* All the room is taken at once: text that moves leaves copies in freed memory. And no printf, which may have a buffer of its own. */
static int print(struct buf *b, const char *const value[LINES])
{
	size_t octets = sizeof FIRST_LINE + 1;

	for (enum line i = 0; i < LINES; i++)
		octets += strlen(lines[i].name) + strlen(value[i]) + 1;
	if (buf_reserve(b, octets) < 0 || buf_text(b, FIRST_LINE "\n") < 0)
		return -1;
	for (enum line i = 0; i < LINES; i++)
		if (buf_text(b, lines[i].name) < 0 || buf_text(b, value[i]) < 0 || buf_text(b, "\n") < 0)
			return -1;
	return 0;
}

int token_state_print(struct private *to, const struct token_state *s, const struct token_purpose *of, struct failure *f)
{
	char obtained[NUMBERS_ROOM], expires[NUMBERS_ROOM], logged_in[NUMBERS_ROOM];
	const char *const value[LINES] = {of->token_url, of->client_id, of->scope, of->user, obtained, expires, logged_in, s->access, s->refresh};

	private_start(to, TOKEN_STATE_OCTETS);
	if (!is_token(slice_of(s->access)) || !is_token(slice_of(s->refresh)))
		return fail(f, AT_CONFIG, EX_UNAVAILABLE, "there is an octet in the token that no token has");
	for (enum line i = 0; i <= USER; i++)
		if (slice_has_control(slice_of(value[i])))
			return fail(f, AT_CONFIG, EX_CONFIG, "there is a control character in %s", lines[i].setting);
	snprintf(obtained, sizeof obtained, "%lld", seconds(s->obtained));
	snprintf(expires, sizeof expires, "%lld", seconds(s->expires));
	snprintf(logged_in, sizeof logged_in, "%lld", seconds(s->logged_in));
	return print(&to->buf, value) < 0 ? fail(f, AT_CONFIG, EX_UNAVAILABLE, "the token is too long to be kept") : 0;
}

bool token_state_is_fresh(const struct token_state *s, time_t now)
{
	time_t life = s->expires - s->obtained, margin = life / 4 < MARGIN_SECONDS ? life / 4 : MARGIN_SECONDS;

	return *s->access && s->obtained <= now && life > 0 && s->expires - now > margin;
}

void token_state_free(struct token_state *s)
{
	private_free(&s->text);
	*s = (struct token_state){.access = "", .refresh = ""};
}
