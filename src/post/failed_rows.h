/*
 * post/failed_rows - the rows of an input that were refused, as a file that is an input itself once it is mended
 *
 * Use: if (failed_rows_open(&w, &order, f) < 0) ...; failed_rows_add(w, cell, &why, f); failed_rows_close(w, f).
 * The input's columns, and behind them mysend_code, mysend_text and mysend_status; columns of these names in the input, which is
 * such a file then, make place for the new ones. The file takes its place whole, when it is closed. One that is there and another,
 * perhaps mended by hand meanwhile, is kept as FILE~; so is one that is there when no row was refused.
 *
 * Owns: its temporary file, until failed_rows_close or failed_rows_drop. Bounds: none. Errors: AT_INPUT; EX_TEMPFAIL for a full
 * disk, else EX_CANTCREAT. Threads: whoever holds it. Source: RFC 4180 2.
 */
#ifndef POST_FAILED_ROWS_H
#define POST_FAILED_ROWS_H

#include "base/arena.h"
#include "base/bytes.h"

struct failed_rows;

struct failed_rows_order {
	const char *path;	    /* of the file that is to be */
	char separator;		    /* the input's */
	bool mark;		    /* the input begins with a byte order mark: some spreadsheets know UTF-8 by nothing else */
	const struct slice *column; /* the input's */
	size_t columns;
};

struct failed_row_why {
	const char *code, *text, *status;
};

MUST_CHECK int failed_rows_open(struct failed_rows **out, const struct failed_rows_order *o, struct failure *f);
/* The cells of a row, as many as there are columns. */
MUST_CHECK int failed_rows_add(struct failed_rows *w, const struct slice *cell, const struct failed_row_why *why, struct failure *f);
MUST_CHECK int failed_rows_close(struct failed_rows *w, struct failure *f);
void failed_rows_drop(struct failed_rows *w); /* what is there stays */

#endif
