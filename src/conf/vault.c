#include "conf/vault.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/log.h"

static char *room;
static size_t used;
static unsigned before; /* handles of what was wiped */
static unsigned count;	/* texts in it, each with its NUL, one behind the other */

static bool vault_open(void)
{
	const struct rlimit none = {0, 0};
	void *p;

	if (room)
		return true;
	p = mmap(NULL, VAULT_ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return false;
#ifdef MADV_DONTDUMP
	(void)!madvise(p, VAULT_ROOM, MADV_DONTDUMP);
#endif
#ifdef MADV_WIPEONFORK
	(void)!madvise(p, VAULT_ROOM, MADV_WIPEONFORK);
#endif
	(void)!setrlimit(RLIMIT_CORE, &none);
#if defined(PR_SET_DUMPABLE) && !defined(__SANITIZE_ADDRESS__) /* whose leak checker looks in from outside */
	(void)!prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
	room = p;
	return true;
}

/* Only the pages in use: what may be locked is often a few dozen. */
static void lock(size_t end)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), first = used / page * page;

	if (mlock(room + first, end - first) < 0)
		log_debug("passwords cannot be kept from swapping: the limit for locked memory is too low");
}

unsigned vault_keep(struct slice text)
{
	if (!vault_open() || text.len >= VAULT_ROOM - used)
		return 0;
	lock(used + text.len + 1);
	if (text.len)
		memcpy(room + used, text.p, text.len);
	room[used + text.len] = '\0';
	used += text.len + 1;
	return before + ++count;
}

const char *vault_text(unsigned handle)
{
	const char *p = room;

	if (handle <= before || handle > before + count)
		return NULL;
	for (unsigned i = before + 1; i < handle; i++)
		p += strlen(p) + 1;
	return p;
}

void vault_wipe(void)
{
	if (room)
		explicit_bzero(room, used);
	before += count;
	used = count = 0;
}
