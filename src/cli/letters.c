#include "cli/letters.h"

#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/log.h"

enum effect {
	IGNORE, REFUSE, BODY, CONFIG, NAME, NOTIFY, OPTION, RETURN, ENVID, TRAFFIC, ACCOUNT_NAME, MODE, DEBUG, ERRORS,
	SENDER, DOTS, OLD_OPTION, HEADER, VERBOSE, NEWALIASES, TAG, SMTPUTF8, NO_ALIASES, QUEUE, SUBJECT
};

static const struct letter letters[] = {
#define ACCOUNT ACCOUNT_NAME
#define LETTER(l, a, e, n) {l, a, e, n},
#include "cli/letters.def"
#undef LETTER
#undef ACCOUNT
};

const struct letter *letter_find(const struct options *o, char c)
{
	for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
		if (letters[i].letter == c)
			return o->as_sendmail && letters[i].effect == ACCOUNT_NAME ? NULL : &letters[i];
	return NULL;
}

int usage(struct failure *f, const char *what, const char *which)
{
	fail(f, AT_USAGE, EX_USAGE, "%s%s", what, which);
	return failure_hint(f, HINT_OPTIONS);
}

static int set_body(struct options *o, const char *value, struct failure *f)
{
	if (strcasecmp(value, "7BIT") == 0)
		o->request.body = BODY_7BIT;
	else if (strcasecmp(value, "8BITMIME") == 0)
		o->request.body = BODY_8BITMIME;
	else
		return usage(f, "-B takes 7BIT or 8BITMIME, not ", value);
	return 0;
}

/* -e, -oe and -O ErrorMode: p and none, print; q, be silent; m, w and e, print and mail. The status is always the truth. */
static void set_errors(struct options *o, const char *value)
{
	o->quiet = *value == 'q' || *value == 'Q';
	o->request.mail_errors = *value && strchr("mweMWE", *value);
}

/* q and d (defer): later; b: later, but at once; i, f and none: now, and later what fails. */
static void set_delivery(struct options *o, const char *value)
{
	o->background = *value == 'b' || *value == 'B';
	o->request.later = o->background || (*value && strchr("qdQD", *value));
}

static void set_long_option(struct options *o, const char *value)
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
		set_errors(o, rest.p);
	} else if (slice_is(name, "DeliveryMode") && rest.len) {
		set_delivery(o, rest.p);
	} else if (slice_is(name, "Verbose")) {
		o->verbose = true;
	} else {
		log_debug("-O %s has no meaning here", value);
	}
}

/* -oi, -oem, -ov; -oMr VALUE swallows one more argument (Exim's own). */
static void set_old_option(struct options *o, const char *value, bool *swallow)
{
	switch (*value) {
	case 'i':
		o->dots_are_text = !value[1] || strchr("tTyY1", value[1]);
		o->dots_end = !o->dots_are_text;
		break;
	case 'e':
		set_errors(o, value + 1);
		break;
	case 'd':
		set_delivery(o, value + 1);
		break;
	case 'v':
		o->verbose = true;
		break;
	case 'M':
		*swallow = value[1] && !value[2];
		break;
	default:
		log_debug("-o%s has no meaning here", value);
	}
}

static int set_envid(struct options *o, const char *value, struct failure *f)
{
	if (!*value || strlen(value) > 100 || slice_has_control(slice_of(value)) ||
	    !slice_is_ascii(slice_of(value)))
		return usage(f, "-V takes up to 100 printable ASCII characters", "");
	o->request.envid = value;
	return 0;
}

static int set_mode(struct options *o, const char *value, struct failure *f)
{
	static const struct { const char *letter; enum mode mode; } known[] = {
		{"m", MODE_SEND},   {"s", MODE_SMTP},	    {"S", MODE_BSMTP}, {"v", MODE_VERIFY},
		{"p", MODE_MAILQ},  {"i", MODE_NEWALIASES}, {"h", MODE_NOTHING}, {"H", MODE_NOTHING},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(value, known[i].letter) == 0) {
			o->mode = known[i].mode;
			return 0;
		}
	if (strchr("dDl", *value) && *value)
		return usage(f, "mysend is no daemon: there is no mode -b", value);
	if (!strchr(value, '@') || o->as_sendmail)
		return usage(f, "there is no mode -b", value);
	fail(f, AT_USAGE, EX_USAGE, "there is no mode -b%s", value);
	return failure_hint(f, HINT_BCC_OF_MAIL);
}

