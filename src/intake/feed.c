#include "intake/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"

enum { PIECE = 64 * 1024 };

/* The line is a command with which a BSMTP file begins. */
static bool is_command(struct slice line)
{
	static const char *const commands[] = {"HELO", "EHLO", "RSET", "NOOP"};

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (slice_begins(line, commands[i]) && (line.len == 4 || octet_is_blank(line.p[4])))
			return true;
	return slice_begins(line, "MAIL FROM:");
}

enum feed_kind feed_kind_of(struct slice head)
{
	struct slice rest, line, name;

	slice_skip_mark(&head);
	do
		rest = head;
	while (slice_line(&head, &line) && !line.len);
	if (!rest.len)
		return FEED_EMPTY;
	return mbox_begins(rest) ? FEED_MBOX : is_command(line) ? FEED_BSMTP : mbox_field(line, &name) ? FEED_MESSAGE : FEED_OTHER;
}

static int copy_octets(int from, int to, struct failure *f)
{
	char piece[PIECE];
	ssize_t n;

	while ((n = file_read(from, piece, sizeof piece)) > 0)
		if (file_write(to, piece, (size_t)n) < 0)
			return fail_errno(f, AT_INPUT, errno == ENOSPC || errno == EDQUOT ? EX_TEMPFAIL : EX_OSERR, "writing it to a temporary file");
	return n < 0 ? fail_errno(f, AT_INPUT, EX_IOERR, "reading") : 0;
}

/* Replaces *fd by a file that holds what comes from it, and can be read at any offset. */
static int read_whole(int *fd, struct failure *f)
{
	int to = file_unnamed(), rc;

	if (to < 0)
		return fail_errno(f, AT_INPUT, EX_OSERR, "a temporary file");
	rc = copy_octets(*fd, to, f);
	close(*fd);
	*fd = to;
	return rc;
}

static bool has_file(int folder, const char *name, mode_t type)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & S_IFMT) == type;
}

static int kind_of_folder(struct feed *feed, struct failure *f)
{
	int file;

	feed->kind = has_file(feed->fd, "new", S_IFDIR) && has_file(feed->fd, "cur", S_IFDIR) ? FEED_MAILDIR : FEED_FOLDER;
	if (feed->kind == FEED_MAILDIR || !has_file(feed->fd, "mbox", S_IFREG))
		return 0;
	file = openat(feed->fd, "mbox", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file < 0)
		return fail_errno(f, AT_INPUT, EX_NOINPUT, "opening the file mbox in it");
	close(feed->fd);
	feed->fd = file;
	feed->kind = FEED_MBOX;
	feed->inside = "mbox";
	return 0;
}

static bool is_named_eml(const char *path)
{
	const size_t len = strlen(path);

	return len > 4 && slice_is(slice_of(path + len - 4), ".eml");
}

static int kind_of_file(struct feed *feed, struct failure *f)
{
	char head[MBOX_AHEAD];
	ssize_t n = file_read_at(feed->fd, head, sizeof head, 0);

	if (n < 0)
		return fail_errno(f, AT_INPUT, EX_IOERR, "reading");
	feed->kind = feed_kind_of((struct slice){head, (size_t)n});
	if (feed->kind == FEED_EMPTY && is_named_eml(feed->path))
		feed->kind = FEED_MESSAGE; /* which cannot be sent: an empty mailbox holds no mail, but this was to be one */
	if (feed->kind == FEED_OTHER)
		return fail(f, AT_INPUT, EX_DATAERR, "it begins as no mailbox, no message and no SMTP does");
	return lseek(feed->fd, 0, SEEK_SET) < 0 ? fail_errno(f, AT_INPUT, EX_IOERR, "reading") : 0;
}

/* Opens the path, and sets feed->kind. */
static int find_kind(struct feed *feed, struct failure *f)
{
	const bool input = strcmp(feed->path, "-") == 0;
	struct stat st;

	feed->fd = input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(feed->path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (feed->fd < 0 || fstat(feed->fd, &st) < 0)
		return fail_errno(f, AT_INPUT, EX_NOINPUT, "opening it");
	if (S_ISDIR(st.st_mode))
		return kind_of_folder(feed, f);
	if ((S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode)) && !file_is_open(feed->path) && strcmp(feed->path, "/dev/null") != 0)
		return fail(f, AT_INPUT, EX_NOINPUT, "it is a device, and no file");
	/* Another program may have read the beginning of standard input. */
	feed->copied = !S_ISREG(st.st_mode) || (input && lseek(feed->fd, 0, SEEK_CUR) != 0);
	if (feed->copied && read_whole(&feed->fd, f) < 0)
		return -1;
	return kind_of_file(feed, f);
}

