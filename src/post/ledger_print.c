#include "post/ledger_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/json.h"

enum { SHOWN = 10, BAR = 40 };

static const struct {
	enum ledger_state state;
	const char *words, *column, *json;
} states[] = {
	{LEDGER_DONE, "accepted by the relay", "accepted", "accepted"},
	{LEDGER_FAILED, "refused", "refused", "refused"},
	{LEDGER_DOUBT, "in doubt: sent, and no answer is known", "in doubt", "doubt"},
	{LEDGER_SPOOLED, "handed to the queue", "queued", "queued"},
	{LEDGER_NEW, "to be tried again", "again", "again"},
};

enum { STATES = sizeof states / sizeof *states };

static const char *clock_words(char to[24], int64_t ms, const char *how)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(to, 24, how, &tm))
		*to = '\0';
	return to;
}

static int print_sums(struct buf *out, const struct ledger_report *r)
{
	char first[24], last[24], path[600], input[600];

	slice_printable(path, sizeof path, slice_of(r->path));
	slice_printable(input, sizeof input, slice_of(r->head.input));
	if (buf_printf(out, "%s: %zu recipients of %s\n", path, r->recipients, input) < 0 ||
	    (r->first && buf_printf(out, "from %s to %s\n", clock_words(first, r->first, "%Y-%m-%d %H:%M:%S"),
				    clock_words(last, r->last, "%Y-%m-%d %H:%M:%S")) < 0))
		return -1;
	for (size_t i = 0; i < STATES; i++)
		if (r->state[states[i].state] && buf_printf(out, "%10zu %s\n", r->state[states[i].state], states[i].words) < 0)
			return -1;
	return r->holes && buf_printf(out, "%10lu lines are empty, after a power cut\n", r->holes) < 0 ? -1 : 0;
}

static int print_domains(struct buf *out, const struct ledger_report *r)
{
	if (!r->domains)
		return 0;
	if (buf_text(out, "\nby domain ") < 0)
		return -1;
	for (size_t k = 0; k < STATES; k++)
		if (r->state[states[k].state] && buf_printf(out, "%10s", states[k].column) < 0)
			return -1;
	for (size_t i = 0; i < r->domains && i < SHOWN; i++) {
		if (buf_text(out, "\n          ") < 0)
			return -1;
		for (size_t k = 0; k < STATES; k++)
			if (r->state[states[k].state] && buf_printf(out, "%10zu", r->domain[i].state[states[k].state]) < 0)
				return -1;
		if (buf_printf(out, "  %s", r->domain[i].name) < 0)
			return -1;
	}
	if (r->domains > SHOWN && buf_printf(out, "\n          and %zu domains more", r->domains - SHOWN) < 0)
		return -1;
	return buf_text(out, "\n");
}

static int print_reasons(struct buf *out, const struct ledger_report *r)
{
	if ((r->reasons || r->unanswered) && buf_text(out, "\nby reason\n") < 0)
		return -1;
	if (r->unanswered && buf_printf(out, "%10zu in doubt: the run ended before the answer came\n", r->unanswered) < 0)
		return -1;
	for (size_t i = 0; i < r->reasons && i < SHOWN; i++)
		if (buf_printf(out, "%10zu %s\n", r->reason[i].count, r->reason[i].name) < 0)
			return -1;
	return r->reasons > SHOWN && buf_printf(out, "%10s and %zu reasons more\n", "", r->reasons - SHOWN) < 0 ? -1 : 0;
}

static int print_slowest(struct buf *out, const struct ledger_report *r)
{
	if (r->slows && buf_text(out, "\nslowest\n") < 0)
		return -1;
	for (size_t i = 0; i < r->slows; i++)
		if (buf_printf(out, "%8" PRId64 ".%" PRId64 "s %s\n", r->slow[i].ms / 1000, r->slow[i].ms % 1000 / 100, r->slow[i].recipient) < 0)
			return -1;
	return 0;
}

