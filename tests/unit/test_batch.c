/* post/batch over a crew that does with each mail what a row says: which mails are given when, to whom, and how they are counted. */
#include "unit.h"

#include <fcntl.h>

#include "base/file.h"
#include "batch.h"
#include "host.h"
#include "post/enqueue.h"

enum { TRIED = 64 };

static struct {
	const char *script; /* "b=4+ c=-": what the tries of a recipient come to, one sign each; + once they are used up */
	const char *shut;   /* the accounts whose relays let nobody in */
	char tried[TRIED][32];
	unsigned tries[TRIED], known;
	char log[800];
	struct ledger *ledger;
	unsigned told_after, narrow_after, mails; /* told_after: so many mails we are told to end; narrow_after: the crew goes one mail at a time */
	unsigned waits;
	bool spool_full;
} world;

static void log_add(const char *text, struct slice more)
{
	size_t len = strlen(world.log);

	snprintf(world.log + len, sizeof world.log - len, "%s%s%.*s", len && *text ? " " : "", text, (int)more.len, more.p);
}

int enqueue_all(struct job *j, const struct failure *why, struct failure *f)
{
	struct envelope *e = &j->mail.envelope;

	if (world.spool_full)
		return fail(f, AT_SPOOL, EX_TEMPFAIL, "spool is full");
	log_add(why ? "?spool:" : "spool:", SLICE(""));
	for (size_t i = 0; i < e->recipients; i++) {
		log_add("", slice_of(e->recipient[i].address));
		e->recipient[i].verdict = WAITS;
	}
	j->spooled = "01ABC";
	return 0;
}

/* --- a crew ----------------------------------------------------------------------------------- */

static char next_sign(const char *recipient)
{
	struct slice rest = slice_of(world.script), word, who;
	unsigned i = 0;
	bool more = rest.len > 0;

	while (i < world.known && strcmp(world.tried[i], recipient) != 0)
		i++;
	if (i == world.known)
		snprintf(world.tried[world.known++], sizeof world.tried[0], "%s", recipient);
	while (more) {
		more = slice_cut(&rest, ' ', &word);
		if (!more)
			word = rest;
		if (slice_cut(&word, '=', &who) && (slice_is(who, recipient) || slice_is(who, "*")) && world.tries[i] < word.len)
			return word.p[world.tries[i]++];
	}
	return '+';
}

static const struct failure said[] = {
	['4'] = {.stage = AT_RECIPIENT, .exit = EX_TEMPFAIL, .code = 450, .text = "later"},
	['-'] = {.stage = AT_RECIPIENT, .exit = EX_NOUSER, .code = 550, .text = "no such user"},
	['m'] = {.stage = AT_SENDER, .exit = EX_UNAVAILABLE, .code = 550, .text = "we like you not"},
	['e'] = {.stage = AT_END, .exit = EX_UNAVAILABLE, .code = 554, .text = "spam"},
	['d'] = {.stage = AT_END, .exit = EX_UNAVAILABLE, .code = 550, .enhanced = "5.4.5", .text = "Daily user sending limit exceeded"},
	['s'] = {.stage = AT_END, .exit = EX_UNAVAILABLE, .code = 550, .text = "Maximum sending rate exceeded"},
	['?'] = {.stage = AT_END, .exit = EX_TEMPFAIL, .text = "lost"},
	['p'] = {.stage = AT_SENDER, .exit = EX_TEMPFAIL, .text = "lost"},
};

static enum crew_end try_mail(struct job *j)
{
	struct envelope *e = &j->mail.envelope;
	enum crew_end how = CREW_DONE;

	for (size_t i = 0; i < e->recipients; i++) {
		char sign = next_sign(e->recipient[i].address);

		e->recipient[i].why = sign == '+' || sign == 'b' ? NULL : &said[(unsigned char)sign];
		e->recipient[i].verdict = sign == '+' ? ACCEPTED : sign == '4' ? DEFERRED : sign == '?' ? UNSURE : sign == 'p' || sign == 'b' ? PENDING : REFUSED;
		if (sign == '?' || sign == 'p')
			how = CREW_TRIED;
		if (sign == 'b')
			how = CREW_BACK;
	}
	return how;
}

