/* SPDX-License-Identifier: MIT */
#include "common/log.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static struct {
	const char *service;
	enum log_level level;
	enum log_format format;
} config = {"mediastore", LOG_LEVEL_INFO, LOG_FORMAT_TEXT};

static const char *const LEVELS[] = {"DEBUG", "INFO", "WARN", "ERROR"};

void log_init(const char *service, enum log_level level, enum log_format format)
{
	config.service = service;
	config.level = level;
	config.format = format;
}

enum log_level log_level_from_name(const char *name)
{
	for (int level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_ERROR; level++)
		if (strcasecmp(LEVELS[level], name) == 0)
			return (enum log_level)level;
	return LOG_LEVEL_INFO;
}

enum log_format log_format_from_name(const char *name)
{
	return strcasecmp(name, "json") == 0 ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f || *text == '"' ||
			*text == '=' || *text == '\\')
			return false;
	return true;
}

static void append_text_field(struct buf *line, const struct log_field *field)
{
	if (!field->text)
		buf_printf(line, " %s=%lld", field->name, (long long)field->number);
	else if (is_plain(field->text))
		buf_printf(line, " %s=%s", field->name, field->text);
	else {
		buf_printf(line, " %s=", field->name);
		buf_append_json_string(line, field->text);
	}
}

static void append_json_field(struct buf *line, const struct log_field *field)
{
	buf_printf(line, ",\"%s\":", field->name);
	if (field->text)
		buf_append_json_string(line, field->text);
	else
		buf_printf(line, "%lld", (long long)field->number);
}

static void append_head(struct buf *line, enum log_level level, const char *event)
{
	char when[CLOCK_RFC3339_SIZE];
	clock_rfc3339(clock_unix_ms(), when);
	if (config.format == LOG_FORMAT_TEXT) {
		buf_printf(line, "%s %-5s %s: %s", when, LEVELS[level], config.service, event);
		return;
	}
	buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"service\":\"%s\",\"event\":", when,
		LEVELS[level], config.service);
	buf_append_json_string(line, event);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
	if (level < config.level)
		return;
	CLEANUP(buf_release) struct buf line = {0};
	append_head(&line, level, event);
	for (; fields->name; fields++) {
		if (fields->text && !*fields->text)
			continue;
		if (config.format == LOG_FORMAT_TEXT)
			append_text_field(&line, fields);
		else
			append_json_field(&line, fields);
	}
	buf_append_text(&line, config.format == LOG_FORMAT_TEXT ? "\n" : "}\n");
	if (write(STDERR_FILENO, line.data, line.length) < 0)
		return; /* nowhere left to complain */
}
