#include "wire/redirect.h"

#include <string.h>

#include "base/percent.h"
#include "wire/token_answer.h"

enum { PASTED = 16384, NAME = 32, ESCAPE = 0x1b };

/* The next parameter, without the & behind it. */
static bool next(struct slice *rest, struct slice *name, struct slice *value)
{
	struct slice pair;

	if (!rest->len)
		return false;
	if (!slice_cut(rest, '&', &pair)) {
		pair = *rest;
		rest->len = 0;
	}
	*value = pair;
	if (!slice_cut(value, '=', name)) {
		*name = pair;
		value->len = 0;
	}
	return true;
}

/* Decodes the value of a parameter. False: it is not there, it is there twice (which RFC 6749 3.1 forbids), or it cannot be decoded. */
static bool find(struct slice query, const char *wanted, char *to, size_t room)
{
	struct slice name, value;
	unsigned found = 0;
	char plain[NAME];

	*to = '\0';
	while (next(&query, &name, &value))
		if (percent_read(plain, sizeof plain, name) && strcmp(plain, wanted) == 0 && (found++ || !percent_read(to, room, value)))
			return false;
	return found == 1;
}

/* RFC 6749 A.11: a code is of VSCHAR. */
static bool is_code(const char *code)
{
	for (const char *p = code; *p; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return *code != '\0';
}

/* How long it takes does not tell how much of it is right. */
static bool is_same(const char *a, const char *b)
{
	size_t len = strlen(b);
	unsigned differ = 0;

	if (strlen(a) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		differ |= (unsigned)(a[i] ^ b[i]);
	return !differ;
}

static void read_error(struct redirect_answer *out, struct slice query)
{
	char raw[512];

	if (!find(query, "error", raw, sizeof raw) || !*raw)
		return;
	slice_printable(out->error, sizeof out->error, slice_of(raw));
	if (find(query, "error_description", raw, sizeof raw))
		token_answer_words(out->description, sizeof out->description, slice_of(raw));
	out->kind = REDIRECT_REFUSED;
}

void redirect_read_query(struct redirect_answer *out, struct slice query, const char *state)
{
	char theirs[REDIRECT_STATE];
	bool has_state = find(query, "state", theirs, sizeof theirs);

	*out = (struct redirect_answer){.kind = REDIRECT_NOTHING};
	if (find(query, "code", out->code, sizeof out->code) && is_code(out->code))
		out->kind = REDIRECT_CODE;
	else
		read_error(out, query);
	if (out->kind != REDIRECT_CODE)
		explicit_bzero(out->code, sizeof out->code);
	if (out->kind != REDIRECT_NOTHING && (!has_state || !is_same(theirs, state))) {
		redirect_answer_wipe(out);
		out->kind = REDIRECT_OTHER;
	}
}

/* The path is / alone: that is what the provider was told (RFC 8252 7.3). */
static int read_target(struct redirect_answer *out, struct slice target, const char *state)
{
	struct slice path, rest = target;

	if (slice_begins(rest, "http://")) { /* RFC 9112 3.2.2: what a proxy is sent */
		rest.p += strlen("http://");
		rest.len -= strlen("http://");
		if (!slice_cut(&rest, '/', &path))
			return 400;
		rest.p--;
		rest.len++;
	}
	if (!slice_cut(&rest, '?', &path)) {
		path = rest;
		rest.len = 0;
	}
	if (path.len != 1 || *path.p != '/')
		return 404;
	redirect_read_query(out, rest, state);
	return out->kind == REDIRECT_CODE || out->kind == REDIRECT_REFUSED ? 200 : 400;
}

int redirect_read_request(struct redirect_answer *out, struct slice line, const char *state, bool *body)
{
	struct slice method, target, version = line;
	bool head;
	int status;

	*out = (struct redirect_answer){.kind = REDIRECT_NOTHING};
	*body = true;
	if (slice_has_control(line) || !slice_cut(&version, ' ', &method) || !slice_cut(&version, ' ', &target) || !slice_begins(version, "HTTP/1."))
		return 400;
	head = method.len == 4 && memcmp(method.p, "HEAD", 4) == 0;
	if (!head && (method.len != 3 || memcmp(method.p, "GET", 3) != 0))
		return 405;
	*body = !head;
	status = read_target(out, target, state);
	if (head) /* a program has a look at the address before the browser goes there */
		redirect_answer_wipe(out);
	return status;
}

/* Terminals put these around what is pasted ("bracketed paste"), if a program has asked for them and forgot to end that. */
static size_t escape(struct slice text, size_t at)
{
	if (at + 1 >= text.len || text.p[at + 1] != '[')
		return at;
	for (at += 2; at < text.len && (text.p[at] < '@' || text.p[at] > '~'); at++)
		;
	return at;
}

void redirect_read_pasted(struct redirect_answer *out, struct slice text, const char *state)
{
	struct slice rest, before;
	char joined[PASTED];
	size_t n = 0;

	*out = (struct redirect_answer){.kind = REDIRECT_NOTHING};
	for (size_t i = 0; i < text.len && n < sizeof joined; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == ESCAPE)
			i = escape(text, i);
		else if (c > ' ' && c < 127 && !strchr("\"<>`", c)) /* an address holds none of them (RFC 3986 2) */
			joined[n++] = (char)c;
	}
	rest = (struct slice){joined, n};
	if (n < sizeof joined) {
		if (slice_cut(&rest, '#', &before))
			rest = before;
		if (slice_cut(&rest, '?', &before) || slice_mentions(rest, "="))
			redirect_read_query(out, rest, state);
	}
	explicit_bzero(joined, sizeof joined);
}

void redirect_answer_wipe(struct redirect_answer *a)
{
	explicit_bzero(a, sizeof *a);
}