/* What is given was leased, and to nobody twice. */
static void check_given(struct job *j)
{
	const struct batch_slot { void *next; struct job *job; struct slice key; } *s = j->slot;
	struct envelope *e = &j->mail.envelope;

	assert_ptr_equal(s->job, j);
	if (world.narrow_after && world.mails >= world.narrow_after + account[0].window) /* what was leased before is used up */
		assert_int_equal(ledger_sum(world.ledger).recipients[LEDGER_DOUBT], 1);
	assert_true(e->recipients > 0);
	log_add("", SLICE(" "));
	log_add("", s->key);
	for (size_t i = 0; i < e->recipients; i++) {
		assert_int_equal(e->recipient[i].verdict, PENDING);
		assert_int_equal(ledger_find(world.ledger, s->key, e->recipient[i].address), LEDGER_DOUBT);
		log_add("", i ? SLICE(",") : SLICE("="));
		log_add("", slice_of(e->recipient[i].address));
	}
}

int crew_run(const struct crew_order *o, const struct crew_client *client, struct crew_sum *sum, struct failure *f)
{
	bool alone = false, shut = world.shut && strchr(world.shut, *o->account->name);
	struct job *j;
	int64_t when;

	*sum = (struct crew_sum){.sessions = 1, .most = o->sessions};
	client->window(client->ctx, o->account->window);
	while ((j = client->next(client->ctx, alone, &when)) || !alone) {
		assert_int_equal(when, 0);
		if (!j) {
			alone = true;
			continue;
		}
		if (world.mails == 0 || strcmp(world.log, "") == 0 || !sum->lost) {
			log_add(alone ? "(" : "[", slice_of(o->account->name));
			sum->lost = 1;
		}
		if (shut || client->over(client->ctx)) {
			client->done(client->ctx, j, CREW_BACK);
			fail(f, AT_LOGIN, EX_NOPERM, "nobody gets in");
			return shut ? -1 : 0;
		}
		check_given(j);
		client->done(client->ctx, j, try_mail(j));
		host.told = ++world.mails == world.told_after;
		if (world.mails == world.narrow_after)
			client->window(client->ctx, 1);
	}
	return 0;
}

static void on_event(void *ctx, const struct batch_event *e)
{
	assert_ptr_equal(ctx, &world);
	if (e->what == BATCH_BAD)
		log_add("", slice_of(e->why->text).p[0] == 'b' ? SLICE(" bad") : SLICE(" ?"));
	if (e->what == BATCH_WAITS && e->words)
		world.waits++;
}

/* --- runs ------------------------------------------------------------------------------------- */

struct run {
	const char *input, *script, *log, *sum; /* sum: what is not 0 of it, in the order of show_sum */
	struct batch_order order;
	const char *shut;
	unsigned told_after, narrow_after;
	bool fails, spool_full;
};

static void show_sum(char *to, size_t room, const struct batch_sum *s)
{
	const struct { const char *name; uint64_t n; } all[] = {
		{"before", s->before}, {"refused before", s->before_refused}, {"sent", s->accepted}, {"refused", s->refused}, {"wait", s->waits},
		{"in doubt", s->doubtful}, {"bad", s->bad}, {"spooled", s->spooled}, {"left", s->left}, {"rows", s->failed_rows},
	};

	*to = '\0';
	for (size_t i = 0; i < ROWS(all); i++)
		if (all[i].n)
			snprintf(to + strlen(to), room - strlen(to), "%s%s %u", *to ? ", " : "", all[i].name, (unsigned)all[i].n);
	assert_int_equal(s->seen, s->before + s->accepted + s->refused + s->waits + s->doubtful + s->bad + s->spooled + s->left);
}

