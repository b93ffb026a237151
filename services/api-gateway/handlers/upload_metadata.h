/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_UPLOAD_METADATA_H
#define HANDLERS_UPLOAD_METADATA_H

#include "common/error.h"
#include "http/request.h"

struct arena;

enum { UPLOAD_METADATA_MAX = 32 /* pairs */ };

/* tus' Upload-Metadata, "key base64,key base64,key": names and decoded values, in the arena. NULL: none.
 * INVALID for what is malformed, not UTF-8, given twice, or holds a control character. */
MUST_CHECK int upload_metadata_parse(
	const char *header, struct arena *arena, struct request_params *out, struct error *err);

#endif
