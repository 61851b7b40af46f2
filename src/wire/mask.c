#include "wire/mask.h"

#include <ctype.h>
#include <string.h>

#include "mail/source.h"
#include "wire/reply.h"

enum { ROOM = 128 * 1024, CODED = MASK_TEXT_MOST / 3 * 4 + 16 };

static const char stars[] = "****";

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void mask_start(struct mask *m)
{
	*m = (struct mask){.least = MASK_LEAST};
	buf_start(&m->texts, ROOM);
	/* All of the room at once: a buffer that grows leaves copies of its texts in freed memory. */
	m->all = buf_reserve(&m->texts, ROOM) < 0;
}

/* A text is found by a sum over as many octets as it has; the sum is moved along the line, with one octet added and one taken out
 * (Rabin and Karp). */
static const uint32_t factor = 0x01000193;

static uint32_t sum_of(const char *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = sum * factor + (unsigned char)small(p[i]);
	return sum;
}

static void add(struct mask *m, const char *p, size_t len)
{
	size_t at = m->texts.len;

	len = len < MASK_TEXT_MOST ? len : MASK_TEXT_MOST;
	if (!len || m->settled)
		return;
	if (m->count == MASK_TEXTS || buf_add(&m->texts, p, len) < 0) {
		m->all = true;
		return;
	}
	for (size_t i = at; i < m->texts.len; i++)
		m->texts.p[i] = small(m->texts.p[i]);
	m->text[m->count].at = at;
	m->text[m->count].len = len;
	m->text[m->count].sum = sum_of(p, len);
	m->text[m->count].begin = len - len / 4 >= MASK_LEAST ? len - len / 4 : len;
	m->text[m->count].begin_sum = sum_of(p, m->text[m->count].begin);
	m->count++;
}

/* What base64 makes of a text that stands `skip` octets behind a group of three: without the letters at its ends that
 * depend on the neighbours there. */
static void add_base64(struct mask *m, const char *p, size_t len, size_t skip)
{
	char plain[MASK_TEXT_MOST + 2] = {0}, coded[CODED];
	size_t n, from = skip ? skip + 1 : 0;

	len = len < MASK_TEXT_MOST ? len : MASK_TEXT_MOST;
	memcpy(plain + skip, p, len);
	n = base64_text(coded, plain, skip + len);
	while (n && coded[n - 1] == '=')
		n--;
	if (!skip)
		add(m, coded, n); /* the text coded by itself */
	else if (n > from + MASK_LEAST)
		add(m, coded + from, n - from - ((skip + len) % 3 != 0));
	explicit_bzero(plain, sizeof plain);
	explicit_bzero(coded, sizeof coded);
}

void mask_password(struct mask *m, const char *user, const char *password)
{
	char both[MASK_TEXT_MOST];
	size_t name = strlen(user), word = strlen(password);

	add(m, password, word);
	for (size_t skip = 0; skip < 3; skip++)
		add_base64(m, password, word, skip);
	if (name + word + 2 > sizeof both)
		return;
	both[0] = both[name + 1] = '\0';
	memcpy(both + 1, user, name);
	memcpy(both + name + 2, password, word);
	add_base64(m, both, name + word + 2, 0);
	explicit_bzero(both, sizeof both);
}

/* Adds what a base64 text decodes to: proofs and digests, which some relays show decoded. Names and hosts in it are no secret. */
static void add_decoded(struct mask *m, struct slice coded)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char plain[MASK_TEXT_MOST + 1];
	size_t n = 0, begin = 0;
	uint32_t bits = 0;

	for (size_t i = 0; i < coded.len && n < MASK_TEXT_MOST; i++) {
		const char *found = coded.p[i] ? strchr(letters, coded.p[i]) : NULL;

		if (!found)
			break;
		bits = bits << 6 | (uint32_t)(found - letters);
		if (i % 4)
			plain[n++] = (char)(bits >> (6 - i % 4 * 2) & 255);
	}
	plain[n] = '\0';
	for (size_t i = 0; i <= n; i++) {
		if (plain[i] && (isalnum((unsigned char)plain[i]) || plain[i] == '+' || plain[i] == '/'))
			continue;
		if (i - begin >= 16)
			add(m, plain + begin, i - begin);
		begin = i + 1;
	}
	explicit_bzero(plain, sizeof plain);
}

