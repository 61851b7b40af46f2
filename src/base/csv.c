#include "base/csv.h"

/* Blanks at the ends are quoted, too, since readers differ about them; so is a byte order mark, which would count as the file's. */
static bool needs_quotes(struct slice c, char separator)
{
	bool needs = c.len && (octet_is_blank(c.p[0]) || octet_is_blank(c.p[c.len - 1]));

	for (size_t i = 0; i < c.len; i++)
		needs |= c.p[i] == separator || c.p[i] == '"' || c.p[i] == '\r' || c.p[i] == '\n';
	return needs || (c.len >= 3 && slice_code_point((struct slice){c.p, 3}) == 0xfeff);
}

int csv_cell(struct buf *out, struct slice cell, char separator)
{
	if (!needs_quotes(cell, separator))
		return buf_slice(out, cell);
	if (buf_text(out, "\"") < 0)
		return -1;
	for (size_t i = 0; i < cell.len; i++)
		if ((cell.p[i] == '"' && buf_text(out, "\"") < 0) || buf_add(out, cell.p + i, 1) < 0)
			return -1;
	return buf_text(out, "\"");
}
