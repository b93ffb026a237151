/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/settings.h"

#include <stdlib.h>
#include <string.h>

struct config {
	char *text, *secret, *key, *path, *endpoint, *choice, *optional;
	int64_t integer, size, duration, bounded;
	bool flag;
};

#define KEY_TEXT "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static const struct setting TABLE[] = {
	SETTING("TEST_TEXT", TEXT, struct config, text, "preset", "a text"),
	SETTING("TEST_SECRET", SECRET, struct config, secret, NULL, "a secret"),
	SETTING("TEST_KEY", KEY, struct config, key, KEY_TEXT, "a key"),
	SETTING("TEST_PATH", PATH, struct config, path, "/tmp", "a path"),
	SETTING("TEST_ENDPOINT", ENDPOINT, struct config, endpoint, "127.0.0.1:8080", "an address"),
	SETTING_CHOICE("TEST_CHOICE", struct config, choice, "text", "text|json", "a choice"),
	SETTING("TEST_OPTIONAL", TEXT, struct config, optional, NULL, "may stay unset"),
	SETTING("TEST_INTEGER", INTEGER, struct config, integer, "7", "a number"),
	SETTING("TEST_SIZE", SIZE, struct config, size, "256KiB", "a size"),
	SETTING("TEST_DURATION", DURATION, struct config, duration, "30s", "a time"),
	SETTING_BETWEEN("TEST_BOUNDED", INTEGER, struct config, bounded, "1", 1, 64, "a bounded number"),
	SETTING("TEST_FLAG", FLAG, struct config, flag, "true", "a flag"),
	SETTING_END,
};
static const struct setting NEEDED[] = {
	SETTING("TEST_TEXT", TEXT, struct config, text, SETTING_REQUIRED, "a text that must be"),
	SETTING_END};

static int clear_environment(void **state)
{
	(void)state;
	for (const struct setting *row = TABLE; row->name; row++)
		unsetenv(row->name);
	return 0;
}

static void unset_settings_take_their_defaults(void **state)
{
	(void)state;
	struct config config = {0};
	CLEANUP(buf_release) struct buf problems = {0};
	clear_environment(state);
	setenv("TEST_INTEGER", "", 1); /* counts as unset */
	assert_int_equal(settings_load(TABLE, &config, &problems), 0);
	assert_string_equal(config.text, "preset");
	assert_null(config.secret);
	assert_null(config.optional);
	assert_string_equal(config.choice, "text");
	assert_int_equal(config.integer, 7);
	assert_int_equal(config.size, 256 * 1024);
	assert_int_equal(config.duration, 30000);
	assert_true(config.flag);
	settings_release(TABLE, &config);
	assert_null(config.text);
}

static const struct {
	const char *name, *text;
	size_t offset;
	int64_t number;
} NUMBERS[] = {
	{"TEST_INTEGER", "0", offsetof(struct config, integer), 0},
	{"TEST_INTEGER", "9223372036854775807", offsetof(struct config, integer), INT64_MAX},
	{"TEST_SIZE", "4096", offsetof(struct config, size), 4096},
	{"TEST_SIZE", "1B", offsetof(struct config, size), 1},
	{"TEST_SIZE", "8MiB", offsetof(struct config, size), 8 << 20},
	{"TEST_SIZE", "2GiB", offsetof(struct config, size), INT64_C(2) << 30},
	{"TEST_SIZE", "5TiB", offsetof(struct config, size), INT64_C(5) << 40},
	{"TEST_DURATION", "500ms", offsetof(struct config, duration), 500},
	{"TEST_DURATION", "5m", offsetof(struct config, duration), 300000},
	{"TEST_DURATION", "2h", offsetof(struct config, duration), 7200000},
	{"TEST_DURATION", "7d", offsetof(struct config, duration), 604800000},
	{"TEST_BOUNDED", "64", offsetof(struct config, bounded), 64},
};

static void numbers_take_their_units(void **state)
{
	for (size_t i = 0; i < sizeof(NUMBERS) / sizeof(NUMBERS[0]); i++) {
		struct config config = {0};
		CLEANUP(buf_release) struct buf problems = {0};
		clear_environment(state);
		setenv(NUMBERS[i].name, NUMBERS[i].text, 1);
		assert_int_equal(settings_load(TABLE, &config, &problems), 0);
		assert_int_equal(
			*(int64_t *)(void *)((char *)&config + NUMBERS[i].offset), NUMBERS[i].number);
		settings_release(TABLE, &config);
	}
}

