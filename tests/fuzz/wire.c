/*
 * What a relay, a state file or a netrc may hold: replies, EHLO, the opening of a session, spool entries, and the writers
 * that show such text to people and programs (printable, JSON, xtext). What is printed is read back equal.
 */
#include "fuzz.h"

#include <sysexits.h>

#include "base/json.h"
#include "conf/netrc.h"
#include "mail/address.h"
#include "post/hint.h"
#include "spool/entry.h"
#include "wire/command.h"
#include "wire/reply.h"
#include "wire/transcript.h"

static void read_replies(struct slice text)
{
	struct reply r = {0};
	struct failure f;
	struct slice line;

	while (slice_line(&text, &line)) {
		int whole = reply_line(&r, line, &f);

		if (whole < 0) {
			fuzz_is_clean(f.text);
			return;
		}
		fuzz_is_clean(r.text);
		fuzz_is_clean(r.enhanced);
		if (!whole)
			continue;
		HOLDS(r.code >= 200 && r.code <= 599, line);
		reply_failure(&r, AT_RECIPIENT, EX_UNAVAILABLE, &f);
		hint_add(&f);
		fuzz_is_clean(f.hint);
		r = (struct reply){0};
	}
}

/* RFC 5321 2.3.8: one CRLF, at the end. */
static void is_one_command(const struct buf *b)
{
	struct slice said = buf_slice_of(b);

	HOLDS(said.len > 2 && memchr(said.p, '\r', said.len) == said.p + said.len - 2, said);
	HOLDS(memchr(said.p, '\n', said.len) == said.p + said.len - 1 && !memchr(said.p, 0, said.len), said);
}

static void read_ehlo(struct arena *in, struct slice text)
{
	struct caps caps = {0};
	struct mail m = {.in = in, .envelope.sender = "me@example.org", .envelope.envid = "x y+z", .envelope.notify = NOTIFY_FAILURE};
	struct slice line;
	struct failure f;
	struct buf b;

	while (slice_line(&text, &line))
		caps_line(&caps, line);
	fuzz_is_clean(caps.auth);
	m.form7 = source_text(in, SLICE("a: b\r\n\r\nx\r\n"));
	envelope_add(&m.envelope, in, "you@example.org");
	buf_start(&b, 100000);
	if (command_mail(&b, &caps, &m, &f) == 0)
		is_one_command(&b);
	buf_clear(&b);
	if (command_rcpt(&b, &caps, &m, m.envelope.recipient, &f) == 0)
		is_one_command(&b);
	buf_free(&b);
}

static void watch(void *ctx, char way, struct slice line)
{
	char text[2048];

	(void)ctx;
	HOLDS(way == '>' || way == '<', line);
	slice_printable(text, sizeof text, line);
	fuzz_is_clean(text);
}

/* Lines that begin with ">" are ours. */
static void open_session(struct slice text)
{
	struct tracer w = {.line = watch};
	struct transcript t = {.tracer = &w, .login = text.len & 1, .clear_login = text.len & 2};
	struct slice line;
	struct failure f;

	while (slice_line(&text, &line)) {
		if (line.len && *line.p == '>') {
			transcript_said(&t, (struct slice){line.p + 1, line.len - 1});
		} else if (transcript_heard(&t, line, &f) < 0) {
			fuzz_is_clean(f.text);
			return;
		}
		fuzz_is_clean(t.reply.text);
		(void)transcript_stage(&t);
	}
}

static void is_same_envelope(const struct envelope *a, const struct envelope *b, struct slice text)
{
	HOLDS(strcmp(a->sender, b->sender) == 0 && fuzz_same_text(a->envid, b->envid), text);
	HOLDS(a->notify == b->notify && a->ret == b->ret && a->body == b->body && a->smtputf8 == b->smtputf8, text);
	HOLDS(a->recipients == b->recipients, text);
	for (size_t i = 0; i < a->recipients; i++) {
		const struct recipient *x = &a->recipient[i], *y = &b->recipient[i];

		HOLDS(strcmp(x->address, y->address) == 0 && fuzz_same_text(x->orcpt, y->orcpt), text);
		HOLDS(x->notify == y->notify && x->verdict == y->verdict, text);
	}
}

static void is_same_entry(const struct entry *a, const struct entry *b, struct slice text)
{
	is_same_envelope(&a->envelope, &b->envelope, text);
	HOLDS(a->arrived == b->arrived && a->size == b->size && a->eightbit == b->eightbit, text);
	HOLDS(strcmp(a->account, b->account) == 0 && fuzz_same_text(a->config, b->config) && a->envelope.without == b->envelope.without, text);
	HOLDS(a->attempts == b->attempts && a->next == b->next && a->on_hold == b->on_hold && a->warned == b->warned, text);
	HOLDS(a->idle == b->idle && a->since == b->since, text);
}

