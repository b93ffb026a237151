/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/packed.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 4, ITEMS = 20 };

/* In a block of exactly its size, so that the address sanitizer sees a byte read too far. */
static int check(const char *bytes, size_t length, struct error *err)
{
	CLEANUP(cleanup_free) char *exact = malloc(length ? length : 1);
	memcpy(exact, bytes, length);
	*err = (struct error){0};
	return packed_check(exact, length, DEPTH, ITEMS, err);
}

#define BYTES(text)                                                                                          \
	{                                                                                                    \
		text, sizeof(text) - 1                                                                       \
	}

static const struct {
	const char *bytes;
	size_t length;
} GOOD[] = {
	BYTES("\x00"),
	BYTES("\x7f"),
	BYTES("\xe0"),
	BYTES("\xff"),
	BYTES("\xc0"),
	BYTES("\xc2"),
	BYTES("\xc3"),
	BYTES("\xc4\x01x"),
	BYTES("\xc5\x00\x01x"),
	BYTES("\xc6\x00\x00\x00\x01x"),
	BYTES("\xc7\x01tx"),
	BYTES("\xc8\x00\x01tx"),
	BYTES("\xc9\x00\x00\x00\x01tx"),
	BYTES("\xca"
	      "1234"),
	BYTES("\xcb"
	      "12345678"),
	BYTES("\xcc"
	      "1"),
	BYTES("\xcd"
	      "12"),
	BYTES("\xce"
	      "1234"),
	BYTES("\xcf"
	      "12345678"),
	BYTES("\xd0"
	      "1"),
	BYTES("\xd1"
	      "12"),
	BYTES("\xd2"
	      "1234"),
	BYTES("\xd3"
	      "12345678"),
	BYTES("\xd4t1"),
	BYTES("\xd5t12"),
	BYTES("\xd6t1234"),
	BYTES("\xd7t12345678"),
	BYTES("\xd8t1234567812345678"),
	BYTES("\xd9\x01x"),
	BYTES("\xda\x00\x01x"),
	BYTES("\xdb\x00\x00\x00\x01x"),
	BYTES("\xa0"),
	BYTES("\xa3xyz"),
	BYTES("\x80"),
	BYTES("\x90"),
	BYTES("\x82\xa1x\x01\xa1y\xc0"),
	BYTES("\x93\x01\x90\x81\xc0\xc0"),
	BYTES("\xdc\x00\x02\x01\x02"),
	BYTES("\xdd\x00\x00\x00\x01\x01"),
	BYTES("\xde\x00\x01\x01\x02"),
	BYTES("\xdf\x00\x00\x00\x01\x01\x02"),
	BYTES("\x91\x91\x91\x90"),
};

static void accepts_every_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
		struct error err;
		if (check(GOOD[i].bytes, GOOD[i].length, &err))
			fail_msg("%zu: %s", i, err.cause);
	}
}

static void refuses_every_form_cut_short_or_followed_by_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
		struct error err;
		char longer[64];
		for (size_t cut = 0; cut < GOOD[i].length; cut++) {
			assert_int_equal(check(GOOD[i].bytes, cut, &err), -1);
			assert_int_equal(err.code, ERROR_INVALID);
		}
		memcpy(longer, GOOD[i].bytes, GOOD[i].length);
		longer[GOOD[i].length] = '\0';
		assert_int_equal(check(longer, GOOD[i].length + 1, &err), -1);
	}
}

static void refuses_headers_that_claim_more_than_there_is(void **state)
{
	(void)state;
	static const char *const BAD[] = {"\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff",
		"\xdb\xff\xff\xff\xff", "\xc6\xff\xff\xff\xff", "\xc9\xff\xff\xff\xff", "\xdc\xff\xff",
		"\xde\xff\xff", "\xda\xff\xff", "\x9f", "\x8f", "\xbf", "\xdf\x80\x01\x01\x01", "\xc1"};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct error err;
		assert_int_equal(check(BAD[i], strlen(BAD[i]), &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
	}
}

static void refuses_more_values_or_levels_than_allowed(void **state)
{
	(void)state;
	char many[ITEMS + 3] = "\xdc";
	struct error err;
	many[2] = ITEMS - 1;
	assert_int_equal(check(many, 3 + ITEMS - 1, &err), 0);
	many[2] = ITEMS;
	assert_int_equal(check(many, 3 + ITEMS, &err), -1);
	assert_int_equal(check("\x91\x91\x91\x91\xc0", 5, &err), 0);
	assert_int_equal(check("\x91\x91\x91\x91\x90", 5, &err), -1);
	assert_int_equal(packed_check("\xc0", 1, 0, 0, &err), -1);
	assert_int_equal(packed_check("\xc0", 1, 0, 1, &err), 0);
	assert_int_equal(packed_check("\x90", 1, 0, 1, &err), -1);
}

/* Whatever is accepted, msgpack-c must take too: random bytes of the interesting kind. */
static void agrees_with_the_library(void **state)
{
	(void)state;
	unsigned seed = 1;
	int accepted = 0;
	for (int round = 0; round < 50000; round++) {
		char bytes[24];
		size_t length = 1 + (size_t)(rand_r(&seed) % 24);
		for (size_t i = 0; i < length; i++)
			bytes[i] =
				(char)(rand_r(&seed) % 3 ? 0x80 + rand_r(&seed) % 0x80 : rand_r(&seed) % 8);
		struct error err;
		if (check(bytes, length, &err))
			continue;
		msgpack_unpacked unpacked;
		msgpack_unpacked_init(&unpacked);
		size_t used = 0;
		assert_int_equal(
			msgpack_unpack_next(&unpacked, bytes, length, &used), MSGPACK_UNPACK_SUCCESS);
		assert_int_equal(used, length);
		msgpack_unpacked_destroy(&unpacked);
		accepted++;
	}
	assert_true(accepted > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_every_form),
		cmocka_unit_test(refuses_every_form_cut_short_or_followed_by_more),
		cmocka_unit_test(refuses_headers_that_claim_more_than_there_is),
		cmocka_unit_test(refuses_more_values_or_levels_than_allowed),
		cmocka_unit_test(agrees_with_the_library),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
