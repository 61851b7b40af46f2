/*
 * The browser's way back: an answer counts only with the state of this login, what is told of it is printable, and a code is
 * found in an address however a terminal has broken its line.
 */
#include "fuzz.h"

#include "wire/redirect.h"

#define STATE "AbC-123_xyz"

static void is_in_order(const struct redirect_answer *a, struct slice text)
{
	HOLDS((a->kind == REDIRECT_CODE) == (*a->code != '\0'), text);
	HOLDS((a->kind == REDIRECT_REFUSED) == (*a->error != '\0'), text);
	HOLDS(a->kind == REDIRECT_REFUSED || !*a->description, text);
	HOLDS(a->kind != REDIRECT_CODE || slice_mentions(text, "="), text);
	for (const char *p = a->code; *p; p++)
		HOLDS(*p >= ' ' && *p <= '~', text);
	fuzz_is_clean(a->error);
	fuzz_is_clean(a->description);
}

/* A blank or a line end behind an octet, where the input says so. */
static void is_found_in_pieces(struct arena *in, struct slice text, const struct redirect_answer *whole)
{
	char *to = arena_zeroed(in, text.len * 2 + 1, 1);
	struct redirect_answer a;
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] <= ' ' || text.p[i] > '~') /* control characters have a meaning of their own there */
			return;
		to[n++] = text.p[i];
		if (i % 5 == 3)
			to[n++] = " \n\r\t"[i % 4];
	}
	redirect_read_pasted(&a, (struct slice){to, n}, STATE);
	HOLDS(a.kind == whole->kind && strcmp(a.code, whole->code) == 0, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct arena in = {0};
	struct slice text = fuzz_copy(&in, octets, len);
	struct redirect_answer a;
	bool body;
	int status;

	redirect_read_query(&a, text, STATE);
	is_in_order(&a, text);
	redirect_read_pasted(&a, text, STATE);
	is_in_order(&a, text);
	is_found_in_pieces(&in, text, &a);
	status = redirect_read_request(&a, text, STATE, &body);
	is_in_order(&a, text);
	HOLDS(status == 200 || status == 400 || status == 404 || status == 405, text);
	HOLDS(status == 200 || a.kind == REDIRECT_NOTHING || a.kind == REDIRECT_OTHER, text);
	arena_free(&in);
	return 0;
}
