#define _GNU_SOURCE /* nftw, and what is included */
#include "unit.h"

#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/trusted.h"
/* and what fails, when a row wants it */
#include "files.h"
#include "threads.h"

static int rename_fails, sync_fails, append_fails, write_fails; /* errno, or 0 */

static char done[200]; /* what was renamed and synced, in its order */

static void note(const char *what)
{
	snprintf(done + strlen(done), sizeof done - strlen(done), "%s;", what);
}

static int fake_renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	note("rename");
	errno = rename_fails;
	return rename_fails ? -1 : renameat(from_folder, from, to_folder, to);
}

static int fake_fsync(int fd)
{
	struct stat st;

	note(fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? "sync the folder" : "sync the file");
	errno = sync_fails;
	return sync_fails ? -1 : fsync(fd);
}

static int fake_trusted_append(const char *path, struct failure *f)
{
	errno = append_fails;
	return append_fails ? -1 : trusted_append(path, f);
}

static int fake_file_write(int fd, const void *p, size_t len)
{
	errno = write_fails;
	return file_write(fd, p, write_fails ? len / 2 : len) < 0 || write_fails ? -1 : 0;
}

#define renameat fake_renameat
#define fsync fake_fsync
#define trusted_append fake_trusted_append
#define file_write fake_file_write
#include "conf/token_file.c"
#include "conf/token_name.c"

#define TEXT(user, obtained, access, refresh)                                                                                     \
	"mysend-token 1\nToken-URL: https://p.example/token\nClient: c1\nScope: s\nUser: " user "\nObtained: " obtained           \
	"\nExpires: 2000000000\nLogged-In: 900\nAccess: " access "\nRefresh: " refresh "\n"

static char top[] = "/tmp/mysend.XXXXXX";
static char folder[300], file[320], file_lock_path[330], left[340];
static struct account account;
static const struct oauth oauth = {.client_id = "c1", .scope = "s", .token_url = "https://p.example/token"};

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	memcpy(strrchr(top, '.'), ".XXXXXX", 8);
	if (!mkdtemp(top))
		return -1;
	snprintf(folder, sizeof folder, "%s/state/oauth", top);
	snprintf(file, sizeof file, "%s/work", folder);
	snprintf(file_lock_path, sizeof file_lock_path, "%s.lock", file);
	snprintf(left, sizeof left, "%s.01234567.new", file);
	account_defaults(&account);
	account.name = "work";
	account.user = "joe";
	account.oauth_state = folder;
	rename_fails = sync_fails = append_fails = write_fails = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void open_it(struct token_file *t)
{
	struct failure f = {.text = ""};
	int rc = token_file_open(t, &account, &oauth, &f);

	if (rc < 0)
		print_error("%s\n", f.text);
	assert_int_equal(rc, 0);
}

static void lock_it(struct token_file *t)
{
	struct failure f;

	open_it(t);
	assert_int_equal(token_file_lock(t, 0, &f), 0);
}

/* What the file gives, as "ACCESS REFRESH". */
static const char *given(void)
{
	static char text[100];
	struct token_file t;
	struct token_state s;
	struct failure f;

	open_it(&t);
	if (token_file_read(&t, &s, &f) < 0)
		return "refused";
	snprintf(text, sizeof text, "%s %s", s.access, s.refresh);
	token_state_free(&s);
	token_file_close(&t);
	return text;
}

static int write_it(const struct token_file *t, const char *access, const char *refresh, struct failure *f)
{
	const struct token_state s = {.access = access, .refresh = refresh, .obtained = 1000, .expires = 2000000000, .logged_in = 950};

	return token_file_write(t, &s, f);
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return (unsigned)st.st_mode & 07777;
}

