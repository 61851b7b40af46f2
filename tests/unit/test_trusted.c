#define _GNU_SOURCE /* nftw, and O_PATH of what is included */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

/* A host with few users: 0 root, we, 54321 eve. Group 7 is of nobody, 8 is eve's first, 9 lists eve, 10 lists us and root, 11 lists somebody who is gone. */
enum { EVE = 54321 };

static size_t at;

static char root_name[] = "root", our_name[] = "we", eve_name[] = "eve", gone_name[] = "gone";

static struct passwd *fake_user(size_t i)
{
	static struct passwd pw[3];

	pw[0] = (struct passwd){.pw_name = root_name, .pw_uid = 0, .pw_gid = 0};
	pw[1] = (struct passwd){.pw_name = our_name, .pw_uid = geteuid(), .pw_gid = 10};
	pw[2] = (struct passwd){.pw_name = eve_name, .pw_uid = EVE, .pw_gid = 8};
	return i < 3 ? &pw[i] : NULL;
}

static struct passwd *fake_getpwnam(const char *name)
{
	for (size_t i = 0; i < 3; i++)
		if (strcmp(fake_user(i)->pw_name, name) == 0)
			return fake_user(i);
	return NULL;
}

static void fake_setpwent(void)
{
	at = 0;
}

static struct passwd *fake_getpwent(void)
{
	return fake_user(at++);
}

static struct group *fake_getgrgid(gid_t gid)
{
	static char *none[] = {NULL}, *eve[] = {our_name, eve_name, NULL}, *ours[] = {our_name, root_name, NULL}, *gone[] = {gone_name, NULL};
	static struct group gr;

	gr = (struct group){.gr_gid = gid, .gr_mem = gid == 9 ? eve : gid == 10 ? ours : gid == 11 ? gone : none};
	if (gid == 13)
		errno = EIO;
	return gid >= 12 ? NULL : &gr;
}

#define getpwnam fake_getpwnam
#define setpwent fake_setpwent
#define getpwent fake_getpwent
#define getgrgid fake_getgrgid
#include "base/trusted.c"

static char folder[] = "/tmp/mysend.XXXXXX";

static void put(const char *path, unsigned mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "text\n", 5), 5);
	assert_int_equal(fchmod(fd, (mode_t)mode), 0);
	close(fd);
}

static void give(const char *path, uid_t uid, gid_t gid)
{
	assert_int_equal(lchown(path, uid, gid), 0);
}

static int group_setup(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int setup(void **state)
{
	(void)state;
	return mkdir("t", 0700) == 0 && mkdir("t/hers", 0755) == 0 && mkdir("t/all", 0700) == 0 && chmod("t/all", 01777) == 0 ? 0 : -1;
}

static int drop(const char *path, const struct stat *st, int what, struct FTW *where)
{
	(void)st;
	(void)what;
	(void)where;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	return nftw("t", drop, 10, FTW_DEPTH | FTW_PHYS);
}

static int group_teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void test_only_a_regular_file_is_opened(void **state)
{
	static const struct { const char *path, *said; } rows[] = {
		{"t/file", NULL}, {"t/link", NULL}, {"t/chain", NULL}, {"t/up/t/../t/file", NULL}, {"./t//file", NULL}, {"t/absolute", NULL},
		{"t/fifo", "it is a FIFO, and no file"}, {"t/to-fifo", "it is a FIFO, and no file"}, {"t", "it is a folder, and no file"}, {"t/", "it is a folder, and no file"},
		{"/", "it is a folder, and no file"}, {".", "it is a folder, and no file"}, {"/dev/null", "it is a device, and no file"}, {"t/to-null", "it is a device, and no file"},
		{"t/socket", "it is a socket, and no file"},
		{"t/dangling", "No such file or directory"}, {"t/none", "No such file or directory"}, {"", "No such file or directory"}, {"t/file/x", "Not a directory"},
		{"t/loop", "Too many levels of symbolic links"},
	};
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "t/socket"};
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	put("t/file", 0644);
	assert_int_equal(mkfifo("t/fifo", 0600), 0);
	assert_int_equal(bind(s, (struct sockaddr *)&name, sizeof name), 0);
	assert_int_equal(symlink("file", "t/link"), 0);
	assert_int_equal(symlink("link", "t/chain"), 0);
	assert_int_equal(symlink("..", "t/up"), 0);
	assert_int_equal(symlink("fifo", "t/to-fifo"), 0);
	assert_int_equal(symlink("/dev/null", "t/to-null"), 0);
	assert_int_equal(symlink("none", "t/dangling"), 0);
	assert_int_equal(symlink("loop", "t/loop"), 0);
	{
		char full[200];

		snprintf(full, sizeof full, "%s/t/file", folder);
		assert_int_equal(symlink(full, "t/absolute"), 0);
	}
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f = {.text = ""};
		int fd = trusted_open(rows[i].path, TRUSTED_COMMANDS, &f), error = errno;
		char text[4];

		if (!rows[i].said) {
			assert_true(fd >= 0);
			assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
			assert_int_equal(read(fd, text, 4), 4);
			assert_memory_equal(text, "text", 4);
			close(fd);
			continue;
		}
		assert_int_equal(fd, -1);
		assert_non_null(strstr(f.text, rows[i].said));
		assert_int_equal(f.exit, EX_CONFIG);
		assert_int_equal(error == 0, strstr(f.text, "is refused") != NULL);
	}
	close(s);
}

