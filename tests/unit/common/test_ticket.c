/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/memory.h"
#include "common/ticket.h"

#include <string.h>

static const char KEY[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
static const char OTHER_KEY[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeefe";
enum { NOW = 1000000, LATER_ON = NOW + 1 };

static void refuse(const char *key, const char *ticket, int64_t now)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct error err;
	assert_int_equal(ticket_verify(key, ticket, now, &out, &err), -1);
	assert_int_equal(err.code, ERROR_FORBIDDEN);
	assert_int_equal(out.length, 0);
}

static void claims_come_back(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf ticket = {0}, claims = {0};
	struct error err;
	ticket_sign(KEY, "spool\0file", 10, LATER_ON, &ticket);
	assert_int_equal(ticket_verify(KEY, ticket.data, NOW, &claims, &err), 0);
	assert_int_equal(claims.length, 10);
	assert_memory_equal(claims.data, "spool\0file", 10);
}

static void empty_claims_come_back(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf ticket = {0}, claims = {0};
	struct error err;
	ticket_sign(KEY, NULL, 0, INT64_MAX, &ticket);
	assert_int_equal(ticket_verify(KEY, ticket.data, NOW, &claims, &err), 0);
	assert_int_equal(claims.length, 0);
}

static void a_ticket_is_safe_in_a_url_path(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf ticket = {0};
	ticket_sign(KEY, "\xff\xfe\xfd?/#", 6, LATER_ON, &ticket);
	assert_int_equal(ticket.length, strlen(ticket.data));
	assert_int_equal(
		strspn(ticket.data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."),
		ticket.length);
}

static void a_ticket_ends_at_its_expiry(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf ticket = {0};
	ticket_sign(KEY, "a", 1, NOW, &ticket);
	refuse(KEY, ticket.data, NOW);
	refuse(KEY, ticket.data, NOW + 1);
}

static void another_key_makes_no_ticket(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf ticket = {0};
	ticket_sign(OTHER_KEY, "a", 1, LATER_ON, &ticket);
	refuse(KEY, ticket.data, NOW);
}

static void every_changed_or_missing_character_is_noticed(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf ticket = {0};
	ticket_sign(KEY, "claims", 6, LATER_ON, &ticket);
	for (size_t i = 0; i < ticket.length; i++) {
		char kept = ticket.data[i];
		ticket.data[i] = kept == 'B' ? 'C' : 'B';
		refuse(KEY, ticket.data, NOW);
		ticket.data[i] = '\0';
		refuse(KEY, ticket.data, NOW);
		ticket.data[i] = kept;
	}
}

static void other_text_is_refused(void **state)
{
	(void)state;
	static const char *const BAD[] = {"", ".", "..", "a.b", "AAAA.AAAA", "AAAAAAAAAAAA",
		".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		refuse(KEY, BAD[i], NOW);
}

static void the_longest_ticket_is_taken_and_a_longer_one_refused(void **state)
{
	(void)state;
	enum { CLAIMS = (TICKET_MAX_LENGTH - 44) / 4 * 3 - 8 };
	CLEANUP(cleanup_free) char *claims = memory_alloc(CLAIMS);
	CLEANUP(buf_release) struct buf ticket = {0}, out = {0};
	struct error err;
	ticket_sign(KEY, claims, CLAIMS, LATER_ON, &ticket);
	assert_int_equal(ticket.length, TICKET_MAX_LENGTH);
	assert_int_equal(ticket_verify(KEY, ticket.data, NOW, &out, &err), 0);
	assert_int_equal(out.length, CLAIMS);
	buf_append(&ticket, "A", 1);
	refuse(KEY, ticket.data, NOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_come_back),
		cmocka_unit_test(empty_claims_come_back),
		cmocka_unit_test(a_ticket_is_safe_in_a_url_path),
		cmocka_unit_test(a_ticket_ends_at_its_expiry),
		cmocka_unit_test(another_key_makes_no_ticket),
		cmocka_unit_test(every_changed_or_missing_character_is_noticed),
		cmocka_unit_test(other_text_is_refused),
		cmocka_unit_test(the_longest_ticket_is_taken_and_a_longer_one_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
