/* SPDX-License-Identifier: MIT */
#include "common/settings.h"

#include "common/buf.h"
#include "common/memory.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char SETTING_REQUIRED[] = "required";

struct unit {
	const char *suffix;
	int64_t factor;
};

static const struct unit PLAIN[] = {{"", 1}, {0}};
static const struct unit SIZES[] = {
	{"", 1}, {"B", 1}, {"KiB", 1024}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", INT64_C(1) << 40}, {0}};
static const struct unit DURATIONS[] = {
	{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {0}};

static const struct {
	const char *label;        /* for --print-env */
	const char *expectation;  /* for error messages */
	const struct unit *units; /* numbers only */
	bool secret;
} KINDS[] = {
	[SETTING_TEXT] = {"text", "text", NULL, false},
	[SETTING_SECRET] = {"secret text", "text", NULL, true},
	[SETTING_KEY] = {"secret key of 64 hex digits", "64 hex digits (openssl rand -hex 32)", NULL, true},
	[SETTING_INTEGER] = {"number", "a whole number", PLAIN, false},
	[SETTING_SIZE] = {"size", "a size such as 4096, 256KiB, 8MiB or 2GiB", SIZES, false},
	[SETTING_DURATION] = {"duration", "a duration such as 500ms, 30s, 5m, 2h or 7d", DURATIONS, false},
	[SETTING_FLAG] = {"true or false", "true or false", NULL, false},
	[SETTING_PATH] = {"absolute path", "an absolute path", NULL, false},
	[SETTING_ENDPOINT] = {"host:port", "host:port", NULL, false},
};

static int parse_number(const char *text, const struct unit *units, int64_t *out)
{
	char *end;
	errno = 0;
	if (!isdigit((unsigned char)*text))
		return -1;
	long long number = strtoll(text, &end, 10);
	if (errno)
		return -1;
	for (; units->suffix; units++) {
		if (strcmp(end, units->suffix) != 0)
			continue;
		return __builtin_mul_overflow((int64_t)number, units->factor, out) ? -1 : 0;
	}
	return -1;
}

int settings_duration(const char *text, int64_t *out)
{
	return parse_number(text, DURATIONS, out);
}

static int parse_flag(const char *text, bool *out)
{
	static const char *const WORDS[][2] = {{"false", "true"}, {"0", "1"}, {"no", "yes"}, {"off", "on"}};
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++)
		for (int value = 0; value < 2; value++)
			if (strcasecmp(text, WORDS[i][value]) == 0) {
				*out = value;
				return 0;
			}
	return -1;
}

static bool is_endpoint(const char *text)
{
	const char *colon = strrchr(text, ':');
	int64_t port;
	return colon && colon != text && parse_number(colon + 1, PLAIN, &port) == 0 && port <= 65535;
}

static bool is_key(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t length = strlen(text);
	if (strchr(text, '|')) /* several choices are not one */
		return false;
	for (const char *at = choices; at && length; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
		if (strncmp(at, text, length) == 0 && (at[length] == '|' || at[length] == '\0'))
			return true;
	return false;
}

static bool in_bounds(const struct setting *setting, int64_t number)
{
	bool bounded = setting->minimum || setting->maximum;
	return !bounded || (number >= setting->minimum && number <= setting->maximum);
}

static int store_text(const struct setting *setting, const char *text, char **field)
{
	if ((setting->choices && !is_choice(setting->choices, text)) ||
		(setting->kind == SETTING_KEY && !is_key(text)) ||
		(setting->kind == SETTING_PATH && *text != '/') ||
		(setting->kind == SETTING_ENDPOINT && !is_endpoint(text)))
		return -1;
	*field = memory_strdup(text);
	return 0;
}

static int store_value(const struct setting *setting, const char *text, void *field)
{
	if (setting->kind == SETTING_FLAG)
		return parse_flag(text, field);
	if (!KINDS[setting->kind].units)
		return store_text(setting, text, field);
	int64_t number;
	if (parse_number(text, KINDS[setting->kind].units, &number) || !in_bounds(setting, number))
		return -1;
	*(int64_t *)field = number;
	return 0;
}

static void report(const struct setting *setting, const char *text, struct buf *problems)
{
	buf_printf(problems, "%s", setting->name);
	if (!text)
		buf_append_text(problems, " is required");
	else if (KINDS[setting->kind].secret)
		buf_append_text(problems, " has an unusable value");
	else
		buf_printf(problems, "=\"%s\" is unusable", text);
	buf_printf(problems, ": it takes %s",
		setting->choices ? setting->choices : KINDS[setting->kind].expectation);
	if (setting->minimum || setting->maximum)
		buf_printf(problems, ", from %" PRId64 " to %" PRId64, setting->minimum, setting->maximum);
	buf_printf(problems, " (%s)\n", setting->help);
}

int settings_load(const struct setting *table, void *target, struct buf *problems)
{
	int result = 0;
	for (; table->name; table++) {
		const char *text = getenv(table->name);
		if (text && !*text)
			text = NULL;
		if (!text && table->default_text != SETTING_REQUIRED)
			text = table->default_text;
		if (!text && table->default_text != SETTING_REQUIRED)
			continue;
		if (text && store_value(table, text, (char *)target + table->offset) == 0)
			continue;
		report(table, text, problems);
		result = -1;
	}
	return result;
}

static bool holds_text(const struct setting *setting)
{
	return setting->kind != SETTING_FLAG && !KINDS[setting->kind].units;
}

void settings_release(const struct setting *table, void *target)
{
	for (; table->name; table++) {
		if (!holds_text(table))
			continue;
		char **field = (char **)((char *)target + table->offset);
		if (*field && KINDS[table->kind].secret)
			explicit_bzero(*field, strlen(*field));
		free(*field);
		*field = NULL;
	}
}

void settings_print(const struct setting *table, FILE *out)
{
	for (; table->name; table++) {
		bool required = table->default_text == SETTING_REQUIRED;
		const char *preset = required || !table->default_text ? "" : table->default_text;
		fprintf(out, "# %s\n# (%s%s)\n", table->help,
			table->choices ? table->choices : KINDS[table->kind].label,
			required ? ", required" : "");
		fprintf(out, "%s%s=%s\n\n", required ? "" : "#", table->name, preset);
	}
}
