/* SPDX-License-Identifier: MIT */
#include "common/json_lift.h"

#include "common/buf.h"
#include "support/cmocka.h"

#include <string.h>

struct catcher {
	struct buf caught;
	int begun;
};

static void begin(void *context)
{
	struct catcher *catcher = context;
	buf_clear(&catcher->caught);
	catcher->begun++;
}

static int catch_piece(void *context, const char *bytes, size_t length, struct error *err)
{
	(void)err;
	buf_append(&((struct catcher *)context)->caught, bytes, length);
	return 0;
}

struct outcome {
	struct buf kept;
	struct catcher catcher;
	int result;
	struct error err;
};

static void release(struct outcome *outcome)
{
	buf_release(&outcome->kept);
	buf_release(&outcome->catcher.caught);
}

/* The text in three pieces. */
static void feed(const char *text, size_t length, size_t first, size_t second, struct outcome *out)
{
	struct json_lift lift;
	*out = (struct outcome){.result = 0};
	json_lift_init(&lift, "base64", &(struct json_lift_sink){begin, catch_piece, &out->catcher});
	const size_t ends[] = {first, second, length};
	for (size_t i = 0, at = 0; i < 3 && out->result == 0; at = ends[i++])
		out->result = json_lift_feed(&lift, text + at, ends[i] - at, &out->kept, &out->err);
	buf_append(&out->kept, "", 1);
	buf_append(&out->catcher.caught, "", 1);
}

/* At every two places where it may be cut: what is kept, and what is taken (NULL: nothing). */
static void expect_sized(const char *text, size_t length, const char *kept, const char *taken)
{
	for (size_t first = 0; first <= length; first++) {
		for (size_t second = first; second <= length; second++) {
			struct outcome outcome;
			feed(text, length, first, second, &outcome);
			assert_int_equal(outcome.result, 0);
			assert_string_equal(outcome.kept.data, kept);
			assert_int_equal(outcome.catcher.begun > 0, taken != NULL);
			assert_string_equal(outcome.catcher.caught.data, taken ? taken : "");
			release(&outcome);
		}
	}
}

static void expect(const char *text, const char *kept, const char *taken)
{
	expect_sized(text, strlen(text), kept, taken);
}

static void expect_refused(const char *text)
{
	const size_t length = strlen(text);
	for (size_t first = 0; first <= length; first++) {
		struct outcome outcome;
		feed(text, length, first, length, &outcome);
		assert_int_equal(outcome.result, -1);
		assert_int_equal(outcome.err.code, ERROR_BAD_REQUEST);
		assert_string_equal(outcome.err.message, "Cannot parse request body");
		release(&outcome);
	}
}

static void the_string_is_taken_wherever_it_stands(void **state)
{
	(void)state;
	expect("{\"base64\":\"QUJD\"}", "{\"base64\":\"\"}", "QUJD");
	expect("{\"a\": 1, \"base64\" : \"QUJD\" , \"b\": [\"x\"]}",
		"{\"a\": 1, \"base64\" : \"\" , \"b\": [\"x\"]}", "QUJD");
	expect("\xEF\xBB\xBF \n{\"m\":{\"k\":{}},\"base64\":\"\"}",
		"\xEF\xBB\xBF \n{\"m\":{\"k\":{}},\"base64\":\"\"}", "");
}

static void escapes_are_resolved_in_the_string_and_in_the_name(void **state)
{
	(void)state;
	expect("{\"base64\":\"a\\/b\\u002Bc\\u002f\\\"\\\\\\n\\u00e9\"}", "{\"base64\":\"\"}",
		"a/b+c/\"\\\n\xC3\xA9");
	expect("{\"b\\u0061se6\\u0034\":\"QQ==\"}", "{\"b\\u0061se6\\u0034\":\"\"}", "QQ==");
	expect("{\"base64\":\"\xE2\x82\xAC\"}", "{\"base64\":\"\"}", "\xE2\x82\xAC");
}

static void of_several_the_last_counts(void **state)
{
	(void)state;
	expect("{\"base64\":\"one\",\"base64\":\"two\"}", "{\"base64\":\"\",\"base64\":\"\"}", "two");
	expect("{\"base64\":\"one\",\"base64\":null}", "{\"base64\":\"\",\"base64\":null}", "one");
}

static void what_only_looks_like_it_stays(void **state)
{
	(void)state;
	static const char *const TEXTS[] = {"{\"m\":{\"base64\":\"x\"}}", "[\"base64\",\"x\"]",
		"[{\"base64\":\"x\"}]", "{\"base64x\":\"x\",\"base6\":\"y\",\"BASE64\":\"z\"}",
		"{\"a\":\"base64\",\"b\":\"x\"}", "{\"base64\":[\"x\"]}", "{\"base64\":{\"base64\":\"x\"}}",
		"{\"base64\":12}", "\"base64\"", "{\"a\\\"base64\":\"x\"}",
		"{\"\xC3\xA9\\u00e9base64\":\"x\"}", "{\"base64\\u0000\":\"x\"}",
		"{\"a\":\"\\\\\",\"b\":\"\\\"base64\\\":\"}"};
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
		expect(TEXTS[i], TEXTS[i], NULL);
}

/* What is wrong there must still be wrong in what is kept. */
static void what_is_malformed_around_it_is_kept_as_it_is(void **state)
{
	(void)state;
	expect("{\"base64\" \"x\"}", "{\"base64\" \"x\"}", NULL);
	expect("{\"base64\":\"x", "{\"base64\":\"", "x");
	expect("{\"base64\":\"x\"", "{\"base64\":\"\"", "x");
	expect("{\"base64\":\"x\"]}", "{\"base64\":\"\"]}", "x");
	expect("{\"a\xff\":1}", "{\"a\xff\":1}", NULL);
	expect("{\"a\\q\":1}", "{\"a\\q\":1}", NULL);
	expect("", "", NULL);
}

static void a_string_that_is_malformed_is_refused(void **state)
{
	(void)state;
	expect_refused("{\"base64\":\"a\nb\"}");
	expect_refused("{\"base64\":\"a\\xb\"}");
	expect_refused("{\"base64\":\"a\\u12g4\"}");
	expect_refused("{\"base64\":\"a\xff\xff\xff\xff\"}");
	expect_refused("{\"base64\":\"a\xE2\x82\"}");
	expect_refused("{\"base64\":\"a\xE2\x82\\n\"}");
}

static int refuse(void *context, const char *bytes, size_t length, struct error *err)
{
	(void)context, (void)bytes, (void)length;
	return error_set(err, ERROR_FULL, NULL);
}

static void an_error_of_the_sink_ends_it(void **state)
{
	(void)state;
	struct json_lift lift;
	struct catcher catcher = {0};
	struct buf kept = {0};
	struct error err;
	json_lift_init(&lift, "base64", &(struct json_lift_sink){begin, refuse, &catcher});
	assert_int_equal(json_lift_feed(&lift, "{\"base64\":\"x\"}", 14, &kept, &err), -1);
	assert_int_equal(err.code, ERROR_FULL);
	buf_release(&kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_string_is_taken_wherever_it_stands),
		cmocka_unit_test(escapes_are_resolved_in_the_string_and_in_the_name),
		cmocka_unit_test(of_several_the_last_counts),
		cmocka_unit_test(what_only_looks_like_it_stays),
		cmocka_unit_test(what_is_malformed_around_it_is_kept_as_it_is),
		cmocka_unit_test(a_string_that_is_malformed_is_refused),
		cmocka_unit_test(an_error_of_the_sink_ends_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
