/*
 * An account's tokens: whatever stands in the file, and in one that a killed writer has left beside it, a token is given only by a file
 * that is whole and of this configuration, what is printed is read the same, another configuration's login is never overwritten, and
 * no two accounts have the same file. Input: a file, "%%", what was left beside it; each is the lines behind those that say whom it is
 * for, or, where it begins with "mysend", the whole file. The two halves of the input are names of accounts, too.
 */
#define _GNU_SOURCE /* memmem */
#include "fuzz.h"

#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf/token_file.h"

#define HEAD "mysend-token 1\nToken-URL: https://p.example/token\nClient: c1\nScope: s\nUser: joe\n"

enum { LONGEST_INPUT = 100000, ROOM = LONGEST_INPUT + sizeof HEAD };

static char folder[] = "/tmp/mysend-fuzz-token.XXXXXX", file[64], lock[64], left[64];

/* Nobody waits for the disk here. */
int fsync(int fd)
{
	return fd < 0 ? -1 : 0;
}

static void remove_folder(void)
{
	unlink(file);
	unlink(lock);
	unlink(left);
	rmdir(folder);
}

static void make_folder(void)
{
	if (*file)
		return;
	if (!mkdtemp(folder))
		abort();
	snprintf(file, sizeof file, "%s/work", folder);
	snprintf(lock, sizeof lock, "%s/work.lock", folder);
	snprintf(left, sizeof left, "%s/work.01234567.new", folder);
	atexit(remove_folder);
}

static void put_file(const char *path, struct slice text)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, HEAD, slice_begins(text, "mysend") ? 0 : strlen(HEAD)) < 0 || write(fd, text.p, text.len) < 0)
		abort();
	close(fd);
}

/* The file's octets, in the arena. */
static struct slice octets_of(struct arena *in, const char *path)
{
	char *p = arena_zeroed(in, ROOM, 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, p, ROOM);

	if (fd >= 0)
		close(fd);
	return (struct slice){p, n < 0 ? 0 : (size_t)n};
}

static void check_token(const char *token, struct slice text)
{
	for (const char *p = token; *p; p++)
		HOLDS(*p >= 0x20 && *p <= 0x7e, text);
}

static void check_printed(const struct token_state *s, const struct token_purpose *of, struct slice text)
{
	struct token_state back;
	struct private printed;
	struct failure f;

	HOLDS(token_state_print(&printed, s, of, &f) == 0, text);
	token_state_parse(&back, &printed, of);
	HOLDS(back.found == TOKEN_OURS && back.obtained == s->obtained && back.expires == s->expires && back.logged_in == s->logged_in, text);
	HOLDS(strcmp(back.access, s->access) == 0 && strcmp(back.refresh, s->refresh) == 0, text);
	token_state_free(&back);
}

static enum token_found check_read(const struct token_file *t, struct slice text, bool *keeps_login)
{
	enum token_found found = TOKEN_NONE;
	struct token_state s;
	struct failure f;

	if (token_file_read(t, &s, &f) < 0) {
		HOLDS(s.found == TOKEN_OTHER && f.exit == EX_CONFIG, text);
		*keeps_login = true; /* for it stays as it is */
		return TOKEN_OTHER;
	}
	HOLDS(s.found == TOKEN_OURS || (!*s.access && !*s.refresh && !s.text.buf.p), text);
	HOLDS(s.found != TOKEN_OURS || s.keeps_login == (*s.refresh != '\0'), text);
	HOLDS((s.differs != NULL) <= (s.found == TOKEN_FOREIGN), text);
	check_token(s.access, text);
	check_token(s.refresh, text);
	if (s.found == TOKEN_OURS)
		check_printed(&s, &t->purpose, text);
	if (token_state_is_fresh(&s, 1500000000))
		HOLDS(*s.access && s.obtained <= 1500000000 && s.expires > 1500000000, text);
	found = s.found;
	*keeps_login = s.keeps_login;
	token_state_free(&s);
	return found;
}

static void check_written(const struct token_file *t, struct slice text, struct arena *in)
{
	const struct token_state new = {.access = "new", .refresh = "login", .obtained = 1, .expires = 2};
	struct slice before = octets_of(in, file);
	bool keeps_login;
	enum token_found found = check_read(t, text, &keeps_login);
	struct failure f;

	if (token_file_write(t, &new, &f) < 0) {
		fuzz_is_clean(f.text);
		HOLDS(found != TOKEN_OURS && keeps_login && fuzz_same(octets_of(in, file), before), text);
	} else {
		HOLDS(found == TOKEN_OURS || !keeps_login, text);
		HOLDS(check_read(t, text, &keeps_login) == TOKEN_OURS && keeps_login, text);
	}
}

static void check_file(struct slice text, struct arena *in)
{
	const struct oauth o = {.client_id = "c1", .scope = "s", .token_url = "https://p.example/token"};
	const char *end = memmem(text.p, text.len, "%%", 2);
	size_t len = end ? (size_t)(end - text.p) : text.len;
	struct account a;
	struct token_file t;
	struct slice before;
	struct failure f;
	enum token_found found;
	bool keeps_login, then_keeps;

	account_defaults(&a);
	a.name = "work";
	a.user = "joe";
	a.oauth_state = folder;
	put_file(file, (struct slice){text.p, len});
	unlink(left);
	if (end)
		put_file(left, (struct slice){end + 2, text.len - len - 2});
	before = octets_of(in, file);
	HOLDS(token_file_open(&t, &a, &o, &f) == 0, text);
	found = check_read(&t, text, &keeps_login);
	HOLDS(token_file_lock(&t, 0, &f) == 0, text);
	HOLDS(check_read(&t, text, &then_keeps) == TOKEN_OURS || found != TOKEN_OURS, text);
	if (found != TOKEN_OURS && keeps_login)
		HOLDS(fuzz_same(octets_of(in, file), before), text);
	check_written(&t, text, in);
	HOLDS(token_file_remove(&t, &f) == 0, text);
	HOLDS(access(file, F_OK) < 0 && access(left, F_OK) < 0, text);
	token_file_close(&t);
}

static void check_names(struct slice text, struct arena *in)
{
	char *account = arena_text(in, text.p, text.len / 2), *other = arena_text(in, text.p + text.len / 2, text.len - text.len / 2);
	char name[TOKEN_FILE_NAME], other_name[TOKEN_FILE_NAME];

	token_file_name(name, account);
	token_file_name(other_name, other);
	HOLDS(*name && *name != '.' && !strchr(name, '/') && strlen(name) < TOKEN_FILE_NAME - 1, text);
	HOLDS(strlen(name) < 5 || (strcmp(name + strlen(name) - 5, ".lock") != 0 && strcmp(name + strlen(name) - 4, ".new") != 0), text);
	HOLDS((strcmp(name, other_name) == 0) == (strcmp(account, other) == 0), text);
	fuzz_is_clean(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct arena in = {.block = NULL};
	struct slice text;

	if (len > LONGEST_INPUT)
		return 0;
	text = fuzz_copy(&in, octets, len);
	make_folder();
	check_file(text, &in);
	check_names(text, &in);
	arena_free(&in);
	return 0;
}
