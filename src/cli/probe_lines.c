#include "cli/probe.h"
#include "post/hint.h"

struct probe_line *probe_add(struct probe *p, enum probe_stage stage, enum probe_result result, int64_t ms, const char *detail)
{
	p->line = arena_grow(p->in, p->line, p->lines, &p->room, sizeof *p->line);
	p->line[p->lines] = (struct probe_line){.stage = stage, .result = result, .detail = arena_printf(p->in, "%s", detail), .hint = "", .ms = ms};
	return &p->line[p->lines++];
}

void probe_warn(struct probe *p, enum probe_stage stage, const char *detail, enum hint hint, const char *const *arguments)
{
	struct failure f = {.stage = AT_CONFIG};

	failure_add_hint(&f, hint, arguments);
	probe_add(p, stage, PROBE_WARN, -1, detail)->hint = arena_printf(p->in, "%s", f.hint);
}

static void put_words(struct probe *p, struct probe_line *line, const char *before, const struct failure *f)
{
	struct failure shown = *f;
	char words[FAILURE_WORDS];

	hint_add(&shown);
	line->detail = arena_printf(p->in, "%s%s", before, failure_words(words, &shown, WORDS_CODE, NULL));
	line->hint = arena_printf(p->in, "%s", shown.hint);
}

void probe_fail(struct probe *p, enum probe_stage stage, const struct failure *f)
{
	struct probe_line *line = NULL;

	for (size_t i = 0; i < p->lines; i++)
		if (p->line[i].stage == stage)
			line = &p->line[i];
	if (!line)
		line = probe_add(p, stage, PROBE_FAIL, -1, "");
	line->result = PROBE_FAIL;
	put_words(p, line, "", f);
	if (!p->failed)
		p->status = f->exit;
	p->failed = true;
}

void probe_mild(struct probe *p, enum probe_stage stage, const char *before, const struct failure *f)
{
	put_words(p, probe_add(p, stage, PROBE_WARN, -1, ""), before, f);
}

void probe_untried(struct probe *p, enum probe_stage stage)
{
	probe_add(p, stage, PROBE_UNTRIED, -1, "");
}
