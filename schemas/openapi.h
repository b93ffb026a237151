/* SPDX-License-Identifier: MIT */
#ifndef SCHEMAS_OPENAPI_H
#define SCHEMAS_OPENAPI_H

/*
 * openapi.json, whole: the document as it is kept names the schemas of rest/ as "rest/media.json"; as it is
 * served it must stand alone, for generators and for Swagger UI. So each file that is referred to, from the
 * document or from another such file, is put below components/schemas under its title, and every reference
 * becomes one into the document itself. Nothing else is changed.
 */

#include "common/embedded.h"
#include "common/error.h"

struct buf;

/* Appends the document. INTERNAL: a file that is missing, not JSON, without a title, or with another's. */
MUST_CHECK int openapi_bundle(const struct embedded_file *files, struct buf *out, struct error *err);

#endif
