/*
 * The whole program but for the relay, the queue and libmagic. Input: an octet that says which way mysend is called; for
 * the first two ways its arguments, one a line, up to a line "%"; the rest is standard input. What would have been
 * submitted is looked at, in both of its forms: header, lines, envelope, commands, and the entry that would be queued.
 */
#define _GNU_SOURCE /* memfd_create, strcasestr */
#include "fuzz.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/run.h"
#include "cli/background.h"
#include "cli/modes.h"
#include "cli/service.h"
#include "mail/address.h"
#include "mail/filetype.h"
#include "mail/header.h"
#include "post/submit.h"
#include "spool/entry.h"
#include "wire/command.h"

enum { ARGUMENTS = 60, MOST = 64 * 1024 * 1024 };
enum way { AS_MYSEND, AS_SENDMAIL, SMTP, BSMTP, SERVICE, WAYS };

static enum way way;
static const char *everything; /* of the input: lower case, without blanks, quotes and backslashes */
static const char *uncommented; /* the same without comments, too */

/* In the place of base/run: nothing is executed. */
int run_shell(const char *command, unsigned seconds, struct buf *out, struct failure *f)
{
	(void)command;
	(void)seconds;
	(void)f;
	return buf_text(out, "secret\n");
}

/* In the place of mail/filetype. */
struct filetypes {
	int none;
};

struct filetypes *filetypes_open(struct arena *in, const char *called)
{
	(void)called;
	return arena_zeroed(in, 1, sizeof(struct filetypes));
}

void filetypes_close(struct filetypes *t)
{
	(void)t;
}

void filetypes_start(struct filetypes *t)
{
	(void)t;
}

bool filetype_is_type(const char *text)
{
	const char *slash = strchr(text, '/');

	return slash && slash > text && slash[1] && strlen(text) < 100 && !strpbrk(text, " ()<>@,;:\\\"[]?=") &&
	       !slice_has_control(slice_of(text)) && slice_is_ascii(slice_of(text));
}

struct filetype filetype_of(struct filetypes *t, struct arena *in, struct slice head, const char *what)
{
	(void)t;
	(void)in;
	(void)what;
	if (head.len && slice_is_ascii(head))
		return (struct filetype){"text/plain", "us-ascii"};
	return head.len & 1 ? (struct filetype){"text/html", "iso-8859-1"} : (struct filetype){"application/octet-stream", "binary"};
}

/* In the place of cli/background: nobody is left running. */
void background_try(const struct options *o, struct arena *in, const char *id)
{
	(void)o;
	(void)in;
	(void)id;
}

/* In the place of cli/service's own: root would be allowed everything. */
int service_open(struct peer *p, int fd, struct arena *in, struct failure *f)
{
	(void)fd;
	(void)in;
	(void)f;
	*p = (struct peer){.known = true, .uid = 65534, .counted = 65534, .name = "nobody"};
	return 0;
}

static bool is_named(struct slice name, const char *a, const char *b)
{
	return slice_is(name, a) || slice_is(name, b);
}

/* Each line a field or its continuation, none too long, no Bcc; the body behind the first empty line. */
static void look_at_header(const struct job *j, struct slice wire)
{
	struct slice rest = wire, line, name;
	unsigned froms = 0;

	for (bool first = true; slice_line(&rest, &line) && line.len; first = false) {
		HOLDS(line.len <= HEADER_LINE_MAX, wire);
		if (strchr(" \t", *line.p)) {
			HOLDS(!first, wire);
			continue;
		}
		HOLDS(slice_cut(&line, ':', &name), wire);
		name = slice_trim(name);
		HOLDS(name.len && slice_is_ascii(name) && !slice_has_control(name) && !memchr(name.p, ' ', name.len), wire);
		HOLDS(!j->account->remove_bcc_headers || !is_named(name, "Bcc", "Resent-Bcc"), wire);
		froms += slice_is(name, "From");
	}
	HOLDS(way != SERVICE || froms == 1, wire);
}

/* A service's user has written as himself. */
static void look_at_senders(struct job *j, struct slice wire)
{
	static const char *const names[] = {"From", "Sender", "Resent-From", "Resent-Sender"};
	struct header h = {.in = &j->arena};
	struct slice rest = wire;
	struct failure f;

	header_parse(&h, &rest);
	HOLDS(header_find(&h, "Received", NULL), wire);
	HOLDS(!*j->mail.envelope.sender || strncmp(j->mail.envelope.sender, "nobody", 6) == 0, wire);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (const struct field *field = NULL; (field = header_find(&h, names[i], field));) {
			struct mailboxes box = {0};

			HOLDS(address_list(&box, &j->arena, field->body, &f) == 0 && box.count == 1, wire);
			HOLDS(strncmp(box.box[0].address, "nobody@", 7) == 0 || strncmp(box.box[0].address, "nobody+", 7) == 0 ||
				      strcmp(box.box[0].address, "host@example.com") == 0, wire);
		}
}