static void run_once(const struct run *r)
{
	struct batch_order o = r->order;
	struct batch_sum sum;
	struct failure f = {.text = ""};
	char shown[200];
	int rc;

	memset(&world, 0, sizeof world);
	memset(&host, 0, sizeof host);
	world.script = r->script ? r->script : "";
	world.shut = r->shut;
	world.told_after = r->told_after;
	world.narrow_after = r->narrow_after;
	world.spool_full = r->spool_full;
	input_set(r->input);
	o.input = &input_of;
	o.ledger = world.ledger = open_ledger();
	o.on_event = on_event;
	o.ctx = &world;
	rc = batch_run(&o, &sum, &f);
	assert_int_equal(ledger_close(o.ledger, &f), 0);
	assert_int_equal(input.out, 0);
	assert_string_equal(world.log, r->log);
	show_sum(shown, sizeof shown, &sum);
	assert_string_equal(shown, r->sum);
	assert_int_equal(rc, r->fails ? -1 : 0);
}

/* Each story is a few runs with the same ledger. */
static void tell(const struct run *story, size_t runs)
{
	unlink(path);
	for (size_t i = 0; i < runs; i++)
		run_once(&story[i]);
}
#define RUN(i, s, l, ...) {.input = i, .script = s, .log = l, .sum = __VA_ARGS__}
#define TELL(...) tell((const struct run[]){__VA_ARGS__}, ROWS(((const struct run[]){__VA_ARGS__})))

static void test_same_command_goes_on_where_it_ended(void **state)
{
	(void)state;
	TELL(RUN("k=a l=b,c m=d", "", "[a k=a l=b,c m=d", "sent 3"), RUN("k=a l=b,c m=d", "", "", "before 3"),
	     RUN("m=d n=e k=a", "", "[a n=e", "before 2, sent 1"), /* moved, one row new, one gone */
	     RUN("k=a,z", "", "[a k=z", "sent 1"));
	TELL(RUN("k=a l=b m=d", "b=-", "[a k=a l=b m=d", "sent 2, refused 1"), RUN("k=a l=b m=d", "", "", "before 3, refused before 1"),
	     RUN("k=a l=b m=d", "", "[a l=b", "before 2, sent 1", .order = {.retry_failed = true}));
	TELL(RUN("k=a l=b m=d n=e", "", "[a k=a l=b m=d", "sent 3, left 1", .order = {.limit = 3}), RUN("k=a l=b m=d n=e", "", "[a n=e", "before 3, sent 1", .order = {.limit = 3}));
	TELL(RUN("", "", "", ""));
}

static void test_temporary_failures_are_tried_again_and_only_those(void **state)
{
	(void)state;
	TELL(RUN("k=a l=b,c m=d", "b=4", "[a k=a l=b,c m=d [a l=b", "sent 3", .order = {.pauses = 1, .pause = {300}}));
	assert_int_equal(host.now / 1000, 300);
	assert_int_equal(world.waits, 1);
	TELL(RUN("k=a l=b", "b=444", "[a k=a l=b [a l=b [a l=b", "sent 1, wait 1", .order = {.pauses = 2, .pause = {1, 2}}), RUN("k=a l=b", "", "[a l=b", "before 1, sent 1"));
	TELL(RUN("k=a", "a=4", "[a k=a", "wait 1"));
	TELL(RUN("k=a,b l=c", "a=4 b=- c=p", "[a k=a,b l=c [a l=c [a k=a", "sent 1, refused 1", .order = {.pauses = 1, .pause = {1}}));
	/* What the limit leaves is not taken for something that failed. */
	TELL(RUN("k=a l=b m=c", "a=4", "[a k=a l=b [a k=a", "sent 2, left 1", .order = {.pauses = 1, .pause = {1}, .limit = 2}));
}

