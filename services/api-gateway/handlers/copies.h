/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_COPIES_H
#define HANDLERS_COPIES_H

/* POST /media/{pid}/copy, move, verify: 202 and the job that does it. */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int handle_media_copy(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_media_move(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_media_verify(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
