#include "base/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct name {
	size_t folder;
	char text[LISTING_NAME];
};

struct listing {
	int folder[LISTING_FOLDERS]; /* borrowed */
	size_t folders;
	listing_key *key;
	size_t most, names, next; /* how many names may be held, and are held; which of them is given next */
	bool all;	     /* no name comes after those that are held */
	struct name last;    /* the last name given, or "" */
	struct name found;   /* what listing_find has found */
	struct name *name;   /* own; in order; while the folders are read a heap with the last name in front */
};

static int compare(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.p, b.p, len) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_names(const struct listing *l, const struct name *a, const struct name *b)
{
	return compare(l->key(a->text), l->key(b->text));
}

int listing_open(struct listing **out, const int *folder, size_t folders, listing_key *key, size_t most)
{
	struct listing *l = calloc(1, sizeof *l);

	if (!l)
		return -1;
	*l = (struct listing){.folders = folders, .key = key, .most = most, .name = calloc(most, sizeof *l->name)};
	memcpy(l->folder, folder, folders * sizeof *folder);
	if (!l->name) {
		free(l);
		return -1;
	}
	*out = l;
	return 0;
}

void listing_close(struct listing *l)
{
	if (l)
		free(l->name);
	free(l);
}

static void swap(struct name *a, struct name *b)
{
	struct name c = *a;

	*a = *b;
	*b = c;
}

static void sift_up(struct listing *l, size_t i)
{
	for (size_t up; i && compare_names(l, &l->name[up = (i - 1) / 2], &l->name[i]) < 0; i = up)
		swap(&l->name[up], &l->name[i]);
}

/* names: so many of them are the heap. */
static void sift_down(struct listing *l, size_t names)
{
	for (size_t i = 0, down; (down = 2 * i + 1) < names; i = down) {
		if (down + 1 < names && compare_names(l, &l->name[down], &l->name[down + 1]) < 0)
			down++;
		if (compare_names(l, &l->name[i], &l->name[down]) >= 0)
			return;
		swap(&l->name[i], &l->name[down]);
	}
}

/* Holds this name if it comes after the last one given, and is one of the `most` that come next. */
static void hold_name(struct listing *l, const struct name *n)
{
	if (*l->last.text && compare_names(l, n, &l->last) <= 0)
		return;
	if (l->names < l->most) {
		l->name[l->names] = *n;
		sift_up(l, l->names++);
		return;
	}
	l->all = false;
	if (compare_names(l, n, l->name) < 0) {
		*l->name = *n;
		sift_down(l, l->names);
	}
}

/* Calls `each` for every name in the folders, until it returns true. */
static int read_folders(const struct listing *l, bool (*each)(void *ctx, const struct name *n), void *ctx)
{
	for (size_t i = 0; i < l->folders; i++) {
		int fd = openat(l->folder[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;
		DIR *folder = fd < 0 ? NULL : fdopendir(fd);
		const struct dirent *entry;
		struct name n = {.folder = i};
		bool enough = false;

		if (!folder) {
			error = errno;
			if (fd >= 0)
				close(fd);
			errno = error;
			return -1;
		}
		while (!enough && (errno = 0, entry = readdir(folder))) {
			if (!l->key(entry->d_name).len)
				continue;
			snprintf(n.text, sizeof n.text, "%s", entry->d_name);
			enough = each(ctx, &n);
		}
		error = enough ? 0 : errno;
		closedir(folder);
		errno = error;
		if (error || enough)
			return error ? -1 : 0;
	}
	return 0;
}

static bool each_hold(void *ctx, const struct name *n)
{
	hold_name(ctx, n);
	return false;
}

/* Reads the folders for the names that come next, and puts them in order. */
static int refill(struct listing *l)
{
	l->names = l->next = 0;
	l->all = true;
	if (read_folders(l, each_hold, l) < 0)
		return -1;
	for (size_t left = l->names; left > 1; left--) {
		swap(&l->name[0], &l->name[left - 1]);
		sift_down(l, left - 1);
	}
	return 0;
}

int listing_next(struct listing *l, struct listing_entry *entry)
{
	const struct name *n;

	/* A file that gets another name while the folders are read may be seen twice. */
	do {
		if (l->next == l->names && l->all)
			return 0;
		if (l->next == l->names && refill(l) < 0)
			return -1;
		if (!l->names)
			return 0;
		n = &l->name[l->next++];
	} while (*l->last.text && compare_names(l, n, &l->last) == 0);
	l->last = *n;
	*entry = (struct listing_entry){l->last.folder, l->last.text};
	return 1;
}

static bool each_count(void *ctx, const struct name *n)
{
	uint64_t *count = ctx;

	(void)n;
	(*count)++;
	return false;
}

int listing_count(const struct listing *l, uint64_t *count)
{
	*count = 0;
	return read_folders(l, each_count, count);
}

struct finding {
	struct listing *l;
	struct slice key;
};

static bool each_find(void *ctx, const struct name *n)
{
	struct finding *search = ctx;

	if (compare(search->l->key(n->text), search->key) != 0)
		return false;
	search->l->found = *n;
	return true;
}

int listing_find(struct listing *l, struct slice key, struct listing_entry *entry)
{
	struct finding search = {l, key};

	*l->found.text = '\0';
	if (read_folders(l, each_find, &search) < 0)
		return -1;
	*entry = (struct listing_entry){l->found.folder, l->found.text};
	return *l->found.text ? 1 : 0;
}
