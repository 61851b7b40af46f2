/* A spool on disk with mail in it, for units: setup and teardown are those of cmocka; put() adds a mail. */
#ifndef UNIT_SPOOL_H
#define UNIT_SPOOL_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "spool/spool.h"

static char top[] = "/tmp/mysend-unit.XXXXXX";
static struct spool spool;
static struct arena in;
static time_t now;

/* Into the queue; `due` seconds from now (0: never tried), in doubt or on hold. */
static const char *put(const char *account, const char *config, const char *sender, const char *to, int due, bool doubt, bool held)
{
	struct entry e = {.account = account, .config = config, .last = "", .fd = -1, .arrived = now - 500};
	struct failure f;

	e.envelope.sender = sender;
	envelope_add(&e.envelope, &in, to)->verdict = doubt ? UNSURE : PENDING;
	envelope_add(&e.envelope, &in, "settled@example.org")->verdict = ACCEPTED;
	e.attempts = due || doubt || held;
	e.next = e.attempts ? now + due : 0;
	e.on_hold = held;
	assert_int_equal(spool_accept(&spool, &e, source_text(&in, SLICE("Subject: x\r\n\r\nbody\r\n")), &f), 0);
	return arena_printf(&in, "%s", e.id);
}

static int setup(void **state)
{
	struct failure f;

	(void)state;
	now = clock_wall();
	memcpy(top, "/tmp/mysend-unit.XXXXXX", sizeof top);
	assert_non_null(mkdtemp(top));
	assert_int_equal(spool_open(&spool, top, true, &f), 0);
	return 0;
}

/* No mail is left in queue/ nor in failed/. */
static void empty(void)
{
	struct spool_names names;
	struct failure f;
	struct entry e;

	assert_int_equal(spool_list(&spool, false, &in, &names, &f), 0);
	for (size_t i = 0; i < names.count; i++)
		if (spool_take(&spool, &in, names.name[i], 0, &e, &f) == SPOOL_TAKEN) {
			assert_int_equal(spool_finish(&spool, &e, false, &f), 0);
			spool_release(&e);
		}
	assert_int_equal(spool_list(&spool, true, &in, &names, &f), 0);
	for (size_t i = 0; i < names.count; i++)
		if (spool_take_failed(&spool, &in, names.name[i], &e, &f) == SPOOL_TAKEN) {
			assert_int_equal(spool_forget(&spool, &e, &f), 0);
			spool_release(&e);
		}
}

static int teardown(void **state)
{
	(void)state;
	empty();
	spool_close(&spool);
	rmdir(arena_printf(&in, "%s/tmp", top));
	rmdir(arena_printf(&in, "%s/queue", top));
	rmdir(arena_printf(&in, "%s/failed", top));
	assert_int_equal(rmdir(top), 0);
	arena_free(&in);
	return 0;
}

#endif
