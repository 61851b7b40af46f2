#include "wire/token_answer.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "wire/libjansson.h"

enum { URI_MOST = 2048, INTERVAL = 5, INTERVAL_MOST = 300, SPARE = 8 * TOKEN_WORDS };

/* An answer while it is read. */
struct reading {
	struct token_answer *out;
	json_t *object;
	struct failure *f;
};

static bool is_later(int status)
{
	return status == 408 || status == 429 || status >= 500;
}

/* The answer is no good. Of a status that says "later" the words are not looked at. */
static int no_good(const struct reading *r, const char *words)
{
	int status = r->out->status;

	if (is_later(status))
		return fail(r->f, AT_TOKEN, EX_TEMPFAIL, "%d", status);
	fail(r->f, AT_TOKEN, EX_PROTOCOL, "%d, and %s", status, status >= 300 && status < 400 ? "an address to go on to, which is not done" : words);
	return failure_hint(r->f, HINT_OAUTH_URL);
}

static int wrong(const struct reading *r, const char *name, const char *words)
{
	return fail(r->f, AT_TOKEN, EX_PROTOCOL, "%d, and %s %s", r->out->status, name, words);
}

/* There is room for all texts of the body from the beginning: the pointers into it stay. */
static const char *keep(struct reading *r, struct slice text)
{
	struct buf *b = &r->out->text.buf;
	size_t at = b->len;

	if (buf_slice(b, text) < 0 || buf_add(b, "", 1) < 0)
		return "";
	return b->p + at;
}

/* What follows a line end is Microsoft's trace. */
void token_answer_words(char *to, size_t room, struct slice said)
{
	static const char trace[] = " Trace ID";

	for (size_t i = 0; i < said.len; i++)
		if (said.p[i] == '\r' || said.p[i] == '\n' || (said.len - i >= sizeof trace - 1 && memcmp(said.p + i, trace, sizeof trace - 1) == 0))
			said.len = i;
	slice_printable(to, room, slice_trim(said));
}

static const char *keep_words(struct reading *r, struct slice text)
{
	char shown[TOKEN_WORDS];

	token_answer_words(shown, sizeof shown, text);
	return keep(r, slice_of(shown));
}

/* A member's text; one that is not there, or null, is empty. */
static int find_text(const struct reading *r, json_t *object, const char *name, struct slice *text)
{
	json_t *value = libjansson.object_get(object, name);

	*text = (struct slice){"", 0};
	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return wrong(r, name, "is no text");
	*text = (struct slice){libjansson.string_value(value), libjansson.string_length(value)};
	return 0;
}

/* A text that is sent again as it is: octets from `least` to ~ alone (RFC 6749 A.12, A.17: from the blank on; RFC 6750 2.1: no blank). */
static int read_text(struct reading *r, const char *name, char least, size_t most, const char **to)
{
	struct slice text;

	if (find_text(r, r->object, name, &text) < 0)
		return -1;
	if (text.len > most)
		return wrong(r, name, "is too long");
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] < least || text.p[i] > '~')
			return wrong(r, name, "has an octet that it must not have");
	*to = keep(r, text);
	return 0;
}

static int read_words(struct reading *r, json_t *object, const char *name, const char **to)
{
	struct slice text;

	if (find_text(r, object, name, &text) < 0)
		return -1;
	*to = keep_words(r, text);
	return 0;
}

/* A number, or a text of digits as Microsoft's older answers have it; -1: no such. */
static double number_of(json_t *value)
{
	double number = -1;
	uint64_t digits;

	if (value && json_is_real(value))
		number = libjansson.real_value(value);
	else if (value && json_is_string(value) &&
		 slice_number((struct slice){libjansson.string_value(value), libjansson.string_length(value)}, UINT64_MAX / 2, &digits))
		number = (double)digits;
	return number;
}

static void read_number(const struct reading *r, const char *name, unsigned most, unsigned otherwise, unsigned *to, bool *said)
{
	double number = number_of(libjansson.object_get(r->object, name));

	*said = number >= 1;
	*to = !*said ? otherwise : number >= most ? most : (unsigned)number;
}

unsigned token_answer_number(const char *description)
{
	static const char word[] = "AADSTS";
	const char *at = strstr(description, word);
	unsigned number = 0;

	for (at = at ? at + sizeof word - 1 : ""; *at >= '0' && *at <= '9' && number < 100 * 1000 * 1000; at++)
		number = number * 10 + (unsigned)(*at - '0');
	return number;
}

