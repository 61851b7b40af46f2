#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/dns.h"

/* Octets of packets; a packet is composed of a header, the question "a.b" of type SRV or MX, and records. */
#define HEAD(flags, code, questions, answers) "\x12\x34" flags code "\0" questions "\0" answers "\0\0\0\0"
#define ANSWER(answers) HEAD("\x81", "\x80", "\1", answers) "\1a\1b\0\0\x21\0\1"
#define RECORD(type, len) "\xc0\x0c\0" type "\0\1\0\0\0\x3c\0" len
#define ROW(octets) {octets, sizeof(octets) - 1}

static void test_records_are_read_in_the_order_in_which_they_are_tried(void **state)
{
	static const struct { struct slice packet; int type; enum dns_found found; const char *records; } rows[] = {
		{ROW(ANSWER("\1") RECORD("\x21", "\x0a") "\0\1\0\2\1\xd1\1x\1y\0"), DNS_SRV, DNS_BROKEN, ""}, /* the name goes on behind the record */
		{ROW(ANSWER("\1") RECORD("\x21", "\x0b") "\0\1\0\2\1\xd1\1x\1y\0"), DNS_SRV, DNS_FOUND, "1 2 465 x.y;"},
		{ROW(ANSWER("\1") RECORD("\x21", "\x0a") "\0\1\0\2\1\xd1\1X\xc0\x0c"), DNS_SRV, DNS_FOUND, "1 2 465 x.a.b;"},
		{ROW(ANSWER("\1") RECORD("\x21", "\7") "\0\1\0\2\1\xd1\0"), DNS_SRV, DNS_FOUND, "1 2 465 ;"},
		{ROW(ANSWER("\1") RECORD("\x21", "\7") "\0\0\0\0\0\0\0"), DNS_SRV, DNS_FOUND, "0 0 0 ;"},
		/* port 0 */
		{ROW(ANSWER("\1") RECORD("\x21", "\x09") "\0\1\0\2\0\0\1x\0"), DNS_SRV, DNS_NOTHING, ""},
		{ROW(ANSWER("\3") RECORD("\x21", "\x09") "\0\2\0\1\2\x4b\1l\0" RECORD("\x21", "\x09") "\0\1\0\1\2\x4b\1m\0" RECORD("\x21", "\x09") "\0\1\0\5\2\x4b\1h\0"),
		 DNS_SRV, DNS_FOUND, "1 5 587 h;1 1 587 m;2 1 587 l;"},
		{ROW(ANSWER("\2") RECORD("\x0f", "\5") "\0\x0a\1x\0" RECORD("\x0f", "\4") "\0\5\xc0\x0c"), DNS_MX, DNS_FOUND, "5 0 0 a.b;10 0 0 x;"},
		{ROW(ANSWER("\1") RECORD("\x0f", "\3") "\0\0\0"), DNS_MX, DNS_FOUND, "0 0 0 ;"}, /* RFC 7505 */
		/* an alias before them, another class, another type */
		{ROW(ANSWER("\2") RECORD("\5", "\3") "\1z\0" RECORD("\x0f", "\5") "\0\x0a\1x\0"), DNS_MX, DNS_FOUND, "10 0 0 x;"},
		{ROW(ANSWER("\1") "\xc0\x0c\0\x0f\0\3\0\0\0\x3c\0\5\0\x0a\1x\0"), DNS_MX, DNS_NOTHING, ""},
		{ROW(ANSWER("\1") RECORD("\x0f", "\5") "\0\x0a\1x\0"), DNS_SRV, DNS_NOTHING, ""},
		/* octets that no host's name has: the record is passed over */
		{ROW(ANSWER("\2") RECORD("\x0f", "\6") "\0\1\2x\n\0" RECORD("\x0f", "\5") "\0\2\1y\0"), DNS_MX, DNS_FOUND, "2 0 0 y;"},
		{ROW(ANSWER("\1") RECORD("\x0f", "\6") "\0\1\2x\0\0"), DNS_MX, DNS_NOTHING, ""},
		{ROW(ANSWER("\1") RECORD("\x0f", "\6") "\0\1\2.#\0"), DNS_MX, DNS_NOTHING, ""},
		{ROW(ANSWER("\0")), DNS_SRV, DNS_NOTHING, ""},
		/* cut off */
		{ROW(HEAD("\x83", "\x80", "\0", "\0")), DNS_SRV, DNS_LATER, ""},
		{ROW(HEAD("\x81", "\x83", "\0", "\0")), DNS_SRV, DNS_NO_NAME, ""},
		{ROW(HEAD("\x81", "\x82", "\0", "\0")), DNS_SRV, DNS_LATER, ""},
		{ROW(HEAD("\x81", "\x85", "\0", "\0")), DNS_SRV, DNS_NOTHING, ""},
		/* the refusals are believed whatever else is there */
		{ROW(HEAD("\x81", "\x83", "\xff", "\xff")), DNS_SRV, DNS_NO_NAME, ""},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct dns_answer a;
		char said[300] = "";

		dns_read(&a, rows[i].packet, rows[i].type);
		for (size_t r = 0; r < a.records; r++)
			snprintf(said + strlen(said), sizeof said - strlen(said), "%u %u %u %s;", a.record[r].priority, a.record[r].weight, a.record[r].port,
				 a.record[r].target);
		assert_string_equal(said, rows[i].records);
		assert_int_equal(a.found, rows[i].found);
	}
}

