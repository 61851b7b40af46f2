/*
 * cli/complete - mysend --complete WORD ...: what the last word of a command line may become, for the completion of a shell
 *
 * Printed is a candidate a line, whole words as they would be typed, with a tab and a description behind those that have one. A line
 * ":files", ":folders" or ":users" leaves it to the shell to complete those; where the word is --name=VALUE, VALUE. The files in
 * contrib/completion know no names: all come out of flags.def, settings.def, the configuration and the spool.
 * Use: complete_print(out, words, run), words being argv behind --complete, up to its NULL.
 *
 * Owns: nothing. Bounds: COMPLETE_MAILS names of mails, the oldest first. Errors: none are told: a configuration or a spool that cannot
 * be read offers nothing. No command of the configuration is run, nobody is asked over the network, and no secret is printed.
 * Threads: one. Source: mysend(1).
 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include <stdio.h>

#include "base/arena.h"

enum { COMPLETE_MAILS = 200 };

void complete_print(FILE *out, char *const *words, struct arena *run);

#endif
