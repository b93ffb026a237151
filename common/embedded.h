/* SPDX-License-Identifier: MIT */
#ifndef COMMON_EMBEDDED_H
#define COMMON_EMBEDDED_H

/* A file that the build put into the program (cmake/embed.cmake). Tables end with a row whose name is
 * NULL. */

#include <stddef.h>

struct embedded_file {
	const char *name;          /* relative to the table's root */
	const unsigned char *data; /* followed by a NUL */
	size_t size;               /* without that NUL */
};

#endif
