/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_TRANSFER_H
#define HANDLERS_TRANSFER_H

/* Bytes in and out: base64 in JSON, presigned URLs, and raw streams under /content. */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int handle_upload(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_download(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_download_url(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_download_urls(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_content_put(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
/* GET and HEAD: look at request->method. */
int handle_content_get(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_media_complete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
