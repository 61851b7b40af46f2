#include "intake/raw_fields.h"

#include "mail/ascii.h"
#include "mail/mime.h"

static bool is_raw(const struct field *field)
{
	return !slice_is_ascii(field->body) && !slice_is_utf8(field->body);
}

int raw_fields(struct job *j, const struct charsets *c, struct failure *f)
{
	const struct message *m = &j->message;
	struct header *h = &j->message.header;
	struct charsets known = *c, found = {c->in, c->types, "", ""};
	const char *body = NULL;

	if (mime_is_signed(h))
		return 0;
	if (*mime_charset(h->in, h))
		known.said = mime_charset(h->in, h);
	for (size_t i = 0; i < h->fields; i++) {
		struct field *field = &h->field[i];
		struct slice text;

		if (!is_raw(field))
			continue;
		if (!charset_known_text(&known, true, field->body, &text)) {
			if (!body && m->facts.eightbit && !mime_is_said(h)) {
				body = charset_of(c, m->body, &m->facts, f);
				if (!body)
					return -1;
				found.said = body;
			}
			if (!charset_known_text(&found, true, field->body, &text))
				continue;
		}
		ascii_field(h, field, text);
	}
	return 0;
}
