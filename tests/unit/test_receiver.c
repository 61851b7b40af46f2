#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "intake/receiver.h"

/* What a client was told, and where that left the transaction: "250I", "M451O"; a message that is whole is an M. */
struct heard {
	struct receiver r;
	char said[200];
	bool listens; /* -bs; else it is a file */
};

static void note(struct heard *h, const char *what)
{
	strncat(h->said, what, sizeof h->said - strlen(h->said) - 1);
}

static int on_answer(void *ctx, enum receiver_answer kind, int code, const char *lines, struct failure *f)
{
	struct heard *h = ctx;
	char text[16];

	(void)f;
	assert_true(*lines != '\0');
	assert_int_equal(kind == RECEIVER_REFUSED, code >= 500);
	snprintf(text, sizeof text, "%d", code);
	if (h->listens || code >= 400)
		note(h, text);
	if (!h->listens && code >= 400 && h->r.health == RECEIVER_GOOD)
		h->r.health = RECEIVER_POISONED;
	return 0;
}

static int on_refuse(void *ctx, const struct failure *why, struct failure *f)
{
	return on_answer(ctx, RECEIVER_REFUSED, why->client_code, why->text, f);
}

static int on_admit(void *ctx, const char *sender, struct failure *why)
{
	(void)ctx;
	return strcmp(sender, "stranger@b") == 0 ? smtp_words_refuse(why, 550, "5.7.1", "not he") : 0;
}

static int on_message(void *ctx, struct failure *f)
{
	struct heard *h = ctx;

	(void)f;
	note(h, h->r.health == RECEIVER_GOOD ? "M" : h->r.health == RECEIVER_POISONED ? "P" : "F");
	return 0;
}

static void begin(struct heard *h, const struct account *usual, int ends[2])
{
	static const struct request asked = {.account = NULL};
	struct failure f;

	assert_int_equal(pipe(ends), 0);
	h->r = (struct receiver){.asked = &asked, .usual = usual, .bsmtp = !h->listens};
	h->r.client = (struct receiver_client){h, on_answer, on_refuse, on_admit, on_message};
	assert_int_equal(receiver_open(&h->r, ends[0], -1, &f), 0);
	h->r.io.nowait = true;
}

/* It takes all that is there. */
static void say(struct heard *h, int fd, const char *text, size_t len)
{
	struct failure f;
	int got;

	assert_int_equal(write(fd, text, len), len);
	while ((got = receiver_step(&h->r, &f)) == RECEIVER_WENT_ON)
		;
	assert_int_equal(got, h->r.phase == RECEIVER_OVER ? RECEIVER_END : RECEIVER_LATER);
}

static void end(struct heard *h, int ends[2])
{
	static const char phases[] = {'I', 'O', 'B', 'D', 'X'};
	char phase[2] = {phases[h->r.phase], '\0'};
	struct failure f;

	note(h, phase);
	close(ends[1]);
	assert_int_equal(receiver_step(&h->r, &f), RECEIVER_END);
	receiver_close(&h->r);
	close(ends[0]);
}

/* What is heard of the line, once all before it has been said. */
static void hear(struct heard *h, bool listens, const char *before, const char *line)
{
	int ends[2];

	*h = (struct heard){.listens = listens};
	begin(h, NULL, ends);
	say(h, ends[1], before, strlen(before));
	*h->said = '\0';
	say(h, ends[1], line, strlen(line));
	say(h, ends[1], "\r\n", 2);
	end(h, ends);
}

#define MAIL "MAIL FROM:<a@b>\r\n"
#define RCPT "RCPT TO:<c@d>\r\n"

static const char *const phases[] = {"", MAIL, MAIL RCPT, MAIL RCPT "BDAT 1\r\nx"};
static char long_line[DIALOGUE_LINE + 2];

/* Between messages; behind MAIL; behind RCPT; behind a BDAT. */
static void test_every_command_in_every_phase_has_its_answer(void **state)
{
	static const struct { const char *line, *answer[ROWS(phases)]; } rows[] = {
		{"HELO c", {"250I", "250I", "250I", "250I"}},	      {"EHLO c", {"250I", "250I", "250I", "250I"}},
		{"HELO", {"501I", "501O", "501O", "501B"}},	      {"EHLO", {"501I", "501O", "501O", "501B"}},
		{"MAIL FROM:<a@b>", {"250O", "503O", "503O", "503B"}},  {"MAIL FROM:<>", {"250O", "503O", "503O", "503B"}},
		{"MAIL FROM:<a@@b>", {"501I", "503O", "503O", "503B"}}, {"MAIL FROM:<stranger@b>", {"550I", "503O", "503O", "503B"}},
		{"MAIL FROM:<a@b> X=1", {"555I", "503O", "503O", "503B"}}, {"mail from:<a@b>", {"250O", "503O", "503O", "503B"}},
		{"RCPT TO:<c@d>", {"503I", "250O", "250O", "503B"}},   {"RCPT TO:<>", {"503I", "501O", "501O", "503B"}},
		{"DATA", {"503I", "503O", "354D", "503B"}},	      {"BDAT 0", {"503I", "503O", "250B", "250B"}},
		{"BDAT 0 LAST", {"503I", "503O", "MI", "MI"}},	      {"BDAT 1 LAST\r\nx", {"503500I", "503500O", "M500I", "M500I"}},
		{"BDAT", {"501X", "501X", "501X", "501X"}},	      {"BDAT x", {"501X", "501X", "501X", "501X"}},
		{"RSET", {"250I", "250I", "250I", "250I"}},	      {"NOOP x", {"250I", "250O", "250O", "250B"}},
		{"VRFY x", {"252I", "252O", "252O", "252B"}},	      {"HELP", {"214I", "214O", "214O", "214B"}},
		{"QUIT", {"221X", "221X", "221X", "221X"}},	      {"STARTTLS", {"502I", "502O", "502O", "502B"}},
		{"FOO", {"500I", "500O", "500O", "500B"}},	      {"", {"500I", "500O", "500O", "500B"}},
		{"N\001OOP", {"500I", "500O", "500O", "500B"}},	      {long_line, {"500I", "500O", "500O", "500B"}},
	};
	struct heard h;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		for (size_t k = 0; k < ROWS(phases); k++) {
			hear(&h, true, phases[k], rows[i].line);
			if (strcmp(h.said, rows[i].answer[k]) != 0)
				print_error("%.40s in phase %zu:\n", rows[i].line, k);
			assert_string_equal(h.said, rows[i].answer[k]);
		}
}

