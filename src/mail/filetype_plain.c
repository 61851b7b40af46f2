#include "mail/filetype.h"

#include <string.h>

enum { NAME = 127, LONGEST = 4 }; /* of a type's and a subtype's name; octets of a character in UTF-8 */

bool filetype_is_type(const char *text)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&-^_.+";
	size_t type = strspn(text, token);

	return type && type <= NAME && text[type] == '/' && text[type + 1] && strlen(text + type + 1) <= NAME &&
	       !text[type + 1 + strspn(text + type + 1, token)];
}

/* Octets that are in no text: control characters, but for those that printers and terminals are told with. */
static bool has_control(struct slice s)
{
	static const char fine[] = "\a\b\t\n\v\f\r\033";

	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == 127 || ((unsigned char)s.p[i] < ' ' && !memchr(fine, s.p[i], sizeof fine - 1)))
			return true;
	return false;
}

struct filetype filetype_by_octets(struct slice head)
{
	bool whole = head.len < FILETYPE_LOOK;

	if (!head.len || has_control(head))
		return (struct filetype){"application/octet-stream", "binary"};
	if (slice_is_ascii(head))
		return (struct filetype){"text/plain", "us-ascii"};
	/* The last character may have been cut by the end of the look. */
	for (size_t cut = 0; cut < LONGEST && (cut == 0 || !whole); cut++)
		if (slice_is_utf8((struct slice){head.p, head.len - cut}))
			return (struct filetype){"text/plain", "utf-8"};
	return (struct filetype){"application/octet-stream", "unknown-8bit"};
}

#ifdef WITHOUT_LIBMAGIC

/* There is no process, and nothing to hold. */
struct filetypes {
	char nothing;
};

struct filetypes *filetypes_open(struct arena *in, const char *called)
{
	(void)called;
	return arena_zeroed(in, 1, sizeof(struct filetypes));
}

void filetypes_start(struct filetypes *t)
{
	(void)t;
}

void filetypes_close(struct filetypes *t)
{
	(void)t;
}

struct filetype filetype_of(struct filetypes *t, struct arena *in, struct slice head, const char *what)
{
	(void)t;
	(void)in;
	(void)what;
	return filetype_by_octets((struct slice){head.p, head.len > FILETYPE_LOOK ? FILETYPE_LOOK : head.len});
}

#endif