static void flags_have_four_spellings(void **state)
{
	static const char *const WORDS[] = {"false", "true", "0", "1", "No", "YES", "off", "on"};
	for (size_t i = 0; i < 8; i++) {
		struct config config = {0};
		CLEANUP(buf_release) struct buf problems = {0};
		clear_environment(state);
		setenv("TEST_FLAG", WORDS[i], 1);
		assert_int_equal(settings_load(TABLE, &config, &problems), 0);
		assert_int_equal(config.flag, i % 2);
		settings_release(TABLE, &config);
	}
}

static void unusable_values_are_reported_by_name(void **state)
{
	static const char *const BAD[][2] = {{"TEST_INTEGER", "-1"}, {"TEST_INTEGER", "x"},
		{"TEST_INTEGER", "1 "}, {"TEST_INTEGER", " 1"}, {"TEST_INTEGER", "9223372036854775808"},
		{"TEST_INTEGER", "1s"}, {"TEST_SIZE", "1kb"}, {"TEST_SIZE", "9000000TiB"},
		{"TEST_SIZE", "KiB"}, {"TEST_DURATION", "10"}, {"TEST_DURATION", "1w"}, {"TEST_BOUNDED", "0"},
		{"TEST_BOUNDED", "65"}, {"TEST_FLAG", "maybe"}, {"TEST_PATH", "relative"},
		{"TEST_ENDPOINT", "localhost"}, {"TEST_ENDPOINT", ":80"}, {"TEST_ENDPOINT", "h:65536"},
		{"TEST_ENDPOINT", "h:"}, {"TEST_CHOICE", "tex"}, {"TEST_CHOICE", "text|json"},
		{"TEST_CHOICE", "xml"}, {"TEST_KEY", "0011"}};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct config config = {0};
		CLEANUP(buf_release) struct buf problems = {0};
		clear_environment(state);
		setenv(BAD[i][0], BAD[i][1], 1);
		assert_int_equal(settings_load(TABLE, &config, &problems), -1);
		assert_memory_equal(problems.data, BAD[i][0], strlen(BAD[i][0]));
		assert_ptr_equal(strchr(problems.data, '\n'), problems.data + problems.length - 1);
		settings_release(TABLE, &config);
	}
}

static void all_problems_are_reported_together(void **state)
{
	struct config config = {0};
	CLEANUP(buf_release) struct buf problems = {0};
	clear_environment(state);
	setenv("TEST_INTEGER", "x", 1);
	setenv("TEST_FLAG", "y", 1);
	assert_int_equal(settings_load(TABLE, &config, &problems), -1);
	assert_int_equal(settings_load(NEEDED, &config, &problems), -1);
	assert_non_null(strstr(problems.data, "TEST_INTEGER=\"x\" is unusable"));
	assert_non_null(strstr(problems.data, "TEST_FLAG=\"y\" is unusable"));
	assert_non_null(strstr(problems.data, "TEST_TEXT is required"));
	settings_release(TABLE, &config);
}

static void secrets_are_not_quoted(void **state)
{
	struct config config = {0};
	CLEANUP(buf_release) struct buf problems = {0};
	clear_environment(state);
	setenv("TEST_KEY", "hunter2", 1);
	assert_int_equal(settings_load(TABLE, &config, &problems), -1);
	assert_null(strstr(problems.data, "hunter2"));
	settings_release(TABLE, &config);
}

static void printing_gives_an_environment_file(void **state)
{
	(void)state;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	settings_print(NEEDED, out);
	settings_print(TABLE, out);
	fclose(out);
	assert_memory_equal(text, "# a text that must be\n# (text, required)\nTEST_TEXT=\n\n", 52);
	assert_non_null(strstr(text, "# a size\n# (size)\n#TEST_SIZE=256KiB\n"));
	assert_non_null(strstr(text, "# a choice\n# (text|json)\n#TEST_CHOICE=text\n"));
	assert_non_null(strstr(text, "#TEST_SECRET=\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unset_settings_take_their_defaults),
		cmocka_unit_test(numbers_take_their_units),
		cmocka_unit_test(flags_have_four_spellings),
		cmocka_unit_test(unusable_values_are_reported_by_name),
		cmocka_unit_test(all_problems_are_reported_together),
		cmocka_unit_test(secrets_are_not_quoted),
		cmocka_unit_test(printing_gives_an_environment_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
