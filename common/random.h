/* SPDX-License-Identifier: MIT */
#ifndef COMMON_RANDOM_H
#define COMMON_RANDOM_H

/* Bytes from the kernel's generator, fit for keys and tokens. Never fails. */

#include <stddef.h>

void random_bytes(void *out, size_t size);
/* 2 * size hex digits and a NUL. */
void random_hex(char *out, size_t size);

enum { RANDOM_UUID_SIZE = 37 };
/* RFC 4122 version 4, lower-case, with its NUL. */
void random_uuid(char out[RANDOM_UUID_SIZE]);

#endif
