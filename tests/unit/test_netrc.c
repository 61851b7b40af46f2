#include "unit.h"

#include <string.h>

#include "conf/netrc.h"

static void test_the_first_entry_that_fits_has_the_password(void **state)
{
	static const struct { const char *text, *host, *user, *password; } rows[] = {
		{"machine h login u password p", "h", "u", "p"},
		{"machine h password p login u", "h", "u", "p"},
		{"machine\nh\n\tlogin u\r\n password p\n", "h", "u", "p"},
		{"machine H.Example password p", "h.example", "u", "p"},
		{"machine h password p", "h", "u", "p"},
		{"machine h login u password p", "h", "", "p"},
		{"machine h login v password p", "h", "u", NULL},
		{"machine h login U password p", "h", "u", NULL},
		{"machine h login u", "h", "u", NULL},
		{"machine i login u password p", "h", "u", NULL},
		{"machine h login v password 1 machine h login u password 2", "h", "u", "2"},
		{"machine h login u password 1 machine h login u password 2", "h", "u", "1"},
		{"machine i login u password 1 default login u password 2", "h", "u", "2"},
		{"machine h login u password 1 default password 2", "h", "u", "1"},
		{"default password 2", "", "u", "2"},
		{"machine h login u account a password p", "h", "u", "p"},
		{"machine h login u account password password p", "h", "u", "p"},
		{"# machine h password 1\nmachine h password p", "h", "u", "p"},
		{"machine h password p#q", "h", "u", "p#q"},
		{"machine i password 1\nmacdef init\nmachine h password 2\n\nmachine h password 3", "h", "u", "3"},
		{"machine h login u password \"a b\"", "h", "u", "a b"},
		{"machine h login u password \"a\\\"b\\\\c\\n\"", "h", "u", "a\"b\\c\n"},
		{"machine h password \"\" login u", "h", "u", ""},
		{"machine h login u password \"open", "h", "u", "open"},
		{"machine h login u password", "h", "u", NULL},
		{"\xef\xbb\xbfmachine h password p", "h", "u", "p"},
		{"\xef\xbb\xbf# x\nmachine h password p", "h", "u", "p"},
		{"\xef\xbb\xbf", "h", "u", NULL},
		{"machine", "h", "u", NULL},
		{"", "h", "u", NULL},
		{"macdef x", "h", "u", NULL},
		{"machine h\nlogin u # joe\npassword p", "h", "u", "p"},
		{"machine h login u\n#password 1\npassword p", "h", "u", "p"},
		{"machine h login \"u v\" password p", "h", "u v", "p"},
		{"machine \"h\" login u password p", "h", "u", "p"},
		{"machine h login u password \"p\\", "h", "u", "p\\"},
		{"machine h login u password \"\\t\\r\\x\"", "h", "u", "\t\rx"},
		{"machine h login u password p\\n", "h", "u", "p\\n"}, /* escapes are for quotes */
		{"machine h login u password a\"b", "h", "u", "a\"b"},
		{"MACHINE h LOGIN u PASSWORD p", "h", "u", "p"},
		{"machine h port 587 login u password p", "h", "u", "p"}, /* a word nobody knows */
		{"machine h macdef x\r\nmachine h password 1\r\n\r\nlogin u password p", "h", "u", "p"},
		{"machine h login u password 1 password 2", "h", "u", "2"},
		{"machine h login v login u password p", "h", "u", "p"},
		{"machine default login u password p", "h", "u", NULL},
		{"machine machine login u password p", "machine", "u", "p"},
		{"machine h login u machine h password p", "h", "u", "p"},
		{"machine hh login u password p", "h", "u", NULL},
		{"default login v password 1 default login u password 2", "h", "u", "2"},
		{"machine \"\" login u password p", "", "u", NULL},
		{"machine h login \"\" password p", "h", "u", NULL},
		{"\n\n \t\r\n", "h", "u", NULL},
		{"machine h login u password #p", "h", "u", NULL}, /* a comment, unless quoted */
		{"machine h login u password \"#p\"", "h", "u", "#p"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct slice password;
		struct buf b;

		buf_start(&b, 1000);
		assert_int_equal(buf_text(&b, rows[i].text), 0);
		assert_int_equal(netrc_find(&b, rows[i].host, rows[i].user, &password), rows[i].password != NULL);
		if (rows[i].password) {
			assert_int_equal(password.len, strlen(rows[i].password));
			assert_memory_equal(password.p, rows[i].password, password.len);
		}
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_entry_that_fits_has_the_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
