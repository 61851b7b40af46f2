#include "intake/feed_key.h"

#include "base/sha256.h"
#include "post/ledger_key.h"

enum { LONGEST_ID = 250, ENVELOPE_DIGITS = 32 };

static bool is_fit(struct slice id)
{
	for (size_t i = 0; i < id.len; i++)
		if (id.p[i] <= ' ' || id.p[i] > 126)
			return false;
	return id.len && id.len <= LONGEST_ID;
}

static int octets_key(struct slice *key, const struct message *m, struct arena *in, struct failure *f)
{
	struct source *text = message_wire(m, in, f);

	if (!text || ledger_key_octets(key, in, text, f) < 0)
		return -1;
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

	if (!is_fit(id) && octets_key(&id, m, in, f) < 0)
		return -1;
	*key = arena_text(in, id.p, id.len);
	if (said) {
		char envelope[SHA256_HEX];

		envelope_digest(said, envelope);
		*key = arena_printf(in, "%s/%.*s", *key, ENVELOPE_DIGITS, envelope);
	}
	return 0;
}

int feed_key_choose(void *ctx, struct job *j, const char *host, const char **id, struct failure *f)
{
	const struct feed_id *of = ctx;

	(void)f;
	if (of->ledger)
		*id = ledger_message_id(of->ledger, slice_of(of->key), *host ? host : "localhost", &j->arena);
	return 0;
}
