/*
 * The floor of the benchmark: what a program costs that hands one message to libcurl's own SMTP upload and does
 * nothing else. No configuration, no header, no rules; the message is read from standard input as it comes.
 *
 *	floor URL SENDER RECIPIENTS [CA-FOLDER USER PASSWORD] < message		recipients: with a comma between
 */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static size_t take(char *to, size_t size, size_t count, void *ctx)
{
	ssize_t got = read(STDIN_FILENO, to, size * count);

	(void)ctx;
	return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static size_t ignore(char *data, size_t size, size_t count, void *ctx)
{
	(void)data;
	(void)ctx;
	return size * count;
}

int main(int argc, char **argv)
{
	struct curl_slist *to = NULL;
	CURLcode code;
	CURL *h;

	if (argc != 4 && argc != 7)
		return 64;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	h = curl_easy_init();
	for (char *one = strtok(argv[3], ","); one; one = strtok(NULL, ","))
		to = curl_slist_append(to, one);
	curl_easy_setopt(h, CURLOPT_URL, argv[1]);
	curl_easy_setopt(h, CURLOPT_MAIL_FROM, argv[2]);
	curl_easy_setopt(h, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(h, CURLOPT_READFUNCTION, take);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(h, CURLOPT_PROXY, "");
	if (argc == 7) {
		curl_easy_setopt(h, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
		curl_easy_setopt(h, CURLOPT_CAINFO, NULL);
		curl_easy_setopt(h, CURLOPT_CAPATH, argv[4]);
		curl_easy_setopt(h, CURLOPT_USERNAME, argv[5]);
		curl_easy_setopt(h, CURLOPT_PASSWORD, argv[6]);
	}
	code = curl_easy_perform(h);
	if (code != CURLE_OK)
		fprintf(stderr, "floor: %s\n", curl_easy_strerror(code));
	curl_slist_free_all(to);
	curl_easy_cleanup(h);
	curl_global_cleanup();
	return code == CURLE_OK ? 0 : 1;
}
