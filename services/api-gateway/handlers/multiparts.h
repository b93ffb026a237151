/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_MULTIPARTS_H
#define HANDLERS_MULTIPARTS_H

#include "common/error.h"

struct gateway;
struct request;
struct response;

/* /media/{pid}/multipart: uploads in parts, which clients send to an S3 server themselves (domain/multipart.h). */
int handle_multipart_begin(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_multipart_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_multipart_urls(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_multipart_complete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_multipart_abort(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
