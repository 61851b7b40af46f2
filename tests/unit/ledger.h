/* What units of the ledger share: a ledger in a folder of its own, and in the place of the calls that change files some that can fail. */
#ifndef UNIT_LEDGER_H
#define UNIT_LEDGER_H

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "post/ledger.h"

static char folder[] = "/tmp/mysend.XXXXXX", path[64];
static const struct ledger_order order = {path, "lists/people.csv", "digest-of-the-template", "recipients", false};

/* Calls that change the file, from when `armed` is set: which of them fails, or is the last of the process. */
static struct {
	bool armed;
	unsigned calls, at; /* at: the call that fails, from 1; 0: none */
	int error;	    /* what it fails with; 0: the process ends */
	bool half, after;   /* half of what is to be written is; the call is done before the process ends */
	bool lasting;	    /* the calls after it fail, too */
	_Atomic off_t synced; /* how much of the ledger is on the disk */
	atomic_uint folders;  /* how often a folder was synced */
} fault;

static inline bool is_hit(void)
{
	if (!fault.armed)
		return false;
	fault.calls++;
	return fault.at && (fault.calls == fault.at || (fault.lasting && fault.calls > fault.at));
}

static inline int hit(void)
{
	if (!fault.error)
		_exit(99);
	errno = fault.error;
	return -1;
}

ssize_t write(int fd, const void *p, size_t len)
{
	bool now = is_hit();

	if (now && fault.half)
		syscall(SYS_write, fd, p, len / 2);
	if (now && !fault.after)
		return hit();
	len = (size_t)syscall(SYS_write, fd, p, len);
	return now ? hit() : (ssize_t)len;
}

/* The disk is not waited for: what it would have is noted. */
int fsync(int fd)
{
	struct stat st;

	if (is_hit())
		return hit();
	assert_int_equal(fstat(fd, &st), 0);
	if (S_ISREG(st.st_mode))
		fault.synced = st.st_size;
	else
		fault.folders++;
	return 0;
}

int fdatasync(int fd)
{
	return fsync(fd);
}

int ftruncate(int fd, off_t size)
{
	bool now = is_hit();
	int rc = now && !fault.after ? 0 : (int)syscall(SYS_ftruncate, fd, size);

	return now ? hit() : rc;
}

static inline void fault_none(void)
{
	fault.armed = fault.half = fault.after = fault.lasting = false;
	fault.calls = fault.at = 0;
	fault.error = 0;
}

static inline struct ledger *open_one(const struct ledger_order *o)
{
	struct ledger *l = NULL;
	struct failure f = {.text = ""};

	if (ledger_open(&l, o, &f) < 0)
		print_error("%s\n", f.text);
	assert_non_null(l);
	return l;
}

static inline void close_one(struct ledger *l)
{
	struct failure f;

	assert_int_equal(ledger_close(l, &f), 0);
}

static inline struct slice file_of(struct arena *in)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf b;
	char *text;
	size_t len;

	buf_start(&b, 1 << 20);
	assert_true(fd >= 0);
	assert_int_equal(file_slurp(fd, &b), 0);
	close(fd);
	text = arena_text(in, b.p ? b.p : "", len = b.len);
	buf_free(&b);
	return (struct slice){text, len};
}

static inline void put_file(struct slice octets)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, octets.p, octets.len), 0);
	close(fd);
}

/* One mail to one recipient, who is its key. */
static inline struct envelope one(struct recipient *to, const char *address, enum verdict v, const struct failure *why)
{
	*to = (struct recipient){.address = address, .verdict = v, .why = why};
	return (struct envelope){.recipient = to, .recipients = 1};
}

static inline int lease_one(struct ledger *l, const char *key)
{
	struct recipient to;
	struct envelope e = one(&to, key, PENDING, NULL);
	struct failure f;

	return ledger_lease(l, &(struct ledger_mail){slice_of(key), &e}, 1, &f);
}

static inline void note_one(struct ledger *l, const char *key, enum verdict v)
{
	static const struct failure said[] = {
		[DEFERRED] = {.code = 450, .enhanced = "4.2.0", .text = "later"},
		[REFUSED] = {.stage = AT_RECIPIENT, .code = 550, .enhanced = "5.1.1", .relay = "mx:25", .text = "no such\tuser"},
		[UNSURE] = {.stage = AT_END, .relay = "mx:25", .text = "connection lost"},
		[ACCEPTED] = {.code = 250, .enhanced = "2.0.0", .text = "ok"},
	};
	struct recipient to;
	struct envelope e = one(&to, key, v, v == DEFERRED || v == REFUSED || v == UNSURE ? &said[v] : NULL);

	e.answer = (struct failure[]){said[ACCEPTED]};
	ledger_note(l, slice_of(key), &e, v == WAITS ? "01ABC" : NULL);
}

static inline enum verdict verdict_of(char c)
{
	return c == 'a' ? ACCEPTED : c == 'r' ? REFUSED : c == 'b' ? BOUNCED : c == 'u' ? UNSURE : c == 'd' ? DEFERRED : c == 'w' ? WAITS : PENDING;
}

static inline bool ledger_folder(void)
{
	bool made = mkdtemp(folder) != NULL;

	snprintf(path, sizeof path, "%s/people.csv.ledger", folder);
	return made;
}

#endif
