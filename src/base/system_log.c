#include "base/system_log.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/datagram.h"
#include "base/log.h"

enum { MOMENT_MS = 50, BEFORE = 1024 }; /* octets in front of the line */

void system_log(const char *tag, int priority, const char *line)
{
	time_t now = clock_wall();
	char when[40] = "", shown[200];
	struct tm tm;
	struct buf b;

	slice_printable(shown, sizeof shown, slice_of(tag)); /* a tag with a line end in it must not begin a line */
	buf_start(&b, SYSTEM_LOG_LINE + BEFORE);
	if (localtime_r(&now, &tm))
		(void)!strftime(when, sizeof when, "%b %e %H:%M:%S", &tm);
	if (buf_printf(&b, "<%d>%s %s[%ld]: %s", priority, when, shown, (long)getpid(), line) == 0 &&
	    datagram_send("/dev/log", buf_slice_of(&b), MOMENT_MS) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			log_debug("syslog: %s", strerror(errno));
		else
			log_warning("syslog does not take a line: %s", strerror(errno));
	}
	buf_free(&b);
}