static void test_who_else_may_write_decides(void **state)
{
	static const struct { unsigned mode; gid_t gid; bool text, commands; } rows[] = {
		{0600, 9, true, true}, {0644, 9, true, true}, {0640, 9, true, true}, {0444, 9, true, true},
		{0664, 9, true, false}, {0620, 8, true, false}, {0660, 11, true, false}, {0660, 13, true, false}, /* eve, eve's first group, who knows, a fault */
		{0664, 7, true, true}, {0664, 10, true, true}, {0664, 12, true, true},				 /* nobody, only we, unknown */
		{0602, 10, false, false}, {0666, 10, false, false}, {0646, 10, false, false},
	};

	(void)state;
	if (geteuid() != 0)
		skip(); /* to give a file to a group */
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f;
		int fd;

		put("t/file", rows[i].mode);
		give("t/file", 0, rows[i].gid);
		for (int commands = 0; commands < 2; commands++) {
			bool fine = commands ? rows[i].commands : rows[i].text;

			fd = trusted_open("t/file", commands ? TRUSTED_COMMANDS : TRUSTED_TEXT, &f);
			assert_int_equal(fd >= 0, fine);
			if (fd >= 0)
				close(fd);
			else
				assert_non_null(strstr(f.hint, "chmod "));
		}
	}
}

static void test_a_file_and_a_link_of_somebody_else_are_refused(void **state)
{
	static const struct { const char *path; unsigned rules; bool fine; } rows[] = {
		{"t/foreign", TRUSTED_TEXT, false}, {"t/foreign", TRUSTED_KIND, true}, {"t/foreign", 0, true},
		{"t/to-foreign", TRUSTED_TEXT, false}, {"t/to-foreign", TRUSTED_KIND, true},
		{"t/link", TRUSTED_TEXT, true}, {"t/link", TRUSTED_TEXT | TRUSTED_NO_LINK, false}, {"t/hers/link", 0, true},
		{"t/hers/file", TRUSTED_TEXT, true},		/* ours in her folder */
		{"t/hers/link", TRUSTED_TEXT, false},		/* a link of hers to a file of ours */
		{"t/hers/way/file", TRUSTED_TEXT, false},	/* and on the way */
		{"t/all/link", TRUSTED_TEXT, true}, {"t/all/hers", TRUSTED_TEXT, false}, {"t/all/file", TRUSTED_TEXT, true},
		{"t/link-of-hers", TRUSTED_TEXT, true},		/* given to her in our folder, where she cannot change it */
		{"t/all/two", TRUSTED_TEXT, false}, {"t/two", TRUSTED_TEXT, true}, /* which of its names is it? */
		{"t/detour", TRUSTED_TEXT, false},		/* ours to hers to ours */
	};

	(void)state;
	if (geteuid() != 0)
		skip();
	put("t/foreign", 0644);
	give("t/foreign", EVE, 8);
	put("t/file", 0600);
	put("t/hers/file", 0600);
	put("t/all/file", 0600);
	assert_int_equal(symlink("file", "t/link"), 0);
	assert_int_equal(symlink("foreign", "t/to-foreign"), 0);
	assert_int_equal(symlink("../file", "t/hers/link"), 0);
	assert_int_equal(symlink("..", "t/hers/way"), 0);
	assert_int_equal(symlink("../file", "t/all/link"), 0);
	assert_int_equal(symlink("hers/link", "t/detour"), 0);
	assert_int_equal(symlink("../file", "t/all/hers"), 0);
	assert_int_equal(symlink("file", "t/link-of-hers"), 0);
	put("t/two", 0600);
	assert_int_equal(link("t/two", "t/all/two"), 0);
	give("t/hers/link", EVE, 8);
	give("t/hers/way", EVE, 8);
	give("t/all/hers", EVE, 8);
	give("t/link-of-hers", EVE, 8);
	give("t/hers", EVE, 8);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f;
		int fd = trusted_open(rows[i].path, rows[i].rules, &f);

		assert_int_equal(fd >= 0, rows[i].fine);
		if (fd >= 0)
			close(fd);
		else
			assert_non_null(strstr(f.text, "is refused"));
	}
}

