#include "unit.h"

#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A resolver that says what it is told to, once the pipe has been written to. */
static int gate[2], code;
static const char *canonical;

static int fake_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	static struct addrinfo found;
	char go;

	assert_string_equal(host, "box");
	assert_null(service);
	assert_true(hints->ai_flags & AI_CANONNAME);
	if (read(gate[0], &go, 1) != 1)
		return EAI_FAIL;
	found.ai_canonname = (char *)(uintptr_t)canonical;
	if (code == 0)
		*out = &found;
	return code;
}

static void fake_freeaddrinfo(struct addrinfo *found)
{
	(void)found;
}

#define getaddrinfo fake_getaddrinfo
#define freeaddrinfo fake_freeaddrinfo
#include "base/lookup.c"

static void test_the_answer_of_the_resolver_is_told(void **state)
{
	static char longest[300];
	static const struct { int code; const char *canonical, *full; } rows[] = {
		{0, "box.example.org", "box.example.org"}, {0, NULL, ""}, {0, longest, ""}, {EAI_NONAME, NULL, ""}, {EAI_AGAIN, NULL, ""}, {EAI_FAIL, NULL, ""},
	};

	(void)state;
	memset(longest, 'x', sizeof longest - 1);
	for (size_t i = 0; i < ROWS(rows); i++) {
		char full[LOOKUP_NAME + 1] = "before";

		code = rows[i].code;
		canonical = rows[i].canonical;
		assert_int_equal(write(gate[1], "g", 1), 1);
		assert_int_equal(lookup_host("box", 60000, full, sizeof full), rows[i].code);
		assert_string_equal(full, rows[i].full);
	}
	assert_int_equal(lookup_host(longest, 60000, (char[4]){""}, 4), EAI_NONAME);
}

static void test_a_resolver_that_is_silent_is_not_waited_for(void **state)
{
	char full[LOOKUP_NAME + 1] = "before";
	int64_t began = clock_steady();

	(void)state;
	signal(SIGPIPE, SIG_DFL); /* the answer that comes too late ends nobody */
	code = 0;
	canonical = "late.example.org";
	for (int i = 0; i < 3; i++) {
		assert_int_equal(lookup_host("box", 20, full, sizeof full), EAI_AGAIN);
		assert_string_equal(full, "");
	}
	assert_true(clock_steady() - began < 30000);
	assert_int_equal(write(gate[1], "ggg", 3), 3);
	/* And the next one is not taken for it. */
	assert_int_equal(write(gate[1], "g", 1), 1);
	canonical = "box.example.org";
	assert_int_equal(lookup_host("box", 60000, full, sizeof full), 0);
	assert_string_equal(full, "box.example.org");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_answer_of_the_resolver_is_told),
		cmocka_unit_test(test_a_resolver_that_is_silent_is_not_waited_for),
	};

	return pipe(gate) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
