/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_CREATION_H
#define HANDLERS_CREATION_H

/* What a request says with names and values, in a query or a header, about a media that is to be made by
 * storing its bytes: pid_type, tags, and store, or store_type, bucket, s3_url, site. */

#include "common/error.h"
#include "domain/mediadata.h"
#include "http/request.h"

struct cJSON;
struct gateway;
struct response;

/* The same as a body would say it; without store_config when no store is named. Lives as long as the
 * request. */
struct cJSON *creation_json(
	const struct request *request, const char *pid, const struct request_params *params);
/* As text, in the request's arena. */
const char *creation_print(const struct request *request, const struct cJSON *json);
/* Whether such a media can be made: INVALID with its detail in the response, NOT_FOUND when no store is
 * named. `loc` is the first element of each problem's loc. *out borrows from json. */
MUST_CHECK int creation_resolve(struct gateway *gateway, struct db_conn *conn, const struct request *request,
	struct response *response, const struct cJSON *json, const char *loc, struct mediadata *out,
	struct error *err);
/* The value of a parameter, the first of that name; NULL: none. */
const char *creation_value(const struct request_params *params, const char *name);

#endif