static void test_packet_that_is_no_answer_is_broken(void **state)
{
	static const struct slice rows[] = {
		ROW(""), ROW("\x12"), ROW("\x12\x34\x81\x80\0\0\0\0\0\0\0"), ROW(HEAD("\1", "\x80", "\0", "\0")), /* a question */
		ROW(HEAD("\x81", "\x80", "\1", "\0")), ROW(HEAD("\x81", "\x80", "\0", "\1")),
		ROW(ANSWER("\2") RECORD("\x0f", "\5") "\0\x0a\1x\0"),	/* one record is missing */
		ROW(ANSWER("\1") RECORD("\x0f", "\6") "\0\x0a\1x\0"),	/* longer than the packet */
		ROW(ANSWER("\1") RECORD("\x0f", "\1") "\0"), ROW(ANSWER("\1") RECORD("\x21", "\5") "\0\0\0\0\0"),
		ROW(ANSWER("\1") RECORD("\x0f", "\4") "\0\1\xc0\x23"),	/* a pointer to itself */
		ROW(ANSWER("\1") RECORD("\x0f", "\6") "\0\1\1x\xc0\x23"), /* to the name that it is in */
		ROW(ANSWER("\1") RECORD("\x0f", "\4") "\0\1\xc0\xff"),	/* forward */
		ROW(ANSWER("\1") RECORD("\x0f", "\3") "\0\1\xc0"),	ROW(ANSWER("\1") RECORD("\x0f", "\3") "\0\1\x40"),
		ROW(ANSWER("\1") RECORD("\x0f", "\5") "\0\1\5xx"),	ROW(ANSWER("\1") "\x80\0"), ROW(ANSWER("\1") "\3xx"),
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		for (int type = DNS_MX; type <= DNS_SRV; type += DNS_SRV - DNS_MX) {
			struct dns_answer a = {.records = 7};

			dns_read(&a, rows[i], type);
			/* what is no record of that type is passed over, if it is whole */
			assert_int_equal(a.records, 0);
			assert_true(a.found == DNS_BROKEN || (i >= 8 && a.found == DNS_NOTHING));
		}
	for (size_t i = 8; i < ROWS(rows); i++) {
		struct dns_answer a;

		dns_read(&a, rows[i], i == 9 ? DNS_SRV : DNS_MX);
		assert_int_equal(a.found, DNS_BROKEN);
	}
}

static void test_more_records_than_are_kept_leave_the_first_ones(void **state)
{
	char packet[2000];
	size_t len = sizeof ANSWER("\x14") - 1;
	struct dns_answer a;

	(void)state;
	memcpy(packet, ANSWER("\x14"), len);
	for (int i = 0; i < 20; i++) {
		memcpy(packet + len, RECORD("\x0f", "\5") "\0\0\1x\0", 17);
		packet[len + 13] = (char)((i * 7) % 20);
		len += 17;
	}
	dns_read(&a, (struct slice){packet, len}, DNS_MX);
	assert_int_equal(a.found, DNS_FOUND);
	assert_int_equal(a.records, DNS_RECORDS);
	for (unsigned i = 0; i < DNS_RECORDS; i++)
		assert_int_equal(a.record[i].priority, i);
}

static void test_name_that_is_too_long_is_none(void **state)
{
	char packet[2000];
	size_t head = sizeof ANSWER("\1") - 1 + 12, len;

	(void)state;
	for (int labels = 3; labels <= 5; labels++) { /* of 63 letters: 191, 255 and 319 with the dots */
		struct dns_answer a;

		memcpy(packet, ANSWER("\1") RECORD("\x0f", "\0"), head);
		packet[head] = packet[head + 1] = 0;
		len = head + 2;
		for (int i = 0; i < labels; i++, len += 64) {
			packet[len] = 63;
			memset(packet + len + 1, 'x', 63);
		}
		packet[len++] = 0;
		packet[head - 2] = (char)((len - head) >> 8);
		packet[head - 1] = (char)((len - head) & 255);
		dns_read(&a, (struct slice){packet, len}, DNS_MX);
		assert_int_equal(a.found, labels == 3 ? DNS_FOUND : DNS_NOTHING);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_are_read_in_the_order_in_which_they_are_tried),
		cmocka_unit_test(test_packet_that_is_no_answer_is_broken),
		cmocka_unit_test(test_more_records_than_are_kept_leave_the_first_ones),
		cmocka_unit_test(test_name_that_is_too_long_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
