#include "mail/template_inside.h"

#include <string.h>
#include <sysexits.h>

#include "base/percent.h"
#include "mail/words.h"

enum { SHOWN = 60 };

static int too_long(struct failure *f)
{
	return fail(f, AT_INPUT, EX_DATAERR, "it grows too long with its values");
}

bool template_holds_urls(struct slice name)
{
	static const char *const names[] = {"List-Unsubscribe", "List-Help", "List-Subscribe", "List-Post", "List-Owner", "List-Archive"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

static bool is_url(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.p[i] <= ' ' || value.p[i] > 126 || value.p[i] == '<' || value.p[i] == '>')
			return false;
	return value.len && memchr(value.p, ':', value.len);
}

/* within: behind a <; first: nothing stands between the two. */
static int add_value(struct buf *out, struct slice value, bool within, bool first, struct failure *f)
{
	char shown[SHOWN];

	if (within && !first)
		return percent_add(out, value) < 0 ? too_long(f) : 0;
	if (!within || is_url(value))
		return buf_slice(out, value) < 0 ? too_long(f) : 0;
	slice_printable(shown, sizeof shown, value);
	return fail(f, AT_INPUT, EX_DATAERR, "a URL is to stand within the <>: \"%s\"", shown);
}

static int expand(const struct marked *m, size_t from, size_t to, struct buf *out, struct failure *f)
{
	size_t next = 0, open = 0;
	bool within = false;

	while (next < m->marks && m->mark[next].from < from)
		next++;
	for (size_t i = from; i < to || (next < m->marks && m->mark[next].from == i && i == to);) {
		if (next < m->marks && m->mark[next].from == i) {
			struct slice value = {m->text.p + i, m->mark[next].to - i};

			if (add_value(out, value, within, out->len == open, f) < 0)
				return -1;
			i = m->mark[next++].to;
			continue;
		}
		if (m->text.p[i] == '<' || m->text.p[i] == '>')
			within = m->text.p[i] == '<';
		if (m->text.p[i] != '\r' && m->text.p[i] != '\n' && buf_add(out, &m->text.p[i], 1) < 0)
			return too_long(f);
		if (m->text.p[i++] == '<')
			open = out->len;
	}
	return 0;
}

int template_write_urls(const struct marked *m, size_t from, size_t to, size_t column, struct buf *out, struct failure *f)
{
	struct buf flat;
	int rc;

	buf_start(&flat, TEMPLATE_HEADER);
	rc = expand(m, from, to, &flat, f);
	if (rc == 0 && words_text(out, slice_trim(buf_slice_of(&flat)), column) < 0)
		rc = too_long(f);
	buf_free(&flat);
	return rc;
}
