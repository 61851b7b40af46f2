/*
 * conf/advice - what a person is told of a configuration that is probably not meant as it stands
 *
 * Use: return advice_unreadable(f, in, path, error) behind the failure to open path; text = advice_doubt(value) for a value
 * that is taken as it stands; advice_variables(in) once a run.
 *
 * Owns: nothing; texts are constant, or in the arena. Errors: advice_unreadable returns -1, and adds a hint where it knows one.
 * Threads: one. Source: path_resolution(7); mysend.conf(5).
 */
#ifndef CONF_ADVICE_H
#define CONF_ADVICE_H

#include "base/bytes.h"
#include "conf/settings.h"

int advice_unreadable(struct failure *f, struct arena *in, const char *path, int error);
/* What is odd about a value, or a password, in words that follow its name ("stands in quotes ..."); NULL: nothing. */
const char *advice_doubt(struct slice value);
/* As above, for a setting in a file, where a quote may be left open: in some of them a # is usual. */
const char *advice_doubt_of(enum setting s, struct slice value);
/* A text for people, a password or a command: whatever stands there may be meant so. */
bool advice_may_be_anything(enum setting s);
/* "= x": somebody took the = of other programs for one of ours. */
bool advice_begins_with_equals(struct slice value);
/* Warns of variables that are called MYSEND_something, and mean nothing. */
void advice_variables(struct arena *in);

#endif
