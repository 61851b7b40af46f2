#include "cli/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "cli/charset.h"
#include "mail/complete.h"
#include "mail/compose.h"
#include "mail/filetype.h"
#include "mail/mime.h"

enum { PIECE = 64 * 1024 };

struct desk { /* where the parts are laid out */
	const struct draft *draft;
	struct job *job;
	struct filetypes *types;
	struct composition c;
	char *look; /* room for the first octets of a file */
};

static int unreadable(struct failure *f, const char *path, const char *why)
{
	return fail(f, AT_INPUT, EX_NOINPUT, "%s: %s", path, why);
}

/* Standard input is the process's. */
static void close_path(int fd)
{
	if (fd > STDERR_FILENO)
		close(fd);
}

/* What cannot be read again, or does not say how much there is (/proc), is kept in a file without a name. */
static int keep(int from, const char *path, uint64_t *size, struct failure *f)
{
	char piece[PIECE];
	int fd = file_unnamed();
	ssize_t n = 0;

	*size = 0;
	if (fd < 0)
		return fail_errno(f, AT_INPUT, EX_OSERR, "a temporary file for %s", path);
	while ((n = file_read(from, piece, sizeof piece)) > 0) {
		if (file_write(fd, piece, (size_t)n) < 0) {
			fail_errno(f, AT_INPUT, EX_TEMPFAIL, "a temporary file for %s", path);
			close(fd);
			return -1;
		}
		*size += (uint64_t)n;
	}
	if (n < 0) {
		fail_errno(f, AT_INPUT, EX_NOINPUT, "%s", path);
		close(fd);
		return -1;
	}
	return fd;
}

/* A file to read, as something that is one; -1 and *f. */
static int open_path(const char *path, struct stat *st, struct failure *f)
{
	bool input = strcmp(path, "-") == 0;
	int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 || fstat(fd, st) < 0)
		unreadable(f, path, strerror(errno));
	else if (S_ISDIR(st->st_mode) || S_ISBLK(st->st_mode) || (S_ISCHR(st->st_mode) && !(input && isatty(fd))))
		unreadable(f, path, S_ISDIR(st->st_mode) ? "it is a folder, and no file" : "it is a device, and no file");
	else
		return fd;
	close_path(fd);
	return -1;
}

/* A file of the message, open until it is through. */
static struct source *open_file(struct desk *k, const char *path, struct failure *f)
{
	struct arena *in = &k->job->arena;
	struct stat st;
	int fd = open_path(path, &st, f), kept;
	uint64_t size;

	if (fd < 0)
		return NULL;
	size = (uint64_t)st.st_size;
	if (!S_ISREG(st.st_mode) || !size || lseek(fd, 0, SEEK_CUR) != 0) {
		kept = keep(fd, path, &size, f);
		close_path(fd);
		if (kept < 0)
			return NULL;
		fd = kept;
	}
	if (fd != STDIN_FILENO)
		message_hold(&k->job->mail.message, in, fd);
	return source_named(in, fd, size, path);
}

static const char *base_name(struct arena *in, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct slice name = text_in_utf8(in, slice_of(slash ? slash + 1 : path));

	return arena_text(in, name.p, name.len);
}

/* A file's name may be anything; a Content-ID is what a cid: link can say. */
static const char *id_of(struct arena *in, const char *name)
{
	char *id = arena_printf(in, "%s", name);

	for (char *p = id; *p; p++)
		if (*p <= 32 || *p > 126 || strchr("<>()[]\\,;:\"@", *p))
			*p = '_';
	return id;
}

static int check_words(const struct draft_file *a, struct failure *f)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&-^_.+/";

	if (a->type && (strspn(a->type, token) != strlen(a->type) || !strchr(a->type, '/') || !*a->type))
		return fail(f, AT_USAGE, EX_USAGE, "%s: type is TYPE/SUBTYPE, not \"%s\"", a->path, a->type);
	if (a->disposition && strcmp(a->disposition, "inline") != 0 && strcmp(a->disposition, "attachment") != 0)
		return fail(f, AT_USAGE, EX_USAGE, "%s: disposition is inline or attachment, not \"%s\"", a->path, a->disposition);
	if (a->name && slice_has_control(slice_of(a->name)))
		return fail(f, AT_USAGE, EX_DATAERR, "%s: name has a control character in it", a->path);
	return 0;
}

