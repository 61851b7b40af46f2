/*
 * intake/file_option - what --attach and --inline are given: a path, and behind it ;type= ;name= ;disposition= ;id=
 *
 * Use: file_option(&file, arena, "--attach", value, f). A path may have a ; in it, and so may a value: of the places where the
 * path may end, the one counts at which there is such a file; if there are two, that is an error, since either could be meant.
 * Quoted, as in "a;name=b";name="c;type=d", a path or a value is what stands between the quotes, \" and \\ for " and \ in it.
 *
 * Owns: nothing; texts are the arena's. Errors: AT_USAGE EX_USAGE, EX_DATAERR; AT_INPUT EX_NOINPUT where no file is named.
 * Threads: whoever holds the arena. Source: mysend(1).
 */
#ifndef INTAKE_FILE_OPTION_H
#define INTAKE_FILE_OPTION_H

#include "intake/draft.h"

MUST_CHECK int file_option(struct draft_file *to, struct arena *in, const char *spelled, const char *value, struct failure *f);
/* The path; "-" for standard input by any of its names. */
const char *file_option_path(const char *text);

#endif
