#include "cli/complete.h"

#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "cli/flags.h"
#include "cli/spooluser.h"
#include "conf/whoami.h"

/* An option as completion sees it: a letter or a word of flags.def, or a setting. */
struct option {
	char letter;	   /* or '\0' */
	const char *word;  /* of flags.def, or NULL */
	bool takes;	   /* a value, attached or the next word */
	const char *value; /* how its row calls the value */
	const char *note;  /* a description, or "" */
	const char *line;  /* of --help; "UNTOLD": none */
	struct { enum mode mode; char same; } does; /* of mails by name, else MODE_SEND; the letter that means the same, or '\0' */
};

static const struct option options[] = {
#define NOTHING {MODE_SEND, '\0'}
#define REFUSE {MODE_SEND, '\0'}
#define ON(field) {MODE_SEND, '\0'}
#define TEXT(field) {MODE_SEND, '\0'}
#define AGE(field) {MODE_SEND, '\0'}
#define BECOMES(mode) {MODE_SEND, '\0'}
#define MAIL(mode) {mode, '\0'}
#define DRAFT(kind) {MODE_SEND, '\0'}
#define SAME(letter) {MODE_SEND, letter}
#define CALL(function) {MODE_SEND, '\0'}
#define FLAG(letter, arity, value, called, does, line, note) {letter, NULL, (arity) == NEEDS, value, note, #line, does},
#define WORD(word, arity, value, does, line) {'\0', word, (arity) == NEEDS, value, "", #line, does},
#define MANY(word, arity, value, does, line) {'\0', word, (arity) == NEEDS, value, "", #line, does},
#include "cli/flags.def"
};

static const struct { const char *letter, *note; } modes[] = {
#define MODE(letter, mode, line) {letter, ""},
#include "cli/flags.def"
};

/* What the words in front of the last one have said. */
struct typed {
	FILE *out;
	struct arena *run;
	const char *last, *before; /* the word to complete, and the one in front of it, or NULL */
	const char *config; /* -C, or NULL */
	bool ended;	    /* there are no options any more */
	bool files;	    /* arguments are files */
	enum mode mode;	    /* of mails by name: arguments are such names; else MODE_SEND */
	struct option awaits; /* the option whose value is to be completed; .value NULL: none */
};

static bool find_letter(char letter, struct option *out)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (letter && options[i].letter == letter) {
			*out = options[i];
			return true;
		}
	return false;
}

static bool find_word(struct slice name, struct option *out)
{
	enum setting s = setting_find(name.p, name.len);

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (options[i].word && slice_is(name, options[i].word)) {
			*out = options[i];
			return true;
		}
	if (s == SETTINGS)
		return false;
	*out = (struct option){.takes = !setting_takes_optional(s), .value = setting_argument(s), .note = setting_summary(s)};
	return true;
}

/* The letters of a word as -iC FILE. True: the last of them takes the next word. */
static bool read_letters(struct typed *t, const char *p, struct option *o)
{
	for (; find_letter(*p, o); p++) {
		if (o->takes && *p == 'C' && p[1])
			t->config = p + 1;
		if (o->takes)
			return !p[1];
	}
	return false;
}

/* True: the option takes the next word. */
static bool read_word(struct typed *t, const char *text, struct option *o)
{
	struct slice rest = slice_of(text), name;
	bool has_value = slice_cut(&rest, '=', &name);

	if (!find_word(has_value ? name : slice_of(text), o))
		return false;
	if (has_value && o->word && strcmp(o->word, "config") == 0)
		t->config = rest.p;
	t->files |= o->word && (strcmp(o->word, "batch") == 0 || strcmp(o->word, "merge") == 0);
	t->mode = o->does.mode != MODE_SEND ? o->does.mode : t->mode;
	return o->takes && !has_value;
}

static bool is_config(const struct option *o)
{
	return o->letter == 'C' || (o->word && strcmp(o->word, "config") == 0);
}

