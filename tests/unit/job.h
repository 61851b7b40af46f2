/* What the units of intake/ share: a message of a text, what a failure is to be, the recipients of an envelope as
 * a text. The includer has cmocka (unit.h). */
#ifndef UNIT_JOB_H
#define UNIT_JOB_H

#include <string.h>

#include "mail/envelope.h"
#include "mail/message.h"

/* A message that came as those octets, with LF as line ends. */
static inline void message_of(struct message *m, struct arena *in, const char *text)
{
	struct failure f;

	message_begin(m, in, 0);
	assert_int_equal(message_add(m, arena_printf(in, "%s", text), strlen(text), &f), 0);
	assert_int_equal(message_end(m, &f), 0);
}

/* The failure is that of the row. */
static inline void check_failure(const struct failure *f, enum stage stage, int exit, const char *words)
{
	if (f->stage != stage || f->exit != exit || strncmp(f->text, words, strlen(words)) != 0)
		print_error("%d, %d: %s\n", (int)f->stage, f->exit, f->text);
	assert_int_equal(f->stage, stage);
	assert_int_equal(f->exit, exit);
	assert_memory_equal(f->text, words, strlen(words));
}

/* "a@x b@y" */
static inline const char *recipients_text(struct arena *in, const struct envelope *e)
{
	const char *text = "";

	for (size_t i = 0; i < e->recipients; i++)
		text = arena_printf(in, "%s%s%s", text, *text ? " " : "", e->recipient[i].address);
	return text;
}

#endif
