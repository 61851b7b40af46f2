#include "wire/mailbox.h"

#include <stdio.h>
#include <sysexits.h>

#include "wire/handle.h"

static int on_debug(CURL *h, curl_infotype type, char *p, size_t len, void *limit)
{
	(void)type;
	(void)p;
	(void)len;
	limit_look(limit, h);
	return 0;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return handle_is_told(ctx);
}

int mailbox_visit(const struct account *a, struct failure *f)
{
	char words[CURL_ERROR_SIZE] = "";
	struct setup s = {0};
	struct limit limit;
	CURLcode code;
	CURL *h;
	int ok = -1;

	if (handle_new(&h, a, words, f) < 0)
		return -1;
	setup_took(&s, curl_easy_setopt(h, CURLOPT_URL, a->pop_before_smtp), SET_pop_before_smtp);
	setup_took(&s, curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, "NOOP"), SET_pop_before_smtp);
	setup_took(&s, curl_easy_setopt(h, CURLOPT_NOBODY, 1L), SET_pop_before_smtp);
	setup_took(&s, curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L), SETTINGS);
	setup_took(&s, curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress), SETTINGS);
	setup_took(&s, curl_easy_setopt(h, CURLOPT_XFERINFODATA, h), SETTINGS);
	setup_took(&s, curl_easy_setopt(h, CURLOPT_DEBUGFUNCTION, on_debug), SETTINGS);
	setup_took(&s, curl_easy_setopt(h, CURLOPT_DEBUGDATA, &limit), SETTINGS);
	setup_took(&s, curl_easy_setopt(h, CURLOPT_VERBOSE, 1L), SETTINGS); /* without it there is no debug function */
	limit_start(&limit, a);
	if (setup_done(&s, f) == 0 && handle_mailbox_login(h, a, f) == 0) {
		code = curl_easy_perform(h);
		limit.until = INT64_MAX;
		if (limit.passed)
			ok = fail(f, AT_LOGIN, EX_TEMPFAIL, "the server did not answer within the time allowed");
		else
			ok = code == CURLE_OK ? 0 : handle_failure(h, code, AT_LOGIN, words, f);
		if (ok < 0)
			failure_in(f, "pop_before_smtp");
	}
	if (ok < 0)
		snprintf(f->relay, sizeof f->relay, "%s", a->pop_before_smtp);
	curl_easy_cleanup(h);
	return ok;
}
