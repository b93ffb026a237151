/* SPDX-License-Identifier: MIT */
#ifndef HTTP_COVERAGE_H
#define HTTP_COVERAGE_H

/*
 * An aid for tests (MEDIASTORE_TEST_COVERAGE): each reply becomes one JSON line at the end of a file,
 *	{"method", "pattern", "status", "body"}
 * `pattern` is null where no route was found; `body` is "fits" (its schema), "misfits", "none" (an empty one) or
 * "unchecked" (a stream, or not JSON). Several processes may write to one file: a line is one write.
 * tests/checks/openapi-coverage.py holds the lines against openapi.json.
 */

#include "common/error.h"

struct coverage;

/* INTERNAL: the file cannot be opened. */
MUST_CHECK int coverage_create(const char *path, struct coverage **out, struct error *err);
void coverage_free(struct coverage *coverage);
/* pattern NULL: no route. */
void coverage_record(const struct coverage *coverage, const char *method, const char *pattern, int status,
	const char *body);

#endif
