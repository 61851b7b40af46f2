/*
 * wire/certificate - what a relay's certificate says: for which names it is, who has signed it, and when
 *
 * libcurl keeps that only where it is told to before it connects (certificate_want), and no session of a mail needs it. Where the
 * certificate was refused, OpenSSL's libcurl knows nothing more of it: certificate_look opens another connection, trusts nothing that
 * comes over it, sends no name, no password and no mail, and closes it once it is encrypted.
 *
 * Use: certificate_want(h); curl_easy_perform(h); if (certificate_of(h, &c)) ... c.until ...; or if (certificate_look(account, "box", &c)) ...
 * Owns: nothing; a value, printable, cut where a field ends; of names, none is cut. Units: seconds since 1970; 0: not told.
 * Bounds: certificate_look: CERTIFICATE_SECONDS. Errors: false: this TLS library, or this relay, does not tell.
 * Threads: one handle, one thread. Source: CURLINFO_CERTINFO(3); RFC 5280 4.1.2.5, 4.2.1.6.
 */
#ifndef WIRE_CERTIFICATE_H
#define WIRE_CERTIFICATE_H

#include <time.h>

#include "conf/settings.h"
#include "wire/libcurl.h"

enum { CERTIFICATE_SECONDS = 5 };

struct certificate {
	char names[160];   /* "mail.example.org, *.example.org": the alternative names, else the subject's CN, as far as they are names of hosts */
	char subject[160]; /* as the TLS library writes it */
	char issuer[160];
	time_t from, until;
};

void certificate_want(CURL *h);
/* Of the connection that curl_easy_perform has opened, or tried to. */
bool certificate_of(CURL *h, struct certificate *c);
/* ehlo: the name to say in EHLO, which comes before STARTTLS. */
bool certificate_look(const struct account *a, const char *ehlo, struct certificate *c);

#endif
