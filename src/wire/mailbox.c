#include "wire/mailbox.h"

#include <stdio.h>

#include "wire/handle.h"

int mailbox_visit(const struct account *a, struct failure *f)
{
	char words[CURL_ERROR_SIZE] = "";
	struct setup s = {0};
	CURLcode code;
	CURL *h;
	int ok = -1;

	if (handle_new(&h, a, words, f) < 0)
		return -1;
	setup_took(&s, curl_easy_setopt(h, CURLOPT_URL, a->pop_before_smtp), SET_pop_before_smtp);
	setup_took(&s, curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, "NOOP"), SET_pop_before_smtp);
	setup_took(&s, curl_easy_setopt(h, CURLOPT_NOBODY, 1L), SET_pop_before_smtp);
	if (setup_done(&s, f) == 0 && handle_mailbox_login(h, a, f) == 0) {
		code = curl_easy_perform(h);
		ok = code == CURLE_OK ? 0 : handle_failure(h, code, AT_LOGIN, words, f);
		if (ok < 0)
			failure_in(f, "pop_before_smtp");
	}
	if (ok < 0)
		snprintf(f->relay, sizeof f->relay, "%s", a->pop_before_smtp);
	curl_easy_cleanup(h);
	return ok;
}
