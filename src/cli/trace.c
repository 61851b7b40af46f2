#include "cli/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { PATIENCE_MS = 2000, SHOW_MS = 500 };

static void show(void *ctx, char way, struct slice line)
{
	struct trace *w = ctx;
	char text[2048];

	slice_printable(text, sizeof text, line);
	if (w->aloud)
		fprintf(stderr, "%c%c%c %s\n", way, way, way, text);
	if (w->file)
		fprintf(w->file, "%05ld %c%c%c %s\n", (long)getpid(), way, way, way, text);
}

static void pace(void *ctx, const char *relay, uint64_t sent, uint64_t size)
{
	struct trace *w = ctx;
	int64_t now = clock_steady();

	if (now - w->began < PATIENCE_MS || now - w->shown < SHOW_MS)
		return;
	w->shown = now;
	if (size)
		fprintf(stderr, "\r\033[Kmysend: %s: %" PRIu64 " of %" PRIu64 " KB sent (%d %%)", relay, sent / 1000,
			size / 1000, (int)(sent * 100 / size));
	else
		fprintf(stderr, "\r\033[Kmysend: %s: waiting, %d s", relay, (int)((now - w->began) / 1000));
	fflush(stderr);
}

const struct tracer *trace_open(struct trace *w, const struct options *o)
{
	int fd;

	*w = (struct trace){.tracer.ctx = w, .aloud = o->verbose, .began = clock_steady()};
	if (o->traffic) {
		fd = open(o->traffic, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
		w->file = fd < 0 ? NULL : fdopen(fd, "a");
		if (!w->file)
			log_warning("%s cannot be written: %s", o->traffic, strerror(errno));
	}
	if (w->aloud || w->file)
		w->tracer.line = show;
	if (!w->aloud && !o->quiet && isatty(STDERR_FILENO))
		w->tracer.pace = pace;
	return w->tracer.line || w->tracer.pace ? &w->tracer : NULL;
}

void trace_close(struct trace *w)
{
	if (w->shown)
		fputs("\r\033[K", stderr);
	if (w->file)
		fclose(w->file);
}
