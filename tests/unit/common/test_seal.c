/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base64.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/hex.h"
#include "common/seal.h"

#include <string.h>

static const unsigned char KEY[SEAL_KEY_SIZE] = "0123456789abcdef0123456789abcde";
static const unsigned char OTHER_KEY[SEAL_KEY_SIZE] = "0123456789abcdef0123456789abcdX";

static void check_round_trip(const char *context, const char *secret)
{
	CLEANUP(buf_release) struct buf sealed = {0}, out = {0};
	struct error err;
	seal_text(KEY, context, secret, &sealed);
	assert_int_equal(seal_open(KEY, context, sealed.data, &out, &err), 0);
	assert_string_equal(out.data, secret);
	assert_int_equal(out.length, strlen(secret));
}

static void a_secret_comes_back(void **state)
{
	(void)state;
	check_round_trip("s3_config:http://s3", "wJalrXUtnFEMI/K7MDENG");
	check_round_trip("", "x");
	check_round_trip("context", "");
	check_round_trip("", "");
}

static void both_append_to_what_is_there(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf sealed = {0}, out = {0};
	struct error err;
	buf_append_text(&sealed, "password=");
	buf_append_text(&out, "plain: ");
	seal_text(KEY, "c", "secret", &sealed);
	assert_int_equal(seal_open(KEY, "c", sealed.data + 9, &out, &err), 0);
	assert_string_equal(out.data, "plain: secret");
}

static void two_seals_of_one_secret_differ(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf a = {0}, b = {0};
	seal_text(KEY, "c", "secret", &a);
	seal_text(KEY, "c", "secret", &b);
	assert_string_not_equal(a.data, b.data);
	assert_null(strstr(a.data, "secret"));
}

static void opens_what_another_implementation_sealed(void **state)
{
	(void)state;
	/* AES-256-GCM test case 14 of the GCM specification: zero key, zero nonce, 16 zero bytes, no AAD */
	static const unsigned char ZERO_KEY[SEAL_KEY_SIZE];
	unsigned char sealed[12 + 32] = {0};
	char text[80] = "v1.";
	CLEANUP(buf_release) struct buf out = {0};
	struct error err;
	assert_int_equal(hex_decode("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
				 sealed + 12, 32),
		0);
	base64_encode(sealed, sizeof(sealed), BASE64_URL, text + 3);
	assert_int_equal(seal_open(ZERO_KEY, "", text, &out, &err), 0);
	assert_int_equal(out.length, 16);
	assert_memory_equal(out.data, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
}

static void refuse(const unsigned char *key, const char *context, const char *sealed)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct error err;
	buf_append_text(&out, "kept");
	assert_int_equal(seal_open(key, context, sealed, &out, &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	assert_string_equal(err.message, "internal error");
	assert_string_equal(out.data, "kept");
	assert_int_equal(out.length, 4);
}

static void another_key_or_context_opens_nothing(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf sealed = {0};
	seal_text(KEY, "s3_config:a", "secret", &sealed);
	refuse(OTHER_KEY, "s3_config:a", sealed.data);
	refuse(KEY, "s3_config:b", sealed.data);
	refuse(KEY, "", sealed.data);
}

static void every_changed_or_missing_character_is_noticed(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf sealed = {0};
	seal_text(KEY, "c", "secret", &sealed);
	for (size_t i = 0; i < sealed.length; i++) {
		char kept = sealed.data[i];
		sealed.data[i] = kept == 'B' ? 'C' : 'B';
		refuse(KEY, "c", sealed.data);
		sealed.data[i] = '\0';
		refuse(KEY, "c", sealed.data);
		sealed.data[i] = kept;
	}
}

static void other_text_is_refused(void **state)
{
	(void)state;
	static const char *const BAD[] = {"", "v1.", "v2.", "secret", "v1.AAAA", "v1.!!!!", "v1",
		"v1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "v1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		refuse(KEY, "c", BAD[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_comes_back),
		cmocka_unit_test(both_append_to_what_is_there),
		cmocka_unit_test(two_seals_of_one_secret_differ),
		cmocka_unit_test(opens_what_another_implementation_sealed),
		cmocka_unit_test(another_key_or_context_opens_nothing),
		cmocka_unit_test(every_changed_or_missing_character_is_noticed),
		cmocka_unit_test(other_text_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
