#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf/token_file.h"
#include "files.h"
#include "threads.h"

/* The clock, the provider, and a disk that is full, as a row wants them. */
static _Atomic time_t wall = 1000000;
static bool full;

static time_t fake_clock(void)
{
	return wall;
}

static int fake_write(const struct token_file *t, const struct token_state *s, struct failure *f)
{
	return full ? fail(f, AT_CONFIG, EX_TEMPFAIL, "the disk is full") : token_file_write(t, s, f);
}

#define clock_wall fake_clock
#define token_file_write fake_write
#include "wire/token.c"
#include "conf/token_outlook.c"
#undef token_file_write
#undef clock_wall

static char folder[] = "/tmp/mysend.XXXXXX";
static struct arena arena;

/* The provider gives tokens T1, T2, ... for 3600 s; a refresh token R<n> that is not the last one given is over. single: each refresh
 * gives a new one. */
static struct {
	unsigned given, asked, last;
	bool single;
	int fails; /* status of the next answers; 0: none */
	const char *error;
	char access[20], refresh[20], used[20], secret[20];
	atomic_uint waits; /* how many are to wait in take() before it answers */
} provider;

static pthread_mutex_t provider_lock = PTHREAD_MUTEX_INITIALIZER;

static int answer(struct token_answer *out, bool refreshes, struct failure *f)
{
	*out = (struct token_answer){.access = "", .refresh = "", .error = "", .description = ""};
	provider.asked++;
	if (provider.fails) {
		out->error = provider.error ? provider.error : "";
		return fail(f, AT_TOKEN, provider.fails, "no");
	}
	snprintf(provider.access, sizeof provider.access, "T%u", ++provider.given);
	out->access = provider.access;
	out->lasts = 3600;
	if (refreshes && provider.single) {
		snprintf(provider.refresh, sizeof provider.refresh, "R%u", ++provider.last);
		out->refresh = provider.refresh;
	}
	return 0;
}

int token_request_client(const struct token_request *r, struct token_answer *out, struct failure *f)
{
	int rc;

	pthread_mutex_lock(&provider_lock);
	snprintf(provider.secret, sizeof provider.secret, "%s", r->secret);
	rc = answer(out, false, f);
	pthread_mutex_unlock(&provider_lock);
	return rc;
}

int token_request_refresh(const struct token_request *r, const char *refresh, struct token_answer *out, struct failure *f)
{
	char good[20];
	int rc;

	pthread_mutex_lock(&provider_lock);
	snprintf(provider.secret, sizeof provider.secret, "%s", r->secret);
	snprintf(provider.used, sizeof provider.used, "%s", refresh);
	snprintf(good, sizeof good, "R%u", provider.last);
	if (strcmp(refresh, good) == 0) {
		rc = answer(out, true, f);
	} else {
		provider.asked++;
		*out = (struct token_answer){.access = "", .refresh = "", .error = "invalid_grant", .description = ""};
		rc = fail(f, AT_TOKEN, EX_NOPERM, "400 invalid_grant");
	}
	pthread_mutex_unlock(&provider_lock);
	return rc;
}

void token_answer_free(struct token_answer *a)
{
	a->access = a->refresh = a->error = "";
}

static void set(struct account *a, enum setting s, const char *value)
{
	const struct origin from = {RANK_USER, 1, "conf"};
	struct failure f;

	assert_int_equal(account_set(a, &arena, s, slice_of(value), &from, &f), 0);
}

static struct account account_of(const char *how)
{
	static unsigned ids;
	struct account a;

	account_defaults(&a);
	a.id = ++ids;
	set(&a, SET_oauth, how);
	set(&a, SET_oauth_client_id, "id");
	set(&a, SET_oauth_token_url, "https://login.example.org/token");
	set(&a, SET_oauth_state, folder);
	set(&a, SET_user, "u@example.org");
	set(&a, SET_netrc, "");
	set(&a, SET_password_file, own_file());
	return a;
}

/* Puts a state into the file, as another process does. */
static void put(const struct account *a, const char *access, const char *refresh, time_t obtained, time_t lasts)
{
	const struct token_state s = {.access = access, .refresh = refresh, .obtained = obtained, .expires = obtained + lasts, .logged_in = 5};
	struct token_file file;
	struct failure f;
	struct oauth o;

	assert_int_equal(oauth_of(a, &arena, &o, &f), 0);
	assert_int_equal(token_file_open(&file, a, &o, &f), 0);
	file.replaces = true;
	assert_int_equal(token_file_write(&file, &s, &f), 0);
	token_file_close(&file);
}

