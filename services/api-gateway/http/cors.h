/* SPDX-License-Identifier: MIT */
#ifndef HTTP_CORS_H
#define HTTP_CORS_H

/*
 * Which pages of other origins may use the API from a browser: none, unless MEDIASTORE_CORS_ORIGINS names
 * them ("https://a.example,https://b.example:8443") or says "*". Tokens travel in a header, so credentials
 * are never allowed. Read-only after creation.
 */

#include "common/error.h"

#include <stdbool.h>

struct cors;
struct gateway;
struct request;
struct response;

/* setting NULL: *out is NULL. INVALID, with the origin that is none. */
MUST_CHECK int cors_create(const char *setting, struct cors **out, struct error *err);
void cors_free(struct cors *cors); /* NULL is accepted, here and below */

/* The headers that every answer needs, errors and streams too. */
void cors_apply(const struct cors *cors, struct request *request, struct response *response);
/* A browser asks before the request itself. */
bool cors_is_preflight(const struct cors *cors, const struct request *request);
/* Answers it, without authentication. NOT_FOUND, METHOD_NOT_ALLOWED with *allow, FORBIDDEN (that origin). */
MUST_CHECK int cors_preflight(const struct gateway *gateway, struct request *request,
	struct response *response, const char **allow, struct error *err);

#endif
