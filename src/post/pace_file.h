/*
 * post/pace_file - the file that holds the state of a rate: who may write it, how it is locked and replaced
 *
 * Replaced by rename only, with the folder locked, so that no process ever sees half a one; whoever holds the old one finds that it has
 * no name any more, and opens the new. Read through a map, written by pwrite(2): a full disk is then a failure and no signal.
 * Use: pace_file_open(&file, folder, name, &rate, f); pace_file_lock(&file, f) ... file.store ... pace_file_unlock(&file);
 * pace_file_close(&file).
 *
 * Owns: its descriptors and the map. Units: milliseconds. Bounds: PACE_LOCK_MS for a lock.
 * Errors: AT_SPOOL EX_CANTCREAT, EX_TEMPFAIL. Threads: one at a time. Source: flock(2), mmap(2).
 */
#ifndef POST_PACE_FILE_H
#define POST_PACE_FILE_H

#include "post/pace_state.h"

enum { PACE_LOCK_MS = 10 * 1000, PACE_PATH = 4096 };

struct pace_file {
	int fd, folder;
	char name[256], path[PACE_PATH]; /* the path as failures show it */
	void *map;			 /* own; what store.image is */
	const struct rate *rate;	 /* the caller's */
	struct pace_store store;	 /* is_gone and its ctx are pace_file's own, too */
	struct pace_time time;		 /* as of pace_file_lock */
	char boot_id[PACE_ID], host[PACE_ID];
	struct pace_owner me;
};

MUST_CHECK int pace_file_open(struct pace_file *p, const char *folder, const char *name, const struct rate *r, struct failure *f);
/* Afterwards the state is the newest, and p->time is now. */
MUST_CHECK int pace_file_lock(struct pace_file *p, struct failure *f);
void pace_file_unlock(struct pace_file *p);
int pace_file_fails(const struct pace_file *p, const char *what, struct failure *f); /* of errno */
void pace_file_close(struct pace_file *p);

#endif