static const char *kept_refresh(const struct account *a)
{
	static char text[40];
	struct token_state s;
	struct token_file file;
	struct failure f;
	struct oauth o;

	assert_int_equal(oauth_of(a, &arena, &o, &f), 0);
	assert_int_equal(token_file_open(&file, a, &o, &f), 0);
	assert_int_equal(token_file_read(&file, &s, &f), 0);
	snprintf(text, sizeof text, "%s", s.refresh);
	token_state_free(&s);
	token_file_close(&file);
	return text;
}

/* The token that the account gets now; its handle, too. */
static const char *taken(const struct account *a, unsigned *handle)
{
	static char text[512];
	struct credential c;
	struct failure f = {.text = "untouched"};

	if (token_take(&c, a, NULL, &f) < 0) {
		snprintf(text, sizeof text, "%s", f.text);
		return text;
	}
	assert_string_equal(f.text, "untouched");
	snprintf(text, sizeof text, "%s", c.text);
	if (handle)
		*handle = c.handle;
	credential_release(&c);
	return text;
}

static int anew(void **state)
{
	char path[100];

	(void)state;
	memset(&provider, 0, sizeof provider);
	full = false;
	wall = 1000000;
	credential_wipe();
	snprintf(path, sizeof path, "%s/default", folder);
	unlink(path);
	return 0;
}

static void test_a_token_is_asked_for_once_and_again_near_its_end(void **state)
{
	/* Seconds since the first; how often the provider was asked until then. 600 before the end it is of no more use. */
	static const struct { time_t at; unsigned asked; } rows[] = {{0, 1}, {10, 1}, {2990, 1}, {3001, 2}, {5990, 2}, {6010, 3}, {90000, 4}, {80000, 5}, {80001, 5}};
	struct account a = account_of("client");

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		wall = 1000000 + rows[i].at; /* the clock may go back, too: then nobody knows when the token ends */
		taken(&a, NULL);
		assert_int_equal(provider.asked, rows[i].asked);
	}
	assert_string_equal(provider.secret, "secret");
}

static void test_a_token_in_the_file_is_taken_when_it_is_fresh(void **state)
{
	static const struct { time_t obtained, lasts; bool taken; } rows[] = {
		{0, 3600, true}, {-2990, 3600, true}, {-3010, 3600, false}, {100, 3600, false}, {-10, 60, true}, {-50, 60, false}, {-4000, 3600, false},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a = account_of("client");

		anew(state);
		put(&a, "F", "", wall + rows[i].obtained, rows[i].lasts);
		assert_string_equal(taken(&a, NULL), rows[i].taken ? "F" : "T1");
		assert_int_equal(provider.asked, !rows[i].taken);
	}
}

