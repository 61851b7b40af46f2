#include "post/ledger_inside.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "post/ledger_read.h"

/* The number of a recipient in the index: the sign of his last line, whether he was in doubt before the lease that this is, and
 * where that line stands (0: not needed). */
enum { SIGN = 0x7f, DOUBT_BEFORE = 0x80, OFFSET_BITS = 8 };

static enum ledger_state state_of(unsigned sign)
{
	switch (sign & SIGN) {
	case LEDGER_LEASED:
	case LEDGER_UNSURE: return LEDGER_DOUBT;
	case LEDGER_ACCEPTED: return LEDGER_DONE;
	case LEDGER_REFUSED: return LEDGER_FAILED;
	case LEDGER_WAITS: return LEDGER_SPOOLED;
	default: return LEDGER_NEW;
	}
}

static uint64_t find(const struct ledger *l, const struct ledger_name *n, unsigned char digest[SHA256_OCTETS])
{
	ledger_name_digest(digest, slice_of(n->key), slice_of(n->recipient));
	return digests_find(&l->index, digest);
}

void ledger_put(struct ledger *l, const unsigned char digest[SHA256_OCTETS], unsigned sign, uint64_t offset)
{
	uint64_t before = digests_find(&l->index, digest);

	if (before)
		l->sum.recipients[state_of((unsigned)before)]--;
	l->sum.recipients[state_of(sign)]++;
	digests_put(&l->index, digest, offset << OFFSET_BITS | sign);
}

int ledger_no_memory(const struct ledger *l, struct failure *f)
{
	return fail(f, AT_INPUT, EX_OSERR, "ledger %s: no memory", l->file.path);
}

/* Keeps the first failure: what follows comes of it. */
static void note_failure(struct ledger *l, const struct failure *f)
{
	if (!l->failed)
		l->why = *f;
	l->failed = true;
}

static uint64_t number_of(const struct ledger *l, struct slice key, const char *recipient)
{
	unsigned char digest[SHA256_OCTETS];
	struct ledger_name n;

	ledger_name_print(&n, key, recipient);
	return find(l, &n, digest);
}

enum ledger_state ledger_find(const struct ledger *l, struct slice key, const char *recipient)
{
	return state_of((unsigned)number_of(l, key, recipient));
}

bool ledger_is_fresh(const struct ledger *l, struct slice key, const char *recipient)
{
	return number_of(l, key, recipient) >> OFFSET_BITS >= l->began;
}

bool ledger_was_in_doubt(const struct ledger *l, struct slice key, const char *recipient)
{
	return number_of(l, key, recipient) & DOUBT_BEFORE;
}

enum ledger_turn ledger_turn(enum ledger_state s, bool retry, bool hold)
{
	switch (s) {
	case LEDGER_NEW: return LEDGER_NOW;
	case LEDGER_FAILED: return retry ? LEDGER_NOW : LEDGER_NOTHING;
	case LEDGER_DOUBT: return hold ? LEDGER_NOTHING : LEDGER_LAST;
	default: return LEDGER_NOTHING;
	}
}

static int append(struct ledger *l, struct failure *f)
{
	int rc = l->out.len ? ledger_file_append(&l->file, buf_slice_of(&l->out), f) : 0;

	if (rc == 0)
		atomic_fetch_add(&l->owed, 1);
	buf_clear(&l->out);
	return rc;
}

static int write_leases(struct ledger *l, const struct ledger_mail *m, int64_t now, struct failure *f)
{
	for (size_t i = 0; i < m->envelope->recipients; i++) {
		const struct recipient *to = &m->envelope->recipient[i];
		struct ledger_name n;
		struct ledger_line line = {.sign = LEDGER_LEASED, .ms = now};

		if (to->verdict != PENDING)
			continue;
		ledger_name_print(&n, m->key, to->address);
		line.key = slice_of(n.key);
		line.recipient = slice_of(n.recipient);
		if (ledger_line_print(&l->out, &line) < 0)
			return ledger_no_memory(l, f);
		if (l->out.len >= LEDGER_GROUP && append(l, f) < 0)
			return -1;
	}
	return 0;
}

