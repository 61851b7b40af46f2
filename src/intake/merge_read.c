#include "intake/merge_inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/unicode.h"
#include "intake/content.h"
#include "intake/file_option.h"
#include "mail/params.h"
const char *merge_shown(const char *path)
{
	return strcmp(file_option_path(path), "-") == 0 ? "standard input" : path;
}

/* What messages are made of beside the row. */
static void note(struct merge *m, struct slice what)
{
	char len[32];

	snprintf(len, sizeof len, "%zu:", what.len); /* so that where one ends makes a difference */
	sha256_add(&m->sum, slice_of(len));
	sha256_add(&m->sum, what);
}

static int read_template(const struct merge *m, struct template **t, enum template_kind kind, const char *field, struct slice text, struct failure *f)
{
	struct template_text said = {kind, field, text};

	return template_read(t, m->run, &said, m->table.name, m->table.columns, f);
}

char *merge_render(struct merge *m, const struct template *t, struct arena *in, struct failure *f)
{
	buf_clear(&m->out);
	if (template_render(t, in, m->table.cell, &m->out, f) < 0)
		return NULL;
	return arena_text(in, m->out.p ? m->out.p : "", m->out.len);
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
		rc = errno == EFBIG ? fail(f, AT_INPUT, EX_DATAERR, "%s: it has more than %d octets", merge_shown(path), MERGE_TEMPLATE)
				    : fail_errno(f, AT_INPUT, EX_NOINPUT, "%s", merge_shown(path));
	*text = (struct slice){arena_text(m->run, all.p ? all.p : "", all.len), all.len};
	buf_free(&all);
	content_close(fd);
	mark = unicode_mark(*text, &len);
	if (rc == 0 && (mark || (charset && !slice_is_utf8(*text))) &&
	    !unicode_text(m->run, mark ? mark : charset, (struct slice){text->p + len, text->len - len}, text))
		rc = fail(f, AT_INPUT, EX_DATAERR, "%s: octets that are not %s", merge_shown(path), mark ? mark : charset);
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

/* Some field names who gets it. With none, the setting `to` would count, which is one address for all rows. */
static int check_recipients(const struct merge *m, struct slice text, struct failure *f)
{
	struct slice line;
	bool named = false;

	for (size_t i = 0; i < m->order.options; i++) {
		const struct merge_option *o = &m->order.option[i];

		named |= o->kind == DRAFT_TO || o->kind == DRAFT_CC || o->kind == DRAFT_BCC;
		named |= o->kind == DRAFT_HEADER && (slice_mentions(slice_of(o->value), "to:") || slice_mentions(slice_of(o->value), "cc:"));
	}
	while (m->mail && !named && slice_line(&text, &line) && line.len)
		named = slice_mentions(line, "to:") || slice_mentions(line, "cc:");
	return named ? 0 : fail(f, AT_INPUT, EX_DATAERR, "nobody is named who gets the mail: To: {{COLUMN}} in the header of the template does, or --to '{{COLUMN}}'");
}

static int read_texts(struct merge *m, struct failure *f)
{
	struct slice text = SLICE("");

	if (m->order.text) {
		if (read_file(m, m->order.text, &text, f) < 0)
			return -1;
		note(m, SLICE("text"));
		note(m, text);
		m->mail = begins_with_header(&m->order, text);
		if (check_recipients(m, text, f) < 0)
			return failure_in(f, "%s", merge_shown(m->order.text));
		if ((m->mail && template_is_ready(text)
			 ? template_ready_read(&m->ready, m->run, text, m->table.name, m->table.columns, f)
			 : read_template(m, &m->text, m->mail ? TEMPLATE_MAIL : TEMPLATE_TEXT, NULL, text, f)) < 0)
			return failure_in(f, "%s", merge_shown(m->order.text));
	}
	if (m->order.html) {
		if (read_file(m, m->order.html, &text, f) < 0)
			return -1;
		note(m, SLICE("html"));
		note(m, text);
		if (read_template(m, &m->html, TEMPLATE_HTML, NULL, text, f) < 0)
			return failure_in(f, "%s", merge_shown(m->order.html));
	}
	return m->order.text ? 0 : check_recipients(m, text, f);
}

static bool has_column(const struct merge *m, const struct template *t)
{
	for (size_t i = 0; t && i < m->table.columns; i++)
		if (template_uses(t, i))
			return true;
	return false;
}

/* A file that all rows have is read once. */
static int open_once(struct merge *m, struct merge_file *file, struct failure *f)
{
	const char *path = merge_render(m, file->text[0], m->run, f);

	if (!path)
		return failure_in(f, "%s", file->spelled);
	if (!*path)
		return 0;
	if (strcmp(path, "-") == 0 && m->takes_input)
		return fail(f, AT_USAGE, EX_USAGE, "%s: standard input can be one of table, template and files, not two", file->spelled);
	m->takes_input |= strcmp(path, "-") == 0;
	return attach_once_open(&file->once, path, &m->sum, f) < 0 ? failure_in(f, "%s", file->spelled) : 0;
}

/* What is the same for all rows is looked at before the first. */
static int check_words(const struct merge *m, const struct merge_file *file, const struct draft_file *said, struct failure *f)
{
	struct draft_file same = *said;
	const char **word[FILE_TEXTS] = {&same.path, &same.type, &same.name, &same.disposition, &same.id};
	struct media media;

	for (size_t i = 1; i < FILE_TEXTS; i++)
		if (file->text[i] && has_column(m, file->text[i]))
			*word[i] = NULL;
	return draft_file_check(&same, &media, m->run, f) < 0 ? failure_in(f, "%s", file->spelled) : 0;
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
	if (check_words(m, file, &said, f) < 0)
		return -1;
	file->moves = has_column(m, file->text[0]);
	if (!file->moves && !has_column(m, file->text[1]))
		return open_once(m, file, f);
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

	if (o->kind == DRAFT_ATTACH || o->kind == DRAFT_INLINE) {
		note(m, slice_of(o->kind == DRAFT_ATTACH ? "attach" : "inline"));
		note(m, slice_of(o->value));
		return read_file_option(m, o, f);
	}
	name = field_of(m, o, &value);
	note(m, slice_of(name ? name : o->spelled));
	note(m, value);
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

	note(m, url);
	if (!url.len)
		return 0;
	if (!slice_begins(url, "https://") || slice_has_control(url) || memchr(url.p, '>', url.len) || !slice_is_ascii(url))
		return fail(f, AT_USAGE, EX_USAGE, "--unsubscribe takes a URL that begins with https://, not \"%s\"", m->order.unsubscribe);
	return read_template(m, &m->unsubscribe, TEMPLATE_URL, NULL, url, f) < 0 ? failure_in(f, "--unsubscribe") : 0;
}

int merge_read_all(struct merge *m, struct failure *f)
{
	const struct request *r = m->order.request;

	sha256_begin(&m->sum);
	note(m, slice_of(r->sender ? r->sender : ""));
	note(m, slice_of(r->name ? r->name : ""));
	if (read_texts(m, f) < 0 || read_unsubscribe(m, f) < 0)
		return -1;
	for (size_t i = 0; i < m->order.options; i++)
		if (read_option(m, &m->order.option[i], f) < 0)
			return -1;
	return 0;
}

void merge_digest(const struct merge *m, char to[SHA256_HEX])
{
	struct sha256 sum = m->sum;
	unsigned char digest[SHA256_OCTETS];

	sha256_end(&sum, digest);
	sha256_print(to, digest);
}
