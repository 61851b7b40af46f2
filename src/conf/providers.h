/*
 * conf/providers - where large providers take mail of their users, and what they want as a login
 *
 * Use: p = provider_of_domain("gmail.com"); if (!p) p = provider_of_exchanger("aspmx.l.google.com"); p->relay is a URL.
 * provider_of_host("smtp.gmail.com"): whose relay that is.
 *
 * Owns: nothing; all of it is static. Errors: NULL: none that is known. Threads: any. Source: providers.def, with the source and
 * the date of each row; it grows old, so what stands there is said to the user with its date.
 */
#ifndef CONF_PROVIDERS_H
#define CONF_PROVIDERS_H

enum provider_user {
	USER_ADDRESS, /* one logs in with the address */
	USER_LOCAL,   /* with what stands before the @ */
	USER_OWN,     /* with a name that the provider gives */
};

enum provider_secret {
	SECRET_PASSWORD, /* of the mailbox */
	SECRET_APP,	 /* of this program alone, made for it */
	SECRET_LOGIN,	 /* OAuth2 of Microsoft's, for persons: passwords are not taken */
	SECRET_TENANT,	 /* OAuth2 of Microsoft's, at the tenant that the domain belongs to: passwords are hardly taken */
	SECRET_KEY,	 /* of an interface for programs */
};

struct provider {
	const char *name, *domains, *exchangers, *relay, *hosts; /* providers.def */
	enum provider_user user;
	enum provider_secret secret;
	const char *note; /* what else there is to know; "" */
	const char *date; /* of the source */
};

/* Names are compared without case. */
const struct provider *provider_of_domain(const char *domain);
const struct provider *provider_of_exchanger(const char *host);
const struct provider *provider_of_host(const char *host);

#endif
