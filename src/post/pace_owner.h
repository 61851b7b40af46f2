/*
 * post/pace_owner - which process, of which start of which host, holds a lease
 *
 * A pid alone means nothing: it comes again, in another container it is somebody else, and after a restart all are gone.
 * Use: pace_owner_host(boot_id, host); then pace_owner_me of that boot_id: if (pace_owner_is_gone(&me, &other)) ...
 *
 * Owns: nothing. Units: none. Bounds: PACE_ID octets. Errors: none: what cannot be found out is "", 0, or not gone.
 * Threads: any. Source: proc(5): sys/kernel/random/boot_id, PID/stat, PID/ns; machine-id(5).
 */
#ifndef POST_PACE_OWNER_H
#define POST_PACE_OWNER_H

#include "post/pace_state.h"

void pace_owner_host(char boot_id[static PACE_ID], char host[static PACE_ID]);
struct pace_owner pace_owner_me(const char *boot_id);
/* It is a process of this start of the host, seen from here, and is not there any more. */
bool pace_owner_is_gone(const struct pace_owner *me, const struct pace_owner *who);

#endif
