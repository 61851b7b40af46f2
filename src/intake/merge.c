#include "intake/merge_inside.h"

#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/file.h"
#include "intake/content.h"
#include "intake/file_option.h"

/* Of the three, one may be standard input. */
static int check_input(struct merge *m, struct failure *f)
{
	const struct merge_order *o = &m->order;
	const char *const path[] = {o->table, o->text, o->html};
	size_t count = 0;

	for (size_t i = 0; i < sizeof path / sizeof *path; i++)
		count += path[i] && strcmp(file_option_path(path[i]), "-") == 0;
	m->takes_input = count;
	return count > 1 ? fail(f, AT_USAGE, EX_USAGE, "standard input can be the table or a template, not both") : 0;
}

int merge_open(struct merge **out, struct arena *run, const struct merge_order *order, struct failure *f)
{
	struct merge *m = arena_zeroed(run, 1, sizeof *m);

	*m = (struct merge){.run = run, .order = *order};
	*out = m;
	buf_start(&m->out, MERGE_MESSAGE);
	m->fd = check_input(m, f) < 0 ? -1 : content_open(order->table, f);
	if (m->fd < 0)
		return -1;
	if (table_open(&m->table, run, m->fd, order->charset, f) < 0)
		return failure_in(f, "%s", merge_shown(order->table));
	return merge_read_all(m, f);
}

static int add_field(struct merge *m, struct draft *d, const struct merge_field *field, struct arena *in, struct failure *f)
{
	char *text = merge_render(m, field->value, in, f), *to = text;

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

/* A row names files: nothing that who called us has opened, and no pipe, which would be waited for, and can be read once. */
static bool is_file(const char *path)
{
	struct stat st;

	return !file_is_open(path) && (stat(path, &st) < 0 || !S_ISFIFO(st.st_mode));
}

static int add_file(struct merge *m, struct draft *d, const struct merge_file *file, struct arena *in, struct failure *f)
{
	struct draft_file one = {.inlined = file->inlined, .once = file->once};
	const char **to[FILE_TEXTS] = {&one.path, &one.type, &one.name, &one.disposition, &one.id};

	for (size_t i = 0; i < FILE_TEXTS; i++)
		if (file->text[i] && !(*to[i] = merge_render(m, file->text[i], in, f)))
			return failure_in(f, "%s", file->spelled);
	if (!*one.path)
		return 0;
	if (!file->once && !is_file(one.path))
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
	const char *url = m->unsubscribe ? merge_render(m, m->unsubscribe, in, f) : "";

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
		char *text = merge_render(m, m->html, in, f);

		if (!text)
			return failure_in(f, "%s", merge_shown(m->order.html));
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
		return template_ready_render(m->ready, &j->message, &j->arena, m->table.cell, f) < 0 ? failure_in(f, "%s", merge_shown(m->order.text)) : 0;
	buf_clear(&m->out);
	if (m->text && template_render(m->text, &j->arena, m->table.cell, &m->out, f) < 0)
		return failure_in(f, "%s", merge_shown(m->order.text));
	d->charset = slice_is_ascii(buf_slice_of(&m->out)) && is_ascii(d) ? NULL : "utf-8";
	message_begin(&j->message, &j->arena, m->mail ? 0 : MESSAGE_IS_TEXT);
	return message_add(&j->message, m->out.p ? m->out.p : (char[1]){0}, m->out.len, f) < 0 ? -1 : message_end(&j->message, f);
}

int merge_next(struct merge *m, struct request *r, struct job *j, struct failure *f)
{
	int got = table_next(&m->table, f);

	if (got < 0)
		return failure_in(f, "%s", merge_shown(m->order.table));
	if (got == 0)
		return 0;
	*r = *m->order.request;
	r->from_header = true;
	r->only_named = true; /* a row without an address is nobody's, and not the default recipient's */
	r->from_author = true;
	if (make_draft(m, &r->draft, &j->arena, f) < 0 || make_message(m, &r->draft, j, f) < 0)
		return failure_in(f, "%s: line %zu", merge_shown(m->order.table), m->table.line);
	return 1;
}

int merge_rewind(struct merge *m, struct failure *f)
{
	return table_rewind(&m->table, f) < 0 ? failure_in(f, "%s", merge_shown(m->order.table)) : 0;
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
	for (size_t i = 0; i < m->files; i++)
		attach_once_close(m->file[i].once);
}
