#include "base/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/bytes.h"

static void begin(struct failure *f, enum stage at, int exit)
{
	memset(f, 0, sizeof *f);
	f->stage = at;
	f->exit = exit;
}

int fail(struct failure *f, enum stage at, int exit, const char *fmt, ...)
{
	va_list ap;

	begin(f, at, exit);
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof f->text, fmt, ap);
	va_end(ap);
	return -1;
}

int fail_errno(struct failure *f, enum stage at, int exit, const char *fmt, ...)
{
	int saved = errno;
	char why[100];
	size_t used;
	va_list ap;

	begin(f, at, exit);
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof f->text, fmt, ap);
	va_end(ap);
	used = strlen(f->text);
	failure_errno(saved, why, sizeof why);
	snprintf(f->text + used, sizeof f->text - used, ": %s", why);
	return -1;
}

void failure_errno(int error, char *to, size_t room)
{
	int before = errno;

	if (strerror_r(error, to, room) != 0)
		snprintf(to, room, "error %d", error);
	errno = before;
}

int failure_in(struct failure *f, const char *fmt, ...)
{
	char front[sizeof f->text];
	size_t used;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(front, sizeof front, fmt, ap);
	va_end(ap);
	used = strlen(front);
	snprintf(front + used, sizeof front - used, ": %.*s", (int)(sizeof front - used), f->text);
	memcpy(f->text, front, sizeof f->text);
	return -1;
}

bool failure_is_temporary(const struct failure *f)
{
	return f->exit == EX_TEMPFAIL;
}

const char *hint_row(enum hint id)
{
	static const char *const rows[] = {
		"",
#define HINT(id, stage, saw, text) text,
#include "base/hints.def"
	};

	return rows[id];
}

void hint_print(char *to, size_t room, enum hint id, const char *const *arguments)
{
	const char *row = hint_row(id);
	size_t used = 0;

	*to = '\0';
	while (*row && used < room) {
		size_t plain = strcspn(row, "{"), name = strcspn(row + plain, "}");

		used += (size_t)snprintf(to + used, room - used, "%.*s", (int)plain, row);
		row += plain;
		if (!*row || used >= room)
			break;
		if (*arguments)
			used += (size_t)snprintf(to + used, room - used, "%s", *arguments++);
		else
			used += (size_t)snprintf(to + used, room - used, "%.*s", (int)name - 1, row + 1);
		row += name + 1;
	}
}

int failure_add_hint(struct failure *f, enum hint id, const char *const *arguments)
{
	if (*f->hint)
		return -1;
	f->hint_id = id;
	hint_print(f->hint, sizeof f->hint, id, arguments);
	return -1;
}

const char *stage_words(enum stage at)
{
	static const char *const words[] = {
		[AT_USAGE] = "usage",	  [AT_CONFIG] = "configuration", [AT_INPUT] = "input",
		[AT_SPOOL] = "spool",	  [AT_TOKEN] = "token",		 [AT_RESOLVE] = "name look-up",  [AT_CONNECT] = "connect",
		[AT_GREETING] = "greeting", [AT_TLS] = "TLS",		 [AT_LOGIN] = "login",
		[AT_SENDER] = "MAIL FROM", [AT_RECIPIENT] = "RCPT TO",	 [AT_DATA] = "DATA",
		[AT_BODY] = "message",	  [AT_END] = "end of message",
	};

	return words[at];
}

bool stage_is_remote(enum stage at)
{
	return at >= AT_TOKEN;
}

const char *failure_words(char to[static FAILURE_WORDS], const struct failure *f, unsigned parts, const char *whom)
{
	char address[1100], relay[2 * sizeof f->relay], text[2 * sizeof f->text], code[8] = "", where[1500] = "";

	slice_printable(address, sizeof address, slice_of(whom ? whom : ""));
	slice_printable(relay, sizeof relay, slice_of(f->relay));
	slice_printable(text, sizeof text, slice_of(f->text));
	if (f->code)
		snprintf(code, sizeof code, "%d ", f->code);
	if (parts & WORDS_WHERE && stage_is_remote(f->stage))
		snprintf(where, sizeof where, "%s%s%s%s%s%.300s: ", stage_words(f->stage), whom ? ":<" : "", address, whom ? ">" : "",
			 !*relay ? "" : f->stage == AT_TOKEN ? " from " : " to ", relay);
	snprintf(to, FAILURE_WORDS, "%s%s%s%s%s", where, parts & WORDS_CODE ? code : "", parts & WORDS_CODE ? f->enhanced : "",
		 parts & WORDS_CODE && *f->enhanced ? " " : "", text);
	return to;
}

void login_words(char *to, size_t room, const char *account)
{
	bool usual = !*account || strcmp(account, "default") == 0;

	snprintf(to, room, "mysend --login%s%s", usual ? "" : " -a ", usual ? "" : account);
}

const char *exit_words(int status)
{
	static const char *const words[] = {
		"EX_USAGE",	  "EX_DATAERR", "EX_NOINPUT",	"EX_NOUSER",   "EX_NOHOST",
		"EX_UNAVAILABLE", "EX_SOFTWARE", "EX_OSERR",	"EX_OSFILE",   "EX_CANTCREAT",
		"EX_IOERR",	  "EX_TEMPFAIL", "EX_PROTOCOL", "EX_NOPERM",   "EX_CONFIG",
	};

	if (status == EX_OK)
		return "EX_OK";
	if (status < EX__BASE || status > EX_CONFIG)
		return "unknown";
	return words[status - EX__BASE];
}
