#include "conf/config.h"

#include <string.h>
#include <sysexits.h>

#include "base/file.h"
#include "base/log.h"
#include "base/run.h"
#include "conf/advice.h"
#include "conf/keyword.h"
#include "conf/relay.h"

enum { EVAL_SECONDS = 60, EVAL_LIMIT = 64 * 1024 };

struct parser {
	struct config *config;
	struct arena *run;
	struct account defaults;
	struct account lines;	 /* the section's settings so far */
	struct section *section; /* NULL: the lines belong to `defaults`, or stand before any section */
	bool in_defaults;
	bool in_eval;
	unsigned line;
};

const struct section *config_find(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->sections; i++)
		if (strcmp(c->section[i]->own.name, name) == 0)
			return c->section[i];
	return NULL;
}

static int at_line(const struct parser *p, struct failure *f)
{
	return failure_in(f, "%s:%u", p->config->path, p->line);
}

/* Ends a section: its settings take effect together. */
static int end_section(struct parser *p, struct failure *f)
{
	struct account *to = p->section ? &p->section->own : &p->defaults;

	if (relay_split(&p->lines, p->run, f) < 0)
		return -1;
	account_lay(to, &p->lines);
	if (p->section)
		account_lay(&p->section->whole, &p->section->own);
	account_defaults(&p->lines);
	p->section = NULL;
	p->in_defaults = false;
	return 0;
}

static int begin_section(struct parser *p, const char *name, struct failure *f)
{
	struct config *c = p->config;

	if (config_find(c, name)) {
		fail(f, AT_CONFIG, EX_CONFIG, "there is an account %s already", name);
		return at_line(p, f);
	}
	if (c->sections == CONFIG_ACCOUNTS) {
		fail(f, AT_CONFIG, EX_CONFIG, "more than %d accounts", CONFIG_ACCOUNTS);
		return at_line(p, f);
	}
	p->section = arena_zeroed(p->run, 1, sizeof *p->section);
	account_defaults(&p->section->own);
	p->section->whole = p->defaults;
	p->section->own.name = p->section->whole.name = name;
	c->section = arena_grow(p->run, c->section, c->sections, &c->room, sizeof(struct section *));
	c->section[c->sections++] = p->section;
	return 0;
}

static int inherit(struct parser *p, struct slice parents, struct failure *f)
{
	struct slice parent;
	bool more = true;

	while (more) {
		const struct section *of;
		const char *name;

		more = slice_cut(&parents, ',', &parent);
		parent = slice_trim(more ? parent : parents);
		name = arena_text(p->run, parent.p, parent.len);
		of = config_find(p->config, name);
		if (!of || of == p->section) {
			fail(f, AT_CONFIG, EX_CONFIG, "there is no account \"%s\" above", name);
			return at_line(p, f);
		}
		account_lay(&p->section->own, &of->own);
	}
	return 0;
}

/* NAME [: PARENT[, PARENT ...]] */
static int begin_account(struct parser *p, struct slice value, struct failure *f)
{
	struct slice parents = value, name;
	bool inherits = slice_cut(&parents, ':', &name);

	if (end_section(p, f) < 0)
		return -1;
	name = slice_trim(inherits ? name : value);
	if (!name.len || memchr(name.p, ' ', name.len) || memchr(name.p, ',', name.len) || slice_has_control(name)) {
		fail(f, AT_CONFIG, EX_CONFIG, "account takes NAME, or NAME : PARENT");
		return at_line(p, f);
	}
	if (begin_section(p, arena_text(p->run, name.p, name.len), f) < 0)
		return -1;
	return inherits ? inherit(p, parents, f) : 0;
}

static int begin_defaults(struct parser *p, struct slice value, struct failure *f)
{
	if (end_section(p, f) < 0)
		return -1;
	if (value.len) {
		fail(f, AT_CONFIG, EX_CONFIG, "defaults takes no value");
		return at_line(p, f);
	}
	p->in_defaults = true;
	return 0;
}

