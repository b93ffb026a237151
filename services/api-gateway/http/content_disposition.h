/* SPDX-License-Identifier: MIT */
#ifndef HTTP_CONTENT_DISPOSITION_H
#define HTTP_CONTENT_DISPOSITION_H

/* Content-Disposition: RFC 6266, with the extended parameters of RFC 8187. */

struct arena;

enum { FILENAME_MAX_BYTES = 255 };

/* The name that the header gives the content: of `filename*` (UTF-8 or ISO-8859-1), else of `filename` (quoted
 * or a token; bytes that are no UTF-8 count as ISO-8859-1). Only its last path segment, in UTF-8, without
 * control characters, at most FILENAME_MAX_BYTES. NULL: it gives none that can be used, or is NULL. */
const char *content_disposition_filename(const char *header, struct arena *arena);

/* `attachment; filename="…"; filename*=UTF-8''…`: the first for old clients, in ASCII without what they get
 * wrong, the second exact. */
const char *content_disposition_attachment(const char *filename, struct arena *arena);

#endif
