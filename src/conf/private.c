#include "conf/private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { PIECE = 4096 };

void private_start(struct private *p, size_t limit)
{
	*p = (struct private){.exposed = false};
	buf_start(&p->buf, limit);
}

/* Not by realloc, which may leave a copy in freed memory. */
static int make_room(struct buf *b)
{
	size_t want = b->room < PIECE ? PIECE : b->room * 2;
	struct buf larger;

	buf_start(&larger, b->limit);
	if (buf_reserve(&larger, want < b->limit ? want : b->limit) < 0) {
		errno = ENOMEM;
		return -1;
	}
	if (b->len)
		(void)!buf_add(&larger, b->p, b->len);
	if (b->p)
		explicit_bzero(b->p, b->room);
	buf_free(b);
	*b = larger;
	return 0;
}

/* Tries to read one octet beyond a full buf: 0 means that the file ends there. */
static ssize_t check_end(int fd)
{
	char more;
	ssize_t n = file_read(fd, &more, 1);

	if (n > 0)
		errno = EFBIG;
	return n > 0 ? -1 : n;
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
		if ((!b->p || (b->len < b->limit && b->len + 1 >= b->room)) && make_room(b) < 0)
			return -1;
		n = b->len == b->limit ? check_end(fd) : file_read(fd, b->p + b->len, b->room - 1 - b->len);
		if (n > 0)
			b->len += (size_t)n;
	} while (n > 0);
	b->p[b->len] = '\0';
	return n < 0 ? -1 : 0;
}

struct slice private_line(const struct private *p)
{
	struct slice rest = buf_slice_of(&p->buf), line = {"", 0};

	slice_skip_mark(&rest);
	return slice_line(&rest, &line) ? line : (struct slice){"", 0};
}

void private_free(struct private *p)
{
	if (p->buf.p)
		explicit_bzero(p->buf.p, p->buf.room);
	buf_free(&p->buf);
}
