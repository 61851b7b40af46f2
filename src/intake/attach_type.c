#include "intake/attach_type.h"

#include <string.h>
#include <sysexits.h>

#include "base/unicode.h"
#include "mail/wide.h"

/* message/... and multipart/... must not be encoded (RFC 2046 5.2.1), so a file of such a type could not arrive unchanged. */
static bool is_nested(const char *type)
{
	return slice_begins(slice_of(type), "message/") || slice_begins(slice_of(type), "multipart/");
}

static bool is_text(const char *type)
{
	return slice_begins(slice_of(type), "text/");
}

static bool is_charset_name(const char *name)
{
	return !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+")];
}

int attach_type_said(struct media *said, struct arena *in, const struct draft_file *a, struct failure *f)
{
	*said = (struct media){"", "", ""};
	if (!a->type)
		return 0;
	if (!params_media(in, a->type, said) || !filetype_is_type(said->type) || !is_charset_name(said->charset))
		return fail(f, AT_USAGE, EX_USAGE, "%s: type is TYPE/SUBTYPE, with ; NAME=VALUE behind it perhaps, not \"%s\"", a->path, a->type);
	if (!is_nested(said->type))
		return 0;
	fail(f, AT_USAGE, EX_USAGE, "%s: %s must not be encoded, as files are", a->path, said->type);
	return failure_hint(f, HINT_TYPE_NESTED);
}

static int check_charset(const struct attach_asked *asked, struct source *text, const char **charset, struct failure *f)
{
	struct facts facts;

	if (message_facts(text, &facts, f) < 0)
		return -1;
	*charset = facts.eightbit && facts.utf8 ? "utf-8" : charset_of(asked->charsets, text, &facts, f);
	if (!*charset)
		return -1;
	if (strcmp(*charset, "binary") == 0)
		*charset = "unknown-8bit";
	return 0;
}

/* Text in UTF-16 must not travel as text (RFC 2046 4.1.1, RFC 2781 3.3): the file is converted to UTF-8. */
static int narrow(const struct attach_asked *asked, struct part *p, const char *charset, const char *path, struct failure *f)
{
	p->charset = "utf-8";
	if (wide_source(&asked->job->message, &asked->job->arena, &p->content, charset, path, f) == 0)
		return 0;
	return failure_hint(f, HINT_ATTACH_OCTETS);
}

/* Libmagic is asked. */
static int find(const struct attach_asked *asked, struct part *p, const struct draft_file *a, const struct media *said, struct failure *f)
{
	struct filetype t;
	struct slice head;
	const char *wide;
	size_t mark;

	if (source_head(p->content, asked->look, FILETYPE_LOOK, &head, f) < 0)
		return -1;
	t = filetype_of(asked->types, &asked->job->arena, head, a->path);
	p->type = a->type ? said->type : is_nested(t.type) ? "application/octet-stream" : t.type;
	p->charset = "";
	if (!is_text(p->type))
		return 0;
	wide = unicode_mark(head, &mark);
	if (wide || unicode_is_wide(t.charset))
		return narrow(asked, p, wide ? wide : t.charset, a->path, f);
	if (strcmp(t.charset, "binary") == 0)
		return 0;
	p->charset = t.charset;
	return check_charset(asked, p->content, &p->charset, f);
}

int attach_type_tell(const struct attach_asked *asked, struct part *p, const struct draft_file *a, const struct media *said, struct failure *f)
{
	p->type = said->type;
	p->charset = said->charset;
	p->more = said->more;
	if (a->type && (!is_text(a->type) || *said->charset))
		return 0;
	return find(asked, p, a, said, f);
}
