#include "intake/input_survey.h"

static void show(char to[SURVEY_ADDRESS], const char *address)
{
	slice_printable(to, SURVEY_ADDRESS, slice_of(address));
}

static void count_mail(struct input_survey *s, const struct job *j)
{
	const struct envelope *e = &j->mail.envelope;

	if (!s->mails) {
		s->account = j->account;
		show(s->sender, e->sender);
		if (e->recipients)
			show(s->first, e->recipient[0].address);
	}
	s->accounts |= j->account->id != s->account->id;
	if (e->recipients)
		show(s->last, e->recipient[e->recipients - 1].address);
	s->mails++;
	s->recipients += e->recipients;
	s->unsubscribes += header_find_said(&j->message.header, "List-Unsubscribe") != NULL;
}

int input_survey(const struct batch_input *input, struct input_survey *out,
		 bool (*each)(void *ctx, const struct batch_mail *m, const struct failure *why), void *ctx, struct failure *f)
{
	struct batch_mail mail;
	struct failure why;
	bool more = true;
	int rc;

	*out = (struct input_survey){.mails = 0};
	while (more && !out->lost && (rc = input->next(input->ctx, &mail, &why)) != 0) {
		if (rc > 0) {
			count_mail(out, mail.job);
		} else {
			out->bad++;
			out->lost = mail.lost;
		}
		more = !each || each(ctx, &mail, rc > 0 ? NULL : &why);
		if (rc > 0)
			input->release(input->ctx, mail.job);
	}
	return input->rewind(input->ctx, f);
}
