/*
 * wire/idn - domains beyond ASCII as A-labels, which every relay and every field can have
 *
 * Use: idn_address(arena, "joe@bücher.example") is "joe@xn--bcher-kva.example". libcurl knows how: it does the same with
 * the names it connects to (UTS 46, by libidn2), so that there is one opinion on it in the program.
 *
 * Owns: nothing; texts in the arena. Units: UTF-8 in. Bounds: labels of 63 octets, as libcurl has it.
 * Errors: NULL: the local part is not ASCII, or a label cannot be written so, or idn_is_missing: this libcurl cannot, it
 * is older than 7.88 or was built without IDN.
 * Threads: any. Source: RFC 5890 2.3.2.1, RFC 5891 4.4; curl_url_get(3), CURLU_PUNYCODE.
 */
#ifndef WIRE_IDN_H
#define WIRE_IDN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/failure.h"

const char *idn_address(struct arena *in, const char *address);
/* The same where the domain can be converted, else the address unchanged, which then needs SMTPUTF8. */
const char *idn_address_or_same(struct arena *in, const char *address);
/* To be called before an address goes into a header, which is never converted again: -1, AT_INPUT, EX_TEMPFAIL, where libcurl
 * cannot be loaded just now, so that idn_address would fail. Addresses of the envelope are converted anew for each relay. */
MUST_CHECK int idn_ready(const char *address, struct failure *f);
bool idn_is_missing(void);

#endif
