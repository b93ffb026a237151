/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_IDENTIFIERS_H
#define HANDLERS_IDENTIFIERS_H

/* Identifier types. */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int handle_identifier_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_identifier_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_identifier_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_identifier_update(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_identifier_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
