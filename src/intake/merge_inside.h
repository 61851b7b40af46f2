/*
 * intake/merge_inside - what the files of intake/merge have in common; nobody else includes it
 *
 * merge_read.c reads templates and options, merge.c makes a message of them and a row. Use: merge_read_all(m, f), once the table is open.
 *
 * Owns: nothing. Errors: as intake/merge. Threads: one.
 */
#ifndef INTAKE_MERGE_INSIDE_H
#define INTAKE_MERGE_INSIDE_H

#include "intake/attach_once.h"
#include "intake/merge.h"
#include "mail/template.h"
#include "mail/template_ready.h"

struct merge_field {
	enum draft_kind kind;
	const char *spelled;
	const char *name; /* of a --header; else NULL */
	struct template *value;
};

enum { FILE_TEXTS = 5 };

struct merge_file {
	const char *spelled;
	struct template *text[FILE_TEXTS]; /* path, type, name, disposition, id; NULL: not said */
	bool inlined, moves; /* its path has a column in it */
	struct attach_once *once; /* own: where neither its path nor its type has */
};

struct merge {
	struct arena *run;
	struct merge_order order;
	struct table table;
	int fd; /* of the table; -1: not open */
	bool takes_input; /* standard input is the table, a template or a file */
	struct template *text, *html;
	struct template_ready *ready; /* in place of text */
	bool mail; /* the text begins with a header */
	struct draft same; /* what each message has in common */
	struct merge_field *field;
	struct merge_file *file;
	struct template *unsubscribe;
	size_t fields, field_room, files, file_room;
	struct sha256 sum; /* of templates, options and the files that all have */
	struct buf out;
};

/* What a failure calls a file. */
const char *merge_shown(const char *path);
/* With the row's values; NULL: it cannot be. */
char *merge_render(struct merge *m, const struct template *t, struct arena *in, struct failure *f);
/* All but the table. */
MUST_CHECK int merge_read_all(struct merge *m, struct failure *f);

#endif
