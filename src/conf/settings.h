/*
 * conf/settings - the table of settings, and one value of each
 *
 * Use: account_defaults(&a); account_set() once per word the user gave in one place (a section of a file, the
 * environment, the options); account_lay() of conf/relay puts one place over another. Values are checked as
 * they come in, so that a held account is valid.
 *
 * Owns: nothing. Texts are copied into the arena; the account dies with it. Secrets: conf/vault.
 * Units: SECONDS in seconds, BYTES in octets. Bounds: COUNT, SECONDS and BYTES have their range in the row.
 * Errors: 0, or -1 with *f naming file and line, variable or option: AT_CONFIG EX_CONFIG, for an option
 * AT_USAGE EX_USAGE. Threads: an account is only read once it is settled. Source: settings.def.
 */
#ifndef CONF_SETTINGS_H
#define CONF_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/bytes.h"

enum setting {
#define SETTING(name, type, dflt, arg, summary) SET_##name,
#include "conf/settings.def"
	SETTINGS
};

enum rank { RANK_DEFAULT, RANK_SYSTEM, RANK_USER, RANK_ENVIRONMENT, RANK_OPTION };

struct origin {
	enum rank rank;
	unsigned line;	  /* 0: not set in a file */
	const char *file; /* or the variable or option as spelled; outlives the account */
};

#define FIELD_FLAG bool
#define FIELD_COUNT(least, most) unsigned
#define FIELD_SECONDS(least, most) unsigned
#define FIELD_BYTES(least, most) uint64_t /* 0: off */
#define FIELD_TEXT(kind) const char * /* never NULL */
#define FIELD_SECRET unsigned	      /* a handle for vault_take; 0: not set */
#define FIELD_CHOICE(words) unsigned  /* place among the words */

struct account {
	unsigned id;	   /* unique in the process (conf/book); 0: not an account of a book */
	const char *name;  /* "default" for the nameless one */
	const char *config; /* full path of the file that was named in place of the usual ones; or NULL */
	bool config_lasts;  /* that file can be read again by a later run */
	bool reread;	    /* read from a file named by an earlier run: variables, options and credentials of this run do not count */
	const char *files; /* in words: which files were looked for, and what was found */
	const struct failure *unconfigured; /* the account names no relay, or cannot be used: the failure, with its hint; or NULL */
	const struct account *next; /* the account that `fallback` names, once book_fallbacks has linked it; or NULL */
#define SETTING(name, type, dflt, arg, summary) FIELD_##type name;
#include "conf/settings.def"
	struct origin origin[SETTINGS];
};

void account_defaults(struct account *a);
MUST_CHECK int account_set(struct account *a, struct arena *in, enum setting s, struct slice value,
			   const struct origin *from, struct failure *f);
void account_unset(struct account *a, enum setting s); /* back to the default */
void account_copy(struct account *to, const struct account *from, enum setting s);
/* The place of a TEXT in the account, to set another; NULL for any other type. */
const char **account_text(struct account *a, enum setting s);
/* Prints each setting with the place that set it; secrets as "(set)". */
void account_show(const struct account *a, FILE *out);

/* The setting of that keyword or long option ('-' and '_' alike; other names too), or SETTINGS. */
enum setting setting_find(const char *name, size_t len);
/* The keyword most like that one, or NULL. */
const char *setting_nearest(struct slice name);
const char *setting_name(enum setting s);
const char *setting_argument(enum setting s); /* the words of a CHOICE or FLAG, parted by |, or what its row calls the value */
const char *setting_summary(enum setting s);
bool setting_is_set(const struct account *a, enum setting s); /* set at some place, and not the built-in default */
/* The rules (base/trusted.h) for the file that the setting names; 0 where an option names the file. */
unsigned setting_rules(const struct account *a, enum setting s);
/* A FLAG or CHOICE is that word. */
bool setting_is(const struct account *a, enum setting s, const char *word);
bool setting_takes_word(enum setting s, struct slice word); /* a word of a CHOICE, or on and off of a FLAG */
bool setting_is_secret(enum setting s);
bool setting_holds_secret(const struct account *a, enum setting s); /* the setting is a SECRET, or a URL with a password */
bool setting_is_path(enum setting s);
static inline bool setting_is_command(enum setting s) /* which a shell runs */
{
	return s == SET_password_command || s == SET_oauth_assertion_command;
}
/* The keyword may stand without a value, which means on. */
bool setting_takes_optional(enum setting s);
/* "FILE:LINE", "--host", "MYSEND_HOST" or "default". */
const char *origin_text(const struct origin *o, char *to, size_t room);
/* The subject of an error message about a setting: "FILE:LINE: host", "--host" or "MYSEND_HOST". */
const char *origin_subject(const struct origin *o, enum setting s, char *to, size_t room);
/* Prints the table for --list-settings: name, argument, default, summary, separated by tabs. */
void settings_list(FILE *out);

#endif
