#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/probe.h"

/* A program that has the name sendmail itself is known by what else it installs. */
static const struct {
	const char *file, *program;
} known[] = {
	{"/usr/sbin/postfix", "sendmail of Postfix"},
	{"/usr/bin/nullmailer-inject", "sendmail of nullmailer"},
	{"/usr/lib/sm.bin/sendmail", "sendmail"},
	{"/etc/mail/sendmail.cf", "sendmail"},
};

/* What the path leads to, as "exim4"; NULL: there is no such file. */
static const char *program_at(struct arena *in, const char *path)
{
	char *real = realpath(path, NULL);
	const char *name = real ? strrchr(real, '/') : NULL;

	name = name ? arena_printf(in, "%s", name + 1) : NULL;
	for (size_t i = 0; name && strcmp(name, "sendmail") == 0 && i < sizeof known / sizeof *known; i++)
		if (access(known[i].file, F_OK) == 0)
			name = known[i].program;
	free(real);
	return name;
}

void probe_callers(struct probe *p)
{
	static const char *const places[] = {"/usr/sbin/sendmail", "/usr/lib/sendmail"};
	const char *ours = NULL, *other = NULL, *what = NULL;

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		const char *program = program_at(p->in, places[i]);

		if (program && strcmp(program, "mysend") == 0) {
			ours = ours ? ours : places[i];
		} else if (program && !other) {
			other = places[i];
			what = program;
		}
	}
	if (other)
		probe_warn(p, PROBE_CALLERS, arena_printf(p->in, "%s is %s: what calls it does not use mysend", other, what), HINT_PROBE_CALLERS, NULL);
	else if (ours)
		probe_add(p, PROBE_CALLERS, PROBE_OK, -1, arena_printf(p->in, "%s is mysend", ours));
	else
		probe_warn(p, PROBE_CALLERS, "there is no /usr/sbin/sendmail", HINT_PROBE_CALLERS, NULL);
}
