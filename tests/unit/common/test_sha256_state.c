/* SPDX-License-Identifier: MIT */
#include "common/sha256_state.h"

#include "common/digest.h"
#include "support/cmocka.h"

#include <string.h>

enum { SIZE = 1000 };

static unsigned char bytes[SIZE];

static int set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 251);
	return 0;
}

static void it_is_sha256_whatever_the_pieces(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= 200; piece++) {
		struct sha256_state hash;
		char expected[DIGEST_HEX_SIZE], found[DIGEST_HEX_SIZE];
		sha256_state_init(&hash);
		for (size_t at = 0; at < SIZE; at += piece)
			sha256_state_update(&hash, bytes + at, piece < SIZE - at ? piece : SIZE - at);
		digest_sha256_hex(bytes, SIZE, expected);
		sha256_state_hex(&hash, found);
		assert_string_equal(found, expected);
	}
}

static void it_goes_on_from_what_was_written_down_at_every_length(void **state)
{
	(void)state;
	char expected[DIGEST_HEX_SIZE], found[DIGEST_HEX_SIZE], text[SHA256_STATE_SIZE];
	digest_sha256_hex(bytes, SIZE, expected);
	for (size_t at = 0; at <= SIZE; at++) {
		struct sha256_state first, second;
		sha256_state_init(&first);
		sha256_state_update(&first, bytes, at);
		sha256_state_print(&first, text);
		assert_int_equal(sha256_state_parse(text, &second), 0);
		sha256_state_update(&second, bytes + at, SIZE - at);
		sha256_state_hex(&second, found);
		assert_string_equal(found, expected);
	}
}

static void lengths_beyond_four_gib_count(void **state)
{
	(void)state;
	static const char zeros[1 << 20];
	struct sha256_state hash;
	char found[DIGEST_HEX_SIZE];
	sha256_state_init(&hash);
	hash.length = (uint64_t)1 << 32; /* as if 4 GiB had gone into it: the padding tells them from none */
	sha256_state_update(&hash, zeros, sizeof(zeros));
	sha256_state_hex(&hash, found);
	struct sha256_state none;
	char other[DIGEST_HEX_SIZE];
	sha256_state_init(&none);
	sha256_state_update(&none, zeros, sizeof(zeros));
	sha256_state_hex(&none, other);
	assert_string_not_equal(found, other);
}

static void what_is_no_state_is_refused(void **state)
{
	(void)state;
	struct sha256_state hash;
	assert_int_equal(sha256_state_parse("", &hash), -1);
	assert_int_equal(sha256_state_parse("00ff", &hash), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_sha256_whatever_the_pieces),
		cmocka_unit_test(it_goes_on_from_what_was_written_down_at_every_length),
		cmocka_unit_test(lengths_beyond_four_gib_count),
		cmocka_unit_test(what_is_no_state_is_refused),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
