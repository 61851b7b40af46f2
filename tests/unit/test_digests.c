#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/digests.h"

static void digest_of(unsigned n, unsigned char digest[SHA256_OCTETS])
{
	struct sha256 s;

	sha256_begin(&s);
	sha256_add(&s, (struct slice){(const char *)&n, sizeof n});
	sha256_end(&s, digest);
}

static void test_each_has_the_number_that_was_put_last_and_no_other(void **state)
{
	enum { MANY = 5000 };
	struct digests d = {0};
	unsigned char digest[SHA256_OCTETS];

	(void)state;
	digest_of(0, digest);
	assert_int_equal(digests_find(&d, digest), 0);
	for (unsigned i = 0; i < MANY; i++) {
		digest_of(i, digest);
		assert_int_equal(digests_reserve(&d, 1), 0);
		digests_put(&d, digest, i + 1);
		if (i % 3 == 0)
			digests_put(&d, digest, UINT64_MAX - i);
	}
	assert_int_equal(d.count, MANY);
	for (unsigned i = 0; i < 2 * MANY; i++) {
		digest_of(i, digest);
		assert_true(digests_find(&d, digest) == (i >= MANY ? 0 : i % 3 ? i + 1 : UINT64_MAX - i));
	}
	digests_free(&d);
	assert_int_equal(d.room, 0);
}

static void test_room_is_for_what_was_asked_for_and_too_much_is_refused(void **state)
{
	struct digests d = {0};

	(void)state;
	assert_int_equal(digests_reserve(&d, 1000), 0);
	assert_true(d.room / 8 * 7 >= 1000);
	assert_int_equal(digests_reserve(&d, SIZE_MAX), -1);
	assert_int_equal(digests_reserve(&d, SIZE_MAX / 16), -1);
	assert_int_equal(d.count, 0);
	digests_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_has_the_number_that_was_put_last_and_no_other),
		cmocka_unit_test(test_room_is_for_what_was_asked_for_and_too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
