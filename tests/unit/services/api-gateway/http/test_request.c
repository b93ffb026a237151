/* SPDX-License-Identifier: MIT */
#include "http/request.h"

#include "common/arena.h"

#include "support/cmocka.h"

#include <cjson/cJSON.h>
#include <string.h>

static int path_pk(const char *text, int64_t *pk, struct error *err)
{
	struct request_param item = {"pk", text};
	struct request request = {.arena = arena_create(), .params = {&item, 1}};
	const char *detail = NULL;
	int result = request_param_pk(&request, "pk", pk, &detail, err);
	assert_int_equal(detail != NULL, result != 0);
	arena_free(request.arena);
	return result;
}

static void pk_in_a_path_is_digits(void **state)
{
	(void)state;
	struct error err;
	int64_t pk = 0;
	assert_int_equal(path_pk("42", &pk, &err), 0);
	assert_int_equal(pk, 42);
	assert_int_equal(path_pk("9223372036854775807", &pk, &err), 0);
	const char *const wrong[] = {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "abc", "9223372036854775808"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(path_pk(wrong[i], &pk, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
	}
}

static void null_field_counts_as_absent(void **state)
{
	(void)state;
	cJSON *object = cJSON_Parse("{\"a\":null,\"b\":\"x\",\"c\":1}");
	assert_null(request_field(object, "a"));
	assert_null(request_field(object, "B"));
	assert_string_equal(request_text(object, "b"), "x");
	assert_null(request_text(object, "c"));
	cJSON_Delete(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pk_in_a_path_is_digits),
		cmocka_unit_test(null_field_counts_as_absent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
