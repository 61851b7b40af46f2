/*
 * A ledger's file: whatever stands in it, reading ends, what is read and written again is the same, no two keys are written the
 * same, the run that goes on and the report count the same, and what was opened once can be opened again. Input: the lines behind a
 * first line that is right, or, where it begins with "mysend", the whole file; the two halves of it are keys, too.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <unistd.h>

#include "post/ledger_read.h"
#include "post/ledger_report.h"

enum { LONGEST_INPUT = 100000 };

static const char first_line[] = "mysend-ledger 1\tpeople.csv\t-\trecipients\t0123456789\n";
static char path[] = "/tmp/mysend-fuzz-ledger.XXXXXX";

/* Nobody waits for the disk here. */
int fdatasync(int fd)
{
	return fd < 0 ? -1 : 0;
}

int fsync(int fd)
{
	return fd < 0 ? -1 : 0;
}

static void remove_file(void)
{
	unlink(path);
}

static void put_file(struct slice text)
{
	static bool made;
	int fd = made ? open(path, O_WRONLY | O_TRUNC | O_CLOEXEC) : mkstemp(path);

	if (!made)
		atexit(remove_file);
	made = true;
	if (fd < 0 || write(fd, first_line, slice_begins(text, "mysend") ? 0 : strlen(first_line)) < 0 || write(fd, text.p, text.len) < 0)
		abort();
	close(fd);
}

static bool same_name(struct slice key, struct slice recipient, struct slice other_key, struct slice other_recipient)
{
	unsigned char a[SHA256_OCTETS], b[SHA256_OCTETS];

	ledger_name_digest(a, key, recipient);
	ledger_name_digest(b, other_key, other_recipient);
	return memcmp(a, b, sizeof a) == 0;
}

static void check_line(const struct ledger_line *line)
{
	struct ledger_line back;
	struct buf b;

	buf_start(&b, 8 * LEDGER_LINE);
	HOLDS(ledger_line_print(&b, line) == 0 && b.p[b.len - 1] == '\n', line->key);
	HOLDS(ledger_line_parse((struct slice){b.p, b.len - 1}, &back), buf_slice_of(&b));
	HOLDS(back.sign == line->sign && back.ms == line->ms, buf_slice_of(&b));
	HOLDS(fuzz_same(back.key, line->key) && fuzz_same(back.recipient, line->recipient), buf_slice_of(&b));
	HOLDS(same_name(back.key, back.recipient, line->key, line->recipient), buf_slice_of(&b));
	buf_free(&b);
}

static void read_lines(struct slice text)
{
	static struct ledger_reader r;
	struct arena in = {.block = NULL};
	struct ledger_line line, again;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char room[LEDGER_LINE];
	struct failure f;
	int rc;

	ledger_read_begin(&r, fd, &in);
	while ((rc = ledger_read_next(&r, &line, &f)) > 0) {
		HOLDS(r.has_head, text);
		check_line(&line);
		HOLDS(ledger_read_at(fd, r.offset, room, &again) && fuzz_same(again.key, line.key), text);
	}
	if (rc < 0)
		fuzz_is_clean(f.text);
	else
		HOLDS(r.whole <= text.len + strlen(first_line), text);
	close(fd);
	arena_free(&in);
}

static void print(const struct ledger_report *r, struct slice text)
{
	struct buf b;

	buf_start(&b, 16u << 20);
	HOLDS(ledger_report_print(&b, r) == 0 && b.p[b.len - 1] == '\n' && slice_is_utf8(buf_slice_of(&b)), text);
	buf_clear(&b);
	HOLDS(ledger_report_json(&b, r) == 0 && slice_is_utf8(buf_slice_of(&b)) && slice_lines(buf_slice_of(&b)) == 1, text);
	buf_free(&b);
}

static bool report(struct ledger_report *r, struct arena *in, struct slice text)
{
	size_t all = 0, domains = 0;
	struct failure f;

	if (ledger_report_read(r, in, path, &f) < 0)
		return false;
	for (size_t i = 0; i < LEDGER_STATES; i++)
		all += r->state[i];
	for (size_t i = 0; i < r->domains; i++)
		domains += r->domain[i].count;
	HOLDS(all == r->recipients && domains == r->recipients, text);
	print(r, text);
	return true;
}

static struct ledger *open_it(void)
{
	const struct ledger_order order = {path, "people.csv", "-", "recipients", true};
	struct ledger *l = NULL;
	struct failure f;

	if (ledger_open(&l, &order, &f) == 0)
		return l;
	fuzz_is_clean(f.text);
	return NULL;
}

static void go_on(struct slice text)
{
	struct arena in = {.block = NULL};
	struct ledger_report r;
	bool told = report(&r, &in, text);
	struct ledger *l = open_it();
	struct recipient to = {.address = "new@example.org"};
	struct envelope e = {.recipient = &to, .recipients = 1};
	struct failure f;

	for (size_t i = 0; l && told && i < LEDGER_STATES; i++)
		HOLDS(ledger_sum(l).recipients[i] == r.state[i], text);
	if (l) {
		HOLDS(ledger_lease(l, &(struct ledger_mail){SLICE("new"), &e}, 1, &f) == 0, text);
		HOLDS(ledger_close(l, &f) == 0, text);
		l = open_it();
		HOLDS(l && ledger_find(l, SLICE("new"), to.address) == LEDGER_DOUBT, text);
		HOLDS(ledger_close(l, &f) == 0, text);
	}
	arena_free(&in);
}

static void write_keys(struct slice text)
{
	struct slice a = {text.p, text.len / 2}, b = {text.p + text.len / 2, text.len - text.len / 2};
	struct ledger_name one, other;
	struct ledger_line line;

	ledger_name_print(&one, a, "x");
	ledger_name_print(&other, b, "x");
	HOLDS((strcmp(one.key, other.key) == 0) == fuzz_same(a, b), text);
	HOLDS(slice_is_utf8(slice_of(one.key)) && !slice_has_control(slice_of(one.key)), text);
	line = (struct ledger_line){LEDGER_REFUSED, 1, slice_of(one.key), slice_of(one.recipient), SLICE("550"), b};
	check_line(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct arena in = {.block = NULL};
	struct slice text;

	if (len > LONGEST_INPUT)
		return 0;
	text = fuzz_copy(&in, octets, len);
	put_file(text);
	read_lines(text);
	go_on(text);
	write_keys(text);
	arena_free(&in);
	return 0;
}
