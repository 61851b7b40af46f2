/*
 * intake/merge - a message for each row of a table: templates, with the row's values in them
 *
 * Use: fill a struct merge_order; struct merge *m; merge_open(&m, run, &order, f); then, with a job that is all zero and a request,
 * while ((got = merge_next(m, &request, &job, f)) != 0), where got is 1: intake_take(&n, &job, &request, f) makes a mail of it.
 * Any number of rows can be asked for, and merge_rewind(m, f) begins anew, so that all are looked at before one is sent.
 * merge_close(m), whatever merge_open said; it may be NULL.
 *
 * Who gets it stands in the header: the template's own, or what --to and its kind say, as with -t. What an option says takes the
 * place of the template's field; one that comes to nothing is left out. Without options for fields a text begins with its
 * header; with them it does where its first line is a field that is used in mail. A message that is ready, of several parts or encoded, is
 * a template, too (mail/template_ready).
 *
 * Owns: the table and its descriptor, and a buffer; texts are in run; what is the row's is in the job's arena. Bounds: a template has
 * MERGE_TEMPLATE octets at most, a message of it MERGE_MESSAGE, files aside; memory is that of one row and its message.
 * Errors: AT_INPUT: the file, line and column of the template, or the file and line of the row. -1 of merge_next: this row is bad,
 * the next can be had, unless merge_table(m)->lost is set. AT_USAGE for options. Threads: one.
 * Source: RFC 8058 3.1, RFC 2369 3.2 (List-Unsubscribe).
 */
#ifndef INTAKE_MERGE_H
#define INTAKE_MERGE_H

#include "base/sha256.h"
#include "base/table.h"
#include "intake/request.h"

enum { MERGE_TEMPLATE = 16 * 1024 * 1024, MERGE_MESSAGE = 64 * 1024 * 1024 };

struct merge_option { /* --to, --subject, --header, --attach ...: what draft_option takes */
	enum draft_kind kind;
	const char *spelled, *value;
};

struct merge_order {
	const char *table, *text, *html; /* files; "-": standard input; text or html may be NULL */
	const char *charset;		 /* of the table, and of templates that are not UTF-8; or NULL */
	const char *unsubscribe;	 /* the URL, with columns; or NULL */
	const struct merge_option *option;
	size_t options;
	const struct request *request; /* what is asked for all of them */
};

struct merge;

MUST_CHECK int merge_open(struct merge **out, struct arena *run, const struct merge_order *order, struct failure *f);
/* 1: *r and j->message are the next row's; 0: there are no more; -1: the row is bad. r->draft is made anew. */
MUST_CHECK int merge_next(struct merge *m, struct request *r, struct job *j, struct failure *f);
MUST_CHECK int merge_rewind(struct merge *m, struct failure *f);
/* Of all that a message is made of but its row: templates, options, files that are the same for all, sender and name of the request. */
void merge_digest(const struct merge *m, char to[SHA256_HEX]);
const struct table *merge_table(const struct merge *m);
void merge_close(struct merge *m);

#endif
