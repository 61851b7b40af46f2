#include "cli/options.h"

#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/log.h"

enum arity { NONE, NEEDS, ATTACHED };
enum effect {
	IGNORE, BODY, CONFIG, NAME, NOTIFY, OPTION, RETURN, ENVID, TRAFFIC, ACCOUNT_NAME, MODE, DEBUG, ERRORS,
	SENDER, DOTS, OLD_OPTION, HEADER, VERBOSE
};

static const struct letter {
	char letter;
	enum arity arity;
	enum effect effect;
	const char *note;
} letters[] = {
#define ACCOUNT ACCOUNT_NAME
#define LETTER(l, a, e, n) {l, a, e, n},
#include "cli/letters.def"
#undef LETTER
#undef ACCOUNT
};

/* mysend's own words; all the others are settings. */
static const struct word {
	const char *name;
	char letter; /* does what this letter does, or 0 */
	enum mode mode;
} words[] = {
	{"account", 'a', MODE_SEND},	    {"config", 'C', MODE_SEND},
	{"verbose", 'v', MODE_SEND},	    {"debug", 'd', MODE_SEND},
	{"dry-run", 0, MODE_SEND},	    {"show-config", 0, MODE_SHOW_CONFIG},
	{"list-settings", 0, MODE_LIST_SETTINGS}, {"help", 0, MODE_HELP},
	{"version", 0, MODE_VERSION},
};

static int usage(struct failure *f, const char *what, const char *which)
{
	fail(f, AT_USAGE, EX_USAGE, "%s%s", what, which);
	return failure_hint(f, "mysend --help lists the options");
}

int options_notify(const char *value, unsigned *bits)
{
	static const struct { const char *word; unsigned bit; } kinds[] = {
		{"never", NOTIFY_NEVER},
		{"success", NOTIFY_SUCCESS},
		{"failure", NOTIFY_FAILURE},
		{"delay", NOTIFY_DELAY},
	};
	struct slice rest = slice_of(value), word;
	bool more = true;

	*bits = 0;
	while (more) {
		size_t i = 0, count = sizeof kinds / sizeof *kinds;

		more = slice_cut(&rest, ',', &word);
		if (!more)
			word = rest;
		word = slice_trim(word);
		while (i < count && !slice_is(word, kinds[i].word))
			i++;
		if (i == count)
			return -1;
		*bits |= kinds[i].bit;
	}
	return *bits & NOTIFY_NEVER && *bits != NOTIFY_NEVER ? -1 : 0;
}

int options_return(const char *value, enum ret *ret)
{
	bool full = strcasecmp(value, "full") == 0;

	if (!full && strcasecmp(value, "hdrs") != 0)
		return -1;
	*ret = full ? RET_FULL : RET_HDRS;
	return 0;
}

static int set_body(struct wish *w, const char *value, struct failure *f)
{
	if (strcasecmp(value, "7BIT") == 0)
		w->body = BODY_7BIT;
	else if (strcasecmp(value, "8BITMIME") == 0)
		w->body = BODY_8BITMIME;
	else
		return usage(f, "-B takes 7BIT or 8BITMIME, not ", value);
	return 0;
}

/* -e, -oe and -O ErrorMode: only silence changes anything; the status is always the truth. */
static void set_errors(struct wish *w, const char *value)
{
	w->quiet = *value == 'q' || *value == 'Q';
}

static void set_long_option(struct wish *w, const char *value)
{
	struct slice rest = slice_of(value), name;

	if (!slice_cut(&rest, '=', &name)) {
		name = rest;
		rest = SLICE("true");
	}
	name = slice_trim(name);
	rest = slice_trim(rest);
	if (slice_is(name, "IgnoreDots")) {
		w->dots_are_text = rest.len && strchr("tTyY1", *rest.p);
		w->dots_end = !w->dots_are_text;
	} else if (slice_is(name, "ErrorMode") && rest.len) {
		set_errors(w, rest.p);
	} else if (slice_is(name, "Verbose")) {
		w->verbose = true;
	} else {
		log_debug("-O %s has no meaning here", value);
	}
}

