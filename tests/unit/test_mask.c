#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/mask.h"

static void hear(struct mask *m, const char *line, bool first, char out[static MASK_ANSWER + 1])
{
	size_t len = strlen(line);

	memcpy(out, line, len);
	len = mask_line(m, out, len, first);
	out[len] = '\0';
}

static void test_what_was_said_is_masked_in_answers(void **state)
{
	/* user joe, password hunter2secret; "|" begins the next line of the same answer */
	static const struct { const char *said, *heard, *shown; } rows[] = {
		{"AUTH PLAIN AGpvZQBodW50ZXIyc2VjcmV0", "535 bad: AUTH PLAIN AGpvZQBodW50ZXIyc2VjcmV0", "535 bad: AUTH PLAIN ****"},
		{"AUTH PLAIN AGpvZQBodW50ZXIyc2VjcmV0", "535 bad: auth plain agpvzqbodw50zxiyc2vjcmv0", "535 bad: auth plain ****"},
		{"AUTH PLAIN AGpvZQBodW50ZXIyc2VjcmV0", "535 5.7.8 <AGpvZQBodW50ZXIyc2VjcmV0> is wrong", "535 5.7.8 **** is wrong"},
		{"AUTH PLAIN AGpvZQBodW50ZXIyc2VjcmV0", "535 bad: AUTH PLAIN AGpvZQBodW50", "535 bad: AUTH PLAIN ****"},
		{"AUTH PLAIN AGpvZQBodW50ZXIyc2VjcmV0", "535-AGpvZQBo|535-dW50|535 ZXIyc2VjcmV0 no", "535-****|535-****|535 **** no"},
		{"", "535 no joe:hunter2secret here", "535 no **** here"},
		{"", "535 no HUNTER2SECRET", "535 no ****"},
		{"", "535 no hunter", "535 no ****"},
		{"", "535 no aHVudGVyMnNlY3JldA==", "535 no ****"},
		{"", "535 no am9lOmh1bnRlcjJzZWNyZXQ=", "535 no ****"},
		{"", "535 hunt for the cret", "535 hunt for the cret"},
		{"", "hunter2secret", "****"},
		{"", "535", "535"},
		{"", "535 ", "535 "},
		{"", "", ""},
		{"AUTH LOGIN", "535 AUTH LOGIN is not for joe", "535 AUTH LOGIN is not for joe"},
		{"AUTH LOGIN am9l", "535 no am9l, joe", "535 no **** joe"},
		{"am9lIDllOTVhZWUwOWM0MGFmMmI4NGEwYzJiM2JiYWU3ODZl", "535 digest 9e95aee09c40af2b84a0c2b3bbae786e", "535 digest ****"},
		{"Yz1iaXdzLHI9ZnlrbytkMmxiYixwPXYwWDh2M0J6MlQwQ0pHYkpReUYwWCtISTRUcz0=", "535 proof v0X8v3Bz2T0CJGbJQyF0X+HI4Ts= no",
		 "535 proof **** no"},
		{"*", "501 * cancelled", "501 * cancelled"},
		{"=", "501 = what", "501 = what"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char out[MASK_ANSWER + 1], all[1000] = "", *lines = strdup(rows[i].heard), *next = lines, *line;
		struct mask m;

		mask_start(&m);
		mask_password(&m, "joe", "hunter2secret");
		if (*rows[i].said)
			mask_said(&m, slice_of(rows[i].said));
		while ((line = next)) {
			next = strchr(line, '|');
			if (next)
				*next++ = '\0';
			hear(&m, line, line == lines, out);
			assert_true(strlen(all) + strlen(out) + 2 < sizeof all);
			memcpy(all + strlen(all), out, strlen(out) + 1);
			if (next)
				memcpy(all + strlen(all), "|", 2);
		}
		assert_string_equal(all, rows[i].shown);
		mask_free(&m);
		free(lines);
	}
}

static void test_short_password_is_masked_as_a_word_only(void **state)
{
	static const struct { const char *password, *heard, *shown; } rows[] = {
		{"p", "535 no p in the plan", "535 no **** in the plan"},
		{"p", "535 cA== was said", "535 **** was said"},
		{"no", "535 no, nobody", "535 **** nobody"},
		{"abc", "535 (abc) abcd", "535 **** abcd"},
		{"535", "535 5.7.8 535", "535 5.7.8 ****"},
		{"pass word", "535 pass word is bad", "535 **** **** is bad"},
		{"Password", "535 Password is bad", "535 **** is bad"},
		{"", "535 nothing", "535 nothing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char out[MASK_ANSWER + 1];
		struct mask m;

		mask_start(&m);
		mask_password(&m, "joe", rows[i].password);
		hear(&m, rows[i].heard, true, out);
		assert_string_equal(out, rows[i].shown);
		mask_settle(&m);
		hear(&m, rows[i].heard, true, out);
		assert_string_equal(out, rows[i].shown);
		mask_free(&m);
	}
}

static void test_shorter_pieces_are_shown_where_the_user_of_the_mask_says_so(void **state)
{
	static const struct { const char *heard, *shown; } rows[] = {
		{"400 the client secret is wrong", "400 the client secret is wrong"},
		{"400 secret the-secret-of-host7 is wrong", "400 secret **** is wrong"},
		{"400 xthe-secret-of-host7x", "400 ****"},
		{"400 the-secret-of...", "400 ****"},
		{"400 the-secret...", "400 the-secret..."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char out[MASK_ANSWER + 1];
		struct mask m;

		mask_start(&m);
		m.least = 12;
		mask_password(&m, "", "the-secret-of-host7");
		hear(&m, rows[i].heard, true, out);
		assert_string_equal(out, rows[i].shown);
		mask_free(&m);
	}
}

static void test_after_the_login_whole_texts_are_known_again_without_being_kept(void **state)
{
	struct mask m;
	char out[MASK_ANSWER + 1];

	(void)state;
	mask_start(&m);
	mask_password(&m, "joe", "hunter2secret");
	mask_said(&m, SLICE("AUTH PLAIN AGpvZQBodW50ZXIyc2VjcmV0\r\n"));
	mask_settle(&m);
	assert_null(m.texts.p);
	hear(&m, "550 no AGPVZQBodW50ZXIyc2VjcmV0=x, Hunter2Secret hunt", true, out);
	assert_string_equal(out, "550 no **** **** hunt");
	hear(&m, "250 2.0.0 Ok: queued as 4F1A2B3C4D", true, out);
	assert_string_equal(out, "250 2.0.0 Ok: queued as 4F1A2B3C4D");
	mask_free(&m);
}

static void test_after_the_login_three_quarters_of_a_text_are_known_on_one_line_or_more(void **state)
{
	/* "|" begins the next line of the same answer */
	static const struct { const char *heard, *shown; } rows[] = {
		{"450 no hunter2secre here", "450 no **** here"},
		{"450 no xhunter2secxx", "450 no ****"},
		{"450-hunter2|450 secret no", "450-hunter2|450 **** no"},
		{"450-4.7.1 hunter2|450 4.7.1 secret", "450-4.7.1 hunter2|450 4.7.1 ****"},
		{"450-hun|450-ter2|450-sec|450 ret no", "450-hun|450-ter2|450-****|450 **** no"},
		{"450-AGpvZQBodW50|450 ZXIyc2VjcmV0", "450-AGpvZQBodW50|450 ****"},
		{"450 hunter2|450 secret", "450 hunter2|450 secret"}, /* two answers */
		{"hunter2|secret|250 ok", "hunter2|****|250 ok"},
		{"450 hunter2se is not enough", "450 hunter2se is not enough"},
		{"450 unter2secret", "450 unter2secret"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char out[MASK_ANSWER + 1], *lines = strdup(rows[i].heard), *next = lines, *line;
		const char *shown = rows[i].shown;
		struct mask m;

		mask_start(&m);
		mask_password(&m, "joe", "hunter2secret");
		mask_settle(&m);
		while ((line = next)) {
			next = strchr(line, '|');
			if (next)
				*next++ = '\0';
			hear(&m, line, line == lines, out);
			assert_memory_equal(out, shown, strlen(out));
			shown += strlen(out);
			assert_true(*shown == (next ? '|' : '\0'));
			shown++;
		}
		mask_free(&m);
		free(lines);
	}
}

static void test_more_than_can_be_kept_masks_all_words(void **state)
{
	char line[100], out[MASK_ANSWER + 1], large[MASK_ANSWER + 1];
	struct mask m;

	(void)state;
	mask_start(&m);
	for (unsigned i = 0; i <= MASK_TEXTS; i++) {
		snprintf(line, sizeof line, "c2VjcmV0%u", i);
		mask_said(&m, slice_of(line));
	}
	hear(&m, "535-5.7.8 what is it", true, out);
	assert_string_equal(out, "535-**** **** **** ****");
	for (size_t i = 0; i < MASK_ANSWER; i++)
		large[i] = i % 2 ? ' ' : 'a';
	assert_in_range(mask_line(&m, large, MASK_ANSWER, true), MASK_ANSWER - 4, MASK_ANSWER);
	mask_free(&m);
}

static void test_memory_loses_whole_texts_and_nothing_else(void **state)
{
	static const struct { const char *password, *held, *left; size_t len; } rows[] = {
		{"hunter2secret", "x=Hunter2Secret\0y", "x=*************\0y", 17},
		{"hunter2secret", "hunter2hunter2secrethunter2", "hunter2*************hunter2", 27},
		{"hunter2secret", "aHVudGVyMnNlY3JldA==", "******************==", 20},
		{"hunter2secret", "hunter2secre", "hunter2secre", 12},
		{"abc", "abc\0", "***\0", 4},
		{"abc", "abc\0\0", "abc\0\0", 5},
		{"abc", "xabc\0", "xabc\0", 5},
		{"a", "aaaa", "aaaa", 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char held[64];
		struct mask m;

		mask_start(&m);
		mask_password(&m, "joe", rows[i].password);
		memcpy(held, rows[i].held, rows[i].len);
		mask_wipe(&m, held, rows[i].len);
		assert_memory_equal(held, rows[i].left, rows[i].len);
		mask_settle(&m);
		memcpy(held, rows[i].held, rows[i].len);
		mask_wipe(&m, held, rows[i].len);
		assert_memory_equal(held, rows[i].held, rows[i].len);
		mask_free(&m);
	}
}

static void test_long_texts_and_lines_stay_in_their_bounds(void **state)
{
	char *password = malloc(100001), large[MASK_ANSWER];
	struct mask m;

	(void)state;
	for (size_t i = 0; i < 100000; i++)
		password[i] = (char)('a' + i * i % 26);
	password[100000] = '\0';
	mask_start(&m);
	mask_password(&m, "joe", password);
	memcpy(large, password, sizeof large);
	assert_int_equal(mask_line(&m, large, sizeof large, true), 4);
	mask_free(&m);
	free(password);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_said_is_masked_in_answers),
		cmocka_unit_test(test_short_password_is_masked_as_a_word_only),
		cmocka_unit_test(test_shorter_pieces_are_shown_where_the_user_of_the_mask_says_so),
		cmocka_unit_test(test_after_the_login_whole_texts_are_known_again_without_being_kept),
		cmocka_unit_test(test_after_the_login_three_quarters_of_a_text_are_known_on_one_line_or_more),
		cmocka_unit_test(test_more_than_can_be_kept_masks_all_words),
		cmocka_unit_test(test_memory_loses_whole_texts_and_nothing_else),
		cmocka_unit_test(test_long_texts_and_lines_stay_in_their_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
