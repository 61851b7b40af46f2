#include "mail/mail.h"

#include "mail/header.h"

void mail_of(struct mail *m, struct arena *in, struct source *octets, bool eightbit)
{
	*m = (struct mail){.in = in, .envelope = m->envelope, .form7 = octets, .eightbit = eightbit};
}

struct source *mail_form(const struct mail *m, bool eightbit)
{
	return eightbit && m->form8 && m->envelope.body != BODY_7BIT ? m->form8 : m->form7;
}

const char *mail_message_id(const struct mail *m, struct arena *in)
{
	struct header h = {.in = in};
	struct failure unused;
	struct slice head;

	if (m->message_id)
		return m->message_id;
	if (source_head(m->form7, arena_zeroed(in, MAIL_HEAD, 1), MAIL_HEAD, &head, &unused) < 0)
		return "";
	(void)header_parse(&h, &head);
	return header_message_id(&h);
}
