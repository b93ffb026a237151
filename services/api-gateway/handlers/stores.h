/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_STORES_H
#define HANDLERS_STORES_H

/* Stores. */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int handle_store_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_store_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_store_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_store_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