static void test_doubt_comes_last_and_alone(void **state)
{
	(void)state;
	TELL(RUN("k=a l=b m=c", "a=?", "[a k=a l=b m=c (a k=a", "sent 3"));
	TELL(RUN("k=a l=b,d m=c", "b=?4 c=4", "[a k=a l=b,d m=c [a m=c (a l=b", "sent 2, in doubt 1", .order = {.pauses = 1, .pause = {1}}), /* still: the first try may have arrived */
	     RUN("k=a l=b,d m=c", "b=-", "(a l=b", "before 2, refused 1"));
	TELL(RUN("k=a l=b", "a=?", "[a k=a l=b", "sent 1, in doubt 1", .order = {.hold_unsure = true}), RUN("k=a l=b", "", "", "before 1, in doubt 1", .order = {.hold_unsure = true}),
	     RUN("k=a l=b n=e", "", "[a n=e (a k=a", "before 1, sent 2"));
	TELL(RUN("k=a,b", "a=?", "[a k=a,b (a k=a", "sent 1"));
	/* Who only has to wait has his turn in between, whatever became of the others. */
	TELL(RUN("k=a,b", "a=? b=4", "[a k=a,b [a k=b (a k=a", "sent 1", .order = {.pauses = 2, .pause = {1, 1}}));
	assert_int_equal(world.waits, 1);
	/* Doubt counts also where others of the mail were not begun. */
	TELL(RUN("k=a", "a=?", "[a k=a", "in doubt 1", .order = {.hold_unsure = true}), RUN("l=c k=a,b", "", "[a l=c", "sent 1, in doubt 1", .order = {.hold_unsure = true, .limit = 1}));
}

static void test_mail_that_comes_back_is_given_again_without_a_second_lease(void **state)
{
	(void)state;
	TELL(RUN("k=a l=b", "a=bb", "[a k=a k=a k=a l=b", "sent 2"));
	{
		struct arena in = {0};
		struct buf b;
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		size_t leases = 0;

		buf_start(&b, 1 << 16);
		assert_int_equal(file_slurp(fd, &b), 0);
		for (size_t i = 0; i < b.len; i++)
			leases += b.p[i] == '>';
		assert_int_equal(leases, 2);
		close(fd);
		buf_free(&b);
		arena_free(&in);
	}
}

static void test_leases_follow_the_window_of_the_crew(void **state)
{
	(void)state;
	TELL(RUN("k=a l=b m=c n=d o=e p=f q=g", "", "[a k=a l=b m=c n=d o=e p=f q=g", "sent 7", .narrow_after = 1));
}

static void test_accounts_have_a_turn_each(void **state)
{
	(void)state;
	TELL(RUN("k=a l=b@1 m=c n=d@2 o=e@1", "b=4", "[a k=a m=c [b l=b o=e [c n=d [b l=b", "sent 5", .order = {.pauses = 1, .pause = {1}}));
	TELL(RUN("k=a@1 l=b", "", "[b [a l=b", "sent 1, wait 1", .order = {.pauses = 1, .pause = {1}}, .shut = "b", .fails = true), RUN("k=a@1 l=b", "", "[b k=a", "before 1, sent 1"));
	TELL(RUN("k=a l=b@1", "", "[b l=b", "sent 1, left 1", .order = {.account = &account[1]}));
}

static void test_bad_mails_do_not_stop_the_rest_unless_that_is_asked_for(void **state)
{
	(void)state;
	TELL(RUN("!x k=a !y l=b", "a=4", " bad bad [a k=a l=b [a k=a", "sent 2, bad 2", .order = {.pauses = 1, .pause = {1}}));
	TELL(RUN("k=a !x l=b", "", " bad [a k=a", "sent 1, bad 1", .order = {.stop_on_error = true}, .fails = true));
	TELL(RUN("k=a l=b n=e !!x", "", "[a k=a l=b n=e bad", "sent 3, bad 1", .fails = true));
}

