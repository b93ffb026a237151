/* SPDX-License-Identifier: MIT */
#include "requests/kinds.h"

#include <string.h>

/* clang-format off */
const struct request_kind REQUEST_KINDS[] = {
	/* kind                           data          method    path                            effect          run */
	{"media.create",                  SHAPE_OBJECT, "POST",   "/api/media",                   EFFECT_WITHIN,  RUN_ROUTE},
	{"media.create",                  SHAPE_LIST,   "POST",   "/api/media/create",            EFFECT_WITHIN,  RUN_ROUTE},
	{"media.upload",                  SHAPE_OBJECT, "POST",   "/api/upload",                  EFFECT_OUTSIDE, RUN_UPLOAD},
	{"media.update.tags.add",         SHAPE_LIST,   "PATCH",  "/api/media/update/tags",       EFFECT_WITHIN,  RUN_ROUTE},
	{"media.update.tags.set",         SHAPE_LIST,   "PUT",    "/api/media/update/tags",       EFFECT_WITHIN,  RUN_ROUTE},
	{"media.update.identifiers",      SHAPE_LIST,   "PUT",    "/api/media/update/identifiers", EFFECT_WITHIN, RUN_ROUTE},
	{"media.update.metadata.set",     SHAPE_LIST,   "PUT",    "/api/media/update/metadata",   EFFECT_WITHIN,  RUN_ROUTE},
	{"media.update.metadata.merge",   SHAPE_LIST,   "PATCH",  "/api/media/update/metadata",   EFFECT_WITHIN,  RUN_ROUTE},
	{"media.update.metadata.remove",  SHAPE_LIST,   "DELETE", "/api/media/update/metadata",   EFFECT_WITHIN,  RUN_ROUTE},
	{"media.update.storekey",         SHAPE_LIST,   "PUT",    "/api/media/update/storekeys",  EFFECT_OUTSIDE, RUN_ROUTE},
	{"media.update.pid",              SHAPE_OBJECT, "PATCH",  "/api/media/update",            EFFECT_OUTSIDE, RUN_ROUTE},
	{"media.delete",                  SHAPE_PID,    "DELETE", "/api/media",                   EFFECT_WITHIN,  RUN_ROUTE},
	{"media.delete",                  SHAPE_LIST,   "POST",   "/api/media/delete",            EFFECT_WITHIN,  RUN_ROUTE},
	{"media.read",                    SHAPE_PID,    "GET",    "/api/media",                   EFFECT_NONE,    RUN_ROUTE},
	{"media.read",                    SHAPE_LIST,   "POST",   "/api/media/read",              EFFECT_NONE,    RUN_ROUTE},
	{"media.download",                SHAPE_PID,    "GET",    "/api/media",                   EFFECT_NONE,    RUN_BYTES},
	{NULL,                            SHAPE_NONE,   NULL,     NULL,                           EFFECT_NONE,    RUN_ROUTE},
};
/* clang-format on */

const struct request_kind *request_kind_find(const char *name, enum request_shape shape)
{
	const struct request_kind *first = NULL;
	for (const struct request_kind *kind = REQUEST_KINDS; kind->name; kind++) {
		if (strcmp(kind->name, name) != 0)
			continue;
		if (kind->shape == shape)
			return kind;
		first = first ? first : kind;
	}
	return first;
}
