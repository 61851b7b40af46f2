#include "base/datagram.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

static int address_of(struct sockaddr_un *to, socklen_t *room, const char *path)
{
	size_t len = strlen(path);

	*to = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (len < 2 || len >= sizeof to->sun_path || (*path != '/' && *path != '@')) {
		errno = EINVAL;
		return -1;
	}
	memcpy(to->sun_path, path, len);
	if (*path == '@')
		to->sun_path[0] = '\0';
	*room = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return 0;
}

static int open_to(const char *path, int kind)
{
	struct sockaddr_un to;
	socklen_t room;
	int fd, saved;

	if (address_of(&to, &room, path) < 0)
		return -1;
	fd = socket(AF_UNIX, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)(const void *)&to, room) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* Sends all octets or returns -1: where a stream takes a part only, its reader would take the rest for the next datagram. */
static int send_within(int fd, struct slice bytes, unsigned ms)
{
	int64_t until = clock_steady() + ms, left;
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	while (send(fd, bytes.p, bytes.len, MSG_NOSIGNAL) != (ssize_t)bytes.len) {
		if (errno != EAGAIN && errno != EINTR)
			return -1;
		left = until - clock_steady();
		if (left <= 0) {
			errno = EAGAIN;
			return -1;
		}
		(void)!poll(&p, 1, (int)left);
	}
	return 0;
}

int datagram_send(const char *path, struct slice bytes, unsigned ms)
{
	int fd = open_to(path, SOCK_DGRAM), rc, saved;

	if (fd < 0)
		return -1;
	rc = send_within(fd, bytes, ms);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}
