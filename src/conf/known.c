#include "conf/known.h"

#include <pthread.h>
#include <stdlib.h>
#include <sysexits.h>

#include "conf/vault.h"

/* What is known of an account in one kind. */
struct known {
	unsigned account; /* the account's id */
	enum known_kind kind;
	enum { UNKNOWN, SEARCHED_FOR, FOUND } state;
	unsigned handle; /* FOUND: the text's handle; 0: the account has none */
	struct known_facts facts;
	unsigned refused;  /* the handle of a text that is not to be found again; 0: none */
	unsigned waiting;  /* threads that wait for a search to end */
	unsigned searches; /* searches that have ended */
	bool failed;	   /* the last search failed: */
	struct failure why;
	struct known *next;
};

/* Global, like the vault, so that what one thread has found no other thread has to ask for. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER; /* a search has ended */
static struct known *all;
static unsigned wipes;

int known_keep(struct search *s, struct slice text)
{
	/* The text is kept and taken under one lock: in between, known_wipe would find a text without a user, and wipe it. */
	pthread_mutex_lock(&lock);
	s->found.handle = vault_keep(text);
	s->found.text = vault_take(s->found.handle);
	pthread_mutex_unlock(&lock);
	return s->found.text ? 0 : -1;
}

static struct known *look_up(const struct account *a, enum known_kind kind)
{
	struct known *k = all;

	while (k && (k->account != a->id || k->kind != kind))
		k = k->next;
	return k;
}

static struct known *known_of(const struct account *a, enum known_kind kind, struct failure *f)
{
	struct known *k = look_up(a, kind);

	if (k)
		return k;
	k = calloc(1, sizeof *k);
	if (!k) {
		fail(f, AT_CONFIG, EX_OSERR, "no memory for the password");
		return NULL;
	}
	k->account = a->id;
	k->kind = kind;
	k->next = all;
	all = k;
	return k;
}

static void forget(struct known *k)
{
	if (k->state != FOUND)
		return;
	vault_drop(k->handle);
	k->handle = 0;
	k->state = UNKNOWN;
}

/* Waits for the search of another thread, and shares its result. */
static int await(struct known *k, struct failure *f)
{
	unsigned before = k->searches;

	k->waiting++;
	while (k->searches == before)
		pthread_cond_wait(&ended, &lock);
	k->waiting--;
	if (!k->failed)
		return 0;
	*f = k->why;
	return -1;
}

/* Searches without the lock: a command may take long, and the searches for other accounts need not wait for it. */
static int search_for(struct known *k, const struct account *a, known_search *search, void *ctx, struct credential *out, struct failure *f)
{
	struct search s = {.of = a, .refused = vault_take(k->refused)};
	unsigned before = wipes, refused = k->refused;
	int rc;

	k->state = SEARCHED_FOR;
	pthread_mutex_unlock(&lock);
	rc = search(&s, ctx, f);
	pthread_mutex_lock(&lock);
	if (s.refused)
		vault_release(refused);
	k->state = rc < 0 ? UNKNOWN : FOUND;
	k->handle = s.found.handle;
	k->facts = s.facts;
	k->failed = rc < 0;
	if (rc < 0)
		k->why = *f;
	else
		*out = s.found;
	if (wipes != before) /* known_wipe was called meanwhile: no login is to come after this one */
		forget(k);
	k->searches++;
	pthread_cond_broadcast(&ended);
	return rc;
}

static int take(struct credential *out, struct known *k, const struct account *a, known_search *search, void *ctx, struct failure *f)
{
	while (k->state != FOUND) {
		if (k->state == UNKNOWN)
			return search_for(k, a, search, ctx, out, f);
		if (await(k, f) < 0)
			return -1;
	}
	*out = (struct credential){vault_take(k->handle), k->handle};
	return 0;
}

int known_take(struct credential *out, const struct account *a, enum known_kind kind, known_search *search, void *ctx, struct failure *f)
{
	struct known *k;
	int rc;

	*out = (struct credential){NULL, 0};
	pthread_mutex_lock(&lock);
	k = known_of(a, kind, f);
	rc = k ? take(out, k, a, search, ctx, f) : -1;
	pthread_mutex_unlock(&lock);
	return rc;
}

int known_put(const struct account *a, enum known_kind kind, struct slice text, const struct known_facts *facts, struct failure *f)
{
	struct failure unused;
	struct known *k;
	int rc = -1;

	pthread_mutex_lock(&lock);
	k = known_of(a, kind, f);
	while (k && k->state == SEARCHED_FOR)
		(void)!await(k, &unused);
	if (k) {
		forget(k);
		k->handle = vault_keep(text);
		k->facts = *facts;
		k->state = k->handle ? FOUND : UNKNOWN;
		rc = k->handle ? 0 : fail(f, AT_CONFIG, EX_CONFIG, "no locked memory for the password");
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

void known_look(struct credential *out, const struct account *a, enum known_kind kind)
{
	struct known *k;

	*out = (struct credential){NULL, 0};
	pthread_mutex_lock(&lock);
	k = look_up(a, kind);
	if (k && k->state == FOUND)
		*out = (struct credential){vault_take(k->handle), k->handle};
	pthread_mutex_unlock(&lock);
}

/* The lock is held. NULL: this text is not what is known. */
static struct known *known_text(const struct account *a, enum known_kind kind, unsigned handle)
{
	struct known *k = look_up(a, kind);

	return k && k->state == FOUND && k->handle == handle ? k : NULL;
}

bool known_facts_of(const struct account *a, enum known_kind kind, unsigned handle, struct known_facts *out)
{
	struct known *k;

	pthread_mutex_lock(&lock);
	k = known_text(a, kind, handle);
	if (k)
		*out = k->facts;
	pthread_mutex_unlock(&lock);
	return k != NULL;
}

void known_prove(const struct account *a, enum known_kind kind, unsigned handle)
{
	struct known *k;

	pthread_mutex_lock(&lock);
	k = known_text(a, kind, handle);
	if (k)
		k->facts.proved = true;
	pthread_mutex_unlock(&lock);
}

void known_drop(const struct account *a, enum known_kind kind)
{
	struct known *k;

	pthread_mutex_lock(&lock);
	k = look_up(a, kind);
	if (k)
		forget(k);
	pthread_mutex_unlock(&lock);
}

void known_drop_text(const struct account *a, enum known_kind kind, unsigned handle)
{
	struct known *k;

	pthread_mutex_lock(&lock);
	k = known_text(a, kind, handle);
	if (k)
		forget(k);
	pthread_mutex_unlock(&lock);
}

void known_refuse(const struct account *a, enum known_kind kind, unsigned handle)
{
	struct known *k;

	pthread_mutex_lock(&lock);
	k = known_text(a, kind, handle);
	if (k) {
		vault_drop(k->refused);
		k->refused = k->handle; /* it stays in the vault, for search() to compare with */
		k->handle = 0;
		k->state = UNKNOWN;
	}
	pthread_mutex_unlock(&lock);
}

void known_wipe(void)
{
	struct known **last = &all;

	pthread_mutex_lock(&lock);
	wipes++;
	while (*last) {
		struct known *k = *last;

		forget(k);
		if (k->state == SEARCHED_FOR || k->waiting) {
			last = &k->next;
			continue;
		}
		*last = k->next;
		free(k);
	}
	vault_wipe();
	pthread_mutex_unlock(&lock);
}
