#include "conf/token_note.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/trusted.h"

#define TRIED "Tried: "
#define REFUSED "Refused: "
#define WORDS "Words: "

static time_t time_in(struct slice text)
{
	uint64_t n;

	return slice_number(text, INT32_MAX * UINT64_C(1000), &n) ? (time_t)n : 0;
}

static bool take(struct slice *line, const char *name)
{
	if (!slice_begins(*line, name))
		return false;
	line->p += strlen(name);
	line->len -= strlen(name);
	return true;
}

static void parse(struct token_note *out, struct slice text)
{
	struct slice line;

	while (slice_line(&text, &line))
		if (take(&line, TRIED))
			out->tried = time_in(line);
		else if (take(&line, REFUSED))
			out->refused = time_in(line);
		else if (take(&line, WORDS))
			slice_printable(out->words, sizeof out->words, line);
}

void token_note_read(struct token_note *out, const struct token_file *t)
{
	char path[TOKEN_FILE_PATH + 8], text[TOKEN_NOTE_OCTETS];
	struct failure unused;
	ssize_t n;
	int fd;

	*out = (struct token_note){.tried = 0};
	snprintf(path, sizeof path, "%s" TOKEN_FILE_LOCK, t->path);
	fd = trusted_open(path, TRUSTED_TEXT | TRUSTED_NO_LINK, &unused);
	if (fd < 0)
		return;
	n = file_read_at(fd, text, sizeof text, 0);
	if (n > 0)
		parse(out, (struct slice){text, (size_t)n});
	close(fd);
}

/* A refusal is not forgotten because the provider could not be asked the next time. */
void token_note_write(const struct token_file *t, time_t now, const struct failure *f)
{
	char text[TOKEN_NOTE_OCTETS];
	struct token_note n;
	int len;

	if (t->lock < 0)
		return;
	token_note_read(&n, t);
	if (!failure_is_temporary(f)) {
		n.refused = now;
		slice_printable(n.words, sizeof n.words, slice_of(f->text));
	}
	len = snprintf(text, sizeof text, TRIED "%lld\n" REFUSED "%lld\n" WORDS "%s\n", (long long)now, (long long)n.refused, n.words);
	if (ftruncate(t->lock, 0) == 0)
		(void)!file_write(t->lock, text, (size_t)len);
}
