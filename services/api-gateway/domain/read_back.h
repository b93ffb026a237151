/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_READ_BACK_H
#define DOMAIN_READ_BACK_H

/*
 * A thread that reads a file back behind whoever writes it, and hashes what the file holds. That this is what was
 * written is told by a CRC-32C, which the writer makes of what it wrote and the thread of what it read: so bytes are
 * compared after the write while the next ones still come, and hashed once. Used by one thread beside its own.
 */

#include "common/error.h"

#include <stddef.h>

struct checksummer;
struct read_back;

/* From the file's first byte on. `fd` and the summer are borrowed until the end, and the summer is the thread's. NULL: no
 * thread can be started. */
struct read_back *read_back_start(int fd, struct checksummer *summer);
/* These bytes have been written, behind those before. */
void read_back_note(struct read_back *read_back, const void *bytes, size_t length);
/* Waits until they are hashed, and ends the thread. INTERNAL: the file holds others. */
MUST_CHECK int read_back_end(struct read_back *read_back, struct error *err);
/* Ends it, whatever was read. NULL is accepted. */
void read_back_abandon(struct read_back *read_back);

#endif