/* -oi, -oem, -ov; -oMr VALUE swallows one more argument (Exim's own). */
static int set_old_option(struct wish *w, const char *value, int *swallow)
{
	*swallow = 0;
	switch (*value) {
	case 'i':
		w->dots_are_text = !value[1] || strchr("tTyY1", value[1]);
		w->dots_end = !w->dots_are_text;
		break;
	case 'e':
		set_errors(w, value + 1);
		break;
	case 'v':
		w->verbose = true;
		break;
	case 'M':
		*swallow = value[1] && !value[2];
		break;
	default:
		log_debug("-o%s has no meaning here", value);
	}
	return 0;
}

static int set_envid(struct wish *w, const char *value, struct failure *f)
{
	if (!*value || strlen(value) > 100 || slice_has_control(slice_of(value)) ||
	    !slice_is_ascii(slice_of(value)))
		return usage(f, "-V takes up to 100 printable ASCII characters", "");
	w->envid = value;
	return 0;
}

static int act(struct wish *w, const struct letter *l, const char *value, int *swallow, struct failure *f)
{
	switch (l->effect) {
	case IGNORE:
		log_debug("-%c has no meaning here: %s", l->letter, l->note);
		return 0;
	case BODY:
		return set_body(w, value, f);
	case CONFIG:
		if (!w->as_sendmail)
			w->config = value;
		return 0;
	case NAME:
		w->name = value;
		return 0;
	case NOTIFY:
		if (options_notify(value, &w->notify) == 0)
			return 0;
		return usage(f, "-N takes never, or a list of success, failure and delay, not ", value);
	case OPTION:
		set_long_option(w, value);
		return 0;
	case RETURN:
		return options_return(value, &w->ret) == 0 ? 0 : usage(f, "-R takes full or hdrs, not ", value);
	case ENVID:
		return set_envid(w, value, f);
	case TRAFFIC:
		if (!w->as_sendmail)
			w->traffic = value;
		return 0;
	case ACCOUNT_NAME:
		w->account = value;
		return 0;
	case MODE:
		return strcmp(value, "m") == 0 ? 0 : usage(f, "there is no mode -b", value);
	case DEBUG:
		log_debug_on();
		return 0;
	case ERRORS:
		set_errors(w, value);
		return 0;
	case SENDER:
		w->sender = value;
		return 0;
	case DOTS:
		w->dots_are_text = true;
		w->dots_end = false;
		return 0;
	case OLD_OPTION:
		return set_old_option(w, value, swallow);
	case HEADER:
		w->from_header = true;
		return 0;
	case VERBOSE:
		w->verbose = true;
		return 0;
	}
	return 0;
}

static const struct letter *letter_find(const struct wish *w, char c)
{
	for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
		if (letters[i].letter == c)
			return w->as_sendmail && letters[i].effect == ACCOUNT_NAME ? NULL : &letters[i];
	return NULL;
}

/* One argument that begins with a single '-': letters without values may stand together. */
static int read_letters(struct wish *w, char **argv, int *at, struct failure *f)
{
	const char *p = argv[*at] + 1;

	for (; *p; p++) {
		const struct letter *l = letter_find(w, *p);
		const char *value = p + 1;
		int swallow = 0;

		if (!l) {
			fail(f, AT_USAGE, EX_USAGE, "unknown option -%c", *p);
			return failure_hint(f, *p == 's' ? "-s is an option of mail(1); here the subject is a header line"
							 : "mysend --help lists the options");
		}
		if (l->arity == NEEDS && !*value) {
			value = argv[*at + 1];
			if (!value) {
				fail(f, AT_USAGE, EX_USAGE, "-%c needs a value", *p);
				return failure_hint(f, "-%c: %s", *p, l->note);
			}
			++*at;
		}
		if (act(w, l, value, &swallow, f) < 0)
			return -1;
		if (swallow && argv[*at + 1])
			++*at;
		if (l->arity != NONE)
			break;
	}
	return 0;
}

static int add_setting(struct wish *w, struct arena *run, const char *spelled, enum setting s, const char *value,
		       struct failure *f)
{
	if (setting_is_secret(s)) {
		fail(f, AT_USAGE, EX_USAGE, "%s is not taken from the command line, where everybody can read it",
		     spelled);
		return failure_hint(f, "use --password-file or --password-command, or a configuration file");
	}
	w->option = arena_grow(run, w->option, w->options, &w->option_room, sizeof *w->option);
	w->option[w->options++] = (struct override){.setting = s, .value = value, .spelled = spelled};
	return 0;
}

