#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/predecessor.h"

static void write_file(const char *top, const char *name, const char *text)
{
	char path[300], *slash;
	FILE *out;

	snprintf(path, sizeof path, "%s/%s", top, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	(void)!mkdir(path, 0700);
	*slash = '/';
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void test_predecessor_is_known_by_what_it_left(void **state)
{
	static const struct { const char *name, *text, *program; } rows[] = {
		{"msmtprc", "host x\n", "msmtp"},	       {"ssmtp/ssmtp.conf", "mailhub=x\n", "ssmtp"},
		{"nullmailer/remotes", "x smtp\n", "nullmailer"}, {"dma/dma.conf", "SMARTHOST x\n", "dma"},
		{"esmtprc", "hostname=x\n", "esmtp"},	       {"postfix/main.cf", "a = b\nrelayhost = [x]:587\n", "Postfix as a null client"},
		{"postfix/main.cf", "relayhost=x", "Postfix as a null client"},
		{"postfix/main.cf", "relayhost =\n", NULL},    {"postfix/main.cf", "#relayhost = x\n", NULL},
		{"postfix/main.cf", "relayhost = x\nrelayhost =\n", NULL}, {"postfix/main.cf", "relayhost_x = y\n", NULL}, {"mailname", "x\n", NULL},
	};
	struct arena in = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char top[] = "/tmp/mysend-predecessor.XXXXXX", path[300], *slash;
		struct predecessor p;

		assert_non_null(mkdtemp(top));
		assert_false(predecessor_find(&p, &in, top));
		write_file(top, rows[i].name, rows[i].text);
		snprintf(path, sizeof path, "%s/%s", top, rows[i].name);
		assert_int_equal(predecessor_find(&p, &in, top), rows[i].program != NULL);
		if (rows[i].program) {
			assert_string_equal(p.program, rows[i].program);
			assert_string_equal(p.file, path);
		}
		unlink(path);
		slash = strrchr(path, '/');
		*slash = '\0';
		if (strcmp(path, top) != 0)
			rmdir(path);
		rmdir(top);
	}
	arena_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_predecessor_is_known_by_what_it_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
