/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_UPLOADS_H
#define HANDLERS_UPLOADS_H

/* Resumable uploads: tus 1.0.0 with creation, creation-with-upload, creation-defer-length, checksum,
 * expiration, termination, concatenation. docs/uploads.md */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int handle_uploads_options(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_uploads_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_uploads_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_uploads_append(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_uploads_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_uploads_override(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
