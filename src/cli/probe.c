#include "cli/probe.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/clock.h"
#include "cli/modes.h"
#include "conf/oauth.h"
#include "intake/intake.h"
#include "wire/session.h"

enum { SHOWN = 3 }; /* so many recipients are shown of each that was named */

/* "PATH (0640 root:root)" */
static const char *with_mode(struct arena *in, const char *path)
{
	const struct passwd *user;
	const struct group *group;
	const char *name[2];
	struct stat st;

	if (stat(path, &st) < 0)
		return path;
	user = getpwuid(st.st_uid);
	name[0] = user ? arena_printf(in, "%s", user->pw_name) : arena_printf(in, "%lu", (unsigned long)st.st_uid);
	group = getgrgid(st.st_gid);
	name[1] = group ? arena_printf(in, "%s", group->gr_name) : arena_printf(in, "%lu", (unsigned long)st.st_gid);
	return arena_printf(in, "%s (%04o %s:%s)", path, (unsigned)st.st_mode & 07777, name[0], name[1]);
}

static void config_is_fine(struct probe *p, const struct book *b)
{
	const struct accounts *all = book_files(b);
	const char *text = "";

	for (size_t i = 0; i < all->files; i++) {
		const struct config_file *file = &all->file[i];
		bool there = strcmp(file->found, "read") == 0;

		text = arena_printf(p->in, "%s%s%s%s%s", text, *text ? "; " : "", there ? with_mode(p->in, file->path) : file->path,
				    there ? "" : ": ", there ? "" : strcmp(file->found, strerror(ENOENT)) == 0 ? "not there" : file->found);
	}
	probe_add(p, PROBE_CONFIG, PROBE_OK, -1, text);
}

static const char *no_secret(const struct account *a, bool wanted)
{
	if (*a->oauth_assertion_command)
		return "none: the client shows what oauth_assertion_command prints";
	if (oauth_is_on(a))
		return "none: the client is a public one";
	return wanted ? "none is needed for this login" : "none: the account does not log in";
}

static void look_at_secret(struct probe *p, const struct account *a)
{
	const struct credential_place place = credential_place_of(a, p->in);
	struct credential password;
	struct failure f;
	bool wanted;

	if (session_secret(a, &password, &wanted, &f) < 0) {
		probe_fail(p, PROBE_SECRET, &f);
		return;
	}
	if (!password.text)
		probe_add(p, PROBE_SECRET, PROBE_OK, -1, no_secret(a, wanted));
	else
		probe_add(p, PROBE_SECRET, PROBE_OK, -1, arena_printf(p->in, "%s%s%s, %zu octets%s", place.word, *place.file ? *a->password_file ? " " : " in " : "",
								     *place.file ? with_mode(p->in, place.file) : "", strlen(password.text),
								     oauth_is_on(a) ? "; it is the client's, for the provider of tokens" : ""));
	credential_release(&password);
}

/* By what a name became those recipients; "": by nothing. */
static const char *way_of(const struct account *a, const char *named, const struct envelope *e)
{
	size_t len = strlen(named);

	if (strcasecmp(named, "root") == 0 && *a->root_to)
		return " (root_to)";
	if (e->recipients == 1 && strncasecmp(e->recipient[0].address, named, len) == 0 && e->recipient[0].address[len] == '@')
		return "";
	return " (aliases)";
}

static void sender_is_fine(struct probe *p, const struct job *j, const struct request *r)
{
	const struct envelope *e = &j->mail.envelope;
	const char *text = "", *named = r->recipients ? r->recipient[0].text : "the setting to";
	bool same = r->recipients == e->recipients && r->recipients == 1 && strcasecmp(named, e->recipient[0].address) == 0;

	for (size_t i = 0; i < e->recipients && i < SHOWN; i++)
		text = arena_printf(p->in, "%s%s%s", text, i ? ", " : "", e->recipient[i].address);
	if (e->recipients > SHOWN)
		text = arena_printf(p->in, "%s and %zu more", text, e->recipients - SHOWN);
	if (!same && r->recipients < 2)
		text = arena_printf(p->in, "%s -> %s%s", named, text, r->recipients ? way_of(j->account, named, e) : "");
	probe_add(p, PROBE_SENDER, PROBE_OK, -1, arena_printf(p->in, "from %s; to %s", *e->sender ? e->sender : "<>", text));
}