void mask_said(struct mask *m, struct slice line)
{
	struct slice rest = slice_trim(line), word;

	if (slice_begins(rest, "AUTH ")) {
		slice_cut(&rest, ' ', &word);
		rest = slice_trim(rest);
		if (!slice_cut(&rest, ' ', &word))
			return; /* the line has the mechanism's name alone */
		rest = slice_trim(rest);
	}
	if (!rest.len || slice_is(rest, "*") || slice_is(rest, "="))
		return;
	while (rest.len > 1 && rest.p[rest.len - 1] == '=')
		rest.len--;
	add(m, rest.p, rest.len);
	add_decoded(m, rest);
}

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c > 127;
}

/* How many octets at `at` belong to a secret text: all of it, or a piece too long to be shown. */
static size_t piece_at(const struct mask *m, const char *p, size_t len, size_t at)
{
	size_t most = 0;

	for (size_t t = 0; t < m->count; t++) {
		const char *text = m->texts.p + m->text[t].at, *end = text + m->text[t].len, *found = text;

		for (; (found = memchr(found, small(p[at]), (size_t)(end - found))); found++) {
			size_t n = 1;
			bool whole;

			while (found + n < end && at + n < len && found[n] == small(p[at + n]))
				n++;
			whole = n == m->text[t].len && (n >= MASK_LEAST || ((!at || !in_word(p[at - 1])) && (at + n == len || !in_word(p[at + n]))));
			if (n > most && (n >= m->least || whole))
				most = n;
		}
	}
	return most;
}

/* Marks each octet of p that belongs to a secret text: hit is 1 there. */
static void find_pieces(const struct mask *m, const char *p, size_t len, char *hit)
{
	for (size_t i = 0; i < len; i++) {
		size_t n = piece_at(m, p, len, i);

		memset(hit + i, 1, n);
		if (n > m->least)
			i += n - m->least; /* the next piece may overlap with the end of this one */
	}
}

/* Marks each place in p whose n octets have this sum. */
static void find_sum(size_t n, uint32_t wanted, const char *p, size_t len, char *hit)
{
	uint32_t sum, top = 1;

	if (n > len)
		return;
	for (size_t i = 1; i < n; i++)
		top *= factor;
	sum = sum_of(p, n);
	for (size_t i = 0;; i++) {
		bool alone = (!i || !in_word(p[i - 1])) && (i + n == len || !in_word(p[i + n]));

		if (sum == wanted && (n >= MASK_LEAST || alone))
			memset(hit + i, 1, n);
		if (i + n >= len)
			return;
		sum = (sum - (unsigned char)small(p[i]) * top) * factor + (unsigned char)small(p[i + n]);
	}
}

/* The same as find_pieces, once only the sums are kept. */
static void find_wholes(const struct mask *m, const char *p, size_t len, char *hit)
{
	for (size_t t = 0; t < m->count; t++) {
		find_sum(m->text[t].len, m->text[t].sum, p, len, hit);
		if (m->text[t].begin < m->text[t].len)
			find_sum(m->text[t].begin, m->text[t].begin_sum, p, len, hit);
	}
}

/* Keeps the end of this line until the next line of the same answer has been looked at, and no longer. */
static void carry(struct mask *m, const char *text, size_t len, bool ends)
{
	size_t most = m->settled ? sizeof m->before : MASK_LEAST - 1;

	explicit_bzero(m->before, m->before_len);
	m->before_len = ends ? 0 : len < most ? len : most;
	memcpy(m->before, text + len - m->before_len, m->before_len);
}

