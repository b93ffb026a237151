/* SPDX-License-Identifier: MIT */
#ifndef HTTP_BODY_BYTES_H
#define HTTP_BODY_BYTES_H

/*
 * Bytes that come as base64 in a member of a JSON body (route_body.bytes): decoded into an intake while the body
 * arrives, so that they may be as many as an object has. In the rest of the body, which is checked and parsed as
 * any, the member is "". It belongs to the request, and what nobody has kept goes with it.
 */

#include "common/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct body_bytes;
struct buf;
struct intake;
struct request;
struct transfer;

/* For the member of that name, in the request's arena. Both are borrowed. */
struct body_bytes *body_bytes_create(struct request *request, const char *member, struct transfer *transfer);
/* Reads a piece of the body; what is not the bytes is appended to `kept`. > 0, or 0 at the end, or -1: as
 * request_read(), BAD_REQUEST, or as intake_write(). */
MUST_CHECK ssize_t body_bytes_read(
	struct body_bytes *bytes, struct request *request, struct buf *kept, struct error *err);
/* The body has ended, and is well-formed. */
MUST_CHECK int body_bytes_finish(struct body_bytes *bytes, struct error *err);

/* What came, after the finish; for the handler to keep. INVALID: it was no base64. */
MUST_CHECK int body_bytes_intake(struct body_bytes *bytes, struct intake **out, struct error *err);
/* Whether the member was there and empty. */
bool body_bytes_is_empty(const struct body_bytes *bytes);
/* A text that is another for other bytes. */
const char *body_bytes_fingerprint(const struct body_bytes *bytes);

#endif
