#include "intake/attach_once.h"

#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "intake/charset.h"
#include "intake/content.h"
#include "mail/mime.h"
#include "mail/wide.h"

enum { NAME_OCTETS = 1000, ID_OCTETS = 200 };

struct builder { /* where the parts are laid out */
	struct charsets charsets;
	const struct draft *draft;
	struct job *job;
	struct filetypes *types;
	struct composition c;
	struct buf look; /* room for the first octets of a file */
};

/* Characters that a file's name may have and a Content-ID must not: a cid: link could not name it (RFC 2392). */
static const char no_id[] = "<>()[]\\,;:\"";

static bool is_id(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p <= 32 || *p > 126 || strchr(no_id, *p))
			return false;
	return *text && strlen(text) <= ID_OCTETS;
}

static const char *id_of(struct arena *in, const char *name)
{
	char *id = arena_printf(in, "%.*s", ID_OCTETS, name);

	for (char *p = id; *p; p++)
		if (*p <= 32 || *p > 126 || *p == '@' || strchr(no_id, *p))
			*p = '_';
	return id;
}

int draft_file_check(const struct draft_file *a, struct media *said, struct arena *in, struct failure *f)
{
	if (attach_type_said(said, in, a, f) < 0)
		return -1;
	if (a->disposition && strcmp(a->disposition, "inline") != 0 && strcmp(a->disposition, "attachment") != 0)
		return fail(f, AT_USAGE, EX_USAGE, "%s: disposition is inline or attachment, not \"%s\"", a->path, a->disposition);
	if (a->name && slice_has_control(slice_of(a->name)))
		return fail(f, AT_USAGE, EX_DATAERR, "%s: name has a control character in it", a->path);
	if (a->name && strlen(a->name) > NAME_OCTETS)
		return fail(f, AT_USAGE, EX_USAGE, "%s: name is longer than %d octets", a->path, NAME_OCTETS);
	if (a->id && !is_id(a->id))
		return fail(f, AT_USAGE, EX_USAGE, "%s: id is ASCII letters and digits as LEFT@RIGHT, not \"%s\"", a->path, a->id);
	return 0;
}

/* The name of the option, or the file's own. */
static const char *text_of(struct builder *b, const char *name, bool elsewhere)
{
	struct slice text = charset_text(&b->charsets, elsewhere, slice_of(name));

	return arena_text(&b->job->arena, text.p, text.len);
}

static int look(struct builder *b, struct failure *f)
{
	return buf_reserve(&b->look, FILETYPE_LOOK) < 0 ? fail(f, AT_INPUT, EX_OSERR, "no memory to look at files") : 0;
}

static int read_file(struct part *p, const struct draft_file *a, const struct media *said, const struct attach_asked *asked, struct failure *f)
{
	p->content = content_of(&asked->job->message, &asked->job->arena, a->path, f);
	return !p->content || attach_type_tell(asked, p, a, said, f) < 0 ? -1 : 0;
}

static int add_file(struct builder *b, const struct draft_file *a, struct failure *f)
{
	struct arena *in = &b->job->arena;
	bool shown = a->inlined && b->draft->html;
	struct attach_asked asked = {.charsets = &b->charsets, .types = b->types, .job = b->job};
	struct media said;
	struct part *p = shown ? &b->c.shown[b->c.shows++] : &b->c.attached[b->c.attachments++];

	if (draft_file_check(a, &said, in, f) < 0)
		return -1;
	if (look(b, f) < 0)
		return -1;
	asked.look = b->look.p;
	if (a->once ? attach_once_part(a->once, p, a, &said, &asked, f) < 0 : read_file(p, a, &said, &asked, f) < 0)
		return -1;
	p->name = a->name ? content_last(a->name) : content_name(a->path);
	if (p->name)
		p->name = text_of(b, p->name, !a->name);
	p->disposition = a->disposition ? a->disposition : a->inlined ? "inline" : "attachment";
	p->id = a->id ? a->id : a->inlined && p->name ? id_of(in, p->name) : NULL;
	return 0;
}

/* Two parts with the same Content-ID: a cid: link could mean either. */
static int check_ids(const struct part *part, size_t count, struct failure *f)
{
	for (size_t i = 0; i < count; i++)
		for (size_t n = 0; part[i].id && n < i; n++)
			if (part[n].id && strcmp(part[n].id, part[i].id) == 0) {
				fail(f, AT_USAGE, EX_USAGE, "two files are cid:%s", part[i].id);
				return failure_hint(f, HINT_INLINE_TWICE);
			}
	return 0;
}

