/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/digest.h"
#include "common/hex.h"

#include <string.h>

#define SHA256_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA256_ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void sha256_agrees_with_fips_180(void **state)
{
	(void)state;
	char hex[DIGEST_HEX_SIZE];
	digest_sha256_hex("abc", 3, hex);
	assert_string_equal(hex, SHA256_ABC);
	digest_sha256_hex(NULL, 0, hex);
	assert_string_equal(hex, SHA256_EMPTY);
}

static void sha1_agrees_with_fips_180(void **state)
{
	(void)state;
	char hex[DIGEST_HEX_SIZE];
	CLEANUP(digest_cleanup) struct digest *digest = digest_create(DIGEST_SHA1);
	digest_update(digest, "abc", 3);
	digest_finish_hex(digest, hex);
	assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
}

static void md5_agrees_with_rfc_1321(void **state)
{
	(void)state;
	CLEANUP(digest_cleanup) struct digest *digest = digest_create(DIGEST_MD5);
	unsigned char sum[DIGEST_MAX_SIZE];
	char hex[DIGEST_HEX_SIZE];
	digest_update(digest, "message digest", 14);
	assert_int_equal(digest_finish(digest, sum), 16);
	hex_encode(sum, 16, hex);
	assert_string_equal(hex, "f96b697d7cb7938d525a2f31aaf161d0");
}

static void crc32c_comes_most_significant_byte_first(void **state)
{
	(void)state;
	CLEANUP(digest_cleanup) struct digest *digest = digest_create(DIGEST_CRC32C);
	char hex[DIGEST_HEX_SIZE];
	digest_update(digest, "1234", 4);
	digest_update(digest, "56789", 5);
	digest_finish_hex(digest, hex);
	assert_string_equal(hex, "e3069283");
	digest_finish_hex(digest, hex);
	assert_string_equal(hex, "00000000");
}

static void pieces_give_the_sum_of_the_whole(void **state)
{
	(void)state;
	CLEANUP(digest_cleanup) struct digest *digest = digest_create(DIGEST_SHA256);
	char hex[DIGEST_HEX_SIZE];
	digest_update(digest, "a", 1);
	digest_update(digest, NULL, 0);
	digest_update(digest, "bc", 2);
	digest_finish_hex(digest, hex);
	assert_string_equal(hex, SHA256_ABC);
}

static void finishing_starts_anew(void **state)
{
	(void)state;
	CLEANUP(digest_cleanup) struct digest *digest = digest_create(DIGEST_SHA256);
	unsigned char sum[DIGEST_MAX_SIZE];
	char hex[DIGEST_HEX_SIZE];
	digest_update(digest, "something else", 14);
	assert_int_equal(digest_finish(digest, sum), 32);
	digest_finish_hex(digest, hex);
	assert_string_equal(hex, SHA256_EMPTY);
	digest_update(digest, "abc", 3);
	digest_finish_hex(digest, hex);
	assert_string_equal(hex, SHA256_ABC);
}

static void hmac_agrees_with_rfc_4231(void **state)
{
	(void)state;
	unsigned char sum[32];
	char hex[DIGEST_HEX_SIZE];
	digest_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, sum);
	hex_encode(sum, 32, hex);
	assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void hmac_takes_a_key_longer_than_a_block(void **state)
{
	(void)state;
	unsigned char key[131], sum[32];
	char hex[DIGEST_HEX_SIZE];
	memset(key, 0xaa, sizeof(key));
	digest_hmac_sha256(
		key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First", 54, sum);
	hex_encode(sum, 32, hex);
	assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void freeing_nothing_is_allowed(void **state)
{
	(void)state;
	digest_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_agrees_with_fips_180),
		cmocka_unit_test(sha1_agrees_with_fips_180),
		cmocka_unit_test(md5_agrees_with_rfc_1321),
		cmocka_unit_test(crc32c_comes_most_significant_byte_first),
		cmocka_unit_test(pieces_give_the_sum_of_the_whole),
		cmocka_unit_test(finishing_starts_anew),
		cmocka_unit_test(hmac_agrees_with_rfc_4231),
		cmocka_unit_test(hmac_takes_a_key_longer_than_a_block),
		cmocka_unit_test(freeing_nothing_is_allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
