#include "unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/sha256.h"

/* Digests of FIPS 180-4's own examples and of lengths around a block's end, as sha256sum(1) prints them. */
static const struct {
	const char *text;
	size_t times;
	const char *hex;
} rows[] = {
	{"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"a", 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
	{"a", 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
	{"a", 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
	{"a", 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
	{"a", 65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
	{"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

static void test_digests_are_the_known_ones_in_pieces_of_any_size(void **state)
{
	static const size_t pieces[] = {1, 7, 63, 64, 65, 1000000};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct arena in = {0};
		size_t len = strlen(rows[i].text), all = len * rows[i].times;
		char *octets = arena_zeroed(&in, all + 1, 1), hex[SHA256_HEX];

		for (size_t k = 0; k < rows[i].times; k++)
			memcpy(octets + k * len, rows[i].text, len);
		sha256_hex(hex, (struct slice){octets, all});
		assert_string_equal(hex, rows[i].hex);
		for (size_t k = 0; k < ROWS(pieces); k++) {
			unsigned char digest[SHA256_OCTETS];
			struct sha256 s;

			sha256_begin(&s);
			for (size_t at = 0; at < all; at += pieces[k])
				sha256_add(&s, (struct slice){octets + at, all - at < pieces[k] ? all - at : pieces[k]});
			sha256_end(&s, digest);
			sha256_print(hex, digest);
			assert_string_equal(hex, rows[i].hex);
		}
		arena_free(&in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_digests_are_the_known_ones_in_pieces_of_any_size)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
