#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"

/* Global: written while there is one thread that logs: when the options are read, and before and behind a run. */
static bool quiet, debug, wipes, no_doubts;

void log_quiet(void)
{
	quiet = true;
}

void log_no_doubts(void)
{
	no_doubts = true;
}

void log_wipes(bool on)
{
	wipes = on;
}

void log_debug_on(void)
{
	debug = true;
}

static void line(const char *kind, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

static void line(const char *kind, const char *fmt, va_list ap)
{
	char text[1000], shown[1000], whole[1100];
	int len;

	vsnprintf(text, sizeof text, fmt, ap);
	slice_printable(shown, sizeof shown, slice_of(text));
	/* The line goes out in one write, since several threads and processes share standard error. */
	len = snprintf(whole, sizeof whole, "%smysend: %s%s\n", wipes ? "\r\033[K" : "", kind, shown);
	(void)!file_write(STDERR_FILENO, whole, (size_t)len);
}

void log_warning(const char *fmt, ...)
{
	va_list ap;

	if (quiet)
		return;
	va_start(ap, fmt);
	line("warning: ", fmt, ap);
	va_end(ap);
}

void log_doubt(const char *fmt, ...)
{
	va_list ap;

	if (quiet || no_doubts)
		return;
	va_start(ap, fmt);
	line("warning: ", fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	if (!debug)
		return;
	va_start(ap, fmt);
	line("debug: ", fmt, ap);
	va_end(ap);
}
