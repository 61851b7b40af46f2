#include "mail/idn.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "mail/address.h"

enum { LABEL = 63, BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, BIAS = 72, INITIAL = 128 }; /* RFC 3492 5 */

static uint32_t lowered(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
		return c + 32;
	if (c >= 0x400 && c <= 0x40f)
		return c + 80;
	if ((c >= 0x100 && c <= 0x137) || (c >= 0x14a && c <= 0x177)) /* Latin Extended-A: pairs */
		return c | 1;
	return c;
}

/* The characters of one label; -1: too many, or no UTF-8. */
static int decode(struct slice label, uint32_t *to, size_t *count)
{
	if (!slice_is_utf8(label))
		return -1;
	for (size_t i = 0; i < label.len;) {
		unsigned char c = (unsigned char)label.p[i++];
		unsigned more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
		uint32_t whole = more ? c & (0x3fU >> more) : c;

		for (; more; more--)
			whole = whole << 6 | ((unsigned char)label.p[i++] & 0x3fU);
		if (*count == LABEL)
			return -1;
		to[(*count)++] = lowered(whole);
	}
	return 0;
}

static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	for (; delta > ((BASE - TMIN) * TMAX) / 2; k += BASE)
		delta /= BASE - TMIN;
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static char digit(uint32_t d)
{
	return (char)(d < 26 ? 'a' + d : '0' + (d - 26));
}

/* One number of variable length. */
static int add_number(struct buf *out, uint32_t delta, uint32_t bias)
{
	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;
		char c;

		if (delta < t) {
			c = digit(delta);
			return buf_add(out, &c, 1);
		}
		c = digit(t + (delta - t) % (BASE - t));
		if (buf_add(out, &c, 1) < 0)
			return -1;
		delta = (delta - t) / (BASE - t);
	}
}

static uint32_t least_above(const uint32_t *c, size_t count, uint32_t n)
{
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < count; i++)
		if (c[i] >= n && c[i] < least)
			least = c[i];
	return least;
}

/* RFC 3492 6.3. */
static int punycode(struct buf *out, const uint32_t *c, size_t count)
{
	uint32_t n = INITIAL, delta = 0, bias = BIAS, basic = 0, done;

	for (size_t i = 0; i < count; i++)
		if (c[i] < INITIAL) {
			char plain = (char)c[i];

			basic++;
			if (buf_add(out, &plain, 1) < 0)
				return -1;
		}
	if (basic && buf_text(out, "-") < 0)
		return -1;
	for (done = basic; done < count; delta++, n++) {
		uint32_t next = least_above(c, count, n);

		delta += (next - n) * (done + 1); /* 63 characters: no overflow */
		n = next;
		for (size_t i = 0; i < count; i++) {
			if (c[i] < n)
				delta++;
			if (c[i] != n)
				continue;
			if (add_number(out, delta, bias) < 0)
				return -1;
			done++;
			bias = adapt(delta, done, done == basic + 1);
			delta = 0;
		}
	}
	return 0;
}

static int add_label(struct buf *out, struct slice label)
{
	uint32_t c[LABEL];
	size_t count = 0, before;

	if (slice_is_ascii(label))
		return buf_slice(out, label);
	if (decode(label, c, &count) < 0 || buf_text(out, "xn--") < 0)
		return -1;
	before = out->len - 4;
	if (punycode(out, c, count) < 0)
		return -1;
	return out->len - before > LABEL ? -1 : 0;
}

const char *idn_address(struct arena *in, const char *address)
{
	const char *domain = address_domain(address);
	struct slice rest = slice_of(domain), label;
	struct buf out;
	bool more = true;
	int ok;

	if (!*domain || !slice_is_ascii((struct slice){address, (size_t)(domain - address)}))
		return NULL;
	if (slice_is_ascii(rest))
		return address;
	buf_start(&out, ADDRESS_MAX);
	ok = buf_slice(&out, (struct slice){address, (size_t)(domain - address)});
	while (ok == 0 && more) {
		more = slice_cut(&rest, '.', &label);
		ok = add_label(&out, more ? label : rest);
		if (ok == 0 && more)
			ok = buf_text(&out, ".");
	}
	address = ok < 0 ? NULL : arena_text(in, out.p, out.len);
	buf_free(&out);
	return address;
}
