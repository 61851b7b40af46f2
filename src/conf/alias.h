/*
 * conf/alias - the aliases as they are held: what conf/aliases reads and conf/alias.c follows
 *
 * Use: who = alias_find(a, local, true), by those two only; everybody else goes through conf/aliases.h.
 *
 * Owns: nothing; all in the arena of the run. Errors: none. Threads: one.
 * Source: as conf/aliases.h.
 */
#ifndef CONF_ALIAS_H
#define CONF_ALIAS_H

#include <stdint.h>

#include "conf/aliases.h"

struct alias {
	const char *name; /* as an address without a domain; "*" is spelled default */
	struct slice list;
	unsigned line; /* 0: the setting root_to */
	bool open;	    /* it is being followed */
	bool somebody;	    /* when it was followed last, it came to somebody */
	uint64_t done;	    /* the number of the last walk that has been through it */
	unsigned height;    /* so many aliases one behind the other, with this one */
	uint64_t failed;    /* the number of the check in which a walk that failed has been through it, and */
	const char *why;    /* what of */
	bool refused;	    /* at a target that other programs have */
	uint64_t mail;	    /* of the mail that has all its members */
	uint64_t noted;	    /* of the mail that the note is for */
	const char *note;
};

struct aliases {
	const char *path;
	struct arena *in;
	struct alias *alias; /* sorted: name, then line */
	size_t count, room;
	uint64_t numbers; /* so many walks and mails were there */
	uint64_t mail;	  /* the number of the mail at hand */
	struct alias **given; /* all members of these have been given to it */
	size_t gifts, gift_room;
	const char *broken[8]; /* the first lines that could not be read, and why */
	size_t brokens;
};

/* name+detail is looked up whole, then without the detail; or_default: then default. NULL: there is none. */
struct alias *alias_find(const struct aliases *a, struct slice local, bool or_default);

#endif