static int add_file(struct desk *k, const struct draft_file *a, struct failure *f)
{
	struct arena *in = &k->job->arena;
	bool shown = a->shown && k->draft->html;
	struct part *p = shown ? &k->c.shown[k->c.shows++] : &k->c.attached[k->c.attachments++];
	struct filetype t = {a->type, ""};
	struct slice head;

	if (check_words(a, f) < 0)
		return -1;
	p->content = open_file(k, a->path, f);
	if (!p->content)
		return -1;
	if (!a->type) {
		if (!k->look)
			k->look = arena_zeroed(in, FILETYPE_LOOK, 1);
		if (source_head(p->content, k->look, FILETYPE_LOOK, &head, f) < 0)
			return -1;
		t = filetype_of(k->types, in, head);
	}
	/* RFC 2046 5.2.1: those must not be encoded, and so could not arrive as they are. */
	if (slice_begins(slice_of(t.type), "message/") || slice_begins(slice_of(t.type), "multipart/"))
		t = (struct filetype){"application/octet-stream", ""};
	p->type = t.type;
	p->charset = slice_begins(slice_of(t.type), "text/") && strcmp(t.charset, "binary") != 0 ? t.charset : "";
	p->name = a->name ? base_name(in, a->name) : strcmp(a->path, "-") == 0 ? NULL : base_name(in, a->path);
	p->disposition = a->disposition ? a->disposition : a->shown ? "inline" : "attachment";
	p->id = a->id ? id_of(in, a->id) : a->shown && p->name ? id_of(in, p->name) : NULL;
	return 0;
}

/* A text of it, in the charset that is said or found. */
static int add_text(struct desk *k, struct part *to, const char *type, struct source *text, const struct facts *facts, struct failure *f)
{
	const char *charset = k->draft->charset;

	if (!charset)
		charset = charset_of(k->types, k->job->account, &k->job->arena, text, facts, f);
	if (!charset)
		return -1;
	*to = compose_text(type, charset, text, facts);
	return 0;
}

/* Its line ends become those of mail, as the text's did. */
static int add_html(struct desk *k, struct failure *f)
{
	const char *path = k->draft->html;
	struct arena *in = &k->job->arena;
	struct message html;
	struct stat st;
	int fd = open_path(path, &st, f), ok;

	if (fd < 0)
		return -1;
	ok = message_read_text(&html, in, fd, f);
	close_path(fd);
	if (ok < 0)
		return failure_in(f, "%s", path);
	if (html.held >= 0)
		message_hold(&k->job->mail.message, in, html.held);
	if (html.facts.nuls)
		log_warning("%s: %llu NUL octets are left out: mail cannot carry them", path, (unsigned long long)html.facts.nuls);
	return add_text(k, &k->c.html, "text/html", html.body, &html.facts, f);
}

static int lay_out(struct desk *k, struct failure *f)
{
	const struct draft *d = k->draft;
	struct message *m = &k->job->mail.message;
	bool said = mime_is_said(&m->header);

	if (said && d->html)
		return fail(f, AT_INPUT, EX_DATAERR, "the message says what its body is (MIME): it takes attachments, but no --html");
	if (said && !d->files)
		return 0; /* it is whole */
	k->c.keep = said;
	k->c.shown = arena_zeroed(&k->job->arena, d->files + 1, sizeof *k->c.shown);
	k->c.attached = arena_zeroed(&k->job->arena, d->files + 1, sizeof *k->c.attached);
	if (!said && (m->body->size || (!d->html && !d->files)) && add_text(k, &k->c.text, "text/plain", m->body, &m->facts, f) < 0)
		return -1;
	if (d->html && add_html(k, f) < 0)
		return -1;
	for (size_t i = 0; i < d->files; i++)
		if (add_file(k, &d->file[i], f) < 0)
			return -1;
	return compose(m, &k->job->arena, &k->c, f);
}

int draft_compose(const struct draft *d, struct job *j, struct failure *f)
{
	struct desk k = {.draft = d, .job = j};
	int ok;

	if (!d->used)
		return 0;
	k.types = filetypes_open(&j->arena);
	ok = lay_out(&k, f);
	filetypes_close(k.types);
	return ok;
}
