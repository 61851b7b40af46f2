/*
 * intake/smtp_data - the text behind DATA: where it ends, and its doubled dots undone
 *
 * Only CRLF.CRLF ends it: a lone LF or CR is text, whatever stands around it, so that nobody can hide a second mail in
 * the first. With lf (a file whose lines end in LF) only LF.LF does.
 * Use: struct data d = {.lf = ...}; used = data_parse(&d, p, len, sink, ctx) until d.ended; used < len only at the end.
 *
 * Owns: nothing. The sink may change the octets it gets. Bounds: none. Errors: none; the sink keeps its own.
 * Threads: any. Source: RFC 5321 4.1.1.4, 4.5.2.
 */
#ifndef INTAKE_SMTP_DATA_H
#define INTAKE_SMTP_DATA_H

#include <stdbool.h>
#include <stddef.h>

struct data {
	bool lf;
	bool ended;
	enum { DATA_LINE, DATA_DOT, DATA_DOT_CR, DATA_TEXT, DATA_CR } at; /* a line begins; a dot at its beginning was held back; ... */
};

typedef void data_sink(void *ctx, char *p, size_t len);

size_t data_parse(struct data *d, char *p, size_t len, data_sink *sink, void *ctx);

#endif
