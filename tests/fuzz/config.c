/*
 * Configuration and aliases: whatever stands in the files, reading ends, an account that comes of them is usable, and
 * no password is shown. Input: a user's file, "%%", a system's file; the whole of it is a file of aliases, too.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/run.h"
#include "conf/aliases.h"
#include "conf/book.h"
#include "conf/choose.h"
#include "conf/config.h"
#include "conf/value.h"
#include "conf/vault.h"

static const char SECRET[] = "hunter2secret", SECRET_LINE[] = "\npassword hunter2secret\n";

/* In base/run's place: nothing is executed here. */
int run_shell(const char *command, unsigned seconds, struct buf *out, struct failure *f)
{
	(void)seconds;
	return buf_text(out, command) < 0 || buf_text(out, "\nmore") < 0 ? fail(f, AT_CONFIG, 78, "too long") : 0;
}

/* In conf/accounts' place: what has been read already. */
static const struct accounts *given;

int accounts_load(struct accounts *out, struct arena *run, const char *config, struct failure *f)
{
	(void)run;
	(void)config;
	(void)f;
	*out = *given;
	return 0;
}

/* The secret stands in the file once, as a password: then nobody else may say it. */
static bool has_secret(const char *file)
{
	const char *first = strstr(file, SECRET);

	return first && !strstr(first + 1, SECRET) && strstr(file, SECRET_LINE);
}

static void keeps_secret(const char *file, const char *said)
{
	HOLDS(!has_secret(file) || !strstr(said, SECRET), slice_of(said));
}

static void show(const struct account *a, const char *file)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	account_show(a, out);
	fclose(out);
	keeps_secret(file, text);
	free(text);
}

static void choose(const struct accounts *all, struct arena *run, const char *file)
{
	static const char *const senders[] = {NULL, "me@example.org", "x"};
	struct book book;
	struct failure f = {0};

	given = all;
	HOLDS(book_open(&book, run, NULL, NULL, 0, &f) == 0, slice_of(file));
	for (size_t i = 0; i < sizeof senders / sizeof *senders; i++) {
		const struct account *a = NULL;
		int ok = book_account(&book, NULL, senders[i], &a, &f);

		if (a)
			show(a, file);
		HOLDS(ok == 0 || *f.text, slice_of(file));
		keeps_secret(file, f.text);
		if (ok < 0 || !a)
			continue;
		HOLDS(*a->host || *a->socket, slice_of(file));
		HOLDS(!slice_has_control(slice_of(a->from)) && !slice_has_control(slice_of(a->host)) && !slice_has_control(slice_of(a->domain)), slice_of(file));
	}
}

static void read_config(struct arena *run, struct slice text)
{
	struct accounts all = {.tried = "", .place = ""};
	const char *cut = text.len ? strstr(text.p, "%%\n") : NULL;
	size_t first = cut ? (size_t)(cut - text.p) : text.len;
	struct failure f = {0};

	all.user.path = "user";
	all.user.rank = RANK_USER;
	all.system.path = "system";
	all.system.rank = RANK_SYSTEM;
	if (config_parse(&all.user, run, (struct slice){text.p, first}, &f) == 0 &&
	    config_parse(&all.system, run, (struct slice){text.p + first, text.len - first}, &f) == 0) {
		choose(&all, run, text.p);
		return;
	}
	keeps_secret(text.p, f.text);
	keeps_secret(text.p, f.hint);
}

static void tell(void *ctx, const struct failure *f)
{
	(void)ctx;
	HOLDS(*f->text, SLICE(""));
}

static const char *write_file(struct slice text)
{
	static char path[] = "/tmp/mysend-fuzz.XXXXXX";
	static int fd = -1;

	if (fd < 0) {
		fd = mkstemp(path);
		HOLDS(fd >= 0, SLICE("mkstemp"));
	}
	HOLDS(ftruncate(fd, 0) == 0 && pwrite(fd, text.p, text.len, 0) == (ssize_t)text.len, SLICE("pwrite"));
	return path;
}

static void read_aliases(struct arena *run, struct slice text)
{
	static const char *const names[] = {"root", "all", "bob", "a+b", "\"q r\"", "default", "x"};
	struct account a;
	struct aliases *aliases;
	struct failure f;

	account_defaults(&a);
	a.aliases = write_file(text);
	if (aliases_open(&aliases, run, &a, &f) < 0)
		return;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct mailboxes out = {0};
		struct mailbox box = {.address = names[i]};

		if (aliases_expand(&out, run, aliases, &box, &f) <= 0)
			continue;
		HOLDS(out.count, text);
		for (size_t k = 0; k < out.count; k++) { /* no command, no file */
			fuzz_is_clean(out.box[k].address);
			HOLDS(strchr(out.box[k].address, '@') || !strchr("|/", *out.box[k].address), slice_of(out.box[k].address));
		}
	}
	(void)aliases_check(aliases, tell, NULL);
}

static void read_values(struct slice text)
{
	unsigned number;
	uint64_t octets;

	if (value_count(text, 1, 100, &number) == 0)
		HOLDS(number >= 1 && number <= 100, text);
	if (value_seconds(text, 1, 604800, &number) == 0)
		HOLDS(number >= 1 && number <= 604800, text);
	if (value_bytes(text, 1, 1000000, &octets) == 0) /* 0: off */
		HOLDS(octets <= 1000000, text);
	(void)choose_fits(text.p, "me@example.org");
	(void)value_is_name(text.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct arena run = {0};
	struct slice text = fuzz_copy(&run, octets, len);

	read_config(&run, text);
	read_aliases(&run, text);
	read_values(text);
	vault_wipe();
	arena_free(&run);
	return 0;
}
