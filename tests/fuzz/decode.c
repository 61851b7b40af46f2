#include "decode.h"

#include <stdbool.h>
#include <string.h>

static unsigned hex(char c)
{
	return c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'A') + 10;
}

size_t decode_base64(char *to, struct slice text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t made = 0;
	unsigned held = 0, bits = 0;

	for (size_t i = 0; i < text.len; i++) {
		const char *at = text.p[i] ? strchr(letters, text.p[i]) : NULL;

		if (!at)
			continue;
		held = (held << 6 | (unsigned)(at - letters)) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			to[made++] = (char)(held >> bits & 255);
		}
	}
	return made;
}

size_t decode_quoted(char *to, struct slice text)
{
	size_t made = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '=' && i + 2 < text.len && text.p[i + 1] == '\r') {
			i += 2;
		} else if (text.p[i] == '=' && i + 2 < text.len) {
			to[made++] = (char)(hex(text.p[i + 1]) << 4 | hex(text.p[i + 2]));
			i += 2;
		} else {
			to[made++] = text.p[i];
		}
	}
	return made;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_encoded(struct slice word)
{
	return word.len >= 12 && word.len <= 75 && memcmp(word.p, "=?utf-8?", 8) == 0 && strchr("QB", word.p[8]) && word.p[9] == '?' &&
	       memcmp(word.p + word.len - 2, "?=", 2) == 0;
}

static size_t decode_q(char *to, struct slice text)
{
	size_t made = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '=' && i + 2 < text.len) {
			to[made++] = (char)(hex(text.p[i + 1]) << 4 | hex(text.p[i + 2]));
			i += 2;
		} else {
			to[made++] = text.p[i];
			if (text.p[i] == '_')
				to[made - 1] = ' ';
		}
	}
	return made;
}

size_t decode_words(char *to, struct slice text)
{
	size_t made = 0, i = 0;
	bool after_encoded = false;

	while (i < text.len) {
		struct slice gap = {text.p + i, 0}, word;
		bool encoded;

		while (i < text.len && is_blank(text.p[i]))
			i++, gap.len++;
		word = (struct slice){text.p + i, 0};
		while (i < text.len && !is_blank(text.p[i]))
			i++, word.len++;
		encoded = is_encoded(word);
		if (!encoded || !after_encoded) { /* blanks between two encoded words are not part of the text */
			memcpy(to + made, gap.p, gap.len);
			made += gap.len;
		}
		if (!encoded) {
			memcpy(to + made, word.p, word.len);
			made += word.len;
		} else {
			struct slice inside = {word.p + 10, word.len - 12};

			made += word.p[8] == 'B' ? decode_base64(to + made, inside) : decode_q(to + made, inside);
		}
		after_encoded = encoded;
	}
	return made;
}

size_t decode_percent(char *to, struct slice text)
{
	size_t made = 0;

	for (size_t i = 0; i < text.len && text.p[i] != ';' && text.p[i] != '\r'; i++) {
		if (text.p[i] == '%' && i + 2 < text.len) {
			to[made++] = (char)(hex(text.p[i + 1]) << 4 | hex(text.p[i + 2]));
			i += 2;
		} else {
			to[made++] = text.p[i];
		}
	}
	return made;
}

size_t decode_unfold(char *to, struct slice text)
{
	size_t made = 0;

	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] != '\r' && text.p[i] != '\n')
			to[made++] = text.p[i];
	return made;
}
