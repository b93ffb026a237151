/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_UPLOADS_PARTS_H
#define HANDLERS_UPLOADS_PARTS_H

/* What the uploads*.c files share: the protocol's headers. */

#include "domain/upload.h"
#include "handlers/uploads.h"
#include "http/request.h"
#include "http/response.h"

/* Begins every answer but that to OPTIONS. PRECONDITION_FAILED: another version of the protocol. */
MUST_CHECK int uploads_begin(struct request *request, struct response *response, struct error *err);
/* A header that is a whole number: 1, 0 absent, -1 INVALID. */
MUST_CHECK int uploads_number(
	const struct request *request, const char *name, int64_t *out, struct error *err);
/* The body, as a piece of an upload, for whom Upload-Checksum (decoded into the arena) speaks. */
MUST_CHECK int uploads_piece(
	struct request *request, int64_t offset, struct upload_piece *out, struct error *err);
/* Where the upload stands and until when; of a finished one, after a short while, also what became of it.
 * `up` leads from the request's URL to that of the API: "../" or "". */
void uploads_describe(struct gateway *gateway, struct request *request, struct response *response,
	const struct upload_row *upload, int64_t wait_ms, const char *up);

#endif
