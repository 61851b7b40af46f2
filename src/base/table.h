/*
 * base/table - the rows of a CSV file (RFC 4180), one at a time
 *
 * The first line holds the names of the columns. What stands between cells (a comma, a semicolon or a tab) is whichever that line has
 * most of, or what a line "sep=;" in front of it says, as Excel has it. Lines end in LF, CRLF or CR; a cell in quotes may hold
 * line ends and doubled quotes. A byte order mark goes; one of UTF-16 or UTF-32 says the charset. Rows without a word in them are
 * passed over: spreadsheets leave some behind the last one.
 *
 * Use: struct table t; table_open(&t, arena, fd, "latin1", f); while ((got = table_next(&t, f)) != 0) with t.cell[0 to t.columns - 1]
 * and t.line, where got is 1; table_rewind(&t, f) begins anew; table_close(&t) in the end, whatever table_open said.
 * A charset that is NULL is UTF-8.
 *
 * Own, and no library: libcsv 3.0.3, the only one for C in Debian 12, finds no separator and no charset, tells of an error neither
 * line nor column, knows of no short row, and calls back, where rows are asked for here.
 *
 * Owns: the converter of the charset, two buffers and, where fd cannot be read twice (a pipe), a file without a name with what came;
 * not fd. Names are in the arena. Cells are the table's, until the next call.
 * Bounds: memory is that of one row, which has TABLE_ROW_MAX octets at most and TABLE_COLUMNS_MAX cells.
 * Errors: AT_INPUT. EX_DATAERR with line and column for what is no table. -1 of table_next: this row is bad, *f says why and t.line
 * where; the next call goes on behind it, unless t.lost is set: then the rest cannot be told apart, or read, and is taken for the end.
 * EX_IOERR for what cannot be read; EX_TEMPFAIL where somebody has written to the file since table_open, so that halves of rows could be
 * read; EX_OSERR, EX_TEMPFAIL for the file without a name.
 * Threads: whoever holds it. Source: RFC 4180 2; RFC 3629 6.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <sys/stat.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/unicode.h"

enum { TABLE_ROW_MAX = 1024 * 1024, TABLE_COLUMNS_MAX = 4096 };

struct table {
	struct slice *name; /* of the columns, trimmed */
	size_t columns;
	struct slice *cell; /* of the row at hand: as many as there are columns */
	size_t line;	    /* in which it begins, from 1 */
	bool whole;	    /* the row at hand has its cells */
	bool marked;	    /* the file begins with a byte order mark */
	bool lost;	    /* nothing more can be had */
	char separator;
	/* The rest is table.c's. */
	struct arena *in;
	const char *charset; /* "UTF-8", or as it is called */
	bool named;	     /* by the caller */
	int fd, own;	     /* own: the file without a name, or -1 */
	uint64_t begin, offset;
	struct stat opened; /* the file as it was at table_open */
	bool changed;	    /* and is no more */
	struct unicode unicode;
	struct buf text;     /* a piece of the file, in UTF-8 */
	size_t at;	     /* what of it was read */
	size_t counted, column; /* of what was read, so much is counted; the column of what comes then */
	size_t here;	     /* the line that is being read */
	bool ended, foreign; /* no more octets come; since those that do are none of the charset */
	int error;	     /* errno of reading, or 0 */
	struct buf row;	     /* the octets of its cells */
	size_t *stop, cells, room; /* where in it each one ends */
};

MUST_CHECK int table_open(struct table *t, struct arena *in, int fd, const char *charset, struct failure *f);
/* 1: a row; 0: there are no more; -1: a bad one. */
MUST_CHECK int table_next(struct table *t, struct failure *f);
MUST_CHECK int table_rewind(struct table *t, struct failure *f);
void table_close(struct table *t);

#endif
