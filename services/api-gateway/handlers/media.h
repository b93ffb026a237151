/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_MEDIA_H
#define HANDLERS_MEDIA_H

/* Metadata of one media: rows only, no bytes. */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int media_create(struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int media_read(struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int media_delete(struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