/* Room was reserved, so that this cannot fail once the lease is on disk. */
static void index_leases(struct ledger *l, const struct ledger_mail *m)
{
	for (size_t i = 0; i < m->envelope->recipients; i++) {
		unsigned char digest[SHA256_OCTETS];
		struct ledger_name n;
		bool doubt;

		if (m->envelope->recipient[i].verdict != PENDING)
			continue;
		ledger_name_print(&n, m->key, m->envelope->recipient[i].address);
		doubt = state_of((unsigned)find(l, &n, digest)) == LEDGER_DOUBT;
		ledger_put(l, digest, LEDGER_LEASED | (doubt ? DOUBT_BEFORE : 0u), 0);
	}
}

static int sync_lease(struct ledger *l, struct failure *f)
{
	atomic_store(&l->owed, 0);
	return ledger_file_sync(&l->file, f);
}

int ledger_lease(struct ledger *l, const struct ledger_mail *mail, size_t mails, struct failure *f)
{
	uint64_t before = l->file.size;
	int64_t now = clock_wall_ms();
	size_t count = 0;
	int rc = 0;

	if (l->failed) {
		*f = l->why;
		return -1;
	}
	for (size_t i = 0; i < mails; i++)
		count += envelope_count(mail[i].envelope, PENDING);
	if (digests_reserve(&l->index, count) < 0)
		rc = ledger_no_memory(l, f);
	if (rc == 0)
		rc = ledger_file_check_place(&l->file, f);
	for (size_t i = 0; i < mails && rc == 0; i++)
		rc = write_leases(l, &mail[i], now, f);
	if (rc == 0)
		rc = append(l, f);
	if (rc == 0)
		rc = sync_lease(l, f);
	if (rc < 0) { /* none of these mails will be sent: none of them is in doubt */
		struct failure unused;

		buf_clear(&l->out);
		note_failure(l, f);
		(void)!ledger_file_cut(&l->file, before, &unused);
		return -1;
	}
	/* From here on these mails may leave. */
	for (size_t i = 0; i < mails; i++)
		index_leases(l, &mail[i]);
	return 0;
}

void ledger_lease_again(struct ledger *l, const struct ledger_mail *mail)
{
	struct failure f;

	if (!l->failed && (write_leases(l, mail, clock_wall_ms(), &f) < 0 || append(l, &f) < 0))
		note_failure(l, &f);
}

/* The relay's word, or ours, about a recipient: "5.1.1 no such user"; of what failed before the relay said anything, also where. */
static void say(const struct failure *why, char code[8], char words[FAILURE_WORDS])
{
	char text[FAILURE_WORDS];

	*code = *words = '\0';
	if (!why)
		return;
	if (!why->code) {
		failure_words(words, why, WORDS_WHERE | WORDS_CODE, NULL);
		return;
	}
	snprintf(code, 8, "%d", why->code);
	snprintf(words, FAILURE_WORDS, "%s%s%s", why->enhanced, *why->enhanced ? " " : "", failure_words(text, why, 0, NULL));
}

/* What is written of a recipient. 0: nothing, since that stands there already, or is less than what is known. Who was in doubt
 * before this run's lease, and was not accepted now, still is: the earlier try may have reached him. */
static unsigned sign_for(enum verdict v, uint64_t before)
{
	static const unsigned char signs[] = {
		[PENDING] = LEDGER_LATER,    [ACCEPTED] = LEDGER_ACCEPTED, [DEFERRED] = LEDGER_LATER, [REFUSED] = LEDGER_REFUSED,
		[BOUNCED] = LEDGER_REFUSED, [UNSURE] = LEDGER_UNSURE,	   [WAITS] = LEDGER_WAITS,
	};
	unsigned sign = signs[v], last = (unsigned)before & SIGN;

	if (last == LEDGER_ACCEPTED || last == sign || (sign == LEDGER_LATER && last != LEDGER_LEASED))
		return 0;
	return sign == LEDGER_LATER && before & DOUBT_BEFORE ? LEDGER_UNSURE : sign;
}

