#define _XOPEN_SOURCE 700 /* wchar */
#include "intake/charset.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <wchar.h>

#include "base/unicode.h"
#include "mail/from.h"
#include "mail/normalize.h"

/* The octets are text in the locale's charset; the last character may have been cut by the end of the look. */
static bool is_text_of_locale(struct slice text)
{
	mbstate_t state = {0};
	wchar_t c;

	while (text.len) {
		size_t n = mbrtowc(&c, text.p, text.len, &state);

		if (n == (size_t)-2)
			return true;
		if (n == (size_t)-1)
			return false;
		n = n ? n : 1;
		text = (struct slice){text.p + n, text.len - n};
	}
	return true;
}

/* The locale's charset; NULL where that is ASCII or UTF-8, or where the text does not fit it. */
static const char *of_locale(struct arena *in, struct slice text)
{
	static const char *const nothing[] = {"", "utf-8", "utf8", "ANSI_X3.4-1968", "us-ascii"};
	const char *word;
	bool fits;

	if (!setlocale(LC_CTYPE, ""))
		return NULL;
	word = arena_printf(in, "%s", nl_langinfo(CODESET));
	fits = is_text_of_locale(text);
	setlocale(LC_CTYPE, "C");
	for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
		fits &= !slice_is(slice_of(word), nothing[i]);
	return fits ? word : NULL;
}

bool charset_fits(const char *charset, const struct facts *facts)
{
	struct slice s = slice_of(charset);

	if (slice_is(s, "us-ascii") || slice_is(s, "ascii"))
		return !facts->eightbit;
	if (slice_is(s, "utf-8") || slice_is(s, "utf8"))
		return facts->utf8;
	return !unicode_is_wide(charset); /* in UTF-16 and UTF-32 a line end has a NUL in it */
}

/* libmagic names a charset that a body can be in. The words in the list say only that it is text, or name one that cannot be. */
static bool is_charset(const char *word)
{
	static const char *const none[] = {"binary", "us-ascii", "unknown-8bit", "ebcdic", "utf-8"};

	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		if (strcmp(word, none[i]) == 0)
			return false;
	return !unicode_is_wide(word);
}

/* Reads the text in pieces of CHARSET_LOOK octets into `to` until one of them is not UTF-8: that one is *look. */
static int find_look(struct source *text, char *to, struct slice *look, struct failure *f)
{
	struct knowledge known = {0};
	size_t len;

	if (text->rewind(text, f) < 0)
		return -1;
	do {
		if (source_fill(text, to, CHARSET_LOOK, &len, f) < 0)
			return -1;
		*look = (struct slice){to, len};
		facts_add(&known, *look);
	} while (len == CHARSET_LOOK && !known.not_utf8);
	return text->rewind(text, f);
}

/* The charset by the locale, else by libmagic; "binary": neither takes it for text. */
static const char *guess(const struct charsets *c, struct source *text, struct failure *f)
{
	const char *word;
	char room[CHARSET_LOOK];
	struct slice look;

	if (find_look(text, room, &look, f) < 0)
		return NULL;
	word = of_locale(c->in, look);
	if (word)
		return word;
	word = filetype_of(c->types, c->in, look, "the text").charset;
	return is_charset(word) || strcmp(word, "unknown-8bit") == 0 ? word : "binary";
}

struct charsets charsets_for(const struct account *a, struct arena *in, struct filetypes *types, const char *said)
{
	return (struct charsets){in, types, said ? said : "", a->charset};
}

const char *charset_known(const struct charsets *c, const struct facts *facts)
{
	if (facts->wide)
		return "";
	if (*c->said && charset_fits(c->said, facts))
		return c->said;
	return *c->set && charset_fits(c->set, facts) ? c->set : "";
}

const char *charset_of(const struct charsets *c, struct source *text, const struct facts *facts, struct failure *f)
{
	const char *known = charset_known(c, facts);

	if (!facts->eightbit)
		return "us-ascii";
	if (*known)
		return known;
	return facts->utf8 || facts->wide ? "utf-8" : guess(c, text, f);
}

static bool is_ascii_charset(const char *charset)
{
	return slice_is(slice_of(charset), "us-ascii") || slice_is(slice_of(charset), "ascii");
}

/* Octets 0x80 to 0x9f: control characters in Latin-1, letters and quotes in windows-1252, so that the text is the latter. */
static bool has_c1(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (((unsigned char)text.p[i] & 0xe0) == 0x80)
			return true;
	return false;
}

bool charset_known_text(const struct charsets *c, bool elsewhere, struct slice text, struct slice *out)
{
	const char *const known[] = {c->said, c->set};
	bool utf8 = slice_is_utf8(text);
	const char *locale;

	*out = text;
	if (slice_is_ascii(text) || (utf8 && elsewhere))
		return true;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (*known[i] && !is_ascii_charset(known[i]) && !unicode_is_wide(known[i]) && unicode_text(c->in, known[i], text, out))
			return true;
	if (utf8)
		return true;
	locale = of_locale(c->in, text);
	return locale && unicode_text(c->in, locale, text, out);
}

struct slice charset_text(const struct charsets *c, bool elsewhere, struct slice text)
{
	struct slice done;

	if (charset_known_text(c, elsewhere, text, &done) || (has_c1(text) && unicode_text(c->in, "windows-1252", text, &done)))
		return done;
	return text_in_utf8(c->in, text);
}