static int open_kind(struct feed *feed, struct failure *f)
{
	switch (feed->kind) {
	case FEED_MBOX:
		return feed_mbox_open(&feed->mbox, feed->fd, MBOX_RD, f);
	case FEED_MAILDIR:
		return feed_maildir_open(&feed->maildir, feed->fd, feed->intake->types, LISTING_MOST, f);
	case FEED_FOLDER:
		return feed_eml_open(&feed->eml, feed->fd, feed->intake->types, LISTING_MOST, f);
	case FEED_BSMTP:
		if (feed_bsmtp_open(&feed->bsmtp, &feed->asked, feed->intake, feed->fd, f) < 0)
			return -1;
		feed->bsmtp.id = &feed->id;
		return 0;
	case FEED_OTHER: /* find_kind has failed */
	case FEED_EMPTY:
	case FEED_MESSAGE:
		break;
	}
	return 0;
}

/* The path in words that can be shown. */
static const char *shown(const char *path, char to[256])
{
	if (strcmp(path, "-") == 0)
		return "standard input";
	slice_printable(to, 256, slice_of(path));
	return to;
}

int feed_open(struct feed *feed, const char *path, const struct request *asked, struct intake *n, struct failure *f)
{
	char name[256];

	*feed = (struct feed){.path = path, .fd = -1, .asked = *asked, .intake = n};
	feed->asked.from_header = true;
	feed->asked.from_author = true;
	feed->asked.choose_id = feed_key_choose;
	feed->asked.ctx = &feed->id;
	if (find_kind(feed, f) == 0 && open_kind(feed, f) == 0)
		return 0;
	if (feed->fd >= 0)
		close(feed->fd);
	feed->fd = -1;
	return failure_in(f, "%s", shown(path, name));
}

static void close_kind(struct feed *feed)
{
	if (feed->kind == FEED_MBOX)
		feed_mbox_close(&feed->mbox);
	if (feed->kind == FEED_MAILDIR)
		feed_maildir_close(&feed->maildir);
	if (feed->kind == FEED_FOLDER)
		feed_eml_close(&feed->eml);
	if (feed->kind == FEED_BSMTP)
		feed_bsmtp_close(&feed->bsmtp);
}

void feed_close(struct feed *feed)
{
	if (feed->fd < 0)
		return;
	close_kind(feed);
	close(feed->fd);
	feed->fd = -1;
}

static int begin_anew(struct feed *feed, struct failure *f)
{
	const time_t began = feed->kind == FEED_MAILDIR ? feed->maildir.run.began : feed->eml.run.began;
	const bool is_file = feed->kind == FEED_BSMTP || feed->kind == FEED_MESSAGE;

	if (feed->kind == FEED_MBOX)
		return feed_mbox_again(&feed->mbox, feed->mbox.in.size, f);
	close_kind(feed);
	if (is_file && lseek(feed->fd, 0, SEEK_SET) < 0)
		return fail_errno(f, AT_INPUT, EX_IOERR, "reading it again");
	if (open_kind(feed, f) < 0)
		return -1;
	feed->maildir.run.began = feed->eml.run.began = began;
	return 0;
}

int feed_rewind(struct feed *feed, struct failure *f)
{
	char name[256];

	feed->over = false;
	feed->counted = feed->lines = 0;
	feed->at = (struct feed_place){.number = 0};
	if (begin_anew(feed, f) == 0)
		return 0;
	if (feed->kind == FEED_MBOX)
		feed_mbox_close(&feed->mbox);
	feed->kind = FEED_EMPTY; /* there is nothing to close */
	return failure_in(f, "%s", shown(feed->path, name));
}

/* 1: a message was read; 0 and -1 as in feed_next. */
static int read_message(struct feed *feed, struct job *j, struct failure *f)
{
	switch (feed->kind) {
	case FEED_MBOX:
		return feed_mbox_next(&feed->mbox, &j->message, &j->arena, f);
	case FEED_MAILDIR:
		return feed_maildir_next(&feed->maildir, &j->message, &j->arena, f);
	case FEED_FOLDER:
		return feed_eml_next(&feed->eml, &j->message, &j->arena, f);
	case FEED_MESSAGE:
		feed->over = true;
		return wide_read(&j->message, &j->arena, feed->fd, 0, feed->intake->types, NULL, f) < 0 ? -1 : 1;
	case FEED_BSMTP: /* next_of_bsmtp */
	case FEED_OTHER:
	case FEED_EMPTY:
		break;
	}
	return 0;
}

