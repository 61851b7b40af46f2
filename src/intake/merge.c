#include "intake/merge.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/unicode.h"
#include "intake/content.h"
#include "intake/file_option.h"
#include "mail/template.h"
#include "mail/template_ready.h"

struct merge_field {
	enum draft_kind kind;
	const char *spelled;
	const char *name; /* of a --header; else NULL */
	struct template *value;
};

enum { FILE_TEXTS = 5 };

struct merge_file {
	const char *spelled;
	struct template *text[FILE_TEXTS]; /* path, type, name, disposition, id; NULL: not said */
	bool inlined, moves; /* its path has a column in it */
};

struct merge {
	struct arena *run;
	struct merge_order order;
	struct table table;
	int fd; /* of the table; -1: not open */
	struct template *text, *html;
	struct template_ready *ready; /* in place of text */
	bool mail; /* the text begins with a header */
	struct draft same; /* what each message has in common */
	struct merge_field *field;
	struct merge_file *file;
	struct template *unsubscribe;
	size_t fields, field_room, files, file_room;
	struct buf out;
};

static int read_template(const struct merge *m, struct template **t, enum template_kind kind, const char *field, struct slice text, struct failure *f)
{
	struct template_text said = {kind, field, text};

	return template_read(t, m->run, &said, m->table.name, m->table.columns, f);
}

/* All of the file, in UTF-8: by its mark, or as it is, or else as --charset says. */
static int read_file(const struct merge *m, const char *path, struct slice *text, struct failure *f)
{
	const char *charset = m->order.charset, *mark;
	int fd = content_open(path, f), rc = 0;
	size_t len = 0;
	struct buf all;

	if (fd < 0)
		return -1;
	buf_start(&all, MERGE_TEMPLATE);
	if (file_slurp(fd, &all) < 0)
		rc = errno == EFBIG ? fail(f, AT_INPUT, EX_DATAERR, "%s: it has more than %d octets", path, MERGE_TEMPLATE)
				    : fail_errno(f, AT_INPUT, EX_NOINPUT, "%s", path);
	*text = (struct slice){arena_text(m->run, all.p ? all.p : "", all.len), all.len};
	buf_free(&all);
	content_close(fd);
	mark = unicode_mark(*text, &len);
	if (rc == 0 && (mark || (charset && !slice_is_utf8(*text))) &&
	    !unicode_text(m->run, mark ? mark : charset, (struct slice){text->p + len, text->len - len}, text))
		rc = fail(f, AT_INPUT, EX_DATAERR, "%s: octets that are not %s", path, mark ? mark : charset);
	slice_skip_mark(text);
	return rc;
}

static bool makes_a_field(enum draft_kind kind)
{
	return kind != DRAFT_ATTACH && kind != DRAFT_INLINE && kind != DRAFT_HTML && kind != DRAFT_CHARSET && kind != DRAFT_PLAIN;
}

static bool begins_with_header(const struct merge_order *o, struct slice text)
{
	struct slice line, name;

	for (size_t i = 0; i < o->options; i++)
		if (makes_a_field(o->option[i].kind))
			return slice_line(&text, &line) && slice_cut(&line, ':', &name) && draft_field_is_of_mail(name);
	return true;
}

static int read_texts(struct merge *m, struct failure *f)
{
	struct slice text;

	if (m->order.text) {
		if (read_file(m, m->order.text, &text, f) < 0)
			return -1;
		m->mail = begins_with_header(&m->order, text);
		if ((m->mail && template_is_ready(text)
			 ? template_ready_read(&m->ready, m->run, text, m->table.name, m->table.columns, f)
			 : read_template(m, &m->text, m->mail ? TEMPLATE_MAIL : TEMPLATE_TEXT, NULL, text, f)) < 0)
			return failure_in(f, "%s", m->order.text);
	}
	if (m->order.html) {
		if (read_file(m, m->order.html, &text, f) < 0)
			return -1;
		if (read_template(m, &m->html, TEMPLATE_HTML, NULL, text, f) < 0)
			return failure_in(f, "%s", m->order.html);
	}
	return 0;
}

static int read_file_option(struct merge *m, const struct merge_option *o, struct failure *f)
{
	struct draft_file said = {.inlined = o->kind == DRAFT_INLINE};
	struct merge_file *file;

	if (file_option(&said, m->run, o->spelled, o->value, f) < 0)
		return -1;
	m->file = arena_grow(m->run, m->file, m->files, &m->file_room, sizeof *m->file);
	file = &m->file[m->files++];
	*file = (struct merge_file){.spelled = o->spelled, .inlined = said.inlined};
	for (size_t i = 0; i < FILE_TEXTS; i++) {
		const char *text = (const char *[FILE_TEXTS]){said.path, said.type, said.name, said.disposition, said.id}[i];

		if (text && read_template(m, &file->text[i], TEMPLATE_LINE, NULL, slice_of(text), f) < 0)
			return failure_in(f, "%s", o->spelled);
	}
	for (size_t i = 0; i < m->table.columns; i++)
		file->moves |= template_uses(file->text[0], i);
	if (!file->moves && file_is_open(said.path))
		return fail(f, AT_USAGE, EX_USAGE, "%s: %s can be read once, and is wanted for each row", o->spelled, said.path);
	return 0;
}