static int no_command(const struct parser *p, struct failure *f)
{
	fail(f, AT_CONFIG, EX_CONFIG, "a command counts only out of a file of ours or root's that nobody else may write");
	at_line(p, f);
	return failure_hint(f, HINT_COMMAND_FILE);
}

static bool names_no_file(const struct parser *p, struct slice log)
{
	return !log.len || file_is_open(arena_text(p->run, log.p, log.len));
}

/* logfile is refused where commands are: a log line in a file that a shell reads can be a command, and whoever writes the
 * configuration chooses much of its text. */
static int no_log(const struct parser *p, struct failure *f)
{
	fail(f, AT_CONFIG, EX_CONFIG, "a logfile counts only out of a file of ours or root's that nobody else may write");
	at_line(p, f);
	return failure_hint(f, HINT_LOGFILE_FILE);
}

static int set(struct parser *p, const struct keyword *k, struct failure *f)
{
	const struct origin from = {p->config->rank, p->line, p->config->path};
	const struct origin *before = &p->lines.origin[k->setting];

	if (!p->section && !p->in_defaults && begin_section(p, "default", f) < 0)
		return -1;
	if (setting_is_command(k->setting) && k->value.len && p->config->no_commands)
		return no_command(p, f);
	if (k->setting == SET_logfile && p->config->no_commands && !names_no_file(p, k->value))
		return no_log(p, f);
	if (setting_is_set(&p->lines, k->setting)) {
		fail(f, AT_CONFIG, EX_CONFIG, "%s is set in line %u already", setting_name(k->setting), before->line);
		return at_line(p, f);
	}
	if (account_set(&p->lines, p->run, k->setting, k->value, &from, f) < 0)
		return -1;
	/* A value that came from eval does not stand in the file. */
	p->config->has_secret |= setting_holds_secret(&p->lines, k->setting) && !p->in_eval;
	return 0;
}

/* msmtp takes a value in double quotes too. */
static struct slice unquoted(struct slice v)
{
	if (v.len >= 2 && v.p[0] == '"' && v.p[v.len - 1] == '"')
		return (struct slice){v.p + 1, v.len - 2};
	return v;
}

static int one_line(struct parser *p, struct slice line, struct failure *f);

static int eval(struct parser *p, struct slice command, struct failure *f)
{
	struct slice rest, line;
	struct buf b;
	int rc = -1;

	if (p->config->no_commands)
		return no_command(p, f);
	if (p->in_eval) {
		fail(f, AT_CONFIG, EX_CONFIG, "eval printed another eval");
		return at_line(p, f);
	}
	buf_start(&b, EVAL_LIMIT);
	/* All the room at once: a buffer that grows leaves copies in freed memory. */
	if (buf_reserve(&b, EVAL_LIMIT) < 0) {
		fail(f, AT_CONFIG, EX_OSERR, "no memory to run a command");
	} else if (run_shell(arena_text(p->run, command.p, command.len), EVAL_SECONDS, &b, f) < 0) {
		failure_in(f, "eval");
		at_line(p, f);
	} else {
		rest = buf_slice_of(&b);
		p->in_eval = true;
		rc = slice_line(&rest, &line) ? one_line(p, line, f) : 0;
		p->in_eval = false;
	}
	if (b.p)
		explicit_bzero(b.p, b.room); /* it may hold a password */
	buf_free(&b);
	return rc;
}

/* A value that this keyword cannot want. A text for people and a password may be anything: they are warned of only. */
static int check_value(const struct keyword *k, struct slice value, struct failure *f)
{
	static const char equals[] = "=";

	if (k->setting == SETTINGS || advice_may_be_anything(k->setting))
		return 0;
	if (advice_begins_with_equals(value)) {
		fail(f, AT_CONFIG, EX_CONFIG, "there is a = in front of the value of %s", setting_name(k->setting));
		return failure_hint(f, HINT_KEYWORD_BLANK, equals);
	}
	if ((k->setting == SET_relay || k->setting == SET_host) && value.len && value.p[0] == '"' && !memchr(value.p + 1, '"', value.len - 1)) {
		fail(f, AT_CONFIG, EX_CONFIG, "the quote in front of the value of %s is not closed", setting_name(k->setting));
		return failure_hint(f, HINT_QUOTE_OPEN);
	}
	return 0;
}

