/* SPDX-License-Identifier: MIT */
#include "common/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *wire_name;
	int http_status;
	enum error_retry retry;
	const char *text;
} CODES[] = {
#define ERROR_ROW(code, wire, http, retry, text) [ERROR_##code] = {wire, http, retry, text},
	ERROR_CODES(ERROR_ROW)
#undef ERROR_ROW
};

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
	err->code = code;
	err->cause[0] = '\0';
	if (!format) {
		snprintf(err->message, sizeof(err->message), "%s", CODES[code].text);
		return -1;
	}
	va_list args;
	va_start(args, format);
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	return -1;
}

int error_set_cause(struct error *err, enum error_code code, const char *format, ...)
{
	error_set(err, code, NULL);
	va_list args;
	va_start(args, format);
	vsnprintf(err->cause, sizeof(err->cause), format, args);
	va_end(args);
	return -1;
}

int error_add_cause(struct error *err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(err->cause, sizeof(err->cause), format, args);
	va_end(args);
	return -1;
}

int error_prefix(struct error *err, const char *format, ...)
{
	char tail[sizeof(err->message)];
	memcpy(tail, err->message, sizeof(tail));
	va_list args;
	va_start(args, format);
	int used = vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	if (used >= 0 && (size_t)used < sizeof(err->message))
		snprintf(err->message + used, sizeof(err->message) - (size_t)used, "%s", tail);
	return -1;
}

static enum error_code code_of_errno(int errnum)
{
	switch (errnum) {
	case ENOENT:
		return ERROR_NOT_FOUND;
	case ENOSPC:
	case EDQUOT:
		return ERROR_FULL;
	case ETIMEDOUT:
		return ERROR_DEADLINE;
	default:
		return ERROR_INTERNAL;
	}
}

int error_set_errno(struct error *err, int errnum, const char *operation)
{
	return error_set_cause(err, code_of_errno(errnum), "%s: %s", operation, strerror(errnum));
}

const char *error_wire_name(enum error_code code)
{
	return CODES[code].wire_name;
}

int error_http_status(enum error_code code)
{
	return CODES[code].http_status;
}

const char *error_default_text(enum error_code code)
{
	return CODES[code].text;
}

bool error_is_retryable(enum error_code code)
{
	return CODES[code].retry == LATER;
}

enum error_code error_code_from_wire(const char *wire_name)
{
	for (int code = 0; code < ERROR_CODE_COUNT; code++)
		if (strcmp(CODES[code].wire_name, wire_name) == 0)
			return (enum error_code)code;
	return ERROR_INTERNAL;
}
