/*
 * What a provider of tokens answers: whatever comes, what is read can be sent and shown, no failure quotes a token, and read again it
 * is the same. The first octet says what was asked for and which status came.
 */
#include "fuzz.h"

#include "wire/memory.h"
#include "wire/token_fault.h"

static void holds_only(const char *text, char least, size_t most)
{
	HOLDS(strlen(text) <= most, slice_of(text));
	for (const char *p = text; *p; p++)
		HOLDS(*p >= least && *p <= '~', slice_of(text));
}

static void holds_an_answer(const struct token_answer *a, enum token_wanted wanted, struct slice body)
{
	holds_only(a->access, '!', TOKEN_MOST);
	holds_only(a->refresh, ' ', TOKEN_MOST);
	holds_only(a->device_code, ' ', TOKEN_MOST);
	holds_only(a->user_code, ' ', TOKEN_WORDS);
	holds_only(a->verification_uri, '!', 2048);
	holds_only(a->verification_uri_complete, '!', 2048);
	fuzz_is_clean(a->error);
	fuzz_is_clean(a->description);
	fuzz_is_clean(a->scope);
	HOLDS(strlen(a->error) < TOKEN_WORDS && strlen(a->description) < TOKEN_WORDS && strlen(a->scope) < TOKEN_WORDS, body);
	if (wanted != ANSWER_REVOKED && !*a->error) {
		HOLDS(a->status >= 200 && a->status < 300, body);
		HOLDS(a->lasts >= 1 && a->lasts <= TOKEN_LASTS_MOST, body);
		HOLDS(a->interval >= 1, body);
	}
	if (wanted == ANSWER_TOKEN)
		HOLDS(*a->access || *a->error, body);
	if (wanted == ANSWER_DEVICE)
		HOLDS(*a->error || (*a->device_code && *a->user_code && slice_begins(slice_of(a->verification_uri), "http")), body);
}

static void holds_a_failure(const struct failure *f, struct slice body)
{
	fuzz_is_clean(f->text);
	HOLDS(f->stage == AT_TOKEN && f->exit != 0, body);
	HOLDS(!strchr(f->hint, '{'), body);
	HOLDS(strlen(f->text) < 100, body); /* words of our own alone */
}

static void count(void *ctx, char *p, size_t len)
{
	(void)p;
	(void)len;
	++*(size_t *)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	static const int statuses[] = {200, 200, 200, 400, 401, 428, 302, 503};
	struct account account;
	struct arena in = {0};
	struct slice body = fuzz_copy(&in, octets, len);
	unsigned first = fuzz_take(&body);
	enum token_wanted wanted = (enum token_wanted)(first / 8 % 3);
	const struct oauth o = {.maker = (enum oauth_maker)(first / 24 % 3)};
	struct token_answer a, again;
	struct failure f, same;
	size_t blocks = 0;
	int rc, second;

	account_defaults(&account);
	account.name = "default";
	memset(&a, 0xa5, sizeof a);
	rc = token_answer_read(&a, statuses[first % 8], body, wanted, &f);
	second = token_answer_read(&again, statuses[first % 8], body, wanted, &same);
	HOLDS(rc == second, body);
	memory_visit(count, &blocks);
	HOLDS(blocks == 0, body);
	if (rc < 0) {
		holds_a_failure(&f, body);
		HOLDS(fuzz_same_text(f.text, same.text), body);
	} else {
		holds_an_answer(&a, wanted, body);
		HOLDS(fuzz_same_text(a.access, again.access) && fuzz_same_text(a.refresh, again.refresh) && a.lasts == again.lasts, body);
		if (*a.error) {
			HOLDS(token_fault(&a, (enum token_grant)(len % (GRANT_REVOKE + 1)), &account, &o, &f) == -1, body);
			fuzz_is_clean(f.text);
			HOLDS(f.stage == AT_TOKEN && !strchr(f.hint, '{'), body);
		}
	}
	token_answer_free(&a);
	token_answer_free(&again);
	arena_free(&in);
	return 0;
}
