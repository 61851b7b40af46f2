#include "cli/dry_run.h"

#include <stdio.h>

#include "base/file.h"

int dry_run_print(const struct job *j, struct failure *f)
{
	const struct envelope *e = &j->mail.envelope;
	struct source *s = mail_form(&j->mail, true);
	char piece[16384];
	size_t got;

	printf("MAIL FROM:<%s>\n", e->sender);
	for (size_t i = 0; i < e->recipients; i++)
		printf("RCPT TO:<%s>\n", e->recipient[i].address);
	putchar('\n');
	if (s->rewind(s, f) < 0)
		return -1;
	do {
		if (s->pull(s, piece, sizeof piece, &got, f) < 0)
			return -1;
		fwrite(piece, 1, got, stdout);
	} while (got);
	return file_end_output(f);
}
