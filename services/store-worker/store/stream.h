/* SPDX-License-Identifier: MIT */
#ifndef STORE_STREAM_H
#define STORE_STREAM_H

/* Where bytes come from and where they go. Both are driven by the store; neither is thread-safe. */

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { STREAM_BUFFER_SIZE = 256 * 1024 };

struct source {
	/* > 0 bytes, 0 at the end, -1 and *err. May give less than asked. */
	ssize_t (*read)(struct source *source, void *out, size_t size, struct error *err);
	/* Back to the first byte; NULL when it cannot. */
	int (*rewind)(struct source *source, struct error *err);
	int64_t size;	  /* -1 unknown */
	const char *path; /* a file holding exactly these bytes that the store may take (rename) instead of reading; NULL: none */
};

struct sink {
	/* 0; -1 and *err stops the transfer, which then fails with that error. */
	int (*write)(struct sink *sink, const void *bytes, size_t length, struct error *err);
};

#endif
