#include "cli/probe.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/json.h"

enum { OUTPUT_MAX = 4 * 1024 * 1024 };

static const char *const stages[] = {
	[PROBE_CONFIG] = "config", [PROBE_SECRET] = "secret", [PROBE_SENDER] = "sender", [PROBE_SPOOL] = "spool", [PROBE_TOKEN] = "token", [PROBE_POP] = "pop",
	[PROBE_NAME] = "name", [PROBE_CONNECT] = "connect", [PROBE_GREETING] = "greeting", [PROBE_TLS] = "tls", [PROBE_LOGIN] = "login",
	[PROBE_MAIL] = "mail", [PROBE_RCPT] = "rcpt", [PROBE_RSET] = "rset", [PROBE_OFFERS] = "offers", [PROBE_FALLBACK] = "fallback",
	[PROBE_CALLERS] = "callers",
};

static const char *const results[] = {[PROBE_OK] = "ok", [PROBE_WARN] = "warn", [PROBE_FAIL] = "FAIL", [PROBE_UNTRIED] = "-"};
static const char *const words[] = {[PROBE_OK] = "ok", [PROBE_WARN] = "warn", [PROBE_FAIL] = "fail", [PROBE_UNTRIED] = "not tried"};

static void print_lines(const struct probe *p)
{
	for (size_t i = 0; i < p->lines; i++) {
		const struct probe_line *l = &p->line[i];
		char detail[4096], hint[1024];

		slice_printable(detail, sizeof detail, slice_of(l->result == PROBE_UNTRIED ? "not tried" : l->detail));
		slice_printable(hint, sizeof hint, slice_of(l->hint));
		printf("%-9s %-5s %s\n", stages[l->stage], results[l->result], detail);
		if (*hint)
			printf("%-9s %-5s hint: %s\n", "", "", hint);
	}
}

static int add_line(struct buf *out, const struct probe_line *l)
{
	if (buf_printf(out, "{\"stage\":\"%s\",\"result\":\"%s\",\"detail\":", stages[l->stage], words[l->result]) < 0 ||
	    json_text(out, slice_of(l->detail)) < 0 || (*l->hint && (buf_text(out, ",\"hint\":") < 0 || json_text(out, slice_of(l->hint)) < 0)) ||
	    (l->ms >= 0 && buf_printf(out, ",\"ms\":%lld", (long long)l->ms) < 0))
		return -1;
	return buf_text(out, "}");
}

static int add_account(struct buf *out, const struct probe *p)
{
	if (buf_printf(out, "{\"ok\":%s,\"status\":%d,\"account\":", p->failed ? "false" : "true", p->status) < 0 ||
	    json_text(out, slice_of(p->account)) < 0 || buf_text(out, ",\"stages\":[") < 0)
		return -1;
	for (size_t i = 0; i < p->lines; i++)
		if ((i && buf_text(out, ",") < 0) || add_line(out, &p->line[i]) < 0)
			return -1;
	return buf_text(out, "]}");
}

static int print_objects(const struct probe *p, size_t accounts, bool array, struct buf *out)
{
	if (array && buf_text(out, "[") < 0)
		return -1;
	for (size_t i = 0; i < accounts; i++)
		if ((i && buf_text(out, ",") < 0) || add_account(out, &p[i]) < 0)
			return -1;
	return buf_text(out, array ? "]\n" : "\n");
}

int probe_print(const struct probe *p, size_t accounts, bool json, bool every, struct failure *f)
{
	struct buf out;
	int rc = 0;

	buf_start(&out, OUTPUT_MAX);
	if (json)
		rc = print_objects(p, accounts, every, &out);
	if (rc < 0)
		fail(f, AT_USAGE, EX_OSERR, "no memory for the output");
	else if (json)
		fwrite(out.p, 1, out.len, stdout);
	for (size_t i = 0; i < accounts && !json; i++) {
		char name[400];

		slice_printable(name, sizeof name, slice_of(p[i].account));
		if (every)
			printf("%saccount %s\n", i ? "\n" : "", name);
		print_lines(&p[i]);
	}
	buf_free(&out);
	return rc < 0 ? -1 : file_end_output(f);
}
