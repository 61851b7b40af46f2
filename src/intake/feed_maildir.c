#include "intake/feed_maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"

static const char *const folders[] = {"new", "cur"};

/* The name without its flags; empty for a file that is not read. */
static struct slice key_of(const char *name)
{
	const char *flags = strstr(name, ":2,");

	if (*name == '.' || (flags && strchr(flags, 'T')))
		return (struct slice){name, 0};
	return (struct slice){name, flags ? (size_t)(flags - name) : strlen(name)};
}

int feed_maildir_open(struct feed_maildir *d, int folder, struct filetypes *types, size_t most, struct failure *f)
{
	*d = (struct feed_maildir){.folder = {-1, -1}, .run = {clock_wall(), types}};
	for (size_t i = 0; i < 2; i++) {
		d->folder[i] = openat(folder, folders[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (d->folder[i] < 0) {
			fail_errno(f, AT_INPUT, EX_NOINPUT, "its folder %s", folders[i]);
			feed_maildir_close(d);
			return -1;
		}
	}
	if (listing_open(&d->names, d->folder, 2, key_of, most) == 0)
		return 0;
	feed_maildir_close(d);
	return fail(f, AT_INPUT, EX_OSERR, "no memory for the names of its files");
}

void feed_maildir_close(struct feed_maildir *d)
{
	listing_close(d->names);
	d->names = NULL;
	for (size_t i = 0; i < 2; i++)
		if (d->folder[i] >= 0)
			close(d->folder[i]);
	d->folder[0] = d->folder[1] = -1;
}

static int fail_reading(struct feed_maildir *d, struct failure *f)
{
	d->over = true;
	*d->name = '\0';
	return fail_errno(f, AT_INPUT, EX_IOERR, "reading its folders");
}

static int read_entry(struct feed_maildir *d, const struct listing_entry *entry, struct message *m, struct arena *in, struct failure *f)
{
	snprintf(d->name, sizeof d->name, "%s/%s", folders[entry->folder], entry->name);
	return feed_file_read(m, in, d->folder[entry->folder], entry->name, &d->run, f);
}

/* Reads the file. A mail program may have given it another name since the folder was read. */
static int read_moved(struct feed_maildir *d, const struct listing_entry *entry, struct message *m, struct arena *in, struct failure *f)
{
	struct listing_entry now;
	int rc = read_entry(d, entry, m, in, f);

	if (rc == 0 || errno != ENOENT || listing_find(d->names, key_of(entry->name), &now) <= 0)
		return rc;
	return read_entry(d, &now, m, in, f);
}

int feed_maildir_next(struct feed_maildir *d, struct message *m, struct arena *in, struct failure *f)
{
	struct listing_entry entry;
	int rc = d->over ? 0 : listing_next(d->names, &entry);

	if (rc < 0)
		return fail_reading(d, f);
	if (rc == 0)
		return 0;
	d->number++;
	return read_moved(d, &entry, m, in, f) < 0 ? -1 : 1;
}

int feed_maildir_count(const struct feed_maildir *d, uint64_t *count, struct failure *f)
{
	return listing_count(d->names, count) < 0 ? fail_errno(f, AT_INPUT, EX_IOERR, "reading its folders") : 0;
}
