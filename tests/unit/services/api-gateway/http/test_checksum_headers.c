/* SPDX-License-Identifier: MIT */
#include "http/checksum_headers.h"

#include "common/arena.h"
#include "http/request.h"
#include "http/response.h"
#include "support/cmocka.h"

#include <string.h>
#include <strings.h>

/* Of "hello\n". */
#define SHA256_HEX    "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define SHA256_BASE64 "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="
#define MD5_HEX       "b1946ac92492d2347c6235b4d2611184"
#define MD5_BASE64    "sZRqySSS0jR8YjW00mERhA=="
#define CRC32C_HEX    "e3069283" /* of "123456789" */
#define CRC32C_BASE64 "4waSgw=="

static const char *find(void *context, const char *name)
{
	for (const char *const *header = context; header[0]; header += 2)
		if (strcasecmp(header[0], name) == 0)
			return header[1];
	return NULL;
}

static struct request asking(const char *const *headers)
{
	return (struct request){.method = "PUT", .source = {.context = (void *)headers, .header = find}};
}

#define HEADERS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct checksum_claims claims(const char *const *headers)
{
	struct checksum_claims found;
	struct error err;
	struct request request = asking(headers);
	assert_int_equal(checksum_headers_read(&request, &found, &err), 0);
	return found;
}

static void every_header_that_tells_a_checksum_is_read(void **state)
{
	(void)state;
	assert_string_equal(
		claims(HEADERS("Repr-Digest", "sha-256=:" SHA256_BASE64 ":")).expected.sha256, SHA256_HEX);
	assert_string_equal(
		claims(HEADERS("Content-Digest", "sha-512=:YQ==:, md5=:" MD5_BASE64 ":")).expected.md5,
		MD5_HEX);
	assert_string_equal(claims(HEADERS("Content-MD5", MD5_BASE64)).expected.md5, MD5_HEX);
	assert_string_equal(
		claims(HEADERS("x-amz-checksum-crc32c", CRC32C_BASE64)).expected.crc32c, CRC32C_HEX);
	assert_string_equal(
		claims(HEADERS("x-amz-checksum-sha256", SHA256_BASE64)).expected.sha256, SHA256_HEX);
	assert_string_equal(
		claims(HEADERS("Repr-Digest", "crc32c=:" CRC32C_BASE64 ":")).expected.crc32c, CRC32C_HEX);
}

static void algorithms_that_nobody_knows_are_ignored(void **state)
{
	(void)state;
	struct checksum_claims found =
		claims(HEADERS("Repr-Digest", "sha-512=:YQ==:, unixsum=:YQ==:, id=\"x\""));
	assert_string_equal(found.expected.sha256, "");
	assert_int_equal(found.wanted, 0);
}

static void malformed_ones_are_refused(void **state)
{
	(void)state;
	static const char *const BAD[][2] = {{"Repr-Digest", "sha-256=" SHA256_BASE64},
		{"Repr-Digest", "sha-256=:YQ==:"}, {"Content-Digest", "sha-256"},
		{"Content-Digest", "sha-256=:::"}, {"Content-MD5", "hello"}, {"Content-MD5", MD5_HEX},
		{"x-amz-checksum-sha256", MD5_BASE64}, {"x-amz-checksum-crc32c", ""}};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct checksum_claims found;
		struct error err;
		const char *const headers[] = {BAD[i][0], BAD[i][1], NULL};
		struct request request = asking(headers);
		assert_int_equal(checksum_headers_read(&request, &found, &err), -1);
		assert_int_equal(err.code, ERROR_BAD_REQUEST);
	}
}

static void two_that_contradict_each_other_are_refused(void **state)
{
	(void)state;
	struct checksum_claims found;
	struct error err;
	struct request request =
		asking(HEADERS("Content-MD5", MD5_BASE64, "Repr-Digest", "md5=:AAAAAAAAAAAAAAAAAAAAAA==:"));
	assert_int_equal(checksum_headers_read(&request, &found, &err), -1);
	assert_int_equal(err.code, ERROR_BAD_REQUEST);
	claims(HEADERS("Content-MD5", MD5_BASE64, "Repr-Digest", "md5=:" MD5_BASE64 ":"));
}

