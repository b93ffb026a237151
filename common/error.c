/* SPDX-License-Identifier: MIT */
#include "common/error.h"

#include "common/utf8.h"

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

enum { TEXT_SIZE = sizeof(((struct error *)0)->message) };
_Static_assert(TEXT_SIZE == sizeof(((struct error *)0)->cause), "print() fills either");

/* Through a buffer of its own, so that an argument may be the text that is replaced; never ends within a
 * character. */
__attribute__((format(printf, 2, 0))) static void print(char out[TEXT_SIZE], const char *format, va_list args)
{
	char text[TEXT_SIZE];
	int length = vsnprintf(text, sizeof(text), format, args);
	if (length < 0)
		length = 0;
	if (length >= TEXT_SIZE)
		length = (int)utf8_trim(text, TEXT_SIZE - 1);
	text[length] = '\0';
	memcpy(out, text, (size_t)length + 1);
}

int(error_set)(struct error *err, enum error_code code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (format)
		print(err->message, format, args);
	else
		snprintf(err->message, sizeof(err->message), "%s", CODES[code].text);
	va_end(args);
	err->code = code;
	err->cause[0] = '\0';
	return -1;
}

int(error_set_cause)(struct error *err, enum error_code code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	print(err->cause, format, args);
	va_end(args);
	err->code = code;
	snprintf(err->message, sizeof(err->message), "%s", CODES[code].text);
	return -1;
}

int(error_add_cause)(struct error *err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	print(err->cause, format, args);
	va_end(args);
	return -1;
}

int(error_prefix)(struct error *err, const char *format, ...)
{
	char text[2 * TEXT_SIZE];
	va_list args;
	va_start(args, format);
	print(text, format, args);
	va_end(args);
	size_t length = strlen(text);
	memcpy(text + length, err->message, sizeof(err->message));
	length = strlen(text);
	if (length >= TEXT_SIZE)
		length = utf8_trim(text, TEXT_SIZE - 1);
	memcpy(err->message, text, length);
	err->message[length] = '\0';
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

int(error_set_errno)(struct error *err, int errnum, const char *operation)
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