/* Who would get it, and from whom. Where nobody is named, that is root, as for the mail of cron; if no domain is known for root, the
 * relay is asked for the sender's own address. */
static void look_at_sender(struct probe *p, struct intake *n, struct job *j, const struct request *asked)
{
	bool assumed = !asked->recipients && !*j->account->to;
	struct request r = *asked;
	struct identity id;
	struct failure f;

	if (assumed)
		request_add(&r, &j->arena, "root");
	if (intake_take_addresses(n, j, &r, &f) == 0) {
		sender_is_fine(p, j, &r);
		return;
	}
	if (assumed && f.hint_id == HINT_RECIPIENT_DOMAIN && identity_read(&id, j, asked, &f) == 0 && *id.sender) {
		r = *asked;
		request_add(&r, &j->arena, id.sender);
		if (intake_take_addresses(n, j, &r, &f) == 0) {
			probe_warn(p, PROBE_SENDER, arena_printf(p->in, "from %s; root has no domain, and mail to root is refused: %s is asked for",
								 id.sender, id.sender), HINT_RECIPIENT_DOMAIN, NULL);
			return;
		}
	}
	probe_fail(p, PROBE_SENDER, &f);
}

/* All stages of the account that the request names, or of the one that its sender chooses. */
static void look_at(struct probe *p, struct intake *n, const struct options *o, const struct request *r, bool last)
{
	struct job j = {.began = clock_steady()};
	struct failure f;

	if (intake_account(n, &j, r, identity_for_choice(&j, r), NULL, &f) < 0)
		probe_fail(p, PROBE_CONFIG, &f);
	else
		config_is_fine(p, &n->book);
	if (j.account)
		p->account = j.account->name;
	if (p->failed || !j.account)
		probe_untried(p, PROBE_SECRET);
	else
		look_at_secret(p, j.account);
	if (p->failed || !j.account)
		probe_untried(p, PROBE_SENDER);
	else
		look_at_sender(p, n, &j, r);
	if (p->failed || !j.account)
		probe_untried(p, PROBE_SPOOL);
	else
		probe_queue(p, j.account);
	probe_wire(p, &j, o, last);
	probe_callers(p);
	arena_free(&j.arena);
}

/* -a '*': how many accounts there are, at least one. */
static size_t accounts_of(const struct options *o, const struct book *b)
{
	const char *name = NULL;
	size_t n = 0;

	while (o->request.account && strcmp(o->request.account, "*") == 0 && (name = book_next(b, name)))
		n++;
	return n ? n : 1;
}

/* --probe: the whole way of a mail, without one. */
int mode_probe(const struct options *o, struct arena *run, struct failure *f)
{
	bool every = o->request.account && strcmp(o->request.account, "*") == 0;
	struct request r = o->request;
	const char *name = NULL;
	struct intake intake;
	struct probe *all;
	size_t accounts = 1;
	int opened, rc, status = EX_OK;

	if (o->as)
		return probe_as(o, f);
	opened = intake_open(&intake, &r, o->config, o->called, run, f);
	accounts = opened < 0 ? 1 : accounts_of(o, &intake.book);
	all = arena_zeroed(run, accounts, sizeof *all);
	for (size_t i = 0; i < accounts; i++) {
		struct probe *p = &all[i];

		name = every && opened == 0 ? book_next(&intake.book, name) : NULL;
		r.account = every ? name : o->request.account;
		*p = (struct probe){.in = run, .account = r.account ? r.account : "default"};
		if (opened < 0) {
			probe_fail(p, PROBE_CONFIG, f);
			for (enum probe_stage s = PROBE_SECRET; s <= PROBE_SPOOL; s++)
				probe_untried(p, s);
			probe_wire(p, &(struct job){.account = NULL}, o, true);
			probe_callers(p);
		} else {
			look_at(p, &intake, o, &r, i + 1 == accounts);
		}
		status = status ? status : p->status;
	}
	rc = probe_print(all, accounts, o->json, every, f);
	intake_close(&intake);
	return rc < 0 ? -1 : status;
}