static void wishes_are_read_and_never_fail(void **state)
{
	(void)state;
	assert_int_equal(
		claims(HEADERS("Want-Repr-Digest", "md5=1, crc32c=0, sha-512=10")).wanted, 1 << CHECKSUM_MD5);
	assert_int_equal(claims(HEADERS("Want-Repr-Digest", "md5=1, =")).wanted, 0);
	assert_int_equal(claims(HEADERS("Want-Repr-Digest", "md5=11")).wanted, 0);
}

/* --- out */

static const struct checksums ALL = {.sha256 = SHA256_HEX, .crc32c = CRC32C_HEX, .md5 = MD5_HEX};

struct answer {
	struct arena *arena;
	struct response response;
};

static void tell(struct answer *answer, const char *const *headers, const struct checksums *sums,
	enum checksum_extent extent)
{
	struct request request = asking(headers);
	answer->arena = arena_create();
	request.arena = answer->arena;
	answer->response = (struct response){0};
	checksum_headers_write(&request, &answer->response, sums, extent);
}

static const char *told(const struct answer *answer, const char *name)
{
	for (size_t i = 0; i < answer->response.header_count; i++)
		if (strcmp(answer->response.headers[i].name, name) == 0)
			return answer->response.headers[i].value;
	return "";
}

static void the_whole_content_tells_all_that_is_known(void **state)
{
	(void)state;
	struct answer answer;
	tell(&answer, HEADERS("Accept", "*"), &ALL, CHECKSUM_OF_CONTENT);
	assert_string_equal(told(&answer, "Repr-Digest"),
		"sha-256=:" SHA256_BASE64 ":, crc32c=:" CRC32C_BASE64 ":, md5=:" MD5_BASE64 ":");
	assert_string_equal(told(&answer, "Content-Digest"), told(&answer, "Repr-Digest"));
	assert_string_equal(told(&answer, "Content-MD5"), MD5_BASE64);
	assert_string_equal(told(&answer, "x-amz-checksum-sha256"), SHA256_BASE64);
	assert_string_equal(told(&answer, "x-amz-checksum-crc32c"), CRC32C_BASE64);
	arena_free(answer.arena);
}

static void of_a_part_only_what_the_whole_is_can_be_told(void **state)
{
	(void)state;
	struct answer answer;
	tell(&answer, HEADERS("Accept", "*"), &ALL, CHECKSUM_OF_PART);
	assert_int_equal(answer.response.header_count, 1);
	assert_string_not_equal(told(&answer, "Repr-Digest"), "");
	arena_free(answer.arena);
	tell(&answer, HEADERS("Accept", "*"), &ALL, CHECKSUM_OF_REPRESENTATION);
	assert_string_equal(told(&answer, "Content-Digest"), "");
	assert_string_equal(told(&answer, "x-amz-checksum-sha256"), SHA256_BASE64);
	arena_free(answer.arena);
}

static void a_wish_chooses_among_what_is_known(void **state)
{
	(void)state;
	static const struct checksums ONLY = {.sha256 = SHA256_HEX};
	struct answer answer;
	tell(&answer, HEADERS("Want-Repr-Digest", "md5=3"), &ALL, CHECKSUM_OF_CONTENT);
	assert_string_equal(told(&answer, "Repr-Digest"), "md5=:" MD5_BASE64 ":");
	arena_free(answer.arena);
	tell(&answer, HEADERS("Want-Repr-Digest", "md5=3"), &ONLY, CHECKSUM_OF_CONTENT);
	assert_string_equal(told(&answer, "Repr-Digest"), "sha-256=:" SHA256_BASE64 ":");
	arena_free(answer.arena);
	tell(&answer, HEADERS("Want-Repr-Digest", "sha-256=0"), &ONLY, CHECKSUM_OF_CONTENT);
	assert_string_equal(told(&answer, "Repr-Digest"), "");
	arena_free(answer.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_header_that_tells_a_checksum_is_read),
		cmocka_unit_test(algorithms_that_nobody_knows_are_ignored),
		cmocka_unit_test(malformed_ones_are_refused),
		cmocka_unit_test(two_that_contradict_each_other_are_refused),
		cmocka_unit_test(wishes_are_read_and_never_fail),
		cmocka_unit_test(the_whole_content_tells_all_that_is_known),
		cmocka_unit_test(of_a_part_only_what_the_whole_is_can_be_told),
		cmocka_unit_test(a_wish_chooses_among_what_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
