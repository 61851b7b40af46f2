#include "conf/predecessor.h"

#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/trusted.h"

enum { MAIN_CF = 256 * 1024 };

/* Finds "relayhost = [mail.example.com]:587"; "relayhost =" alone names none. */
static bool names_relayhost(struct slice text)
{
	struct slice line, name;
	bool found = false;

	while (slice_line(&text, &line))
		if (slice_begins(line, "relayhost") && slice_cut(&line, '=', &name) && slice_is(slice_trim(name), "relayhost"))
			found = slice_trim(line).len > 0;
	return found;
}

/* Postfix counts only if it has a relayhost: it is on many hosts without one. */
static bool relays(const char *main_cf)
{
	struct failure unused;
	int fd = trusted_open(main_cf, TRUSTED_TEXT, &unused);
	struct buf b;
	bool found;

	if (fd < 0)
		return false;
	buf_start(&b, MAIN_CF);
	found = file_slurp(fd, &b) == 0 && names_relayhost(buf_slice_of(&b));
	close(fd);
	buf_free(&b);
	return found;
}

bool predecessor_find(struct predecessor *out, struct arena *in, const char *etc)
{
	static const struct predecessor known[] = {
		{"msmtp", "msmtprc"}, {"ssmtp", "ssmtp/ssmtp.conf"}, {"nullmailer", "nullmailer/remotes"},
		{"dma", "dma/dma.conf"}, {"esmtp", "esmtprc"}, {"Postfix as a null client", "postfix/main.cf"},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const char *path = arena_printf(in, "%s/%s", etc, known[i].file);
		bool there = strcmp(known[i].file, "postfix/main.cf") == 0 ? relays(path) : access(path, R_OK) == 0;

		if (there) {
			*out = (struct predecessor){known[i].program, path};
			return true;
		}
	}
	return false;
}
