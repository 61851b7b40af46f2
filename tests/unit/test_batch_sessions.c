/* post/batch with its real crew, over sessions that send nowhere, some of which are lost; and over a disk that fails. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "base/file.h"
#include "batch.h"
#include "conf/credential.h"
#include "wire/smtp.h"

enum { WINDOW = 4 };

struct session {
	unsigned answered, left; /* it is lost after so many */
};

static struct {
	atomic_uint sent[MAILS], opened, given, syncs, fails_at, given_after; /* given_after: mails that left once the disk had failed */
	atomic_bool failed;
	_Atomic off_t synced; /* how much of the ledger is on the disk */
	atomic_uint leased;   /* mails that are in what is on the disk */
	unsigned lose;	      /* each session but the last ones is lost after so many mails; 0: none */
	pthread_mutex_t lock; /* of what follows */
	size_t looked;
	unsigned most_ahead;
} world = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* --- a disk ----------------------------------------------------------------------------------- */

int fdatasync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	if (world.fails_at && ++world.syncs >= world.fails_at) {
		world.failed = true;
		errno = ENOSPC;
		return -1;
	}
	if (st.st_size > world.synced)
		world.synced = st.st_size;
	return 0;
}

/* How many leases are in the ledger as the disk has it. */
static unsigned count_leases(void)
{
	char text[1 << 16];
	size_t end = (size_t)world.synced;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	pthread_mutex_lock(&world.lock);
	while (world.looked < end) {
		size_t room = end - world.looked < sizeof text ? end - world.looked : sizeof text;
		ssize_t n = pread(fd, text, room, (off_t)world.looked);

		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			world.leased += text[i] == '>';
		world.looked += (size_t)n;
	}
	pthread_mutex_unlock(&world.lock);
	close(fd);
	return world.leased;
}

/* --- sessions --------------------------------------------------------------------------------- */

bool session_is_encrypted(const struct session *s)
{
	return s->answered > 0;
}

bool session_is_authenticated(const struct session *s)
{
	return s->answered > 0;
}

void session_before_wait(struct session *s, void (*call)(void *ctx), void *ctx)
{
	(void)s;
	if (call)
		call(ctx);
}

void credential_drop(const struct account *a)
{
	assert_non_null(a);
}

void link_warn(const struct link *l, const struct mail *m)
{
	assert_true(l && m);
}

bool link_is_spent(struct link *l)
{
	assert_non_null(l);
	return false;
}

void link_leave(struct link *l, bool politely)
{
	(void)politely;
	free(l->session);
	l->session = NULL;
}

int link_reach(struct link *l, const struct account *a, struct failure *f)
{
	(void)f;
	if (l->session)
		return 0;
	l->session = calloc(1, sizeof *l->session);
	assert_non_null(l->session);
	l->session->left = world.lose && world.opened++ < 12 ? world.lose : MAILS;
	l->relay_of = a;
	l->sessions++;
	return 0;
}

static unsigned number_of(const struct mail *m)
{
	return (unsigned)strtoul(m->envelope.recipient->address + 1, NULL, 10);
}

/* A mail that leaves stands in the ledger on the disk, and few do that have not left. */
static struct mail *take(const struct smtp_client *client)
{
	int64_t unused;
	struct mail *m = client->next(client->ctx, &unused);
	unsigned leased, given;

	if (!m)
		return NULL;
	given = ++world.given;
	world.given_after += world.failed;
	leased = count_leases();
	assert_true(leased >= given);
	given = world.given; /* other threads may have taken some since */
	pthread_mutex_lock(&world.lock);
	if (leased > given && leased - given > world.most_ahead)
		world.most_ahead = leased - given;
	pthread_mutex_unlock(&world.lock);
	return m;
}

static int lose(struct mail **hand, size_t n, const struct smtp_client *client, struct failure *f)
{
	static const struct failure lost = {.stage = AT_END, .exit = EX_TEMPFAIL, .text = "lost"};

	*f = lost;
	for (size_t i = 0; i < n; i++) { /* the relay has the first one */
		world.sent[number_of(hand[i])] += i == 0;
		hand[i]->envelope.recipient->verdict = i == 0 ? UNSURE : PENDING;
		hand[i]->envelope.recipient->why = &lost;
		world.given -= i > 0; /* comes again without a lease */
		client->done(client->ctx, hand[i]);
	}
	return -1;
}

