/*
 * base/environment - variables that would have a library load code, or read a file, of whoever set them
 *
 * Who may set a variable for a program that sends mail is not always who runs it (PHP's putenv, sudo -E). Such variables
 * are taken out before any library has looked; a host's own configuration of its libraries is read as ever.
 *
 * Use: environment_clean(), first of all in main. Owns: nothing. Bounds: none. Errors: none. Threads: one, before any other.
 * Source: openssl-env(7), tzset(3), hostname(7), iconv_open(3). BUGS: GnuTLS reads its own when it is loaded, before main.
 */
#ifndef BASE_ENVIRONMENT_H
#define BASE_ENVIRONMENT_H

void environment_clean(void);

#endif
