/*
 * intake/attach_type - of which type and charset a file of --attach or --inline is sent
 *
 * What ;type= says counts, and libmagic (mail/filetype) is asked only for what that leaves open: the type, or the charset of a text/
 * type. It sees the beginning of the file, never its name. A type whose octets must not be encoded (message/, multipart/) is
 * refused where it is said, and application/octet-stream where it is found. Text in UTF-16 or UTF-32 becomes UTF-8. A text whose
 * octets are strict UTF-8 is UTF-8, whatever --charset says of the message's texts.
 * Use: attach_type_said(&said, arena, file, f); with the content at hand attach_type_tell(&asked, &part, file, &said, f).
 *
 * Owns: nothing. Bounds: FILETYPE_LOOK octets of each file. Errors: AT_USAGE EX_USAGE for what ;type= says, AT_INPUT for a file that
 * cannot be read or is not what its mark says. Threads: one. Source: RFC 2045 5.2, RFC 2046 4.1.1, 5.2.1; RFC 2781 3.3.
 */
#ifndef INTAKE_ATTACH_TYPE_H
#define INTAKE_ATTACH_TYPE_H

#include "intake/draft.h"
#include "mail/compose.h"
#include "mail/params.h"

struct attach_asked { /* who is asked, for all files of a message */
	struct charsets *charsets;
	struct filetypes *types;
	struct job *job;
	char *look; /* room for FILETYPE_LOOK octets */
};

/* What ;type= says; nothing in *said where there is none. */
MUST_CHECK int attach_type_said(struct media *said, struct arena *in, const struct draft_file *a, struct failure *f);
/* Type and charset of the part, whose content may be converted. */
MUST_CHECK int attach_type_tell(const struct attach_asked *asked, struct part *p, const struct draft_file *a, const struct media *said,
				struct failure *f);

#endif