static void print_again(struct arena *in, const struct entry *e)
{
	struct entry again = {.last = "", .fd = -1};
	struct buf block, state;
	struct slice rest;
	struct failure f;

	buf_start(&block, ENTRY_BLOCK);
	buf_start(&state, ENTRY_BLOCK);
	HOLDS(entry_print(&block, e, &f) == 0, SLICE("entry_print"));
	rest = buf_slice_of(&block);
	HOLDS(entry_parse(&again, in, &rest, &f) == 0 && !rest.len, buf_slice_of(&block));
	HOLDS(entry_print_state(&state, e) == 0, SLICE("entry_print_state"));
	HOLDS(entry_parse_state(&again, in, buf_slice_of(&state), &f) == 0, buf_slice_of(&state));
	is_same_entry(e, &again, buf_slice_of(&block));
	buf_free(&block);
	buf_free(&state);
}

/* A block, and behind it a state. */
static void read_entry(struct arena *in, struct slice text)
{
	struct entry e = {.last = "", .fd = -1};
	struct failure f;

	if (entry_parse(&e, in, &text, &f) < 0 || entry_parse_state(&e, in, text, &f) < 0)
		fuzz_is_clean(f.text);
	else
		print_again(in, &e);
}

/* Control characters included: what comes from outside is no entry of ours, and is refused or comes back equal. */
static void print_entry(struct arena *in, struct slice text)
{
	struct entry e = {.account = "a", .last = "", .fd = -1, .envelope.sender = "s@x"};
	struct failure f;
	struct buf block;

	e.config = arena_printf(in, "/%s", text.p);
	envelope_add(&e.envelope, in, "r@x");
	buf_start(&block, ENTRY_BLOCK);
	if (entry_print(&block, &e, &f) == 0)
		print_again(in, &e);
	else
		HOLDS(slice_has_control(slice_of(text.p)), text);
	buf_free(&block);
}

static void write_json(struct slice text)
{
	struct buf b;

	buf_start(&b, 16 * text.len + 100);
	HOLDS(json_text(&b, text) == 0, text);
	HOLDS(slice_is_utf8(buf_slice_of(&b)) && !slice_has_control(buf_slice_of(&b)), buf_slice_of(&b));
	HOLDS(b.len >= 2 && b.p[0] == '"' && b.p[b.len - 1] == '"', buf_slice_of(&b));
	for (size_t i = 1; i + 1 < b.len; i++) { /* RFC 8259 7 */
		HOLDS(b.p[i] != '"', buf_slice_of(&b));
		if (b.p[i] == '\\') {
			i++;
			HOLDS(i + 1 < b.len && strchr("\"\\/bfnrtu", b.p[i]), buf_slice_of(&b));
		}
	}
	buf_free(&b);
}

static void write_xtext(struct arena *in, struct slice text)
{
	struct buf b;
	const char *back;

	buf_start(&b, 4 * text.len + 10);
	HOLDS(address_xtext(&b, text.p) == 0, text);
	for (size_t i = 0; i < b.len; i++)
		HOLDS(b.p[i] > 32 && b.p[i] < 127, buf_slice_of(&b));
	back = address_of_xtext(in, buf_slice_of(&b));
	if (slice_has_control(slice_of(text.p)))
		HOLDS(!back, text);
	else
		HOLDS(back && strcmp(back, text.p) == 0, text);
	(void)address_of_xtext(in, text);
	buf_free(&b);
}

static void write_for_people(struct slice text)
{
	char shown[300];

	slice_printable(shown, sizeof shown, text);
	fuzz_is_clean(shown);
}

static void read_netrc(struct slice text)
{
	struct buf b;
	struct slice password;

	buf_start(&b, text.len + 1);
	HOLDS(buf_slice(&b, text) == 0, text);
	if (netrc_find(&b, "host", "user", &password))
		HOLDS(password.p >= b.p && password.p + password.len <= b.p + b.len, text);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct arena in = {0};
	struct slice text = fuzz_copy(&in, octets, len);

	read_replies(text);
	read_ehlo(&in, text);
	open_session(text);
	read_entry(&in, text);
	print_entry(&in, text);
	write_json(text);
	write_xtext(&in, text);
	write_for_people(text);
	read_netrc(text);
	arena_free(&in);
	return 0;
}
