/*
 * conf/predecessor - the program that sent this host's mail before, by the configuration that it has left
 *
 * Use: predecessor_find(&p, arena, "/etc"); then p.file is there, and the section p.program of contrib/migrate.md tells what
 * stands for it here.
 *
 * Owns: nothing; texts in the arena. Bounds: MAIN_CF octets of Postfix's file. Errors: none: what cannot be read is not there.
 * Threads: any. Source: the manuals of those programs.
 */
#ifndef CONF_PREDECESSOR_H
#define CONF_PREDECESSOR_H

#include "base/arena.h"

struct predecessor {
	const char *program, *file;
};

bool predecessor_find(struct predecessor *out, struct arena *in, const char *etc);

#endif
