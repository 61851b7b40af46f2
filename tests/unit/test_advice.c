/* conf/advice: what is odd about a value that is taken as it stands. */
#include "unit.h"

#include <string.h>

#include "conf/advice.h"

static void test_only_what_is_probably_not_meant_is_doubted(void **state)
{
	static const struct {
		enum setting s;
		const char *value, *says; /* NULL: nothing */
	} rows[] = {
		{SET_user, "joe", NULL}, {SET_user, "", NULL}, {SET_user, "'", NULL}, {SET_user, "o'neill", NULL},
		{SET_user, "'joe'", "stands in quotes"}, {SET_password, "\"x\"", "stands in quotes"}, {SET_user, "\"", "not closed"},
		{SET_from, "\"Ann\" <a@b.example>", NULL}, {SET_user, "\"joe", "not closed"},
		{SET_user, "joe ", "ends in a blank"}, {SET_user, "joe\t", "ends in a blank"}, {SET_user, " joe", "begins with a blank"},
		{SET_user, "joe # me", "has a # in it"}, {SET_user, "joe #me", "has a # in it"}, {SET_user, "joe#me", NULL}, {SET_user, "#joe", NULL},
		{SET_user, "joe #", NULL}, {SET_password, "a # b", NULL}, {SET_subject, "alert # 3", NULL},
		{SET_subject, "= alert", "begins with a ="}, {SET_password, "= x", "begins with a ="}, {SET_password, "=x", NULL}, {SET_password, "=", NULL}, {SET_from_full_name, "=", "begins with a ="},
		{SET_password_command, "'cat' 'x'", NULL}, {SET_password_command, "cat x # y", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *doubt = advice_doubt_of(rows[i].s, slice_of(rows[i].value));

		if (rows[i].says)
			assert_non_null(doubt);
		else
			assert_null(doubt);
		assert_true(!doubt || strstr(doubt, rows[i].says));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_only_what_is_probably_not_meant_is_doubted)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
