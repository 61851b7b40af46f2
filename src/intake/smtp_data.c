#include "intake/smtp_data.h"

#include <string.h>

/* Takes text in the middle of a line, up to where the next line begins, or to the end of the piece. */
static size_t take_text(struct data *d, char *p, size_t len)
{
	size_t i = 0;

	while (i < len) {
		char *lf = memchr(p + i, '\n', len - i);
		bool after_cr;

		if (!lf) {
			d->at = p[len - 1] == '\r' ? DATA_CR : DATA_TEXT;
			return len;
		}
		after_cr = lf > p ? lf[-1] == '\r' : d->at == DATA_CR;
		i = (size_t)(lf - p) + 1;
		if (d->lf || after_cr) {
			d->at = DATA_LINE;
			return i;
		}
	}
	d->at = DATA_TEXT;
	return i;
}

size_t data_parse(struct data *d, char *p, size_t len, data_sink *sink, void *ctx)
{
	char cr[] = "\r";
	size_t i = 0, text;

	while (i < len && !d->ended) {
		switch (d->at) {
		case DATA_LINE:
			d->at = p[i] == '.' ? DATA_DOT : DATA_TEXT;
			i += p[i] == '.';
			continue;
		case DATA_DOT:
			if (p[i] == (d->lf ? '\n' : '\r')) {
				d->ended = d->lf;
				d->at = DATA_DOT_CR;
				i++;
				continue;
			}
			d->at = DATA_TEXT;
			break;
		case DATA_DOT_CR:
			if (p[i] == '\n') {
				d->ended = true;
				i++;
				continue;
			}
			sink(ctx, cr, 1); /* a line with a dot and a CR: the dot was doubled, or should have been */
			d->at = DATA_CR;
			break;
		case DATA_TEXT:
		case DATA_CR:
			break;
		}
		text = take_text(d, p + i, len - i);
		sink(ctx, p + i, text);
		i += text;
	}
	return i;
}
