/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base64.h"
#include "common/random.h"

#include <string.h>

static const struct {
	const char *bytes, *standard, *url;
} VECTORS[] = {
	/* RFC 4648, section 10 */
	{"", "", ""},
	{"f", "Zg==", "Zg"},
	{"fo", "Zm8=", "Zm8"},
	{"foo", "Zm9v", "Zm9v"},
	{"foob", "Zm9vYg==", "Zm9vYg"},
	{"fooba", "Zm9vYmE=", "Zm9vYmE"},
	{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
	{"\xfb\xff\xbf", "+/+/", "-_-_"},
};
enum { VECTOR_COUNT = sizeof(VECTORS) / sizeof(VECTORS[0]) };

static void check_vector(const char *bytes, const char *text, enum base64_alphabet alphabet)
{
	char encoded[16], decoded[16];
	base64_encode(bytes, strlen(bytes), alphabet, encoded);
	assert_string_equal(encoded, text);
	assert_int_equal(base64_encoded_length(strlen(bytes), alphabet), strlen(text));
	assert_int_equal(base64_decode(text, strlen(text), alphabet, decoded), strlen(bytes));
	assert_memory_equal(decoded, bytes, strlen(bytes));
}

static void agrees_with_rfc_4648(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTOR_COUNT; i++) {
		check_vector(VECTORS[i].bytes, VECTORS[i].standard, BASE64_STANDARD);
		check_vector(VECTORS[i].bytes, VECTORS[i].url, BASE64_URL);
	}
}

static void every_byte_at_every_length_comes_back(void **state)
{
	(void)state;
	for (size_t length = 0; length < 200; length++) {
		unsigned char bytes[200], back[300];
		char text[300];
		random_bytes(bytes, length);
		for (int alphabet = BASE64_STANDARD; alphabet <= BASE64_URL; alphabet++) {
			base64_encode(bytes, length, alphabet, text);
			assert_int_equal(base64_decode(text, strlen(text), alphabet, back), length);
			assert_memory_equal(back, bytes, length);
		}
	}
}

static void refuse(const char *const *texts, enum base64_alphabet alphabet)
{
	for (; *texts; texts++) {
		char out[64];
		assert_int_equal(base64_decode(*texts, strlen(*texts), alphabet, out), -1);
	}
}

static void refuses_what_is_not_canonical(void **state)
{
	(void)state;
	static const char *const STANDARD[] = {"Z", "Zg", "Zg=", "Zm8", "Zh==", "Zm9=", "Zg==\n",
		"Zg ==", "Zm9v\nZm9v", "Zg==Zg==", "====", "=", "A===", "Z===", "-_-_", "Zm=v", "Zm9vYg=A",
		"\xc3\xa4==", NULL};
	static const char *const URL[] = {
		"Zg==", "Zm8=", "Zh", "Zm9", "Z", "Zm9vY", "+/+/", " Zm9v", "Zm9v ", NULL};
	refuse(STANDARD, BASE64_STANDARD);
	refuse(URL, BASE64_URL);
}

static void refuses_a_nul_within_the_length(void **state)
{
	(void)state;
	char out[8];
	assert_int_equal(base64_decode("Zm\0v", 4, BASE64_STANDARD, out), -1);
}

static void refuses_every_character_outside_the_alphabet(void **state)
{
	(void)state;
	int accepted = 0;
	for (int c = 0; c < 256; c++) {
		char text[4] = {'A', 'A', (char)c, 'A'}, out[8];
		accepted += base64_decode(text, 4, BASE64_URL, out) == 3;
	}
	assert_int_equal(accepted, 64);
}

/* In three pieces; -1 when any of it is refused. */
static ssize_t decode_in_pieces(const char *text, size_t first, size_t second, char *out)
{
	struct base64_decoder decoder = {.pending_length = 0};
	const size_t ends[] = {first, second, strlen(text)};
	ssize_t total = 0;
	for (size_t i = 0, at = 0; i < 3; at = ends[i++]) {
		ssize_t got = base64_decoder_feed(&decoder, text + at, ends[i] - at, out + total);
		if (got < 0)
			return -1;
		total += got;
	}
	return base64_decoder_is_whole(&decoder) ? total : -1;
}

static void pieces_decode_like_the_whole_wherever_it_is_cut(void **state)
{
	(void)state;
	static const char *const TEXTS[] = {"", "QQ==", "QUI=", "QUJD",
		"QUJDREVGR0hJSg==", "QQ==QQ==", "QQ=", "QUJDQ", "====", "Q===", "QR==", "QUJDREV=RkdI",
		"QUJD\nQUJD", "QU-_"};
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		const size_t length = strlen(TEXTS[i]);
		char whole[32], pieces[64];
		ssize_t size = base64_decode(TEXTS[i], length, BASE64_STANDARD, whole);
		for (size_t first = 0; first <= length; first++) {
			for (size_t second = first; second <= length; second++) {
				assert_int_equal(decode_in_pieces(TEXTS[i], first, second, pieces), size);
				if (size > 0)
					assert_memory_equal(pieces, whole, (size_t)size);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_rfc_4648),
		cmocka_unit_test(every_byte_at_every_length_comes_back),
		cmocka_unit_test(refuses_what_is_not_canonical),
		cmocka_unit_test(refuses_a_nul_within_the_length),
		cmocka_unit_test(refuses_every_character_outside_the_alphabet),
		cmocka_unit_test(pieces_decode_like_the_whole_wherever_it_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