int smtp_run(struct session *s, const struct smtp_limits *limits, const struct smtp_client *client, struct failure *f)
{
	struct mail *hand[WINDOW], *m;
	size_t n = 0;

	for (;;) {
		while (n < limits->window && n < WINDOW && (m = take(client)))
			hand[n++] = m;
		if (!n)
			return 0;
		if (s->answered == s->left)
			return lose(hand, n, client, f);
		world.sent[number_of(hand[0])]++;
		hand[0]->envelope.recipient->verdict = ACCEPTED;
		s->answered++;
		client->done(client->ctx, hand[0]);
		memmove(hand, hand + 1, --n * sizeof *hand);
	}
}

/* --- runs ------------------------------------------------------------------------------------- */

static void begin(size_t mails)
{
	unlink(path);
	for (size_t i = 0; i < MAILS; i++)
		world.sent[i] = 0;
	world.opened = world.given = world.syncs = world.fails_at = world.given_after = world.leased = world.lose = world.most_ahead = 0;
	world.synced = 0;
	world.looked = 0;
	world.failed = false;
	input_set("");
	input.mails = mails;
	for (unsigned i = 0; i < mails; i++) {
		struct fed *m = &input.mail[i];

		snprintf(m->key, sizeof m->key, "k%u", i);
		snprintf(m->to[0], sizeof m->to[0], "u%u@example.org", i);
		m->recipients = 1;
	}
}

static int run(struct ledger *l, unsigned sessions, struct batch_sum *sum, struct failure *f)
{
	const struct batch_order o = {.input = &input_of, .ledger = l, .sessions = sessions, .pauses = 0};

	return batch_run(&o, sum, f);
}

static void test_all_are_sent_once_over_sessions_of_which_some_are_lost(void **state)
{
	static const struct { unsigned sessions, lose; } rows[] = {{1, 0}, {4, 0}, {8, 0}, {1, 7}, {4, 30}};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct ledger *l;
		struct batch_sum sum;
		struct failure f;
		unsigned twice = 0;

		begin(1500);
		world.lose = rows[i].lose;
		l = open_ledger();
		assert_int_equal(run(l, rows[i].sessions, &sum, &f), 0);
		assert_int_equal(ledger_close(l, &f), 0);
		assert_int_equal(input.out, 0);
		assert_int_equal(sum.accepted, 1500);
		assert_true(sum.whole && sum.seen == 1500);
		for (unsigned k = 0; k < 1500; k++) {
			assert_true(world.sent[k] >= 1);
			twice += world.sent[k] - 1;
		}
		assert_int_equal(twice, sum.crew.lost); /* one in doubt for each lost session, tried again in the end */
		/* Beside a window of leases there are mails for which a session is being opened, and those of lost sessions. */
		assert_true(world.most_ahead < WINDOW + rows[i].sessions * (rows[i].lose ? WINDOW : 1));
	}
}

/* Each lease is a sync, and so are results, when the relay is waited for. */
static void test_no_mail_leaves_after_the_disk_has_failed(void **state)
{
	(void)state;
	for (unsigned sessions = 1; sessions <= 4; sessions += 3)
		for (unsigned at = 2; at < 40; at += 3) {
			struct ledger *l;
			struct batch_sum sum;
			struct failure f;

			begin(400);
			l = open_ledger();
			world.fails_at = at;
			assert_int_equal(run(l, sessions, &sum, &f), -1);
			assert_int_equal(f.exit, EX_TEMPFAIL);
			assert_non_null(strstr(f.text, path));
			/* Another session may have been about to send when a sync of results failed. */
			assert_true(world.given_after <= sessions);
			assert_true(count_leases() >= world.given);
			assert_true(sum.accepted + sum.doubtful + sum.waits + sum.left == sum.seen && sum.accepted < 400);
			assert_int_equal(input.out, 0);
			(void)!ledger_close(l, &f);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_are_sent_once_over_sessions_of_which_some_are_lost),
		cmocka_unit_test(test_no_mail_leaves_after_the_disk_has_failed),
	};
	int rc = !make_folder() || cmocka_run_group_tests(tests, NULL, NULL);

	unlink(path);
	return rc || rmdir(folder) < 0;
}
