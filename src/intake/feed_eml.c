#include "intake/feed_eml.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"

static struct slice key_of(const char *name)
{
	struct slice all = slice_of(name), end = {name, 0};

	if (*name != '.' && all.len > 4)
		end = (struct slice){name + all.len - 4, 4};
	return slice_is(end, ".eml") ? all : (struct slice){name, 0};
}

int feed_eml_open(struct feed_eml *d, int folder, struct filetypes *types, size_t most, struct failure *f)
{
	*d = (struct feed_eml){.folder = folder, .run = {clock_wall(), types}};
	if (listing_open(&d->names, &folder, 1, key_of, most) == 0)
		return 0;
	return fail(f, AT_INPUT, EX_OSERR, "no memory for the names of its files");
}

void feed_eml_close(struct feed_eml *d)
{
	listing_close(d->names);
	d->names = NULL;
}

int feed_eml_next(struct feed_eml *d, struct message *m, struct arena *in, struct failure *f)
{
	struct listing_entry entry;
	int rc = d->over ? 0 : listing_next(d->names, &entry);

	if (rc == 0)
		return 0;
	*d->name = '\0';
	if (rc < 0) {
		d->over = true;
		return fail_errno(f, AT_INPUT, EX_IOERR, "reading the folder");
	}
	d->number++;
	snprintf(d->name, sizeof d->name, "%s", entry.name);
	return feed_file_read(m, in, d->folder, d->name, &d->run, f) < 0 ? -1 : 1;
}

int feed_eml_count(const struct feed_eml *d, uint64_t *count, struct failure *f)
{
	return listing_count(d->names, count) < 0 ? fail_errno(f, AT_INPUT, EX_IOERR, "reading the folder") : 0;
}
