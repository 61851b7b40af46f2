#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/run.h"
#include "cli/probe.h"
#include "conf/whoami.h"
#include "post/enqueue.h"
#include "spool/spool.h"

#define SYSTEMD "/run/systemd/system"
#define TIMER "mysend-queue.timer"

enum { CRONTAB_MAX = 256 * 1024, CRONTAB_SECONDS = 5, SYSTEMCTL_SECONDS = 5, SYSTEMCTL_MAX = 4096, COMMAND_MAX = 64 * 1024 };

static bool systemd_runs(void)
{
	return access(SYSTEMD, F_OK) == 0;
}

static bool cut_word(struct slice *rest, struct slice *word)
{
	*rest = slice_trim(*rest);
	for (size_t i = 0; i < rest->len; i++)
		if (octet_is_space(rest->p[i])) {
			*word = (struct slice){rest->p, i};
			*rest = (struct slice){rest->p + i, rest->len - i};
			return true;
		}
	return false;
}

bool probe_runs_queue(struct slice line, const char *user, bool named)
{
	struct slice rest = slice_trim(line), word;
	int fields = rest.len && *rest.p == '@' ? 1 : 5;

	if (!rest.len || *rest.p == '#')
		return false;
	while (fields--)
		if (!cut_word(&rest, &word))
			return false;
	if (named && (!cut_word(&rest, &word) || word.len != strlen(user) || memcmp(word.p, user, word.len) != 0))
		return false;
	if (systemd_runs() && slice_mentions(rest, SYSTEMD)) /* as in [ -d /run/systemd/system ] || ...: the timer does it there */
		return false;
	return (slice_mentions(rest, "mysend") || slice_mentions(rest, "sendmail")) && slice_mentions(rest, " -q");
}

static bool lines_run_queue(const struct buf *b, const char *user, bool named)
{
	struct slice rest = buf_slice_of(b), line;

	while (slice_line(&rest, &line))
		if (probe_runs_queue(line, user, named))
			return true;
	return false;
}

static bool file_runs_queue(int folder, const char *path, const char *user, bool named)
{
	int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	struct buf b;
	bool found;

	if (fd < 0)
		return false;
	buf_start(&b, CRONTAB_MAX);
	found = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && file_slurp(fd, &b) == 0 && lines_run_queue(&b, user, named);
	close(fd);
	buf_free(&b);
	return found;
}

/* Users may not read the folder of crontabs; crontab(1), which has the right to, shows them their own. */
static bool own_crontab_runs_queue(const char *user)
{
	struct failure unused;
	struct buf b;
	bool found;

	buf_start(&b, CRONTAB_MAX);
	found = run_shell("crontab -l 2>/dev/null", CRONTAB_SECONDS, &b, &unused) == 0 && lines_run_queue(&b, user, false);
	buf_free(&b);
	return found;
}

/* Where the line stands that has cron run the queue; or NULL. Files that we may not read are passed over. */
static const char *in_cron(struct arena *in, const char *user)
{
	static const char *const own[] = {"/var/spool/cron/crontabs", "/var/spool/cron", "/etc/crontabs"};
	DIR *d = opendir("/etc/cron.d");
	const char *found = NULL;
	const struct dirent *e;

	while (d && !found && (e = readdir(d)))
		if (*e->d_name != '.' && file_runs_queue(dirfd(d), e->d_name, user, true))
			found = arena_printf(in, "/etc/cron.d/%s", e->d_name);
	if (d)
		closedir(d);
	if (!found && file_runs_queue(AT_FDCWD, "/etc/crontab", user, true))
		found = "/etc/crontab";
	for (size_t i = 0; i < sizeof own / sizeof *own && !found; i++) {
		const char *path = arena_printf(in, "%s/%s", own[i], user);

		if (file_runs_queue(AT_FDCWD, path, user, false))
			found = path;
	}
	if (!found && geteuid() != 0 && own_crontab_runs_queue(user))
		found = arena_printf(in, "the crontab of %s", user);
	return found;
}