static int note(struct ledger *l, struct slice key, const struct envelope *e, const struct recipient *to, const char *spooled, struct failure *f)
{
	const struct failure *why = to->verdict == ACCEPTED && e->answer && e->answer->code / 100 == 2 ? e->answer : to->why;
	char code[8], words[FAILURE_WORDS];
	unsigned char digest[SHA256_OCTETS];
	struct ledger_name n;
	struct ledger_line line;
	unsigned sign;
	size_t len;

	ledger_name_print(&n, key, to->address);
	sign = sign_for(to->verdict, find(l, &n, digest));
	if (!sign)
		return 0;
	say(why, code, words);
	if (!why && sign == LEDGER_LATER)
		snprintf(words, sizeof words, "not sent");
	if (sign == LEDGER_WAITS && spooled)
		snprintf(words, sizeof words, "%s", spooled);
	line = (struct ledger_line){(enum ledger_sign)sign, clock_wall_ms(), slice_of(n.key), slice_of(n.recipient), slice_of(code), slice_of(words)};
	if (digests_reserve(&l->index, 1) < 0 || ledger_line_print(&l->out, &line) < 0)
		return ledger_no_memory(l, f);
	len = l->out.len;
	if (append(l, f) < 0)
		return -1;
	ledger_put(l, digest, sign, l->file.size - len);
	return 0;
}

void ledger_note(struct ledger *l, struct slice key, const struct envelope *e, const char *spooled)
{
	struct failure f;

	for (size_t i = 0; i < e->recipients; i++)
		if (note(l, key, e, &e->recipient[i], spooled, &f) < 0)
			note_failure(l, &f);
}

void ledger_sync(struct ledger *l)
{
	struct failure f;

	if (atomic_flag_test_and_set(&l->syncing))
		return;
	/* What was noted while the first sync ran gets another; then this thread goes on with its session, and the next one that
	 * waits, or the next lease, syncs what is new. A failure stays in the file, and the next lease tells it. */
	for (int i = 0; i < 2 && atomic_exchange(&l->owed, 0); i++)
		if (ledger_file_sync_results(&l->file, &f) < 0)
			break;
	atomic_flag_clear(&l->syncing);
}

int ledger_check(const struct ledger *l, struct failure *f)
{
	if (l->failed)
		*f = l->why;
	return l->failed ? -1 : ledger_file_check(&l->file, f);
}

struct ledger_sum ledger_sum(const struct ledger *l)
{
	return l->sum;
}

bool ledger_said(const struct ledger *l, struct slice key, const char *recipient, struct arena *in, const char **code, const char **text)
{
	unsigned char digest[SHA256_OCTETS], there[SHA256_OCTETS];
	char room[LEDGER_LINE];
	struct ledger_line line;
	struct ledger_name n;
	uint64_t number;

	ledger_name_print(&n, key, recipient);
	number = find(l, &n, digest);
	if (!(number >> OFFSET_BITS) || !ledger_read_at(l->file.read, number >> OFFSET_BITS, room, &line))
		return false;
	ledger_name_digest(there, line.key, line.recipient);
	if (memcmp(there, digest, sizeof there) != 0) /* the file was edited meanwhile */
		return false;
	*code = arena_text(in, line.code.p, line.code.len);
	*text = arena_text(in, line.text.p, line.text.len);
	return true;
}

const char *ledger_run(const struct ledger *l)
{
	return l->head.run;
}

const char *ledger_message_id(const struct ledger *l, struct slice key, const char *domain, struct arena *in)
{
	char hex[SHA256_HEX];
	struct ledger_name n;

	ledger_name_print(&n, key, "");
	sha256_hex(hex, slice_of(arena_printf(in, "%s\t%s", l->head.run, n.key)));
	return arena_printf(in, "<%.32s@%s>", hex, domain);
}

int ledger_close(struct ledger *l, struct failure *f)
{
	int rc = 0;

	if (l->failed)
		*f = l->why;
	if (l->failed || ledger_file_sync(&l->file, f) < 0)
		rc = -1;
	ledger_file_close(&l->file);
	digests_free(&l->index);
	buf_free(&l->out);
	arena_free(&l->in);
	free(l);
	return rc;
}