static void look_at_octets(struct job *j, bool eightbit)
{
	struct slice wire = fuzz_pull(&j->arena, mail_form(&j->mail, eightbit), 65536);

	if (!wire.len)
		return;
	for (size_t i = 0; i < wire.len; i++) { /* RFC 5321 2.3.8 */
		HOLDS(wire.p[i], wire);
		HOLDS(wire.p[i] != '\r' || (i + 1 < wire.len && wire.p[i + 1] == '\n'), wire);
		HOLDS(wire.p[i] != '\n' || (i && wire.p[i - 1] == '\r'), wire);
	}
	HOLDS(wire.p[wire.len - 1] == '\n', wire);
	look_at_header(j, wire);
	if (way == SERVICE)
		look_at_senders(j, wire);
}

static void is_one_command(const struct buf *b)
{
	struct slice said = buf_slice_of(b);

	HOLDS(said.len > 2 && memchr(said.p, '\r', said.len) == said.p + said.len - 2, said);
	HOLDS(memchr(said.p, '\n', said.len) == said.p + said.len - 1 && !memchr(said.p, 0, said.len), said);
}

static char *squeeze(struct arena *in, const char *text, size_t len, bool comments)
{
	char *to = arena_zeroed(in, len + 1, 1), *end = to;
	unsigned depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (!comments && c == '(')
			depth++;
		else if (!comments && c == ')' && depth)
			depth--;
		else if (!depth && c && !strchr(" \t\r\n\"\\", c))
			*end++ = c;
	}
	return to;
}

/* Everybody in it was named by somebody. */
static void look_at_recipient(struct arena *in, const char *address)
{
	const char *at = strrchr(address, '@'), *local = squeeze(in, address, at ? (size_t)(at - address) : strlen(address), true);

	if (slice_is_ascii(slice_of(local)) && !strpbrk(local, "()"))
		HOLDS(strcasestr(everything, local) || strcasestr(uncommented, local), slice_of(address));
}

static void look_at_envelope(struct job *j)
{
	static const struct caps all = {.pipelining = true, .chunking = true, .eightbit = true, .smtputf8 = true, .dsn = true, .size = true};
	struct envelope *e = &j->mail.envelope;
	struct failure f;
	struct buf b;

	buf_start(&b, MOST);
	if (command_mail(&b, &all, &j->mail, &f) == 0)
		is_one_command(&b);
	for (size_t i = 0; i < e->recipients && i < 50; i++) {
		struct mailboxes box = {0};
		const char *address = e->recipient[i].address;

		buf_clear(&b);
		if (command_rcpt(&b, &all, &j->mail, &e->recipient[i], &f) == 0)
			is_one_command(&b);
		HOLDS(address_list(&box, &j->arena, slice_of(address), &f) == 0 && box.count == 1, slice_of(address));
		look_at_recipient(&j->arena, address);
	}
	buf_free(&b);
}

static void look_at_entry(struct job *j)
{
	struct entry e = {.account = j->account->name, .config = j->account->config, .last = "", .envelope = j->mail.envelope, .fd = -1};
	struct entry again = {.last = "", .fd = -1};
	struct slice rest;
	struct failure f;
	struct buf b;

	buf_start(&b, ENTRY_BLOCK);
	HOLDS(entry_print(&b, &e, &f) == 0, SLICE("entry_print"));
	rest = buf_slice_of(&b);
	HOLDS(entry_parse(&again, &j->arena, &rest, &f) == 0 && !rest.len, buf_slice_of(&b));
	HOLDS(strcmp(again.envelope.sender, e.envelope.sender) == 0 && again.envelope.recipients == e.envelope.recipients, buf_slice_of(&b));
	for (size_t i = 0; i < e.envelope.recipients; i++)
		HOLDS(strcmp(again.envelope.recipient[i].address, e.envelope.recipient[i].address) == 0, buf_slice_of(&b));
	buf_free(&b);
}

