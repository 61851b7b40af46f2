/*
 * base/csv - cells as a CSV file has them
 *
 * Use: csv_cell(&buf, slice, ',') appends one cell, quoted if it has to be; separators and line ends are the caller's.
 * Owns: nothing. Errors: -1 when the buf is full. Threads: any. Source: RFC 4180 2.
 */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/bytes.h"

MUST_CHECK int csv_cell(struct buf *out, struct slice cell, char separator);

#endif