static void test_a_refused_token_is_worth_another_try_unless_it_was_fetched_just_now(void **state)
{
	static const struct {
		bool fetched, proved;
		time_t age;
		bool again;
		const char *next;
	} rows[] = {
		{true, false, 0, false, "T1"}, /* who is asked next finds it in its file, and fetches another a minute later */
		{true, false, 500, false, "T1"}, {true, true, 30, false, "T1"}, {true, true, 61, true, "T2"},
		{false, false, 59, false, "F"}, {false, false, 60, true, "T1"}, {false, true, 300, true, "T1"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a = account_of("client");
		unsigned handle;

		anew(state);
		if (!rows[i].fetched)
			put(&a, "F", "", wall - rows[i].age, 3600);
		taken(&a, &handle);
		if (rows[i].fetched)
			wall += rows[i].age;
		if (rows[i].proved)
			token_proved(&a, handle);
		assert_int_equal(token_refused(&a, handle), rows[i].again);
		assert_string_equal(taken(&a, NULL), rows[i].next);
		assert_true(token_refused(&a, handle)); /* there is another by now, which stays */
		assert_string_equal(taken(&a, NULL), rows[i].next);
	}
}

static void test_a_login_is_renewed_by_the_last_refresh_token(void **state)
{
	struct account a = account_of("login");

	(void)state;
	provider.single = true;
	provider.last = 7;
	put(&a, "F", "R7", wall - 4000, 3600);
	assert_string_equal(taken(&a, NULL), "T1");
	assert_string_equal(provider.used, "R7");
	assert_string_equal(kept_refresh(&a), "R8");
	wall += 3600;
	assert_string_equal(taken(&a, NULL), "T2");
	assert_string_equal(kept_refresh(&a), "R9");
}

static void test_a_login_that_cannot_be_written_is_used_until_it_can(void **state)
{
	struct account a = account_of("login");

	(void)state;
	provider.single = true;
	provider.last = 1;
	put(&a, "", "R1", wall - 4000, 0);
	full = true;
	assert_string_equal(taken(&a, NULL), "T1"); /* the mail goes */
	assert_string_equal(kept_refresh(&a), "R1");
	wall += 3600;
	assert_string_equal(taken(&a, NULL), "T2");
	assert_string_equal(provider.used, "R2"); /* and not the one in the file, which is over */
	full = false;
	provider.single = false; /* no new one comes, and this one is written all the same */
	wall += 3600;
	assert_string_equal(taken(&a, NULL), "T3");
	assert_string_equal(kept_refresh(&a), "R3");
	wall += 3600;
	assert_string_equal(taken(&a, NULL), "T4");
	assert_string_equal(provider.used, "R3");
}

static void test_without_a_login_nobody_is_asked(void **state)
{
	static const struct { const char *user, *text; } rows[] = {
		{NULL, "nobody has logged in for the account default yet"}, {"other@example.org", "(another user)"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct account a = account_of("login"), other = account_of("login");
		struct credential c;
		struct failure f;

		anew(state);
		if (rows[i].user) {
			set(&other, SET_user, rows[i].user);
			put(&other, "", "R1", wall, 0);
		}
		assert_int_equal(token_take(&c, &a, NULL, &f), -1);
		assert_non_null(strstr(f.text, rows[i].text));
		assert_int_equal(f.stage, AT_TOKEN);
		assert_int_equal(f.exit, EX_NOPERM);
		assert_int_equal(f.hint_id, HINT_OAUTH_NO_LOGIN);
		assert_string_equal(f.relay, "login.example.org");
		assert_int_equal(provider.asked, 0);
	}
}

static void test_a_failure_of_the_provider_is_not_kept(void **state)
{
	struct account a = account_of("client");

	(void)state;
	provider.fails = EX_TEMPFAIL;
	assert_string_equal(taken(&a, NULL), "no");
	provider.fails = 0;
	assert_string_equal(taken(&a, NULL), "T1");
}

static void test_what_a_login_lends_is_what_is_taken_and_no_file_has_it(void **state)
{
	const struct token_answer got = {.access = "L", .refresh = "R5", .lasts = 3600, .error = ""};
	struct account a = account_of("login");
	struct token_outlook outlook;
	struct failure f;
	struct oauth o;
	unsigned handle;

	(void)state;
	assert_int_equal(token_lend(&a, &got, &f), 0);
	assert_string_equal(taken(&a, &handle), "L");
	assert_string_equal(kept_refresh(&a), "");
	assert_false(token_refused(&a, handle));
	assert_int_equal(oauth_of(&a, &arena, &o, &f), 0);
	assert_int_equal(token_keep(&a, &o, &got, &f), 0);
	assert_string_equal(kept_refresh(&a), "R5");
	assert_int_equal(token_outlook(&a, &outlook, &f), 0);
	assert_true(outlook.token && outlook.login);
	assert_int_equal(outlook.token_seconds, 3600);
	assert_int_equal(outlook.login_seconds, -1);
	assert_int_equal(outlook.logged_in, wall);
}

static void test_the_outlook_of_an_account_is_what_its_file_says(void **state)
{
	struct account a = account_of("login");
	struct token_outlook outlook;
	struct failure f;

	(void)state;
	set(&a, SET_oauth_provider, "microsoft:t");
	assert_int_equal(token_outlook(&a, &outlook, &f), 0);
	assert_false(outlook.token || outlook.login);
	put(&a, "F", "R1", wall - 3500, 3600);
	assert_int_equal(token_outlook(&a, &outlook, &f), 0);
	assert_false(outlook.token);
	assert_true(outlook.login);
	assert_int_equal(outlook.login_seconds, 90 * 24 * 3600 - 3500);
	assert_int_equal(provider.asked, 0);
}

static struct account shared;

static void *take_one(void *number)
{
	struct credential c;
	struct failure f;

	(void)number;
	for (unsigned i = 0; i < 200; i++) {
		if (token_take(&c, &shared, NULL, &f) < 0)
			return "no token";
		if (c.text[0] != 'T')
			return "another text";
		if (i % 40 == 39)
			wall += 450; /* 8 threads, 5 times: five hours */
		if (i % 50 == 49)
			(void)token_refused(&shared, c.handle);
		else
			token_proved(&shared, c.handle);
		credential_release(&c);
	}
	return NULL;
}

static void test_threads_share_one_token_and_each_that_follows(void **state)
{
	(void)state;
	shared = account_of("client");
	run_threads(8, take_one);
	assert_in_range(provider.asked, 5, 60); /* of 1,600 that were taken */
}

static pthread_barrier_t all_refused;

/* As a crew does whose sessions the relay ends together: each has the old token, and hears that it is refused. */
static void *refuse_and_take(void *number)
{
	struct credential c;
	struct failure f;
	void *wrong = NULL;

	(void)number;
	if (token_take(&c, &shared, NULL, &f) < 0 || strcmp(c.text, "F") != 0)
		wrong = "not the old token";
	pthread_barrier_wait(&all_refused);
	if (!token_refused(&shared, c.handle))
		wrong = "not worth another try";
	credential_release(&c);
	if (token_take(&c, &shared, NULL, &f) < 0 || strcmp(c.text, "T1") != 0)
		return "not the new token";
	token_proved(&shared, c.handle);
	credential_release(&c);
	return wrong;
}

static void test_old_token_that_is_refused_eight_times_at_once_costs_one_exchange(void **state)
{
	(void)state;
	shared = account_of("client");
	put(&shared, "F", "", wall - 100, 3600);
	pthread_barrier_init(&all_refused, NULL, 8);
	run_threads(8, refuse_and_take);
	pthread_barrier_destroy(&all_refused);
	assert_int_equal(provider.asked, 1);
}

static void *wipe_or_take(void *number)
{
	struct credential c;
	struct failure f;

	for (unsigned i = 0; i < 100; i++) {
		if (*(size_t *)number == 0) {
			credential_wipe();
		} else {
			if (token_take(&c, &shared, NULL, &f) < 0)
				return "no token";
			credential_release(&c);
		}
	}
	return NULL;
}

static void test_what_is_wiped_is_found_again_in_its_file(void **state)
{
	(void)state;
	shared = account_of("client");
	run_threads(4, wipe_or_take);
	assert_int_equal(provider.asked, 1);
}

static int make_folder(void **state)
{
	if (own_file_make(state) < 0)
		return -1;
	file_fill(own_file(), "secret\n");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char path[100];

	anew(state);
	snprintf(path, sizeof path, "%s/default.lock", folder);
	unlink(path);
	arena_free(&arena);
	return own_file_remove(state) < 0 ? -1 : rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_token_is_asked_for_once_and_again_near_its_end, anew),
		cmocka_unit_test_setup(test_a_token_in_the_file_is_taken_when_it_is_fresh, anew),
		cmocka_unit_test_setup(test_a_refused_token_is_worth_another_try_unless_it_was_fetched_just_now, anew),
		cmocka_unit_test_setup(test_a_login_is_renewed_by_the_last_refresh_token, anew),
		cmocka_unit_test_setup(test_a_login_that_cannot_be_written_is_used_until_it_can, anew),
		cmocka_unit_test_setup(test_without_a_login_nobody_is_asked, anew),
		cmocka_unit_test_setup(test_a_failure_of_the_provider_is_not_kept, anew),
		cmocka_unit_test_setup(test_what_a_login_lends_is_what_is_taken_and_no_file_has_it, anew),
		cmocka_unit_test_setup(test_the_outlook_of_an_account_is_what_its_file_says, anew),
		cmocka_unit_test_setup(test_threads_share_one_token_and_each_that_follows, anew),
		cmocka_unit_test_setup(test_old_token_that_is_refused_eight_times_at_once_costs_one_exchange, anew),
		cmocka_unit_test_setup(test_what_is_wiped_is_found_again_in_its_file, anew),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
