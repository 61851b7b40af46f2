/*
 * intake/attach_once - a file that all mails of a run have: it is read, typed and encoded once, and they share it
 *
 * Use: attach_once_open(&o, "terms.pdf", &sum, f), where sum, unless it is NULL, is that of all octets; a struct draft_file with
 * .once = o is then the same file in any number of drafts. attach_once_part(o, &part, &file, &said, &asked, f) is what intake/draft_attach
 * calls. attach_once_close(o) when no mail is left; it may be NULL.
 *
 * Owns: the file as it was read, and as it is encoded: in memory up to ATTACH_ONCE_MEMORY octets, else in files without names; an
 * account's type of it. Sources of parts read from these, each by itself. Bounds: those, for each file.
 * Errors: as intake/content and intake/attach_type. Threads: one, but sources of different mails may be read by several.
 */
#ifndef INTAKE_ATTACH_ONCE_H
#define INTAKE_ATTACH_ONCE_H

#include "base/sha256.h"
#include "intake/attach_type.h"

enum { ATTACH_ONCE_MEMORY = 1024 * 1024 };

struct attach_once;

MUST_CHECK int attach_once_open(struct attach_once **out, const char *path, struct sha256 *sum, struct failure *f);
/* Fills in type, charset and the encoded content. */
MUST_CHECK int attach_once_part(struct attach_once *o, struct part *p, const struct draft_file *a, const struct media *said,
				const struct attach_asked *asked, struct failure *f);
void attach_once_close(struct attach_once *o);

#endif
