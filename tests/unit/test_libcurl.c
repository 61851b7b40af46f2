#include "unit.h"

#include <pthread.h>
#include <string.h>

#include "wire/libcurl.h"
#include "wire/memory.h"

enum { THREADS = 8 };

static size_t seen;

static void count(void *ctx, char *p, size_t len)
{
	(void)ctx;
	(void)p;
	seen += len > 0;
}

static void *start_and_use(void *ctx)
{
	struct failure f;
	const char **version = ctx;

	if (libcurl_start(&f) < 0)
		return NULL;
	*version = libcurl.version_info(CURLVERSION_NOW)->version;
	return ctx;
}

/* The first test: nobody has started it yet. */
static void test_many_threads_start_it_once_and_each_has_it(void **state)
{
	pthread_t threads[THREADS];
	const char *versions[THREADS] = {NULL};

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, start_and_use, &versions[i]), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *went;

		assert_int_equal(pthread_join(threads[i], &went), 0);
		assert_ptr_equal(went, &versions[i]);
		assert_ptr_equal(versions[i], versions[0]);
	}
}

static void test_its_memory_is_ours_from_the_first_octet(void **state)
{
	struct failure f;
	CURL *h;

	(void)state;
	assert_int_equal(libcurl_start(&f), 0);
	assert_true(libcurl_version()->version_num >= 0x075100);
	h = libcurl.easy_init();
	assert_non_null(h);
	seen = 0;
	memory_visit(count, NULL);
	assert_true(seen > 0);
	libcurl.easy_cleanup(h);
	seen = 0;
	memory_visit(count, NULL);
	assert_int_equal(seen, 0);
}

/* What curl_easy_setopt and curl_easy_getinfo pass on has to arrive as what it is. */
static void test_options_of_each_type_arrive(void **state)
{
	struct failure f;
	char *url = NULL, *own = NULL;
	long redirects = -1;
	curl_off_t down = -1;
	CURL *h;

	(void)state;
	assert_int_equal(libcurl_start(&f), 0);
	assert_true(libcurl_version()->version_num >= 0x075100);
	h = libcurl.easy_init();
	assert_int_equal(curl_easy_setopt(h, CURLOPT_URL, "smtp://127.0.0.1:1/x"), CURLE_OK);
	assert_int_equal(curl_easy_setopt(h, CURLOPT_PRIVATE, "own"), CURLE_OK);
	assert_int_equal(curl_easy_setopt(h, CURLOPT_CONNECT_ONLY, 1L), CURLE_OK);
	assert_int_equal(curl_easy_setopt(h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)5000000000), CURLE_OK);
	assert_int_equal(curl_easy_setopt(h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)-2), CURLE_BAD_FUNCTION_ARGUMENT);
	assert_int_equal(curl_easy_setopt(h, CURLOPT_PORT, 70000L), CURLE_BAD_FUNCTION_ARGUMENT);
	assert_int_equal(curl_easy_getinfo(h, CURLINFO_PRIVATE, &own), CURLE_OK);
	assert_string_equal(own, "own");
	assert_int_equal(curl_easy_getinfo(h, CURLINFO_EFFECTIVE_URL, &url), CURLE_OK);
	assert_string_equal(url, "smtp://127.0.0.1:1/x");
	assert_int_equal(curl_easy_getinfo(h, CURLINFO_REDIRECT_COUNT, &redirects), CURLE_OK);
	assert_int_equal(redirects, 0);
	assert_int_equal(curl_easy_getinfo(h, CURLINFO_SIZE_DOWNLOAD_T, &down), CURLE_OK);
	assert_int_equal(down, 0);
	libcurl.easy_cleanup(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_threads_start_it_once_and_each_has_it),
		cmocka_unit_test(test_its_memory_is_ours_from_the_first_octet),
		cmocka_unit_test(test_options_of_each_type_arrive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