/* A relay or a password's file without a value, where there is none that it could undo. In files of msmtp's such lines are usual. */
static bool says_nothing(const struct parser *p, const struct keyword *k)
{
	const struct account *under = p->section ? &p->section->whole : &p->defaults;

	return (k->setting == SET_relay || k->setting == SET_password_file) && !k->value.len && !setting_is_set(under, k->setting) &&
	       !(p->section && setting_is_set(&p->section->own, k->setting));
}

static void warn_of_value(const struct parser *p, const struct keyword *k, bool quoted)
{
	/* What stands in double quotes is meant so. */
	const char *doubt = quoted ? NULL : advice_doubt_of(k->setting, k->value);

	if (says_nothing(p, k))
		log_doubt("%s:%u: %s has no value, and so says nothing", p->config->path, p->line, setting_name(k->setting));
	if (doubt)
		log_doubt("%s:%u: the value of %s %s", p->config->path, p->line, setting_name(k->setting), doubt);
}

static int keyword_line(struct parser *p, struct slice word, struct slice text, struct failure *f)
{
	struct slice value = unquoted(text);
	struct keyword k;

	if (keyword_read(&k, word, value, f) < 0 || check_value(&k, value, f) < 0)
		return at_line(p, f);
	if (k.setting != SETTINGS && !p->in_eval)
		warn_of_value(p, &k, value.len < text.len);
	if (k.setting != SETTINGS && k.why)
		log_doubt("%s:%u: %.*s: %.*s is taken as %.*s: %s", p->config->path, p->line, (int)word.len, word.p, (int)value.len, value.p,
			    (int)k.value.len, k.value.p, k.why);
	if (k.setting != SETTINGS)
		return set(p, &k, f);
	if (k.why)
		log_doubt("%s:%u: %.*s of msmtp is ignored: %s", p->config->path, p->line, (int)word.len, word.p, k.why);
	return 0;
}

static int one_line(struct parser *p, struct slice line, struct failure *f)
{
	struct slice word, text, value;
	size_t n = 0;

	line = slice_trim(line);
	if (!line.len || line.p[0] == '#')
		return 0;
	if (memchr(line.p, '\0', line.len)) {
		fail(f, AT_CONFIG, EX_CONFIG, "there is a NUL octet in the line: this is no text file");
		return at_line(p, f);
	}
	while (n < line.len && line.p[n] != ' ' && line.p[n] != '\t')
		n++;
	word = (struct slice){line.p, n};
	text = slice_trim((struct slice){line.p + n, line.len - n});
	value = unquoted(text);
	if (slice_is(word, "account"))
		return begin_account(p, value, f);
	if (slice_is(word, "defaults"))
		return begin_defaults(p, value, f);
	if (slice_is(word, "eval"))
		return eval(p, value, f);
	return keyword_line(p, word, text, f);
}

/* Whether mail may wait at the usual place, if this file cannot be used: for a fault in it, or for what it is (conf/accounts). */
static void look_for_queue(struct config *c, struct slice text)
{
	struct slice line;

	while (slice_line(&text, &line)) {
		line = slice_trim(line);
		c->names_queue |= slice_begins(line, "queue") || slice_begins(line, "spool");
	}
}

int config_parse(struct config *c, struct arena *run, struct slice text, struct failure *f)
{
	struct parser p = {.config = c, .run = run};
	struct slice line;

	account_defaults(&p.defaults);
	account_defaults(&p.lines);
	slice_skip_mark(&text);
	look_for_queue(c, text);
	while (slice_line(&text, &line)) {
		p.line++;
		if (one_line(&p, line, f) < 0)
			return -1;
	}
	return end_section(&p, f);
}
