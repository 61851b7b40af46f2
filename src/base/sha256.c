#include "base/sha256.h"

#include <string.h>

/* FIPS 180-4, 4.2.2 */
static const uint32_t constant[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
	0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
	0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
	0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t turn(uint32_t x, unsigned by)
{
	return x >> by | x << (32 - by);
}

/* One of the 64 steps. v is turned by one word each time, as at says, instead of moving its eight words. */
static inline void step(uint32_t v[8], unsigned at, uint32_t more)
{
	uint32_t a = v[(0 - at) & 7], b = v[(1 - at) & 7], c = v[(2 - at) & 7], e = v[(4 - at) & 7];
	uint32_t one = v[(7 - at) & 7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & v[(5 - at) & 7]) ^ (~e & v[(6 - at) & 7])) + more;

	v[(3 - at) & 7] += one;
	v[(7 - at) & 7] = one + (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
}

/* FIPS 180-4, 6.2.2 */
static void take_block(uint32_t state[8], const unsigned char *block)
{
	uint32_t w[64], v[8];

	for (size_t i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (size_t i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
	}
	memcpy(v, state, sizeof v);
	for (size_t i = 0; i < 64; i += 8)
		for (unsigned at = 0; at < 8; at++)
			step(v, at, constant[i + at] + w[i + at]);
	for (size_t i = 0; i < 8; i++)
		state[i] += v[i];
}

void sha256_begin(struct sha256 *s)
{
	static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memcpy(s->state, first, sizeof first);
	s->octets = 0;
}

void sha256_add(struct sha256 *s, struct slice octets)
{
	while (octets.len) {
		size_t used = s->octets % SHA256_BLOCK, n = SHA256_BLOCK - used;

		if (n > octets.len)
			n = octets.len;
		memcpy(s->block + used, octets.p, n);
		s->octets += n;
		octets = (struct slice){octets.p + n, octets.len - n};
		if (used + n == SHA256_BLOCK)
			take_block(s->state, s->block);
	}
}

void sha256_end(struct sha256 *s, unsigned char digest[SHA256_OCTETS])
{
	size_t used = s->octets % SHA256_BLOCK, size = used < SHA256_BLOCK - 8 ? SHA256_BLOCK : 2 * SHA256_BLOCK;
	char end[2 * SHA256_BLOCK] = "\x80";
	uint64_t bits = s->octets * 8;

	for (size_t i = 0; i < 8; i++)
		end[size - used - 8 + i] = (char)(bits >> (56 - 8 * i) & 255);
	sha256_add(s, (struct slice){end, size - used});
	for (size_t i = 0; i < SHA256_OCTETS; i++)
		digest[i] = (unsigned char)(s->state[i / 4] >> (24 - 8 * (i % 4)) & 255);
}

void sha256_print(char to[SHA256_HEX], const unsigned char digest[SHA256_OCTETS])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_OCTETS; i++) {
		to[2 * i] = digits[digest[i] >> 4];
		to[2 * i + 1] = digits[digest[i] & 15];
	}
	to[SHA256_HEX - 1] = '\0';
}

void sha256_hex(char to[SHA256_HEX], struct slice octets)
{
	unsigned char digest[SHA256_OCTETS];
	struct sha256 s;

	sha256_begin(&s);
	sha256_add(&s, octets);
	sha256_end(&s, digest);
	sha256_print(to, digest);
}