/* Makes the job complete out of the message that was read. */
static int take_message(struct feed *feed, struct job *j, struct feed_item *item, struct failure *f)
{
	if (j->message.facts.empty)
		return fail(f, AT_INPUT, EX_DATAERR, "the message is empty");
	header_remove_those(&j->message.header, mbox_is_note); /* before its key is made: who reads the mailbox changes them */
	if (feed_key_of(&item->key, &j->message, &j->arena, NULL, f) < 0)
		return -1;
	feed->id.key = item->key;
	if (intake_take(feed->intake, j, &feed->asked, f) < 0)
		return -1;
	item->job = j;
	return 0;
}

static int next_message(struct feed *feed, struct feed_item *item, struct failure *f)
{
	struct job *j = receiver_make_job();
	int rc = read_message(feed, j, f);

	if (rc > 0 && take_message(feed, j, item, f) < 0)
		rc = -1;
	if (rc <= 0)
		receiver_free(j);
	return rc;
}

/* Which line of the file was read last. It is only asked for where something is wrong. */
static uint64_t line_of_bsmtp(struct feed *feed)
{
	const struct dialogue *io = &feed->bsmtp.in.io;
	const off_t at = lseek(feed->fd, 0, SEEK_CUR);
	const uint64_t end = at < 0 ? 0 : (uint64_t)at - (io->end - io->begin);
	char piece[PIECE];

	while (feed->counted < end) {
		const uint64_t left = end - feed->counted;
		ssize_t n = file_read_at(feed->fd, piece, left < sizeof piece ? (size_t)left : sizeof piece, feed->counted);

		if (n <= 0)
			break;
		feed->lines += slice_lines((struct slice){piece, (size_t)n});
		feed->counted += (uint64_t)n;
	}
	return feed->lines;
}

static int next_of_bsmtp(struct feed *feed, struct feed_item *item, struct failure *f)
{
	struct bsmtp_item got;
	int rc;

	rc = feed_bsmtp_next(&feed->bsmtp, true, &got, f);
	feed->over = rc <= 0;
	feed->at.outside = rc > 0 && got.outside;
	feed->at.number += rc != 0 && !feed->at.outside; /* a message that is not whole counts */
	feed->at.line = rc < 0 || (rc > 0 && !got.job) ? line_of_bsmtp(feed) : 0;
	if (rc <= 0)
		return rc;
	*item = (struct feed_item){got.job, got.key};
	if (got.job)
		return 1;
	*f = got.why;
	return -1;
}

/* Sets feed->at. */
static void note_place(struct feed *feed)
{
	struct feed_place *at = &feed->at;
	const char *name = feed->kind == FEED_MAILDIR ? feed->maildir.name : feed->kind == FEED_FOLDER ? feed->eml.name : feed->inside;
	const size_t len = strlen(feed->path);

	snprintf(at->file, sizeof at->file, "%s%s%s", feed->path, !name || !*name || (len && feed->path[len - 1] == '/') ? "" : "/", name ? name : "");
	if (feed->kind == FEED_MBOX) {
		at->number = feed->mbox.number;
		at->line = feed->mbox.line;
	} else if (feed->kind != FEED_BSMTP) {
		at->number++;
	}
}

int feed_in_place(const struct feed *feed, struct failure *f)
{
	const unsigned long long number = feed->at.number, line = feed->at.line;
	char room[256];
	const char *name = shown(feed->at.file, room);

	if (!line)
		return failure_in(f, "%s", name);
	return feed->at.outside ? failure_in(f, "%s, line %llu", name, line) : failure_in(f, "%s, message %llu, line %llu", name, number, line);
}

int feed_next(struct feed *feed, struct feed_item *item, struct failure *f)
{
	int rc;

	*item = (struct feed_item){NULL, NULL};
	if (feed->over)
		return 0;
	rc = feed->kind == FEED_BSMTP ? next_of_bsmtp(feed, item, f) : next_message(feed, item, f);
	if (rc != 0)
		note_place(feed);
	return rc < 0 ? feed_in_place(feed, f) : rc;
}

int feed_count(const struct feed *feed, uint64_t *count, struct failure *f)
{
	int rc = 0;

	*count = feed->kind == FEED_MESSAGE;
	if (feed->kind == FEED_BSMTP)
		return 0;
	if (feed->kind == FEED_MBOX)
		rc = feed_mbox_count(&feed->mbox, count, f);
	if (feed->kind == FEED_MAILDIR)
		rc = feed_maildir_count(&feed->maildir, count, f);
	if (feed->kind == FEED_FOLDER)
		rc = feed_eml_count(&feed->eml, count, f);
	return rc < 0 ? -1 : 1;
}
