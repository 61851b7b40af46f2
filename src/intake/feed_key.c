#include "intake/feed_key.h"

#include "base/sha256.h"

enum { LONGEST_ID = 250, PIECE = 16 * 1024, ENVELOPE_DIGITS = 32, ID_DIGITS = 32 };

static bool is_fit(struct slice id)
{
	for (size_t i = 0; i < id.len; i++)
		if (id.p[i] <= ' ' || id.p[i] > 126)
			return false;
	return id.len && id.len <= LONGEST_ID;
}

static int digest(const struct message *m, struct arena *in, char hex[SHA256_HEX], struct failure *f)
{
	struct source *text = message_wire(m, in, f);
	unsigned char octets[SHA256_OCTETS];
	struct sha256 sum;
	char piece[PIECE];
	size_t got;

	if (!text || text->rewind(text, f) < 0)
		return -1;
	sha256_begin(&sum);
	do {
		if (text->pull(text, piece, sizeof piece, &got, f) < 0)
			return -1;
		sha256_add(&sum, (struct slice){piece, got});
	} while (got);
	sha256_end(&sum, octets);
	sha256_print(hex, octets);
	return text->rewind(text, f);
}

static void envelope_digest(const struct request *said, char hex[SHA256_HEX])
{
	unsigned char octets[SHA256_OCTETS];
	struct sha256 sum;

	sha256_begin(&sum);
	sha256_add(&sum, slice_of(said->sender ? said->sender : ""));
	for (size_t i = 0; i < said->recipients; i++) {
		sha256_add(&sum, SLICE("\n"));
		sha256_add(&sum, slice_of(said->recipient[i].text));
	}
	sha256_end(&sum, octets);
	sha256_print(hex, octets);
}

int feed_key_of(const char **key, const struct message *m, struct arena *in, const struct request *said, struct failure *f)
{
	struct slice id = slice_of(header_message_id(&m->header));
	char octets[SHA256_HEX], envelope[SHA256_HEX];

	if (!is_fit(id) && digest(m, in, octets, f) < 0)
		return -1;
	if (is_fit(id))
		*key = arena_text(in, id.p, id.len);
	else
		*key = arena_text(in, octets, SHA256_HEX - 1);
	if (said) {
		envelope_digest(said, envelope);
		*key = arena_printf(in, "%s/%.*s", *key, ENVELOPE_DIGITS, envelope);
	}
	return 0;
}

void feed_key_put_id(struct message *m, struct arena *in, const char *key, const char *run)
{
	if (!header_find_said(&m->header, "Message-ID"))
		header_put(&m->header, "Message-ID", arena_printf(in, "<%.*s.%s>", ID_DIGITS, key, run));
}
