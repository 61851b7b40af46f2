#include "base/notify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/datagram.h"

enum { PATIENCE_MS = 1000 }; /* how long the service manager is waited for */

void notify_state(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");

	if (path)
		(void)!datagram_send(path, slice_of(state), PATIENCE_MS);
}

void notify_reloading(void)
{
	char state[80];

	snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "000", clock_steady());
	notify_state(state);
}
