#include "conf/private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

enum { PIECE = 4096 };

void private_start(struct private *p, size_t limit)
{
	*p = (struct private){.exposed = false};
	buf_start(&p->buf, limit);
}

/* Not by realloc, which leaves a copy behind. */
static int make_room(struct buf *b)
{
	struct buf larger;
	size_t want = b->room * 2 < b->limit ? b->room * 2 : b->limit;

	buf_start(&larger, b->limit);
	if (b->len == b->limit || buf_reserve(&larger, want < PIECE ? PIECE : want) < 0) {
		errno = EFBIG;
		return -1;
	}
	(void)!buf_add(&larger, b->p, b->len);
	if (b->p)
		explicit_bzero(b->p, b->room);
	buf_free(b);
	*b = larger;
	return 0;
}

int private_read(struct private *p, int fd)
{
	struct buf *b = &p->buf;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -1;
	p->mode = (unsigned)st.st_mode & 07777;
	p->exposed = S_ISREG(st.st_mode) && (st.st_mode & (S_IROTH | S_IWOTH));
	do {
		if (b->len + 1 >= b->room && make_room(b) < 0)
			return -1;
		n = file_read(fd, b->p + b->len, b->room - 1 - b->len);
		if (n > 0)
			b->len += (size_t)n;
	} while (n > 0);
	b->p[b->len] = '\0';
	return n < 0 ? -1 : 0;
}

struct slice private_line(const struct private *p)
{
	struct slice rest = buf_slice_of(&p->buf), line = {"", 0};

	return slice_line(&rest, &line) ? line : (struct slice){"", 0};
}

void private_free(struct private *p)
{
	if (p->buf.p)
		explicit_bzero(p->buf.p, p->buf.room);
	buf_free(&p->buf);
}
