/*
 * Tables: what is read is text, as many cells as the header has, in lines that only go forward; read again it is the same; and what is
 * written anew, all of it in quotes, is read as the same.
 */
#include "fuzz.h"

#include <unistd.h>

#include "base/file.h"
#include "base/table.h"

static int file_of(struct slice octets)
{
	int fd = file_unnamed();

	HOLDS(fd >= 0 && file_write(fd, octets.p, octets.len) == 0 && lseek(fd, 0, SEEK_SET) == 0, octets);
	return fd;
}

static void write_cell(struct buf *out, struct slice cell, bool first)
{
	HOLDS(buf_text(out, first ? "\"" : ",\"") == 0, cell);
	for (size_t i = 0; i < cell.len; i++)
		HOLDS((cell.p[i] != '"' || buf_text(out, "\"") == 0) && buf_add(out, cell.p + i, 1) == 0, cell);
	HOLDS(buf_text(out, "\"") == 0, cell);
}

static void write_row(struct buf *out, const struct slice *cell, size_t cells)
{
	for (size_t i = 0; i < cells; i++) {
		HOLDS(slice_is_utf8(cell[i]), cell[i]);
		write_cell(out, cell[i], i == 0);
	}
	HOLDS(buf_text(out, "\r\n") == 0, SLICE(""));
}

/* All rows, written anew. False: one of them is bad. */
static bool rows(struct table *t, struct buf *out)
{
	size_t line = 0;
	struct failure f;
	bool good = true;
	int got;

	buf_clear(out);
	write_row(out, t->name, t->columns);
	while ((got = table_next(t, &f)) != 0) {
		HOLDS(t->line > line, buf_slice_of(out));
		line = t->line;
		good &= got == 1;
		if (got == 1)
			write_row(out, t->cell, t->columns);
		else
			fuzz_is_clean(f.text);
	}
	return good;
}

static bool read_twice(struct slice octets, const char *charset, struct buf *out)
{
	struct arena in = {0};
	struct failure f;
	struct buf again;
	struct table t;
	int fd = file_of(octets);
	bool good = table_open(&t, &in, fd, charset, &f) == 0;

	buf_start(&again, out->limit);
	if (good) {
		good = rows(&t, out);
		HOLDS(table_rewind(&t, &f) == 0, octets);
		HOLDS(rows(&t, &again) == good && fuzz_same(buf_slice_of(out), buf_slice_of(&again)), octets);
	} else {
		fuzz_is_clean(f.text);
	}
	buf_free(&again);
	table_close(&t);
	arena_free(&in);
	close(fd);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	static const char *const charsets[] = {NULL, "latin1", "UTF-16LE", "windows-1252"};
	struct arena in = {0};
	struct slice text = fuzz_copy(&in, octets, len);
	const char *charset = charsets[fuzz_take(&text) % 4];
	struct buf first, second;

	buf_start(&first, 64 * len + 65536);
	buf_start(&second, 64 * len + 65536);
	if (read_twice(text, charset, &first))
		HOLDS(read_twice(buf_slice_of(&first), NULL, &second) && fuzz_same(buf_slice_of(&first), buf_slice_of(&second)), text);
	buf_free(&first);
	buf_free(&second);
	arena_free(&in);
	return 0;
}
