/* SPDX-License-Identifier: MIT */
#include "common/crc32c.h"

#include "support/cmocka.h"

#include <string.h>

/* RFC 3720 appendix B.4, and the check value of the catalogue of parametrised CRCs. */
static void known_texts_have_their_known_values(void **state)
{
	(void)state;
	unsigned char bytes[32];
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(crc32c_update(0, bytes, 32), 0x8A9136AA);
	assert_int_equal(crc32c_update_portable(0, bytes, 32), 0x8A9136AA);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(crc32c_update(0, bytes, 32), 0x62A8AB43);
	assert_int_equal(crc32c_update_portable(0, bytes, 32), 0x62A8AB43);
	for (int i = 0; i < 32; i++)
		bytes[i] = (unsigned char)i;
	assert_int_equal(crc32c_update(0, bytes, 32), 0x46DD794E);
	for (int i = 0; i < 32; i++)
		bytes[i] = (unsigned char)(31 - i);
	assert_int_equal(crc32c_update(0, bytes, 32), 0x113FDB5C);
	assert_int_equal(crc32c_update(0, "123456789", 9), 0xE3069283);
	assert_int_equal(crc32c_update_portable(0, "123456789", 9), 0xE3069283);
	assert_int_equal(crc32c_update(0, "", 0), 0);
}

static void both_ways_agree_at_every_length_and_alignment(void **state)
{
	(void)state;
	unsigned char bytes[100];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 151 + 7);
	for (size_t from = 0; from < 9; from++)
		for (size_t length = 0; from + length <= sizeof(bytes); length++)
			assert_int_equal(crc32c_update(0, bytes + from, length),
				crc32c_update_portable(0, bytes + from, length));
}

static void both_ways_agree_on_many_bytes(void **state)
{
	(void)state;
	static unsigned char bytes[100000];
	static const size_t LENGTHS[] = {12287, 12288, 12289, 24576, 65536, 99999, 100000};
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 2654435761U >> 13);
	for (size_t i = 0; i < sizeof(LENGTHS) / sizeof(LENGTHS[0]); i++)
		for (uint32_t before = 0; before < 2; before++)
			assert_int_equal(crc32c_update(before, bytes, LENGTHS[i]),
				crc32c_update_portable(before, bytes, LENGTHS[i]));
	const uint32_t whole = crc32c_update(0, bytes, sizeof(bytes));
	for (size_t cut = 1; cut < sizeof(bytes); cut += 7919)
		assert_int_equal(
			crc32c_update(crc32c_update(0, bytes, cut), bytes + cut, sizeof(bytes) - cut), whole);
}

static void pieces_give_the_same_as_the_whole(void **state)
{
	(void)state;
	static const char TEXT[] = "The quick brown fox jumps over the lazy dog";
	const uint32_t whole = crc32c_update(0, TEXT, sizeof(TEXT) - 1);
	for (size_t cut = 0; cut < sizeof(TEXT); cut++)
		assert_int_equal(
			crc32c_update(crc32c_update(0, TEXT, cut), TEXT + cut, sizeof(TEXT) - 1 - cut),
			whole);
	assert_int_equal(whole, 0x22620404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_texts_have_their_known_values),
		cmocka_unit_test(both_ways_agree_at_every_length_and_alignment),
		cmocka_unit_test(both_ways_agree_on_many_bytes),
		cmocka_unit_test(pieces_give_the_same_as_the_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
