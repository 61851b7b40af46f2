#include "post/ledger_report.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/digests.h"
#include "post/ledger_read.h"

enum { FIRST_BIN_MS = 1000, NAME = 300 };

struct record { /* what the last line of a recipient says */
	int64_t leased; /* when he was leased last */
	unsigned domain, reason; /* reason: 1 more than its index, or 0 */
	enum ledger_state state;
	bool answered;
};

struct groups {
	struct report_group *group;
	size_t count, room, most;
	struct digests index;
};

struct reading {
	struct ledger_report *report;
	struct arena *in;
	struct record *record;
	size_t records, room;
	struct digests index;
	struct groups domains, reasons;
};

/* A word that is another one for each recipient: an address, or long and with a digit in it. */
static bool is_particular(struct slice word)
{
	bool digit = false;

	for (size_t i = 0; i < word.len; i++) {
		digit |= word.p[i] >= '0' && word.p[i] <= '9';
		if (word.p[i] == '@')
			return true;
	}
	return digit && word.len >= 8;
}

void ledger_report_reason(char *to, size_t room, struct slice code, struct slice text)
{
	char *end = to + room - 1, *at = to;
	bool more = true;

	for (size_t i = 0; i < code.len && at < end; i++)
		*at++ = code.p[i];
	while (more && text.len) {
		struct slice word = text;

		more = slice_cut(&text, ' ', &word);
		if (is_particular(word))
			word = SLICE("...");
		if (at > to && at < end)
			*at++ = ' ';
		if (word.len > (size_t)(end - at))
			break;
		memcpy(at, word.p, word.len);
		at += word.len;
	}
	*at = '\0';
}

static unsigned char *digest_of(struct slice name, unsigned char digest[SHA256_OCTETS])
{
	struct sha256 s;

	sha256_begin(&s);
	sha256_add(&s, name);
	sha256_end(&s, digest);
	return digest;
}

/* 1 more than the index of the group of that name, which is made if it is missing; 0: memory is out. */
static unsigned group_of(struct groups *g, struct arena *in, struct slice name)
{
	unsigned char digest[SHA256_OCTETS];
	unsigned at = (unsigned)digests_find(&g->index, digest_of(name, digest));
	char shown[2 * NAME];

	if (at)
		return at;
	if (g->count == g->most) { /* the last one has all others */
		g->group[g->most - 1].name = "others";
		return (unsigned)g->most;
	}
	if (digests_reserve(&g->index, 1) < 0)
		return 0;
	g->group = arena_grow(in, g->group, g->count, &g->room, sizeof *g->group);
	slice_printable(shown, sizeof shown, name); /* a file that was edited may have anything in it */
	g->group[g->count++] = (struct report_group){.name = arena_text(in, shown, strlen(shown))};
	digests_put(&g->index, digest, g->count);
	return (unsigned)g->count;
}

static struct slice domain_of(struct slice recipient)
{
	size_t at = recipient.len;

	while (at && recipient.p[at - 1] != '@')
		at--;
	return at ? (struct slice){recipient.p + at, recipient.len - at} : SLICE("(no domain)");
}

/* The domain in lower case, so that it counts once. */
static unsigned domain_group(struct reading *g, struct slice recipient)
{
	struct slice domain = domain_of(recipient);
	char name[NAME];
	size_t len = domain.len < sizeof name ? domain.len : sizeof name;

	for (size_t i = 0; i < len; i++)
		name[i] = (char)(domain.p[i] >= 'A' && domain.p[i] <= 'Z' ? domain.p[i] + 32 : domain.p[i]);
	return group_of(&g->domains, g->in, (struct slice){name, len});
}

static struct record *record_of(struct reading *g, const struct ledger_line *line)
{
	unsigned char digest[SHA256_OCTETS];
	struct record *d;
	uint64_t at;

	ledger_name_digest(digest, line->key, line->recipient);
	at = digests_find(&g->index, digest);
	if (at)
		return &g->record[at - 1];
	if (digests_reserve(&g->index, 1) < 0)
		return NULL;
	g->record = arena_grow(g->in, g->record, g->records, &g->room, sizeof *g->record);
	d = &g->record[g->records++];
	*d = (struct record){.domain = domain_group(g, line->recipient), .state = LEDGER_STATES};
	digests_put(&g->index, digest, g->records);
	return d->domain ? d : NULL;
}

static void count(struct report_group *g, enum ledger_state was, enum ledger_state is)
{
	if (was < LEDGER_STATES) {
		g->state[was]--;
		g->count--;
	}
	if (is < LEDGER_STATES) {
		g->state[is]++;
		g->count++;
	}
}

static enum ledger_state state_of(enum ledger_sign sign)
{
	return sign == LEDGER_ACCEPTED ? LEDGER_DONE : sign == LEDGER_REFUSED ? LEDGER_FAILED : sign == LEDGER_WAITS ? LEDGER_SPOOLED :
	       sign == LEDGER_LATER    ? LEDGER_NEW : LEDGER_DOUBT;
}

