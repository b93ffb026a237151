/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_TRANSFER_H
#define HANDLERS_TRANSFER_H

/* Bytes in and out: base64 in JSON, presigned URLs, and raw streams under /content. */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int upload(struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int download(struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int download_url(struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int content_put(struct gateway *gateway, struct request *request, struct response *response, struct error *err);
/* GET and HEAD: look at request->method. */
int content_get(struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int media_complete(struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
