/*
 * spool/spool - mail that has been promised, on disk
 *
 * After spool_accept returns 0 the mail survives kill -9 and power loss. The file queue/ID never changes again; what
 * was learnt since is in queue/ID.state, replaced whole. Each step is one system call, and mysend-spool(5) lists every
 * state that a crash can leave. Any number of runners may be at work: an entry belongs to who holds its file's lock.
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
	const char *path; /* for messages */
	int tmp, queue, failed; /* folders */
	bool grouped;		/* what is recorded and finished waits for spool_sync, to be synced together */
	atomic_uint owed, owed_failed; /* how much does; and of this into failed/ */
};

struct spool_names { /* of mails, oldest first */
	char (*name)[SPOOL_ID];
	size_t count, room;
};

/* make: its folders are made where they are missing. Without it, 1: there is none. */
MUST_CHECK int spool_open(struct spool *s, const char *path, bool make, struct failure *f);
/* The same, only to list what is there: root may look into anybody's. */
MUST_CHECK int spool_open_to_look(struct spool *s, const char *path, struct failure *f);
void spool_close(struct spool *s);
/* A name like no other; and that of the bounce, or warning, which tells of an entry's last attempt. */
MUST_CHECK int spool_name(const struct spool *s, char id[SPOOL_ID], struct failure *f);
bool spool_is_name(const char *name); /* of a mail, or of its bounce */
time_t spool_name_time(const char *id); /* when it was made */
void spool_name_bounce(char id[SPOOL_ID], const struct entry *of, bool warning);
/* Fills in the entry's id, unless it has one. What has been tried gets its state before anybody else can take it. */
MUST_CHECK int spool_accept(struct spool *s, struct entry *e, struct source *message, struct failure *f);
/* Of the queue, or of what was given up. */
MUST_CHECK int spool_list(const struct spool *s, bool failed, struct arena *in, struct spool_names *out, struct failure *f);
/* So many of the queue at the most, by chance; *whole: there are no more. */
MUST_CHECK int spool_sample(const struct spool *s, size_t most, struct arena *in, struct spool_names *out, bool *whole, struct failure *f);
enum spool_taken { SPOOL_GONE, SPOOL_TAKEN, SPOOL_BUSY, SPOOL_SEEN };
/* SPOOL_GONE: it is not there any more. SPOOL_BUSY: somebody else has it, so many milliseconds later still; mailq has it
 * for less than one. A lock that fails otherwise is a failure. */
MUST_CHECK int spool_take(const struct spool *s, struct arena *in, const char *id, unsigned patience, struct entry *e,
			  struct failure *f);
MUST_CHECK int spool_take_failed(const struct spool *s, struct arena *in, const char *id, struct entry *e, struct failure *f);
/* SPOOL_SEEN, or SPOOL_GONE: without a lock, so that nobody who wants it finds it taken; what is in it may be over. */
MUST_CHECK int spool_look(const struct spool *s, bool failed, struct arena *in, const char *id, struct entry *e, struct failure *f);
bool spool_is_busy(const struct spool *s, const char *id); /* somebody has it just now */
MUST_CHECK int spool_record(struct spool *s, const struct entry *e, struct failure *f);
/* It leaves the queue: for good, or into failed/. */
MUST_CHECK int spool_finish(struct spool *s, struct entry *e, bool failed, struct failure *f);
/* One sync of each folder for all that is recorded and finished since the last; what is accepted never waits for it. SPOOL_GROUP of
 * them are synced by themselves. By any thread. */
void spool_sync(struct spool *s);
/* What was given up is deleted. */
MUST_CHECK int spool_forget(const struct spool *s, const struct entry *e, struct failure *f);
void spool_release(struct entry *e);
/* *room: a state could be written now. -1: nothing at all can be, nor taken out. */
MUST_CHECK int spool_has_room(const struct spool *s, bool *room, struct failure *f);
/* Takes away what a crash has left in tmp/ and states without a mail; what is none of ours goes to failed/. */
void spool_sweep(const struct spool *s);
/* Of what was given up, what is older than so many seconds goes, and what is more than so many. */
void spool_prune(const struct spool *s, time_t lifetime, size_t most);
/* How much waits, and how much of it a service took from that user (NULL: nobody asks). */
struct spool_sum {
	uint64_t octets, own_octets;
	size_t mails, own_mails;
};
MUST_CHECK int spool_measure(const struct spool *s, const uid_t *user, struct spool_sum *sum, struct failure *f);

#endif
