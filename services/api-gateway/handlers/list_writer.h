/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_LIST_WRITER_H
#define HANDLERS_LIST_WRITER_H

/*
 * A JSON list of any length as the reply, in constant memory: a short one is an ordinary response, a
 * longer one is sent in chunks while it is being made. Whatever fails after the first chunk cuts the
 * connection, so that the client sees that the list is not whole.
 */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>

struct request;
struct response;

struct list_writer {
	struct request *request;
	struct response *response;
	size_t count; /* of elements so far */
	bool sent;    /* something has left already */
};

/* `opening`: what stands before the first element: "[", "{\"created\":[". */
void list_open(
	struct list_writer *list, struct request *request, struct response *response, const char *opening);
/* CANCELLED when the client is gone. */
MUST_CHECK int list_add(struct list_writer *list, const char *json, size_t length, struct error *err);
/* Text between elements: "],\"failures\":[". The next element begins a list again. */
void list_text(struct list_writer *list, const char *text);
MUST_CHECK int list_close(struct list_writer *list, const char *closing, struct error *err);

#endif
