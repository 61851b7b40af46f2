#include "conf/vault.h"

#include <pthread.h>
#include <stdalign.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/log.h"

/* A text, and unused room after it; the next piece follows. */
struct piece {
	alignas(max_align_t) size_t room; /* octets of text[] */
	unsigned handle; /* 0: nobody's, and wiped */
	unsigned users;  /* takes that are not released yet */
	bool dropped;    /* it is wiped with the last release */
	char text[];
};

enum { STEP = 64 }; /* room is a multiple of it, so that an account's next token fits where the last one was */

/* Global, so that all passwords in the process are in one place, and can be wiped at once. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *memory;
static size_t used;
static unsigned last; /* the handle that was given last */

/* It stays, and asking for it again is cheap. */
void vault_guard(void)
{
	const struct rlimit none = {0, 0};

	(void)!setrlimit(RLIMIT_CORE, &none);
#if defined(PR_SET_DUMPABLE) && !defined(__SANITIZE_ADDRESS__) /* the leak checker of ASan has to read this process's memory */
	(void)!prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static bool vault_open(void)
{
	void *p;

	if (memory)
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
	vault_guard();
	memory = p;
	return true;
}

/* Locks only the pages in use: often not more than a few dozen may be locked. */
static void keep_from_swapping(size_t end)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), first = used / page * page;

	if (mlock(memory + first, end - first) < 0)
		log_debug("passwords cannot be kept from swapping: the limit for locked memory is too low");
}

static struct piece *piece_at(size_t at)
{
	return (struct piece *)(void *)(memory + at);
}

static size_t behind(size_t at)
{
	return at + sizeof(struct piece) + piece_at(at)->room;
}

static struct piece *piece_of(unsigned handle)
{
	for (size_t at = 0; handle && at < used; at = behind(at))
		if (piece_at(at)->handle == handle)
			return piece_at(at);
	return NULL;
}

/* A free piece with enough room, or a new one. */
static struct piece *find_room(size_t octets)
{
	size_t room = (octets + STEP - 1) / STEP * STEP;
	struct piece *p;

	for (size_t at = 0; at < used; at = behind(at))
		if (!piece_at(at)->handle && piece_at(at)->room >= octets)
			return piece_at(at);
	if (room > VAULT_ROOM - used || sizeof *p > VAULT_ROOM - used - room)
		return NULL;
	keep_from_swapping(used + sizeof *p + room);
	p = piece_at(used);
	p->room = room;
	used += sizeof *p + room;
	return p;
}

unsigned vault_keep(struct slice text)
{
	struct piece *p;
	unsigned handle = 0;

	pthread_mutex_lock(&lock);
	p = text.len < VAULT_ROOM && vault_open() ? find_room(text.len + 1) : NULL;
	if (p) {
		if (text.len)
			memcpy(p->text, text.p, text.len);
		p->text[text.len] = '\0';
		p->users = 0;
		p->dropped = false;
		handle = p->handle = ++last;
	}
	pthread_mutex_unlock(&lock);
	return handle;
}

const char *vault_take(unsigned handle)
{
	const char *text = NULL;
	struct piece *p;

	pthread_mutex_lock(&lock);
	p = piece_of(handle);
	if (p && !p->dropped) {
		p->users++;
		text = p->text;
	}
	pthread_mutex_unlock(&lock);
	return text;
}

static void wipe(struct piece *p)
{
	explicit_bzero(p->text, p->room);
	p->handle = 0;
}

static void drop(struct piece *p)
{
	p->dropped = true;
	if (!p->users)
		wipe(p);
}

void vault_release(unsigned handle)
{
	struct piece *p;

	pthread_mutex_lock(&lock);
	p = piece_of(handle);
	if (p && p->users && !--p->users && p->dropped)
		wipe(p);
	pthread_mutex_unlock(&lock);
}

void vault_drop(unsigned handle)
{
	struct piece *p;

	pthread_mutex_lock(&lock);
	p = piece_of(handle);
	if (p)
		drop(p);
	pthread_mutex_unlock(&lock);
}

void vault_wipe(void)
{
	bool any = false;

	pthread_mutex_lock(&lock);
	for (size_t at = 0; at < used; at = behind(at)) {
		if (piece_at(at)->handle)
			drop(piece_at(at));
		any |= piece_at(at)->handle != 0;
	}
	used = any ? used : 0;
	pthread_mutex_unlock(&lock);
}
