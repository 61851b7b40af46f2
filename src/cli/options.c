#include "cli/options.h"

#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/flags.h"
#include "cli/usage.h"

/* Reads an argument that begins with a single '-': letters without values may stand together. */
static int read_letters(struct options *o, struct arena *run, char **argv, int *at, struct failure *f)
{
	const char *p = argv[*at] + 1;

	for (; *p; p++) {
		const struct flag *flag = flag_of_letter(o, *p);
		const char *value = p + 1;

		if (!flag)
			return usage_fail(f, "unknown option -", (char[]){*p, '\0'});
		if (flag_arity(flag) == NEEDS && !*value) {
			value = argv[*at + 1];
			if (!value) {
				fail(f, AT_USAGE, EX_USAGE, "-%c needs a value", *p);
				return failure_hint(f, HINT_LETTER_MEANS, (char[]){*p, '\0'}, flag_note(flag));
			}
			++*at;
		}
		if (flag_act(o, run, flag, (char[]){'-', *p, '\0'}, value, f) < 0)
			return -1;
		if (flag_takes_next(flag, value) && argv[*at + 1])
			++*at;
		if (flag_arity(flag) != NONE)
			break;
	}
	return 0;
}

static int add_setting(struct options *o, struct arena *run, const char *spelled, enum setting s, const char *value,
		       struct failure *f)
{
	if (setting_is_secret(s)) {
		fail(f, AT_USAGE, EX_USAGE, "%s is not taken from the command line, where everybody can read it",
		     spelled);
		return failure_hint(f, HINT_SECRET_IN_ARGV);
	}
	o->request.option = arena_grow(run, o->request.option, o->request.options, &o->request.option_room, sizeof *o->request.option);
	o->request.option[o->request.options++] = (struct override){.setting = s, .value = value, .spelled = spelled};
	return 0;
}

/* The keyword with hyphens, as options are written; settings are found by that spelling, too. */
static const char *with_hyphens(struct arena *run, const char *keyword)
{
	char *option = keyword ? arena_printf(run, "%s", keyword) : NULL;

	for (char *p = option; p && *p; p++)
		*p = *p == '_' ? '-' : *p;
	return option;
}

/* Refuses -to, -help: letters that make no sense together, and are a long option that lacks a hyphen. */
static int check_hyphen(const struct options *o, const char *arg, struct failure *f)
{
	const char *name = arg + 1;
	size_t len = strcspn(name, "=");

	if (o->as_sendmail || len < 2 || (!flag_of_word(name, len) && setting_find(name, len) == SETTINGS))
		return 0;
	fail(f, AT_USAGE, EX_USAGE, "unknown option %s", arg);
	return failure_hint(f, HINT_NEAREST_OPTION, name);
}

static int unknown(struct failure *f, struct arena *run, struct slice name, const char *spelled)
{
	char *keyword = arena_text(run, name.p, name.len);
	const char *nearest;

	for (char *p = keyword; *p; p++)
		*p = *p == '-' ? '_' : *p;
	nearest = with_hyphens(run, setting_nearest(slice_of(keyword)));
	nearest = flag_nearest(name, nearest);
	fail(f, AT_USAGE, EX_USAGE, "unknown option %s", spelled);
	return nearest ? failure_hint(f, HINT_NEAREST_OPTION, nearest) : failure_hint(f, HINT_OPTIONS);
}

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

/* Reads --name, --name=value or --name value. */
static int read_long(struct options *o, struct arena *run, char **argv, int *at, struct failure *f)
{
	const char *text = argv[*at] + 2;
	struct slice rest = slice_of(text), name;
	const char *value = slice_cut(&rest, '=', &name) ? rest.p : NULL;
	const struct flag *own;
	enum setting s = SETTINGS;
	const char *spelled;
	bool takes = false;

	if (!value)
		name = slice_of(text);
	spelled = arena_printf(run, "--%.*s", (int)name.len, name.p);
	own = flag_of_word(name.p, name.len);
	if (own)
		takes = flag_arity(own) == NEEDS;
	else
		s = setting_find(name.p, name.len);
	if (!own && s == SETTINGS)
		return unknown(f, run, name, spelled);
	if (s != SETTINGS)
		takes = !setting_takes_optional(s);
	if (value && own && flag_arity(own) == NONE)
		return usage_fail(f, "no value is taken by ", spelled);
	if (!value && takes) {
		value = argv[*at + 1];
		if (!value)
			return (own && flag_is_of_batch(own) ? usage_fail_batch : usage_fail)(f, "a value is missing after ", spelled);
		++*at;
	}
	/* In "--tls off" the word is the setting's value: no recipient has such a name. */
	if (!value && s != SETTINGS && argv[*at + 1] && setting_takes_word(s, slice_of(argv[*at + 1])))
		value = argv[++*at];
	if (!value && own && flag_takes_number(own) && argv[*at + 1] && is_number(argv[*at + 1]))
		value = argv[++*at];
	if (own)
		return flag_act(o, run, own, spelled, value ? value : "", f);
	return add_setting(o, run, spelled, s, value ? value : "on", f);
}

