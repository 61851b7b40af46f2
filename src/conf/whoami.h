/*
 * conf/whoami - who runs us, on what host, and which domain local names have
 *
 * Nothing is looked up before it is asked for; the resolver only for the host's full name, only where the
 * kernel's own name has no dot, and once a process, for ten seconds at the most.
 *
 * Use: whoami_user(arena), whoami_mail_domain(arena, account), ...
 * Owns: nothing; texts live in the arena, or are the environment's or the process's. Bounds: a host name of 255 octets.
 * Errors: none: "" where nothing is known. Threads: one (getpwuid). Source: mysend-compat(7), LOCAL NAMES, HEADER AND SENDER.
 */
#ifndef CONF_WHOAMI_H
#define CONF_WHOAMI_H

#include "conf/settings.h"

/* The real user's login name; $USER or $LOGNAME count only where passwd has no entry; else the number. */
const char *whoami_user(struct arena *in);
const char *whoami_home(struct arena *in);	 /* $HOME if it is a full path that the user may enter (cron may hand on root's), else passwd's */
/* Puts that into the environment, for the commands of a configuration: cron leaves HOME out where it calls sendmail, and then a
 * shell reads no ~. Before there are threads. */
void whoami_give_home(struct arena *in);
const char *whoami_full_name(struct arena *in);	 /* GECOS up to the first comma, with & replaced by the login name */
const char *whoami_host(struct arena *in);	 /* as the kernel has it; "localhost" if it has none */
const char *whoami_full_host(struct arena *in);	 /* the host's full name, with a dot in it; or "" */
const char *whoami_mailname(struct arena *in);	 /* the first line of /etc/mailname, or "" */
const char *whoami_mail_domain(struct arena *in, const struct account *a); /* the domain of local names, or "" */
const char *whoami_rates(struct arena *in); /* where the state of rates is kept; "": nowhere */
const char *whoami_spool(struct arena *in, const struct account *a); /* where mail waits; "": nowhere */
const char *whoami_tokens(struct arena *in, const struct account *a); /* where tokens are kept; "": nowhere */
/* The address has no domain, or localhost or this host as its domain. host: what whoami_host says, asked once by who looks at many. */
bool whoami_is_local(struct arena *in, const char *host, const char *address);
const char *whoami_ehlo(struct arena *in, const struct account *a);	   /* our name in EHLO */

#endif