/* "mysend-queue.timer is active, last ...", or NULL: it is not, or there is no systemd. */
static const char *by_timer(struct arena *in)
{
	const char *const ask = geteuid() == 0 ? "systemctl show -p ActiveState -p LastTriggerUSec " TIMER " 2>/dev/null"
					       : "systemctl --user show -p ActiveState -p LastTriggerUSec " TIMER " 2>/dev/null";
	struct slice rest, line, name, last = SLICE("");
	const char *text = NULL;
	bool active = false;
	struct failure unused;
	struct buf b;

	if (!systemd_runs())
		return NULL;
	buf_start(&b, SYSTEMCTL_MAX);
	if (run_shell(ask, SYSTEMCTL_SECONDS, &b, &unused) == 0) {
		rest = buf_slice_of(&b);
		while (slice_line(&rest, &line))
			if (slice_cut(&line, '=', &name)) {
				active |= slice_is(name, "ActiveState") && slice_is(line, "active");
				last = slice_is(name, "LastTriggerUSec") ? line : last;
			}
		if (active)
			text = arena_printf(in, TIMER " is active, %s%.*s", last.len ? "last " : "not run yet", (int)last.len, last.p);
	}
	buf_free(&b);
	return text;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_program(struct slice path)
{
	struct slice name;

	while (slice_cut(&path, '/', &name))
		;
	return slice_is(path, "mysend"); /* a sendmail may be another program */
}

bool probe_stays(struct slice command)
{
	struct slice word;

	if (!slice_cut(&command, '\0', &word) || !is_program(word))
		return false;
	while (slice_cut(&command, '\0', &word))
		if (word.len > 2 && slice_begins(word, "-q") && is_digit(word.p[2]))
			return true;
	return false;
}

/* The process of ours is one that stays and runs the queue; proc: the folder /proc. */
static bool process_stays(int proc, const char *id)
{
	char path[40];
	int fd = snprintf(path, sizeof path, "%.20s/cmdline", id) < 0 ? -1 : openat(proc, path, O_RDONLY | O_CLOEXEC);
	bool stays = false;
	struct stat st;
	struct buf b;

	if (fd < 0)
		return false;
	buf_start(&b, COMMAND_MAX);
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && file_slurp(fd, &b) == 0)
		stays = probe_stays(buf_slice_of(&b));
	close(fd);
	buf_free(&b);
	return stays;
}

/* "process 123", where mysend -q15m of the same user runs; or NULL, as where there is no /proc. */
static const char *in_processes(struct arena *in)
{
	DIR *d = opendir("/proc");
	const char *found = NULL;
	const struct dirent *e;

	while (d && !found && (e = readdir(d)))
		if (is_digit(*e->d_name) && process_stays(dirfd(d), e->d_name))
			found = arena_printf(in, "process %s", e->d_name);
	if (d)
		closedir(d);
	return found;
}

static void tell_runner(struct probe *p, const char *there)
{
	const char *user = whoami_user(p->in), *by = by_timer(p->in), *cron = by ? NULL : in_cron(p->in, user);
	static const char *const nobody = "nothing was found that runs the queue";

	if (!by && !cron)
		cron = in_processes(p->in);
	if (by || cron)
		probe_add(p, PROBE_SPOOL, PROBE_OK, -1, arena_printf(p->in, "%s; %s%s", there, by ? by : cron, by ? "" : " runs the queue"));
	else if (!systemd_runs())
		probe_warn(p, PROBE_SPOOL, arena_printf(p->in, "%s; %s", there, nobody), HINT_PROBE_CRON, (const char *const[]){user, BINDIR "/mysend", NULL});
	else if (geteuid() == 0)
		probe_warn(p, PROBE_SPOOL, arena_printf(p->in, "%s; %s", there, nobody), HINT_PROBE_TIMER, NULL);
	else
		probe_warn(p, PROBE_SPOOL, arena_printf(p->in, "%s; %s", there, nobody), HINT_PROBE_USER_TIMER, NULL);
}

/* Where mail would wait. That it cannot is a warning: as long as the relay takes it at once, mail goes all the same. */
void probe_queue(struct probe *p, const struct account *a)
{
	const char *path = whoami_spool(p->in, a), *there = path;
	struct spool_names waits = {.count = 0}, failed = {.count = 0};
	struct statvfs fs;
	struct failure f;
	struct spool s;
	int rc;

	if (setting_is(a, SET_queue, "off")) {
		probe_add(p, PROBE_SPOOL, PROBE_OK, -1, "queue off: no mail waits");
		return;
	}
	if (!enqueue_is_allowed(a)) {
		probe_add(p, PROBE_SPOOL, PROBE_OK, -1, "the relay is of this command line: no mail waits for it");
		return;
	}
	rc = spool_open_to_check(&s, path, &f);
	if (rc == 0 && (spool_list(&s, false, p->in, &waits, &f) < 0 || spool_list(&s, true, p->in, &failed, &f) < 0))
		rc = -1;
	if (rc == 0 && fstatvfs(s.tmp, &fs) == 0 && fs.f_bavail == 0)
		rc = fail(&f, AT_SPOOL, EX_TEMPFAIL, "spool %s is full", path);
	if (rc == 0)
		there = arena_printf(p->in, "%s: %zu wait, %zu given up", path, waits.count, failed.count);
	else if (rc > 0)
		there = arena_printf(p->in, "%s: made when mail has to wait", path);
	spool_close(&s);
	if (rc < 0)
		probe_mild(p, PROBE_SPOOL, "no mail can wait: ", &f);
	else
		tell_runner(p, there);
}
