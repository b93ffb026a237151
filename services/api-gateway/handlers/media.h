/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_MEDIA_H
#define HANDLERS_MEDIA_H

/* Metadata of one media: rows only, no bytes. Handlers are named handle_*, because db/ has the plain
 * names. */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int handle_media_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_media_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_media_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