/* Twice as long bins, so that the time fits into as many as there are. */
static void add_to_bins(struct ledger_report *r, int64_t ms)
{
	size_t at;

	if (!r->bins) {
		r->bin_first = ms;
		r->bin_ms = FIRST_BIN_MS;
	}
	if (ms < r->bin_first) /* the clock was set back */
		ms = r->bin_first;
	while ((ms - r->bin_first) / r->bin_ms >= REPORT_BINS) {
		for (size_t i = 0; i < REPORT_BINS; i++)
			r->accepted[i] = 2 * i + 1 < REPORT_BINS ? r->accepted[2 * i] + r->accepted[2 * i + 1] : 0;
		r->bin_ms *= 2;
		r->bins = (r->bins + 1) / 2;
	}
	at = (size_t)((ms - r->bin_first) / r->bin_ms);
	r->accepted[at]++;
	if (r->bins <= at)
		r->bins = at + 1;
}

static void note_slow(struct ledger_report *r, int64_t ms, struct slice recipient)
{
	size_t at = r->slows;

	while (at && r->slow[at - 1].ms < ms)
		at--;
	if (at == REPORT_SLOWEST)
		return;
	if (r->slows < REPORT_SLOWEST)
		r->slows++;
	memmove(r->slow + at + 1, r->slow + at, (r->slows - at - 1) * sizeof *r->slow);
	r->slow[at].ms = ms;
	slice_printable(r->slow[at].recipient, sizeof r->slow[at].recipient, recipient);
}

static unsigned reason_of(struct reading *g, const struct ledger_line *line)
{
	char name[NAME];

	ledger_report_reason(name, sizeof name, line->code, line->text);
	return group_of(&g->reasons, g->in, slice_of(*name ? name : "no reason"));
}

static int add(struct reading *g, const struct ledger_line *line)
{
	struct ledger_report *r = g->report;
	struct record *d = record_of(g, line);
	enum ledger_state is = state_of(line->sign);

	if (!d)
		return -1;
	if (!r->first)
		r->first = line->ms;
	r->last = line->ms > r->last ? line->ms : r->last;
	if (d->state < LEDGER_STATES)
		r->state[d->state]--;
	r->state[is]++;
	count(&g->domains.group[d->domain - 1], d->state, is);
	if (d->reason)
		count(&g->reasons.group[d->reason - 1], d->state, LEDGER_STATES);
	d->reason = 0;
	d->state = is;
	d->answered = line->sign != LEDGER_LEASED;
	if (!d->answered) {
		r->leases++;
		d->leased = line->ms;
		return 0;
	}
	if (d->leased)
		note_slow(r, line->ms - d->leased, line->recipient);
	d->leased = 0;
	if (is == LEDGER_DONE)
		add_to_bins(r, line->ms);
	if (is == LEDGER_DONE || is == LEDGER_SPOOLED)
		return 0;
	d->reason = reason_of(g, line);
	if (!d->reason)
		return -1;
	count(&g->reasons.group[d->reason - 1], LEDGER_STATES, is);
	return 0;
}

static int by_count(const void *a, const void *b)
{
	const struct report_group *x = a, *y = b;

	return x->count != y->count ? (x->count < y->count) - (x->count > y->count) : strcmp(x->name, y->name);
}

/* Sorts the groups, and leaves out those in which nobody is left. */
static size_t sort(struct groups *g)
{
	size_t n = g->count;

	if (n)
		qsort(g->group, n, sizeof *g->group, by_count);
	while (n && !g->group[n - 1].count)
		n--;
	return n;
}

static void finish(struct reading *g)
{
	struct ledger_report *r = g->report;

	r->recipients = g->records;
	for (size_t i = 0; i < g->records; i++)
		r->unanswered += g->record[i].state == LEDGER_DOUBT && !g->record[i].answered;
	r->domains = sort(&g->domains);
	r->reasons = sort(&g->reasons);
	r->domain = g->domains.group;
	r->reason = g->reasons.group;
}

static int read_lines(struct reading *g, int fd, struct failure *f)
{
	struct arena scratch = {0};
	struct ledger_reader *reader = arena_zeroed(&scratch, 1, sizeof *reader);
	struct ledger_line line;
	int rc;

	ledger_read_begin(reader, fd, g->in);
	while ((rc = ledger_read_next(reader, &line, f)) > 0)
		if (add(g, &line) < 0) {
			rc = fail(f, AT_INPUT, EX_OSERR, "no memory for the report");
			break;
		}
	if (rc == 0 && !reader->has_head)
		rc = fail(f, AT_INPUT, EX_DATAERR, "it is no ledger of mysend's");
	g->report->head = reader->head;
	g->report->holes = reader->holes;
	arena_free(&scratch);
	return rc;
}

int ledger_report_read(struct ledger_report *r, struct arena *in, const char *path, struct failure *f)
{
	struct reading g = {.report = r, .in = in, .domains.most = REPORT_DOMAINS, .reasons.most = REPORT_REASONS};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), rc; /* a FIFO has perhaps no writer */
	struct stat st;

	*r = (struct ledger_report){.path = path};
	if (fd < 0)
		return fail_errno(f, AT_INPUT, EX_NOINPUT, "ledger %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) /* a device may have no end */
		rc = fail(f, AT_INPUT, EX_NOINPUT, "it is no regular file");
	else
		rc = read_lines(&g, fd, f);
	close(fd);
	if (rc == 0)
		finish(&g);
	digests_free(&g.index);
	digests_free(&g.domains.index);
	digests_free(&g.reasons.index);
	return rc < 0 ? failure_in(f, "ledger %s", path) : 0;
}