static void test_limits_are_no_refusals_and_ten_alike_stop_the_run(void **state)
{
	static const char eleven[] = "k1=a k2=b k3=c k4=d k5=e k6=f k7=g k8=h k9=i k10=j k11=k k12=l";

	(void)state;
	TELL(RUN("k=a l=b m=c n=d o=e p=f", "b=d c=d d=d", "[a k=a l=b m=c n=d", "sent 1, wait 5", .fails = true), RUN("k=a l=b m=c n=d", "", "[a l=b m=c n=d", "before 1, sent 3"));
	/* One with such words stops nobody else. */
	TELL(RUN("k=a l=b m=c n=d o=e", "b=d c=d e=d", "[a k=a l=b m=c n=d o=e [a l=b m=c o=e", "sent 5", .order = {.pauses = 1, .pause = {1}}));
	TELL(RUN("k=a l=b", "a=s", "[a k=a l=b [a k=a", "sent 2", .order = {.pauses = 1, .pause = {1}}));
	TELL(RUN(eleven, "*=m", "[a k1=a k2=b k3=c k4=d k5=e k6=f k7=g k8=h k9=i k10=j", "wait 12", .order = {.pauses = 1, .pause = {1}}, .fails = true),
	     RUN(eleven, "", "[a k1=a k2=b k3=c k4=d k5=e k6=f k7=g k8=h k9=i k10=j k11=k k12=l", "sent 12"));
	/* The limit is one account's. */
	TELL(RUN("k=a l=b@1 m=c n=d o=e p=f", "a=d c=d d=d", "[a k=a m=c n=d [b l=b", "sent 1, wait 3, left 2", .order = {.pauses = 1, .pause = {1}}, .fails = true));
	/* Five of one relay and five of another are no row. */
	TELL(RUN("k1=a k2=b k3=c k4=d k5=e l1=f@1 l2=g@1 l3=h@1 l4=i@1 l5=j@1", "*=m", "[a k1=a k2=b k3=c k4=d k5=e [b l1=f l2=g l3=h l4=i l5=j", "refused 10"));
	/* A row that is broken was about the mails. */
	TELL(RUN("k=a l=b m=c n=d", "a=m b=m d=e", "[a k=a l=b m=c n=d", "sent 1, refused 3"), RUN("k=a l=b m=c n=d", "", "", "before 4, refused before 3"));
	TELL(RUN("k=a l=b", "a=m b=e", "[a k=a l=b", "refused 2", .order = {.pauses = 1, .pause = {1}}));
}

static void test_told_to_end_nothing_more_begins(void **state)
{
	(void)state;
	TELL(RUN("k=a l=b m=c n=d o=e", "b=4", "[a k=a l=b", "sent 1, wait 2", .order = {.pauses = 1, .pause = {1}}, .told_after = 2),
	     RUN("k=a l=b m=c n=d o=e", "", "[a l=b m=c n=d o=e", "before 1, sent 4"));
}

static void test_rest_goes_to_the_spool(void **state)
{
	(void)state;
	TELL(RUN("k=a l=b,e m=c n=d", "b=4 c=? d=-", "[a k=a l=b,e m=c n=d (a m=c spool:b", "sent 2, refused 1, spooled 1", .order = {.spool_rest = true}),
	     RUN("k=a l=b,e m=c n=d", "", "", "before 4, refused before 1"));
	TELL(RUN("k=a l=b", "a=??", "[a k=a l=b (a k=a ?spool:a", "sent 1, spooled 1", .order = {.spool_rest = true}));
	TELL(RUN("k=a l=b", "a=?", "[a k=a l=b", "sent 1, in doubt 1", .order = {.spool_rest = true, .hold_unsure = true}));
	TELL(RUN("k=a l=b m=c n=d", "", "[a spool:a spool:b spool:c spool:d", "spooled 4", .order = {.spool_rest = true}, .shut = "a", .fails = true)); /* a login has to be mended */
	TELL(RUN("k=a l=b m=c n=d o=e", "b=d c=d d=d", "[a k=a l=b m=c n=d spool:b spool:c spool:d spool:e", "sent 1, spooled 4", .order = {.spool_rest = true}));
	TELL(RUN("k=a l=b", "a=4", "[a k=a l=b", "sent 1, wait 1", .order = {.spool_rest = true}, .spool_full = true, .fails = true));
	TELL(RUN("k=a l=b m=c", "a=4", "[a k=a l=b spool:a", "sent 1, spooled 1, left 1", .order = {.spool_rest = true, .limit = 2}));
}

/* The first run over these mails, with a relay that takes all. */
static struct batch_sum send_to_all(struct batch_order *o, const char *text)
{
	struct batch_sum sum;
	struct failure f;

	memset(&world, 0, sizeof world);
	memset(&host, 0, sizeof host);
	world.script = "";
	unlink(path);
	input_set(text);
	o->ledger = world.ledger = open_ledger();
	assert_int_equal(batch_run(o, &sum, &f), 0);
	assert_int_equal(ledger_close(o->ledger, &f), 0);
	return sum;
}