/* What was refused in a file spoils its transaction, the rest of which belongs to it. */
static void test_every_command_of_a_file_in_every_phase_has_its_effect(void **state)
{
	static const struct { const char *line, *answer[ROWS(phases)]; } rows[] = {
		{"EHLO c", {"I", "I", "I", "I"}},		     {"EHLO", {"501I", "501O", "501O", "501B"}},
		{"MAIL FROM:<a@b>", {"O", "503O", "503O", "503B"}},  {"MAIL FROM:<a@@b>", {"501O", "503O", "503O", "503B"}},
		{"MAIL FROM:<a@@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.", {"501PI", "503PI", "503PI", "503503503500500B"}},
		{"RCPT TO:<c@d>", {"503I", "O", "O", "503B"}},	     {"RCPT TO:<>", {"503I", "501O", "501O", "503B"}},
		{"DATA", {"503D", "D", "D", "503B"}},		     {"DATA\r\nx\r\n.", {"503PI", "MI", "MI", "503500500B"}},
		{"BDAT 0", {"503I", "B", "B", "B"}},		     {"BDAT 0 LAST", {"503I", "MI", "MI", "MI"}},
		{"BDAT x", {"501X", "501X", "501X", "501X"}},	     {"RSET", {"I", "I", "I", "I"}},
		{"NOOP", {"I", "O", "O", "B"}},			     {"QUIT", {"X", "X", "X", "X"}},
		{"FOO", {"500I", "500O", "500O", "500B"}},	     {"", {"I", "O", "O", "B"}},
		{"FOO\r\nRSET", {"500I", "500I", "500I", "500I"}},   {long_line, {"500I", "500O", "500O", "500B"}},
	};
	struct heard h;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		for (size_t k = 0; k < ROWS(phases); k++) {
			hear(&h, false, phases[k], rows[i].line);
			if (strcmp(h.said, rows[i].answer[k]) != 0)
				print_error("%.40s in phase %zu:\n", rows[i].line, k);
			assert_string_equal(h.said, rows[i].answer[k]);
		}
}

static void test_what_is_too_large_is_read_to_its_end_and_refused(void **state)
{
	static const struct account small = {.message_size_limit = 4};
	static const struct { const char *text, *said; } rows[] = {
		{MAIL RCPT "DATA\r\nabcdefgh\r\n.\r\nNOOP\r\n", "250250354F250I"},
		{MAIL RCPT "BDAT 8\r\nabcdefghBDAT 0 LAST\r\n", "250250F503I"},
		{MAIL RCPT "BDAT 2\r\nabBDAT 3 LAST\r\ncde", "250250250FI"},
		{MAIL RCPT "BDAT 4 LAST\r\nabcd", "250250MI"},
		{"MAIL FROM:<a@b> SIZE=5\r\n", "552I"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct heard h = {.listens = true};
		int ends[2];

		begin(&h, &small, ends);
		say(&h, ends[1], rows[i].text, strlen(rows[i].text));
		end(&h, ends);
		assert_string_equal(h.said, rows[i].said);
	}
}

/* Whoever waits for something else meanwhile goes on where the octets stopped, be it in the middle of a line. */
static void test_what_has_not_come_is_not_waited_for_if_nobody_wants_that(void **state)
{
	static const char text[] = MAIL RCPT "DATA\r\nSubject: x\r\n\r\nb\r\n.\r\n" MAIL RCPT "BDAT 3 LAST\r\nabcNOOP\r\n";
	struct heard h = {.listens = true};
	int ends[2];

	(void)state;
	begin(&h, NULL, ends);
	for (size_t i = 0; i < sizeof text - 1; i++)
		say(&h, ends[1], text + i, 1);
	end(&h, ends);
	assert_string_equal(h.said, "250250354M250250M250I");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_command_in_every_phase_has_its_answer),
		cmocka_unit_test(test_every_command_of_a_file_in_every_phase_has_its_effect),
		cmocka_unit_test(test_what_is_too_large_is_read_to_its_end_and_refused),
		cmocka_unit_test(test_what_has_not_come_is_not_waited_for_if_nobody_wants_that),
	};

	memset(long_line, 'x', sizeof long_line - 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