static int read_word(struct wish *w, const struct word *own, const char *value, struct failure *f)
{
	int swallow;

	if (own->letter)
		return act(w, letter_find(w, own->letter), value, &swallow, f);
	if (own->mode == MODE_SEND)
		w->dry_run = true;
	else
		w->mode = own->mode;
	return 0;
}

/* --name, --name=value or --name value. */
static int read_long(struct wish *w, struct arena *run, char **argv, int *at, struct failure *f)
{
	const char *text = argv[*at] + 2;
	struct slice rest = slice_of(text), name;
	const char *value = slice_cut(&rest, '=', &name) ? rest.p : NULL;
	const struct word *own = NULL;
	enum setting s = SETTINGS;
	const char *spelled;
	bool takes = false;

	if (!value)
		name = slice_of(text);
	spelled = arena_printf(run, "--%.*s", (int)name.len, name.p);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_is(name, words[i].name))
			own = &words[i];
	if (own)
		takes = own->letter && letter_find(w, own->letter)->arity == NEEDS;
	else
		s = setting_find(name.p, name.len);
	if (!own && s == SETTINGS)
		return usage(f, "unknown option ", spelled);
	if (s != SETTINGS)
		takes = !setting_takes_optional(s);
	if (value && own && !takes)
		return usage(f, "no value is taken by ", spelled);
	if (!value && takes) {
		value = argv[*at + 1];
		if (!value)
			return usage(f, "a value is missing after ", spelled);
		++*at;
	}
	/* --tls off: no recipient has such a name. */
	if (!value && s != SETTINGS && argv[*at + 1] && setting_takes_word(s, slice_of(argv[*at + 1])))
		value = argv[++*at];
	if (own)
		return read_word(w, own, value ? value : "", f);
	return add_setting(w, run, spelled, s, value ? value : "on", f);
}

static bool is_long_for_all(const char *arg)
{
	return strcmp(arg, "--help") == 0 || strcmp(arg, "--version") == 0;
}

static void add_recipient(struct wish *w, struct arena *run, const char *text)
{
	w->recipient = arena_grow(run, w->recipient, w->recipients, &w->recipient_room, sizeof *w->recipient);
	w->recipient[w->recipients++] = (struct asked){.text = text};
}

static void note_name(struct wish *w, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *name = slash ? slash + 1 : path;

	w->as_sendmail = name && (strcmp(name, "sendmail") == 0 || strcmp(name, "send-mail") == 0);
	if (w->as_sendmail)
		log_quiet();
}

static int read_all(struct wish *w, struct arena *run, int argc, char **argv, struct failure *f)
{
	bool ended = false;

	*w = (struct wish){0};
	note_name(w, argc > 0 ? argv[0] : NULL);
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];
		int ok = 0;

		if (ended || *arg != '-') {
			add_recipient(w, run, arg);
			ended |= w->as_sendmail;
		} else if (strcmp(arg, "--") == 0) {
			ended = true;
		} else if (strcmp(arg, "-") == 0) {
			ok = usage(f, "a single - is no address", "");
		} else if (arg[1] == '-' && (!w->as_sendmail || is_long_for_all(arg))) {
			ok = read_long(w, run, argv, &i, f);
		} else if (arg[1] == '-') {
			ok = usage(f, "called as sendmail, there is no option ", arg);
		} else {
			ok = read_letters(w, argv, &i, f);
		}
		if (ok < 0)
			return -1;
	}
	return 0;
}

/* Who wants no words wants none about the options either, wherever that stands. */
static bool asks_for_quiet(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-oeq") == 0 || strcmp(argv[i], "-eq") == 0)
			return true;
	return false;
}

int options_read(struct wish *w, struct arena *run, int argc, char **argv, struct failure *f)
{
	int ok = read_all(w, run, argc, argv, f);

	if (ok < 0)
		w->quiet |= asks_for_quiet(argc, argv);
	return ok;
}
