/*
 * intake/draft - a message from the shell: what --subject, --to, --attach and their kind ask for
 *
 * Use: draft_option(...) for each such option, as it is read; then, with the text read, draft_fields(&draft, &job, true, f): fields
 * take the place of the text's own of that name; and once the account is known draft_texts(&draft, &job, &charsets, f), then
 * draft_defaults(&job, &charsets, f) (fields that it gives to who has none) and draft_compose(&draft, &job, types, f) (the body
 * and its parts). intake_take does.
 *
 * Owns: nothing: texts are argv's or the arena's; files are held by the message.
 * Bounds: a field has 1 MiB at most. Errors: AT_USAGE for an option (64, 65 for what is in it); AT_INPUT EX_NOINPUT for
 * a file that cannot be read, EX_DATAERR for a text that has a field twice. Threads: one.
 * Source: RFC 5322 3.6; mysend(1), "A message from the shell".
 */
#ifndef INTAKE_DRAFT_H
#define INTAKE_DRAFT_H

#include "intake/charset.h"
#include "mail/filetype.h"
#include "post/job.h"

enum draft_kind {
	DRAFT_ARGUMENT, DRAFT_SUBJECT, DRAFT_TO, DRAFT_CC, DRAFT_BCC, DRAFT_REPLY_TO, DRAFT_HEADER, DRAFT_ATTACH, DRAFT_INLINE, DRAFT_HTML,
	DRAFT_CHARSET, DRAFT_PRIORITY, DRAFT_DATE, DRAFT_MESSAGE_ID, DRAFT_IN_REPLY_TO, DRAFT_REFERENCES, DRAFT_PLAIN
};

struct draft_field {
	const char *name, *value;
	enum draft_kind kind;
};

struct attach_once;

struct draft_file {
	const char *path, *type, *name, *disposition, *id; /* NULL: as the file itself tells */
	bool inlined; /* --inline */
	struct attach_once *once; /* the file was read before, for all mails of a run (intake/attach_once); NULL: it is read now */
};

/* Warnings that many mails of a run may give. */
enum draft_warning { DRAFT_WARNS_NULS = 1, DRAFT_WARNS_LONG = 2, DRAFT_WARNS_SHOWN = 4, DRAFT_WARNS_TWICE = 8, DRAFT_WARNS_LINK = 16 };

struct draft {
	bool used;
	struct draft_field *field;
	struct draft_file *file;
	size_t fields, field_room, files, file_room;
	const char **argument; /* recipients that are arguments, and not named by an option */
	size_t arguments, argument_room;
	const char *html, *charset; /* or NULL */
	struct slice html_text; /* what stands in html, if p is not NULL: it is not read then (intake/merge) */
	bool takes_input; /* standard input is one of its files */
	unsigned *told; /* which warnings the run has given: each is given once; NULL: each mail gives its own */
};

/* The recipients that the option names, as a list; or "". */
const char *draft_recipients(struct arena *run, enum draft_kind kind, const char *value);
MUST_CHECK int draft_option(struct draft *d, struct arena *run, enum draft_kind kind, const char *spelled, const char *value,
			    struct failure *f);
/* In draft_fields.c. from_header: -t was given, so that the text begins with a header, whatever it looks like. */
MUST_CHECK int draft_fields(const struct draft *d, struct job *j, bool from_header, struct failure *f);
/* The warning is to be given, and counts as given from then on. */
bool draft_warns(const struct draft *d, enum draft_warning w);
/* The name of a field is used in mail; any other may be a word of a text. */
bool draft_field_is_of_mail(struct slice name);
/* Encodes fields that are not ASCII; called once the account is known, which may tell their charset. (For a message without
 * options: intake/raw_fields.) */
MUST_CHECK int draft_texts(const struct draft *d, struct job *j, const struct charsets *c, struct failure *f);
MUST_CHECK int draft_defaults(struct job *j, const struct charsets *c, struct failure *f);
struct media;
/* In draft_attach.c: the words behind the path can be meant so; *said is the type. */
MUST_CHECK int draft_file_check(const struct draft_file *a, struct media *said, struct arena *in, struct failure *f);
/* In draft_attach.c; does nothing where no option asks for a part. */
MUST_CHECK int draft_compose(const struct draft *d, struct job *j, struct filetypes *types, struct failure *f);

#endif
