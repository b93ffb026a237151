/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_H
#define FUZZ_H

/*
 * A fuzzer hands one stranger's input to one parser and insists on what must hold whatever it was; the
 * sanitizers insist on the rest. libFuzzer brings main(): see README.md.
 */

#include "common/memory.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define INSIST(condition)                                                                                    \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);       \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

/* A copy of exactly that many bytes, so that a read beyond them is seen. */
static inline char *fuzz_copy(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	memcpy(copy, data, size);
	return copy;
}

/* The same, ending with a NUL; what was behind an earlier NUL is cut. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	return strndup((const char *)data, size);
}

#endif
