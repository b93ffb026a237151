/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_PAGES_H
#define HANDLERS_PAGES_H

/*
 * What people look at: GET / (what this is), GET /api/docs (Swagger UI on openapi.json) and the files of
 * both. Everything is embedded in the program and nothing comes from another host, which the pages' own
 * Content-Security-Policy holds them to. The bytes go to the socket from where they lie, but count as no
 * transfer: whoever has used all of those up can still read how that comes.
 */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int handle_home(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_openapi(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_docs(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
/* {file}: one that the pages refer to. NOT_FOUND. */
int handle_docs_file(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
