/*
 * wire/handle - a libcurl handle set up from an account, and what its failures mean
 *
 * Use: CURL *h = handle_new(account, &secure, f); set URL and callbacks; curl_easy_perform(h); on error
 * handle_failure(h, code, at, f). Shared by the SMTP session and POP before SMTP.
 *
 * Owns: the caller owns the handle (curl_easy_cleanup).
 * Units: as the account's. Errors: AT_CONFIG EX_CONFIG for what this libcurl lacks; handle_failure maps
 * the rest to stage and sysexits. Threads: one handle, one thread.
 * Source: libcurl's CURLOPT_ and libcurl-errors(3) pages; COMPAT.md 9 (statuses).
 */
#ifndef WIRE_HANDLE_H
#define WIRE_HANDLE_H

#include <curl/curl.h>

#include "conf/settings.h"
#include "wire/command.h"

/* How the login goes, settled before anything is sent. */
struct login {
	bool wanted;	      /* there is a name to log in with */
	bool in_clear;	      /* the password may go without TLS */
	bool plain_first;     /* libcurl chooses: an initial response is wanted if PLAIN is offered */
	const char *password; /* secret.c's; NULL: none needed */
};

MUST_CHECK int handle_new(CURL **out, const struct account *a, const char *words, struct failure *f);
MUST_CHECK int handle_login(CURL *h, const struct account *a, struct login *login, struct failure *f);
void handle_offered(CURL *h, const struct login *login, const struct caps *c); /* EHLO has been answered */
MUST_CHECK int handle_mailbox_login(CURL *h, const struct account *a, struct failure *f); /* POP3 */
MUST_CHECK int handle_tls(CURL *h, const struct account *a, struct failure *f); /* certificates and versions */
bool handle_tls_from_start(const struct account *a);
long handle_use_ssl(const struct account *a);
unsigned handle_port(const struct account *a);
int handle_failure(CURL *h, CURLcode code, enum stage at, const char *words, struct failure *f);

#endif
