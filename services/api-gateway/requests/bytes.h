/* SPDX-License-Identifier: MIT */
#ifndef REQUESTS_BYTES_H
#define REQUESTS_BYTES_H

/* The bytes of media.download, in the answer itself: {mediadata, base64, presigned_get}, as GET /download
 * has it. What is too large for a message comes as a presigned URL, where the store has such. */

struct call;
struct gateway;

/* The response holds the media; in the end the bytes too, or an error: CONFLICT (not READY), TOO_LARGE. */
void bytes_add(struct call *call, struct gateway *gateway);

#endif