/* In the place of post/submit: the relay takes everything. */
void submit_job(struct job *j, struct link *l)
{
	(void)l;
	look_at_octets(j, true);
	look_at_octets(j, false);
	look_at_envelope(j);
	look_at_entry(j);
	for (size_t i = 0; i < j->mail.envelope.recipients; i++)
		j->mail.envelope.recipient[i].verdict = ACCEPTED;
}

void submit_verify(struct job *j, struct link *l)
{
	submit_job(j, l);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const variables[][2] = {
		{"MYSEND_RELAY", "smtp://relay.test"}, {"MYSEND_FROM", "host@example.com"}, {"MYSEND_MAILDOMAIN", "example.com"},
		{"MYSEND_QUEUE", "off"}, {"MYSEND_SPOOL", "/dev/null/none"}, {"MYSEND_ALIASES", "off"}, {"MYSEND_SYSLOG", "off"},
		{"MYSEND_LOGFILE", ""}, {"MYSEND_SERVICE_FROM", "own"}, {"HOME", "/dev/null"}, {"XDG_CONFIG_HOME", "/dev/null"},
	};

	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
		setenv(variables[i][0], variables[i][1], 1);
	return 0;
}

/* Arguments that would have files written, other configurations read or devices waited for. */
static bool is_out_of_bounds(const char *argument)
{
	static const char *const words[] = {"-X", "-C", "--conf", "log", "queue", "spool", "/dev/", "/proc/", "file", "netrc", "alias", "-OQ", "-oQ"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasestr(argument, words[i]))
			return true;
	return false;
}

/* Fills argv out of the lines of *rest; -1: there is one that is out of bounds. */
static int take_arguments(char **argv, char **rest, char *end)
{
	static char name[] = "mysend", sendmail[] = "/usr/sbin/sendmail", bs[] = "-bs", bS[] = "-bS", service[] = "--service";
	int argc = 0;
	char *lf;

	argv[argc++] = way == AS_SENDMAIL ? sendmail : name;
	if (way >= SMTP)
		argv[argc++] = way == BSMTP ? bS : bs;
	if (way == SERVICE)
		argv[argc++] = service;
	while (way < SMTP && argc < ARGUMENTS && *rest < end && (lf = memchr(*rest, '\n', (size_t)(end - *rest)))) {
		char *line = *rest;

		*lf = '\0';
		*rest = lf + 1;
		if (strcmp(line, "%") == 0)
			break;
		if (is_out_of_bounds(line))
			return -1;
		argv[argc++] = line;
	}
	argv[argc] = NULL;
	return argc;
}

static void call(int argc, char **argv)
{
	struct arena run = {0};
	struct options o;
	struct failure f;
	int status = 0;

	if (options_read(&o, &run, argc, argv, &f) == 0) {
		if (o.mode == MODE_SEND)
			status = mode_send(&o, &run, &f);
		else if (o.mode == MODE_SMTP)
			status = mode_smtp(&o, &run, &f);
		else if (o.mode == MODE_BSMTP)
			status = mode_bsmtp(&o, &run, &f);
		else if (o.mode == MODE_VERIFY)
			status = mode_verify(&o, &run, &f);
		HOLDS(status >= 0 || *f.text, SLICE("a failure without a word"));
	}
	arena_free(&run);
}

/* With standard input out of that text, and standard output nowhere. */
static void call_with(int argc, char **argv, struct slice text)
{
	int in = memfd_create("input", MFD_CLOEXEC), out = open("/dev/null", O_WRONLY | O_CLOEXEC), kept[3];

	HOLDS(in >= 0 && out >= 0 && write(in, text.p, text.len) == (ssize_t)text.len && lseek(in, 0, SEEK_SET) == 0, SLICE("memfd"));
	for (int i = 0; i < 3; i++)
		kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	close(in);
	close(out);
	call(argc, argv);
	fflush(stdout);
	for (int i = 0; i < 2; i++)
		dup2(kept[i], i);
	for (int i = 0; i < 3; i++)
		close(kept[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct arena in = {0};
	char *argv[ARGUMENTS + 1], *text, *rest;
	int argc;

	if (len < 2)
		return 0;
	way = (octets[0] + WAYS - '0' % WAYS) % WAYS; /* "0" is the first */
	text = rest = arena_text(&in, (const char *)octets + 1, len - 1);
	everything = squeeze(&in, text, len - 1, true);
	uncommented = squeeze(&in, text, len - 1, false);
	argc = take_arguments(argv, &rest, text + len - 1);
	if (argc > 0)
		call_with(argc, argv, (struct slice){rest, (size_t)(text + len - 1 - rest)});
	arena_free(&in);
	return 0;
}
