/*
 * cli/watch - shows the conversation with the relay: -v on standard error, -X at the end of a file
 *
 * Use: watcher = watch_open(&w, wish); ... watch_close(&w). NULL when nobody asked.
 * Owns: the file's stream. Units: lines as sendmail -v prints them, ">>> " ours and "<<< " the relay's.
 * Errors: a file that can't be opened is a warning. Threads: one.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include <stdio.h>

#include "cli/options.h"
#include "wire/transcript.h"

struct watch {
	struct watcher watcher;
	bool aloud;
	FILE *file; /* own */
};

const struct watcher *watch_open(struct watch *w, const struct wish *wish);
void watch_close(struct watch *w);

#endif
