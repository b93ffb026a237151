/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_MEDIA_H
#define HANDLERS_MEDIA_H

/* Metadata of media: rows only, no bytes. Handlers are named handle_*, because db/ has the plain names.
 * Every reply that is one Media has its version as ETag; every change looks at If-Match. */

#include "common/error.h"

struct gateway;
struct request;
struct response;

#define MEDIA_HANDLER(name)                                                                                  \
	int name(struct gateway *gateway, struct request *request, struct response *response,                \
		struct error *err)

/* one (media.c) */
MEDIA_HANDLER(handle_media_create);
MEDIA_HANDLER(handle_media_read);
MEDIA_HANDLER(handle_media_update);
MEDIA_HANDLER(handle_media_delete);

/* lists (media_lists.c) */
MEDIA_HANDLER(handle_media_dump);
MEDIA_HANDLER(handle_media_read_many);
MEDIA_HANDLER(handle_media_search);

/* many at once (media_bulk.c) */
MEDIA_HANDLER(handle_media_create_many);
MEDIA_HANDLER(handle_media_delete_many);
MEDIA_HANDLER(handle_media_add_tags);
MEDIA_HANDLER(handle_media_set_tags);
MEDIA_HANDLER(handle_media_set_identifiers);
MEDIA_HANDLER(handle_media_set_metadata);
MEDIA_HANDLER(handle_media_merge_metadata);
MEDIA_HANDLER(handle_media_remove_metadata);
MEDIA_HANDLER(handle_media_set_store_keys);
MEDIA_HANDLER(handle_media_update_many);

#endif
