/* QUIT is owed to whoever has greeted us (RFC 5321 4.1.1.10), also where the session fails while libcurl opens it. But
 * libcurl takes a CONNECT_ONLY connection for aborted and closes it without a word. In clear text QUIT can still go when
 * libcurl gives the socket back. Inside TLS only libcurl can write: there it is led to believe, by the code of the line
 * it is about to read, that a refusal is no refusal, comes to an end, and leaves an open connection. Its opinion
 * decides nothing: the transcript has the answer as it was.
 *
 * Not so inside TLS, where libcurl does not take a 2yz for an end: a refused greeting, and a refusal before the last
 * line of a login (AUTH LOGIN or CRAM-MD5 itself, DIGEST-MD5's response). */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "wire/inside.h"

enum { GOODBYE_MS = 2000, CLOSING = 421, CONTINUE = 334 };

/* A login that was left at a question is cancelled first (RFC 4954 4), or the relay takes QUIT for the answer. */
static struct slice farewell(const struct session *s)
{
	const struct transcript *t = &s->transcript;

	return t->said == SAID_AUTH && t->whole && t->reply.code == CONTINUE ? SLICE("*\r\nQUIT\r\n") : SLICE("QUIT\r\n");
}

static void show_farewell(const struct session *s)
{
	if (farewell(s).len > 6)
		session_show(s, SLICE("*"));
	session_show(s, SLICE("QUIT"));
}

/* This socket is the one of the session: all others that libcurl opened were closed before the greeting. */
static int on_close(void *ctx, curl_socket_t fd)
{
	struct session *s = ctx;
	const struct transcript *t = &s->transcript;
	bool greeted = t->whole && t->reply.code != CLOSING;
	struct slice words = farewell(s);

	if (!s->opened && !s->parted && greeted && !t->encrypted && !s->sealed) {
		s->parted = true;
		if (send(fd, words.p, words.len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)words.len)
			show_farewell(s);
	}
	return close(fd);
}

void goodbye_prepare(struct session *s, const struct account *a, struct setopt *taken)
{
	s->sealed = strncmp(a->proxy, "https:", 6) == 0;
	setopt_took(taken, curl_easy_setopt(s->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close), SETTINGS);
	setopt_took(taken, curl_easy_setopt(s->easy, CURLOPT_CLOSESOCKETDATA, s), SETTINGS);
}

void goodbye_cover(struct session *s, char code[static 3])
{
	const struct transcript *t = &s->transcript;

	if (!t->encrypted || !transcript_is_refused(t) || t->reply.code == CLOSING)
		return;
	if (t->said == SAID_AUTH)
		memcpy(code, "235", 3);
	else if (t->said == SAID_HELO)
		memcpy(code, "250", 3);
	else
		return;
	s->refused = true;
}

void session_close(struct session *s, bool politely)
{
	bool watched = s->transcript.tracer && s->transcript.tracer->line;
	int64_t until = clock_steady() + GOODBYE_MS;
	struct failure ignored;
	struct reply r;

	if (politely && !s->closed && s->opened) {
		bool cancels = farewell(s).len > 6;

		show_farewell(s);
		/* The answer to QUIT is waited for only if the conversation is shown (-v, -X): every message has its answer
		 * already, and a round trip is saved. */
		if (session_write(s, farewell(s), until, &ignored) == 0 && watched)
			for (int answers = cancels ? 2 : 1; answers && session_reply(s, until, 1, &r, &ignored) == 0; answers--)
				;
	}
	if (s->easy)
		libcurl.easy_cleanup(s->easy);
	buf_free(&s->in);
	arena_free(&s->arena);
	mask_free(&s->mask);
	free(s);
}