static int print_chart(struct buf *out, const struct ledger_report *r)
{
	static const char bar[BAR + 1] = "########################################";
	size_t most = 1;

	for (size_t i = 0; i < r->bins; i++)
		most = r->accepted[i] > most ? r->accepted[i] : most;
	if (r->bins && buf_printf(out, "\naccepted, a line for %" PRId64 " s\n", r->bin_ms / 1000) < 0)
		return -1;
	for (size_t i = 0; i < r->bins; i++) {
		double rate = (double)r->accepted[i] * 1000 / (double)r->bin_ms;
		size_t len = (r->accepted[i] * BAR + most - 1) / most;
		char when[24];

		clock_words(when, r->bin_first + (int64_t)i * r->bin_ms, r->bin_ms * REPORT_BINS > 86400000 ? "%m-%d %H:%M" : "%H:%M:%S");
		if (buf_printf(out, "%11s %-*.*s %.*f/s\n", when, (int)BAR, (int)len, bar, rate < 10 ? 1 : 0, rate) < 0)
			return -1;
	}
	return 0;
}

int ledger_report_print(struct buf *out, const struct ledger_report *r)
{
	return print_sums(out, r) < 0 || print_domains(out, r) < 0 || print_reasons(out, r) < 0 || print_slowest(out, r) < 0 ||
	       print_chart(out, r) < 0 ? -1 : 0;
}

static int json_named(struct buf *out, const char *name, const char *text)
{
	return buf_printf(out, "\"%s\":", name) < 0 || json_text(out, slice_of(text ? text : "")) < 0 || buf_text(out, ",") < 0 ? -1 : 0;
}

static int json_counts(struct buf *out, const size_t state[LEDGER_STATES])
{
	for (size_t k = 0; k < STATES; k++)
		if (buf_printf(out, "%s\"%s\":%zu", k ? "," : "", states[k].json, state[states[k].state]) < 0)
			return -1;
	return 0;
}

static int json_groups(struct buf *out, const char *list, const char *name, const struct report_group *group, size_t groups)
{
	if (buf_printf(out, ",\"%s\":[", list) < 0)
		return -1;
	for (size_t i = 0; i < groups; i++)
		if (buf_text(out, i ? ",{" : "{") < 0 || json_named(out, name, group[i].name) < 0 || json_counts(out, group[i].state) < 0 ||
		    buf_text(out, "}") < 0)
			return -1;
	return buf_text(out, "]");
}

static int json_time(struct buf *out, const char *name, int64_t ms)
{
	return buf_printf(out, ",\"%s\":%" PRId64 ".%03" PRId64, name, ms / 1000, ms % 1000);
}

static int json_slowest(struct buf *out, const struct ledger_report *r)
{
	if (buf_text(out, ",\"slowest\":[") < 0)
		return -1;
	for (size_t i = 0; i < r->slows; i++)
		if (buf_text(out, i ? ",{" : "{") < 0 || json_named(out, "recipient", r->slow[i].recipient) < 0 ||
		    buf_printf(out, "\"ms\":%" PRId64 "}", r->slow[i].ms) < 0)
			return -1;
	return buf_text(out, "]");
}

static int json_throughput(struct buf *out, const struct ledger_report *r)
{
	if (buf_text(out, ",\"throughput\":[") < 0)
		return -1;
	for (size_t i = 0; i < r->bins; i++) {
		int64_t from = r->bin_first + (int64_t)i * r->bin_ms;

		if (buf_printf(out, "%s{\"from\":%" PRId64 ".%03" PRId64 ",\"seconds\":%" PRId64 ",\"accepted\":%zu}", i ? "," : "", from / 1000,
			       from % 1000, r->bin_ms / 1000, r->accepted[i]) < 0)
			return -1;
	}
	return buf_text(out, "]");
}

int ledger_report_json(struct buf *out, const struct ledger_report *r)
{
	if (buf_text(out, "{") < 0 || json_named(out, "ledger", r->path) < 0 || json_named(out, "input", r->head.input) < 0 ||
	    json_named(out, "run", r->head.run) < 0 || buf_printf(out, "\"recipients\":%zu,", r->recipients) < 0 || json_counts(out, r->state) < 0 ||
	    buf_printf(out, ",\"unanswered\":%zu", r->unanswered) < 0 || json_time(out, "first", r->first) < 0 || json_time(out, "last", r->last) < 0)
		return -1;
	return json_groups(out, "domains", "domain", r->domain, r->domains) < 0 || json_groups(out, "reasons", "reason", r->reason, r->reasons) < 0 ||
	       json_slowest(out, r) < 0 || json_throughput(out, r) < 0 || buf_text(out, "}\n") < 0 ? -1 : 0;
}