/* The name of the field that an option makes, and what stands in it; NULL: it has no columns. */
static const char *field_of(const struct merge *m, const struct merge_option *o, struct slice *value)
{
	static const struct { enum draft_kind kind; const char *name; } known[] = {
		{DRAFT_SUBJECT, "Subject"}, {DRAFT_TO, "To"}, {DRAFT_CC, "Cc"}, {DRAFT_BCC, "Bcc"}, {DRAFT_REPLY_TO, "Reply-To"},
	};
	struct slice name;

	*value = slice_of(o->value);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].kind == o->kind)
			return known[i].name;
	if (o->kind != DRAFT_HEADER || !slice_cut(value, ':', &name))
		return NULL;
	name = slice_trim(name);
	*value = slice_trim(*value);
	return arena_text(m->run, name.p, name.len);
}

static int read_option(struct merge *m, const struct merge_option *o, struct failure *f)
{
	struct merge_field field = {.kind = o->kind, .spelled = o->spelled};
	const char *name;
	struct slice value;

	if (o->kind == DRAFT_ATTACH || o->kind == DRAFT_INLINE)
		return read_file_option(m, o, f);
	name = field_of(m, o, &value);
	if (!name)
		return draft_option(&m->same, m->run, o->kind, o->spelled, o->value, f);
	if (read_template(m, &field.value, TEMPLATE_FIELD, name, value, f) < 0)
		return failure_in(f, "%s", o->spelled);
	field.name = o->kind == DRAFT_HEADER ? name : NULL;
	m->field = arena_grow(m->run, m->field, m->fields, &m->field_room, sizeof *m->field);
	m->field[m->fields++] = field;
	return 0;
}

static int read_unsubscribe(struct merge *m, struct failure *f)
{
	struct slice url = slice_of(m->order.unsubscribe ? m->order.unsubscribe : "");

	if (!url.len)
		return 0;
	if (!slice_begins(url, "https://") || slice_has_control(url) || memchr(url.p, '>', url.len) || !slice_is_ascii(url))
		return fail(f, AT_USAGE, EX_USAGE, "--unsubscribe takes a URL that begins with https://, not \"%s\"", m->order.unsubscribe);
	return read_template(m, &m->unsubscribe, TEMPLATE_URL, NULL, url, f) < 0 ? failure_in(f, "--unsubscribe") : 0;
}

/* Of the three, one may be standard input. */
static int check_input(const struct merge_order *o, struct failure *f)
{
	const char *const path[] = {o->table, o->text, o->html};
	size_t count = 0;

	for (size_t i = 0; i < sizeof path / sizeof *path; i++)
		count += path[i] && strcmp(file_option_path(path[i]), "-") == 0;
	return count > 1 ? fail(f, AT_USAGE, EX_USAGE, "standard input can be the table or a template, not both") : 0;
}

int merge_open(struct merge **out, struct arena *run, const struct merge_order *order, struct failure *f)
{
	struct merge *m = arena_zeroed(run, 1, sizeof *m);

	*m = (struct merge){.run = run, .order = *order};
	*out = m;
	buf_start(&m->out, MERGE_MESSAGE);
	m->fd = check_input(order, f) < 0 ? -1 : content_open(order->table, f);
	if (m->fd < 0)
		return -1;
	if (table_open(&m->table, run, m->fd, order->charset, f) < 0)
		return failure_in(f, "%s", order->table);
	if (read_texts(m, f) < 0 || read_unsubscribe(m, f) < 0)
		return -1;
	for (size_t i = 0; i < order->options; i++)
		if (read_option(m, &order->option[i], f) < 0)
			return -1;
	return 0;
}

/* With the row's values, in the job's arena; NULL: it cannot be. */
static char *render_text(struct merge *m, const struct template *t, struct arena *in, struct failure *f)
{
	buf_clear(&m->out);
	if (template_render(t, in, m->table.cell, &m->out, f) < 0)
		return NULL;
	return arena_text(in, m->out.p ? m->out.p : "", m->out.len);
}

static int add_field(struct merge *m, struct draft *d, const struct merge_field *field, struct arena *in, struct failure *f)
{
	char *text = render_text(m, field->value, in, f), *to = text;

	if (!text)
		return failure_in(f, "%s", field->spelled);
	for (const char *p = text; *p; p++) /* folds are made anew */
		if (*p != '\r' && *p != '\n')
			*to++ = *p;
	*to = '\0';
	if (!*text)
		return 0;
	return draft_option(d, in, field->kind, field->spelled, field->name ? arena_printf(in, "%s: %s", field->name, text) : text, f);
}

