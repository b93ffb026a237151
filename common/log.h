/* SPDX-License-Identifier: MIT */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

/*
 * One line per event on standard error, as text for people or as JSON for machines.
 * Only edges log: a request, a job, start and stop; below that, debug. The field names that join the two services'
 * lines are request_id, job_id, pid, store, op, ms, code. Never a secret.
 *
 *	log_info("job done", LOG_STR("job_id", id), LOG_INT("ms", ms));
 *
 * Thread-safe: a line is one write(2). log_init() is called once at start.
 */

#include <stdint.h>

struct error;

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log_field {
	const char *name; /* NULL ends the list */
	const char *text; /* NULL: `number` counts */
	int64_t number;
};

/* A field whose text is NULL or empty is left out. */
#define LOG_STR(field_name, value) ((struct log_field){(field_name), (value) ? (value) : "", 0})
#define LOG_INT(field_name, value) ((struct log_field){(field_name), (const char *)0, (int64_t)(value)})

/* `service` is borrowed for the life of the process. */
void log_init(const char *service, enum log_level level, enum log_format format);
/* The settings' words; unknown ones mean info and text. */
enum log_level log_level_from_name(const char *name);   /* "debug" ... */
enum log_format log_format_from_name(const char *name); /* "text", "json" */

void log_write(enum log_level level, const char *event, const struct log_field *fields);

#define log_debug(event, ...) log_at(LOG_LEVEL_DEBUG, event, ##__VA_ARGS__)
#define log_info(event, ...)  log_at(LOG_LEVEL_INFO, event, ##__VA_ARGS__)
#define log_warn(event, ...)  log_at(LOG_LEVEL_WARN, event, ##__VA_ARGS__)
#define log_error(event, ...) log_at(LOG_LEVEL_ERROR, event, ##__VA_ARGS__)
#define log_at(level, event, ...)                                                                            \
	log_write((level), (event), (const struct log_field[]){{"", "", 0}, ##__VA_ARGS__, {0}})

/* The three fields of an error. */
#define LOG_ERROR(err)                                                                                       \
	LOG_STR("code", error_wire_name((err)->code)), LOG_STR("message", (err)->message),                   \
		LOG_STR("cause", (err)->cause)

#endif
