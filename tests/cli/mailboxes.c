/* mailboxes rd|o|cl2 FILE ...: the messages of mailbox files as intake/feed_mbox reads them. For each file a line "FILE COUNT", for each
 * message a line "NUMBER LINE OCTETS", and its octets. What cannot be read ends it, and is told. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "intake/feed_mbox.h"

static int print_message(const struct feed_mbox *b, const struct message *m, struct arena *in, struct failure *f)
{
	struct source *text = message_wire(m, in, f);
	char piece[65536];
	size_t got;

	if (!text || text->rewind(text, f) < 0)
		return -1;
	printf("%llu %llu %llu\n", (unsigned long long)b->number, (unsigned long long)b->line, (unsigned long long)text->size);
	do {
		if (text->pull(text, piece, sizeof piece, &got, f) < 0)
			return -1;
		fwrite(piece, 1, got, stdout);
	} while (got);
	return 1;
}

static int print_file(const char *path, enum mbox_variant variant, struct failure *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 1;
	struct feed_mbox b;
	uint64_t count;

	if (fd < 0 || feed_mbox_open(&b, fd, variant, f) < 0 || feed_mbox_count(&b, &count, f) < 0)
		return -1;
	printf("%s %llu\n", path, (unsigned long long)count);
	while (rc > 0) {
		struct arena in = {.block = NULL};
		struct message m;

		rc = feed_mbox_next(&b, &m, &in, f);
		if (rc > 0) {
			rc = print_message(&b, &m, &in, f);
			message_close(&m);
		}
		arena_free(&in);
	}
	feed_mbox_close(&b);
	close(fd);
	return rc;
}

int main(int argc, char **argv)
{
	enum mbox_variant variant = strcmp(argv[1], "o") == 0 ? MBOX_O : strcmp(argv[1], "cl2") == 0 ? MBOX_CL2 : MBOX_RD;
	struct failure f = {.text = "it cannot be opened"};

	for (int i = 2; i < argc; i++)
		if (print_file(argv[i], variant, &f) < 0) {
			fprintf(stderr, "%s: %s\n", argv[i], f.text);
			return 1;
		}
	return 0;
}