/* RFC 6749 5.2; of Google's other servers error is an object: {"error": {"code": 403, "message": "...", "status": "PERMISSION_DENIED"}}. */
static int read_error(struct reading *r)
{
	json_t *error = libjansson.object_get(r->object, "error");
	struct token_answer *out = r->out;
	int rc;

	if (error && json_is_object(error))
		rc = read_words(r, error, "status", &out->error) < 0 || read_words(r, error, "message", &out->description) < 0 ? -1 : 0;
	else
		rc = read_words(r, r->object, "error", &out->error) < 0 || read_words(r, r->object, "error_description", &out->description) < 0 ? -1 : 0;
	if (rc == 0 && error && json_is_object(error) && !*out->error)
		out->error = "error";
	out->number = token_answer_number(out->description);
	return rc;
}

static int read_token(struct reading *r)
{
	struct token_answer *out = r->out;
	struct slice type;

	if (read_text(r, "access_token", '!', TOKEN_MOST, &out->access) < 0 || read_text(r, "refresh_token", ' ', TOKEN_MOST, &out->refresh) < 0 ||
	    read_words(r, r->object, "scope", &out->scope) < 0 || find_text(r, r->object, "token_type", &type) < 0)
		return -1;
	read_number(r, "expires_in", TOKEN_LASTS_MOST, TOKEN_LASTS, &out->lasts, &out->lasts_said);
	if (!*out->access)
		return no_good(r, "neither a token nor an error");
	if (type.len && !slice_is(type, "Bearer"))
		return wrong(r, "token_type", "is none that mail relays take (Bearer)");
	return 0;
}

static int read_uri(struct reading *r, const char *name, const char **to)
{
	if (read_text(r, name, '!', URI_MOST, to) < 0)
		return -1;
	if (**to && !slice_begins(slice_of(*to), "https://") && !slice_begins(slice_of(*to), "http://"))
		return wrong(r, name, "is no address of a page");
	return 0;
}

static int read_device(struct reading *r)
{
	struct token_answer *out = r->out;
	bool said;

	if (read_text(r, "device_code", ' ', TOKEN_MOST, &out->device_code) < 0 || read_text(r, "user_code", ' ', TOKEN_WORDS, &out->user_code) < 0 ||
	    read_uri(r, "verification_uri", &out->verification_uri) < 0 ||
	    read_uri(r, "verification_uri_complete", &out->verification_uri_complete) < 0)
		return -1;
	if (!*out->verification_uri && read_uri(r, "verification_url", &out->verification_uri) < 0) /* Google's name for it */
		return -1;
	read_number(r, "expires_in", TOKEN_LASTS_MOST, TOKEN_LASTS, &out->lasts, &out->lasts_said);
	read_number(r, "interval", INTERVAL_MOST, INTERVAL, &out->interval, &said);
	if (!*out->device_code || !*out->user_code || !*out->verification_uri)
		return no_good(r, "no code that a person could type");
	return 0;
}

static int read_object(struct reading *r, enum token_wanted wanted)
{
	int status = r->out->status;

	if (read_error(r) < 0)
		return is_later(status) ? no_good(r, "") : -1;
	if (*r->out->error)
		return 0;
	if (status < 200 || status >= 300)
		return no_good(r, "neither a token nor an error");
	return wanted == ANSWER_DEVICE ? read_device(r) : wanted == ANSWER_TOKEN ? read_token(r) : 0;
}

int token_answer_read(struct token_answer *out, int status, struct slice body, enum token_wanted wanted, struct failure *f)
{
	struct reading r = {.out = out, .f = f};
	json_error_t where;
	int rc;

	*out = (struct token_answer){.status = status, .access = "", .refresh = "", .scope = "", .error = "", .description = "",
		.device_code = "", .user_code = "", .verification_uri = "", .verification_uri_complete = "", .interval = INTERVAL};
	private_start(&out->text, body.len + SPARE);
	if (wanted == ANSWER_REVOKED && status >= 200 && status < 300)
		return 0;
	if (libjansson_start(f) < 0)
		return -1;
	if (buf_reserve(&out->text.buf, body.len + SPARE) < 0)
		return fail(f, AT_TOKEN, EX_OSERR, "no memory for an answer");
	/* All numbers as real ones: an integer that is too large is no fault of the whole. */
	r.object = libjansson.loadb(body.p, body.len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &where);
	explicit_bzero(&where, sizeof where); /* its words quote the answer */
	rc = r.object && json_is_object(r.object) ? read_object(&r, wanted) : no_good(&r, "no JSON, or with a fault in it");
	if (r.object && r.object->refcount == 1)
		libjansson.delete(r.object);
	return rc;
}

void token_answer_free(struct token_answer *a)
{
	private_free(&a->text);
}
