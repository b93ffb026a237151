/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_SYSTEM_H
#define HANDLERS_SYSTEM_H

/* Greetings and health: what anybody may ask. */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int handle_hello(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_live(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_metrics(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_ready(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
