#define _GNU_SOURCE /* struct ucred */
#include "cli/service.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "intake/smtp_words.h"
#include "conf/subuid.h"
#include "conf/whoami.h"
#include "mail/address.h"
#include "mail/stamp.h"
#include "post/hint.h"
#include "spool/slots.h"
#include "spool/spool.h"

enum { HOPS = 50, ANSWER_WAIT = 300 };

/* The user at the other end of the socket, as the kernel knows it. */
static int peer_of(int fd, uid_t *uid)
{
#ifdef HAVE_GETPEEREID /* on the BSDs */
	gid_t gid;

	return getpeereid(fd, uid, &gid);
#else
	struct ucred who = {.uid = (uid_t)-1};
	socklen_t room = sizeof who;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &room) < 0)
		return -1;
	*uid = who.uid;
	return 0;
#endif
}

int service_open(struct peer *p, int fd, struct arena *in, struct failure *f)
{
	struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
	socklen_t room = sizeof at;
	const struct passwd *user;
	uid_t uid = (uid_t)-1;

	if (getsockname(fd, (struct sockaddr *)(void *)&at, &room) < 0 || at.ss_family != AF_UNIX || peer_of(fd, &uid) < 0 ||
	    uid == (uid_t)-1) {
		fail(f, AT_USAGE, EX_USAGE, "--service needs a local socket on standard input, which tells who is at its other end");
		return failure_hint(f, HINT_SERVICE_SOCKET);
	}
	/* The write to a client that reads no answers has a time limit, too. */
	(void)!setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){.tv_sec = ANSWER_WAIT}, sizeof(struct timeval));
	user = getpwuid(uid);
	*p = (struct peer){.known = true, .uid = uid, .counted = uid};
	/* A number of a user's subuid range counts for that user, who would otherwise have as many shares as the range has
	 * numbers. */
	if (!user && !subuid_owner(SUBUID_FILE, uid, &p->counted))
		p->counted = uid;
	p->name = user ? arena_printf(in, "%s", user->pw_name) : arena_printf(in, "%lu", (unsigned long)uid);
	return 0;
}

/* Where connections cannot be counted, there is no limit: otherwise no user could send mail. */
int service_admit(const struct peer *p, const struct account *a, struct arena *in, struct failure *f)
{
	const char *spool = whoami_spool(in, a);
	struct failure why;
	struct spool s;
	int fd, got;

	if (p->uid == 0 || setting_is(a, SET_queue, "off") || !*spool)
		return 0;
	got = spool_open(&s, spool, true, &why);
	spool_close(&s);
	if (got == 0)
		got = slots_take(arena_printf(in, "%s/connections", spool), p->counted, a->service_connections, &fd, &why);
	if (got == SLOT_NONE)
		return smtp_words_refuse(f, 421, "4.7.0", arena_printf(in, "%s has %u connections already (service_connections)", p->name,
								  a->service_connections));
	if (got < 0)
		log_warning("connections are not counted: %s", why.text);
	return 0;
}

void service_tell(const struct peer *p, struct job *j, const struct failure *why)
{
	const char *sender = j->mail.envelope.sender;
	char text[FAILURE_WORDS], shown[4 * ADDRESS_MAX + 1], hint[2 * sizeof why->hint];
	struct failure known = *why;

	if (!p->known)
		return;
	fprintf(stderr, "mysend: mail of %s", p->name);
	slice_printable(shown, sizeof shown, slice_of(sender ? sender : ""));
	if (*shown)
		fprintf(stderr, " from <%s>", shown);
	hint_add(&known);
	slice_printable(hint, sizeof hint, slice_of(known.hint));
	fprintf(stderr, ": %s%s%s%s%s\n", failure_words(text, why, WORDS_WHERE | WORDS_CODE, NULL), j->spooled ? "; it waits as " : "", j->spooled ? j->spooled : "",
		*hint ? "; hint: " : "", hint);
}