/* Reads the words in front of the last one. */
static void read_words(struct typed *t, char *const *words)
{
	for (; *words && words[1]; words++) {
		const char *word = *words;
		struct option o = {.value = NULL};
		bool takes = false;

		t->before = word;
		if (t->ended || *word != '-' || !word[1])
			continue;
		if (strcmp(word, "--") == 0)
			t->ended = true;
		else
			takes = word[1] == '-' ? read_word(t, word + 2, &o) : read_letters(t, word + 1, &o);
		if (takes && !words[2])
			t->awaits = o;
		else if (takes && is_config(&o))
			t->config = words[1];
		words += takes && words[2];
	}
	t->last = *words ? *words : "";
}

static void offer(const struct typed *t, const char *before, struct slice word, const char *note)
{
	size_t len = strlen(before), typed = strlen(t->last);
	char shown[300];

	/* What has been typed begins the candidate. */
	if (strncmp(t->last, before, typed < len ? typed : len) != 0 || (typed > len && (typed - len > word.len || memcmp(t->last + len, word.p, typed - len) != 0)))
		return;
	slice_printable(shown, sizeof shown, slice_of(note));
	fprintf(t->out, "%s%.*s%s%s\n", before, (int)word.len, word.p, *shown ? "\t" : "", shown);
}

static void offer_words(const struct typed *t, const char *before, const char *words)
{
	struct slice rest = slice_of(words), word;
	bool more = true;

	while (more) {
		more = slice_cut(&rest, '|', &word);
		offer(t, before, more ? word : rest, "");
	}
}

/* Whoever completes a word has not said yet that the file is to be read: a pipe would be waited for, and a terminal's input is gone. */
static bool config_is_file(const char *path)
{
	struct stat st;

	return !path || (stat(path, &st) == 0 && S_ISREG(st.st_mode));
}

/* bash puts a candidate into the line as it is, and another user may have written the file that is named there: what the shell
 * would execute, or read as anything but this name, is not offered. */
static bool is_plain(const char *name)
{
	return !strpbrk(name, " \"'\\`$&;|<>()*?[]{}~!#^=");
}

/* The shell, which leaves ~/ as it is here, expands it when the command is run. */
static const char *config_of(const struct typed *t)
{
	return t->config && strncmp(t->config, "~/", 2) == 0 ? arena_printf(t->run, "%s%s", whoami_home(t->run), t->config + 1) : t->config;
}

static void offer_accounts(const struct typed *t, const char *before)
{
	struct failure unused;
	struct book book;

	if (!config_is_file(config_of(t)) || book_open(&book, t->run, config_of(t), NULL, 0, &unused) < 0)
		return;
	for (const char *name = book_next(&book, NULL); name; name = book_next(&book, name))
		if (is_plain(name))
			offer(t, before, slice_of(name), "");
}

static void offer_folder(const struct typed *t, const char *before, const struct spool *s, bool failed)
{
	struct spool_names names = {.count = 0};
	struct failure unused;

	if (spool_list(s, failed, t->run, &names, &unused) < 0)
		return;
	for (size_t i = 0, told = 0; i < names.count && told < COMPLETE_MAILS; i++) {
		struct arena scratch = {.block = NULL};
		const char *note = "";
		struct entry e;

		if (strncmp(names.name[i], t->last + strlen(before), strlen(t->last) - strlen(before)) != 0)
			continue;
		told++;
		if (spool_look(s, failed, &scratch, names.name[i], &e, &unused) == SPOOL_SEEN && e.envelope.recipients)
			note = e.envelope.recipient[0].address;
		offer(t, before, slice_of(names.name[i]), note);
		arena_free(&scratch);
	}
}