static void test_a_folder_is_wanted_where_one_is(void **state)
{
	struct failure f;
	int fd;

	(void)state;
	put("t/file", 0600);
	fd = trusted_open("t", TRUSTED_TEXT | TRUSTED_FOLDER, &f);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(trusted_open("t/file", TRUSTED_TEXT | TRUSTED_FOLDER, &f), -1);
	assert_int_equal(trusted_open("t/all", TRUSTED_TEXT | TRUSTED_FOLDER, &f), -1);
}

static void test_a_path_that_is_too_long_is_an_error(void **state)
{
	static char path[9000];
	struct failure f;

	(void)state;
	memset(path, 'x', sizeof path - 1);
	assert_int_equal(trusted_open(path, TRUSTED_TEXT, &f), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	for (size_t i = 0; i < sizeof path - 1; i += 2)
		path[i] = '/';
	assert_int_equal(trusted_open(path, TRUSTED_TEXT, &f), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	path[300] = '\0';
	memset(path, 'x', 300);
	assert_int_equal(trusted_open(path, TRUSTED_TEXT, &f), -1);
	assert_int_equal(errno, ENAMETOOLONG);
}

static void test_a_log_is_written_where_nobody_can_lead_us_elsewhere(void **state)
{
	static const struct { const char *path; bool fine; } rows[] = {
		{"t/new", true}, {"t/old", true}, {"t/foreign", true}, /* given by root to a log daemon */
		{"/dev/null", true}, {"t/link", false}, {"t/dangling", false}, {"t/fifo", false}, {"t", false},
		{"t/hers/new", false}, {"t/hers/way/new2", false}, {"t/way/new3", true},
		{"t/all/ours", true}, {"t/all/foreign", false}, {"t/all/two", false},
	};

	(void)state;
	if (geteuid() != 0)
		skip();
	umask(0);
	put("t/old", 0644);
	put("t/foreign", 0644);
	give("t/foreign", EVE, 8);
	put("t/all/ours", 0644);
	put("t/all/foreign", 0644);
	give("t/all/foreign", EVE, 8);
	put("t/two", 0600);
	assert_int_equal(link("t/two", "t/all/two"), 0);
	assert_int_equal(mkfifo("t/fifo", 0600), 0);
	assert_int_equal(symlink("old", "t/link"), 0);
	assert_int_equal(symlink("made", "t/dangling"), 0);
	assert_int_equal(symlink(".", "t/way"), 0);
	assert_int_equal(symlink("..", "t/hers/way"), 0);
	give("t/hers/way", EVE, 8);
	give("t/hers", EVE, 8);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct failure f = {.text = ""};
		int fd = trusted_append(rows[i].path, &f);
		struct stat st;

		assert_int_equal(fd >= 0, rows[i].fine);
		if (fd < 0) {
			assert_true(*f.text);
			continue;
		}
		assert_int_equal(fstat(fd, &st), 0);
		assert_true(!strstr(rows[i].path, "new") || (st.st_mode & 0777) == 0600);
		assert_int_equal(write(fd, "x", 1), 1);
		close(fd);
	}
	assert_int_equal(access("t/made", F_OK), -1);
	assert_int_equal(access("t/hers/new", F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_a_regular_file_is_opened, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who_else_may_write_decides, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_file_and_a_link_of_somebody_else_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_folder_is_wanted_where_one_is, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_path_that_is_too_long_is_an_error, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_log_is_written_where_nobody_can_lead_us_elsewhere, setup, teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