/* The address is the peer's own: name or name+anything, at a local domain or at maildomain. */
static bool is_own(const struct peer *p, struct job *j, const char *address)
{
	const char *local = whoami_mail_domain(&j->arena, j->account);
	size_t len = strlen(p->name);

	if (strncmp(address, p->name, len) != 0 || !strchr("+@", address[len]))
		return false;
	return whoami_is_local(&j->arena, whoami_host(&j->arena), address) || (*local && strcasecmp(address_domain(address), local) == 0);
}

/* service_from limits which addresses this peer may send as. */
static bool is_bound(const struct peer *p, const struct job *j)
{
	return p->known && p->uid != 0 && !setting_is(j->account, SET_service_from, "any");
}

int service_check_sender(const struct peer *p, struct job *j, const char *sender, struct failure *f)
{
	if (!is_bound(p, j) || !*sender || is_own(p, j, sender))
		return 0;
	return smtp_words_refuse(f, 550, "5.7.1", arena_printf(&j->arena, "%s is not for %s to send as (service_from)", sender, p->name));
}

/* Checks every field that some mail program shows as the sender. Two From fields are refused, since programs differ in which they
 * show. */
static int check_fields(const struct peer *p, struct job *j, struct failure *f)
{
	static const char *const names[] = {"From", "Sender", "Resent-From", "Resent-Sender"};
	const struct header *h = &j->message.header;
	const struct field *from = header_find(h, "From", NULL);

	if (from && header_find(h, "From", from))
		return smtp_words_refuse(f, 550, "5.7.1", "there is more than one From field (service_from)");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (const struct field *field = NULL; (field = header_find(h, names[i], field));) {
			struct mailboxes list = {0};
			struct failure ignored;

			if (address_list(&list, &j->arena, field->body, &ignored) < 0 || list.count != 1)
				return smtp_words_refuse(f, 550, "5.7.1",
						    arena_printf(&j->arena, "%s has to name one sender (service_from)", names[i]));
			if (service_check_sender(p, j, list.box[0].address, f) < 0)
				return -1;
		}
	return 0;
}

/* Adds a From field with the peer's own address: with a null sender the message would get the account's address, which is not the
 * peer's. */
static int put_from(const struct peer *p, struct job *j, const char *sender, struct failure *f)
{
	const char *domain = whoami_mail_domain(&j->arena, j->account), *own = address_of_name(&j->arena, p->name);

	if (header_find(&j->message.header, "From", NULL) || (sender && *sender))
		return 0;
	own = *domain ? address_qualify(&j->arena, own, domain) : NULL;
	if (!own)
		return smtp_words_refuse(f, 550, "5.7.1", "From has to name one sender (service_from)");
	header_put(&j->message.header, "From", own);
	return 0;
}

static void put_received(const struct peer *p, struct job *j, bool extended)
{
	struct header *h = &j->message.header;
	const char *body = arena_printf(&j->arena, "by %s (mysend, from userid %lu) with %s; %s", whoami_host(&j->arena),
					(unsigned long)p->uid, extended ? "ESMTP" : "SMTP",
					stamp_date(&j->arena, clock_wall()));

	if (h->fields)
		header_insert(h, &h->field[0], "Received", body);
	else
		header_put(h, "Received", body);
}

/* RFC 5321 6.3 */
static size_t hops(const struct header *h)
{
	size_t count = 0;

	for (const struct field *r = NULL; (r = header_find(h, "Received", r)); count++)
		;
	return count;
}

int service_check_message(const struct peer *p, struct job *j, const char *sender, bool extended, struct failure *f)
{
	if (!p->known)
		return 0;
	if (is_bound(p, j) && (check_fields(p, j, f) < 0 || put_from(p, j, sender, f) < 0))
		return -1;
	if (hops(&j->message.header) >= HOPS)
		return smtp_words_refuse(f, 554, "5.4.6", "it has been here before: does the service's relay lead to the service?");
	put_received(p, j, extended);
	return 0;
}
