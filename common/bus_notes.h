/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BUS_NOTES_H
#define COMMON_BUS_NOTES_H

/*
 * For tests: each message that a process publishes, at the end of a file that many processes share, one line
 * of JSON {exchange, routing_key, type, content_type, headers, body (base64)}; what it says is compared with
 * schemas/asyncapi.json. The body of a very large one is left out. Thread-safe.
 */

#include "common/error.h"

struct bus_message;
struct bus_notes;

/* path NULL: no notes (*out NULL). */
MUST_CHECK int bus_notes_create(const char *path, struct bus_notes **out, struct error *err);
void bus_notes_free(struct bus_notes *notes);                                           /* NULL is accepted */
void bus_notes_write(const struct bus_notes *notes, const struct bus_message *message); /* likewise */

#endif
