/* SPDX-License-Identifier: MIT */
#ifndef COMMON_ERROR_H
#define COMMON_ERROR_H

/*
 * What went wrong, on the caller's stack: no allocation, nothing to free.
 * A function that can fail takes `struct error *err` last, returns -1 and has set *err. The error is set
 * once, where it is first understood; callers pass it up, or add one clause with error_prefix(). `message`
 * is for the client: no secrets, no SQL, no paths. `cause` is for the log. Both are cut between characters
 * when too long.
 */

#include <stdbool.h>

enum error_retry { NEVER, LATER };

/* code, wire name, HTTP status, whether the same attempt may succeed later, default text: the only list */
#define ERROR_CODES(X)                                                                                       \
	X(NONE, "none", 200, NEVER, "no error")                                                              \
	X(BAD_REQUEST, "bad_request", 400, NEVER, "request cannot be parsed")                                \
	X(UNAUTHORIZED, "unauthorized", 401, NEVER, "Unauthorized")                                          \
	X(FORBIDDEN, "forbidden", 403, NEVER, "this role may not do that")                                   \
	X(NOT_FOUND, "not_found", 404, NEVER, "no such object")                                              \
	X(METHOD_NOT_ALLOWED, "method_not_allowed", 405, NEVER, "method not allowed here")                   \
	X(REQUEST_TIMEOUT, "request_timeout", 408, NEVER, "the request did not arrive in time")              \
	X(CONFLICT, "conflict", 409, NEVER, "in conflict with the present state")                            \
	X(GONE, "gone", 410, NEVER, "no longer kept")                                                        \
	X(LENGTH_REQUIRED, "length_required", 411, NEVER, "a Content-Length is required")                    \
	X(PRECONDITION_FAILED, "precondition_failed", 412, NEVER, "precondition failed")                     \
	X(TOO_LARGE, "too_large", 413, NEVER, "larger than allowed")                                         \
	X(MEDIA_TYPE, "media_type", 415, NEVER, "a body of this type is not taken here")                     \
	X(RANGE, "range", 416, NEVER, "range not satisfiable")                                               \
	X(INVALID, "invalid", 422, NEVER, "request is not valid")                                            \
	X(CHECKSUM, "checksum_mismatch", 422, NEVER, "checksum does not match the bytes")                    \
	X(LOCKED, "locked", 423, LATER, "another request is at work on it")                                  \
	X(TOO_MANY, "too_many_requests", 429, LATER, "too many requests")                                    \
	X(CHUNK_CHECKSUM, "chunk_checksum_mismatch", 460, NEVER, "checksum does not match the bytes sent")   \
	X(CANCELLED, "cancelled", 499, NEVER, "cancelled")                                                   \
	X(INTERNAL, "internal", 500, NEVER, "internal error")                                                \
	X(UNSUPPORTED, "unsupported", 422, NEVER, "not supported here")                                      \
	X(SOURCE_FAILED, "source_failed", 502, LATER, "the source of the bytes failed")                      \
	X(UNAVAILABLE, "unavailable", 503, LATER, "dependency unreachable")                                  \
	X(DEADLINE, "deadline_exceeded", 504, LATER, "deadline exceeded")                                    \
	X(FULL, "storage_full", 507, NEVER, "no space left")

enum error_code {
#define ERROR_ENUM(code, wire, http, retry, text) ERROR_##code,
	ERROR_CODES(ERROR_ENUM)
#undef ERROR_ENUM
		ERROR_CODE_COUNT
};

struct error {
	enum error_code code;
	char message[240];
	char cause[240];
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* Sets code and message (NULL: the code's default text), clears the cause. Always returns -1. */
int error_set(struct error *err, enum error_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* As error_set with the default text, and a cause for the log. Always returns -1. */
int error_set_cause(struct error *err, enum error_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Gives an error that is already set a cause. Always returns -1. */
int error_add_cause(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts one clause before the message ("upload: "). Always returns -1. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Translates errno: ENOENT NOT_FOUND, ENOSPC and EDQUOT FULL, ETIMEDOUT DEADLINE, the rest INTERNAL.
 * `operation` and strerror become the cause. Always returns -1. */
int error_set_errno(struct error *err, int errnum, const char *operation);

/* The five above return -1, and callers' compilers may know it: then they see which paths leave outputs
 * untouched. */
static inline int error_minus_one(void)
{
	return -1;
}
#define error_set(...)       (error_set(__VA_ARGS__), error_minus_one())
#define error_set_cause(...) (error_set_cause(__VA_ARGS__), error_minus_one())
#define error_add_cause(...) (error_add_cause(__VA_ARGS__), error_minus_one())
#define error_prefix(...)    (error_prefix(__VA_ARGS__), error_minus_one())
#define error_set_errno(...) (error_set_errno(__VA_ARGS__), error_minus_one())

const char *error_wire_name(enum error_code code);
int error_http_status(enum error_code code);
const char *error_default_text(enum error_code code);
bool error_is_retryable(enum error_code code);
/* The code with that wire name; ERROR_INTERNAL for a name nobody knows (a newer peer). */
enum error_code error_code_from_wire(const char *wire_name);

#endif
