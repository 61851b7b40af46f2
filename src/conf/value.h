/*
 * conf/value - what the value of a setting may be: words to numbers, choices and checked texts
 *
 * Use: value_count(v, 1, 65535, &port); value_choice("on|off", v); a TEXT(kind) row names one of the kinds.
 * A kind gets a copy of its own and returns the text to keep, there or in the arena; NULL: not such a text.
 * Control characters are refused before.
 *
 * Owns: nothing. Units: seconds, octets. Bounds: a host name has 255 octets.
 * Errors: -1, NULL: the caller knows file and line. Threads: any.
 * Source: RFC 1123 2.1 (names), RFC 5321 4.1.2 (addresses), CURLOPT_PINNEDPUBLICKEY(3).
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"

/* Digits only. */
MUST_CHECK int value_count(struct slice v, unsigned least, unsigned most, unsigned *out);
/* 30, 30s, 5m, 2h, 1d; off is the most. */
MUST_CHECK int value_seconds(struct slice v, unsigned least, unsigned most, unsigned *out);
/* 5000, 500k, 20M or 2G (1,024 of the next smaller); off is 0. */
MUST_CHECK int value_bytes(struct slice v, uint64_t least, uint64_t most, uint64_t *out);
/* The place of v, ASCII case aside, in "a|b|c", or -1. */
int value_choice(const char *words, struct slice v);
struct slice value_word(const char *words, unsigned place);
/* Letters, digits, hyphens, underscores and dots, none of them at the wrong end. */
bool value_has_port(struct slice v); /* HOST:PORT, with a number behind the colon */
bool value_is_name(const char *text);

typedef const char *value_kind(struct arena *in, char *v);

value_kind kind_text;
value_kind kind_line;	   /* a text for people: a tab becomes a space */
value_kind kind_command;   /* a tab stays */
value_kind kind_word;	   /* no blanks */
value_kind kind_path;	   /* ~/ is expanded when the account is settled */
value_kind kind_trust;	   /* the same; "system" becomes "" */
value_kind kind_host;	   /* a name or an address, brackets aside */
value_kind kind_name;	   /* the same, or "" */
value_kind kind_ip;	   /* an IP address */
value_kind kind_url;	   /* no blanks; a password in it is not shown */
value_kind kind_pop;	   /* pop3:// or pop3s:// and a host */
value_kind kind_pin;	   /* sha256//BASE64, several with ; between them, or a file */
value_kind kind_sender;	   /* an address or a pattern */
value_kind kind_address;   /* one mail address */
value_kind kind_addresses; /* one mail address or more */
value_kind kind_charset;   /* the name of a charset */
value_kind kind_notify;	   /* as -N takes it, or off */
value_kind kind_returns;   /* as -R takes it, or off */
value_kind kind_offers;	   /* words of mail/offers */

#endif