/* The text part of that type, in the charset that was given or found. */
static int add_text(struct builder *b, struct part *to, const char *type, struct source *text, const struct facts *facts, struct failure *f)
{
	const char *charset = facts->wide ? NULL : b->draft->charset;

	if (charset && !charset_fits(charset, facts))
		return fail(f, AT_INPUT, EX_DATAERR, "the %s is not in %s, which --charset says it is", type, charset);
	if (!charset)
		charset = charset_of(&b->charsets, text, facts, f);
	if (!charset)
		return -1;
	*to = compose_text(type, charset, text, facts);
	return 0;
}

/* Warns of a cid: link in the HTML that no --inline file answers. */
static void check_links(struct builder *b, struct slice html)
{
	static const char link[] = "cid:";
	const char *end = html.p + html.len;

	for (const char *p = html.p; (p = memchr(p, ':', (size_t)(end - p))); p++) {
		size_t len = 0;
		bool there = false;

		if (p - html.p < 4 || memcmp(p - 3, link, sizeof link - 1) != 0 || !strchr("\"'(=", p[-4]))
			continue;
		while (p + 1 + len < end && p[1 + len] > 32 && !strchr("\"')>&", p[1 + len]))
			len++;
		for (size_t i = 0; i < b->c.shows; i++)
			there |= b->c.shown[i].id && strlen(b->c.shown[i].id) == len && memcmp(b->c.shown[i].id, p + 1, len) == 0;
		if (!there && len && len < ID_OCTETS && draft_warns(b->draft, DRAFT_WARNS_LINK))
			log_warning("the HTML shows cid:%.*s, and no --inline has that name", (int)len, p + 1);
	}
}

/* The HTML is read as a message's text is, so that its line ends become CRLF. */
static int read_html(struct builder *b, struct message *html, struct failure *f)
{
	struct slice text = b->draft->html_text;
	struct arena *in = &b->job->arena;
	int fd, rc;

	if (text.p) {
		message_begin(html, in, MESSAGE_IS_TEXT);
		return message_add(html, arena_text(in, text.p, text.len), text.len, f) < 0 ? -1 : message_end(html, f);
	}
	fd = content_open(b->draft->html, f);
	if (fd < 0)
		return -1;
	rc = wide_read(html, in, fd, MESSAGE_IS_TEXT, b->types, b->draft->charset, f);
	content_close(fd);
	return rc < 0 ? failure_in(f, "%s", b->draft->html) : 0;
}

static int add_html(struct builder *b, struct failure *f)
{
	struct message html;

	if (read_html(b, &html, f) < 0)
		return -1;
	message_keep_all(&b->job->message, &html);
	if (html.facts.nuls) {
		wide_refuse(f);
		return failure_in(f, "%s", b->draft->html);
	}
	return add_text(b, &b->c.html, "text/html", html.body, &html.facts, f);
}

/* The beginning of the HTML. */
static int read_head(struct builder *b, struct slice *head, struct failure *f)
{
	*head = b->draft->html_text;
	return head->p ? 0 : look(b, f) < 0 ? -1 : source_head(b->c.html.content, b->look.p, FILETYPE_LOOK, head, f);
}

static int lay_out(struct builder *b, struct failure *f)
{
	const struct draft *d = b->draft;
	struct message *m = &b->job->message;
	bool said = mime_is_said(&m->header);
	struct slice head;

	if (said && d->html)
		return fail(f, AT_INPUT, EX_DATAERR, "the message says what its body is (MIME): it takes attachments, but no --html");
	if (said && !d->files)
		return 0; /* the message says what its body is, and nothing is attached: it stays as it came */
	b->c.keep = said;
	b->c.shown = arena_zeroed(&b->job->arena, d->files + 1, sizeof *b->c.shown);
	b->c.attached = arena_zeroed(&b->job->arena, d->files + 1, sizeof *b->c.attached);
	if (!said && (m->body->size || (!d->html && !d->files)) && add_text(b, &b->c.text, "text/plain", m->body, &m->facts, f) < 0)
		return -1;
	if (d->html && add_html(b, f) < 0)
		return -1;
	for (size_t i = 0; i < d->files; i++)
		if (add_file(b, &d->file[i], f) < 0)
			return -1;
	if (check_ids(b->c.shown, b->c.shows, f) < 0)
		return -1;
	if (d->html && read_head(b, &head, f) == 0)
		check_links(b, head);
	m->facts.empty &= !d->html && !d->files;
	return compose_message(m, &b->job->arena, &b->c, f);
}

int draft_compose(const struct draft *d, struct job *j, struct filetypes *types, struct failure *f)
{
	struct builder b = {.draft = d, .job = j, .types = types, .charsets = charsets_for(j->account, &j->arena, types, d->charset)};
	int rc;

	if (!d->used)
		return 0;
	buf_start(&b.look, FILETYPE_LOOK);
	rc = lay_out(&b, f);
	buf_free(&b.look);
	return rc;
}
