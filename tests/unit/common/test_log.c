/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/log.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is written to standard error between the two calls. */
static int kept, pipe_ends[2];

static void capture_start(void)
{
	assert_int_equal(pipe(pipe_ends), 0);
	kept = dup(STDERR_FILENO);
	dup2(pipe_ends[1], STDERR_FILENO);
}

static const char *capture_end(void)
{
	static char text[8192];
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(pipe_ends[1]);
	ssize_t got = read(pipe_ends[0], text, sizeof(text) - 1);
	text[got < 0 ? 0 : got] = '\0';
	close(pipe_ends[0]);
	return text;
}

static void a_text_line_has_head_event_and_fields(void **state)
{
	(void)state;
	log_init("store-worker", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	capture_start();
	log_info("job done", LOG_STR("job_id", "j-1"), LOG_INT("ms", 42));
	const char *line = capture_end();
	assert_string_equal(line + 24, " INFO  store-worker: job done job_id=j-1 ms=42\n");
	assert_int_equal(line[10], 'T');
}

static void texts_that_could_be_mistaken_are_quoted(void **state)
{
	(void)state;
	log_init("w", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	capture_start();
	log_warn("e", LOG_STR("a", "two words"), LOG_STR("b", "x\ny"), LOG_STR("c", "k=v"),
		LOG_STR("d", "\xc2\x9b"), LOG_STR("e", "\xff"));
	assert_string_equal(capture_end() + 24,
		" WARN  w: e a=\"two words\" b=\"x\\ny\" c=\"k=v\" d=\"\xc2\x9b\" e=\"\\ufffd\"\n");
}

static void empty_fields_are_left_out(void **state)
{
	(void)state;
	const char *volatile none = NULL;
	log_init("w", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	capture_start();
	log_info("e", LOG_STR("a", none), LOG_STR("b", ""), LOG_INT("c", 0));
	assert_string_equal(capture_end() + 24, " INFO  w: e c=0\n");
}

static void lower_levels_are_not_written(void **state)
{
	(void)state;
	log_init("w", LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
	capture_start();
	log_info("hidden");
	log_debug("hidden");
	log_error("shown");
	assert_string_equal(capture_end() + 24, " ERROR w: shown\n");
}

static void a_json_line_is_an_object(void **state)
{
	(void)state;
	struct error err;
	error_set_cause(&err, ERROR_FULL, "write: \"/x\"");
	log_init("api-gateway", LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
	capture_start();
	log_debug("put failed", LOG_ERROR(&err), LOG_INT("ms", -1));
	cJSON *line = cJSON_Parse(capture_end());
	assert_non_null(line);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "service")), "api-gateway");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "level")), "DEBUG");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "event")), "put failed");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "code")), "storage_full");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "cause")), "write: \"/x\"");
	assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(line, "ms")) == -1);
	cJSON_Delete(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_line_has_head_event_and_fields),
		cmocka_unit_test(texts_that_could_be_mistaken_are_quoted),
		cmocka_unit_test(empty_fields_are_left_out),
		cmocka_unit_test(lower_levels_are_not_written),
		cmocka_unit_test(a_json_line_is_an_object),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
