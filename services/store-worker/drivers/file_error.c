/* SPDX-License-Identifier: MIT */
#include "drivers/file_error.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

int file_error(struct error *err, int errnum, const char *operation)
{
	static const struct {
		int errnum;
		enum error_code code;
		const char *message;
	} MEANINGS[] = {
		{ENOENT, ERROR_NOT_FOUND, NULL},
		{ENOTDIR, ERROR_NOT_FOUND, NULL},
		{ENOSPC, ERROR_FULL, NULL},
		{EDQUOT, ERROR_FULL, NULL},
		{EFBIG, ERROR_FULL, "the object is larger than the file system allows"},
		{EXDEV, ERROR_INVALID, "the key leads out of the store"},
		{ELOOP, ERROR_INVALID, "the key leads out of the store"},
		{ENAMETOOLONG, ERROR_INVALID, "the key is too long for the file system"},
		{EINVAL, ERROR_INVALID, "the file system does not take this key"},
		{EILSEQ, ERROR_INVALID, "the file system does not take this key"},
		{EACCES, ERROR_UNAVAILABLE, "the worker has no access to the store's directory"},
		{EPERM, ERROR_UNAVAILABLE, "the worker has no access to the store's directory"},
		{EROFS, ERROR_UNAVAILABLE, "the store's file system is read-only"},
		{EMFILE, ERROR_UNAVAILABLE, NULL},
		{ENFILE, ERROR_UNAVAILABLE, NULL},
		{ENOMEM, ERROR_UNAVAILABLE, NULL},
		{EAGAIN, ERROR_UNAVAILABLE, NULL},
		{ESTALE, ERROR_UNAVAILABLE, NULL},
	};
	enum error_code code = ERROR_INTERNAL;
	const char *message = NULL;
	for (size_t i = 0; i < sizeof(MEANINGS) / sizeof(MEANINGS[0]); i++)
		if (MEANINGS[i].errnum == errnum) {
			code = MEANINGS[i].code;
			message = MEANINGS[i].message;
		}
	error_set(err, code, "%s", message ? message : error_default_text(code));
	return error_add_cause(err, "%s: %s", operation, strerror(errnum));
}
