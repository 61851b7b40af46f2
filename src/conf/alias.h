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
	const char *name; /* as an address without a domain; "*" stands as "default" */
	struct slice list;
	unsigned line; /* of the file; 0: made of the setting root_to */
	bool open;	    /* it is being followed just now */
	bool somebody;	    /* the last walk from it came to at least one recipient */
	uint64_t done;	    /* the number of the last walk that has passed it */
	unsigned height;    /* the longest chain of aliases from it, with itself */
	uint64_t failed;    /* the number of the check in which a walk through it failed, and */
	const char *why;    /* why that walk failed */
	bool refused;	    /* it failed at a target that is fine for sendmail */
	uint64_t mail;	    /* the number of the mail to which all its members were given */
	uint64_t noted;	    /* the number of the mail that the note belongs to */
	const char *note;
};

struct aliases {
	const char *path;
	const char *host; /* as whoami_host has it */
	struct arena *in;
	struct alias *alias; /* sorted: name, then line */
	size_t count, room;
	uint64_t numbers; /* how many walks and mails have been numbered */
	uint64_t mail;	  /* the number of the mail at hand */
	struct alias **given; /* the aliases whose members that mail has got */
	size_t gifts, gift_room;
	const char *broken[8]; /* the first lines that could not be read, each with the reason */
	size_t brokens;
};

/* Looks up name+detail as it is, then without +detail, and with or_default then "default". NULL: there is no such alias. */
struct alias *alias_find(const struct aliases *a, struct slice local, bool or_default);

#endif
