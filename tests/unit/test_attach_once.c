#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "files.h"
#include "intake/attach_once.h"
#include "job.h"

/* A file of so many octets, which is gone once it was read. */
static void make_file(size_t octets)
{
	int fd = open(own_file(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	for (size_t i = 0; i < octets; i++) {
		char c = (char)(i * 7 + i / 1000);

		assert_int_equal(file_write(fd, &c, 1), 0);
	}
	close(fd);
}

static void part_of(struct attach_once *o, struct part *p, struct job *j, const struct account *a)
{
	static const struct draft_file file = {.path = "a.pdf", .type = "application/pdf; x=y"};
	struct charsets charsets = charsets_for(a, &j->arena, NULL, NULL);
	const struct attach_asked asked = {.charsets = &charsets, .job = j};
	struct media said;
	struct failure f;

	j->account = a;
	assert_int_equal(attach_type_said(&said, &j->arena, &file, &f), 0);
	*p = (struct part){.type = NULL};
	assert_int_equal(attach_once_part(o, p, &file, &said, &asked, &f), 0);
}

/* Reads both to their end, in turns. */
static void check_same(struct source *a, struct source *b, struct slice wanted)
{
	struct source *all[] = {a, b};
	size_t at[] = {0, 0}, got = 1;
	char piece[1000];
	struct failure f;

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(all[i]->size, wanted.len);
		assert_int_equal(all[i]->rewind(all[i], &f), 0);
	}
	while (got)
		for (size_t i = 0; i < 2; i++) {
			assert_int_equal(all[i]->pull(all[i], piece, sizeof piece, &got, &f), 0);
			assert_true(at[i] + got <= wanted.len);
			assert_memory_equal(piece, wanted.p + at[i], got);
			at[i] += got;
		}
	assert_int_equal(at[0], wanted.len);
	assert_int_equal(at[1], wanted.len);
}

static void test_mails_share_a_file_and_each_reads_it_by_itself(void **state)
{
	static const size_t octets[] = {0, 1, 1000, 100 * 1024, ATTACH_ONCE_MEMORY, 2 * ATTACH_ONCE_MEMORY};
	static struct account one, other;

	(void)state;
	one.id = 1;
	other.id = 2;
	for (size_t i = 0; i < ROWS(octets); i++) {
		struct arena in = {0};
		struct attach_once *o = NULL;
		struct job first = {.account = NULL}, second = first, third = first;
		struct part a, b, c;
		struct failure f;
		char *room = arena_zeroed(&in, octets[i] + 1, 1), *base64 = arena_zeroed(&in, (size_t)base64_size(octets[i]) + 1, 1);
		struct slice wanted = {base64, 0};
		struct source *plain;

		make_file(octets[i]);
		assert_int_equal(attach_once_open(&o, own_file(), NULL, &f), 0);
		for (size_t n = 0; n < octets[i]; n++)
			room[n] = (char)(n * 7 + n / 1000);
		plain = source_base64(&in, source_text(&in, (struct slice){room, octets[i]}));
		assert_int_equal(plain->rewind(plain, &f), 0);
		assert_int_equal(source_fill(plain, base64, (size_t)plain->size, &wanted.len, &f), 0);
		part_of(o, &a, &first, &one);
		part_of(o, &b, &second, &one);
		assert_int_equal(unlink(own_file()), 0);
		part_of(o, &c, &third, &other);
		assert_string_equal(a.type, "application/pdf");
		assert_string_equal(c.type, "application/pdf");
		assert_string_equal(b.more, ";\r\n x=y");
		assert_string_equal(c.charset, "");
		assert_null(a.content);
		check_same(a.base64, b.base64, wanted);
		arena_free(&second.arena);
		check_same(c.base64, a.base64, wanted);
		arena_free(&first.arena);
		arena_free(&third.arena);
		attach_once_close(o);
		arena_free(&in);
	}
}

static void test_the_digest_is_of_the_octets(void **state)
{
	struct attach_once *o = NULL;
	struct sha256 sum;
	unsigned char digest[SHA256_OCTETS];
	char hex[SHA256_HEX], wanted[SHA256_HEX], octets[70000];
	struct failure f;

	(void)state;
	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = (char)(i * 7 + i / 1000);
	make_file(sizeof octets);
	sha256_begin(&sum);
	assert_int_equal(attach_once_open(&o, own_file(), &sum, &f), 0);
	sha256_end(&sum, digest);
	sha256_print(hex, digest);
	sha256_hex(wanted, (struct slice){octets, sizeof octets});
	assert_string_equal(hex, wanted);
	attach_once_close(o);
}

static void test_a_file_that_is_not_there_is_told_at_once(void **state)
{
	struct attach_once *o = NULL;
	struct failure f;

	(void)state;
	assert_int_equal(attach_once_open(&o, "/no/such/file", NULL, &f), -1);
	check_failure(&f, AT_INPUT, EX_NOINPUT, "/no/such/file: No such file");
	attach_once_close(o);
	attach_once_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mails_share_a_file_and_each_reads_it_by_itself),
		cmocka_unit_test(test_the_digest_is_of_the_octets),
		cmocka_unit_test(test_a_file_that_is_not_there_is_told_at_once),
	};

	return cmocka_run_group_tests(tests, own_file_make, own_file_remove);
}
