/*
 * wire/curl_setup - a libcurl handle set up from an account, and what its failures mean
 *
 * Use: curl_setup_new(&h, account, use_ssl, from_start, words, f); set URL and callbacks; curl_easy_perform(h); on error
 * curl_setup_failure(h, code, at, words, f). Shared by the SMTP session and POP before SMTP.
 * In curl_setup.c: network; in login.c: login; in tls.c: TLS; in fault.c: curl_setup_failure; what a session adds to that: explain.c.
 *
 * Owns: the caller owns the handle (curl_easy_cleanup). words: CURL_ERROR_SIZE octets, the caller's, as long as the handle.
 * Units: as the account's. Errors: AT_CONFIG EX_CONFIG for what this libcurl lacks; curl_setup_failure maps
 * the rest to stage and sysexits. Threads: one handle, one thread.
 * Source: libcurl's CURLOPT_ and libcurl-errors(3) pages; mysend-compat(7), STATUS.
 */
#ifndef WIRE_CURL_SETUP_H
#define WIRE_CURL_SETUP_H

#include "conf/credential.h"
#include "wire/command.h"
#include "wire/setopt.h"
#include "wire/transcript.h"

/* How the login goes, settled before anything is sent. */
struct login {
	bool wanted;	      /* the account has a name to log in with */
	bool in_clear;	      /* the password may go without TLS */
	bool plain_first;     /* libcurl chooses the mechanism; an initial response is sent if PLAIN is offered */
	enum token_of token;  /* the password is a token */
	const char *ours;     /* the mechanisms that libcurl may choose from: "AUTH=PLAIN;AUTH=LOGIN" */
	struct credential password; /* taken from conf/credential; without text no password is needed */
};

/* A limit of our own on curl_easy_perform: libcurl up to 8.5 looks at its limits between two reads only, and reads for
 * as long as the relay sends a line without an end. */
struct limit {
	int64_t until; /* of clock_steady */
	bool passed;
};

void limit_start(struct limit *l, const struct account *a);
void limit_look(struct limit *l, CURL *h); /* of a debug function: when it has passed, the connection ends */

/* use_ssl: libcurl's CURLUSESSL_; from_start: TLS before the first word. With neither, nothing is to be encrypted. */
MUST_CHECK int curl_setup_new(CURL **out, const struct account *a, long use_ssl, bool from_start, char *words, struct failure *f);
/* What the user has to keep for the login, as *password: the password, or the secret that tokens are fetched with; without text none is
 * needed. *wanted: it logs in at all. */
MUST_CHECK int curl_setup_secret(const struct account *a, struct credential *password, bool *wanted, struct failure *f);
/* smtp://HOST:PORT/EHLO-NAME; with another name to check the certificate for, that one goes into the URL, and *to has HOST:PORT for
 * the connection: the caller's, to free behind it (slist_free_all). */
MUST_CHECK int curl_setup_address(CURL *h, struct arena *in, const struct account *a, const char *name, struct curl_slist **to, struct failure *f);
/* Also takes what the account logs in with, and shows the tracer (or NULL) how a token is fetched for it. */
MUST_CHECK int curl_setup_login(CURL *h, const struct account *a, const struct tracer *w, struct login *login, struct failure *f);
void curl_setup_offered(CURL *h, const struct login *login, const struct caps *c); /* EHLO has been answered */
/* The first of the relay's mechanisms that this libcurl could take if the setting auth named it, in the setting's spelling; false: none. */
bool curl_setup_could(struct slice offered, char *to, size_t room);
/* The line of a configuration that has TLS from the start, or STARTTLS, at that port: "relay smtps://HOST:PORT". */
void curl_setup_line(char *to, size_t room, const struct account *a, bool from_start, unsigned port);
/* For a progress callback, about once a second: true ends libcurl's part, since we are told to end. */
bool curl_setup_must_end(CURL *h);
void curl_setup_forget(CURL *h); /* wipes name and password, once they have been used */
MUST_CHECK int curl_setup_pop_login(CURL *h, const struct account *a, struct failure *f); /* POP3 */
/* The account's proxy, source_ip and ip, for a connection to the relay or to another host; direct: without the proxy. */
void curl_setup_network(CURL *h, const struct account *a, bool direct, struct setopt *s);
/* The authorities that the account trusts, for a connection to the relay or to another host. */
MUST_CHECK int curl_setup_trust(CURL *h, const struct account *a, struct setopt *s, struct failure *f);
/* Certificates and versions; AT_CONFIG EX_CONFIG where this libcurl has no TLS. */
MUST_CHECK int curl_setup_tls(CURL *h, const struct account *a, struct setopt *s, struct failure *f);
bool curl_setup_trusts_nobody(const struct account *a); /* no authority is named, and this host has none in the usual places */
bool curl_setup_tls_from_start(const struct account *a);
long curl_setup_use_ssl(const struct account *a);
bool curl_setup_is_local(const struct account *a); /* what is said to the relay never leaves this host */
bool curl_setup_is_clear(const struct account *a); /* nothing of the session is to be encrypted */
bool curl_setup_is_encrypted(CURL *h);	       /* a TLS session is there; to be asked during curl_easy_perform only */
int curl_setup_failure(CURL *h, CURLcode code, enum stage at, const char *words, struct failure *f);

#endif
