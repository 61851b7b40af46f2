#define _GNU_SOURCE /* memmem */
#include "mail/template_inside.h"

#include <string.h>

#include "mail/header_recipients.h"

/* One of its fields, with the lines that go on. */
static bool next_field(struct slice *rest, struct slice *field)
{
	struct slice line;

	*field = (struct slice){rest->p, 0};
	if (!slice_line(rest, &line) || !line.len)
		return false;
	while (rest->len && octet_is_blank(*rest->p))
		(void)slice_line(rest, &line);
	field->len = (size_t)(line.p + line.len - field->p);
	return true;
}

/* The name of a field, whose line may begin with a section. */
static struct slice field_name(struct slice field)
{
	const char *end;
	struct slice name = {field.p, 0};

	while (slice_begins(field, "{{") && (end = memmem(field.p, field.len, "}}", 2)))
		field = (struct slice){end + 2, (size_t)(field.p + field.len - end - 2)};
	(void)slice_cut(&field, ':', &name);
	return name;
}

static bool has_value(struct slice field)
{
	const char *end = field.p + field.len;

	for (const char *p = field.p; (p = memmem(p, (size_t)(end - p), "{{", 2)); p += 2)
		if ((p == field.p || p[-1] != '\\') && p + 2 < end && !strchr("#^/!", p[2]))
			return true;
	return false;
}

const char *template_word_beside(struct slice text, const char *name)
{
	struct slice field = text;

	while (name ? field.len > 0 : next_field(&text, &field)) {
		const char *word = memmem(field.p, field.len, "=?", 2);

		if (word && has_value(field) && !header_holds_addresses(name ? slice_of(name) : field_name(field)))
			return word;
		if (name)
			break;
	}
	return NULL;
}

bool template_is_html(struct slice text)
{
	struct slice field, name, type;

	while (next_field(&text, &field)) {
		name = field_name(field);
		if (!slice_is(slice_trim(name), "Content-Type"))
			continue;
		field = (struct slice){name.p + name.len + 1, (size_t)(field.p + field.len - name.p) - name.len - 1};
		if (slice_mentions(slice_cut(&field, ';', &type) ? type : field, "html"))
			return true;
	}
	return false;
}

const char *template_type_of(struct slice piece, bool last)
{
	static const char name[] = "Content-Type";
	const char *end = piece.p + piece.len;

	for (const char *p = piece.p; p + strlen(name) < end; p++) {
		if (!slice_begins((struct slice){p, (size_t)(end - p)}, name) || (p > piece.p && p[-1] != '\n'))
			continue;
		for (p += strlen(name); p < end && octet_is_blank(*p);)
			p++;
		if (p == end || *p != ':')
			continue;
		while (p < end && *p != ';' && (*p != '\n' || (p + 1 < end && octet_is_blank(p[1]))))
			p++;
		return p == end && last ? end - 1 : p;
	}
	return NULL;
}

const char *template_foreign(struct slice text)
{
	if (slice_is_utf8(text))
		return NULL;
	for (size_t i = 0, n; i < text.len; i += n) {
		for (n = 1; i + n < text.len && ((unsigned char)text.p[i + n] & 0xc0) == 0x80;)
			n++;
		if (!slice_is_utf8((struct slice){text.p + i, n}))
			return text.p + i;
	}
	return NULL;
}
