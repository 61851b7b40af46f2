#include "base/dns.h"

#include <string.h>

enum { HEADER = 12, CLASS_IN = 1, RESPONSE = 0x80, TRUNCATED = 2, SERVER_FAILURE = 2, NAME_ERROR = 3, LABEL_MAX = 63 };

struct reader {
	struct slice all;
	size_t at;
};

static bool read_octet(struct reader *r, unsigned *out)
{
	if (r->at >= r->all.len)
		return false;
	*out = (unsigned char)r->all.p[r->at++];
	return true;
}

static bool read_short(struct reader *r, unsigned *out)
{
	unsigned high, low;

	if (!read_octet(r, &high) || !read_octet(r, &low))
		return false;
	*out = high << 8 | low;
	return true;
}

static bool pass(struct reader *r, size_t octets)
{
	if (octets > r->all.len - r->at)
		return false;
	r->at += octets;
	return true;
}

/* Passes over a name where it stands: a pointer ends it (RFC 1035 4.1.4). */
static bool pass_name(struct reader *r)
{
	unsigned len;

	while (read_octet(r, &len)) {
		if (len == 0)
			return true;
		if (len > LABEL_MAX)
			return len >= 0xc0 && pass(r, 1);
		if (!pass(r, len))
			return false;
	}
	return false;
}

/* Adds a label in lower case. False: no name of a host has such an octet, or the name is too long. */
static bool add_label(char to[DNS_NAME + 1], size_t *len, struct slice label)
{
	static const char known[] = "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (*len + (*len != 0) + label.len > DNS_NAME)
		return false;
	if (*len)
		to[(*len)++] = '.';
	for (size_t i = 0; i < label.len; i++) {
		const char *c = label.p[i] ? strchr(known, label.p[i]) : NULL;

		if (!c)
			return false;
		to[(*len)++] = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
	}
	to[*len] = '\0';
	return true;
}

enum name { NAME_GOOD, NAME_BAD, NAME_BROKEN };

/* Reads a name, which each pointer in it has to lead back from: so there are fewer jumps than octets. */
static enum name read_name(struct reader r, char to[DNS_NAME + 1])
{
	size_t least = r.at, len = 0;
	bool good = true;
	unsigned octet, low;

	to[0] = '\0';
	while (read_octet(&r, &octet)) {
		if (octet == 0)
			return good ? NAME_GOOD : NAME_BAD;
		if (octet > LABEL_MAX) {
			if (octet < 0xc0 || !read_octet(&r, &low))
				return NAME_BROKEN;
			r.at = (octet & 0x3f) << 8 | low;
			if (r.at >= least)
				return NAME_BROKEN;
			least = r.at;
		} else if (octet > r.all.len - r.at) {
			return NAME_BROKEN;
		} else {
			good = good && add_label(to, &len, (struct slice){r.all.p + r.at, octet});
			r.at += octet;
		}
	}
	return NAME_BROKEN;
}

static bool goes_before(const struct dns_record *a, const struct dns_record *b)
{
	return a->priority != b->priority ? a->priority < b->priority : a->weight > b->weight;
}

static void put(struct dns_answer *out, const struct dns_record *new)
{
	size_t at = out->records;

	while (at > 0 && goes_before(new, &out->record[at - 1]))
		at--;
	if (at == DNS_RECORDS)
		return;
	if (out->records < DNS_RECORDS)
		out->records++;
	memmove(&out->record[at + 1], &out->record[at], (out->records - 1 - at) * sizeof *out->record);
	out->record[at] = *new;
}

/* Reads what a record of that type holds, in a reader that ends with it. */
static bool read_data(struct dns_answer *out, struct reader r, int type)
{
	struct dns_record new = {.priority = 0};
	enum name name;

	if (!read_short(&r, &new.priority) || (type == DNS_SRV && (!read_short(&r, &new.weight) || !read_short(&r, &new.port))))
		return false;
	name = read_name(r, new.target);
	if (name == NAME_GOOD && (type != DNS_SRV || new.port || !*new.target))
		put(out, &new);
	return name != NAME_BROKEN;
}

/* Records of other types are passed over: aliases, signatures. Whose they are is not looked at: an alias may stand before. */
static bool read_record(struct dns_answer *out, struct reader *r, int type)
{
	unsigned is, class, len;

	if (!pass_name(r) || !read_short(r, &is) || !read_short(r, &class) || !pass(r, 4) || !read_short(r, &len) || len > r->all.len - r->at)
		return false;
	if (is == (unsigned)type && class == CLASS_IN && !read_data(out, (struct reader){{r->all.p, r->at + len}, r->at}, type))
		return false;
	return pass(r, len);
}

static bool read_all(struct dns_answer *out, struct slice packet, int type)
{
	struct reader r = {packet, 2};
	unsigned flags, code, questions, answers;

	if (!read_octet(&r, &flags) || !read_octet(&r, &code) || !read_short(&r, &questions) || !read_short(&r, &answers) || packet.len < HEADER ||
	    !(flags & RESPONSE))
		return false;
	code &= 15;
	if (code) {
		out->found = code == NAME_ERROR ? DNS_NO_NAME : code == SERVER_FAILURE ? DNS_LATER : DNS_NOTHING;
		return true;
	}
	r.at = HEADER;
	while (questions--)
		if (!pass_name(&r) || !pass(&r, 4))
			return false;
	while (answers--)
		if (!read_record(out, &r, type))
			return false;
	/* A resolver that asks over UDP alone (musl before 1.2.4) gives an answer that was cut off. */
	out->found = out->records ? DNS_FOUND : flags & TRUNCATED ? DNS_LATER : DNS_NOTHING;
	return true;
}

void dns_read(struct dns_answer *out, struct slice packet, int type)
{
	*out = (struct dns_answer){.found = DNS_BROKEN};
	if (!read_all(out, packet, type))
		*out = (struct dns_answer){.found = DNS_BROKEN};
}