static void test_no_two_accounts_have_the_same_file(void **state)
{
	static const struct { const char *account, *name; } rows[] = {
		{"default", "default"}, {"work", "work"}, {"alerts@example.com", "alerts@example.com"}, {"a_b-c+d.e", "a_b-c+d.e"},
		/* the digest is of the account's name */
		{"Work", "Work%."}, {"WORK", "WORK%."}, {"a/b", "a%2fb%."}, {"../x", "%2e%2e%2fx%."}, {".", "%2e%."}, {"..", "%2e%2e%."},
		{".hidden", "%2ehidden%."}, {"work.lock", "work%2elock%."}, {"work.01234567.new", "work%2e01234567%2enew%."}, {"a b", "a%20b%."},
		{"\xc3\xa4", "%c3%a4%."}, {"100%", "100%25%."}, {"work%.", "work%25%2e%."}, {"a:b\\c", "a%3ab%5cc%."},
	};
	char names[ROWS(rows)][TOKEN_FILE_NAME];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		token_file_name(names[i], rows[i].account);
		assert_int_equal(strncmp(names[i], rows[i].name, strlen(rows[i].name)), 0);
		assert_int_equal(strlen(names[i]) - strlen(rows[i].name), strchr(rows[i].name, '%') ? DIGEST : 0);
		assert_null(strchr(names[i], '/'));
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(strcasecmp(names[i], names[k]), 0);
	}
}

static void test_names_that_are_long_end_in_a_digest(void **state)
{
	char account_name[1000], one[TOKEN_FILE_NAME], other[TOKEN_FILE_NAME];

	(void)state;
	for (size_t len = 90; len < sizeof account_name; len += 13) {
		memset(account_name, 'a', len);
		account_name[len] = '\0';
		token_file_name(one, account_name);
		account_name[len - 1] = 'b';
		token_file_name(other, account_name);
		assert_string_not_equal(one, other);
		assert_true(strlen(one) <= SHOWN + 2 + DIGEST);
		memset(account_name, '/', len);
		token_file_name(one, account_name);
		assert_true(strlen(one) <= SHOWN + 2 + DIGEST);
	}
}

static void test_what_is_written_is_read_again_and_for_us_alone(void **state)
{
	static const mode_t masks[] = {0, 022, 077, 0277};
	mode_t before = umask(0);

	(void)state;
	for (size_t i = 0; i < ROWS(masks); i++) {
		struct token_file t;
		struct failure f;

		umask(masks[i]);
		lock_it(&t);
		assert_string_equal(t.path, file);
		assert_int_equal(write_it(&t, "aaa", "rrr", &f), 0);
		token_file_close(&t);
		assert_int_equal(mode_of(file), 0600);
		if (i == 0)
			assert_int_equal(mode_of(folder), 0700);
		assert_string_equal(given(), "aaa rrr");
	}
	umask(before);
}

static void test_to_look_makes_nothing(void **state)
{
	struct token_file t;
	struct failure f;

	(void)state;
	assert_int_equal(token_file_look(&t, &account, &oauth, &f), 1);
	assert_false(is_there(folder));
	open_it(&t);
	token_file_close(&t);
	assert_int_equal(token_file_look(&t, &account, &oauth, &f), 0);
	token_file_close(&t);
	assert_false(is_there(file_lock_path));
}

static void test_a_folder_that_is_not_ours_alone_is_refused(void **state)
{
	static const struct { unsigned mode; const char *says; } rows[] = {
		{0777, "anybody may write it"}, {01777, "anybody may write it"}, {0702, "anybody may write it"},
		{0700, NULL}, {0755, NULL}, {0711, NULL},
	};
	struct token_file t;
	struct failure f;

	(void)state;
	open_it(&t);
	token_file_close(&t);
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(chmod(folder, rows[i].mode), 0);
		assert_int_equal(token_file_open(&t, &account, &oauth, &f), rows[i].says ? -1 : 0);
		token_file_close(&t);
		if (!rows[i].says)
			continue;
		assert_int_equal(f.exit, EX_CONFIG);
		assert_non_null(strstr(f.text, rows[i].says));
	}
	if (geteuid() == 0) {
		assert_int_equal(chown(folder, 54321, 0), 0);
		assert_int_equal(token_file_open(&t, &account, &oauth, &f), -1);
		assert_int_equal(f.exit, EX_CONFIG);
		assert_non_null(strstr(f.text, "it belongs to somebody else (uid 54321)"));
	}
}

