#include "cli/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static void show(void *ctx, char way, struct slice line)
{
	struct watch *w = ctx;
	char text[2048];

	printable(text, sizeof text, line);
	if (w->aloud)
		fprintf(stderr, "%c%c%c %s\n", way, way, way, text);
	if (w->file)
		fprintf(w->file, "%05ld %c%c%c %s\n", (long)getpid(), way, way, way, text);
}

const struct watcher *watch_open(struct watch *w, const struct wish *wish)
{
	int fd;

	*w = (struct watch){.watcher = {w, show}, .aloud = wish->verbose};
	if (wish->traffic) {
		fd = open(wish->traffic, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
		w->file = fd < 0 ? NULL : fdopen(fd, "a");
		if (!w->file)
			log_warning("%s cannot be written: %s", wish->traffic, strerror(errno));
	}
	return w->aloud || w->file ? &w->watcher : NULL;
}

void watch_close(struct watch *w)
{
	if (w->file)
		fclose(w->file);
}