static bool is_long_for_all(const struct options *o, const char *arg)
{
	return strcmp(arg, "--help") == 0 || strcmp(arg, "--version") == 0 ||
	       (o->mode == MODE_MAILQ && strcmp(arg, "--json") == 0);
}

static void note_name(struct options *o, const char *path)
{
	static const struct { const char *name; enum mode mode; } known[] = {
		{"sendmail", MODE_SEND}, {"send-mail", MODE_SEND}, {"mailq", MODE_MAILQ},
		{"newaliases", MODE_NEWALIASES}, {"bsmtp", MODE_BSMTP},
	};
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *name = slash ? slash + 1 : path;

	for (size_t i = 0; name && i < sizeof known / sizeof *known; i++)
		if (strcmp(name, known[i].name) == 0) {
			o->as_sendmail = true;
			o->mode = known[i].mode;
			log_quiet();
		}
}

/* In "--attach *.png" the shell makes several words of the pattern: the second file must not become a recipient. */
static int check_files(const struct options *o, struct failure *f)
{
	for (size_t i = 0; o->request.draft.files && i < o->request.recipients; i++) {
		const char *text = o->request.recipient[i].text;

		if (o->request.recipient[i].argument && !strchr(text, '@') && strpbrk(text, "./") && access(text, R_OK) == 0) {
			fail(f, AT_USAGE, EX_USAGE, "%s is a file, and no recipient", text);
			return failure_hint(f, HINT_ATTACH_EACH);
		}
	}
	return 0;
}

/* A caller that uses -s, as mail(1) has it, may well mean mail(1)'s -a, -A or -M, too, which are other options in sendmail: that is
 * refused. */
static int check_mail_letters(const struct options *o, struct failure *f)
{
	/* sendmail's -A takes c or m: any other value was meant for mail(1). */
	const char *instead = o->of_mail == 'A' ? "--attach FILE" : o->of_mail == 'M' ? "--html FILE" : o->of_mail == 'c' ? "--cc LIST" : NULL;

	if (!instead && o->request.account && strpbrk(o->request.account, "./") && access(o->request.account, R_OK) == 0) {
		fail(f, AT_USAGE, EX_USAGE, "-a is an account, and %s is a file", o->request.account);
		return failure_hint(f, HINT_ATTACH_OF_MAIL);
	}
	if (!instead || (!o->request.draft.used && o->of_mail != 'A'))
		return 0;
	fail(f, AT_USAGE, EX_USAGE, "-%c is of sendmail, and does nothing", o->of_mail);
	return failure_hint(f, HINT_LETTER_OF_MAIL, instead);
}

/* Refuses options that are fine each by itself, and contradict each other. */
static int check(const struct options *o, struct failure *f)
{
	if (o->mode == MODE_SMTP && o->dry_run)
		return usage_fail(f, "--dry-run does not go with -bs", "");
	if (o->request.draft.used && o->mode != MODE_SEND)
		return usage_fail(f, "a message is made of options only to be sent", "");
	if (!o->as_sendmail && (check_mail_letters(o, f) < 0 || check_files(o, f) < 0))
		return -1;
	if (o->mode == MODE_COMPLETE)
		return usage_fail(f, "--complete stands in front of all else", "");
	if (o->service && o->mode != MODE_SMTP)
		return usage_fail(f, "--service goes with -bs only", "");
	if (o->json && o->mode != MODE_SEND && o->mode != MODE_MAILQ && o->mode != MODE_BATCH && o->mode != MODE_REPORT && o->mode != MODE_PROBE)
		return usage_fail(f, "--json goes with mail, -bp, --batch, --merge, --report and --probe only", "");
	if (o->as && o->mode != MODE_PROBE)
		return usage_fail(f, "--as goes with --probe only", "");
	if (o->mode == MODE_PROBE && (o->dry_run || o->request.from_header))
		return usage_fail(f, "--probe has no message: it takes no --dry-run and no -t", "");
	if ((o->mode == MODE_LOGIN || o->mode == MODE_LOGOUT) && (o->request.recipients || o->request.from_header || o->dry_run))
		return usage_fail(f, "--login and --logout take nothing but -a, -C, -v, -X and settings", "");
	if (o->mode == MODE_REPORT && (o->request.recipients || o->dry_run))
		return usage_fail(f, "--report LEDGER takes nothing else but --json", "");
	if (o->mode == MODE_CONFIGURE && (o->request.recipients || o->request.from_header || o->config))
		return usage_fail(f, "--configure ADDRESS takes no other address, and nothing but --relay, --user, --oauth_client_id and -a", "");
	if (o->mode == MODE_QUEUE && (o->request.recipients || o->request.from_header))
		return usage_fail(f, "-q runs the queue: it takes no recipients and no -t", "");
	return 0;
}

