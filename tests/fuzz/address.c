/*
 * Addresses: what is read out of a list is printed and read again as the same; an address holds no control character,
 * no line end, and nothing outside quotes that would end it in MAIL, RCPT or a header field.
 */
#include "fuzz.h"

#include "intake/smtp_words.h"
#include "mail/address.h"
#include "mail/from.h"
#include "mail/envelope.h"
#include "wire/idn.h"

static void is_one_address(struct arena *in, const char *text, const char *as)
{
	struct mailboxes list = {0};
	struct failure f;

	HOLDS(address_list(&list, in, slice_of(text), &f) == 0, slice_of(text));
	HOLDS(list.count == 1 && strcmp(list.box[0].address, as) == 0, slice_of(text));
}

/* RFC 5321 4.1.2: a path ends at the first > outside quotes. */
static void has_no_special_outside_quotes(struct slice address)
{
	bool quoted = false;

	for (size_t i = 0; i < address.len; i++) {
		if (address.p[i] == '\\' && quoted)
			i++;
		else if (address.p[i] == '"')
			quoted = !quoted;
		else
			HOLDS(quoted || !strchr(" \t<>,;()", address.p[i]), address);
	}
	HOLDS(!quoted, address);
}

static void stands_for_itself(struct arena *in, const char *address)
{
	const char *line = arena_printf(in, "TO:<%s>", address), *again;
	struct request_recipient rcpt;
	struct failure f;

	HOLDS(strlen(address) <= ADDRESS_MAX, slice_of(address));
	fuzz_is_clean(address);
	if (!*address)
		return;
	is_one_address(in, address, address);
	HOLDS(address_one(&again, in, slice_of(address), &f) == 0 && strcmp(again, address) == 0, slice_of(address));
	has_no_special_outside_quotes(slice_of(address));
	HOLDS(smtp_words_rcpt(&rcpt, in, slice_of(line), true, &f) == 0 && strcmp(rcpt.text, address) == 0, slice_of(line));
	again = idn_address_or_same(in, address);
	HOLDS(strlen(again) <= ADDRESS_MAX, slice_of(again));
	is_one_address(in, again, again);
}

static void read_list(struct arena *in, struct slice text)
{
	struct mailboxes list = {0};
	struct envelope e = {.sender = ""};
	struct failure f;

	if (address_list(&list, in, text, &f) < 0) {
		fuzz_is_clean(f.text);
		return;
	}
	for (size_t i = 0; i < list.count; i++) {
		const struct mailbox *box = &list.box[i];
		const char *whole = address_qualify(in, box->address, "example.org");

		stands_for_itself(in, box->address);
		HOLDS(box->spelled.p >= text.p && box->spelled.p + box->spelled.len <= text.p + text.len, text);
		HOLDS(!box->name.len || (box->name.p >= text.p && box->name.p + box->name.len <= text.p + text.len), text);
		if (whole)
			stands_for_itself(in, whole);
		whole = mailbox_again(in, text_in_utf8(in, box->name), box->address);
		if (whole) {
			HOLDS(address_text_is_clean(slice_of(whole)), slice_of(whole));
			is_one_address(in, whole, box->address);
		}
		envelope_add(&e, in, box->address);
	}
	for (size_t i = 0; i < e.recipients; i++) /* nobody twice */
		HOLDS(!envelope_add(&e, in, e.recipient[i].address), slice_of(e.recipient[i].address));
}

/* What a client of -bs says. */
static void read_paths(struct arena *in, const char *text)
{
	const char *to = arena_printf(in, "TO:%s", text);
	struct request_recipient rcpt;
	struct mail_said mail;
	struct failure f;

	if (smtp_words_rcpt(&rcpt, in, slice_of(text), true, &f) == 0) {
		stands_for_itself(in, rcpt.text);
		if (rcpt.orcpt) {
			fuzz_is_clean(rcpt.orcpt);
			HOLDS(!strchr(rcpt.orcpt, ' '), slice_of(rcpt.orcpt));
		}
	}
	if (smtp_words_rcpt(&rcpt, in, slice_of(to), true, &f) == 0)
		stands_for_itself(in, rcpt.text);
	if (smtp_words_mail(&mail, in, slice_of(text), &f) == 0) {
		stands_for_itself(in, mail.sender);
		if (mail.envid)
			fuzz_is_clean(mail.envid);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct arena in = {0};
	struct slice text = fuzz_copy(&in, octets, len);
	const char *one;
	struct failure f;

	read_list(&in, text);
	if (address_one(&one, &in, text, &f) == 0)
		stands_for_itself(&in, one);
	else
		fuzz_is_clean(f.text);
	if (len < 4000 && !slice_has_control(text)) {
		read_paths(&in, text.p);
		if (len && len < 100 && slice_is_utf8(text) && !slice_begins(text, "=?")) /* no login is a piece of an encoded name */
			stands_for_itself(&in, address_of_name(&in, text.p));
	}
	arena_free(&in);
	return 0;
}
