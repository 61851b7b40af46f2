#include "cli/flags.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/log.h"
#include "cli/health.h"
#include "cli/usage.h"
#include "conf/value.h"

enum called { ANY, UNKNOWN, IGNORED };
enum effect { NOTHING, REFUSE, ON, TEXT, AGE, BECOMES, MAIL, DRAFT, SAME, CALL };

struct action {
	enum effect effect;
	size_t offset; /* ON, TEXT, AGE: offset of the field */
	int what;      /* BECOMES, MAIL: which mode; DRAFT: which kind; SAME: which letter */
	int (*act)(struct options *o, const char *value, struct failure *f);
};

struct flag {
	char letter;	  /* or '\0' */
	const char *word; /* or NULL */
	enum arity arity;
	enum called called;
	struct action does;
	const char *note;
	bool of_batch; /* goes with --batch and --merge only */
};

static int set_body(struct options *o, const char *value, struct failure *f)
{
	if (strcasecmp(value, "7BIT") == 0)
		o->request.body = BODY_7BIT;
	else if (strcasecmp(value, "8BITMIME") == 0)
		o->request.body = BODY_8BITMIME;
	else
		return usage_fail(f, "-B takes 7BIT or 8BITMIME, not ", value);
	return 0;
}

/* -e, -oe and -O ErrorMode: p and none, print; q, be silent; m, w and e, print and mail. The status is always the truth. */
static int set_errors(struct options *o, const char *value, struct failure *f)
{
	(void)f;
	o->quiet = *value == 'q' || *value == 'Q';
	o->request.mail_errors = *value && strchr("mweMWE", *value);
	return 0;
}

/* q and d (defer): later; b: later, but at once; i, f and none: now, and later what fails. */
static void set_delivery(struct options *o, const char *value)
{
	o->background = *value == 'b' || *value == 'B';
	o->request.later = o->background || (*value && strchr("qdQD", *value));
}

static int set_long_option(struct options *o, const char *value, struct failure *f)
{
	struct slice rest = slice_of(value), name;

	if (!slice_cut(&rest, '=', &name)) {
		name = rest;
		rest = SLICE("true");
	}
	name = slice_trim(name);
	rest = slice_trim(rest);
	if (slice_is(name, "IgnoreDots")) {
		o->dots_are_text = rest.len && strchr("tTyY1", *rest.p);
		o->dots_end = !o->dots_are_text;
	} else if (slice_is(name, "ErrorMode") && rest.len) {
		return set_errors(o, rest.p, f);
	} else if (slice_is(name, "DeliveryMode") && rest.len) {
		set_delivery(o, rest.p);
	} else if (slice_is(name, "Verbose")) {
		o->verbose = true;
	} else {
		log_debug("-O %s has no meaning here", value);
	}
	return 0;
}

/* -oi, -oem, -odq, -ov. */
static int set_old_option(struct options *o, const char *value, struct failure *f)
{
	switch (*value) {
	case 'i':
		o->dots_are_text = !value[1] || strchr("tTyY1", value[1]);
		o->dots_end = !o->dots_are_text;
		break;
	case 'e':
		return set_errors(o, value + 1, f);
	case 'd':
		set_delivery(o, value + 1);
		break;
	case 'v':
		o->verbose = true;
		break;
	default:
		log_debug("-o%s has no meaning here", value);
	}
	return 0;
}

static int set_envid(struct options *o, const char *value, struct failure *f)
{
	if (!*value || strlen(value) > 100 || slice_has_control(slice_of(value)) ||
	    !slice_is_ascii(slice_of(value)))
		return usage_fail(f, "-V takes up to 100 printable ASCII characters", "");
	o->request.envid = value;
	return 0;
}

static int set_mode(struct options *o, const char *value, struct failure *f)
{
	static const struct { const char *letter; enum mode mode; } known[] = {
#define MODE(letter, mode, line) {letter, mode},
#include "cli/flags.def"
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(value, known[i].letter) == 0) {
			o->mode = known[i].mode;
			return 0;
		}
	if (strchr("dDl", *value) && *value)
		return usage_fail(f, "mysend is no daemon: there is no mode -b", value);
	if (!strchr(value, '@') || o->as_sendmail)
		return usage_fail(f, "there is no mode -b", value);
	fail(f, AT_USAGE, EX_USAGE, "there is no mode -b%s", value);
	return failure_hint(f, HINT_BCC_OF_MAIL);
}