static int add_to_draft(struct options *o, struct arena *run, const struct merge_option *said, struct failure *f)
{
	const char *to = draft_recipients(run, said->kind, said->value);

	if (slice_trim(slice_of(to)).len)
		request_add(&o->request, run, to);
	return draft_option(&o->request.draft, run, said->kind, said->spelled, said->value, f);
}

/* Options of a message and arguments, once all are read: with --merge they are templates, with --batch the arguments are files. */
static int settle(struct options *o, struct arena *run, struct failure *f)
{
	if (o->subject)
		option_say(o, run, DRAFT_SUBJECT, "--subject", o->subject);
	if (o->batch.kind != BATCH_NONE)
		return batch_options_settle(o, run, o->said, o->saids, f);
	if (o->of_batch && o->mode != MODE_HELP)
		return batch_options_none(o->of_batch, f);
	for (size_t i = 0; i < o->saids; i++)
		if (o->said[i].kind == DRAFT_ARGUMENT)
			request_add(&o->request, run, o->said[i].value)->argument = true;
		else if (add_to_draft(o, run, &o->said[i], f) < 0)
			return -1;
	for (size_t i = 0; o->request.draft.used && i < o->request.recipients; i++)
		if (o->request.recipient[i].argument && draft_option(&o->request.draft, run, DRAFT_ARGUMENT, "recipient", o->request.recipient[i].text, f) < 0)
			return -1;
	return 0;
}

static int read_all(struct options *o, struct arena *run, int argc, char **argv, struct failure *f)
{
	bool ended = false;

	*o = (struct options){.queue = {.warning = 3600, .critical = 6 * 3600}, .batch = batch_options_usual()};
	o->called = argc > 0 ? argv[0] : NULL;
	o->argv = argv;
	o->argc = argc;
	note_name(o, o->called);
	if (!o->as_sendmail && argc > 1 && strcmp(argv[1], "--complete") == 0) { /* the words behind are a line that is not whole */
		o->mode = MODE_COMPLETE;
		o->words = argv + 2;
		return 0;
	}
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];
		int rc = 0;

		if (ended || *arg != '-') {
			option_say(o, run, DRAFT_ARGUMENT, "recipient", arg);
			ended |= o->as_sendmail;
		} else if (strcmp(arg, "--") == 0) {
			ended = true;
		} else if (strcmp(arg, "-") == 0 && o->batch.kind != BATCH_NONE) {
			option_say(o, run, DRAFT_ARGUMENT, "recipient", arg);
		} else if (strcmp(arg, "-") == 0) {
			rc = usage_fail(f, "a single - is no address", "");
		} else if (arg[1] == '-' && (!o->as_sendmail || is_long_for_all(o, arg))) {
			rc = read_long(o, run, argv, &i, f);
		} else if (arg[1] == '-') {
			rc = usage_fail(f, "called as sendmail, there is no option ", arg);
		} else {
			rc = check_hyphen(o, arg, f) < 0 ? -1 : read_letters(o, run, argv, &i, f);
		}
		if (rc < 0)
			return -1;
	}
	if (settle(o, run, f) < 0)
		return -1;
	return check(o, f);
}

/* Some option could not be read. The options that say how failures are told count also if they stand behind that one; so does -bs,
 * which reads no message. */
static void look_on(struct options *o, int argc, char **argv)
{
	bool ended = o->as_sendmail;

	for (int i = 1; i < argc; i++) {
		ended |= strcmp(argv[i], "--") == 0;
		o->json |= !ended && strcmp(argv[i], "--json") == 0;
		o->quiet |= strcmp(argv[i], "-oeq") == 0 || strcmp(argv[i], "-eq") == 0;
		if (strcmp(argv[i], "-bs") == 0)
			o->mode = MODE_SMTP;
	}
}

int options_read(struct options *o, struct arena *run, int argc, char **argv, struct failure *f)
{
	int rc = read_all(o, run, argc, argv, f);

	if (rc < 0)
		look_on(o, argc, argv);
	/* Without a relay cron and its like would lose the mail: it is queued instead. */
	o->request.may_lack_relay = o->as_sendmail && !o->dry_run && o->mode != MODE_VERIFY;
	return rc;
}