static void test_a_place_that_cannot_be_used_is_told(void **state)
{
	char deep[5000], in_file[320];
	const struct { const char *folder, *says; int exit; } rows[] = {
		{deep, "the path of the folder for tokens is too long: /xxx", EX_CONFIG},
		{top, NULL, 0},
		{in_file, "making it: ", EX_CONFIG},
	};

	(void)state;
	memset(deep, 'x', sizeof deep - 1);
	*deep = '/';
	deep[sizeof deep - 1] = '\0';
	snprintf(in_file, sizeof in_file, "%s/file/oauth", top);
	snprintf(file, sizeof file, "%s/file", top);
	file_put(file, "", 0600);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct token_file t;
		struct failure f;

		account.oauth_state = rows[i].folder;
		assert_int_equal(token_file_open(&t, &account, &oauth, &f), rows[i].says ? -1 : 0);
		if (rows[i].says) {
			assert_int_equal(f.exit, rows[i].exit);
			if (!strstr(f.text, rows[i].says))
				print_error("%s\n", f.text);
			assert_non_null(strstr(f.text, rows[i].says));
		}
		token_file_close(&t);
	}
}

static void plant_fifo(const char *path)
{
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void plant_folder(const char *path)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

static char elsewhere[320];

static void plant_link(const char *path)
{
	file_put(elsewhere, TEXT("joe", "1000", "evil", "evil"), 0600);
	assert_int_equal(symlink(elsewhere, path), 0);
}

static void plant_hard_link(const char *path)
{
	file_put(elsewhere, TEXT("joe", "1000", "evil", "evil"), 0600);
	assert_int_equal(link(elsewhere, path), 0);
}

static void plant_device(const char *path)
{
	if (geteuid() != 0 || mknod(path, S_IFCHR | 0600, makedev(1, 5)) < 0)
		plant_fifo(path);
}

static void plant_socket(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	close(fd);
}

static void plant_huge(const char *path)
{
	file_put(path, "", 0600);
	assert_int_equal(truncate(path, (off_t)1 << 40), 0);
}

static void plant_readable(const char *path)
{
	file_put(path, TEXT("joe", "1000", "aaa", "rrr"), 0644);
}

static void plant_writable(const char *path)
{
	file_put(path, TEXT("joe", "1000", "aaa", "rrr"), 0602);
}

static void plant_foreign(const char *path)
{
	file_put(path, TEXT("joe", "1000", "aaa", "rrr"), geteuid() == 0 ? 0600 : 0644);
	if (geteuid() == 0)
		assert_int_equal(chown(path, 54321, 0), 0);
}

static void (*const plants[])(const char *path) = {plant_fifo,	 plant_folder, plant_link,     plant_hard_link, plant_device,
						   plant_socket, plant_huge,   plant_readable, plant_writable,	plant_foreign};

static void test_what_was_planted_in_its_place_is_neither_read_nor_replaced(void **state)
{
	(void)state;
	snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", top);
	for (size_t i = 0; i < ROWS(plants); i++) {
		struct stat before, after;
		struct token_file t;
		struct token_state s;
		struct failure f;

		lock_it(&t);
		plants[i](file);
		assert_int_equal(lstat(file, &before), 0);
		for (int replaces = 0; replaces < 2; replaces++) {
			t.replaces = replaces;
			assert_int_equal(token_file_read(&t, &s, &f), -1);
			assert_int_equal(f.exit, EX_CONFIG);
			assert_string_equal(s.access, "");
			assert_int_equal(write_it(&t, "new", "new", &f), -1);
			assert_int_equal(f.exit, EX_CONFIG);
			assert_non_null(strstr(f.text, file));
		}
		assert_int_equal(lstat(file, &after), 0);
		assert_true(before.st_ino == after.st_ino && before.st_size == after.st_size);
		token_file_close(&t);
		assert_int_equal(remove(file), 0);
		unlink(elsewhere);
	}
}

static void test_what_was_planted_for_its_lock_is_refused(void **state)
{
	static void (*const kinds[])(const char *path) = {plant_fifo, plant_link, plant_folder, plant_socket};

	(void)state;
	snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", top);
	for (size_t i = 0; i < ROWS(kinds); i++) {
		struct token_file t;
		struct failure f;

		open_it(&t);
		kinds[i](file_lock_path);
		/* A link is refused; of the others nothing can be opened, and the folder is locked in their place. */
		assert_int_equal(token_file_lock(&t, 0, &f), kinds[i] == plant_link ? -1 : 0);
		token_file_close(&t);
		assert_int_equal(remove(file_lock_path), 0);
		unlink(elsewhere);
	}
}

static void test_another_configurations_login_is_kept(void **state)
{
	static const struct { const char *text; bool kept; const char *says; } rows[] = {
		{TEXT("ann", "1000", "aaa", "rrr"), true, "has a login of another configuration (another user)"},
		{TEXT("ann", "1000", "aaa", ""), false, NULL},
		{TEXT("joe", "1000", "aaa", "rrr"), false, NULL},
		{"mysend-token 2\nRefreshed: x\n", true, "is of another version of mysend"},
		{"mysend-token 1\nRefresh: x\n", true, "is damaged, and there was a login in it"},
		{"mysend-token 1\nRefresh: ", false, NULL},
		{"", false, NULL},
		{"mysend-tok", false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct token_file t;
		struct failure f;

		lock_it(&t);
		file_put(file, rows[i].text, 0600);
		assert_int_equal(write_it(&t, "new", "login", &f), rows[i].kept ? -1 : 0);
		if (rows[i].kept) {
			assert_int_equal(f.exit, EX_CONFIG);
			assert_non_null(strstr(f.text, rows[i].says));
			assert_int_equal(f.hint_id, HINT_TOKEN_FOREIGN);
			assert_string_equal(given(), " ");
			t.replaces = true;
			assert_int_equal(write_it(&t, "new", "login", &f), 0);
		}
		token_file_close(&t);
		assert_string_equal(given(), "new login");
	}
}

static void test_a_refresh_token_stays_where_none_comes(void **state)
{
	struct token_state s;
	struct token_file t;
	struct failure f;

	(void)state;
	lock_it(&t);
	file_put(file, TEXT("joe", "1000", "aaa", "rrr"), 0600);
	assert_int_equal(write_it(&t, "bbb", "", &f), 0);
	assert_int_equal(token_file_read(&t, &s, &f), 0);
	assert_string_equal(s.access, "bbb");
	assert_string_equal(s.refresh, "rrr");
	assert_int_equal(s.logged_in, 900);
	token_state_free(&s);
	token_file_close(&t);
}

static void test_the_lock_is_one_process_or_thread_at_a_time(void **state)
{
	struct token_file one, other;
	struct failure f;

	(void)state;
	for (append_fails = 0; append_fails <= EROFS; append_fails += EROFS) { /* with NAME.lock, and with the folder */
		lock_it(&one);
		open_it(&other);
		assert_int_equal(token_file_lock(&other, 20, &f), -1);
		assert_int_equal(f.exit, EX_TEMPFAIL);
		assert_non_null(strstr(f.text, "another process has had its lock"));
		token_file_close(&other);
		token_file_close(&one);
		lock_it(&other);
		token_file_close(&other);
	}
}

static void test_who_is_told_to_end_waits_no_longer_for_the_lock(void **state)
{
	struct token_file one, other;
	struct ending held;
	struct failure f;
	sigset_t term;
	int got;

	(void)state;
	lock_it(&one);
	open_it(&other);
	ending_hold(&held);
	assert_int_equal(pthread_kill(pthread_self(), SIGTERM), 0);
	assert_int_equal(token_file_lock(&other, 600000, &f), -1);
	assert_int_equal(f.exit, EX_TEMPFAIL);
	assert_non_null(strstr(f.text, ENDING_TOLD));
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	assert_int_equal(sigwait(&term, &got), 0);
	ending_release(&held);
	token_file_close(&other);
	token_file_close(&one);
}

static atomic_uint inside, most_inside, writes;

static void *one_at_a_time(void *number)
{
	char token[40];

	for (int i = 0; i < 20; i++) {
		struct token_file t;
		struct failure f;
		unsigned now;

		if (token_file_open(&t, &account, &oauth, &f) < 0 || token_file_lock(&t, 60000, &f) < 0)
			return number;
		now = atomic_fetch_add(&inside, 1) + 1;
		if (now > atomic_load(&most_inside))
			atomic_store(&most_inside, now);
		snprintf(token, sizeof token, "%zu.%d", *(const size_t *)number, i);
		if (write_it(&t, token, token, &f) < 0)
			return number;
		atomic_fetch_sub(&inside, 1);
		atomic_fetch_add(&writes, 1);
		token_file_close(&t);
	}
	return NULL;
}

/* Without the lock. */
static void *read_on(void *number)
{
	do {
		struct token_file t;
		struct token_state s;
		struct failure f;
		bool whole;

		if (token_file_open(&t, &account, &oauth, &f) < 0 || token_file_read(&t, &s, &f) < 0)
			return number;
		whole = s.found == TOKEN_OURS && *s.access && strcmp(s.access, s.refresh) == 0;
		token_state_free(&s);
		token_file_close(&t);
		if (!whole)
			return number;
	} while (atomic_load(&writes) < 3 * 20);
	return NULL;
}

static void *write_or_read(void *number)
{
	return *(const size_t *)number < 3 ? one_at_a_time(number) : read_on(number);
}

static void test_who_reads_without_the_lock_sees_a_whole_file(void **state)
{
	struct token_file t;
	struct failure f;

	(void)state;
	lock_it(&t);
	assert_int_equal(write_it(&t, "x", "x", &f), 0);
	token_file_close(&t);
	run_threads(5, write_or_read);
	assert_int_equal(atomic_load(&most_inside), 1);
}

static void test_what_is_none_of_ours_is_not_replaced(void **state)
{
	static const char *const texts[] = {"s3cret\n", "{}", "\n", "mysend-password 1\n"};

	(void)state;
	for (size_t i = 0; i < ROWS(texts); i++) {
		struct token_file t;
		struct token_state s;
		struct failure f;
		struct stat st;

		lock_it(&t);
		file_put(file, texts[i], 0600);
		assert_int_equal(token_file_read(&t, &s, &f), -1);
		assert_int_equal(f.exit, EX_CONFIG);
		assert_non_null(strstr(f.text, "is refused: mysend has not made it"));
		t.replaces = true;
		assert_int_equal(write_it(&t, "new", "login", &f), -1);
		token_file_close(&t);
		assert_int_equal(stat(file, &st), 0);
		assert_int_equal(st.st_size, strlen(texts[i]));
	}
}

static void test_what_a_killed_writer_has_left_is_used_or_swept(void **state)
{
	static const struct { const char *file, *left, *gives; bool stays; } rows[] = {
		/* from between the write and the rename */
		{TEXT("joe", "1000", "old", "old"), TEXT("joe", "1001", "new", "new"), "new new", false},
		{TEXT("joe", "1000", "old", "old"), TEXT("joe", "1000", "new", "new"), "new new", false},
		{NULL, TEXT("joe", "1000", "new", "new"), "new new", false},
		{"mysend-token 1\ndamaged", TEXT("joe", "1000", "new", "new"), "new new", false},
		{TEXT("ann", "1000", "old", ""), TEXT("joe", "1000", "new", "new"), "new new", false},
		{TEXT("joe", "9000000000", "old", "old"), TEXT("joe", "1000", "new", "new"), "new new", false}, /* the clock was set back */
		/* from before its end */
		{TEXT("joe", "1000", "old", "old"), "mysend-token 1\nToken-URL: https", "old old", false},
		{TEXT("joe", "1000", "old", "old"), "", "old old", false},
		{NULL, "mysend-token 1\n", " ", false},
		/* older */
		{TEXT("joe", "1001", "old", "old"), TEXT("joe", "1000", "new", "new"), "old old", false},
		/* of another configuration */
		{TEXT("joe", "1000", "old", "old"), TEXT("ann", "2000", "new", "new"), "old old", true},
		{TEXT("joe", "1000", "old", "old"), TEXT("ann", "2000", "new", ""), "old old", false},
		{TEXT("ann", "1000", "old", "old"), TEXT("joe", "2000", "new", "new"), " ", false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct token_file t;

		open_it(&t);
		token_file_close(&t);
		if (rows[i].file)
			file_put(file, rows[i].file, 0600);
		file_put(left, rows[i].left, 0600);
		lock_it(&t);
		token_file_close(&t);
		if (strcmp(given(), rows[i].gives) != 0)
			print_error("row %zu\n", i);
		assert_string_equal(given(), rows[i].gives);
		assert_int_equal(is_there(left), rows[i].stays);
		unlink(file);
		unlink(left);
	}
}

static void test_no_other_files_are_swept(void **state)
{
	static const char *const names[] = {"work", "work.lock", "work.0123456.new", "work.012345678.new", "work.0123456x.new", "work2.01234567.new",
					    "wor.01234567.new", "work.01234567.new.new", "work.01234567", "work.ABCDEF01.new", "k.01234567.new"};
	struct token_file t;
	char path[400];

	(void)state;
	lock_it(&t);
	for (size_t i = 0; i < ROWS(names); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		file_put(path, "x", 0600);
	}
	sweep(&t, "", DELETE_ALL);
	for (size_t i = 0; i < ROWS(names); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		assert_true(is_there(path));
	}
	token_file_close(&t);
}

static void test_a_file_that_is_being_written_is_not_swept(void **state)
{
	struct token_file t;
	int fd;

	(void)state;
	open_it(&t);
	token_file_close(&t);
	file_put(left, TEXT("joe", "1000", "new", "new"), 0600);
	fd = open(left, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	lock_it(&t);
	assert_true(is_there(left));
	assert_string_equal(given(), " ");
	token_file_close(&t);
	close(fd);
}

static void test_what_was_planted_as_a_killed_writers_does_no_harm(void **state)
{
	(void)state;
	snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", top);
	for (size_t i = 0; i < ROWS(plants); i++) {
		struct token_file t;

		open_it(&t);
		file_put(file, TEXT("joe", "500", "old", "old"), 0600);
		plants[i](left);
		token_file_close(&t);
		lock_it(&t);
		token_file_close(&t);
		assert_string_equal(given(), "old old");
		assert_int_equal(remove(left), 0);
		unlink(elsewhere);
	}
}

static size_t entries(void)
{
	DIR *list = opendir(folder);
	size_t n = 0;

	assert_non_null(list);
	while (readdir(list))
		n++;
	closedir(list);
	return n - 2;
}

static void test_a_write_that_fails_leaves_the_old_file_or_is_made_up_for(void **state)
{
	static const struct { int *which, error, exit; const char *then; } rows[] = {
		{&write_fails, ENOSPC, EX_TEMPFAIL, "old old"}, {&write_fails, EDQUOT, EX_TEMPFAIL, "old old"}, {&write_fails, EFBIG, EX_TEMPFAIL, "old old"},
		{&sync_fails, EIO, EX_TEMPFAIL, "new new"},	{&rename_fails, EIO, EX_TEMPFAIL, "new new"},	{&rename_fails, EROFS, EX_CONFIG, "new new"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct token_file t;
		struct failure f;

		lock_it(&t);
		file_put(file, TEXT("joe", "500", "old", "old"), 0600);
		*rows[i].which = rows[i].error;
		assert_int_equal(write_it(&t, "new", "new", &f), -1);
		assert_int_equal(f.exit, rows[i].exit);
		assert_non_null(strstr(f.text, file));
		assert_null(strstr(f.text, "new new"));
		assert_string_equal(given(), "old old");
		token_file_close(&t);
		*rows[i].which = 0;
		lock_it(&t); /* what could not be renamed is put into its place now */
		token_file_close(&t);
		assert_string_equal(given(), rows[i].then);
		assert_int_equal(entries(), 2); /* the file and its lock */
	}
}

static void test_the_file_is_on_the_disk_before_its_name_and_its_name_before_the_answer_is_used(void **state)
{
	struct token_file t;
	struct failure f;

	(void)state;
	lock_it(&t);
	*done = '\0';
	assert_int_equal(write_it(&t, "new", "new", &f), 0);
	assert_string_equal(done, "sync the file;rename;sync the folder;");
	*done = '\0';
	assert_int_equal(token_file_remove(&t, &f), 0);
	assert_string_equal(done, "sync the folder;");
	token_file_close(&t);
}

static void test_files_that_cannot_be_renamed_do_not_pile_up(void **state)
{
	struct token_file t;
	struct failure f;

	(void)state;
	rename_fails = EIO;
	for (int i = 0; i < 5; i++) {
		lock_it(&t);
		assert_int_equal(write_it(&t, "new", "new", &f), -1);
		token_file_close(&t);
	}
	assert_int_equal(entries(), 2); /* one of them, and the lock */
}

static void test_what_is_removed_is_gone_with_what_stood_beside_it(void **state)
{
	struct token_file t;
	struct failure f;

	(void)state;
	lock_it(&t);
	assert_int_equal(token_file_remove(&t, &f), 0);
	assert_int_equal(write_it(&t, "aaa", "rrr", &f), 0);
	file_put(left, TEXT("ann", "1000", "new", "new"), 0600);
	assert_int_equal(token_file_remove(&t, &f), 0);
	token_file_close(&t);
	assert_int_equal(entries(), 1);
	assert_string_equal(given(), " ");
}

static void flow(const char *word)
{
	const struct origin from = {.rank = RANK_OPTION, .file = "--oauth"};
	struct arena in = {.block = NULL};
	struct failure f;

	assert_int_equal(account_set(&account, &in, SET_oauth, slice_of(word), &from, &f), 0);
	arena_free(&in);
}

static void named(struct token_file *t, const char *name)
{
	struct failure f;

	account.name = name;
	assert_int_equal(token_file_open(t, &account, &oauth, &f), 0);
}

static void test_an_account_without_a_file_uses_the_login_of_the_same_user_client_and_scope(void **state)
{
	struct token_file t;
	struct failure f;

	(void)state;
	flow("login");
	lock_it(&t);
	assert_int_equal(write_it(&t, "AT", "", &f), 0);
	named(&t, "default");
	assert_string_equal(t.name, "default");
	token_file_close(&t);
	named(&t, "work");
	assert_int_equal(write_it(&t, "AT", "RT", &f), 0);
	token_file_close(&t);
	named(&t, "default");
	assert_string_equal(t.name, "work");
	assert_string_equal(t.path, file);
	token_file_close(&t);

	/* A client needs no login; somebody else has none; and who has a file uses that. */
	flow("client");
	named(&t, "default");
	assert_string_equal(t.name, "default");
	token_file_close(&t);
	flow("login");
	account.user = "eve";
	named(&t, "default");
	assert_string_equal(t.name, "default");
	token_file_close(&t);
	named(&t, "other");
	assert_int_equal(token_file_lock(&t, 0, &f), 0);
	assert_int_equal(write_it(&t, "AT2", "RT2", &f), 0);
	token_file_close(&t);
	account.user = "joe";
	named(&t, "other");
	assert_string_equal(t.name, "other");
	token_file_close(&t);
}

static void test_what_stands_beside_a_file_is_no_file_of_another_account(void **state)
{
	static const char *const names[] = {"work.01234567.new", "work.lock", ".work"};
	struct token_file t;

	(void)state;
	open_it(&t);
	token_file_close(&t);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[400];
		FILE *out;

		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		out = fopen(path, "w");
		assert_non_null(out);
		assert_int_equal(fchmod(fileno(out), 0600), 0);
		assert_true(fputs(TEXT("joe", "1000", "AT", "RT"), out) >= 0 && fclose(out) == 0);
		named(&t, "default");
		assert_string_equal(t.name, "default");
		token_file_close(&t);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_two_accounts_have_the_same_file),
		TEST(test_an_account_without_a_file_uses_the_login_of_the_same_user_client_and_scope),
		TEST(test_what_stands_beside_a_file_is_no_file_of_another_account),
		TEST(test_names_that_are_long_end_in_a_digest),
		TEST(test_what_is_written_is_read_again_and_for_us_alone),
		TEST(test_to_look_makes_nothing),
		TEST(test_a_folder_that_is_not_ours_alone_is_refused),
		TEST(test_a_place_that_cannot_be_used_is_told),
		TEST(test_what_was_planted_in_its_place_is_neither_read_nor_replaced),
		TEST(test_what_was_planted_for_its_lock_is_refused),
		TEST(test_another_configurations_login_is_kept),
		TEST(test_a_refresh_token_stays_where_none_comes),
		TEST(test_the_lock_is_one_process_or_thread_at_a_time),
		TEST(test_who_is_told_to_end_waits_no_longer_for_the_lock),
		TEST(test_who_reads_without_the_lock_sees_a_whole_file),
		TEST(test_what_is_none_of_ours_is_not_replaced),
		TEST(test_what_a_killed_writer_has_left_is_used_or_swept),
		TEST(test_no_other_files_are_swept),
		TEST(test_a_file_that_is_being_written_is_not_swept),
		TEST(test_what_was_planted_as_a_killed_writers_does_no_harm),
		TEST(test_a_write_that_fails_leaves_the_old_file_or_is_made_up_for),
		TEST(test_the_file_is_on_the_disk_before_its_name_and_its_name_before_the_answer_is_used),
		TEST(test_files_that_cannot_be_renamed_do_not_pile_up),
		TEST(test_what_is_removed_is_gone_with_what_stood_beside_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
