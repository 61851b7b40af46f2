#include "unit.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/dns.h"

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

/* A packet, as a name server sends it, or what h_errno is then. */
static const unsigned char *sent;
static int sent_len, resolver_errno;

static int fake_res_query(const char *name, int class, int type, unsigned char *to, int room)
{
	char go;

	assert_string_equal(name, "example.org");
	assert_int_equal(class, 1);
	assert_true(type == DNS_MX || type == DNS_SRV);
	if (read(gate[0], &go, 1) != 1)
		return -1;
	h_errno = resolver_errno;
	if (sent)
		memcpy(to, sent, (size_t)(sent_len < room ? sent_len : room));
	return sent ? sent_len : -1;
}

#undef res_query
#define res_query fake_res_query
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
	assert_int_equal(lookup_host(longest, 60000, (char[LOOKUP_NAME + 1]){""}, LOOKUP_NAME + 1), EAI_NONAME);
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

static void test_records_are_those_of_the_packet_and_else_what_the_resolver_says(void **state)
{
	static const unsigned char mx[] = "\0\1\x81\x80\0\0\0\1\0\0\0\0" "\0\0\x0f\0\1\0\0\0\x3c\0\5\0\x0a\1x";
	static const struct { const unsigned char *packet; int len, error; enum dns_found found; } rows[] = {
		{mx, sizeof mx, 0, DNS_FOUND}, {mx, sizeof mx - 2, 0, DNS_BROKEN}, {mx, 5, 0, DNS_BROKEN}, {NULL, 0, HOST_NOT_FOUND, DNS_NO_NAME},
		{NULL, 0, NO_DATA, DNS_NOTHING}, {NULL, 0, TRY_AGAIN, DNS_LATER}, {NULL, 0, NO_RECOVERY, DNS_LATER}, {NULL, 0, 0, DNS_LATER},
	};
	struct dns_answer a;
	char longest[300];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		sent = rows[i].packet;
		sent_len = rows[i].len;
		resolver_errno = rows[i].error;
		assert_int_equal(write(gate[1], "g", 1), 1);
		lookup_records("example.org", DNS_MX, 60000, &a);
		assert_int_equal(a.found, rows[i].found);
		assert_int_equal(a.records, rows[i].found == DNS_FOUND);
	}
	lookup_records("example.org", DNS_SRV, 20, &a);
	assert_int_equal(a.found, DNS_LATER);
	assert_int_equal(write(gate[1], "g", 1), 1); /* the thread that was left alone */
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	lookup_records(longest, DNS_MX, 60000, &a);
	assert_int_equal(a.found, DNS_NO_NAME);
}

static void test_packet_longer_than_the_room_for_it_is_read_as_far_as_it_goes(void **state)
{
	static unsigned char large[2 * LOOKUP_PACKET] = "\0\1\x81\x80\0\0\xff\xff";
	struct dns_answer a;

	(void)state;
	sent = large;
	sent_len = sizeof large;
	assert_int_equal(write(gate[1], "g", 1), 1);
	lookup_records("example.org", DNS_MX, 60000, &a);
	assert_int_equal(a.found, DNS_BROKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_are_those_of_the_packet_and_else_what_the_resolver_says),
		cmocka_unit_test(test_packet_longer_than_the_room_for_it_is_read_as_far_as_it_goes),
		cmocka_unit_test(test_the_answer_of_the_resolver_is_told),
		cmocka_unit_test(test_a_resolver_that_is_silent_is_not_waited_for),
	};

	return pipe(gate) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