static void test_each_key_is_in_one_shard(void **state)
{
	size_t given[3] = {0}, all = 0;
	char text[4000] = "";

	(void)state;
	for (unsigned i = 0; i < 60; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%sk%u=a%u", i ? " " : "", i, i);
	for (unsigned shard = 1; shard <= 3; shard++) {
		struct batch_order o = {.input = &input_of, .shard = shard, .shards = 3};
		struct batch_sum sum = send_to_all(&o, text);

		assert_int_equal(sum.seen, sum.accepted);
		given[shard - 1] = sum.accepted;
		all += sum.accepted;
	}
	assert_int_equal(all, 60);
	assert_true(given[0] > 8 && given[1] > 8 && given[2] > 8);
}

static void test_refused_and_bad_rows_have_a_file(void **state)
{
	static const char wanted[] = "key,to,mysend_code,mysend_text,mysend_status\nl,b,550,no such user,refused\n,,,bad 4,bad\n";
	struct buf b;
	int fd;

	(void)state;
	TELL(RUN("k=a l=b m=c !x", "b=-", "[a k=a l=b m=c bad", "sent 2, refused 1, bad 1, rows 2", .order = {.failed = failed}));
	fd = open(failed, O_RDONLY | O_CLOEXEC);
	buf_start(&b, 1 << 16);
	assert_int_equal(file_slurp(fd, &b), 0);
	close(fd);
	assert_int_equal(b.len, strlen(wanted));
	assert_memory_equal(b.p, wanted, b.len);
	buf_free(&b);
	assert_int_equal(unlink(failed), 0);
	/* A run that is broken off before it has come to them leaves them there. */
	TELL(RUN("k=a l=b m=c n=d o=e p=f q=g", "b=-", "[a k=a l=b m=c n=d o=e p=f q=g", "sent 6, refused 1, rows 1", .order = {.failed = failed}),
	     RUN("r=z s=y t=x k=a l=b", "", "[a r=z", "sent 1, wait 2, rows 1", .order = {.failed = failed}, .told_after = 1));
	assert_int_equal(unlink(failed), 0);
	TELL(RUN("k=a", "", "[a k=a", "sent 1", .order = {.failed = failed}));
	assert_int_equal(access(failed, F_OK), -1);
}

static void test_sessions_are_no_more_than_windows_of_mail(void **state)
{
	static const struct { uint64_t count; unsigned sessions, wanted; } rows[] = {{0, 4, 4}, {1, 4, 1}, {3, 4, 1}, {4, 4, 2}, {100, 4, 4}, {100, 0, 1}};
	static const char four[] = "k=a l=b m=c n=d"; /* more than a window */

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct batch_order o = {.input = &input_of, .count = rows[i].count, .sessions = rows[i].sessions};
		struct batch_sum sum = send_to_all(&o, four);

		assert_int_equal(sum.crew.most, rows[i].wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_command_goes_on_where_it_ended),
		cmocka_unit_test(test_temporary_failures_are_tried_again_and_only_those),
		cmocka_unit_test(test_doubt_comes_last_and_alone),
		cmocka_unit_test(test_mail_that_comes_back_is_given_again_without_a_second_lease),
		cmocka_unit_test(test_leases_follow_the_window_of_the_crew),
		cmocka_unit_test(test_accounts_have_a_turn_each),
		cmocka_unit_test(test_bad_mails_do_not_stop_the_rest_unless_that_is_asked_for),
		cmocka_unit_test(test_limits_are_no_refusals_and_ten_alike_stop_the_run),
		cmocka_unit_test(test_told_to_end_nothing_more_begins),
		cmocka_unit_test(test_rest_goes_to_the_spool),
		cmocka_unit_test(test_each_key_is_in_one_shard),
		cmocka_unit_test(test_refused_and_bad_rows_have_a_file),
		cmocka_unit_test(test_sessions_are_no_more_than_windows_of_mail),
	};
	int rc = !make_folder() || cmocka_run_group_tests(tests, NULL, NULL);

	unlink(path);
	return rc || rmdir(folder) < 0;
}
