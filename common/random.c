/* SPDX-License-Identifier: MIT */
#include "common/random.h"

#include "common/hex.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void random_bytes(void *out, size_t size)
{
	unsigned char *to = out;
	while (size) {
		ssize_t got = getrandom(to, size, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) { /* a kernel without it: nothing that needs secrets may go on */
			perror("getrandom");
			abort();
		}
		to += got;
		size -= (size_t)got;
	}
}

void random_hex(char *out, size_t size)
{
	unsigned char chunk[64];
	*out = '\0';
	while (size) {
		size_t part = size < sizeof(chunk) ? size : sizeof(chunk);
		random_bytes(chunk, part);
		hex_encode(chunk, part, out);
		out += 2 * part;
		size -= part;
	}
	explicit_bzero(chunk, sizeof(chunk));
}

void random_uuid(char out[RANDOM_UUID_SIZE])
{
	static const unsigned char GROUPS[] = {4, 2, 2, 2, 6};
	unsigned char bytes[16];
	random_bytes(bytes, sizeof(bytes));
	bytes[6] = (bytes[6] & 0x0f) | 0x40; /* version 4 */
	bytes[8] = (bytes[8] & 0x3f) | 0x80; /* the variant of RFC 4122 */
	const unsigned char *from = bytes;
	for (size_t i = 0; i < sizeof(GROUPS); i++) {
		hex_encode(from, GROUPS[i], out);
		out += 2 * GROUPS[i];
		*out++ = i + 1 < sizeof(GROUPS) ? '-' : '\0';
		from += GROUPS[i];
	}
}
