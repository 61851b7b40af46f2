#include "unit.h"

#include "base/loopback.h"

static void test_only_an_address_of_this_host_that_is_written_out_is_one(void **state)
{
	static const struct { const char *address; bool is; } rows[] = {
		{"127.0.0.1", true}, {"127.255.255.254", true}, {"::1", true}, {"0:0:0:0:0:0:0:1", true},
		{"128.0.0.1", false}, {"126.0.0.1", false}, {"0.0.0.0", false}, {"::", false}, {"::2", false}, {"[::1]", false}, {"::ffff:127.0.0.1", false},
		{"127.1", false}, {"127.0.0.1.example", false}, {"localhost", false}, {"", false},
		{"0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_int_equal(loopback_is(slice_of(rows[i].address)), rows[i].is);
	assert_true(loopback_is((struct slice){"127.0.0.1:25", 9}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_an_address_of_this_host_that_is_written_out_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