static int add_file(struct merge *m, struct draft *d, const struct merge_file *file, struct arena *in, struct failure *f)
{
	struct draft_file one = {.inlined = file->inlined};
	const char **to[FILE_TEXTS] = {&one.path, &one.type, &one.name, &one.disposition, &one.id};

	for (size_t i = 0; i < FILE_TEXTS; i++)
		if (file->text[i] && !(*to[i] = render_text(m, file->text[i], in, f)))
			return failure_in(f, "%s", file->spelled);
	if (!*one.path)
		return 0;
	/* A row names files, and nothing that who called us has opened. */
	if (file->moves && file_is_open(one.path))
		return fail(f, AT_INPUT, EX_DATAERR, "%s: \"%s\" is no file", file->spelled, one.path);
	d->file = arena_grow(in, d->file, d->files, &d->file_room, sizeof *d->file);
	d->file[d->files++] = one;
	return 0;
}

/* What is the same for all has its arrays in run: copies grow in the job's arena. */
static struct draft copy_draft(const struct draft *d, struct arena *in)
{
	struct draft copy = *d;

	copy.field = arena_zeroed(in, d->fields + 1, sizeof *copy.field);
	copy.field_room = d->fields + 1;
	if (d->fields)
		memcpy(copy.field, d->field, d->fields * sizeof *copy.field);
	copy.used = true;
	return copy;
}

static int add_unsubscribe(struct merge *m, struct draft *d, struct arena *in, struct failure *f)
{
	const char *url = m->unsubscribe ? render_text(m, m->unsubscribe, in, f) : "";

	if (!url)
		return failure_in(f, "--unsubscribe");
	if (!*url)
		return 0;
	if (draft_option(d, in, DRAFT_HEADER, "--unsubscribe", arena_printf(in, "List-Unsubscribe: <%s>", url), f) < 0)
		return -1;
	return draft_option(d, in, DRAFT_HEADER, "--unsubscribe", "List-Unsubscribe-Post: List-Unsubscribe=One-Click", f);
}

static int make_draft(struct merge *m, struct draft *d, struct arena *in, struct failure *f)
{
	*d = copy_draft(&m->same, in);
	for (size_t i = 0; i < m->fields; i++)
		if (add_field(m, d, &m->field[i], in, f) < 0)
			return -1;
	for (size_t i = 0; i < m->files; i++)
		if (add_file(m, d, &m->file[i], in, f) < 0)
			return -1;
	if (m->html) {
		char *text = render_text(m, m->html, in, f);

		if (!text)
			return failure_in(f, "%s", m->order.html);
		d->html = m->order.html;
		d->html_text = (struct slice){text, m->out.len};
	}
	return add_unsubscribe(m, d, in, f);
}

static bool is_ascii(const struct draft *d)
{
	bool is = slice_is_ascii(d->html_text);

	for (size_t i = 0; i < d->fields; i++)
		is &= slice_is_ascii(slice_of(d->field[i].value));
	for (size_t i = 0; i < d->files; i++)
		is &= !d->file[i].name || slice_is_ascii(slice_of(d->file[i].name));
	return is;
}

/* The text becomes the job's message, as if it had been read from standard input. Whatever is set or said, it is UTF-8 here. */
static int make_message(struct merge *m, struct draft *d, struct job *j, struct failure *f)
{
	if (m->ready)
		return template_ready_render(m->ready, &j->message, &j->arena, m->table.cell, f) < 0 ? failure_in(f, "%s", m->order.text) : 0;
	buf_clear(&m->out);
	if (m->text && template_render(m->text, &j->arena, m->table.cell, &m->out, f) < 0)
		return failure_in(f, "%s", m->order.text);
	d->charset = slice_is_ascii(buf_slice_of(&m->out)) && is_ascii(d) ? NULL : "utf-8";
	message_begin(&j->message, &j->arena, m->mail ? 0 : MESSAGE_IS_TEXT);
	return message_add(&j->message, m->out.p ? m->out.p : (char[1]){0}, m->out.len, f) < 0 ? -1 : message_end(&j->message, f);
}

int merge_next(struct merge *m, struct request *r, struct job *j, struct failure *f)
{
	int got = table_next(&m->table, f);

	if (got < 0)
		return failure_in(f, "%s", m->order.table);
	if (got == 0)
		return 0;
	*r = *m->order.request;
	r->from_header = true;
	if (make_draft(m, &r->draft, &j->arena, f) < 0 || make_message(m, &r->draft, j, f) < 0)
		return failure_in(f, "%s: line %zu", m->order.table, m->table.line);
	return 1;
}

int merge_rewind(struct merge *m, struct failure *f)
{
	return table_rewind(&m->table, f) < 0 ? failure_in(f, "%s", m->order.table) : 0;
}

const struct table *merge_table(const struct merge *m)
{
	return &m->table;
}

void merge_close(struct merge *m)
{
	if (!m)
		return;
	if (m->fd >= 0)
		table_close(&m->table);
	content_close(m->fd);
	buf_free(&m->out);
}