/* 15m, 1h30m; a number alone is minutes, as sendmail has it. 0: that is no time. */
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
	return o->queue.interval ? 0 : usage(f, "-q takes nothing, f, I, R, S, or a time as 15m, not ", value);
}

static void set_debug(const char *value)
{
	log_debug_on();
	if (strncmp(value, "0.", 2) == 0)
		log_debug("mysend " PACKAGE_VERSION);
}

/* -XV, -XVxy: Postfix's envelopes that tell each recipient apart, which nobody here makes. */
static int set_traffic(struct options *o, const char *value, struct failure *f)
{
	if (*value == 'V' && (!value[1] || strlen(value) == 3))
		return usage(f, "there are no variable envelope return paths here: -X", value);
	if (!o->as_sendmail)
		o->traffic = value;
	return 0;
}

static void ignore(struct options *o, const struct letter *l, const char *value)
{
	log_debug("-%c has no meaning here: %s", l->letter, l->note);
	if (!o->as_sendmail && strchr("AMc", l->letter) && strcmp(value, "c") != 0 && strcmp(value, "m") != 0)
		o->of_mail = l->letter;
}

static int refuse(const struct letter *l, struct failure *f)
{
	fail(f, AT_USAGE, EX_USAGE, "-%c is not an option of mysend", l->letter);
	return failure_hint(f, HINT_LETTER_ELSEWHERE, l->note);
}

int letter_act(struct options *o, const struct letter *l, const char *value, bool *swallow, struct failure *f)
{
	*swallow = false;
	switch ((enum effect)l->effect) {
	case IGNORE:
		ignore(o, l, value);
		return 0;
	case REFUSE:
		return refuse(l, f);
	case SUBJECT:
		o->subject = value;
		if (!o->as_sendmail)
			return 0;
		fail(f, AT_USAGE, EX_USAGE, "-s is not an option of sendmail");
		return failure_hint(f, HINT_SUBJECT_IS_HEADER);
	case NEWALIASES:
		o->mode = MODE_NEWALIASES;
		return 0;
	case TAG:
		o->request.tag = value;
		return 0;
	case SMTPUTF8:
		o->request.smtputf8 = true;
		return 0;
	case NO_ALIASES:
		o->request.no_aliases = true;
		return 0;
	case QUEUE:
		return set_queue(o, value, f);
	case BODY:
		return set_body(o, value, f);
	case CONFIG:
		if (!o->as_sendmail)
			o->config = value;
		return 0;
	case NAME:
		o->request.name = value;
		return 0;
	case NOTIFY:
		if (request_notify(value, &o->request.notify) == 0)
			return 0;
		return usage(f, "-N takes never, or a list of success, failure and delay, not ", value);
	case OPTION:
		set_long_option(o, value);
		return 0;
	case RETURN:
		return request_return(value, &o->request.ret) == 0 ? 0 : usage(f, "-R takes full or hdrs, not ", value);
	case ENVID:
		return set_envid(o, value, f);
	case TRAFFIC:
		return set_traffic(o, value, f);
	case ACCOUNT_NAME:
		o->request.account = value;
		return 0;
	case MODE:
		return set_mode(o, value, f);
	case DEBUG:
		set_debug(value);
		return 0;
	case ERRORS:
		set_errors(o, value);
		return 0;
	case SENDER:
		o->request.sender = value;
		return 0;
	case DOTS:
		o->dots_are_text = true;
		o->dots_end = false;
		return 0;
	case OLD_OPTION:
		set_old_option(o, value, swallow);
		return 0;
	case HEADER:
		o->request.from_header = true;
		return 0;
	case VERBOSE:
		o->verbose = true;
		return 0;
	}
	return 0;
}
