/*
 * spool/spool - mail that has been promised, on disk
 *
 * After spool_accept returns 0 the mail survives kill -9 and power loss. The file queue/ID never changes again; what
 * was learnt since is in queue/ID.state, replaced whole. Each step is one system call, and mysend-spool(5) lists every
 * state that a crash can leave. Any number of runners may be at work: an entry belongs to the one that holds its file's lock.
 * Acceptance and lists are in spool.c, what needs the lock (take, record, finish) in take.c, what looks at all mails (sweep, prune,
 * measure) in sweep.c; how files are called in names.c.
 *
 * Use: spool_open(&s, path, true, f); spool_accept(&s, &entry, source, f); or spool_take(&s, arena, id, 0, &entry, f), then
 * spool_record(...) or spool_finish(...), and spool_release(&entry). spool_close(&s).
 *
 * Owns: a spool its folders' descriptors; an entry its file, open and locked, until spool_release.
 * Bounds: SPOOL_NAMES mails are listed at a time; SPOOL_GROUP steps wait for one sync.
 * Errors: AT_SPOOL; EX_TEMPFAIL where the disk is full, EX_CANTCREAT for our own set-up, EX_DATAERR for a file that is
 * none of ours. Threads: one, but for spool_sync. Source: mysend-spool(5); CONTRIBUTING.md, "Spool".
 */
#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include <stdatomic.h>

#include "spool/entry.h"

enum { SPOOL_NAMES = 1000000, SPOOL_GROUP = 64 };

struct spool {
	const char *path; /* as failures show it */
	int tmp, queue, failed; /* folders */
	bool grouped;		/* spool_record and spool_finish leave the sync to spool_sync, one for many */
	atomic_uint owed, owed_failed; /* steps that wait for spool_sync; and those of them that moved a mail to failed/ */
};

struct spool_names { /* names of mails, oldest first */
	char (*name)[SPOOL_ID];
	size_t count, room;
};

/* make: folders that are missing are made. Without make, 1: there is no spool. */
MUST_CHECK int spool_open(struct spool *s, const char *path, bool make, struct failure *f);
/* The same, only to list the spool: root may look into that of any user. */
MUST_CHECK int spool_open_to_look(struct spool *s, const char *path, struct failure *f);
/* Tells whether spool_open would succeed with `make`, and makes nothing. 0: the spool is there, and can be written; 1: it could be made. */
MUST_CHECK int spool_open_to_check(struct spool *s, const char *path, struct failure *f);
void spool_close(struct spool *s);
/* Fills in the entry's id, unless it has one. An entry with attempts gets its state before any runner can take the mail. */
MUST_CHECK int spool_accept(struct spool *s, struct entry *e, struct source *message, struct failure *f);
/* Lists queue/, or failed/. */
MUST_CHECK int spool_list(const struct spool *s, bool failed, struct arena *in, struct spool_names *out, struct failure *f);
/* Lists a random sample of queue/, of so many mails at the most; *whole: that is all of them. */
MUST_CHECK int spool_sample(const struct spool *s, size_t most, struct arena *in, struct spool_names *out, bool *whole, struct failure *f);
enum spool_taken { SPOOL_GONE, SPOOL_TAKEN, SPOOL_BUSY, SPOOL_SEEN };
/* SPOOL_GONE: the mail is not there any more. SPOOL_BUSY: another process has its lock, after `patience` milliseconds still (mailq
 * has it for less than one). A lock that fails otherwise is a failure. */
MUST_CHECK int spool_take(const struct spool *s, struct arena *in, const char *id, unsigned patience, struct entry *e,
			  struct failure *f);
MUST_CHECK int spool_take_failed(const struct spool *s, struct arena *in, const char *id, struct entry *e, struct failure *f);
/* SPOOL_SEEN, or SPOOL_GONE. Takes no lock, so that no runner finds the mail taken; what is read may be out of date. */
MUST_CHECK int spool_look(const struct spool *s, bool failed, struct arena *in, const char *id, struct entry *e, struct failure *f);
struct source *spool_message(struct arena *in, const struct entry *e); /* of a mail that is taken, from its file */
bool spool_is_busy(const struct spool *s, const char *id); /* a process has its lock just now */
MUST_CHECK int spool_record(struct spool *s, const struct entry *e, struct failure *f);
/* Removes the mail from the queue: deletes it, or moves it to failed/. */
MUST_CHECK int spool_finish(struct spool *s, struct entry *e, bool failed, struct failure *f);
/* Syncs each folder once for all spool_record and spool_finish since the last time; spool_accept always syncs at once. After
 * SPOOL_GROUP steps the sync comes by itself. May be called by any thread. */
void spool_sync(struct spool *s);
/* Deletes a mail of failed/. */
MUST_CHECK int spool_forget(const struct spool *s, const struct entry *e, struct failure *f);
void spool_release(struct entry *e);
/* *room: there is room for a state. -1: nothing can be written to the spool or removed from it. */
MUST_CHECK int spool_has_room(const struct spool *s, bool *room, struct failure *f);
/* Deletes what a crash has left in tmp/, and states without a mail. A file that mysend has not made is moved to failed/. */
void spool_sweep(const struct spool *s);
/* Deletes mails of failed/ that are older than `lifetime` seconds, and the oldest of more than `most`. */
void spool_prune(const struct spool *s, time_t lifetime, size_t most);
/* How much mail waits, and how much of it a service took from that user (NULL: no user is asked for). */
struct spool_sum {
	uint64_t octets, own_octets;
	size_t mails, own_mails;
};
MUST_CHECK int spool_measure(const struct spool *s, const uid_t *user, struct spool_sum *sum, struct failure *f);

#endif