/* How much of a line comes before its words: the code, and the enhanced one, which some repeat on the lines that follow. */
static size_t words_at(const char *p, size_t len, bool follows)
{
	size_t code = len >= 3 && isdigit((unsigned char)p[0]) && isdigit((unsigned char)p[1]) && isdigit((unsigned char)p[2]) ? 3 : 0;

	code += code && len > 3 && (p[3] == ' ' || p[3] == '-');
	if (code > 3 && follows)
		code += reply_enhanced_length((struct slice){p + 4, len - 4}, *p);
	while (follows && code > 4 && code < len && p[code] == ' ')
		code++;
	return code;
}

/* Each word of p from `at` on that was hit becomes stars, of the same length always. */
static size_t cover(char *p, size_t len, size_t at, const char *hit, bool all)
{
	char out[3 * MASK_ANSWER]; /* at worst "a a a": five octets for two */
	size_t n = 0, end;

	for (; at < len; at = end) {
		bool blank = p[at] == ' ' || p[at] == '\t', found = false;

		for (end = at; end < len && (p[end] == ' ' || p[end] == '\t') == blank; end++)
			found |= !blank && (hit[end] || all);
		if (found)
			memcpy(out + n, stars, sizeof stars - 1);
		else
			memcpy(out + n, p + at, end - at);
		n += found ? sizeof stars - 1 : end - at;
	}
	n = n < MASK_ANSWER ? n : MASK_ANSWER;
	memcpy(p, out, n);
	explicit_bzero(out, sizeof out);
	return n;
}

size_t mask_line(struct mask *m, char p[static MASK_ANSWER], size_t len, bool first)
{
	char text[sizeof m->before + MASK_ANSWER], hit[sizeof text] = {0};
	size_t before = first ? 0 : m->before_len, code = words_at(p, len, m->settled && before), n;
	bool ends = code && (len == 3 || p[3] != '-');

	while (len > code && (p[len - 1] == ' ' || p[len - 1] == '\t'))
		len--;
	if ((!m->count && !m->all) || len <= code)
		return len;
	memcpy(text, m->before, before);
	memcpy(text + before, p + code, len - code);
	n = before + len - code;
	if (m->settled)
		find_wholes(m, text, n, hit);
	else
		find_pieces(m, text, n, hit);
	carry(m, text, n, ends);
	n = cover(text, n, before, hit, m->all && !m->settled);
	n = n < MASK_ANSWER - code ? n : MASK_ANSWER - code;
	memcpy(p + code, text, n);
	explicit_bzero(text, sizeof text);
	return code + n;
}

/* How many octets at p are a text; one of few letters only if it fills p, as a copy of it would. */
static size_t text_at(const struct mask *m, const char *p, size_t len, bool fills)
{
	size_t most = 0;

	for (size_t t = 0; t < m->count; t++) {
		const char *text = m->texts.p + m->text[t].at;
		size_t n = 0, whole = m->text[t].len;

		while (n < whole && n < len && text[n] == small(p[n]))
			n++;
		if (n < whole || n < most || (n < MASK_LEAST && !(fills && len == n + 1 && !p[n])))
			continue;
		while (whole == MASK_TEXT_MOST && n < len && (unsigned char)p[n] > ' ')
			n++; /* of a text this long only the beginning was kept: the rest of the word is masked as well */
		most = n;
	}
	return most;
}

void mask_wipe(const struct mask *m, char *p, size_t len)
{
	bool begins[256] = {false};

	if (m->settled)
		return;
	for (size_t t = 0; t < m->count; t++)
		begins[(unsigned char)m->texts.p[m->text[t].at]] = true;
	for (size_t i = 0; i < len; i++) {
		size_t n = begins[(unsigned char)small(p[i])] ? text_at(m, p + i, len - i, i == 0) : 0;

		memset(p + i, '*', n);
		i += n ? n - 1 : 0;
	}
}

void mask_settle(struct mask *m)
{
	if (m->texts.p)
		explicit_bzero(m->texts.p, m->texts.room);
	buf_free(&m->texts);
	explicit_bzero(m->before, sizeof m->before);
	m->before_len = 0;
	m->settled = true;
}

void mask_free(struct mask *m)
{
	mask_settle(m);
	m->count = 0;
}
