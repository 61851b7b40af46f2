/*
 * How many rows a second are read out of a table, how many become messages by a template, and how many mails that are ready to
 * travel, by an account, as --merge checks them: one processor's time, without a relay. Never a test.
 *
 *	cc -O2 -Isrc -o /tmp/rows tests/bench/rows.c build/libmysend.a -ldl -lpthread && /tmp/rows TABLE.csv TEMPLATE [CHARSET [FILE]]
 *
 * Without arguments it makes a table of 200,000 rows and a template of its own. FILE is attached to each of the mails.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/table.h"
#include "intake/input_rows.h"
#include "intake/input_survey.h"
#include "mail/template.h"

enum { ROWS = 200000 };

static const char usual[] = "From: News <news@example.org>\nTo: {{name}} <{{email}}>\nSubject: Your bill, {{name}}\n\nDear {{name}},\n\n"
			    "{{#city}}we hope that it is warm in {{city}}.{{/city}}\nYour bill {{bill}} is due. Please pay it.\n\nYours\n";

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int make_table(void)
{
	static const char *const names[] = {"Ann Lee", "Bob Roe", "M\xc3\xbcller, J\xc3\xb6rg", "Jos\xc3\xa9 \xc3\x81lvarez", "Eve"};
	static const char *const cities[] = {"Berlin", "", "M\xc3\xbcnchen"};
	int fd = file_unnamed();

	dprintf(fd, "name,email,city,bill\r\n");
	for (int i = 0; i < ROWS; i++)
		dprintf(fd, "\"%s\",user%d@example.org,%s,INV-%06d\r\n", names[i % 5], i, cities[i % 3], i);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static int stop(const struct failure *f)
{
	fprintf(stderr, "rows: %s\n", f->text);
	return f->exit;
}

static int measure(struct table *t, const struct template *by, struct failure *f)
{
	struct arena scratch = {0};
	size_t rows = 0, octets = 0;
	double began = seconds(), took;
	struct buf out;
	int got;

	buf_start(&out, (size_t)64 << 20);
	while ((got = table_next(t, f)) == 1) {
		rows++;
		buf_clear(&out);
		if (by && template_render(by, &scratch, t->cell, &out, f) < 0)
			return -1;
		octets += out.len;
		arena_reset(&scratch);
	}
	took = seconds() - began;
	printf("%-22s %9.0f rows/s, %5.2f us each, %zu octets of mail each\n", by ? "read and rendered:" : "read:", (double)rows / took,
	       took * 1e6 / (double)(rows ? rows : 1), octets / (rows ? rows : 1));
	buf_free(&out);
	arena_free(&scratch);
	return got;
}

/* All of it, as before the first mail leaves. */
static int measure_mails(const char *table, const char *template, const char *charset, const char *file, struct failure *f)
{
	static const struct override relay[] = {{SET_host, "h", "--host"}, {SET_from, "bench@example.org", "--from"}};
	const struct request r = {.option = (struct override *)relay, .options = 2};
	const struct merge_option attach = {DRAFT_ATTACH, "--attach", file};
	const struct input_rows_order order = {
		.merge = {.table = table, .text = template, .charset = charset, .option = &attach, .options = file != NULL, .request = &r}};
	struct arena run = {0};
	struct input_rows *rows;
	struct input_survey sum;
	struct batch_input input;
	struct intake n;
	double began = seconds(), took;
	int rc;

	if (intake_open(&n, &r, "/dev/null", NULL, &run, f) < 0 || input_rows_open(&rows, &run, &order, &n, f) < 0)
		return -1;
	input = input_rows_input(rows);
	rc = input_survey(&input, &sum, NULL, NULL, f);
	took = seconds() - began;
	printf("%-22s %9.0f rows/s, %5.2f us each, %llu bad\n", "checked as mails:", (double)(sum.mails + sum.bad) / took, took * 1e6 / (double)(sum.mails + sum.bad),
	       (unsigned long long)sum.bad);
	input_rows_close(rows);
	intake_close(&n);
	arena_free(&run);
	return rc;
}

int main(int argc, char **argv)
{
	struct template_text text = {TEMPLATE_MAIL, NULL, SLICE(usual)};
	struct arena in = {0};
	struct rusage used;
	struct template *by;
	struct failure f;
	struct table t;
	struct buf all;
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : make_table();

	buf_start(&all, (size_t)64 << 20);
	if (argc > 2) {
		int template = open(argv[2], O_RDONLY);

		if (template < 0 || file_slurp(template, &all) < 0)
			return EX_NOINPUT;
		text.text = buf_slice_of(&all);
	}
	if (table_open(&t, &in, fd, argc > 3 && *argv[3] ? argv[3] : NULL, &f) < 0 || template_read(&by, &in, &text, t.name, t.columns, &f) < 0 ||
	    measure(&t, NULL, &f) < 0 || table_rewind(&t, &f) < 0 || measure(&t, by, &f) < 0)
		return stop(&f);
	if (argc > 2 && measure_mails(argv[1], argv[2], argc > 3 && *argv[3] ? argv[3] : NULL, argc > 4 ? argv[4] : NULL, &f) < 0)
		return stop(&f);
	getrusage(RUSAGE_SELF, &used);
	printf("memory at the most: %ld KB\n", used.ru_maxrss);
	return 0;
}