/* Reads a time as 15m or 1h30m; a number alone is minutes, as in sendmail. 0: it is no time. */
static unsigned interval(const char *p)
{
	static const struct { char unit; unsigned seconds; } units[] = {
		{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}, {'\0', 60},
	};
	unsigned all = 0;

	while (*p) {
		unsigned n = 0;
		size_t i = 0;

		if (*p < '0' || *p > '9')
			return 0;
		for (; *p >= '0' && *p <= '9'; p++)
			n = n > 100000 ? n : n * 10 + (unsigned)(*p - '0');
		while (i < sizeof units / sizeof *units && units[i].unit != *p)
			i++;
		if (i == sizeof units / sizeof *units || n > 10000 || all > 10 * 604800)
			return 0;
		all += n * units[i].seconds;
		p += *p != '\0';
	}
	return all;
}

/* -q, -qf, -qI..., -qR..., -qS..., -qG...: now; -q15m: now, and again and again. */
static int set_queue(struct options *o, const char *value, struct failure *f)
{
	o->mode = MODE_QUEUE;
	if (!*value)
		return 0;
	if (strchr("fIRSG!", *value)) {
		o->queue.all = true;
		if (*value == 'I')
			o->queue.id = value + 1;
		if (*value == 'R')
			o->queue.recipient = value + 1;
		if (*value == 'S')
			o->queue.sender = value + 1;
		return 0;
	}
	o->queue.interval = interval(value);
	return o->queue.interval ? 0 : usage_fail(f, "-q takes nothing, f, I, R, S, or a time as 15m, not ", value);
}

static int flush(struct options *o, const char *value, struct failure *f)
{
	(void)value;
	return set_queue(o, "f", f);
}

static int configure(struct options *o, const char *value, struct failure *f)
{
	(void)f;
	o->mode = MODE_CONFIGURE;
	o->configure = value;
	return 0;
}

static int set_debug(struct options *o, const char *value, struct failure *f)
{
	(void)o;
	(void)f;
	log_debug_on();
	if (strncmp(value, "0.", 2) == 0)
		log_debug("mysend " PACKAGE_VERSION);
	return 0;
}

static int keep_dots(struct options *o, const char *value, struct failure *f)
{
	(void)value;
	(void)f;
	o->dots_are_text = true;
	o->dots_end = false;
	return 0;
}

static int set_subject(struct options *o, const char *value, struct failure *f)
{
	o->subject = value;
	if (!o->as_sendmail)
		return 0;
	fail(f, AT_USAGE, EX_USAGE, "-s is not an option of sendmail");
	return failure_hint(f, HINT_SUBJECT_IS_HEADER);
}

static int set_notify(struct options *o, const char *value, struct failure *f)
{
	if (request_notify(value, &o->request.notify) == 0)
		return 0;
	return usage_fail(f, "-N takes never, or a list of success, failure and delay, not ", value);
}

static int set_return(struct options *o, const char *value, struct failure *f)
{
	return request_return(value, &o->request.ret) == 0 ? 0 : usage_fail(f, "-R takes full or hdrs, not ", value);
}

/* -XV, -XVxy ask for an envelope sender of its own for each recipient (VERP), as Postfix makes: refused. */
static int set_traffic(struct options *o, const char *value, struct failure *f)
{
	if (*value == 'V' && (!value[1] || strlen(value) == 3))
		return usage_fail(f, "there are no variable envelope return paths here: -X", value);
	if (!o->as_sendmail)
		o->traffic = value;
	return 0;
}

static const struct flag flags[] = {
#define NOTHING {NOTHING, 0, 0, NULL}
#define REFUSE {REFUSE, 0, 0, NULL}
#define ON(field) {ON, offsetof(struct options, field), 0, NULL}
#define TEXT(field) {TEXT, offsetof(struct options, field), 0, NULL}
#define AGE(field) {AGE, offsetof(struct options, field), 0, NULL}
#define BECOMES(mode) {BECOMES, 0, mode, NULL}
#define MAIL(mode) {MAIL, 0, mode, NULL}
#define DRAFT(kind) {DRAFT, 0, kind, NULL}
#define SAME(letter) {SAME, 0, letter, NULL}
#define CALL(function) {CALL, 0, 0, function}
#define FLAG(letter, arity, value, called, does, line, note) {letter, NULL, arity, called, does, note, false},
#define WORD(word, arity, value, does, line) {'\0', word, arity, UNKNOWN, does, "", false},
#define MANY(word, arity, value, does, line) {'\0', word, arity, UNKNOWN, does, "", true},
#include "cli/flags.def"
#undef NOTHING
#undef REFUSE
};

