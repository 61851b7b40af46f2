#include <stdio.h>
#include <sysexits.h>

#include "base/file.h"
#include "cli/modes.h"
#include "post/ledger_report.h"

/* 5,000 domains and 500 reasons, each with its name and counts, as JSON. */
enum { REPORT_MAX = 8 * 1024 * 1024 };

int mode_report(const struct options *o, struct arena *run, struct failure *f)
{
	struct ledger_report r;
	struct buf out;
	int rc = 0;

	if (ledger_report_read(&r, run, o->batch.report, f) < 0)
		return -1;
	buf_start(&out, REPORT_MAX);
	if ((o->json ? ledger_report_json(&out, &r) : ledger_report_print(&out, &r)) < 0)
		rc = fail(f, AT_INPUT, EX_OSERR, "%s: the report is too large", o->batch.report);
	else
		fwrite(out.p, 1, out.len, stdout);
	buf_free(&out);
	return rc < 0 || file_end_output(f) < 0 ? -1 : EX_OK;
}
