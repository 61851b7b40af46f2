#include "conf/token_file.h"

#include <stdio.h>
#include <string.h>

#include "base/sha256.h"

enum { SHOWN = 100, DIGEST = 32 };

static bool ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), tail = strlen(suffix);

	return len >= tail && strcmp(name + len - tail, suffix) == 0;
}

/* A name that stands for itself has no capital letters, since some file systems take them for small ones, and no %, which every other
 * name has. */
static bool stands_for_itself(const char *account)
{
	return *account && *account != '.' && strlen(account) <= SHOWN && !account[strspn(account, "abcdefghijklmnopqrstuvwxyz0123456789-_@+.")] &&
	       !ends_in(account, TOKEN_FILE_LOCK) && !ends_in(account, TOKEN_FILE_NEW);
}

void token_file_name(char to[static TOKEN_FILE_NAME], const char *account)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_@+";
	char hex[SHA256_HEX];
	size_t len = 0;

	*to = '\0';
	if (stands_for_itself(account)) {
		snprintf(to, TOKEN_FILE_NAME, "%s", account);
		return;
	}
	for (const char *p = account; *p && len + 3 <= SHOWN; p++)
		len += (size_t)snprintf(to + len, TOKEN_FILE_NAME - len, strchr(fine, *p) ? "%c" : "%%%02x", (unsigned char)*p);
	sha256_hex(hex, slice_of(account));
	snprintf(to + len, TOKEN_FILE_NAME - len, "%%.%.*s", DIGEST, hex);
}