enum { FLAGS = sizeof flags / sizeof *flags };

const struct flag *flag_of_letter(const struct options *o, char c)
{
	for (size_t i = 0; i < FLAGS; i++)
		if (flags[i].letter == c && !flags[i].word)
			return o->as_sendmail && flags[i].called == UNKNOWN ? NULL : &flags[i];
	return NULL;
}

const struct flag *flag_of_word(const char *word, size_t len)
{
	for (size_t i = 0; i < FLAGS; i++)
		if (flags[i].word && slice_is((struct slice){word, len}, flags[i].word))
			return &flags[i];
	return NULL;
}

const char *flag_nearest(struct slice word, const char *nearest)
{
	for (size_t i = 0; i < FLAGS; i++)
		if (flags[i].word)
			nearest = slice_nearer(word, nearest, flags[i].word);
	return nearest;
}

enum arity flag_arity(const struct flag *flag)
{
	return flag->arity;
}

const char *flag_note(const struct flag *flag)
{
	return flag->note;
}

bool flag_is_of_batch(const struct flag *flag)
{
	return flag->of_batch;
}

bool flag_takes_number(const struct flag *flag)
{
	return flag->does.act == batch_options_preview;
}

bool flag_takes_next(const struct flag *flag, const char *value)
{
	return flag->letter == 'o' && *value == 'M' && value[1] && !value[2];
}

static void pass_over(struct options *o, const struct flag *flag, const char *value)
{
	log_debug("-%c has no meaning here: %s", flag->letter, flag->note);
	if (!o->as_sendmail && strchr("AMc", flag->letter) && strcmp(value, "c") != 0 && strcmp(value, "m") != 0)
		o->of_mail = flag->letter;
}

static int refuse(const struct flag *flag, struct failure *f)
{
	fail(f, AT_USAGE, EX_USAGE, "-%c is not an option of mysend", flag->letter);
	return failure_hint(f, HINT_LETTER_ELSEWHERE, flag->note);
}

static int read_age(unsigned *to, const char *spelled, const char *value, struct failure *f)
{
	if (value_seconds(slice_of(value), 1, UINT_MAX, to) == 0)
		return 0;
	return fail(f, AT_USAGE, EX_USAGE, "%s takes a time as 30m, 2h or 1d, not \"%s\"", spelled, value);
}

void option_say(struct options *o, struct arena *run, enum draft_kind kind, const char *spelled, const char *value)
{
	o->said = arena_grow(run, o->said, o->saids, &o->said_room, sizeof *o->said);
	o->said[o->saids++] = (struct merge_option){kind, spelled, value};
}

static int name_mail(struct options *o, struct arena *run, enum mode mode, const char *spelled, const char *value, struct failure *f)
{
	if (o->queue.named && o->mode != mode)
		return usage_fail(f, "only one is done at a time: ", spelled);
	o->queue.named = true;
	o->mode = mode;
	request_add(&o->request, run, value)->argument = true;
	return 0;
}

int flag_act(struct options *o, struct arena *run, const struct flag *flag, const char *spelled, const char *value, struct failure *f)
{
	const struct action *does = &flag->does;
	void *field = (char *)o + does->offset;

	if (flag->called == IGNORED && o->as_sendmail)
		return 0;
	if (flag->of_batch)
		o->of_batch = spelled;
	switch (does->effect) {
	case NOTHING:
		pass_over(o, flag, value);
		return 0;
	case REFUSE:
		return refuse(flag, f);
	case ON:
		*(bool *)field = true;
		return 0;
	case TEXT:
		*(const char **)field = value;
		return 0;
	case AGE:
		return read_age(field, spelled, value, f);
	case BECOMES:
		o->mode = (enum mode)does->what;
		return 0;
	case MAIL:
		return name_mail(o, run, (enum mode)does->what, spelled, value, f);
	case DRAFT:
		option_say(o, run, (enum draft_kind)does->what, spelled, value);
		return 0;
	case SAME:
		return flag_act(o, run, flag_of_letter(o, (char)does->what), spelled, value, f);
	case CALL:
		return does->act(o, value, f);
	}
	return 0;
}
