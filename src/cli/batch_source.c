#include "cli/batch_source.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

/* Nothing can be kept beside it: standard input, a descriptor of the shell's (<(command)), or a device as /dev/null. */
static bool has_no_place(const char *path)
{
	struct stat st;

	return file_is_open(path) || (stat(path, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)));
}

/* The file beside the input, unless --ledger names one; each shard has its own. NULL: the input has no place. */
static const char *ledger_path(const struct batch_options *b, struct arena *run)
{
	const char *path = b->ledger, *slash = strrchr(b->input[0], '/');
	size_t len = strlen(b->input[0]);

	if (!path && has_no_place(b->input[0]))
		return NULL;
	while (len > 1 && b->input[0][len - 1] == '/')
		len--;
	if (!path && b->inputs == 1)
		path = arena_printf(run, "%.*s.ledger", (int)len, b->input[0]);
	else if (!path)
		path = arena_printf(run, "%.*smysend-batch.ledger", slash ? (int)(slash - b->input[0] + 1) : 0, b->input[0]);
	return b->shards ? arena_printf(run, "%s.%uof%u", path, b->shard, b->shards) : path;
}

/* Where the rows go that were refused; each shard has its own file. */
static const char *failed_path(const struct batch_options *b, struct arena *run)
{
	if (b->kind != BATCH_OF_TABLE || b->failed || has_no_place(b->input[0]))
		return b->failed;
	if (!b->shards)
		return arena_printf(run, "%s.failed.csv", b->input[0]);
	return arena_printf(run, "%s.%uof%u.failed.csv", b->input[0], b->shard, b->shards);
}

static int open_table(struct batch_source *s, struct failure *f)
{
	const struct batch_options *b = &s->options->batch;
	const struct input_rows_order order = {
		.merge = {.table = b->input[0], .text = b->text, .html = b->html, .charset = b->charset, .unsubscribe = b->unsubscribe,
			  .option = b->option, .options = b->options, .request = &s->options->request},
		.key = b->key,
	};

	if (input_rows_open(&s->rows, s->run, &order, &s->intake, f) < 0)
		return -1;
	s->input = input_rows_input(s->rows);
	return 0;
}

static int open_files(struct batch_source *s, struct failure *f)
{
	const struct batch_options *b = &s->options->batch;
	const struct input_files_order order = {.path = b->input, .paths = b->inputs, .request = &s->options->request, .intake = &s->intake};

	if (input_files_open(&s->files, s->run, &order, f) < 0)
		return -1;
	s->input = *input_files_input(s->files);
	return 0;
}

int batch_source_open(struct batch_source *s, const struct options *o, struct arena *run, struct failure *f)
{
	*s = (struct batch_source){.options = o, .run = run, .path = ledger_path(&o->batch, run), .failed = failed_path(&o->batch, run)};
	if (intake_open(&s->intake, &o->request, o->config, o->called, run, f) < 0)
		return -1;
	return o->batch.kind == BATCH_OF_TABLE ? open_table(s, f) : open_files(s, f);
}

int batch_source_ledger(struct batch_source *s, struct failure *f)
{
	const struct batch_options *b = &s->options->batch;
	const struct ledger_order order = {
		.path = s->path,
		.input = b->input[0],
		.template = s->rows ? input_rows_digest(s->rows) : "-",
		.rule = s->rows ? input_rows_rule(s->rows) : INPUT_FILES_RULE,
		.template_changed = b->template_changed,
	};

	if (ledger_open(&s->ledger, &order, f) < 0)
		return -1;
	if (s->rows)
		input_rows_use(s->rows, s->ledger);
	if (s->files)
		input_files_use(s->files, s->ledger);
	return 0;
}

int batch_source_close(struct batch_source *s, struct failure *f)
{
	int rc = s->ledger ? ledger_close(s->ledger, f) : 0;

	input_rows_close(s->rows);
	input_files_close(s->files);
	intake_close(&s->intake);
	return rc;
}