/* Names of mails: what is held or released waits, what is removed may also have been given up. */
static void offer_mails(const struct typed *t, const char *before, enum mode mode)
{
	struct options o = {.mode = MODE_MAILQ, .config = config_of(t)};
	struct failure unused;
	struct spooluser k;

	if (!config_is_file(o.config))
		return;
	if (spooluser_open(&k, &o, t->run, &unused) == 0 && k.there) {
		offer_folder(t, before, &k.spool, false);
		if (mode == MODE_REMOVE)
			offer_folder(t, before, &k.spool, true);
	}
	spooluser_close(&k);
}

static void offer_values(const struct typed *t, const char *before, const struct option *o)
{
	struct slice value = slice_of(o->value);

	if (o->does.mode != MODE_SEND)
		offer_mails(t, before, o->does.mode);
	else if (o->letter == 'b')
		for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
			offer(t, before, slice_of(modes[i].letter), modes[i].note);
	else if (slice_begins(value, "FILE") || slice_is(value, "LEDGER"))
		fputs(":files\n", t->out);
	else if (slice_is(value, "FOLDER"))
		fputs(":folders\n", t->out);
	else if (slice_is(value, "USER"))
		fputs(":users\n", t->out);
	else if (slice_is(value, "ACCOUNT"))
		offer_accounts(t, before);
	else if (strchr(o->value, '|'))
		offer_words(t, before, o->value);
}

/* A setting as an option is written: with hyphens. */
static const char *spelled(struct arena *in, const char *name)
{
	char *option = arena_printf(in, "--%s", name);

	for (char *p = option; *p; p++)
		*p = *p == '_' ? '-' : *p;
	return option;
}

/* What stands beside an option: its meaning, or what its value is. */
static const char *note_of(const struct option *o)
{
	struct option same;

	if (find_letter(o->does.same, &same))
		return same.note;
	return *o->note ? o->note : o->value;
}

static void offer_options(const struct typed *t)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		const struct option *o = &options[i];

		if (strcmp(o->line, "UNTOLD") == 0)
			continue;
		if (o->word)
			offer(t, "--", slice_of(o->word), note_of(o));
		else
			offer(t, "-", (struct slice){&o->letter, 1}, o->note);
	}
	for (unsigned s = 0; s < SETTINGS; s++) {
		const char *option = spelled(t->run, setting_name((enum setting)s));

		/* Some, as --to, are both: the option of a message counts. */
		if (!setting_is_secret((enum setting)s) && !flag_of_word(option + 2, strlen(option + 2)))
			offer(t, "", slice_of(option), setting_summary((enum setting)s));
	}
}

/* The word begins with a hyphen: an option, with its value where that stands in the same word. */
static void offer_hyphen(const struct typed *t)
{
	struct slice rest = slice_of(t->last), name;
	struct option o;

	if (t->last[1] == '-' && slice_cut(&rest, '=', &name)) {
		if (find_word((struct slice){name.p + 2, name.len - 2}, &o) && (o.takes || strchr(o.value, '|')))
			offer_values(t, arena_printf(t->run, "%.*s=", (int)name.len, name.p), &o);
		return;
	}
	offer_options(t);
	if (t->last[1] != '-' && find_letter(t->last[1], &o) && o.takes && (o.letter == 'b' || strchr(o.value, '|')))
		offer_values(t, (char[]){'-', o.letter, '\0'}, &o);
}

void complete_print(FILE *out, char *const *words, struct arena *run)
{
	struct typed t = {.out = out, .run = run, .mode = MODE_SEND};
	struct option o;

	log_quiet();
	read_words(&t, words);
	if (t.awaits.value) {
		offer_values(&t, "", &t.awaits);
		return;
	}
	if (!t.ended && *t.last == '-') {
		offer_hyphen(&t);
		return;
	}
	if (t.mode != MODE_SEND)
		offer_mails(&t, "", t.mode);
	else if (t.files)
		fputs(":files\n", out);
	/* In "--tls off" the word is the setting's value. */
	else if (!t.ended && t.before && strncmp(t.before, "--", 2) == 0 && find_word(slice_of(t.before + 2), &o) && !o.takes && strchr(o.value, '|'))
		offer_words(&t, "", o.value);
}
