/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/utf8.h"

#include <errno.h>
#include <string.h>

static void setting_gives_code_message_and_minus_one(void **state)
{
	(void)state;
	struct error err = {.cause = "old"};
	assert_int_equal(error_set(&err, ERROR_NOT_FOUND, "no media \"%s\"", "X-1"), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_string_equal(err.message, "no media \"X-1\"");
	assert_string_equal(err.cause, "");
}

static void without_a_format_the_message_is_the_default(void **state)
{
	(void)state;
	struct error err;
	error_set(&err, ERROR_FULL, NULL);
	assert_string_equal(err.message, error_default_text(ERROR_FULL));
}

static void a_cause_stays_out_of_the_message(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(error_set_cause(&err, ERROR_UNAVAILABLE, "connect: %d", 111), -1);
	assert_string_equal(err.message, "dependency unreachable");
	assert_string_equal(err.cause, "connect: 111");
	assert_int_equal(error_add_cause(&err, "again"), -1);
	assert_string_equal(err.message, "dependency unreachable");
	assert_string_equal(err.cause, "again");
}

static void a_prefix_keeps_code_message_and_cause(void **state)
{
	(void)state;
	struct error err;
	error_set_cause(&err, ERROR_FULL, "write");
	assert_int_equal(error_prefix(&err, "%s: ", "upload"), -1);
	assert_int_equal(err.code, ERROR_FULL);
	assert_string_equal(err.message, "upload: no space left");
	assert_string_equal(err.cause, "write");
}

static void too_long_a_text_is_cut_between_characters(void **state)
{
	(void)state;
	char text[600], shifted[600];
	for (size_t i = 0; i < 594; i += 3)
		memcpy(text + i, "\xe2\x82\xac", 4);
	for (size_t shift = 0; shift < 3; shift++) {
		struct error err;
		memset(shifted, 'x', shift);
		memcpy(shifted + shift, text, 595);
		error_set(&err, ERROR_INVALID, "%s", shifted);
		error_add_cause(&err, "%s", shifted);
		assert_true(utf8_is_valid(err.message, strlen(err.message)) &&
			    utf8_is_valid(err.cause, strlen(err.cause)));
		assert_in_range(strlen(err.message), sizeof(err.message) - 3, sizeof(err.message) - 1);
		error_prefix(&err, "%s", "a");
		assert_true(utf8_is_valid(err.message, strlen(err.message)));
		error_prefix(&err, "%s", shifted);
		assert_true(utf8_is_valid(err.message, strlen(err.message)));
	}
}

static void an_error_may_be_made_of_itself(void **state)
{
	(void)state;
	struct error err;
	error_set_cause(&err, ERROR_INTERNAL, "deep");
	error_set(&err, ERROR_SOURCE_FAILED, "%s (%s)", err.message, err.cause);
	assert_string_equal(err.message, "internal error (deep)");
	error_prefix(&err, "%s: ", err.message);
	assert_string_equal(err.message, "internal error (deep): internal error (deep)");
}

static void errno_is_translated(void **state)
{
	(void)state;
	static const struct {
		int errnum;
		enum error_code code;
	} CASES[] = {{ENOENT, ERROR_NOT_FOUND}, {ENOSPC, ERROR_FULL}, {EDQUOT, ERROR_FULL},
		{ETIMEDOUT, ERROR_DEADLINE}, {EIO, ERROR_INTERNAL}, {EACCES, ERROR_INTERNAL}};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct error err;
		assert_int_equal(error_set_errno(&err, CASES[i].errnum, "open"), -1);
		assert_int_equal(err.code, CASES[i].code);
		assert_string_equal(err.message, error_default_text(CASES[i].code));
	}
	struct error err;
	error_set_errno(&err, EIO, "open");
	assert_string_equal(err.cause, "open: Input/output error");
}

static void wire_names_come_back_as_their_codes(void **state)
{
	(void)state;
	for (int code = 0; code < ERROR_CODE_COUNT; code++)
		assert_int_equal(error_code_from_wire(error_wire_name((enum error_code)code)), code);
	assert_int_equal(error_code_from_wire("from_the_future"), ERROR_INTERNAL);
}

static void the_list_knows_status_and_retry(void **state)
{
	(void)state;
	assert_int_equal(error_http_status(ERROR_INVALID), 422);
	assert_int_equal(error_http_status(ERROR_NONE), 200);
	assert_true(error_is_retryable(ERROR_UNAVAILABLE));
	assert_false(error_is_retryable(ERROR_CHECKSUM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setting_gives_code_message_and_minus_one),
		cmocka_unit_test(without_a_format_the_message_is_the_default),
		cmocka_unit_test(a_cause_stays_out_of_the_message),
		cmocka_unit_test(a_prefix_keeps_code_message_and_cause),
		cmocka_unit_test(too_long_a_text_is_cut_between_characters),
		cmocka_unit_test(an_error_may_be_made_of_itself),
		cmocka_unit_test(errno_is_translated),
		cmocka_unit_test(wire_names_come_back_as_their_codes),
		cmocka_unit_test(the_list_knows_status_and_retry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
