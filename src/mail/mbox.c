#include "mail/mbox.h"

#include <string.h>

static bool next_word(struct slice *rest, struct slice *word)
{
	size_t i = 0;

	*rest = slice_trim(*rest);
	while (i < rest->len && !octet_is_blank(rest->p[i]))
		i++;
	*word = (struct slice){rest->p, i};
	*rest = (struct slice){rest->p + i, rest->len - i};
	return i;
}

/* The word is one of the names in the list, of three letters each. */
static bool is_name(struct slice word, const char *names)
{
	for (; word.len == 3 && *names; names += 3)
		if (memcmp(word.p, names, 3) == 0)
			return true;
	return false;
}

static bool is_digits(struct slice word, size_t least, size_t most)
{
	for (size_t i = 0; i < word.len; i++)
		if (word.p[i] < '0' || word.p[i] > '9')
			return false;
	return word.len >= least && word.len <= most;
}

/* 12:34 or 12:34:56 */
static bool is_time(struct slice word)
{
	struct slice part;
	size_t colons = 0;

	for (; slice_cut(&word, ':', &part); colons++)
		if (!is_digits(part, 1, 2))
			return false;
	return (colons == 1 || colons == 2) && is_digits(word, 2, 2);
}

/* "Jan  1 00:00:00 2024", the rest of a date behind the day of the week. A zone may stand before the year or behind it. */
static bool is_date(struct slice rest)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct slice month, day, time, year;

	if (!next_word(&rest, &month) || !is_name(month, months) || !next_word(&rest, &day) || !is_digits(day, 1, 2) ||
	    !next_word(&rest, &time) || !is_time(time))
		return false;
	for (int i = 0; i < 3 && next_word(&rest, &year); i++)
		if (is_digits(year, 4, 4))
			return true;
	return false;
}

static bool has_date(struct slice line)
{
	struct slice word;

	while (next_word(&line, &word))
		if (is_name(word, "MonTueWedThuFriSatSun") && is_date(line))
			return true;
	return false;
}

bool mbox_field(struct slice line, struct slice *name)
{
	if (!slice_cut(&line, ':', name))
		return false;
	while (name->len && octet_is_blank(name->p[name->len - 1]))
		name->len--;
	for (size_t i = 0; i < name->len; i++)
		if (name->p[i] <= ' ' || name->p[i] > 126)
			return false;
	return name->len;
}

/* Fields of which nearly every message has one. */
static bool is_usual(struct slice name)
{
	static const char *const names[] = {"From", "To", "Cc", "Subject", "Date", "Message-ID", "Received", "Return-Path", "Delivered-To",
					    "MIME-Version", "Reply-To", "X-Mozilla-Status"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

/* The text begins with header fields alone, up to an empty line or as far as the text is known, and at least one is a usual one. */
static bool is_header(struct slice text)
{
	const char *const end = text.p + text.len;
	struct slice line, name;
	bool usual = false;

	for (bool first = true; slice_line(&text, &line) && line.len; first = false) {
		if (first && slice_begins(line, ">From "))
			continue;
		if (!first && octet_is_blank(*line.p))
			continue;
		if (!mbox_field(line, &name))
			return usual && line.p + line.len == end; /* the last line may not be known to its end */
		usual |= is_usual(name);
	}
	return usual;
}

bool mbox_begins(struct slice text)
{
	struct slice line;

	if (text.len < 5 || memcmp(text.p, "From ", 5) != 0 || !slice_line(&text, &line) || line.len > MBOX_LINE)
		return false;
	return has_date(line) || is_header(text);
}

size_t mbox_quotes(struct slice line, enum mbox_variant variant)
{
	size_t i = 0;

	while (i < line.len && line.p[i] == '>')
		i++;
	if (variant == MBOX_CL2 || !i || (variant == MBOX_O && i > 1))
		return 0;
	return line.len - i >= 5 && memcmp(line.p + i, "From ", 5) == 0;
}

/* mbox(5) of mutt; UW-IMAP's and Dovecot's mailbox files; what Thunderbird, Evolution, KMail and mutt write into their drafts and outboxes;
 * the export of Gmail. */
bool mbox_is_note(struct slice name)
{
	static const char *const names[] = {"Status", "X-Status", "X-UID", "X-UIDL", "X-Keywords", "X-IMAP", "X-IMAPbase", "Content-Length", "Lines",
					    "X-Account-Key", "X-Identity-Key", "Fcc", "X-GM-THRID", "X-Gmail-Labels"};
	static const char *const begins[] = {"X-Mozilla-", "X-Evolution", "X-KMail-", "X-Mutt-"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_is(name, names[i]))
			return true;
	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
		if (slice_begins(name, begins[i]))
			return true;
	return false;
}

bool mbox_length(struct slice line, uint64_t *length)
{
	struct slice name, before;

	return mbox_field(line, &name) && slice_is(name, "Content-Length") && slice_cut(&line, ':', &before) &&
	       slice_number(slice_trim(line), UINT64_MAX / 2, length);
}
